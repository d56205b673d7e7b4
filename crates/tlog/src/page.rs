//! Pages: entries as a reader gets them.

use crate::checkpoint::SignedCheckpoint;
use minicbor::{Decode, Encode};
use primitives::{Hash, Time};

/// One entry with the time that the relay stamped on it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Entry {
    /// When it was sequenced.
    #[n(0)]
    pub time: Time,
    /// The entry, 1 byte to 256 KiB.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
}

/// Consecutive entries with the relay's current checkpoint. No entries: the reader has everything.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Page {
    /// Index of the first entry.
    #[n(0)]
    pub from: u64,
    /// The entries.
    #[n(1)]
    pub entries: Vec<Entry>,
    /// The log's checkpoint when the page was made.
    #[n(2)]
    pub checkpoint: SignedCheckpoint,
    /// Proof that the tree of `from + entries.len()` entries is a prefix of the checkpoint's; empty if they are equal.
    #[n(3)]
    pub consistency: Vec<Hash>,
}
