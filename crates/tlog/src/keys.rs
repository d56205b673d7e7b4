//! The keys of one log, from one secret.

use crate::record::{CreateLog, LogKind};
use hkdf::Hkdf;
use minicbor::bytes::{ByteArray, ByteSlice};
use primitives::canonical::hash_bytes;
use primitives::{Hash, Label, Secret, SigningSecret, encode, labels};
use sha2::Sha256;
use zeroize::Zeroize as _;

/// What the members of a log share: everything to create, append to, read and wrap it.
#[derive(Debug)]
pub struct LogKeys {
    /// Signs appends.
    pub append: SigningSecret,
    /// Shown to the relay to read.
    pub read_token: Secret<32>,
    /// Encrypts entries; the relay never has it.
    pub wrap: Secret<32>,
    /// The record's nonce.
    pub nonce: [u8; 16],
}

impl LogKeys {
    /// Derives the keys (HKDF-SHA256, RFC 5869) with `info = CBOR([label, context, part])`.
    ///
    /// - `secret`: what all members of the log know.
    /// - `context`: which of the logs under this label, any length.
    #[must_use]
    pub fn derive(secret: &Secret<32>, label: Label, context: &[u8]) -> Self {
        let kdf = Hkdf::<Sha256>::new(None, secret.expose());
        let part = |name: &str| {
            let mut okm = [0; 32];
            expand(
                &kdf,
                &encode(&(label, <&ByteSlice>::from(context), name)),
                &mut okm,
            );
            Secret::take(&mut okm)
        };
        let mut nonce = [0; 16];
        expand(
            &kdf,
            &encode(&(label, <&ByteSlice>::from(context), "nonce")),
            &mut nonce,
        );
        Self {
            append: SigningSecret::from_seed(&part("append")),
            read_token: part("read"),
            wrap: part("wrap"),
            nonce,
        }
    }

    /// What the record says of the read token.
    #[must_use]
    pub fn read_token_hash(&self) -> Hash {
        hash_bytes(labels::LOG_READ_TOKEN, self.read_token.expose())
    }

    /// The record of a plain log with these keys; a box sets `entry_len`, `gate` and `slots` on it.
    #[must_use]
    pub fn record(&self, kind: LogKind) -> CreateLog {
        CreateLog {
            append_key: self.append.verifying_key(),
            read_token_hash: self.read_token_hash(),
            kind,
            entry_len: None,
            gate: None,
            slots: None,
            previous: None,
            nonce: ByteArray::from(self.nonce),
        }
    }
}

#[expect(clippy::expect_used, reason = "32 bytes are below the limit of 255 blocks")]
fn expand(kdf: &Hkdf<Sha256>, info: &[u8], okm: &mut [u8]) {
    okm.zeroize();
    kdf.expand(info, okm).expect("the length is allowed");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differs_by_secret_label_and_context() {
        let id = |seed, label, context: &[u8]| {
            LogKeys::derive(&Secret::take(&mut [seed; 32]), label, context)
                .record(LogKind::Record)
                .id()
        };
        let base = id(1, labels::JOURNAL_LOG, b"journal");
        assert_eq!(base, id(1, labels::JOURNAL_LOG, b"journal"));
        assert_ne!(base, id(2, labels::JOURNAL_LOG, b"journal"));
        assert_ne!(base, id(1, labels::CONVERSATION_LOG, b"journal"));
        assert_ne!(base, id(1, labels::JOURNAL_LOG, b"witness"));
    }
}
