//! What goes: entries and blobs of ephemeral logs when their time has come, and what readers of private logs trim.
//!
//! Two steps, each durable with the commit of which it is a part. First an entry is *gone*: no page has it any more.
//! Then, in a later commit, it is *erased*: its bytes leave the disk, so nobody who reads meanwhile finds half of it. Its
//! place, its leaf hash and the nodes above stay: proofs and receipts for appends that come again go on working.
//!
//! ```text
//! 0 .. erased       not on the disk
//! erased .. gone    on the disk, given to nobody
//! gone .. size      given to readers
//! ```
//! One pass over all logs an hour, in steps that are part of the sequencer's batches and bounded. Nothing goes by time
//! while the clock is stopped or a recovery runs, from a log that is in doubt, or in the first day of running after the
//! clock was found more than a day past the last commit: a clock that was wrong at the start can be set right before.

use crate::batch::Batch;
use crate::clock::Reading;
use crate::quota::Quota;
use crate::recovery::refusal;
use crate::status::Board;
use crate::store::{OldBlob, Row, StoreFault};
use crate::task::Done;
use primitives::{LogId, Time};
use relay_api::{Problem, ProblemKind};
use std::time::Duration;
use tlog::LogKind;

/// How long entries and blobs of ephemeral logs are kept: thirty days.
pub const RETENTION: Duration = Duration::from_secs(30 * 24 * 3600);

/// Between the end of a pass and the next.
const PASS_EVERY_MS: u64 = 3_600_000;
/// Between two steps of a pass.
const STEP_EVERY_MS: u64 = 50;
/// Logs looked at in a step.
const LOGS_MAX: usize = 256;
/// What is erased in a step, in pieces of the store.
const PIECES_MAX: usize = 512;
/// Entries that become gone in a step.
const GONE_MAX: u64 = 512;
/// Entries whose times are read at once.
const SIZES_AT_ONCE: u64 = 64;
/// The store's pieces.
const PIECE_BYTES: u32 = 4096;
/// A clock that is this far past the last commit at the start is believed ...
const GAP_MS: u64 = 24 * 3_600_000;
/// ... after the relay has run so long.
const DOUBT_MS: u64 = 24 * 3_600_000;

/// How much is kept, and for how long.
#[derive(Debug)]
pub struct Keeping {
    /// How much.
    pub quota: Quota,
    /// How long what is ephemeral is kept; `None`: for ever.
    pub retention: Option<Duration>,
    /// Where it is said how much there is.
    pub board: Option<Board>,
}

impl Default for Keeping {
    /// No quota, thirty days.
    fn default() -> Self {
        Self {
            quota: Quota::default(),
            retention: Some(RETENTION),
            board: None,
        }
    }
}

/// Goes round all logs and lets go what has had its time.
#[derive(Debug)]
pub(crate) struct Keeper {
    retention_ms: Option<u64>,
    /// The last log of this pass that has been looked at.
    after: Option<LogId>,
    /// Whether this pass has found something, so that another one follows: what has just gone is still to be erased.
    again: bool,
    /// The uptime at which the next step is due.
    due_ms: u64,
    /// The uptime from which on the clock is believed.
    believed_ms: u64,
}

/// What a step may still do.
struct Budget {
    pieces: usize,
    gone: u64,
}

/// What is to be done to a log.
struct Work {
    /// Entries to erase: index and length.
    erased: Vec<(u64, u32)>,
    /// How many more are gone.
    gone: u64,
    dropped: Vec<OldBlob>,
}

impl Keeper {
    /// Of a store whose last commit was at `high_water`.
    pub(crate) fn new(retention: Option<Duration>, high_water: Time, now: Reading) -> Self {
        let jumped = high_water > Time(0) && now.wall.since_ms(high_water) > GAP_MS;
        Self {
            retention_ms: retention.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
            after: None,
            again: false,
            due_ms: now.uptime_ms,
            believed_ms: now.uptime_ms.saturating_add(if jumped { DOUBT_MS } else { 0 }),
        }
    }

    /// How long until there may be something to do.
    pub(crate) fn until(&self, now: Reading) -> Duration {
        Duration::from_millis(self.due_ms.saturating_sub(now.uptime_ms))
    }

    pub(crate) const fn is_due(&self, now: Reading) -> bool {
        self.due_ms <= now.uptime_ms
    }

    /// Something was trimmed: the next pass begins at once.
    pub(crate) const fn hurry(&mut self, now: Reading) {
        self.after = None;
        self.due_ms = now.uptime_ms;
    }

    /// One step of a pass, into the batch.
    ///
    /// # Errors
    /// [`StoreFault`] if the logs cannot be listed. A log that cannot be read is left out.
    pub(crate) fn step(&mut self, batch: &mut Batch<'_>, now: Reading) -> Result<(), StoreFault> {
        if !self.is_due(now) {
            return Ok(());
        }
        let Some(stamp) = batch.now.filter(|_| !batch.recovery.is_on()) else {
            self.due_ms = now.uptime_ms.saturating_add(PASS_EVERY_MS);
            return Ok(());
        };
        self.due_ms = now.uptime_ms.saturating_add(STEP_EVERY_MS);
        let until = self
            .retention_ms
            .filter(|_| self.believed_ms <= now.uptime_ms)
            .and_then(|retention_ms| stamp.0.checked_sub(retention_ms))
            .map(Time);
        let mut budget = Budget {
            pieces: PIECES_MAX,
            gone: GONE_MAX,
        };
        let logs = batch.store.logs(self.after, LOGS_MAX)?;
        let last = logs.len() < LOGS_MAX;
        for (log, row) in logs {
            match look(batch, log, &row, until, &mut budget) {
                Ok(found) => self.again |= found,
                Err(fault) => tracing::error!(%fault, "a log cannot be looked through for what is to go"),
            }
            if budget.is_spent() {
                // The next step begins with this log.
                return Ok(());
            }
            self.after = Some(log);
        }
        if last {
            let again = std::mem::take(&mut self.again);
            self.after = None;
            let wait_ms = if again { STEP_EVERY_MS } else { PASS_EVERY_MS };
            self.due_ms = now.uptime_ms.saturating_add(wait_ms);
        }
        Ok(())
    }
}

/// Looks at one log, and takes up what is due. True: there was something.
fn look(
    batch: &mut Batch<'_>,
    log: LogId,
    row: &Row,
    until: Option<Time>,
    budget: &mut Budget,
) -> Result<bool, StoreFault> {
    if row.doubt.is_some() {
        return Ok(false);
    }
    let until = until.filter(|_| row.record.kind == LogKind::Ephemeral);
    let work = Work::of(batch, log, row, until, budget)?;
    if work.is_none() {
        return Ok(false);
    }
    let Ok(Some(change)) = batch.change(log) else {
        return Err(StoreFault::Damaged("a row that was there is not there"));
    };
    // It may have come into doubt in this batch.
    let sound = change.row.doubt.is_none();
    if sound {
        batch.let_go(log, work);
    }
    Ok(sound)
}

impl Work {
    fn is_none(&self) -> bool {
        self.erased.is_empty() && self.gone == 0 && self.dropped.is_empty()
    }

    /// What is due of a log, within the budget. Nothing that was not gone before this batch is erased.
    fn of(
        batch: &Batch<'_>,
        log: LogId,
        row: &Row,
        until: Option<Time>,
        budget: &mut Budget,
    ) -> Result<Self, StoreFault> {
        let (store, kept) = (batch.store, row.kept());
        let mut work = Self {
            erased: Vec::new(),
            gone: 0,
            dropped: Vec::new(),
        };
        let mut index = kept.erased;
        while index < kept.gone && budget.pieces > 0 {
            let count = SIZES_AT_ONCE.min(kept.gone.saturating_sub(index));
            for (_, len) in store.sizes(log, index, count)? {
                if budget.pieces == 0 {
                    break;
                }
                budget.take(len);
                work.erased.push((index, len));
                index = index.saturating_add(1);
            }
        }
        let Some(until) = until else {
            return Ok(work);
        };
        let size = row.frontier.size();
        let mut index = kept.gone;
        'gone: while index < size && budget.gone > 0 {
            // Most often the first one is not due.
            let count = if index == kept.gone { 1 } else { SIZES_AT_ONCE };
            for (time, _) in store.sizes(log, index, count.min(size.saturating_sub(index)))? {
                if time > until || budget.gone == 0 {
                    break 'gone;
                }
                index = index.saturating_add(1);
                budget.gone = budget.gone.saturating_sub(1);
            }
        }
        work.gone = index.saturating_sub(kept.gone);
        for blob in store.old_blobs(log, until, LOGS_MAX)? {
            if budget.pieces == 0 {
                break;
            }
            budget.take(blob.len);
            work.dropped.push(blob);
        }
        Ok(work)
    }
}

impl Budget {
    const fn is_spent(&self) -> bool {
        self.pieces == 0 || self.gone == 0
    }

    fn take(&mut self, len: u32) {
        let pieces = usize::try_from(len.div_ceil(PIECE_BYTES)).unwrap_or(usize::MAX);
        self.pieces = self.pieces.saturating_sub(pieces.max(1));
    }
}

impl Batch<'_> {
    fn let_go(&mut self, log: LogId, work: Work) {
        let Some(change) = self.changes.get_mut(&log) else {
            return;
        };
        let kept = change.row.kept.get_or_insert_default();
        for (_, len) in &work.erased {
            kept.erased = kept.erased.saturating_add(1);
            kept.bytes = kept.bytes.saturating_sub(u64::from(*len));
        }
        kept.gone = kept.gone.saturating_add(work.gone);
        for blob in &work.dropped {
            change.row.blob_bytes = change.row.blob_bytes.saturating_sub(u64::from(blob.len));
        }
        change.erased.extend(work.erased);
        change.dropped.extend(work.dropped);
        self.going.insert(log);
    }

    /// Lets what a reader needs no more go. Trimming what is gone changes nothing.
    pub(crate) fn trim(&mut self, log: LogId, before: u64) -> Result<Done, Problem> {
        let (recovery, now) = (self.recovery, self.now.unwrap_or(Time(0)));
        let change = self.change(log)?.ok_or(ProblemKind::NotFound)?;
        if change.row.record.kind != LogKind::Private {
            return Err(ProblemKind::Malformed.into());
        }
        if before > change.row.frontier.size() {
            return Err(ProblemKind::OutOfRange.into());
        }
        let kept = change.row.kept();
        if before <= kept.gone {
            return Ok(Done::Trimmed(kept.gone));
        }
        if let Some(problem) = refusal(&recovery.standing(&change.row, now)) {
            return Err(problem);
        }
        change.row.kept.get_or_insert_default().gone = before;
        self.going.insert(log);
        self.trimmed = true;
        Ok(Done::Trimmed(before))
    }
}
