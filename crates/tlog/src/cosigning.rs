//! The second key of a witness's device, for a time when the first can be forged: ML-DSA-44 (FIPS 204).

use hkdf::Hkdf;
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use ml_dsa::{EncodedSignature, EncodedVerifyingKey, ExpandedSigningKey, MlDsa44, Seed, Signature};
use primitives::{BadSignature, SigningSecret, encode, labels};
use sha2::Sha256;
use zeroize::Zeroize as _;

/// Bytes of a public key.
const KEY_BYTES: usize = 1_312;
/// Bytes of a signature.
const SIGNATURE_BYTES: usize = 2_420;

/// A signature by a [`CosigningKey`].
pub type CosigningSignature = ByteArray<SIGNATURE_BYTES>;

/// An ML-DSA-44 public key, as bytes; every 1,312 bytes are one.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct CosigningKey(#[n(0)] Box<ByteArray<KEY_BYTES>>);

impl CosigningKey {
    /// The key's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// Verifies (ML-DSA.Verify with the empty context).
    ///
    /// # Errors
    /// [`BadSignature`].
    pub fn verify(&self, message: &[u8], signature: &CosigningSignature) -> Result<(), BadSignature> {
        let bytes = EncodedSignature::<MlDsa44>::try_from(signature.as_slice()).map_err(|_| BadSignature)?;
        let key = EncodedVerifyingKey::<MlDsa44>::try_from(self.0.as_slice()).map_err(|_| BadSignature)?;
        let signature = Signature::<MlDsa44>::decode(&bytes).ok_or(BadSignature)?;
        let key = ml_dsa::VerifyingKey::<MlDsa44>::decode(&key);
        if key.verify_with_context(message, &[], &signature) {
            Ok(())
        } else {
            Err(BadSignature)
        }
    }
}

/// The secret of a device's cosigning key, derived from that of its device key: whoever computes the device key's secret scalar
/// from the public key does not have the seed.
pub struct CosigningSecret(Box<ExpandedSigningKey<MlDsa44>>);

impl CosigningSecret {
    /// The one of a device.
    #[must_use]
    #[expect(clippy::expect_used, reason = "32 bytes are below the limit of 255 blocks")]
    pub fn of(device: &SigningSecret) -> Self {
        let mut seed = Seed::default();
        Hkdf::<Sha256>::new(None, device.seed().as_slice())
            .expand(&encode(&labels::DEVICE_COSIGNING), &mut seed)
            .expect("the length is allowed");
        let key = ExpandedSigningKey::from_seed(&seed);
        seed.zeroize();
        Self(Box::new(key))
    }

    /// The public key.
    #[must_use]
    pub fn key(&self) -> CosigningKey {
        let mut bytes = Box::new(ByteArray::from([0; KEY_BYTES]));
        bytes.copy_from_slice(&self.0.verifying_key().encode());
        CosigningKey(bytes)
    }

    /// Signs (the deterministic variant, the empty context).
    #[must_use]
    #[expect(clippy::expect_used, reason = "the empty context is short enough")]
    pub fn sign(&self, message: &[u8]) -> Box<CosigningSignature> {
        let signature = self.0.sign_deterministic(message, &[]);
        let mut bytes = Box::new(ByteArray::from([0; SIGNATURE_BYTES]));
        bytes.copy_from_slice(&signature.expect("a context of no bytes").encode());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use primitives::Secret;

    fn secret(seed: u8) -> CosigningSecret {
        CosigningSecret::of(&SigningSecret::from_seed(&Secret::take(&mut [seed; 32])))
    }

    #[test]
    fn what_was_signed_verifies_and_nothing_else_does() {
        let signature = secret(1).sign(b"message");
        let key = secret(1).key();
        assert_eq!(key.verify(b"message", &signature), Ok(()));
        assert_eq!(key.verify(b"massage", &signature), Err(BadSignature));
        assert_eq!(secret(2).key().verify(b"message", &signature), Err(BadSignature));
        for at in [0, 40, SIGNATURE_BYTES - 1] {
            let mut other = signature.clone();
            other[at] ^= 1;
            assert_eq!(key.verify(b"message", &other), Err(BadSignature), "byte {at}");
        }
    }
}
