//! The default engine: sled 0.34.7, made durable.
//!
//! What is known of it, by reading and tracing: `flush` ends in `sync_file_range`, which is no fsync, so every write is
//! followed by `sync_all` on a handle of our own; its timed flush is off; after an error its handle stays poisoned,
//! so it is opened anew; a disk is called full while there is still room for sled to finish what it is doing.

use super::StoreFault;
use super::kv::{Kv, KvStore, Pair, Write};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// A log store on disk.
pub type SledStore = KvStore<SledKv>;

/// Makes what has been written to the engine's file durable. A seam, so that tests can count and fail it.
pub type Sync = Box<dyn Fn(&File) -> io::Result<()> + Send + std::marker::Sync>;

/// A sled database in a directory of its own.
pub struct SledKv {
    dir: PathBuf,
    reserve_bytes: u64,
    sync: Sync,
    open: RwLock<Option<Open>>,
}

struct Open {
    db: ::sled::Db,
    file: File,
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
        let open = Open::new(dir)?;
        Ok(Self::over(SledKv {
            dir: dir.to_owned(),
            reserve_bytes,
            sync,
            open: RwLock::new(Some(open)),
        }))
    }
}

impl Open {
    fn new(dir: &Path) -> Result<Self, StoreFault> {
        let config = ::sled::Config::new()
            .path(dir)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(None);
        let db = config.open().map_err(broken)?;
        let file = File::open(dir.join("db")).map_err(|error| StoreFault::Broken(error.to_string()))?;
        // What an earlier process left in the page cache must be durable before anything is said about it, and so must
        // the names of the files.
        let synced = file.sync_all().and_then(|()| File::open(dir)?.sync_all());
        synced.map_err(|error| StoreFault::Broken(error.to_string()))?;
        Ok(Self { db, file })
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

    fn has_room(&self) -> Result<(), StoreFault> {
        let stat = rustix::fs::statvfs(&self.dir).map_err(|error| StoreFault::Broken(error.to_string()))?;
        let free = stat.f_bavail.saturating_mul(stat.f_frsize);
        if free < self.reserve_bytes {
            Err(StoreFault::Full)
        } else {
            Ok(())
        }
    }

    /// Closes the poisoned database and opens it again, from what is on the disk.
    fn reopen(&self) -> Result<(), StoreFault> {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        *open = None;
        *open = Some(Open::new(&self.dir)?);
        Ok(())
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
            open.db.apply_batch(batch).map_err(broken)?;
            open.db.flush().map_err(broken)?;
            (self.sync)(&open.file).map_err(|error| StoreFault::Broken(error.to_string()))
        })
    }
}

impl Kv for SledKv {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreFault> {
        self.with(|open| Ok(open.db.get(key).map_err(broken)?.map(|value| value.to_vec())))
    }

    fn scan(&self, prefix: &[u8]) -> Result<Vec<Pair>, StoreFault> {
        self.with(|open| {
            let found = open.db.scan_prefix(prefix);
            found
                .map(|item| {
                    item.map(|(key, value)| (key.to_vec(), value.to_vec()))
                        .map_err(broken)
                })
                .collect()
        })
    }

    fn write(&self, writes: Vec<Write>) -> Result<(), StoreFault> {
        // A store that could not be opened again after a failure is tried again at the next write.
        if self.open.read().unwrap_or_else(PoisonError::into_inner).is_none() {
            self.reopen()?;
        }
        self.has_room()?;
        self.write_once(writes).inspect_err(|fault| {
            tracing::error!(%fault, "a write failed; opening the store again");
            if let Err(fault) = self.reopen() {
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

fn broken(error: ::sled::Error) -> StoreFault {
    StoreFault::Broken(error.to_string())
}
