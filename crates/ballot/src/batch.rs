//! Verifying many ballots of one event at once.
//!
//! Every equation of every ballot gets a random weight of 128 bits from the verifier's own generator; the
//! weighted sum of all of them is one multiscalar multiplication. It is the identity for valid ballots, and for
//! others with probability at most 2^-127. A batch that fails is halved until the bad ballots stand alone.

use crate::error::{BallotError, Culprit, Culprits};
use crate::event::Event;
use crate::generators::generators;
use crate::verify::{Ballot, Opened, RollSums, verify};
use crate::wire::BallotIn;
use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{IsIdentity, VartimeMultiscalarMul};
use rand_core::CryptoRng;

/// Verifies `ballots` against one event and names those that fail.
///
/// Checks BAL-02 to BAL-09 of `docs/spec/ballot.md`; agrees with [`verify`] on every ballot.
///
/// - `weights`: source of the 128-bit batch weights; never derived from the ballots.
///
/// Cost: one multiscalar multiplication of `N + (2m + 3) B` points and `N * B` scalar products for `B` ballots;
/// every bad ballot adds up to `2 log2 B` smaller ones. Variable time: everything here is public.
///
/// # Errors
/// [`Culprits`] with the position and rule id of every invalid ballot.
pub fn verify_batch(
    event: &Event,
    ballots: &[BallotIn],
    weights: &mut (impl CryptoRng + ?Sized),
) -> Result<Vec<Ballot>, Culprits> {
    let mut valid = Vec::with_capacity(ballots.len());
    let mut culprits = Vec::new();
    for (position, verdict) in judge_batch(event, ballots, weights).into_iter().enumerate() {
        match verdict {
            Ok(ballot) => valid.push(ballot),
            Err(error) => culprits.push(Culprit { position, error }),
        }
    }
    if culprits.is_empty() {
        Ok(valid)
    } else {
        Err(Culprits(culprits))
    }
}

/// As [`verify_batch`], with a verdict for every ballot: a tally keeps the valid ones and reports the others.
pub fn judge_batch(
    event: &Event,
    ballots: &[BallotIn],
    weights: &mut (impl CryptoRng + ?Sized),
) -> Vec<Result<Ballot, BallotError>> {
    let mut verdicts: Vec<_> = ballots
        .iter()
        .map(|ballot| Ok(Ballot::verified(ballot.clone())))
        .collect();
    let mut open = Vec::with_capacity(ballots.len());
    for (position, (ballot, verdict)) in ballots.iter().zip(&mut verdicts).enumerate() {
        match Opened::of(event, ballot) {
            Ok(opened) => open.push((position, opened)),
            Err(error) => *verdict = Err(error),
        }
    }
    for position in failing(event, &open, weights) {
        if let (Some(ballot), Some(verdict)) = (ballots.get(position), verdicts.get_mut(position)) {
            *verdict = verify(event, ballot);
        }
    }
    verdicts
}

/// The positions of the ballots whose equations do not hold.
fn failing(event: &Event, open: &[(usize, Opened)], weights: &mut (impl CryptoRng + ?Sized)) -> Vec<usize> {
    if open.is_empty() || sum_is_identity(event, open, weights) {
        return Vec::new();
    }
    if let [(position, _)] = open {
        return vec![*position];
    }
    let (left, right) = open.split_at(open.len() / 2);
    let mut positions = failing(event, left, weights);
    positions.extend(failing(event, right, weights));
    positions
}

/// Whether the weighted sum of all equations of all ballots vanishes.
fn sum_is_identity(event: &Event, open: &[(usize, Opened)], rng: &mut (impl CryptoRng + ?Sized)) -> bool {
    let all = generators();
    let cells = event.roll().params().cells();
    let mut roll = RollSums::new(event);
    let mut matrix = vec![Scalar::ZERO; 2 * cells];
    let (mut c_star, mut g, mut h, mut e) = Default::default();
    let mut own: Vec<(Scalar, &RistrettoPoint)> = Vec::new();
    for (_, ballot) in open {
        let [w1, w2, w3] = [weight(rng), weight(rng), weight(rng)];
        let proof = &ballot.proof;
        // w1 (Com(f, f(xi - f); z_A) - A - xi B)
        for (sum, entry) in matrix
            .iter_mut()
            .zip(ballot.f.iter().copied().chain(ballot.products()))
        {
            *sum += w1 * entry;
        }
        c_star += w1 * proof.z_a;
        own.extend([(-w1, &proof.a), (-(w1 * ballot.xi()), &proof.b)]);
        // w2 (sum_i (prod_j f) P_i - sum_k xi^k Q_k - z_x G - z_y H)
        roll.add(ballot, &w2);
        own.extend(
            ballot
                .powers
                .iter()
                .zip(&proof.q)
                .map(|(power, q)| (-(w2 * power), q)),
        );
        g -= w2 * proof.z_x;
        h -= w2 * proof.z_y;
        // w3 (xi^m T - sum_k xi^k S_k - z_x E)
        own.push((w3 * ballot.xi_m(), &ballot.tag));
        own.extend(
            ballot
                .powers
                .iter()
                .zip(&proof.s)
                .map(|(power, s)| (-(w3 * power), s)),
        );
        e -= w3 * proof.z_x;
    }
    let scalars = own
        .iter()
        .map(|(scalar, _)| *scalar)
        .chain(matrix)
        .chain([c_star, g, h, e]);
    let points = own
        .iter()
        .map(|(_, point)| *point)
        .chain(all.c.iter().take(2 * cells));
    RistrettoPoint::vartime_multiscalar_mul(
        scalars.chain(roll.finish()),
        points
            .chain([&all.c_star, &all.g, &all.h, event.point()])
            .chain(event.roll().keys().iter().map(|key| &key.point)),
    )
    .is_identity()
}

/// A weight of 128 random bits.
fn weight(rng: &mut (impl CryptoRng + ?Sized)) -> Scalar {
    let mut bytes = [0; 16];
    rng.fill_bytes(&mut bytes);
    Scalar::from(u128::from_le_bytes(bytes))
}
