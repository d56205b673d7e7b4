//! Other programs, run to their end.

use crate::{Failure, Result};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs `program` in `folder`, its output going where ours goes.
///
/// # Errors
/// [`Failure::Failed`] if it cannot be started or does not succeed.
pub fn run(folder: &Path, program: &str, args: &[&str]) -> Result<()> {
    run_prepared(Command::new(program).args(args).current_dir(folder))
}

/// Runs a prepared command, its output going where ours goes.
///
/// # Errors
/// [`Failure::Failed`] if it cannot be started or does not succeed.
pub fn run_prepared(command: &mut Command) -> Result<()> {
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|error| cannot_start(command, &error))?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::failed(format!("{} ended with {status}", name(command))))
    }
}

/// Runs a prepared command, shows each line of its output and gives it to `line`; returns whether it succeeded.
///
/// # Errors
/// [`Failure::Failed`] if it cannot be started.
pub fn run_watched(command: &mut Command, mut line: impl FnMut(&str)) -> Result<bool> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| cannot_start(command, &error))?;
    if let Some(stdout) = child.stdout.take() {
        for text in BufReader::new(stdout).lines() {
            let text = text?;
            println!("{text}");
            line(&text);
        }
    }
    Ok(child.wait()?.success())
}

/// What `program` prints, if it can be started and succeeds.
#[must_use]
pub fn output(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a program of this name is on the search path.
#[must_use]
pub fn is_there(program: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).any(|folder| folder.join(program).is_file())
}

fn name(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|arg| arg.to_string_lossy().into_owned()));
    words.join(" ")
}

fn cannot_start(command: &Command, error: &std::io::Error) -> Failure {
    Failure::failed(format!("cannot start {}: {error}", name(command)))
}
