//! Gates: which entries a ballot box takes.

use crate::store::{LogStore, Tag};
use crate::task::Role;
use ballot::{BALLOT_BYTES_MAX, BallotIn, Event, Roll};
use minicbor::bytes::ByteArray;
use primitives::LogId;
use relay_api::{Problem, ProblemKind};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tlog::{CloseEntry, Gate};

/// How many boxes are kept decoded; a roll of 10,000 keys takes about 2 MiB.
const EVENTS_MAX: usize = 8;

/// Judges entries of gated logs. Costs a multiscalar multiplication over the roll: to be called off the event loop.
#[derive(Debug)]
pub struct Gates {
    events: Mutex<VecDeque<(LogId, Arc<Event>)>>,
}

impl Gates {
    /// No box decoded yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            events: Mutex::new(VecDeque::new()),
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
    /// sequencer's to know.
    ///
    /// # Errors
    /// [`ProblemKind::BallotRefused`], or [`ProblemKind::Internal`] if the roll cannot be read.
    pub fn admits(
        &self,
        store: &dyn LogStore,
        log: LogId,
        gate: &Gate,
        entry: &[u8],
    ) -> Result<Tag, Problem> {
        if entry.len() > BALLOT_BYTES_MAX {
            return Err(ProblemKind::BallotRefused.into());
        }
        let refused =
            |error: ballot::BallotError| Problem::detailed(ProblemKind::BallotRefused, error.to_string());
        let received = BallotIn::decode(entry).map_err(refused)?;
        let event = self.event(store, log, gate)?;
        let verified = ballot::verify(&event, &received).map_err(refused)?;
        Ok(*verified.tag().as_bytes())
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

    fn event(&self, store: &dyn LogStore, log: LogId, gate: &Gate) -> Result<Arc<Event>, Problem> {
        if let Some((_, event)) = self.lock().iter().find(|(known, _)| *known == log) {
            return Ok(Arc::clone(event));
        }
        let internal = |_| Problem::new(ProblemKind::Internal);
        let keys = store.roll(log).map_err(|_| Problem::new(ProblemKind::Internal))?;
        let roll = Roll::from_bytes(keys.iter().map(|key| &**key)).map_err(internal)?;
        let event = Event::ballot(
            gate.assembly,
            gate.opening,
            Arc::new(roll),
            gate.sealing_key.into(),
        );
        let event = Arc::new(event);
        let mut events = self.lock();
        events.push_front((log, Arc::clone(&event)));
        events.truncate(EVENTS_MAX);
        Ok(event)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<(LogId, Arc<Event>)>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Gates {
    fn default() -> Self {
        Self::new()
    }
}
