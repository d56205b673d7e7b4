//! The outbox: exact bytes are durable before they are sent, sent until the relay has promised them a place, and
//! forgotten when they are seen there. Own entries are recognised by the hash of these bytes and by nothing else.

use crate::conversations::waiting_purpose;
use crate::effects::{CallError, Effect, Lane};
use crate::state::{Content, LogRole, OutboxItem};
use crate::step::{Step, StepError, Turn};
use crate::tables;
use crate::views::NoticeCode;
use crate::volatile::Expected;
use primitives::canonical::encode;
use primitives::{LogId, Purpose, Time};
use relay_api::{Call, ProblemKind, Reply};

/// After the end of its slot a ballot is looked for so much longer before it is posted again.
const SLOT_GRACE_MS: u64 = 3_000;
/// Wait after the first failure; doubles up to [`RETRY_MAX_MS`].
const RETRY_MIN_MS: u64 = 500;
/// Longest wait between two tries.
const RETRY_MAX_MS: u64 = 60_000;

impl Step<'_> {
    /// Puts bytes into the outbox; a ballot leaves at `not_before` at the earliest. While they are there, the duty whose turn
    /// made them is not tried again.
    pub(crate) fn post(
        &mut self,
        log: LogId,
        entry: Vec<u8>,
        content: Content,
        not_before: Time,
        turn: Option<Turn>,
    ) -> u64 {
        let after_last = self
            .state
            .outbox
            .last_key_value()
            .map_or(0, |(last, _)| last.saturating_add(1));
        // While the process runs no number comes twice: an answer that is still under way is about the item that asked.
        let item = after_last.max(self.state.volatile.next_item);
        self.state.volatile.next_item = item.saturating_add(1);
        let record = OutboxItem {
            log,
            entry,
            content,
            not_before,
            promised: None,
            pending: false,
            pieces: Vec::new(),
            duty: turn.map(|Turn(duty)| duty),
            next: None,
        };
        self.state.outbox.insert(item, record);
        self.state.volatile.unsent.insert(item);
        self.save_outbox(item);
        item
    }

    pub(crate) fn save_outbox(&mut self, item: u64) {
        let Some(record) = self.state.outbox.get(&item) else {
            return;
        };
        self.store.put_for(
            self.outbox_purpose(record),
            tables::OUTBOX,
            item.to_be_bytes(),
            encode(record),
        );
    }

    pub(crate) fn drop_outbox(&mut self, item: u64) {
        if let Some(record) = self.state.outbox.remove(&item) {
            self.store.delete(tables::OUTBOX, item.to_be_bytes());
            if let Content::Ballot { .. } = record.content {
                self.store.burn(self.outbox_purpose(&record));
            }
        }
        self.state.volatile.unsent.remove(&item);
        self.state.volatile.retry_at.remove(&item);
        self.state.volatile.item_failures.remove(&item);
    }

    /// What is burnt together: a ballot by itself, a conversation's waiting words with those that are forgotten.
    fn outbox_purpose(&self, item: &OutboxItem) -> Purpose {
        match item.content {
            Content::Ballot { motion } => {
                Purpose::burnable([b"outbox-ballot/".as_slice(), motion.as_bytes()].concat())
            }
            Content::Message { .. } => self
                .conversation_of(item.log)
                .map_or(Purpose::ORDINARY, waiting_purpose),
            _ => Purpose::ORDINARY,
        }
    }

    /// The outbox item whose exact bytes these are, if they are one's own.
    pub(crate) fn own_item(&self, log: LogId, entry: &[u8]) -> Option<u64> {
        self.state
            .outbox
            .iter()
            .find(|(_, item)| item.log == log && item.entry == entry)
            .map(|(number, _)| *number)
    }

    /// Sends what is due and not under way.
    pub(crate) fn send_outbox(&mut self) -> Result<(), StepError> {
        let due: Vec<u64> = self
            .state
            .outbox
            .iter()
            .filter(|(number, item)| self.sendable(**number, item))
            .map(|(number, _)| *number)
            .collect();
        for number in due {
            let Some(item) = self.state.outbox.get(&number).cloned() else {
                continue;
            };
            if self.pieces_uploaded(&item)? {
                self.send_item(number);
            }
        }
        Ok(())
    }

    fn sendable(&self, number: u64, item: &OutboxItem) -> bool {
        let Some(log) = self.state.logs.get(&item.log) else {
            return false;
        };
        // The relay has said that it will sequence the ballot: believed until the box, read to its end after that time,
        // does not show it. Posting the same bytes again changes nothing if they are there.
        let not_shown = item.pending
            && self
                .state
                .volatile
                .read_at
                .get(&item.log)
                .is_some_and(|read| read.since_ms(item.not_before) > SLOT_GRACE_MS);
        log.created
            && !self.is_held_for_relay(item.log)
            && !log.finished
            && item.promised.is_none()
            && (!item.pending || not_shown)
            && item.departs() <= self.now
            && !self.is_held(item)
            && self
                .state
                .volatile
                .retry_at
                .get(&number)
                .is_none_or(|at| *at <= self.now)
            && !self.expects(&Expected::Append { item: number })
    }

    /// Words stay here, where they can still be changed, while the relay is known to be out of reach, and while nobody is there
    /// to whom they are said: who comes in later cannot read what was said before. In a plenary that has ended nobody is.
    fn is_held(&self, item: &OutboxItem) -> bool {
        let quiet = self
            .state
            .volatile
            .quiet_until
            .is_some_and(|until| until > self.now);
        let alone = || {
            let id = self.conversation_of(item.log);
            let state = id.and_then(|id| self.state.conversations.get(&id));
            state.is_some_and(|state| {
                let more = state.more();
                more.awaits_others() || more.ends.is_some()
            })
        };
        matches!(item.content, Content::Message { .. }) && (quiet || alone())
    }

    fn send_item(&mut self, number: u64) {
        let Some(item) = self.state.outbox.get(&number) else {
            return;
        };
        let Some(log) = self.state.logs.get(&item.log) else {
            return;
        };
        let signature = tlog::sign_append(&log.role.keys(log.secret.secret()).append, item.log, &item.entry);
        let lane = match item.content {
            Content::Ballot { .. } => Lane::Casting,
            _ => lane_of(&log.role),
        };
        let call = Call::Append {
            log: item.log,
            entry: item.entry.clone(),
            signature: signature.into(),
        };
        self.state.volatile.unsent.remove(&number);
        let ticket = self.ticket(Expected::Append { item: number });
        self.effects.push(Effect::Call {
            ticket,
            lane,
            call: Box::new(call),
        });
    }

    /// Takes the answer to an append.
    pub(crate) fn appended(
        &mut self,
        number: u64,
        result: Result<Reply, CallError>,
    ) -> Result<(), StepError> {
        let Some(item) = self.state.outbox.get(&number).cloned() else {
            return Ok(());
        };
        match result {
            Ok(Reply::Appended(receipt)) => {
                let casting = matches!(item.content, Content::Ballot { .. });
                let verified = self
                    .checkpoint_key()
                    .is_some_and(|key| receipt.verify(item.log, &item.entry, &key).is_ok());
                if !verified {
                    self.notice(NoticeCode::RelayAnswersNonsense);
                    self.retry(number);
                    return Ok(());
                }
                self.clear_notice(NoticeCode::RelayFull);
                if let Some(record) = self.state.outbox.get_mut(&number) {
                    // What a casting connection learns is never stored: only that the ballot is taken.
                    record.promised = (!casting).then_some(receipt.index);
                    record.pending = casting;
                }
                self.save_outbox(number);
                self.taken(&item.content);
            }
            Ok(Reply::Pending { slot_end }) => {
                // A relay that promises a slot beyond the next one is not believed so long.
                let slots = self.state.logs.get(&item.log).and_then(|log| log.record.slots);
                let latest = self.now.after(slots.map_or(0, |slots| slots.every_ms));
                if let Some(record) = self.state.outbox.get_mut(&number) {
                    record.pending = true;
                    record.not_before = slot_end.min(latest);
                }
                self.save_outbox(number);
                self.taken(&item.content);
            }
            Ok(_) => {
                self.notice(NoticeCode::RelayAnswersNonsense);
                self.retry(number);
            }
            Err(CallError::Problem(problem)) => self.refused(number, &item, problem.kind),
            // A casting connection that fails must not show on the others: only the ballot waits.
            Err(_) if matches!(item.content, Content::Ballot { .. }) => self.retry(number),
            Err(error) => {
                self.call_failed(&error);
                self.retry(number);
            }
        }
        Ok(())
    }

    fn refused(&mut self, number: u64, item: &OutboxItem, kind: ProblemKind) {
        match (kind, &item.content) {
            (ProblemKind::InsufficientStorage, _) => {
                self.notice(NoticeCode::RelayFull);
                self.retry(number);
            }
            // Too early, or there already: the duty looks again.
            (_, Content::Close { .. }) => self.drop_outbox(number),
            // Never through the journal by oneself: that would write one's seat on the ballot. The same bytes are tried
            // again until the close; the person can hand them to somebody else (Request::Ballot).
            (_, Content::Ballot { .. }) => self.retry(number),
            // The relay does not know the log (any longer): it is created again, the bytes wait.
            (ProblemKind::NotFound, _) => {
                self.hold_until_shown(item.log);
                if let Some(log) = self.state.logs.get_mut(&item.log) {
                    log.created = false;
                }
                self.save_log(item.log);
                self.retry(number);
            }
            // The relay was set back and lacks what it has signed: it may be here.
            (ProblemKind::Behind, _) => {
                self.show_again(item.log);
                self.retry(number);
            }
            _ => self.retry(number),
        }
    }

    /// Tries an item again after a wait that grows with the failures.
    fn retry(&mut self, number: u64) {
        let failures = self.state.volatile.item_failures.entry(number).or_default();
        *failures = failures.saturating_add(1);
        let wait_ms = RETRY_MIN_MS.saturating_mul(1 << (*failures).min(6));
        // What has to be there by a certain time is tried the more often the nearer that comes.
        let left_ms = self.left_ms(number).unwrap_or(u64::MAX);
        let wait_ms = wait_ms.min((left_ms / 2).max(RETRY_MIN_MS));
        let jitter_ms = self.below(wait_ms / 2);
        self.state
            .volatile
            .retry_at
            .insert(number, self.now.after(wait_ms.saturating_add(jitter_ms)));
    }

    /// The time until the box closes that an item is for.
    fn left_ms(&self, number: u64) -> Option<u64> {
        let item = self.state.outbox.get(&number)?;
        let slots = self.state.logs.get(&item.log)?.record.slots?;
        (self.now < slots.closes).then(|| slots.closes.since_ms(self.now))
    }

    /// The wait after the failures so far, with jitter.
    pub(crate) fn backoff_ms(&mut self) -> u64 {
        let doubled = RETRY_MIN_MS.saturating_mul(1 << self.state.volatile.failures.min(8));
        let wait_ms = doubled.min(RETRY_MAX_MS);
        wait_ms.saturating_add(self.below(wait_ms / 2))
    }
}

/// Which connections carry a log's calls.
pub(crate) fn lane_of(role: &LogRole) -> Lane {
    match role {
        LogRole::Conversation { .. } => Lane::Conversations,
        LogRole::Rendezvous { .. } | LogRole::Directory { .. } | LogRole::Link { .. } => Lane::Inbox,
        LogRole::Journal { .. } | LogRole::Witness { .. } | LogRole::Vote { .. } | LogRole::Box { .. } => {
            Lane::Journal
        }
    }
}
