//! `cargo xtask crash`: a relay under load is killed, or its power is cut, and has lost nothing that it answered.

use crate::args::Args;
use crate::{Failure, Result, Workspace, command};

/// Rounds and power cuts if no number is given.
const ROUNDS: u64 = 1_000;
const POWER_CUTS: u64 = 20_000;

/// Kills the relay so often, and cuts its power so often; with one of the two numbers, only that one is done.
///
/// # Errors
/// [`Failure`] if an argument is unknown, if strace is missing, or if something was lost.
pub fn run(workspace: &Workspace, mut args: Args) -> Result<()> {
    let from: u64 = args.value("--from")?.unwrap_or(0);
    let rounds: Option<u64> = args.value("--rounds")?;
    let cuts: Option<u64> = args.value("--power-cuts")?;
    args.finish()?;
    let (rounds, cuts) = match (rounds, cuts) {
        (None, None) => (ROUNDS, POWER_CUTS),
        (rounds, cuts) => (rounds.unwrap_or(0), cuts.unwrap_or(0)),
    };
    if cuts > 0 && !command::is_there("strace") {
        return Err(Failure::Usage(
            "power cuts need strace: run cargo xtask setup".to_owned(),
        ));
    }
    let mut cargo = workspace.cargo();
    cargo.env("VECHE_FROM", from.to_string());
    cargo.env("VECHE_ROUNDS", rounds.to_string());
    cargo.env("VECHE_CUTS", cuts.to_string());
    cargo.args(["test", "--release", "--package", "veche-relay", "--test", "crash"]);
    cargo.args(["--", "--ignored", "--nocapture", "--test-threads", "1"]);
    command::run_prepared(&mut cargo)
}
