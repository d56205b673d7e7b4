//! What is being written: one draft for each conversation, kept where it can be burnt.

use super::burning::waiting_purpose;
use crate::machine::Failed;
use crate::requests::{Answer, Topic};
use crate::step::{Step, StepError, load_from};
use crate::tables;
use minicbor::{Decode, Encode};
use primitives::canonical::encode;
use primitives::{ConversationId, MessageName};

/// Words that have not been sent.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Draft {
    #[n(0)]
    pub(crate) text: String,
    /// The message that they answer.
    #[n(1)]
    pub(crate) reply: Option<MessageName>,
}

impl Step<'_> {
    /// Keeps a draft in the place of the last one; an empty one is none.
    pub(crate) fn set_draft(&mut self, id: ConversationId, draft: &Draft) -> Result<Answer, Failed> {
        if draft.text.is_empty() && draft.reply.is_none() {
            self.drop_draft(id)?;
        } else {
            self.keep_draft(id, draft);
        }
        self.touch(Topic::Conversations);
        Ok(Answer::Done)
    }

    pub(super) fn keep_draft(&mut self, id: ConversationId, draft: &Draft) {
        self.store
            .put_for(waiting_purpose(id), tables::DRAFTS, *id.as_bytes(), encode(draft));
    }

    pub(crate) fn load_draft(&self, id: ConversationId) -> Result<Option<Draft>, StepError> {
        load_from(&self.store, tables::DRAFTS, id.as_bytes())
    }

    /// The draft is no more; its key goes with the next words of the conversation that are burnt.
    pub(super) fn drop_draft(&mut self, id: ConversationId) -> Result<(), StepError> {
        if self.load_draft(id)?.is_some() {
            self.store.delete(tables::DRAFTS, *id.as_bytes());
        }
        Ok(())
    }

    /// What has been sent as it was drafted is no draft any more.
    pub(crate) fn sent_as_drafted(&mut self, id: ConversationId, text: &str) -> Result<(), StepError> {
        if self.load_draft(id)?.is_some_and(|draft| draft.text == text) {
            self.drop_draft(id)?;
        }
        Ok(())
    }
}
