//! Secret bytes: boxed, wiped when dropped, never cloned, printed, encoded or compared in variable time.

use core::fmt;
use ed25519_dalek::Signer as _;
use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

/// `N` secret bytes.
///
/// No `Clone`, `Display`, `Encode` or `PartialEq`; `Debug` prints no content. Copies that must be made
/// (to seal a key for a newcomer, to write it to the vault) go through [`Secret::expose`], which is easy to search for.
pub struct Secret<const N: usize>(Box<[u8; N]>);

impl<const N: usize> Secret<N> {
    /// Takes over `bytes` and wipes the place they came from.
    #[must_use]
    pub fn take(bytes: &mut [u8; N]) -> Self {
        let secret = Self(Box::new(*bytes));
        bytes.zeroize();
        secret
    }

    /// Copies a slice of exactly `N` bytes; `None` for any other length.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        let mut boxed = Box::new([0; N]);
        if bytes.len() != N {
            return None;
        }
        boxed.copy_from_slice(bytes);
        Some(Self(boxed))
    }

    /// Draws a fresh secret.
    #[must_use]
    pub fn random(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let mut boxed = Box::new([0; N]);
        rng.fill_bytes(boxed.as_mut_slice());
        Self(boxed)
    }

    /// The bytes themselves. Every call is a place to look at in a review.
    #[must_use]
    pub fn expose(&self) -> &[u8; N] {
        &self.0
    }

    /// A deliberate second copy.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self(Box::new(*self.0))
    }
}

impl<const N: usize> Drop for Secret<N> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<const N: usize> ConstantTimeEq for Secret<N> {
    fn ct_eq(&self, other: &Self) -> subtle::Choice {
        self.0.as_slice().ct_eq(other.0.as_slice())
    }
}

impl<const N: usize> fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// An Ed25519 signing key (RFC 8032), wiped when dropped.
pub struct SigningSecret(ed25519_dalek::SigningKey);

impl SigningSecret {
    /// The key of a 32-byte seed.
    #[must_use]
    pub fn from_seed(seed: &Secret<32>) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed.expose()))
    }

    /// Draws a fresh key.
    #[must_use]
    pub fn random(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        Self::from_seed(&Secret::random(rng))
    }

    /// The seed, for writing it to the vault.
    #[must_use]
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The public half.
    #[must_use]
    pub fn verifying_key(&self) -> crate::VerifyingKey {
        crate::VerifyingKey::new(self.0.verifying_key().to_bytes())
    }

    /// Signs `message` as it is. Callers go through [`crate::Signed`] or put a [`crate::Label`] in front.
    #[must_use]
    pub fn sign_raw(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_prints_no_content() {
        let secret = Secret::<4>::take(&mut [0xab; 4]);
        assert_eq!(format!("{secret:?}"), "Secret(..)");
        let key = SigningSecret::from_seed(&Secret::take(&mut [7; 32]));
        assert_eq!(format!("{key:?}"), "SigningSecret(..)");
    }

    #[test]
    fn taking_wipes_the_source() {
        let mut source = [9u8; 32];
        let _secret = Secret::take(&mut source);
        assert_eq!(source, [0; 32]);
    }
}
