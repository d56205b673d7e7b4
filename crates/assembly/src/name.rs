//! Names: salted commitments in statements, opened to members beside them.

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use primitives::canonical::hash;
use primitives::{Hash, decode_canonical, encode, labels};
use rand_core::CryptoRng;

use crate::limits;

/// The opening of a committed name; lies beside the statement that holds the commitment.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct NameOpening {
    /// Random, so that a name cannot be guessed from its commitment.
    #[n(0)]
    pub salt: ByteArray<32>,
    /// The name, 1 to 256 bytes.
    #[n(1)]
    pub name: String,
}

impl NameOpening {
    /// An opening with a fresh salt. `None` if the name is empty or too long.
    #[must_use]
    pub fn new(name: String, rng: &mut (impl CryptoRng + ?Sized)) -> Option<Self> {
        let mut salt = [0; 32];
        rng.fill_bytes(&mut salt);
        let opening = Self {
            salt: ByteArray::from(salt),
            name,
        };
        opening.is_within_limits().then_some(opening)
    }

    /// The commitment.
    #[must_use]
    pub fn commitment(&self) -> Hash {
        hash(labels::NAME_COMMITMENT, self)
    }

    /// The bytes that lie beside the statement.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// The opening in `beside`, if it opens `commitment`.
    #[must_use]
    pub fn opened(beside: &[u8], commitment: &Hash) -> Option<Self> {
        let opening: Self = decode_canonical(beside).ok()?;
        (opening.is_within_limits() && opening.commitment() == *commitment).then_some(opening)
    }

    fn is_within_limits(&self) -> bool {
        (1..=limits::NAME_BYTES_MAX).contains(&self.name.len())
    }
}
