//! What is due from a seat: the duties that its client does without being asked.
//!
//! The caller's clock is a parameter; a duty that comes a moment too early for the relay's clock is rejected and due again.

use primitives::{MotionId, OpeningId, SeatNumber, Time};

use super::{Assembly, Motion, Opening, Phase, PoolKey, Round, SecretVote};
use crate::limits;
use crate::motion::VoteKind;

/// What a trustee is to post next in the key generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealingDue {
    /// Round 1 of this run.
    Round1(sealing::Run),
    /// Round 2 of the current run.
    Round2(sealing::Run),
    /// A confirmation of the current run, or a complaint.
    Confirmation(sealing::Run),
}

/// A share that a trustee is to release once it has checked the box and the floors.
#[derive(Debug, Clone, Copy)]
pub struct ShareDue<'a> {
    /// The vote.
    pub opening: &'a Opening,
    /// Which of the trustee's keys.
    pub key: &'a PoolKey,
}

impl Assembly {
    /// The number from which a seat's device is to publish ballot keys, if it runs out of them.
    #[must_use]
    pub fn ballot_keys_due(&self, seat: SeatNumber) -> Option<u32> {
        let seat = self.seats.get(&seat).filter(|seat| seat.is_acting_deputy())?;
        let low = seat.unused_ballot_keys(self.next_key_number) < limits::BALLOT_KEYS_LOW;
        low.then_some(seat.next_ballot_key.max(self.next_key_number))
    }

    /// What a seat is to post in the trustees' key generation.
    #[must_use]
    pub fn sealing_due(&self, seat: SeatNumber, now: Time) -> Option<SealingDue> {
        let mut trustees = self.trustees.clone();
        trustees.advance(now, self.charter_ref().sealing_round_ms);
        let eligible = self.eligible_trustees(&trustees).contains(&seat);
        let Some(run) = &trustees.current else {
            return self
                .next_run(&trustees)
                .filter(|_| eligible)
                .map(SealingDue::Round1);
        };
        let parameters = run.parameters;
        match run.round {
            Round::One => {
                (eligible && !run.round1.contains_key(&seat)).then_some(SealingDue::Round1(parameters))
            }
            _ if !run.round1.contains_key(&seat) => None,
            Round::Two => (!run.round2.contains_key(&seat)).then_some(SealingDue::Round2(parameters)),
            Round::Confirmation => {
                (!run.confirmed.contains(&seat)).then_some(SealingDue::Confirmation(parameters))
            }
        }
    }

    /// Whether a trustee's run with this number can still give it keys: while not, its secret is to be burnt.
    #[must_use]
    pub fn is_run_alive(&self, number: u64) -> bool {
        self.trustees
            .current
            .as_ref()
            .is_some_and(|run| run.parameters.number == number)
            || u64::from(self.trustees.next_run) <= number
    }

    /// Motions that may be opened by now. A secret one also needs ballot keys and a sealing key ([`Assembly::check`] says).
    #[must_use]
    pub fn openable(&self, now: Time) -> Vec<&Motion> {
        self.motions
            .values()
            .filter(|motion| motion.phase == Phase::Noticed && motion.may_open.is_some_and(|at| at <= now))
            .collect()
    }

    /// Roll-calls whose time is over and that nobody has closed.
    #[must_use]
    pub fn roll_calls_to_close(&self, now: Time) -> Vec<MotionId> {
        self.motions
            .values()
            .filter(|motion| motion.text.kind == VoteKind::RollCall && motion.phase_at(now) == Phase::Closed)
            .map(|motion| motion.id)
            .collect()
    }

    /// Secret votes whose time is over and whose box is to be closed, cosigned and announced.
    #[must_use]
    pub fn boxes_to_close(&self, now: Time) -> Vec<(&Opening, &SecretVote)> {
        self.closed_secret_votes(now)
            .filter(|(_, secret)| secret.closed.is_none())
            .collect()
    }

    /// Shares that a seat holds and has not released although the box is closed.
    #[must_use]
    pub fn shares_due(&self, seat: SeatNumber) -> Vec<ShareDue<'_>> {
        self.closed_secret_votes(self.time)
            .filter(|(_, secret)| secret.closed.is_some() && !secret.shares.contains_key(&seat))
            .filter(|(_, secret)| secret.sealing.key.seats().any(|holder| holder == seat))
            .map(|(opening, secret)| ShareDue {
                opening,
                key: &secret.sealing,
            })
            .collect()
    }

    /// Openings that are decided: their tally can be computed and confirmed.
    #[must_use]
    pub fn decided(&self) -> Vec<OpeningId> {
        self.motions
            .values()
            .filter(|motion| motion.phase == Phase::Decided)
            .filter_map(|motion| Some(motion.opening.as_ref()?.id))
            .collect()
    }

    fn closed_secret_votes(&self, now: Time) -> impl Iterator<Item = (&Opening, &SecretVote)> {
        self.motions
            .values()
            .filter(move |motion| motion.phase_at(now) == Phase::Closed)
            .filter_map(|motion| {
                let opening = motion.opening.as_ref()?;
                Some((opening, opening.secret()?))
            })
    }
}
