//! Chunks are put beside the log in which the message will stand, and the message follows when the last one is there.

use super::{Outgoing, Transfer, Way, chunk_key};
use crate::effects::{CallError, Effect, Lane};
use crate::step::{Step, StepError};
use crate::tables;
use crate::views::NoticeCode;
use crate::volatile::Expected;
use messaging::{AppMessage, Attachment, Text, bytes_in};
use primitives::{ConversationId, LogId, MessageId, MessageName, StoreError};
use relay_api::{Call, ProblemKind, ReadToken, Reply};

impl Step<'_> {
    /// What was put beside a log that the conversation has left is put beside the present one: those whom a commit has added
    /// have no right to the old one, and the removed none to the new one.
    pub(super) fn follow_hops(&mut self) {
        let moved: Vec<(MessageName, Transfer)> = self
            .state
            .transfers
            .iter()
            .filter(|(_, transfer)| transfer.way == Way::Sending)
            .filter_map(|(name, transfer)| {
                let present = self.state.conversations.get(&transfer.conversation)?.log;
                (present != transfer.log).then(|| {
                    let again = Transfer {
                        log: present,
                        done: 0,
                        ..transfer.clone()
                    };
                    (*name, again)
                })
            })
            .collect();
        for (name, transfer) in moved {
            self.state.volatile.moving.ahead.remove(&name);
            self.state.volatile.moving.retry.remove(&name);
            self.set_transfer(name, transfer);
        }
    }

    /// Posts the messages of files that are there.
    pub(super) fn post_sent(&mut self) -> Result<(), StepError> {
        let there: Vec<(MessageName, Transfer)> = self
            .state
            .transfers
            .iter()
            .filter(|(_, transfer)| transfer.way == Way::Sending && transfer.done >= transfer.total)
            .map(|(name, transfer)| (*name, transfer.clone()))
            .collect();
        for (name, mut transfer) in there {
            let id = transfer.conversation;
            if self.may_speak(id).is_err() {
                continue;
            }
            let Some(outgoing) = self.load_outgoing(name)? else {
                self.drop_attachment(name)?;
                continue;
            };
            let talk = self.state.conversations.get(&id).map(|state| state.talk());
            let timer = talk.and_then(|talk| talk.timer);
            let message = AppMessage {
                id: outgoing.id,
                ..self.new_message(id, outgoing.body(timer))
            };
            self.store.delete(tables::OUTGOING, *name.as_bytes());
            self.encrypt_and_post(id, &message)?;
            transfer.way = Way::Here;
            self.set_transfer(name, transfer);
        }
        Ok(())
    }

    /// A message that the old log did not show any more goes out again behind its chunks. `false` if they lie where it will
    /// stand.
    pub(crate) fn send_file_again(
        &mut self,
        id: ConversationId,
        message: &AppMessage,
        attachment: &Attachment,
    ) -> Result<bool, StepError> {
        let name = message.name(id, &self.identity()?);
        let present = self.state.conversations.get(&id).map(|state| state.log);
        let (Some(mut transfer), Some(present)) = (self.transfer(name)?, present) else {
            return Ok(false);
        };
        if transfer.log == present || transfer.way != Way::Here {
            return Ok(false);
        }
        let Attachment {
            name: file,
            bytes,
            key,
            chunks,
            picture,
            text,
        } = attachment.clone();
        let outgoing = Outgoing {
            id: message.id,
            written: message.sent,
            name: file,
            bytes,
            key,
            chunks,
            picture,
            reply: text.reply,
            words: text.words,
        };
        self.save_outgoing(id, name, &outgoing);
        (transfer.log, transfer.way, transfer.done) = (present, Way::Sending, 0);
        self.set_transfer(name, transfer);
        Ok(true)
    }

    /// Own files whose messages are not in the outbox of a conversation yet: their names, ids and words.
    pub(crate) fn outgoing_of(
        &self,
        id: ConversationId,
    ) -> Result<Vec<(MessageName, MessageId, Text)>, StepError> {
        let transfers = self.state.transfers.iter();
        let own = transfers.filter(|(_, transfer)| transfer.conversation == id && transfer.is_outgoing());
        let mut outgoing = Vec::new();
        for (name, _) in own {
            if let Some(Outgoing { id, words, reply, .. }) = self.load_outgoing(*name)? {
                let timer = None;
                outgoing.push((*name, id, Text { words, reply, timer }));
            }
        }
        Ok(outgoing)
    }

    /// Other words for a file that is still on its way out; `false` if there is none of that name.
    pub(crate) fn reword_outgoing(&mut self, name: MessageName, words: &str) -> Result<bool, StepError> {
        let transfer = self.state.transfers.get(&name);
        let conversation = transfer.filter(|it| it.is_outgoing()).map(|it| it.conversation);
        let (Some(conversation), Some(mut outgoing)) = (conversation, self.load_outgoing(name)?) else {
            return Ok(false);
        };
        words.clone_into(&mut outgoing.words);
        self.save_outgoing(conversation, name, &outgoing);
        self.forget_waiting(conversation);
        Ok(true)
    }

    pub(super) fn put_chunk(
        &mut self,
        name: MessageName,
        transfer: &Transfer,
        index: u32,
    ) -> Result<(), StepError> {
        let Some(token) = self.token_of(transfer.log) else {
            return Ok(());
        };
        let Some(outgoing) = self.load_outgoing(name)? else {
            return self.drop_attachment(name);
        };
        let Some((hash, bytes)) = self.outgoing_chunk(name, &outgoing, index)? else {
            self.set_transfer(name, transfer.clone().at(Way::Stuck));
            return Ok(());
        };
        let log = transfer.log;
        let ticket = self.ticket(Expected::PutChunk {
            message: name,
            log,
            index,
            hash,
        });
        let call = Call::PutBlob { log, token, bytes };
        self.effects.push(Effect::Call {
            ticket,
            lane: Lane::Attachments,
            call: Box::new(call),
        });
        Ok(())
    }

    fn outgoing_chunk(
        &self,
        name: MessageName,
        outgoing: &Outgoing,
        index: u32,
    ) -> Result<Option<(primitives::Hash, Vec<u8>)>, StepError> {
        if bytes_in(outgoing.bytes, index) == 0 {
            let piece = outgoing.key.seal(index, &[]);
            return Ok(piece.map(|piece| (piece.hash, piece.bytes)));
        }
        let place = usize::try_from(index).unwrap_or(usize::MAX);
        let bytes = match self.store.get(tables::CHUNKS, &chunk_key(name, index)) {
            Ok(bytes) => bytes,
            Err(StoreError::Damaged { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let hash = outgoing.chunks.get(place).copied();
        Ok(hash.zip(bytes.map(|bytes| bytes.to_vec())))
    }

    /// The right to read a log and to put something beside it, if the relay has the log.
    pub(super) fn token_of(&self, log: LogId) -> Option<ReadToken> {
        let state = self.state.logs.get(&log).filter(|state| state.created)?;
        let keys = state.role.keys(state.secret.secret());
        Some(ReadToken::from(&keys.read_token))
    }

    /// Takes the answer to a chunk that was put or asked for.
    pub(crate) fn chunk_came(
        &mut self,
        expected: &Expected,
        result: Result<Reply, CallError>,
    ) -> Result<(), StepError> {
        let Some((name, log, index)) = expected.chunk() else {
            return Ok(());
        };
        let transfer = self.state.transfers.get(&name);
        let Some(transfer) = transfer.filter(|transfer| transfer.log == log).cloned() else {
            return Ok(());
        };
        match (expected, transfer.way, result) {
            (Expected::PutChunk { hash, .. }, Way::Sending, Ok(Reply::BlobStored { hash: stored }))
                if *hash == stored =>
            {
                self.clear_notice(NoticeCode::RelayFull);
                self.chunk_moved(name, transfer, index);
            }
            (Expected::PutChunk { .. }, Way::Sending, result) => {
                match result {
                    Err(CallError::Problem(problem)) if problem.kind == ProblemKind::NotFound => {
                        // The relay does not know the log (any longer): it is created again, the chunks wait.
                        if let Some(state) = self.state.logs.get_mut(&log) {
                            state.created = false;
                        }
                        self.save_log(log);
                    }
                    Err(CallError::Problem(problem)) if problem.kind == ProblemKind::InsufficientStorage => {
                        self.notice(NoticeCode::RelayFull);
                    }
                    Ok(_) => self.notice(NoticeCode::RelayAnswersNonsense),
                    Err(_) => {}
                }
                self.chunk_failed(name);
            }
            (Expected::GetChunk { .. }, Way::Fetching, result) => {
                self.chunk_fetched(name, transfer, index, result)?;
            }
            _ => {}
        }
        Ok(())
    }
}
