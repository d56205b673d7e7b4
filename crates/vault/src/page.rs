//! Pages: many small records of one table in one chunk.

use crate::chunk::PAYLOAD_MAX;
use minicbor::{CborLen, Decode, Encode};
use primitives::canonical::decode_canonical_max;
use primitives::encode;
use zeroize::{Zeroize, Zeroizing};

/// Bytes of a page's array header, at most.
const HEAD_LEN: usize = 3;

/// One record of a page.
#[derive(Debug, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(array)]
pub(crate) struct Entry {
    /// The record's key.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub(crate) key: Vec<u8>,
    /// The number of the key that seals the value.
    #[n(1)]
    pub(crate) sealed_by: u64,
    /// The value.
    #[n(2)]
    pub(crate) body: Body,
}

/// Where a record's value is.
#[derive(Debug, PartialEq, Eq, Encode, Decode, CborLen)]
pub(crate) enum Body {
    /// Here: plain for an ordinary record (the chunk is sealed), sealed under its purpose's key for another.
    #[n(0)]
    #[cbor(array)]
    Inline {
        /// The bytes.
        #[cbor(n(0), with = "minicbor::bytes")]
        bytes: Vec<u8>,
    },
    /// In pieces of its own.
    #[n(1)]
    #[cbor(array)]
    Pieces {
        /// The value's number.
        #[n(0)]
        value: u64,
        /// Its length in bytes.
        #[n(1)]
        len: u32,
    },
}

impl Drop for Entry {
    fn drop(&mut self) {
        if let Body::Inline { bytes } = &mut self.body {
            bytes.zeroize();
        }
    }
}

impl Entry {
    /// Bytes it takes of a page.
    pub(crate) fn len(&self) -> usize {
        minicbor::len(self)
    }
}

/// The records of one chunk, in no order.
#[derive(Debug)]
pub(crate) struct Page {
    entries: Vec<Entry>,
    used: usize,
}

impl Page {
    /// A page without records.
    pub(crate) const fn empty() -> Self {
        Self {
            entries: Vec::new(),
            used: HEAD_LEN,
        }
    }

    /// Reads a chunk's payload; `None` if it is not a page.
    pub(crate) fn decode(payload: &[u8]) -> Option<Self> {
        let entries = decode_canonical_max::<Vec<Entry>>(payload, PAYLOAD_MAX).ok()?;
        let used = entries
            .iter()
            .map(Entry::len)
            .sum::<usize>()
            .saturating_add(HEAD_LEN);
        Some(Self { entries, used })
    }

    /// The payload of its chunk.
    pub(crate) fn encode(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(encode(&self.entries))
    }

    /// Its records.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Gives its records up.
    pub(crate) fn into_entries(self) -> Vec<Entry> {
        self.entries
    }

    /// Bytes in use.
    pub(crate) const fn used(&self) -> usize {
        self.used
    }

    /// Whether `more` bytes fit besides what is `used` already.
    pub(crate) const fn fits(used: usize, more: usize) -> bool {
        used.saturating_add(more) <= PAYLOAD_MAX
    }

    /// The entry under `key`.
    pub(crate) fn find(&self, key: &[u8]) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// Takes an entry in; the caller has looked whether it fits.
    pub(crate) fn push(&mut self, entry: Entry) {
        self.used = self.used.saturating_add(entry.len());
        self.entries.push(entry);
    }

    /// Takes the entry under `key` out.
    pub(crate) fn remove(&mut self, key: &[u8]) {
        if let Some(at) = self.entries.iter().position(|entry| entry.key == key) {
            self.used = self.used.saturating_sub(self.entries.swap_remove(at).len());
        }
    }
}
