//! The store port: what a member's machine needs of a disk.
//!
//! A store keeps records in tables. It changes only by [`Store::apply`], which writes one [`Batch`] atomically
//! and durably: after it returns, all of it survives a power cut; if it fails, none of it happened. Sensitive
//! records are written under a [`Purpose`]; burning a purpose destroys its key, so that nothing ever written under it
//! can be opened again, whatever remains on the disk.

use std::collections::{BTreeMap, BTreeSet};
use zeroize::Zeroizing;

/// A record's content; wiped when dropped, for it may be secret.
pub type Value = Zeroizing<Vec<u8>>;

/// A named table of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Table(pub &'static str);

/// What a record is for: the unit of burning.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Purpose(Vec<u8>);

impl Purpose {
    /// The purpose of everything that is never burnt on its own.
    pub const ORDINARY: Self = Self(Vec::new());

    /// A burnable purpose. `name` is 1 to 64 bytes and unique for what is burnt together.
    #[must_use]
    pub fn burnable(name: impl Into<Vec<u8>>) -> Self {
        Self(name.into())
    }

    /// The purpose's name; empty for [`Purpose::ORDINARY`].
    #[must_use]
    pub fn name(&self) -> &[u8] {
        &self.0
    }
}

/// One change of a batch.
#[derive(Debug)]
pub enum Op {
    /// Writes a record, replacing what was there under any purpose.
    Put {
        /// Where.
        table: Table,
        /// Under which key, 1 to 256 bytes.
        key: Vec<u8>,
        /// What.
        value: Value,
        /// Under which purpose.
        purpose: Purpose,
    },
    /// Removes a record if it is there.
    Delete {
        /// Where.
        table: Table,
        /// Which.
        key: Vec<u8>,
    },
    /// Destroys a purpose's key and with it every record under it that this batch does not write.
    Burn(Purpose),
}

/// Changes that happen together or not at all.
///
/// Burns come first in effect, whatever their place: a record put in the same batch under a burnt purpose is kept,
/// under that purpose's fresh key.
#[derive(Debug, Default)]
pub struct Batch {
    ops: Vec<Op>,
}

impl Batch {
    /// An empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a write of an ordinary record.
    pub fn put(&mut self, table: Table, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.put_for(Purpose::ORDINARY, table, key, value);
    }

    /// Adds a write of a record that can be burnt.
    pub fn put_for(
        &mut self,
        purpose: Purpose,
        table: Table,
        key: impl Into<Vec<u8>>,
        value: impl Into<Vec<u8>>,
    ) {
        self.ops.push(Op::Put {
            table,
            key: key.into(),
            value: Zeroizing::new(value.into()),
            purpose,
        });
    }

    /// Adds a removal.
    pub fn delete(&mut self, table: Table, key: impl Into<Vec<u8>>) {
        self.ops.push(Op::Delete {
            table,
            key: key.into(),
        });
    }

    /// Adds the burning of a purpose.
    pub fn burn(&mut self, purpose: Purpose) {
        self.ops.push(Op::Burn(purpose));
    }

    /// Whether nothing would change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    /// The changes in order.
    #[must_use]
    pub fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// Gives the changes up.
    #[must_use]
    pub fn into_ops(self) -> Vec<Op> {
        self.ops
    }
}

/// Why a store could not answer. "Failed to load" is never "absent": absence is `Ok(None)`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A record is there and cannot be opened or is damaged.
    #[error("a record of table '{table}' is damaged")]
    Damaged {
        /// The table.
        table: &'static str,
    },
    /// The environment failed (disk full, input/output error).
    #[error("the store could not be read or written: {0}")]
    Environment(String),
    /// A caller's misuse: a key or value beyond the limits.
    #[error("a record beyond the store's limits: {0}")]
    Misuse(&'static str),
}

/// A record with its key, as a scan returns it.
pub type Record = (Vec<u8>, Value);

/// A durable map of records; see the module's text.
pub trait Store {
    /// The record under `key`, `None` if there is none.
    ///
    /// # Errors
    /// [`StoreError`].
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Value>, StoreError>;

    /// Records of `table` whose keys start with `prefix` and are at least `from`, ascending, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    fn scan(&self, table: Table, prefix: &[u8], from: &[u8], limit: usize)
    -> Result<Vec<Record>, StoreError>;

    /// Applies `batch`: all of it, durably, or none of it.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing has changed.
    fn apply(&mut self, batch: Batch) -> Result<(), StoreError>;
}

/// A record as it will be, with its purpose.
type Change = (Value, Purpose);

/// Reads through to a store, collects writes: the inside of one step.
#[derive(Debug)]
pub struct Overlay<'a, S: Store + ?Sized> {
    below: &'a S,
    changed: BTreeMap<(Table, Vec<u8>), Option<Change>>,
    burnt: BTreeSet<Purpose>,
}

impl<'a, S: Store + ?Sized> Overlay<'a, S> {
    /// An overlay without changes.
    #[must_use]
    pub fn new(below: &'a S) -> Self {
        Self {
            below,
            changed: BTreeMap::new(),
            burnt: BTreeSet::new(),
        }
    }

    /// The record as this step sees it. A record under a purpose burnt in this step is still read from below:
    /// burning takes effect when the batch is applied.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn get(&self, table: Table, key: &[u8]) -> Result<Option<Value>, StoreError> {
        match self.changed.get(&(table, key.to_vec())) {
            Some(change) => Ok(change.as_ref().map(|(value, _)| value.clone())),
            None => self.below.get(table, key),
        }
    }

    /// As [`Store::scan`], with this step's changes in it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn scan(
        &self,
        table: Table,
        prefix: &[u8],
        from: &[u8],
        limit: usize,
    ) -> Result<Vec<Record>, StoreError> {
        let start = from.max(prefix);
        let changed_in_table = || {
            self.changed
                .range((table, start.to_vec())..)
                .take_while(|((t, key), _)| *t == table && key.starts_with(prefix))
        };
        let hidden = changed_in_table().count();
        let below = self
            .below
            .scan(table, prefix, from, limit.saturating_add(hidden))?;
        let mut merged: BTreeMap<Vec<u8>, Value> = below.into_iter().collect();
        for ((_, key), change) in changed_in_table() {
            match change {
                Some((value, _)) => merged.insert(key.clone(), value.clone()),
                None => merged.remove(key),
            };
        }
        Ok(merged.into_iter().take(limit).collect())
    }

    /// Writes an ordinary record.
    pub fn put(&mut self, table: Table, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.put_for(Purpose::ORDINARY, table, key, value);
    }

    /// Writes a record that can be burnt.
    pub fn put_for(
        &mut self,
        purpose: Purpose,
        table: Table,
        key: impl Into<Vec<u8>>,
        value: impl Into<Vec<u8>>,
    ) {
        self.changed
            .insert((table, key.into()), Some((Zeroizing::new(value.into()), purpose)));
    }

    /// Removes a record.
    pub fn delete(&mut self, table: Table, key: impl Into<Vec<u8>>) {
        self.changed.insert((table, key.into()), None);
    }

    /// Burns a purpose when the batch is applied.
    pub fn burn(&mut self, purpose: Purpose) {
        self.burnt.insert(purpose);
    }

    /// The step's changes as one batch.
    #[must_use]
    pub fn into_batch(self) -> Batch {
        let mut batch = Batch::new();
        for purpose in self.burnt {
            batch.burn(purpose);
        }
        for ((table, key), change) in self.changed {
            match change {
                Some((value, purpose)) => batch.ops.push(Op::Put {
                    table,
                    key,
                    value,
                    purpose,
                }),
                None => batch.delete(table, key),
            }
        }
        batch
    }
}

/// A store in memory, for tests and simulation. It can be told to fail at a write, before or after it took effect.
#[derive(Debug, Default, Clone)]
pub struct MemoryStore {
    records: BTreeMap<(Table, Vec<u8>), (Value, Purpose)>,
    writes: u64,
    crash_at: Option<(u64, Crash)>,
    hoard: Option<Vec<(Purpose, Value)>>,
}

/// When a [`MemoryStore`] told to crash does so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    /// The batch is lost and the caller sees an error: a cut before the write was durable.
    BeforeWrite,
    /// The batch is kept and the caller sees an error: a cut after it, before anybody was told.
    AfterWrite,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Crashes once, at the `k`-th write from now (0 is the next one).
    pub fn crash_at(&mut self, k: u64, how: Crash) {
        self.crash_at = Some((self.writes.saturating_add(k), how));
    }

    /// From now on keeps, as disks do, every value that was ever written; see [`MemoryStore::openable`].
    pub fn hoard(&mut self) {
        let there = self.records.values();
        self.hoard = Some(
            there
                .map(|(value, purpose)| (purpose.clone(), value.clone()))
                .collect(),
        );
    }

    /// What somebody opens who has all old blocks and all keys that there are: the values written since
    /// [`MemoryStore::hoard`], deleted and replaced ones among them, whose purpose has not been burnt after they were written.
    pub fn openable(&self) -> impl Iterator<Item = (&Purpose, &Value)> {
        let values = self.hoard.iter().flatten();
        values.map(|(purpose, value)| (purpose, value))
    }

    /// Everything that is there: table, key, value and what it may be burnt by.
    pub fn records(&self) -> impl Iterator<Item = (Table, &[u8], &Value, &Purpose)> {
        let records = self.records.iter();
        records.map(|((table, key), (value, purpose))| (*table, key.as_slice(), value, purpose))
    }

    /// Takes a crash that has not happened back.
    pub fn no_crash(&mut self) {
        self.crash_at = None;
    }

    /// How many batches have been applied.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.writes
    }

    fn write(&mut self, batch: Batch) {
        for op in batch.ops() {
            if let Op::Burn(burnt) = op {
                self.records.retain(|_, (_, purpose)| purpose != burnt);
                if let Some(hoard) = &mut self.hoard {
                    hoard.retain(|(purpose, _)| purpose != burnt);
                }
            }
        }
        for op in batch.into_ops() {
            match op {
                Op::Put {
                    table,
                    key,
                    value,
                    purpose,
                } => {
                    if let Some(hoard) = &mut self.hoard {
                        hoard.push((purpose.clone(), value.clone()));
                    }
                    self.records.insert((table, key), (value, purpose));
                }
                Op::Delete { table, key } => {
                    self.records.remove(&(table, key));
                }
                Op::Burn(_) => {}
            }
        }
    }
}

impl Store for MemoryStore {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Value>, StoreError> {
        Ok(self
            .records
            .get(&(table, key.to_vec()))
            .map(|(value, _)| value.clone()))
    }

    fn scan(
        &self,
        table: Table,
        prefix: &[u8],
        from: &[u8],
        limit: usize,
    ) -> Result<Vec<Record>, StoreError> {
        let start = from.max(prefix);
        Ok(self
            .records
            .range((table, start.to_vec())..)
            .take_while(|((t, key), _)| *t == table && key.starts_with(prefix))
            .take(limit)
            .map(|((_, key), (value, _))| (key.clone(), value.clone()))
            .collect())
    }

    fn apply(&mut self, batch: Batch) -> Result<(), StoreError> {
        let crash = self
            .crash_at
            .filter(|(at, _)| *at == self.writes)
            .map(|(_, how)| how);
        self.writes = self.writes.saturating_add(1);
        if crash != Some(Crash::BeforeWrite) {
            self.write(batch);
        }
        match crash {
            None => Ok(()),
            Some(_) => {
                self.crash_at = None;
                Err(StoreError::Environment("crash by request".into()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TABLE: Table = Table("sample");

    #[test]
    fn a_burn_destroys_what_the_batch_does_not_write() {
        let mut store = MemoryStore::new();
        let purpose = Purpose::burnable("vote");
        let mut batch = Batch::new();
        batch.put_for(purpose.clone(), TABLE, *b"old", *b"1");
        batch.put(TABLE, *b"other", *b"2");
        store.apply(batch).unwrap();
        let mut batch = Batch::new();
        batch.put_for(purpose.clone(), TABLE, *b"new", *b"3");
        batch.burn(purpose);
        store.apply(batch).unwrap();
        let keys: Vec<_> = store
            .scan(TABLE, b"", b"", 9)
            .unwrap()
            .into_iter()
            .map(|(key, _)| key)
            .collect();
        assert_eq!(keys, [b"new".to_vec(), b"other".to_vec()]);
    }

    #[test]
    fn a_hoard_opens_what_was_replaced_and_not_what_was_burnt() {
        let mut store = MemoryStore::new();
        let purpose = Purpose::burnable("words");
        let write = |store: &mut MemoryStore, value: &[u8], burn: bool| {
            let mut batch = Batch::new();
            batch.put_for(purpose.clone(), TABLE, *b"k", value);
            if burn {
                batch.burn(purpose.clone());
            }
            store.apply(batch).unwrap();
        };
        write(&mut store, b"1", false);
        store.hoard();
        write(&mut store, b"2", false);
        let open = |store: &MemoryStore| {
            store
                .openable()
                .map(|(_, value)| value.to_vec())
                .collect::<Vec<_>>()
        };
        assert_eq!(open(&store), [b"1", b"2"]);
        write(&mut store, b"3", true);
        assert_eq!(open(&store), [b"3"]);
    }

    #[test]
    fn a_crash_before_the_write_loses_the_batch_and_one_after_it_keeps_it() {
        for (how, kept) in [(Crash::BeforeWrite, false), (Crash::AfterWrite, true)] {
            let mut store = MemoryStore::new();
            store.crash_at(0, how);
            let mut batch = Batch::new();
            batch.put(TABLE, *b"k", *b"v");
            assert!(store.apply(batch).is_err());
            assert_eq!(store.get(TABLE, b"k").unwrap().is_some(), kept);
        }
    }

    proptest! {
        #[test]
        fn an_overlay_reads_as_the_store_will_after_its_batch(
            below in proptest::collection::btree_map(any::<[u8; 1]>(), any::<u8>(), 0..20),
            steps in proptest::collection::vec((any::<[u8; 1]>(), any::<Option<u8>>()), 0..20),
            limit in 0usize..30,
            from: [u8; 1],
        ) {
            let mut store = MemoryStore::new();
            let mut batch = Batch::new();
            below.iter().for_each(|(key, value)| batch.put(TABLE, *key, [*value]));
            store.apply(batch).unwrap();
            let mut overlay = Overlay::new(&store);
            for (key, value) in steps {
                match value {
                    Some(value) => overlay.put(TABLE, key, [value]),
                    None => overlay.delete(TABLE, key),
                }
            }
            let seen = overlay.scan(TABLE, b"", &from, limit).unwrap();
            let batch = overlay.into_batch();
            store.apply(batch).unwrap();
            prop_assert_eq!(seen, store.scan(TABLE, b"", &from, limit).unwrap());
        }
    }
}
