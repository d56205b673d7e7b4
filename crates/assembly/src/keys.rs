//! What derives from a journal key: the journal's own log, side logs, boxes; and what the journal announces of the key.
//!
//! An auditor holds no journal key, and yet has to know that a box is the members'. So whoever announces a key
//! announces with it the root of a tree over the public keys of all boxes that derive from it (RFC 9162, section 2.1);
//! the members, who hold the key, compare; and each opening of a secret vote proves the next one's place in the tree.

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use primitives::canonical::{hash, hash_bytes};
use primitives::{Hash, OpeningId, Secret, VerifyingKey, encode, labels};
use tlog::{CreateLog, LogKeys, LogKind, MemoryTree, verify_inclusion};

use crate::limits::BOXES_PER_KEY;

/// Keys of the journal's log under this journal key.
#[must_use]
pub fn journal_log(journal_key: &Secret<32>) -> LogKeys {
    LogKeys::derive(journal_key, labels::JOURNAL_LOG, b"journal")
}

/// The creation record of the journal's first log.
#[must_use]
pub fn journal_record(journal_key: &Secret<32>) -> CreateLog {
    journal_log(journal_key).record(LogKind::Record)
}

/// Keys of the witnesses' side log.
#[must_use]
pub fn witness_log(journal_key: &Secret<32>) -> LogKeys {
    LogKeys::derive(journal_key, labels::JOURNAL_LOG, b"witness")
}

/// Keys of the side log of one vote.
#[must_use]
pub fn vote_log(journal_key: &Secret<32>, opening: OpeningId) -> LogKeys {
    LogKeys::derive(journal_key, labels::JOURNAL_LOG, &encode(&("vote", opening)))
}

/// Keys of a box, by its number under the journal key.
#[must_use]
pub fn box_log(journal_key: &Secret<32>, number: u32) -> LogKeys {
    LogKeys::derive(journal_key, labels::JOURNAL_LOG, &encode(&("box", number)))
}

/// What the journal announces of a journal key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct AnnouncedKey {
    /// The key's hash, with its number.
    #[n(0)]
    pub key: Hash,
    /// Root of the tree over its boxes.
    #[n(1)]
    pub boxes: Hash,
}

impl AnnouncedKey {
    /// What is to be announced of a key.
    ///
    /// Cost: the public keys of all boxes, some 20 ms.
    #[must_use]
    pub fn of(number: u32, key: &Secret<32>) -> Self {
        Self::with(number, key, &BoxTree::of(key))
    }

    /// As [`Self::of`], with the key's boxes at hand.
    #[must_use]
    pub fn with(number: u32, key: &Secret<32>, boxes: &BoxTree) -> Self {
        Self {
            key: key_hash(number, key),
            boxes: boxes.root(),
        }
    }

    /// Whether this is the key with this number, and these are its boxes.
    ///
    /// Cost: as [`Self::of`] if it is; one hash if not.
    #[must_use]
    pub fn is_of(&self, number: u32, key: &Secret<32>) -> bool {
        self.key == key_hash(number, key) && self.boxes == BoxTree::of(key).root()
    }

    /// Whether these are the keys of the box with this number.
    #[must_use]
    pub fn has_box(&self, number: u32, keys: &BoxKeys) -> bool {
        let (leaf, size) = (keys.leaf(number), u64::from(BOXES_PER_KEY));
        verify_inclusion(leaf, u64::from(number), size, &self.boxes, &keys.path).is_ok()
    }
}

fn key_hash(number: u32, key: &Secret<32>) -> Hash {
    let mut bytes = encode(&number);
    bytes.extend_from_slice(key.expose());
    hash_bytes(labels::JOURNAL_KEY_HASH, &bytes)
}

/// The public keys of a box, and its place among those of its journal key.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct BoxKeys {
    /// The box's append key.
    #[n(0)]
    pub append_key: VerifyingKey,
    /// Hash of its read token.
    #[n(1)]
    pub read_token_hash: Hash,
    /// Its record's nonce.
    #[n(2)]
    pub nonce: ByteArray<16>,
    /// From its leaf to the root that the journal has announced.
    #[n(3)]
    pub path: Vec<Hash>,
}

impl BoxKeys {
    fn leaf(&self, number: u32) -> Hash {
        hash(
            labels::JOURNAL_BOX,
            &(number, self.append_key, self.read_token_hash, self.nonce),
        )
    }
}

/// All boxes of a journal key.
#[derive(Debug)]
pub struct BoxTree {
    boxes: Vec<BoxKeys>,
    tree: MemoryTree,
}

impl BoxTree {
    /// Derives them.
    ///
    /// Cost: as [`AnnouncedKey::of`].
    #[must_use]
    pub fn of(journal_key: &Secret<32>) -> Self {
        let mut tree = MemoryTree::new();
        let mut boxes = Vec::new();
        for number in 0..BOXES_PER_KEY {
            let keys = box_log(journal_key, number);
            let keys = BoxKeys {
                append_key: keys.append.verifying_key(),
                read_token_hash: keys.read_token_hash(),
                nonce: ByteArray::from(keys.nonce),
                path: Vec::new(),
            };
            tree.push(keys.leaf(number));
            boxes.push(keys);
        }
        Self { boxes, tree }
    }

    /// The root over all of them.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.tree.root()
    }

    /// What `MotionOpened` states of one; `None` if there are not so many.
    #[must_use]
    pub fn keys(&self, number: u32) -> Option<BoxKeys> {
        let keys = self.boxes.get(usize::try_from(number).ok()?)?;
        Some(BoxKeys {
            path: self.tree.inclusion(u64::from(number), u64::from(BOXES_PER_KEY)),
            ..keys.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_box_is_in_the_tree_at_its_number_and_at_no_other() {
        let key = Secret::take(&mut [7; 32]);
        let (announced, boxes) = (AnnouncedKey::of(1, &key), BoxTree::of(&key));
        for number in [0, 1, 2, BOXES_PER_KEY / 2, BOXES_PER_KEY - 1] {
            let keys = boxes.keys(number).unwrap();
            assert!(announced.has_box(number, &keys));
            assert!(!announced.has_box(number ^ 1, &keys));
            assert!(!announced.has_box(BOXES_PER_KEY, &keys));
            let mut other = keys.clone();
            other.append_key = boxes.keys(number ^ 1).unwrap().append_key;
            assert!(!announced.has_box(number, &other));
            let mut other = keys.clone();
            other.path.pop();
            assert!(!announced.has_box(number, &other));
            let mut other = keys;
            other.path.push(other.path[0]);
            assert!(!announced.has_box(number, &other));
        }
        assert_eq!(boxes.keys(BOXES_PER_KEY), None);
    }

    #[test]
    fn a_key_is_known_by_number_and_boxes() {
        let (key, other) = (Secret::take(&mut [7; 32]), Secret::take(&mut [8; 32]));
        let announced = AnnouncedKey::of(1, &key);
        assert!(announced.is_of(1, &key));
        assert!(!announced.is_of(2, &key));
        assert!(!announced.is_of(1, &other));
        let mixed = AnnouncedKey {
            boxes: AnnouncedKey::of(1, &other).boxes,
            ..announced
        };
        assert!(!mixed.is_of(1, &key));
    }
}
