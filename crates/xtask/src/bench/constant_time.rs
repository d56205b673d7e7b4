//! `cargo xtask bench constant-time [--roll N] [--pairs N]`: whether the time of casting depends on who casts.

use super::program::{Program, machine, number, write};
use crate::args::Args;
use crate::{Failure, Result, Workspace};
use serde_json::Value;

/// Runs the statistical test and its controls.
///
/// # Errors
/// [`crate::Failure::Failed`] if a leak is seen, or if a control's is not.
pub fn run(workspace: &Workspace, mut args: Args) -> Result<()> {
    let roll: usize = args.value("--roll")?.unwrap_or(100);
    let pairs: usize = args.value("--pairs")?.unwrap_or(5_000);
    args.finish()?;
    let program = Program::of_tests(workspace, "ballot")?;
    println!("{}", machine());
    let result = program.result(&["constant-time", &roll.to_string(), &pairs.to_string()])?;
    println!(
        "{pairs} proofs by one member and {pairs} by random ones, on a roll of {roll}. Two of three runs decide; a run sees a \
         difference if the largest |t| is above {}.",
        number(&result, "t_max"),
    );
    for case in list(&result, "cases") {
        let seen = case.get("seen").and_then(Value::as_bool).unwrap_or_default();
        let runs: Vec<f64> = list(case, "t").iter().filter_map(Value::as_f64).collect();
        println!(
            "{:<52} {:<10} |t| {runs:.2?}",
            case.get("case").and_then(Value::as_str).unwrap_or_default(),
            if seen { "differs" } else { "the same" },
        );
    }
    write(workspace, "constant-time", &result)?;
    match list(&result, "wrong") {
        [] => Ok(()),
        wrong => Err(Failure::failed(format!(
            "a prover's time depends on the secret, or a control was not seen (too few pairs, or too busy a machine): {}",
            wrong
                .iter()
                .filter_map(Value::as_str)
                .collect::<Vec<_>>()
                .join("; ")
        ))),
    }
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value
        .get(name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}
