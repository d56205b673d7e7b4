//! The log store beyond one machine: NATS JetStream, below any number of relay processes (decision 0031).
//!
//! A stream holds all logs, each log has a subject, and a message is one change to one log: it is there whole or not at
//! all. A writer says which message of the log it saw last (the expected size of [`LogChange`], and everything else
//! about the log), so of two writers one is refused or finds its message void, takes in what the other has written, and
//! tries again. Questions
//! are answered from a view of the stream on this machine.
//!
//! The view changes only in [`LogStore::commit`] and [`LogStore::take_in`], which the sequencer alone calls: while a batch is made, it stands still.

mod link;
mod message;
mod view;

use self::link::{About, From, Link, Message, Post, WINDOW_MAX, unavailable};
use self::message::{Lies, Parts, Payload, Told};
use self::view::{StreamId, Taken, View};
use crate::settings::JetStream;
use crate::store::kv::{Kv, KvStore};
use crate::store::{
    Freshness, LogChange, LogStore, News, OldBlob, Range, Row, StoreFault, Tag, Totals, Waiting,
};
use minicbor::bytes::ByteArray;
use primitives::canonical::sha256;
use primitives::{Hash, LogId, RelayId, Time, encode};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use tlog::Entry;

/// How often the stream is looked at though nobody has said that there is something new.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long an acknowledged message may take to be readable.
const ARRIVAL: Duration = Duration::from_secs(3);
const ARRIVAL_PAUSE: Duration = Duration::from_millis(2);
/// How many messages are read at the start before it is said how far it has come.
const CATCH_UP_STEP: u64 = 1_000;
const SAY_EVERY: Duration = Duration::from_secs(5);
/// Parts that have been seen and whose change has not; older ones are read again.
const PARTS_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Slots end this much later here: a ballot that another process has taken before the end arrives first, though its
/// clock is a little behind.
const SLOT_GRACE_MS: u64 = 2_000;

/// A log store over a stream of NATS JetStream.
pub struct JetStreamStore {
    link: Link,
    view: View,
    id: StreamId,
    relay: RelayId,
    /// Whether somebody has said that there is something new.
    told: Arc<AtomicBool>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The last message taken in.
    cursor: u64,
    looked: Option<Instant>,
    parts: BTreeMap<u64, Vec<u8>>,
    /// By log, what the sequencer was not told yet.
    news: HashMap<LogId, Changed>,
    /// Whether there is more than was found, as a refusal has shown: then the leader is asked too.
    more: bool,
}

#[derive(Debug, Default)]
struct Changed {
    /// The messages that did it.
    sequences: Vec<u64>,
    row: Option<Row>,
    grown: bool,
    slots: Vec<Time>,
    doubted: bool,
}

/// What became of a message.
#[derive(Debug, PartialEq, Eq)]
enum Taking {
    Done,
    /// Its writer did not know the one before it.
    Void,
}

impl JetStreamStore {
    /// Opens the stream for the relay of this id and makes the view in `engine` agree with it. Waits for a cluster that
    /// is starting.
    ///
    /// - `may_found`: whether an empty stream becomes this relay's.
    ///
    /// # Errors
    /// [`StoreFault`]; [`StoreFault::Behind`] if the stream has less than the view, is another one, or is empty and may
    /// not be.
    pub fn open(
        at: &JetStream,
        relay: RelayId,
        may_found: bool,
        engine: Box<dyn Kv>,
    ) -> Result<Self, StoreFault> {
        let (link, founded) = Link::open(at, may_found.then_some(relay))?;
        let view = KvStore::over(engine);
        let cursor = match view.cursor()? {
            Some((_, stream)) if stream != founded.id => return Err(StoreFault::Behind),
            Some((sequence, _)) => sequence,
            None => 0,
        };
        let end = link.barrier()?;
        if end <= cursor {
            return Err(StoreFault::Behind);
        }
        let store = Self {
            link,
            view,
            id: founded.id,
            relay: founded.relay,
            told: Arc::new(AtomicBool::new(true)),
            state: Mutex::new(State {
                cursor,
                looked: None,
                parts: BTreeMap::new(),
                news: HashMap::new(),
                more: false,
            }),
        };
        let mut state = store.lock();
        store.catch_up(&mut state, end)?;
        // What was before the start is no news, but for a doubt.
        state.news.retain(|_, changed| changed.doubted);
        drop(state);
        Ok(store)
    }

    /// Whose logs the stream holds.
    #[must_use]
    pub const fn relay(&self) -> RelayId {
        self.relay
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in everything up to message `end` at the start, which may be much.
    fn catch_up(&self, state: &mut State, end: u64) -> Result<(), StoreFault> {
        let mut said = Instant::now();
        while state.cursor < end {
            let step = state.cursor.saturating_add(CATCH_UP_STEP).min(end);
            self.reach(state, step, BTreeMap::new())?;
            if said.elapsed() > SAY_EVERY {
                said = Instant::now();
                tracing::info!(read = state.cursor, of = end, "reading the stream");
            }
        }
        Ok(())
    }

    /// Takes in everything there is, as far as asking shows.
    fn follow(&self, state: &mut State) -> Result<(), StoreFault> {
        let mut window = 1;
        loop {
            let mut messages = self.link.next(state.cursor, window, From::Anybody)?;
            if messages.is_empty() && window == 1 && state.more {
                messages = self.link.next(state.cursor, 1, From::Leader)?;
            }
            if messages.is_empty() && window == 1 {
                state.looked = Some(Instant::now());
                state.more = false;
                return Ok(());
            }
            window = if messages.len() < window {
                1
            } else {
                window.saturating_mul(2).min(WINDOW_MAX)
            };
            for message in messages {
                self.take(state, message)?;
            }
        }
    }

    /// Takes in everything up to message `end`, which is there. What this process has just written it knows. Gives back
    /// which messages were void.
    fn reach(
        &self,
        state: &mut State,
        end: u64,
        mut ours: BTreeMap<u64, Message>,
    ) -> Result<Vec<u64>, StoreFault> {
        let until = Instant::now().checked_add(ARRIVAL);
        let (mut window, mut from) = (WINDOW_MAX, From::Anybody);
        let mut void = Vec::new();
        while state.cursor < end {
            let next = state.cursor.saturating_add(1);
            let messages = match ours.remove(&next) {
                Some(message) => vec![message],
                None => {
                    let before_ours = ours.keys().next().map(|known| known.saturating_sub(1));
                    let missing = before_ours.unwrap_or(end).saturating_sub(state.cursor);
                    let asked = window.min(usize::try_from(missing).unwrap_or(window)).max(1);
                    let messages = self.link.next(state.cursor, asked, from)?;
                    if messages.is_empty() && from == From::Leader {
                        if until.is_none_or(|until| Instant::now() >= until) {
                            return Err(unavailable(
                                "what the cluster has acknowledged cannot be read yet",
                            ));
                        }
                        std::thread::sleep(ARRIVAL_PAUSE);
                    }
                    // One alone is found beyond a gap, too; and who has not even that one may be behind.
                    (window, from) = match messages.len() {
                        0 if asked == 1 => (1, From::Leader),
                        found if found < asked => (1, From::Anybody),
                        _ => (WINDOW_MAX, From::Anybody),
                    };
                    messages
                }
            };
            for message in messages {
                let sequence = message.sequence;
                if self.take(state, message)? == Taking::Void {
                    void.push(sequence);
                }
            }
        }
        Ok(void)
    }

    /// Takes in one message.
    fn take(&self, state: &mut State, message: Message) -> Result<Taking, StoreFault> {
        let sequence = message.sequence;
        let mut taking = Taking::Done;
        match message.about {
            About::Log(log) => {
                let payload = Payload::read(&message.payload)?;
                if payload.last == self.view.last_of(log)? {
                    let told = self.told(state, payload.told)?;
                    let taken = self.view.take_in((sequence, &self.id), log, told)?;
                    let recent = is_recent(message.at);
                    state.news.entry(log).or_default().add(sequence, taken, recent);
                } else {
                    self.view.pass_of((sequence, &self.id), log)?;
                    taking = Taking::Void;
                }
            }
            About::Part => {
                state.parts.insert(sequence, message.payload);
                while state.parts.values().map(Vec::len).sum::<usize>() > PARTS_BYTES_MAX {
                    state.parts.pop_first();
                }
                self.view.pass(sequence, &self.id)?;
            }
            About::Nothing => self.view.pass(sequence, &self.id)?,
        }
        state.cursor = sequence;
        Ok(taking)
    }

    /// What a message of a log says, its parts put together.
    fn told(&self, state: &mut State, told: Lies) -> Result<Told, StoreFault> {
        let Parts { hash, sequences } = match told {
            Lies::Here(told) => return Told::read(&told),
            Lies::InParts(parts) => parts,
        };
        let mut told = Vec::new();
        for sequence in sequences {
            match state.parts.remove(&sequence) {
                Some(part) => told.extend(part),
                None => told.extend(self.link.payload(sequence)?),
            }
        }
        if sha256(&told) == hash {
            Told::read(&told)
        } else {
            Err(StoreFault::Damaged(
                "a part of a message of the stream is another",
            ))
        }
    }

    /// What is to be published for a change; what does not fit into one message is published before.
    fn post(
        &self,
        (log, change): &(LogId, LogChange),
        now: Time,
        ours: &mut BTreeMap<u64, Message>,
    ) -> Result<Post, StoreFault> {
        let log = *log;
        let told = encode(&Told::of(change, now));
        let part_bytes = self.link.part_bytes();
        let told = if told.len() < part_bytes {
            Lies::Here(told)
        } else {
            let parts: Vec<_> = told.chunks(part_bytes).map(<[u8]>::to_vec).collect();
            let sequences = self.link.publish_parts(log, parts.clone())?;
            let known = sequences.iter().zip(parts);
            ours.extend(
                known.map(|(sequence, part)| (*sequence, Message::ours(*sequence, About::Part, part))),
            );
            Lies::InParts(Parts {
                hash: sha256(&told),
                sequences,
            })
        };
        let size = change.row.frontier.size();
        let last = self.view.last_of(log)?;
        Ok(Post {
            log,
            last,
            size,
            payload: Payload { last, told }.write(),
        })
    }

    fn news(state: &mut State) -> Vec<News> {
        let changed = state.news.drain();
        let news = changed.filter_map(|(log, changed)| {
            Some(News {
                log,
                row: changed.row?,
                grown: changed.grown,
                slots: changed.slots,
                doubted: changed.doubted,
            })
        });
        news.collect()
    }
}

impl Changed {
    fn add(&mut self, sequence: u64, taken: Taken, recent: bool) {
        let Taken { before, row, slots } = taken;
        let size = |row: &Row| row.frontier.size();
        self.grown |= before.as_ref().map_or(0, size) < size(&row);
        let doubt = before.and_then(|before| before.doubt);
        self.doubted |= recent && row.doubt.is_some() && row.doubt != doubt;
        self.slots.extend(slots);
        self.row = Some(row);
        self.sequences.push(sequence);
    }
}

/// Whether a doubt that came with this message still holds the whole relay up.
fn is_recent(at: SystemTime) -> bool {
    let age = SystemTime::now().duration_since(at);
    age.map_or(true, |age| age < crate::recovery::WAIT)
}

impl LogStore for JetStreamStore {
    fn row(&self, log: LogId) -> Result<Option<Row>, StoreFault> {
        self.view.row(log)
    }

    fn roll(&self, log: LogId) -> Result<Vec<ByteArray<32>>, StoreFault> {
        self.view.roll(log)
    }

    fn entries(&self, log: LogId, range: Range) -> Result<Vec<Entry>, StoreFault> {
        self.view.entries(log, range)
    }

    fn node(&self, log: LogId, level: u8, index: u64) -> Result<Hash, StoreFault> {
        self.view.node(log, level, index)
    }

    fn position(&self, log: LogId, entry: Hash) -> Result<Option<(u64, Time)>, StoreFault> {
        self.view.position(log, entry)
    }

    fn waiting(&self, log: LogId) -> Result<Vec<Waiting>, StoreFault> {
        self.view.waiting(log)
    }

    fn waits_until(&self, log: LogId, entry: Hash) -> Result<Option<Time>, StoreFault> {
        self.view.waits_until(log, entry)
    }

    fn slots(&self) -> Result<Vec<(Time, LogId)>, StoreFault> {
        self.view.slots()
    }

    fn has_tag(&self, log: LogId, tag: &Tag) -> Result<bool, StoreFault> {
        self.view.has_tag(log, tag)
    }

    fn blob(
        &self,
        log: LogId,
        hash: Hash,
        offset: u32,
        len: u32,
    ) -> Result<Option<(u32, Vec<u8>)>, StoreFault> {
        self.view.blob(log, hash, offset, len)
    }

    fn logs(&self, after: Option<LogId>, count: usize) -> Result<Vec<(LogId, Row)>, StoreFault> {
        self.view.logs(after, count)
    }

    fn sizes(&self, log: LogId, from: u64, count: u64) -> Result<Vec<(Time, u32)>, StoreFault> {
        self.view.sizes(log, from, count)
    }

    fn old_blobs(&self, log: LogId, until: Time, count: usize) -> Result<Vec<OldBlob>, StoreFault> {
        self.view.old_blobs(log, until, count)
    }

    fn totals(&self) -> Result<Totals, StoreFault> {
        self.view.totals()
    }

    fn high_water(&self) -> Result<Time, StoreFault> {
        self.view.high_water()
    }

    /// Each log's change is whole or not there, but of several logs some may be there after a failure: whoever tries
    /// again finds them. Nothing is published if the view says already that it would be refused.
    fn commit(&self, changes: &[(LogId, LogChange)], now: Time) -> Result<(), StoreFault> {
        let mut state = self.lock();
        for (log, change) in changes {
            if self.row(*log)?.map(|row| row.frontier.size()) != change.expected {
                return Err(StoreFault::Conflict);
            }
        }
        let mut ours = BTreeMap::new();
        let posts = changes
            .iter()
            .map(|change| self.post(change, now, &mut ours))
            .collect::<Result<Vec<_>, _>>()?;
        let published = self.link.publish(posts.clone())?;
        let mut faults = Vec::new();
        let mut changed = Vec::new();
        for (post, published) in posts.into_iter().zip(published) {
            match published {
                Ok(sequence) => {
                    changed.push(sequence);
                    let message = Message::ours(sequence, About::Log(post.log), post.payload);
                    ours.insert(sequence, message);
                }
                Err(fault) => faults.push(fault),
            }
        }
        let written = match changed.iter().max() {
            Some(end) => {
                self.link.say();
                self.reach(&mut state, *end, ours)
            }
            None => Ok(Vec::new()),
        };
        match written {
            Ok(void) if void.iter().any(|sequence| changed.contains(sequence)) => {
                faults.push(StoreFault::Conflict);
            }
            Ok(_) => {}
            Err(fault) => faults.push(fault),
        }
        // A full disk or a silent cluster says more than a conflict, which it may have caused.
        match faults
            .into_iter()
            .max_by_key(|fault| *fault != StoreFault::Conflict)
        {
            Some(fault) => {
                state.more = true;
                self.told.store(true, Ordering::SeqCst);
                Err(fault)
            }
            None => {
                let by_others =
                    |news: &Changed| news.sequences.iter().any(|sequence| !changed.contains(sequence));
                state.news.retain(|_, news| by_others(news));
                Ok(())
            }
        }
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn slot_grace_ms(&self) -> u64 {
        SLOT_GRACE_MS
    }

    fn tell(&self, wake: Box<dyn Fn() + Send>) {
        let told = Arc::clone(&self.told);
        self.link.tell(move || {
            told.store(true, Ordering::SeqCst);
            wake();
        });
    }

    fn take_in(&self, freshness: Freshness) -> Result<Vec<News>, StoreFault> {
        let mut state = self.lock();
        let rested = state.looked.is_none_or(|looked| looked.elapsed() >= LOOK_EVERY);
        let told = self.told.swap(false, Ordering::SeqCst);
        let taken = match freshness {
            Freshness::Told if !told && !rested => Ok(()),
            Freshness::Told | Freshness::Asked => self.follow(&mut state),
            Freshness::Certain => self
                .link
                .barrier()
                .and_then(|end| self.reach(&mut state, end, BTreeMap::new()))
                .map(drop),
        };
        if let Err(fault) = taken {
            self.told.store(true, Ordering::SeqCst);
            return Err(fault);
        }
        Ok(Self::news(&mut state))
    }
}

impl std::fmt::Debug for JetStreamStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JetStreamStore(..)")
    }
}
