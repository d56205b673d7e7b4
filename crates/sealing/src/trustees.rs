//! The trustees of a run: whoever posted a valid round 1 by the deadline.

use crate::public_key::PublicKey;
use crate::round1::Round1;
use crate::round2::Round2;
use crate::run::Run;
use frost_ristretto255::Identifier;
use frost_ristretto255::keys::dkg;
use primitives::{Hash, SeatNumber, canonical, labels};
use std::collections::BTreeMap;

/// Why a set of round 1 statements is not a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrusteesError {
    /// Fewer trustees than the threshold, so nobody could ever open anything.
    #[error("{count} trustees where the threshold is {threshold}")]
    TooFew {
        /// How many there are.
        count: usize,
        /// How many must release.
        threshold: u16,
    },
    /// More than fit a run.
    #[error("{0} trustees are too many")]
    TooMany(usize),
    /// Two statements of one seat.
    #[error("two round 1 statements of seat {0}")]
    Twice(SeatNumber),
    /// A statement of another run.
    #[error("seat {0} posted for another run")]
    OtherRun(SeatNumber),
}

/// The closed set of a run's participants with their round 1, in seat order.
#[derive(Debug, Clone)]
pub struct Trustees {
    run: Run,
    round1: BTreeMap<SeatNumber, Round1>,
    hash: Hash,
}

impl Trustees {
    /// Closes round 1.
    ///
    /// # Errors
    /// [`TrusteesError`].
    pub fn new(run: &Run, round1: impl IntoIterator<Item = Round1>) -> Result<Self, TrusteesError> {
        let mut by_seat = BTreeMap::new();
        for statement in round1 {
            let seat = statement.seat;
            if statement.run != *run {
                return Err(TrusteesError::OtherRun(seat));
            }
            if by_seat.insert(seat, statement).is_some() {
                return Err(TrusteesError::Twice(seat));
            }
        }
        if by_seat.len() < usize::from(run.threshold) {
            return Err(TrusteesError::TooFew {
                count: by_seat.len(),
                threshold: run.threshold,
            });
        }
        if by_seat.len() > usize::from(u16::MAX) {
            return Err(TrusteesError::TooMany(by_seat.len()));
        }
        let hashes: Vec<_> = by_seat.values().map(|r| (r.seat, r.hash)).collect();
        let hash = canonical::hash(labels::SEALING_TRANSCRIPT, &(run, hashes));
        Ok(Self {
            run: *run,
            round1: by_seat,
            hash,
        })
    }

    /// The run.
    #[must_use]
    pub const fn run(&self) -> &Run {
        &self.run
    }

    /// The seats, ascending.
    pub fn seats(&self) -> impl Iterator<Item = SeatNumber> {
        self.round1.keys().copied()
    }

    /// The public part of every key of the run, in order; follows from round 1 alone.
    ///
    /// Cost: `t` points times `n` trustees for each key.
    #[must_use]
    pub fn public_keys(&self) -> Vec<PublicKey> {
        (0..usize::from(self.run.keys))
            .map(|index| PublicKey::of(&self.run, self.round1.values(), index))
            .collect()
    }

    /// What each trustee confirms when it has finished: hash of the run, and of every round 1 and round 2.
    ///
    /// # Errors
    /// `None` if a trustee's round 2 is missing.
    #[must_use]
    pub fn transcript(&self, round2: &BTreeMap<SeatNumber, Round2>) -> Option<Hash> {
        let hashes: Option<Vec<_>> = self
            .seats()
            .map(|seat| round2.get(&seat).map(|posted| (seat, posted.hash)))
            .collect();
        Some(canonical::hash(
            labels::SEALING_TRANSCRIPT,
            &(&self.run, self.hash, hashes?),
        ))
    }

    /// Hash of the run and every round 1; keys of round 2 packages are bound to it.
    pub(crate) const fn round1_hash(&self) -> Hash {
        self.hash
    }

    pub(crate) fn round1_of(&self, seat: SeatNumber) -> Option<&Round1> {
        self.round1.get(&seat)
    }

    /// Everybody but `seat`, ascending.
    pub(crate) fn others(&self, seat: SeatNumber) -> impl Iterator<Item = &Round1> {
        self.round1.values().filter(move |r| r.seat != seat)
    }

    /// How many there are.
    #[expect(clippy::cast_possible_truncation, reason = "new() admits at most 65,535")]
    pub(crate) fn count(&self) -> u16 {
        self.round1.len() as u16
    }

    /// The library's view: packages for key `index` of everybody but `seat`.
    pub(crate) fn packages(
        &self,
        seat: SeatNumber,
        index: usize,
    ) -> BTreeMap<Identifier, dkg::round1::Package> {
        self.others(seat)
            .filter_map(|r| Some((r.identifier, r.packages.get(index)?.clone())))
            .collect()
    }
}
