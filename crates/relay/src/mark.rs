//! A mark that the store never falls below: the time of a commit that was durable when the mark was set.
//!
//! An engine that finds its file cut off or damaged goes on with what is before the damage, as after a power cut, and
//! says nothing. The relay would then serve less than it has signed. So it notes from time to time, in a file of its
//! own, how far the store has come, and does not start on one that has less.
//!
//! ```text
//! file "mark" in the data directory: the time, milliseconds since 1970 in 20 digits
//! ```

use crate::store::sync_parent;
use primitives::Time;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The mark of a data directory.
#[derive(Debug)]
pub struct Mark {
    file: PathBuf,
    at: Time,
}

impl Mark {
    /// The mark as it was set last; 0 if it never was.
    ///
    /// # Errors
    /// Whatever keeps it from being read; also if it makes no sense.
    pub fn load(data: &Path) -> io::Result<Self> {
        let file = data.join("mark");
        let at = match fs::read_to_string(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            read => read?.parse().map_err(|_| {
                let reason = "the file \"mark\" is damaged; check the disk, then run veche-relay recover";
                io::Error::new(io::ErrorKind::InvalidData, reason)
            })?,
        };
        Ok(Self { file, at: Time(at) })
    }

    /// How far the store had come.
    #[must_use]
    pub const fn at(&self) -> Time {
        self.at
    }

    /// Sets the mark higher. The store must have come so far durably.
    ///
    /// # Errors
    /// Whatever keeps it from being written; then the old one holds.
    pub fn raise(&mut self, to: Time) -> io::Result<()> {
        if to <= self.at {
            return Ok(());
        }
        let beside = self.file.with_extension("new");
        let mut written = File::create(&beside)?;
        write!(written, "{:020}", to.0)?;
        written.sync_all()?;
        fs::rename(&beside, &self.file)?;
        sync_parent(&self.file)?;
        self.at = to;
        Ok(())
    }

    /// Forgets it: the store is known to be an older one.
    ///
    /// # Errors
    /// Whatever keeps that from being made durable.
    pub fn forget(data: &Path) -> io::Result<()> {
        match fs::remove_file(data.join("mark")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
            Ok(()) => File::open(data)?.sync_all(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_goes_up_and_never_down() {
        let data = tempfile::tempdir().unwrap();
        let mut mark = Mark::load(data.path()).unwrap();
        assert_eq!(mark.at(), Time(0));
        mark.raise(Time(7)).unwrap();
        mark.raise(Time(5)).unwrap();
        assert_eq!(Mark::load(data.path()).unwrap().at(), Time(7));
        Mark::forget(data.path()).unwrap();
        assert_eq!(Mark::load(data.path()).unwrap().at(), Time(0));
    }

    #[test]
    fn a_damaged_mark_is_refused() {
        let data = tempfile::tempdir().unwrap();
        fs::write(data.path().join("mark"), b"\0\0\0").unwrap();
        assert!(Mark::load(data.path()).is_err());
    }
}
