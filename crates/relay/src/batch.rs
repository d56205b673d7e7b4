//! A batch: what one commit will change, and what is answered once it has.

use crate::committed::Committed;
use crate::quota::Quota;
use crate::recovery::{Recovery, refusal};
use crate::store::{LogChange, LogStore, Placed, Row, StoreFault, Tag, Waiting};
use crate::task::{Done, Role, Task};
use minicbor::bytes::ByteArray;
use primitives::{Hash, LogId, Time};
use relay_api::{Problem, ProblemKind};
use std::collections::{BTreeSet, HashMap};
use std::time::Instant;
use tlog::{CreateLog, Entry, leaf_hash};

/// Bytes of blobs beside one log.
const BLOB_BYTES_PER_LOG_MAX: u64 = 4 * 1024 * 1024 * 1024;

/// How a failure of the store looks from outside.
pub(crate) fn problem(fault: StoreFault) -> Problem {
    match fault {
        StoreFault::Full => ProblemKind::InsufficientStorage.into(),
        StoreFault::Unavailable(_) | StoreFault::Conflict => {
            Problem::new(ProblemKind::Busy).retry_after(1_000)
        }
        _ => ProblemKind::Internal.into(),
    }
}

/// Changes that will be committed together.
pub(crate) struct Batch<'a> {
    pub(crate) store: &'a dyn LogStore,
    committed: &'a Committed,
    pub(crate) recovery: &'a Recovery,
    /// `None` while the clock is stopped.
    pub(crate) now: Option<Time>,
    pub(crate) changes: HashMap<LogId, LogChange>,
    /// Logs whose doubt has changed.
    pub(crate) doubted: BTreeSet<LogId>,
    /// Logs of which something goes.
    pub(crate) going: BTreeSet<LogId>,
    /// Whether a log was trimmed.
    pub(crate) trimmed: bool,
    pub(crate) quota: Quota,
    /// Bytes that this batch adds.
    added: u64,
    /// Whether some log can be appended to again.
    pub(crate) thawed: bool,
    /// Places given in this batch.
    placed: HashMap<(LogId, Hash), (u64, Time)>,
    slots: Vec<(Time, LogId)>,
}

/// What a batch sets going, once it is committed.
#[derive(Debug)]
pub(crate) struct Begun {
    /// Logs that have grown.
    pub(crate) grown: Vec<LogId>,
    /// Slots in which something waits.
    pub(crate) slots: Vec<(Time, LogId)>,
    /// Whether some log can be appended to again.
    pub(crate) thawed: bool,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(
        store: &'a dyn LogStore,
        committed: &'a Committed,
        recovery: &'a Recovery,
        now: Option<Time>,
    ) -> Self {
        Self {
            store,
            committed,
            recovery,
            doubted: BTreeSet::new(),
            going: BTreeSet::new(),
            trimmed: false,
            quota: Quota::default(),
            added: 0,
            thawed: false,
            now,
            changes: HashMap::new(),
            placed: HashMap::new(),
            slots: Vec::new(),
        }
    }

    pub(crate) fn perform(&mut self, task: Task) -> Result<Done, Problem> {
        match task {
            Task::Create { record, roll } => self.create(*record, roll),
            Task::Append {
                log,
                hash,
                bytes,
                role,
            } => self.append(log, hash, bytes, role),
            Task::Blob { log, hash, bytes } => self.blob(log, hash, bytes),
            Task::Show { log, checkpoint } => self.show(log, &checkpoint).map(Done::Stands),
            Task::GiveBack(given) => self.give_back(*given).map(Done::Stands),
            Task::Trim { log, before } => self.trim(log, before),
        }
    }

    /// The change to a log in this batch; `None` if there is no such log.
    pub(crate) fn change(&mut self, log: LogId) -> Result<Option<&mut LogChange>, Problem> {
        if !self.changes.contains_key(&log)
            && let Some(row) = self.committed.pin(log).map_err(problem)?
        {
            let change = LogChange::new(Some(row.frontier.size()), (*row).clone());
            self.changes.insert(log, change);
        }
        Ok(self.changes.get_mut(&log))
    }

    fn create(&mut self, record: CreateLog, roll: Vec<ByteArray<32>>) -> Result<Done, Problem> {
        let log = record.id();
        if self.change(log)?.is_none() {
            self.quota.allows_log(self.bytes()?)?;
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
        if let Some(problem) = refusal(&self.recovery.standing(&row, now)) {
            return Err(problem);
        }
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
                // A slot that another process has ended already, its clock being ahead, takes nothing more.
                let now = now.max(row.last_time);
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
                if row.record.gate.is_none() {
                    self.has_room(log, bytes.len())?;
                }
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
        // Nothing waits where there are no slots.
        if self
            .change(log)?
            .is_none_or(|change| change.row.record.slots.is_none())
        {
            return Ok(None);
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
    pub(crate) fn end_slots(&mut self, log: LogId, now: Time) -> Result<(), StoreFault> {
        let Ok(Some(change)) = self.change(log) else {
            return Err(StoreFault::Damaged("a slot without a log"));
        };
        // They are looked at again when the log is no longer in doubt.
        if change.row.doubt.is_some() || change.row.closed {
            return Ok(());
        }
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

    pub(crate) fn place(&mut self, log: LogId, hash: Hash, entry: Entry) -> u64 {
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
        let len = u64::try_from(entry.bytes.len()).unwrap_or(u64::MAX);
        let kept = change.row.kept.get_or_insert_default();
        kept.bytes = kept.bytes.saturating_add(len);
        self.added = self.added.saturating_add(len);
        self.placed.insert((log, hash), (index, entry.time));
        change.placed.push(Placed { index, hash, entry });
        index
    }

    fn blob(&mut self, log: LogId, hash: Hash, bytes: Vec<u8>) -> Result<Done, Problem> {
        if self.store.blob(log, hash, 0, 0).map_err(problem)?.is_some() {
            return Ok(Done::Stored);
        }
        let change = self.change(log)?.ok_or(ProblemKind::NotFound)?;
        if change.blobs.iter().any(|(known, _)| *known == hash) {
            return Ok(Done::Stored);
        }
        self.has_room(log, bytes.len())?;
        let change = self.changes.get_mut(&log).ok_or(ProblemKind::NotFound)?;
        let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let total = change.row.blob_bytes.saturating_add(len);
        if total > BLOB_BYTES_PER_LOG_MAX {
            return Err(ProblemKind::InsufficientStorage.into());
        }
        change.row.blob_bytes = total;
        change.blobs.push((hash, bytes));
        self.added = self.added.saturating_add(len);
        Ok(Done::Stored)
    }

    /// Refuses what a quota has no room for.
    fn has_room(&mut self, log: LogId, len: usize) -> Result<(), Problem> {
        let here = self.change(log)?.map_or(0, |change| change.row.bytes());
        let all = self.bytes()?;
        self.quota
            .allows(here, all, u64::try_from(len).unwrap_or(u64::MAX))
    }

    /// Bytes of the whole store, with those of this batch; only if a quota asks for them.
    fn bytes(&self) -> Result<u64, Problem> {
        if self.quota.store_bytes.is_none() {
            return Ok(0);
        }
        let stored = self.store.totals().map_err(problem)?;
        Ok(stored.bytes.saturating_add(self.added))
    }

    /// What this batch sets going.
    pub(crate) fn begun(&self) -> Begun {
        let grown = self
            .changes
            .iter()
            .filter(|(_, change)| !change.placed.is_empty());
        Begun {
            grown: grown.map(|(log, _)| *log).collect(),
            slots: self.slots.clone(),
            thawed: self.thawed,
        }
    }

    /// Writes and syncs, then lets everybody see it. False: there was nothing to write.
    pub(crate) fn commit(self) -> Result<bool, StoreFault> {
        let changed = |log: &LogId, change: &LogChange| {
            change.expected.is_none()
                || self.doubted.contains(log)
                || self.going.contains(log)
                || !(change.placed.is_empty() && change.waiting.is_empty() && change.blobs.is_empty())
        };
        let changes: Vec<_> = self
            .changes
            .into_iter()
            .filter(|(log, change)| changed(log, change))
            .collect();
        let writes = !changes.is_empty();
        if writes {
            let begun = Instant::now();
            let metrics = self.committed.metrics();
            let done = self.store.commit(&changes, self.now.unwrap_or(Time(0)));
            // Of several processes over one store somebody is always second.
            let second = |fault: &StoreFault| *fault == StoreFault::Conflict && self.store.is_shared();
            done.inspect_err(|fault| {
                if !second(fault) {
                    metrics.failed();
                }
            })?;
            metrics.committed(changes.iter().map(|(_, change)| change), begun.elapsed());
        }
        self.committed
            .publish(changes.into_iter().map(|(log, change)| (log, change.row)));
        Ok(writes)
    }
}
