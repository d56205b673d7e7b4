//! A trustee's share: kept until the close, then released and checked.

use crate::public_key::PublicKey;
use core::fmt;
use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use primitives::{SeatNumber, Secret};
use zeroize::{Zeroize, Zeroizing};

/// A trustee's share of one key, secret until the close; wiped when dropped.
///
/// Burn it when it has been released, and when its vote is void or its key discarded.
pub struct ShareSecret {
    y: [u8; 32],
    seat: SeatNumber,
    share: Secret<32>,
}

impl ShareSecret {
    pub(crate) fn new(y: &[u8; 32], seat: SeatNumber, share: &[u8]) -> Option<Self> {
        Some(Self {
            y: *y,
            seat,
            share: Secret::from_slice(share)?,
        })
    }

    /// The key Y that it is a share of.
    #[must_use]
    pub const fn y(&self) -> &[u8; 32] {
        &self.y
    }

    /// Whose it is.
    #[must_use]
    pub const fn seat(&self) -> SeatNumber {
        self.seat
    }

    /// `Y || seat (4 bytes, big-endian) || share`, for writing it to the vault.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 68]> {
        let mut bytes = Zeroizing::new([0; 68]);
        let (y, rest) = bytes.split_at_mut(32);
        let (seat, share) = rest.split_at_mut(4);
        y.copy_from_slice(&self.y);
        seat.copy_from_slice(&self.seat.0.to_be_bytes());
        share.copy_from_slice(self.share.expose());
        bytes
    }

    /// Takes a stored share; `None` if the share is no scalar.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 68]) -> Option<Self> {
        let (y, rest) = bytes.split_first_chunk::<32>()?;
        let (seat, share) = rest.split_first_chunk::<4>()?;
        let share = Secret::from_slice(share)?;
        decode_scalar(share.expose())?.zeroize();
        Some(Self {
            y: *y,
            seat: SeatNumber(u32::from_be_bytes(*seat)),
            share,
        })
    }
}

impl fmt::Debug for ShareSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ShareSecret(seat {}, ..)", self.seat)
    }
}

/// A released share.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Share {
    /// The key Y that it is a share of.
    #[n(0)]
    pub y: ByteArray<32>,
    /// Whose it is.
    #[n(1)]
    pub seat: SeatNumber,
    /// The share, a scalar.
    #[n(2)]
    pub share: ByteArray<32>,
}

/// Why a released share is not one. A finding, never a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("SEA-10: not seat {seat}'s share of this key")]
pub struct ShareError {
    /// Whose share it claims to be.
    pub seat: SeatNumber,
}

impl ShareError {
    /// The rule that was broken.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        "SEA-10"
    }
}

/// Makes the share public. The caller has checked the close and the floors.
#[must_use]
pub fn release(secret: &ShareSecret) -> Share {
    Share {
        y: ByteArray::from(secret.y),
        seat: secret.seat,
        share: ByteArray::from(*secret.share.expose()),
    }
}

/// Checks a released share against the trustee's verifying share.
///
/// # Errors
/// [`ShareError`] (SEA-10) for another key's share, a seat without one, and a share that does not fit.
pub fn verify_share(key: &PublicKey, share: &Share) -> Result<(), ShareError> {
    place_and_share(key, share)
        .map(|_| ())
        .ok_or(ShareError { seat: share.seat })
}

/// The place x and the share s of a share that fits: `s B` is the trustee's verifying share.
pub(crate) fn place_and_share(key: &PublicKey, share: &Share) -> Option<(Scalar, Scalar)> {
    let trustee = key.trustee(share.seat).filter(|_| *share.y == *key.y())?;
    let s = decode_scalar(&share.share)?;
    let fits = RistrettoPoint::mul_base(&s).compress().as_bytes() == &*trustee.verifying_share;
    Some((decode_scalar(&trustee.place)?, s)).filter(|_| fits)
}

pub(crate) fn decode_scalar(bytes: &[u8; 32]) -> Option<Scalar> {
    Scalar::from_canonical_bytes(*bytes).into()
}
