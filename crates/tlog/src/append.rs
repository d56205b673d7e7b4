//! The signatures by which a log accepts an entry, and by which a private log is trimmed.

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

/// What the append key signs to trim a private log: `CBOR([label, log, before])`.
#[must_use]
pub fn trim_message(log: LogId, before: u64) -> Vec<u8> {
    encode(&(labels::LOG_TRIM, log, before))
}

/// Signs that the entries of `log` before index `before` are not needed any more.
#[must_use]
pub fn sign_trim(key: &SigningSecret, log: LogId, before: u64) -> [u8; 64] {
    key.sign_raw(&trim_message(log, before))
}

/// Verifies a trim.
///
/// # Errors
/// [`BadSignature`].
pub fn verify_trim(
    key: &VerifyingKey,
    log: LogId,
    before: u64,
    signature: &[u8; 64],
) -> Result<(), BadSignature> {
    key.verify_raw(&trim_message(log, before), signature)
}
