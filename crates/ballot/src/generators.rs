//! The generators: every one hashed to the group, nothing up the sleeve, none from a peer.

use crate::params::CELLS_MAX;
use curve25519_dalek::ristretto::RistrettoPoint;
use minicbor::Encode;
use primitives::{Hash, Label, canonical, encode, labels};
use sha2::{Digest, Sha512};
use std::sync::LazyLock;

/// Generators of keys (G, H) and of the commitments to the digit matrix (C, C*).
pub(crate) struct Generators {
    /// Carries `x` in a ballot key.
    pub(crate) g: RistrettoPoint,
    /// Carries `y` in a ballot key.
    pub(crate) h: RistrettoPoint,
    /// `C_0 ..`, of which a proof uses the first `2nm`.
    pub(crate) c: Vec<RistrettoPoint>,
    /// Blinds the commitments.
    pub(crate) c_star: RistrettoPoint,
    /// Hash of all of the above, in this order; part of every challenge.
    pub(crate) digest: Hash,
}

impl Generators {
    fn derive() -> Self {
        let generator = |name: &str, i: u64| hash_to_group(labels::BALLOT_GENERATOR, &(name, i));
        let (g, h, c_star) = (generator("G", 0), generator("H", 0), generator("C*", 0));
        let c: Vec<_> = (0..2 * CELLS_MAX as u64).map(|i| generator("C", i)).collect();
        let mut bytes = Vec::new();
        for point in [g, h].iter().chain(&c).chain([&c_star]) {
            bytes.extend_from_slice(point.compress().as_bytes());
        }
        let digest = canonical::hash_bytes(labels::BALLOT_GENERATOR_DIGEST, &bytes);
        Self {
            g,
            h,
            c,
            c_star,
            digest,
        }
    }
}

static GENERATORS: LazyLock<Generators> = LazyLock::new(Generators::derive);

/// The generators, derived at first use.
pub(crate) fn generators() -> &'static Generators {
    &GENERATORS
}

/// `from_uniform_bytes(SHA-512(CBOR[label, name, index]))`; `input` is the pair (name, index).
pub(crate) fn hash_to_group<N: Encode<()>, I: Encode<()>>(label: Label, input: &(N, I)) -> RistrettoPoint {
    let digest = Sha512::digest(encode(&(label, &input.0, &input.1)));
    RistrettoPoint::from_uniform_bytes(&digest.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use curve25519_dalek::constants::RISTRETTO_BASEPOINT_POINT;
    use curve25519_dalek::traits::Identity;
    use std::collections::BTreeSet;

    #[test]
    fn the_digest_of_the_generators_is_pinned() {
        let derived = Generators::derive();
        assert_eq!(derived.digest, generators().digest);
        assert_eq!(
            derived.digest.to_string(),
            "73021d85f297a12769333e4cebfc860e9d8698442832a513eef05db677dfe25b"
        );
    }

    #[test]
    fn a_generator_is_what_the_specification_says() {
        let input = b"\x83\x78\x19veche/v1/ballot/generator\x61C\x05";
        let digest: [u8; 64] = Sha512::digest(input).into();
        assert_eq!(generators().c[5], RistrettoPoint::from_uniform_bytes(&digest));
    }

    #[test]
    fn no_generator_repeats_or_is_a_known_point() {
        let all = generators();
        let mut seen: BTreeSet<[u8; 32]> = BTreeSet::new();
        let known = [RistrettoPoint::identity(), RISTRETTO_BASEPOINT_POINT];
        for point in known.iter().chain([&all.g, &all.h, &all.c_star]).chain(&all.c) {
            assert!(seen.insert(point.compress().to_bytes()));
        }
        assert_eq!(seen.len(), 2 + 3 + 2 * CELLS_MAX);
    }
}
