//! Files in the world: attached, fetched and read as the edge does it.

use super::World;
use client::requests::{Answer, Refusal, Request};
use client::views::{MessageContent, MessageView, TransferState, TransferView};
use client::{Attached, Attaching, CHUNK_BYTES, Picture};
use primitives::store::Store as _;
use primitives::{Batch, Table};

/// The tables that know of files.
const TABLES: [&str; 3] = ["transfers", "transfers-outgoing", "transfers-chunks"];

/// What is attached.
#[derive(Clone, Default)]
pub struct File {
    pub conversation: Option<String>,
    pub name: &'static str,
    pub bytes: Vec<u8>,
    pub text: &'static str,
    pub picture: Option<Picture>,
}

impl File {
    pub fn new(name: &'static str, len: usize, text: &'static str) -> Self {
        let bytes = (0..len).map(|at| (at * 31 % 251) as u8).collect();
        Self {
            name,
            bytes,
            text,
            ..Self::default()
        }
    }
}

/// How a message's file is shown; nothing if it has none.
pub fn transfer(view: &MessageView) -> Option<TransferView> {
    match &view.content {
        MessageContent::Attachment { transfer, .. } => Some(transfer.clone()),
        _ => None,
    }
}

impl World {
    pub fn begin_attaching(&mut self, who: usize, file: &File) -> Attached {
        let attaching = Attaching {
            conversation: file.conversation.clone(),
            name: file.name.into(),
            picture: file.picture.clone(),
            text: file.text.into(),
            reply_to: None,
        };
        self.call(who, |client, now, rng| client.attach(now, rng, attaching))
            .unwrap()
    }

    pub fn attach_bytes(&mut self, who: usize, attached: Attached, bytes: &[u8]) -> Result<(), Refusal> {
        self.call(who, |client, now, rng| {
            client.attach_bytes(now, rng, attached, bytes)
        })
    }

    pub fn end_attaching(&mut self, who: usize, attached: Attached) -> Result<Answer, Refusal> {
        self.call(who, |client, now, rng| client.attach_end(now, rng, attached))
    }

    /// Copies a file in; the message's id.
    pub fn attach(&mut self, who: usize, file: &File) -> String {
        let attached = self.begin_attaching(who, file);
        for bytes in file.bytes.chunks(CHUNK_BYTES) {
            self.attach_bytes(who, attached, bytes).unwrap();
        }
        match self.end_attaching(who, attached) {
            Ok(Answer::Sent { message }) => message,
            other => panic!("{other:?}"),
        }
    }

    pub fn message(&mut self, who: usize, conversation: Option<&str>, id: &str) -> Option<MessageView> {
        let messages = self.messages(who, conversation);
        messages.into_iter().find(|view| view.id == id)
    }

    /// Where a file is for a member; nothing if there is no such message.
    pub fn file_state(&mut self, who: usize, conversation: Option<&str>, id: &str) -> Option<TransferState> {
        let view = self.message(who, conversation, id)?;
        transfer(&view).map(|transfer| transfer.state)
    }

    pub fn until_file(&mut self, who: usize, conversation: Option<&str>, id: &str, state: TransferState) {
        self.until(&format!("{state:?} for {who}"), 900_000, |world| {
            world.file_state(who, conversation, id) == Some(state)
        });
    }

    pub fn fetch(&mut self, who: usize, conversation: Option<&str>, id: &str) {
        let request = Request::Fetch {
            conversation: conversation.map(str::to_owned),
            message: id.into(),
        };
        assert_eq!(self.ask(who, request), Ok(Answer::Done));
    }

    pub fn cancel_transfer(&mut self, who: usize, id: &str) -> Result<Answer, Refusal> {
        let request = Request::CancelTransfer {
            conversation: None,
            message: id.into(),
        };
        self.ask(who, request)
    }

    /// The bytes of a file that is here.
    pub fn file_bytes(
        &mut self,
        who: usize,
        conversation: Option<&str>,
        id: &str,
    ) -> Result<Vec<u8>, Refusal> {
        self.call(who, |client, now, rng| {
            let read = || {
                let kept = client.file(now, rng, conversation, id)?;
                let mut bytes = Vec::new();
                for index in 0..kept.chunks() {
                    bytes.extend_from_slice(&client.file_chunk(&kept, index)?);
                }
                Ok(bytes)
            };
            let mut read = read;
            (read(), Vec::new())
        })
    }

    /// How many records a member has of files, by table.
    pub fn file_records(&mut self, who: usize) -> [usize; 3] {
        let store = self.clients[who].as_mut().unwrap().store_mut();
        TABLES.map(|table| store.scan(Table(table), b"", b"", usize::MAX).unwrap().len())
    }

    /// One chunk that a member keeps is there no more.
    pub fn lose_chunk(&mut self, who: usize) {
        let store = self.clients[who].as_mut().unwrap().store_mut();
        let chunks = Table("transfers-chunks");
        let (key, _) = store.scan(chunks, b"", b"", 1).unwrap().remove(0);
        let mut batch = Batch::new();
        batch.delete(chunks, key);
        store.apply(batch).unwrap();
    }
}
