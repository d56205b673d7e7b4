//! A file is fetched when a person asks for it, chunk by chunk; each is checked against the message before it is kept.

use super::{Transfer, Way, chunk_key};
use crate::commands::unknown;
use crate::conversations::About;
use crate::effects::{CallError, Effect, Lane};
use crate::machine::Failed;
use crate::requests::Answer;
use crate::step::{Step, StepError};
use crate::tables;
use crate::volatile::Expected;
use messaging::{AppMessage, Attachment, Body};
use primitives::{ConversationId, LogId, MessageName, Time};
use relay_api::{Call, ProblemKind, Reply};

impl Step<'_> {
    /// A file was named by a message of the log: it can be fetched from beside it.
    pub(crate) fn offer(
        &mut self,
        conversation: ConversationId,
        log: LogId,
        name: MessageName,
        attachment: &Attachment,
    ) -> Result<(), StepError> {
        if self.transfer(name)?.is_none() {
            let transfer = offered(conversation, log, attachment);
            self.set_transfer(name, transfer);
        }
        Ok(())
    }

    /// Begins to fetch a file, or goes on.
    pub(crate) fn fetch(
        &mut self,
        conversation: ConversationId,
        name: MessageName,
    ) -> Result<Answer, Failed> {
        let attachment = self.file_of(conversation, name, self.log_now().max(self.now))?;
        let log = self.state.conversations.get(&conversation).map(|state| state.log);
        let log = log.ok_or_else(|| unknown("conversation"))?;
        let known = self.transfer(name)?;
        let mut transfer = known.unwrap_or_else(|| offered(conversation, log, &attachment));
        match transfer.way {
            Way::Offered | Way::Gone | Way::Failed => transfer.way = Way::Fetching,
            Way::Clearing => (transfer.way, transfer.done) = (Way::Fetching, 0),
            Way::Copying | Way::Sending | Way::Stuck | Way::Fetching | Way::Here | Way::Dropping => {}
        }
        // Whoever asks is told in any case.
        self.state.volatile.moving.forget_told(&name);
        self.set_transfer(name, transfer);
        Ok(Answer::Done)
    }

    /// The file that a message names, wherever the message is; none of one that is over at `at`. What people ask is hidden by
    /// their own clock as well; what is on its way ends by the log's alone, for a clock that runs ahead ends nothing.
    pub(super) fn file_of(
        &self,
        conversation: ConversationId,
        name: MessageName,
        at: Time,
    ) -> Result<Attachment, Failed> {
        let record = self.find_record(conversation, name)?.map(|(_, record)| record);
        let said = record.filter(|record| !record.is_over(at));
        if let Some(attachment) = said.and_then(|record| record.attachment()) {
            return Ok(attachment);
        }
        let waiting = self.waiting_about(conversation, &About::Words(name))?;
        if let Some((
            _,
            AppMessage {
                body: Body::Attachment(attachment),
                ..
            },
            _,
        )) = waiting
        {
            return Ok(*attachment);
        }
        let outgoing = self.state.transfers.get(&name);
        let outgoing = outgoing.filter(|it| it.conversation == conversation && it.is_outgoing());
        if outgoing.is_some()
            && let Some(outgoing) = self.load_outgoing(name)?
        {
            return Ok(outgoing.attachment(None));
        }
        Err(unknown("message with a file").into())
    }

    pub(super) fn get_chunk(
        &mut self,
        name: MessageName,
        transfer: &Transfer,
        index: u32,
    ) -> Result<(), StepError> {
        let log = transfer.log;
        let hash = match self.file_of(transfer.conversation, name, self.log_now()) {
            Ok(attachment) => {
                let place = usize::try_from(index).unwrap_or(usize::MAX);
                attachment.chunks.get(place).copied()
            }
            Err(Failed::Step(error)) => return Err(error),
            Err(Failed::Refused(_)) => None,
        };
        let Some(hash) = hash else {
            return self.drop_attachment(name);
        };
        if !self.state.logs.contains_key(&log) {
            // This device was never a reader of that log.
            self.set_transfer(name, transfer.clone().at(Way::Gone));
            return Ok(());
        }
        let Some(token) = self.token_of(log) else {
            return Ok(());
        };
        let ticket = self.ticket(Expected::GetChunk {
            message: name,
            log,
            index,
        });
        let call = Call::GetBlob {
            log,
            token,
            hash,
            offset: 0,
            len: u32::try_from(messaging::CHUNK_LEN).unwrap_or(u32::MAX),
        };
        self.effects.push(Effect::Call {
            ticket,
            lane: Lane::Attachments,
            call: Box::new(call),
        });
        Ok(())
    }

    pub(super) fn chunk_fetched(
        &mut self,
        name: MessageName,
        transfer: Transfer,
        index: u32,
        result: Result<Reply, CallError>,
    ) -> Result<(), StepError> {
        match result {
            Ok(Reply::Blob { bytes, .. }) => {
                let attachment = match self.file_of(transfer.conversation, name, self.log_now()) {
                    Ok(attachment) => attachment,
                    Err(Failed::Step(error)) => return Err(error),
                    Err(Failed::Refused(_)) => return self.drop_attachment(name),
                };
                if attachment.open(index, &bytes).is_err() {
                    self.set_transfer(name, transfer.at(Way::Failed));
                    return Ok(());
                }
                if attachment.bytes_in(index) > 0 {
                    self.store.put(tables::CHUNKS, chunk_key(name, index), bytes);
                }
                self.chunk_moved(name, transfer, index);
            }
            Err(CallError::Problem(problem)) if problem.kind == ProblemKind::NotFound => {
                self.set_transfer(name, transfer.at(Way::Gone));
            }
            Ok(_) | Err(_) => self.chunk_failed(name),
        }
        Ok(())
    }
}

fn offered(conversation: ConversationId, log: LogId, attachment: &Attachment) -> Transfer {
    Transfer {
        conversation,
        log,
        way: Way::Offered,
        done: 0,
        total: u32::try_from(attachment.chunks.len()).unwrap_or(u32::MAX),
        bytes: attachment.bytes,
    }
}
