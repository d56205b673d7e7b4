//! What may be told: rows as of the last durable commit.
//!
//! An engine shows a batch to readers before it is durable. A checkpoint signed over such a row could be contradicted
//! after a crash, so nobody but the sequencer looks at rows in the store; everybody asks here.
//!
//! Rows that are part of a batch are pinned: until it is committed, everybody sees them as they were. Of the others a
//! limited number is remembered, so that a log that nobody asks for costs no memory.

use crate::metrics::Metrics;
use crate::store::{LogStore, Row, StoreFault};
use primitives::LogId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Rows that are remembered, besides those pinned; one takes some 700 bytes.
const ROWS_MAX: usize = 8_192;

/// The rows as they are on the disk.
#[derive(Clone)]
pub struct Committed {
    store: Arc<dyn LogStore>,
    rows: Arc<Mutex<Rows>>,
    metrics: Arc<Metrics>,
}

#[derive(Default)]
struct Rows {
    /// `None`: not there, though the store may show it already.
    pinned: HashMap<LogId, Option<Arc<Row>>>,
    /// Asked for lately. When it is full it becomes the old one, and what was not asked for since is forgotten.
    young: HashMap<LogId, Arc<Row>>,
    old: HashMap<LogId, Arc<Row>>,
    /// Logs in doubt, and whether they are broken.
    doubted: HashMap<LogId, bool>,
}

impl Rows {
    /// What is remembered of a log.
    fn get(&mut self, log: LogId) -> Option<Option<Arc<Row>>> {
        if let Some(row) = self.pinned.get(&log) {
            return Some(row.clone());
        }
        if let Some(row) = self.young.get(&log) {
            return Some(Some(Arc::clone(row)));
        }
        let row = self.old.remove(&log)?;
        self.keep(log, Arc::clone(&row));
        Some(Some(row))
    }

    fn keep(&mut self, log: LogId, row: Arc<Row>) {
        match &row.doubt {
            Some(doubt) => self.doubted.insert(log, doubt.broken),
            None => self.doubted.remove(&log),
        };
        self.old.remove(&log);
        self.young.insert(log, row);
        if self.young.len() >= ROWS_MAX / 2 {
            self.old = std::mem::take(&mut self.young);
        }
    }
}

impl Committed {
    /// The rows of a store to which nothing is being written yet.
    #[must_use]
    pub fn new(store: Arc<dyn LogStore>) -> Self {
        Self {
            store,
            rows: Arc::default(),
            metrics: Arc::default(),
        }
    }

    /// The same, with what counts commits.
    #[must_use]
    pub fn counted_by(mut self, metrics: Arc<Metrics>) -> Self {
        self.metrics = metrics;
        self
    }

    /// What counts commits.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// How many logs are behind and how many broken, of those that were asked for.
    #[must_use]
    pub fn doubted(&self) -> (usize, usize) {
        let rows = self.lock();
        let broken = rows.doubted.values().filter(|broken| **broken).count();
        (rows.doubted.len().saturating_sub(broken), broken)
    }

    /// The row of a log, as of the last commit.
    ///
    /// # Errors
    /// [`StoreFault`].
    pub fn row(&self, log: LogId) -> Result<Option<Arc<Row>>, StoreFault> {
        let mut rows = self.lock();
        if let Some(row) = rows.get(log) {
            return Ok(row);
        }
        let row = self.store.row(log)?.map(Arc::new);
        // Absence is not remembered: anybody may ask for anything.
        if let Some(row) = &row {
            rows.keep(log, Arc::clone(row));
        }
        Ok(row)
    }

    /// Whether the row can be had without the store.
    #[must_use]
    pub fn remembers(&self, log: LogId) -> bool {
        self.lock().get(log).is_some_and(|row| row.is_some())
    }

    /// For the sequencer: the row, which from now on is what everybody sees until [`Committed::publish`].
    ///
    /// # Errors
    /// [`StoreFault`].
    pub fn pin(&self, log: LogId) -> Result<Option<Arc<Row>>, StoreFault> {
        let mut rows = self.lock();
        let row = match rows.get(log) {
            Some(row) => row,
            None => self.store.row(log)?.map(Arc::new),
        };
        rows.pinned.insert(log, row.clone());
        Ok(row)
    }

    /// For the sequencer: the batch is durable, and these rows have changed; nothing is pinned any more.
    pub fn publish(&self, changed: impl IntoIterator<Item = (LogId, Row)>) {
        let mut rows = self.lock();
        let mut pinned = std::mem::take(&mut rows.pinned);
        for (log, row) in changed {
            pinned.insert(log, Some(Arc::new(row)));
        }
        for (log, row) in pinned {
            if let Some(row) = row {
                rows.keep(log, row);
            }
        }
    }

    /// For the sequencer: another process has changed this log; it is read again.
    pub fn forget_one(&self, log: LogId) {
        let mut rows = self.lock();
        rows.young.remove(&log);
        rows.old.remove(&log);
    }

    /// For the sequencer, after a failure: read everything again from what the store has after reopening.
    pub fn forget(&self) {
        *self.lock() = Rows::default();
    }

    fn lock(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Committed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Committed(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{LogChange, MemoryStore};
    use primitives::{Secret, Time, labels};
    use tlog::{LogKeys, LogKind};

    fn row(number: usize) -> (LogId, Row) {
        let keys = LogKeys::derive(
            &Secret::take(&mut [1; 32]),
            labels::JOURNAL_LOG,
            &number.to_be_bytes(),
        );
        let record = keys.record(LogKind::Record);
        (record.id(), Row::new(record))
    }

    #[test]
    fn a_pinned_row_stays_as_it_was_however_many_others_are_asked_for() {
        let store = Arc::new(MemoryStore::default());
        let rows: Vec<_> = (0..=ROWS_MAX).map(row).collect();
        let made: Vec<_> = rows
            .iter()
            .map(|(log, row)| (*log, LogChange::new(None, row.clone())))
            .collect();
        store.commit(&made, Time(1)).unwrap();
        let committed = Committed::new(store.clone());
        let ((log, before), (absent, new)) = (rows[0].clone(), row(ROWS_MAX + 1));
        committed.pin(log).unwrap();
        committed.pin(absent).unwrap();
        let mut after = before.clone();
        after.closed = true;
        let changes = [
            (log, LogChange::new(Some(0), after.clone())),
            (absent, LogChange::new(None, new.clone())),
        ];
        // The engine shows it already.
        store.commit(&changes, Time(2)).unwrap();
        for (other, _) in &rows {
            assert!(committed.row(*other).unwrap().is_some());
        }
        assert_eq!(*committed.row(log).unwrap().unwrap(), before);
        assert_eq!(committed.row(absent).unwrap(), None);
        committed.publish([(log, after.clone()), (absent, new.clone())]);
        assert_eq!(*committed.row(log).unwrap().unwrap(), after);
        assert_eq!(*committed.row(absent).unwrap().unwrap(), new);
    }

    #[test]
    fn a_limited_number_of_rows_is_remembered() {
        let store = Arc::new(MemoryStore::default());
        let rows: Vec<_> = (0..ROWS_MAX + 1).map(row).collect();
        let made: Vec<_> = rows
            .iter()
            .map(|(log, row)| (*log, LogChange::new(None, row.clone())))
            .collect();
        store.commit(&made, Time(1)).unwrap();
        let committed = Committed::new(store);
        for (log, _) in &rows {
            committed.row(*log).unwrap();
        }
        let remembered = rows.iter().filter(|(log, _)| committed.remembers(*log)).count();
        assert!((1..=ROWS_MAX).contains(&remembered), "{remembered}");
    }
}
