//! Creating and opening a vault.
//!
//! ```text
//! dir/lock       held while it is open
//! dir/header     what the passphrase opens
//! dir/counter    how many batches were acknowledged
//! dir/store/     sled
//! ```

use crate::chunk::ChunkKeys;
use crate::cipher::{Key, derive, fresh_key, unseal};
use crate::contents::{Contents, ReadError, Reader, TableIndex, read_chunk};
use crate::counter::CounterFile;
use crate::disk::{Disk, DiskError};
use crate::error::{CreateError, OpenError};
use crate::header::{Body, HeaderFile, Side, Unlocked};
use crate::keyring::Keyring;
use crate::layout::{Place, Root};
use crate::params::Params;
use crate::process::limit_core_size;
use crate::step::pending_context;
use crate::vault::Vault;
use primitives::{StoreError, decode_canonical, encode, labels};
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
        let disk = Disk::open(&dir.join(STORE))?;
        write_empty_root(&disk, &root_key)?;
        sync_dir(&dir.join(STORE))?;
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
        let opened = load(disk, unlocked, header, counter, lock);
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
        if !dir.join(STORE).try_exists()? {
            return Err(OpenError::Damaged { table: STORE });
        }
        let disk = Disk::open(&dir.join(STORE))?;
        let counter = counter(dir, &unlocked.root_key, unlocked.slot)?;
        load(disk, unlocked, header, counter, lock)
    }
}

/// Reads everything that an open vault keeps in memory.
fn load(
    disk: Disk,
    unlocked: Unlocked,
    mut header: HeaderFile,
    mut counter: CounterFile,
    lock: File,
) -> Result<Opened, OpenError> {
    let keys = ChunkKeys::derive(&unlocked.root_key);
    let mut root = read_root(&disk, &keys)?;
    let body = finish_burning(
        unlocked.body,
        &root,
        &mut header,
        unlocked.slot,
        &unlocked.root_key,
    )?;
    let acknowledged = counter.read().max(body.batches);
    let same_sealing = body.sealing == root.sealing;
    let rolled_back = !same_sealing || acknowledged > root.batches;

    let mut damaged = Vec::new();
    let mut keyring = Keyring::default();
    for part in 0..root.keyring_parts {
        let place = Place::Keyring {
            sealing: root.sealing,
            part,
        };
        match read_chunk(&disk, &keys, &body.header_key, place, root.batches) {
            Ok(payload) if keyring.decode_part(&payload).is_some() => {}
            Err(ReadError::Environment(text)) => return Err(OpenError::Environment(text)),
            Ok(_) | Err(ReadError::Damaged) => damaged = vec!["keyring".to_owned()],
        }
    }
    let reseal = !same_sealing || !damaged.is_empty();
    root.batches = root.batches.max(acknowledged);
    if !same_sealing {
        // The next batch seals anew; its number lies beyond both, so that the next opening finds them together.
        root.sealing = root.sealing.max(body.sealing);
    }
    let mut contents = Contents {
        root,
        keyring,
        tables: Vec::new(),
    };
    for number in 0..contents.root.tables.len() {
        let index = read_table(
            Reader {
                disk: &disk,
                keys: &keys,
                contents: &contents,
            },
            number,
        )?;
        if index.damaged {
            damaged.push(index.name.clone());
        }
        contents.tables.push(index);
    }
    let vault = Vault {
        disk,
        keys,
        root_key: unlocked.root_key,
        slot: unlocked.slot,
        header,
        header_key: body.header_key,
        sealing: body.sealing,
        counter,
        contents,
        reseal,
        failed: false,
        crash_at: None,
        _lock: lock,
    };
    Ok(Opened {
        vault,
        rolled_back,
        damaged,
    })
}

fn read_root(disk: &Disk, keys: &ChunkKeys) -> Result<Root, OpenError> {
    match read_chunk(disk, keys, &keys.ordinary, Place::Root, u64::MAX) {
        Ok(payload) => decode_canonical(&payload).map_err(|_| OpenError::Damaged { table: "root" }),
        Err(ReadError::Damaged) => Err(OpenError::Damaged { table: "root" }),
        Err(ReadError::Environment(text)) => Err(OpenError::Environment(text)),
    }
}

/// Completes a burning whose batch is durable and whose header key had not reached the header.
fn finish_burning(
    body: Body,
    root: &Root,
    header: &mut HeaderFile,
    slot: usize,
    root_key: &Key,
) -> Result<Body, OpenError> {
    let cut_short = root
        .pending
        .as_ref()
        .filter(|pending| pending.from == body.sealing && root.sealing > body.sealing);
    let Some(pending) = cut_short else { return Ok(body) };
    let opened = unseal(&body.header_key, &pending_context(root.sealing), &pending.sealed);
    let header_key = opened
        .and_then(|key| Key::from_slice(&key))
        .ok_or(OpenError::Damaged { table: "keyring" })?;
    let body = Body {
        header_key,
        sealing: root.sealing,
        batches: root.batches,
    };
    header.write_newer(header.current().with_body(slot, root_key, &body)?)?;
    header.overwrite_older()?;
    Ok(body)
}

fn read_table(reader: Reader<'_>, number: usize) -> Result<TableIndex, OpenError> {
    let Some((name, pages)) = reader.contents.root.tables.get(number) else {
        return Ok(TableIndex::default());
    };
    let mut index = TableIndex {
        name: name.clone(),
        ..TableIndex::default()
    };
    for number_of_page in 0..*pages {
        match reader.page(number, number_of_page) {
            Ok(page) => {
                index.used.push(page.used());
                for entry in page.entries() {
                    let twice = index.spots.insert(entry.key.clone(), entry.spot(number_of_page));
                    index.damaged |= twice.is_some();
                }
            }
            Err(ReadError::Damaged) => {
                index.used.push(usize::MAX);
                index.damaged = true;
            }
            Err(ReadError::Environment(text)) => return Err(OpenError::Environment(text)),
        }
    }
    Ok(index)
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
    if dir.join(HEADER).try_exists()? || (dir.join(STORE).try_exists()? && !cut_short) {
        return Err(CreateError::Exists);
    }
    if cut_short {
        if dir.join(STORE).try_exists()? {
            fs::remove_dir_all(dir.join(STORE))?;
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

fn sync_dir(dir: &Path) -> std::io::Result<()> {
    File::open(dir)?.sync_all()
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
