//! The report as JSON, for other programs. Fields are only ever added.

mod votes;

use assembly::{AuditLevel, Finding, MotionReport, Phase, Report, Role, VoteKind};
use serde::Serialize;
use std::io::{Result, Write};

use votes::{JsonCounts, JsonOptions, JsonQuestion};

#[derive(Serialize)]
struct JsonReport<'a> {
    verdict: &'static str,
    assembly: String,
    name: &'a str,
    declaration: &'a str,
    level: &'static str,
    relay: Option<String>,
    entries: u64,
    cosignatures: JsonQuorum,
    founders: Vec<u32>,
    seats: Vec<JsonSeat<'a>>,
    motions: Vec<JsonMotion<'a>>,
    findings: Vec<JsonFinding<'a>>,
    breaches: Vec<JsonFinding<'a>>,
    not_checked: Vec<String>,
}

#[derive(Serialize)]
struct JsonQuorum {
    cosigned: u32,
    post_quantum: u32,
    needed: u32,
}

#[derive(Serialize)]
struct JsonSeat<'a> {
    seat: u32,
    role: &'static str,
    name: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonMotion<'a> {
    id: String,
    title: &'a str,
    kind: &'static str,
    question: JsonQuestion<'a>,
    phase: &'static str,
    opening: Option<String>,
    electorate: Option<u32>,
    roll: Option<u32>,
    counts: Option<JsonCounts>,
    options: Option<JsonOptions<'a>>,
    quorum_met: Option<bool>,
    adopted: Option<bool>,
    result: Option<String>,
    findings: Vec<JsonFinding<'a>>,
}

#[derive(Serialize)]
struct JsonFinding<'a> {
    rule: &'a str,
    text: &'a str,
}

#[derive(Serialize)]
struct JsonUnusable<'a> {
    verdict: &'static str,
    reason: &'a str,
}

/// Writes the report, one JSON object.
pub(crate) fn write(report: &Report, out: &mut impl Write) -> Result<()> {
    let json = JsonReport {
        verdict: if report.is_valid() { "valid" } else { "invalid" },
        assembly: report.assembly.to_string(),
        name: &report.name,
        declaration: &report.declaration,
        level: match report.level {
            AuditLevel::Members => "members",
            AuditLevel::Public => "public",
        },
        relay: report.relay.map(|relay| relay.to_string()),
        entries: report.entries,
        cosignatures: JsonQuorum {
            cosigned: report.cosignatures.cosigned,
            post_quantum: report.cosignatures.post_quantum,
            needed: report.cosignatures.needed,
        },
        founders: report.founders.iter().map(|seat| seat.0).collect(),
        seats: report
            .seats
            .iter()
            .map(|seat| JsonSeat {
                seat: seat.seat.0,
                role: role(seat.role),
                name: seat.name.as_deref(),
            })
            .collect(),
        motions: report.motions.iter().map(motion).collect(),
        findings: findings(&report.findings),
        breaches: report
            .breaches
            .iter()
            .map(|breach| JsonFinding {
                rule: breach.rule.id(),
                text: &breach.text,
            })
            .collect(),
        not_checked: crate::not_checked(report),
    };
    serde_json::to_writer_pretty(&mut *out, &json)?;
    writeln!(out)
}

/// Writes that there is nothing to judge.
pub(crate) fn write_unusable(reason: &str, out: &mut impl Write) -> Result<()> {
    serde_json::to_writer_pretty(
        &mut *out,
        &JsonUnusable {
            verdict: "unusable",
            reason,
        },
    )?;
    writeln!(out)
}

fn motion(motion: &MotionReport) -> JsonMotion<'_> {
    let result = motion.result.as_ref();
    JsonMotion {
        id: motion.id.to_string(),
        title: &motion.title,
        kind: kind(motion.kind),
        question: JsonQuestion::new(&motion.question),
        phase: phase(motion.phase),
        opening: motion.opening.map(|opening| opening.to_string()),
        electorate: motion.electorate,
        roll: motion.roll,
        counts: result
            .and_then(|result| result.votes.choices())
            .map(JsonCounts::new),
        options: result
            .and_then(|result| result.votes.options())
            .map(JsonOptions::new),
        quorum_met: result.map(|result| result.quorum_met),
        adopted: result.map(|result| result.adopted),
        result: result.map(|result| result.hash().to_string()),
        findings: findings(&motion.findings),
    }
}

fn findings(findings: &[Finding]) -> Vec<JsonFinding<'_>> {
    findings
        .iter()
        .map(|finding| JsonFinding {
            rule: &finding.rule,
            text: &finding.text,
        })
        .collect()
}

pub(crate) const fn kind(kind: VoteKind) -> &'static str {
    match kind {
        VoteKind::RollCall => "roll_call",
        VoteKind::Secret => "secret",
    }
}

pub(crate) const fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Proposed => "proposed",
        Phase::Noticed => "noticed",
        Phase::Open => "open",
        Phase::Closed => "closed",
        Phase::Decided => "decided",
        Phase::Void(_) => "void",
        Phase::Withdrawn => "withdrawn",
    }
}

pub(crate) const fn role(role: Role) -> &'static str {
    match role {
        Role::Deputy => "deputy",
        Role::Expert => "expert",
        Role::Observer => "observer",
    }
}
