//! Ballot keys: the secret `(x, y)` and the point `P = xG + yH` that hides it perfectly.

use crate::error::KeyError;
use crate::generators::generators;
use core::fmt;
use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{IsIdentity, MultiscalarMul};
use rand_core::CryptoRng;
use zeroize::{Zeroize, Zeroizing};

/// The secret of one ballot key, for one motion; wiped when dropped.
///
/// Drawn at random and never derived from anything else: burning its bytes must leave no way back to them.
pub struct BallotSecret {
    pub(crate) x: Scalar,
    pub(crate) y: Scalar,
}

impl BallotSecret {
    /// Draws a fresh secret; `x` is not zero.
    #[must_use]
    pub fn random(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let mut secret = Self {
            x: random_scalar(rng),
            y: random_scalar(rng),
        };
        while secret.x == Scalar::ZERO {
            secret = Self {
                x: random_scalar(rng),
                y: random_scalar(rng),
            };
        }
        secret
    }

    /// Takes a stored secret, `x || y`; `None` if it is not two scalars with `x` not zero and a key.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 64]) -> Option<Self> {
        let (x, y) = bytes.split_at(32);
        let scalar = |half: &[u8]| {
            let half = Zeroizing::new(<[u8; 32]>::try_from(half).ok()?);
            Option::<Scalar>::from(Scalar::from_canonical_bytes(*half))
        };
        let secret = Self {
            x: scalar(x)?,
            y: scalar(y)?,
        };
        (secret.x != Scalar::ZERO && !secret.point().is_identity()).then_some(secret)
    }

    /// The 64 bytes `x || y`, for writing them to the vault.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 64]> {
        let mut bytes = Zeroizing::new([0; 64]);
        let (x, y) = bytes.split_at_mut(32);
        x.copy_from_slice(self.x.as_bytes());
        y.copy_from_slice(self.y.as_bytes());
        bytes
    }

    /// The public key `P = xG + yH`.
    #[must_use]
    pub fn public(&self) -> BallotKey {
        BallotKey::of_point(self.point())
    }

    fn point(&self) -> RistrettoPoint {
        let all = generators();
        RistrettoPoint::multiscalar_mul([&self.x, &self.y], [&all.g, &all.h])
    }
}

impl Drop for BallotSecret {
    fn drop(&mut self) {
        self.x.zeroize();
        self.y.zeroize();
    }
}

impl fmt::Debug for BallotSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BallotSecret(..)")
    }
}

/// A ballot key: a point that decoded canonically and is not the identity, with its 32 bytes.
///
/// Ordered by its bytes, as on a roll.
#[derive(Clone, Copy)]
pub struct BallotKey {
    bytes: [u8; 32],
    pub(crate) point: RistrettoPoint,
}

impl BallotKey {
    /// Decodes a key. This is the group-membership check.
    ///
    /// # Errors
    /// [`KeyError::Point`] (BAL-10).
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let point = CompressedRistretto(*bytes).decompress().ok_or(KeyError::Point)?;
        if point.is_identity() {
            return Err(KeyError::Point);
        }
        Ok(Self { bytes: *bytes, point })
    }

    /// The key's canonical bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    fn of_point(point: RistrettoPoint) -> Self {
        Self {
            bytes: point.compress().to_bytes(),
            point,
        }
    }
}

impl PartialEq for BallotKey {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for BallotKey {}

impl PartialOrd for BallotKey {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for BallotKey {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        self.bytes.cmp(&other.bytes)
    }
}

impl fmt::Debug for BallotKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BallotKey({})", primitives::Hash::new(self.bytes))
    }
}

/// A uniform scalar, reduced from 64 random bytes.
fn random_scalar(rng: &mut (impl CryptoRng + ?Sized)) -> Scalar {
    let mut wide = Zeroizing::new([0; 64]);
    rng.fill_bytes(wide.as_mut_slice());
    Scalar::from_bytes_mod_order_wide(&wide)
}
