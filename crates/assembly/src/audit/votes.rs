//! The votes of an audit file: every box counted as it is read, then every motion reported.

use ballot::Crew;
use primitives::OpeningId;
use rand_core::CryptoRng;
use std::collections::{BTreeMap, BTreeSet};
use tlog::{CreateLog, Entry};

use super::journal::{Judged, Times};
use super::report::{FINDINGS_MAX, Finding, MotionReport, Report, Rule};
use super::verify::Unusable;
use crate::box_count::BoxCount;
use crate::fold::{Assembly, Motion, Opening, Phase, SecretVote};
use crate::result::TallyResult;
use crate::tally::{TallyError, roll_call};

/// The steps on boxes and votes of `docs/spec/audit.md`.
#[derive(Debug)]
pub(super) struct VotesCheck {
    judged: Judged,
    /// Votes whose box was begun.
    met: BTreeSet<OpeningId>,
    /// The box that is being read.
    ballot_box: Option<BoxCheck>,
    counted: BTreeMap<OpeningId, Counted>,
    /// Findings about ballots that may still be listed.
    findings_left: usize,
}

#[derive(Debug)]
struct BoxCheck {
    opening: OpeningId,
    times: Times,
    /// None if there is nothing to count, or nothing to count with.
    count: Option<Result<BoxCount, TallyError>>,
}

/// What a box comes to.
#[derive(Debug)]
struct Counted {
    /// Whether its entries are those under the cosigned checkpoint, not one less and not one more.
    is_cosigned: bool,
    result: Result<TallyResult, TallyError>,
}

impl VotesCheck {
    pub(super) const fn new(judged: Judged) -> Self {
        Self {
            judged,
            met: BTreeSet::new(),
            ballot_box: None,
            counted: BTreeMap::new(),
            findings_left: FINDINGS_MAX,
        }
    }

    /// A box begins. It belongs to a vote, once, with the record that the fold computed; the first of a vote is counted.
    pub(super) fn begin(&mut self, opening: OpeningId, record: &CreateLog, crew: &dyn Crew) {
        let Some(assembly) = &self.judged.assembly else {
            return;
        };
        let secret = assembly.secret_vote_of(opening).map(|(_, _, secret)| secret);
        let is_first = secret.is_some() && self.met.insert(opening);
        if !is_first || secret.is_none_or(|secret| secret.record != *record) {
            self.judged.report.breach(
                Rule::BoxRecord,
                format!("box {} is of no vote of the journal", opening.short()),
            );
        }
        let counts = is_first && secret.is_some_and(|secret| secret.closed.is_some());
        self.ballot_box = Some(BoxCheck {
            opening,
            times: Times::default(),
            count: counts.then(|| BoxCount::new(assembly, opening, crew)),
        });
    }

    /// Takes the box's next entry.
    pub(super) fn take(&mut self, entry: Entry, weights: &mut (impl CryptoRng + ?Sized), crew: &dyn Crew) {
        if let Some(ballot_box) = &mut self.ballot_box {
            ballot_box.times.next(entry.time);
            if let Some(Ok(count)) = &mut ballot_box.count {
                count.push([entry], weights, crew);
            }
        }
    }

    /// The box has ended.
    pub(super) fn end(&mut self, weights: &mut (impl CryptoRng + ?Sized), crew: &dyn Crew) {
        let (Some(ballot_box), Some(assembly)) = (self.ballot_box.take(), &self.judged.assembly) else {
            return;
        };
        let opening = ballot_box.opening;
        if ballot_box.times.decrease {
            self.judged
                .report
                .breach(Rule::Times, format!("times decrease in box {}", opening.short()));
        }
        let closed = assembly
            .secret_vote_of(opening)
            .and_then(|(_, _, secret)| secret.closed.as_ref());
        let (Some(count), Some(closed)) = (ballot_box.count, closed) else {
            return;
        };
        let is_cosigned = count.as_ref().is_ok_and(|count| count.is_at(&closed.checkpoint));
        let result = count
            .and_then(|count| count.finish(assembly, weights, crew))
            .and_then(|valid| valid.count(assembly, crew));
        self.counted.insert(opening, Counted { is_cosigned, result });
    }

    /// The file has ended: reports every motion.
    ///
    /// # Errors
    /// [`Unusable::NewerVersion`].
    pub(super) fn finish(mut self) -> Result<Report, Unusable> {
        if let Some(unusable) = self.judged.unusable {
            return Err(unusable);
        }
        if let Some(assembly) = self.judged.assembly.take() {
            for motion in assembly.motions().into_iter().rev() {
                let reported = self.report_motion(&assembly, motion);
                self.judged.report.motions.push(reported);
            }
        }
        Ok(self.judged.report)
    }

    fn report_motion(&mut self, assembly: &Assembly, motion: &Motion) -> MotionReport {
        let mut reported = MotionReport::new(motion);
        let Some(opening) = &motion.opening else {
            return reported;
        };
        let result = match opening.secret() {
            None => roll_call(assembly, opening.id),
            Some(secret) => {
                reported.learn_secret(secret);
                if secret.closed.is_none() {
                    return reported;
                }
                let Some(counted) = self.counted.remove(&opening.id) else {
                    self.judged.report.breach(
                        Rule::BoxRecord,
                        format!("the box of vote {} is missing", opening.id.short()),
                    );
                    return reported;
                };
                if !counted.is_cosigned {
                    let text = format!(
                        "the box of vote {} is not the one that was cosigned",
                        opening.id.short()
                    );
                    self.judged.report.breach(Rule::BoxRoot, text);
                }
                counted.result
            }
        };
        match result {
            Ok(result) => reported.learn_result(result, &mut self.findings_left),
            Err(error) => self.learn_error(&error, opening.id, &mut reported),
        }
        reported
    }

    fn learn_error(&mut self, error: &TallyError, opening: OpeningId, reported: &mut MotionReport) {
        match error {
            TallyError::OtherBox | TallyError::Unknown | TallyError::Recount => {}
            TallyError::NotClosed => self
                .judged
                .report
                .breach(Rule::BoxClose, format!("vote {}: {error}", opening.short())),
            TallyError::NotDecided | TallyError::BelowFloor { .. } | TallyError::Shares => {
                reported.findings.push(Finding {
                    rule: rule_of(error).to_owned(),
                    text: error.to_string(),
                });
            }
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

    /// - `findings_left`: how many findings about ballots the report may still list.
    fn learn_result(&mut self, result: TallyResult, findings_left: &mut usize) {
        let listed = result.findings.len().min(*findings_left);
        for finding in result.findings.iter().take(listed) {
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
        *findings_left = findings_left.saturating_sub(listed);
        self.findings
            .extend(Finding::left_out(result.findings.len().saturating_sub(listed)));
        self.result = Some(result);
    }
}
