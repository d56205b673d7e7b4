//! A file is copied into the store first, sealed: then its source may go, and the message follows by itself.

use super::{Moving, Outgoing, Transfer, Way, chunk_key};
use crate::commands::{bad, parse, said, unknown};
use crate::effects::Effect;
use crate::machine::{Client, Failed};
use crate::requests::{Answer, Refusal, RefusalCode, Topic};
use crate::step::Step;
use crate::tables;
use messaging::{
    ATTACHMENT_BYTES_MAX, AppMessage, Body, CHUNK_BYTES, ChunkKey, FileName, Picture, chunks_of,
};
use primitives::{ConversationId, MessageId, MessageName, Store, Time};
use rand_core::CryptoRng;

/// A file that somebody attaches; its bytes follow.
#[derive(Debug, Clone)]
pub struct Attaching {
    /// To which conversation; the plenary if absent.
    pub conversation: Option<String>,
    /// What the file is called; a path is cut to its last part.
    pub name: String,
    /// What it shows, if it is a picture.
    pub picture: Option<Picture>,
    /// Words that go with it; may be empty.
    pub text: String,
    /// The message that it answers.
    pub reply_to: Option<String>,
}

/// A file that is being copied in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attached(MessageName);

impl<S: Store> Client<S> {
    /// Begins to copy a file in. [`Client::attach_bytes`] follows until it ends, then [`Client::attach_end`].
    pub fn attach(
        &mut self,
        now: Time,
        rng: &mut dyn CryptoRng,
        attaching: Attaching,
    ) -> (Result<Attached, Refusal>, Vec<Effect>) {
        self.answered(now, rng, |step| step.attach(attaching).map(Attached))
    }

    /// Copies the next bytes of a file in: [`CHUNK_BYTES`] of them, less only at its end.
    pub fn attach_bytes(
        &mut self,
        now: Time,
        rng: &mut dyn CryptoRng,
        attached: Attached,
        bytes: &[u8],
    ) -> (Result<(), Refusal>, Vec<Effect>) {
        self.answered(now, rng, |step| step.attach_bytes(attached.0, bytes))
    }

    /// All of the file is here: it is sent, and its message follows.
    pub fn attach_end(
        &mut self,
        now: Time,
        rng: &mut dyn CryptoRng,
        attached: Attached,
    ) -> (Result<Answer, Refusal>, Vec<Effect>) {
        self.answered(now, rng, |step| step.attach_end(attached.0))
    }

    /// The file cannot be read to its end: what was copied goes.
    pub fn attach_drop(
        &mut self,
        now: Time,
        rng: &mut dyn CryptoRng,
        attached: Attached,
    ) -> (Result<(), Refusal>, Vec<Effect>) {
        self.answered(now, rng, |step| Ok(step.drop_attachment(attached.0)?))
    }
}

impl Step<'_> {
    fn attach(&mut self, attaching: Attaching) -> Result<MessageName, Failed> {
        let conversation = self.conversation_named(attaching.conversation.as_deref())?;
        self.may_speak(conversation)?;
        let reply = attaching.reply_to.as_deref();
        let reply = reply.map(parse::<MessageName>).transpose()?;
        self.knows(conversation, reply)?;
        if attaching
            .picture
            .as_ref()
            .is_some_and(|it| !it.is_within_limits())
        {
            return Err(bad("a picture has at most 50 megapixels and a thumbnail of 12 KiB").into());
        }
        let outgoing = Outgoing {
            id: MessageId::new(self.random()),
            written: self.now,
            name: FileName::cleaned(&attaching.name),
            bytes: 0,
            key: ChunkKey::random(self.rng),
            chunks: Vec::new(),
            picture: attaching.picture,
            reply,
            words: said("text", attaching.text, 0)?,
        };
        let name = self.name_of_outgoing(conversation, outgoing.id)?;
        self.save_outgoing(conversation, name, &outgoing);
        self.state.volatile.moving.copying.insert(name);
        let log = self.state.conversations.get(&conversation).map(|state| state.log);
        let transfer = Transfer {
            conversation,
            log: log.ok_or_else(|| unknown("conversation"))?,
            way: Way::Copying,
            done: 0,
            total: 0,
            bytes: 0,
        };
        self.set_transfer(name, transfer);
        Ok(name)
    }

    fn attach_bytes(&mut self, name: MessageName, bytes: &[u8]) -> Result<(), Failed> {
        let (mut transfer, mut outgoing) = self.copied(name)?;
        let chunk = u64::try_from(CHUNK_BYTES).unwrap_or(u64::MAX);
        let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if len == 0 {
            return Ok(());
        }
        if outgoing.bytes.saturating_add(len) > ATTACHMENT_BYTES_MAX {
            return Err(too_large());
        }
        let index = u32::try_from(outgoing.chunks.len()).map_err(|_| too_large())?;
        let piece = outgoing.key.seal(index, bytes);
        let (true, Some(piece)) = (outgoing.bytes.is_multiple_of(chunk), piece) else {
            return Err(bad("the bytes of a file are copied in whole chunks").into());
        };
        self.store
            .put(tables::CHUNKS, chunk_key(name, index), piece.bytes);
        outgoing.bytes = outgoing.bytes.saturating_add(len);
        outgoing.chunks.push(piece.hash);
        self.save_outgoing(transfer.conversation, name, &outgoing);
        (transfer.bytes, transfer.total) = (outgoing.bytes, index.saturating_add(1));
        self.set_transfer(name, transfer);
        Ok(())
    }

    fn attach_end(&mut self, name: MessageName) -> Result<Answer, Failed> {
        let (mut transfer, mut outgoing) = self.copied(name)?;
        let Some(count) = chunks_of(outgoing.bytes) else {
            return Err(bad("the file is empty; there is nothing to attach").into());
        };
        self.may_speak(transfer.conversation)?;
        // Chunks that only pad the number are made again when they leave.
        while outgoing.chunks.len() < count {
            let index = u32::try_from(outgoing.chunks.len()).map_err(|_| too_large())?;
            let piece = outgoing.key.seal(index, &[]).ok_or_else(too_large)?;
            outgoing.chunks.push(piece.hash);
        }
        self.save_outgoing(transfer.conversation, name, &outgoing);
        self.sent_as_drafted(transfer.conversation, &outgoing.words)?;
        self.state.volatile.moving.copying.remove(&name);
        let log = self.state.conversations.get(&transfer.conversation);
        transfer.log = log.map_or(transfer.log, |state| state.log);
        transfer.total = u32::try_from(count).map_err(|_| too_large())?;
        transfer.way = Way::Sending;
        self.set_transfer(name, transfer);
        self.touch(Topic::Conversations);
        Ok(Answer::Sent {
            message: name.to_string(),
        })
    }

    /// A file that this process is copying in.
    fn copied(&self, name: MessageName) -> Result<(Transfer, Outgoing), Failed> {
        let transfer = self.state.transfers.get(&name);
        let Moving { copying, .. } = &self.state.volatile.moving;
        let transfer = transfer.filter(|transfer| transfer.way == Way::Copying && copying.contains(&name));
        let outgoing = self.load_outgoing(name)?;
        transfer
            .cloned()
            .zip(outgoing)
            .ok_or_else(|| unknown("file on its way in").into())
    }

    fn name_of_outgoing(&self, conversation: ConversationId, id: MessageId) -> Result<MessageName, Failed> {
        let message = AppMessage {
            id,
            sent: self.now,
            journal: None,
            conversation: None,
            body: Body::Timer(None),
        };
        Ok(message.name(conversation, &self.identity()?))
    }
}

fn too_large() -> Failed {
    Refusal::new(
        RefusalCode::TooLarge,
        "a file has at most 64 MiB; send it in parts, or in another way",
    )
    .into()
}
