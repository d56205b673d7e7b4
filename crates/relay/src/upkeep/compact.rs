//! Copies a store into a new one and puts that in its place.
//!
//! The engine gives the space of overwritten and removed values back late, or not at all: a new store has what is alive.
//! `logs` is the old store or the new one at any moment, whole: the two directories change places in one rename, after the
//! new one was synced, read again from the disk, compared key by key, and its trees derived again.

use super::{Chain, Progress, Step, UpkeepError, chain, check, go_on, not_less, walk};
use crate::mark::Mark;
use crate::store::{Kv as _, LogStore as _, SledStore, sync_all, sync_parent};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use std::fs;
use std::io;
use std::path::Path;

/// What is made beside the store, and what is left of it after a cut.
const BESIDE: [&str; 2] = ["logs.compact", "logs.compact.new"];

/// Compacts the store of a data directory, of which the caller holds the lock. The disk must take the new store beside
/// the old one.
///
/// # Errors
/// [`UpkeepError`]; then the old store is in its place, as it was.
pub fn compact(data: &Path, progress: Progress<'_>) -> Result<(), UpkeepError> {
    let (logs, beside) = (data.join("logs"), data.join("logs.compact"));
    if !logs.join("db").is_file() {
        let why = format!("{} has no store to compact", data.display());
        return Err(UpkeepError::Misuse(why));
    }
    sweep(data)?;
    let made = make(data, &logs, &beside, progress).and_then(|()| {
        go_on(progress, Step::Placing, 0, 0)?;
        place(&beside, &logs)
    });
    let swept = sweep(data);
    made?;
    progress(Step::Removing, 0, 0);
    Ok(swept?)
}

/// Removes what a compaction that was cut off has left beside the store.
///
/// # Errors
/// Whatever keeps it from being removed.
pub fn sweep(data: &Path) -> io::Result<()> {
    for name in BESIDE {
        match fs::remove_dir_all(data.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn make(data: &Path, logs: &Path, beside: &Path, progress: Progress<'_>) -> Result<(), UpkeepError> {
    let copied = copy(data, logs, beside, progress)?;
    // From the disk.
    let store = SledStore::open(beside, 0)?;
    if chain(&store, progress, copied.keys)? != copied {
        return Err(UpkeepError::Differs);
    }
    let findings = check(&store, progress)?;
    if !findings.is_sound() {
        return Err(UpkeepError::Damaged(findings));
    }
    drop(store);
    Ok(sync_all(beside)?)
}

fn copy(data: &Path, logs: &Path, beside: &Path, progress: Progress<'_>) -> Result<Chain, UpkeepError> {
    let old = SledStore::open(logs, 0)?;
    not_less(old.high_water()?, Mark::load(data)?.at())?;
    let new = SledStore::open(beside, 0)?;
    let (mut chain, total) = (Chain::new(), old.count(&[])?);
    walk(&old, |pairs| {
        pairs.iter().for_each(|(key, value)| chain.push(key, value));
        let writes = pairs.into_iter().map(|(key, value)| (key, Some(value)));
        new.kv().write(writes.collect())?;
        go_on(progress, Step::Copying, chain.keys, total)
    })?;
    Ok(chain)
}

/// Lets the two directories change places at once.
fn place(beside: &Path, logs: &Path) -> Result<(), UpkeepError> {
    match renameat_with(CWD, beside, CWD, logs, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(sync_parent(logs)?),
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::NOTSUP) => {
            Err(UpkeepError::Misuse(
                "this file system cannot exchange two directories at once; export the store and import it into a new \
                 directory"
                    .to_owned(),
            ))
        }
        Err(error) => Err(UpkeepError::Io(error.into())),
    }
}
