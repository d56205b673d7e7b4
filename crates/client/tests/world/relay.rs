//! A relay in memory that keeps the contract of the real one, for the simulation. It can be told to lie.

use ballot::{BallotIn, Event, LinkTag, Roll, verify};
use minicbor::bytes::ByteVec;
use primitives::canonical::sha256;
use primitives::signed::Unverified;
use primitives::{Hash, LogId, Secret, SigningSecret, Time};
use relay_api::{Call, Limits, Problem, ProblemKind, RelayKeys, Reply};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tlog::{Checkpoint, CloseEntry, CreateLog, Entry, MemoryTree, Origin, Page, Receipt, leaf_hash};

/// What the relay does with ballots.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Ballots {
    Taken,
    /// It says that they do not verify.
    Refused,
    /// It promises them their slot and forgets them.
    Forgotten,
}

/// What the relay does with blobs that it is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Giving {
    Honest,
    /// It changes a byte.
    Altered,
    /// It gives a part.
    Short,
    /// It gives another blob.
    Another,
}

/// What a relay does to one log for those to whom it lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lie {
    /// The newest entry, for which there was a receipt, is gone.
    Dropped,
    /// A byte of the newest entry is another.
    Altered,
    /// The two newest entries are in the other order.
    Reordered,
    /// The newest entry stands there twice.
    Doubled,
    /// The newest entry is older than the one before it.
    BackDated,
    /// What had been read is not there any more.
    Shrunk,
    /// An entry that had been read is another.
    Rewritten,
    /// The entries are not those under the root that is signed.
    Mangled,
}

impl Lie {
    pub const ALL: [Self; 8] = [
        Self::Dropped,
        Self::Altered,
        Self::Reordered,
        Self::Doubled,
        Self::BackDated,
        Self::Shrunk,
        Self::Rewritten,
        Self::Mangled,
    ];
}

#[derive(Clone)]
pub struct Relay {
    /// The first record log that took an entry: the journal.
    pub first_log: Option<LogId>,
    identity: Arc<SigningSecret>,
    checkpoint: Arc<SigningSecret>,
    logs: BTreeMap<LogId, Log>,
    /// Beside which log, and under which name.
    pub blobs: BTreeMap<(LogId, Hash), Vec<u8>>,
    /// How often a blob was put, and how often one was asked for.
    pub blobs_put: u64,
    pub blobs_asked: u64,
    /// What it does with blobs that are asked for.
    pub giving: Giving,
    last_time: Time,
    pub ballots: Ballots,
    /// Ballots that were submitted, repeated ones too.
    pub submitted: u64,
    /// So far its clock, as it tells it, is off the world's.
    pub clock_off_ms: i64,
    /// How far the times that it gives to entries are off; they never go back.
    pub stamps_off_ms: i64,
}

/// A log's record and its entries with their times.
pub type PackedLog = (CreateLog, Vec<(u64, ByteVec)>);

#[derive(Clone)]
struct Log {
    record: CreateLog,
    entries: Vec<Entry>,
    tree: MemoryTree,
    waiting: Vec<(Time, Vec<u8>)>,
    tags: BTreeSet<LinkTag>,
    event: Option<Event>,
    /// An entry that is given out with another byte than it has.
    mangled: Option<u64>,
    /// Entries before this one are kept no longer.
    gone: u64,
}

impl Relay {
    pub fn new(seed: u8) -> Self {
        Self {
            first_log: None,
            identity: Arc::new(SigningSecret::from_seed(&Secret::take(&mut [seed ^ 1; 32]))),
            checkpoint: Arc::new(SigningSecret::from_seed(&Secret::take(&mut [seed ^ 2; 32]))),
            logs: BTreeMap::new(),
            blobs: BTreeMap::new(),
            blobs_put: 0,
            blobs_asked: 0,
            giving: Giving::Honest,
            last_time: Time(0),
            ballots: Ballots::Taken,
            submitted: 0,
            clock_off_ms: 0,
            stamps_off_ms: 0,
        }
    }

    /// Everything that was ever written, by log.
    pub fn entries(&self) -> BTreeMap<LogId, Vec<Vec<u8>>> {
        let bytes = |log: &Log| log.entries.iter().map(|entry| entry.bytes.clone()).collect();
        self.logs.iter().map(|(id, log)| (*id, bytes(log))).collect()
    }

    pub fn keys(&self) -> Unverified {
        RelayKeys::sign(&self.identity, self.checkpoint.verifying_key(), Time(1))
    }

    pub fn address(&self) -> String {
        let relay = relay_api::relay_id(&self.identity.verifying_key());
        let hosts = vec!["127.0.0.1:1".parse().unwrap()];
        relay_api::RelayAddress {
            relay,
            token: None,
            hosts,
        }
        .to_string()
    }

    pub fn call(&mut self, now: Time, call: Call) -> Result<Reply, Problem> {
        let said = Time(now.0.saturating_add_signed(self.clock_off_ms));
        let now = Time(now.0.saturating_add_signed(self.stamps_off_ms));
        self.last_time = self.last_time.max(now);
        let now = self.last_time;
        self.sequence(now);
        match call {
            Call::Keys => Ok(Reply::Keys(self.keys())),
            Call::Create { record, roll } => self.create(record, &roll),
            Call::Append {
                log,
                entry,
                signature,
            } => self.append(now, log, entry, &signature),
            Call::Read {
                log,
                token,
                from,
                bytes_max,
                known,
            } => {
                let origin = self.origin(log);
                let key = &self.checkpoint;
                let kept = self
                    .logs
                    .get(&log)
                    .filter(|l| l.record.read_token_hash == token.hash());
                let kept = kept.ok_or(ProblemKind::NotFound)?;
                Ok(Reply::Page(kept.page(origin, key, (from, known), bytes_max)))
            }
            Call::Show { log, token, .. } => {
                self.may_read(log, &token)?;
                let size = self.logs[&log].tree.size();
                Ok(Reply::Standing(relay_api::Standing::Sound { size }))
            }
            Call::Consistency { log, token, from, to } => {
                self.may_read(log, &token)?;
                let tree = &self.logs[&log].tree;
                if from > to || to > tree.size() {
                    return Err(ProblemKind::OutOfRange.into());
                }
                let path = tree.consistency(from, to);
                Ok(Reply::Consistency { path })
            }
            Call::PutBlob { log, token, bytes } => {
                self.may_read(log, &token)?;
                self.blobs_put += 1;
                let hash = sha256(&bytes);
                self.blobs.insert((log, hash), bytes);
                Ok(Reply::BlobStored { hash })
            }
            Call::GetBlob { log, token, hash, .. } => {
                self.may_read(log, &token)?;
                self.blobs_asked += 1;
                let kept = self.blobs.get(&(log, hash)).cloned();
                let mut bytes = kept.ok_or(ProblemKind::NotFound)?;
                match self.giving {
                    Giving::Honest => {}
                    Giving::Altered => bytes[9] ^= 1,
                    Giving::Short => bytes.truncate(9),
                    Giving::Another => bytes = self.blobs.values().next().cloned().unwrap_or_default(),
                }
                Ok(Reply::Blob {
                    blob_len: bytes.len() as u32,
                    bytes,
                })
            }
            Call::Limits => Ok(Reply::Limits(Limits {
                now: said,
                entry_bytes_max: u32::MAX,
                blob_bytes_max: u32::MAX,
                page_bytes_max: u32::MAX,
                roll_len_max: u32::MAX,
                append_burst: u32::MAX,
                append_every_ms: 0,
                watch_logs_max: u32::MAX,
                create_needs_token: false,
            })),
            _ => Err(ProblemKind::NoSuchEndpoint.into()),
        }
    }

    /// Takes an append as it comes: for measurements, which do not repeat themselves.
    pub fn take_in(&mut self, now: Time, call: Call) {
        if let Call::Append { log, entry, .. } = call
            && let Some(log) = self.logs.get_mut(&log)
        {
            log.push(now, entry);
        }
    }

    /// How long each log is, and whether it is kept for ever.
    pub fn sizes(&self) -> BTreeMap<LogId, (u64, bool)> {
        let size = |log: &Log| (log.tree.size(), log.record.kind == tlog::LogKind::Record);
        self.logs.iter().map(|(id, log)| (*id, size(log))).collect()
    }

    /// Loses the logs that have no entry yet, as a relay does whose record of them was not stored.
    pub fn forget_empty(&mut self) -> usize {
        let before = self.logs.len();
        self.logs.retain(|_, log| log.tree.size() > 0);
        before - self.logs.len()
    }

    /// Keeps nothing any longer of what is not a record, as a relay does after thirty days.
    pub fn let_go(&mut self) {
        for log in self.logs.values_mut() {
            if log.record.kind != tlog::LogKind::Record {
                log.gone = log.tree.size();
            }
        }
    }

    /// Lies about a log of which `read` entries have been read.
    pub fn lies(&mut self, log: LogId, lie: Lie, read: u64) {
        let log = self.logs.get_mut(&log).unwrap();
        let (read, newest) = (read as usize, log.entries.len() - 1);
        let entries = &mut log.entries;
        match lie {
            Lie::Dropped => entries.truncate(newest),
            Lie::Altered => entries[newest].bytes[40] ^= 1,
            Lie::Reordered => {
                let bytes = std::mem::take(&mut entries[newest].bytes);
                let bytes = std::mem::replace(&mut entries[newest - 1].bytes, bytes);
                entries[newest].bytes = bytes;
            }
            Lie::Doubled => entries.push(entries[newest].clone()),
            Lie::BackDated => entries[newest].time = Time(entries[newest - 1].time.0 - 1),
            Lie::Shrunk => entries.truncate(read - 1),
            Lie::Rewritten => entries[read - 1].bytes[40] ^= 1,
            Lie::Mangled => log.mangled = Some(newest as u64),
        }
        log.tree = MemoryTree::new();
        for entry in &log.entries {
            log.tree.push(leaf_hash(entry.time, &entry.bytes));
        }
    }

    /// Every log's record with its entries, and every blob with its log: what a disk would have.
    pub fn packed(&self) -> (Vec<PackedLog>, Vec<(LogId, ByteVec)>) {
        let entries = |log: &Log| {
            let entries = log.entries.iter();
            entries
                .map(|entry| (entry.time.0, entry.bytes.clone().into()))
                .collect()
        };
        let logs = self.logs.values().map(|log| (log.record.clone(), entries(log)));
        let blobs = self.blobs.iter();
        (
            logs.collect(),
            blobs
                .map(|((log, _), bytes)| (*log, bytes.clone().into()))
                .collect(),
        )
    }

    /// Takes up what was packed. Boxes take no ballots any more.
    pub fn unpack(&mut self, journal: Option<LogId>, logs: Vec<PackedLog>, blobs: Vec<(LogId, ByteVec)>) {
        self.first_log = journal;
        for (record, entries) in logs {
            let id = record.id();
            let mut log = Log {
                record,
                entries: Vec::new(),
                tree: MemoryTree::new(),
                waiting: Vec::new(),
                tags: BTreeSet::new(),
                event: None,
                mangled: None,
                gone: 0,
            };
            for (time, bytes) in entries {
                log.push(Time(time), bytes.into());
            }
            self.logs.insert(id, log);
        }
        for (log, bytes) in blobs {
            self.blobs.insert((log, sha256(&bytes)), bytes.into());
        }
    }

    fn may_read(&self, log: LogId, token: &relay_api::ReadToken) -> Result<(), Problem> {
        let kept = self.logs.get(&log);
        match kept.filter(|kept| kept.record.read_token_hash == token.hash()) {
            Some(_) => Ok(()),
            None => Err(ProblemKind::NotFound.into()),
        }
    }

    fn origin(&self, log: LogId) -> Origin {
        Origin {
            relay: relay_api::relay_id(&self.identity.verifying_key()),
            log,
        }
    }

    fn create(
        &mut self,
        record: CreateLog,
        roll: &[minicbor::bytes::ByteArray<32>],
    ) -> Result<Reply, Problem> {
        let id = record.id();
        let event = match &record.gate {
            Some(gate) => {
                let roll =
                    Roll::from_bytes(roll.iter().map(|key| &**key)).map_err(|_| ProblemKind::BadRecord)?;
                if roll.root() != gate.roll_root {
                    return Err(ProblemKind::BadRecord.into());
                }
                Some(Event::ballot(
                    gate.assembly,
                    gate.opening,
                    Arc::new(roll),
                    *gate.sealing_key,
                ))
            }
            None => None,
        };
        self.logs.entry(id).or_insert_with(|| Log {
            record,
            entries: Vec::new(),
            tree: MemoryTree::new(),
            waiting: Vec::new(),
            tags: BTreeSet::new(),
            event,
            mangled: None,
            gone: 0,
        });
        Ok(Reply::Created { log: id })
    }

    fn append(
        &mut self,
        now: Time,
        id: LogId,
        entry: Vec<u8>,
        signature: &[u8; 64],
    ) -> Result<Reply, Problem> {
        let origin = self.origin(id);
        let log = self.logs.get_mut(&id).ok_or(ProblemKind::NotFound)?;
        tlog::verify_append(&log.record.append_key, id, &entry, signature)
            .map_err(|_| ProblemKind::NotFound)?;
        if let Some(index) = log.entries.iter().position(|kept| kept.bytes == entry) {
            return Ok(Reply::Appended(log.receipt(
                origin,
                &self.checkpoint,
                index as u64,
            )));
        }
        if let (Some(event), Some(slots)) = (&log.event, log.record.slots) {
            if CloseEntry::from_bytes(&entry).is_some() {
                if now < slots.closes {
                    return Err(ProblemKind::TooEarly.into());
                }
            } else {
                let end = slots.end_of_slot(now).ok_or(ProblemKind::Closed)?;
                self.submitted += 1;
                match self.ballots {
                    Ballots::Taken => {}
                    Ballots::Refused => return Err(ProblemKind::BallotRefused.into()),
                    Ballots::Forgotten => return Ok(Reply::Pending { slot_end: end }),
                }
                let ballot = BallotIn::decode(&entry).map_err(|_| ProblemKind::BallotRefused)?;
                let ballot = verify(event, &ballot).map_err(|_| ProblemKind::BallotRefused)?;
                if !log.waiting.iter().any(|(_, bytes)| *bytes == entry) {
                    if !log.tags.insert(ballot.tag()) {
                        return Err(ProblemKind::TagUsed.into());
                    }
                    log.waiting.push((end, entry));
                }
                return Ok(Reply::Pending { slot_end: end });
            }
        }
        if log.record.kind == tlog::LogKind::Record {
            self.first_log.get_or_insert(id);
        }
        log.push(now, entry);
        let index = log.entries.len() as u64 - 1;
        Ok(Reply::Appended(log.receipt(origin, &self.checkpoint, index)))
    }

    fn sequence(&mut self, now: Time) {
        for log in self.logs.values_mut() {
            let mut due: Vec<_> = log
                .waiting
                .iter()
                .filter(|(end, _)| *end <= now)
                .cloned()
                .collect();
            log.waiting.retain(|(end, _)| *end > now);
            due.sort_by_key(|(end, bytes)| (*end, sha256(bytes)));
            due.into_iter().for_each(|(end, bytes)| log.push(end, bytes));
        }
    }
}

impl Log {
    fn push(&mut self, time: Time, bytes: Vec<u8>) {
        let time = self.entries.last().map_or(time, |last| last.time.max(time));
        self.tree.push(leaf_hash(time, &bytes));
        self.entries.push(Entry { time, bytes });
    }

    fn checkpoint(&self, origin: Origin, key: &SigningSecret) -> tlog::SignedCheckpoint {
        Checkpoint {
            origin,
            size: self.tree.size(),
            root: self.tree.root(),
        }
        .sign(key)
    }

    fn receipt(&self, origin: Origin, key: &SigningSecret, index: u64) -> Receipt {
        let time = self.entries[index as usize].time;
        let path = self.tree.inclusion(index, self.tree.size());
        Receipt {
            index,
            time,
            checkpoint: self.checkpoint(origin, key),
            path,
        }
    }

    fn page(
        &self,
        origin: Origin,
        key: &SigningSecret,
        (from, known): (u64, Option<u64>),
        bytes_max: u32,
    ) -> Page {
        let to = known.map_or(self.gone, |known| self.gone.min(known));
        let gone = (from < to).then(|| tlog::Gone {
            to,
            rest: tlog::rest(&self.tree, from, to).unwrap(),
        });
        let first = from.max(to);
        let mut budget = bytes_max as usize;
        let mut entries = Vec::new();
        let kept = self.entries.iter().skip(first as usize);
        for entry in kept.take_while(|_| first >= self.gone) {
            if entry.bytes.len() > budget && !entries.is_empty() {
                break;
            }
            budget = budget.saturating_sub(entry.bytes.len());
            entries.push(entry.clone());
        }
        let mangled = self.mangled.and_then(|index| index.checked_sub(first));
        if let Some(entry) = mangled.and_then(|place| entries.get_mut(place as usize)) {
            entry.bytes[40] ^= 1;
        }
        let end = first + entries.len() as u64;
        let consistency = self.tree.consistency(end, self.tree.size());
        Page {
            from,
            entries,
            checkpoint: self.checkpoint(origin, key),
            consistency,
            gone,
        }
    }
}
