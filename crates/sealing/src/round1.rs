//! Round 1: each trustee's commitments to its polynomials, proofs of knowledge, and run key.
//!
//! ```text
//! round 1 = CBOR [ run key (32), [ phi_0 || .. || phi_{t-1} || R || z  (32 t + 64 bytes) per key ] ]
//! ```

use crate::run::{Run, RunSecret, run_public};
use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use frost_ristretto255::keys::{VerifiableSecretSharingCommitment, dkg};
use frost_ristretto255::{Ciphersuite, Identifier, Ristretto255Sha512, Signature};
use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::{Decode, Encode};
use primitives::{Hash, SeatNumber, canonical, encode};
use x25519_dalek::{PublicKey, StaticSecret};

/// Why a round 1 is refused. Everybody refuses it, so the trustee has not posted one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Round1Error {
    /// Not canonical, not as many keys or coefficients as the run says, or a point that is none.
    #[error("SEA-04: a malformed round 1 of the key generation")]
    Malformed,
    /// The X25519 key is of small order: packages sealed to it would be open to all.
    #[error("SEA-05: the run key is of small order")]
    RunKey,
    /// A proof of knowledge does not verify for this run and seat.
    #[error("SEA-06: the proof of knowledge of key {index} does not verify")]
    Knowledge {
        /// Which key of the run, from 0.
        index: usize,
    },
}

impl Round1Error {
    /// The rule that was broken.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::Malformed => "SEA-04",
            Self::RunKey => "SEA-05",
            Self::Knowledge { .. } => "SEA-06",
        }
    }
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Wire {
    #[n(0)]
    run_key: ByteArray<32>,
    #[n(1)]
    packages: Vec<ByteVec>,
}

/// A trustee's round 1 that everybody can rely on: decoded, proofs verified.
#[derive(Debug, Clone)]
pub struct Round1 {
    pub(crate) run: Run,
    pub(crate) seat: SeatNumber,
    pub(crate) identifier: Identifier,
    pub(crate) run_key: [u8; 32],
    pub(crate) packages: Vec<dkg::round1::Package>,
    /// Per key, the decoded `phi_0 .. phi_{t-1}`.
    pub(crate) coefficients: Vec<Vec<RistrettoPoint>>,
    pub(crate) hash: Hash,
}

/// The bytes of `seat`'s round 1. Repeating it with the same secret gives the same bytes.
///
/// # Errors
/// [`Round1Error::Malformed`] if the run's parameters are impossible.
pub fn round1(run: &Run, seat: SeatNumber, secret: &RunSecret) -> Result<Vec<u8>, Round1Error> {
    if !run.is_possible() {
        return Err(Round1Error::Malformed);
    }
    let packages = (0..run.keys)
        .map(|index| {
            let (_, package) = secret.part1(run, seat, index, run.threshold)?;
            let mut bytes = package.commitment().serialize_whole().ok()?;
            bytes.extend(package.proof_of_knowledge().serialize().ok()?);
            Some(ByteVec::from(bytes))
        })
        .collect::<Option<_>>()
        .ok_or(Round1Error::Malformed)?;
    let run_key = ByteArray::from(run_public(&secret.run_key(run, seat)));
    Ok(encode(&Wire { run_key, packages }))
}

impl Round1 {
    /// Decodes and checks the round 1 that `seat` posted.
    ///
    /// # Errors
    /// [`Round1Error`]: SEA-04, SEA-05, SEA-06.
    pub fn decode(run: &Run, seat: SeatNumber, bytes: &[u8]) -> Result<Self, Round1Error> {
        if !run.is_possible() {
            return Err(Round1Error::Malformed);
        }
        let package_len = 32 * usize::from(run.threshold) + 64;
        let max = 64 + usize::from(run.keys) * (package_len + 8);
        let wire: Wire = canonical::decode_canonical_max(bytes, max).map_err(|_| Round1Error::Malformed)?;
        if wire.packages.len() != usize::from(run.keys) {
            return Err(Round1Error::Malformed);
        }
        let run_key = *wire.run_key;
        let probe = StaticSecret::from([1; 32]).diffie_hellman(&PublicKey::from(run_key));
        if !probe.was_contributory() {
            return Err(Round1Error::RunKey);
        }
        let identifier = run.identifier(seat).ok_or(Round1Error::Malformed)?;
        let mut packages = Vec::with_capacity(wire.packages.len());
        let mut coefficients = Vec::with_capacity(wire.packages.len());
        for (index, bytes) in wire.packages.iter().enumerate() {
            if bytes.len() != package_len {
                return Err(Round1Error::Malformed);
            }
            let parsed = Parsed::of(bytes).ok_or(Round1Error::Malformed)?;
            if !parsed
                .proves_knowledge(&identifier)
                .ok_or(Round1Error::Malformed)?
            {
                return Err(Round1Error::Knowledge { index });
            }
            packages.push(parsed.package);
            coefficients.push(parsed.coefficients);
        }
        let hash = canonical::sha256(bytes);
        Ok(Self {
            run: *run,
            seat,
            identifier,
            run_key,
            packages,
            coefficients,
            hash,
        })
    }

    /// Whose it is.
    #[must_use]
    pub const fn seat(&self) -> SeatNumber {
        self.seat
    }
}

struct Parsed {
    package: dkg::round1::Package,
    coefficients: Vec<RistrettoPoint>,
    r: [u8; 32],
    z: Scalar,
}

impl Parsed {
    fn of(bytes: &[u8]) -> Option<Self> {
        let (commitment, signature) = bytes.split_last_chunk::<64>()?;
        let (r, z) = signature.split_first_chunk::<32>()?;
        let (chunks, []) = commitment.as_chunks::<32>() else {
            return None;
        };
        Some(Self {
            package: dkg::round1::Package::new(
                VerifiableSecretSharingCommitment::deserialize_whole(commitment).ok()?,
                Signature::deserialize(signature).ok()?,
            ),
            coefficients: chunks
                .iter()
                .map(|chunk| CompressedRistretto(*chunk).decompress())
                .collect::<Option<_>>()?,
            r: *r,
            z: Option::from(Scalar::from_canonical_bytes(z.try_into().ok()?))?,
        })
    }

    /// `R = zB - c phi_0` with `c = H(identifier, phi_0, R)`: the library checks this only for participants.
    fn proves_knowledge(&self, identifier: &Identifier) -> Option<bool> {
        let phi_0 = self.coefficients.first()?;
        let preimage = [
            identifier.serialize().as_slice(),
            phi_0.compress().as_bytes(),
            &self.r,
        ]
        .concat();
        let c = Ristretto255Sha512::HDKG(&preimage)?;
        let c = Option::<Scalar>::from(Scalar::from_canonical_bytes(c.to_bytes()))?;
        let right = RistrettoPoint::vartime_double_scalar_mul_basepoint(&-c, phi_0, &self.z);
        Some(right.compress().as_bytes() == &self.r)
    }
}
