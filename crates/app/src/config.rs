//! Where the vault is, what a new one costs to open, and how it stands.

use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use ts_rs::TS;

/// The file whose presence makes a directory a vault (docs/spec/vault.md).
const HEADER: &str = "header";

/// What a front end decides before anything runs.
#[derive(Debug, Clone)]
pub struct Config {
    /// The vault's directory; need not exist.
    pub vault_dir: PathBuf,
    /// Used when the vault is created, and only then.
    pub key_cost: KeyCost,
}

/// What one try of a passphrase costs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KeyCost {
    /// For people.
    #[default]
    Standard,
    /// So cheap that it protects nothing: for demonstrations and tests.
    Light,
}

impl From<KeyCost> for vault::Params {
    fn from(cost: KeyCost) -> Self {
        match cost {
            KeyCost::Standard => Self::DEFAULT,
            KeyCost::Light => Self::testing(),
        }
    }
}

/// How the vault stands.
///
/// `Absent` becomes `Open` by creation, `Open` becomes `Locked` by locking (or when its disk fails), `Locked` becomes
/// `Open` by the passphrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum VaultStatus {
    /// There is none in the directory.
    Absent,
    /// There is one, and its passphrase is needed.
    Locked,
    /// It is open.
    Open,
}

impl VaultStatus {
    /// How a vault that is not open here stands.
    pub(crate) fn on_disk(dir: &Path) -> Self {
        // A directory that cannot be looked into is not called absent: nobody shall be asked to create a vault there.
        match dir.join(HEADER).try_exists() {
            Ok(false) => Self::Absent,
            Ok(true) | Err(_) => Self::Locked,
        }
    }
}
