//! What a store of keys and values holds, key by key: for those who check or copy it.

use super::kv::{Kv, KvStore};
use super::layout::{self, CHUNK_BYTES};
use super::{Row, StoreFault, Waiting};
use primitives::{Hash, LogId, Time, decode_canonical};

/// Pairs read at once: at most some 2 MiB.
pub const PAIRS_MAX: usize = 512;

/// How many keys a log has, table by table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Census {
    /// Of entries; long ones have several.
    pub entries: u64,
    /// Of places by hash.
    pub places: u64,
    /// Of nodes.
    pub nodes: u64,
    /// Of link tags.
    pub tags: u64,
    /// Of what waits.
    pub waiting: u64,
    /// Of blobs.
    pub blobs: u64,
    /// Of the times at which blobs were put.
    pub put: u64,
    /// Of the roll.
    pub roll: u64,
}

impl Census {
    /// All of them, and the row.
    #[must_use]
    pub fn all(&self) -> u64 {
        let tables = [
            self.entries,
            self.places,
            self.nodes,
            self.tags,
            self.waiting,
            self.blobs,
            self.put,
            self.roll,
        ];
        tables.into_iter().fold(1, u64::saturating_add)
    }
}

/// A row as it was found; `None` if it makes no sense.
pub type FoundRow = (LogId, Option<Row>);

/// How many keys a value of so many bytes takes.
#[must_use]
pub fn pieces(len: usize) -> u64 {
    u64::try_from(len.div_ceil(CHUNK_BYTES).max(1)).unwrap_or(u64::MAX)
}

/// The key after `key`.
#[must_use]
pub fn after(key: &[u8]) -> Vec<u8> {
    [key, &[0]].concat()
}

impl<K: Kv> KvStore<K> {
    /// Rows after `after`, also such as make no sense.
    ///
    /// # Errors
    /// [`StoreFault`].
    pub fn found_rows(&self, last: Option<LogId>) -> Result<Vec<FoundRow>, StoreFault> {
        let from = last.map_or_else(|| layout::ROWS.to_vec(), |log| after(&layout::row(log)));
        let mut found = self.kv().range(&from, PAIRS_MAX)?;
        found.retain(|(key, _)| key.starts_with(layout::ROWS));
        found
            .into_iter()
            .map(|(key, row)| {
                let log = layout::parse_row(&key).ok_or(StoreFault::Damaged("a row's key"))?;
                Ok((log, decode_canonical(&row).ok()))
            })
            .collect()
    }

    /// How many keys a log has.
    ///
    /// # Errors
    /// [`StoreFault`].
    pub fn census(&self, log: LogId) -> Result<Census, StoreFault> {
        let count = |table: u8| self.count(&[&[table], log.as_bytes().as_slice()].concat());
        Ok(Census {
            entries: count(b'E')?,
            places: count(b'H')?,
            nodes: count(b'N')?,
            tags: count(b'T')?,
            waiting: count(b'W')?,
            blobs: count(b'B')?,
            put: count(b'X')?,
            roll: count(b'R')?,
        })
    }

    /// How many keys begin with `prefix`; one that nothing follows counts all.
    ///
    /// # Errors
    /// [`StoreFault`].
    pub fn count(&self, prefix: &[u8]) -> Result<u64, StoreFault> {
        let (mut from, mut count) = (prefix.to_vec(), 0u64);
        loop {
            let found = self.kv().range(&from, PAIRS_MAX)?;
            let of_prefix = found
                .iter()
                .take_while(|(key, _)| key.starts_with(prefix))
                .count();
            count = count.saturating_add(u64::try_from(of_prefix).unwrap_or(u64::MAX));
            match found.last() {
                Some((last, _)) if of_prefix == PAIRS_MAX => from = after(last),
                _ => return Ok(count),
            }
        }
    }

    /// How many slots something waits for, counted by what waits.
    ///
    /// # Errors
    /// [`StoreFault`].
    pub fn slot_keys(&self) -> Result<u64, StoreFault> {
        self.count(layout::SLOTS)
    }

    /// Whether what waits stands in its slot.
    ///
    /// # Errors
    /// [`StoreFault`].
    pub fn has_slot(&self, log: LogId, waiting: &Waiting) -> Result<bool, StoreFault> {
        let slot = layout::slot(waiting.slot_end, log, waiting.hash);
        Ok(self.kv().get(&slot)?.is_some())
    }

    /// Places of entries of a log after the key `last`: key, index, time, of a few.
    ///
    /// # Errors
    /// [`StoreFault`], also if one makes no sense.
    pub fn places(&self, log: LogId, last: Option<&[u8]>) -> Result<Vec<(Vec<u8>, u64, Time)>, StoreFault> {
        let all = layout::places(log);
        let from = last.map_or_else(|| all.clone(), after);
        let mut found = self.kv().range(&from, PAIRS_MAX)?;
        found.retain(|(key, _)| key.starts_with(&all));
        found
            .into_iter()
            .map(|(key, value)| match value.as_chunks::<8>() {
                ([index, time], []) => {
                    let time = Time(u64::from_be_bytes(*time));
                    Ok((key, u64::from_be_bytes(*index), time))
                }
                _ => Err(StoreFault::Damaged("a position")),
            })
            .collect()
    }

    /// Blobs beside a log after `last`, the names of a few.
    ///
    /// # Errors
    /// [`StoreFault`].
    pub fn blob_names(&self, log: LogId, last: Option<Hash>) -> Result<Vec<Hash>, StoreFault> {
        let all = layout::blob_names(log);
        let from = last.map_or_else(
            || all.clone(),
            |last| layout::chunk(&layout::blob(log, last), u32::MAX),
        );
        let mut names: Vec<Hash> = Vec::new();
        for (key, _) in self.kv().range(&from, PAIRS_MAX)? {
            let name = key
                .strip_prefix(all.as_slice())
                .and_then(|rest| rest.first_chunk());
            let Some(name) = name.map(|name: &[u8; 32]| Hash::new(*name)) else {
                break;
            };
            if names.last() != Some(&name) {
                names.push(name);
            }
        }
        Ok(names)
    }
}
