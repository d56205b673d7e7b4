//! The machine: one step, one batch. Inputs come in, a step works on a copy, the copy is made durable, effects leave.

use crate::attachments::Transfer;
use crate::effects::{Effect, Input, Ticket};
use crate::jobs::Progress;
use crate::requests::{Answer, AuditLevel, Event, Refusal, RefusalCode, Request};
use crate::state::{OutboxItem, Seed};
use crate::step::{State, Step, StepError, load_all, load_one};
use crate::tables;
use crate::views::{Carrier, NoticeCode};
use crate::volatile::Expected;
use assembly::Assembly;
use primitives::signed::Unverified;
use primitives::{ConversationId, LogId, MessageName, MotionId, Store, Time};
use rand_core::CryptoRng;
use relay_api::RelayAddress;
use std::sync::Arc;

/// Where the relay is and how it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The relay.
    pub address: RelayAddress,
    /// The way.
    pub carrier: Carrier,
}

/// A member's machine over a store.
#[derive(Debug)]
pub struct Client<S> {
    pub(crate) store: S,
    pub(crate) state: State,
}

impl<S: Store> Client<S> {
    /// Loads the machine from what its last durable batch left.
    ///
    /// # Errors
    /// [`StepError`] if a record is damaged. "Failed to load" is never treated as "absent".
    pub fn open(store: S) -> Result<Self, StepError> {
        let state = load(&store)?;
        Ok(Self { store, state })
    }

    /// Gives the store back.
    #[must_use]
    pub fn into_store(self) -> S {
        self.store
    }

    /// The store, for tests that make it fail.
    pub fn store_mut(&mut self) -> &mut S {
        &mut self.store
    }

    /// Where the relay is, once an assembly names one.
    #[must_use]
    pub fn destination(&self) -> Option<Destination> {
        let member = self.state.member.as_ref()?;
        Some(Destination {
            address: member.relay.parse().ok()?,
            carrier: self.carrier(),
        })
    }

    /// The way to the relay, also before there is an assembly.
    #[must_use]
    pub fn carrier(&self) -> Carrier {
        self.state.carrier()
    }

    /// Whether bytes wait for the relay.
    #[must_use]
    pub fn outbox_entries(&self) -> usize {
        self.state.waiting()
    }

    /// Carries out what a person asks for. The answer comes when it is durable.
    ///
    /// - `now`: local time, used for waits and for what the person reads; never for what an assembly decides.
    /// - `rng`: the operating system's generator.
    pub fn request(
        &mut self,
        now: Time,
        rng: &mut dyn CryptoRng,
        request: Request,
    ) -> (Result<Answer, Refusal>, Vec<Effect>) {
        self.answered(now, rng, |step| step.request(request))
    }

    /// Runs `inside` as one step and gives what a person is answered.
    pub(crate) fn answered<T>(
        &mut self,
        now: Time,
        rng: &mut dyn CryptoRng,
        inside: impl FnOnce(&mut Step<'_>) -> Result<T, Failed>,
    ) -> (Result<T, Refusal>, Vec<Effect>) {
        match self.step(now, rng, inside) {
            Ok((answer, effects)) => (Ok(answer), effects),
            Err(Failed::Refused(refusal)) => (Err(refusal), Vec::new()),
            Err(Failed::Step(error)) => (Err(error.refusal()), Vec::new()),
        }
    }

    /// Takes an input.
    ///
    /// # Errors
    /// [`StepError`]: nothing of the step remains, and the input may be given again.
    pub fn handle(
        &mut self,
        now: Time,
        rng: &mut dyn CryptoRng,
        input: Input,
    ) -> Result<Vec<Effect>, StepError> {
        let outcome = self.step(now, rng, |step| Ok(step.input(input)?));
        match outcome {
            Ok(((), effects)) => Ok(effects),
            Err(Failed::Step(error)) => {
                // Nothing of the step remains but that it failed, for a quiet line.
                self.state.volatile.step_failed = Some(now);
                Err(error)
            }
            Err(Failed::Refused(_)) => Err(StepError::Internal("an input was refused")),
        }
    }

    /// Remembers a relay's keys, fetched from the relay that a person is about to found an assembly on.
    ///
    /// # Errors
    /// A refusal if the address cannot be read or the keys are not signed by the identity key that it pins.
    pub fn learn_relay(&mut self, address: &str, keys: Unverified) -> Result<(), Refusal> {
        let parsed: RelayAddress = address.parse().map_err(|_| {
            Refusal::new(
                RefusalCode::BadRelayAddress,
                "the relay's address line cannot be read; ask its operator for it again",
            )
        })?;
        relay_api::RelayKeys::verify(keys.clone(), parsed.relay).map_err(|_| {
            Refusal::new(
                RefusalCode::BadRelayAddress,
                "what answers there is not the relay that the address names",
            )
        })?;
        self.state.volatile.relay_known = Some((address.to_owned(), keys));
        Ok(())
    }

    /// The audit file of everything up to now.
    ///
    /// # Errors
    /// A refusal if there is no assembly yet or a record is damaged.
    pub fn audit_file(
        &self,
        now: Time,
        rng: &mut dyn CryptoRng,
        level: AuditLevel,
    ) -> Result<Vec<u8>, Refusal> {
        // Only reads: the step is dropped, nothing of it becomes durable and no effect leaves.
        match Step::new(now, rng, &self.store, self.state.clone()).audit_file(level) {
            Ok(bytes) => Ok(bytes),
            Err(Failed::Refused(refusal)) => Err(refusal),
            Err(Failed::Step(error)) => Err(error.refusal()),
        }
    }

    /// Runs `inside` as one step: durable as a whole, or as if it had never been.
    pub(crate) fn step<T>(
        &mut self,
        now: Time,
        rng: &mut dyn CryptoRng,
        inside: impl FnOnce(&mut Step<'_>) -> Result<T, Failed>,
    ) -> Result<(T, Vec<Effect>), Failed> {
        let mut step = Step::new(now, rng, &self.store, self.state.clone());
        step.follow_clock();
        let value = inside(&mut step)?;
        step.settle()?;
        let (batch, state, effects) = step.finish()?;
        if !batch.is_empty() {
            self.store.apply(batch).map_err(StepError::from)?;
        }
        self.state = state;
        Ok((value, effects))
    }
}

/// Why a step came to nothing.
#[derive(Debug)]
pub(crate) enum Failed {
    Refused(Refusal),
    Step(StepError),
}

impl From<StepError> for Failed {
    fn from(error: StepError) -> Self {
        Self::Step(error)
    }
}

impl From<primitives::StoreError> for Failed {
    fn from(error: primitives::StoreError) -> Self {
        Self::Step(error.into())
    }
}

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl StepError {
    pub(crate) fn refusal(&self) -> Refusal {
        let code = match self {
            Self::Store(_) => RefusalCode::StoreFailed,
            Self::Record(_) => RefusalCode::VaultDamaged,
            Self::Messaging(_) | Self::Internal(_) => RefusalCode::Internal,
        };
        Refusal {
            code,
            details: self.to_string(),
        }
    }
}

impl Step<'_> {
    fn input(&mut self, input: Input) -> Result<(), StepError> {
        match input {
            Input::Tick => Ok(()),
            Input::Watching(works) => {
                self.state.volatile.watching = works;
                if works {
                    // The relay is there: what waits because it was not goes on at once.
                    self.state.volatile.moving.hurry();
                } else {
                    self.state.volatile.poll_at.clear();
                }
                Ok(())
            }
            Input::Pushed { log, page } => self.page_came(log, &page, true),
            Input::Replied { ticket, result } => self.replied(ticket, result),
            Input::Computed { ticket, output } => match self.state.volatile.expected.remove(&ticket) {
                Some(_) => self.computed(output),
                None => Ok(()),
            },
            Input::Progressed { ticket, progress } => {
                match self.state.volatile.expected.get(&ticket) {
                    None | Some(Expected::Verification { .. }) => {}
                    Some(_) => self.progress(progress),
                }
                Ok(())
            }
        }
    }

    /// Tells the front ends how far long work is.
    pub(crate) fn progress(&mut self, Progress { work, done, total }: Progress) {
        self.emit(Event::Progress { work, done, total });
    }

    fn replied(
        &mut self,
        ticket: Ticket,
        result: Result<relay_api::Reply, crate::effects::CallError>,
    ) -> Result<(), StepError> {
        match self.state.volatile.expected.remove(&ticket) {
            Some(Expected::Keys) => self.keys_came(result),
            Some(Expected::Limits { asked }) => self.limits_came(asked, result),
            Some(Expected::Create { log }) => self.created(log, result),
            Some(Expected::Append { item }) => self.appended(item, result)?,
            Some(Expected::Read { log }) => match result {
                Ok(relay_api::Reply::Page(page)) => {
                    self.call_worked();
                    self.page_came(log, &page, false)?;
                }
                Ok(_) => self.call_failed(&crate::effects::CallError::Nonsense),
                Err(error) => self.read_failed(log, &error),
            },
            Some(Expected::Show { log }) => self.standing_came(log, false, result)?,
            Some(Expected::GiveBack { log }) => self.standing_came(log, true, result)?,
            Some(Expected::Consistency { log, from, to }) => self.settled(log, from, to, result),
            Some(expected @ (Expected::PutBlob { .. } | Expected::GetBlob { .. })) => {
                self.piece_came(&expected, result)?;
            }
            Some(expected @ (Expected::PutChunk { .. } | Expected::GetChunk { .. })) => {
                self.chunk_came(&expected, result)?;
            }
            Some(Expected::Proof { .. } | Expected::Tally { .. } | Expected::Verification { .. }) | None => {}
        }
        Ok(())
    }

    /// What every step ends with: duties that have become due, questions to the relay, the next waking.
    fn settle(&mut self) -> Result<(), StepError> {
        self.duties()?;
        self.ask();
        self.move_files()?;
        self.send_outbox()?;
        self.wake();
        Ok(())
    }

    /// When to come back at the latest.
    fn wake(&mut self) {
        if self.state.member.is_none() {
            return;
        }
        let volatile = &self.state.volatile;
        let polls = self
            .state
            .logs
            .iter()
            .filter(|(_, log)| log.created && log.is_read_on())
            .map(|(id, _)| volatile.poll_at.get(id).copied().unwrap_or(self.now));
        let retries = volatile.retry_at.values().copied();
        let departures = self
            .state
            .outbox
            .values()
            .filter(|item| !item.pending && item.promised.is_none())
            .map(OutboxItem::departs);
        let later = polls
            .chain(retries)
            .chain(departures)
            .chain(volatile.quiet_until)
            .chain(volatile.restoring.values().filter_map(|log| log.again))
            .chain(volatile.unsettled.values().map(|claim| claim.ask_at))
            .filter(|at| *at > self.now)
            .chain([self.now.after(DUTY_MS)])
            .min();
        if let Some(at) = later {
            self.effects.push(Effect::Wake { at });
        }
    }
}

/// Duties are looked at so often at least.
const DUTY_MS: u64 = 1_000;

impl Refusal {
    /// A refusal with a sentence that says what to do.
    #[must_use]
    pub fn new(code: RefusalCode, details: &str) -> Self {
        Self {
            code,
            details: details.to_owned(),
        }
    }
}

/// Everything from its records.
fn load(store: &dyn Store) -> Result<State, StepError> {
    let mut state = State {
        member: load_one(store, tables::MEMBER, b"self")?,
        ..State::default()
    };
    for (key, log) in load_all(store, tables::LOGS)? {
        state.logs.insert(LogId::new(id_of(&key, tables::LOGS)?), log);
    }
    for (key, item) in load_all::<OutboxItem>(store, tables::OUTBOX)? {
        let number = key.try_into().map_err(|_| StepError::Record(tables::OUTBOX.0))?;
        state.outbox.insert(u64::from_be_bytes(number), item);
    }
    for (key, invitation) in load_all(store, tables::INVITATIONS)? {
        state
            .invitations
            .insert(LogId::new(id_of(&key, tables::INVITATIONS)?), invitation);
    }
    for (key, link) in load_all(store, tables::DEVICE_LINKS)? {
        state
            .links
            .insert(LogId::new(id_of(&key, tables::DEVICE_LINKS)?), link);
    }
    for (key, conversation) in load_all(store, tables::CONVERSATIONS)? {
        state.conversations.insert(
            ConversationId::new(id_of(&key, tables::CONVERSATIONS)?),
            conversation,
        );
    }
    for (key, names) in load_all(store, tables::MARKS)? {
        let id = ConversationId::new(id_of(&key, tables::MARKS)?);
        state.marks.insert(id, names);
    }
    for (key, part) in load_all(store, tables::VOTES)? {
        state
            .votes
            .insert(MotionId::new(id_of(&key, tables::VOTES)?), part);
    }
    for (key, transfer) in load_all::<Transfer>(store, tables::TRANSFERS)? {
        if transfer.is_active() {
            let name = MessageName::new(id_of(&key, tables::TRANSFERS)?);
            state.transfers.insert(name, transfer);
        }
    }
    for (key, seed) in load_all::<Seed>(store, tables::JOURNAL_KEYS)? {
        let number = key
            .try_into()
            .map_err(|_| StepError::Record(tables::JOURNAL_KEYS.0))?;
        state.journal_keys.insert(u32::from_be_bytes(number), seed);
    }
    let first: Option<Option<String>> = load_one(store, tables::CARRIER, b"first")?;
    state.first_carrier = first.map(Carrier::through);
    state.no_notices = load_one(store, tables::NOTICES, b"on")? == Some(false);
    if let Some(snapshot) = store.get(tables::FOLD, b"snapshot")? {
        let mut fold = Assembly::load(&snapshot).map_err(|_| StepError::Record(tables::FOLD.0))?;
        state.volatile.folded_since = fold_again(store, &state, &mut fold)?;
        state.assembly = Some(Arc::new(fold));
    }
    state.new_devices = load_one(store, tables::NEW_DEVICES, b"all")?.unwrap_or_default();
    if let Some(spans) = load_one(store, tables::ROSTER, b"spans")? {
        state.roster = spans;
    }
    if state
        .conversations
        .values()
        .any(|conversation| conversation.halted && !conversation.more().left)
    {
        state.volatile.notice = Some(NoticeCode::ResyncNeeded);
    }
    Ok(state)
}

/// Folds the entries that were taken after the snapshot was written; gives their number.
fn fold_again(store: &dyn Store, state: &State, fold: &mut Assembly) -> Result<u32, StepError> {
    let keys = crate::journal::keys_of(&state.journal_keys);
    let mut folded: u32 = 0;
    loop {
        let (log, size) = (fold.journal().record.id(), fold.journal().size);
        if state.logs.get(&log).is_none_or(|log| log.taken <= size) {
            return Ok(folded);
        }
        let entry: tlog::Entry = load_one(store, tables::ENTRIES, &crate::follow::entry_key(log, size))?
            .ok_or(StepError::Record(tables::ENTRIES.0))?;
        fold.take(&entry, &keys)
            .map_err(|_| StepError::Record(tables::FOLD.0))?;
        folded = folded.saturating_add(1);
    }
}

fn id_of(key: &[u8], table: primitives::Table) -> Result<[u8; 32], StepError> {
    key.try_into().map_err(|_| StepError::Record(table.0))
}
