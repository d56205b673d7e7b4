//! The trustees' key generation, run by run, and the pool of keys that it keeps.
//!
//! A run begins with its first round 1. Whoever posts round 1 by the deadline takes part, if there are enough; then each
//! posts round 2, then each confirms the transcript; when all have, the run's keys enter the pool. A silent trustee, or one
//! that a complaint proves a liar, ends the run, and the next one goes without it.

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use primitives::{Hash, SeatNumber, Time};
use sealing::{Complaint, Guilty, PublicKey, Round1, Round2};
use std::collections::BTreeMap;

use super::{Assembly, Author, Effect};
use crate::limits;
use crate::rejection::Rejection;

/// A sealing key: which key of which run, and its public part.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct PoolKey {
    /// The run that made it.
    #[n(0)]
    pub run: u32,
    /// Which of the run's keys, from 0.
    #[n(1)]
    pub index: u16,
    /// Y and the verifying shares.
    #[n(2)]
    pub key: PublicKey,
}

/// Everything about the trustees' keys.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Trustees {
    /// Number of the next run; never used again, not even after a run that failed.
    #[n(0)]
    pub next_run: u32,
    /// The run that goes on.
    #[n(1)]
    pub current: Option<Run>,
    /// Unused keys, in the order of their use.
    #[n(2)]
    pub pool: Vec<PoolKey>,
    /// Trustees that fell silent in a run since the last one that succeeded.
    #[n(3)]
    pub silent: Vec<SeatNumber>,
    /// Trustees that lied in a run.
    #[n(4)]
    pub guilty: Vec<SeatNumber>,
}

/// A run that goes on.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Run {
    /// What its participants agree on.
    #[n(0)]
    pub parameters: sealing::Run,
    /// What is awaited.
    #[n(1)]
    pub round: Round,
    /// Until when.
    #[n(2)]
    pub deadline: Time,
    /// Round 1 by seat: the participants, once round 2 begins.
    #[n(3)]
    pub round1: BTreeMap<SeatNumber, ByteVec>,
    /// Round 2 by seat.
    #[n(4)]
    pub round2: BTreeMap<SeatNumber, ByteVec>,
    /// Who has confirmed.
    #[n(5)]
    pub confirmed: Vec<SeatNumber>,
}

/// What a run waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Round {
    /// Commitments and run keys.
    #[n(0)]
    One,
    /// Sealed packages.
    #[n(1)]
    Two,
    /// Confirmations.
    #[n(2)]
    Confirmation,
}

/// What a message of the key generation changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SealingEffect {
    /// Round 1; starts the run if none goes on.
    Round1(Vec<u8>),
    /// Round 2.
    Round2(Vec<u8>),
    /// Confirmed.
    Confirmed,
    /// A complaint, with whom it proves guilty.
    Complaint(SeatNumber),
}

impl Run {
    /// The participants with their verified round 1; `None` if they are too few.
    #[must_use]
    pub fn trustees(&self) -> Option<sealing::Trustees> {
        let round1: Option<Vec<_>> = self
            .round1
            .iter()
            .map(|(seat, bytes)| Round1::decode(&self.parameters, *seat, bytes).ok())
            .collect();
        sealing::Trustees::new(&self.parameters, round1?).ok()
    }

    /// Every round 2 that is there.
    #[must_use]
    pub fn round2(&self, trustees: &sealing::Trustees) -> BTreeMap<SeatNumber, Round2> {
        self.round2
            .iter()
            .filter_map(|(seat, bytes)| Some((*seat, Round2::decode(trustees, *seat, bytes).ok()?)))
            .collect()
    }
}

impl Trustees {
    pub(super) fn new() -> Self {
        Self {
            next_run: 1,
            current: None,
            pool: Vec::new(),
            silent: Vec::new(),
            guilty: Vec::new(),
        }
    }

    /// Ends a round whose time is over.
    pub(super) fn advance(&mut self, now: Time, round_ms: u64) {
        let Some(run) = self.current.as_mut().filter(|run| now >= run.deadline) else {
            return;
        };
        match run.round {
            Round::One if run.round1.len() >= usize::from(run.parameters.threshold) => {
                run.round = Round::Two;
                run.deadline = now.after(round_ms);
            }
            Round::One => self.current = None,
            Round::Two | Round::Confirmation => {
                let silent: Vec<_> = run
                    .round1
                    .keys()
                    .copied()
                    .filter(|seat| match run.round {
                        Round::Two => !run.round2.contains_key(seat),
                        _ => !run.confirmed.contains(seat),
                    })
                    .collect();
                self.silent.extend(silent);
                self.current = None;
            }
        }
    }
}

impl Assembly {
    /// The trustees: the first acting deputies, as many as the charter says.
    #[must_use]
    pub fn trustee_seats(&self) -> Vec<SeatNumber> {
        let count = usize::try_from(self.charter_ref().trustees).unwrap_or(usize::MAX);
        self.seats
            .values()
            .filter(|seat| seat.is_acting_deputy())
            .map(|seat| seat.number)
            .take(count)
            .collect()
    }

    /// Trustees that may take part in the next run: all but liars and, while there are enough others, the silent.
    pub(super) fn eligible_trustees(&self, trustees: &Trustees) -> Vec<SeatNumber> {
        let honest: Vec<_> = self
            .trustee_seats()
            .into_iter()
            .filter(|seat| !trustees.guilty.contains(seat))
            .collect();
        let speaking: Vec<_> = honest
            .iter()
            .copied()
            .filter(|seat| !trustees.silent.contains(seat))
            .collect();
        if speaking.len() >= self.threshold() {
            speaking
        } else {
            honest
        }
    }

    fn threshold(&self) -> usize {
        usize::try_from(self.charter_ref().threshold).unwrap_or(usize::MAX)
    }

    /// The parameters of the next run, if one is due: the pool is half empty, and the trustees are there.
    pub(super) fn next_run(&self, trustees: &Trustees) -> Option<sealing::Run> {
        let charter = self.charter_ref();
        let low = usize::try_from(charter.sealing_pool / 2).unwrap_or(0);
        let complete = !self.is_founding()
            || u32::try_from(self.trustee_seats().len()).is_ok_and(|count| count == charter.trustees);
        let enough = self.eligible_trustees(trustees).len() >= self.threshold();
        (trustees.current.is_none() && trustees.pool.len() <= low && complete && enough).then(|| {
            sealing::Run {
                assembly: self.id,
                number: u64::from(trustees.next_run),
                threshold: u16::try_from(charter.threshold).unwrap_or(u16::MAX),
                keys: u16::try_from(charter.sealing_pool).unwrap_or(1),
            }
        })
    }

    pub(super) fn check_round1(
        &self,
        author: Author<'_>,
        run: u32,
        package: &[u8],
    ) -> Result<Effect, Rejection> {
        if package.len() > limits::SEALING_BYTES_MAX {
            return Err(Rejection::SealingMalformed);
        }
        let seat = author.seat.number;
        let parameters = match &self.trustees.current {
            Some(current) if current.round == Round::One && !current.round1.contains_key(&seat) => {
                current.parameters
            }
            Some(_) => return Err(Rejection::SealingOutOfTurn),
            None => self.next_run(&self.trustees).ok_or(Rejection::SealingOutOfTurn)?,
        };
        if parameters.number != u64::from(run) || !self.eligible_trustees(&self.trustees).contains(&seat) {
            return Err(Rejection::SealingOutOfTurn);
        }
        Self::require_voting_device(author)?;
        Round1::decode(&parameters, seat, package).map_err(|_| Rejection::SealingMalformed)?;
        Ok(Effect::Sealing(SealingEffect::Round1(package.to_vec())))
    }

    pub(super) fn check_round2(
        &self,
        author: Author<'_>,
        run: u32,
        packages: &[u8],
    ) -> Result<Effect, Rejection> {
        let seat = author.seat.number;
        let current = self.run_in(run, seat, &[Round::Two])?;
        if current.round2.contains_key(&seat) {
            return Err(Rejection::SealingOutOfTurn);
        }
        Self::require_voting_device(author)?;
        let trustees = current.trustees().ok_or(Rejection::SealingOutOfTurn)?;
        Round2::decode(&trustees, seat, packages).map_err(|_| Rejection::SealingMalformed)?;
        Ok(Effect::Sealing(SealingEffect::Round2(packages.to_vec())))
    }

    pub(super) fn check_confirmed(
        &self,
        author: Author<'_>,
        run: u32,
        transcript: Hash,
    ) -> Result<Effect, Rejection> {
        let seat = author.seat.number;
        let current = self.run_in(run, seat, &[Round::Confirmation])?;
        if current.confirmed.contains(&seat) {
            return Err(Rejection::SealingOutOfTurn);
        }
        Self::require_voting_device(author)?;
        let trustees = current.trustees().ok_or(Rejection::SealingOutOfTurn)?;
        if trustees.transcript(&current.round2(&trustees)) == Some(transcript) {
            Ok(Effect::Sealing(SealingEffect::Confirmed))
        } else {
            Err(Rejection::SealingMalformed)
        }
    }

    pub(super) fn check_complaint(
        &self,
        author: Author<'_>,
        run: u32,
        complaint: &Complaint,
    ) -> Result<Effect, Rejection> {
        let seat = author.seat.number;
        let current = self.run_in(run, seat, &[Round::Two, Round::Confirmation])?;
        if current.confirmed.contains(&seat) {
            return Err(Rejection::SealingOutOfTurn);
        }
        // A complaint that does not hold proves its author guilty: no further device makes one in the trustee's name.
        Self::require_voting_device(author)?;
        let trustees = current.trustees().ok_or(Rejection::SealingOutOfTurn)?;
        let round2 = current.round2(&trustees);
        match sealing::judge_complaint(&trustees, &round2, seat, complaint) {
            Ok(Guilty::Accused) => Ok(Effect::Sealing(SealingEffect::Complaint(complaint.accused))),
            Ok(Guilty::Complainer) => Ok(Effect::Sealing(SealingEffect::Complaint(seat))),
            Err(_) => Err(Rejection::SealingOutOfTurn),
        }
    }

    fn require_voting_device(author: Author<'_>) -> Result<(), Rejection> {
        if author.is_first_device() {
            Ok(())
        } else {
            Err(Rejection::SealingOutOfTurn)
        }
    }

    /// The current run, if it has this number, this participant, and is in one of these rounds.
    fn run_in(&self, number: u32, seat: SeatNumber, rounds: &[Round]) -> Result<&Run, Rejection> {
        self.trustees
            .current
            .as_ref()
            .filter(|run| run.parameters.number == u64::from(number))
            .filter(|run| run.round1.contains_key(&seat) && rounds.contains(&run.round))
            .ok_or(Rejection::SealingOutOfTurn)
    }

    pub(super) fn apply_sealing(&mut self, seat: SeatNumber, time: Time, effect: SealingEffect) {
        let deadline = time.after(self.charter_ref().sealing_round_ms);
        if self.trustees.current.is_none()
            && let Some(parameters) = self.next_run(&self.trustees)
        {
            self.trustees.next_run = self.trustees.next_run.saturating_add(1);
            self.trustees.current = Some(Run {
                parameters,
                round: Round::One,
                deadline,
                round1: BTreeMap::new(),
                round2: BTreeMap::new(),
                confirmed: Vec::new(),
            });
        }
        let awaited = self.eligible_trustees(&self.trustees);
        let Some(run) = self.trustees.current.as_mut() else {
            return;
        };
        match effect {
            SealingEffect::Round1(bytes) => {
                run.round1.insert(seat, bytes.into());
                if awaited.iter().all(|seat| run.round1.contains_key(seat)) {
                    (run.round, run.deadline) = (Round::Two, deadline);
                }
            }
            SealingEffect::Round2(bytes) => {
                run.round2.insert(seat, bytes.into());
                if run.round2.len() == run.round1.len() {
                    (run.round, run.deadline) = (Round::Confirmation, deadline);
                }
            }
            SealingEffect::Confirmed => {
                run.confirmed.push(seat);
                if run.confirmed.len() == run.round1.len() {
                    self.finish_run();
                }
            }
            SealingEffect::Complaint(guilty) => {
                self.trustees.guilty.push(guilty);
                self.trustees.current = None;
            }
        }
    }

    fn finish_run(&mut self) {
        let Some(run) = self.trustees.current.take() else {
            return;
        };
        let Some(trustees) = run.trustees() else { return };
        let number = u32::try_from(run.parameters.number).unwrap_or(u32::MAX);
        let usable = |key: &PublicKey| key.sealing_key().is_ok();
        let keys = (0u16..)
            .zip(trustees.public_keys())
            .filter(|(_, key)| usable(key));
        self.trustees.pool.extend(keys.map(|(index, key)| PoolKey {
            run: number,
            index,
            key,
        }));
        self.trustees.silent.clear();
    }

    pub(super) fn advance_sealing(&mut self) {
        let round_ms = self.charter_ref().sealing_round_ms;
        self.trustees.advance(self.time, round_ms);
    }

    /// Discards unused keys of which a seat holds a share, and the run in which it takes part.
    pub(super) fn discard_keys_of(&mut self, seat: SeatNumber) {
        self.trustees
            .pool
            .retain(|pooled| pooled.key.seats().all(|holder| holder != seat));
        let takes_part = self
            .trustees
            .current
            .as_ref()
            .is_some_and(|run| run.round1.contains_key(&seat));
        if takes_part {
            self.trustees.current = None;
        }
    }
}
