//! The counter file: how many batches the store has acknowledged, remembered outside of it.
//!
//! ```text
//! file  = side (192) || side (192)                the batch's number says which: even first, odd second
//! side  = 4 * sealed [batches: u64] (48 of which 24 nonce, 16 tag), one for each slot of the header
//! ```
//! Written after each batch without waiting for the disk: after a power cut it may be behind the store, which means
//! nothing; that it is ahead means that the store was put back.

use crate::cipher::{Key, random, seal, unseal};
use crate::header::SLOTS;
use primitives::{StoreError, encode, labels};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};

const RECORD_LEN: usize = 48;
const SIDE_LEN: usize = RECORD_LEN * SLOTS;

/// The open counter file, as one slot of the header sees it.
pub(crate) struct CounterFile {
    file: File,
    key: Key,
    slot: usize,
}

impl CounterFile {
    /// Opens or refills the file. `key` is derived from the root key.
    pub(crate) fn new(file: File, key: Key, slot: usize) -> Self {
        Self { file, key, slot }
    }

    /// Fills a new file with bytes that say nothing.
    pub(crate) fn fill(&mut self) -> Result<(), StoreError> {
        let bytes: [u8; 2 * SIDE_LEN] = random()?;
        self.file.write_all(&bytes).map_err(environment)
    }

    /// The largest number in it that this slot wrote; 0 if there is none.
    pub(crate) fn read(&mut self) -> u64 {
        let mut bytes = Vec::new();
        let whole = self.file.seek(SeekFrom::Start(0));
        if whole.is_err()
            || std::io::Read::by_ref(&mut self.file)
                .take(2 * SIDE_LEN as u64)
                .read_to_end(&mut bytes)
                .is_err()
        {
            return 0;
        }
        bytes
            .chunks(RECORD_LEN)
            .filter_map(|record| unseal(&self.key, &self.context(), record))
            .filter_map(|plain| {
                plain
                    .first_chunk::<8>()
                    .map(|batches| u64::from_be_bytes(*batches))
            })
            .max()
            .unwrap_or(0)
    }

    /// Remembers that `batches` are acknowledged.
    pub(crate) fn write(&mut self, batches: u64) -> Result<(), StoreError> {
        let record = seal(&self.key, &self.context(), &batches.to_be_bytes())?;
        let at = (batches % 2) * SIDE_LEN as u64 + (self.slot * RECORD_LEN) as u64;
        self.file.seek(SeekFrom::Start(at)).map_err(environment)?;
        self.file.write_all(&record).map_err(environment)
    }

    fn context(&self) -> Vec<u8> {
        encode(&(labels::VAULT_COUNTER, self.slot as u64))
    }
}

fn environment(error: std::io::Error) -> StoreError {
    StoreError::Environment(error.to_string())
}
