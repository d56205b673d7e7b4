//! Files that nobody is to have any more. The key is burnt with the words, in the same step; the chunks, which nothing opens
//! then, are cleared away some at a time.

use super::{Moving, Transfer, Way, chunk_key};
use crate::commands::unknown;
use crate::machine::Failed;
use crate::requests::{Answer, Refusal, RefusalCode, Topic};
use crate::step::{Step, StepError};
use crate::tables;
use primitives::{ConversationId, MessageName};

/// So many chunks of each file are cleared away in one step.
const SWEEP: u32 = 32;

impl Moving {
    /// Whoever asks next is told, whatever was told before.
    pub(super) fn forget_told(&mut self, name: &MessageName) {
        self.told.remove(name);
    }
}

impl Step<'_> {
    /// Stops sending, which means that the message is never sent, or fetching.
    pub(crate) fn cancel_transfer(
        &mut self,
        conversation: ConversationId,
        name: MessageName,
    ) -> Result<Answer, Failed> {
        let transfer = self.transfer(name)?;
        let transfer = transfer.filter(|it| it.conversation == conversation);
        let transfer = transfer.ok_or_else(|| unknown("message with a file"))?;
        match transfer.way {
            Way::Sending | Way::Stuck => self.cancel_sending(name)?,
            Way::Fetching | Way::Gone | Way::Failed => {
                let done = transfer.total;
                self.state.volatile.moving.forget(&name);
                self.set_transfer(name, Transfer { done, ..transfer }.at(Way::Clearing));
            }
            Way::Offered | Way::Clearing => {}
            Way::Here | Way::Copying | Way::Dropping => {
                return Err(Refusal::new(
                    RefusalCode::AlreadyDone,
                    "the file is where it should be already; take the message back if nobody is to have it",
                )
                .into());
            }
        }
        Ok(Answer::Done)
    }

    /// Whether a file of this name is on its way out, before its message.
    pub(crate) fn is_outgoing(&self, name: MessageName) -> bool {
        let transfer = self.state.transfers.get(&name);
        transfer.is_some_and(Transfer::is_outgoing)
    }

    /// A file that has not left is never sent: what is known of it is burnt.
    pub(crate) fn cancel_sending(&mut self, name: MessageName) -> Result<(), StepError> {
        if let Some(transfer) = self.state.transfers.get(&name) {
            let conversation = transfer.conversation;
            self.drop_attachment(name)?;
            self.forget_waiting(conversation);
            self.touch(Topic::Conversations);
        }
        Ok(())
    }

    /// Nothing of a file is kept from here on.
    pub(crate) fn drop_attachment(&mut self, name: MessageName) -> Result<(), StepError> {
        let Some(transfer) = self.transfer(name)? else {
            return Ok(());
        };
        if self.store.get(tables::OUTGOING, name.as_bytes())?.is_some() {
            self.store.delete(tables::OUTGOING, *name.as_bytes());
            self.forget_waiting(transfer.conversation);
        }
        self.state.volatile.moving.forget(&name);
        let done = match transfer.way {
            Way::Offered => 0,
            _ => transfer.total,
        };
        self.set_transfer(name, Transfer { done, ..transfer }.at(Way::Dropping));
        Ok(())
    }

    /// What an earlier process had begun to copy in, nobody has been told of.
    pub(super) fn drop_unfinished_copies(&mut self) -> Result<(), StepError> {
        let copying = &self.state.volatile.moving.copying;
        let left: Vec<MessageName> = self
            .state
            .transfers
            .iter()
            .filter(|(name, transfer)| transfer.way == Way::Copying && !copying.contains(name))
            .map(|(name, _)| *name)
            .collect();
        left.into_iter().try_for_each(|name| self.drop_attachment(name))
    }

    /// Clears some chunks away of each file that is to go.
    pub(super) fn sweep(&mut self) {
        let going: Vec<(MessageName, Transfer)> = self
            .state
            .transfers
            .iter()
            .filter(|(_, transfer)| matches!(transfer.way, Way::Dropping | Way::Clearing))
            .map(|(name, transfer)| (*name, transfer.clone()))
            .collect();
        for (name, mut transfer) in going {
            // Where chunks are damaged they stay: nothing opens them, and all else goes on.
            let damaged = transfer.done > 0 && self.store.get(tables::CHUNKS, &chunk_key(name, 0)).is_err();
            if damaged {
                continue;
            }
            let left = transfer.done.saturating_sub(SWEEP);
            for index in left..transfer.done {
                self.store.delete(tables::CHUNKS, chunk_key(name, index));
            }
            transfer.done = left;
            match (transfer.way, left) {
                (Way::Dropping, 0) => {
                    self.store.delete(tables::TRANSFERS, *name.as_bytes());
                    self.state.transfers.remove(&name);
                }
                (Way::Clearing, 0) => {
                    transfer.way = Way::Offered;
                    self.set_transfer(name, transfer);
                }
                _ => self.set_transfer(name, transfer),
            }
        }
    }

    /// Writes again what is on its way out, under the fresh key of the words that wait.
    pub(crate) fn save_outgoing_again(&mut self, conversation: ConversationId) -> Result<(), StepError> {
        let waiting: Vec<MessageName> = self
            .state
            .transfers
            .iter()
            .filter(|(_, transfer)| transfer.conversation == conversation)
            .filter(|(_, transfer)| transfer.way == Way::Copying || transfer.is_outgoing())
            .map(|(name, _)| *name)
            .collect();
        for name in waiting {
            if let Some(outgoing) = self.load_outgoing(name)? {
                self.save_outgoing(conversation, name, &outgoing);
            }
        }
        Ok(())
    }
}
