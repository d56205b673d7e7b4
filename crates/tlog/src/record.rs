//! The record that creates a log. Its hash is the log's id, so everybody who has the keys names the same log.

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use primitives::canonical::{hash, sha256};
use primitives::{AssemblyId, Hash, LogId, OpeningId, RelayId, Time, VerifyingKey, labels};

use crate::{ENTRY_BYTES_MAX, Entry};

/// How long a relay keeps entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum LogKind {
    /// Bodies go after 30 days; leaf hashes stay, so proofs go on working.
    #[n(0)]
    Ephemeral,
    /// Kept.
    #[n(1)]
    Record,
    /// An inbox: the reader may trim it.
    #[n(2)]
    Private,
}

/// What the proof of a ballot is about; a gated log takes only entries that carry such a proof.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Gate {
    /// The assembly that votes.
    #[n(0)]
    pub assembly: AssemblyId,
    /// The opening that it votes on.
    #[n(1)]
    pub opening: OpeningId,
    /// Root of the roll, which the relay gets with the creation.
    #[n(2)]
    pub roll_root: Hash,
    /// How many keys the roll has; no more ballots can exist.
    #[n(3)]
    pub roll_len: u32,
    /// The key to which choices are sealed.
    #[n(4)]
    pub sealing_key: ByteArray<32>,
}

/// When a box takes submissions, and how they are sequenced: together, at the end of each slot, in order of their
/// SHA-256, with the slot's end as their time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Slots {
    /// From when.
    #[n(0)]
    pub opens: Time,
    /// Until when (exclusive).
    #[n(1)]
    pub closes: Time,
    /// The length of a slot in milliseconds, at least 1.
    #[n(2)]
    pub every_ms: u64,
}

impl Slots {
    /// The end of the slot that takes a submission at `now`: the time it will be stamped with. `None` outside the
    /// box's hours. The last slot ends at `closes`.
    #[must_use]
    pub fn end_of_slot(&self, now: Time) -> Option<Time> {
        if now < self.opens || now >= self.closes {
            return None;
        }
        let whole = now.since_ms(self.opens).checked_div(self.every_ms)?;
        let end = self
            .opens
            .after(whole.saturating_add(1).saturating_mul(self.every_ms));
        Some(end.min(self.closes))
    }

    /// Whether `entry` stands where it belongs (LOG-11): its time is the end of a slot, and its SHA-256 is not lower than
    /// that of the entry before it if they are of one slot. A reader asks it for every entry but the close entry.
    #[must_use]
    pub fn is_in_place(&self, before: Option<&Entry>, entry: &Entry) -> bool {
        let placed = |entry: &Entry| (entry.time, sha256(&entry.bytes));
        self.is_place(before.map(placed), placed(entry))
    }

    /// As [`Self::is_in_place`], of entries whose times and SHA-256 are known.
    #[must_use]
    pub fn is_place(&self, before: Option<(Time, Hash)>, (time, hash): (Time, Hash)) -> bool {
        let of_slot = before.filter(|(before, _)| *before == time);
        self.is_end(time) && of_slot.is_none_or(|(_, before)| before <= hash)
    }

    /// Whether `time` is the end of some slot.
    #[must_use]
    pub fn is_end(&self, time: Time) -> bool {
        let on_grid = time.since_ms(self.opens).checked_rem(self.every_ms) == Some(0);
        time > self.opens && time <= self.closes && (on_grid || time == self.closes)
    }
}

/// The log that this one continues, as its last verified checkpoint stood.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Previous {
    /// Where it was kept.
    #[n(0)]
    pub relay: RelayId,
    /// Which log.
    #[n(1)]
    pub log: LogId,
    /// How many entries it had.
    #[n(2)]
    pub size: u64,
    /// Its root then.
    #[n(3)]
    pub root: Hash,
}

/// Creates a log. There is no owner and no admin key; creating again changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct CreateLog {
    /// Verifies appends.
    #[n(0)]
    pub append_key: VerifyingKey,
    /// Hash of the token that reads.
    #[n(1)]
    pub read_token_hash: Hash,
    /// How long entries are kept.
    #[n(2)]
    pub kind: LogKind,
    /// The one length of entries, if there is one (a close entry is exempt).
    #[n(3)]
    pub entry_len: Option<u32>,
    /// Takes only ballots.
    #[n(4)]
    pub gate: Option<Gate>,
    /// Sequences by slots.
    #[n(5)]
    pub slots: Option<Slots>,
    /// Continues another log.
    #[n(6)]
    pub previous: Option<Previous>,
    /// Makes the id unguessable and distinct.
    #[n(7)]
    pub nonce: ByteArray<16>,
}

impl CreateLog {
    /// The log's id: the hash of this record under `log/id`.
    #[must_use]
    pub fn id(&self) -> LogId {
        hash(labels::LOG_ID, self).into()
    }

    /// Whether `len` bytes may be an entry of this log (LOG-05).
    #[must_use]
    pub fn allows_len(&self, len: usize) -> bool {
        match self.entry_len {
            Some(only) => usize::try_from(only) == Ok(len),
            None => (1..=ENTRY_BYTES_MAX).contains(&len),
        }
    }

    /// Checks that the record makes sense: a possible entry length, a roll that is not empty, slots that have a
    /// length, end after they begin, and stand behind a gate, which bounds what can wait for them.
    ///
    /// # Errors
    /// [`BadRecord`].
    pub fn check(&self) -> Result<(), BadRecord> {
        let len_fits = self
            .entry_len
            .is_none_or(|len| usize::try_from(len).is_ok_and(|len| (1..=ENTRY_BYTES_MAX).contains(&len)));
        let gate_fits = self.gate.as_ref().is_none_or(|gate| gate.roll_len > 0);
        let slots_fit = self
            .slots
            .is_none_or(|slots| slots.every_ms > 0 && slots.opens < slots.closes && self.gate.is_some());
        if len_fits && gate_fits && slots_fit {
            Ok(())
        } else {
            Err(BadRecord)
        }
    }
}

/// A creation record that makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the creation record has an impossible entry length, gate or slot")]
pub struct BadRecord;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_11_every_slot_ends_on_the_grid_or_at_the_close() {
        let slots = Slots {
            opens: Time(1000),
            closes: Time(1025),
            every_ms: 10,
        };
        let ends: Vec<_> = (999..1027)
            .map(|now| slots.end_of_slot(Time(now)).map(|end| end.0))
            .collect();
        assert_eq!(ends[0], None);
        assert_eq!(ends[1..11], [Some(1010); 10]);
        assert_eq!(ends[21..26], [Some(1025); 5]);
        assert_eq!(ends[26..], [None; 2]);
        let marks: Vec<_> = (990..1040).filter(|time| slots.is_end(Time(*time))).collect();
        assert_eq!(marks, [1010, 1020, 1025]);
    }

    #[test]
    fn log_11_entries_of_one_slot_stand_in_order_of_their_hashes() {
        let slots = Slots {
            opens: Time(1000),
            closes: Time(1025),
            every_ms: 10,
        };
        let mut bytes = [b"one".to_vec(), b"two".to_vec()];
        bytes.sort_by_key(|bytes| sha256(bytes));
        let [low, high] = bytes;
        let entry = |time, bytes: &Vec<u8>| Entry {
            time: Time(time),
            bytes: bytes.clone(),
        };
        assert!(slots.is_in_place(None, &entry(1010, &high)));
        assert!(slots.is_in_place(Some(&entry(1010, &low)), &entry(1010, &high)));
        assert!(!slots.is_in_place(Some(&entry(1010, &high)), &entry(1010, &low)));
        assert!(slots.is_in_place(Some(&entry(1010, &high)), &entry(1020, &low)));
        assert!(!slots.is_in_place(Some(&entry(1010, &low)), &entry(1011, &high)));
    }
}
