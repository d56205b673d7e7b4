//! Chunks: what sled sees.
//!
//! ```text
//! name  = HMAC-SHA256(name key, CBOR([label VAULT_NAME, place]))                       32 bytes
//! chunk = nonce (24) || XChaCha20-Poly1305(batch: u64 BE || len: u16 BE || payload || 0…)   4096 bytes
//! ```
//! The associated data is CBOR([label VAULT_CHUNK, format version, name]).

use crate::cipher::{Key, OVERHEAD, derive, keyed_hash, seal, unseal};
use crate::layout::Place;
use primitives::{StoreError, encode, labels};
use zeroize::Zeroizing;

/// Bytes of every chunk.
pub(crate) const CHUNK_LEN: usize = 4096;
/// Bytes that a chunk can carry.
pub(crate) const PAYLOAD_MAX: usize = CHUNK_LEN - OVERHEAD - HEAD_LEN;
const HEAD_LEN: usize = 10;
const FORMAT: u8 = 1;

/// A chunk's hidden name.
pub(crate) type Name = [u8; 32];

/// The keys of one world's chunks.
pub(crate) struct ChunkKeys {
    names: Key,
    /// Seals everything that is not burnable.
    pub(crate) ordinary: Key,
}

impl ChunkKeys {
    /// Derived from the world's root key.
    pub(crate) fn derive(root: &Key) -> Self {
        Self {
            names: derive(root, labels::VAULT_NAME, b""),
            ordinary: derive(root, labels::VAULT_CHUNK, b""),
        }
    }

    /// The hidden name of what lies at `place`.
    pub(crate) fn name(&self, place: Place) -> Name {
        keyed_hash(&self.names, &encode(&(labels::VAULT_NAME, place)))
    }
}

/// What a chunk carried.
pub(crate) struct Opened {
    /// The batch that wrote it.
    pub(crate) batch: u64,
    /// Its payload.
    pub(crate) payload: Zeroizing<Vec<u8>>,
}

/// The chunk named `name` with `payload`, at most [`PAYLOAD_MAX`] bytes, written by batch number `batch`.
pub(crate) fn close(key: &Key, name: &Name, batch: u64, payload: &[u8]) -> Result<Vec<u8>, StoreError> {
    let len = u16::try_from(payload.len()).unwrap_or(u16::MAX);
    let mut plain = Zeroizing::new(Vec::with_capacity(CHUNK_LEN));
    plain.extend_from_slice(&batch.to_be_bytes());
    plain.extend_from_slice(&len.to_be_bytes());
    plain.extend_from_slice(payload);
    if payload.len() > PAYLOAD_MAX {
        return Err(StoreError::Misuse("more than a chunk holds"));
    }
    plain.resize(CHUNK_LEN - OVERHEAD, 0);
    seal(key, &associated(name), &plain)
}

/// Opens a chunk; `None` if it is damaged or not this one.
pub(crate) fn open(key: &Key, name: &Name, chunk: &[u8]) -> Option<Opened> {
    let plain = unseal(key, &associated(name), chunk)?;
    let (batch, rest) = plain.split_first_chunk::<8>()?;
    let (len, rest) = rest.split_first_chunk::<2>()?;
    let payload = rest.get(..usize::from(u16::from_be_bytes(*len)))?;
    Some(Opened {
        batch: u64::from_be_bytes(*batch),
        payload: Zeroizing::new(payload.to_vec()),
    })
}

fn associated(name: &Name) -> Vec<u8> {
    encode(&(
        labels::VAULT_CHUNK,
        FORMAT,
        minicbor::bytes::ByteArray::from(*name),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cipher::fresh_key;

    #[test]
    fn every_chunk_has_one_length_and_opens_only_under_its_name() {
        let key = fresh_key().unwrap();
        for len in [0, 1, PAYLOAD_MAX] {
            let chunk = close(&key, &[1; 32], 7, &vec![9; len]).unwrap();
            assert_eq!(chunk.len(), CHUNK_LEN);
            let opened = open(&key, &[1; 32], &chunk).unwrap();
            assert_eq!((opened.batch, opened.payload.len()), (7, len));
            assert!(open(&key, &[2; 32], &chunk).is_none());
        }
        assert!(close(&key, &[1; 32], 7, &vec![9; PAYLOAD_MAX + 1]).is_err());
    }

    #[test]
    fn a_flipped_bit_anywhere_does_not_open() {
        let key = fresh_key().unwrap();
        let chunk = close(&key, &[1; 32], 7, b"payload").unwrap();
        for at in (0..CHUNK_LEN).step_by(97) {
            let mut flipped = chunk.clone();
            flipped[at] ^= 0x10;
            assert!(open(&key, &[1; 32], &flipped).is_none());
        }
    }
}
