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

/// Entries that the relay keeps no longer, at the beginning of a page: where they end, and what stands for them.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Gone {
    /// The index after the last of them; more than the page's `from`.
    #[n(0)]
    pub to: u64,
    /// The roots of the complete subtrees that cover them: [`crate::rest`].
    #[n(1)]
    pub rest: Vec<Hash>,
}

/// Consecutive entries with the relay's current checkpoint. Neither entries nor what is gone: the reader has everything.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Page {
    /// The index that was asked for: of the first entry, or of the first that is gone.
    #[n(0)]
    pub from: u64,
    /// The entries.
    #[n(1)]
    pub entries: Vec<Entry>,
    /// The log's checkpoint when the page was made.
    #[n(2)]
    pub checkpoint: SignedCheckpoint,
    /// Proof that the tree of [`Page::end`] entries is a prefix of the checkpoint's; empty if they are equal.
    #[n(3)]
    pub consistency: Vec<Hash>,
    /// What is gone before the first entry.
    #[n(4)]
    pub gone: Option<Gone>,
}

impl Page {
    /// The index of the first entry, or where it would be.
    #[must_use]
    pub fn first(&self) -> u64 {
        self.gone.as_ref().map_or(self.from, |gone| gone.to)
    }

    /// The index after the last entry: where to read on.
    #[must_use]
    pub fn end(&self) -> u64 {
        let len = u64::try_from(self.entries.len()).unwrap_or(u64::MAX);
        self.first().saturating_add(len)
    }

    /// Whether it leads nowhere: the reader has everything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.gone.is_none()
    }
}
