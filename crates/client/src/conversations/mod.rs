//! Conversations: words go out through the outbox, the log's order is the order, and the roster is the journal's.

mod acts;
mod attending;
mod burning;
mod coming;
mod commits;
mod drafts;
mod ending;
mod entries;
mod groups;
mod pointing;
mod receipts;
pub(crate) mod record;
mod refounding;
mod renaming;
mod search;
mod sending;
mod showing;
mod talk;

pub(crate) use acts::{About, Said};
pub(crate) use burning::waiting_purpose;
pub(crate) use drafts::Draft;
pub(crate) use talk::ConversationState;

use crate::commands::{no_assembly, unknown};
use crate::machine::Failed;
use crate::requests::Answer;
use crate::state::{LogRole, Seed};
use crate::step::{Step, StepError};
use messaging::Conversation;
use primitives::{ConversationId, LogId};
use tlog::LogKind;

impl Step<'_> {
    /// Puts a conversation that has just been made or joined into the machine's hands.
    pub(crate) fn begin_conversation(
        &mut self,
        conversation: Conversation,
        log_start: u64,
    ) -> Result<(), StepError> {
        let id = conversation.id();
        let role = LogRole::Conversation { conversation: id };
        let secret = conversation.log_secret();
        let record = role.keys(&secret).record(LogKind::Ephemeral);
        let log = self.follow(role, Seed::new(secret), record, Vec::new())?;
        if let Some(state) = self.state.logs.get_mut(&log) {
            state.taken = state.taken.max(log_start);
        }
        self.save_log(log);
        // One that was followed before goes on where it was.
        let state = self.state.conversations.entry(id);
        let state = state.or_insert_with(|| ConversationState::new(id, log));
        (state.log, state.halted) = (log, false);
        self.save_conversation(id);
        self.sessions.insert(id, conversation);
        Ok(())
    }

    /// The conversation's group, loaded once a step.
    pub(crate) fn session(&mut self, id: ConversationId) -> Result<Option<&mut Conversation>, StepError> {
        if !self.sessions.contains_key(&id) {
            let loaded =
                Conversation::load(&self.store, id).map_err(|e| StepError::Messaging(e.to_string()))?;
            if let Some(conversation) = loaded {
                self.sessions.insert(id, conversation);
            }
        }
        Ok(self.sessions.get_mut(&id))
    }

    pub(crate) fn take_session(&mut self, id: ConversationId) -> Result<Option<Conversation>, StepError> {
        self.session(id)?;
        Ok(self.sessions.remove(&id))
    }

    /// A page of messages, ascending; what waits in the outbox stands at the end.
    pub(crate) fn read(
        &mut self,
        id: ConversationId,
        before: Option<u64>,
        limit: u32,
        mark_read: bool,
    ) -> Result<Answer, Failed> {
        let state = self
            .state
            .conversations
            .get(&id)
            .cloned()
            .ok_or_else(|| match &self.state.member {
                Some(member) if member.plenary != Some(id) => unknown("conversation"),
                _ => no_assembly(),
            })?;
        let mut position = before.unwrap_or(state.next_position).min(state.next_position);
        let first = state.talk().first;
        let changes = self.changes_waiting(id)?;
        let hidden = self.log_now().max(self.now);
        let mut messages = Vec::new();
        while position > first && messages.len() < limit as usize {
            position = position.saturating_sub(1);
            // One that has disappeared left its position behind.
            let record = self.load_record(id, position)?;
            if let Some(record) = record.filter(|record| !record.is_over(hidden)) {
                messages.push(self.show_message(id, position, &record, &changes)?);
            }
        }
        messages.reverse();
        if before.is_none() {
            messages.extend(self.show_waiting(id, state.next_position)?);
            if mark_read && state.read_below < state.next_position {
                if let Some(state) = self.state.conversations.get_mut(&id) {
                    state.read_all();
                }
                self.lines_seen(id);
                self.marks_due();
                self.save_conversation(id);
            }
        }
        Ok(Answer::Messages { messages })
    }

    /// Lines below a position have been read on another own device; says whether that is news.
    pub(crate) fn read_up_to(&mut self, id: ConversationId, below: u64) -> Result<bool, StepError> {
        let Some(state) = self.state.conversations.get(&id) else {
            return Ok(false);
        };
        let (before, next) = (state.read_below, state.next_position);
        let below = below.min(next);
        if below <= before {
            return Ok(false);
        }
        let (mut unread, mut mentions) = (0u64, 0u64);
        for position in below..next {
            if let Some(record) = self.load_record(id, position)?
                && !record.own
                && record.line != record::Line::Gone
            {
                unread = unread.saturating_add(1);
                mentions = mentions.saturating_add(u64::from(self.mentions_me(&record)));
            }
        }
        if let Some(state) = self.state.conversations.get_mut(&id) {
            state.read_below = below;
            let talk = state.talk_mut();
            (talk.unread, talk.mentions) = (unread, mentions);
        }
        Ok(true)
    }

    /// The largest checkpoint of a log that this device has verified.
    pub(crate) fn largest(&self, log: LogId) -> Option<tlog::SignedCheckpoint> {
        self.state.logs.get(&log)?.reader.largest().cloned()
    }
}

/// Key of a message's record: conversation, then position.
pub(crate) fn message_key(id: ConversationId, position: u64) -> Vec<u8> {
    [id.as_bytes().as_slice(), &position.to_be_bytes()].concat()
}
