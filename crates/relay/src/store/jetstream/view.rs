//! The view: what the stream has said so far, in a key-value engine of this process.
//!
//! It answers every question about logs, so that reading costs the cluster nothing and goes on without it. Nothing in
//! it is precious: it can be made again from the stream, and is when it does not go with it.
//!
//! ```text
//! C        sequence (8) || stream (16)   the last message taken in, and of which stream
//! P log    sequence (8)                  the last message of a log
//! ```

use super::message::Told;
use crate::store::kv::{Kv, KvStore, Pair, Write};
use crate::store::{LogStore as _, Row, StoreFault};
use primitives::{LogId, Time};

/// Any engine.
pub(super) type View = KvStore<Box<dyn Kv>>;

/// What makes a stream this one: drawn when it was founded.
pub(super) type StreamId = [u8; 16];

const CURSOR: &[u8] = b"C";

impl Kv for Box<dyn Kv> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreFault> {
        (**self).get(key)
    }

    fn scan(&self, prefix: &[u8]) -> Result<Vec<Pair>, StoreFault> {
        (**self).scan(prefix)
    }

    fn range(&self, from: &[u8], count: usize) -> Result<Vec<Pair>, StoreFault> {
        (**self).range(from, count)
    }

    fn write(&self, writes: Vec<Write>) -> Result<(), StoreFault> {
        (**self).write(writes)
    }
}

/// What a message has changed.
#[derive(Debug)]
pub(super) struct Taken {
    /// The row before.
    pub(super) before: Option<Row>,
    /// The row after.
    pub(super) row: Row,
    /// Ends of the slots for which something waits since.
    pub(super) slots: Vec<Time>,
}

impl View {
    /// The last message that was taken in, and of which stream; `None` if none ever was.
    pub(super) fn cursor(&self) -> Result<Option<(u64, StreamId)>, StoreFault> {
        let Some(bytes) = self.kv().get(CURSOR)? else {
            return Ok(None);
        };
        let read = bytes.split_first_chunk::<8>().and_then(|(sequence, stream)| {
            let stream: StreamId = stream.try_into().ok()?;
            Some((u64::from_be_bytes(*sequence), stream))
        });
        read.map(Some)
            .ok_or(StoreFault::Damaged("the cursor of the view"))
    }

    /// Goes on over messages that change no log.
    pub(super) fn pass(&self, sequence: u64, stream: &StreamId) -> Result<(), StoreFault> {
        self.kv().write(vec![at(sequence, stream)])
    }

    /// Goes on over a message of a log that is void.
    pub(super) fn pass_of(&self, (sequence, stream): (u64, &StreamId), log: LogId) -> Result<(), StoreFault> {
        self.kv().write(vec![at(sequence, stream), last(log, sequence)])
    }

    /// The sequence of the last message of a log, void or not; 0 if there is none.
    pub(super) fn last_of(&self, log: LogId) -> Result<u64, StoreFault> {
        match self.kv().get(&last_of(log))? {
            None => Ok(0),
            Some(bytes) => {
                let bytes = bytes.try_into().map_err(|_| StoreFault::Damaged("the view"))?;
                Ok(u64::from_be_bytes(bytes))
            }
        }
    }

    /// Takes in a message of a log, all of it or nothing.
    pub(super) fn take_in(
        &self,
        (sequence, stream): (u64, &StreamId),
        log: LogId,
        told: Told,
    ) -> Result<Taken, StoreFault> {
        let before = self.row(log)?;
        let now = told.now;
        let change = told.change(before.as_ref().map(|row| &row.frontier))?;
        let taken = Taken {
            before,
            row: change.row.clone(),
            slots: change.waiting.iter().map(|waiting| waiting.slot_end).collect(),
        };
        let more = vec![at(sequence, stream), last(log, sequence)];
        self.commit_with(&[(log, change)], now, more)
            .map_err(|fault| match fault {
                StoreFault::Conflict => {
                    StoreFault::Damaged("a message of the stream does not go on from those before it")
                }
                fault => fault,
            })?;
        Ok(taken)
    }
}

fn at(sequence: u64, stream: &StreamId) -> Write {
    (
        CURSOR.to_vec(),
        Some([sequence.to_be_bytes().as_slice(), stream].concat()),
    )
}

fn last(log: LogId, sequence: u64) -> Write {
    (last_of(log), Some(sequence.to_be_bytes().to_vec()))
}

fn last_of(log: LogId) -> Vec<u8> {
    [b"P", log.as_bytes().as_slice()].concat()
}
