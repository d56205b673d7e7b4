//! A store that says what it cost: a real vault on real files, or memory for those who are not measured.

use crate::Outcome;
use primitives::store::{MemoryStore, Op, Record, Value};
use primitives::{Batch, Purpose, Store, StoreError, Table};
use std::collections::HashMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;
use vault::{Params, Vault};

const PASSPHRASE: &[u8] = b"correct horse battery staple";

enum Below {
    Memory(MemoryStore),
    Vault(Box<Vault>),
}

/// What batches have cost.
#[derive(Clone, Copy, Default)]
pub(crate) struct Flushed {
    /// Until they were durable, on the wall.
    pub(crate) wall_s: f64,
    /// By processor.
    pub(crate) cpu_s: f64,
    /// Keys and values that were put.
    pub(crate) records: usize,
    /// What the process wrote to files meanwhile (Linux tells).
    pub(crate) written: usize,
}

/// A store.
pub(crate) struct Disk {
    below: Below,
    pub(crate) flushed: Flushed,
    pub(crate) ledger: Option<Ledger>,
}

impl Disk {
    pub(crate) fn memory() -> Self {
        Self::over(Below::Memory(MemoryStore::new()))
    }

    /// A new vault in `folder`, in which nothing else may be. Guessing its passphrase costs nothing.
    pub(crate) fn create(folder: &Path) -> Outcome<Self> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        let vault = Vault::create(folder, PASSPHRASE, Params::testing())?;
        Ok(Self::over(Below::Vault(Box::new(vault))))
    }

    pub(crate) fn open(folder: &Path) -> Outcome<Self> {
        let opened = Vault::open(folder, PASSPHRASE)?;
        Ok(Self::over(Below::Vault(Box::new(opened.vault))))
    }

    /// Compacts a vault, due or not.
    pub(crate) fn compact(&mut self) -> Outcome<()> {
        if let Below::Vault(vault) = &mut self.below {
            vault
                .compact(&mut |_| ControlFlow::Continue(()))?
                .ok_or("the vault was left as it is")?;
        }
        Ok(())
    }

    fn over(below: Below) -> Self {
        Self {
            below,
            flushed: Flushed::default(),
            ledger: None,
        }
    }
}

impl Store for Disk {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Value>, StoreError> {
        match &self.below {
            Below::Memory(store) => store.get(table, key),
            Below::Vault(vault) => vault.get(table, key),
        }
    }

    fn scan(
        &self,
        table: Table,
        prefix: &[u8],
        from: &[u8],
        limit: usize,
    ) -> Result<Vec<Record>, StoreError> {
        match &self.below {
            Below::Memory(store) => store.scan(table, prefix, from, limit),
            Below::Vault(vault) => vault.scan(table, prefix, from, limit),
        }
    }

    fn apply(&mut self, batch: Batch) -> Result<(), StoreError> {
        let vault = match &mut self.below {
            Below::Memory(store) => return store.apply(batch),
            Below::Vault(vault) => vault,
        };
        if let Some(ledger) = &mut self.ledger {
            ledger.take(&batch);
        }
        let put = batch.ops().iter().map(|op| match op {
            Op::Put { key, value, .. } => key.len().saturating_add(value.len()),
            Op::Delete { .. } | Op::Burn(_) => 0,
        });
        let records: usize = put.sum();
        let (before, clock) = (written(), Instant::now());
        let mut cpu = crate::clock::Clock::start();
        vault.apply(batch)?;
        let flushed = &mut self.flushed;
        flushed.cpu_s += cpu.lap().cpu_s;
        flushed.wall_s += clock.elapsed().as_secs_f64();
        flushed.records = flushed.records.saturating_add(records);
        flushed.written = flushed.written.saturating_add(written().saturating_sub(before));
        Ok(())
    }
}

/// What is alive in a store, in bytes of keys and values.
#[derive(Default)]
pub(crate) struct Ledger {
    records: HashMap<(Table, Vec<u8>), (usize, Purpose)>,
}

impl Ledger {
    fn take(&mut self, batch: &Batch) {
        for op in batch.ops() {
            if let Op::Burn(purpose) = op {
                self.records.retain(|_, (_, of)| of != purpose);
            }
        }
        for op in batch.ops() {
            match op {
                Op::Put {
                    table,
                    key,
                    value,
                    purpose,
                } => {
                    let len = key.len().saturating_add(value.len());
                    self.records.insert((*table, key.clone()), (len, purpose.clone()));
                }
                Op::Delete { table, key } => {
                    self.records.remove(&(*table, key.clone()));
                }
                Op::Burn(_) => {}
            }
        }
    }

    /// All of it in a new vault in `folder`: what a compaction would leave.
    pub(crate) fn copy(&self, from: &Disk, folder: &Path) -> Outcome<()> {
        /// Records of a batch.
        const BATCH: usize = 1_000;
        let mut to = Disk::create(folder)?;
        let mut records: Vec<_> = self.records.iter().collect();
        records.sort_by_key(|(at, _)| *at);
        for some in records.chunks(BATCH) {
            let mut batch = Batch::new();
            for ((table, key), (_, purpose)) in some {
                let value = from.get(*table, key)?.ok_or("a record is gone")?;
                batch.put_for(purpose.clone(), *table, key.clone(), value.to_vec());
            }
            to.apply(batch)?;
        }
        Ok(())
    }

    pub(crate) fn bytes(&self) -> usize {
        self.records.values().map(|(len, _)| len).sum()
    }

    /// By table, the largest first.
    pub(crate) fn tables(&self) -> Vec<(&'static str, usize, usize)> {
        let mut tables: HashMap<&'static str, (usize, usize)> = HashMap::new();
        for ((table, _), (len, _)) in &self.records {
            let (records, bytes) = tables.entry(table.0).or_default();
            *records = records.saturating_add(1);
            *bytes = bytes.saturating_add(*len);
        }
        let mut tables: Vec<_> = tables
            .into_iter()
            .map(|(name, (records, bytes))| (name, records, bytes))
            .collect();
        tables.sort_by_key(|(.., bytes)| core::cmp::Reverse(*bytes));
        tables
    }
}

/// Bytes that this process has handed to the system to write.
fn written() -> usize {
    let io = fs::read_to_string("/proc/self/io").unwrap_or_default();
    let line = io.lines().find_map(|line| line.strip_prefix("wchar: "));
    line.and_then(|bytes| bytes.trim().parse().ok())
        .unwrap_or_default()
}

/// Bytes of all files below `folder`.
pub(crate) fn size_of(folder: &Path) -> Outcome<u64> {
    let mut bytes: u64 = 0;
    for entry in fs::read_dir(folder)? {
        let (entry, size) = entry.and_then(|entry| Ok((entry.path(), entry.metadata()?)))?;
        let more = if size.is_dir() {
            size_of(&entry)?
        } else {
            size.len()
        };
        bytes = bytes.saturating_add(more);
    }
    Ok(bytes)
}

/// A copy of a vault that nobody has open, in the place of what is at `to`.
pub(crate) fn copy(from: &Path, to: &Path) -> Outcome<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.metadata()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
