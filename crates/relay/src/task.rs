//! What the sequencer is asked to do, and what it has done.

use crate::store::Tag;
use minicbor::bytes::ByteArray;
use primitives::{Hash, LogId, Time};
use relay_api::Standing;
use tlog::{Checkpoint, CreateLog, Entry};

/// What is to be done; checked already, except against what only the sequencer knows.
#[derive(Debug, Clone)]
pub enum Task {
    /// Create a log.
    Create {
        /// Its record.
        record: Box<CreateLog>,
        /// Its roll, if it is gated.
        roll: Vec<ByteArray<32>>,
    },
    /// Append an entry.
    Append {
        /// To which log.
        log: LogId,
        /// Its SHA-256.
        hash: Hash,
        /// The entry.
        bytes: Vec<u8>,
        /// What it is to a gated log.
        role: Role,
    },
    /// Compare a checkpoint, which this relay has signed, with what is here.
    Show {
        /// Of which log.
        log: LogId,
        /// The checkpoint.
        checkpoint: Checkpoint,
    },
    /// Take entries back that are missing here.
    GiveBack(Box<Given>),
    /// Let the entries of a private log before an index go.
    Trim {
        /// Of which log.
        log: LogId,
        /// The index of the first entry that stays.
        before: u64,
    },
    /// Store a blob.
    Blob {
        /// Beside which log.
        log: LogId,
        /// Its SHA-256.
        hash: Hash,
        /// The blob.
        bytes: Vec<u8>,
    },
}

/// Entries that a member gives back.
#[derive(Debug, Clone)]
pub struct Given {
    /// To which log.
    pub log: LogId,
    /// Index of the first.
    pub from: u64,
    /// Each with its SHA-256 and what it is.
    pub entries: Vec<(Hash, Role, Entry)>,
    /// A checkpoint that this relay has signed.
    pub checkpoint: Checkpoint,
    /// What lies between them and the checkpoint.
    pub rest: Vec<Hash>,
}

/// What an entry is to its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// An entry of an ungated log.
    Plain,
    /// A verified ballot.
    Ballot(Tag),
    /// The entry that closes the box.
    Close,
}

/// What was done, durably.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// The log is there.
    Created,
    /// The entry has its place.
    Placed {
        /// Where.
        index: u64,
        /// When.
        time: Time,
    },
    /// The entry waits.
    Waits {
        /// Until when.
        slot_end: Time,
    },
    /// The blob is there.
    Stored,
    /// How the log stands.
    Stands(Standing),
    /// What is before this index is gone.
    Trimmed(u64),
}

impl Task {
    /// Its bytes in memory.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Create { roll, .. } => roll.len().saturating_mul(32),
            Self::Append { bytes, .. } | Self::Blob { bytes, .. } => bytes.len(),
            Self::Show { .. } | Self::Trim { .. } => 0,
            Self::GiveBack(given) => given.entries.iter().map(|(.., entry)| entry.bytes.len()).sum(),
        }
    }

    /// Whether it is about what is missing: such tasks go first, so that nothing is placed where something is missing.
    pub(crate) const fn doubts(&self) -> bool {
        matches!(self, Self::Show { .. } | Self::GiveBack(_))
    }
}
