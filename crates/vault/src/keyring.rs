//! The keyring: one key for each purpose that can be burnt, all sealed under the header key.

use crate::chunk::PAYLOAD_MAX;
use crate::cipher::{Key, fresh_key};
use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::{CborLen, Decode, Encode};
use primitives::canonical::decode_canonical_max;
use primitives::{StoreError, encode};
use std::collections::BTreeMap;
use zeroize::{Zeroize as _, Zeroizing};

/// Longest name of a purpose.
pub(crate) const PURPOSE_BYTES_MAX: usize = 64;

/// The purpose keys that have not been burnt.
#[derive(Debug, Default)]
pub(crate) struct Keyring {
    keys: BTreeMap<u64, (Vec<u8>, Key)>,
    numbers: BTreeMap<Vec<u8>, u64>,
}

/// One key in a part of the keyring.
#[derive(Encode, Decode, CborLen)]
#[cbor(array)]
struct KeyRecord {
    #[n(0)]
    number: u64,
    #[n(1)]
    purpose: ByteVec,
    #[n(2)]
    key: ByteArray<32>,
}

impl Drop for KeyRecord {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

impl Keyring {
    /// The key with this number, unless it is burnt.
    pub(crate) fn key(&self, number: u64) -> Option<&Key> {
        self.keys.get(&number).map(|(_, key)| key)
    }

    /// The number of a purpose's key.
    pub(crate) fn number(&self, purpose: &[u8]) -> Option<u64> {
        self.numbers.get(purpose).copied()
    }

    /// Makes a key for `purpose`.
    pub(crate) fn add(&mut self, number: u64, purpose: &[u8]) -> Result<(), StoreError> {
        self.insert(number, purpose.to_vec(), fresh_key()?);
        Ok(())
    }

    /// Destroys the key with this number.
    pub(crate) fn remove(&mut self, number: u64) {
        if let Some((purpose, _)) = self.keys.remove(&number) {
            self.numbers.remove(&purpose);
        }
    }

    /// A deliberate second copy, to stage changes on.
    pub(crate) fn duplicate(&self) -> Self {
        let keys = self
            .keys
            .iter()
            .map(|(number, (purpose, key))| (*number, (purpose.clone(), key.duplicate())));
        Self {
            keys: keys.collect(),
            numbers: self.numbers.clone(),
        }
    }

    /// The payloads of its parts, filled in the order of numbers: an added key changes only the last.
    pub(crate) fn encode(&self) -> Vec<Zeroizing<Vec<u8>>> {
        let mut parts: Vec<Vec<KeyRecord>> = Vec::new();
        let mut room = 0;
        for (number, (purpose, key)) in &self.keys {
            let record = KeyRecord {
                number: *number,
                purpose: purpose.clone().into(),
                key: ByteArray::from(*key.expose()),
            };
            let len = minicbor::len(&record);
            match parts.last_mut().filter(|_| len <= room) {
                Some(part) => part.push(record),
                None => {
                    room = PAYLOAD_MAX - 3;
                    parts.push(vec![record]);
                }
            }
            room = room.saturating_sub(len);
        }
        parts.iter().map(|part| Zeroizing::new(encode(part))).collect()
    }

    /// Takes one part in; `None` if it is malformed.
    pub(crate) fn decode_part(&mut self, payload: &[u8]) -> Option<()> {
        for record in decode_canonical_max::<Vec<KeyRecord>>(payload, PAYLOAD_MAX).ok()? {
            self.insert(
                record.number,
                record.purpose.to_vec(),
                Key::from_slice(record.key.as_slice())?,
            );
        }
        Some(())
    }

    fn insert(&mut self, number: u64, purpose: Vec<u8>, key: Key) {
        self.numbers.insert(purpose.clone(), number);
        self.keys.insert(number, (purpose, key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_keys_survive_being_written_in_parts() {
        let mut keyring = Keyring::default();
        for number in 1..=200 {
            keyring
                .add(number, format!("purpose {number}").as_bytes())
                .unwrap();
        }
        let parts = keyring.encode();
        assert!(parts.len() > 1 && parts.iter().all(|part| part.len() <= PAYLOAD_MAX));
        let mut again = Keyring::default();
        parts.iter().for_each(|part| again.decode_part(part).unwrap());
        for number in 1..=200 {
            assert_eq!(
                again.key(number).unwrap().expose(),
                keyring.key(number).unwrap().expose()
            );
        }
        keyring.add(201, b"one more").unwrap();
        let changed = keyring
            .encode()
            .iter()
            .zip(&parts)
            .filter(|(new, old)| new != old)
            .count();
        assert!(changed <= 1);
    }
}
