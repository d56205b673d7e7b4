//! The journal of an audit file: every log against its checkpoint, every entry folded, as they are read.

use primitives::{AssemblyId, Secret, Time};
use std::collections::BTreeMap;
use tlog::{Checkpoint, Cosignature, CreateLog, Entry, Frontier, SignedCheckpoint, leaf_hash};

use super::file::{AuditEntry, AuditLevel};
use super::report::{Breach, Report, Rule, SeatReport};
use super::verify::Unusable;
use crate::entry::{BesideKey, EntryKey, EntryKeys, SealedEntry};
use crate::fold::{Assembly, BadFounding, Halt, Opened, Taken};
use crate::keys::{AnnouncedKey, Day, ShownDay};
use crate::rejection::Rejection;
use crate::statement::Body;

/// Steps 1 to 5 of `docs/spec/audit.md`.
#[derive(Debug)]
pub(super) struct JournalCheck {
    report: Report,
    said: AssemblyId,
    expected: Option<AssemblyId>,
    assembly: Option<Assembly>,
    /// Logs begun.
    logs: usize,
    /// The one that is being read.
    log: Option<LogCheck>,
    /// Checkpoint, if it opened, and cosignatures of the last one.
    last: Option<(Checkpoint, Vec<Cosignature>)>,
    /// The earliest day of an entry that was opened with a key which nothing in the file shows to be its own.
    uncompared: Option<Day>,
    /// A broken rule keeps what comes from being checked.
    stopped: bool,
    unusable: Option<Unusable>,
}

/// What a journal comes to.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) report: Report,
    /// None if there is no assembly to speak of.
    pub(super) assembly: Option<Assembly>,
    pub(super) unusable: Option<Unusable>,
}

#[derive(Debug)]
struct LogCheck {
    record: CreateLog,
    frontier: Frontier,
    times: Times,
    /// The keys of days that were shown, by their places.
    days: BTreeMap<u32, Secret<32>>,
    /// The entry at which folding had to stop (AUD-06); its checkpoint is looked at all the same, and stands before.
    stopped_by: Option<Breach>,
}

/// Whether times decrease (AUD-05).
#[derive(Debug, Default)]
pub(super) struct Times {
    last: Option<Time>,
    pub(super) decrease: bool,
}

impl Times {
    pub(super) fn next(&mut self, time: Time) {
        self.decrease |= self.last.is_some_and(|last| time < last);
        self.last = Some(time);
    }
}

impl JournalCheck {
    /// - `said`: the assembly that the file says it is about.
    pub(super) fn new(level: AuditLevel, said: AssemblyId, expected: Option<AssemblyId>) -> Self {
        Self {
            report: Report::new(level, said),
            said,
            expected,
            assembly: None,
            logs: 0,
            log: None,
            last: None,
            uncompared: None,
            stopped: false,
            unusable: None,
        }
    }

    fn stop(&mut self, rule: Rule, text: String) {
        self.report.breach(rule, text);
        self.stopped = true;
    }

    /// A log begins.
    pub(super) fn begin(&mut self, record: CreateLog) {
        let number = self.logs;
        self.logs = self.logs.saturating_add(1);
        self.last = None;
        if self.stopped {
            return;
        }
        let goes_on = self.assembly.as_ref().is_none_or(|assembly| {
            assembly.journal_logs().len() == self.logs && assembly.journal().record == record
        });
        if !goes_on {
            return self.stop(
                Rule::Chain,
                format!("log {number} is not where the journal goes on"),
            );
        }
        self.log = Some(LogCheck {
            record,
            frontier: Frontier::new(),
            times: Times::default(),
            days: BTreeMap::new(),
            stopped_by: None,
        });
    }

    /// Takes the log's next entry.
    pub(super) fn take(&mut self, entry: AuditEntry) {
        let Some(log) = self.log.as_mut().filter(|_| !self.stopped) else {
            return;
        };
        let index = log.frontier.size();
        log.frontier.push(leaf_hash(entry.time, &entry.bytes));
        log.times.next(entry.time);
        if log.stopped_by.is_some() {
            return;
        }
        let (entry, mut keys) = split(entry);
        match &mut self.assembly {
            None => self.found(&entry, &mut keys),
            Some(assembly) if assembly.journal_logs().len() == self.logs => {
                let number = self.logs.saturating_sub(1);
                let opened = |breach: String| Breach {
                    rule: Rule::Opened,
                    text: format!("entry {index} of log {number}{breach}"),
                };
                let number_of_key = assembly.journal().journal_key;
                let announced = assembly.journal_key(number_of_key);
                keys.learn_shown(&entry, number_of_key, announced, &mut log.days);
                if keys.hides(&entry, number_of_key) {
                    log.stopped_by = Some(opened(" is not opened".to_owned()));
                    return;
                }
                if let Some(day) = keys.uncompared(&entry, number_of_key) {
                    self.report.uncompared = self.report.uncompared.saturating_add(1);
                    self.uncompared = Some(self.uncompared.map_or(day, |earliest| earliest.min(day)));
                }
                match assembly.take(&entry, &keys) {
                    Ok(taken) => self.report.learn_statement(number, index, &taken),
                    Err(halt @ Halt::MissingKey { .. }) => log.stopped_by = Some(opened(format!(": {halt}"))),
                    Err(Halt::UpdateNeeded { version }) => {
                        self.unusable = Some(Unusable::NewerVersion(version));
                        self.stopped = true;
                    }
                }
            }
            // What comes after the journal has gone on counts for the tree alone.
            Some(_) => {}
        }
    }

    fn found(&mut self, entry: &Entry, keys: &mut OneEntry) {
        let Some(log) = &mut self.log else { return };
        let (assembly, founding) = match Assembly::found(&log.record, entry, keys) {
            Ok(founded) => founded,
            Err(BadFounding::NewerVersion(version)) => {
                self.unusable = Some(Unusable::NewerVersion(version));
                self.stopped = true;
                return;
            }
            Err(error) => return self.stop(Rule::Founding, error.to_string()),
        };
        if assembly.id() != self.said || self.expected.is_some_and(|expected| expected != assembly.id()) {
            self.report.breach(
                Rule::Assembly,
                format!("the founding statement founds assembly {}", assembly.id()),
            );
        }
        keys.learn_shown(entry, 1, assembly.journal_key(1), &mut log.days);
        self.report.learn_founding(&assembly, &founding);
        self.assembly = Some(assembly);
    }

    /// The log has ended.
    pub(super) fn end(&mut self, checkpoint: &SignedCheckpoint, cosignatures: Vec<Cosignature>) {
        let Some(log) = self.log.take().filter(|_| !self.stopped) else {
            return;
        };
        let Some(assembly) = &self.assembly else {
            return self.stop(Rule::Founding, "there is no first entry".to_owned());
        };
        let number = self.logs.saturating_sub(1);
        let opened = checkpoint.open(assembly.checkpoint_key());
        match &opened {
            Ok(checkpoint) if checkpoint.origin.log != log.record.id() => self.report.breach(
                Rule::Signature,
                format!("log {number}: the checkpoint is of another log"),
            ),
            Ok(checkpoint)
                if checkpoint.size != log.frontier.size() || checkpoint.root != log.frontier.root() =>
            {
                self.report.breach(
                    Rule::Root,
                    format!("log {number}: the entries are not those that the relay signed"),
                );
            }
            Ok(_) => {}
            Err(error) => self
                .report
                .breach(Rule::Signature, format!("log {number}: {error}")),
        }
        if log.times.decrease {
            self.report
                .breach(Rule::Times, format!("times decrease in log {number}"));
        }
        if let Some(Breach { rule, text }) = log.stopped_by {
            return self.stop(rule, text);
        }
        self.report.entries = assembly.position();
        self.last = opened.ok().map(|checkpoint| (checkpoint, cosignatures));
    }

    /// The journal has ended.
    pub(super) fn finish(mut self) -> Judged {
        if !self.stopped {
            self.check_end();
        }
        self.report.cut_findings();
        Judged {
            assembly: self.assembly.filter(|_| !self.stopped),
            report: self.report,
            unusable: self.unusable,
        }
    }

    fn check_end(&mut self) {
        let Some(assembly) = &self.assembly else {
            return self.stop(Rule::Founding, "there is no first entry".to_owned());
        };
        if assembly.journal_logs().len() != self.logs {
            let text = "the log in which the journal goes on is missing".to_owned();
            return self.stop(Rule::Chain, text);
        }
        if self.uncompared.is_some_and(|day| day.is_over(assembly.time())) {
            let text = "an entry of a day that is over comes without the key of its day".to_owned();
            return self.stop(Rule::Opened, text);
        }
        if let Some((checkpoint, cosignatures)) = &self.last {
            let quorum = assembly.quorum(checkpoint, cosignatures);
            self.report.cosignatures = quorum;
            if !quorum.is_met() {
                let text = format!(
                    "{} of {} witnesses cosigned the journal",
                    quorum.cosigned, quorum.needed
                );
                self.report.breach(Rule::Quorum, text);
            }
        }
        self.report.learn_members(assembly);
    }
}

/// The keys that stand beside one entry in the file.
struct OneEntry {
    key: Option<[u8; 32]>,
    beside: Option<[u8; 32]>,
    shown: Option<ShownDay>,
    /// The entry's own key, as the shown key of its day gives it.
    own: Option<[u8; 32]>,
}

fn split(entry: AuditEntry) -> (Entry, OneEntry) {
    let keys = OneEntry {
        key: entry.key.map(Into::into),
        beside: entry.beside.map(Into::into),
        shown: entry.shown,
        own: None,
    };
    let entry = Entry {
        time: entry.time,
        bytes: entry.bytes,
    };
    (entry, keys)
}

impl OneEntry {
    /// Learns the shown key of the entry's day, if that is the announced one, and derives the entry's own key from what is
    /// known of its day.
    fn learn_shown(
        &mut self,
        entry: &Entry,
        journal_key: u32,
        announced: Option<AnnouncedKey>,
        days: &mut BTreeMap<u32, Secret<32>>,
    ) {
        let sealed = SealedEntry::parse(&entry.bytes).ok();
        let Some(sealed) = sealed.filter(|sealed| sealed.key_number == journal_key) else {
            return;
        };
        if let (Some(shown), Some(announced)) = (&self.shown, announced)
            && announced.has_day(sealed.day, shown)
        {
            days.insert(sealed.day.place(), shown.secret());
        }
        let day = days.get(&sealed.day.place());
        self.own = day.map(|day| *sealed.key_of_day(day).expose());
    }

    /// The day of an entry under the journal key, if nothing shows which key is its own.
    fn uncompared(&self, entry: &Entry, journal_key: u32) -> Option<Day> {
        let sealed = SealedEntry::parse(&entry.bytes).ok()?;
        let counts = sealed.key_number == journal_key && sealed.day.is_near(entry.time);
        (counts && self.own.is_none()).then_some(sealed.day)
    }

    /// Whether this is an entry under the journal key which is opened neither with the key that it commits to nor with its own.
    fn hides(&self, entry: &Entry, journal_key: u32) -> bool {
        SealedEntry::parse(&entry.bytes).is_ok_and(|sealed| {
            let opens = |key| EntryKey::from_bytes(key).commitment() == sealed.commitment;
            sealed.key_number == journal_key
                && sealed.day.is_near(entry.time)
                && self.own.is_none()
                && !self.key.is_some_and(opens)
        })
    }
}

impl EntryKeys for OneEntry {
    fn entry_key(&self, _: usize, _: u64, _: &SealedEntry) -> Option<EntryKey> {
        self.own.or(self.key).map(EntryKey::from_bytes)
    }

    fn beside_key(&self, _: usize, _: u64, _: &SealedEntry) -> Option<BesideKey> {
        self.beside.map(BesideKey::from_bytes)
    }
}

impl Report {
    fn learn_founding(&mut self, assembly: &Assembly, founding: &Opened) {
        self.assembly = assembly.id();
        self.name.clone_from(&assembly.founded().name);
        self.declaration.clone_from(&assembly.founded().declaration);
        self.relay = Some(assembly.founded().relay);
        if let Some(name) = &founding.name {
            self.names
                .insert(assembly.founded().founder.name, name.name.clone());
        }
    }

    fn learn_statement(&mut self, log: usize, index: u64, taken: &Taken) {
        if let Some(rejection) = taken.rejection {
            let text = || {
                let seat = taken
                    .statement
                    .as_ref()
                    .map_or_else(String::new, |opened| format!(" by seat {}", opened.seat));
                let alarm = if rejection == Rejection::SeenContradicts {
                    "ALARM, the relay showed another journal: "
                } else {
                    ""
                };
                format!("{alarm}entry {index} of log {log}{seat} has no effect: {rejection}")
            };
            self.find(rejection.rule(), text);
        }
        if let Some(opened) = &taken.statement
            && let (Some(Body::AdmissionProposed { candidate }), Some(name)) = (&opened.body, &opened.name)
        {
            self.names.insert(candidate.name, name.name.clone());
        }
    }

    fn learn_members(&mut self, assembly: &Assembly) {
        for seat in assembly.seats() {
            let name = self.names.get(&seat.name).cloned();
            if self.level == AuditLevel::Members && name.is_none() {
                self.find("", || format!("the name of seat {} is not opened", seat.number));
            }
            self.seats.push(SeatReport {
                seat: seat.number,
                role: seat.role,
                name,
            });
        }
        self.founders = assembly.founding_signatures().to_vec();
    }
}
