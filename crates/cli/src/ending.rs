//! How a command ends when it does not succeed.

use app::dto::{Refusal, RefusalCode};
use std::fmt;

/// A command that did not succeed.
#[derive(Debug)]
pub(crate) enum Ending {
    /// The assembly's rules or the state of things do not allow it.
    Refused(Refusal),
    /// The vault cannot be opened or created.
    Vault(Refusal),
    /// The command line, a file or the terminal.
    Usage(String),
    /// Ctrl-C.
    Interrupted,
}

impl Ending {
    /// A mistake of the caller or of the surroundings.
    pub(crate) fn environment(error: &dyn fmt::Display) -> Self {
        Self::Usage(error.to_string())
    }

    /// Sorts a refusal by whether the vault was the reason.
    pub(crate) fn from_refusal(refusal: Refusal) -> Self {
        match refusal.code {
            RefusalCode::NoVault
            | RefusalCode::VaultExists
            | RefusalCode::WrongPassphrase
            | RefusalCode::VaultDamaged
            | RefusalCode::VaultInUse
            | RefusalCode::Locked
            | RefusalCode::StoreFailed => Self::Vault(refusal),
            _ => Self::Refused(refusal),
        }
    }

    /// 1 if refused, 2 if the command line or the vault was the reason, and what shells say of who was interrupted.
    pub(crate) const fn exit_status(&self) -> u8 {
        match self {
            Self::Refused(_) => 1,
            Self::Vault(_) | Self::Usage(_) => 2,
            Self::Interrupted => 130,
        }
    }

    /// `{"refusal":{"code":…,"details":…}}`, if it is a refusal.
    pub(crate) fn to_json(&self) -> Option<String> {
        match self {
            Self::Refused(refusal) | Self::Vault(refusal) => {
                Some(serde_json::json!({ "refusal": refusal }).to_string())
            }
            Self::Usage(_) | Self::Interrupted => None,
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) | Self::Vault(refusal) => f.write_str(&refusal.details),
            Self::Usage(message) => f.write_str(message),
            Self::Interrupted => f.write_str("interrupted"),
        }
    }
}
