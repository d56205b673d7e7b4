//! Publishing ballot keys: each with an Okamoto proof that its publisher can open it.
//!
//! ```text
//! PublishedKey = CBOR [ P (32 bytes), K || s || t (96 bytes) ]
//! ```

use crate::error::KeyError;
use crate::generators::generators;
use crate::hedge::Hedge;
use crate::key::{BallotKey, BallotSecret};
use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{MultiscalarMul, VartimeMultiscalarMul};
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use primitives::{AssemblyId, SeatNumber, canonical, encode, labels};
use rand_core::CryptoRng;
use sha2::{Digest, Sha512};

/// What a ballot key is published for. A proof for one context means nothing in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyContext {
    /// The assembly.
    pub assembly: AssemblyId,
    /// The seat that publishes the key.
    pub seat: SeatNumber,
    /// The key's number.
    pub number: u64,
}

/// A ballot key with its proof of possession, as published; not checked yet.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct PublishedKey {
    #[n(0)]
    key: ByteArray<32>,
    #[n(1)]
    possession: ByteArray<96>,
}

impl PublishedKey {
    /// Publishes the secret's key for `context`.
    ///
    /// `K = aG + bH`; `c = H(label, assembly, seat, number, P, K)`; `s = a + cx`; `t = b + cy`.
    #[must_use]
    pub fn prove(context: &KeyContext, secret: &BallotSecret, rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let all = generators();
        let key = *secret.public().as_bytes();
        let statement = canonical::hash(
            labels::BALLOT_KEY_POSSESSION,
            &(
                context.assembly,
                context.seat,
                context.number,
                ByteArray::from(key),
            ),
        );
        let nonces = Hedge::new(secret, &statement, rng).scalars(2);
        let commitment = RistrettoPoint::multiscalar_mul(nonces.iter(), [&all.g, &all.h])
            .compress()
            .to_bytes();
        let c = challenge(context, &key, &commitment);
        let mut possession = [0; 96];
        possession.copy_from_slice(
            &[
                commitment,
                (nonces.first().copied().unwrap_or_default() + c * secret.x).to_bytes(),
                (nonces.last().copied().unwrap_or_default() + c * secret.y).to_bytes(),
            ]
            .concat(),
        );
        Self {
            key: ByteArray::from(key),
            possession: ByteArray::from(possession),
        }
    }

    /// The key's bytes, unchecked.
    #[must_use]
    pub fn key_bytes(&self) -> &[u8; 32] {
        &self.key
    }

    /// Checks the key and its proof for `context`: `sG + tH = K + cP`.
    ///
    /// Variable time: everything here is public. Cost: one multiscalar multiplication of four points.
    ///
    /// # Errors
    /// [`KeyError::Point`] (BAL-10), [`KeyError::Possession`] (BAL-11).
    pub fn verify(&self, context: &KeyContext) -> Result<BallotKey, KeyError> {
        let all = generators();
        let key = BallotKey::from_bytes(&self.key)?;
        let (commitment, s, t) = self.parts().ok_or(KeyError::Possession)?;
        let k = CompressedRistretto(commitment)
            .decompress()
            .ok_or(KeyError::Possession)?;
        let c = challenge(context, &self.key, &commitment);
        let right = RistrettoPoint::vartime_multiscalar_mul([s, t, -c], [&all.g, &all.h, &key.point]);
        if right == k {
            Ok(key)
        } else {
            Err(KeyError::Possession)
        }
    }

    fn parts(&self) -> Option<([u8; 32], Scalar, Scalar)> {
        let (commitment, scalars) = self.possession.split_first_chunk::<32>()?;
        let (s, t) = scalars.split_first_chunk::<32>()?;
        let scalar = |bytes: [u8; 32]| Option::<Scalar>::from(Scalar::from_canonical_bytes(bytes));
        Some((*commitment, scalar(*s)?, scalar(t.try_into().ok()?)?))
    }
}

fn challenge(context: &KeyContext, key: &[u8; 32], commitment: &[u8; 32]) -> Scalar {
    let input = encode(&(
        labels::BALLOT_KEY_POSSESSION,
        context.assembly,
        context.seat,
        context.number,
        ByteArray::from(*key),
        ByteArray::from(*commitment),
    ));
    Scalar::from_bytes_mod_order_wide(&Sha512::digest(input).into())
}
