//! The time after an older copy of the store was put back, in which members bring what it lacks.
//!
//! One checkpoint that shows more than there is proves that the whole store is an older one, so nothing is appended
//! to any log from then on, until members have had time to show what they hold. `veche-relay recover` begins the same
//! before anybody has shown anything.
//!
//! ```text
//! file "recovery" in the data directory: [ wait_ms: uint, passed_ms: uint ]
//! ```
//! Only time in which the relay runs counts: who is to show something needs somebody to show it to.

use crate::clock::Reading;
use crate::store::{Row, sync_parent};
use minicbor::{Decode, Encode};
use primitives::{Time, decode_canonical, encode};
use relay_api::{Problem, ProblemKind, Standing};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long members have, if the operator says nothing: a week.
pub const WAIT: Duration = Duration::from_secs(7 * 24 * 3600);

/// How much of the time that has passed may be forgotten by a crash.
const SAVE_EVERY_MS: u64 = 60_000;
/// When a member who was refused may come again.
const RETRY_MS: u64 = 60_000;

/// Whether the relay is recovering, and how long still. Kept durably, if there is a place for it.
#[derive(Debug, Default)]
pub struct Recovery {
    file: Option<PathBuf>,
    state: Mutex<Option<State>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct Record {
    #[n(0)]
    wait_ms: u64,
    #[n(1)]
    passed_ms: u64,
}

#[derive(Debug)]
struct State {
    record: Record,
    saved_ms: u64,
    /// The uptime up to which time was counted.
    counted: Option<u64>,
}

impl State {
    const fn new(record: Record) -> Self {
        Self {
            record,
            saved_ms: record.passed_ms,
            counted: None,
        }
    }
}

impl Recovery {
    /// What the data directory says.
    ///
    /// # Errors
    /// Whatever keeps the file from being read; also if it makes no sense.
    pub fn load(data: &Path) -> io::Result<Self> {
        let file = data.join("recovery");
        let state = match fs::read(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            read => {
                let record = decode_canonical::<Record>(&read?).map_err(|_| {
                    let reason = "the file \"recovery\" makes no sense; run veche-relay recover again";
                    io::Error::new(io::ErrorKind::InvalidData, reason)
                })?;
                Some(State::new(record))
            }
        };
        Ok(Self {
            file: Some(file),
            state: Mutex::new(state),
        })
    }

    /// Whether nothing is appended now.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.lock().is_some()
    }

    /// Begins, or begins anew with another waiting time. Holds in memory even if it cannot be written.
    ///
    /// # Errors
    /// Whatever keeps it from being made durable.
    pub fn begin(&self, wait: Duration) -> io::Result<()> {
        let record = Record {
            wait_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
            passed_ms: 0,
        };
        *self.lock() = Some(State::new(record));
        self.save(record)
    }

    /// Ends it: what has not been given back to logs that nobody knows to be behind is given up.
    ///
    /// # Errors
    /// Whatever keeps that from being made durable.
    pub fn end(&self) -> io::Result<()> {
        if let Some(file) = &self.file {
            match fs::remove_file(file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => sync_parent(file)?,
            }
        }
        *self.lock() = None;
        Ok(())
    }

    /// Counts the time that has passed. True if this ended the recovery.
    pub fn pass(&self, now: Reading) -> bool {
        let (over, save) = {
            let mut state = self.lock();
            let Some(State {
                record,
                saved_ms,
                counted,
            }) = state.as_mut()
            else {
                return false;
            };
            let passed = now.uptime_ms.saturating_sub(counted.unwrap_or(now.uptime_ms));
            *counted = Some(now.uptime_ms);
            record.passed_ms = record.passed_ms.saturating_add(passed);
            let save = record.passed_ms >= saved_ms.saturating_add(SAVE_EVERY_MS);
            if save {
                *saved_ms = record.passed_ms;
            }
            (record.passed_ms >= record.wait_ms, save.then_some(*record))
        };
        let written = if over {
            self.end()
        } else {
            save.map_or(Ok(()), |record| self.save(record))
        };
        if let Err(error) = &written {
            tracing::error!(%error, "the state of the recovery could not be written");
        }
        let ended = over && written.is_ok();
        if ended {
            tracing::warn!("the time to give back what is missing is over");
        }
        ended
    }

    /// How a log stands.
    #[must_use]
    pub fn standing(&self, row: &Row, now: Time) -> Standing {
        let size = row.frontier.size();
        match (&row.doubt, self.lock().as_ref()) {
            (Some(doubt), _) if doubt.broken => Standing::Broken { size },
            (Some(doubt), _) => Standing::Behind {
                size,
                known: doubt.known,
            },
            (None, Some(State { record, .. })) => Standing::Waits {
                size,
                until: now.after(record.wait_ms.saturating_sub(record.passed_ms)),
            },
            (None, None) => Standing::Sound { size },
        }
    }

    fn save(&self, record: Record) -> io::Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let beside = file.with_extension("new");
        let mut written = File::create(&beside)?;
        written.write_all(&encode(&record))?;
        written.sync_all()?;
        fs::rename(&beside, file)?;
        sync_parent(file)
    }

    fn lock(&self) -> MutexGuard<'_, Option<State>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why nothing is appended to a log that stands like this; `None` if it is sound.
pub(crate) fn refusal(standing: &Standing) -> Option<Problem> {
    let behind = |why: &str| Problem::detailed(ProblemKind::Behind, why);
    match standing {
        Standing::Sound { .. } => None,
        Standing::Behind { .. } => Some(
            behind(
                "The relay was set back to an older state and lacks entries of this log that it has signed; it takes \
                 and signs nothing until a member gives them back.",
            )
            .retry_after(RETRY_MS),
        ),
        Standing::Waits { .. } => Some(
            behind(
                "The relay was set back to an older state; it takes nothing until members have had time to show what \
                 they hold.",
            )
            .retry_after(RETRY_MS),
        ),
        Standing::Broken { .. } => Some(behind(
            "The relay has signed two histories of this log and takes nothing any more: the log must go on elsewhere.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(uptime_ms: u64) -> Reading {
        Reading {
            wall: Time(0),
            uptime_ms,
        }
    }

    #[test]
    fn only_time_in_which_the_relay_runs_counts_and_it_counts_over_restarts() {
        let data = tempfile::tempdir().unwrap();
        let recovery = Recovery::load(data.path()).unwrap();
        assert!(!recovery.is_on());
        recovery.begin(Duration::from_secs(300)).unwrap();
        assert!(!recovery.pass(at(1_000_000)), "what was before does not count");
        assert!(!recovery.pass(at(1_200_000)));
        let recovery = Recovery::load(data.path()).unwrap();
        assert!(!recovery.pass(at(90_000_000)), "what was between does not count");
        assert!(!recovery.pass(at(90_099_999)));
        assert!(recovery.is_on());
        assert!(recovery.pass(at(90_100_000)));
        assert!(!recovery.is_on());
        assert!(!Recovery::load(data.path()).unwrap().is_on());
    }

    #[test]
    fn a_file_that_makes_no_sense_is_refused() {
        let data = tempfile::tempdir().unwrap();
        fs::write(data.path().join("recovery"), b"soon").unwrap();
        assert!(Recovery::load(data.path()).is_err());
    }
}
