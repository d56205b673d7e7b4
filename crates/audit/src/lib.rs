//! The auditor's command line: one file in, a verdict out, nothing else touched.
//!
//! Reads an audit file in portions, lets `assembly` verify everything in it offline, on all cores, and says what was
//! checked, what came out and what an outsider cannot check. Trusts nothing in the file and never holds all of it.
//! Deliberately absent: network, vault, any secret.

mod crew;
mod json;
mod progress;
mod text;

use assembly::{AuditVerifier, Report};
use clap::{Parser, Subcommand};
use crew::Cores;
use primitives::AssemblyId;
use progress::Progress;
use std::fs::File;
use std::io::{ErrorKind, Read as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What cannot be checked from any file; every report ends with it.
pub const NOT_CHECKED: &[&str] = &[
    "that the seats are the people they claim to be: compare the assembly's id with what the assembly has published",
    "that a voter voted freely and on an honest device: no record shows that",
    "that every voter's ballot was accepted somewhere: a voter checks the own ballot, and others may forward it",
];

/// What the report says was not checked: what no file shows, and what this one is too young to show.
pub(crate) fn not_checked(report: &Report) -> Vec<String> {
    let young = (report.uncompared > 0).then(|| {
        format!(
            "that {} entries of the journal's last days say the same to members: their keys can be compared when the days are \
             over, in a file that is exported after an entry two days later",
            report.uncompared
        )
    });
    let always = NOT_CHECKED.iter().map(|line| (*line).to_owned());
    young.into_iter().chain(always).collect()
}

/// Bytes read at a time.
const PORTION: usize = 256 * 1_024;
/// Exit status of who was interrupted, as shells have it.
const INTERRUPTED: i32 = 130;

/// Checks an assembly's audit file.
#[derive(Debug, Parser)]
#[command(name = "veche-audit", version)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Verifies an audit file offline. Exit status: 0 valid, 1 invalid, 2 unusable.
    Verify {
        /// The audit file.
        file: PathBuf,
        /// The assembly's id as it has published it, 64 hexadecimal digits.
        #[arg(long)]
        assembly: Option<AssemblyId>,
        /// Prints the report as JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Carries the command out.
pub fn run(arguments: &Arguments, out: &mut impl Write) -> ExitCode {
    let Command::Verify { file, assembly, json } = &arguments.command;
    let verified = verify(file, *assembly, *json);
    let written = match &verified {
        Ok(report) if *json => json::write(report, out),
        Ok(report) => text::write(report, *assembly, out),
        Err(reason) if *json => json::write_unusable(reason, out),
        Err(reason) => writeln!(out, "UNUSABLE: {reason}"),
    };
    match (verified, written) {
        (Ok(report), Ok(())) => ExitCode::from(u8::from(!Report::is_valid(&report))),
        _ => ExitCode::from(2),
    }
}

fn verify(path: &Path, expected: Option<AssemblyId>, json: bool) -> Result<Report, String> {
    let explain = |error: std::io::Error| format!("{} cannot be read: {error}", path.display());
    let mut file = File::open(path).map_err(explain)?;
    let total = file.metadata().map_or(0, |metadata| metadata.len());
    let progress = Progress::new(total, json);
    clear_when_interrupted(&progress);
    let mut weights = rand_core::UnwrapErr(getrandom::SysRng);
    let crew = Cores::all();
    let mut verifier = AuditVerifier::new(expected);
    let mut portion = vec![0; PORTION];
    let verified = loop {
        let read = match file.read(&mut portion) {
            Ok(0) => break Ok(()),
            Ok(read) => portion.get(..read).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => break Err(explain(error)),
        };
        if let Err(unusable) = verifier.feed(read, &mut weights, &crew) {
            break Err(unusable.to_string());
        }
        progress.advance(u64::try_from(read.len()).unwrap_or(u64::MAX), verifier.stage());
    };
    let report = verified.and_then(|()| {
        verifier
            .finish(&mut weights, &crew)
            .map_err(|unusable| unusable.to_string())
    });
    progress.clear();
    report
}

/// Nothing is open for writing: who interrupts gets the terminal back as it was.
fn clear_when_interrupted(progress: &Progress) {
    let progress = progress.clone();
    // A second verification in one process has the handler of the first; its bar stays.
    let _ = ctrlc::set_handler(move || {
        progress.clear();
        std::process::exit(INTERRUPTED);
    });
}
