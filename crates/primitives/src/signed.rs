//! Signatures over received bytes.
//!
//! A signature covers `CBOR[label, version] || bytes`, where `bytes` are the very bytes that were
//! received, never a re-encoding. [`Unverified`] and [`Signed`] are different types: only the second gives the value out.

use crate::canonical::{Malformed, decode_canonical, encode};
use crate::labels::Label;
use crate::secret::SigningSecret;
use core::fmt;
use data_encoding::HEXLOWER;
use ed25519_dalek::Signature;
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};

/// Version of the signed forms.
pub const VERSION: u8 = 1;

/// A signature that does not verify, or a key that is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not verify")]
pub struct BadSignature;

/// An Ed25519 public key, as 32 bytes; decoded only when it verifies something.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct VerifyingKey(#[n(0)] ByteArray<32>);

impl VerifyingKey {
    /// Takes 32 bytes as a key; whether they are one shows when they verify something.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(ByteArray::from(bytes))
    }

    /// The key's 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Verifies a signature over `message` as it is, by the strict rules (no small-order keys, no malleability).
    ///
    /// # Errors
    /// [`BadSignature`].
    pub fn verify_raw(&self, message: &[u8], signature: &[u8; 64]) -> Result<(), BadSignature> {
        ed25519_dalek::VerifyingKey::from_bytes(&self.0)
            .and_then(|key| key.verify_strict(message, &Signature::from_bytes(signature)))
            .map_err(|_| BadSignature)
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(self.as_bytes()))
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({self})")
    }
}

/// Bytes with a signature that nobody has checked yet. This is the form on the wire and on disk.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Unverified {
    #[cbor(n(0), with = "minicbor::bytes")]
    bytes: Vec<u8>,
    #[n(1)]
    signature: ByteArray<64>,
}

impl Unverified {
    /// Puts received bytes and their signature together.
    #[must_use]
    pub fn new(bytes: Vec<u8>, signature: [u8; 64]) -> Self {
        Self {
            bytes,
            signature: ByteArray::from(signature),
        }
    }

    /// The bytes, unverified.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The signature, unverified.
    #[must_use]
    pub fn signature(&self) -> [u8; 64] {
        *self.signature
    }

    /// Decodes the value *without* checking the signature: to find out whose key to check it with, nothing else.
    ///
    /// # Errors
    /// [`Malformed`] if the bytes are not canonical.
    pub fn peek<T: for<'b> Decode<'b, ()> + Encode<()>>(&self) -> Result<T, Malformed> {
        decode_canonical(&self.bytes)
    }

    /// Checks the signature by `key` under `label`, then decodes.
    ///
    /// # Errors
    /// [`SignedError`] says which of the two failed.
    pub fn verify<T: for<'b> Decode<'b, ()> + Encode<()>>(
        self,
        label: Label,
        key: &VerifyingKey,
    ) -> Result<Signed<T>, SignedError> {
        key.verify_raw(&covered(label, &self.bytes), &self.signature)?;
        let value = decode_canonical(&self.bytes)?;
        Ok(Signed {
            value,
            unverified: self,
            key: *key,
        })
    }
}

/// A value whose signature has been checked, with the bytes that were signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed<T> {
    value: T,
    unverified: Unverified,
    key: VerifyingKey,
}

impl<T: Encode<()>> Signed<T> {
    /// Signs `value` under `label`.
    #[must_use]
    pub fn sign(label: Label, value: T, key: &SigningSecret) -> Self {
        let bytes = encode(&value);
        let signature = key.sign_raw(&covered(label, &bytes));
        Self {
            value,
            unverified: Unverified::new(bytes, signature),
            key: key.verifying_key(),
        }
    }
}

impl<T> Signed<T> {
    /// The value.
    #[must_use]
    pub fn value(&self) -> &T {
        &self.value
    }

    /// The key that signed it.
    #[must_use]
    pub fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// The bytes that were signed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.unverified.bytes
    }

    /// The form for the wire and the disk.
    #[must_use]
    pub fn unverified(&self) -> &Unverified {
        &self.unverified
    }

    /// Gives the value up.
    #[must_use]
    pub fn into_value(self) -> T {
        self.value
    }
}

/// Why signed bytes were refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignedError {
    /// The signature does not verify.
    #[error(transparent)]
    Signature(#[from] BadSignature),
    /// The signed bytes are not canonical.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

fn covered(label: Label, bytes: &[u8]) -> Vec<u8> {
    let mut covered = encode(&(label, VERSION));
    covered.extend_from_slice(bytes);
    covered
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels;
    use crate::secret::Secret;

    fn key() -> SigningSecret {
        SigningSecret::from_seed(&Secret::take(&mut [1; 32]))
    }

    #[test]
    fn verifies_what_it_signed() {
        let signed = Signed::sign(labels::STATEMENT, 7u64, &key());
        let again = signed
            .unverified()
            .clone()
            .verify::<u64>(labels::STATEMENT, &key().verifying_key())
            .unwrap();
        assert_eq!(again, signed);
    }

    #[test]
    fn rejects_another_label() {
        let signed = Signed::sign(labels::STATEMENT, 7u64, &key());
        let result = signed
            .unverified()
            .clone()
            .verify::<u64>(labels::RELAY_KEYS, &key().verifying_key());
        assert_eq!(result, Err(SignedError::Signature(BadSignature)));
    }

    #[test]
    fn rejects_signed_bytes_that_are_not_canonical() {
        let bytes = vec![0x18, 0x01];
        let signature = key().sign_raw(&covered(labels::STATEMENT, &bytes));
        let result =
            Unverified::new(bytes, signature).verify::<u64>(labels::STATEMENT, &key().verifying_key());
        assert!(matches!(result, Err(SignedError::Malformed(_))));
    }
}
