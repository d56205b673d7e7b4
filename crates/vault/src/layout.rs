//! What lies where in the store: the names of chunks and the record from which all others are found.

use crate::chunk::PAYLOAD_MAX;
use minicbor::{Decode, Encode};

/// Longest key of a record.
pub const KEY_BYTES_MAX: usize = 256;
/// Longest value of a record: the tree of a conversation of ten thousand is half of it.
pub const VALUE_BYTES_MAX: usize = 64 << 20;
/// Longest value that shares a page with others; longer ones are cut into pieces of their own.
pub(crate) const INLINE_BYTES_MAX: usize = 2048;
/// Most tables of a vault, so that the root record fits in its chunk.
pub(crate) const TABLES_MAX: usize = 64;
/// Longest name of a table.
pub(crate) const TABLE_NAME_BYTES_MAX: usize = 40;
/// Bytes of a value in one of its pieces.
pub(crate) const PIECE_BYTES: usize = PAYLOAD_MAX;
/// Number of the key of [`primitives::Purpose::ORDINARY`], which is in no keyring.
pub(crate) const ORDINARY: u64 = 0;

/// What a chunk is; its hidden name is a keyed hash of this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode)]
pub(crate) enum Place {
    /// The root record.
    #[n(0)]
    Root,
    /// A part of the keyring of one sealing.
    #[n(1)]
    #[cbor(array)]
    Keyring {
        /// Number of the sealing: one more at each burning.
        #[n(0)]
        sealing: u64,
        /// Which part.
        #[n(1)]
        part: u32,
    },
    /// A page of a table.
    #[n(2)]
    #[cbor(array)]
    Page {
        /// Position of the table in the root record.
        #[n(0)]
        table: u32,
        /// Which page.
        #[n(1)]
        page: u32,
    },
    /// A piece of a long value.
    #[n(3)]
    #[cbor(array)]
    Piece {
        /// The value's number.
        #[n(0)]
        value: u64,
        /// Which piece.
        #[n(1)]
        piece: u32,
    },
}

/// The record from which all others are found; rewritten by every batch.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Root {
    /// How many batches the store has taken.
    #[n(0)]
    pub(crate) batches: u64,
    /// Names of the tables with their numbers of pages.
    #[n(1)]
    pub(crate) tables: Vec<(String, u32)>,
    /// Number of the keyring's sealing.
    #[n(2)]
    pub(crate) sealing: u64,
    /// Parts of the keyring.
    #[n(3)]
    pub(crate) keyring_parts: u32,
    /// The next purpose key's number.
    #[n(4)]
    pub(crate) next_key: u64,
    /// The next long value's number.
    #[n(5)]
    pub(crate) next_value: u64,
    /// The header key of this sealing, sealed under the one before it: completes a burning that was cut short.
    #[n(6)]
    pub(crate) pending: Option<Pending>,
    /// For each table the sum of the numbers of the batches that wrote its pages, modulo 2^64: a page in an older state
    /// of itself shows. None was written before there was compaction.
    #[n(7)]
    pub(crate) stamps: Option<Vec<u64>>,
}

/// A header key on its way into the header.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Pending {
    /// The sealing whose header key opens it.
    #[n(0)]
    pub(crate) from: u64,
    /// The sealed header key.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(crate) sealed: Vec<u8>,
}

impl Root {
    /// The root record of an empty store.
    pub(crate) const fn empty() -> Self {
        Self {
            batches: 0,
            tables: Vec::new(),
            sealing: 0,
            keyring_parts: 0,
            next_key: ORDINARY + 1,
            next_value: 0,
            pending: None,
            stamps: Some(Vec::new()),
        }
    }
}
