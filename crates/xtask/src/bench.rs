//! Measurements: a table for people and JSON for comparison, in `target/bench/`.

pub mod audit;
pub mod ballot;
pub mod belenios;
pub mod constant_time;
pub mod messaging;
pub mod peers;
pub mod program;
pub mod relay;

use crate::args::Args;
use crate::{Failure, Result, Workspace, workspace};
use serde_json::{Value, json};
use std::fs;
use std::time::{Duration, Instant};

/// One measured figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// What it is.
    pub name: String,
    /// How much.
    pub value: f64,
    /// Of what.
    pub unit: &'static str,
}

/// A measurement: its name, what it says, and how it is taken.
type Bench = (&'static str, &'static str, fn(&Workspace) -> Result<Vec<Figure>>);

/// All measurements.
const BENCHES: &[Bench] = &[("start", "time until each program has said its version", start)];

/// A measurement with options and a report of its own.
type Study = (&'static str, &'static str, fn(&Workspace, Args) -> Result<()>);

/// All of these.
const STUDIES: &[Study] = &[
    (
        "ballot",
        "casting and auditing secret votes, beside the floor [--rolls 30,100 --repeats 5]",
        ballot::run,
    ),
    (
        "audit",
        "the auditor's program on whole files [--rolls 1000,10000 --repeats 5]",
        audit::run,
    ),
    (
        "peers",
        "others' programs doing the same [--rolls 100,1000 --repeats 5]",
        peers::run,
    ),
    (
        "messaging",
        "conversations, beside bare OpenMLS [--members 2,10,100 --repeats 5 --missed 10000 --history 100000 --large 0]",
        messaging::run,
    ),
    (
        "relay",
        "appends, watches and start of the relay, beside its floor and peers [--quick --seconds 10 --only appends]",
        relay::run,
    ),
    (
        "constant-time",
        "whether the time of casting depends on who casts [--roll 100 --pairs 5000]",
        constant_time::run,
    ),
];

/// Runs the measurement that the command line names.
///
/// # Errors
/// [`Failure::Usage`] with the list if there is no such measurement.
pub fn run(workspace: &Workspace, mut args: Args) -> Result<()> {
    let name = args.positional().unwrap_or_default();
    if let Some((_, _, study)) = STUDIES.iter().find(|study| study.0 == name) {
        return study(workspace, args);
    }
    args.finish()?;
    let Some((name, about, measure)) = BENCHES.iter().find(|bench| bench.0 == name) else {
        let benches = BENCHES.iter().map(|bench| (bench.0, bench.1));
        let names: Vec<String> = benches
            .chain(STUDIES.iter().map(|study| (study.0, study.1)))
            .map(|(name, about)| format!("  {name:<14} {about}"))
            .collect();
        return Err(Failure::Usage(format!(
            "say which measurement:\n{}",
            names.join("\n")
        )));
    };
    let figures = measure(workspace)?;
    println!("{about}");
    for Figure { name, value, unit } in &figures {
        println!("{name:<40} {value:>12.2} {unit}");
    }
    let folder = workspace.target().join("bench");
    fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{name}.json"));
    fs::write(
        &path,
        format!("{:#}\n", report(name, &workspace::commit(workspace), &figures)),
    )?;
    println!("{}", path.display());
    Ok(())
}

fn report(name: &str, commit: &str, figures: &[Figure]) -> Value {
    let figures: Vec<Value> = figures
        .iter()
        .map(|figure| json!({ "name": figure.name, "value": figure.value, "unit": figure.unit }))
        .collect();
    json!({ "bench": name, "commit": commit, "figures": figures })
}

fn start(workspace: &Workspace) -> Result<Vec<Figure>> {
    let binaries = workspace.binaries()?;
    ["veche", "veche-relay", "veche-audit"]
        .into_iter()
        .map(|name| {
            let program = binaries.path(name)?;
            let times = (0..5).map(|_| {
                let start = Instant::now();
                let output = std::process::Command::new(program).arg("--version").output()?;
                if output.status.success() {
                    Ok(start.elapsed())
                } else {
                    Err(Failure::failed(format!("{name} fails")))
                }
            });
            let least: Duration = times
                .collect::<Result<Vec<_>>>()?
                .into_iter()
                .min()
                .unwrap_or_default();
            Ok(Figure {
                name: name.to_owned(),
                value: least.as_secs_f64() * 1e3,
                unit: "ms",
            })
        })
        .collect()
}
