//! Measures the anonymous ballot; `cargo xtask bench` builds this in release and runs it, one process for each case.
//!
//! Prints one line of JSON for each case. Does nothing when it is started without a command, as `cargo test
//! --all-targets` does.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that prints what it measured"
)]

mod audit;
mod cast;
mod clock;
mod constant_time;
mod election;
mod floor;
mod threads;

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
    match args {
        ["make", roll, folder] => election::make(roll.parse()?, Path::new(folder)),
        ["cast", roll, repeats] => cast::run(roll.parse()?, repeats.parse()?),
        ["audit", roll, folder, threads, repeats] => audit::run(
            roll.parse()?,
            Path::new(folder),
            threads.parse()?,
            repeats.parse()?,
        ),
        ["constant-time", roll, pairs] => constant_time::run(roll.parse()?, pairs.parse()?),
        [command, ..] if !command.starts_with('-') => {
            Err(format!("no such measurement: {}", args.join(" ")).into())
        }
        _ => Ok(()),
    }
}
