//! `cargo xtask cluster`: NATS servers and relay processes are killed in turn, and nothing answered is lost.

use crate::args::Args;
use crate::{Failure, Result, Workspace, command};
use std::path::Path;

/// How long to go on if nothing is said.
const SECONDS: u64 = 120;

/// Kills for so long; everything once at least.
///
/// # Errors
/// [`Failure`] if an argument is unknown, if there is no NATS server, or if something was lost.
pub fn run(workspace: &Workspace, mut args: Args) -> Result<()> {
    let seconds: u64 = args.value("--seconds")?.unwrap_or(SECONDS);
    args.finish()?;
    if !has_server() {
        return Err(Failure::Usage(
            "this needs nats-server: run cargo xtask setup".to_owned(),
        ));
    }
    let mut cargo = workspace.cargo();
    cargo.env("VECHE_SECONDS", seconds.to_string());
    cargo.args([
        "test",
        "--release",
        "--package",
        "veche-relay",
        "--test",
        "cluster",
    ]);
    cargo.args(["--", "--ignored", "--nocapture", "--test-threads", "1"]);
    command::run_prepared(&mut cargo)
}

/// Whether there is a NATS server; Debian puts it where only administrators look.
#[must_use]
pub fn has_server() -> bool {
    command::is_there("nats-server") || Path::new("/usr/sbin/nats-server").is_file()
}
