//! One process per data directory, and one place for it.
//!
//! The lock file holds its own inode number. A copy of the directory has another one: an older state that was put back,
//! or a second relay in the making, which would both sign a second truth. (A snapshot of the whole file system that is
//! rolled back cannot be told from the original; members' programs notice that.)

use rustix::fs::{FlockOperation, flock};
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

/// Digits of an inode number.
const DIGITS: usize = 20;
/// How often, and after what pause, a lock that somebody holds is tried again.
const ATTEMPTS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(25);

/// Held for as long as the directory is in use; the kernel lets go of it with the process.
#[derive(Debug)]
pub struct DirLock {
    file: File,
    copied: bool,
}

impl DirLock {
    /// Takes the directory; `None` if another process has it.
    ///
    /// # Errors
    /// Whatever keeps the lock file from being opened, read or written.
    pub fn take(dir: &Path) -> io::Result<Option<Self>> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(dir.join("lock"))?;
        let mut attempts = ATTEMPTS;
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => break,
                // Somebody may only be looking whether it is in use.
                Err(rustix::io::Errno::WOULDBLOCK) if attempts > 0 => {
                    attempts = attempts.saturating_sub(1);
                    std::thread::sleep(PAUSE);
                }
                Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
        let mut lock = Self { file, copied: false };
        let here = lock.file.metadata()?.ino();
        match lock.written()? {
            Some(inode) => lock.copied = inode != here,
            // Keys without a place: they were put back from somewhere, and have signed what is not here.
            None if dir.join("identity.key").exists() => lock.copied = true,
            None => {
                lock.claim()?;
                File::open(dir)?.sync_all()?;
            }
        }
        Ok(Some(lock))
    }

    /// Whether a process has the directory. Changes nothing.
    ///
    /// # Errors
    /// Whatever keeps the lock file from being opened.
    pub fn is_taken(dir: &Path) -> io::Result<bool> {
        let file = match File::open(dir.join("lock")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            opened => opened?,
        };
        match flock(&file, FlockOperation::NonBlockingLockShared) {
            Ok(()) => Ok(false),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the directory is a copy of the one in which a relay ran, or has only the keys of one.
    #[must_use]
    pub const fn is_copy(&self) -> bool {
        self.copied
    }

    /// From now on, this is the place.
    ///
    /// # Errors
    /// Whatever keeps that from being made durable.
    pub fn claim(&mut self) -> io::Result<()> {
        let inode = self.file.metadata()?.ino();
        self.file.rewind()?;
        write!(self.file, "{inode:0DIGITS$}")?;
        self.file.sync_all()?;
        self.copied = false;
        Ok(())
    }

    /// The inode number in the file; `None` if nothing whole was written yet.
    fn written(&mut self) -> io::Result<Option<u64>> {
        let mut bytes = Vec::new();
        self.file.rewind()?;
        self.file.read_to_end(&mut bytes)?;
        let text = std::str::from_utf8(&bytes).unwrap_or_default();
        Ok(Some(text)
            .filter(|text| text.len() == DIGITS)
            .and_then(|text| text.parse().ok()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_told_from_the_original_until_it_is_claimed() {
        let (original, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for _ in 0..2 {
            assert!(!DirLock::is_taken(original.path()).unwrap());
            let lock = DirLock::take(original.path()).unwrap().unwrap();
            assert!(!lock.is_copy() && DirLock::is_taken(original.path()).unwrap());
            assert!(DirLock::take(original.path()).unwrap().is_none(), "it is in use");
        }
        // Both are there at once, so they have two inode numbers.
        std::fs::copy(original.path().join("lock"), copy.path().join("lock")).unwrap();
        let mut lock = DirLock::take(copy.path()).unwrap().unwrap();
        assert!(lock.is_copy());
        lock.claim().unwrap();
        drop(lock);
        assert!(!DirLock::take(copy.path()).unwrap().unwrap().is_copy());
    }

    #[test]
    fn keys_that_come_without_a_place_are_a_copy() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("identity.key"), [7; 32]).unwrap();
        for _ in 0..2 {
            assert!(DirLock::take(dir.path()).unwrap().unwrap().is_copy());
        }
    }

    #[test]
    fn a_lock_file_whose_writing_was_cut_off_is_written_again() {
        let dir = tempfile::tempdir().unwrap();
        for cut in ["", "0000", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"] {
            std::fs::write(dir.path().join("lock"), cut).unwrap();
            assert!(!DirLock::take(dir.path()).unwrap().unwrap().is_copy());
        }
    }
}
