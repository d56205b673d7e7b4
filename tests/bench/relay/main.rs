//! Measures the relay; `cargo xtask bench relay` builds this in release and runs it, one process for each case.
//!
//! The relay is a process of its own, reached over real TLS on loopback. Prints one line of JSON for each case: a list of
//! figures. Does nothing when it is started without a command, as `cargo test --all-targets` does.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "a program that prints what it measured, and that fails like a test"
)]

mod appends;
#[path = "../../../crates/relay/tests/common/mod.rs"]
mod common;
mod fire;
mod floor;
mod logs;
mod machine;
mod nats;
mod postgres;
mod start;
mod watchers;

use serde_json::{Value, json};
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// What a case is or why there is none.
type Outcome<T> = Result<T, Box<dyn Error>>;

/// How many connections append entries of which length, and for how long.
#[derive(Debug, Clone, Copy)]
struct Case {
    connections: usize,
    entry_bytes: usize,
    time: Duration,
}

impl Case {
    /// A line of the table of appends.
    fn figure(&self, name: &str, mut latencies: Vec<Duration>, per_s: f64) -> Value {
        latencies.sort_unstable();
        json!({
            "name": name,
            "connections": self.connections,
            "entry_bytes": self.entry_bytes,
            "appends": latencies.len(),
            "appends_per_s": per_s,
            "p50_ms": percentile(&latencies, 50),
            "p99_ms": percentile(&latencies, 99),
        })
    }
}

/// The one of the sorted `times` that so many in a hundred do not exceed, in milliseconds.
fn percentile(times: &[Duration], percent: usize) -> f64 {
    let at = (times.len() * percent).div_ceil(100).saturating_sub(1);
    times.get(at).copied().unwrap_or_default().as_secs_f64() * 1e3
}

fn plain(name: &str, value: f64, unit: &str) -> Value {
    json!({ "name": name, "value": value, "unit": unit })
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let done = runtime.block_on(run(&args.iter().map(String::as_str).collect::<Vec<_>>()));
    match done {
        Ok(Some(figures)) => println!("{figures}"),
        Ok(None) => {}
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

async fn run(args: &[&str]) -> Outcome<Option<Value>> {
    let case = |connections: &str, entry_bytes: &str, seconds: &str| -> Outcome<Case> {
        Ok(Case {
            connections: connections.parse()?,
            entry_bytes: entry_bytes.parse()?,
            time: Duration::from_secs(seconds.parse()?),
        })
    };
    let figures = match args {
        ["appends", connections, entry_bytes, seconds, folder] => {
            appends::run(case(connections, entry_bytes, seconds)?, Path::new(folder)).await?
        }
        ["nats", program, connections, entry_bytes, seconds, folder] => {
            nats::run(
                program,
                case(connections, entry_bytes, seconds)?,
                Path::new(folder),
            )
            .await?
        }
        ["postgres", programs, connections, entry_bytes, seconds, folder] => postgres::run(
            Path::new(programs),
            case(connections, entry_bytes, seconds)?,
            Path::new(folder),
        )?,
        ["watchers", idle, listening, folder] => {
            watchers::run(idle.parse()?, listening.parse()?, Path::new(folder)).await?
        }
        ["logs", logs, folder] => logs::run(logs.parse()?, Path::new(folder)).await?,
        ["start", entries, folder] => start::run(entries.parse()?, Path::new(folder))?,
        ["fire", roll, attackers, seconds, folder] => {
            let time = Duration::from_secs(seconds.parse()?);
            fire::run(roll.parse()?, attackers.parse()?, time, Path::new(folder)).await?
        }
        [command, ..] if !command.starts_with('-') => {
            return Err(format!("no such measurement: {}", args.join(" ")).into());
        }
        _ => return Ok(None),
    };
    Ok(Some(Value::Array(figures)))
}
