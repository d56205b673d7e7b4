//! Generations of the store: compaction writes a new one beside the old one, and one rename makes it the vault's.
//!
//! ```text
//! dir/store/                   generation 0: sled
//! dir/store.N/                 generation N: sled and the chunks that were cold when it was made
//! dir/store.N/cold.new         until it is whole
//! dir/store.N/cold             from then on: it counts
//! ```
//! The highest whole generation is the vault's. All others are remains of a compaction that was cut short, before its rename
//! or after it.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

const STORE: &str = "store";
const COLD: &str = "cold";
const NEW_COLD: &str = "cold.new";

/// The directory of one generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Generation {
    dir: PathBuf,
    number: u64,
}

impl Generation {
    /// The first of a vault.
    pub(crate) fn first(vault: &Path) -> Self {
        Self::numbered(vault, 0)
    }

    /// The vault's, if there is one.
    pub(crate) fn newest(vault: &Path) -> std::io::Result<Option<Self>> {
        let mut newest: Option<Self> = None;
        for generation in Self::all(vault)? {
            let whole = generation.number == 0 || generation.cold().try_exists()?;
            if whole
                && newest
                    .as_ref()
                    .is_none_or(|newest| newest.number < generation.number)
            {
                newest = Some(generation);
            }
        }
        Ok(newest)
    }

    /// Whether anything is there that may be a store.
    pub(crate) fn any(vault: &Path) -> std::io::Result<bool> {
        Ok(!Self::all(vault)?.is_empty())
    }

    /// Begins the one after this, in the place of what an attempt that was cut short has left.
    pub(crate) fn begin_next(&self) -> std::io::Result<Self> {
        let vault = self.dir.parent().unwrap_or(&self.dir);
        let next = Self::numbered(vault, self.number.saturating_add(1));
        if next.dir.try_exists()? {
            next.remove()?;
        }
        DirBuilder::new().mode(0o700).create(&next.dir)?;
        sync_dir(vault)?;
        Ok(next)
    }

    /// Makes it the vault's: to be called when the disk has everything in it.
    pub(crate) fn commit(&self) -> std::io::Result<()> {
        fs::rename(self.new_cold(), self.cold())?;
        sync_dir(&self.dir)
    }

    /// Removes all others; what resists stays until the next time.
    pub(crate) fn remove_others(&self) {
        let vault = self.dir.parent().unwrap_or(&self.dir);
        for other in Self::all(vault).unwrap_or_default() {
            if other != *self {
                let _ = other.remove();
            }
        }
    }

    /// Removes it.
    pub(crate) fn remove(&self) -> std::io::Result<()> {
        fs::remove_dir_all(&self.dir)
    }

    /// Where it is.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Its cold chunks.
    pub(crate) fn cold(&self) -> PathBuf {
        self.dir.join(COLD)
    }

    /// Its cold chunks while it is not whole.
    pub(crate) fn new_cold(&self) -> PathBuf {
        self.dir.join(NEW_COLD)
    }

    /// Bytes of its files.
    pub(crate) fn size(&self) -> std::io::Result<u64> {
        size_of(&self.dir)
    }

    fn numbered(vault: &Path, number: u64) -> Self {
        let dir = match number {
            0 => vault.join(STORE),
            _ => vault.join(format!("{STORE}.{number}")),
        };
        Self { dir, number }
    }

    fn all(vault: &Path) -> std::io::Result<Vec<Self>> {
        let mut all = Vec::new();
        for entry in fs::read_dir(vault)? {
            let name = entry?.file_name();
            let number = match name.to_str().and_then(|name| name.strip_prefix(STORE)) {
                Some("") => Some(0),
                Some(rest) => rest.strip_prefix('.').and_then(|number| number.parse().ok()),
                None => None,
            };
            // Only names as they are given: neither `store.0` nor `store.01`.
            let generation = number.map(|number| Self::numbered(vault, number));
            all.extend(generation.filter(|generation| generation.dir.file_name() == Some(&name)));
        }
        Ok(all)
    }
}

/// Returns when the disk has the directory's names.
pub(crate) fn sync_dir(dir: &Path) -> std::io::Result<()> {
    File::open(dir)?.sync_all()
}

fn size_of(dir: &Path) -> std::io::Result<u64> {
    let mut bytes: u64 = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let meta = entry.metadata()?;
        let more = if meta.is_dir() {
            size_of(&entry.path())?
        } else {
            meta.len()
        };
        bytes = bytes.saturating_add(more);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_generation_counts_and_the_highest_of_them_does() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Generation::newest(dir.path()).unwrap().is_none());
        for name in [
            "store",
            "store.2",
            "store.10",
            "store.11",
            "store.0",
            "store.012",
            "stored",
        ] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        for whole in ["store.2", "store.10", "store.012"] {
            fs::write(dir.path().join(whole).join(COLD), []).unwrap();
        }
        let newest = Generation::newest(dir.path()).unwrap().unwrap();
        assert_eq!(newest.number, 10);
        newest.remove_others();
        let mut left: Vec<_> = fs::read_dir(dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, ["store.0", "store.012", "store.10", "stored"]);
    }

    #[test]
    fn the_next_one_counts_from_its_rename_on() {
        let dir = tempfile::tempdir().unwrap();
        let first = Generation::first(dir.path());
        fs::create_dir(first.dir()).unwrap();
        fs::create_dir(dir.path().join("store.1")).unwrap();
        fs::write(dir.path().join("store.1").join("remains"), [1]).unwrap();
        let next = first.begin_next().unwrap();
        assert_eq!(next.size().unwrap(), 0, "remains are cleared away");
        fs::write(next.new_cold(), []).unwrap();
        assert_eq!(Generation::newest(dir.path()).unwrap().unwrap(), first);
        next.commit().unwrap();
        assert_eq!(Generation::newest(dir.path()).unwrap().unwrap(), next);
    }
}
