//! The passphrase file of scripted demonstrations.

use std::{fs, io, path::Path};

use app::{Handle, VaultStatus, dto::Refusal};
use zeroize::Zeroizing;

/// Why a scripted start did not open the vault.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScriptError {
    /// The file could not be read.
    #[error("the passphrase file cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// The vault refused.
    #[error("the vault was not opened: {0}")]
    Refused(String),
}

impl From<Refusal> for ScriptError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal.details)
    }
}

/// Opens the vault with the first line of `file`, or creates it if there is none.
pub(crate) async fn open(vault: &Handle, file: &Path) -> Result<(), ScriptError> {
    let text = Zeroizing::new(fs::read_to_string(file)?);
    let passphrase = Zeroizing::new(text.lines().next().unwrap_or_default().to_owned());
    match vault.vault_status() {
        VaultStatus::Absent => vault.create_vault(passphrase).await?,
        VaultStatus::Locked => vault.unlock(passphrase).await?,
        VaultStatus::Open => {}
    }
    Ok(())
}
