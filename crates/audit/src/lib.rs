//! The auditor's command line: one file in, a verdict out, nothing else touched.
//!
//! Reads an audit file, lets `assembly` verify everything in it offline, and says what was checked, what came out and what an
//! outsider cannot check. Trusts nothing in the file. Deliberately absent: network, vault, any secret.

mod json;
mod text;

use assembly::{AUDIT_BYTES_MAX, Report, Unusable, verify_audit};
use clap::{Parser, Subcommand};
use primitives::AssemblyId;
use std::fs::File;
use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What cannot be checked from the file alone; every report ends with it.
pub const NOT_CHECKED: &[&str] = &[
    "that the seats are the people they claim to be: compare the assembly's id with what the assembly has published",
    "that a voter voted freely and on an honest device: no record shows that",
    "that every voter's ballot was accepted somewhere: a voter checks the own ballot, and others may forward it",
];

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
    let verified = read(file).and_then(|bytes| {
        let mut weights = rand_core::UnwrapErr(getrandom::SysRng);
        verify_audit(&bytes, *assembly, &mut weights).map_err(|error: Unusable| error.to_string())
    });
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

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let explain = |error: std::io::Error| format!("{} cannot be read: {error}", path.display());
    let limit = u64::try_from(AUDIT_BYTES_MAX).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(explain)?;
    file.take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(explain)?;
    Ok(bytes)
}
