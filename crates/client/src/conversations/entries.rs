//! What the log brings: unwrapped, processed in its order, and put at the next position.

use super::acts::Said;
use super::record::{BUCKET, Line, MessageRecord, bucket_of};
use super::showing::Changes;
use crate::requests::{Event, Topic};
use crate::state::{Content, OutboxItem};
use crate::step::{Step, StepError, messaging_error};
use crate::tables;
use crate::views::NoticeCode;
use messaging::{AppMessage, Incoming, Processed, Reason, Standing, Unwrapped};
use primitives::canonical::{encode, sha256};
use primitives::{ConversationId, LogId};
use tlog::Entry;

impl Step<'_> {
    /// Takes the next entry of a conversation's log. `false`: it has to wait (for the journal, or not joined yet).
    pub(crate) fn conversation_entry(
        &mut self,
        id: ConversationId,
        log: LogId,
        index: u64,
        entry: &Entry,
        own: Option<u64>,
    ) -> Result<bool, StepError> {
        let Some(state) = self.state.conversations.get(&id).cloned() else {
            return Ok(false);
        };
        let joining = state.more().joining;
        let of_it = if joining {
            state.candidates().iter().any(|candidate| candidate.log == log)
        } else {
            state.log == log && !state.halted
        };
        if !of_it {
            // The conversation has moved on: what came after the removal is ignored, but for an own Welcome that is there now.
            let welcome = own.and_then(|number| self.state.outbox.get(&number));
            if welcome.is_some_and(|item| item.content == Content::Welcome) {
                own.into_iter().for_each(|number| self.drop_outbox(number));
                if !joining {
                    self.leave_old_logs(id);
                }
            }
            return Ok(true);
        }
        if state.more().ends.is_some_and(|ends| entry.time > ends) {
            self.end_conversation(id)?;
            return Ok(true);
        }
        if joining && !self.join_by_welcome(id, log, index)? {
            return Ok(false);
        }
        let Some(mut conversation) = self.take_session(id)? else {
            return Ok(false);
        };
        let (bytes, parts) = match conversation.unwrap(&mut self.store, &entry.bytes)? {
            Unwrapped::Message { bytes, parts } => (bytes, parts),
            Unwrapped::Point(point) => {
                self.sessions.insert(id, conversation);
                return self.point_came(id, entry.time, &point);
            }
            // A part that waits for others, a request, or something that everybody skips.
            _ => {
                self.sessions.insert(id, conversation);
                return Ok(true);
            }
        };
        let roster = self.roster();
        let incoming = Incoming {
            bytes: &bytes,
            at: entry.time,
            own: own.is_some(),
        };
        let processed = conversation
            .process(&roster, &incoming)
            .map_err(messaging_error)?;
        if let (Some(parts), false) = (parts, matches!(processed, Processed::Waits(_))) {
            parts.settle(&mut self.store);
        }
        let now_epoch = conversation.epoch();
        self.sessions.insert(id, conversation);
        match processed {
            Processed::Waits(_) => return Ok(false),
            // A message of an epoch that was over when the log took it is skipped by all alike, for not all can read it;
            // its author sends it again under the same id.
            Processed::Message { epoch, .. } if epoch < now_epoch => {}
            Processed::Message { from, message, epoch } => {
                self.compare_checkpoints(id, &message);
                self.said(Said {
                    conversation: id,
                    from: from.identity,
                    own: from.identity == self.identity()?,
                    at: entry.time,
                    epoch,
                    message: &message,
                })?;
            }
            Processed::OwnMessage => self.own_message_came(id, entry, own)?,
            Processed::Committed(committed) => self.committed(id, index, entry, *committed)?,
            Processed::Halted(_) => {
                if let Some(state) = self.state.conversations.get_mut(&id) {
                    state.halted = true;
                }
                self.save_conversation(id);
                self.notice(NoticeCode::ResyncNeeded);
            }
            Processed::Ignored(reason @ Reason::Message) => self.finding(id, reason.rule()),
            _ => {}
        }
        Ok(true)
    }

    /// Entries of a conversation's log are gone unread. Who comes in by a Welcome has not missed them.
    pub(crate) fn has_missed(&mut self, id: ConversationId, log: LogId) -> Result<(), StepError> {
        let follows = self
            .state
            .conversations
            .get(&id)
            .is_some_and(|state| state.log == log && !state.halted && !state.more().joining);
        if !follows {
            return Ok(());
        }
        let Some(mut session) = self.take_session(id)? else {
            return Ok(());
        };
        session.halt();
        let halted = session.standing() == Standing::Halted;
        self.sessions.insert(id, session);
        if halted {
            if let Some(state) = self.state.conversations.get_mut(&id) {
                state.halted = true;
            }
            self.save_conversation(id);
            self.notice(NoticeCode::ResyncNeeded);
        }
        Ok(())
    }

    fn own_message_came(
        &mut self,
        id: ConversationId,
        entry: &Entry,
        own: Option<u64>,
    ) -> Result<(), StepError> {
        let item = own.and_then(|number| self.state.outbox.get(&number)).cloned();
        let Some(OutboxItem {
            content: Content::Message { epoch, message, .. },
            next,
            ..
        }) = item
        else {
            return Ok(());
        };
        let message = AppMessage::decode(&message).map_err(|_| StepError::Record(tables::OUTBOX.0))?;
        self.said(Said {
            conversation: id,
            from: self.identity()?,
            own: true,
            at: entry.time,
            epoch,
            message: &message,
        })?;
        // What waited behind it goes on its way.
        if let Some(next) = next {
            let next = AppMessage::decode(&next).map_err(|_| StepError::Record(tables::OUTBOX.0))?;
            self.encrypt_and_post(id, &next)?;
        }
        Ok(())
    }

    /// Puts a line at the next position; a second one with the same name is dropped (MSG-19).
    pub(crate) fn append_line(&mut self, id: ConversationId, record: MessageRecord) -> Result<(), StepError> {
        let name = record.name;
        if self.store.get(tables::MESSAGE_IDS, name.as_bytes())?.is_some() {
            return Ok(());
        }
        let mentions_me = self.mentions_me(&record);
        let Some(state) = self.state.conversations.get_mut(&id) else {
            return Ok(());
        };
        let position = state.next_position;
        state.next_position = position.saturating_add(1);
        if record.own {
            // One's other devices see by the line itself that all before it has been read.
            state.read_all();
            state.more_mut().marked = Some(state.next_position);
        } else {
            let talk = state.talk_mut();
            talk.unread = talk.unread.saturating_add(1);
            talk.mentions = talk.mentions.saturating_add(u64::from(mentions_me));
        }
        if !record.own && matches!(record.line, Line::Message(_)) {
            self.receipt_due(id);
        }
        self.store
            .put(tables::MESSAGE_IDS, *name.as_bytes(), position.to_be_bytes());
        self.save_record(id, position, &record);
        if let Some(over) = record.over {
            self.note_expiry(id, position, over);
        }
        if position % BUCKET == BUCKET.saturating_sub(1) {
            self.index_bucket(id, bucket_of(position))?;
        }
        self.save_conversation(id);
        self.marked_line_came(id, name, position)?;
        // What comes after its time is not shown to anybody first.
        if record.is_over(self.log_now().max(self.now)) {
            return Ok(());
        }
        let states = &self.state.conversations;
        if states.get(&id).is_none_or(|state| state.read_below <= position) {
            self.notice_line(id, &record, mentions_me);
        }
        let view = self.show_message(id, position, &record, &Changes::default())?;
        self.emit(Event::Message {
            conversation: id.to_string(),
            message: Box::new(view),
        });
        Ok(())
    }

    /// A message that broke a rule is skipped and counted.
    pub(super) fn finding(&mut self, id: ConversationId, rule: &str) {
        if let Some(state) = self.state.conversations.get_mut(&id) {
            let findings = &mut state.talk_mut().findings;
            match findings.iter_mut().find(|(known, _)| known == rule) {
                Some((_, count)) => *count = count.saturating_add(1),
                None => findings.push((rule.to_owned(), 1)),
            }
        }
        self.save_conversation(id);
    }

    /// Whether a line of somebody else's mentions this member.
    pub(crate) fn mentions_me(&self, record: &MessageRecord) -> bool {
        let own = self.own_number().filter(|_| !record.own);
        own.zip(record.text())
            .is_some_and(|(seat, text)| messaging::mentions(&text.words).contains(&seat))
    }

    /// A line that goes or is taken back counts as unread no longer.
    pub(super) fn uncount(&mut self, id: ConversationId, position: u64, record: &MessageRecord) {
        let mentions_me = self.mentions_me(record);
        let Some(state) = self.state.conversations.get_mut(&id) else {
            return;
        };
        if position >= state.read_below && !record.own && record.line != Line::Gone {
            let talk = state.talk_mut();
            talk.unread = talk.unread.saturating_sub(1);
            talk.mentions = talk.mentions.saturating_sub(u64::from(mentions_me));
        }
    }

    /// Other words of a line that is not read yet may mention others.
    pub(super) fn recount_mentions(
        &mut self,
        id: ConversationId,
        position: u64,
        record: &MessageRecord,
        before: &str,
    ) {
        let own = self.own_number().filter(|_| !record.own);
        let did = own.is_some_and(|seat| messaging::mentions(before).contains(&seat));
        let does = self.mentions_me(record);
        if let Some(state) = self.state.conversations.get_mut(&id)
            && position >= state.read_below
        {
            let talk = state.talk_mut();
            talk.mentions = talk
                .mentions
                .saturating_sub(u64::from(did))
                .saturating_add(u64::from(does));
        }
        self.save_conversation(id);
    }

    /// Every message carries what its sender has seen; two views of one log that cannot both be true are proof.
    fn compare_checkpoints(&mut self, id: ConversationId, message: &AppMessage) {
        if let Some(seen) = &message.journal
            && self.compared.insert((Topic::Overview, hash_of(seen)))
        {
            self.compare_journal(seen);
        }
        let log = self.state.conversations.get(&id).map(|state| state.log);
        if let (Some(log), Some(seen)) = (log, &message.conversation)
            && self.compared.insert((Topic::Conversations, hash_of(seen)))
        {
            self.compare_seen(log, seen);
        }
    }
}

/// A checkpoint's name within the step.
fn hash_of(seen: &tlog::SignedCheckpoint) -> primitives::Hash {
    sha256(&encode(seen))
}
