//! Why a vault could not be made or opened.

/// Why no vault was created.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    /// There is a vault already, or what may be the remains of one.
    #[error("there is already a vault in this directory: open it, or choose an empty directory")]
    Exists,
    /// Another process is at work in this directory.
    #[error("this vault is open in another process: close it there first")]
    InUse,
    /// The environment failed (disk full, no permission, not enough memory).
    #[error("the vault could not be created: {0}")]
    Environment(String),
}

/// Why a vault did not open.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// No vault is in this directory.
    #[error("there is no vault in this directory: create one, or choose another directory")]
    NoVault,
    /// Another process has it open.
    #[error("this vault is open in another process: close it there first")]
    InUse,
    /// Wrong passphrase, or an empty slot, or a damaged header: whoever guesses cannot tell which.
    #[error("this passphrase does not open the vault: check it and try again")]
    WrongPassphrase,
    /// The passphrase is right and the store's own records are damaged, so that nothing can be found in it.
    #[error(
        "the vault's store is damaged ({table}): restore a backup, or recover with your colleagues' help"
    )]
    Damaged {
        /// What is damaged: `root`, `keyring` or `store`.
        table: &'static str,
    },
    /// The environment failed (disk full, no permission, not enough memory).
    #[error("the vault could not be opened: {0}")]
    Environment(String),
}

impl From<std::io::Error> for OpenError {
    fn from(error: std::io::Error) -> Self {
        Self::Environment(error.to_string())
    }
}

impl From<std::io::Error> for CreateError {
    fn from(error: std::io::Error) -> Self {
        Self::Environment(error.to_string())
    }
}
