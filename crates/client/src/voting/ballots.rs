//! One's own vote: a named one at once, a secret one by a wish that becomes a proof, a ballot, and nothing that could tell.

use super::choice::vote_of;
use crate::commands::{no_assembly, unknown};
use crate::effects::{Effect, Ticket};
use crate::jobs::{Job, Work};
use crate::machine::Failed;
use crate::requests::{Answer, Refusal, RefusalCode};
use crate::state::{Content, Duty, Stage};
use crate::statements::rejected;
use crate::step::{Step, StepError};
use crate::tables;
use crate::views::Choice;
use crate::volatile::Expected;
use assembly::Body;
use assembly::{Assembly, Motion, Opening, Phase, Vote};
use minicbor::bytes::ByteVec;
use primitives::{MotionId, Purpose, Secret, Time};
use zeroize::Zeroizing;

/// A ballot leaves so long before the close at the latest, or in the last quarter of a short vote.
const LAST_CALL_MS: u64 = 10 * 60_000;

impl Step<'_> {
    /// Votes: at once by name, or by a wish that becomes a ballot.
    pub(crate) fn vote(&mut self, motion: MotionId, choice: &Choice) -> Result<Answer, Failed> {
        let assembly = self.state.assembly.clone().ok_or_else(no_assembly)?;
        let seat = self.own_seat()?;
        let of = assembly.motion(motion).ok_or_else(|| unknown("motion"))?;
        let part = self.part(motion);
        if part.stage != Stage::None || part.open_choice.is_some() {
            return Err(Refusal::new(RefusalCode::AlreadyDone, "you have voted in this motion").into());
        }
        let opening = of
            .opening
            .as_ref()
            .filter(|_| of.phase_at(self.now) == Phase::Open);
        let Some(opening) = opening else {
            return Err(Refusal::new(RefusalCode::WrongPhase, "voting in this motion is not open").into());
        };
        if !opening.has_elector(seat.number) {
            return Err(Refusal::new(
                RefusalCode::NotAllowed,
                "you are not in the electorate of this motion",
            )
            .into());
        }
        let vote = vote_of(&of.text.question, choice)
            .map(Zeroizing::new)
            .map_err(|error| Refusal::new(RefusalCode::BadRequest, &error.to_string()))?;
        match &opening.vote {
            Vote::RollCall(_) => {
                let vote = ByteVec::from(vote.to_vec());
                let body = Body::RollCallVote {
                    motion,
                    vote: vote.clone(),
                };
                self.check_statement(seat.number, &body).map_err(rejected)?;
                self.make_statement(&body, &[], None)?;
                self.with_part(motion, |part| part.open_choice = Some(vote));
            }
            Vote::Secret(secret) => {
                self.first_device_seat()?;
                let mine = seat.ballot_key(secret.key_number);
                let on_roll = mine.is_some_and(|key| secret.roll.contains(key));
                let held = self
                    .store
                    .get(tables::BALLOT_SECRETS, &secret.key_number.to_be_bytes())?
                    .is_some();
                if !on_roll || !held {
                    return Err(Refusal::new(
                        RefusalCode::NotAllowed,
                        "this device holds no ballot key on the roll of this vote",
                    )
                    .into());
                }
                let purpose = wish_purpose(motion);
                self.store
                    .put_for(purpose, tables::WISHES, *motion.as_bytes(), vote.as_slice());
                let cast_by = last_call(opening);
                self.with_part(motion, |part| {
                    part.stage = Stage::Wished;
                    part.cast_by = Some(cast_by);
                });
            }
        }
        Ok(Answer::Motion {
            motion: self.show_motion(motion)?,
        })
    }

    /// A wish becomes a proof once the witnesses' quorum has cosigned a journal that covers the opening.
    pub(super) fn prove_when_due(&mut self, motion: &Motion) -> Result<(), StepError> {
        let part = self.part(motion.id);
        let Some(opening) = &motion.opening else {
            return Ok(());
        };
        let Some(secret) = opening.secret() else {
            return Ok(());
        };
        if !matches!(part.stage, Stage::Wished | Stage::Proving) || !self.is_covered(opening) {
            return Ok(());
        }
        let forked = self.current_journal().is_some_and(|(log, _)| self.is_forked(log));
        let expected = Expected::Proof { motion: motion.id };
        if forked || self.expects(&expected) || self.may_try(Duty::Count(motion.id)).is_none() {
            return Ok(());
        }
        let number = secret.key_number;
        // One key, one opening: whatever else an opening may claim later, this number is taken from now on.
        let bound = self
            .state
            .votes
            .iter()
            .any(|(other, part)| *other != motion.id && part.key_number == Some(number));
        let key = self.store.get(tables::BALLOT_SECRETS, &number.to_be_bytes())?;
        let wish = self.store.get(tables::WISHES, motion.id.as_bytes())?;
        let (false, Some(key), Some(wish)) = (bound, key.and_then(|key| Secret::from_slice(&key)), wish)
        else {
            return Ok(());
        };
        if !motion.text.question.is_vote(&wish) {
            return Err(StepError::Record(tables::WISHES.0));
        }
        self.with_part(motion.id, |part| {
            part.stage = Stage::Proving;
            part.key_number = Some(number);
        });
        let assembly = self
            .state
            .assembly
            .clone()
            .ok_or(StepError::Internal("no assembly"))?;
        let ticket = self.ticket(expected);
        let work = Work::Prove {
            motion: motion.id,
            opening: opening.id,
            assembly,
            secret: key,
            vote: Zeroizing::new(wish.to_vec()),
        };
        self.effects.push(Effect::Compute {
            ticket,
            job: Box::new(Job(work)),
        });
        Ok(())
    }

    /// The ballot's bytes become durable, and in the same batch everything they were made of is burnt.
    pub(super) fn prepared(&mut self, motion: MotionId, ballot: Vec<u8>) -> Result<(), StepError> {
        let part = self.part(motion);
        let opening = self
            .state
            .assembly
            .as_ref()
            .and_then(|assembly| assembly.motion(motion)?.opening.clone());
        let (Stage::Proving, Some(opening), Some(log)) = (part.stage, opening, self.box_log(motion)) else {
            return Ok(());
        };
        let wait_ms = self.below(last_call(&opening).since_ms(self.now));
        self.post(
            log,
            ballot,
            Content::Ballot { motion },
            self.now.after(wait_ms),
            None,
        );
        if let Some(number) = part.key_number {
            self.burn_ballot_secret(number);
        }
        self.store.delete(tables::WISHES, *motion.as_bytes());
        self.store.burn(wish_purpose(motion));
        self.with_part(motion, |part| part.stage = Stage::Prepared);
        Ok(())
    }

    /// The own ballot is taken by the relay.
    pub(crate) fn taken(&mut self, content: &Content) {
        if let Content::Ballot { motion } = content {
            let motion = *motion;
            self.with_part(motion, |part| part.stage = part.stage.max(Stage::Cast));
        }
    }

    /// Takes the own vote back while nothing but the wish is durable, and calls its proof off.
    pub(crate) fn cancel_vote(&mut self, motion: MotionId) -> Result<Answer, Failed> {
        match self.part(motion).stage {
            Stage::Wished | Stage::Proving => {}
            Stage::None => {
                let details = "no secret vote of yours is being prepared in this motion";
                return Err(Refusal::new(RefusalCode::WrongPhase, details).into());
            }
            Stage::Prepared | Stage::Cast => {
                let details = "your ballot is made and sealed; it cannot be taken back";
                return Err(Refusal::new(RefusalCode::WrongPhase, details).into());
            }
        }
        self.burn_wish(motion);
        // The key stays bound to this opening: it may be voted in anew, in no other.
        self.with_part(motion, |part| {
            part.stage = Stage::None;
            part.cast_by = None;
        });
        let proof = Expected::Proof { motion };
        let expected = &mut self.state.volatile.expected;
        let called_off: Vec<Ticket> = expected
            .extract_if(.., |_, expected| *expected == proof)
            .map(|(ticket, _)| ticket)
            .collect();
        self.state.volatile.duty_after.remove(&Duty::Count(motion));
        for ticket in called_off {
            self.effects.push(Effect::Cancel { ticket });
        }
        Ok(Answer::Done)
    }

    /// One's own ballot as bytes, to be carried by somebody else; only while it waits.
    pub(crate) fn own_ballot(&self, motion: MotionId) -> Result<Answer, Failed> {
        let item = self
            .state
            .outbox
            .values()
            .find(|item| item.content == Content::Ballot { motion });
        let item = item.ok_or_else(|| {
            Refusal::new(RefusalCode::WrongPhase, "no ballot of yours waits in this motion")
        })?;
        Ok(Answer::Ballot {
            ballot: data_encoding::HEXLOWER.encode(&item.entry),
        })
    }

    /// Posts somebody else's ballot through the journal: the second way in, if the box refuses.
    pub(crate) fn forward_ballot(&mut self, motion: MotionId, ballot: &str) -> Result<Answer, Failed> {
        let assembly = self.state.assembly.clone().ok_or_else(no_assembly)?;
        let of = assembly.motion(motion).ok_or_else(|| unknown("motion"))?;
        let opening = of.opening.as_ref().ok_or_else(|| unknown("vote"))?;
        let ballot = data_encoding::HEXLOWER_PERMISSIVE
            .decode(ballot.trim().as_bytes())
            .map_err(|_| {
                Refusal::new(
                    RefusalCode::BadRequest,
                    "not a ballot: hexadecimal digits are needed",
                )
            })?;
        let own = self
            .state
            .outbox
            .values()
            .any(|item| item.content == Content::Ballot { motion } && item.entry == ballot);
        if own {
            let details =
                "this is your own ballot: posted by you, everybody would know whose it is; ask somebody else";
            return Err(Refusal::new(RefusalCode::NotAllowed, details).into());
        }
        if !is_ballot_of(&assembly, opening, &ballot) {
            let details =
                "this is no ballot of this vote, or not a whole one: have it copied again, for this motion";
            return Err(Refusal::new(RefusalCode::BadRequest, details).into());
        }
        let opening = opening.id;
        self.state_checked(&Body::BallotForwarded { opening, ballot }, &[])?;
        Ok(Answer::Done)
    }

    pub(crate) fn burn_wish(&mut self, motion: MotionId) {
        self.store.delete(tables::WISHES, *motion.as_bytes());
        self.store.burn(wish_purpose(motion));
    }

    pub(crate) fn burn_ballot_secret(&mut self, number: u32) {
        self.store.delete(tables::BALLOT_SECRETS, number.to_be_bytes());
        self.store.burn(crate::duties::ballot_key_purpose(number));
    }
}

/// Whether these bytes are a valid ballot of this vote: nobody puts a name to what will not count.
///
/// Cost: one verification, some milliseconds at 1,000 keys.
fn is_ballot_of(assembly: &Assembly, opening: &Opening, bytes: &[u8]) -> bool {
    let event = opening
        .secret()
        .and_then(|secret| secret.event(assembly.id(), opening.id).ok());
    let ballot = ballot::BallotIn::decode(bytes).ok();
    event
        .zip(ballot)
        .is_some_and(|(event, ballot)| ballot::verify(&event, &ballot).is_ok())
}

/// When the ballot leaves at the latest.
fn last_call(opening: &Opening) -> Time {
    let voting_ms = opening.closes.since_ms(opening.opened);
    Time(opening.closes.0.saturating_sub(LAST_CALL_MS.min(voting_ms / 4)))
}

pub(super) fn wish_purpose(motion: MotionId) -> Purpose {
    Purpose::burnable([b"wish/".as_slice(), motion.as_bytes()].concat())
}
