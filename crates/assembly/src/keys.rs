//! What derives from a journal key: the journal's own log, side logs, boxes; and what the journal announces of the key.
//!
//! An auditor holds no journal key, and yet has to know that a box is the members', and that an entry which nobody opens
//! for him is none. So whoever announces a key announces with it the roots of two trees (RFC 9162, section 2.1): one over
//! the public keys of all boxes that derive from it, one over the keys of all days. The members, who hold the key, compare.
//! Each opening of a secret vote proves the next box's place; an audit file shows the key of the day of a false entry.

use hkdf::Hkdf;
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use primitives::canonical::{hash, hash_bytes};
use primitives::{Hash, OpeningId, Secret, Time, VerifyingKey, encode, labels};
use sha2::Sha256;
use tlog::{CreateLog, LogKeys, LogKind, MemoryTree, verify_inclusion};

use crate::limits::{BOXES_PER_KEY, DAY_MS, DAYS_PER_KEY};

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

/// A day of entries: so many of 86,400,000 ms since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct Day(#[n(0)] pub u32);

impl Day {
    /// The day of a time.
    #[must_use]
    pub fn of(time: Time) -> Self {
        Self(u32::try_from(time.0 / DAY_MS).unwrap_or(u32::MAX))
    }

    /// Whether an entry of this day counts that the relay took at `time`: clocks differ, and entries wait.
    #[must_use]
    pub fn is_near(self, time: Time) -> bool {
        self.0.abs_diff(Self::of(time).0) <= 1
    }

    /// Whether no entry of this day can count that the relay takes at `time` or later.
    #[must_use]
    pub fn is_over(self, time: Time) -> bool {
        Self::of(time).0 > self.0.saturating_add(1)
    }

    /// From when it is over.
    #[must_use]
    pub fn end(self) -> Time {
        Time(u64::from(self.0).saturating_add(2).saturating_mul(DAY_MS))
    }

    /// Its place among the days of a journal key.
    pub(crate) const fn place(self) -> u32 {
        self.0 % DAYS_PER_KEY
    }
}

/// The key from which the keys of a day's entries derive.
#[must_use]
pub fn day_key(journal_key: &Secret<32>, day: Day) -> Secret<32> {
    key_at(journal_key, day.place())
}

#[expect(
    clippy::expect_used,
    reason = "32 bytes are within what HKDF-SHA-256 can give"
)]
fn key_at(journal_key: &Secret<32>, place: u32) -> Secret<32> {
    let mut key = [0; 32];
    Hkdf::<Sha256>::new(None, journal_key.expose())
        .expand(&encode(&(labels::JOURNAL_DAY_KEY, place)), &mut key)
        .expect("32 bytes are not too many");
    Secret::take(&mut key)
}

fn day_leaf(place: u32, key: &[u8; 32]) -> Hash {
    hash(labels::JOURNAL_DAY, &(place, ByteArray::<32>::from(*key)))
}

/// The key of a day, with its place among those of its journal key: for an audit file, once the day is over.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ShownDay {
    /// The key.
    #[n(0)]
    pub key: ByteArray<32>,
    /// From its leaf to the root that the journal has announced.
    #[n(1)]
    pub path: Vec<Hash>,
}

impl ShownDay {
    /// Shows a day. It opens every entry of that day, also those that come after.
    ///
    /// Cost: the keys of all days, some 20 ms.
    #[must_use]
    pub fn of(journal_key: &Secret<32>, day: Day) -> Self {
        DayTree::of(journal_key).show(day)
    }

    /// The key.
    #[must_use]
    pub fn secret(&self) -> Secret<32> {
        let mut bytes = *self.key;
        Secret::take(&mut bytes)
    }
}

/// All days of a journal key.
#[derive(Debug)]
pub(crate) struct DayTree {
    journal_key: Secret<32>,
    tree: MemoryTree,
}

impl DayTree {
    /// Derives them.
    ///
    /// Cost: some 20 ms.
    pub(crate) fn of(journal_key: &Secret<32>) -> Self {
        let mut tree = MemoryTree::new();
        for place in 0..DAYS_PER_KEY {
            tree.push(day_leaf(place, key_at(journal_key, place).expose()));
        }
        Self {
            journal_key: journal_key.duplicate(),
            tree,
        }
    }

    /// Shows a day, as [`ShownDay::of`] does.
    pub(crate) fn show(&self, day: Day) -> ShownDay {
        let (place, size) = (u64::from(day.place()), u64::from(DAYS_PER_KEY));
        ShownDay {
            key: ByteArray::from(*day_key(&self.journal_key, day).expose()),
            path: self.tree.inclusion(place, size),
        }
    }
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
    /// Root of the tree over the keys of its days.
    #[n(2)]
    pub days: Hash,
}

impl AnnouncedKey {
    /// What is to be announced of a key.
    ///
    /// Cost: the public keys of all boxes and the keys of all days, some 40 ms.
    #[must_use]
    pub fn of(number: u32, key: &Secret<32>) -> Self {
        Self {
            key: key_hash(number, key),
            boxes: BoxTree::of(key).root(),
            days: DayTree::of(key).tree.root(),
        }
    }

    /// Whether this is the key with this number, and boxes and days are its own.
    ///
    /// Cost: as [`Self::of`] if it is; one hash if not.
    #[must_use]
    pub fn is_of(&self, number: u32, key: &Secret<32>) -> bool {
        self.key == key_hash(number, key) && *self == Self::of(number, key)
    }

    /// Whether this is the key of that day.
    #[must_use]
    pub fn has_day(&self, day: Day, shown: &ShownDay) -> bool {
        let (place, size) = (day.place(), u64::from(DAYS_PER_KEY));
        let leaf = day_leaf(place, &shown.key);
        verify_inclusion(leaf, u64::from(place), size, &self.days, &shown.path).is_ok()
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
    /// Cost: some 20 ms.
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
    fn a_day_is_shown_by_its_key_and_by_no_other() {
        let key = Secret::take(&mut [7; 32]);
        let announced = AnnouncedKey::of(1, &key);
        for day in [0, 1, 20_000, DAYS_PER_KEY - 1].map(Day) {
            let shown = ShownDay::of(&key, day);
            assert!(announced.has_day(day, &shown));
            assert!(!announced.has_day(Day(day.0 + 1), &shown));
            let other = ShownDay {
                key: ByteArray::from(*day_key(&key, Day(day.0 + 1)).expose()),
                ..shown.clone()
            };
            assert!(!announced.has_day(day, &other));
            assert_eq!(shown.secret().expose(), day_key(&key, day).expose());
        }
    }

    #[test]
    fn an_entry_counts_on_the_day_before_its_own_and_the_day_after_and_then_the_day_is_over() {
        let (day, at) = (Day(20_000), |day: u64, ms: u64| Time(day * DAY_MS + ms));
        assert!(!day.is_near(at(19_998, DAY_MS - 1)));
        assert!(day.is_near(at(19_999, 0)) && day.is_near(at(20_001, DAY_MS - 1)));
        assert!(!day.is_over(at(20_001, DAY_MS - 1)));
        assert!(!day.is_near(at(20_002, 0)) && day.is_over(at(20_002, 0)));
    }

    #[test]
    fn a_key_is_known_by_number_boxes_and_days() {
        let (key, other) = (Secret::take(&mut [7; 32]), Secret::take(&mut [8; 32]));
        let announced = AnnouncedKey::of(1, &key);
        assert!(announced.is_of(1, &key));
        assert!(!announced.is_of(2, &key));
        assert!(!announced.is_of(1, &other));
        let foreign = AnnouncedKey::of(1, &other);
        let (boxes, days) = (foreign.boxes, foreign.days);
        assert!(!AnnouncedKey { boxes, ..announced }.is_of(1, &key));
        assert!(!AnnouncedKey { days, ..announced }.is_of(1, &key));
    }
}
