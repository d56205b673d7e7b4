//! Derives everything again from the entries and compares it with what is stored.

use super::{Progress, Step, UpkeepError, go_on};
use crate::gate::Gates;
use crate::store::{Census, Kv, KvStore, LogStore, Range, Row, StoreFault, Totals, pieces};
use crate::task::Role;
use primitives::canonical::sha256;
use primitives::{Hash, LogId, Time, encode};
use tlog::{Frontier, leaf_hash};

/// Findings that are remembered; others are counted.
const FINDINGS_MAX: usize = 1000;
/// Entries read at once, in bytes.
const BYTES_AT_ONCE: usize = 1024 * 1024;
/// Entries read at once.
const ENTRIES_AT_ONCE: u64 = 256;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// In which log; `None`: in none.
    pub log: Option<LogId>,
    /// What.
    pub what: &'static str,
}

/// What a check has found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// The first of them.
    pub first: Vec<Finding>,
    /// How many there are.
    pub count: u64,
    /// How many logs were looked at.
    pub logs: u64,
    /// How many entries.
    pub entries: u64,
}

impl Findings {
    /// Whether there is nothing to complain of.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.count == 0
    }

    fn add(&mut self, log: Option<LogId>, what: &'static str) {
        self.count = self.count.saturating_add(1);
        if self.first.len() < FINDINGS_MAX {
            self.first.push(Finding { log, what });
        }
    }
}

/// Looks at every log: its tree, from the bytes of the entries or from the leaf hashes of those that are gone; places,
/// link tags, what waits, blobs; and whether there is anything that belongs to none.
///
/// Cost: everything is read two or three times; memory for one log's waiting ballots and roll.
///
/// # Errors
/// [`UpkeepError::Stopped`], or [`UpkeepError::Store`] if the store cannot be read at all. Damage is not an error.
pub fn check<K: Kv>(store: &KvStore<K>, progress: Progress<'_>) -> Result<Findings, UpkeepError> {
    let mut findings = Findings::default();
    let expected = store.totals()?;
    let (mut totals, mut keys, mut waiting) = (Totals::default(), 0u64, 0u64);
    let mut latest = Time(0);
    let mut last = None;
    loop {
        let rows = store.found_rows(last)?;
        let Some((log, _)) = rows.last() else { break };
        last = Some(*log);
        for (log, row) in rows {
            let census = store.census(log)?;
            keys = keys.saturating_add(census.all());
            findings.logs = findings.logs.saturating_add(1);
            let Some(row) = row else {
                findings.add(Some(log), "its row makes no sense");
                continue;
            };
            totals = totals.with(&row);
            latest = latest.max(row.last_time);
            let mut look = Look {
                store,
                log,
                row: &row,
                findings: &mut findings,
            };
            look.say(row.record.id() != log, "its row is of another log");
            let mut of_log = |findings: &Findings| {
                go_on(&mut *progress, Step::Checking, findings.entries, expected.entries)
            };
            match look.all(&census, &mut of_log) {
                Ok(waits) => waiting = waiting.saturating_add(waits),
                Err(UpkeepError::Store(StoreFault::Damaged(what))) => findings.add(Some(log), what),
                Err(other) => return Err(other),
            }
            go_on(progress, Step::Checking, findings.entries, expected.entries)?;
        }
    }
    let slots = store.slot_keys()?;
    if slots != waiting {
        findings.add(None, "slots and what waits for them do not go together");
    }
    if store.high_water()? < latest {
        findings.add(None, "the last commit is older than an entry");
    }
    if totals != expected {
        findings.add(None, "the logs are not those that were counted");
    }
    // High water and totals; a store without any commit has neither.
    let own = if store.count(&[])? == 0 { 0 } else { 2 };
    if store.count(&[])? != keys.saturating_add(slots).saturating_add(own) {
        findings.add(None, "there are keys that belong to no log");
    }
    Ok(findings)
}

type GoOn<'a> = &'a mut dyn FnMut(&Findings) -> Result<(), UpkeepError>;

struct Look<'a, K> {
    store: &'a KvStore<K>,
    log: LogId,
    row: &'a Row,
    findings: &'a mut Findings,
}

impl<K: Kv> Look<'_, K> {
    fn say(&mut self, wrong: bool, what: &'static str) {
        if wrong {
            self.findings.add(Some(self.log), what);
        }
    }

    /// How much waits.
    fn all(&mut self, census: &Census, of_log: GoOn<'_>) -> Result<u64, UpkeepError> {
        let size = self.row.frontier.size();
        let entry_keys = self.entries(of_log)?;
        let nodes = size.saturating_mul(2).saturating_sub(size.count_ones().into());
        self.say(
            census.entries != entry_keys,
            "entries have parts too many or too few",
        );
        let places = census.places == size && self.places(of_log)?;
        self.say(!places, "places and entries do not go together");
        self.say(census.nodes != nodes, "its tree has nodes too many or too few");
        self.say(
            census.tags != u64::from(self.row.ballots),
            "link tags and ballots do not go together",
        );
        self.roll(census)?;
        self.blobs(census, of_log)?;
        self.waiting(census)
    }

    /// The tree; how many keys its entries take.
    fn entries(&mut self, of_log: GoOn<'_>) -> Result<u64, UpkeepError> {
        let (size, kept) = (self.row.frontier.size(), self.row.kept());
        self.say(
            kept.gone > size || kept.erased > kept.gone,
            "more is gone than there was",
        );
        let mut frontier = Frontier::new();
        let mut wrong_nodes = false;
        for index in 0..kept.erased.min(size) {
            let leaf = self.store.node(self.log, 0, index)?;
            self.push(&mut frontier, leaf, &mut wrong_nodes)?;
            self.findings.entries = self.findings.entries.saturating_add(1);
            if index.is_multiple_of(ENTRIES_AT_ONCE) {
                of_log(self.findings)?;
            }
        }
        let (mut keys, mut bytes, mut time) = (0u64, 0u64, Time(0));
        let mut closed = false;
        let mut from = frontier.size();
        while from < size {
            let range = Range {
                from,
                to: size.min(from.saturating_add(ENTRIES_AT_ONCE)),
                bytes_max: BYTES_AT_ONCE,
            };
            for entry in self.store.entries(self.log, range)? {
                self.say(entry.time < time, "times decrease");
                time = entry.time;
                let len = entry.bytes.len();
                bytes = bytes.saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
                keys = keys.saturating_add(pieces(len.saturating_add(8)));
                let hash = sha256(&entry.bytes);
                let place = self.store.position(self.log, hash)?;
                self.say(
                    place != Some((from, entry.time)),
                    "an entry has another place than it should",
                );
                let gate = self.row.record.gate.as_ref();
                match gate.map_or(Role::Plain, |gate| Gates::role(gate, &entry.bytes)) {
                    Role::Ballot(tag) => {
                        let has = self.store.has_tag(self.log, &tag)?;
                        self.say(!has, "a ballot's link tag is missing");
                    }
                    Role::Close => closed = true,
                    Role::Plain => {}
                }
                self.push(
                    &mut frontier,
                    leaf_hash(entry.time, &entry.bytes),
                    &mut wrong_nodes,
                )?;
                from = from.saturating_add(1);
                self.findings.entries = self.findings.entries.saturating_add(1);
            }
            of_log(self.findings)?;
        }
        self.say(
            kept.erased == 0 && closed != self.row.closed,
            "it is closed without its end, or open behind it",
        );
        self.say(wrong_nodes, "a node of its tree is another");
        self.say(
            frontier != self.row.frontier,
            "its entries do not lead to its root",
        );
        self.say(
            size > kept.erased && time != self.row.last_time,
            "its last entry has another time",
        );
        self.say(bytes != kept.bytes, "its entries have more or fewer bytes");
        Ok(keys)
    }

    fn push(&self, frontier: &mut Frontier, leaf: Hash, wrong: &mut bool) -> Result<(), StoreFault> {
        let mut failed = Ok(());
        frontier.push_with(leaf, |level, index, node| {
            match self.store.node(self.log, level, index) {
                Ok(stored) => *wrong |= stored != node,
                Err(fault) => failed = Err(fault),
            }
        });
        failed
    }

    /// Whether each index is the place of one entry. Of entries that are erased no more can be said: their hashes are not
    /// derived from anything that is left.
    fn places(&mut self, of_log: GoOn<'_>) -> Result<bool, UpkeepError> {
        let size = self.row.frontier.size();
        let words = usize::try_from(size.div_ceil(64)).unwrap_or(usize::MAX);
        let mut seen = vec![0u64; words];
        let mut last = None;
        loop {
            let found = self.store.places(self.log, last.as_deref())?;
            let Some((key, ..)) = found.last() else {
                return Ok(true);
            };
            last = Some(key.clone());
            for (_, index, time) in found {
                let word = usize::try_from(index >> 6).ok().and_then(|at| seen.get_mut(at));
                let bit = 1u64 << (index & 63);
                match word {
                    Some(word) if *word & bit == 0 && index < size && time <= self.row.last_time => {
                        *word |= bit;
                    }
                    _ => return Ok(false),
                }
            }
            of_log(self.findings)?;
        }
    }

    fn roll(&mut self, census: &Census) -> Result<(), UpkeepError> {
        let roll = self.store.roll(self.log)?;
        let keys = match roll.len() {
            0 => 0,
            len => pieces(len.saturating_mul(32)),
        };
        self.say(census.roll != keys, "its roll has parts too many or too few");
        let wrong = match &self.row.record.gate {
            Some(gate) => Gates::check_roll(gate, &roll).is_err(),
            None => !roll.is_empty(),
        };
        self.say(wrong, "its roll is another");
        Ok(())
    }

    fn blobs(&mut self, census: &Census, of_log: GoOn<'_>) -> Result<(), UpkeepError> {
        let (mut keys, mut bytes, mut count, mut last) = (0u64, 0u64, 0u64, None);
        loop {
            let names = self.store.blob_names(self.log, last)?;
            let Some(end) = names.last() else { break };
            last = Some(*end);
            for name in names {
                let (len, blob) = self
                    .store
                    .blob(self.log, name, 0, u32::MAX)?
                    .ok_or(StoreFault::Damaged("a blob has no beginning"))?;
                self.say(sha256(&blob) != name, "a blob is another");
                keys = keys.saturating_add(pieces(blob.len()));
                bytes = bytes.saturating_add(len.into());
                count = count.saturating_add(1);
                of_log(self.findings)?;
            }
        }
        self.say(census.blobs != keys, "blobs have parts too many or too few");
        self.say(bytes != self.row.blob_bytes, "its blobs have more or fewer bytes");
        let put = self.store.old_blobs(self.log, Time(u64::MAX), usize::MAX)?;
        let mut lone = census.put != count;
        for blob in put {
            let len = self.store.blob(self.log, blob.hash, 0, 0)?.map(|(len, _)| len);
            lone |= len != Some(blob.len);
            of_log(self.findings)?;
        }
        self.say(lone, "blobs and their times do not go together");
        Ok(())
    }

    fn waiting(&mut self, census: &Census) -> Result<u64, UpkeepError> {
        let waiting = self.store.waiting(self.log)?;
        let keys = waiting.iter().map(|one| pieces(encode(one).len()));
        self.say(
            census.waiting != keys.fold(0, u64::saturating_add),
            "ballots that wait have parts too many or too few",
        );
        for one in &waiting {
            self.say(sha256(&one.bytes) != one.hash, "a ballot that waits is another");
            let has = self.store.has_slot(self.log, one)?;
            self.say(!has, "a ballot that waits has no slot");
        }
        Ok(u64::try_from(waiting.len()).unwrap_or(u64::MAX))
    }
}
