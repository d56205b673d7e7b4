//! Cold chunks: what compaction has written once, one after the other, in a file beside sled's.
//!
//! ```text
//! file  = chunk (4096) * n || name (32) * n            in the same order
//! ```
//! Nothing in it is ever changed. A chunk that is written again goes to sled, where it is looked for first.

use crate::chunk::{CHUNK_LEN, Name};
use crate::disk::DiskError;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::FileExt as _;

const NAME_LEN: usize = 32;
const RECORD_LEN: u64 = (CHUNK_LEN + NAME_LEN) as u64;
const BUFFER_BYTES: usize = 256 << 10;

/// An open file of cold chunks.
pub(crate) struct Cold {
    file: File,
    /// By names.
    places: Vec<(Name, u32)>,
}

impl Cold {
    /// Reads which chunks there are.
    pub(crate) fn open(file: File) -> Result<Self, DiskError> {
        let len = file.metadata()?.len();
        let count = len / RECORD_LEN;
        if !len.is_multiple_of(RECORD_LEN) {
            return Err(DiskError::Damaged);
        }
        let names_at = count.saturating_mul(CHUNK_LEN as u64);
        let mut names = vec![0; usize::try_from(len.saturating_sub(names_at)).unwrap_or(usize::MAX)];
        file.read_exact_at(&mut names, names_at)?;
        let (names, _) = names.as_chunks::<NAME_LEN>();
        let mut places: Vec<(Name, u32)> = names.iter().copied().zip(0..).collect();
        places.sort_unstable();
        Ok(Self { file, places })
    }

    /// Whether there is a chunk of this name.
    pub(crate) fn has(&self, name: &Name) -> bool {
        self.place(name).is_some()
    }

    /// The chunk of this name.
    pub(crate) fn read(&self, name: &Name) -> Result<Option<Vec<u8>>, DiskError> {
        let Some(place) = self.place(name) else {
            return Ok(None);
        };
        let mut chunk = vec![0; CHUNK_LEN];
        self.file
            .read_exact_at(&mut chunk, u64::from(place).saturating_mul(CHUNK_LEN as u64))?;
        Ok(Some(chunk))
    }

    fn place(&self, name: &Name) -> Option<u32> {
        let at = self.places.binary_search_by(|(there, _)| there.cmp(name)).ok()?;
        self.places.get(at).map(|(_, place)| *place)
    }
}

/// A file of cold chunks being written. Keeps 32 bytes of each chunk in memory.
pub(crate) struct ColdWriter {
    file: BufWriter<File>,
    names: Vec<u8>,
}

impl ColdWriter {
    /// Begins in an empty file.
    pub(crate) fn new(file: File) -> Self {
        Self {
            file: BufWriter::with_capacity(BUFFER_BYTES, file),
            names: Vec::new(),
        }
    }

    /// Adds a chunk.
    pub(crate) fn push(&mut self, name: &Name, chunk: &[u8]) -> std::io::Result<()> {
        self.names.extend_from_slice(name);
        self.file.write_all(chunk)
    }

    /// Returns when the disk has all of it.
    pub(crate) fn finish(mut self) -> std::io::Result<()> {
        self.file.write_all(&self.names)?;
        self.file.flush()?;
        self.file.get_ref().sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(chunks: u8) -> File {
        let file = tempfile::tempfile().unwrap();
        let mut writer = ColdWriter::new(file.try_clone().unwrap());
        for number in 0..chunks {
            // Names in no order.
            writer
                .push(&[number.wrapping_mul(77); 32], &[number; CHUNK_LEN])
                .unwrap();
        }
        writer.finish().unwrap();
        file
    }

    #[test]
    fn every_chunk_is_found_by_its_name_and_no_other_is() {
        let cold = Cold::open(file(200)).unwrap();
        for number in 0..200_u8 {
            let chunk = cold.read(&[number.wrapping_mul(77); 32]).unwrap().unwrap();
            assert_eq!(chunk, vec![number; CHUNK_LEN]);
        }
        assert!(cold.read(&[200_u8.wrapping_mul(77); 32]).unwrap().is_none());
        assert!(Cold::open(file(0)).unwrap().read(&[0; 32]).unwrap().is_none());
    }

    #[test]
    fn a_file_that_was_cut_short_is_damaged() {
        let file = file(3);
        file.set_len(3 * RECORD_LEN - 1).unwrap();
        assert!(matches!(Cold::open(file), Err(DiskError::Damaged)));
    }
}
