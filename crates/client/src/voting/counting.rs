//! The count of a box, while it fills and after: verified in portions by one job after another, in memory only.
//!
//! After a restart it begins again with the entries in the vault. It tells nobody anything: everybody's device does it,
//! with everybody's ballots, whoever has voted.

use crate::effects::Effect;
use crate::jobs::{CountWork, Goal, Job, Stand, Work};
use crate::state::Duty;
use crate::step::{Step, StepError};
use crate::volatile::Expected;
use assembly::{BoxCount, Motion, Opening, Phase, ValidBallots};
use primitives::{MotionId, Time};
use std::sync::{Arc, Mutex, PoisonError};

/// So many new ballots are verified at once.
const PORTION_LEAST: u64 = 32;
/// Fewer wait so long, or for the close.
const PORTION_WAIT_MS: u64 = 30_000;
/// A job takes no more, so that a proof need not wait long for its turn.
const PORTION_MAX: u64 = 2_048;

/// What the last job has found out about a box, for the next one. Whoever takes it has it alone: a step that then comes to
/// nothing loses it, and the count begins again.
#[derive(Debug, Clone)]
pub(crate) struct Running {
    /// Entries that are counted.
    given: u64,
    verified: bool,
    at: Time,
    stand: Arc<Mutex<Option<Stand>>>,
}

impl Running {
    fn new(stand: Stand, at: Time) -> Self {
        let (given, verified) = match &stand {
            Stand::Counting(count) => (count.given(), false),
            Stand::Verified(_) => (u64::MAX, true),
        };
        let stand = Arc::new(Mutex::new(Some(stand)));
        Self {
            given,
            verified,
            at,
            stand,
        }
    }

    fn take(&self) -> Option<Stand> {
        self.stand.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Entries that are counted.
    #[cfg(test)]
    pub(crate) const fn given(&self) -> u64 {
        self.given
    }
}

impl Step<'_> {
    /// Lets a job count what has come of a box, if it is worth one, or the box is closed, or the shares are there.
    pub(super) fn count_when_due(&mut self, motion: &Motion, opening: &Opening) -> Result<(), StepError> {
        let id = motion.id;
        let under_way = [
            Expected::Verification { motion: id },
            Expected::Tally { motion: id },
        ];
        if under_way.iter().any(|expected| self.expects(expected))
            || self.state.volatile.uncountable.contains(&id)
        {
            return Ok(());
        }
        let Some(log) = self.box_log(id) else {
            return Ok(());
        };
        let closed = self.box_is_read(id, opening);
        let end = match opening.secret().and_then(|secret| secret.closed.as_ref()) {
            Some(closed_box) if closed => closed_box.checkpoint.size,
            _ => self.state.logs.get(&log).map_or(0, |log| log.taken),
        };
        let running = self.state.volatile.counts.get(&id);
        let verified = running.is_some_and(|running| running.verified);
        let given = running.map_or(0, |running| running.given);
        let since = running.map_or(opening.opened, |running| running.at);
        let new = end.saturating_sub(given);
        let goal = match motion.phase {
            _ if new > PORTION_MAX => Goal::On,
            Phase::Decided if closed => Goal::Result,
            _ if closed && !verified => Goal::Verified,
            Phase::Open if new >= PORTION_LEAST => Goal::On,
            Phase::Open if new > 0 && self.now >= since.after(PORTION_WAIT_MS) => Goal::On,
            _ => return Ok(()),
        };
        let Some(assembly) = self.state.assembly.clone() else {
            return Ok(());
        };
        if self.may_try(Duty::Verify(id)).is_none() {
            return Ok(());
        }
        let stand = self
            .state
            .volatile
            .counts
            .remove(&id)
            .and_then(|running| running.take());
        if stand.is_none() && given > 0 {
            // Lost: the next step begins again.
            self.state.volatile.duty_after.remove(&Duty::Verify(id));
            return Ok(());
        }
        let entries = if new == 0 {
            Vec::new()
        } else {
            self.load_entries_from(log, given, new.min(PORTION_MAX))?
        };
        let ticket = self.ticket(match goal {
            Goal::On => Expected::Verification { motion: id },
            Goal::Verified | Goal::Result => Expected::Tally { motion: id },
        });
        let work = CountWork {
            motion: id,
            opening: opening.id,
            assembly,
            stand,
            entries,
            goal,
        };
        self.effects.push(Effect::Compute {
            ticket,
            job: Box::new(Job(Work::Count(Box::new(work)))),
        });
        Ok(())
    }

    /// A portion is verified; the next one follows.
    pub(super) fn counted_on(&mut self, motion: MotionId, count: Box<BoxCount>) {
        self.keep_count(motion, Stand::Counting(count));
    }

    /// The closed box is verified, or comes to nothing: neither is found out again.
    pub(super) fn counted_out(&mut self, motion: MotionId, valid: Option<Box<ValidBallots>>) {
        match valid {
            Some(valid) => {
                self.keep_count(motion, Stand::Verified(valid));
                self.with_part(motion, |part| part.releasable = true);
            }
            None => self.forget_count(motion, true),
        }
    }

    fn keep_count(&mut self, motion: MotionId, stand: Stand) {
        let running = Running::new(stand, self.now);
        self.state.volatile.counts.insert(motion, running);
        self.state.volatile.duty_after.remove(&Duty::Verify(motion));
    }

    /// - `uncountable`: whether the box has no result, so that counting it again is of no use.
    pub(super) fn forget_count(&mut self, motion: MotionId, uncountable: bool) {
        self.state.volatile.counts.remove(&motion);
        if uncountable {
            self.state.volatile.uncountable.insert(motion);
        }
    }
}
