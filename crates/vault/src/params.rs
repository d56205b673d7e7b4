//! The cost of trying one passphrase.

use crate::cipher::{KEY_LEN, Key};
use argon2::{Algorithm, Argon2, Version};

/// Argon2id parameters (RFC 9106), written in the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Params {
    /// Memory, in KiB.
    pub(crate) memory_kib: u32,
    /// Passes over it.
    pub(crate) passes: u32,
    /// Lanes.
    pub(crate) lanes: u32,
}

impl Params {
    /// For people's vaults: 256 MiB, 3 passes, one lane.
    pub const DEFAULT: Self = Self {
        memory_kib: 256 * 1024,
        passes: 3,
        lanes: 1,
    };

    /// So cheap that it protects nothing: for tests and the demonstration, where it has to be asked for by name.
    #[must_use]
    pub const fn testing() -> Self {
        Self {
            memory_kib: 64,
            passes: 1,
            lanes: 1,
        }
    }

    /// What a header may ask for; more is damage or mischief and is never tried.
    pub(crate) const fn are_sane(self) -> bool {
        self.memory_kib <= 4 * 1024 * 1024 && self.passes <= 64 && self.lanes >= 1 && self.lanes <= 64
    }

    /// The key that `passphrase` gives; `None` if the parameters are none that Argon2 takes or memory is short.
    pub(crate) fn stretch(self, passphrase: &[u8], salt: &[u8; 32]) -> Option<Key> {
        if !self.are_sane() {
            return None;
        }
        let params = argon2::Params::new(self.memory_kib, self.passes, self.lanes, Some(KEY_LEN)).ok()?;
        let mut key = [0; KEY_LEN];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase, salt, &mut key)
            .ok()?;
        Some(Key::take(&mut key))
    }
}

impl Default for Params {
    fn default() -> Self {
        Self::DEFAULT
    }
}
