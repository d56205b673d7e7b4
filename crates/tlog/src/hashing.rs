//! The three hashes of a log's tree (RFC 6962, section 2.1).

use primitives::{Hash, Time};
use sha2::{Digest, Sha256};

/// `SHA-256(0x00 || time || bytes)`: the leaf hash of an entry stamped `time` (u64, big-endian, milliseconds).
#[must_use]
pub fn leaf_hash(time: Time, bytes: &[u8]) -> Hash {
    let digest = Sha256::new()
        .chain_update([0])
        .chain_update(time.0.to_be_bytes())
        .chain_update(bytes);
    Hash::new(digest.finalize().into())
}

/// `SHA-256(0x01 || left || right)`.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let digest = Sha256::new()
        .chain_update([1])
        .chain_update(left.as_bytes())
        .chain_update(right.as_bytes());
    Hash::new(digest.finalize().into())
}

/// `SHA-256()`: the root of the tree without entries.
#[must_use]
pub fn empty_root() -> Hash {
    Hash::new(Sha256::digest([]).into())
}
