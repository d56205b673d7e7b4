//! The vault: a member's records on the disk, sealed (docs/spec/vault.md).
//!
//! Implements [`primitives::Store`] over sled. Everything in sled is a sealed chunk of one size under a keyed-hash
//! name; a small header file beside it holds what the passphrase opens. Trusts the operating system while it is
//! unlocked, and nobody else. Deliberately absent: any knowledge of what the records mean.

mod chunk;
mod cipher;
mod cold;
mod compact;
mod contents;
mod counter;
#[cfg(test)]
mod described;
mod disk;
mod error;
mod generation;
mod header;
mod keyring;
mod layout;
mod load;
mod open;
mod page;
mod params;
mod process;
mod step;
mod vault;

pub use compact::{Compacted, Compacting, Usage};
pub use error::{CreateError, OpenError};
pub use layout::{KEY_BYTES_MAX, VALUE_BYTES_MAX};
pub use open::Opened;
pub use params::Params;
pub use process::forbid_core_dumps;
pub use vault::{Moment, Vault};
