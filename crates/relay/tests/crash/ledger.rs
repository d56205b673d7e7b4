//! What a relay has said, to anybody, and when: the answers and checkpoints that it may never contradict.

use crate::common::Log;
use primitives::canonical::sha256;
use primitives::{Hash, LogId, Time};
use relay_api::Reply;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{SystemTime, UNIX_EPOCH};
use tlog::{CheckpointKey, SignedCheckpoint};

/// Microseconds since 1970, by the clock that the trace is stamped with.
pub(crate) type Micros = u64;

pub(crate) fn now() -> Micros {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_micros()).unwrap()
}

/// What was said about one entry, and when first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said {
    pub(crate) placed: Option<(u64, Time, Micros)>,
    pub(crate) waits: Option<(Time, Micros)>,
}

/// What was said about one log.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(crate) created: Option<Micros>,
    /// Everything that was ever sent to it.
    pub(crate) asked: BTreeMap<Hash, Vec<u8>>,
    pub(crate) said: BTreeMap<Hash, Said>,
    /// Roots that were signed, by size.
    pub(crate) signed: BTreeMap<u64, (Hash, Micros)>,
}

impl Book {
    fn sign(&mut self, size: u64, root: Hash) {
        let (known, _) = self.signed.entry(size).or_insert((root, now()));
        assert_eq!(*known, root, "two truths about the first {size} entries");
    }
}

/// The books of all logs of one relay.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    books: Mutex<BTreeMap<LogId, Book>>,
    answers: AtomicU64,
}

impl Ledger {
    pub(crate) fn books(&self) -> MutexGuard<'_, BTreeMap<LogId, Book>> {
        self.books.lock().unwrap()
    }

    /// How many appends were answered so far.
    pub(crate) fn answers(&self) -> u64 {
        self.answers.load(Ordering::Relaxed)
    }

    pub(crate) fn created(&self, log: LogId) {
        self.books()
            .entry(log)
            .or_default()
            .created
            .get_or_insert_with(now);
    }

    pub(crate) fn asks(&self, log: LogId, entry: &[u8]) {
        self.books()
            .entry(log)
            .or_default()
            .asked
            .insert(sha256(entry), entry.to_vec());
    }

    /// Writes an answer down; fails if it is not what was said before. False: nothing was promised.
    pub(crate) fn answered(&self, log: &Log, entry: &[u8], reply: &Reply, key: &CheckpointKey) -> bool {
        let mut books = self.books();
        let book = books.entry(log.id()).or_default();
        self.answers.fetch_add(1, Ordering::Relaxed);
        match reply {
            Reply::Appended(receipt) => {
                let shown = receipt
                    .verify(log.id(), entry, key)
                    .expect("a receipt that proves what it says");
                book.sign(shown.size, shown.root);
                let said = book.said.entry(sha256(entry)).or_default();
                let (index, time, _) = *said.placed.get_or_insert((receipt.index, receipt.time, now()));
                assert_eq!(
                    (index, time),
                    (receipt.index, receipt.time),
                    "another place for one entry"
                );
                if let Some((slot_end, _)) = said.waits {
                    assert_eq!(slot_end, time, "not the slot that was promised");
                }
                true
            }
            Reply::Pending { slot_end } => {
                let said = book.said.entry(sha256(entry)).or_default();
                assert!(said.placed.is_none(), "an entry that had its place waits again");
                let (known, _) = *said.waits.get_or_insert((*slot_end, now()));
                assert_eq!(known, *slot_end, "another slot for one ballot");
                true
            }
            _ => false,
        }
    }

    /// Writes down a checkpoint that was given out.
    pub(crate) fn shown(&self, log: LogId, checkpoint: &SignedCheckpoint, key: &CheckpointKey) {
        let shown = checkpoint.open(key).expect("a checkpoint of this relay");
        assert_eq!(shown.origin.log, log);
        self.books().entry(log).or_default().sign(shown.size, shown.root);
    }
}
