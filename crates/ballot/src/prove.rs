//! Making a ballot, in constant time.
//!
//! What is secret: the position l on the roll, `x`, `y` and all randomness. Loops run over public bounds, memory
//! is read and written at public places, and secret bits choose only through `subtle`.

use crate::error::ProveError;
use crate::event::{Event, LinkTag};
use crate::generators::generators;
use crate::hedge::Hedge;
use crate::key::{BallotKey, BallotSecret};
use crate::masked::{masked_sums, multiplications};
use crate::params::Params;
use crate::progress::{Progress, Watched};
use crate::proof::commit;
use crate::wire::{BallotIn, SEALED_MAX};
use core::ops::ControlFlow;
use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::MultiscalarMul;
use primitives::canonical;
use rand_core::CryptoRng;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

/// Makes the ballot of `secret` at `event`, carrying `sealed`.
///
/// Proves `P_l = xG + yH` for some key `P_l` of the roll and `T = xE`, bound to the event and to the SHA-256 of
/// `sealed`. The caller checks the ballot with [`crate::verify`] before it burns the secret.
///
/// - `sealed`: at most [`SEALED_MAX`] bytes.
/// - `rng`: the operating system's generator; mixed with the secret and the statement.
///
/// Cost: for `N = n^m` constant-time multiplications of `(n + 1)^m` points, and of `4nm` for the digits.
///
/// # Errors
/// [`ProveError::NotOnRoll`], [`ProveError::SealedTooLong`].
pub fn prove(
    event: &Event,
    secret: &BallotSecret,
    sealed: &[u8],
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<BallotIn, ProveError> {
    prove_watched(event, secret, sealed, rng, &mut |_| ControlFlow::Continue(()))
}

/// As [`prove`], for somebody who waits: `watch` is told how far it is, some hundred times a second, and ends it with
/// a break.
///
/// # Errors
/// As [`prove`], and [`ProveError::Cancelled`]; nothing has left the prover then.
pub fn prove_watched(
    event: &Event,
    secret: &BallotSecret,
    sealed: &[u8],
    rng: &mut (impl CryptoRng + ?Sized),
    watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<BallotIn, ProveError> {
    if sealed.len() > SEALED_MAX {
        return Err(ProveError::SealedTooLong(sealed.len()));
    }
    let (keys, params) = (event.roll().keys(), event.roll().params());
    let sigma = digits(keys, &secret.public(), params)?;
    let tag = event.tag(secret);
    let total = multiplications(params, keys.len());
    let sums = |sigma: &[u8], a: &[Scalar]| {
        masked_sums(keys, params, sigma, a, &mut Watched::new(total, &mut *watch))
    };
    match prove_digits(event, secret, &sigma, tag, sealed, rng, sums) {
        ControlFlow::Continue(ballot) => Ok(ballot),
        ControlFlow::Break(()) => Err(ProveError::Cancelled),
    }
}

/// How many multiplications a proof over a roll of `len` keys takes: [`Progress::total`] before there is a proof. Zero if
/// no roll has so many keys.
#[must_use]
pub fn proof_multiplications(len: usize) -> usize {
    Params::of_roll(len).map_or(0, |params| multiplications(params, len))
}

/// Steps 1 to 6 for given digits and tag, which are not compared with the secret here.
///
/// - `sums`: makes `sum_i p_{i,k} P_i` for `k = 0 .. m-1` of the digits and their masks.
pub(crate) fn prove_digits(
    event: &Event,
    secret: &BallotSecret,
    sigma: &[u8],
    tag: LinkTag,
    sealed: &[u8],
    rng: &mut (impl CryptoRng + ?Sized),
    mut sums: impl FnMut(&[u8], &[Scalar]) -> ControlFlow<(), Vec<RistrettoPoint>>,
) -> ControlFlow<(), BallotIn> {
    let sealed_hash = canonical::sha256(sealed);
    let mut hedge = Hedge::new(secret, &event.statement(&tag, &sealed_hash), rng);
    loop {
        let round = Round::commit(event, sigma, &mut hedge, &mut sums)?;
        let xi = event.challenge(&tag, &sealed_hash, &round.commitments);
        if xi != Scalar::ZERO {
            let proof = round.respond(sigma, secret, &xi, event.roll().params());
            return ControlFlow::Continue(BallotIn {
                tag,
                sealed: sealed.to_vec(),
                proof,
            });
        }
    }
}

/// The digit matrix sigma, `m` rows of `n` bytes 0 or 1: sigma_{j,i} = 1 where i is digit j of the position.
///
/// Compares the key with every key of the roll; which of them it equals never shows in what is done.
fn digits(keys: &[BallotKey], key: &BallotKey, params: Params) -> Result<Zeroizing<Vec<u8>>, ProveError> {
    let mut sigma = Zeroizing::new(vec![0u8; params.cells()]);
    let mut found = Choice::from(0);
    for (position, candidate) in keys.iter().enumerate() {
        let here = candidate.as_bytes().ct_eq(key.as_bytes());
        found |= here;
        let mut rest = position;
        for row in sigma.chunks_mut(params.n) {
            if let Some(cell) = row.get_mut(rest % params.n) {
                *cell |= here.unwrap_u8();
            }
            rest /= params.n;
        }
    }
    // Public: a member who is not on the roll makes no ballot.
    if bool::from(found) {
        Ok(sigma)
    } else {
        Err(ProveError::NotOnRoll)
    }
}

/// One attempt: the commitments and the randomness behind them.
struct Round {
    /// A, B, `Q_0..`, `S_0..`.
    commitments: Vec<[u8; 32]>,
    /// The matrix a, `m` rows of `n`, each row's sum zero.
    a: Zeroizing<Vec<Scalar>>,
    r_a: Zeroizing<Scalar>,
    r_b: Zeroizing<Scalar>,
    rho: Zeroizing<Vec<Scalar>>,
    tau: Zeroizing<Vec<Scalar>>,
}

impl Round {
    fn commit(
        event: &Event,
        sigma: &[u8],
        hedge: &mut Hedge,
        sums: &mut impl FnMut(&[u8], &[Scalar]) -> ControlFlow<(), Vec<RistrettoPoint>>,
    ) -> ControlFlow<(), Self> {
        let params = event.roll().params();
        let a = masks(params, hedge);
        let (r_a, r_b) = (Zeroizing::new(hedge.scalar()), Zeroizing::new(hedge.scalar()));
        let (rho, tau) = (hedge.scalars(params.m), hedge.scalars(params.m));

        let bits: Zeroizing<Vec<Scalar>> = collect(sigma.iter().map(|&bit| Scalar::from(bit)));
        let squares = collect(a.iter().map(|a| -(a * a)));
        let crossed = collect(
            a.iter()
                .zip(bits.iter())
                .map(|(a, bit)| a * (Scalar::ONE - (bit + bit))),
        );
        let mut points = vec![commit(&a, &squares, &r_a), commit(&bits, &crossed, &r_b)];

        let sums = sums(sigma, &a)?;
        let all = generators();
        points.extend(
            sums.iter()
                .zip(rho.iter().zip(tau.iter()))
                .map(|(sum, (rho, tau))| sum + RistrettoPoint::multiscalar_mul([rho, tau], [&all.g, &all.h])),
        );
        points.extend(rho.iter().map(|rho| rho * event.point()));
        let commitments = points.iter().map(|point| point.compress().to_bytes()).collect();
        ControlFlow::Continue(Self {
            commitments,
            a,
            r_a,
            r_b,
            rho,
            tau,
        })
    }

    /// Step 6: f, `z_A`, `z_x`, `z_y`; returns the whole proof.
    fn respond(&self, sigma: &[u8], secret: &BallotSecret, xi: &Scalar, params: Params) -> Vec<u8> {
        let mut bytes = self.commitments.concat();
        for (sigma, a) in sigma.chunks(params.n).zip(self.a.chunks(params.n)) {
            for (bit, a) in sigma.iter().zip(a).skip(1) {
                let f = Scalar::conditional_select(a, &(a + xi), Choice::from(*bit));
                bytes.extend_from_slice(f.as_bytes());
            }
        }
        let z_a = *self.r_a + xi * *self.r_b;
        // Horner: (..(x xi - rho_{m-1}) xi - ..) xi - rho_0 = x xi^m - sum rho_k xi^k.
        let fold = |top: Scalar, masks: &[Scalar]| masks.iter().rev().fold(top, |sum, mask| sum * xi - mask);
        for scalar in [z_a, fold(secret.x, &self.rho), fold(secret.y, &self.tau)] {
            bytes.extend_from_slice(scalar.as_bytes());
        }
        bytes
    }
}

/// Random rows whose sum is zero: `a_{j,0} = - (a_{j,1} + .. + a_{j,n-1})`.
fn masks(params: Params, hedge: &mut Hedge) -> Zeroizing<Vec<Scalar>> {
    let mut a = hedge.scalars(params.cells());
    for row in a.chunks_mut(params.n) {
        if let Some((first, others)) = row.split_first_mut() {
            *first = -others.iter().sum::<Scalar>();
        }
    }
    a
}

/// Collects without leaving copies behind: the iterator's length is exact, so the vector never moves.
fn collect(scalars: impl ExactSizeIterator<Item = Scalar>) -> Zeroizing<Vec<Scalar>> {
    let mut vector = Zeroizing::new(Vec::with_capacity(scalars.len()));
    vector.extend(scalars);
    vector
}

/// Provers who cheat in one place and do everything else, the challenge included, as they should.
#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BallotError, Roll, judge_batch, verify};
    use primitives::{AssemblyId, OpeningId};
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;
    use std::sync::Arc;

    struct Cheat {
        event: Event,
        secrets: Vec<BallotSecret>,
        sigma: Zeroizing<Vec<u8>>,
    }

    fn cheat() -> Cheat {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let secrets: Vec<_> = (0..20).map(|_| BallotSecret::random(&mut rng)).collect();
        let roll = Roll::new(secrets.iter().map(BallotSecret::public).collect()).unwrap();
        let sigma = digits(roll.keys(), &secrets[0].public(), roll.params()).unwrap();
        let (assembly, opening) = (AssemblyId::new([1; 32]), OpeningId::new([2; 32]));
        Cheat {
            event: Event::ballot(assembly, opening, Arc::new(roll), [3; 32]),
            secrets,
            sigma,
        }
    }

    impl Cheat {
        fn judge(&self, secret: &BallotSecret, sigma: &[u8], tag: LinkTag) -> Result<(), BallotError> {
            let mut rng = ChaCha20Rng::seed_from_u64(2);
            let (keys, params) = (self.event.roll().keys(), self.event.roll().params());
            let made = prove_digits(
                &self.event,
                secret,
                sigma,
                tag,
                b"sealed",
                &mut rng,
                |sigma, a| {
                    let mut watch = |_| ControlFlow::Continue(());
                    masked_sums(keys, params, sigma, a, &mut Watched::new(0, &mut watch))
                },
            );
            let ballot = made.continue_value().unwrap();
            let single = verify(&self.event, &ballot);
            assert_eq!(
                judge_batch(&self.event, core::slice::from_ref(&ballot), &mut rng),
                core::slice::from_ref(&single)
            );
            single.map(|_| ())
        }
    }

    #[test]
    fn accepts_the_honest_prover() {
        let cheat = cheat();
        let secret = &cheat.secrets[0];
        assert_eq!(cheat.judge(secret, &cheat.sigma, cheat.event.tag(secret)), Ok(()));
    }

    #[test]
    fn bal_07_rejects_digits_that_are_not_one_place() {
        let cheat = cheat();
        let secret = &cheat.secrets[0];
        let tag = cheat.event.tag(secret);
        let two_ones: Vec<u8> = {
            let mut sigma = cheat.sigma.to_vec();
            let zero = sigma.iter().position(|bit| *bit == 0).unwrap();
            sigma[zero] = 1;
            sigma
        };
        assert_eq!(cheat.judge(secret, &two_ones, tag), Err(BallotError::Digits));
        assert_eq!(
            cheat.judge(secret, &vec![0; cheat.sigma.len()], tag),
            Err(BallotError::Digits)
        );
    }

    #[test]
    fn bal_08_rejects_a_key_that_is_not_on_the_roll() {
        let cheat = cheat();
        let stranger = BallotSecret::random(&mut ChaCha20Rng::seed_from_u64(9));
        let tag = cheat.event.tag(&stranger);
        assert_eq!(
            cheat.judge(&stranger, &cheat.sigma, tag),
            Err(BallotError::Membership)
        );
    }

    #[test]
    fn bal_08_rejects_another_members_place() {
        let cheat = cheat();
        let other = &cheat.secrets[1];
        assert_eq!(
            cheat.judge(other, &cheat.sigma, cheat.event.tag(other)),
            Err(BallotError::Membership)
        );
    }

    #[test]
    fn bal_09_rejects_a_tag_that_is_not_the_keys() {
        let cheat = cheat();
        let tag = cheat.event.tag(&cheat.secrets[1]);
        assert_eq!(
            cheat.judge(&cheat.secrets[0], &cheat.sigma, tag),
            Err(BallotError::Link)
        );
    }

    #[test]
    fn bal_08_rejects_a_second_tag_from_a_pretended_opening_of_the_same_key() {
        // Whoever knew log_H G could open P with another x; nobody does, so x is tied to P.
        let cheat = cheat();
        let shifted = BallotSecret {
            x: cheat.secrets[0].x + Scalar::ONE,
            y: cheat.secrets[0].y - Scalar::ONE,
        };
        let tag = cheat.event.tag(&shifted);
        assert_eq!(
            cheat.judge(&shifted, &cheat.sigma, tag),
            Err(BallotError::Membership)
        );
    }

    #[test]
    fn the_bytes_of_a_ballot_are_pinned() {
        let cheat = cheat();
        let mut rng = ChaCha20Rng::seed_from_u64(3);
        let ballot = prove(&cheat.event, &cheat.secrets[0], b"sealed", &mut rng).unwrap();
        let digest = canonical::sha256(&ballot.encode()).to_string();
        assert_eq!(
            digest,
            "5a1bd0e2e8648c035178d90aeb337c0a0fa02ebb11bdbda0b49d0ae2f7c0e71b"
        );
    }
}
