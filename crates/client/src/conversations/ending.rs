//! The former plenary (MSG-36): read to where it ended, kept to be read, and what waited in it said in the new one.
//!
//! It ends at the journal's time of the statement that put the new one in force. What its log took until then counts, for
//! everybody alike; what it took later counts for nobody, and is sent again in the new one.

use super::acts::merged;
use super::talk::{ConversationState, More};
use crate::requests::Topic;
use crate::state::{Content, LogRole};
use crate::step::{Step, StepError};
use crate::views::NoticeCode;
use messaging::{AppMessage, Body, Text};
use primitives::{ConversationId, LogId, Time};

/// After its end has become known a log is read once more after so long: an answer may have been under way.
const READ_AGAIN_MS: u64 = 3_000;

impl Step<'_> {
    /// The journal has said that a conversation ended at `at`.
    pub(super) fn begin_ending(&mut self, id: ConversationId, at: Time) -> Result<(), StepError> {
        let Some(state) = self.state.conversations.get_mut(&id) else {
            return Ok(());
        };
        let log = state.log;
        let more = state.more_mut();
        more.ends = Some(at);
        more.bringing.clear();
        more.demanding.clear();
        self.state.volatile.poll_at.remove(&log);
        self.state.volatile.attended.remove(&id);
        // No commit, request or Welcome of it is for anything any more.
        let stale: Vec<u64> = self
            .state
            .outbox
            .iter()
            .filter(|(_, item)| !matches!(item.content, Content::Message { .. }))
            .filter(|(_, item)| self.conversation_of(item.log) == Some(id))
            .map(|(number, _)| *number)
            .collect();
        stale.into_iter().for_each(|number| self.drop_outbox(number));
        self.save_conversation(id);
        self.take_back_lines(id, log, at)
    }

    /// Lines that were read before the journal said that they stand behind the end are none; own words among them wait again.
    fn take_back_lines(&mut self, id: ConversationId, log: LogId, end: Time) -> Result<(), StepError> {
        let Some(state) = self.state.conversations.get(&id) else {
            return Ok(());
        };
        let (first, next) = (state.talk().first, state.next_position);
        let mut own = Vec::new();
        for position in (first..next).rev() {
            let Some(record) = self.load_record(id, position)? else {
                continue;
            };
            if record.time <= end {
                break;
            }
            own.extend(record.message().filter(|_| record.own));
            self.disappear(id, position)?;
        }
        // Of no epoch and with no bytes: it is encrypted when this device is in the new one.
        for message in own.into_iter().rev() {
            let content = Content::Message {
                id: message.id,
                epoch: 0,
                message: message.encode(),
            };
            self.post(log, Vec::new(), content, self.now, None);
        }
        Ok(())
    }

    /// Gives up the groups of conversations that have been read to their end, or can be read no further.
    pub(super) fn end_former(&mut self) -> Result<(), StepError> {
        let is_ending = |more: &More| more.ends.is_some() && !more.left;
        let ending: Vec<ConversationId> = self
            .state
            .conversations
            .iter()
            .filter(|(_, state)| is_ending(&state.more()))
            .map(|(id, _)| *id)
            .collect();
        for id in ending {
            if self.is_read_out(id) {
                self.end_conversation(id)?;
            }
        }
        Ok(())
    }

    fn is_read_out(&mut self, id: ConversationId) -> bool {
        let Some(state) = self.state.conversations.get(&id) else {
            return false;
        };
        if state.halted || state.more().joining {
            return true;
        }
        let log = state.log;
        let known = self.state.volatile.ending.entry(id).or_insert(self.now);
        let least = known.after(READ_AGAIN_MS);
        let read = self.state.volatile.read_at.get(&log);
        let taken = self.state.logs.get(&log);
        let taken = taken.is_none_or(|log| log.taken == log.reader.size());
        taken && read.is_some_and(|read| *read >= least)
    }

    /// Nothing more counts in a conversation: its group is given up, its words stay.
    pub(super) fn end_conversation(&mut self, id: ConversationId) -> Result<(), StepError> {
        if let Some(session) = self.take_session(id)? {
            session.forget(&mut self.store)?;
        }
        if let Some(state) = self.state.conversations.get_mut(&id) {
            state.halted = true;
            let more = state.more_mut();
            (more.left, more.joining, more.alone) = (true, false, None);
            more.archived = true;
        }
        let role = LogRole::Conversation { conversation: id };
        let logs: Vec<LogId> = self
            .state
            .logs
            .iter()
            .filter(|(_, log)| log.role == role && !log.finished)
            .map(|(log, _)| *log)
            .collect();
        logs.into_iter().for_each(|log| self.finish_log(log));
        let lost = |state: &ConversationState| state.halted && !state.more().left;
        if !self.state.conversations.values().any(lost) {
            self.clear_notice(NoticeCode::ResyncNeeded);
        }
        self.save_conversation(id);
        self.touch(Topic::Overview);
        Ok(())
    }

    /// What waited in a plenary that has ended is said in the present one, under the same ids, once this device is in it.
    pub(super) fn move_words(&mut self) -> Result<(), StepError> {
        let Some(present) = self.state.member.as_ref().and_then(|member| member.plenary) else {
            return Ok(());
        };
        let has_ended = |more: &More| more.ends.is_some() && more.left;
        let ended: Vec<ConversationId> = self
            .state
            .conversations
            .iter()
            .filter(|(_, state)| has_ended(&state.more()))
            .map(|(id, _)| *id)
            .collect();
        if ended.is_empty() || self.may_speak(present).is_err() {
            return Ok(());
        }
        for id in ended {
            self.move_draft(id, present)?;
            self.give_up_files(id, present)?;
            let waiting: Vec<_> = self.waiting(id).collect();
            for (number, message, next) in waiting {
                self.drop_outbox(number);
                self.forget_waiting(id);
                let whole = match next {
                    Some(next) => merged(message.clone(), next),
                    None => Some(message.clone()),
                };
                match whole.map(|message| (message.id, message.body)) {
                    Some((said, body @ (Body::Text(_) | Body::Unknown { .. }))) => {
                        self.say_as(present, said, body)?;
                    }
                    Some((said, Body::Attachment(attachment))) => {
                        self.never_sent(id, &message)?;
                        self.say_words(present, said, attachment.text)?;
                    }
                    // A change of what stands in the conversation that has ended.
                    Some(_) => {}
                    None => self.never_sent(id, &message)?,
                }
            }
        }
        Ok(())
    }

    fn move_draft(&mut self, from: ConversationId, to: ConversationId) -> Result<(), StepError> {
        let Some(draft) = self.load_draft(from)? else {
            return Ok(());
        };
        if self.load_draft(to)?.is_none() {
            self.keep_draft(to, &draft);
        }
        self.drop_draft(from)?;
        self.forget_waiting(from);
        Ok(())
    }

    /// A file that has not left lies beside a log that is no more: its words are said, and it is sent again by hand.
    fn give_up_files(&mut self, from: ConversationId, to: ConversationId) -> Result<(), StepError> {
        for (name, id, text) in self.outgoing_of(from)? {
            self.drop_attachment(name)?;
            self.forget_waiting(from);
            self.say_words(to, id, text)?;
        }
        Ok(())
    }

    fn say_words(
        &mut self,
        id: ConversationId,
        said: primitives::MessageId,
        text: Text,
    ) -> Result<(), StepError> {
        if text.words.is_empty() {
            Ok(())
        } else {
            self.say_as(id, said, Body::Text(text))
        }
    }

    fn say_as(
        &mut self,
        id: ConversationId,
        said: primitives::MessageId,
        body: Body,
    ) -> Result<(), StepError> {
        let message = AppMessage {
            id: said,
            ..self.new_message(id, body)
        };
        self.encrypt_and_post(id, &message)
    }

    /// The new plenary is as loud as the former one was.
    pub(crate) fn arrange_as_before(&mut self, id: ConversationId) {
        let muted = self.former(id).is_some_and(|former| former.more().muted);
        if let Some(state) = self.state.conversations.get_mut(&id) {
            state.more_mut().muted = muted;
        }
    }

    /// Messages disappear in the new plenary as they did in the former one.
    pub(super) fn timer_as_before(&mut self, id: ConversationId) -> Result<(), StepError> {
        match self.former(id).and_then(|state| state.talk().timer) {
            Some(timer) => self.send_act(id, Body::Timer(Some(timer))),
            None => Ok(()),
        }
    }

    /// The plenary that ended last.
    fn former(&self, id: ConversationId) -> Option<&ConversationState> {
        let states = self.state.conversations.values();
        let ended = states.filter(|state| state.id != id && state.more().ends.is_some());
        ended.max_by_key(|state| state.more().ends)
    }
}
