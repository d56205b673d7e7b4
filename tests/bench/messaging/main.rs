//! Measures conversations; `cargo xtask bench messaging` builds this in release and runs it, one process for each case.
//!
//! Prints one line of JSON for each case: a list of figures, `openmls_value` where bare OpenMLS has the like. Does nothing
//! when it is started without a command, as `cargo test --all-targets` does.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that prints what it measured"
)]

mod assembly;
mod bare;
#[path = "../ballot/clock.rs"]
#[allow(dead_code, reason = "shared with the ballot's measurement")]
mod clock;
mod disk;
mod follow;
mod group;
mod history;
mod joining;
mod operations;
mod own;
#[path = "../../../crates/client/tests/world/relay.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "shared with the tests of the client"
)]
mod relay;
mod report;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

/// What a case is or why there is none.
type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[&str]) -> Outcome<()> {
    let figures = match args {
        ["operations", members, repeats, folder] => {
            operations::run(members.parse()?, repeats.parse()?, Path::new(folder))?
        }
        ["join", members, repeats, folder, seconds] => joining::run(
            members.parse()?,
            repeats.parse()?,
            Path::new(folder),
            seconds.parse()?,
        )?,
        ["catch-up", members, messages, repeats, folder] => follow::run(
            members.parse()?,
            messages.parse()?,
            repeats.parse()?,
            Path::new(folder),
        )?,
        ["history", messages, repeats, folder] => {
            history::run(messages.parse()?, repeats.parse()?, Path::new(folder))?
        }
        [command, ..] if !command.starts_with('-') => {
            return Err(format!("no such measurement: {}", args.join(" ")).into());
        }
        _ => return Ok(()),
    };
    println!("{}", figures.into_json());
    Ok(())
}
