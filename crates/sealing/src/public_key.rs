//! The public part of one trustees' key: Y and everybody's verifying share.

use crate::choice::{SealedError, SealingKey};
use crate::round1::Round1;
use crate::run::Run;
use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::VartimeMultiscalarMul;
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use primitives::SeatNumber;

/// Y, the threshold, and what each trustee's share is checked against; public and storable.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct PublicKey {
    #[n(0)]
    y: ByteArray<32>,
    #[n(1)]
    threshold: u16,
    #[n(2)]
    trustees: Vec<Trustee>,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Trustee {
    #[n(0)]
    pub(crate) seat: SeatNumber,
    /// The trustee's place x in the run.
    #[n(1)]
    pub(crate) place: ByteArray<32>,
    /// `s B` for the trustee's share s.
    #[n(2)]
    pub(crate) verifying_share: ByteArray<32>,
}

impl PublicKey {
    /// `Phi_k = sum_j phi_{j,k}`; `Y = Phi_0`; the verifying share at place x is `sum_k x^k Phi_k`.
    pub(crate) fn of<'a>(run: &Run, round1: impl Iterator<Item = &'a Round1> + Clone, index: usize) -> Self {
        let mut sums = vec![RistrettoPoint::default(); usize::from(run.threshold)];
        for coefficients in round1.clone().filter_map(|r| r.coefficients.get(index)) {
            for (sum, coefficient) in sums.iter_mut().zip(coefficients) {
                *sum += coefficient;
            }
        }
        let trustees = round1.filter_map(|r| {
            let place: [u8; 32] = r.identifier.serialize().try_into().ok()?;
            let x = Option::<Scalar>::from(Scalar::from_canonical_bytes(place))?;
            let powers: Vec<_> = core::iter::successors(Some(Scalar::ONE), |power| Some(power * x))
                .take(sums.len())
                .collect();
            let share = RistrettoPoint::vartime_multiscalar_mul(&powers, &sums);
            let verifying_share = ByteArray::from(share.compress().to_bytes());
            Some(Trustee {
                seat: r.seat,
                place: ByteArray::from(place),
                verifying_share,
            })
        });
        let y = sums.first().copied().unwrap_or_default().compress().to_bytes();
        Self {
            y: ByteArray::from(y),
            threshold: run.threshold,
            trustees: trustees.collect(),
        }
    }

    /// Y as 32 bytes.
    #[must_use]
    pub fn y(&self) -> &[u8; 32] {
        &self.y
    }

    /// Y as a key to seal to.
    ///
    /// # Errors
    /// [`SealedError::Point`] if Y is the identity, which no run makes except with negligible probability.
    pub fn sealing_key(&self) -> Result<SealingKey, SealedError> {
        SealingKey::from_bytes(&self.y)
    }

    /// How many shares open a vote.
    #[must_use]
    pub const fn threshold(&self) -> u16 {
        self.threshold
    }

    /// The seats that hold shares, ascending.
    pub fn seats(&self) -> impl Iterator<Item = SeatNumber> {
        self.trustees.iter().map(|trustee| trustee.seat)
    }

    pub(crate) fn trustee(&self, seat: SeatNumber) -> Option<&Trustee> {
        self.trustees.iter().find(|trustee| trustee.seat == seat)
    }
}
