//! What can be asked of a relay.

use crate::piece::Piece;
use core::fmt;
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use primitives::canonical::hash_bytes;
use primitives::{Hash, LogId, Secret, labels};
use tlog::{CreateLog, Entry, SignedCheckpoint};

/// The token that reads a log. Bearer of a right, so `Debug` prints no content.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct ReadToken(#[n(0)] ByteArray<32>);

impl ReadToken {
    /// Takes 32 bytes as a token.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(ByteArray::from(bytes))
    }

    /// What the log's record says of this token.
    #[must_use]
    pub fn hash(&self) -> Hash {
        hash_bytes(labels::LOG_READ_TOKEN, self.0.as_slice())
    }
}

impl From<&Secret<32>> for ReadToken {
    fn from(secret: &Secret<32>) -> Self {
        Self::new(*secret.expose())
    }
}

impl fmt::Debug for ReadToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReadToken(..)")
    }
}

/// One call. Every call can be repeated without harm.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
#[expect(
    clippy::large_enum_variant,
    reason = "a call lives briefly, and one at a time"
)]
pub enum Call {
    /// Creates a log, or changes nothing if it is there. Answer: `Created`.
    #[n(0)]
    Create {
        /// The record; its hash is the log's id.
        #[n(0)]
        record: CreateLog,
        /// The ballot keys of a gated log, in roll order; empty for other logs.
        #[n(1)]
        roll: Vec<ByteArray<32>>,
    },
    /// Appends an entry; again if it is there already: the same receipt. Answer: `Appended` or `Pending`.
    #[n(1)]
    Append {
        /// To which log.
        #[n(0)]
        log: LogId,
        /// The entry, 1 byte to 256 KiB.
        #[cbor(n(1), with = "minicbor::bytes")]
        entry: Vec<u8>,
        /// By the log's append key: [`crate::sign_append`].
        #[n(2)]
        signature: ByteArray<64>,
    },
    /// Reads entries. Answer: `Page`.
    #[n(2)]
    Read {
        /// Of which log.
        #[n(0)]
        log: LogId,
        /// The right to read it.
        #[n(1)]
        token: ReadToken,
        /// From which index; at most the log's size.
        #[n(2)]
        from: u64,
        /// How many bytes of entries at most (but at least one entry, if there is one).
        #[n(3)]
        bytes_max: u32,
        /// The size of the largest checkpoint that the reader knows, if it is larger than `from`: what is gone is shown
        /// up to there, and from there ([`tlog::Reader::known_ahead`]).
        #[n(4)]
        known: Option<u64>,
    },
    /// Asks for a consistency proof between two sizes, `from <= to <= size`. Answer: `Consistency`.
    #[n(3)]
    Consistency {
        /// Of which log.
        #[n(0)]
        log: LogId,
        /// The right to read it.
        #[n(1)]
        token: ReadToken,
        /// The smaller size.
        #[n(2)]
        from: u64,
        /// The larger size.
        #[n(3)]
        to: u64,
    },
    /// Stores a blob beside a log. Answer: `BlobStored`.
    #[n(4)]
    PutBlob {
        /// Beside which log.
        #[n(0)]
        log: LogId,
        /// The right to read it, which is the right to put blobs beside it.
        #[n(1)]
        token: ReadToken,
        /// The blob, 1 byte to 1 MiB; its name is its SHA-256.
        #[cbor(n(2), with = "minicbor::bytes")]
        bytes: Vec<u8>,
    },
    /// Reads a part of a blob. Answer: `Blob`.
    #[n(5)]
    GetBlob {
        /// Beside which log.
        #[n(0)]
        log: LogId,
        /// The right to read it.
        #[n(1)]
        token: ReadToken,
        /// The blob's SHA-256.
        #[n(2)]
        hash: Hash,
        /// From which byte.
        #[n(3)]
        offset: u32,
        /// How many bytes at most.
        #[n(4)]
        len: u32,
    },
    /// Asks for the relay's keys. Answer: `Keys`.
    #[n(6)]
    Keys,
    /// Asks for the relay's limits. Answer: `Limits`.
    #[n(7)]
    Limits,
    /// A piece of another call, for networks that freeze longer exchanges. Answer: `Piece`.
    #[n(8)]
    Piece(#[n(0)] Piece),
    /// Shows a checkpoint that the relay has signed, the largest that is known: a relay that has been set back to an
    /// older state learns of it. Answer: `Standing`.
    #[n(9)]
    Show {
        /// Of which log.
        #[n(0)]
        log: LogId,
        /// The right to read it.
        #[n(1)]
        token: ReadToken,
        /// The checkpoint.
        #[n(2)]
        checkpoint: SignedCheckpoint,
    },
    /// Lets the entries of a private log before an index go: its reader needs them no more. Answer: `Trimmed`.
    #[n(10)]
    Trim {
        /// Of which log.
        #[n(0)]
        log: LogId,
        /// The right to read it.
        #[n(1)]
        token: ReadToken,
        /// The index of the first entry that stays; at most the log's size.
        #[n(2)]
        before: u64,
        /// By the log's append key: [`crate::sign_trim`].
        #[n(3)]
        signature: ByteArray<64>,
    },
    /// Gives entries back that the relay has lost. They are taken if they lead to the checkpoint's root, which the relay
    /// itself has signed. Answer: `Standing`.
    #[n(11)]
    GiveBack {
        /// To which log.
        #[n(0)]
        log: LogId,
        /// The right to read it.
        #[n(1)]
        token: ReadToken,
        /// The index of the first entry; at most the size that the relay has.
        #[n(2)]
        from: u64,
        /// Consecutive entries with their times: together at most a page.
        #[n(3)]
        entries: Vec<Entry>,
        /// A checkpoint over them all, and perhaps over more.
        #[n(4)]
        checkpoint: SignedCheckpoint,
        /// What lies between the last of the entries and the checkpoint: [`tlog::rest`].
        #[n(5)]
        rest: Vec<Hash>,
    },
}

impl Call {
    /// The log that the call is about; the unit of isolation between connections.
    #[must_use]
    pub fn log(&self) -> Option<LogId> {
        match self {
            Self::Create { record, .. } => Some(record.id()),
            Self::Append { log, .. }
            | Self::Read { log, .. }
            | Self::Consistency { log, .. }
            | Self::PutBlob { log, .. }
            | Self::Show { log, .. }
            | Self::GiveBack { log, .. }
            | Self::Trim { log, .. }
            | Self::GetBlob { log, .. } => Some(*log),
            Self::Keys | Self::Limits | Self::Piece(_) => None,
        }
    }
}
