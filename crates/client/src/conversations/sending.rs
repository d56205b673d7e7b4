//! Words go out: encrypted for the present epoch, wrapped, posted, and encrypted again if the epoch has moved on.

use crate::commands::not_a_member;
use crate::machine::Failed;
use crate::requests::{Answer, Refusal, RefusalCode, Topic};
use crate::state::{Content, LogRole};
use crate::step::{Step, StepError, Turn, messaging_error};
use messaging::{AppMessage, Body, Conversation, WrapError};
use primitives::{ConversationId, LogId, MessageId};

impl Step<'_> {
    /// Sends words: durable when this returns.
    pub(crate) fn send_text(&mut self, id: ConversationId, text: String) -> Result<Answer, Failed> {
        let seat = self.own_seat()?;
        if seat.role == assembly::Role::Observer {
            return Err(Refusal::new(RefusalCode::NotAllowed, "observers read; they do not speak").into());
        }
        let state = self
            .state
            .conversations
            .get(&id)
            .cloned()
            .ok_or_else(not_a_member)?;
        if state.halted {
            return Err(Refusal::new(
                RefusalCode::NotReady,
                "this device cannot follow the conversation; ask to be added again",
            )
            .into());
        }
        let journal = self.current_journal().and_then(|(log, _)| self.largest(log));
        let message = AppMessage {
            id: MessageId::new(self.random()),
            sent: self.now,
            journal,
            conversation: self.largest(state.log),
            body: Body::Text(text.into()),
        };
        self.encrypt_and_post(id, &message)?;
        self.touch(Topic::Conversations);
        Ok(Answer::Sent {
            message: message.id.to_string(),
        })
    }

    fn encrypt_and_post(&mut self, id: ConversationId, message: &AppMessage) -> Result<(), StepError> {
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
        let stale: Vec<(u64, Vec<u8>)> = self
            .state
            .outbox
            .iter()
            .filter(|(_, item)| {
                let role = self.state.logs.get(&item.log).map(|state| state.role);
                role == Some(LogRole::Conversation { conversation: id })
            })
            .filter_map(|(number, item)| match &item.content {
                Content::Message {
                    epoch: made, message, ..
                } if *made < epoch => Some((*number, message.clone())),
                _ => None,
            })
            .collect();
        for (number, message) in stale {
            self.drop_outbox(number);
            if let Ok(message) = AppMessage::decode(&message) {
                self.encrypt_and_post(id, &message)?;
            }
        }
        Ok(())
    }
}
