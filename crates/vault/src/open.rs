//! Creating and opening a vault.
//!
//! ```text
//! dir/lock       held while it is open
//! dir/header     what the passphrase opens
//! dir/counter    how many batches were acknowledged
//! dir/store…/    the chunks, see `generation`
//! ```

use crate::chunk::ChunkKeys;
use crate::cipher::{Key, derive, fresh_key};
use crate::counter::CounterFile;
use crate::disk::{Disk, DiskError};
use crate::error::{CreateError, OpenError};
use crate::generation::{Generation, sync_dir};
use crate::header::{Body, HeaderFile, Side, Unlocked};
use crate::layout::{Place, Root};
use crate::load::load;
use crate::params::Params;
use crate::process::limit_core_size;
use crate::vault::Vault;
use primitives::{StoreError, encode, labels};
use rustix::fs::{FlockOperation, flock};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

const LOCK: &str = "lock";
/// A lock that is held is tried so often, so far apart.
const LOCK_ATTEMPTS: u32 = 10;
const LOCK_PAUSE: std::time::Duration = std::time::Duration::from_millis(50);
const HEADER: &str = "header";
const NEW_HEADER: &str = "header.new";
const COUNTER: &str = "counter";
const STORE: &str = "store";

/// An opened vault and what was noticed on the way.
#[derive(Debug)]
pub struct Opened {
    /// The vault.
    pub vault: Vault,
    /// The store, the header or both are older than what this device had acknowledged: somebody put them back.
    /// Records whose keys were burnt in between stay unreadable. To be told to the person.
    pub rolled_back: bool,
    /// Tables with a page that does not open, and `keyring` if a part of it does not: what they answer is
    /// [`StoreError::Damaged`]. To be told to the person.
    pub damaged: Vec<String>,
}

impl Vault {
    /// Makes a vault in `dir`, which is created if need be, and opens it. Costs one run of Argon2.
    ///
    /// # Errors
    /// [`CreateError`]; what a failed attempt leaves behind is cleared away by the next.
    pub fn create(dir: &Path, passphrase: &[u8], params: Params) -> Result<Self, CreateError> {
        limit_core_size();
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let lock = lock(dir)?.ok_or(CreateError::InUse)?;
        clear_failed_attempt(dir)?;
        let new_header = options().create_new(true).open(dir.join(NEW_HEADER))?;
        sync_dir(dir)?;

        let (root_key, header_key) = (fresh_key()?, fresh_key()?);
        let body = Body {
            header_key,
            sealing: 0,
            batches: 0,
        };
        let side = Side::create(passphrase, params, &root_key, &body)?;
        let generation = Generation::first(dir);
        let disk = Disk::open(&generation)?;
        write_empty_root(&disk, &root_key)?;
        sync_dir(generation.dir())?;
        let mut counter = counter(dir, &root_key, 0)?;
        counter.fill()?;
        let header = HeaderFile::create(new_header, side)?;
        fs::rename(dir.join(NEW_HEADER), dir.join(HEADER))?;
        sync_dir(dir)?;

        let unlocked = Unlocked {
            slot: 0,
            root_key,
            body,
        };
        let opened = load((disk, generation), unlocked, header, counter, lock);
        opened
            .map(|opened| opened.vault)
            .map_err(|error| CreateError::Environment(error.to_string()))
    }

    /// Opens the vault in `dir`. Costs one run of Argon2, then reads every page once.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(dir: &Path, passphrase: &[u8]) -> Result<Opened, OpenError> {
        limit_core_size();
        let path = dir.join(HEADER);
        if !path.try_exists()? {
            return Err(OpenError::NoVault);
        }
        let lock = lock(dir)?.ok_or(OpenError::InUse)?;
        let Some(mut header) = HeaderFile::read(options().open(path)?)? else {
            // A damaged header costs a guesser what a wrong passphrase costs.
            let _ = Params::DEFAULT.stretch(passphrase, &[0; 32]);
            return Err(OpenError::WrongPassphrase);
        };
        let unlocked = header
            .current()
            .unlock(passphrase)
            .ok_or(OpenError::WrongPassphrase)?;
        header.mend()?;
        let generation = Generation::newest(dir)?.ok_or(OpenError::Damaged { table: STORE })?;
        let disk = Disk::open(&generation)?;
        let counter = counter(dir, &unlocked.root_key, unlocked.slot)?;
        let opened = load((disk, generation), unlocked, header, counter, lock)?;
        // Only now: what was found is the vault's store, and all others are remains.
        opened.vault.generation.remove_others();
        Ok(opened)
    }
}

fn write_empty_root(disk: &Disk, root_key: &Key) -> Result<(), CreateError> {
    let keys = ChunkKeys::derive(root_key);
    let name = keys.name(Place::Root);
    let mut batch = sled::Batch::default();
    batch.insert(
        &name,
        crate::chunk::close(&keys.ordinary, &name, 0, &encode(&Root::empty()))?,
    );
    Ok(disk.write(batch)?)
}

/// Takes the directory's lock; `None` if another process has it.
///
/// A program that this process is just starting holds copies of all open files until it runs, and with them a lock that
/// has been given up: so a lock that is held is tried again for a moment.
fn lock(dir: &Path) -> std::io::Result<Option<File>> {
    let file = options().create(true).open(dir.join(LOCK))?;
    for attempt in 1..=LOCK_ATTEMPTS {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(Some(file)),
            Err(rustix::io::Errno::WOULDBLOCK) if attempt < LOCK_ATTEMPTS => std::thread::sleep(LOCK_PAUSE),
            Err(rustix::io::Errno::WOULDBLOCK) => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

/// Clears away what a creation that was cut short has left; refuses to touch anything else.
fn clear_failed_attempt(dir: &Path) -> Result<(), CreateError> {
    let cut_short = dir.join(NEW_HEADER).try_exists()?;
    if dir.join(HEADER).try_exists()? || (Generation::any(dir)? && !cut_short) {
        return Err(CreateError::Exists);
    }
    if cut_short {
        let store = Generation::first(dir);
        if store.dir().try_exists()? {
            store.remove()?;
        }
        fs::remove_file(dir.join(NEW_HEADER))?;
    }
    Ok(())
}

fn counter(dir: &Path, root_key: &Key, slot: usize) -> std::io::Result<CounterFile> {
    let file = options().create(true).open(dir.join(COUNTER))?;
    Ok(CounterFile::new(
        file,
        derive(root_key, labels::VAULT_COUNTER, b""),
        slot,
    ))
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).truncate(false).mode(0o600);
    options
}

impl From<StoreError> for CreateError {
    fn from(error: StoreError) -> Self {
        Self::Environment(error.to_string())
    }
}

impl From<DiskError> for CreateError {
    fn from(error: DiskError) -> Self {
        match error {
            DiskError::Damaged => Self::Environment("the store below could not be created".into()),
            DiskError::Environment(text) => Self::Environment(text),
        }
    }
}

impl From<StoreError> for OpenError {
    fn from(error: StoreError) -> Self {
        Self::Environment(error.to_string())
    }
}

impl From<DiskError> for OpenError {
    fn from(error: DiskError) -> Self {
        match error {
            DiskError::Damaged => Self::Damaged { table: STORE },
            DiskError::Environment(text) => Self::Environment(text),
        }
    }
}
