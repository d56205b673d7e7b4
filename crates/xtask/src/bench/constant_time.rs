//! `cargo xtask bench constant-time [--roll N] [--pairs N]`: whether the time of casting depends on who casts.

use super::program::{Program, machine, number, write};
use crate::args::Args;
use crate::{Result, Workspace};
use serde_json::Value;

/// Runs the statistical test and its control.
///
/// # Errors
/// [`crate::Failure::Failed`] if a leak is seen, or if the control's is not.
pub fn run(workspace: &Workspace, mut args: Args) -> Result<()> {
    let roll: usize = args.value("--roll")?.unwrap_or(100);
    let pairs: usize = args.value("--pairs")?.unwrap_or(3_000);
    args.finish()?;
    let program = Program::of_tests(workspace, "ballot")?;
    println!("{}", machine());
    let result = program.result(&["constant-time", &roll.to_string(), &pairs.to_string()])?;
    let runs: Vec<f64> = result
        .get("prove_t")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_f64)
        .collect();
    println!(
        "{pairs} proofs for one secret, {pairs} for random ones, on a roll of {roll}: largest |t| {runs:.2?}.\n\
         A leak has |t| > {} in every run. The control, which stops at its own key: |t| = {:.1}.",
        number(&result, "t_max"),
        number(&result, "control_t"),
    );
    write(workspace, "constant-time", &result)
}
