//! The prover's randomness: the operating system's, hedged with the secret and the statement.
//!
//! If the system's generator repeats itself, two different statements still get unrelated nonces; if the secret
//! is known to somebody, the system's generator alone still protects the nonces.

use crate::key::BallotSecret;
use curve25519_dalek::scalar::Scalar;
use primitives::{Hash, encode, labels};
use rand_core::CryptoRng;
use sha2::{Digest, Sha512};
use zeroize::{Zeroize, Zeroizing};

/// A stream of secret scalars for one proof; wiped when dropped.
pub(crate) struct Hedge {
    seed: Zeroizing<[u8; 64]>,
    drawn: u64,
}

impl Hedge {
    /// `seed = SHA-512(CBOR(label) || system (32) || x || y || statement)`.
    pub(crate) fn new(secret: &BallotSecret, statement: &Hash, rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let mut system = Zeroizing::new([0; 32]);
        rng.fill_bytes(system.as_mut_slice());
        let mut digest: [u8; 64] = Sha512::new()
            .chain_update(encode(&labels::BALLOT_HEDGE))
            .chain_update(system.as_slice())
            .chain_update(secret.x.as_bytes())
            .chain_update(secret.y.as_bytes())
            .chain_update(statement.as_bytes())
            .finalize()
            .into();
        let seed = Zeroizing::new(digest);
        digest.zeroize();
        Self { seed, drawn: 0 }
    }

    /// The next scalar: `SHA-512(CBOR(label) || seed || counter)`, reduced.
    pub(crate) fn scalar(&mut self) -> Scalar {
        let mut wide: [u8; 64] = Sha512::new()
            .chain_update(encode(&labels::BALLOT_HEDGE))
            .chain_update(self.seed.as_slice())
            .chain_update(self.drawn.to_be_bytes())
            .finalize()
            .into();
        self.drawn += 1;
        let scalar = Scalar::from_bytes_mod_order_wide(&wide);
        wide.zeroize();
        scalar
    }

    /// The next `count` scalars.
    pub(crate) fn scalars(&mut self, count: usize) -> Zeroizing<Vec<Scalar>> {
        let mut scalars = Zeroizing::new(Vec::with_capacity(count));
        scalars.extend((0..count).map(|_| self.scalar()));
        scalars
    }
}
