//! Statements of one's own: signed over what has been folded, sealed, posted, and made again where the journal goes on.

use crate::commands::not_a_member;
use crate::machine::Failed;
use crate::requests::{Answer, Refusal, RefusalCode};
use crate::state::Content;
use crate::step::{Step, StepError, Turn};
use assembly::Opened;
use assembly::{Body, EntryKeys, JournalKeys, Rejection, SealedEntry, Statement};
use primitives::canonical::encode;
use primitives::{LogId, SeatNumber, StatementId, Time};

/// How long a statement of this device may still take effect.
const EXPIRES_MS: u64 = 3 * 24 * 3_600_000;

impl Step<'_> {
    /// Makes a statement: signed over what this device has seen, sealed under the journal's present key, in the outbox.
    pub(crate) fn make_statement(
        &mut self,
        body: &Body,
        beside: &[u8],
        turn: Option<Turn>,
    ) -> Result<StatementId, Failed> {
        let assembly = self.state.assembly.clone().ok_or_else(not_a_member)?;
        let member = self.state.member.clone().ok_or_else(not_a_member)?;
        let (log, number) = self.current_journal().ok_or_else(not_a_member)?;
        let device = member.device_key();
        let seat = assembly
            .seat_by_device(&device.verifying_key())
            .ok_or_else(not_a_member)?
            .number;
        let seen = self.folded_checkpoint(log).ok_or_else(|| {
            Refusal::new(
                RefusalCode::NotReady,
                "the journal has not been read yet; try again shortly",
            )
        })?;
        let statement = Statement::new(
            assembly.id(),
            seat,
            device.verifying_key(),
            Some(seen),
            self.log_time().max(assembly.time()).after(EXPIRES_MS),
            body,
        )
        .sign(&device);
        let id = assembly::statement::statement_id(statement.bytes());
        let key = self
            .state
            .journal_keys
            .get(&number)
            .cloned()
            .ok_or(StepError::Internal("no journal key"))?;
        let entry = SealedEntry::seal(
            number,
            self.log_day(),
            key.secret(),
            &encode(statement.unverified()),
            beside,
            self.rng,
        )
        .map_err(|_| {
            Refusal::new(
                RefusalCode::BadRequest,
                "the text is too long for one entry of the journal",
            )
        })?;
        self.post(log, entry.to_bytes(), Content::Statement { id }, self.now, turn);
        Ok(id)
    }

    /// [`Step::make_statement`] after asking the fold whether it would take effect now.
    pub(crate) fn state_checked(&mut self, body: &Body, beside: &[u8]) -> Result<StatementId, Failed> {
        let seat = self.own_seat()?;
        self.check_statement(seat.number, body).map_err(rejected)?;
        self.make_statement(body, beside, None)
    }

    pub(crate) fn check_statement(&self, seat: SeatNumber, body: &Body) -> Result<(), Rejection> {
        let (Some(assembly), Some(member)) = (&self.state.assembly, &self.state.member) else {
            return Err(Rejection::NotByAMember);
        };
        let device = member.device_key().verifying_key();
        assembly
            .check(StatementId::new([0; 32]), seat, device, body)
            .map(|_| ())
    }

    /// The checkpoint that covers exactly what has been folded, or the last one below it.
    fn folded_checkpoint(&self, log: LogId) -> Option<tlog::SignedCheckpoint> {
        self.largest(log)
    }

    /// Statements that the journal's earlier log did not take before it went on elsewhere are made again for the present
    /// one; they have other ids then.
    pub(crate) fn make_again(&mut self) -> Result<(), StepError> {
        let Some((current, _)) = self.current_journal() else {
            return Ok(());
        };
        let stale: Vec<u64> = self
            .state
            .outbox
            .iter()
            .filter(|(_, item)| item.log != current && matches!(item.content, Content::Statement { .. }))
            .map(|(number, _)| *number)
            .collect();
        if stale.is_empty() || self.folded_checkpoint(current).is_none() {
            return Ok(());
        }
        let keys = self.journal_keys();
        for number in stale {
            let Some(item) = self.state.outbox.get(&number).cloned() else {
                continue;
            };
            let Some(OwnStatement { body, beside, .. }) = reopen(&keys, &item.entry) else {
                self.drop_outbox(number);
                continue;
            };
            if matches!(body, Body::Continues { .. }) {
                // It was about the log that the journal has left.
                self.drop_outbox(number);
                continue;
            }
            match self.make_statement(&body, &beside, item.duty.map(Turn)) {
                Ok(id) => {
                    self.drop_outbox(number);
                    if let Content::Statement { id: old } = item.content {
                        self.renamed(old, id);
                    }
                }
                Err(Failed::Refused(_)) => {}
                Err(Failed::Step(error)) => return Err(error),
            }
        }
        Ok(())
    }

    /// A statement that came too late for its expiry, or for what it had seen, is made again if it would still have effect.
    fn state_anew(&mut self, item: u64) -> Result<bool, StepError> {
        let Some(own) = self.own_statement(item) else {
            return Ok(false);
        };
        let Ok(seat) = self.own_seat() else {
            return Ok(false);
        };
        if self.check_statement(seat.number, &own.body).is_err() {
            return Ok(false);
        }
        let kept = self.state.outbox.get(&item).cloned();
        match self.make_statement(&own.body, &own.beside, None) {
            Ok(id) => {
                if let Some(Content::Statement { id: old }) = kept.map(|item| item.content) {
                    self.renamed(old, id);
                }
                Ok(true)
            }
            Err(Failed::Refused(_)) => Ok(false),
            Err(Failed::Step(error)) => Err(error),
        }
    }

    /// An own entry that came on a day too far from its own is made again, by the logs' clock as its time has shown it.
    pub(crate) fn unopened_own(&mut self, item: u64, taken: Time) -> Result<(), StepError> {
        let entry = self.state.outbox.get(&item).map(|item| item.entry.clone());
        let sealed = entry.and_then(|entry| SealedEntry::parse(&entry).ok());
        if sealed.is_some_and(|sealed| !sealed.day.is_near(taken)) {
            self.learn_log_time(taken);
            if !self.state_anew(item)? {
                let content = self.state.outbox.get(&item).map(|item| item.content.clone());
                let own = self.own_statement(item);
                if let (Some(Content::Statement { id }), Some(own)) = (content, own) {
                    self.take_back(id, &own.body);
                }
            }
        }
        Ok(())
    }

    /// What a statement of one's own says that waits in the outbox.
    pub(crate) fn own_body(&self, item: u64) -> Option<Body> {
        Some(self.own_statement(item)?.body)
    }

    /// Whether an own statement of this kind is on its way.
    pub(crate) fn is_stated(&self, kind: impl Fn(&Body) -> bool) -> bool {
        let items = self.state.outbox.iter();
        let mut stated = items
            .filter(|(_, item)| matches!(item.content, Content::Statement { .. }))
            .filter_map(|(number, _)| self.own_statement(*number));
        stated.any(|own| kind(&own.body))
    }

    fn own_statement(&self, item: u64) -> Option<OwnStatement> {
        let item = self.state.outbox.get(&item)?;
        reopen(&self.journal_keys(), &item.entry)
    }

    /// A statement of one's own has another id now.
    fn renamed(&mut self, old: StatementId, new: StatementId) {
        let logs: Vec<LogId> = self
            .state
            .invitations
            .iter_mut()
            .filter(|(_, invitation)| invitation.proposed == Some(old))
            .map(|(log, invitation)| {
                invitation.proposed = Some(new);
                *log
            })
            .collect();
        for log in logs {
            self.save_invitation(log);
        }
    }

    /// A statement of one's own had no effect: it is made again if it only came too late, or what was noted when it was made
    /// is taken back, so that it can be made again.
    ///
    /// Where the envelope alone was reason to reject it the fold does not say what it said; the outbox does.
    pub(crate) fn rejected_own(
        &mut self,
        rejection: Rejection,
        opened: &Opened,
        item: Option<u64>,
    ) -> Result<(), StepError> {
        let late = matches!(rejection, Rejection::Expired | Rejection::SeenUnusable);
        if matches!(rejection, Rejection::TakenAlready | Rejection::VotedAlready) {
            return Ok(());
        }
        if let (true, Some(item)) = (late, item)
            && !self.expires_too_far(item, opened.time)
            && self.state_anew(item)?
        {
            return Ok(());
        }
        let own = self
            .state
            .member
            .as_ref()
            .map(|member| member.device_key().verifying_key());
        let body = opened
            .body
            .clone()
            .or_else(|| Some(self.own_statement(item?)?.body));
        if let (true, Some(body)) = (own == Some(opened.device), body) {
            self.take_back(opened.id, &body);
        }
        Ok(())
    }

    /// Whether it was made by a clock that is wrong and stays so: the next one would expire too far ahead as well.
    fn expires_too_far(&self, item: u64, taken: Time) -> bool {
        let own = self.own_statement(item);
        own.is_some_and(|own| own.expires > taken.after(EXPIRES_MS))
    }

    fn take_back(&mut self, id: StatementId, body: &Body) {
        match body {
            Body::RollCallVote { motion, .. } => {
                let motion = *motion;
                self.with_part(motion, |part| part.open_choice = None);
            }
            Body::AdmissionProposed { .. } => {
                let logs: Vec<LogId> = self
                    .state
                    .invitations
                    .iter_mut()
                    .filter(|(_, invitation)| invitation.proposed == Some(id))
                    .map(|(log, invitation)| {
                        invitation.proposed = None;
                        *log
                    })
                    .collect();
                for log in logs {
                    self.save_invitation(log);
                }
            }
            Body::DeviceAdded { certificate, .. } => self.addition_failed(certificate),
            _ => {}
        }
    }

    pub(crate) fn detain(&mut self, seat: SeatNumber) -> Result<Answer, Failed> {
        self.state_checked(&Body::Detained { seat }, &[])?;
        Ok(Answer::Done)
    }

    /// A statement that a duty makes: what it runs into is left to the next attempt.
    pub(crate) fn make_quietly(&mut self, turn: Turn, body: &Body) -> Result<(), StepError> {
        match self.make_statement(body, &[], Some(turn)) {
            Ok(_) | Err(Failed::Refused(_)) => Ok(()),
            Err(Failed::Step(error)) => Err(error),
        }
    }
}

/// What one's own sealed statement says, what lies beside it, and until when it may take effect.
struct OwnStatement {
    body: Body,
    beside: Vec<u8>,
    expires: Time,
}

fn reopen(keys: &JournalKeys, entry: &[u8]) -> Option<OwnStatement> {
    let sealed = SealedEntry::parse(entry).ok()?;
    let main = sealed.open(&keys.entry_key(0, 0, &sealed)?).ok()?;
    let beside = sealed
        .open_beside(&keys.beside_key(0, 0, &sealed)?)
        .unwrap_or_default();
    let signed: primitives::signed::Unverified = primitives::decode_canonical(&main).ok()?;
    let statement = signed.peek::<Statement>().ok()?;
    Some(OwnStatement {
        body: statement.body().ok()?,
        beside,
        expires: statement.expires,
    })
}

/// What a person is told when the fold would reject what they ask for.
pub(crate) fn rejected(rejection: Rejection) -> Refusal {
    let code = match rejection {
        Rejection::NotByAMember => RefusalCode::NotAMember,
        Rejection::RoleForbids => RefusalCode::NotAllowed,
        Rejection::SignedAlready | Rejection::TakenAlready | Rejection::VotedAlready => {
            RefusalCode::AlreadyDone
        }
        Rejection::NoSuchAdmission => RefusalCode::Unknown,
        Rejection::WrongPhase | Rejection::FoundingOver => RefusalCode::WrongPhase,
        _ => RefusalCode::BadRequest,
    };
    Refusal {
        code,
        details: rejection.to_string(),
    }
}
