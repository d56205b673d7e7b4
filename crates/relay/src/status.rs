//! How the relay is, in a file that can be read while it runs.
//!
//! ```text
//! file "status" in the data directory: Status as JSON, written every ten seconds in which something may have changed,
//! and when the relay stops
//! ```
//! It says how much there is and nothing of whose it is. Nobody relies on it: it is not synced.

use crate::clock::Reading;
use crate::store::LogStore;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

const POST_EVERY_MS: u64 = 10_000;

/// How the relay was when it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// When, in milliseconds since 1970 by the relay's clock.
    pub written_ms: u64,
    /// Whether it had stopped as it should.
    pub stopped: bool,
    /// The time of the last commit.
    pub last_commit_ms: u64,
    /// Logs.
    pub logs: u64,
    /// Entries, with those that are gone.
    pub entries: u64,
    /// Entries whose bytes are not on the disk any more.
    pub entries_erased: u64,
    /// Bytes of entries and blobs; the files of the store have more.
    pub bytes: u64,
    /// Whether it waits for members to give back what it has lost.
    pub recovering: bool,
    /// Whether its clock has jumped, so that it stamps nothing.
    pub clock_stopped: bool,
}

impl Status {
    /// What a data directory says; `None` if no relay has written it yet.
    ///
    /// # Errors
    /// Whatever keeps it from being read; also if it makes no sense.
    pub fn load(data: &Path) -> io::Result<Option<Self>> {
        match fs::read(data.join("status")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            read => Ok(Some(serde_json::from_slice(&read?)?)),
        }
    }
}

/// Where the status is written.
#[derive(Debug)]
pub struct Board {
    file: PathBuf,
    posted_ms: Option<u64>,
    /// Whether something may have changed since.
    waits: bool,
    last: Option<Status>,
}

impl Board {
    /// The board of a data directory.
    #[must_use]
    pub fn new(data: &Path) -> Self {
        Self {
            file: data.join("status"),
            posted_ms: None,
            waits: false,
            last: None,
        }
    }

    pub(crate) fn post(
        &mut self,
        store: &dyn LogStore,
        recovering: bool,
        stamped: bool,
        now: Reading,
        stop: bool,
    ) {
        let rested = |posted: u64| now.uptime_ms.saturating_sub(posted) >= POST_EVERY_MS;
        if !stop && !self.posted_ms.is_none_or(rested) {
            self.waits = true;
            return;
        }
        self.waits = false;
        let (Ok(totals), Ok(high_water)) = (store.totals(), store.high_water()) else {
            return;
        };
        let status = Status {
            written_ms: now.wall.0,
            stopped: stop,
            last_commit_ms: high_water.0,
            logs: totals.logs,
            entries: totals.entries,
            entries_erased: totals.erased,
            bytes: totals.bytes,
            recovering,
            clock_stopped: !stamped,
        };
        self.posted_ms = Some(now.uptime_ms);
        let same = self.last.is_some_and(|last| {
            Status {
                written_ms: now.wall.0,
                ..last
            } == status
        });
        if same {
            return;
        }
        if let Err(error) = self.write(&status) {
            tracing::warn!(%error, "the status could not be written");
        }
        self.last = Some(status);
    }

    /// How long until it has something to write; `None`: nothing.
    pub(crate) fn until(&self, now: Reading) -> Option<Duration> {
        let posted_ms = self.posted_ms.filter(|_| self.waits)?;
        let due_ms = posted_ms.saturating_add(POST_EVERY_MS);
        Some(Duration::from_millis(due_ms.saturating_sub(now.uptime_ms)))
    }

    fn write(&self, status: &Status) -> io::Result<()> {
        let beside = self.file.with_extension("new");
        fs::write(&beside, serde_json::to_vec(status)?)?;
        fs::rename(beside, &self.file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryStore;
    use primitives::Time;

    const fn at(uptime_ms: u64) -> Reading {
        Reading {
            wall: Time(uptime_ms),
            uptime_ms,
        }
    }

    #[test]
    fn it_is_written_at_the_start_at_the_stop_and_now_and_then() {
        let data = tempfile::tempdir().unwrap();
        let (mut board, store) = (Board::new(data.path()), MemoryStore::default());
        assert_eq!(Status::load(data.path()).unwrap(), None);
        let written = || Status::load(data.path()).unwrap().unwrap();
        board.post(&store, false, true, at(1), false);
        assert_eq!((written().written_ms, board.until(at(1))), (1, None));
        board.post(&store, true, true, at(2), false);
        assert_eq!(written().written_ms, 1);
        assert_eq!(board.until(at(2)), Some(Duration::from_millis(POST_EVERY_MS - 1)));
        board.post(&store, true, false, at(1 + POST_EVERY_MS), false);
        assert!(written().recovering && written().clock_stopped);
        board.post(&store, true, false, at(1 + 2 * POST_EVERY_MS), false);
        assert_eq!(written().written_ms, 1 + POST_EVERY_MS, "nothing has changed");
        board.post(&store, true, false, at(2 + 2 * POST_EVERY_MS), true);
        assert!(written().stopped);
        fs::write(data.path().join("status"), b"{").unwrap();
        assert!(Status::load(data.path()).is_err());
    }
}
