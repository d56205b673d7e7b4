//! A store from a file, in a directory of its own.
//!
//! Until it is whole the directory has a file `importing`, and no relay starts on it; an import that was cut off is begun
//! anew by the next one. What was exported may be older than what the relay had last, so a recovery begins, unless the
//! operator says that it is the latest state.

use super::export::{Head, Reader, Record, is_of_keys, key_files};
use super::{Progress, Step, UpkeepError, check, go_on};
use crate::lock::DirLock;
use crate::mark::Mark;
use crate::recovery::{Recovery, WAIT};
use crate::store::{Kv as _, LogStore as _, SledStore, sync_all, sync_parent};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

const UNFINISHED: &str = "importing";
/// What an import makes, the lock besides.
const DIRS: [&str; 4] = ["logs", "logs.import", "logs.import.new", "logs.new"];
const FILES: [&str; 4] = ["mark", "mark.new", "recovery", "recovery.new"];

/// Whether an import into this directory was cut off.
#[must_use]
pub fn is_unfinished(data: &Path) -> bool {
    data.join(UNFINISHED).exists()
}

/// Makes a data directory from a file that [`super::export`] has written. True: with the relay's keys.
///
/// `latest`: nothing was signed after the export, and the original will never run again; no recovery begins.
///
/// # Errors
/// [`UpkeepError`]; then the directory is empty, or says that it is unfinished.
pub fn import(file: &Path, data: &Path, latest: bool, progress: Progress<'_>) -> Result<bool, UpkeepError> {
    let mut reader = Reader::open(file)?;
    let Record::Head(head) = reader.next()? else {
        return Err(UpkeepError::BadFile("its first record is not its head"));
    };
    if latest && head.recovering {
        let why =
            "the relay was recovering when this was exported: it cannot be the latest state of all logs";
        return Err(UpkeepError::Misuse(why.to_owned()));
    }
    let lock = claim(data)?;
    let done = fill(&mut reader, head, data, latest, progress);
    if done.is_err() {
        let _ = wipe(data).and_then(|()| fs::remove_file(data.join(UNFINISHED)));
        let _ = fs::remove_file(data.join("lock"));
    }
    drop(lock);
    done
}

/// Takes an empty directory, or one in which an import was cut off.
fn claim(data: &Path) -> Result<DirLock, UpkeepError> {
    fs::create_dir_all(data)?;
    sync_parent(data)?;
    fs::set_permissions(data, fs::Permissions::from_mode(0o700))?;
    if fs::read_dir(data)?.next().is_some() && !is_unfinished(data) {
        let why = format!(
            "{} is not empty: an import makes a directory of its own",
            data.display()
        );
        return Err(UpkeepError::Misuse(why));
    }
    File::create(data.join(UNFINISHED))?.sync_all()?;
    File::open(data)?.sync_all()?;
    let in_use = || UpkeepError::Misuse(format!("{} is in use by another import", data.display()));
    let mut lock = DirLock::take(data)?.ok_or_else(in_use)?;
    wipe(data)?;
    lock.claim()?;
    Ok(lock)
}

/// Removes what an import has made.
fn wipe(data: &Path) -> io::Result<()> {
    let gone = |removed: io::Result<()>| match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    };
    DIRS.iter()
        .try_for_each(|name| gone(fs::remove_dir_all(data.join(name))))?;
    FILES
        .iter()
        .try_for_each(|name| gone(fs::remove_file(data.join(name))))?;
    key_files(data)?
        .iter()
        .try_for_each(|name| gone(fs::remove_file(data.join(name))))
}

fn fill(
    reader: &mut Reader,
    head: Head,
    data: &Path,
    latest: bool,
    progress: Progress<'_>,
) -> Result<bool, UpkeepError> {
    let beside = data.join("logs.import");
    let with_keys = take(reader, head, data, &beside, progress)?;
    let store = SledStore::open(&beside, 0)?;
    let findings = check(&store, progress)?;
    if !findings.is_sound() {
        return Err(UpkeepError::Damaged(findings));
    }
    if store.high_water()? != head.high_water {
        return Err(UpkeepError::BadFile("it is of another time than it says"));
    }
    drop(store);
    sync_all(&beside)?;
    go_on(progress, Step::Placing, 0, 3)?;
    Mark::load(data)?.raise(head.high_water)?;
    if !latest {
        Recovery::load(data)?.begin(WAIT)?;
    }
    go_on(progress, Step::Placing, 1, 3)?;
    fs::rename(&beside, data.join("logs"))?;
    sync_parent(&beside)?;
    go_on(progress, Step::Placing, 2, 3)?;
    fs::remove_file(data.join(UNFINISHED))?;
    File::open(data)?.sync_all()?;
    Ok(with_keys)
}

/// Takes the records.
fn take(
    reader: &mut Reader,
    head: Head,
    data: &Path,
    beside: &Path,
    progress: Progress<'_>,
) -> Result<bool, UpkeepError> {
    let store = SledStore::open(beside, 0)?;
    let (mut done, mut with_keys) = (0u64, false);
    loop {
        match reader.next()? {
            Record::Head(_) => return Err(UpkeepError::BadFile("it has two heads")),
            Record::Pairs(pairs) => {
                done = done.saturating_add(u64::try_from(pairs.len()).unwrap_or(u64::MAX));
                let writes = pairs
                    .into_iter()
                    .map(|(key, value)| (key.into(), Some(value.into())));
                store.kv().write(writes.collect())?;
                go_on(progress, Step::Copying, done, head.keys)?;
            }
            Record::Key(name, seed) => {
                if !is_of_keys(&name) {
                    return Err(UpkeepError::BadFile("it has a key of no known name"));
                }
                let mut file = OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(0o600)
                    .open(data.join(name))?;
                file.write_all(&seed)?;
                file.sync_all()?;
                with_keys = true;
            }
            Record::End if done == head.keys => return Ok(with_keys),
            Record::End => return Err(UpkeepError::BadFile("it has other keys than it says")),
        }
    }
}
