//! Voting: a wish becomes a ballot, the ballot becomes bytes, and everything that could tell is burnt on the way.
//!
//! ```text
//! None -> Wished        the choice is durable under a purpose of its own
//!      -> Proving       witnesses have cosigned the opening; the key's number is bound to it, durably, first
//!      -> Prepared      the ballot's bytes are durable; key, choice and randomness are burnt in the same batch
//!      -> Cast          after a random wait, over a connection of its own, the relay has taken it
//! ```
//!
//! After the count everything of it is burnt, the stage too; whether one's own ballot was found, in the box or where
//! somebody else carried it through the journal, is told while the process runs and kept nowhere.

mod ballots;
mod boxes;
pub(crate) mod choice;
pub(crate) mod counting;
mod motions;
pub(crate) mod question;
mod results;

pub(crate) use motions::Proposal;

use crate::state::OwnPart;
use crate::step::{Step, StepError};
use assembly::{Motion, Opening, Phase};
use primitives::MotionId;

impl Step<'_> {
    /// Everything that votes need done, looked at in every step.
    pub(crate) fn voting_duties(&mut self) -> Result<(), StepError> {
        let Some(assembly) = self.state.assembly.clone() else {
            return Ok(());
        };
        if self.own_seat().is_err() {
            return Ok(());
        }
        let turn_ms = self.turn_ms();
        for motion in assembly.motions() {
            match motion.phase_at(self.now) {
                Phase::Noticed => self.open_when_due(motion, turn_ms)?,
                Phase::Open => {
                    self.notice_deadline(motion);
                    self.prove_when_due(motion)?;
                    self.count_box(motion)?;
                }
                Phase::Closed => {
                    self.close_when_due(motion, turn_ms)?;
                    self.count_box(motion)?;
                }
                Phase::Decided => self.tally_when_due(motion)?,
                _ => {}
            }
        }
        self.release_when_due()
    }

    fn count_box(&mut self, motion: &Motion) -> Result<(), StepError> {
        match &motion.opening {
            Some(opening) if opening.secret().is_some() => self.count_when_due(motion, opening),
            _ => Ok(()),
        }
    }

    pub(crate) fn part(&self, motion: MotionId) -> OwnPart {
        self.state.votes.get(&motion).cloned().unwrap_or_default()
    }

    pub(crate) fn with_part(&mut self, motion: MotionId, change: impl FnOnce(&mut OwnPart)) {
        change(self.state.votes.entry(motion).or_default());
        self.save_part(motion);
    }

    /// Whether a quorum of witnesses has cosigned a journal that has the opening in it.
    pub(crate) fn is_covered(&self, opening: &Opening) -> bool {
        let Some(assembly) = &self.state.assembly else {
            return false;
        };
        let (index, size) = opening.covered_by;
        let logs = assembly.journal_logs();
        let Some(log) = usize::try_from(index).ok().and_then(|index| logs.get(index)) else {
            return false;
        };
        // In that very log: a later one says nothing about what stood in this one between the removal and the hop.
        let covered = self.state.logs.get(&log.record.id()).map_or(0, |log| log.covered);
        covered >= size
    }
}
