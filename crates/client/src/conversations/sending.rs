//! Words go out: encrypted for the present epoch, wrapped, posted, and encrypted again if the epoch has moved on.

use crate::commands::not_a_member;
use crate::machine::Failed;
use crate::requests::{Answer, Refusal, RefusalCode, Topic};
use crate::state::{Content, LogRole};
use crate::step::messaging_error;
use crate::step::{Step, StepError, Turn};
use crate::tables;
use messaging::{AppMessage, Body, Wrapped};
use primitives::{ConversationId, LogId, MessageId, labels};

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
            body: Body::Text(text),
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
        let conversation = self.session(id)?.ok_or(StepError::Internal("no session"))?;
        let epoch = conversation.epoch();
        let bytes = conversation.encrypt(&own, message).map_err(messaging_error)?;
        let content = Content::Message {
            id: message.id,
            epoch,
            message: message.encode(),
        };
        self.wrap_and_post(state.log, &bytes, content, None)
    }

    pub(super) fn wrap_and_post(
        &mut self,
        log: LogId,
        bytes: &[u8],
        content: Content,
        turn: Option<Turn>,
    ) -> Result<(), StepError> {
        let state = self
            .state
            .logs
            .get(&log)
            .ok_or(StepError::Internal("a conversation without a log"))?;
        let key = state.role.keys(state.secret.secret()).wrap;
        let wrapped = messaging::wrap(&key, labels::CONVERSATION_WRAP, bytes, self.rng)
            .map_err(|_| StepError::Internal("a message too large to travel"))?;
        self.post_wrapped(log, wrapped, content, turn);
        Ok(())
    }

    /// Posts an entry and the pieces that it names; the pieces go first.
    pub(crate) fn post_wrapped(
        &mut self,
        log: LogId,
        wrapped: Wrapped,
        content: Content,
        turn: Option<Turn>,
    ) {
        let item = self.post(log, wrapped.entry, content, self.now, turn);
        for piece in wrapped.pieces {
            self.store
                .put(tables::PIECES, *piece.hash.as_bytes(), piece.bytes);
            if let Some(record) = self.state.outbox.get_mut(&item) {
                record.pieces.push(piece.hash);
            }
        }
        self.save_outbox(item);
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
