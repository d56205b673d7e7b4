//! The relay's keys on disk: seeds of 32 bytes, each in a file that only its owner reads.
//!
//! ```text
//! identity.key              certifies the others; never changes
//! tls.key                   proves who answers; a new one is noticed by nobody
//! checkpoint.key            signs checkpoints
//! checkpoint-previous.key   signed them before and signs along, so that who knows only it goes on
//! checkpoint-retired        those that sign no more: 32 bytes of each public key, one after the other
//! issued                    when the keys were given out last: milliseconds since 1970 in 20 digits
//! ```

use crate::store::sync_parent;
use primitives::{RelayId, Secret, SigningSecret, Time, VerifyingKey};
use rand_core::UnwrapErr;
use relay_api::relay_id;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use tlog::{Checkpoint, CheckpointKey, SignedCheckpoint};
use zeroize::Zeroizing;

/// A relay's keys.
#[derive(Debug)]
pub struct Identity {
    identity: SigningSecret,
    tls: SigningSecret,
    checkpoint: SigningSecret,
    previous: Option<SigningSecret>,
    retired: Vec<VerifyingKey>,
}

impl Identity {
    /// Loads the keys of a data directory, drawing those that are not there yet.
    ///
    /// # Errors
    /// Whatever keeps them from being read or written durably; also a key file of the wrong length.
    pub fn load_or_create(dir: &Path) -> io::Result<Self> {
        let (identity, tls) = (key(&dir.join("identity.key"))?, key(&dir.join("tls.key"))?);
        let checkpoint = key(&dir.join("checkpoint.key"))?;
        let previous = existing(&dir.join(PREVIOUS))?;
        let keys = Self {
            // A rotation that was cut off has left the same key twice.
            previous: previous.filter(|previous| previous.verifying_key() != checkpoint.verifying_key()),
            identity,
            tls,
            checkpoint,
            retired: retired(&dir.join(RETIRED))?,
        };
        File::open(dir)?.sync_all()?;
        Ok(keys)
    }

    /// The relay's id: what its address pins.
    #[must_use]
    pub fn relay(&self) -> RelayId {
        relay_id(&self.identity.verifying_key())
    }

    /// Certifies the others.
    #[must_use]
    pub const fn key(&self) -> &SigningSecret {
        &self.identity
    }

    /// Proves who answers a TLS connection.
    #[must_use]
    pub const fn tls_key(&self) -> &SigningSecret {
        &self.tls
    }

    /// Every key by which this relay has ever signed checkpoints: what an older one has signed binds it still.
    #[must_use]
    pub fn checkpoint_keys(&self) -> Vec<CheckpointKey> {
        let signing = [Some(&self.checkpoint), self.previous.as_ref()];
        let signing = signing.into_iter().flatten().map(SigningSecret::verifying_key);
        let relay = self.relay();
        let all = signing.chain(self.retired.iter().copied());
        all.map(|key| CheckpointKey { relay, key }).collect()
    }

    /// The key that signs checkpoints, and is given out.
    #[must_use]
    pub const fn checkpoint_key(&self) -> &SigningSecret {
        &self.checkpoint
    }

    /// Signs a checkpoint, by the previous key too if there is one.
    #[must_use]
    pub fn sign(&self, checkpoint: &Checkpoint) -> SignedCheckpoint {
        let signed = checkpoint.sign(&self.checkpoint);
        match &self.previous {
            Some(previous) => signed.also_signed(checkpoint, previous),
            None => signed,
        }
    }

    /// The time at which the keys are given out: `now`, but later than ever before.
    ///
    /// # Errors
    /// Whatever keeps it from being read.
    pub fn issue(dir: &Path, now: Time) -> io::Result<Time> {
        let path = dir.join("issued");
        let last: u64 = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            // One that is damaged says nothing; the clock does.
            read => String::from_utf8_lossy(&read?).parse().unwrap_or(0),
        };
        let issued = now.0.max(last.saturating_add(1));
        // On a full disk the relay starts all the same, for those who read.
        if let Err(error) = write(&path, format!("{issued:020}").as_bytes()) {
            tracing::warn!(%error, "when the keys were given out could not be noted");
        }
        Ok(Time(issued))
    }

    /// Draws another TLS key.
    ///
    /// # Errors
    /// Whatever keeps it from being written durably; then the old one holds.
    pub fn rotate_tls(dir: &Path) -> io::Result<()> {
        create(&dir.join("tls.key"))?;
        File::open(dir)?.sync_all()
    }

    /// Draws another checkpoint key; the old one goes on signing beside it. False: a previous one still does.
    ///
    /// # Errors
    /// Whatever keeps that from being made durable; a part of it that was done changes nothing.
    pub fn rotate_checkpoint(dir: &Path) -> io::Result<bool> {
        let keys = Self::load_or_create(dir)?;
        if keys.previous.is_some() {
            return Ok(false);
        }
        // Until the new one has its name, both files hold the same key.
        write(&dir.join(PREVIOUS), keys.checkpoint.seed().as_slice())?;
        create(&dir.join("checkpoint.key"))?;
        File::open(dir)?.sync_all()?;
        Ok(true)
    }

    /// The previous checkpoint key signs no more; what it has signed stays known. False: there is none.
    ///
    /// # Errors
    /// Whatever keeps that from being made durable.
    pub fn retire_previous(dir: &Path) -> io::Result<bool> {
        let keys = Self::load_or_create(dir)?;
        let Some(previous) = keys.previous else {
            return Ok(false);
        };
        let mut retired = keys.retired;
        retired.push(previous.verifying_key());
        let bytes: Vec<u8> = retired.iter().flat_map(|key| *key.as_bytes()).collect();
        write(&dir.join(RETIRED), &bytes)?;
        fs::remove_file(dir.join(PREVIOUS))?;
        File::open(dir)?.sync_all()?;
        Ok(true)
    }
}

const PREVIOUS: &str = "checkpoint-previous.key";
const RETIRED: &str = "checkpoint-retired";

fn key(path: &Path) -> io::Result<SigningSecret> {
    existing(path)?.map_or_else(|| create(path), Ok)
}

fn existing(path: &Path) -> io::Result<Option<SigningSecret>> {
    match File::open(path) {
        Ok(mut file) => read(&mut file, path).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn retired(path: &Path) -> io::Result<Vec<VerifyingKey>> {
    let bytes = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read?,
    };
    match bytes.as_chunks::<32>() {
        (keys, []) => Ok(keys.iter().copied().map(VerifyingKey::new).collect()),
        _ => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("{} is not a list of keys of 32 bytes", path.display()),
        )),
    }
}

fn read(file: &mut File, path: &Path) -> io::Result<SigningSecret> {
    let mut bytes = Zeroizing::new(Vec::new());
    file.read_to_end(&mut bytes)?;
    let seed = Secret::from_slice(&bytes);
    seed.map(|seed| SigningSecret::from_seed(&seed)).ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("{} is not a key of 32 bytes", path.display()),
        )
    })
}

fn create(path: &Path) -> io::Result<SigningSecret> {
    let key = SigningSecret::random(&mut UnwrapErr(getrandom::SysRng));
    write(path, key.seed().as_slice())?;
    Ok(key)
}

/// Written beside and renamed, so that a cut leaves a whole file or the one before.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    sync_parent(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotation_keeps_the_identity_and_every_key_that_has_signed() {
        let dir = tempfile::tempdir().unwrap();
        let first = Identity::load_or_create(dir.path()).unwrap();
        assert!(Identity::rotate_checkpoint(dir.path()).unwrap());
        assert!(
            !Identity::rotate_checkpoint(dir.path()).unwrap(),
            "one signs along already"
        );
        Identity::rotate_tls(dir.path()).unwrap();
        let second = Identity::load_or_create(dir.path()).unwrap();
        assert_eq!(first.relay(), second.relay());
        assert_ne!(first.tls_key().verifying_key(), second.tls_key().verifying_key());
        let of = |keys: &Identity| keys.checkpoint_key().verifying_key();
        assert_ne!(of(&first), of(&second));
        assert!(Identity::retire_previous(dir.path()).unwrap());
        assert!(!Identity::retire_previous(dir.path()).unwrap());
        assert!(Identity::rotate_checkpoint(dir.path()).unwrap());
        let third = Identity::load_or_create(dir.path()).unwrap();
        let known: Vec<_> = third.checkpoint_keys().iter().map(|known| known.key).collect();
        assert_eq!(known, [of(&third), of(&second), of(&first)]);
    }

    #[test]
    fn a_rotation_that_was_cut_off_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let before = Identity::load_or_create(dir.path()).unwrap();
        fs::copy(dir.path().join("checkpoint.key"), dir.path().join(PREVIOUS)).unwrap();
        let after = Identity::load_or_create(dir.path()).unwrap();
        assert_eq!(before.checkpoint_keys(), after.checkpoint_keys());
        assert!(Identity::rotate_checkpoint(dir.path()).unwrap());
    }

    #[test]
    fn keys_are_issued_later_each_time_whatever_the_clock_says() {
        let dir = tempfile::tempdir().unwrap();
        let issued = [7, 5, 5, 100].map(|now| Identity::issue(dir.path(), Time(now)).unwrap().0);
        assert_eq!(issued, [7, 8, 9, 100]);
    }
}
