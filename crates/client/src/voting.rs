//! Voting: a wish becomes a ballot, the ballot becomes bytes, and everything that could tell is burnt on the way.
//!
//! ```text
//! None -> Wished        the choice is durable under a purpose of its own
//!      -> Proving       witnesses have cosigned the opening; the key's number is bound to it, durably, first
//!      -> Prepared      the ballot's bytes are durable; key, choice and randomness are burnt in the same batch
//!      -> Cast          after a random wait, over a connection of its own, the relay has taken it
//!      -> Counted       found in the closed box under a quorum's cosignatures; bytes and tag are burnt too
//! Cast or Prepared -> Forwarded   the box refused: the same bytes went through the journal
//! ```

use crate::commands::{no_assembly, unknown};
use crate::effects::Effect;
use crate::jobs::{Job, JobOutput, Output, Work};
use crate::journal::rejected;
use crate::machine::Failed;
use crate::requests::{Answer, Refusal, RefusalCode, Topic};
use crate::state::{Content, Duty, Expected, LogRole, OwnPart, Stage};
use crate::step::{Step, StepError, part_purpose};
use crate::tables;
use crate::views::{Choice, Majority, NoticeCode, RuleView, VoteKind};
use assembly::{Body, Fraction, Method, MotionText, Rule};
use assembly::{Motion, Opening, Phase, SecretVote, Vote};
use primitives::{MotionId, Purpose, Secret, Time};
use tlog::{CloseEntry, Entry};

/// A ballot leaves so long before the close at the latest, or in the last quarter of a short vote.
const LAST_CALL_MS: u64 = 10 * 60_000;
/// Between the turns of clients that could all do the same duty.
const STAGGER_MS: u64 = 700;

impl Step<'_> {
    pub(crate) fn propose(
        &mut self,
        title: String,
        text: String,
        kind: VoteKind,
        rule: Option<&RuleView>,
        notice_ms: Option<u64>,
        voting_ms: Option<u64>,
    ) -> Result<Answer, Failed> {
        let assembly = self.state.assembly.clone().ok_or_else(no_assembly)?;
        let charter = assembly.charter();
        let motion = MotionText {
            title,
            text,
            kind: match kind {
                VoteKind::RollCall => assembly::VoteKind::RollCall,
                VoteKind::Secret => assembly::VoteKind::Secret,
            },
            method: Method::ForAgainstAbstain,
            rule: rule.map_or(
                Rule {
                    quorum: Fraction::new(1, 2),
                    majority: assembly::Majority::Simple,
                },
                journal_rule,
            ),
            notice_ms: notice_ms.unwrap_or(charter.notice_ms),
            voting_ms: voting_ms.unwrap_or(charter.voting_least_ms),
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

    fn opening_statement(&self, motion: MotionId) -> Result<Body, Failed> {
        let assembly = self.state.assembly.as_ref().ok_or_else(no_assembly)?;
        let secret = assembly
            .motion(motion)
            .ok_or_else(|| unknown("motion"))?
            .text
            .kind
            == assembly::VoteKind::Secret;
        let (number, seed) = self.journal_seed().ok_or_else(no_assembly)?;
        let ballot_box = secret.then(|| assembly::keys::box_keys(number, seed.secret(), motion));
        Ok(Body::MotionOpened { motion, ballot_box })
    }

    /// Votes: at once by name, or by a wish that becomes a ballot.
    pub(crate) fn vote(&mut self, motion: MotionId, choice: Choice) -> Result<Answer, Failed> {
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
        match &opening.vote {
            Vote::RollCall(_) => {
                let body = Body::RollCallVote {
                    motion,
                    choice: journal_choice(choice),
                };
                self.check_statement(seat.number, &body).map_err(rejected)?;
                self.make_statement(&body, &[])?;
                self.with_part(motion, |part| part.open_choice = Some(choice_code(choice)));
            }
            Vote::Secret(secret) => {
                let mine = seat.ballot_key(secret.key_number);
                let on_roll = mine.is_some_and(|key| secret.roll.contains(key));
                if !self.is_true_box(motion, secret) {
                    let details =
                        "the box of this vote was not made by the rules; the motion has to be proposed again";
                    return Err(Refusal::new(RefusalCode::NotAllowed, details).into());
                }
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
                let wish = journal_choice(choice).to_plaintext();
                self.store
                    .put_for(wish_purpose(motion), tables::WISHES, *motion.as_bytes(), wish);
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

    pub(crate) fn part(&self, motion: MotionId) -> OwnPart {
        self.state.votes.get(&motion).cloned().unwrap_or_default()
    }

    pub(crate) fn with_part(&mut self, motion: MotionId, change: impl FnOnce(&mut OwnPart)) {
        change(self.state.votes.entry(motion).or_default());
        self.save_part(motion);
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

    fn follow_box(&mut self, motion: MotionId, secret: &SecretVote) -> Result<(), StepError> {
        let Some(seed) = self.state.journal_keys.get(&secret.journal_key).cloned() else {
            return Ok(());
        };
        if !self.is_true_box(motion, secret) {
            // Whoever opened the motion stated keys of its own making: nobody else could write to that box.
            self.notice(NoticeCode::FalseBox);
            return Ok(());
        }
        self.follow(
            LogRole::Box { motion },
            seed,
            secret.record.clone(),
            secret.roll.clone(),
        )?;
        Ok(())
    }

    /// Whether a box's keys are those that all members derive.
    fn is_true_box(&self, motion: MotionId, secret: &SecretVote) -> bool {
        self.state
            .journal_keys
            .get(&secret.journal_key)
            .is_some_and(|seed| {
                let keys = assembly::keys::box_log(seed.secret(), motion);
                secret.record.append_key == keys.append.verifying_key()
                    && secret.record.read_token_hash == keys.read_token_hash()
            })
    }

    /// Everybody reads whole boxes, voters or not, at the same scheduled times: sixteen times a vote.
    pub(crate) fn box_poll_ms(&self, role: &LogRole) -> u64 {
        let LogRole::Box { motion } = role else {
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
    pub(crate) fn box_entry(
        &mut self,
        motion: MotionId,
        _index: u64,
        _entry: &Entry,
        own: bool,
    ) -> Result<(), StepError> {
        self.with_part(motion, |part| {
            part.box_entries = part.box_entries.saturating_add(1);
            part.seen_in_box |= own;
        });
        Ok(())
    }

    /// The own ballot is taken by the relay.
    pub(crate) fn taken(&mut self, content: &Content) {
        if let Content::Ballot { motion } = content {
            let motion = *motion;
            self.with_part(motion, |part| part.stage = part.stage.max(Stage::Cast));
        }
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
        let opening = opening.id;
        self.state_checked(&Body::BallotForwarded { opening, ballot }, &[])?;
        Ok(Answer::Done)
    }

    /// Everything that votes need done, looked at in every step.
    pub(crate) fn voting_duties(&mut self) -> Result<(), StepError> {
        let Some(assembly) = self.state.assembly.clone() else {
            return Ok(());
        };
        let Ok(seat) = self.own_seat() else { return Ok(()) };
        let turn_ms = u64::from(seat.number.0.saturating_sub(1))
            .saturating_mul(STAGGER_MS)
            .min(60_000);
        for motion in assembly.motions() {
            match motion.phase_at(self.now) {
                Phase::Noticed => self.open_when_due(motion, turn_ms)?,
                Phase::Open => self.prove_when_due(motion)?,
                Phase::Closed => self.close_when_due(motion, turn_ms)?,
                Phase::Decided => self.tally_when_due(motion)?,
                _ => {}
            }
        }
        self.release_when_due()
    }

    fn open_when_due(&mut self, motion: &Motion, turn_ms: u64) -> Result<(), StepError> {
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
        if worth_trying && self.may_try(Duty::Open(motion.id)) {
            self.make_quietly(&body)?;
        }
        Ok(())
    }

    /// A wish becomes a proof once the witnesses' quorum has cosigned a journal that covers the opening.
    fn prove_when_due(&mut self, motion: &Motion) -> Result<(), StepError> {
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
        if forked || self.expects(&expected) || !self.may_try(Duty::Count(motion.id)) {
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
        let Ok(choice) = <[u8; 1]>::try_from(wish.as_slice()) else {
            return Err(StepError::Record(tables::WISHES.0));
        };
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
            choice: choice.into(),
        };
        self.effects.push(Effect::Compute {
            ticket,
            job: Box::new(Job(work)),
        });
        Ok(())
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
        // A later log of the journal covers all of the earlier ones.
        let later = logs
            .iter()
            .skip(usize::try_from(index).unwrap_or(usize::MAX))
            .skip(1);
        let covered =
            |log: &assembly::JournalLog| self.state.logs.get(&log.record.id()).map_or(0, |log| log.covered);
        covered(log) >= size || later.into_iter().any(|log| covered(log) > 0)
    }

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
            Output::Checked {
                motion,
                releasable: true,
            } => {
                self.with_part(motion, |part| part.releasable = true);
                Ok(())
            }
            Output::Proven { .. } | Output::Checked { .. } | Output::Tallied { .. } | Output::Cancelled => {
                Ok(())
            }
        }
    }

    /// The ballot's bytes become durable, and in the same batch everything they were made of is burnt.
    fn prepared(&mut self, motion: MotionId, ballot: Vec<u8>) -> Result<(), StepError> {
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
        self.duty = None;
        self.post(log, ballot, Content::Ballot { motion }, self.now.after(wait_ms));
        if let Some(number) = part.key_number {
            self.burn_ballot_secret(number);
        }
        self.store.delete(tables::WISHES, *motion.as_bytes());
        self.store.burn(wish_purpose(motion));
        self.with_part(motion, |part| part.stage = Stage::Prepared);
        Ok(())
    }

    /// Closes, seals and announces; by whoever's turn it is.
    fn close_when_due(&mut self, motion: &Motion, turn_ms: u64) -> Result<(), StepError> {
        let Some(opening) = motion.opening.clone() else {
            return Ok(());
        };
        if opening.closes.after(turn_ms.saturating_add(CLOSE_MARGIN_MS)) > self.now {
            return Ok(());
        }
        match &opening.vote {
            Vote::RollCall(_) => {
                if self.may_try(Duty::CloseRollCall(motion.id)) {
                    self.make_quietly(&Body::RollCallClosed { motion: motion.id })?;
                }
                Ok(())
            }
            Vote::Secret(secret) if secret.closed.is_none() => {
                // A key that is left over would prove abstention: used or not, it goes now.
                let held = self
                    .store
                    .get(tables::BALLOT_SECRETS, &secret.key_number.to_be_bytes())?
                    .is_some();
                if held {
                    self.burn_ballot_secret(secret.key_number);
                    self.store.delete(tables::WISHES, *motion.id.as_bytes());
                    self.store.burn(wish_purpose(motion.id));
                }
                self.seal_box(motion.id, &opening)
            }
            Vote::Secret(_) => Ok(()),
        }
    }

    /// The close entry, the witnesses' cosignatures, and the announcement that carries a quorum of them.
    fn seal_box(&mut self, motion: MotionId, opening: &Opening) -> Result<(), StepError> {
        let Some(log) = self.box_log(motion) else {
            return Ok(());
        };
        let Some(state) = self.state.logs.get(&log) else {
            return Ok(());
        };
        let size = state.reader.size();
        let last = size
            .checked_sub(1)
            .map(|index| self.load_entry(log, index))
            .transpose()?
            .flatten();
        let closed = last.is_some_and(|entry| {
            CloseEntry::from_bytes(&entry.bytes) == Some(CloseEntry { opening: opening.id })
                && entry.time >= opening.closes
        });
        if !closed {
            if self.may_try(Duty::CloseBox(motion)) {
                let entry = CloseEntry { opening: opening.id }.to_bytes();
                self.post(log, entry, Content::Close { motion }, self.now);
            }
            return Ok(());
        }
        if self.part(motion).cosigned.is_none()
            && let Some(side) = self.vote_log(motion)
        {
            let before = self.state.logs.get(&log).map_or(0, |state| state.cosigned);
            self.duty = None;
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
        let body = Body::BoxClosed {
            opening: opening.id,
            checkpoint: cosigned.checkpoint,
            cosignatures: cosigned.cosignatures,
        };
        let Ok(seat) = self.own_seat() else { return Ok(()) };
        let verdict = self.check_statement(seat.number, &body);
        let worth_trying = matches!(verdict, Ok(()) | Err(assembly::Rejection::CloseUntimely));
        let quorum = self
            .state
            .logs
            .get(&log)
            .is_some_and(|state| state.covered >= size);
        if worth_trying && quorum && self.may_try(Duty::SealBox(motion)) {
            self.make_quietly(&body)?;
        }
        Ok(())
    }

    /// Trustees release their shares after checking the close and the floors.
    fn release_when_due(&mut self) -> Result<(), StepError> {
        let Some(assembly) = self.state.assembly.clone() else {
            return Ok(());
        };
        let Ok(seat) = self.own_seat() else { return Ok(()) };
        for due in assembly.shares_due(seat.number) {
            let Some((motion, opening, _)) = assembly.secret_vote_of(due.opening.id) else {
                continue;
            };
            let (motion, opening) = (motion.id, opening.id);
            let part = self.part(motion);
            if !part.releasable {
                let expected = Expected::Tally { motion };
                if self.box_is_read(motion, due.opening)
                    && !self.expects(&expected)
                    && self.may_try(Duty::Count(motion))
                {
                    let entries = self.box_entries(motion)?;
                    let ticket = self.ticket(expected);
                    let work = Work::Check {
                        motion,
                        opening,
                        assembly: assembly.clone(),
                        entries,
                    };
                    self.effects.push(Effect::Compute {
                        ticket,
                        job: Box::new(Job(work)),
                    });
                }
                continue;
            }
            if let Some(share) = self.share_secret(due.key)?
                && self.may_try(Duty::Release(motion))
            {
                let share = sealing::release(&share);
                self.make_quietly(&Body::ShareReleased { opening, share })?;
            }
        }
        Ok(())
    }

    fn box_is_read(&self, motion: MotionId, opening: &Opening) -> bool {
        let size = opening
            .secret()
            .and_then(|secret| Some(secret.closed.as_ref()?.checkpoint.size));
        let read = self
            .box_log(motion)
            .and_then(|log| Some(self.state.logs.get(&log)?.taken));
        matches!((size, read), (Some(size), Some(read)) if read >= size)
    }

    fn box_entries(&self, motion: MotionId) -> Result<Vec<Entry>, StepError> {
        match self.box_log(motion) {
            Some(log) => self.load_entries(log),
            None => Ok(Vec::new()),
        }
    }

    /// Every device counts for itself.
    fn tally_when_due(&mut self, motion: &Motion) -> Result<(), StepError> {
        let Some(opening) = &motion.opening else {
            return Ok(());
        };
        let part = self.part(motion.id);
        if let Some(hash) = part.outcome_hash {
            let confirmed = self.own_seat().is_ok_and(|seat| {
                self.confirmations(opening.id)
                    .is_ok_and(|all| all.hashes.contains_key(&seat.number))
            });
            return if confirmed {
                Ok(())
            } else {
                self.confirm_result(motion.id, opening.id, hash)
            };
        }
        let expected = Expected::Tally { motion: motion.id };
        if opening.secret().is_some() && !self.box_is_read(motion.id, opening) || self.expects(&expected) {
            return Ok(());
        }
        if !self.may_try(Duty::Count(motion.id)) {
            return Ok(());
        }
        let entries = self.box_entries(motion.id)?;
        let assembly = self
            .state
            .assembly
            .clone()
            .ok_or(StepError::Internal("no assembly"))?;
        let ticket = self.ticket(expected);
        let work = Work::Tally {
            motion: motion.id,
            opening: opening.id,
            assembly,
            entries,
        };
        self.effects.push(Effect::Compute {
            ticket,
            job: Box::new(Job(work)),
        });
        Ok(())
    }

    /// After the close the key of this vote's number is burnt, used or not; and bytes, tag and wish with it.
    fn burn_vote(&mut self, motion: MotionId, opening: Option<&Opening>) {
        if let Some(secret) = opening.and_then(Opening::secret) {
            self.burn_ballot_secret(secret.key_number);
        }
        self.store.delete(tables::WISHES, *motion.as_bytes());
        self.store.burn(wish_purpose(motion));
        let items: Vec<u64> = self
            .state
            .outbox
            .iter()
            .filter(|(_, item)| item.content == Content::Ballot { motion })
            .map(|(number, _)| *number)
            .collect();
        for item in items {
            self.drop_outbox(item);
        }
        if let Some(secret) = opening.and_then(Opening::secret) {
            self.burn_share(&secret.sealing);
        }
        if let Some(log) = self.box_log(motion) {
            self.finish_log(log);
        }
        let part = self.part(motion);
        if part.stage == Stage::Forwarded || part.stage >= Stage::Prepared && part.seen_in_box {
            self.state.volatile.counted.insert(motion);
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

    pub(crate) fn burn_wish(&mut self, motion: MotionId) {
        self.store.delete(tables::WISHES, *motion.as_bytes());
        self.store.burn(wish_purpose(motion));
    }

    pub(crate) fn burn_ballot_secret(&mut self, number: u32) {
        self.store.delete(tables::BALLOT_SECRETS, number.to_be_bytes());
        self.store.burn(crate::duties::ballot_key_purpose(number));
    }

    /// A statement that a duty makes: what it runs into is left to the next attempt.
    pub(crate) fn make_quietly(&mut self, body: &Body) -> Result<(), StepError> {
        match self.make_statement(body, &[]) {
            Ok(_) | Err(Failed::Refused(_)) => Ok(()),
            Err(Failed::Step(error)) => Err(error),
        }
    }
}

/// The relay's clock may be a little behind: a close that comes too early is refused and tried again.
const CLOSE_MARGIN_MS: u64 = 300;

/// When the ballot leaves at the latest.
fn last_call(opening: &Opening) -> Time {
    let voting_ms = opening.closes.since_ms(opening.opened);
    Time(opening.closes.0.saturating_sub(LAST_CALL_MS.min(voting_ms / 4)))
}

fn wish_purpose(motion: MotionId) -> Purpose {
    Purpose::burnable([b"wish/".as_slice(), motion.as_bytes()].concat())
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

pub(crate) fn journal_choice(choice: Choice) -> assembly::Choice {
    match choice {
        Choice::For => assembly::Choice::For,
        Choice::Against => assembly::Choice::Against,
        Choice::Abstain => assembly::Choice::Abstain,
    }
}

fn choice_code(choice: Choice) -> u8 {
    match choice {
        Choice::For => 0,
        Choice::Against => 1,
        Choice::Abstain => 2,
    }
}
