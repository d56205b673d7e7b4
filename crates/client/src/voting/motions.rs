//! Motions: proposed, seconded, opened when their notice is over.

use super::question::question_of;
use crate::commands::{no_assembly, unknown};
use crate::machine::Failed;
use crate::requests::{Answer, Refusal, RefusalCode, Topic};
use crate::state::Duty;
use crate::step::{Step, StepError};
use crate::views::{Majority, QuestionView, RuleView, VoteKind};
use assembly::{Body, Fraction, MotionText, Rule};
use assembly::{Motion, Phase};
use primitives::MotionId;

/// What somebody wants to move; absent spans and rule are the charter's.
pub(crate) struct Proposal {
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) kind: VoteKind,
    pub(crate) question: QuestionView,
    pub(crate) rule: Option<RuleView>,
    pub(crate) notice_ms: Option<u64>,
    pub(crate) voting_ms: Option<u64>,
}

impl Step<'_> {
    pub(crate) fn propose(&mut self, proposal: Proposal) -> Result<Answer, Failed> {
        let assembly = self.state.assembly.clone().ok_or_else(no_assembly)?;
        let charter = assembly.charter();
        let rule = proposal.rule.as_ref();
        let question = question_of(proposal.question, rule)
            .map_err(|error| Refusal::new(RefusalCode::BadRequest, &error.to_string()))?;
        let motion = MotionText {
            title: proposal.title,
            text: proposal.text,
            kind: match proposal.kind {
                VoteKind::RollCall => assembly::VoteKind::RollCall,
                VoteKind::Secret => assembly::VoteKind::Secret,
            },
            question,
            rule: rule.map_or(
                Rule {
                    quorum: Fraction::new(1, 2),
                    majority: assembly::Majority::Simple,
                },
                journal_rule,
            ),
            notice_ms: proposal.notice_ms.unwrap_or(charter.notice_ms),
            voting_ms: proposal.voting_ms.unwrap_or(charter.voting_least_ms),
        };
        let id = self.state_checked(&Body::MotionProposed { motion }, &[])?;
        Ok(Answer::Proposed {
            motion: assembly::statement::motion_id(id).to_string(),
        })
    }

    pub(crate) fn second(&mut self, motion: MotionId) -> Result<Answer, Failed> {
        self.state_checked(&Body::Seconded { motion }, &[])?;
        Ok(Answer::Done)
    }

    pub(crate) fn withdraw(&mut self, motion: MotionId) -> Result<Answer, Failed> {
        self.state_checked(&Body::MotionWithdrawn { motion }, &[])?;
        Ok(Answer::Done)
    }

    pub(crate) fn open_motion(&mut self, motion: MotionId) -> Result<Answer, Failed> {
        let body = self.opening_statement(motion)?;
        self.state_checked(&body, &[])?;
        Ok(Answer::Done)
    }

    fn opening_statement(&mut self, motion: MotionId) -> Result<Body, Failed> {
        let assembly = self.state.assembly.clone().ok_or_else(no_assembly)?;
        let secret = assembly
            .motion(motion)
            .ok_or_else(|| unknown("motion"))?
            .text
            .kind
            == assembly::VoteKind::Secret;
        let (_, seed) = self.journal_seed().ok_or_else(no_assembly)?;
        let ballot_box = if secret {
            let keys = self.boxes_of(&seed).keys(assembly.next_box());
            Some(keys.ok_or_else(no_box)?)
        } else {
            None
        };
        Ok(Body::MotionOpened { motion, ballot_box })
    }

    pub(super) fn open_when_due(&mut self, motion: &Motion, turn_ms: u64) -> Result<(), StepError> {
        let due = motion.may_open.is_some_and(|at| at.after(turn_ms) <= self.now);
        if !due
            || self
                .state
                .volatile
                .duty_after
                .get(&Duty::Open(motion.id))
                .is_some_and(|at| *at > self.now)
        {
            return Ok(());
        }
        let Ok(seat) = self.own_seat() else { return Ok(()) };
        let Ok(body) = self.opening_statement(motion.id) else {
            return Ok(());
        };
        // The fold's clock is the last entry's time; an opening that only waits for the clock is worth trying.
        let verdict = self.check_statement(seat.number, &body);
        let worth_trying = matches!(verdict, Ok(()) | Err(assembly::Rejection::NoticeRuns));
        if worth_trying && let Some(turn) = self.may_try(Duty::Open(motion.id)) {
            self.make_quietly(turn, &body)?;
        }
        Ok(())
    }

    /// A motion went to another phase: its logs are followed, its results computed.
    pub(crate) fn motion_moved(&mut self, motion: MotionId) -> Result<(), StepError> {
        let Some(assembly) = self.state.assembly.clone() else {
            return Ok(());
        };
        let Some(of) = assembly.motion(motion) else {
            return Ok(());
        };
        if let Some(opening) = &of.opening {
            self.follow_vote_log(motion, opening)?;
            if let Some(secret) = opening.secret() {
                self.follow_box(motion, secret)?;
            }
        }
        if matches!(of.phase, Phase::Void(_)) {
            self.burn_vote(motion, of.opening.as_ref());
        }
        self.touch(Topic::Motions);
        Ok(())
    }
}

fn no_box() -> Refusal {
    Refusal::new(
        RefusalCode::NotAllowed,
        "all ballot boxes of this journal key are used: secret votes are possible again when the journal has gone on under \
         another one, as it does after somebody has left",
    )
}

fn journal_rule(rule: &RuleView) -> Rule {
    let majority = match rule.majority {
        Majority::Simple => assembly::Majority::Simple,
        Majority::Absolute => assembly::Majority::Absolute,
        Majority::TwoThirds => assembly::Majority::TwoThirds,
        Majority::ThreeQuarters => assembly::Majority::ThreeQuarters,
        Majority::Consensus => assembly::Majority::Consensus,
    };
    Rule {
        quorum: Fraction::new(rule.quorum_numerator, rule.quorum_denominator),
        majority,
    }
}
