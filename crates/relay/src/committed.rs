//! What may be told: rows as of the last durable commit.
//!
//! An engine shows a batch to readers before it is durable. A checkpoint signed over such a row could be contradicted
//! after a crash, so nobody but the sequencer looks at rows in the store; everybody asks here.

use crate::store::{LogStore, Row, StoreFault};
use primitives::LogId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The rows as they are on the disk.
#[derive(Clone)]
pub struct Committed {
    store: Arc<dyn LogStore>,
    /// `None`: not there, though the store may show it already.
    rows: Arc<Mutex<HashMap<LogId, Option<Arc<Row>>>>>,
}

impl Committed {
    /// The rows of a store to which nothing is being written yet.
    #[must_use]
    pub fn new(store: Arc<dyn LogStore>) -> Self {
        Self {
            store,
            rows: Arc::default(),
        }
    }

    /// The row of a log, as of the last commit.
    ///
    /// # Errors
    /// [`StoreFault`].
    pub fn row(&self, log: LogId) -> Result<Option<Arc<Row>>, StoreFault> {
        let mut rows = self.lock();
        if let Some(row) = rows.get(&log) {
            return Ok(row.clone());
        }
        let row = self.store.row(log)?.map(Arc::new);
        // Absence is not remembered: anybody may ask for anything.
        if row.is_some() {
            rows.insert(log, row.clone());
        }
        Ok(row)
    }

    /// For the sequencer: the row, which from now on is what everybody sees until [`Committed::publish`].
    ///
    /// # Errors
    /// [`StoreFault`].
    pub fn pin(&self, log: LogId) -> Result<Option<Arc<Row>>, StoreFault> {
        let mut rows = self.lock();
        if let Some(row) = rows.get(&log) {
            return Ok(row.clone());
        }
        let row = self.store.row(log)?.map(Arc::new);
        rows.insert(log, row.clone());
        Ok(row)
    }

    /// For the sequencer: these rows are durable now.
    pub fn publish(&self, changed: impl IntoIterator<Item = (LogId, Row)>) {
        let mut rows = self.lock();
        for (log, row) in changed {
            rows.insert(log, Some(Arc::new(row)));
        }
    }

    /// For the sequencer: forget a log that was asked for and is not there.
    pub fn unpin_absent(&self, log: LogId) {
        let mut rows = self.lock();
        if rows.get(&log).is_some_and(Option::is_none) {
            rows.remove(&log);
        }
    }

    /// For the sequencer: another process has changed this log; it is read again.
    pub fn forget_one(&self, log: LogId) {
        self.lock().remove(&log);
    }

    /// For the sequencer, after a failure: read everything again from what the store has after reopening.
    pub fn forget(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<LogId, Option<Arc<Row>>>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Committed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Committed(..)")
    }
}
