//! Words go out: encrypted for the present epoch, wrapped, posted, and encrypted again if the epoch has moved on.

use super::acts::{About, merged};
use crate::commands::{not_a_member, unknown};
use crate::machine::Failed;
use crate::requests::{Answer, Refusal, RefusalCode, Topic};
use crate::state::Content;
use crate::step::{Step, StepError, Turn, messaging_error};
use messaging::{AppMessage, Body, Conversation, Text, WrapError};
use primitives::{ConversationId, LogId, MessageId, MessageName, VerifyingKey};

impl Step<'_> {
    /// Sends words: durable when this returns.
    pub(crate) fn send_text(
        &mut self,
        id: ConversationId,
        words: String,
        reply: Option<MessageName>,
    ) -> Result<Answer, Failed> {
        self.may_speak(id)?;
        self.knows(id, reply)?;
        self.sent_as_drafted(id, &words)?;
        let timer = self
            .state
            .conversations
            .get(&id)
            .and_then(|state| state.talk().timer);
        let message = self.new_message(id, Body::Text(Text { words, reply, timer }));
        self.encrypt_and_post(id, &message)?;
        self.touch(Topic::Conversations);
        Ok(Answer::Sent {
            message: message.name(id, &self.identity()?).to_string(),
        })
    }

    /// Refuses to answer a message that is not there.
    pub(crate) fn knows(&self, id: ConversationId, reply: Option<MessageName>) -> Result<(), Failed> {
        let Some(name) = reply else { return Ok(()) };
        let known =
            self.find_record(id, name)?.is_some() || self.waiting_about(id, &About::Words(name))?.is_some();
        if known {
            Ok(())
        } else {
            Err(unknown("message").into())
        }
    }

    /// The own seat, if it may say something here.
    pub(crate) fn may_speak(&self, id: ConversationId) -> Result<assembly::Seat, Refusal> {
        let seat = self.own_seat()?;
        self.plenary_awaited(id)?;
        let state = self.state.conversations.get(&id).ok_or_else(not_a_member)?;
        if seat.role == assembly::Role::Observer && !state.is_closed() {
            return Err(Refusal::new(
                RefusalCode::NotAllowed,
                "observers read; they speak in direct conversations only",
            ));
        }
        if state.more().joining {
            return Err(Refusal::new(
                RefusalCode::NotReady,
                "this device is still on its way into the conversation; try again shortly",
            ));
        }
        if state.more().left {
            return Err(Refusal::new(
                RefusalCode::NotAllowed,
                "this device is out of the conversation",
            ));
        }
        if state.halted {
            return Err(Refusal::new(
                RefusalCode::NotReady,
                "this device cannot follow the conversation; ask to be added again",
            ));
        }
        Ok(seat)
    }

    /// This member's long-term key, by which messages are known as its own.
    pub(crate) fn identity(&self) -> Result<VerifyingKey, StepError> {
        let member = self
            .state
            .member
            .as_ref()
            .ok_or(StepError::Internal("no member"))?;
        if let Some(identity) = self.identity.get() {
            return Ok(*identity);
        }
        let identity = member.identity_key().ok_or(StepError::Internal("no identity"))?;
        Ok(*self.identity.get_or_init(|| identity))
    }

    pub(crate) fn new_message(&mut self, id: ConversationId, body: Body) -> AppMessage {
        let journal = self.current_journal().and_then(|(log, _)| self.largest(log));
        let log = self.state.conversations.get(&id).map(|state| state.log);
        AppMessage {
            id: MessageId::new(self.random()),
            sent: self.now,
            journal,
            conversation: log.and_then(|log| self.largest(log)),
            body,
        }
    }

    pub(crate) fn encrypt_and_post(
        &mut self,
        id: ConversationId,
        message: &AppMessage,
    ) -> Result<(), StepError> {
        let Some(state) = self.state.conversations.get(&id).cloned() else {
            return Ok(());
        };
        let device = self.device()?;
        let own = device.own()?;
        let mut conversation = self.take_session(id)?.ok_or(StepError::Internal("no session"))?;
        let content = Content::Message {
            id: message.id,
            epoch: conversation.epoch(),
            message: message.encode(),
        };
        let bytes = conversation.encrypt(&own, message).map_err(messaging_error)?;
        self.wrap_and_post(conversation, state.log, &bytes, &content, None)
    }

    /// Posts a message as one entry, or as the parts that it takes, and gives the conversation back.
    pub(crate) fn wrap_and_post(
        &mut self,
        conversation: Conversation,
        log: LogId,
        bytes: &[u8],
        content: &Content,
        turn: Option<Turn>,
    ) -> Result<(), StepError> {
        let device = self.device()?;
        let entries = conversation.wrap(&self.store, &device.own()?, self.now, bytes, self.rng);
        self.sessions.insert(conversation.id(), conversation);
        let entries = entries.map_err(|error| match error {
            WrapError::Store(error) => error.into(),
            _ => StepError::Internal("a message too large to travel"),
        })?;
        for entry in entries {
            let turn = turn.as_ref().map(|Turn(duty)| Turn(duty.clone()));
            self.post(log, entry, content.clone(), self.now, turn);
        }
        Ok(())
    }

    /// Messages that the log did not show before the commit are encrypted again, under the same id: promised a place or
    /// not, they stand after it, where those whom it added cannot read the old epoch.
    pub(super) fn encrypt_again(&mut self, id: ConversationId, epoch: u64) -> Result<(), StepError> {
        let is_stale = |number: &u64| {
            let item = self.state.outbox.get(number);
            item.is_some_and(
                |item| matches!(item.content, Content::Message { epoch: made, .. } if made < epoch),
            )
        };
        let stale: Vec<_> = self.waiting(id).filter(|(number, ..)| is_stale(number)).collect();
        for (number, message, next) in stale {
            self.drop_outbox(number);
            let whole = match next {
                Some(next) => {
                    self.forget_waiting(id);
                    merged(message.clone(), next)
                }
                None => Some(message.clone()),
            };
            let Some(message) = whole else {
                self.never_sent(id, &message)?;
                continue;
            };
            if let Body::Attachment(attachment) = &message.body
                && self.send_file_again(id, &message, attachment)?
            {
                continue;
            }
            self.encrypt_and_post(id, &message)?;
        }
        Ok(())
    }
}
