//! What the log brings: unwrapped, processed in its order, and put at the next position.

use super::message_key;
use crate::requests::Event;
use crate::roster::JournalRoster;
use crate::state::{Content, Line, MessageRecord};
use crate::step::{Step, StepError, messaging_error};
use crate::tables;
use crate::views::{EvidenceKind, NoticeCode};
use messaging::{AppMessage, Incoming, Processed, Unwrapped};
use primitives::canonical::encode;
use primitives::{ConversationId, LogId, MessageId};
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
        if state.log != log || state.halted {
            // The conversation has moved on: what came after the removal is ignored.
            return Ok(true);
        }
        let Some(mut conversation) = self.take_session(id)? else {
            return Ok(false);
        };
        let unwrapped = conversation.unwrap(&mut self.store, &entry.bytes)?;
        let Unwrapped::Message { bytes, parts } = unwrapped else {
            // A part that waits for others, a request, or something that everybody skips.
            self.sessions.insert(id, conversation);
            return Ok(true);
        };
        let roster = JournalRoster {
            spans: &self.state.roster,
            position: self.journal_point().size,
            time: self.folded_time(),
            store: &self.store,
        };
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
            Processed::Message { from, message, .. } => {
                self.message_came(id, from.identity, entry, &message)?
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
            _ => {}
        }
        Ok(true)
    }

    fn message_came(
        &mut self,
        id: ConversationId,
        from: primitives::VerifyingKey,
        entry: &Entry,
        message: &AppMessage,
    ) -> Result<(), StepError> {
        self.compare_checkpoints(id, message);
        let speaks = self.state.assembly.as_ref().is_some_and(|assembly| {
            assembly
                .seats()
                .any(|seat| seat.identity == from && seat.role != assembly::Role::Observer)
        });
        if !speaks {
            return Ok(());
        }
        let line = Line::Message(message.encode());
        self.append_line(id, message.id, from, false, entry, line)
    }

    fn own_message_came(
        &mut self,
        id: ConversationId,
        entry: &Entry,
        own: Option<u64>,
    ) -> Result<(), StepError> {
        let item = own.and_then(|number| self.state.outbox.get(&number)).cloned();
        let Some(Content::Message {
            id: message_id,
            message,
            ..
        }) = item.map(|item| item.content)
        else {
            return Ok(());
        };
        let member = self
            .state
            .member
            .as_ref()
            .ok_or(StepError::Internal("no member"))?;
        let identity = primitives::SigningSecret::from_seed(member.identity.secret()).verifying_key();
        self.append_line(id, message_id, identity, true, entry, Line::Message(message))
    }

    /// Puts a line at the next position; a second line with the same id is dropped.
    pub(super) fn append_line(
        &mut self,
        id: ConversationId,
        message: MessageId,
        from: primitives::VerifyingKey,
        own: bool,
        entry: &Entry,
        line: Line,
    ) -> Result<(), StepError> {
        if self.store.get(tables::MESSAGE_IDS, message.as_bytes())?.is_some() {
            return Ok(());
        }
        let Some(state) = self.state.conversations.get_mut(&id) else {
            return Ok(());
        };
        let position = state.next_position;
        state.next_position = position.saturating_add(1);
        if own {
            state.read_below = state.read_below.max(state.next_position);
        }
        let record = MessageRecord {
            id: message,
            from,
            own,
            time: entry.time,
            line,
        };
        self.store
            .put(tables::MESSAGE_IDS, *message.as_bytes(), position.to_be_bytes());
        self.store
            .put(tables::MESSAGES, message_key(id, position), encode(&record));
        self.save_conversation(id);
        let view = self.show_message(position, &record);
        self.emit(Event::Message {
            conversation: id.to_string(),
            message: view,
        });
        Ok(())
    }

    /// Every message carries what its sender has seen; two views of one log that cannot both be true are proof.
    fn compare_checkpoints(&mut self, id: ConversationId, message: &AppMessage) {
        let Some(key) = self.checkpoint_key() else { return };
        if let Some(seen) = &message.journal {
            self.compare_journal(seen);
        }
        let log = self.state.conversations.get(&id).map(|state| state.log);
        if let (Some(log), Some(seen)) = (log, &message.conversation)
            && let Some(state) = self.state.logs.get(&log)
            && let Err(breach @ tlog::Breach::Fork(_)) = state.reader.observe(seen, &key)
        {
            self.accuse(
                EvidenceKind::Fork,
                log,
                breach.to_string(),
                breach.evidence().cloned(),
            );
        }
    }
}
