//! `cargo xtask bench relay [--quick] [--seconds N] [--only WHAT]`: the relay beside its floor and beside peers.
//!
//! Each case is a process of its own in a folder of its own, which is removed after it. What each guarantees stands beside
//! its figure, because a figure without it says nothing.

use super::program::{Program, folder, machine, number, write};
use crate::args::Args;
use crate::{Failure, Result, Workspace, command};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The goals of `docs/relay.md`, by the name of the figure; no more than this.
const GOALS: &[(&str, f64)] = &[
    ("memory of an idle watcher", 16.0),
    ("memory of a log, created just now", 1.0),
    ("memory of a log, asked for after a start", 1.0),
    ("start after a kill", 1.0),
    ("start after a clean stop", 1.0),
    ("honest ballots lost", 0.0),
];
const OF_FLOOR: f64 = 0.7;
const P99_COMMITS: f64 = 3.0;

/// How much is measured.
struct Extent {
    seconds: u64,
    connections: &'static [usize],
    entry_bytes: &'static [usize],
    idle: usize,
    listening: usize,
    logs: usize,
    entries: usize,
    roll: usize,
}

const WHOLE: Extent = Extent {
    seconds: 10,
    connections: &[1, 16, 256],
    entry_bytes: &[1024, 16 * 1024],
    idle: 9_000,
    listening: 1_000,
    logs: 20_000,
    entries: 1_000_000,
    roll: 1_000,
};
const QUICK: Extent = Extent {
    seconds: 3,
    idle: 1_000,
    listening: 200,
    logs: 2_000,
    entries: 50_000,
    roll: 100,
    ..WHOLE
};

/// Measures and writes `target/bench/relay.json`.
///
/// # Errors
/// [`Failure`] if a case of ours fails. Peers that are not there are said to be missing.
pub fn run(workspace: &Workspace, mut args: Args) -> Result<()> {
    let extent = if args.flag("--quick") { QUICK } else { WHOLE };
    let seconds = args.value("--seconds")?.unwrap_or(extent.seconds).max(1);
    let only: Option<String> = args.value("--only")?;
    args.finish()?;
    let wanted = |what: &str| only.as_deref().is_none_or(|only| only == what);
    let bench = Bench {
        program: Program::of_bench(workspace, "veche-relay", "load")?,
        folder: folder(workspace)?.join("relay"),
    };
    let mut report = Vec::new();
    println!("{}", machine());
    if wanted("appends") {
        appends(&bench, &extent, seconds, &mut report)?;
    }
    let text = |number: usize| number.to_string();
    let rest = [
        ("watchers", vec![text(extent.idle), text(extent.listening)]),
        ("logs", vec![text(extent.logs)]),
        ("start", vec![text(extent.entries)]),
        (
            "fire",
            vec![text(extent.roll), text(64), (4 * seconds).to_string()],
        ),
    ];
    for (what, args) in rest {
        if wanted(what) {
            println!();
            let args: Vec<&str> = [what]
                .into_iter()
                .chain(args.iter().map(String::as_str))
                .collect();
            for figure in bench.case(&args)? {
                print(&figure);
                report.push(figure);
            }
        }
    }
    println!("{}", machine());
    write(workspace, "relay", &Value::Array(report))
}

struct Bench {
    program: Program,
    folder: PathBuf,
}

impl Bench {
    /// Runs one case in an empty folder and removes that.
    fn case(&self, args: &[&str]) -> Result<Vec<Value>> {
        clear(&self.folder)?;
        fs::create_dir_all(&self.folder)?;
        let folder = self.folder.to_string_lossy();
        let result = self.program.result(&[args, &[&folder]].concat());
        clear(&self.folder)?;
        match result? {
            Value::Array(figures) => Ok(figures),
            other => Err(Failure::failed(format!("no list of figures: {other}"))),
        }
    }
}

fn clear(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// The relay, then the peers, case by case.
fn appends(bench: &Bench, extent: &Extent, seconds: u64, report: &mut Vec<Value>) -> Result<()> {
    let nats = command::is_there("nats-server");
    let postgres = postgres();
    if !nats {
        println!("left out: NATS JetStream, nats-server is not installed");
    }
    if postgres.is_none() {
        println!("left out: PostgreSQL is not installed (apt-get install postgresql)");
    }
    println!("left out: nostr-rs-relay, of which there is no package; it is not built here\n");
    for entry_bytes in extent.entry_bytes {
        for connections in extent.connections {
            let [connections, entry_bytes, seconds] = [
                connections.to_string(),
                entry_bytes.to_string(),
                seconds.to_string(),
            ];
            let case = [connections.as_str(), &entry_bytes, &seconds];
            let mut figures = bench.case(&[&["appends"], case.as_slice()].concat())?;
            let floor = figures
                .first()
                .map_or(0.0, |figure| number(figure, "floor_appends_per_s"));
            if nats {
                figures.extend(peer(bench, &[&["nats", "nats-server"], case.as_slice()].concat()));
            }
            if let Some(programs) = &postgres {
                let programs = programs.to_string_lossy();
                figures.extend(peer(bench, &[&["postgres", &programs], case.as_slice()].concat()));
            }
            let ours = figures
                .first()
                .map_or(0.0, |figure| number(figure, "appends_per_s"));
            println!("{connections} connections, entries of {entry_bytes} bytes");
            for figure in &mut figures {
                figure["floor_appends_per_s"] = json!(floor);
                figure["times_ours"] = json!(number(figure, "appends_per_s") / ours);
                print(figure);
            }
            report.append(&mut figures);
        }
    }
    Ok(())
}

/// A peer that fails is said to have failed.
fn peer(bench: &Bench, args: &[&str]) -> Vec<Value> {
    bench.case(args).unwrap_or_else(|failure| {
        println!("left out: {}: {failure}", args.first().unwrap_or(&""));
        Vec::new()
    })
}

/// Where PostgreSQL's programs are.
fn postgres() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok();
    let said = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let packaged = versions.filter_map(|version| Some(version.ok()?.path().join("bin")));
    let mut places: Vec<PathBuf> = said.map(PathBuf::from).into_iter().chain(packaged).collect();
    places.retain(|place| {
        ["initdb", "pgbench"]
            .iter()
            .all(|name| place.join(name).is_file())
    });
    places.pop()
}

fn print(figure: &Value) {
    let text = |name: &str| figure.get(name).and_then(Value::as_str).unwrap_or_default();
    let figure_of = |name: &str| number(figure, name);
    if figure.get("appends_per_s").is_none() {
        let value = figure_of("value");
        let goal = GOALS.iter().find(|(name, _)| *name == text("name"));
        let goal = match goal {
            Some((_, most)) if value <= *most => format!("   (goal {most}: met)"),
            Some((_, most)) => format!("   (goal {most}: MISSED)"),
            None => String::new(),
        };
        println!("{:<50} {value:>12.2} {}{goal}", text("name"), text("unit"));
        return;
    }
    println!(
        "  {:<32} {:>9.1}/s  {:>5.2} of ours   p50 {:>8.2} ms  p99 {:>8.2} ms   {}",
        text("name"),
        figure_of("appends_per_s"),
        figure_of("times_ours"),
        figure_of("p50_ms"),
        figure_of("p99_ms"),
        text("guarantee"),
    );
    if figure.get("of_floor").is_some() {
        let verdict = |met: bool| if met { "met" } else { "MISSED" };
        let (of_floor, p99_commits) = (figure_of("of_floor"), figure_of("p99_commits"));
        println!(
            "  {:<32} {:>9.1}/s  {of_floor:.2} of it (goal {OF_FLOOR}: {}); p99 in {p99_commits:.1} commits of {:.2} ms (goal \
             {P99_COMMITS}: {}); {:.1} entries to a commit; {:.0} us of the relay's processor time for each",
            "  the store alone",
            figure_of("floor_appends_per_s"),
            verdict(of_floor >= OF_FLOOR),
            figure_of("floor_commit_ms"),
            verdict(p99_commits <= P99_COMMITS),
            figure_of("batch"),
            figure_of("relay_cpu_us"),
        );
    }
}
