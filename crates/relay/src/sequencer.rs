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
use crate::recovery::{Recovery, WAIT};
use crate::status::Board;
use crate::store::{Freshness, LogStore, News, StoreFault};
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
/// How often a store that other processes change too is looked at though nothing was heard of it.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long a batch is tried again that another process was faster than, or for which the store did not answer.
const TRY_FOR_MS: u64 = 15_000;
const TRY_AGAIN: Duration = Duration::from_millis(50);
/// How often the time of a recovery is looked at.
const RECOVERING: Duration = Duration::from_secs(1);

type Answer = oneshot::Sender<Result<Done, Problem>>;

enum Job {
    Task(Task, Answer),
    /// Look at what other processes have done, and answer when it is known.
    Look(oneshot::Sender<()>),
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

    /// Waits until what other processes have done was looked at: a caller may have been told more by one of them. False
    /// if it could not be.
    pub async fn look(&self) -> bool {
        let (answer, done) = oneshot::channel();
        self.0.try_send(Job::Look(answer)).is_ok() && done.await.is_ok()
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
        let agenda = store.slots()?.into_iter().collect();
        let shared = store.is_shared();
        let keeper = (!shared).then(|| Keeper::new(keeping.retention, high_water, clock.read()));
        let wake = Queue(sender.clone());
        store.tell(Box::new(move || wake.tick()));
        let state = State {
            shared,
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
    /// Whether other processes change the store too.
    shared: bool,
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
    /// `None` over a shared store: what the others have taken in by now is not known there, and nothing that was told
    /// once leaves the stream.
    keeper: Option<Keeper>,
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
            let mut looks = Vec::new();
            for job in first
                .into_iter()
                .chain(std::iter::from_fn(|| jobs.try_recv().ok()))
            {
                match job {
                    Job::Task(task, answer) => {
                        bytes = bytes.saturating_add(task.len());
                        tasks.push((task, answer));
                    }
                    Job::Look(answer) => looks.push(answer),
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
            if self.shared && !looks.is_empty() && self.look(Freshness::Asked).is_ok() {
                for look in looks {
                    let _ = look.send(());
                }
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
                let kept = self.keeper.as_ref().map(|keeper| keeper.until(now));
                let sooner = kept.into_iter().chain(posted).min().unwrap_or(IDLE);
                self.until_next_slot().min(self.until_mark()).min(sooner)
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
        let idle = if self.shared { LOOK_EVERY } else { IDLE };
        let grace_ms = self.store.slot_grace_ms();
        self.agenda.first().map_or(idle, |(end, _)| {
            Duration::from_millis(end.after(grace_ms).since_ms(now)).min(idle)
        })
    }

    /// Takes in what other processes have done.
    fn look(&mut self, freshness: Freshness) -> Result<(), StoreFault> {
        match self.store.take_in(freshness).and_then(|news| self.hear(news)) {
            Err(StoreFault::Unavailable(why)) => {
                tracing::debug!(why, "the store cannot be reached");
                Err(StoreFault::Unavailable(why))
            }
            Err(fault) => {
                tracing::error!(%fault, "what other relay processes have written cannot be taken in");
                Err(fault)
            }
            Ok(()) => Ok(()),
        }
    }

    fn hear(&mut self, news: Vec<News>) -> Result<(), StoreFault> {
        if news.is_empty() {
            return Ok(());
        }
        self.stamps.raise(self.store.high_water()?);
        for News {
            log,
            grown,
            slots,
            doubted,
            ..
        } in news
        {
            self.committed.forget_one(log);
            self.agenda.extend(slots.into_iter().map(|end| (end, log)));
            if grown {
                self.watchers.grown(&[log]);
            }
            if doubted && !self.recovery.is_on() {
                tracing::error!(
                    "another relay process was shown more than the store has; docs/spec/relay.md, Recovery"
                );
                if let Err(error) = self.recovery.begin(WAIT) {
                    tracing::error!(%error, "that could not be written down; it holds until the relay stops");
                }
            }
        }
        Ok(())
    }

    /// Works off a batch, as often as it takes if other processes change the store too. False if the store or clock
    /// failed.
    fn step(&mut self, mut tasks: Vec<(Task, Answer)>) -> bool {
        // Stable: otherwise in the order of their coming.
        tasks.sort_by_key(|(task, _)| !task.doubts());
        let (mut tasks, answers): (Vec<_>, Vec<_>) = tasks.into_iter().unzip();
        let until_ms = self.clock.read().uptime_ms.saturating_add(TRY_FOR_MS);
        let attempt = loop {
            let again = self.shared.then(|| tasks.clone());
            let attempt = self.attempt(tasks);
            match (attempt, again) {
                (Attempt::Failed(fault, _), Some(again)) if self.try_again(&fault, until_ms) => tasks = again,
                (attempt, _) => break attempt,
            }
        };
        let (healthy, results) = match attempt {
            Attempt::Done(healthy, results) => (healthy, results),
            Attempt::Failed(fault, results) => {
                tracing::error!(%fault, "nothing of a batch was committed");
                let failed = |result: Result<_, _>| result.and(Err(problem(fault.clone())));
                (false, results.into_iter().map(failed).collect())
            }
        };
        for (answer, result) in answers.into_iter().zip(results) {
            let _ = answer.send(result);
        }
        healthy
    }

    /// Whether a batch that has failed is worth another attempt.
    fn try_again(&mut self, fault: &StoreFault, until_ms: u64) -> bool {
        let in_time = self.clock.read().uptime_ms < until_ms;
        match fault {
            StoreFault::Conflict => in_time,
            StoreFault::Unavailable(_) if in_time => {
                std::thread::sleep(TRY_AGAIN);
                true
            }
            _ => false,
        }
    }

    /// One batch: what is about missing entries, slots that have ended, then the other tasks, and one commit.
    fn attempt(&mut self, mut tasks: Vec<Task>) -> Attempt {
        let doubts = tasks.partition_point(Task::doubts);
        // Before this process believes to be behind, it looks at everything there is.
        let freshness = if doubts > 0 {
            Freshness::Certain
        } else {
            Freshness::Told
        };
        if self.shared
            && let Err(fault) = self.look(freshness)
        {
            if tasks.is_empty() {
                // Nobody waits: it is looked at again in a moment.
                return Attempt::Done(false, Vec::new());
            }
            let results = tasks.iter().map(|_| Err(problem(fault.clone()))).collect();
            return Attempt::Failed(fault, results);
        }
        let now = self.stamps.stamp(self.clock.read()).ok();
        self.committed.metrics().clock(now.is_none());
        let grace_ms = self.store.slot_grace_ms();
        let due: Vec<_> = match now {
            Some(now) if !self.recovery.is_on() => self
                .agenda
                .iter()
                .take_while(|(end, _)| end.after(grace_ms) <= now)
                .copied()
                .collect(),
            _ => Vec::new(),
        };
        let keeps = self
            .keeper
            .as_ref()
            .is_some_and(|keeper| keeper.is_due(self.clock.read()));
        if tasks.is_empty() && due.is_empty() && !keeps {
            return Attempt::Done(now.is_some() || self.agenda.is_empty(), Vec::new());
        }
        let store = Arc::clone(&self.store);
        let mut batch = Batch::new(store.as_ref(), &self.committed, &self.recovery, now);
        batch.quota = self.quota;
        let others = tasks.split_off(doubts);
        let mut results: Vec<_> = tasks.into_iter().map(|task| batch.perform(task)).collect();
        // They may have shown just now that nothing is to be placed.
        let due = if self.recovery.is_on() { Vec::new() } else { due };
        let mut ended = Ok(());
        for (end, log) in &due {
            ended = ended.and_then(|()| batch.end_slots(*log, *end));
        }
        for task in others {
            results.push(ended.clone().map_err(problem).and_then(|()| batch.perform(task)));
        }
        if let Some(keeper) = &mut self.keeper
            && let Err(fault) = keeper.step(&mut batch, self.clock.read())
        {
            tracing::error!(%fault, "the logs cannot be looked through for what is to go");
        }
        let (begun, trimmed) = (batch.begun(), batch.trimmed);
        // Even after a failure: the store may have it all the same, and looking once more costs nothing.
        self.agenda.extend(begun.slots);
        let written = ended.and_then(|()| batch.commit());
        let attempt = match written {
            Ok(written) => {
                self.agenda.retain(|slot| !due.contains(slot));
                if let (true, Some(now), Some(_)) = (written, now, &self.mark) {
                    let due_ms = self.clock.read().uptime_ms.saturating_add(MARK_EVERY_MS);
                    self.unmarked = Some((now, self.unmarked.map_or(due_ms, |(_, due_ms)| due_ms)));
                }
                if self.shared {
                    // Of what others have written before this commit, which it has taken in.
                    let _ = self.look(Freshness::Told);
                }
                Attempt::Done(true, results)
            }
            Err(fault) => {
                self.committed.forget();
                Attempt::Failed(fault, results)
            }
        };
        if let (true, Some(keeper)) = (trimmed, &mut self.keeper) {
            keeper.hurry(self.clock.read());
        }
        self.watchers.grown(&begun.grown);
        if begun.thawed {
            self.read_agenda();
        }
        attempt
    }
}

/// How an attempt at a batch has ended.
enum Attempt {
    /// What became of each task, and whether the clock can be trusted.
    Done(bool, Vec<Result<Done, Problem>>),
    /// Nothing was committed; what would have been answered is not.
    Failed(StoreFault, Vec<Result<Done, Problem>>),
}
