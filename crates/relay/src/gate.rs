//! Gates: which entries a ballot box takes.
//!
//! A proof costs a multiscalar multiplication over the roll. Ballots that come while others are being judged are judged
//! together, with blame: the cost of a ballot falls with their number, and one that fails does not take the others along.
//! What was judged before, and a second ballot with a tag that is taken, is not judged at all.

use crate::store::{LogStore, Tag};
use crate::task::Role;
use ballot::{BALLOT_BYTES_MAX, BallotError, BallotIn, Event, Roll, judge_batch, sift, verify};
use minicbor::bytes::ByteArray;
use primitives::{Hash, LogId};
use rand_core::UnwrapErr;
use relay_api::{Problem, ProblemKind};
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tlog::{CloseEntry, Gate};
use tokio::sync::{Semaphore, oneshot};

/// How many boxes are kept decoded, and how many keys their rolls have together (some 200 bytes each).
const EVENTS_MAX: usize = 64;
const EVENT_KEYS_MAX: usize = 131_072;
/// How many ballots are judged together.
const BATCH_MAX: usize = 64;
/// How many verified ballots are remembered.
const VERIFIED_MAX: usize = 65_536;

/// Judges entries of gated logs.
pub struct Gates {
    store: Arc<dyn LogStore>,
    /// The latest used is the first.
    events: Mutex<VecDeque<(LogId, Arc<Event>)>>,
    verified: Mutex<Verified>,
    /// Ballots that wait to be judged.
    pending: Mutex<HashMap<LogId, VecDeque<Pending>>>,
    /// Batches judged at the same time.
    turns: Semaphore,
    /// Whether there was a bad ballot in the latest batch.
    under_fire: AtomicBool,
}

/// Tags of ballots that were verified, by log and SHA-256; the oldest is forgotten first.
#[derive(Debug, Default)]
struct Verified {
    tags: HashMap<(LogId, Hash), Tag>,
    order: VecDeque<(LogId, Hash)>,
}

struct Pending {
    hash: Hash,
    ballot: BallotIn,
    tell: oneshot::Sender<Result<Tag, Problem>>,
}

impl Gates {
    /// Over a store, with no box decoded yet.
    #[must_use]
    pub fn new(store: Arc<dyn LogStore>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            store,
            events: Mutex::default(),
            verified: Mutex::default(),
            pending: Mutex::default(),
            // Whatever is thrown at a box, a core is left for the others.
            turns: Semaphore::new(cores.saturating_sub(1).max(1)),
            under_fire: AtomicBool::new(false),
        }
    }

    /// Checks that `roll` is the one that the gate names.
    ///
    /// # Errors
    /// [`ProblemKind::BadRecord`].
    pub fn check_roll(gate: &Gate, roll: &[ByteArray<32>]) -> Result<(), Problem> {
        let refused = |why: String| Problem::detailed(ProblemKind::BadRecord, why);
        if usize::try_from(gate.roll_len) != Ok(roll.len()) {
            return Err(refused(
                "The roll has not the length that the record says.".to_owned(),
            ));
        }
        let roll =
            Roll::from_bytes(roll.iter().map(|key| &**key)).map_err(|error| refused(error.to_string()))?;
        if roll.root() == gate.roll_root {
            Ok(())
        } else {
            Err(refused(
                "The roll has not the root that the record says.".to_owned(),
            ))
        }
    }

    /// Verifies that `entry` is a ballot of this box, and gives its link tag out. Whether the tag is new is the
    /// sequencer's to know; that it is not may be said here already.
    ///
    /// # Errors
    /// [`ProblemKind::BallotRefused`], [`ProblemKind::TagUsed`], [`ProblemKind::Closed`], or [`ProblemKind::Internal`] if the roll cannot be read.
    pub async fn admits(
        self: &Arc<Self>,
        log: LogId,
        (gate, closed): (&Gate, bool),
        hash: Hash,
        entry: &[u8],
    ) -> Result<Tag, Problem> {
        if let Some(tag) = lock(&self.verified).tags.get(&(log, hash)) {
            return Ok(*tag);
        }
        if entry.len() > BALLOT_BYTES_MAX {
            return Err(ProblemKind::BallotRefused.into());
        }
        let ballot = BallotIn::decode(entry).map_err(refused)?;
        let (gates, tag) = (Arc::clone(self), *ballot.tag().as_bytes());
        let looked = tokio::task::spawn_blocking(move || gates.is_open(log, closed, hash, tag)).await;
        looked.map_err(|_| ProblemKind::Internal)??;
        let (tell, told) = oneshot::channel();
        let pending = Pending { hash, ballot, tell };
        lock(&self.pending).entry(log).or_default().push_back(pending);
        let turn = self.turns.acquire().await.map_err(|_| ProblemKind::Busy)?;
        // Somebody whose turn came earlier may have had this one judged with his own, or be at it. Or there are more before it
        // than are judged together.
        let mut some = true;
        while some && told.is_empty() {
            let (gates, gate) = (Arc::clone(self), gate.clone());
            let judged = tokio::task::spawn_blocking(move || gates.judge(log, &gate)).await;
            some = judged.map_err(|_| ProblemKind::Internal)?;
        }
        drop(turn);
        told.await.map_err(|_| ProblemKind::Internal)?
    }

    /// Whether the ballot may still come in, or is in.
    fn is_open(&self, log: LogId, closed: bool, hash: Hash, tag: Tag) -> Result<(), Problem> {
        let internal = |_| Problem::new(ProblemKind::Internal);
        let is_in = self.store.position(log, hash).map_err(internal)?.is_some()
            || self.store.waits_until(log, hash).map_err(internal)?.is_some();
        if is_in {
            Ok(())
        } else if closed {
            Err(ProblemKind::Closed.into())
        } else if self.store.has_tag(log, &tag).map_err(internal)? {
            Err(ProblemKind::TagUsed.into())
        } else {
            Ok(())
        }
    }

    /// Judges a batch of those that wait. False: none does.
    fn judge(&self, log: LogId, gate: &Gate) -> bool {
        let mut batch = Vec::new();
        {
            let mut pending = lock(&self.pending);
            let Some(waiting) = pending.get_mut(&log) else {
                return false;
            };
            while batch.len() < BATCH_MAX
                && let Some(next) = waiting.pop_front()
            {
                // Who has gone is not waited for.
                if !next.tell.is_closed() {
                    batch.push(next);
                }
            }
            if waiting.is_empty() {
                pending.remove(&log);
            }
        }
        if batch.is_empty() {
            return false;
        }
        let event = match self.event(log, gate) {
            Ok(event) => event,
            Err(problem) => {
                for Pending { tell, .. } in batch {
                    let _ = tell.send(Err(problem.clone()));
                }
                return true;
            }
        };
        // Blame costs more than a look at each: under fire, what was made without care is sorted out first.
        let mut bad = false;
        if self.under_fire.load(Ordering::Relaxed) && batch.len() > 1 {
            let sifted = batch
                .into_iter()
                .filter_map(|pending| match sift(&event, &pending.ballot) {
                    Ok(()) => Some(pending),
                    Err(error) => {
                        bad = true;
                        let _ = pending.tell.send(Err(refused(error)));
                        None
                    }
                });
            batch = sifted.collect();
        }
        let ballots: Vec<_> = batch.iter().map(|pending| pending.ballot.clone()).collect();
        let verdicts = match ballots.as_slice() {
            [] => Vec::new(),
            [only] => vec![verify(&event, only)],
            ballots => judge_batch(&event, ballots, &mut UnwrapErr(getrandom::SysRng)),
        };
        for (Pending { hash, tell, .. }, verdict) in batch.into_iter().zip(verdicts) {
            let tag = verdict.map(|ballot| *ballot.tag().as_bytes());
            match &tag {
                Ok(tag) => lock(&self.verified).remember((log, hash), *tag),
                Err(_) => bad = true,
            }
            let _ = tell.send(tag.map_err(refused));
        }
        self.under_fire.store(bad, Ordering::Relaxed);
        true
    }

    /// Whether `entry` closes the box.
    #[must_use]
    pub fn closes(gate: &Gate, entry: &[u8]) -> bool {
        let closing = CloseEntry {
            opening: gate.opening,
        };
        CloseEntry::from_bytes(entry) == Some(closing)
    }

    /// What an entry is that was in the box before: not verified again.
    #[must_use]
    pub fn role(gate: &Gate, entry: &[u8]) -> Role {
        if Self::closes(gate, entry) {
            return Role::Close;
        }
        BallotIn::decode(entry).map_or(Role::Plain, |ballot| Role::Ballot(*ballot.tag().as_bytes()))
    }

    fn event(&self, log: LogId, gate: &Gate) -> Result<Arc<Event>, Problem> {
        {
            let mut events = lock(&self.events);
            if let Some(at) = events.iter().position(|(known, _)| *known == log)
                && let Some(found) = events.remove(at)
            {
                let event = Arc::clone(&found.1);
                events.push_front(found);
                return Ok(event);
            }
        }
        let internal = |_| Problem::new(ProblemKind::Internal);
        let keys = self
            .store
            .roll(log)
            .map_err(|_| Problem::new(ProblemKind::Internal))?;
        let roll = Roll::from_bytes(keys.iter().map(|key| &**key)).map_err(internal)?;
        let event = Event::ballot(
            gate.assembly,
            gate.opening,
            Arc::new(roll),
            gate.sealing_key.into(),
        );
        let event = Arc::new(event);
        let mut events = lock(&self.events);
        events.push_front((log, Arc::clone(&event)));
        let mut keys = 0usize;
        let fits = events.iter().take(EVENTS_MAX).take_while(|(_, event)| {
            keys = keys.saturating_add(event.roll().len());
            keys <= EVENT_KEYS_MAX
        });
        let fits = fits.count().max(1);
        events.truncate(fits);
        Ok(event)
    }
}

impl Verified {
    fn remember(&mut self, ballot: (LogId, Hash), tag: Tag) {
        if self.tags.insert(ballot, tag).is_none() {
            self.order.push_back(ballot);
        }
        if self.order.len() > VERIFIED_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.tags.remove(&oldest);
        }
    }
}

impl std::fmt::Debug for Gates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gates(..)")
    }
}

fn refused(error: BallotError) -> Problem {
    Problem::detailed(ProblemKind::BallotRefused, error.to_string())
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
