//! A ballot's bytes.
//!
//! ```text
//! Ballot = CBOR [ version (1), T (32 bytes), sealed (byte string), proof (byte string) ]
//! proof  = A || B || Q_0 .. Q_{m-1} || S_0 .. S_{m-1} || f (m rows of n-1) || z_A || z_x || z_y
//! ```

use crate::VERSION;
use crate::error::BallotError;
use crate::event::LinkTag;
use crate::params::{PROOF_LEN_MAX, Params};
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use primitives::{Malformed, canonical, encode};

/// Most bytes that a sealed choice may have.
pub const SEALED_MAX: usize = 4_096;
/// Most bytes that a ballot may have.
pub const BALLOT_BYTES_MAX: usize = SEALED_MAX + PROOF_LEN_MAX + 64;

/// A ballot as received or as just made; only [`crate::verify`] makes a [`crate::Ballot`] of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BallotIn {
    pub(crate) tag: LinkTag,
    pub(crate) sealed: Vec<u8>,
    pub(crate) proof: Vec<u8>,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Wire {
    #[n(0)]
    version: u8,
    #[n(1)]
    tag: ByteArray<32>,
    #[cbor(n(2), with = "minicbor::bytes")]
    sealed: Vec<u8>,
    #[cbor(n(3), with = "minicbor::bytes")]
    proof: Vec<u8>,
}

/// Bytes of a ballot on a roll of these parameters, whose sealed choice has `sealed_len` bytes.
#[must_use]
pub fn encoded_len(params: Params, sealed_len: usize) -> usize {
    let text = |len: usize| match len {
        0..=0x17 => 1 + len,
        0x18..=0xff => 2 + len,
        0x100..=0xffff => 3 + len,
        _ => len.saturating_add(5),
    };
    // The array's head, the version, the tag.
    1 + 1 + text(32) + text(sealed_len) + text(params.proof_len())
}

impl BallotIn {
    /// Decodes a ballot's envelope. Points and scalars are decoded by verification, which knows their number.
    ///
    /// # Errors
    /// [`BallotError::Envelope`] (BAL-01) for bytes that are too long, cut short, not canonical, followed by
    /// others, of another version, or with a sealed choice longer than [`SEALED_MAX`].
    pub fn decode(bytes: &[u8]) -> Result<Self, BallotError> {
        let wire: Wire = canonical::decode_canonical_max(bytes, BALLOT_BYTES_MAX)?;
        if wire.version != VERSION {
            return Err(Malformed::OutOfRange("a ballot of another version").into());
        }
        if wire.sealed.len() > SEALED_MAX {
            return Err(Malformed::OutOfRange("a sealed choice that is too long").into());
        }
        Ok(Self {
            tag: LinkTag::new(wire.tag.into()),
            sealed: wire.sealed,
            proof: wire.proof,
        })
    }

    /// The ballot's canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode(&Wire {
            version: VERSION,
            tag: ByteArray::from(*self.tag.as_bytes()),
            sealed: self.sealed.clone(),
            proof: self.proof.clone(),
        })
    }

    /// The link tag it claims.
    #[must_use]
    pub const fn tag(&self) -> LinkTag {
        self.tag
    }

    /// The sealed choice it carries.
    #[must_use]
    pub fn sealed(&self) -> &[u8] {
        &self.sealed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ballots_length_follows_from_its_roll_and_its_sealed_choice() {
        for size in [2, 17, 37, 65, 101, 217, 513, 1_297, 4_097, 10_001] {
            let params = Params::of_roll(size).unwrap();
            for sealed in [
                0, 1, 22, 23, 24, 25, 49, 50, 112, 254, 255, 256, 257, 4_095, SEALED_MAX,
            ] {
                let ballot = BallotIn {
                    tag: LinkTag::new([7; 32]),
                    sealed: vec![1; sealed],
                    proof: vec![2; params.proof_len()],
                };
                let encoded = ballot.encode();
                assert_eq!(encoded.len(), encoded_len(params, sealed), "{params:?} {sealed}");
                assert_eq!(BallotIn::decode(&encoded), Ok(ballot));
            }
        }
    }
}
