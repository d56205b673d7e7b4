//! One step: an overlay of the store, a copy of the state, and the effects that leave once both are durable.

use crate::attachments::Transfer;
use crate::conversations::ConversationState;
use crate::devices::{LinkState, NewDevice};
use crate::effects::{Effect, Ticket};
use crate::requests::{Event, Topic};
use crate::state::{Device, Duty, InvitationState, LogState, Member, OutboxItem, OwnPart};
use crate::tables;
use crate::views::Carrier;
use crate::volatile::{Expected, Volatile};
use assembly::Assembly;
use minicbor::{Decode, Encode};
use primitives::canonical::{decode_canonical, encode};
use primitives::store::{Overlay, Value};
use primitives::{
    ConversationId, Hash, LogId, MessageName, MotionId, Purpose, Secret, Store, StoreError, Table, Time,
    VerifyingKey,
};
use rand_core::CryptoRng;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The fold's snapshot is written after so many entries; what came since is folded again at start-up.
const SNAPSHOT_ENTRIES: u32 = 24;
/// Between the turns of clients that could all do the same duty.
const STAGGER_MS: u64 = 700;
/// Nobody waits longer for those before.
const STAGGER_MS_MAX: u64 = 60_000;
/// Between two attempts at a duty, when the first has come to nothing.
const DUTY_RETRY_MS: u64 = 4_000;

/// Everything the machine knows between steps. Cheap to copy: large parts are shared.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) member: Option<Member>,
    pub(crate) logs: BTreeMap<LogId, LogState>,
    pub(crate) outbox: BTreeMap<u64, OutboxItem>,
    pub(crate) invitations: BTreeMap<LogId, InvitationState>,
    /// Links for further devices that this device has made, by their logs.
    pub(crate) links: BTreeMap<LogId, LinkState>,
    /// Devices that have come to one's own seat, until its user has seen it.
    pub(crate) new_devices: Vec<NewDevice>,
    pub(crate) conversations: BTreeMap<ConversationId, ConversationState>,
    /// Lines that one's other devices have read and that have not come here yet.
    pub(crate) marks: BTreeMap<ConversationId, Vec<MessageName>>,
    pub(crate) votes: BTreeMap<MotionId, OwnPart>,
    /// Files with which something is still to be done, by the message's name.
    pub(crate) transfers: BTreeMap<MessageName, Transfer>,
    pub(crate) journal_keys: BTreeMap<u32, crate::state::Seed>,
    pub(crate) assembly: Option<Arc<Assembly>>,
    pub(crate) roster: Vec<crate::state::Span>,
    /// The way to the relay that was set before there is an assembly; the first one is founded or joined by it.
    pub(crate) first_carrier: Option<Carrier>,
    /// Its user wants to be told nothing.
    pub(crate) no_notices: bool,
    pub(crate) volatile: Volatile,
}

impl State {
    /// How many things wait for the relay: bytes in the outbox, and files on their way out.
    pub(crate) fn waiting(&self) -> usize {
        let items = self.outbox.values();
        let items = items.filter(|item| item.promised.is_none() && !item.pending);
        let files = self.transfers.values().filter(|transfer| transfer.is_leaving());
        items.count().saturating_add(files.count())
    }

    /// The way to the relay.
    pub(crate) fn carrier(&self) -> Carrier {
        match &self.member {
            Some(member) => Carrier::through(member.proxy.clone()),
            None => self.first_carrier.clone().unwrap_or(Carrier::Direct),
        }
    }
}

/// Why a step did not happen. Nothing of it remains, on disk or in memory.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A record of one's own does not decode: damage, or a newer version wrote it.
    #[error("a record of table '{0}' does not decode")]
    Record(&'static str),
    /// The conversation machine failed on its own state.
    #[error("the conversation state cannot be used: {0}")]
    Messaging(String),
    /// A rule of the machine itself was broken; a defect.
    #[error("internal: {0}")]
    Internal(&'static str),
}

/// The right to make one attempt at a duty; spent on what is posted for it.
#[derive(Debug)]
#[must_use]
pub(crate) struct Turn(pub(crate) Duty);

/// The inside of one step.
pub(crate) struct Step<'a> {
    pub(crate) now: Time,
    pub(crate) rng: &'a mut dyn CryptoRng,
    pub(crate) store: Overlay<'a, dyn Store + 'a>,
    pub(crate) state: State,
    pub(crate) effects: Vec<Effect>,
    /// Conversations that this step has loaded; saved once, at its end.
    pub(crate) sessions: BTreeMap<ConversationId, messaging::Conversation>,
    /// This member's long-term public key, once it was asked for.
    pub(crate) identity: OnceCell<VerifyingKey>,
    /// The relay's checkpoint key, once its certificate was verified.
    pub(crate) relay_key: OnceCell<tlog::CheckpointKey>,
    /// Checkpoints of journals and of conversations that others have seen, compared in this step: most say the same.
    pub(crate) compared: BTreeSet<(Topic, Hash)>,
    /// Words to be burnt at its end, by conversation: a stretch of lines, or what waits.
    pub(crate) to_burn: BTreeSet<(ConversationId, Option<u64>)>,
    /// Whether the fold has moved in this step; its snapshot is written once, at its end.
    pub(crate) folded: bool,
    topics: BTreeSet<Topic>,
}

impl<'a> Step<'a> {
    pub(crate) fn new(
        now: Time,
        rng: &'a mut dyn CryptoRng,
        store: &'a (dyn Store + 'a),
        state: State,
    ) -> Self {
        Self {
            now,
            rng,
            store: Overlay::new(store),
            state,
            effects: Vec::new(),
            sessions: BTreeMap::new(),
            identity: OnceCell::new(),
            relay_key: OnceCell::new(),
            compared: BTreeSet::new(),
            to_burn: BTreeSet::new(),
            folded: false,
            topics: BTreeSet::new(),
        }
    }

    /// Marks something that front ends show as changed.
    pub(crate) fn touch(&mut self, topic: Topic) {
        self.topics.insert(topic);
    }

    pub(crate) fn emit(&mut self, event: Event) {
        self.effects.push(Effect::Emit(event));
    }

    /// This device, for whatever speaks for it.
    pub(crate) fn device(&self) -> Result<Device, StepError> {
        let member = self.state.member.as_ref();
        member.ok_or(StepError::Internal("no member"))?.device()
    }

    pub(crate) fn ticket(&mut self, expected: Expected) -> Ticket {
        let ticket = Ticket(self.state.volatile.next_ticket);
        self.state.volatile.next_ticket = ticket.0.wrapping_add(1);
        self.state.volatile.expected.insert(ticket, expected);
        ticket
    }

    pub(crate) fn expects(&self, what: &Expected) -> bool {
        self.state
            .volatile
            .expected
            .values()
            .any(|expected| expected == what)
    }

    pub(crate) fn random<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.rng.fill_bytes(&mut bytes);
        bytes
    }

    pub(crate) fn secret(&mut self) -> Secret<32> {
        Secret::random(self.rng)
    }

    /// A uniform number below `bound`, 0 if `bound` is 0 (the bias of a 64-bit draw over a wait in milliseconds is below 2^-30).
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.rng.next_u64().checked_rem(bound).unwrap_or(0)
    }

    /// How long this seat lets those before it do what all could do, so that not all do it at once.
    pub(crate) fn turn_ms(&self) -> u64 {
        let before = self.own_seat().map_or(0, |seat| seat.number.0.saturating_sub(1));
        u64::from(before).saturating_mul(STAGGER_MS).min(STAGGER_MS_MAX)
    }

    /// Whether a duty that all could do has waited for those before this seat.
    pub(crate) fn is_own_turn(&mut self, duty: &Duty) -> bool {
        let since = *self
            .state
            .volatile
            .due_since
            .entry(duty.clone())
            .or_insert(self.now);
        since.after(self.turn_ms()) <= self.now
    }

    /// One of a kind of duty at a time: no turn while what the last attempt made still waits to be seen in its log, or
    /// was made a moment ago. The turn goes with what is posted for it.
    pub(crate) fn may_try(&mut self, duty: Duty) -> Option<Turn> {
        let waits = self
            .state
            .outbox
            .values()
            .any(|item| item.duty.as_ref() == Some(&duty));
        let after = self.state.volatile.duty_after.get(&duty);
        if waits || after.is_some_and(|after| *after > self.now) {
            return None;
        }
        self.state
            .volatile
            .duty_after
            .insert(duty.clone(), self.now.after(DUTY_RETRY_MS));
        Some(Turn(duty))
    }

    pub(crate) fn save_member(&mut self) {
        if let Some(member) = &self.state.member {
            self.store.put(tables::MEMBER, *b"self", encode(member));
        }
        self.touch(Topic::Overview);
    }

    pub(crate) fn save_log(&mut self, id: LogId) {
        if let Some(log) = self.state.logs.get(&id) {
            self.store.put(tables::LOGS, *id.as_bytes(), encode(log));
        }
    }

    pub(crate) fn save_invitation(&mut self, id: LogId) {
        if let Some(invitation) = self.state.invitations.get(&id) {
            self.store
                .put(tables::INVITATIONS, *id.as_bytes(), encode(invitation));
        }
        self.touch(Topic::Members);
    }

    pub(crate) fn save_conversation(&mut self, id: ConversationId) {
        if let Some(conversation) = self.state.conversations.get(&id) {
            self.store
                .put(tables::CONVERSATIONS, *id.as_bytes(), encode(conversation));
        }
        self.touch(Topic::Conversations);
    }

    pub(crate) fn save_part(&mut self, motion: MotionId) {
        if let Some(part) = self.state.votes.get(&motion) {
            self.store.put_for(
                part_purpose(motion),
                tables::VOTES,
                *motion.as_bytes(),
                encode(part),
            );
        }
        self.touch(Topic::Motions);
    }

    /// Ends the step: its batch, its state, its effects.
    pub(crate) fn finish(mut self) -> Result<(primitives::Batch, State, Vec<Effect>), StepError> {
        self.burn_marked()?;
        for conversation in self.sessions.values_mut() {
            conversation.save(&mut self.store)?;
        }
        let behind = self.state.volatile.folded_since;
        let due = behind >= SNAPSHOT_ENTRIES;
        if let (true, true, Some(assembly)) = (self.folded, due, &self.state.assembly) {
            self.state.volatile.folded_since = 0;
            self.store.put(tables::FOLD, *b"snapshot", assembly.snapshot());
        }
        if !self.topics.is_empty() {
            let topics = self.topics.into_iter().collect();
            self.effects.push(Effect::Emit(Event::Changed { topics }));
        }
        Ok((self.store.into_batch(), self.state, self.effects))
    }
}

/// Reads every record of a table whose keys are ids.
pub(crate) fn load_all<T>(store: &dyn Store, table: Table) -> Result<Vec<(Vec<u8>, T)>, StepError>
where
    T: for<'b> Decode<'b, ()> + Encode<()>,
{
    let records = store.scan(table, b"", b"", usize::MAX)?;
    records
        .into_iter()
        .map(|(key, value)| {
            Ok((
                key,
                decode_canonical(&value).map_err(|_| StepError::Record(table.0))?,
            ))
        })
        .collect()
}

/// Reads one record.
pub(crate) fn load_one<T>(store: &dyn Store, table: Table, key: &[u8]) -> Result<Option<T>, StepError>
where
    T: for<'b> Decode<'b, ()> + Encode<()>,
{
    decoded(table, store.get(table, key)?)
}

/// Reads one record as the step sees it.
pub(crate) fn load_from<T>(
    store: &Overlay<'_, dyn Store + '_>,
    table: Table,
    key: &[u8],
) -> Result<Option<T>, StepError>
where
    T: for<'b> Decode<'b, ()> + Encode<()>,
{
    decoded(table, store.get(table, key)?)
}

fn decoded<T>(table: Table, value: Option<Value>) -> Result<Option<T>, StepError>
where
    T: for<'b> Decode<'b, ()> + Encode<()>,
{
    value
        .map(|value| decode_canonical(&value).map_err(|_| StepError::Record(table.0)))
        .transpose()
}

/// Own part in a vote is burnt when the vote is over: what is left must not tell whether one took part.
pub(crate) fn part_purpose(motion: MotionId) -> Purpose {
    Purpose::burnable([b"part/".as_slice(), motion.as_bytes()].concat())
}

pub(crate) fn messaging_error(error: messaging::UseError) -> StepError {
    StepError::Messaging(error.to_string())
}
