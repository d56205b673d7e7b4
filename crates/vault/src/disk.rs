//! sled, held at arm's length.
//!
//! What is known of sled 0.34.7 and done about it (docs/spec/vault.md, Below): its `flush()` ends in
//! `sync_file_range`, so a handle of our own on its `db` file is synced after it; its timed flush is off; values of
//! 4 KiB keep its leaves far below the size at which it writes files that it never syncs; it may panic on bytes that
//! it does not expect, so every call is caught; after an error it stays poisoned, so the vault wants to be reopened.

use crate::chunk::Name;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Duration;

const CACHE_BYTES: u64 = 16 << 20;
const OPEN_ATTEMPTS: u32 = 100;
const OPEN_PAUSE: Duration = Duration::from_millis(20);

/// Why sled did not do as it was told.
#[derive(Debug)]
pub(crate) enum DiskError {
    /// Its files are damaged.
    Damaged,
    /// Input/output error.
    Environment(String),
}

/// The open store below the vault.
pub(crate) struct Disk {
    chunks: sled::Db,
    file: File,
}

impl Disk {
    /// Opens or creates the store in `dir`.
    pub(crate) fn open(dir: &Path) -> Result<Self, DiskError> {
        let config = || {
            sled::Config::new()
                .path(dir)
                .cache_capacity(CACHE_BYTES)
                .flush_every_ms(None)
                .open()
        };
        let mut attempts = OPEN_ATTEMPTS;
        let chunks = loop {
            match caught(config) {
                // Its threads give its lock up a moment after the last handle is gone; the vault's own lock says
                // that nobody else is here.
                Err(DiskError::Environment(text))
                    if text.contains("could not acquire lock") && attempts > 0 =>
                {
                    attempts -= 1;
                    std::thread::sleep(OPEN_PAUSE);
                }
                result => break result?,
            }
        };
        let file = File::options()
            .read(true)
            .write(true)
            .open(dir.join("db"))
            .map_err(|error| DiskError::Environment(error.to_string()))?;
        Ok(Self { chunks, file })
    }

    /// The chunk named `name`.
    pub(crate) fn read(&self, name: &Name) -> Result<Option<Vec<u8>>, DiskError> {
        caught(|| self.chunks.get(name)).map(|found| found.map(|chunk| chunk.to_vec()))
    }

    /// Writes and removes chunks, all or none, and returns when the disk has them.
    pub(crate) fn write(&self, batch: sled::Batch) -> Result<(), DiskError> {
        caught(|| self.chunks.apply_batch(batch))?;
        caught(|| self.chunks.flush())?;
        self.file
            .sync_all()
            .map_err(|error| DiskError::Environment(error.to_string()))
    }
}

fn caught<T>(call: impl FnOnce() -> sled::Result<T>) -> Result<T, DiskError> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(sled::Error::Corruption { .. })) | Err(_) => Err(DiskError::Damaged),
        Ok(Err(error)) => Err(DiskError::Environment(error.to_string())),
    }
}
