//! `cargo xtask`: the commands of a developer.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line talks to its caller"
)]

use std::process::ExitCode;
use xtask::args::Args;
use xtask::demo::Options;
use xtask::{
    Failure, Result, Workspace, bench, checks, cluster, crash, demo, fuzz, mutants, pitfalls, setup,
    simulate, vectors,
};

const USAGE: &str = "\
cargo xtask COMMAND

  demo [--members N] [--headless] [--keep]   show everything: found, talk, vote, audit, window
  test                                       test everything, as CI does
  setup                                      install what the two commands above need
  bench NAME                                 measure; without a name, the list
  vectors                                    write the test vectors and the worked example again
  fuzz [TARGET] [--seconds N] [--input FILE] send what strangers can send; all targets share N, 540 seconds
  simulate [--seeds N] [--from SEED]         members on a hostile network against a model; 2,000 seeds
  crash [--rounds N] [--power-cuts N] [--from SEED]
                                             kill a loaded relay, cut its power; 1,000 rounds, 20,000 cuts
  cluster [--seconds N]                      kill NATS servers and relay processes in turn; 120 seconds
  lies [--seeds N] [--from SEED]             a relay that lies in every way; who caught it, after how many messages
  mutants [NAME] [--shard K/N] [--file PATH] [--iterate]
                                             break ballot, counting or rules line by line; the tests must notice
  pitfalls [NUMBER] [--seconds N]            make known mistakes of conversations; each one's test must notice";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::from(failure.exit_status())
        }
    }
}

fn run() -> Result<()> {
    let mut args = Args::new(std::env::args().skip(1));
    let command = args.positional();
    let workspace = Workspace::find()?;
    match command.as_deref() {
        Some("demo") => demo::run(&workspace, &Options::read(args)?),
        Some("test") => args.finish().and_then(|()| checks::run(&workspace)),
        Some("setup") => args.finish().and_then(|()| setup::run(&workspace)),
        Some("bench") => bench::run(&workspace, args),
        Some("fuzz") => fuzz::run(&workspace, args),
        Some("mutants") => mutants::run(&workspace, args),
        Some("pitfalls") => pitfalls::run(&workspace, args),
        Some("simulate") => simulate::run(&workspace, args),
        Some("crash") => crash::run(&workspace, args),
        Some("cluster") => cluster::run(&workspace, args),
        Some("lies") => simulate::lies(&workspace, args),
        Some("vectors") => args.finish().and_then(|()| vectors::run(&workspace)),
        _ => Err(Failure::Usage(USAGE.to_owned())),
    }
}
