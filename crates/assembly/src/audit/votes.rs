//! Verification of an audit file, offline, from nothing but its bytes.

use primitives::{AssemblyId, Malformed, Time};
use rand_core::CryptoRng;
use std::collections::BTreeMap;
use tlog::{Checkpoint, Frontier, leaf_hash};

use super::file::{AuditBox, AuditFile, AuditLevel, AuditLog};
use super::report::{Breach, Finding, MotionReport, Report, Rule, SeatReport};
use crate::entry::SealedEntry;
use crate::fold::{Assembly, BadFounding, Halt, Motion, Opened, Opening, Phase, SecretVote, Taken};
use crate::rejection::Rejection;
use crate::result::TallyResult;
use crate::statement::Body;
use crate::tally::{TallyError, tally};

/// Why a file cannot be judged at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unusable {
    /// Not an audit file of this version.
    #[error("not an audit file that this version reads: {0}")]
    Malformed(#[from] Malformed),
    /// The assembly has taken up a newer version of the rules.
    #[error("the assembly has taken up version {0} of its rules: a newer veche-audit is needed")]
    NewerVersion(u32),
}

/// Checks everything that can be checked in an audit file: leaf hashes, roots, the relay's signatures, the witnesses' quorum,
/// every statement, every ballot, the shares, the counts (AUD-01 to AUD-11 of `docs/spec/audit.md`).
///
/// - `expected`: the assembly's id as it has published it, if the auditor knows it.
/// - `weights`: source of the batch verifications' weights; never derived from the file.
///
/// # Errors
/// [`Unusable`] if there is nothing to judge; every breach of a rule is in the report instead.
pub fn verify_audit(
    bytes: &[u8],
    expected: Option<AssemblyId>,
    weights: &mut (impl CryptoRng + ?Sized),
) -> Result<Report, Unusable> {
    let file = AuditFile::parse(bytes)?;
    let mut report = Report::new(&file);
    let Some(assembly) = check_journal(&file, expected, &mut report)? else {
        return Ok(report);
    };
    check_boxes(&file, &assembly, &mut report);
    for motion in assembly.motions().into_iter().rev() {
        let reported = check_motion(&file, &assembly, motion, &mut report, weights);
        report.motions.push(reported);
    }
    Ok(report)
}

/// Folds the whole journal. `None` if there is no assembly to speak of.
fn check_journal(
    file: &AuditFile,
    expected: Option<AssemblyId>,
    report: &mut Report,
) -> Result<Option<Assembly>, Unusable> {
    let Some((first_log, first)) = file
        .logs
        .first()
        .and_then(|log| Some((log, log.entries.first()?)))
    else {
        report.breach(Rule::Founding, "there is no first entry".to_owned());
        return Ok(None);
    };
    let (mut assembly, founding) = match Assembly::found(&first_log.record, &first.to_entry(), file) {
        Ok(founded) => founded,
        Err(BadFounding::NewerVersion(version)) => return Err(Unusable::NewerVersion(version)),
        Err(error) => {
            report.breach(Rule::Founding, error.to_string());
            return Ok(None);
        }
    };
    if assembly.id() != file.assembly || expected.is_some_and(|expected| expected != assembly.id()) {
        report.breach(
            Rule::Assembly,
            format!("the founding statement founds assembly {}", assembly.id()),
        );
    }
    report.learn_founding(&assembly, &founding);
    for (number, log) in file.logs.iter().enumerate() {
        if !check_log(file, number, log, &mut assembly, report)? {
            return Ok(None);
        }
    }
    if assembly.journal_logs().len() != file.logs.len() {
        report.breach(
            Rule::Chain,
            "the log in which the journal goes on is missing".to_owned(),
        );
        return Ok(None);
    }
    if let Some(last) = file.logs.last()
        && let Ok(checkpoint) = last.checkpoint.open(assembly.checkpoint_key())
    {
        let quorum = assembly.quorum(&checkpoint, &last.cosignatures);
        report.cosignatures = (quorum.cosigned, quorum.needed);
        if !quorum.is_met() {
            let text = format!(
                "{} of {} witnesses cosigned the journal",
                quorum.cosigned, quorum.needed
            );
            report.breach(Rule::Quorum, text);
        }
    }
    report.learn_members(&assembly);
    Ok(Some(assembly))
}

/// Checks one log against its checkpoint and folds it. False if the fold cannot go on.
fn check_log(
    file: &AuditFile,
    number: usize,
    log: &AuditLog,
    assembly: &mut Assembly,
    report: &mut Report,
) -> Result<bool, Unusable> {
    if assembly.journal_logs().len() != number.saturating_add(1) || assembly.journal().record != log.record {
        report.breach(
            Rule::Chain,
            format!("log {number} is not where the journal goes on"),
        );
        return Ok(false);
    }
    check_checkpoint(number, log, assembly, report);
    if !check_times(log.entries.iter().map(|entry| entry.time)) {
        report.breach(Rule::Times, format!("times decrease in log {number}"));
    }
    let start = usize::from(number == 0);
    for (index, entry) in log.entries.iter().enumerate().skip(start) {
        if assembly.journal_logs().len() != number.saturating_add(1) {
            break;
        }
        if let Ok(sealed) = SealedEntry::parse(&entry.bytes)
            && sealed.key_number == assembly.journal().journal_key
            && entry.key.is_none_or(|key| {
                crate::entry::EntryKey::from_bytes(key.into()).commitment() != sealed.commitment
            })
        {
            report.breach(
                Rule::Opened,
                format!("entry {index} of log {number} is not opened"),
            );
            return Ok(false);
        }
        match assembly.take(&entry.to_entry(), file) {
            Ok(taken) => report.learn_statement(number, index, &taken),
            Err(Halt::UpdateNeeded { version }) => return Err(Unusable::NewerVersion(version)),
            Err(halt @ Halt::MissingKey { .. }) => {
                report.breach(Rule::Opened, format!("entry {index} of log {number}: {halt}"));
                return Ok(false);
            }
        }
    }
    report.entries = assembly.position();
    Ok(true)
}

fn check_checkpoint(number: usize, log: &AuditLog, assembly: &Assembly, report: &mut Report) {
    let checkpoint = match log.checkpoint.open(assembly.checkpoint_key()) {
        Ok(checkpoint) if checkpoint.origin.log == log.record.id() => checkpoint,
        Ok(_) => {
            return report.breach(
                Rule::Signature,
                format!("log {number}: the checkpoint is of another log"),
            );
        }
        Err(error) => return report.breach(Rule::Signature, format!("log {number}: {error}")),
    };
    let leaves = log
        .entries
        .iter()
        .map(|entry| leaf_hash(entry.time, &entry.bytes));
    if !is_tree(&checkpoint, leaves) {
        report.breach(
            Rule::Root,
            format!("log {number}: the entries are not those that the relay signed"),
        );
    }
}

fn is_tree(checkpoint: &Checkpoint, leaves: impl Iterator<Item = primitives::Hash>) -> bool {
    let mut frontier = Frontier::new();
    leaves.for_each(|leaf| frontier.push(leaf));
    frontier.size() == checkpoint.size && frontier.root() == checkpoint.root
}

fn check_times(times: impl Iterator<Item = Time> + Clone) -> bool {
    times
        .clone()
        .zip(times.skip(1))
        .all(|(earlier, later)| earlier <= later)
}

/// Every box in the file belongs to a vote, once, with the record that the fold computed.
fn check_boxes(file: &AuditFile, assembly: &Assembly, report: &mut Report) {
    for (index, found) in file.boxes.iter().enumerate() {
        let record = assembly
            .secret_vote_of(found.opening)
            .map(|(_, _, secret)| &secret.record);
        let twice = file
            .boxes
            .iter()
            .take(index)
            .any(|earlier| earlier.opening == found.opening);
        if record != Some(&found.record) || twice {
            report.breach(
                Rule::BoxRecord,
                format!("box {} is of no vote of the journal", found.opening.short()),
            );
        }
        if !check_times(found.entries.iter().map(|entry| entry.time)) {
            report.breach(
                Rule::Times,
                format!("times decrease in box {}", found.opening.short()),
            );
        }
    }
}

fn check_motion(
    file: &AuditFile,
    assembly: &Assembly,
    motion: &Motion,
    report: &mut Report,
    weights: &mut (impl CryptoRng + ?Sized),
) -> MotionReport {
    let mut reported = MotionReport::new(motion);
    let Some(opening) = &motion.opening else {
        return reported;
    };
    let entries = match opening.secret() {
        Some(secret) => {
            reported.learn_secret(secret);
            if secret.closed.is_none() {
                return reported;
            }
            let Some(found) = file.boxes.iter().find(|found| found.opening == opening.id) else {
                report.breach(
                    Rule::BoxRecord,
                    format!("the box of vote {} is missing", opening.id.short()),
                );
                return reported;
            };
            check_box(secret, found, report);
            found.entries.as_slice()
        }
        None => &[],
    };
    match tally(assembly, opening.id, entries, weights) {
        Ok(result) => reported.learn_result(result),
        Err(error) => learn_error(&error, opening.id.short(), &mut reported, report),
    }
    reported
}

/// The file holds the cosigned box, no entry less and no entry more.
fn check_box(secret: &SecretVote, found: &AuditBox, report: &mut Report) {
    let leaves = found
        .entries
        .iter()
        .map(|entry| leaf_hash(entry.time, &entry.bytes));
    if secret
        .closed
        .as_ref()
        .is_some_and(|closed| !is_tree(&closed.checkpoint, leaves))
    {
        let text = format!(
            "the box of vote {} is not the one that was cosigned",
            found.opening.short()
        );
        report.breach(Rule::BoxRoot, text);
    }
}

fn learn_error(error: &TallyError, opening: String, reported: &mut MotionReport, report: &mut Report) {
    match error {
        TallyError::OtherBox | TallyError::Unknown => {}
        TallyError::NotClosed => report.breach(Rule::BoxClose, format!("vote {opening}: {error}")),
        TallyError::NotDecided | TallyError::BelowFloor { .. } | TallyError::Shares => {
            reported.findings.push(Finding {
                rule: rule_of(error).to_owned(),
                text: error.to_string(),
            });
        }
    }
}

const fn rule_of(error: &TallyError) -> &'static str {
    match error {
        TallyError::BelowFloor { .. } => "TAL-05",
        TallyError::Shares => "TAL-06",
        _ => "",
    }
}

impl Report {
    fn new(file: &AuditFile) -> Self {
        Self {
            assembly: file.assembly,
            level: file.level,
            name: String::new(),
            declaration: String::new(),
            relay: None,
            entries: 0,
            founders: Vec::new(),
            seats: Vec::new(),
            cosignatures: (0, 0),
            motions: Vec::new(),
            findings: Vec::new(),
            breaches: Vec::new(),
            names: BTreeMap::new(),
        }
    }

    fn breach(&mut self, rule: Rule, text: String) {
        self.breaches.push(Breach { rule, text });
    }

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

    fn learn_statement(&mut self, log: usize, index: usize, taken: &Taken) {
        if let Some(rejection) = taken.rejection {
            let seat = taken
                .statement
                .as_ref()
                .map_or_else(String::new, |opened| format!(" by seat {}", opened.seat));
            let alarm = if rejection == Rejection::SeenContradicts {
                "ALARM, the relay showed another journal: "
            } else {
                ""
            };
            let text = format!("{alarm}entry {index} of log {log}{seat} has no effect: {rejection}");
            self.findings.push(Finding {
                rule: rejection.rule().to_owned(),
                text,
            });
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
                let text = format!("the name of seat {} is not opened", seat.number);
                self.findings.push(Finding {
                    rule: String::new(),
                    text,
                });
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

impl MotionReport {
    fn new(motion: &Motion) -> Self {
        Self {
            id: motion.id,
            title: motion.text.title.clone(),
            kind: motion.text.kind,
            question: motion.text.question.clone(),
            phase: motion.phase,
            opening: motion.opening.as_ref().map(|opening| opening.id),
            electorate: motion.opening.as_ref().map(Opening::electorate_len),
            roll: None,
            result: None,
            findings: Vec::new(),
        }
    }

    fn learn_secret(&mut self, secret: &SecretVote) {
        self.roll = Some(secret.roll_len());
        for seat in &secret.bad_shares {
            let text = format!("the trustee of seat {seat} released a share that is not its own");
            self.findings.push(Finding {
                rule: "SEA-10".to_owned(),
                text,
            });
        }
        if matches!(self.phase, Phase::Void(_)) {
            self.findings.push(Finding {
                rule: String::new(),
                text: "the vote is void".to_owned(),
            });
        }
    }

    fn learn_result(&mut self, result: TallyResult) {
        for finding in &result.findings {
            let what = if finding.rule == "LOG-11" {
                "is not where its slot puts it"
            } else {
                "is not counted"
            };
            let text = format!("ballot {} ({:?}) {what}", finding.index, finding.way);
            self.findings.push(Finding {
                rule: finding.rule.clone(),
                text,
            });
        }
        self.result = Some(result);
    }
}
