//! `cargo xtask bench ballot [--rolls 30,100,1000,10000] [--repeats N]`: the anonymous ballot, beside its floor.

use super::program::{Program, folder, machine, number, threads, write};
use crate::args::Args;
use crate::{Failure, Result, Workspace};
use serde_json::Value;

/// Sizes of rolls when none are named.
const ROLLS: &str = "30,100,1000,10000";

/// Measures each roll on one thread and on all, and writes `target/bench/ballot.json`.
///
/// # Errors
/// [`Failure`] if a case fails.
pub fn run(workspace: &Workspace, mut args: Args) -> Result<()> {
    let rolls = rolls(&args.value("--rolls")?.unwrap_or_else(|| ROLLS.to_owned()))?;
    let repeats: Option<usize> = args.value("--repeats")?;
    args.finish()?;
    let program = Program::of_tests(workspace, "ballot")?;
    let folder = folder(workspace)?;
    let folder = folder.to_string_lossy();
    println!("{}", machine());
    println!(
        "Ballots = roll, each made by its own key. Times are medians (least) on the wall; ratios are medians of pairs\n\
         that took turns, of processor time on one thread. Casting and counting by one thread.\n"
    );
    let mut report = Vec::new();
    for roll in rolls {
        let repeats = repeats.unwrap_or(if roll < 5_000 { 15 } else { 5 });
        let (roll, repeats) = (roll.to_string(), repeats.max(1).to_string());
        program.case(&["make", &roll, &folder])?;
        let cast = program.result(&["cast", &roll, &repeats])?;
        let mut counts = vec![1];
        if threads() > 1 {
            counts.push(threads());
        }
        for threads in counts {
            let audit = program.result(&["audit", &roll, &folder, &threads.to_string(), &repeats])?;
            print(&cast, &audit);
            report.push(merged(&cast, &audit));
        }
    }
    println!("{}", machine());
    write(workspace, "ballot", &Value::Array(report))
}

/// Sizes of rolls from a list.
///
/// # Errors
/// [`Failure::Usage`] for what is none.
pub fn rolls(list: &str) -> Result<Vec<usize>> {
    let rolls: std::result::Result<Vec<usize>, _> = list.split(',').map(|roll| roll.trim().parse()).collect();
    match rolls {
        Ok(rolls) if rolls.iter().all(|roll| (3..=32_768).contains(roll)) => Ok(rolls),
        _ => Err(Failure::Usage(format!(
            "--rolls {list}: sizes from 3 to 32768 with commas between"
        ))),
    }
}

/// The audit's figures, and of casting's those that belong to the same table.
fn merged(cast: &Value, audit: &Value) -> Value {
    let mut report = audit.clone();
    for name in ["cast_ms", "cast_least_ms", "cast_cpu_ms"] {
        if let (Some(report), Some(value)) = (report.as_object_mut(), cast.get(name)) {
            report.insert(name.to_owned(), value.clone());
        }
    }
    report
}

fn print(cast: &Value, audit: &Value) {
    let threads = number(audit, "threads");
    let ballots = number(audit, "ballots").max(1.0);
    let figure = |name: &str| number(audit, name);
    println!(
        "roll {}, {} ballots, {threads} thread{}: {} bytes each, {:.1} MiB at most",
        figure("roll"),
        figure("ballots"),
        if threads > 1.0 { "s" } else { "" },
        figure("ballot_bytes"),
        figure("peak_mib"),
    );
    println!(
        "  casting      {:>9.2} ms ({:.2}), {:.2} ms of processor time",
        number(cast, "cast_ms"),
        number(cast, "cast_least_ms"),
        number(cast, "cast_cpu_ms"),
    );
    for (label, name) in [
        ("roll", "roll_ms"),
        ("decode", "decode_ms"),
        ("proofs", "proof_ms"),
        ("open", "open_ms"),
        ("count", "count_ms"),
    ] {
        println!(
            "  {label:<12} {:>9.2} ms of processor time, {:.2} us for each ballot",
            figure(name),
            figure(name) * 1e3 / ballots
        );
    }
    for (label, name) in [("audit", "audit"), ("floor", "floor")] {
        println!(
            "  {label:<12} {:>9.2} ms ({:.2}), {:.2} ms of processor time ({:.2})",
            figure(&format!("{name}_s")) * 1e3,
            figure(&format!("{name}_least_s")) * 1e3,
            figure(&format!("{name}_cpu_s")) * 1e3,
            figure(&format!("{name}_cpu_least_s")) * 1e3,
        );
    }
    println!(
        "  audit/floor  {:>9.2} by processor time, {:.2} on the wall; {:.2} of a floor multiplied in pieces\n",
        figure("ratio_cpu"),
        figure("ratio"),
        figure("ratio_cpu_pieces"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_lists_of_rolls_and_refuses_others() {
        assert_eq!(rolls("30, 100").unwrap(), [30, 100]);
        for wrong in ["", "2", "30;100", "40000", "x"] {
            assert!(rolls(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_report_has_what_is_compared_between_runs() {
        let report = merged(
            &json!({ "roll": 30, "cast_ms": 1.5 }),
            &json!({ "roll": 30, "audit_s": 0.1 }),
        );
        assert_eq!(report, json!({ "roll": 30, "audit_s": 0.1, "cast_ms": 1.5 }));
    }
}
