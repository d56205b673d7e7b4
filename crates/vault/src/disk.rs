//! sled, held at arm's length.
//!
//! What is known of sled 0.34.7 and done about it (docs/spec/vault.md, Below): its `flush()` ends in
//! `sync_file_range`, so a handle of our own on its `db` file is synced after it; its timed flush is off; values of
//! 4 KiB keep its leaves far below the size at which it writes files that it never syncs; it may panic on bytes that
//! it does not expect, so every call is caught; after an error it stays poisoned, so the vault wants to be reopened.

use crate::chunk::Name;
use crate::cold::Cold;
use crate::generation::Generation;
use std::fs::File;
use std::io::ErrorKind;
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

impl From<std::io::Error> for DiskError {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == ErrorKind::UnexpectedEof {
            Self::Damaged
        } else {
            Self::Environment(error.to_string())
        }
    }
}

/// The open store below the vault: sled, and what was cold at the last compaction.
pub(crate) struct Disk {
    chunks: sled::Db,
    file: File,
    cold: Option<Cold>,
}

/// A chunk as it was found.
pub(crate) struct Found {
    /// Its bytes.
    pub(crate) chunk: Vec<u8>,
    /// It is among the cold ones.
    pub(crate) cold: bool,
}

impl Disk {
    /// Opens the store of a whole generation, or creates the first.
    pub(crate) fn open(generation: &Generation) -> Result<Self, DiskError> {
        let cold = match File::open(generation.cold()) {
            Ok(file) => Some(Cold::open(file)?),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        Self::over(generation.dir(), cold)
    }

    /// Opens or creates sled in `dir`, over `cold`.
    pub(crate) fn over(dir: &Path, cold: Option<Cold>) -> Result<Self, DiskError> {
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
        Ok(Self { chunks, file, cold })
    }

    /// The chunk named `name`.
    pub(crate) fn read(&self, name: &Name) -> Result<Option<Found>, DiskError> {
        let hot = caught(|| self.chunks.get(name))?;
        if let Some(chunk) = hot {
            let chunk = chunk.to_vec();
            return Ok(Some(Found { chunk, cold: false }));
        }
        let Some(cold) = &self.cold else { return Ok(None) };
        let found = cold.read(name)?;
        Ok(found.map(|chunk| Found { chunk, cold: true }))
    }

    /// Whether a chunk of this name is among the cold ones, however old.
    pub(crate) fn has_cold(&self, name: &Name) -> bool {
        self.cold.as_ref().is_some_and(|cold| cold.has(name))
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
