//! Why a ballot, a key or a roll was refused, each with its rule of `docs/spec/ballot.md`.

use core::fmt;
use primitives::Malformed;

/// Why a ballot is not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BallotError {
    /// The envelope is not the canonical encoding of a ballot of this version, or too long.
    #[error("BAL-01: {0}")]
    Envelope(#[from] Malformed),
    /// The proof does not have exactly the length that the roll's size prescribes.
    #[error("BAL-02: the proof has {len} bytes where this roll needs {expected}")]
    ProofLength {
        /// Bytes there are.
        len: usize,
        /// Bytes that `(n, m)` prescribe.
        expected: usize,
    },
    /// Bytes of the proof are not the canonical encoding of a point.
    #[error("BAL-03: point {index} of the proof is not a canonical ristretto255 encoding")]
    Point {
        /// Which point: A, B, `Q_0..`, `S_0..` from 0.
        index: usize,
    },
    /// Bytes of the proof are not a scalar below the group order.
    #[error("BAL-04: scalar {index} of the proof is not below the group order")]
    Scalar {
        /// Which scalar: f by rows, `z_A`, `z_x`, `z_y` from 0.
        index: usize,
    },
    /// The link tag does not decode, or is the identity.
    #[error("BAL-05: the link tag is the identity or not a canonical encoding")]
    Tag,
    /// The challenge is zero.
    #[error("BAL-06: the challenge is zero")]
    Challenge,
    /// `A + xi B = Com(f, f(xi - f); z_A)` does not hold: the digits are not digits.
    #[error("BAL-07: the digit commitments do not open")]
    Digits,
    /// `sum_i (prod_j f_{j,i_j}) P_i - sum_k xi^k Q_k = z_x G + z_y H` does not hold: no key of the roll.
    #[error("BAL-08: not made with a key of this roll")]
    Membership,
    /// `xi^m T - sum_k xi^k S_k = z_x E` does not hold: the tag is not this key's tag.
    #[error("BAL-09: the link tag does not belong to the key")]
    Link,
}

impl BallotError {
    /// The rule that was broken.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::Envelope(_) => "BAL-01",
            Self::ProofLength { .. } => "BAL-02",
            Self::Point { .. } => "BAL-03",
            Self::Scalar { .. } => "BAL-04",
            Self::Tag => "BAL-05",
            Self::Challenge => "BAL-06",
            Self::Digits => "BAL-07",
            Self::Membership => "BAL-08",
            Self::Link => "BAL-09",
        }
    }
}

/// Why a published ballot key is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Not the canonical encoding of a point, or the identity.
    #[error("BAL-10: a ballot key is the identity or not a canonical encoding")]
    Point,
    /// The proof of possession does not verify for this assembly, seat and number.
    #[error("BAL-11: the proof of possession of a ballot key does not verify")]
    Possession,
}

impl KeyError {
    /// The rule that was broken.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::Point => "BAL-10",
            Self::Possession => "BAL-11",
        }
    }
}

/// Why keys are not a roll.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RollError {
    /// A key that is the identity or does not decode.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Too few or too many keys.
    #[error("BAL-12: a roll of {0} keys; 2 to 32768 are possible")]
    Size(usize),
    /// Two keys are equal, or the keys are not in ascending order of their bytes.
    #[error("BAL-13: the keys are not in strictly ascending order")]
    Order,
}

impl RollError {
    /// The rule that was broken.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::Key(error) => error.rule(),
            Self::Size(_) => "BAL-12",
            Self::Order => "BAL-13",
        }
    }
}

/// Why no ballot could be made. Misuse by the caller, or a member who cannot vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError {
    /// The secret's key is not on the roll.
    #[error("this ballot key is not on the roll")]
    NotOnRoll,
    /// The sealed choice is longer than a ballot carries.
    #[error("the sealed choice has {0} bytes; at most {max} fit", max = crate::SEALED_MAX)]
    SealedTooLong(usize),
    /// The caller wanted no more.
    #[error("making the ballot was cancelled; nothing was sent")]
    Cancelled,
}

/// One invalid ballot of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Culprit {
    /// Its place in the batch, from 0.
    pub position: usize,
    /// What is wrong with it.
    pub error: BallotError,
}

/// The invalid ballots of a batch, in order; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Culprits(pub Vec<Culprit>);

impl fmt::Display for Culprits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} invalid:", self.0.len())?;
        for culprit in &self.0 {
            write!(f, " {} ({})", culprit.position, culprit.error.rule())?;
        }
        Ok(())
    }
}

impl core::error::Error for Culprits {}
