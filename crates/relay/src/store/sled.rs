//! The default engine: sled 0.34.7, made durable.
//!
//! What is known of it, by reading and tracing: `flush` ends in `sync_file_range`, which is no fsync, so every write is
//! followed by `sync_all` on a handle of our own; its timed flush is off; after an error its handle stays poisoned,
//! so it is opened anew, and its threads give up its lock a moment late; it may panic where it does not expect an error,
//! so every call is caught; its `conf` is never synced and its
//! unfinished snapshots are believed, which `fresh.rs` mends; a disk is called full while there is still room for sled to finish what it is doing. Should a
//! write find the disk full all the same (a quota, a limit on file sizes, another program that was faster), it fails
//! whole, and what is read next is read from the store that was opened anew.

use super::StoreFault;
use super::kv::{Kv, KvStore, Pair, Write};
use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

const CACHE_BYTES: u64 = 64 * 1024 * 1024;
/// How often, and after what pause, a lock is tried that the engine's own threads still hold.
const OPEN_ATTEMPTS: u32 = 100;
const OPEN_PAUSE: Duration = Duration::from_millis(20);
/// So long after a write that found the disk full no other is tried: each failure costs a recovery.
const REST_WHEN_FULL: Duration = Duration::from_secs(1);
/// So long after a store was opened anew a failing read does not open it again.
const REST_WHEN_BROKEN: Duration = Duration::from_secs(1);

/// A log store on disk.
pub type SledStore = KvStore<SledKv>;

/// Makes what has been written to the engine's file durable. A seam, so that tests can count and fail it.
pub type Sync = Box<dyn Fn(&File) -> io::Result<()> + Send + std::marker::Sync>;

/// A sled database in a directory of its own.
pub struct SledKv {
    dir: PathBuf,
    reserve_bytes: u64,
    /// `None`: what is written may be lost with the process.
    sync: Option<Sync>,
    open: RwLock<Option<Open>>,
    /// Until when no write is tried.
    full_until: Mutex<Option<Instant>>,
}

struct Open {
    db: ::sled::Db,
    file: File,
    since: Instant,
}

impl SledStore {
    /// Opens or creates the database in `dir`; refuses writes when less than `reserve_bytes` are free.
    ///
    /// # Errors
    /// [`StoreFault::Broken`].
    pub fn open(dir: &Path, reserve_bytes: u64) -> Result<Self, StoreFault> {
        Self::open_with(dir, reserve_bytes, Box::new(File::sync_all))
    }

    /// [`SledStore::open`] with another way to sync.
    ///
    /// # Errors
    /// [`StoreFault::Broken`].
    pub fn open_with(dir: &Path, reserve_bytes: u64, sync: Sync) -> Result<Self, StoreFault> {
        Self::opened(dir, reserve_bytes, Some(sync))
    }

    /// [`SledStore::open`] of what can be made again: a commit may be lost with the process, and those after it too.
    pub(super) fn open_unsynced(dir: &Path, reserve_bytes: u64) -> Result<Self, StoreFault> {
        Self::opened(dir, reserve_bytes, None)
    }

    fn opened(dir: &Path, reserve_bytes: u64, sync: Option<Sync>) -> Result<Self, StoreFault> {
        super::fresh::ensure(dir, |beside| Open::new(beside).map(drop))?;
        let open = Open::new(dir)?;
        Ok(Self::over(SledKv {
            dir: dir.to_owned(),
            reserve_bytes,
            sync,
            open: RwLock::new(Some(open)),
            full_until: Mutex::default(),
        }))
    }
}

impl Open {
    fn new(dir: &Path) -> Result<Self, StoreFault> {
        super::fresh::remove_unfinished(dir)?;
        let config = ::sled::Config::new()
            .path(dir)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(None);
        let mut attempts = OPEN_ATTEMPTS;
        let db = loop {
            match caught(|| config.open()) {
                Err(StoreFault::Broken(reason))
                    if reason.contains("could not acquire lock") && attempts > 0 =>
                {
                    attempts = attempts.saturating_sub(1);
                    std::thread::sleep(OPEN_PAUSE);
                }
                result => break result?,
            }
        };
        let file = File::open(dir.join("db")).map_err(|error| of_disk(&error))?;
        // What an earlier process left in the page cache must be durable before anything is said about it, and so must
        // the names of the files.
        let synced = file.sync_all().and_then(|()| File::open(dir)?.sync_all());
        synced.map_err(|error| of_disk(&error))?;
        Ok(Self {
            db,
            file,
            since: Instant::now(),
        })
    }
}

impl SledKv {
    fn with<T>(&self, read: impl FnOnce(&Open) -> Result<T, StoreFault>) -> Result<T, StoreFault> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        read(
            open.as_ref()
                .ok_or_else(|| StoreFault::Broken("the store is closed".to_owned()))?,
        )
    }

    /// Reads; if the engine fails, for a write beside it may have broken it, once more from a store opened anew.
    fn read<T>(&self, read: impl Fn(&Open) -> Result<T, StoreFault>) -> Result<T, StoreFault> {
        let begun = Instant::now();
        match self.with(&read) {
            Err(StoreFault::Full | StoreFault::Broken(_)) => {
                self.reopen(|open| {
                    let rested = open.since.checked_add(REST_WHEN_BROKEN);
                    rested.is_none_or(|rested| rested > begun)
                })?;
                self.with(&read)
            }
            result => result,
        }
    }

    fn has_room(&self) -> Result<(), StoreFault> {
        let until = *self.full_until.lock().unwrap_or_else(PoisonError::into_inner);
        if until.is_some_and(|until| Instant::now() < until) {
            return Err(StoreFault::Full);
        }
        let stat = rustix::fs::statvfs(&self.dir).map_err(|error| StoreFault::Broken(error.to_string()))?;
        let free = stat.f_bavail.saturating_mul(stat.f_frsize);
        // A disk with errors is made read-only by the system: who only reads goes on.
        if stat.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY) || free < self.reserve_bytes {
            Err(StoreFault::Full)
        } else {
            Ok(())
        }
    }

    /// Closes the poisoned database and opens it again, from what is on the disk; not if `is_sound` says that somebody
    /// else has done so.
    fn reopen(&self, is_sound: impl Fn(&Open) -> bool) -> Result<(), StoreFault> {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        if open.as_ref().is_some_and(is_sound) {
            return Ok(());
        }
        let broken = open.take();
        // The engine writes once more when it is let go, and may meet a defect at that.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(broken)));
        self.forget_cached();
        *open = Some(Open::new(&self.dir)?);
        Ok(())
    }

    /// After a sync has failed, the system may show what it could not write, and call it written: have it read what is
    /// on the disk. What is still to be written stays, and is synced when the store is opened.
    fn forget_cached(&self) {
        let forgotten = File::open(self.dir.join("db"))
            .and_then(|file| Ok(rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?));
        if let Err(error) = forgotten {
            tracing::warn!(%error, "what the system remembers of the store could not be dropped");
        }
    }

    fn write_once(&self, writes: Vec<Write>) -> Result<(), StoreFault> {
        self.with(|open| {
            let mut batch = ::sled::Batch::default();
            for (key, value) in writes {
                match value {
                    Some(value) => batch.insert(key, value),
                    None => batch.remove(key),
                }
            }
            caught(|| open.db.apply_batch(batch))?;
            let Some(sync) = &self.sync else {
                return Ok(());
            };
            caught(|| open.db.flush())?;
            sync(&open.file).map_err(|error| of_disk(&error))
        })
    }
}

impl Kv for SledKv {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreFault> {
        self.read(|open| Ok(caught(|| open.db.get(key))?.map(|value| value.to_vec())))
    }

    fn scan(&self, prefix: &[u8]) -> Result<Vec<Pair>, StoreFault> {
        self.read(|open| {
            caught(|| {
                let found = open.db.scan_prefix(prefix);
                found
                    .map(|item| item.map(|(key, value)| (key.to_vec(), value.to_vec())))
                    .collect()
            })
        })
    }

    fn range(&self, from: &[u8], count: usize) -> Result<Vec<Pair>, StoreFault> {
        self.read(|open| {
            caught(|| {
                let found = open.db.range(from..).take(count);
                found
                    .map(|item| item.map(|(key, value)| (key.to_vec(), value.to_vec())))
                    .collect()
            })
        })
    }

    fn write(&self, writes: Vec<Write>) -> Result<(), StoreFault> {
        // A store that could not be opened again after a failure is tried again at the next write.
        if self.open.read().unwrap_or_else(PoisonError::into_inner).is_none() {
            self.reopen(|_| true)?;
        }
        self.has_room()?;
        self.write_once(writes).inspect_err(|fault| {
            tracing::error!(%fault, "a write failed; opening the store again");
            if matches!(fault, StoreFault::Full) {
                let until = Instant::now().checked_add(REST_WHEN_FULL);
                *self.full_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
            }
            if let Err(fault) = self.reopen(|_| false) {
                tracing::error!(%fault, "the store does not open");
            }
        })
    }
}

impl std::fmt::Debug for SledKv {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SledKv(..)")
    }
}

/// What the engine says; a panic of it counts as a failure.
fn caught<T>(call: impl FnOnce() -> ::sled::Result<T>) -> Result<T, StoreFault> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(::sled::Error::Io(error))) => Err(of_disk(&error)),
        Ok(Err(other)) => Err(StoreFault::Broken(other.to_string())),
        Err(_) => Err(StoreFault::Broken("the engine met a defect".to_owned())),
    }
}

impl From<io::Error> for StoreFault {
    fn from(error: io::Error) -> Self {
        of_disk(&error)
    }
}

fn of_disk(error: &io::Error) -> StoreFault {
    match error.kind() {
        io::ErrorKind::StorageFull
        | io::ErrorKind::QuotaExceeded
        | io::ErrorKind::FileTooLarge
        | io::ErrorKind::ReadOnlyFilesystem => StoreFault::Full,
        _ => StoreFault::Broken(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_takes_nothing_is_called_full_whatever_the_reason() {
        use rustix::io::Errno;
        for reason in [Errno::NOSPC, Errno::DQUOT, Errno::FBIG, Errno::ROFS] {
            assert_eq!(of_disk(&reason.into()), StoreFault::Full, "{reason}");
        }
        assert!(matches!(of_disk(&Errno::IO.into()), StoreFault::Broken(_)));
    }
}
