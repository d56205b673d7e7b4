//! Faults of the edge, as the refusals that front ends know.

use crate::dto::{Refusal, RefusalCode};
use client::StepError;
use client::views::Carrier;
use relay_api::HostPort;
use transport::TransportError;
use vault::{CreateError, OpenError};

pub(crate) fn locked() -> Refusal {
    Refusal::new(
        RefusalCode::Locked,
        "the vault is locked: unlock it with the passphrase",
    )
}

/// The thread that would answer is gone, or gave this request up.
pub(crate) fn given_up() -> Refusal {
    Refusal::new(
        RefusalCode::Internal,
        "the request was given up: restart the program and try again",
    )
}

pub(crate) fn bad_address() -> Refusal {
    Refusal::new(
        RefusalCode::BadRelayAddress,
        "the relay's address line cannot be read; ask its operator for it again",
    )
}

/// Refuses a way to the relay that names no place.
pub(crate) fn check_carrier(carrier: &Carrier) -> Result<(), Refusal> {
    match carrier {
        Carrier::Socks5 { address } if address.parse::<HostPort>().is_err() => Err(Refusal::new(
            RefusalCode::BadRequest,
            "the proxy's address is host:port, for example 127.0.0.1:9050",
        )),
        Carrier::Socks5 { .. } | Carrier::Direct => Ok(()),
    }
}

pub(crate) fn not_created(error: &CreateError) -> Refusal {
    let code = match error {
        CreateError::Exists => RefusalCode::VaultExists,
        CreateError::InUse => RefusalCode::VaultInUse,
        _ => RefusalCode::CannotWrite,
    };
    Refusal::new(code, &error.to_string())
}

pub(crate) fn not_opened(error: &OpenError) -> Refusal {
    let code = match error {
        OpenError::NoVault => RefusalCode::NoVault,
        OpenError::InUse => RefusalCode::VaultInUse,
        OpenError::WrongPassphrase => RefusalCode::WrongPassphrase,
        OpenError::Damaged { .. } => RefusalCode::VaultDamaged,
        _ => RefusalCode::CannotWrite,
    };
    Refusal::new(code, &error.to_string())
}

/// The vault opened, and the client could not be loaded from it.
pub(crate) fn not_loaded(error: &StepError) -> Refusal {
    Refusal::new(
        RefusalCode::VaultDamaged,
        &format!("{error}: restore a backup of the vault"),
    )
}

/// The relay of a founding did not give its keys.
pub(crate) fn no_keys(error: &TransportError) -> Refusal {
    let code = match error {
        TransportError::WrongRelay => RefusalCode::BadRelayAddress,
        _ => RefusalCode::RelayUnreachable,
    };
    Refusal::new(code, &error.to_string())
}
