//! What an operator does to a store while no relay runs on it: check, compact, export, import.
//!
//! All of it streams, so that memory does not grow with the store; all of it can be stopped between two steps, and leaves
//! what was there whole wherever it is cut off.

mod check;
mod compact;
mod export;
mod import;

pub use check::{Finding, Findings, check};
pub use compact::{compact, sweep};
pub use export::export;
pub use import::{import, is_unfinished};

use crate::store::{Kv, KvStore, PAIRS_MAX, StoreFault, after};
use primitives::canonical::sha256;
use primitives::{Hash, Time};
use std::io;

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Keys are copied to another store or a file.
    Copying,
    /// The copy is compared.
    Comparing,
    /// Trees are derived again.
    Checking,
    /// The copy takes its place.
    Placing,
    /// What it replaces is removed.
    Removing,
}

impl Step {
    /// In a word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Copying => "copying",
            Self::Comparing => "comparing",
            Self::Checking => "checking",
            Self::Placing => "placing",
            Self::Removing => "removing",
        }
    }
}

/// Is told how far it is: step, done, of how many (0: unknown). Answers whether to go on.
pub type Progress<'a> = &'a mut dyn FnMut(Step, u64, u64) -> bool;

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpkeepError {
    /// Somebody stopped it.
    #[error("stopped; everything is as it was before")]
    Stopped,
    /// It cannot be begun like this.
    #[error("{0}")]
    Misuse(String),
    /// The store is damaged.
    #[error("the store is damaged ({} findings); `veche-relay check --verbose` says where", .0.count)]
    Damaged(Findings),
    /// The store has less than its mark says.
    #[error("the store has lost what it held: it is damaged, or an older copy; see `veche-relay recover`")]
    Less,
    /// What was written is not what was read.
    #[error("the copy is not what was copied; check the disk")]
    Differs,
    /// The file is not an export, or damaged.
    #[error("the file is not a whole export: {0}")]
    BadFile(&'static str),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// A file or directory.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// What stands for all that a store holds, in order: equal for equal stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chain {
    pub(crate) keys: u64,
    pub(crate) hash: Hash,
}

impl Chain {
    pub(crate) const fn new() -> Self {
        Self {
            keys: 0,
            hash: Hash::new([0; 32]),
        }
    }

    pub(crate) fn push(&mut self, key: &[u8], value: &[u8]) {
        let len = |bytes: &[u8]| u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes();
        let pair = [&len(key), key, &len(value), value].concat();
        self.keys = self.keys.saturating_add(1);
        self.hash = sha256(&[self.hash.as_bytes().as_slice(), &pair].concat());
    }
}

/// Goes on, or not.
pub(crate) fn go_on(progress: Progress<'_>, step: Step, done: u64, total: u64) -> Result<(), UpkeepError> {
    if progress(step, done, total) {
        Ok(())
    } else {
        Err(UpkeepError::Stopped)
    }
}

/// Hands over every key with its value, in order, some at a time.
pub(crate) fn walk<K: Kv>(
    store: &KvStore<K>,
    mut take: impl FnMut(Vec<(Vec<u8>, Vec<u8>)>) -> Result<(), UpkeepError>,
) -> Result<(), UpkeepError> {
    let mut from = Vec::new();
    loop {
        let found = store.kv().range(&from, PAIRS_MAX)?;
        let Some((last, _)) = found.last() else {
            return Ok(());
        };
        from = after(last);
        take(found)?;
    }
}

/// The chain over everything that a store holds.
pub(crate) fn chain<K: Kv>(
    store: &KvStore<K>,
    progress: Progress<'_>,
    total: u64,
) -> Result<Chain, UpkeepError> {
    let mut chain = Chain::new();
    walk(store, |pairs| {
        pairs.iter().for_each(|(key, value)| chain.push(key, value));
        go_on(progress, Step::Comparing, chain.keys, total)
    })?;
    Ok(chain)
}

/// A store that has what its mark says.
pub(crate) fn not_less(high_water: Time, mark: Time) -> Result<(), UpkeepError> {
    if high_water < mark {
        Err(UpkeepError::Less)
    } else {
        Ok(())
    }
}
