//! The sequencer: one thread that gives every entry its place.
//!
//! Group commit: whatever has queued up while the last commit was being synced goes into the next one, and nobody is
//! answered before it. Appends are idempotent by (log, SHA-256 of the entry), within a batch and across restarts.
//! Ballots wait for the end of their slot and are then placed together, in order of their hashes.

use crate::clock::{Clock, Stamps};
use crate::committed::Committed;
use crate::store::{LogChange, LogStore, Placed, Row, StoreFault, Tag, Waiting};
use crate::watch::Watchers;
use minicbor::bytes::ByteArray;
use primitives::{Hash, LogId, Time};
use relay_api::{Problem, ProblemKind};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;
use tlog::{CreateLog, Entry, leaf_hash};
use tokio::sync::oneshot;

const QUEUE_MAX: usize = 1024;
const BATCH_JOBS_MAX: usize = 512;
const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bytes of blobs beside one log.
const BLOB_BYTES_PER_LOG_MAX: u64 = 4 * 1024 * 1024 * 1024;
const IDLE: Duration = Duration::from_secs(3600);
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// What is to be done; checked already, except against what only the sequencer knows.
#[derive(Debug)]
pub enum Task {
    /// Create a log.
    Create {
        /// Its record.
        record: Box<CreateLog>,
        /// Its roll, if it is gated.
        roll: Vec<ByteArray<32>>,
    },
    /// Append an entry.
    Append {
        /// To which log.
        log: LogId,
        /// Its SHA-256.
        hash: Hash,
        /// The entry.
        bytes: Vec<u8>,
        /// What it is to a gated log.
        role: Role,
    },
    /// Store a blob.
    Blob {
        /// Beside which log.
        log: LogId,
        /// Its SHA-256.
        hash: Hash,
        /// The blob.
        bytes: Vec<u8>,
    },
}

/// What an entry is to its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// An entry of an ungated log.
    Plain,
    /// A verified ballot.
    Ballot(Tag),
    /// The entry that closes the box.
    Close,
}

/// What was done, durably.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// The log is there.
    Created,
    /// The entry has its place.
    Placed {
        /// Where.
        index: u64,
        /// When.
        time: Time,
    },
    /// The entry waits.
    Waits {
        /// Until when.
        slot_end: Time,
    },
    /// The blob is there.
    Stored,
}

type Answer = oneshot::Sender<Result<Done, Problem>>;

enum Job {
    Task(Task, Answer),
    Tick,
    Stop,
}

/// The way to the sequencer.
#[derive(Debug, Clone)]
pub struct Queue(SyncSender<Job>);

impl Queue {
    /// Hands a task over and waits until it is durable.
    ///
    /// # Errors
    /// The [`Problem`]; [`ProblemKind::Busy`] when the queue is full.
    pub async fn submit(&self, task: Task) -> Result<Done, Problem> {
        let (answer, done) = oneshot::channel();
        self.0
            .try_send(Job::Task(task, answer))
            .map_err(|error| match error {
                TrySendError::Full(_) => Problem::new(ProblemKind::Busy).retry_after(1_000),
                TrySendError::Disconnected(_) => Problem::new(ProblemKind::Busy),
            })?;
        done.await.map_err(|_| Problem::new(ProblemKind::Busy))?
    }

    /// Looks at the clock now; a slot may have ended.
    pub fn tick(&self) {
        let _ = self.0.try_send(Job::Tick);
    }
}

/// The running thread; finishes what is queued when it is stopped.
#[derive(Debug)]
pub struct Sequencer {
    queue: Queue,
    thread: JoinHandle<()>,
}

impl Sequencer {
    /// Starts the thread.
    ///
    /// # Errors
    /// [`StoreFault`] if the store cannot be read.
    pub fn start(
        store: Arc<dyn LogStore>,
        committed: Committed,
        watchers: Arc<Watchers>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreFault> {
        let (sender, receiver) = sync_channel(QUEUE_MAX);
        let stamps = Stamps::after(store.high_water()?, clock.read());
        let agenda = store.slots()?.into_iter().collect();
        let state = State {
            store,
            committed,
            watchers,
            clock,
            stamps,
            agenda,
        };
        let thread = std::thread::Builder::new()
            .name("sequencer".to_owned())
            .spawn(move || state.run(&receiver))
            .map_err(|error| StoreFault::Broken(error.to_string()))?;
        Ok(Self {
            queue: Queue(sender),
            thread,
        })
    }

    /// The way in.
    #[must_use]
    pub fn queue(&self) -> Queue {
        self.queue.clone()
    }

    /// Finishes what is queued and ends the thread.
    pub fn stop(self) {
        let _ = self.queue.0.send(Job::Stop);
        let _ = self.thread.join();
    }
}

struct State {
    store: Arc<dyn LogStore>,
    committed: Committed,
    watchers: Arc<Watchers>,
    clock: Arc<dyn Clock>,
    stamps: Stamps,
    /// Slots in which something waits.
    agenda: BTreeSet<(Time, LogId)>,
}

impl State {
    fn run(mut self, jobs: &Receiver<Job>) {
        let mut wait = Duration::ZERO;
        loop {
            let first = match jobs.recv_timeout(wait) {
                Ok(job) => Some(job),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let mut tasks = Vec::new();
            let mut bytes = 0usize;
            let mut stop = false;
            for job in first
                .into_iter()
                .chain(std::iter::from_fn(|| jobs.try_recv().ok()))
            {
                match job {
                    Job::Task(task, answer) => {
                        bytes = bytes.saturating_add(task.len());
                        tasks.push((task, answer));
                    }
                    Job::Tick => {}
                    Job::Stop => stop = true,
                }
                if stop || tasks.len() >= BATCH_JOBS_MAX || bytes >= BATCH_BYTES_MAX {
                    break;
                }
            }
            let healthy = self.step(tasks);
            if stop {
                return;
            }
            wait = if healthy {
                self.until_next_slot()
            } else {
                AFTER_FAILURE
            };
        }
    }

    fn until_next_slot(&self) -> Duration {
        let now = self.clock.read().wall;
        self.agenda.first().map_or(IDLE, |(end, _)| {
            Duration::from_millis(end.since_ms(now)).min(IDLE)
        })
    }

    /// One batch: slots that have ended, then tasks, one commit, then answers. False if the store or clock failed.
    fn step(&mut self, tasks: Vec<(Task, Answer)>) -> bool {
        let now = self.stamps.stamp(self.clock.read()).ok();
        let due: Vec<_> = match now {
            Some(now) => self
                .agenda
                .iter()
                .take_while(|(end, _)| *end <= now)
                .copied()
                .collect(),
            None => Vec::new(),
        };
        if tasks.is_empty() && due.is_empty() {
            return now.is_some() || self.agenda.is_empty();
        }
        let mut batch = Batch::new(self.store.as_ref(), &self.committed, now);
        let mut ended = Ok(());
        for (end, log) in &due {
            ended = ended.and_then(|()| batch.end_slots(*log, *end));
        }
        let mut answers = Vec::new();
        for (task, answer) in tasks {
            let result = ended.clone().map_err(problem).and_then(|()| batch.perform(task));
            answers.push((answer, result));
        }
        let outcome = ended.and_then(|()| batch.commit());
        let (healthy, problem) = match outcome {
            Ok(Committing { logs, slots }) => {
                self.agenda.retain(|slot| !due.contains(slot));
                self.agenda.extend(slots);
                self.watchers.grown(&logs);
                (true, None)
            }
            Err(fault) => {
                tracing::error!(%fault, "nothing of a batch was committed");
                self.committed.forget();
                (false, Some(problem(fault)))
            }
        };
        for (answer, result) in answers {
            let _ = answer.send(match (&problem, result) {
                (Some(problem), Ok(_)) => Err(problem.clone()),
                (_, result) => result,
            });
        }
        healthy
    }
}

impl Task {
    fn len(&self) -> usize {
        match self {
            Self::Create { roll, .. } => roll.len().saturating_mul(32),
            Self::Append { bytes, .. } | Self::Blob { bytes, .. } => bytes.len(),
        }
    }
}

/// How a failure of the store looks from outside.
pub(crate) fn problem(fault: StoreFault) -> Problem {
    match fault {
        StoreFault::Full => ProblemKind::InsufficientStorage.into(),
        _ => ProblemKind::Internal.into(),
    }
}

/// Changes that will be committed together.
struct Batch<'a> {
    store: &'a dyn LogStore,
    committed: &'a Committed,
    /// `None` while the clock is stopped.
    now: Option<Time>,
    changes: HashMap<LogId, LogChange>,
    /// Logs that were asked for and are not there.
    absent: BTreeSet<LogId>,
    /// Places given in this batch.
    placed: HashMap<(LogId, Hash), (u64, Time)>,
    slots: Vec<(Time, LogId)>,
}

struct Committing {
    logs: Vec<LogId>,
    slots: Vec<(Time, LogId)>,
}

impl<'a> Batch<'a> {
    fn new(store: &'a dyn LogStore, committed: &'a Committed, now: Option<Time>) -> Self {
        Self {
            store,
            committed,
            now,
            changes: HashMap::new(),
            absent: BTreeSet::new(),
            placed: HashMap::new(),
            slots: Vec::new(),
        }
    }

    fn perform(&mut self, task: Task) -> Result<Done, Problem> {
        match task {
            Task::Create { record, roll } => self.create(*record, roll),
            Task::Append {
                log,
                hash,
                bytes,
                role,
            } => self.append(log, hash, bytes, role),
            Task::Blob { log, hash, bytes } => self.blob(log, hash, bytes),
        }
    }

    /// The change to a log in this batch; `None` if there is no such log.
    fn change(&mut self, log: LogId) -> Result<Option<&mut LogChange>, Problem> {
        if !self.changes.contains_key(&log) {
            match self.committed.pin(log).map_err(problem)? {
                Some(row) => {
                    let change = LogChange::new(Some(row.frontier.size()), (*row).clone());
                    self.changes.insert(log, change);
                }
                None => {
                    self.absent.insert(log);
                }
            }
        }
        Ok(self.changes.get_mut(&log))
    }

    fn create(&mut self, record: CreateLog, roll: Vec<ByteArray<32>>) -> Result<Done, Problem> {
        let log = record.id();
        if self.change(log)?.is_none() {
            let change = LogChange {
                roll,
                ..LogChange::new(None, Row::new(record))
            };
            self.changes.insert(log, change);
        }
        Ok(Done::Created)
    }

    fn append(&mut self, log: LogId, hash: Hash, bytes: Vec<u8>, role: Role) -> Result<Done, Problem> {
        if let Some(done) = self.known(log, hash)? {
            return Ok(done);
        }
        let now = self.now;
        let row = match self.change(log)? {
            Some(change) => change.row.clone(),
            None => return Err(ProblemKind::NotFound.into()),
        };
        let now = now.ok_or(ProblemKind::ClockStopped)?;
        if row.closed {
            return Err(ProblemKind::Closed.into());
        }
        match role {
            Role::Close => {
                if row.record.slots.is_some_and(|slots| now < slots.closes) {
                    return Err(ProblemKind::TooEarly.into());
                }
                self.end_slots(log, now).map_err(problem)?;
            }
            Role::Ballot(tag) => self.take_tag(log, &row, tag)?,
            Role::Plain => {}
        }
        match row.record.slots {
            Some(slots) if role != Role::Close => {
                let outside = if now < slots.opens {
                    ProblemKind::NotOpen
                } else {
                    ProblemKind::Closed
                };
                let slot_end = slots.end_of_slot(now).ok_or(outside)?;
                self.admit(log, role)?;
                self.slots.push((slot_end, log));
                if let Some(change) = self.changes.get_mut(&log) {
                    change.waiting.push(Waiting {
                        slot_end,
                        hash,
                        bytes,
                    });
                }
                Ok(Done::Waits { slot_end })
            }
            _ => {
                self.admit(log, role)?;
                let time = now.max(row.last_time);
                let index = self.place(log, hash, Entry { time, bytes });
                if let (Role::Close, Some(change)) = (role, self.changes.get_mut(&log)) {
                    change.row.closed = true;
                }
                Ok(Done::Placed { index, time })
            }
        }
    }

    /// Where the entry is already: in this batch, in the log, or waiting.
    fn known(&mut self, log: LogId, hash: Hash) -> Result<Option<Done>, Problem> {
        if let Some((index, time)) = self.placed.get(&(log, hash)) {
            return Ok(Some(Done::Placed {
                index: *index,
                time: *time,
            }));
        }
        if let Some((index, time)) = self.store.position(log, hash).map_err(problem)? {
            return Ok(Some(Done::Placed { index, time }));
        }
        let here = self
            .changes
            .get(&log)
            .and_then(|change| change.waiting.iter().find(|waiting| waiting.hash == hash));
        if let Some(waiting) = here {
            return Ok(Some(Done::Waits {
                slot_end: waiting.slot_end,
            }));
        }
        let waits = self.store.waits_until(log, hash).map_err(problem)?;
        Ok(waits.map(|slot_end| Done::Waits { slot_end }))
    }

    /// Refuses a second ballot of the same voter and a ballot too many.
    fn take_tag(&mut self, log: LogId, row: &Row, tag: Tag) -> Result<(), Problem> {
        let here = self
            .changes
            .get(&log)
            .is_some_and(|change| change.tags.contains(&tag));
        if here || self.store.has_tag(log, &tag).map_err(problem)? {
            return Err(ProblemKind::TagUsed.into());
        }
        if row
            .record
            .gate
            .as_ref()
            .is_none_or(|gate| row.ballots >= gate.roll_len)
        {
            return Err(ProblemKind::BoxFull.into());
        }
        Ok(())
    }

    /// Counts a ballot that is accepted now.
    fn admit(&mut self, log: LogId, role: Role) -> Result<(), Problem> {
        let change = self.changes.get_mut(&log).ok_or(ProblemKind::NotFound)?;
        if let Role::Ballot(tag) = role {
            change.tags.push(tag);
            change.row.ballots = change.row.ballots.saturating_add(1);
        }
        Ok(())
    }

    /// Places everything that waits for slots ended by `now`, slot by slot in order of hashes.
    fn end_slots(&mut self, log: LogId, now: Time) -> Result<(), StoreFault> {
        let Ok(Some(change)) = self.change(log) else {
            return Err(StoreFault::Damaged("a slot without a log"));
        };
        let mut due = change.waiting.clone();
        let gone = change.sequenced.clone();
        due.extend(self.store.waiting(log)?);
        due.retain(|waiting| waiting.slot_end <= now && !gone.contains(&waiting.hash));
        due.sort_unstable();
        for Waiting {
            slot_end,
            hash,
            bytes,
        } in due
        {
            if let Some(change) = self.changes.get_mut(&log) {
                change.sequenced.push(hash);
            }
            self.place(
                log,
                hash,
                Entry {
                    time: slot_end,
                    bytes,
                },
            );
        }
        Ok(())
    }

    fn place(&mut self, log: LogId, hash: Hash, entry: Entry) -> u64 {
        let Some(change) = self.changes.get_mut(&log) else {
            return 0;
        };
        let index = change.row.frontier.size();
        let nodes = &mut change.nodes;
        change
            .row
            .frontier
            .push_with(leaf_hash(entry.time, &entry.bytes), |level, at, node| {
                nodes.push((level, at, node))
            });
        change.row.last_time = entry.time;
        self.placed.insert((log, hash), (index, entry.time));
        change.placed.push(Placed { index, hash, entry });
        index
    }

    fn blob(&mut self, log: LogId, hash: Hash, bytes: Vec<u8>) -> Result<Done, Problem> {
        if self.store.blob(log, hash, 0, 0).map_err(problem)?.is_some() {
            return Ok(Done::Stored);
        }
        let change = self.change(log)?.ok_or(ProblemKind::NotFound)?;
        let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let total = change.row.blob_bytes.saturating_add(len);
        if change.blobs.iter().any(|(known, _)| *known == hash) {
            return Ok(Done::Stored);
        }
        if total > BLOB_BYTES_PER_LOG_MAX {
            return Err(ProblemKind::InsufficientStorage.into());
        }
        change.row.blob_bytes = total;
        change.blobs.push((hash, bytes));
        Ok(Done::Stored)
    }

    /// Writes and syncs, then lets everybody see it.
    fn commit(self) -> Result<Committing, StoreFault> {
        let changed = |change: &LogChange| {
            change.expected.is_none()
                || !(change.placed.is_empty() && change.waiting.is_empty() && change.blobs.is_empty())
        };
        let changes: Vec<_> = self
            .changes
            .into_iter()
            .filter(|(_, change)| changed(change))
            .collect();
        if !changes.is_empty() {
            self.store.commit(&changes, self.now.unwrap_or(Time(0)))?;
        }
        let logs = changes
            .iter()
            .filter(|(_, change)| !change.placed.is_empty())
            .map(|(log, _)| *log)
            .collect();
        self.committed
            .publish(changes.into_iter().map(|(log, change)| (log, change.row)));
        self.absent
            .into_iter()
            .for_each(|log| self.committed.unpin_absent(log));
        Ok(Committing {
            logs,
            slots: self.slots,
        })
    }
}
