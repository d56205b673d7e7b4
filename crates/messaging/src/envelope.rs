//! Envelopes: HPKE (RFC 9180, base mode) with X-Wing, HKDF-SHA-256 and ChaCha20-Poly1305, for one recipient.
//!
//! `CBOR [version, kem output, ciphertext]`; `info` is the label ENVELOPE, the associated data is the caller's.
//! The sender is inside or not at all: base mode says nothing about who sealed.

use crate::provider::{CIPHERSUITE, NoRandomness, crypto};
use minicbor::{Decode, Encode};
use openmls_traits::crypto::OpenMlsCrypto;
use openmls_traits::types::{HpkeCiphertext, HpkeKeyPair};
use primitives::canonical::decode_canonical;
use primitives::{Secret, encode, labels};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

const VERSION: u8 = 1;
/// Length of an X-Wing public key: ML-KEM-768 and X25519.
const KEY_LEN: usize = 1184 + 32;

/// The secret to which envelopes are sealed; 32 bytes from which the key pair is derived.
#[derive(Debug)]
pub struct EnvelopeSecret(Secret<32>);

/// The public key of an [`EnvelopeSecret`].
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct EnvelopeKey(#[cbor(n(0), with = "minicbor::bytes")] Vec<u8>);

impl core::fmt::Debug for EnvelopeKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("EnvelopeKey(..)")
    }
}

/// An envelope that could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The recipient's key is not an X-Wing key.
    #[error("the recipient's key is not a key")]
    Key,
    /// No randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// An envelope that does not open: another recipient, other associated data, altered or malformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the envelope does not open with this key")]
pub struct NotForUs;

#[derive(Encode, Decode)]
#[cbor(array)]
struct Envelope {
    #[n(0)]
    version: u8,
    #[cbor(n(1), with = "minicbor::bytes")]
    kem_output: Vec<u8>,
    #[cbor(n(2), with = "minicbor::bytes")]
    ciphertext: Vec<u8>,
}

impl EnvelopeSecret {
    /// Draws a fresh secret.
    #[must_use]
    pub fn random(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        Self(Secret::random(rng))
    }

    /// The secret of 32 stored bytes.
    #[must_use]
    pub fn from_seed(seed: Secret<32>) -> Self {
        Self(seed)
    }

    /// The bytes to store.
    #[must_use]
    pub fn seed(&self) -> &Secret<32> {
        &self.0
    }

    /// The key to publish.
    ///
    /// # Errors
    /// [`NoRandomness`] if the provider cannot be set up.
    pub fn key(&self) -> Result<EnvelopeKey, NoRandomness> {
        Ok(EnvelopeKey(self.pair()?.public))
    }

    fn pair(&self) -> Result<HpkeKeyPair, NoRandomness> {
        crypto()?
            .derive_hpke_keypair(CIPHERSUITE.hpke_config(), self.0.expose())
            .map_err(|_| NoRandomness)
    }
}

/// Seals `bytes` to `key`, bound to `aad`.
///
/// # Errors
/// [`SealError`].
pub fn seal_envelope(key: &EnvelopeKey, aad: &[u8], bytes: &[u8]) -> Result<Vec<u8>, SealError> {
    if key.0.len() != KEY_LEN {
        return Err(SealError::Key);
    }
    let HpkeCiphertext {
        kem_output,
        ciphertext,
    } = crypto()?
        .hpke_seal(
            CIPHERSUITE.hpke_config(),
            &key.0,
            labels::ENVELOPE.as_bytes(),
            aad,
            bytes,
        )
        .map_err(|_| SealError::Key)?;
    Ok(encode(&Envelope {
        version: VERSION,
        kem_output: kem_output.into(),
        ciphertext: ciphertext.into(),
    }))
}

/// Opens an envelope with the same `aad`.
///
/// # Errors
/// [`NotForUs`].
pub fn open_envelope(
    secret: &EnvelopeSecret,
    aad: &[u8],
    envelope: &[u8],
) -> Result<Zeroizing<Vec<u8>>, NotForUs> {
    let envelope: Envelope = decode_canonical(envelope).map_err(|_| NotForUs)?;
    if envelope.version != VERSION {
        return Err(NotForUs);
    }
    let pair = secret.pair().map_err(|_| NotForUs)?;
    let input = HpkeCiphertext {
        kem_output: envelope.kem_output.into(),
        ciphertext: envelope.ciphertext.into(),
    };
    let info = labels::ENVELOPE.as_bytes();
    crypto()
        .map_err(|_| NotForUs)?
        .hpke_open(
            CIPHERSUITE.hpke_config(),
            &input,
            pair.private.as_ref(),
            info,
            aad,
        )
        .map(Zeroizing::new)
        .map_err(|_| NotForUs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    fn secret(seed: u64) -> EnvelopeSecret {
        EnvelopeSecret::random(&mut ChaCha20Rng::seed_from_u64(seed))
    }

    #[test]
    fn opens_what_was_sealed_to_it_and_nothing_else() {
        let envelope = seal_envelope(&secret(1).key().unwrap(), b"aad", b"hello").unwrap();
        assert_eq!(*open_envelope(&secret(1), b"aad", &envelope).unwrap(), b"hello");
        assert_eq!(open_envelope(&secret(2), b"aad", &envelope), Err(NotForUs));
        assert_eq!(open_envelope(&secret(1), b"other", &envelope), Err(NotForUs));
    }

    #[test]
    fn a_cut_or_changed_envelope_does_not_open() {
        let envelope = seal_envelope(&secret(1).key().unwrap(), b"", b"hello").unwrap();
        for at in [0, 1, 2, 3, 40, 1000, 1130, envelope.len() - 1] {
            assert_eq!(open_envelope(&secret(1), b"", &envelope[..at]), Err(NotForUs));
            let mut changed = envelope.clone();
            changed[at] ^= 1;
            assert_eq!(open_envelope(&secret(1), b"", &changed), Err(NotForUs));
        }
        let trailing = [envelope.as_slice(), &[0]].concat();
        assert_eq!(open_envelope(&secret(1), b"", &trailing), Err(NotForUs));
    }

    #[test]
    fn refuses_a_key_of_the_wrong_length() {
        assert_eq!(
            seal_envelope(&EnvelopeKey(vec![1; 32]), b"", b"x"),
            Err(SealError::Key)
        );
    }

    #[test]
    fn the_key_follows_from_the_seed() {
        assert_eq!(secret(1).key().unwrap(), secret(1).key().unwrap());
        assert_eq!(secret(1).key().unwrap().0.len(), KEY_LEN);
    }
}
