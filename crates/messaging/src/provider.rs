//! What OpenMLS is given to work with: the libcrux provider for its cryptography, our records for its state.

use crate::records::Records;
use openmls_libcrux_crypto::CryptoProvider;
use openmls_traits::OpenMlsProvider;
use openmls_traits::types::Ciphersuite;

/// The one ciphersuite of the project: X25519 with ML-KEM-768, ChaCha20-Poly1305, SHA-256, Ed25519 (0x004D).
pub(crate) const CIPHERSUITE: Ciphersuite = Ciphersuite::MLS_256_XWING_CHACHA20POLY1305_SHA256_Ed25519;

/// The system's random generator could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system's random generator gives nothing")]
pub struct NoRandomness;

/// The provider of one conversation: its records and a generator seeded by the system.
pub(crate) struct Provider {
    crypto: CryptoProvider,
    records: Records,
}

impl Provider {
    pub(crate) fn new(records: Records) -> Result<Self, NoRandomness> {
        Ok(Self {
            crypto: crypto()?,
            records,
        })
    }

    pub(crate) fn records(&self) -> &Records {
        &self.records
    }
}

/// A libcrux provider; OpenMLS offers no way to hand it our own generator.
pub(crate) fn crypto() -> Result<CryptoProvider, NoRandomness> {
    CryptoProvider::new().map_err(|_| NoRandomness)
}

impl OpenMlsProvider for Provider {
    type CryptoProvider = CryptoProvider;
    type RandProvider = CryptoProvider;
    type StorageProvider = Records;

    fn storage(&self) -> &Records {
        &self.records
    }

    fn crypto(&self) -> &CryptoProvider {
        &self.crypto
    }

    fn rand(&self) -> &CryptoProvider {
        &self.crypto
    }
}
