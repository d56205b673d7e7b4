//! Verifying one ballot, equation by equation, so that a refusal names the rule.

use crate::coefficients;
use crate::error::BallotError;
use crate::event::{Event, LinkTag};
use crate::generators::generators;
use crate::params::Params;
use crate::proof::Proof;
use crate::wire::BallotIn;
use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{IsIdentity, VartimeMultiscalarMul};
use primitives::canonical;

/// A ballot that has been verified against an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ballot(BallotIn);

impl Ballot {
    /// The maker's tag at the event; equal tags are the same member.
    #[must_use]
    pub const fn tag(&self) -> LinkTag {
        self.0.tag
    }

    /// The sealed choice.
    #[must_use]
    pub fn sealed(&self) -> &[u8] {
        &self.0.sealed
    }

    /// The ballot's canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        self.0.encode()
    }

    /// For the batch, which has checked the equations in its own way.
    pub(crate) const fn verified(ballot: BallotIn) -> Self {
        Self(ballot)
    }
}

/// Verifies one ballot against `event` (BAL-02 to BAL-09).
///
/// Variable time: everything here is public. Cost: one multiscalar multiplication of `N + m + 2` points, two small.
///
/// # Errors
/// [`BallotError`] with the first rule that is broken.
pub fn verify(event: &Event, ballot: &BallotIn) -> Result<Ballot, BallotError> {
    let opened = Opened::of(event, ballot)?;
    opened.check(event)?;
    Ok(Ballot(ballot.clone()))
}

/// Checks what of a ballot does not depend on who may vote (BAL-02 to BAL-07): whoever has only copied, altered or made a
/// ballot up for something else fails here. What passes is still to be verified.
///
/// Variable time: everything here is public. Cost: two small multiscalar multiplications, whatever the roll's size.
///
/// # Errors
/// [`BallotError`] with the first rule that is broken.
pub fn sift(event: &Event, ballot: &BallotIn) -> Result<(), BallotError> {
    if Opened::of(event, ballot)?.digits_hold() {
        Ok(())
    } else {
        Err(BallotError::Digits)
    }
}

/// A ballot whose bytes are in order, with its challenge; the equations are still open.
pub(crate) struct Opened {
    pub(crate) tag: RistrettoPoint,
    pub(crate) proof: Proof,
    /// `xi^0 .. xi^m`.
    pub(crate) powers: Vec<Scalar>,
    /// The full matrix f, `m` rows of `n`.
    pub(crate) f: Vec<Scalar>,
}

impl Opened {
    /// Decodes everything and computes the challenge.
    ///
    /// # Errors
    /// BAL-02 to BAL-06.
    pub(crate) fn of(event: &Event, ballot: &BallotIn) -> Result<Self, BallotError> {
        let params = event.roll().params();
        let proof = Proof::decode(&ballot.proof, params)?;
        let tag = CompressedRistretto(*ballot.tag.as_bytes())
            .decompress()
            .ok_or(BallotError::Tag)?;
        if tag.is_identity() {
            return Err(BallotError::Tag);
        }
        let xi = event.challenge(
            &ballot.tag,
            &canonical::sha256(&ballot.sealed),
            &proof.commitments,
        );
        if xi == Scalar::ZERO {
            return Err(BallotError::Challenge);
        }
        let powers = core::iter::successors(Some(Scalar::ONE), |power| Some(power * xi)).take(params.m + 1);
        let f = complete(&proof.f, &xi, params);
        Ok(Self {
            tag,
            powers: powers.collect(),
            f,
            proof,
        })
    }

    /// The challenge.
    pub(crate) fn xi(&self) -> Scalar {
        self.powers.get(1).copied().unwrap_or_default()
    }

    /// `xi^m`.
    pub(crate) fn xi_m(&self) -> Scalar {
        self.powers.last().copied().unwrap_or_default()
    }

    /// `f (xi - f)`, entry by entry.
    fn products(&self) -> impl Iterator<Item = Scalar> {
        let xi = self.xi();
        self.f.iter().map(move |f| f * (xi - f))
    }

    /// The three equations, in order.
    fn check(&self, event: &Event) -> Result<(), BallotError> {
        if !self.digits_hold() {
            return Err(BallotError::Digits);
        }
        if !self.membership_holds(event) {
            return Err(BallotError::Membership);
        }
        if !self.link_holds(event) {
            return Err(BallotError::Link);
        }
        Ok(())
    }

    /// `A + xi B = Com(f, f(xi - f); z_A)`.
    pub(crate) fn digits_hold(&self) -> bool {
        let all = generators();
        let scalars = self
            .f
            .iter()
            .copied()
            .chain(self.products())
            .chain([self.proof.z_a, -self.xi()]);
        let points = all
            .c
            .iter()
            .take(2 * self.f.len())
            .chain([&all.c_star, &self.proof.b]);
        RistrettoPoint::vartime_multiscalar_mul(scalars, points) == self.proof.a
    }

    /// `sum_i (prod_j f_{j,i_j}) P_i - sum_k xi^k Q_k = z_x G + z_y H`.
    fn membership_holds(&self, event: &Event) -> bool {
        let all = generators();
        let scalars = coefficients::of_one(self, event.roll().params(), event.roll().len())
            .into_iter()
            .chain(self.powers.iter().take(self.proof.q.len()).map(|p| -p));
        let keys = event.roll().keys().iter().map(|key| &key.point);
        RistrettoPoint::vartime_multiscalar_mul(
            scalars.chain([-self.proof.z_x, -self.proof.z_y]),
            keys.chain(&self.proof.q).chain([&all.g, &all.h]),
        )
        .is_identity()
    }

    /// `xi^m T - sum_k xi^k S_k = z_x E`.
    fn link_holds(&self, event: &Event) -> bool {
        let scalars = self.powers.iter().take(self.proof.s.len()).map(|p| -p);
        RistrettoPoint::vartime_multiscalar_mul(
            scalars.chain([self.xi_m(), -self.proof.z_x]),
            self.proof.s.iter().chain([&self.tag, event.point()]),
        )
        .is_identity()
    }
}

/// Puts the missing first column back: `f_{j,0} = xi - (f_{j,1} + .. + f_{j,n-1})`.
fn complete(f: &[Scalar], xi: &Scalar, params: Params) -> Vec<Scalar> {
    f.chunks(params.n - 1)
        .flat_map(|row| core::iter::once(xi - row.iter().sum::<Scalar>()).chain(row.iter().copied()))
        .collect()
}
