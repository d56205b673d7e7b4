//! The auditor, who was not there: one file, one command, and a forged copy of the file.

use crate::answers::{list, number, text_of};
use crate::members::Member;
use crate::narrator::Narrator;
use crate::votes::{Counts, Elected, Outcome};
use crate::workspace::Binaries;
use crate::{Failure, Result, command};
use serde_json::{Value, json};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the auditor found.
#[derive(Debug)]
pub(super) struct Audited {
    /// Where the file is.
    pub(super) file: PathBuf,
    /// Seats that the journal has.
    pub(super) members: u64,
    /// The roll-call.
    pub(super) roll_call: Counts,
    /// The secret vote.
    pub(super) secret: Counts,
    /// The election.
    pub(super) election: Elected,
}

/// What the members have decided: the file has to say the same.
#[derive(Debug)]
pub(super) struct Decided {
    /// The roll-call.
    pub(super) roll_call: Outcome<Counts>,
    /// The secret vote.
    pub(super) secret: Outcome<Counts>,
    /// The election.
    pub(super) election: Outcome<Elected>,
}

/// Has a member export the audit file, has it verified, and has a forged copy refused.
pub(super) fn check(
    binaries: &Binaries,
    members: &mut [Member],
    assembly: &str,
    decided: &Decided,
    folder: &Path,
    narrator: &mut Narrator,
) -> Result<Audited> {
    let file = folder.join("assembly.veche-audit");
    let member = members.iter_mut().rfind(|member| member.is_online());
    let member = member.ok_or_else(|| Failure::failed("nobody to export the audit file"))?;
    let wanted = json!({ "request": "export_audit", "path": file, "level": "members" });
    let exported =
        member.agent()?.wait(
            "the witnesses cosign the journal",
            narrator.deadline,
            |agent| match agent.try_request(wanted.clone())? {
                Ok(answer) => Ok(Some(answer)),
                Err(refused) if refused.code == "not_ready" => Ok(None),
                Err(refused) => Err(Failure::failed(format!("{} ({})", refused.code, refused.details))),
            },
        )?;
    narrator.tell(format!(
        "audit file exported by {}: {} bytes",
        member.name,
        number(&exported, "bytes")?
    ));

    let (status, report) = verify(binaries, &file, assembly)?;
    if status != Some(0) || report.get("verdict").and_then(Value::as_str) != Some("valid") {
        return Err(Failure::failed(format!("the audit file is refused: {report}")));
    }
    let audited = Audited {
        members: list(&report, "seats").len() as u64,
        roll_call: same(&report, &decided.roll_call, counts)?,
        secret: same(&report, &decided.secret, counts)?,
        election: same(&report, &decided.election, |motion| {
            Elected::read(motion.get("options").unwrap_or(&Value::Null))
        })?,
        file,
    };
    narrator.tell("veche-audit: valid, with the same three results");

    let forged = folder.join("forged.veche-audit");
    let tamper = binaries.path("veche-tamper")?;
    command::run_prepared(Command::new(tamper).arg(&audited.file).arg(&forged))?;
    let (status, report) = verify(binaries, &forged, assembly)?;
    if status != Some(1) || report.get("verdict").and_then(Value::as_str) != Some("invalid") {
        return Err(Failure::failed(format!(
            "the forged copy is not refused: {report}"
        )));
    }
    let rules: Vec<String> = list(&report, "breaches")
        .iter()
        .filter_map(|finding| text_of(finding, "rule").ok())
        .collect();
    if rules.is_empty() {
        return Err(Failure::failed(format!(
            "the forged copy is refused without a rule: {report}"
        )));
    }
    narrator.tell(format!(
        "the copy with one ballot's choice altered and all hashes redone: refused by {}",
        rules.join(", ")
    ));
    Ok(audited)
}

fn verify(binaries: &Binaries, file: &Path, assembly: &str) -> Result<(Option<i32>, Value)> {
    let output = Command::new(binaries.path("veche-audit")?)
        .arg("verify")
        .arg(file)
        .args(["--assembly", assembly, "--json"])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    Ok((output.status.code(), serde_json::from_slice(&output.stdout)?))
}

/// What the report says of a motion, which has to be what the members say.
fn same<T: PartialEq + fmt::Debug>(
    report: &Value,
    decided: &Outcome<T>,
    read: impl Fn(&Value) -> Result<T>,
) -> Result<T> {
    let is = |motion: &&Value| motion.get("id").and_then(Value::as_str) == Some(&decided.motion);
    let motion = list(report, "motions").iter().find(is);
    let motion = motion.ok_or_else(|| Failure::failed(format!("a motion is not in the report: {report}")))?;
    let votes = read(motion)?;
    if votes != decided.votes || text_of(motion, "result")? != decided.hash {
        return Err(Failure::failed(format!(
            "the auditor counts otherwise than the members: {motion}, and not {decided:?}"
        )));
    }
    Ok(votes)
}

/// The counts of a motion in the report.
fn counts(motion: &Value) -> Result<Counts> {
    let counts = motion.get("counts").filter(|counts| counts.is_object());
    let counts = counts.ok_or_else(|| Failure::failed(format!("the auditor has no counts: {motion}")))?;
    Ok(Counts {
        votes_for: number(counts, "for")?,
        votes_against: number(counts, "against")?,
        votes_abstain: number(counts, "abstain")?,
    })
}
