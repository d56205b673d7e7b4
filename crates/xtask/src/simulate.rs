//! `cargo xtask simulate`: many evenings of many members on a hostile network, each compared with a simple model.

use crate::args::Args;
use crate::{Result, Workspace, command};

/// Evenings if no number is given.
const SEEDS: u64 = 2_000;

/// Runs the simulation over so many seeds; one that fails is named.
///
/// # Errors
/// [`Failure`](crate::Failure) if an argument is unknown, or if a seed fails.
pub fn run(workspace: &Workspace, mut args: Args) -> Result<()> {
    let from: u64 = args.value("--from")?.unwrap_or(0);
    let seeds: u64 = args.value("--seeds")?.unwrap_or(SEEDS);
    args.finish()?;
    let mut cargo = workspace.cargo();
    cargo.env("VECHE_SEEDS", format!("{from}..{}", from.saturating_add(seeds)));
    cargo.args([
        "test",
        "--release",
        "--package",
        "veche-client",
        "--test",
        "simulation",
    ]);
    cargo.args(["--", "--include-ignored", "--nocapture"]);
    command::run_prepared(&mut cargo)
}
