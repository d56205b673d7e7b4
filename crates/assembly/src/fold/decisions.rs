//! Motions up to their opening, and named votes.

use ballot::{BallotKey, Roll};
use minicbor::bytes::{ByteArray, ByteVec};
use primitives::{MotionId, SeatNumber, StatementId, Time};
use std::collections::{BTreeMap, BTreeSet};
use tlog::{CreateLog, Gate, LogKind, Slots};

use super::{
    Assembly, Author, Effect, Motion, Opening, Phase, PoolKey, SecretVote, VoidReason, Vote, ballot_len,
};
use crate::keys::BoxKeys;
use crate::limits;
use crate::motion::{MotionText, VoteKind};
use crate::rejection::Rejection;
use crate::statement::motion_id;

impl Assembly {
    pub(super) fn check_motion_proposed(
        &self,
        author: Author<'_>,
        motion: &MotionText,
    ) -> Result<Effect, Rejection> {
        Self::require_deputy(author)?;
        let charter = self.charter_ref();
        let times = motion.notice_ms >= charter.notice_ms
            && (charter.voting_least_ms..=charter.voting_greatest_ms).contains(&motion.voting_ms);
        if times && motion.is_within_limits() {
            Ok(Effect::MotionProposed(motion.clone()))
        } else {
            Err(Rejection::MotionUnfit)
        }
    }

    pub(super) fn check_seconded(&self, author: Author<'_>, motion: MotionId) -> Result<Effect, Rejection> {
        Self::require_deputy(author)?;
        let motion = self.motion_in(motion, Phase::Proposed)?;
        let seat = author.seat.number;
        if motion.proposer == seat || motion.seconded_by.contains(&seat) {
            return Err(Rejection::SecondedAlready);
        }
        Ok(Effect::Seconded(motion.id))
    }

    pub(super) fn check_withdrawn(&self, author: Author<'_>, motion: MotionId) -> Result<Effect, Rejection> {
        let motion = self
            .motion_in(motion, Phase::Proposed)
            .or(self.motion_in(motion, Phase::Noticed))?;
        if motion.proposer == author.seat.number {
            Ok(Effect::Withdrawn(motion.id))
        } else {
            Err(Rejection::NotTheProposer)
        }
    }

    /// Everything about an opening but the box's keys is computed here, so that an opening cannot lie.
    pub(super) fn check_opened(
        &self,
        author: Author<'_>,
        motion: MotionId,
        ballot_box: Option<&BoxKeys>,
    ) -> Result<Effect, Rejection> {
        Self::require_deputy(author)?;
        let motion = self.motion_in(motion, Phase::Noticed)?;
        if motion.may_open.is_none_or(|may_open| self.time < may_open) {
            return Err(Rejection::NoticeRuns);
        }
        let electorate = self.electorate_of(motion);
        let closes = self.time.after(motion.text.voting_ms);
        let (id, vote) = match (motion.text.kind, ballot_box) {
            (VoteKind::RollCall, None) => (Opening::id_of(motion.id, None), Vote::RollCall(BTreeMap::new())),
            (VoteKind::Secret, Some(keys)) => {
                let secret = self.secret_vote(motion, &electorate, keys, closes)?;
                (self.secret_id(motion.id, &secret), Vote::Secret(secret))
            }
            _ => return Err(Rejection::BoxUnfit),
        };
        let log = u32::try_from(self.logs.len().saturating_sub(1)).unwrap_or(u32::MAX);
        let covered_by = (log, self.journal().size.saturating_add(1));
        let opened = self.time;
        let position = self.position;
        Ok(Effect::MotionOpened(
            motion.id,
            Opening {
                id,
                opened,
                closes,
                position,
                covered_by,
                electorate,
                vote,
            },
        ))
    }

    fn secret_id(&self, motion: MotionId, secret: &SecretVote) -> primitives::OpeningId {
        let y = ByteArray::from(*secret.sealing.key.y());
        Opening::id_of(
            motion,
            Some((secret.key_number, secret.roll_root, y, secret.record.append_key)),
        )
    }

    /// Deputies entitled now, and those detained since the motion was proposed; ascending.
    fn electorate_of(&self, motion: &Motion) -> Vec<SeatNumber> {
        self.seats
            .values()
            .filter(|seat| seat.is_elector(motion.proposed, self.time))
            .map(|seat| seat.number)
            .collect()
    }

    fn secret_vote(
        &self,
        motion: &Motion,
        electorate: &[SeatNumber],
        keys: &BoxKeys,
        closes: Time,
    ) -> Result<SecretVote, Rejection> {
        let charter = self.charter_ref();
        let journal_key = self.journal().journal_key;
        let announced = self.journal_keys.get(&journal_key);
        let number = self.boxes_used;
        if !announced.is_some_and(|announced| announced.has_box(number, keys)) {
            return Err(Rejection::BoxUnfit);
        }
        let open = self
            .motions
            .values()
            .filter(|motion| is_open_secret(motion))
            .count();
        let sealing = self
            .trustees
            .pool
            .first()
            .cloned()
            .ok_or(Rejection::NoSealingKey)?;
        if u32::try_from(open).is_ok_and(|open| open >= charter.secret_open_max) {
            return Err(Rejection::NoSealingKey);
        }
        let roll = self.roll_of(electorate).ok_or(Rejection::RollTooSmall)?;
        let (roll_len, whole) = (len_u32(roll.len()), len_u32(electorate.len()));
        if roll_len < charter.roll_floor || !charter.coverage.is_reached(roll_len, whole) {
            return Err(Rejection::RollTooSmall);
        }
        let vote_len = motion
            .text
            .question
            .vote_len()
            .map_err(|_| Rejection::MotionUnfit)?;
        let slots = Slots {
            opens: self.time,
            closes,
            every_ms: charter.slot_for(motion.text.voting_ms),
        };
        let mut secret = SecretVote {
            key_number: self.next_key_number,
            roll: roll
                .keys()
                .iter()
                .map(|key| ByteArray::from(*key.as_bytes()))
                .collect(),
            roll_root: roll.root(),
            sealing: sealing.clone(),
            record: plain_box(keys, ballot_len(roll.params(), vote_len), slots),
            journal_key,
            box_number: number,
            forwarded: Vec::new(),
            closed: None,
            shares: BTreeMap::new(),
            bad_shares: Vec::new(),
        };
        secret.record.gate = Some(Gate {
            assembly: self.id,
            opening: self.secret_id(motion.id, &secret),
            roll_root: secret.roll_root,
            roll_len,
            sealing_key: ByteArray::from(*sealing.key.y()),
        });
        Ok(secret)
    }

    /// The electorate's ballot keys with the next number, without repetitions.
    fn roll_of(&self, electorate: &[SeatNumber]) -> Option<Roll> {
        let published: BTreeSet<_> = electorate
            .iter()
            .filter_map(|seat| self.seats.get(seat)?.ballot_key(self.next_key_number))
            .map(|key| **key)
            .collect();
        let keys: Option<Vec<_>> = published
            .iter()
            .map(|key| BallotKey::from_bytes(key).ok())
            .collect();
        Roll::new(keys?).ok()
    }

    pub(super) fn check_roll_call_vote(
        &self,
        author: Author<'_>,
        motion: MotionId,
        vote: &ByteVec,
    ) -> Result<Effect, Rejection> {
        let motion = self.motions.get(&motion).ok_or(Rejection::WrongPhase)?;
        let opening = motion
            .opening
            .as_ref()
            .filter(|_| motion.phase == Phase::Open)
            .ok_or(Rejection::VoteNotOpen)?;
        let Vote::RollCall(votes) = &opening.vote else {
            return Err(Rejection::WrongPhase);
        };
        if !opening.has_elector(author.seat.number) {
            return Err(Rejection::NotInElectorate);
        }
        if votes.contains_key(&author.seat.number) {
            return Err(Rejection::VotedAlready);
        }
        if !motion.text.question.is_vote(vote) {
            return Err(Rejection::VoteUnfit);
        }
        Ok(Effect::RollCallVote(motion.id, vote.clone()))
    }

    pub(super) fn check_roll_call_closed(&self, motion: MotionId) -> Result<Effect, Rejection> {
        let motion = self.motions.get(&motion).ok_or(Rejection::WrongPhase)?;
        match (motion.text.kind, motion.phase) {
            (VoteKind::RollCall, Phase::Closed) => Ok(Effect::RollCallClosed(motion.id)),
            (VoteKind::RollCall, Phase::Open) => Err(Rejection::CloseUntimely),
            _ => Err(Rejection::WrongPhase),
        }
    }

    fn motion_in(&self, motion: MotionId, phase: Phase) -> Result<&Motion, Rejection> {
        self.motions
            .get(&motion)
            .filter(|motion| motion.phase == phase)
            .ok_or(Rejection::WrongPhase)
    }

    pub(super) fn propose_motion(
        &mut self,
        id: StatementId,
        proposer: SeatNumber,
        proposed: Time,
        position: u64,
        text: MotionText,
    ) {
        let id = motion_id(id);
        let motion = Motion {
            id,
            text,
            proposer,
            proposed,
            position,
            seconded_by: Vec::new(),
            may_open: None,
            phase: Phase::Proposed,
            opening: None,
        };
        self.motions.insert(id, motion);
        self.notice_if_seconded(id, proposed);
    }

    pub(super) fn second(&mut self, motion: MotionId, seat: SeatNumber, time: Time) {
        if let Some(motion) = self.motions.get_mut(&motion) {
            motion.seconded_by.push(seat);
        }
        self.notice_if_seconded(motion, time);
    }

    fn notice_if_seconded(&mut self, motion: MotionId, time: Time) {
        let seconders = self.charter_ref().seconders;
        if let Some(motion) = self
            .motions
            .get_mut(&motion)
            .filter(|motion| len_u32(motion.seconded_by.len()) >= seconders)
        {
            motion.phase = Phase::Noticed;
            motion.may_open = Some(time.after(motion.text.notice_ms));
        }
    }

    pub(super) fn open_motion(&mut self, motion: MotionId, opening: Opening) {
        if let Vote::Secret(secret) = &opening.vote {
            let used = |pooled: &PoolKey| *pooled == secret.sealing;
            self.trustees.pool.retain(|pooled| !used(pooled));
            self.next_key_number = self.next_key_number.saturating_add(1);
            self.boxes_used = self.boxes_used.saturating_add(1);
            let next = self.next_key_number;
            for seat in self.seats.values_mut() {
                seat.ballot_keys.retain(|batch| batch.end() > next);
            }
        }
        self.openings.insert(opening.id, motion);
        if let Some(motion) = self.motions.get_mut(&motion) {
            motion.phase = Phase::Open;
            motion.opening = Some(opening);
        }
    }

    pub(super) fn vote_by_name(&mut self, motion: MotionId, seat: SeatNumber, vote: ByteVec) {
        let opening = self
            .motions
            .get_mut(&motion)
            .and_then(|motion| motion.opening.as_mut());
        if let Some(Vote::RollCall(votes)) = opening.map(|opening| &mut opening.vote) {
            votes.entry(seat).or_insert(vote);
        }
    }

    pub(super) fn set_phase(&mut self, motion: MotionId, phase: Phase) {
        if let Some(motion) = self.motions.get_mut(&motion) {
            motion.phase = phase;
        }
    }

    /// Closes votes whose time is over, and voids what missed the charter's times.
    pub(super) fn advance_motions(&mut self) {
        let now = self.time;
        let (closing_ms, shares_ms) = (self.charter_ref().closing_ms, self.charter_ref().shares_ms);
        for motion in self.motions.values_mut() {
            let stale = now.since_ms(motion.proposed) > limits::MOTION_MS_MAX;
            if matches!(motion.phase, Phase::Proposed | Phase::Noticed) && stale {
                motion.phase = Phase::Void(VoidReason::NotOpened);
            }
            let Some(opening) = &motion.opening else { continue };
            if motion.phase == Phase::Open && now >= opening.closes {
                motion.phase = Phase::Closed;
            }
            let (closing, sharing) = Motion::deadlines(opening, closing_ms, shares_ms);
            if let (Phase::Closed, Some(secret)) = (motion.phase, opening.secret()) {
                if secret.closed.is_none() && now >= closing {
                    motion.phase = Phase::Void(VoidReason::NotClosedInTime);
                } else if now >= sharing {
                    motion.phase = Phase::Void(VoidReason::NotUnsealed);
                }
            }
        }
    }
}

fn is_open_secret(motion: &Motion) -> bool {
    motion.phase == Phase::Open && motion.text.kind == VoteKind::Secret
}

fn plain_box(keys: &BoxKeys, entry_len: u32, slots: Slots) -> CreateLog {
    CreateLog {
        append_key: keys.append_key,
        read_token_hash: keys.read_token_hash,
        kind: LogKind::Record,
        entry_len: Some(entry_len),
        gate: None,
        slots: Some(slots),
        previous: None,
        nonce: keys.nonce,
    }
}

fn len_u32(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
