//! Deterministic CBOR (RFC 8949, section 4.2): one value, one encoding.
//!
//! Types derive `minicbor::{Encode, Decode}` as arrays. The encoder is deterministic; the derived decoder is
//! lenient (it accepts non-minimal integers, indefinite lengths, surplus elements and trailing bytes), so
//! nothing is ever decoded with it directly: [`decode_canonical`] decodes, encodes again and compares.

use crate::ids::Hash;
use crate::labels::Label;
use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

/// Bytes that are not the canonical encoding of the type asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// More bytes than the stated limit.
    #[error("{len} bytes where at most {max} are allowed")]
    TooLong {
        /// How many there are.
        len: usize,
        /// How many there may be.
        max: usize,
    },
    /// Not CBOR of this type, or cut short.
    #[error("not a well-formed {0}")]
    Undecodable(&'static str),
    /// Decodes, but is not the one canonical encoding: non-minimal, indefinite, surplus or trailing bytes.
    #[error("not the canonical encoding of a {0}")]
    NotCanonical(&'static str),
    /// Well-formed bytes whose value is outside the type's range.
    #[error("{0}")]
    OutOfRange(&'static str),
}

/// The canonical bytes of `value`.
#[must_use]
#[expect(
    clippy::expect_used,
    reason = "writing to a vector cannot fail, and no Encode of ours invents an error"
)]
pub fn encode<T: Encode<()> + ?Sized>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    minicbor::encode(value, &mut bytes).expect("encoding into memory does not fail");
    bytes
}

/// Decodes `bytes` and refuses every encoding but the canonical one.
///
/// Cost: one decoding and one encoding. The caller bounds the length of `bytes` first.
///
/// # Errors
/// [`Malformed::Undecodable`] or [`Malformed::NotCanonical`].
pub fn decode_canonical<T>(bytes: &[u8]) -> Result<T, Malformed>
where
    T: for<'b> Decode<'b, ()> + Encode<()>,
{
    let value: T = minicbor::decode(bytes).map_err(|_| Malformed::Undecodable(short_name::<T>()))?;
    if encode(&value) == bytes {
        Ok(value)
    } else {
        Err(Malformed::NotCanonical(short_name::<T>()))
    }
}

/// [`decode_canonical`] with a limit on the length.
///
/// # Errors
/// [`Malformed::TooLong`] before anything is read, else as [`decode_canonical`].
pub fn decode_canonical_max<T>(bytes: &[u8], max: usize) -> Result<T, Malformed>
where
    T: for<'b> Decode<'b, ()> + Encode<()>,
{
    if bytes.len() > max {
        return Err(Malformed::TooLong {
            len: bytes.len(),
            max,
        });
    }
    decode_canonical(bytes)
}

/// `SHA-256(CBOR(label) || CBOR(value))`.
#[must_use]
pub fn hash<T: Encode<()> + ?Sized>(label: Label, value: &T) -> Hash {
    hash_bytes(label, &encode(value))
}

/// `SHA-256(CBOR(label) || bytes)`, for bytes that are canonical already (received statements, records).
#[must_use]
pub fn hash_bytes(label: Label, bytes: &[u8]) -> Hash {
    let digest = Sha256::new()
        .chain_update(encode(&label))
        .chain_update(bytes)
        .finalize();
    Hash::new(digest.into())
}

/// Plain `SHA-256(bytes)`, where a standard prescribes it (blob names, content addresses).
#[must_use]
pub fn sha256(bytes: &[u8]) -> Hash {
    Hash::new(Sha256::digest(bytes).into())
}

fn short_name<T>() -> &'static str {
    let name = core::any::type_name::<T>();
    name.rsplit("::").next().unwrap_or(name).trim_end_matches('>')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, PartialEq, Encode, Decode)]
    #[cbor(array)]
    struct Sample {
        #[n(0)]
        number: u64,
        #[cbor(n(1), with = "minicbor::bytes")]
        bytes: Vec<u8>,
        #[n(2)]
        text: Option<String>,
    }

    #[test]
    fn rejects_trailing_bytes() {
        let mut bytes = encode(&Sample {
            number: 7,
            bytes: vec![1],
            text: None,
        });
        bytes.push(0);
        assert!(decode_canonical::<Sample>(&bytes).is_err());
    }

    #[test]
    fn rejects_a_non_minimal_integer() {
        assert_eq!(
            decode_canonical::<u64>(&[0x18, 0x01]),
            Err(Malformed::NotCanonical("u64"))
        );
    }

    #[test]
    fn rejects_an_indefinite_length() {
        assert!(decode_canonical::<Vec<u8>>(&[0x9f, 0x01, 0xff]).is_err());
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_itself(number: u64, bytes: Vec<u8>, text: Option<String>) {
            let sample = Sample { number, bytes, text };
            prop_assert_eq!(decode_canonical::<Sample>(&encode(&sample)).unwrap(), sample);
        }

        #[test]
        fn what_decodes_was_canonical(bytes: Vec<u8>) {
            if let Ok(sample) = decode_canonical::<Sample>(&bytes) {
                prop_assert_eq!(encode(&sample), bytes);
            }
        }

        #[test]
        fn every_cut_is_an_error(number: u64, bytes: Vec<u8>, at in 0usize..64) {
            let whole = encode(&Sample { number, bytes, text: Some("x".into()) });
            let cut = &whole[..at.min(whole.len() - 1)];
            prop_assert!(decode_canonical::<Sample>(cut).is_err());
        }
    }
}
