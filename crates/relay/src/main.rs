//! `veche-relay`: runs a relay.

#[path = "commands/recover.rs"]
mod recover;
#[path = "commands/rotate.rs"]
mod rotate;
#[path = "commands/serve.rs"]
mod serve;
#[path = "commands/upkeep.rs"]
mod upkeep;

use clap::{Parser, Subcommand};
use std::io::Write as _;
use std::process::ExitCode;

/// Keeps the logs of Veche assemblies: encrypted, append-only, readable only by those who have their tokens.
///
/// It knows no users and sees no content. Whatever else it did wrong, readers would notice.
#[derive(Debug, Parser)]
#[command(name = "veche-relay", version)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the relay until it gets SIGTERM or SIGINT.
    ///
    /// When it is ready it prints its address on standard output, one line that begins with `veche-relay://`: give it
    /// to members. It pins the relay's identity key, contains nothing secret, and stays the same as long as the data
    /// directory does. Everything else goes to standard error; RUST_LOG=debug says more.
    /// Logs of operation hold no log ids, tokens or addresses of clients.
    ///
    /// Back up the *.key files of the data directory, offline. After restoring the logs from an old copy run
    /// `veche-relay recover` before this: otherwise readers would see the relay contradict itself.
    Serve(Box<serve::Serve>),
    /// Prepares a data directory whose logs are an older copy: run it after restoring, before `serve`.
    ///
    /// The relay has signed more than an older copy holds. Its logs can be read then, but take nothing until members'
    /// programs have given back what is missing (they do so by themselves) and the waiting time has passed.
    Recover(recover::Recover),
    /// Draws other keys for TLS or for checkpoints, under the same identity and address; the relay must be stopped.
    Rotate(rotate::Rotate),
    /// Says how the relay is, also while it runs. Exit 0; 1 nothing can be said; 2 no data directory of a relay.
    Status(upkeep::Status),
    /// Derives everything in the store again and compares; the relay must be stopped. Exit 0 sound; 1 damaged, or it
    /// cannot be read; 2 misuse.
    Check(upkeep::Check),
    /// Copies what is alive into a new store, verifies it, and puts it in the old one's place; the relay must be stopped,
    /// and the disk must take both. May be killed at any moment. Exit 0 done; 1 not done; 2 misuse.
    Compact(upkeep::Compact),
    /// Writes the store into one file; the relay must be stopped. Exit 0 done; 1 not done; 2 misuse.
    Export(upkeep::Export),
    /// Makes a data directory from a file that `export` has written, and verifies everything in it. The relay recovers
    /// when it is started on it: it may have signed more after the export. Exit 0 done; 1 not done; 2 misuse.
    Import(upkeep::Import),
}

fn main() -> ExitCode {
    match Args::parse().command {
        Command::Serve(serve) => end(serve.run().map(|()| None)),
        Command::Rotate(rotate) => end(rotate.run().map(Some)),
        Command::Recover(command) => end_refused(command.run()),
        Command::Status(command) => end_refused(command.run()),
        Command::Check(command) => end_refused(command.run()),
        Command::Compact(command) => end_refused(command.run()),
        Command::Export(command) => end_refused(command.run()),
        Command::Import(command) => end_refused(command.run()),
    }
}

fn end_refused(done: Result<String, recover::Refused>) -> ExitCode {
    let done = done.map_err(|(message, code)| Failure { message, code });
    end(done.map(Some))
}

/// Says what was done on standard output, or what was not on standard error.
fn end(done: Result<Option<String>, Failure>) -> ExitCode {
    match done {
        Ok(sentence) => {
            if let Some(sentence) = sentence {
                let _ = writeln!(std::io::stdout(), "{sentence}");
            }
            ExitCode::SUCCESS
        }
        Err(Failure { message, code }) => {
            let _ = writeln!(std::io::stderr(), "veche-relay: {message}");
            ExitCode::from(code)
        }
    }
}

struct Failure {
    message: String,
    code: u8,
}

impl Failure {
    fn misuse(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            code: 2,
        }
    }

    fn environment(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            code: 1,
        }
    }
}
