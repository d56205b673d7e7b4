//! Verifying many ballots of one event at once, or as they arrive.
//!
//! Every equation of every ballot gets a random weight of 128 bits from the verifier's own generator; the
//! weighted sum of all of them is one multiscalar multiplication. It is the identity for valid ballots, and for
//! others with probability at most 2^-128. A batch that fails is halved until the bad ballots stand alone, or are too many.

use crate::crew::{Alone, Crew, Piece};
use crate::error::{BallotError, Culprit, Culprits};
use crate::event::Event;
use crate::sums::{Sums, Weights, piece_len};
use crate::verify::{Ballot, Opened, verify};
use crate::wire::BallotIn;
use core::fmt;
use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::traits::{IsIdentity, VartimeMultiscalarMul};
use rand_core::CryptoRng;

/// Verifies `ballots` against one event and names those that fail.
///
/// Checks BAL-02 to BAL-09 of `docs/spec/ballot.md`; agrees with [`verify`] on every ballot.
///
/// - `weights`: source of the 128-bit batch weights; never derived from the ballots.
///
/// Cost: one multiscalar multiplication of `N + (2m + 3) B` points and `N * B` scalar products for `B` ballots;
/// every bad ballot adds up to `2 log2 B` smaller ones, and all of them together no more than verifying all ballots
/// one by one and half of that again. Variable time: everything here is public.
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
    let mut verifier = BatchVerifier::new(event.clone());
    verifier.add(ballots.to_vec(), weights, &Alone);
    verifier.finish(weights, &Alone)
}

/// Verifies the ballots of one event as they arrive.
///
/// Nearly all the work is done when ballots are added: what is left for [`Self::finish`] is a multiscalar
/// multiplication of the roll's size, whatever the number of ballots. Agrees with [`verify`] on every ballot.
///
/// A ballot's weights are drawn after it is given, and must not be known to anybody who still makes ballots: they
/// stay in here.
pub struct BatchVerifier {
    event: Event,
    /// One for each of the crew's hands.
    parts: Vec<Sums>,
    ballots: Vec<(BallotIn, State)>,
}

/// What is known of a ballot.
enum State {
    /// Its equations are part of the sums, or hold.
    Summed,
    /// It is refused.
    Refused(BallotError),
    /// It is in no sum, or to be verified alone.
    Open,
}

impl BatchVerifier {
    /// Starts with no ballots.
    #[must_use]
    pub const fn new(event: Event) -> Self {
        Self {
            event,
            parts: Vec::new(),
            ballots: Vec::new(),
        }
    }

    /// How many ballots were added.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.ballots.len()
    }

    /// Whether none was added.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ballots.is_empty()
    }

    /// Adds ballots: decodes their proofs and sums their equations up.
    ///
    /// - `weights`: as for [`verify_batch`].
    ///
    /// Cost for each ballot: `2m + 3` points decompressed and multiplied, and `N` products of scalars.
    pub fn add(&mut self, ballots: Vec<BallotIn>, weights: &mut (impl CryptoRng + ?Sized), crew: &dyn Crew) {
        let event = &self.event;
        let hands = crew.hands().clamp(1, ballots.len().max(1));
        while self.parts.len() < hands {
            self.parts.push(Sums::new(event));
        }
        let weights: Vec<Weights> = ballots.iter().map(|_| Weights::random(weights)).collect();
        let before = self.ballots.len();
        self.ballots
            .extend(ballots.into_iter().map(|ballot| (ballot, State::Open)));
        let added = self.ballots.get_mut(before..).unwrap_or_default();
        let share = added.len().div_ceil(hands).max(1);
        let shares = added.chunks_mut(share).zip(weights.chunks(share));
        let pieces = shares.zip(&mut self.parts).map(|((ballots, weights), sums)| {
            Box::new(move || {
                for ((ballot, state), weights) in ballots.iter_mut().zip(weights) {
                    *state = match Opened::of(event, ballot) {
                        Ok(opened) => {
                            sums.add(&opened, weights);
                            State::Summed
                        }
                        Err(error) => State::Refused(error),
                    };
                }
            }) as Piece<'_>
        });
        crew.run(pieces.collect());
    }

    /// The verdict on every ballot, in the order in which they were added.
    ///
    /// - `weights`: for the search, if there is a bad ballot.
    pub fn finish(
        self,
        weights: &mut (impl CryptoRng + ?Sized),
        crew: &dyn Crew,
    ) -> Vec<Result<Ballot, BallotError>> {
        let Self {
            event,
            parts,
            mut ballots,
        } = self;
        let known_bad = !vanishes(&event, parts, crew);
        let summed: Vec<&mut (BallotIn, State)> = ballots
            .iter_mut()
            .filter(|(_, state)| matches!(state, State::Summed))
            .collect();
        if known_bad {
            let mut search = Search {
                event: &event,
                weights,
                crew,
                sums_left: SUMS_LEAST.max(summed.len() / 2),
                found: 0,
            };
            search.look(summed, true, false);
        }
        verify_open(&event, &mut ballots, crew);
        ballots
            .into_iter()
            .map(|(ballot, state)| match state {
                State::Summed => Ok(Ballot::verified(ballot)),
                State::Refused(error) => Err(error),
                State::Open => verify(&event, &ballot),
            })
            .collect()
    }
}

impl fmt::Debug for BatchVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BatchVerifier({} ballots)", self.ballots.len())
    }
}

/// The search for the bad ballots of a batch: halves are summed up again, and ballots that stand alone are verified.
///
/// What blame costs is bounded, however many ballots are bad: after [`SIFT_FROM`] of them the first equation is checked for
/// each of the others, which is small and finds everything that was not made with care, and after half as many sums
/// as there are ballots the rest is verified one by one. So a batch of bad ballots costs at most one and a half
/// times what verifying each of them alone does.
struct Search<'a, W: ?Sized> {
    event: &'a Event,
    weights: &'a mut W,
    crew: &'a dyn Crew,
    /// Sums that may still be made.
    sums_left: usize,
    /// Bad ballots so far.
    found: usize,
}

/// So many bad ballots are no accident.
const SIFT_FROM: usize = 16;
/// Sums that every search may make.
const SUMS_LEAST: usize = 64;

type Suspect<'a> = &'a mut (BallotIn, State);

impl<W: CryptoRng + ?Sized> Search<'_, W> {
    /// Sets the ballots whose equations do not hold, or may not hold, to [`State::Open`], and others to
    /// [`State::Refused`]. Says whether there was one.
    ///
    /// - `known_bad`: whether it is known already that there is one.
    /// - `sifted`: whether everybody's first equation is known to hold.
    fn look(&mut self, mut suspects: Vec<Suspect<'_>>, mut known_bad: bool, sifted: bool) -> bool {
        let sift = !sifted && self.found >= SIFT_FROM && suspects.len() > 1;
        let mut sifted_out = false;
        if sift {
            let before = suspects.len();
            suspects = self.sift(suspects);
            sifted_out = suspects.len() < before;
            known_bad &= !sifted_out;
            self.found = self.found.saturating_add(before - suspects.len());
        }
        if suspects.is_empty() {
            return sifted_out;
        }
        if !known_bad {
            let Some(left) = self.sums_left.checked_sub(1) else {
                return self.open(suspects);
            };
            self.sums_left = left;
            if holds(self.event, &suspects, self.weights, self.crew) {
                return sifted_out;
            }
        }
        if suspects.len() == 1 {
            return self.open(suspects);
        }
        let right = suspects.split_off(suspects.len() / 2);
        // Whatever is wrong is in the right half, if it is not in the left.
        let found = self.look(suspects, false, sifted || sift);
        self.look(right, !found, sifted || sift);
        true
    }

    fn open(&mut self, suspects: Vec<Suspect<'_>>) -> bool {
        self.found = self.found.saturating_add(suspects.len());
        for (_, state) in suspects {
            *state = State::Open;
        }
        true
    }

    /// Refuses the ballots whose digit commitments do not open (BAL-07) and gives the others back.
    fn sift<'s>(&self, mut suspects: Vec<Suspect<'s>>) -> Vec<Suspect<'s>> {
        let event = self.event;
        let share = suspects.len().div_ceil(self.crew.hands().max(1)).max(1);
        let pieces = suspects.chunks_mut(share).map(|suspects| {
            Box::new(move || {
                for (ballot, state) in suspects {
                    if Opened::of(event, ballot).is_ok_and(|opened| !opened.digits_hold()) {
                        *state = State::Refused(BallotError::Digits);
                    }
                }
            }) as Piece<'_>
        });
        self.crew.run(pieces.collect());
        suspects.retain(|(_, state)| matches!(state, State::Summed));
        suspects
    }
}

/// Verifies the ballots that are open, each alone.
fn verify_open(event: &Event, ballots: &mut [(BallotIn, State)], crew: &dyn Crew) {
    let mut open: Vec<Suspect<'_>> = ballots
        .iter_mut()
        .filter(|(_, state)| matches!(state, State::Open))
        .collect();
    let share = open.len().div_ceil(crew.hands().max(1)).max(1);
    let pieces = open.chunks_mut(share).map(|open| {
        Box::new(move || {
            for (ballot, state) in open {
                *state = match verify(event, ballot) {
                    Ok(_) => State::Summed,
                    Err(error) => State::Refused(error),
                };
            }
        }) as Piece<'_>
    });
    crew.run(pieces.collect());
}

/// Whether all equations of these ballots hold.
fn holds(
    event: &Event,
    ballots: &[&mut (BallotIn, State)],
    weights: &mut (impl CryptoRng + ?Sized),
    crew: &dyn Crew,
) -> bool {
    let mut again = BatchVerifier::new(event.clone());
    again.add(
        ballots.iter().map(|ballot| ballot.0.clone()).collect(),
        weights,
        crew,
    );
    let all_summed = again
        .ballots
        .iter()
        .all(|(_, state)| matches!(state, State::Summed));
    all_summed && vanishes(event, again.parts, crew)
}

/// Whether the weighted sum of all equations is the identity.
fn vanishes(event: &Event, mut parts: Vec<Sums>, crew: &dyn Crew) -> bool {
    let closing = parts
        .iter_mut()
        .map(|part| Box::new(move || part.close()) as Piece<'_>);
    crew.run(closing.collect());
    // Whoever was not run is closed here; this is nothing for the others.
    parts.iter_mut().for_each(Sums::close);
    let mut parts = parts.into_iter();
    let Some(mut sums) = parts.next() else {
        return true;
    };
    parts.for_each(|part| sums.absorb(part));
    let (own, scalars, points) = sums.finish(event);

    let len = piece_len(points.len(), crew.hands());
    let multiply = |(scalars, points)| RistrettoPoint::vartime_multiscalar_mul::<&[_], &[_]>(scalars, points);
    let chunks: Vec<_> = scalars.chunks(len).zip(points.chunks(len)).collect();
    let mut results: Vec<Option<RistrettoPoint>> = vec![None; chunks.len()];
    let pieces = results.iter_mut().zip(&chunks);
    crew.run(
        pieces
            .map(|(result, chunk)| Box::new(move || *result = Some(multiply(*chunk))) as Piece<'_>)
            .collect(),
    );
    let shared: RistrettoPoint = results
        .into_iter()
        .zip(chunks)
        .map(|(result, chunk)| result.unwrap_or_else(|| multiply(chunk)))
        .sum();
    (own + shared).is_identity()
}
