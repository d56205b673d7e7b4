//! Keys of the key-value layout. One letter, then ids and numbers in big-endian, so that ranges are in order.
//!
//! ```text
//! L log                 row
//! R log        chunk    roll
//! E log index  chunk    time (8 bytes) || entry
//! H log hash            index (8) || time (8)
//! N log level index     node (32)
//! W log hash   chunk    waiting entry (CBOR)
//! S slot_end log hash   empty: what waits for which slot
//! T log tag             empty: link tags taken
//! B log hash   chunk    blob
//! X log time hash       length (4): when which blob was put
//! M                     high water (8)
//! Q                     logs, entries, erased entries, bytes (8 each)
//! ```
//! A chunked value is stored as pieces of 4 KiB; the first piece begins with the length (u32).

use crate::store::Tag;
use primitives::{Hash, LogId, Time};

/// Why 4 KiB: sled moves pages above 128 KiB into files of their own, which it never syncs.
pub(super) const CHUNK_BYTES: usize = 4096;

pub(super) const HIGH_WATER: &[u8] = b"M";
pub(super) const SLOTS: &[u8] = b"S";
pub(super) const TOTALS: &[u8] = b"Q";
pub(super) const ROWS: &[u8] = b"L";

pub(super) fn row(log: LogId) -> Vec<u8> {
    key(b'L', log, &[])
}

pub(super) fn roll(log: LogId) -> Vec<u8> {
    key(b'R', log, &[])
}

pub(super) fn entry(log: LogId, index: u64) -> Vec<u8> {
    key(b'E', log, &[&index.to_be_bytes()])
}

pub(super) fn position(log: LogId, hash: Hash) -> Vec<u8> {
    key(b'H', log, &[hash.as_bytes()])
}

pub(super) fn node(log: LogId, level: u8, index: u64) -> Vec<u8> {
    key(b'N', log, &[&[level], &index.to_be_bytes()])
}

pub(super) fn waiting(log: LogId, hash: Hash) -> Vec<u8> {
    key(b'W', log, &[hash.as_bytes()])
}

pub(super) fn all_waiting(log: LogId) -> Vec<u8> {
    key(b'W', log, &[])
}

pub(super) fn slot(end: Time, log: LogId, hash: Hash) -> Vec<u8> {
    [SLOTS, &end.0.to_be_bytes(), log.as_bytes(), hash.as_bytes()].concat()
}

/// Slot end and log of a slot key.
pub(super) fn parse_slot(key: &[u8]) -> Option<(Time, LogId)> {
    let (end, rest) = key.strip_prefix(SLOTS)?.split_first_chunk::<8>()?;
    let (log, _) = rest.split_first_chunk::<32>()?;
    Some((Time(u64::from_be_bytes(*end)), LogId::new(*log)))
}

pub(super) fn tag(log: LogId, tag: &Tag) -> Vec<u8> {
    key(b'T', log, &[tag])
}

pub(super) fn blob(log: LogId, hash: Hash) -> Vec<u8> {
    key(b'B', log, &[hash.as_bytes()])
}

pub(super) fn put(log: LogId, time: Time, hash: Hash) -> Vec<u8> {
    key(b'X', log, &[&time.0.to_be_bytes(), hash.as_bytes()])
}

pub(super) fn all_put(log: LogId) -> Vec<u8> {
    key(b'X', log, &[])
}

/// Time and name of a blob, of the key that says when it was put.
pub(super) fn parse_put(key: &[u8]) -> Option<(Time, Hash)> {
    let (time, hash) = key.get(33..)?.split_first_chunk::<8>()?;
    let hash: [u8; 32] = hash.try_into().ok()?;
    Some((Time(u64::from_be_bytes(*time)), Hash::new(hash)))
}

/// The log of a row's key.
pub(super) fn parse_row(key: &[u8]) -> Option<LogId> {
    let log: [u8; 32] = key.strip_prefix(ROWS)?.try_into().ok()?;
    Some(LogId::new(log))
}

pub(super) fn places(log: LogId) -> Vec<u8> {
    key(b'H', log, &[])
}

pub(super) fn blob_names(log: LogId) -> Vec<u8> {
    key(b'B', log, &[])
}

pub(super) fn chunk(base: &[u8], number: u32) -> Vec<u8> {
    [base, &number.to_be_bytes()].concat()
}

fn key(table: u8, log: LogId, rest: &[&[u8]]) -> Vec<u8> {
    let mut key = vec![table];
    key.extend_from_slice(log.as_bytes());
    rest.iter().for_each(|part| key.extend_from_slice(part));
    key
}
