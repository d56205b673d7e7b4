//! The signature by which a log accepts an entry.

use primitives::canonical::sha256;
use primitives::{BadSignature, LogId, SigningSecret, VerifyingKey, encode, labels};

/// What the append key signs: `CBOR([label, log, SHA-256(entry)])`.
#[must_use]
pub fn append_message(log: LogId, entry: &[u8]) -> Vec<u8> {
    encode(&(labels::LOG_APPEND, log, sha256(entry)))
}

/// Signs `entry` for `log` with the log's append key.
#[must_use]
pub fn sign_append(key: &SigningSecret, log: LogId, entry: &[u8]) -> [u8; 64] {
    key.sign_raw(&append_message(log, entry))
}

/// Verifies an append.
///
/// # Errors
/// [`BadSignature`].
pub fn verify_append(
    key: &VerifyingKey,
    log: LogId,
    entry: &[u8],
    signature: &[u8; 64],
) -> Result<(), BadSignature> {
    key.verify_raw(&append_message(log, entry), signature)
}
