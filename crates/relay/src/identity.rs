//! The relay's keys on disk: three seeds of 32 bytes, each in a file that only its owner reads.

use primitives::{RelayId, Secret, SigningSecret};
use rand_core::UnwrapErr;
use relay_api::relay_id;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use tlog::CheckpointKey;
use zeroize::Zeroizing;

/// A relay's keys.
#[derive(Debug)]
pub struct Identity {
    identity: SigningSecret,
    tls: SigningSecret,
    checkpoint: SigningSecret,
}

impl Identity {
    /// Loads the keys of a data directory, drawing those that are not there yet.
    ///
    /// # Errors
    /// Whatever keeps them from being read or written durably; also a key file of the wrong length.
    pub fn load_or_create(dir: &Path) -> io::Result<Self> {
        let keys = Self {
            identity: key(&dir.join("identity.key"))?,
            tls: key(&dir.join("tls.key"))?,
            checkpoint: key(&dir.join("checkpoint.key"))?,
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
        // A checkpoint key that is taken out of use is to be remembered and added here.
        vec![CheckpointKey {
            relay: self.relay(),
            key: self.checkpoint.verifying_key(),
        }]
    }

    /// Signs checkpoints.
    #[must_use]
    pub const fn checkpoint_key(&self) -> &SigningSecret {
        &self.checkpoint
    }
}

fn key(path: &Path) -> io::Result<SigningSecret> {
    match File::open(path) {
        Ok(mut file) => read(&mut file, path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(path),
        Err(error) => Err(error),
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

/// Written beside and renamed, so that a cut leaves a whole key or none.
fn create(path: &Path) -> io::Result<SigningSecret> {
    let key = SigningSecret::random(&mut UnwrapErr(getrandom::SysRng));
    let beside = path.with_extension("new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)?;
    file.write_all(key.seed().as_slice())?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    Ok(key)
}
