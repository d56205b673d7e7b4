//! Files that go with messages: copied into the store sealed, put beside the conversation's log chunk by chunk, and fetched
//! from there chunk by chunk when a person asks for them (docs/decisions/0021).
//!
//! A transfer's record says where it stands. Chunks that are kept lie in a table of their own, sealed under a key that stands
//! nowhere but in the message: whoever burns the message burns the file.

mod copying;
mod fetching;
mod forgetting;
mod reading;
mod sending;

pub use copying::{Attached, Attaching};
pub use reading::KeptFile;

use crate::conversations::waiting_purpose;
use crate::requests::{Event, Topic};
use crate::step::{Step, StepError, load_from};
use crate::tables;
use crate::views::{TransferState, TransferView};
use crate::volatile::Expected;
use messaging::{Attachment, Body, CHUNK_BYTES, ChunkKey, FileName, Picture, Text, Timer};
use minicbor::{Decode, Encode};
use primitives::canonical::encode;
use primitives::{ConversationId, Hash, LogId, MessageId, MessageName, Time};
use std::collections::{BTreeMap, BTreeSet};

/// How often the front ends are told how far a transfer is.
const TOLD_EVERY_MS: u64 = 300;
/// So many chunks are under way at a time.
const UNDER_WAY: usize = 2;
/// Wait after a chunk could not be moved; doubles.
const RETRY_MS: u64 = 2_000;
/// It doubles so often at most.
const DOUBLINGS: u32 = 8;

/// Where one file stands on this device.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Transfer {
    #[n(0)]
    pub(crate) conversation: ConversationId,
    /// Beside which log its chunks lie, or are put.
    #[n(1)]
    pub(crate) log: LogId,
    #[n(2)]
    pub(crate) way: Way,
    /// Chunks moved, from the first one on without a gap; chunks left, where they are cleared away.
    #[n(3)]
    pub(crate) done: u32,
    #[n(4)]
    pub(crate) total: u32,
    /// Length of the file.
    #[n(5)]
    pub(crate) bytes: u64,
}

/// What is being done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub(crate) enum Way {
    /// It is copied into the store; nobody has been answered yet.
    #[n(0)]
    Copying,
    /// Its chunks are put beside the log; the message follows.
    #[n(1)]
    Sending,
    /// Somebody else's, not asked for.
    #[n(2)]
    Offered,
    #[n(3)]
    Fetching,
    #[n(4)]
    Here,
    /// The relay has it no more.
    #[n(5)]
    Gone,
    /// What the relay gave is not what the message names.
    #[n(6)]
    Failed,
    /// Its message is no more: what is there is cleared away.
    #[n(7)]
    Dropping,
    /// What was fetched is cleared away; then it is offered again.
    #[n(8)]
    Clearing,
    /// A chunk of an own file cannot be read any more, so that it never leaves: its user is told, and gives it up.
    #[n(9)]
    Stuck,
}

impl Way {
    /// Whether something is still to be done.
    const fn is_active(self) -> bool {
        matches!(
            self,
            Self::Copying | Self::Sending | Self::Stuck | Self::Fetching | Self::Dropping | Self::Clearing
        )
    }
}

impl Transfer {
    /// Whether something is still to be done.
    pub(crate) const fn is_active(&self) -> bool {
        self.way.is_active()
    }

    /// The same file at another place on its way.
    fn at(self, way: Way) -> Self {
        Self { way, ..self }
    }

    /// Whether it is one's own, and its message is not in the outbox yet.
    fn is_outgoing(&self) -> bool {
        matches!(self.way, Way::Sending | Way::Stuck)
    }

    /// Whether its message is still to leave.
    pub(crate) fn is_leaving(&self) -> bool {
        self.way == Way::Sending
    }

    fn view(&self) -> TransferView {
        let state = match self.way {
            Way::Copying | Way::Sending => TransferState::Sending,
            Way::Offered | Way::Dropping | Way::Clearing => TransferState::Offered,
            Way::Fetching => TransferState::Fetching,
            Way::Here => TransferState::Here,
            Way::Gone => TransferState::Gone,
            Way::Failed | Way::Stuck => TransferState::Failed,
        };
        let chunk = u64::try_from(CHUNK_BYTES).unwrap_or(u64::MAX);
        let done = match self.way {
            Way::Copying | Way::Offered | Way::Dropping | Way::Clearing => 0,
            Way::Here => self.bytes,
            _ => u64::from(self.done).saturating_mul(chunk).min(self.bytes),
        };
        let total = self.bytes;
        TransferView { state, done, total }
    }
}

/// A file on its way out, until its message is in the outbox. Burnt with the other words that wait.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Outgoing {
    #[n(0)]
    pub(crate) id: MessageId,
    #[n(1)]
    pub(crate) written: Time,
    #[n(2)]
    name: FileName,
    #[n(3)]
    bytes: u64,
    #[n(4)]
    key: ChunkKey,
    #[n(5)]
    chunks: Vec<Hash>,
    #[n(6)]
    picture: Option<Picture>,
    #[n(7)]
    reply: Option<MessageName>,
    #[n(8)]
    pub(crate) words: String,
}

impl Outgoing {
    fn attachment(self, timer: Option<Timer>) -> Attachment {
        let Self { words, reply, .. } = self;
        Attachment {
            name: self.name,
            bytes: self.bytes,
            key: self.key,
            chunks: self.chunks,
            picture: self.picture,
            text: Text { words, reply, timer },
        }
    }

    /// What its message says.
    pub(crate) fn body(self, timer: Option<Timer>) -> Body {
        Body::Attachment(Box::new(self.attachment(timer)))
    }
}

/// What is only true of transfers while the process runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Moving {
    /// Files that are being copied in by this process.
    copying: BTreeSet<MessageName>,
    /// Chunks moved beyond the first one that is missing.
    ahead: BTreeMap<MessageName, BTreeSet<u32>>,
    /// When each transfer is tried next, and how often it has failed.
    retry: BTreeMap<MessageName, (Time, u32)>,
    /// What the front ends were told the last time, and when.
    told: BTreeMap<MessageName, (Way, Time)>,
}

impl Moving {
    fn forget(&mut self, name: &MessageName) {
        self.copying.remove(name);
        self.ahead.remove(name);
        self.retry.remove(name);
        self.told.remove(name);
    }

    /// When each transfer is tried next, and when the front ends were told.
    pub(crate) fn times(&mut self) -> impl Iterator<Item = &mut Time> {
        let retries = self.retry.values_mut().map(|(at, _)| at);
        retries.chain(self.told.values_mut().map(|(_, at)| at))
    }

    /// Nothing waits any longer for having failed.
    pub(crate) fn hurry(&mut self) {
        self.retry.clear();
    }
}

impl Step<'_> {
    /// Where a file stands.
    pub(crate) fn transfer(&self, name: MessageName) -> Result<Option<Transfer>, StepError> {
        match self.state.transfers.get(&name) {
            Some(transfer) => Ok(Some(transfer.clone())),
            None => load_from(&self.store, tables::TRANSFERS, name.as_bytes()),
        }
    }

    fn set_transfer(&mut self, name: MessageName, transfer: Transfer) {
        self.store
            .put(tables::TRANSFERS, *name.as_bytes(), encode(&transfer));
        self.tell_transfer(name, &transfer);
        if transfer.way.is_active() {
            self.state.transfers.insert(name, transfer);
        } else {
            self.state.transfers.remove(&name);
            self.state.volatile.moving.forget(&name);
        }
    }

    fn tell_transfer(&mut self, name: MessageName, transfer: &Transfer) {
        if matches!(transfer.way, Way::Copying | Way::Dropping) {
            return;
        }
        let told = self.state.volatile.moving.told.get(&name).copied();
        let changed = told.is_none_or(|(way, _)| way != transfer.way);
        if changed {
            self.touch(Topic::Conversations);
        }
        if changed || told.is_some_and(|(_, at)| at.after(TOLD_EVERY_MS) <= self.now) {
            let told = (transfer.way, self.now);
            self.state.volatile.moving.told.insert(name, told);
            self.emit(Event::Transfer {
                conversation: transfer.conversation.to_string(),
                message: name.to_string(),
                transfer: transfer.view(),
            });
        }
    }

    /// How a file's transfer is shown.
    pub(crate) fn show_transfer(&self, name: MessageName, bytes: u64) -> Result<TransferView, StepError> {
        let transfer = self.transfer(name)?;
        Ok(transfer.map_or(
            TransferView {
                state: TransferState::Offered,
                done: 0,
                total: bytes,
            },
            |transfer| transfer.view(),
        ))
    }

    fn load_outgoing(&self, name: MessageName) -> Result<Option<Outgoing>, StepError> {
        load_from(&self.store, tables::OUTGOING, name.as_bytes())
    }

    fn save_outgoing(&mut self, conversation: ConversationId, name: MessageName, outgoing: &Outgoing) {
        self.store.put_for(
            waiting_purpose(conversation),
            tables::OUTGOING,
            *name.as_bytes(),
            encode(outgoing),
        );
    }

    /// The own files of a conversation that are on their way out, each with its name.
    pub(crate) fn outgoing(
        &self,
        conversation: ConversationId,
    ) -> Result<Vec<(MessageName, Outgoing)>, StepError> {
        let mut all = Vec::new();
        for (name, transfer) in &self.state.transfers {
            if transfer.conversation == conversation
                && transfer.is_outgoing()
                && let Some(outgoing) = self.load_outgoing(*name)?
            {
                all.push((*name, outgoing));
            }
        }
        all.sort_by_key(|(_, outgoing)| outgoing.written);
        Ok(all)
    }

    /// What transfers need to go on, in every step.
    pub(crate) fn move_files(&mut self) -> Result<(), StepError> {
        if self.state.transfers.is_empty() {
            return Ok(());
        }
        self.drop_unfinished_copies()?;
        self.sweep();
        if self.own_seat().is_err() {
            return Ok(());
        }
        self.follow_hops();
        self.post_sent()?;
        let quiet = self.state.volatile.quiet_until;
        if quiet.is_some_and(|until| until > self.now) {
            return Ok(());
        }
        let active: Vec<(MessageName, Transfer)> = self
            .state
            .transfers
            .iter()
            .filter(|(name, transfer)| self.is_movable(name, transfer))
            .map(|(name, transfer)| (*name, transfer.clone()))
            .collect();
        for (name, transfer) in active {
            for index in self.chunks_due(name, &transfer) {
                match transfer.way {
                    Way::Sending => self.put_chunk(name, &transfer, index)?,
                    Way::Fetching => self.get_chunk(name, &transfer, index)?,
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn is_movable(&self, name: &MessageName, transfer: &Transfer) -> bool {
        let retry = self.state.volatile.moving.retry.get(name);
        matches!(transfer.way, Way::Sending | Way::Fetching) && retry.is_none_or(|(at, _)| *at <= self.now)
    }

    /// The next chunks of a transfer that nobody has been asked for, as far as there is room.
    fn chunks_due(&self, name: MessageName, transfer: &Transfer) -> Vec<u32> {
        let under_way: Vec<(MessageName, LogId, u32)> = self
            .state
            .volatile
            .expected
            .values()
            .filter_map(Expected::chunk)
            .collect();
        let ahead = self.state.volatile.moving.ahead.get(&name);
        (transfer.done..transfer.total)
            .filter(|index| ahead.is_none_or(|ahead| !ahead.contains(index)))
            .filter(|index| !under_way.contains(&(name, transfer.log, *index)))
            .take(UNDER_WAY.saturating_sub(under_way.len()))
            .collect()
    }

    /// A chunk has been moved.
    fn chunk_moved(&mut self, name: MessageName, mut transfer: Transfer, index: u32) {
        self.call_worked();
        let moving = &mut self.state.volatile.moving;
        moving.retry.remove(&name);
        let ahead = moving.ahead.entry(name).or_default();
        ahead.insert(index);
        let before = transfer.done;
        while ahead.remove(&transfer.done) {
            transfer.done = transfer.done.saturating_add(1);
        }
        if transfer.done == before {
            return;
        }
        if transfer.done >= transfer.total && transfer.way == Way::Fetching {
            transfer.way = Way::Here;
        }
        self.set_transfer(name, transfer);
    }

    /// Only this transfer waits, longer each time: nobody can silence a device by naming what is not there.
    fn chunk_failed(&mut self, name: MessageName) {
        let failures = self.state.volatile.moving.retry.get(&name);
        let failures = failures.map_or(0, |(_, failures)| *failures);
        let wait_ms = RETRY_MS.saturating_mul(1 << failures.min(DOUBLINGS));
        let jitter_ms = self.below(wait_ms / 2);
        let at = self.now.after(wait_ms.saturating_add(jitter_ms));
        let retry = (at, failures.saturating_add(1));
        self.state.volatile.moving.retry.insert(name, retry);
    }
}

/// Key of a chunk's record: message, then index.
fn chunk_key(name: MessageName, index: u32) -> Vec<u8> {
    [name.as_bytes().as_slice(), &index.to_be_bytes()].concat()
}
