//! A log store over any ordered key-value engine with atomic durable batches.

use super::layout::{self, CHUNK_BYTES};
use super::{LogChange, LogStore, OldBlob, Range, Row, StoreFault, Tag, Totals, Waiting};
use minicbor::bytes::ByteArray;
use primitives::{Hash, LogId, Time, decode_canonical, encode};
use tlog::Entry;

/// One write: a key and its new value, or `None` to remove it.
pub type Write = (Vec<u8>, Option<Vec<u8>>);

/// A key and its value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// An ordered key-value engine.
pub trait Kv: Send + std::marker::Sync + 'static {
    /// The value of a key.
    ///
    /// # Errors
    /// [`StoreFault`].
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreFault>;

    /// All keys that begin with `prefix`, with their values, in order.
    ///
    /// # Errors
    /// [`StoreFault`].
    fn scan(&self, prefix: &[u8]) -> Result<Vec<Pair>, StoreFault>;

    /// The keys from `from` on, this one included, with their values, in order, at most `count`.
    ///
    /// # Errors
    /// [`StoreFault`].
    fn range(&self, from: &[u8], count: usize) -> Result<Vec<Pair>, StoreFault>;

    /// Applies all writes, or none; durable when it returns.
    ///
    /// # Errors
    /// [`StoreFault`].
    fn write(&self, writes: Vec<Write>) -> Result<(), StoreFault>;
}

/// [`LogStore`] over a [`Kv`].
#[derive(Debug)]
pub struct KvStore<K> {
    kv: K,
}

impl<K: Kv> KvStore<K> {
    /// Takes an open engine.
    #[must_use]
    pub const fn over(kv: K) -> Self {
        Self { kv }
    }

    /// The engine below.
    #[must_use]
    pub const fn kv(&self) -> &K {
        &self.kv
    }

    /// The engine, without what is over it.
    #[must_use]
    pub fn into_kv(self) -> K {
        self.kv
    }

    /// Reads a chunked value whole.
    fn chunked(&self, base: &[u8]) -> Result<Option<Vec<u8>>, StoreFault> {
        let Some((len, mut value)) = self.first_chunk(base)? else {
            return Ok(None);
        };
        let mut number = 1;
        while value.len() < len {
            let next = self
                .kv
                .get(&layout::chunk(base, number))?
                .ok_or(StoreFault::Damaged("a chunk is missing"))?;
            value.extend_from_slice(&next);
            number = number.saturating_add(1);
        }
        if value.len() == len {
            Ok(Some(value))
        } else {
            Err(StoreFault::Damaged("a chunk is too long"))
        }
    }

    /// Keys of a prefix from `from` on, with their values, at most `count`.
    fn some(&self, prefix: &[u8], from: &[u8], count: usize) -> Result<Vec<Pair>, StoreFault> {
        let mut found = self.kv.range(from, count)?;
        found.retain(|(key, _)| key.starts_with(prefix));
        Ok(found)
    }

    /// The length of a chunked value, and its first chunk without it.
    fn first_chunk(&self, base: &[u8]) -> Result<Option<(usize, Vec<u8>)>, StoreFault> {
        let Some(first) = self.kv.get(&layout::chunk(base, 0))? else {
            return Ok(None);
        };
        let (len, value) = first
            .split_first_chunk::<4>()
            .ok_or(StoreFault::Damaged("a chunk is too short"))?;
        let len = usize::try_from(u32::from_be_bytes(*len))
            .map_err(|_| StoreFault::Damaged("a value is too long"))?;
        Ok(Some((len, value.to_vec())))
    }

    fn timed_entry(&self, log: LogId, index: u64) -> Result<Entry, StoreFault> {
        let bytes = self
            .chunked(&layout::entry(log, index))?
            .ok_or(StoreFault::Damaged("an entry is missing"))?;
        let (time, bytes) = bytes
            .split_first_chunk::<8>()
            .ok_or(StoreFault::Damaged("an entry is too short"))?;
        Ok(Entry {
            time: Time(u64::from_be_bytes(*time)),
            bytes: bytes.to_vec(),
        })
    }
}

impl Totals {
    fn without(self, row: Option<&Row>) -> Self {
        let Some(row) = row else {
            return self;
        };
        Self {
            logs: self.logs.saturating_sub(1),
            entries: self.entries.saturating_sub(row.frontier.size()),
            erased: self.erased.saturating_sub(row.kept().erased),
            bytes: self.bytes.saturating_sub(row.bytes()),
        }
    }

    /// With one more log.
    #[must_use]
    pub fn with(self, row: &Row) -> Self {
        Self {
            logs: self.logs.saturating_add(1),
            entries: self.entries.saturating_add(row.frontier.size()),
            erased: self.erased.saturating_add(row.kept().erased),
            bytes: self.bytes.saturating_add(row.bytes()),
        }
    }

    fn to_bytes(self) -> Vec<u8> {
        [self.logs, self.entries, self.erased, self.bytes]
            .map(u64::to_be_bytes)
            .concat()
    }
}

/// The writes that store a chunked value: the length (u32) and the first bytes, then further chunks.
fn write_chunked(writes: &mut Vec<Write>, base: &[u8], value: &[u8]) {
    let len = u32::try_from(value.len()).unwrap_or(u32::MAX);
    let first = value.get(..CHUNK_BYTES).unwrap_or(value);
    writes.push((layout::chunk(base, 0), Some([&len.to_be_bytes(), first].concat())));
    let rest = value.get(first.len()..).unwrap_or_default();
    for (number, part) in (1u32..).zip(rest.chunks(CHUNK_BYTES)) {
        writes.push((layout::chunk(base, number), Some(part.to_vec())));
    }
}

fn erase_chunked(writes: &mut Vec<Write>, base: &[u8], len: usize) {
    for number in (0u32..).take(len.div_ceil(CHUNK_BYTES).max(1)) {
        writes.push((layout::chunk(base, number), None));
    }
}

impl<K: Kv> LogStore for KvStore<K> {
    fn row(&self, log: LogId) -> Result<Option<Row>, StoreFault> {
        let bytes = self.kv.get(&layout::row(log))?;
        bytes
            .map(|bytes| decode_canonical(&bytes).map_err(|_| StoreFault::Damaged("a row")))
            .transpose()
    }

    fn roll(&self, log: LogId) -> Result<Vec<ByteArray<32>>, StoreFault> {
        let bytes = self.chunked(&layout::roll(log))?.unwrap_or_default();
        Ok(bytes
            .as_chunks::<32>()
            .0
            .iter()
            .map(|key| ByteArray::from(*key))
            .collect())
    }

    fn entries(&self, log: LogId, range: Range) -> Result<Vec<Entry>, StoreFault> {
        let mut entries = Vec::new();
        let mut bytes = 0usize;
        for index in range.from..range.to {
            let entry = self.timed_entry(log, index)?;
            bytes = bytes.saturating_add(entry.bytes.len());
            if bytes > range.bytes_max && !entries.is_empty() {
                break;
            }
            entries.push(entry);
        }
        Ok(entries)
    }

    fn node(&self, log: LogId, level: u8, index: u64) -> Result<Hash, StoreFault> {
        let bytes = self
            .kv
            .get(&layout::node(log, level, index))?
            .ok_or(StoreFault::Damaged("a node is missing"))?;
        bytes
            .try_into()
            .map(Hash::new)
            .map_err(|_| StoreFault::Damaged("a node"))
    }

    fn position(&self, log: LogId, entry: Hash) -> Result<Option<(u64, Time)>, StoreFault> {
        let Some(bytes) = self.kv.get(&layout::position(log, entry))? else {
            return Ok(None);
        };
        match bytes.as_chunks::<8>() {
            ([index, time], []) => Ok(Some((
                u64::from_be_bytes(*index),
                Time(u64::from_be_bytes(*time)),
            ))),
            _ => Err(StoreFault::Damaged("a position")),
        }
    }

    fn waiting(&self, log: LogId) -> Result<Vec<Waiting>, StoreFault> {
        let mut all = Vec::new();
        for (key, _) in self.kv.scan(&layout::all_waiting(log))? {
            let Some(base) = key.strip_suffix(&[0; 4]) else {
                continue;
            };
            let bytes = self
                .chunked(base)?
                .ok_or(StoreFault::Damaged("a waiting entry"))?;
            all.push(
                decode_canonical::<Waiting>(&bytes).map_err(|_| StoreFault::Damaged("a waiting entry"))?,
            );
        }
        all.sort_unstable();
        Ok(all)
    }

    fn waits_until(&self, log: LogId, entry: Hash) -> Result<Option<Time>, StoreFault> {
        let Some(bytes) = self.chunked(&layout::waiting(log, entry))? else {
            return Ok(None);
        };
        let waiting: Waiting =
            decode_canonical(&bytes).map_err(|_| StoreFault::Damaged("a waiting entry"))?;
        Ok(Some(waiting.slot_end))
    }

    fn slots(&self) -> Result<Vec<(Time, LogId)>, StoreFault> {
        let keys = self.kv.scan(layout::SLOTS)?;
        let mut slots: Vec<_> = keys
            .iter()
            .filter_map(|(key, _)| layout::parse_slot(key))
            .collect();
        slots.dedup();
        Ok(slots)
    }

    fn has_tag(&self, log: LogId, tag: &Tag) -> Result<bool, StoreFault> {
        Ok(self.kv.get(&layout::tag(log, tag))?.is_some())
    }

    fn blob(
        &self,
        log: LogId,
        hash: Hash,
        offset: u32,
        len: u32,
    ) -> Result<Option<(u32, Vec<u8>)>, StoreFault> {
        let Some(whole) = self.chunked(&layout::blob(log, hash))? else {
            return Ok(None);
        };
        let blob_len = u32::try_from(whole.len()).map_err(|_| StoreFault::Damaged("a blob is too long"))?;
        let start = usize::try_from(offset.min(blob_len)).unwrap_or(usize::MAX);
        let part = whole
            .into_iter()
            .skip(start)
            .take(usize::try_from(len).unwrap_or(usize::MAX))
            .collect();
        Ok(Some((blob_len, part)))
    }

    fn logs(&self, after: Option<LogId>, count: usize) -> Result<Vec<(LogId, Row)>, StoreFault> {
        // The key after a log's own is the same with something behind it.
        let from = after.map_or_else(
            || layout::ROWS.to_vec(),
            |log| [layout::row(log), vec![0]].concat(),
        );
        let found = self.some(layout::ROWS, &from, count)?;
        found
            .into_iter()
            .map(|(key, row)| {
                let log = layout::parse_row(&key).ok_or(StoreFault::Damaged("a row's key"))?;
                let row = decode_canonical(&row).map_err(|_| StoreFault::Damaged("a row"))?;
                Ok((log, row))
            })
            .collect()
    }

    fn sizes(&self, log: LogId, from: u64, count: u64) -> Result<Vec<(Time, u32)>, StoreFault> {
        let mut sizes = Vec::new();
        for index in from..from.saturating_add(count) {
            let (len, first) = self
                .first_chunk(&layout::entry(log, index))?
                .ok_or(StoreFault::Damaged("an entry is missing"))?;
            let too_short = || StoreFault::Damaged("an entry is too short");
            let (time, _) = first.split_first_chunk::<8>().ok_or_else(too_short)?;
            let len = len.checked_sub(8).and_then(|len| u32::try_from(len).ok());
            sizes.push((Time(u64::from_be_bytes(*time)), len.ok_or_else(too_short)?));
        }
        Ok(sizes)
    }

    fn old_blobs(&self, log: LogId, until: Time, count: usize) -> Result<Vec<OldBlob>, StoreFault> {
        let all = layout::all_put(log);
        let mut old = Vec::new();
        for (key, len) in self.some(&all, &all, count)? {
            let (put, hash) = layout::parse_put(&key).ok_or(StoreFault::Damaged("a blob's time"))?;
            let len: [u8; 4] = len
                .try_into()
                .map_err(|_| StoreFault::Damaged("a blob's length"))?;
            let len = u32::from_be_bytes(len);
            if put <= until {
                old.push(OldBlob { put, hash, len });
            }
        }
        Ok(old)
    }

    fn totals(&self) -> Result<Totals, StoreFault> {
        let Some(bytes) = self.kv.get(layout::TOTALS)? else {
            return Ok(Totals::default());
        };
        match bytes.as_chunks::<8>() {
            ([logs, entries, erased, bytes], []) => Ok(Totals {
                logs: u64::from_be_bytes(*logs),
                entries: u64::from_be_bytes(*entries),
                erased: u64::from_be_bytes(*erased),
                bytes: u64::from_be_bytes(*bytes),
            }),
            _ => Err(StoreFault::Damaged("the totals")),
        }
    }

    fn high_water(&self) -> Result<Time, StoreFault> {
        match self.kv.get(layout::HIGH_WATER)? {
            None => Ok(Time(0)),
            Some(bytes) => {
                let bytes = bytes
                    .try_into()
                    .map_err(|_| StoreFault::Damaged("the high water"))?;
                Ok(Time(u64::from_be_bytes(bytes)))
            }
        }
    }

    fn commit(&self, changes: &[(LogId, LogChange)], now: Time) -> Result<(), StoreFault> {
        self.commit_with(changes, now, Vec::new())
    }
}

impl<K: Kv> KvStore<K> {
    /// [`LogStore::commit`] with writes of somebody who keeps more beside the logs.
    pub(super) fn commit_with(
        &self,
        changes: &[(LogId, LogChange)],
        now: Time,
        more: Vec<Write>,
    ) -> Result<(), StoreFault> {
        let now = now.max(self.high_water()?);
        let mut writes = vec![(layout::HIGH_WATER.to_vec(), Some(now.0.to_be_bytes().to_vec()))];
        let mut totals = self.totals()?;
        for (log, change) in changes {
            let before = self.row(*log)?;
            if before.as_ref().map(|row| row.frontier.size()) != change.expected {
                return Err(StoreFault::Conflict);
            }
            totals = totals.without(before.as_ref()).with(&change.row);
            self.change(&mut writes, *log, change, now)?;
        }
        writes.push((layout::TOTALS.to_vec(), Some(totals.to_bytes())));
        writes.extend(more);
        self.kv.write(writes)
    }

    fn change(
        &self,
        writes: &mut Vec<Write>,
        log: LogId,
        change: &LogChange,
        now: Time,
    ) -> Result<(), StoreFault> {
        writes.push((layout::row(log), Some(encode(&change.row))));
        if !change.roll.is_empty() {
            let bytes: Vec<u8> = change.roll.iter().flat_map(|key| **key).collect();
            write_chunked(writes, &layout::roll(log), &bytes);
        }
        for hash in &change.waiting {
            write_chunked(writes, &layout::waiting(log, hash.hash), &encode(hash));
            writes.push((layout::slot(hash.slot_end, log, hash.hash), Some(Vec::new())));
        }
        for hash in &change.sequenced {
            let base = layout::waiting(log, *hash);
            let stored = self.chunked(&base)?;
            let here = change
                .waiting
                .iter()
                .find(|waiting| waiting.hash == *hash)
                .map(encode);
            let Some(bytes) = stored.or(here) else {
                return Err(StoreFault::Damaged("a waiting entry"));
            };
            let waiting: Waiting =
                decode_canonical(&bytes).map_err(|_| StoreFault::Damaged("a waiting entry"))?;
            erase_chunked(writes, &base, bytes.len());
            writes.push((layout::slot(waiting.slot_end, log, *hash), None));
        }
        for placed in &change.placed {
            let time = placed.entry.time.0.to_be_bytes();
            write_chunked(
                writes,
                &layout::entry(log, placed.index),
                &[&time, placed.entry.bytes.as_slice()].concat(),
            );
            let position = [placed.index.to_be_bytes(), time].concat();
            writes.push((layout::position(log, placed.hash), Some(position)));
        }
        for (level, index, node) in &change.nodes {
            writes.push((layout::node(log, *level, *index), Some(node.as_bytes().to_vec())));
        }
        writes.extend(
            change
                .tags
                .iter()
                .map(|tag| (layout::tag(log, tag), Some(Vec::new()))),
        );
        for (hash, bytes) in &change.blobs {
            write_chunked(writes, &layout::blob(log, *hash), bytes);
            let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            writes.push((layout::put(log, now, *hash), Some(len.to_be_bytes().to_vec())));
        }
        let whole = |len: u32| usize::try_from(len).unwrap_or(usize::MAX);
        for (index, len) in &change.erased {
            // The time stands before it.
            erase_chunked(writes, &layout::entry(log, *index), whole(*len).saturating_add(8));
        }
        for OldBlob { put, hash, len } in &change.dropped {
            erase_chunked(writes, &layout::blob(log, *hash), whole(*len));
            writes.push((layout::put(log, *put, *hash), None));
        }
        Ok(())
    }
}
