//! The report for a person.

mod votes;

use assembly::{AuditRule, Finding, MotionReport, Report, VoteKind, WitnessQuorum};
use primitives::AssemblyId;
use std::io::{Result, Write};

use crate::json::{phase, role};

/// Writes the report; the verdict is the last line.
pub(crate) fn write(report: &Report, asked: Option<AssemblyId>, out: &mut impl Write) -> Result<()> {
    writeln!(out, "Assembly   {}", printable(&report.name))?;
    writeln!(out, "Id         {}", report.assembly)?;
    if asked.is_none() {
        writeln!(
            out,
            "           Compare this id with what the assembly has published: anybody can make up an assembly."
        )?;
    }
    if let Some(relay) = report.relay {
        writeln!(out, "Relay      {relay}")?;
    }
    let WitnessQuorum {
        cosigned,
        post_quantum,
        needed,
    } = report.cosignatures;
    writeln!(
        out,
        "Journal    {} entries, cosigned by {cosigned} witnesses ({needed} needed), by {post_quantum} also with ML-DSA-44",
        report.entries
    )?;
    let founders: Vec<_> = report.founders.iter().map(ToString::to_string).collect();
    writeln!(out, "Founders   seats {}", founders.join(", "))?;
    writeln!(out, "\nSeats")?;
    for seat in &report.seats {
        let name = seat.name.as_deref().map(printable).unwrap_or_default();
        writeln!(out, "  {:>5}  {:<8}  {name}", seat.seat, role(seat.role))?;
    }
    for motion in &report.motions {
        write_motion(motion, out)?;
    }
    write_findings("Findings in the journal", &report.findings, out)?;
    write_rules(report, out)?;
    writeln!(out, "\nThis file does not show an outsider")?;
    for line in crate::not_checked(report) {
        writeln!(out, "  - {line}")?;
    }
    let verdict = if report.is_valid() { "VALID" } else { "INVALID" };
    writeln!(out, "\n{verdict}")
}

fn write_motion(motion: &MotionReport, out: &mut impl Write) -> Result<()> {
    let kind = match motion.kind {
        VoteKind::RollCall => "roll-call",
        VoteKind::Secret => "secret",
    };
    writeln!(out, "\nMotion     {}", printable(&motion.title))?;
    writeln!(out, "  {kind}, {}", phase(motion.phase))?;
    if let Some(electorate) = motion.electorate {
        let roll = motion
            .roll
            .map(|roll| format!(", {roll} on the roll"))
            .unwrap_or_default();
        writeln!(out, "  {electorate} in the electorate{roll}")?;
    }
    votes::write(motion, out)?;
    write_findings("  Findings", &motion.findings, out)
}

fn write_findings(title: &str, findings: &[Finding], out: &mut impl Write) -> Result<()> {
    if !findings.is_empty() {
        writeln!(out, "\n{title}")?;
    }
    for finding in findings {
        writeln!(out, "  {:<7} {}", finding.rule, printable(&finding.text))?;
    }
    Ok(())
}

fn write_rules(report: &Report, out: &mut impl Write) -> Result<()> {
    writeln!(out, "\nChecked")?;
    for rule in AuditRule::ALL {
        let broken: Vec<_> = report
            .breaches
            .iter()
            .filter(|breach| breach.rule == *rule)
            .collect();
        let mark = if broken.is_empty() { "  " } else { "NO" };
        writeln!(out, "  {mark} {}  {}", rule.id(), rule.text())?;
        for breach in broken {
            writeln!(out, "             {}", printable(&breach.text))?;
        }
    }
    if !report.is_valid() {
        writeln!(out, "  A broken rule can keep those after it from being checked.")?;
    }
    Ok(())
}

/// Text of members without control characters: it must not move a terminal's cursor.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
