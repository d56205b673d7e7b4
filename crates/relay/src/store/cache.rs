//! A sled database that can be made again from somewhere else, and so is never synced while it is used.
//!
//! A process that is killed loses the last of it, and goes on from there. A machine that stops may lose any of it, and
//! sled may take for whole what is not; so the database is thrown away unless it was closed, or the machine has run since.
//!
//! ```text
//! directory "view" in the data directory: the database
//! file "view.boot": the machine's boot id while a relay has it open, "closed" after
//! ```

use super::kv::{Kv, Pair, Write};
use super::sled::{SledKv, SledStore};
use super::{StoreFault, fresh};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

const CLOSED: &str = "closed";

/// Where it is.
#[must_use]
pub fn dir(data: &Path) -> PathBuf {
    data.join("view")
}

/// Opens it, or an empty one if what is there cannot be trusted.
///
/// # Errors
/// [`StoreFault`].
pub fn open(data: &Path, reserve_bytes: u64) -> Result<Box<dyn Kv>, StoreFault> {
    let boot = boot_id()?;
    open_since(data, reserve_bytes, &boot).map(|cache| Box::new(cache) as Box<dyn Kv>)
}

/// Throws it away. No process may have it open.
///
/// # Errors
/// Whatever keeps it from being removed.
pub fn forget(data: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir(data)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => File::open(data)?.sync_all(),
    }
}

struct Cache {
    kv: Option<SledKv>,
    data: PathBuf,
}

fn open_since(data: &Path, reserve_bytes: u64, boot: &str) -> Result<Cache, StoreFault> {
    let left = fs::read_to_string(mark(data)).unwrap_or_default();
    if left != CLOSED && left != boot {
        forget(data)?;
    }
    set_mark(data, boot)?;
    let open = || SledStore::open_unsynced(&dir(data), reserve_bytes);
    let store = open().or_else(|fault| {
        tracing::warn!(%fault, "the view of the stream does not open and is made again");
        forget(data)?;
        open()
    })?;
    Ok(Cache {
        kv: Some(store.into_kv()),
        data: data.to_owned(),
    })
}

impl Cache {
    fn kv(&self) -> Result<&SledKv, StoreFault> {
        let closed = || StoreFault::Broken("the store is closed".to_owned());
        self.kv.as_ref().ok_or_else(closed)
    }
}

impl Kv for Cache {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreFault> {
        self.kv()?.get(key)
    }

    fn scan(&self, prefix: &[u8]) -> Result<Vec<Pair>, StoreFault> {
        self.kv()?.scan(prefix)
    }

    fn range(&self, from: &[u8], count: usize) -> Result<Vec<Pair>, StoreFault> {
        self.kv()?.range(from, count)
    }

    fn write(&self, writes: Vec<Write>) -> Result<(), StoreFault> {
        self.kv()?.write(writes)
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        drop(self.kv.take());
        let closed = fresh::sync_all(&dir(&self.data)).and_then(|()| set_mark(&self.data, CLOSED));
        if let Err(error) = closed {
            tracing::warn!(%error, "the view of the stream was not closed; after a restart of the machine it is made again");
        }
    }
}

fn mark(data: &Path) -> PathBuf {
    data.join("view.boot")
}

fn set_mark(data: &Path, text: &str) -> io::Result<()> {
    let mut file = File::create(mark(data))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    File::open(data)?.sync_all()
}

fn boot_id() -> io::Result<String> {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
    Ok(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(cache: &Cache) {
        cache.write(vec![(vec![1], Some(vec![2]))]).unwrap();
    }

    fn is_kept(cache: &Cache) -> bool {
        cache.get(&[1]).unwrap().is_some()
    }

    #[test]
    fn what_was_closed_is_kept_over_a_restart_of_the_machine() {
        let data = tempfile::tempdir().unwrap();
        write(&open_since(data.path(), 0, "first").unwrap());
        assert!(is_kept(&open_since(data.path(), 0, "second").unwrap()));
    }

    #[test]
    fn what_was_not_closed_is_kept_only_while_the_machine_runs() {
        let data = tempfile::tempdir().unwrap();
        write(&open_since(data.path(), 0, "first").unwrap());
        set_mark(data.path(), "first").unwrap();
        assert!(is_kept(&open_since(data.path(), 0, "first").unwrap()));
        set_mark(data.path(), "first").unwrap();
        assert!(!is_kept(&open_since(data.path(), 0, "second").unwrap()));
    }

    #[test]
    fn what_does_not_open_is_made_again() {
        let data = tempfile::tempdir().unwrap();
        write(&open_since(data.path(), 0, "first").unwrap());
        // As a power cut leaves a file that was never synced.
        let conf = dir(data.path()).join("conf");
        let len = fs::metadata(&conf).unwrap().len();
        fs::write(&conf, vec![0; usize::try_from(len).unwrap()]).unwrap();
        assert!(!is_kept(&open_since(data.path(), 0, "first").unwrap()));
    }
}
