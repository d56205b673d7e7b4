//! What an auditor is told.

use primitives::{AssemblyId, Hash, MotionId, OpeningId, RelayId, SeatNumber};

use std::collections::BTreeMap;

use super::file::AuditLevel;
use crate::fold::{Phase, WitnessQuorum};
use crate::motion::VoteKind;
use crate::question::Question;
use crate::result::TallyResult;
use crate::statement::Role;

macro_rules! rules {
    ($($name:ident $id:literal $text:literal;)*) => {
        /// A rule of `docs/spec/audit.md`; a file that breaks one is invalid.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Rule { $(#[doc = concat!($id, ": ", $text, ".")] $name,)* }

        impl Rule {
            /// All rules, in order.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The rule's id.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// What it asks.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

rules! {
    Assembly "AUD-01" "the file is about the assembly that it says, and that was asked for";
    Founding "AUD-02" "the journal begins with a founding statement that fits its log and its relay";
    Signature "AUD-03" "every log's checkpoint is signed by the relay that the founding names";
    Root "AUD-04" "every log's entries are exactly those under its checkpoint";
    Times "AUD-05" "times never decrease";
    Opened "AUD-06" "every entry is opened with the key that it commits to";
    Chain "AUD-07" "the journal goes on from log to log as its statements say, to its end";
    Quorum "AUD-08" "the journal's last checkpoint is cosigned by the witnesses' quorum";
    BoxRecord "AUD-09" "every closed secret vote has its box, created as its opening says";
    BoxRoot "AUD-10" "every box is the one that the witnesses cosigned";
    BoxClose "AUD-11" "every box ends with its close entry, taken at the close or later";
}

/// A broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// Which.
    pub rule: Rule,
    /// How.
    pub text: String,
}

/// Something to know that makes nothing invalid: a statement without effect, a ballot not counted, a bad share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule that was broken by somebody, if it was one.
    pub rule: String,
    /// What.
    pub text: String,
}

/// One seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatReport {
    /// Its number.
    pub seat: SeatNumber,
    /// Its role.
    pub role: Role,
    /// Its name, at the members' level.
    pub name: Option<String>,
}

/// One motion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MotionReport {
    /// Its id.
    pub id: MotionId,
    /// Its title.
    pub title: String,
    /// Named or anonymous.
    pub kind: VoteKind,
    /// What it asks; the options of the result are numbered as here.
    pub question: Question,
    /// Where it stands.
    pub phase: Phase,
    /// Its opening.
    pub opening: Option<OpeningId>,
    /// How many were entitled.
    pub electorate: Option<u32>,
    /// How many were on the roll of a secret vote.
    pub roll: Option<u32>,
    /// The result, computed again from everything.
    pub result: Option<TallyResult>,
    /// What was found.
    pub findings: Vec<Finding>,
}

/// What was checked, and what came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The assembly's id: to be compared with what the assembly has published.
    pub assembly: AssemblyId,
    /// Whose eyes the file is for.
    pub level: AuditLevel,
    /// The assembly's name.
    pub name: String,
    /// Its declaration.
    pub declaration: String,
    /// The relay that keeps its journal.
    pub relay: Option<RelayId>,
    /// Journal entries checked.
    pub entries: u64,
    /// Entries of days that were not over at the journal's end: that they commit to their own keys, as members derive
    /// them, nothing shows yet.
    pub uncompared: u64,
    /// Seats that signed the founding.
    pub founders: Vec<SeatNumber>,
    /// All seats.
    pub seats: Vec<SeatReport>,
    /// Cosignatures on the journal's last checkpoint, and how many make a quorum.
    pub cosignatures: WitnessQuorum,
    /// All motions, oldest first.
    pub motions: Vec<MotionReport>,
    /// What was found in the journal.
    pub findings: Vec<Finding>,
    /// Broken rules; the file is valid if there is none.
    pub breaches: Vec<Breach>,
    /// Opened names by their commitment.
    pub(super) names: BTreeMap<Hash, String>,
    /// Findings in the journal beyond those that are listed.
    pub(super) left_out: usize,
}

/// So many findings in the journal are listed, and so many about ballots; a last one says how many there were beyond.
pub(super) const FINDINGS_MAX: usize = 1 << 16;

impl Finding {
    /// That `count` findings are not listed, if there are any.
    pub(super) fn left_out(count: usize) -> Option<Self> {
        (count > 0).then(|| Self {
            rule: String::new(),
            text: format!("{count} more findings are not listed"),
        })
    }
}

impl Report {
    pub(super) const fn new(level: AuditLevel, assembly: AssemblyId) -> Self {
        Self {
            assembly,
            level,
            name: String::new(),
            declaration: String::new(),
            relay: None,
            entries: 0,
            uncompared: 0,
            founders: Vec::new(),
            seats: Vec::new(),
            cosignatures: WitnessQuorum::NONE,
            motions: Vec::new(),
            findings: Vec::new(),
            breaches: Vec::new(),
            names: BTreeMap::new(),
            left_out: 0,
        }
    }

    pub(super) fn breach(&mut self, rule: Rule, text: String) {
        self.breaches.push(Breach { rule, text });
    }

    /// Lists a finding in the journal, if it may still be listed.
    pub(super) fn find(&mut self, rule: &str, text: impl FnOnce() -> String) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(Finding {
                rule: rule.to_owned(),
                text: text(),
            });
        } else {
            self.left_out = self.left_out.saturating_add(1);
        }
    }

    /// Says how many findings in the journal are not listed.
    pub(super) fn cut_findings(&mut self) {
        self.findings.extend(Finding::left_out(self.left_out));
    }

    /// Whether no rule is broken.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.breaches.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_ids_are_in_order() {
        let ids: Vec<_> = Rule::ALL.iter().map(|rule| rule.id().to_owned()).collect();
        let expected: Vec<_> = (1..=Rule::ALL.len())
            .map(|number| format!("AUD-{number:02}"))
            .collect();
        assert_eq!(ids, expected);
    }

    #[test]
    fn a_report_lists_a_bounded_number_of_findings_and_says_how_many_more_there_are() {
        let mut report = Report::new(AuditLevel::Public, AssemblyId::new([1; 32]));
        for number in 0..FINDINGS_MAX + 3 {
            report.find("ASM-01", || number.to_string());
        }
        report.cut_findings();
        assert_eq!(report.findings.len(), FINDINGS_MAX + 1);
        let last = report.findings.last().unwrap();
        assert_eq!(
            (last.rule.as_str(), last.text.as_str()),
            ("", "3 more findings are not listed")
        );
        assert_eq!(Finding::left_out(0), None);
    }
}
