//! The audit file: read, and judged whole.

use crate::election::rng;
use crate::{Decoder, Target};
use assembly::{AuditFile, verify_audit};

/// The audit file's decoder, and the audit.
pub const TARGET: Target = Target {
    name: "audit",
    decoders: &[Decoder {
        name: "audit file",
        accepts: file,
        seeds: |vectors| vectors.audits(),
    }],
};

/// A file that cannot be read cannot be judged; one that can is judged the same each time.
fn file(bytes: &[u8]) -> bool {
    let verdict = || verify_audit(bytes, None, &mut rng(1));
    match AuditFile::parse(bytes) {
        Err(_) => {
            assert!(verdict().is_err());
            false
        }
        Ok(file) => {
            assert_eq!(file.to_bytes(), bytes);
            assert_eq!(verdict().is_ok(), verdict().is_ok());
            true
        }
    }
}
