//! What a message of the stream says: one change to one log, whole.
//!
//! ```text
//! subject  <stream>.log.<log id, hex>
//! headers  Nats-Expected-Last-Subject-Sequence: as `last`, if it is not 0
//!          Veche-Size: how many entries the log has after it
//! payload  0 || last (8) || CBOR(Told)                             if it fits into a message
//!          1 || last (8) || CBOR([ SHA-256(CBOR(Told)), [ sequence: uint ... ] ])
//!                                                        else: Told lies in those messages, part by part
//! last     the sequence of the last message of this log that the writer has taken in; 0: none
//! Told     [ version: 1, now: ms, expected: uint / null, row, roll: [ bytes 32 ... ], entries: [ [ time, bytes ] ... ],
//!            waiting: [ [ slot_end, hash, bytes ] ... ], sequenced: [ hash ... ], tags: [ bytes 32 ... ],
//!            blobs: [ bytes ... ], erased: [ [ index, length ] ... ], dropped: [ [ put: ms, hash, length ] ... ] ]
//! ```
//! A message whose `last` is not the message of its log before it is *void*: it changes nothing, for anybody. The server
//! refuses most of those, but not all: in a cluster, 2.9 compares before it agrees with the others on the order, and of two
//! messages that are on their way at once both pass (nats-server issue 4320). So the reader decides, and the writer is one of the readers.
//!
//! Indexes, nodes and the hashes of entries and blobs are not said: whoever takes a message in computes them, and
//! arrives at the frontier of its row or refuses it.

use crate::store::{LogChange, OldBlob, Placed, Row, StoreFault, Waiting};
use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::{Decode, Encode};
use primitives::canonical::sha256;
use primitives::{Hash, Time, decode_canonical, encode};
use tlog::{Entry, Frontier, leaf_hash};

const VERSION: u8 = 1;
const WHOLE: u8 = 0;
const IN_PARTS: u8 = 1;

/// One change to one log.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(super) struct Told {
    #[n(0)]
    version: u8,
    /// The stamp of the commit that it belongs to.
    #[n(1)]
    pub(super) now: Time,
    #[n(2)]
    expected: Option<u64>,
    #[n(3)]
    row: Row,
    #[n(4)]
    roll: Vec<ByteArray<32>>,
    #[n(5)]
    entries: Vec<Entry>,
    #[n(6)]
    waiting: Vec<Waiting>,
    #[n(7)]
    sequenced: Vec<Hash>,
    #[n(8)]
    tags: Vec<ByteArray<32>>,
    #[n(9)]
    blobs: Vec<ByteVec>,
    #[n(10)]
    erased: Vec<(u64, u32)>,
    #[n(11)]
    dropped: Vec<OldBlob>,
}

/// The payload of a message of a log.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Payload {
    /// The message of the log that its writer has taken in last.
    pub(super) last: u64,
    /// What it says.
    pub(super) told: Lies,
}

/// Where the CBOR of [`Told`] lies.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Lies {
    /// Here.
    Here(Vec<u8>),
    /// In parts.
    InParts(Parts),
}

/// Where the parts of a change lie.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(super) struct Parts {
    /// The SHA-256 of all of it.
    #[n(0)]
    pub(super) hash: Hash,
    /// The messages, in order.
    #[n(1)]
    pub(super) sequences: Vec<u64>,
}

impl Told {
    /// What is to be told of a change.
    pub(super) fn of(change: &LogChange, now: Time) -> Self {
        Self {
            version: VERSION,
            now,
            expected: change.expected,
            row: change.row.clone(),
            roll: change.roll.clone(),
            entries: change.placed.iter().map(|placed| placed.entry.clone()).collect(),
            waiting: change.waiting.clone(),
            sequenced: change.sequenced.clone(),
            tags: change.tags.iter().map(|tag| ByteArray::from(*tag)).collect(),
            blobs: change
                .blobs
                .iter()
                .map(|(_, bytes)| ByteVec::from(bytes.clone()))
                .collect(),
            erased: change.erased.clone(),
            dropped: change.dropped.clone(),
        }
    }

    /// Reads it; what this version does not know is refused, for to go on without it would be to lose it.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, StoreFault> {
        let told = decode_canonical::<Self>(bytes).ok();
        told.filter(|told| told.version == VERSION)
            .ok_or(StoreFault::Damaged(
                "the stream holds something that this version of the relay does not understand",
            ))
    }

    /// The change to a log that has had this frontier.
    pub(super) fn change(self, before: Option<&Frontier>) -> Result<LogChange, StoreFault> {
        let mut frontier = before.cloned().unwrap_or_default();
        let mut change = LogChange::new(self.expected, self.row);
        for entry in self.entries {
            let index = frontier.size();
            let nodes = &mut change.nodes;
            frontier.push_with(leaf_hash(entry.time, &entry.bytes), |level, at, node| {
                nodes.push((level, at, node))
            });
            let hash = sha256(&entry.bytes);
            change.placed.push(Placed { index, hash, entry });
        }
        if frontier != change.row.frontier {
            return Err(StoreFault::Damaged(
                "a message of the stream does not go on from those before it",
            ));
        }
        change.roll = self.roll;
        change.waiting = self.waiting;
        change.sequenced = self.sequenced;
        change.tags = self.tags.into_iter().map(Into::into).collect();
        change.blobs = self
            .blobs
            .into_iter()
            .map(|bytes| (sha256(&bytes), bytes.into()))
            .collect();
        change.erased = self.erased;
        change.dropped = self.dropped;
        Ok(change)
    }
}

impl Payload {
    pub(super) fn read(payload: &[u8]) -> Result<Self, StoreFault> {
        let strange = StoreFault::Damaged("a message of the stream was not written by a relay");
        let read = payload.split_first().and_then(|(kind, rest)| {
            let (last, rest) = rest.split_first_chunk::<8>()?;
            let told = match *kind {
                WHOLE => Lies::Here(rest.to_vec()),
                IN_PARTS => Lies::InParts(decode_canonical(rest).ok()?),
                _ => return None,
            };
            let last = u64::from_be_bytes(*last);
            Some(Self { last, told })
        });
        read.ok_or(strange)
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let (kind, told) = match &self.told {
            Lies::Here(told) => (WHOLE, told.clone()),
            Lies::InParts(parts) => (IN_PARTS, encode(parts)),
        };
        [&[kind], self.last.to_be_bytes().as_slice(), &told].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use primitives::{Secret, labels};
    use tlog::{LogKeys, LogKind};

    fn change() -> LogChange {
        let keys = LogKeys::derive(&Secret::take(&mut [1; 32]), labels::JOURNAL_LOG, b"message");
        let mut change = LogChange::new(None, Row::new(keys.record(LogKind::Record)));
        for (index, byte) in (0u64..3).zip([7u8, 8, 9]) {
            let entry = Entry {
                time: Time(index),
                bytes: vec![byte],
            };
            let nodes = &mut change.nodes;
            change
                .row
                .frontier
                .push_with(leaf_hash(entry.time, &entry.bytes), |level, at, node| {
                    nodes.push((level, at, node))
                });
            let hash = sha256(&entry.bytes);
            change.placed.push(Placed { index, hash, entry });
        }
        change.tags.push([3; 32]);
        change.blobs.push((sha256(b"blob"), b"blob".to_vec()));
        change.erased.push((1, 5));
        change.dropped.push(OldBlob {
            put: Time(6),
            hash: sha256(b"old"),
            len: 3,
        });
        change
    }

    #[test]
    fn what_is_told_is_the_change_with_everything_that_was_left_out() {
        let told = Told::of(&change(), Time(5));
        assert_eq!(Told::read(&encode(&told)).unwrap(), told);
        assert_eq!(told.change(None).unwrap(), change());
    }

    #[test]
    fn what_does_not_go_on_from_before_is_refused() {
        let mut before = Frontier::new();
        before.push(leaf_hash(Time(0), b"another"));
        assert!(Told::of(&change(), Time(5)).change(Some(&before)).is_err());
    }

    #[test]
    fn another_version_is_refused() {
        let mut told = Told::of(&change(), Time(5));
        told.version = 2;
        assert!(Told::read(&encode(&told)).is_err());
    }

    #[test]
    fn payloads_are_read_as_they_were_written() {
        let parts = Parts {
            hash: Hash::new([4; 32]),
            sequences: vec![1, 5],
        };
        for told in [Lies::Here(vec![1, 2]), Lies::InParts(parts)] {
            let payload = Payload { last: 7, told };
            assert_eq!(Payload::read(&payload.write()).unwrap(), payload);
        }
        assert!(Payload::read(b"").is_err() && Payload::read(&[9]).is_err());
    }
}
