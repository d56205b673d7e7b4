//! `cargo xtask bench messaging [--members 2,10,100,1000] [--repeats N]`: conversations, beside bare OpenMLS.
//!
//! Also `--missed N` (messages to catch up on), `--history N` (messages in the vault), `--large N` (a group that is only joined)
//! and `--large-seconds N` (given up after); 0 leaves a part out.

use super::program::{Program, folder, machine, number, write};
use crate::args::Args;
use crate::{Failure, Result, Workspace};
use serde_json::Value;

/// Sizes of groups when none are named.
const MEMBERS: &str = "2,10,100,1000";
/// Groups in which a client catches up.
const AWAY: [usize; 2] = [10, 100];

/// Measures each group and the vault, and writes `target/bench/messaging.json`.
///
/// # Errors
/// [`Failure`] if a case fails.
pub fn run(workspace: &Workspace, mut args: Args) -> Result<()> {
    let members = members(&args.value("--members")?.unwrap_or_else(|| MEMBERS.to_owned()))?;
    let repeats: Option<usize> = args.value("--repeats")?;
    let missed: usize = args.value("--missed")?.unwrap_or(10_000);
    let history: usize = args.value("--history")?.unwrap_or(100_000);
    let large: usize = args.value("--large")?.unwrap_or(10_000);
    let seconds: u64 = args.value("--large-seconds")?.unwrap_or(900);
    args.finish()?;
    let program = Program::of_tests(workspace, "messaging")?;
    let folder = folder(workspace)?;
    let folder = folder.to_string_lossy();
    println!("{}", machine());
    println!(
        "Operations: medians of processor time on one thread without the flush, in turns with OpenMLS in memory. Flushes,\n\
         catching up, opening, showing and searching: on the wall. Bytes written are the process's to its files.\n"
    );
    let mut report = Vec::new();
    for members in &members {
        let repeats = repeats.unwrap_or(if *members < 500 { 9 } else { 3 }).max(1);
        let args = ["operations", &members.to_string(), &repeats.to_string(), &folder];
        take(&mut report, program.result(&args)?);
    }
    let repeats = repeats.unwrap_or(3).max(1).to_string();
    let missed = AWAY
        .into_iter()
        .filter(|away| missed > 0 && members.contains(away))
        .map(|away| (away, missed));
    for (members, missed) in missed {
        let args = [
            "catch-up",
            &members.to_string(),
            &missed.to_string(),
            &repeats,
            &folder,
        ];
        take(&mut report, program.result(&args)?);
    }
    if history > 0 {
        take(
            &mut report,
            program.result(&["history", &history.to_string(), &repeats, &folder])?,
        );
    }
    if large > 0 {
        let args = ["join", &large.to_string(), "3", &folder, &seconds.to_string()];
        take(&mut report, program.result(&args)?);
    }
    println!("\n{}", machine());
    write(workspace, "messaging", &Value::Array(report))
}

/// Sizes of groups from a list.
fn members(list: &str) -> Result<Vec<usize>> {
    let members: std::result::Result<Vec<usize>, _> =
        list.split(',').map(|members| members.trim().parse()).collect();
    match members {
        Ok(members) if members.iter().all(|members| (2..=2_000).contains(members)) => Ok(members),
        _ => Err(Failure::Usage(format!(
            "--members {list}: sizes from 2 to 2000 with commas between"
        ))),
    }
}

/// Prints figures as they come, and keeps them.
fn take(report: &mut Vec<Value>, figures: Value) {
    let Value::Array(figures) = figures else { return };
    for figure in &figures {
        println!("{}", line(figure));
    }
    report.extend(figures);
}

fn line(figure: &Value) -> String {
    let text = |name: &str| figure.get(name).and_then(Value::as_str).unwrap_or_default();
    let value = number(figure, "value");
    let beside = figure
        .get("openmls_value")
        .and_then(Value::as_f64)
        .map_or_else(String::new, |openmls| {
            format!("  OpenMLS {openmls:>12.2}  {:>6.2} times", value / openmls)
        });
    format!(
        "{:>6}  {:<64} {value:>12.2} {:<10}{beside}",
        number(figure, "members"),
        text("name"),
        text("unit"),
    )
    .trim_end()
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_lists_of_members_and_refuses_others() {
        assert_eq!(members("2, 10").unwrap(), [2, 10]);
        for wrong in ["", "1", "10;100", "10000", "x"] {
            assert!(members(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_figure_stands_beside_the_bare_one_where_there_is_one() {
        let figure =
            json!({ "name": "send", "members": 10, "value": 3.0, "unit": "ms", "openmls_value": 2.0 });
        assert!(line(&figure).ends_with("1.50 times"), "{}", line(&figure));
        let alone =
            json!({ "name": "flush", "members": 10, "value": 3.0, "unit": "ms", "openmls_value": null });
        assert!(line(&alone).ends_with("ms"), "{}", line(&alone));
    }
}
