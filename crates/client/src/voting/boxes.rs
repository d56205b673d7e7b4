//! Ballot boxes: followed at everybody's times, closed, cosigned and announced.

use super::ballots::wish_purpose;
use crate::state::{Content, Duty, LogRole};
use crate::step::{Step, StepError};
use crate::tables;
use assembly::Body;
use assembly::{Motion, Opening, Phase, SecretVote, Vote};
use primitives::MotionId;
use tlog::CloseEntry;

/// The relay's clock may be a little behind: a close that comes too early is refused and tried again.
const CLOSE_MARGIN_MS: u64 = 300;

impl Step<'_> {
    pub(super) fn follow_box(&mut self, motion: MotionId, secret: &SecretVote) -> Result<(), StepError> {
        let Some(seed) = self.state.journal_keys.get(&secret.journal_key).cloned() else {
            return Ok(());
        };
        self.follow(
            LogRole::Box {
                motion,
                number: secret.box_number,
            },
            seed,
            secret.record.clone(),
            secret.roll.clone(),
        )?;
        Ok(())
    }

    /// Everybody reads whole boxes, voters or not, at the same scheduled times: sixteen times a vote.
    pub(crate) fn box_poll_ms(&self, role: &LogRole) -> u64 {
        let LogRole::Box { motion, .. } = role else {
            return u64::MAX;
        };
        let opening = self
            .state
            .assembly
            .as_ref()
            .and_then(|assembly| assembly.motion(*motion)?.opening.clone());
        let Some(opening) = opening else { return 60_000 };
        if self.now >= opening.closes {
            return 1_000;
        }
        let every_ms = (opening.closes.since_ms(opening.opened) / 16).clamp(1_000, 15 * 60_000);
        let next = self.now.since_ms(opening.opened) / every_ms * every_ms + every_ms;
        opening
            .opened
            .after(next)
            .since_ms(self.now)
            .min(opening.closes.since_ms(self.now))
            .max(200)
    }

    /// Takes an entry of a box: counts it, and looks for one's own only among what everybody reads.
    pub(crate) fn box_entry(&mut self, motion: MotionId, own_ballot: bool) {
        self.with_part(motion, |part| {
            part.box_entries = part.box_entries.saturating_add(1);
            part.seen_in_box |= own_ballot;
        });
    }

    /// Closes, seals and announces; by whoever's turn it is.
    pub(super) fn close_when_due(&mut self, motion: &Motion, turn_ms: u64) -> Result<(), StepError> {
        let Some(opening) = motion.opening.clone() else {
            return Ok(());
        };
        if opening.closes.after(turn_ms.saturating_add(CLOSE_MARGIN_MS)) > self.now {
            return Ok(());
        }
        match &opening.vote {
            Vote::RollCall(_) => {
                if let Some(turn) = self.may_try(Duty::CloseRollCall(motion.id)) {
                    self.make_quietly(turn, &Body::RollCallClosed { motion: motion.id })?;
                }
                Ok(())
            }
            Vote::Secret(secret) => {
                let closed = self.is_closed_box(motion.id, &opening)?;
                if closed || motion.phase == Phase::Closed {
                    self.burn_leftover(motion.id, secret)?;
                }
                if secret.closed.is_some() {
                    return Ok(());
                }
                self.seal_box(motion.id, &opening, closed)
            }
        }
    }

    /// A key that is left over would prove abstention: used or not, it goes when the vote is over by log time. A clock that
    /// is ahead of the logs' takes nobody's vote.
    fn burn_leftover(&mut self, motion: MotionId, secret: &SecretVote) -> Result<(), StepError> {
        let number = secret.key_number;
        let key = self.store.get(tables::BALLOT_SECRETS, &number.to_be_bytes())?;
        if key.is_some() {
            self.burn_ballot_secret(number);
            self.store.delete(tables::WISHES, *motion.as_bytes());
            self.store.burn(wish_purpose(motion));
        }
        Ok(())
    }

    /// Whether the box, as it was read, ends with its close entry, taken at the close or later.
    fn is_closed_box(&self, motion: MotionId, opening: &Opening) -> Result<bool, StepError> {
        let Some(log) = self.box_log(motion) else {
            return Ok(false);
        };
        let size = self.state.logs.get(&log).map_or(0, |state| state.reader.size());
        let last = size
            .checked_sub(1)
            .map(|index| self.load_entry(log, index))
            .transpose()?
            .flatten();
        Ok(last.is_some_and(|entry| {
            CloseEntry::from_bytes(&entry.bytes) == Some(CloseEntry { opening: opening.id })
                && entry.time >= opening.closes
        }))
    }

    /// The close entry, the witnesses' cosignatures, and the announcement that carries a quorum of them.
    fn seal_box(&mut self, motion: MotionId, opening: &Opening, closed: bool) -> Result<(), StepError> {
        let Some(log) = self.box_log(motion) else {
            return Ok(());
        };
        let Some(state) = self.state.logs.get(&log) else {
            return Ok(());
        };
        let size = state.reader.size();
        if !closed {
            if let Some(turn) = self.may_try(Duty::CloseBox(motion)) {
                let entry = CloseEntry { opening: opening.id }.to_bytes();
                self.post(log, entry, Content::Close { motion }, self.now, Some(turn));
            }
            return Ok(());
        }
        if self.part(motion).cosigned.is_none()
            && let Some(side) = self.vote_log(motion)
        {
            let before = self.state.logs.get(&log).map_or(0, |state| state.cosigned);
            self.cosign(log, side)?;
            if self
                .state
                .logs
                .get(&log)
                .is_some_and(|state| state.cosigned > before)
            {
                self.with_part(motion, |part| part.cosigned = Some(size));
            }
        }
        let Some(cosigned) = self.cosignatures(log, size)? else {
            return Ok(());
        };
        let (Some(assembly), Some(key)) = (self.state.assembly.clone(), self.checkpoint_key()) else {
            return Ok(());
        };
        let Ok(checkpoint) = cosigned.checkpoint.open(&key) else {
            return Ok(());
        };
        let body = Body::BoxClosed {
            opening: opening.id,
            checkpoint: cosigned.checkpoint,
            cosignatures: assembly.one_of_each_witness(&checkpoint, &cosigned.cosignatures),
        };
        let Ok(seat) = self.own_seat() else { return Ok(()) };
        let verdict = self.check_statement(seat.number, &body);
        let worth_trying = matches!(verdict, Ok(()) | Err(assembly::Rejection::CloseUntimely));
        let quorum = self
            .state
            .logs
            .get(&log)
            .is_some_and(|state| state.covered >= size);
        if worth_trying
            && quorum
            && let Some(turn) = self.may_try(Duty::SealBox(motion))
        {
            self.make_quietly(turn, &body)?;
        }
        Ok(())
    }

    pub(super) fn box_is_read(&self, motion: MotionId, opening: &Opening) -> bool {
        let size = opening
            .secret()
            .and_then(|secret| Some(secret.closed.as_ref()?.checkpoint.size));
        let read = self
            .box_log(motion)
            .and_then(|log| Some(self.state.logs.get(&log)?.taken));
        matches!((size, read), (Some(size), Some(read)) if read >= size)
    }
}
