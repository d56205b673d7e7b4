//! What sled writes only once is there whole or not at all: a new database, and a snapshot.
//!
//! sled never syncs its `conf`: after a power cut it may have its length without its bytes, and sled refuses to open
//! then, for ever. So a database is made beside its place, synced file by file, and renamed; what an interrupted
//! attempt left is thrown away, for nobody was told anything yet.
//!
//! A snapshot of where its pages are, which spares sled reading its whole log at the start, is written as
//! `snap.….generating` and then renamed; but sled takes the unfinished one for a snapshot too, finds it damaged, and
//! refuses to open. It is not needed, so it is removed first.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Makes sure that the database of `dir` is there: if it is not, `make` makes it in a directory beside it.
///
/// # Errors
/// Whatever keeps it from being made; also what `make` says.
pub(super) fn ensure<E: From<io::Error>>(
    dir: &Path,
    make: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    if dir.join("db").exists() {
        return Ok(());
    }
    let beside = beside(dir);
    match fs::remove_dir_all(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    make(&beside)?;
    sync_all(&beside)?;
    // Onto nothing, or onto an empty directory.
    fs::rename(&beside, dir)?;
    sync_parent(dir)?;
    Ok(())
}

/// Removes the snapshots that were not finished. No process may have the database open.
///
/// # Errors
/// Whatever keeps them from being removed.
pub(super) fn remove_unfinished(dir: &Path) -> io::Result<()> {
    let found = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found?,
    };
    for entry in found {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "generating")
        {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Makes the name of `path` durable.
///
/// # Errors
/// Whatever keeps the directory above from being synced.
pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    let above = match path.parent() {
        Some(above) if above != Path::new("") => above,
        _ => Path::new("."),
    };
    File::open(above)?.sync_all()
}

fn beside(dir: &Path) -> PathBuf {
    let mut name = dir.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    dir.with_file_name(name)
}

/// Every file below `dir`, then the names, from below.
pub(super) fn sync_all(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            sync_all(&path)?;
        } else {
            File::open(path)?.sync_all()?;
        }
    }
    File::open(dir)?.sync_all()
}
