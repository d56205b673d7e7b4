//! The proof inside a ballot: its points and scalars, and how they stand in its bytes.

use crate::error::BallotError;
use crate::generators::generators;
use crate::params::Params;
use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::MultiscalarMul;

/// A decoded proof; nothing about it has been checked but its encoding.
pub(crate) struct Proof {
    /// A, B, `Q_0..`, `S_0..` as they stand in the bytes.
    pub(crate) commitments: Vec<[u8; 32]>,
    pub(crate) a: RistrettoPoint,
    pub(crate) b: RistrettoPoint,
    /// `Q_0 .. Q_{m-1}`.
    pub(crate) q: Vec<RistrettoPoint>,
    /// `S_0 .. S_{m-1}`.
    pub(crate) s: Vec<RistrettoPoint>,
    /// m rows of n - 1: `f_{j,1} .. f_{j,n-1}`.
    pub(crate) f: Vec<Scalar>,
    pub(crate) z_a: Scalar,
    pub(crate) z_x: Scalar,
    pub(crate) z_y: Scalar,
}

impl Proof {
    /// Decodes a proof of the shape `params`.
    ///
    /// # Errors
    /// BAL-02, BAL-03, BAL-04.
    pub(crate) fn decode(bytes: &[u8], params: Params) -> Result<Self, BallotError> {
        let length = || BallotError::ProofLength {
            len: bytes.len(),
            expected: params.proof_len(),
        };
        let (chunks, rest) = bytes.as_chunks::<32>();
        let (commitments, scalars) = chunks.split_at_checked(params.points()).ok_or_else(length)?;
        if !rest.is_empty() || scalars.len() != params.scalars() {
            return Err(length());
        }
        let mut points = decode_points(commitments)?.into_iter();
        let mut scalars = decode_scalars(scalars)?;
        let (Some(a), Some(b)) = (points.next(), points.next()) else {
            return Err(length());
        };
        let q = points.by_ref().take(params.m).collect();
        let s = points.collect();
        let (Some(z_y), Some(z_x), Some(z_a)) = (scalars.pop(), scalars.pop(), scalars.pop()) else {
            return Err(length());
        };
        Ok(Self {
            commitments: commitments.to_vec(),
            a,
            b,
            q,
            s,
            f: scalars,
            z_a,
            z_x,
            z_y,
        })
    }
}

fn decode_points(chunks: &[[u8; 32]]) -> Result<Vec<RistrettoPoint>, BallotError> {
    let decode = |(index, bytes): (usize, &[u8; 32])| {
        CompressedRistretto(*bytes)
            .decompress()
            .ok_or(BallotError::Point { index })
    };
    chunks.iter().enumerate().map(decode).collect()
}

fn decode_scalars(chunks: &[[u8; 32]]) -> Result<Vec<Scalar>, BallotError> {
    let decode = |(index, bytes): (usize, &[u8; 32])| {
        Option::<Scalar>::from(Scalar::from_canonical_bytes(*bytes)).ok_or(BallotError::Scalar { index })
    };
    chunks.iter().enumerate().map(decode).collect()
}

/// `Com(u, v; r) = sum u_k C_k + sum v_k C_{nm+k} + r C*`, in constant time; `u` and `v` have `nm` entries each.
pub(crate) fn commit(u: &[Scalar], v: &[Scalar], r: &Scalar) -> RistrettoPoint {
    let all = generators();
    let points = all.c.iter().take(u.len() + v.len()).chain([&all.c_star]);
    RistrettoPoint::multiscalar_mul(u.iter().chain(v).chain([r]), points)
}
