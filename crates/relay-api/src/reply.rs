//! What a relay answers.

use crate::limits::Limits;
use crate::piece::PieceReply;
use crate::problem::Problem;
use crate::standing::Standing;
use minicbor::{Decode, Encode};
use primitives::signed::Unverified;
use primitives::{Hash, LogId, Time};
use tlog::{Page, Receipt};

/// One reply.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum Reply {
    /// The log is there.
    #[n(0)]
    Created {
        /// Its id.
        #[n(0)]
        log: LogId,
    },
    /// The entry is in the log, durably.
    #[n(1)]
    Appended(#[n(0)] Receipt),
    /// The entry is durable and will be sequenced at the end of its slot.
    #[n(2)]
    Pending {
        /// The slot's end, which will be the entry's time.
        #[n(0)]
        slot_end: Time,
    },
    /// Entries and the current checkpoint.
    #[n(3)]
    Page(#[n(0)] Page),
    /// A consistency proof.
    #[n(4)]
    Consistency {
        /// The proof.
        #[n(0)]
        path: Vec<Hash>,
    },
    /// The blob is stored, durably.
    #[n(5)]
    BlobStored {
        /// Its name.
        #[n(0)]
        hash: Hash,
    },
    /// A part of a blob.
    #[n(6)]
    Blob {
        /// How many bytes the whole blob has.
        #[n(0)]
        blob_len: u32,
        /// The bytes asked for, or fewer at its end.
        #[cbor(n(1), with = "minicbor::bytes")]
        bytes: Vec<u8>,
    },
    /// The relay's keys, signed by its identity key: [`crate::RelayKeys::verify`].
    #[n(7)]
    Keys(#[n(0)] Unverified),
    /// What the relay allows.
    #[n(8)]
    Limits(#[n(0)] Limits),
    /// A piece of an exchange.
    #[n(9)]
    Piece(#[n(0)] PieceReply),
    /// Nothing was done.
    #[n(10)]
    Problem(#[n(0)] Problem),
    /// How a log stands beside what has been signed of it.
    #[n(11)]
    Standing(#[n(0)] Standing),
    /// What is before it can be read no more, durably.
    #[n(12)]
    Trimmed {
        /// The index of the first entry that is there.
        #[n(0)]
        gone: u64,
    },
}

impl From<Problem> for Reply {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}
