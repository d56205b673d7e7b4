//! The sequencer: one thread that gives every entry its place.
//!
//! Group commit: whatever has queued up while the last commit was being synced goes into the next one, and nobody is
//! answered before it. Appends are idempotent by (log, SHA-256 of the entry), within a batch and across restarts.
//! Ballots wait for the end of their slot and are then placed together, in order of their hashes.

use crate::batch::{Batch, problem};
use crate::clock::{Clock, Stamps};
use crate::committed::Committed;
use crate::keeping::{Keeper, Keeping};
use crate::mark::Mark;
use crate::quota::Quota;
use crate::recovery::Recovery;
use crate::status::Board;
use crate::store::{LogStore, StoreFault};
use crate::task::{Done, Task};
use crate::watch::Watchers;
use primitives::{LogId, Time};
use relay_api::{Problem, ProblemKind};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;

const QUEUE_MAX: usize = 1024;
const BATCH_JOBS_MAX: usize = 512;
const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;
const IDLE: Duration = Duration::from_secs(3600);
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// How long a commit may go without a mark.
const MARK_EVERY_MS: u64 = 1_000;
/// How often the time of a recovery is looked at.
const RECOVERING: Duration = Duration::from_secs(1);

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
        Self::start_in((store, committed, watchers), clock, Arc::default(), None)
    }

    /// [`Sequencer::start`] of a relay that may be recovering, and that notes how far it has come.
    ///
    /// # Errors
    /// [`StoreFault`] if the store cannot be read.
    pub fn start_in(
        parts: (Arc<dyn LogStore>, Committed, Arc<Watchers>),
        clock: Arc<dyn Clock>,
        recovery: Arc<Recovery>,
        mark: Option<Mark>,
    ) -> Result<Self, StoreFault> {
        Self::start_keeping(parts, clock, (recovery, mark), Keeping::default())
    }

    /// [`Sequencer::start_in`] that keeps so much, for so long.
    ///
    /// # Errors
    /// [`StoreFault`] if the store cannot be read.
    pub fn start_keeping(
        (store, committed, watchers): (Arc<dyn LogStore>, Committed, Arc<Watchers>),
        clock: Arc<dyn Clock>,
        (recovery, mark): (Arc<Recovery>, Option<Mark>),
        keeping: Keeping,
    ) -> Result<Self, StoreFault> {
        let (sender, receiver) = sync_channel(QUEUE_MAX);
        let high_water = store.high_water()?;
        let stamps = Stamps::after(high_water, clock.read());
        let keeper = Keeper::new(keeping.retention, high_water, clock.read());
        let agenda = store.slots()?.into_iter().collect();
        let state = State {
            store,
            committed,
            watchers,
            clock,
            stamps,
            agenda,
            recovery,
            mark,
            unmarked: None,
            keeper,
            quota: keeping.quota,
            board: keeping.board,
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
    recovery: Arc<Recovery>,
    mark: Option<Mark>,
    /// The latest commit that was not marked yet, and the uptime from which on it is to be.
    unmarked: Option<(Time, u64)>,
    keeper: Keeper,
    quota: Quota,
    board: Option<Board>,
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
            if self.recovery.pass(self.clock.read()) {
                self.read_agenda();
            }
            let healthy = self.step(tasks);
            self.set_mark(stop);
            self.post(stop);
            if stop {
                return;
            }
            wait = if healthy {
                let now = self.clock.read();
                let posted = self.board.as_ref().and_then(|board| board.until(now));
                let kept = self.keeper.until(now).min(posted.unwrap_or(IDLE));
                self.until_next_slot().min(self.until_mark()).min(kept)
            } else {
                AFTER_FAILURE
            };
        }
    }

    /// Slots that were left alone while a log was in doubt are due now.
    fn read_agenda(&mut self) {
        match self.store.slots() {
            Ok(slots) => self.agenda.extend(slots),
            Err(fault) => {
                tracing::error!(%fault, "what waits for its slot cannot be read; a restart reads it again")
            }
        }
    }

    /// Notes how far the store has come, now and then, and when the relay stops.
    fn set_mark(&mut self, stop: bool) {
        let now_ms = self.clock.read().uptime_ms;
        if let (Some(mark), Some((to, due_ms))) = (&mut self.mark, self.unmarked)
            && (stop || due_ms <= now_ms)
        {
            self.unmarked = None;
            if let Err(error) = mark.raise(to) {
                tracing::warn!(%error, "how far the store has come could not be noted");
            }
        }
    }

    /// Says how much there is, now and then.
    fn post(&mut self, stop: bool) {
        let now = self.clock.read();
        let stamped = self.stamps.stamp(now).is_ok();
        if let Some(board) = &mut self.board {
            board.post(self.store.as_ref(), self.recovery.is_on(), stamped, now, stop);
        }
    }

    fn until_mark(&self) -> Duration {
        let now_ms = self.clock.read().uptime_ms;
        self.unmarked.map_or(IDLE, |(_, due_ms)| {
            Duration::from_millis(due_ms.saturating_sub(now_ms))
        })
    }

    fn until_next_slot(&self) -> Duration {
        if self.recovery.is_on() {
            return RECOVERING;
        }
        let now = self.clock.read().wall;
        self.agenda.first().map_or(IDLE, |(end, _)| {
            Duration::from_millis(end.since_ms(now)).min(IDLE)
        })
    }

    /// One batch: what is about missing entries, slots that have ended, then the other tasks, one commit, then answers.
    /// False if the store or clock failed.
    fn step(&mut self, mut tasks: Vec<(Task, Answer)>) -> bool {
        let now = self.stamps.stamp(self.clock.read()).ok();
        self.committed.metrics().clock(now.is_none());
        let due: Vec<_> = match now {
            Some(now) if !self.recovery.is_on() => self
                .agenda
                .iter()
                .take_while(|(end, _)| *end <= now)
                .copied()
                .collect(),
            _ => Vec::new(),
        };
        if tasks.is_empty() && due.is_empty() && !self.keeper.is_due(self.clock.read()) {
            return now.is_some() || self.agenda.is_empty();
        }
        let store = Arc::clone(&self.store);
        let mut batch = Batch::new(store.as_ref(), &self.committed, &self.recovery, now);
        batch.quota = self.quota;
        // Stable: otherwise in the order of their coming.
        tasks.sort_by_key(|(task, _)| !task.doubts());
        let others = tasks.partition_point(|(task, _)| task.doubts());
        let others = tasks.split_off(others);
        let mut answers = Vec::new();
        for (task, answer) in tasks {
            answers.push((answer, batch.perform(task)));
        }
        // They may have shown just now that nothing is to be placed.
        let due = if self.recovery.is_on() { Vec::new() } else { due };
        let mut ended = Ok(());
        for (end, log) in &due {
            ended = ended.and_then(|()| batch.end_slots(*log, *end));
        }
        for (task, answer) in others {
            let result = ended.clone().map_err(problem).and_then(|()| batch.perform(task));
            answers.push((answer, result));
        }
        if let Err(fault) = self.keeper.step(&mut batch, self.clock.read()) {
            tracing::error!(%fault, "the logs cannot be looked through for what is to go");
        }
        let (begun, trimmed) = (batch.begun(), batch.trimmed);
        // Even after a failure: the store may have it all the same, and looking once more costs nothing.
        self.agenda.extend(begun.slots);
        let (healthy, problem) = match ended.and_then(|()| batch.commit()) {
            Ok(written) => {
                self.agenda.retain(|slot| !due.contains(slot));
                if let (true, Some(now), Some(_)) = (written, now, &self.mark) {
                    let due_ms = self.clock.read().uptime_ms.saturating_add(MARK_EVERY_MS);
                    self.unmarked = Some((now, self.unmarked.map_or(due_ms, |(_, due_ms)| due_ms)));
                }
                (true, None)
            }
            Err(fault) => {
                tracing::error!(%fault, "nothing of a batch was committed");
                self.committed.forget();
                (false, Some(problem(fault)))
            }
        };
        if trimmed {
            self.keeper.hurry(self.clock.read());
        }
        self.watchers.grown(&begun.grown);
        if begun.thawed {
            self.read_agenda();
        }
        for (answer, result) in answers {
            let _ = answer.send(match (&problem, result) {
                (Some(problem), Ok(_)) => Err(problem.clone()),
                (_, result) => result,
            });
        }
        healthy
    }
}
