//! Compares what a store holds with what was said: everything answered is there once, at its place and with its time,
//! and no signed root is contradicted.

use crate::ledger::{Book, Ledger, Micros};
use primitives::canonical::sha256;
use primitives::{Hash, LogId};
use relay::store::{LogStore, Range};
use std::collections::BTreeMap;
use tlog::{Entry, Frontier, leaf_hash};

/// The entries of a log, the roots over every prefix of them, and where each is.
#[derive(Debug, Default)]
pub(crate) struct Held {
    pub(crate) entries: Vec<(Hash, primitives::Time)>,
    pub(crate) roots: Vec<Hash>,
    pub(crate) places: BTreeMap<Hash, u64>,
    frontier: Frontier,
}

impl Held {
    pub(crate) fn new() -> Self {
        let frontier = Frontier::new();
        Self {
            roots: vec![frontier.root()],
            frontier,
            ..Self::default()
        }
    }

    /// Takes the next entry, and tells `node` what it completes. An entry that is there twice is a fault.
    pub(crate) fn push(&mut self, entry: &Entry, node: impl FnMut(u8, u64, Hash)) -> Result<(), String> {
        let hash = sha256(&entry.bytes);
        let index = self.frontier.size();
        if let Some(first) = self.places.insert(hash, index) {
            return Err(format!("one entry at {first} and at {index}"));
        }
        self.frontier.push_with(leaf_hash(entry.time, &entry.bytes), node);
        self.roots.push(self.frontier.root());
        self.entries.push((hash, entry.time));
        Ok(())
    }

    pub(crate) fn root(&self, size: u64) -> Option<Hash> {
        self.roots.get(usize::try_from(size).unwrap()).copied()
    }

    /// What was said before `until`, against what is held. `waits` says which entries wait, and until when.
    pub(crate) fn keeps(
        &self,
        book: &Book,
        until: Micros,
        waits: impl Fn(Hash) -> Option<primitives::Time>,
    ) -> Result<(), String> {
        for (hash, _) in &self.entries {
            if !book.asked.contains_key(hash) {
                return Err("an entry that nobody sent".to_owned());
            }
        }
        for (size, (root, _)) in book.signed.iter().filter(|(_, (_, at))| *at < until) {
            match self.root(*size) {
                None => {
                    return Err(format!(
                        "a root over {size} entries was signed, {} are there",
                        self.entries.len()
                    ));
                }
                Some(held) if held != *root => return Err(format!("another root over {size} entries")),
                Some(_) => {}
            }
        }
        for (hash, said) in &book.said {
            let place = self.places.get(hash).copied();
            let time = place
                .and_then(|place| self.entries.get(usize::try_from(place).unwrap()))
                .map(|held| held.1);
            if let Some((index, at_time, _)) = said.placed.filter(|(_, _, at)| *at < until)
                && (place, time) != (Some(index), Some(at_time))
            {
                return Err(format!("an entry was placed at {index}, and is at {place:?}"));
            }
            if let Some((slot_end, _)) = said.waits.filter(|(_, at)| *at < until)
                && time.or_else(|| waits(*hash)) != Some(slot_end)
            {
                return Err(format!("a ballot was to wait until {slot_end:?} and is gone"));
            }
        }
        Ok(())
    }
}

/// Judges a store by everything that was said before `until`.
pub(crate) fn judge(store: &dyn LogStore, ledger: &Ledger, until: Micros) -> Result<(), String> {
    for (log, book) in ledger.books().iter() {
        judge_log(store, *log, book, until).map_err(|fault| format!("{fault} (log {log})"))?;
    }
    Ok(())
}

fn judge_log(store: &dyn LogStore, log: LogId, book: &Book, until: Micros) -> Result<(), String> {
    let broken = |fault: relay::store::StoreFault| fault.to_string();
    let Some(row) = store.row(log).map_err(broken)? else {
        return if book.created.is_some_and(|at| at < until) {
            Err("a log that was created is gone".to_owned())
        } else {
            Ok(())
        };
    };
    let mut held = Held::new();
    let mut nodes = Vec::new();
    let range = Range {
        from: 0,
        to: row.frontier.size(),
        bytes_max: usize::MAX,
    };
    for entry in store.entries(log, range).map_err(broken)? {
        held.push(&entry, |level, at, hash| nodes.push((level, at, hash)))?;
    }
    if held.root(row.frontier.size()) != Some(row.frontier.root()) {
        return Err("the row and the entries do not go together".to_owned());
    }
    for (level, at, hash) in nodes {
        if store.node(log, level, at).map_err(broken)? != hash {
            return Err(format!("node {at} of level {level} is another"));
        }
    }
    for (index, (hash, time)) in (0u64..).zip(&held.entries) {
        if store.position(log, *hash).map_err(broken)? != Some((index, *time)) {
            return Err(format!("entry {index} is not found by its hash"));
        }
    }
    held.keeps(book, until, |hash| store.waits_until(log, hash).ok().flatten())
}
