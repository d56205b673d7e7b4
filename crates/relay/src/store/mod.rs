//! The log store port: what the relay needs of a disk.
//!
//! A store changes only by [`LogStore::commit`], all or nothing and durable when it returns. Rows, nodes and entries
//! of one commit become visible together; what is visible before `commit` returns is not yet durable, which is why
//! everybody but the sequencer reads sizes through [`crate::committed::Committed`].

pub mod cache;
mod census;
mod fresh;
mod jetstream;
mod kv;
mod layout;
mod memory;
mod sled;

pub use census::{Census, FoundRow, PAIRS_MAX, after, pieces};
pub(crate) use fresh::{sync_all, sync_parent};
pub use jetstream::JetStreamStore;
pub use kv::{Kv, KvStore, Pair, Write};
pub use memory::{MemoryKv, MemoryStore};
pub use sled::{SledKv, SledStore, Sync};

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use primitives::{Hash, LogId, Time};
use tlog::{CreateLog, Entry, Frontier};

/// A link tag of a ballot.
pub type Tag = [u8; 32];

/// What is known of a log besides its entries.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Row {
    /// Its creation record.
    #[n(0)]
    pub record: CreateLog,
    /// Its size and the right edge of its tree.
    #[n(1)]
    pub frontier: Frontier,
    /// The time of its last entry.
    #[n(2)]
    pub last_time: Time,
    /// How many ballots it has taken, sequenced or not.
    #[n(3)]
    pub ballots: u32,
    /// Whether it takes nothing more.
    #[n(4)]
    pub closed: bool,
    /// Bytes of blobs beside it.
    #[n(5)]
    pub blob_bytes: u64,
    /// What the relay has signed of it and does not have; `None`: nothing, as far as it knows.
    #[n(6)]
    pub doubt: Option<Doubt>,
    /// What is kept of its entries; `None`: nothing was counted yet.
    #[n(7)]
    pub kept: Option<Kept>,
}

/// What is kept of a log's entries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Kept {
    /// Entries before this index are given to nobody any more; their leaf hashes are.
    #[n(0)]
    pub gone: u64,
    /// Entries before this index are not on the disk any more; at most `gone`, and soon as much.
    #[n(1)]
    pub erased: u64,
    /// Bytes of the entries that are on the disk.
    #[n(2)]
    pub bytes: u64,
}

/// A log of which the relay has signed more than it has.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Doubt {
    /// The size of the largest checkpoint that was shown.
    #[n(0)]
    pub known: u64,
    /// Its root.
    #[n(1)]
    pub root: Hash,
    /// Whether two histories were signed: then nothing can mend it.
    #[n(2)]
    pub broken: bool,
}

impl Doubt {
    /// The same, of two histories.
    #[must_use]
    pub const fn broken(mut self) -> Self {
        self.broken = true;
        self
    }
}

impl Row {
    /// The row of a log that has just been created.
    #[must_use]
    pub fn new(record: CreateLog) -> Self {
        Self {
            record,
            frontier: Frontier::new(),
            last_time: Time(0),
            ballots: 0,
            closed: false,
            blob_bytes: 0,
            doubt: None,
            kept: None,
        }
    }

    /// What is kept of its entries.
    #[must_use]
    pub fn kept(&self) -> Kept {
        self.kept.unwrap_or_default()
    }

    /// Bytes of its entries and blobs.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.kept().bytes.saturating_add(self.blob_bytes)
    }
}

/// An entry that has been accepted and waits for the end of its slot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(array)]
pub struct Waiting {
    /// The end of its slot.
    #[n(0)]
    pub slot_end: Time,
    /// Its SHA-256; entries of one slot are sequenced in this order.
    #[n(1)]
    pub hash: Hash,
    /// The entry.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
}

/// An entry that gets its place in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Where.
    pub index: u64,
    /// Its SHA-256.
    pub hash: Hash,
    /// The entry with its time.
    pub entry: Entry,
}

/// What one commit does to one log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogChange {
    /// The size that the log must have before; `None`: it must not exist.
    pub expected: Option<u64>,
    /// The row after.
    pub row: Row,
    /// The roll, when the log is created.
    pub roll: Vec<ByteArray<32>>,
    /// Entries appended.
    pub placed: Vec<Placed>,
    /// Nodes completed by them: level, index, hash.
    pub nodes: Vec<(u8, u64, Hash)>,
    /// Entries that will wait.
    pub waiting: Vec<Waiting>,
    /// Entries that wait no longer.
    pub sequenced: Vec<Hash>,
    /// Link tags taken.
    pub tags: Vec<Tag>,
    /// Blobs stored.
    pub blobs: Vec<(Hash, Vec<u8>)>,
    /// Entries whose bytes go: index and length. Their places and nodes stay.
    pub erased: Vec<(u64, u32)>,
    /// Blobs that go.
    pub dropped: Vec<OldBlob>,
}

/// A blob that was put long ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct OldBlob {
    /// When.
    #[n(0)]
    pub put: Time,
    /// Its name.
    #[n(1)]
    pub hash: Hash,
    /// Its bytes.
    #[n(2)]
    pub len: u32,
}

/// What a store holds, of all logs together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Logs.
    pub logs: u64,
    /// Entries, with those that are gone.
    pub entries: u64,
    /// Entries that are not on the disk any more.
    pub erased: u64,
    /// Bytes of entries and blobs.
    pub bytes: u64,
}

impl LogChange {
    /// No change to a log of this row; `expected` as in the field.
    #[must_use]
    pub fn new(expected: Option<u64>, row: Row) -> Self {
        Self {
            expected,
            row,
            roll: Vec::new(),
            placed: Vec::new(),
            nodes: Vec::new(),
            waiting: Vec::new(),
            sequenced: Vec::new(),
            tags: Vec::new(),
            blobs: Vec::new(),
            erased: Vec::new(),
            dropped: Vec::new(),
        }
    }
}

/// How much of a log to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first index.
    pub from: u64,
    /// The index to stop before.
    pub to: u64,
    /// How many bytes of entries at most, but at least one entry.
    pub bytes_max: usize,
}

/// Where logs are kept.
pub trait LogStore: Send + std::marker::Sync + 'static {
    /// A log's row.
    ///
    /// # Errors
    /// [`StoreFault`].
    fn row(&self, log: LogId) -> Result<Option<Row>, StoreFault>;

    /// A gated log's roll.
    ///
    /// # Errors
    /// [`StoreFault`].
    fn roll(&self, log: LogId) -> Result<Vec<ByteArray<32>>, StoreFault>;

    /// Consecutive entries.
    ///
    /// # Errors
    /// [`StoreFault`], also if one is missing.
    fn entries(&self, log: LogId, range: Range) -> Result<Vec<Entry>, StoreFault>;

    /// The node of a complete subtree.
    ///
    /// # Errors
    /// [`StoreFault`], also if it is missing.
    fn node(&self, log: LogId, level: u8, index: u64) -> Result<Hash, StoreFault>;

    /// Where the entry with this SHA-256 is, and its time.
    ///
    /// # Errors
    /// [`StoreFault`].
    fn position(&self, log: LogId, entry: Hash) -> Result<Option<(u64, Time)>, StoreFault>;

    /// The entries of a log that wait, in the order in which they will be sequenced.
    ///
    /// # Errors
    /// [`StoreFault`].
    fn waiting(&self, log: LogId) -> Result<Vec<Waiting>, StoreFault>;

    /// The end of the slot of one waiting entry.
    ///
    /// # Errors
    /// [`StoreFault`].
    fn waits_until(&self, log: LogId, entry: Hash) -> Result<Option<Time>, StoreFault>;

    /// All slots in which something waits; read once, at the start.
    ///
    /// # Errors
    /// [`StoreFault`].
    fn slots(&self) -> Result<Vec<(Time, LogId)>, StoreFault>;

    /// Whether a ballot with this link tag was accepted.
    ///
    /// # Errors
    /// [`StoreFault`].
    fn has_tag(&self, log: LogId, tag: &Tag) -> Result<bool, StoreFault>;

    /// A blob's length and the part of it asked for.
    ///
    /// # Errors
    /// [`StoreFault`].
    fn blob(
        &self,
        log: LogId,
        hash: Hash,
        offset: u32,
        len: u32,
    ) -> Result<Option<(u32, Vec<u8>)>, StoreFault>;

    /// Logs after `after` with their rows, in the order of their ids, at most `count`. A store that gives none drops
    /// nothing, or does so by itself.
    ///
    /// # Errors
    /// [`StoreFault`].
    fn logs(&self, _after: Option<LogId>, _count: usize) -> Result<Vec<(LogId, Row)>, StoreFault> {
        Ok(Vec::new())
    }

    /// Times and lengths of entries that are on the disk, from an index on, at most `count`, without reading them whole.
    ///
    /// # Errors
    /// [`StoreFault`].
    fn sizes(&self, _log: LogId, _from: u64, _count: u64) -> Result<Vec<(Time, u32)>, StoreFault> {
        Ok(Vec::new())
    }

    /// Blobs beside a log that were put at `until` or before, the oldest first, at most `count`.
    ///
    /// # Errors
    /// [`StoreFault`].
    fn old_blobs(&self, _log: LogId, _until: Time, _count: usize) -> Result<Vec<OldBlob>, StoreFault> {
        Ok(Vec::new())
    }

    /// What it holds, as far as it counts.
    ///
    /// # Errors
    /// [`StoreFault`].
    fn totals(&self) -> Result<Totals, StoreFault> {
        Ok(Totals::default())
    }

    /// The latest time that any commit has carried.
    ///
    /// # Errors
    /// [`StoreFault`].
    fn high_water(&self) -> Result<Time, StoreFault>;

    /// Applies all changes at once, durably, and raises the high water to `now`.
    ///
    /// # Errors
    /// [`StoreFault`]; then nothing has changed that anybody was told of. After [`StoreFault::Broken`] it is unknown
    /// whether the commit took effect, and every row must be read again.
    fn commit(&self, changes: &[(LogId, LogChange)], now: Time) -> Result<(), StoreFault>;

    /// Whether other processes change the logs too. Then a commit may fail with [`StoreFault::Conflict`] and be tried
    /// again on what is there by then, and what follows matters; nothing of it does for a store of one process.
    fn is_shared(&self) -> bool {
        false
    }

    /// How much later than its end a slot is sequenced.
    fn slot_grace_ms(&self) -> u64 {
        0
    }

    /// Has `wake` called, on any thread, when another process may have changed something.
    fn tell(&self, wake: Box<dyn Fn() + Send>) {
        drop(wake);
    }

    /// Takes in what other processes have changed, and says what has changed since this was last asked. For the
    /// sequencer.
    ///
    /// # Errors
    /// [`StoreFault`].
    fn take_in(&self, freshness: Freshness) -> Result<Vec<News>, StoreFault> {
        let _ = freshness;
        Ok(Vec::new())
    }
}

/// How much of what other processes have done is to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// What they have told, and whatever is a second old.
    Told,
    /// What there is, as far as asking shows.
    Asked,
    /// Everything that was durable when this was called; costs the store a write.
    Certain,
}

/// What other processes have done to a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// Which log.
    pub log: LogId,
    /// Its row since.
    pub row: Row,
    /// Whether it has grown.
    pub grown: bool,
    /// Ends of the slots for which something waits since.
    pub slots: Vec<Time>,
    /// Whether another process was shown, not long ago, that the relay has signed what is not here.
    pub doubted: bool,
}

/// Why the store could not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreFault {
    /// No room; nothing was written.
    #[error("the disk is full")]
    Full,
    /// The log has not the size that the change expects; nothing of it was written.
    #[error("a log has another size than expected")]
    Conflict,
    /// The store is somewhere else and does not answer; whether anything was written is unknown.
    #[error("the store cannot be reached: {0}")]
    Unavailable(String),
    /// The store has less than this process has seen in it.
    #[error("the store is an older copy, or another one")]
    Behind,
    /// What was written is not there or not readable.
    #[error("the store is damaged: {0}")]
    Damaged(&'static str),
    /// The engine or the disk failed.
    #[error("the store failed: {0}")]
    Broken(String),
}
