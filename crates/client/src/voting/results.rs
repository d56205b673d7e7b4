//! Results: trustees release, every device counts for itself, and what could tell how somebody voted is burnt.

use super::ballots::wish_purpose;
use crate::effects::Effect;
use crate::jobs::{Job, JobOutput, Output, Work};
use crate::state::{Content, Duty, OutboxItem, Stage};
use crate::step::{Step, StepError, part_purpose};
use crate::tables;
use crate::views::OwnVoteState;
use crate::volatile::Expected;
use assembly::Body;
use assembly::{Motion, Opening};
use primitives::MotionId;

impl Step<'_> {
    /// Takes what a job brought.
    pub(crate) fn computed(&mut self, output: JobOutput) -> Result<(), StepError> {
        match output.0 {
            Output::Proven {
                motion,
                ballot: Some(ballot),
            } => self.prepared(motion, ballot),
            Output::Tallied {
                motion,
                result: Ok((outcome, hash)),
            } => {
                self.with_part(motion, |part| {
                    part.outcome = Some(outcome);
                    part.outcome_hash = Some(hash);
                });
                let assembly = self.state.assembly.clone();
                let opening = assembly
                    .as_ref()
                    .and_then(|assembly| assembly.motion(motion)?.opening.clone());
                if let Some(opening) = opening {
                    self.burn_vote(motion, Some(&opening));
                    self.confirm_result(motion, opening.id, hash)?;
                }
                Ok(())
            }
            Output::Tallied {
                motion,
                result: Err(_),
            } => {
                self.forget_count(motion, true);
                Ok(())
            }
            Output::Counting { motion, count } => {
                self.counted_on(motion, count);
                Ok(())
            }
            Output::Checked { motion, valid } => {
                self.counted_out(motion, valid);
                Ok(())
            }
            Output::Proven { .. } | Output::Recount | Output::Cancelled => Ok(()),
        }
    }

    /// Trustees release their shares after checking the close and the floors.
    pub(super) fn release_when_due(&mut self) -> Result<(), StepError> {
        let Some(assembly) = self.state.assembly.clone() else {
            return Ok(());
        };
        let Ok(seat) = self.own_seat() else { return Ok(()) };
        for due in assembly.shares_due(seat.number) {
            let Some((motion, opening, _)) = assembly.secret_vote_of(due.opening.id) else {
                continue;
            };
            let (motion, opening) = (motion.id, opening.id);
            if !self.part(motion).releasable {
                continue;
            }
            if let Some(share) = self.share_secret(due.key)?
                && let Some(turn) = self.may_try(Duty::Release(motion))
            {
                let share = sealing::release(&share);
                self.make_quietly(turn, &Body::ShareReleased { opening, share })?;
            }
        }
        Ok(())
    }

    /// Every device counts for itself.
    pub(super) fn tally_when_due(&mut self, motion: &Motion) -> Result<(), StepError> {
        let Some(opening) = &motion.opening else {
            return Ok(());
        };
        let part = self.part(motion.id);
        if let Some(hash) = part.outcome_hash {
            let confirmed = self.own_seat().is_ok_and(|seat| {
                self.confirmations(opening.id)
                    .is_ok_and(|all| all.hashes.contains_key(&seat.number))
            });
            // A seat confirms once, by its first device.
            return if confirmed || !self.is_first_device() {
                Ok(())
            } else {
                self.confirm_result(motion.id, opening.id, hash)
            };
        }
        if opening.secret().is_some() {
            return self.count_when_due(motion, opening);
        }
        let expected = Expected::Tally { motion: motion.id };
        if self.expects(&expected) || self.may_try(Duty::Count(motion.id)).is_none() {
            return Ok(());
        }
        let assembly = self
            .state
            .assembly
            .clone()
            .ok_or(StepError::Internal("no assembly"))?;
        let ticket = self.ticket(expected);
        let work = Work::RollCall {
            motion: motion.id,
            opening: opening.id,
            assembly,
        };
        self.effects.push(Effect::Compute {
            ticket,
            job: Box::new(Job(work)),
        });
        Ok(())
    }

    /// After the close the key of this vote's number is burnt, used or not; and bytes, tag and wish with it.
    pub(super) fn burn_vote(&mut self, motion: MotionId, opening: Option<&Opening>) {
        if let Some(secret) = opening.and_then(Opening::secret) {
            self.burn_ballot_secret(secret.key_number);
        }
        self.forget_count(motion, false);
        self.store.delete(tables::WISHES, *motion.as_bytes());
        self.store.burn(wish_purpose(motion));
        let own = |item: &OutboxItem| item.content == Content::Ballot { motion };
        let items: Vec<u64> = self
            .state
            .outbox
            .iter()
            .filter(|(_, item)| own(item))
            .map(|(number, _)| *number)
            .collect();
        // Somebody else carried it: the box had not shown it, and the journal has it.
        let carried = opening.and_then(Opening::secret).is_some_and(|secret| {
            let mut forwarded = secret.forwarded.iter();
            let own: Vec<_> = self.state.outbox.values().filter(|item| own(item)).collect();
            forwarded.any(|ballot| own.iter().any(|item| item.entry == ballot.ballot))
        });
        for item in items {
            self.drop_outbox(item);
        }
        if let Some(secret) = opening.and_then(Opening::secret) {
            self.burn_share(&secret.sealing);
        }
        if let Some(log) = self.box_log(motion) {
            let closed = opening
                .and_then(Opening::secret)
                .and_then(|secret| secret.closed.as_ref());
            self.want_log(log, closed.map_or(0, |closed| closed.checkpoint.size));
            self.finish_log(log);
        }
        let part = self.part(motion);
        let way = match part.stage {
            Stage::Prepared | Stage::Cast if part.seen_in_box => Some(OwnVoteState::Counted),
            Stage::Prepared | Stage::Cast if carried => Some(OwnVoteState::Forwarded),
            _ => None,
        };
        if let Some(way) = way {
            self.state.volatile.counted.insert(motion, way);
        }
        self.store.burn(part_purpose(motion));
        self.with_part(motion, |part| {
            let over = core::mem::take(part);
            part.open_choice = over.open_choice;
            part.box_entries = over.box_entries;
            part.outcome = over.outcome;
            part.outcome_hash = over.outcome_hash;
        });
    }
}
