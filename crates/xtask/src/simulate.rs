//! `cargo xtask simulate`: many evenings of many members on a hostile network, each compared with a simple model.
//! `cargo xtask lies`: a relay that lies in every way that readers can notice.

use crate::args::Args;
use crate::{Result, Workspace, command};

/// Evenings if no number is given.
const SEEDS: u64 = 2_000;
/// Seeds of lies, each with every lie about every log, if no number is given.
const LIES: u64 = 200;

/// Runs the simulation over so many seeds; one that fails is named.
///
/// # Errors
/// [`Failure`](crate::Failure) if an argument is unknown, or if a seed fails.
pub fn run(workspace: &Workspace, args: Args) -> Result<()> {
    run_seeds(workspace, args, "simulation", SEEDS)
}

/// Lets a relay lie over so many seeds, and prints who caught it after how many messages.
///
/// # Errors
/// [`Failure`](crate::Failure) if an argument is unknown, or if a lie is not caught.
pub fn lies(workspace: &Workspace, args: Args) -> Result<()> {
    run_seeds(workspace, args, "lies", LIES)
}

fn run_seeds(workspace: &Workspace, mut args: Args, test: &str, many: u64) -> Result<()> {
    let from: u64 = args.value("--from")?.unwrap_or(0);
    let seeds: u64 = args.value("--seeds")?.unwrap_or(many);
    args.finish()?;
    let mut cargo = workspace.cargo();
    cargo.env("VECHE_SEEDS", format!("{from}..{}", from.saturating_add(seeds)));
    cargo.args(["test", "--release", "--package", "veche-client", "--test", test]);
    cargo.args(["--", "--include-ignored", "--nocapture"]);
    command::run_prepared(&mut cargo)
}
