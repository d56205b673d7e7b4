//! Rebuilding a key's secret from released shares.

use crate::public_key::PublicKey;
use crate::share::{Share, decode_scalar, place_and_share};
use core::fmt;
use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use primitives::SeatNumber;
use std::collections::BTreeMap;
use zeroize::{Zeroize, Zeroizing};

/// The secret y of a trustees' key, `Y = yB`; opens every choice sealed to it.
///
/// Public once the shares are, but wiped all the same.
pub struct OpeningSecret {
    scalar: Scalar,
    key: [u8; 32],
}

impl OpeningSecret {
    /// Takes 32 bytes as a secret; `None` if they are no scalar. Compare [`Self::key_bytes`] with Y.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        decode_scalar(bytes).map(Self::of)
    }

    /// The secret's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.scalar.to_bytes())
    }

    /// The key Y that it opens for.
    #[must_use]
    pub const fn key_bytes(&self) -> &[u8; 32] {
        &self.key
    }

    pub(crate) const fn scalar(&self) -> &Scalar {
        &self.scalar
    }

    fn of(scalar: Scalar) -> Self {
        Self {
            scalar,
            key: RistrettoPoint::mul_base(&scalar).compress().to_bytes(),
        }
    }
}

impl Drop for OpeningSecret {
    fn drop(&mut self) {
        self.scalar.zeroize();
    }
}

impl fmt::Debug for OpeningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpeningSecret(..)")
    }
}

/// Why shares do not open a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CombineError {
    /// Not enough valid shares of different trustees yet.
    #[error("{valid} valid shares where {needed} are needed")]
    TooFew {
        /// How many there are.
        valid: usize,
        /// The threshold.
        needed: u16,
    },
    /// The shares fit their verifying shares but not Y: the public key was not computed from one run.
    #[error("the shares do not add up to this key")]
    OtherKey,
}

/// Rebuilds the secret from the valid ones among `shares`; false ones and repetitions are passed over.
///
/// `y = sum_i s_i prod_{j != i} x_j / (x_j - x_i)` over `threshold` shares, checked against Y.
///
/// # Errors
/// [`CombineError`].
pub fn combine<'a>(
    key: &PublicKey,
    shares: impl IntoIterator<Item = &'a Share>,
) -> Result<OpeningSecret, CombineError> {
    let valid: BTreeMap<SeatNumber, (Scalar, Scalar)> = shares
        .into_iter()
        .filter_map(|share| Some((share.seat, place_and_share(key, share)?)))
        .collect();
    if valid.len() < usize::from(key.threshold()) {
        return Err(CombineError::TooFew {
            valid: valid.len(),
            needed: key.threshold(),
        });
    }
    let used: Vec<_> = valid.into_values().take(key.threshold().into()).collect();
    let secret = OpeningSecret::of(at_zero(&used));
    if secret.key_bytes() == key.y() {
        Ok(secret)
    } else {
        Err(CombineError::OtherKey)
    }
}

/// Lagrange interpolation at 0 through points with different x.
fn at_zero(points: &[(Scalar, Scalar)]) -> Scalar {
    let term = |(x_i, s_i): &(Scalar, Scalar)| {
        let others = points.iter().filter(|(x, _)| x != x_i);
        let (top, bottom) = others.fold((Scalar::ONE, Scalar::ONE), |(top, bottom), (x, _)| {
            (top * x, bottom * (x - x_i))
        });
        s_i * top * bottom.invert()
    };
    points.iter().map(term).sum()
}
