//! `veche`: the member's command line.
//!
//! It reads a command, opens the vault, and either stays as an agent (JSON lines in, JSON lines out, a member's
//! duties done meanwhile) or makes one request and waits until the outbox is empty. `docs/spec/agent.md` states the
//! interface. Deliberately absent: any knowledge of assemblies, logs or votes; `app` has all of it.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line talks to its caller"
)]

mod agent;
mod args;
mod choice;
mod device;
mod ending;
mod interrupt;
mod once;
mod printable;
mod question;
mod request;
mod secret;
mod session;
mod show;
mod vote;

use args::{Args, Command};
use clap::Parser;
use ending::Ending;
use interrupt::Interrupt;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = Args::parse();
    // Input may be a pipe that nobody closes: the thread that reads it must not hold up the end.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report(&args, Ending::environment(&error)),
    };
    let result = runtime.block_on(run(&args));
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(ending) => report(&args, ending),
    }
}

async fn run(args: &Args) -> Result<(), Ending> {
    let interrupt = Interrupt::new()?;
    match &args.command {
        Command::Create => interrupt.ends(session::create(args)).await,
        Command::Agent => agent::run(args, interrupt).await,
        Command::Once(command) => interrupt.ends(once::run(args, command)).await,
    }
}

fn report(args: &Args, ending: Ending) -> ExitCode {
    if args.json
        && let Some(line) = ending.to_json()
    {
        println!("{line}");
    } else {
        eprintln!("veche: {ending}");
    }
    ExitCode::from(ending.exit_status())
}
