//! What an open vault keeps in memory, and reading the rest through it.

use crate::chunk::{self, ChunkKeys};
use crate::cipher::{Key, unseal};
use crate::disk::{Disk, DiskError};
use crate::keyring::Keyring;
use crate::layout::{ORDINARY, PIECE_BYTES, Place, Root};
use crate::page::{Body, Entry, Page};
use primitives::store::Value;
use primitives::{StoreError, Table, encode, labels};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// The root record, the keyring, and where each record is.
pub(crate) struct Contents {
    pub(crate) root: Root,
    pub(crate) keyring: Keyring,
    /// By their numbers.
    pub(crate) tables: Vec<TableIndex>,
}

/// Where one table's records are.
#[derive(Debug, Default)]
pub(crate) struct TableIndex {
    pub(crate) name: String,
    pub(crate) spots: BTreeMap<Vec<u8>, Spot>,
    /// By their numbers.
    pub(crate) pages: Vec<PageSpot>,
    /// A page of it did not open: what is not found may have been there.
    pub(crate) damaged: bool,
    /// All pages open and one is in an older state of itself: what is found may not be what was last there.
    pub(crate) stale: bool,
}

/// What is known of a page without reading it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PageSpot {
    /// Bytes in use.
    pub(crate) used: usize,
    /// The batch that wrote it.
    pub(crate) batch: u64,
    /// It is among the cold chunks: it takes in nothing new, so that it stays there.
    pub(crate) cold: bool,
}

impl PageSpot {
    /// Of a page that does not open.
    pub(crate) const FULL: Self = Self {
        used: usize::MAX,
        batch: 0,
        cold: false,
    };
}

impl TableIndex {
    /// The sum of the batches that wrote its pages.
    pub(crate) fn stamp(&self) -> u64 {
        self.pages
            .iter()
            .fold(0, |sum, page| sum.wrapping_add(page.batch))
    }
}

/// Where one record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) page: u32,
    pub(crate) sealed_by: u64,
    pub(crate) long: Option<Long>,
}

/// A value in pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Long {
    pub(crate) value: u64,
    pub(crate) len: u32,
}

impl Long {
    /// How many pieces it has.
    pub(crate) fn pieces(self) -> u32 {
        self.len.div_ceil(u32::try_from(PIECE_BYTES).unwrap_or(u32::MAX))
    }
}

impl Entry {
    /// What the index remembers of it.
    pub(crate) fn spot(&self, page: u32) -> Spot {
        let long = match &self.body {
            Body::Inline { .. } => None,
            Body::Pieces { value, len } => Some(Long {
                value: *value,
                len: *len,
            }),
        };
        Spot {
            page,
            sealed_by: self.sealed_by,
            long,
        }
    }
}

/// Why a chunk could not be had.
pub(crate) enum ReadError {
    /// Missing, damaged, or not openable with the keys there are.
    Damaged,
    /// Input/output error.
    Environment(String),
}

impl ReadError {
    /// As the store's error about `table`.
    pub(crate) fn of(self, table: Table) -> StoreError {
        match self {
            Self::Damaged => StoreError::Damaged { table: table.0 },
            Self::Environment(text) => StoreError::Environment(text),
        }
    }
}

/// Reads sealed things with what is in memory.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) disk: &'a Disk,
    pub(crate) keys: &'a ChunkKeys,
    pub(crate) contents: &'a Contents,
}

impl Reader<'_> {
    /// The number of the table with this name.
    pub(crate) fn table(&self, name: &str) -> Option<usize> {
        self.contents.tables.iter().position(|table| table.name == name)
    }

    /// A page as it is on the disk.
    pub(crate) fn page(&self, table: usize, page: u32) -> Result<Page, ReadError> {
        self.page_and_spot(table, page).map(|(page, _)| page)
    }

    /// A page as it is on the disk, and what is to be remembered of it.
    pub(crate) fn page_and_spot(&self, table: usize, page: u32) -> Result<(Page, PageSpot), ReadError> {
        let place = Place::Page {
            table: u32::try_from(table).unwrap_or(u32::MAX),
            page,
        };
        let batches = self.contents.root.batches;
        let (opened, cold) = find_chunk(self.disk, self.keys, &self.keys.ordinary, place, batches)?;
        let page = Page::decode(&opened.payload).ok_or(ReadError::Damaged)?;
        let spot = PageSpot {
            used: page.used(),
            batch: opened.batch,
            cold,
        };
        Ok((page, spot))
    }

    /// The value of `entry`.
    pub(crate) fn value(&self, table: &str, entry: &Entry, keyring: &Keyring) -> Result<Value, ReadError> {
        match &entry.body {
            Body::Inline { bytes } if entry.sealed_by == ORDINARY => Ok(Zeroizing::new(bytes.clone())),
            Body::Inline { bytes } => {
                let key = keyring.key(entry.sealed_by).ok_or(ReadError::Damaged)?;
                unseal(key, &value_context(table, &entry.key), bytes).ok_or(ReadError::Damaged)
            }
            Body::Pieces { value, len } => self.long(
                Long {
                    value: *value,
                    len: *len,
                },
                entry.sealed_by,
                keyring,
            ),
        }
    }

    /// One piece of a long value.
    pub(crate) fn piece(&self, key: &Key, value: u64, piece: u32) -> Result<Value, ReadError> {
        read_chunk(
            self.disk,
            self.keys,
            key,
            Place::Piece { value, piece },
            self.contents.root.batches,
        )
    }

    fn long(&self, long: Long, sealed_by: u64, keyring: &Keyring) -> Result<Value, ReadError> {
        let key = self.sealing_key(sealed_by, keyring).ok_or(ReadError::Damaged)?;
        let mut whole = Zeroizing::new(Vec::with_capacity(long.len as usize));
        for piece in 0..long.pieces() {
            whole.extend_from_slice(&self.piece(key, long.value, piece)?);
        }
        if whole.len() == long.len as usize {
            Ok(whole)
        } else {
            Err(ReadError::Damaged)
        }
    }

    /// The key with this number, ordinary or burnable.
    pub(crate) fn sealing_key<'k>(&'k self, number: u64, keyring: &'k Keyring) -> Option<&'k Key> {
        if number == ORDINARY {
            Some(&self.keys.ordinary)
        } else {
            keyring.key(number)
        }
    }
}

/// The payload of the chunk at `place`; one from a batch after `batches` is from another state of the store.
pub(crate) fn read_chunk(
    disk: &Disk,
    keys: &ChunkKeys,
    key: &Key,
    place: Place,
    batches: u64,
) -> Result<Value, ReadError> {
    find_chunk(disk, keys, key, place, batches).map(|(opened, _)| opened.payload)
}

/// [`read_chunk`], with who wrote it and whether it is cold.
fn find_chunk(
    disk: &Disk,
    keys: &ChunkKeys,
    key: &Key,
    place: Place,
    batches: u64,
) -> Result<(chunk::Opened, bool), ReadError> {
    let name = keys.name(place);
    let found = match disk.read(&name) {
        Ok(found) => found.ok_or(ReadError::Damaged)?,
        Err(DiskError::Damaged) => return Err(ReadError::Damaged),
        Err(DiskError::Environment(text)) => return Err(ReadError::Environment(text)),
    };
    let opened = chunk::open(key, &name, &found.chunk).ok_or(ReadError::Damaged)?;
    if opened.batch > batches {
        Err(ReadError::Damaged)
    } else {
        Ok((opened, found.cold))
    }
}

/// Associated data of a short burnable value.
pub(crate) fn value_context(table: &str, key: &[u8]) -> Vec<u8> {
    encode(&(
        labels::VAULT_PURPOSE,
        table,
        minicbor::bytes::ByteVec::from(key.to_vec()),
    ))
}
