//! A child process that never outlives us, with its complaints in a file.

use crate::{Failure, Result, command};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How often an ending process is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// A running child. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `program` with its standard input and output piped and its standard error in `logs/NAME.log`.
    ///
    /// On Linux the kernel kills it when the thread that started it ends, however it ends.
    ///
    /// # Errors
    /// [`Failure::Failed`] if it cannot be started.
    pub fn start<S: AsRef<std::ffi::OsStr>>(
        name: &str,
        program: &Path,
        args: &[S],
        logs: &Path,
    ) -> Result<Self> {
        fs::create_dir_all(logs)?;
        let log = logs.join(format!("{name}.log"));
        let errors = File::options().create(true).append(true).open(&log)?;
        let mut command = if command::is_there("setpriv") {
            let mut command = Command::new("setpriv");
            command.args(["--pdeathsig", "KILL", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        let child = command
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .map_err(|error| {
                Failure::failed(format!("cannot start {name} ({}): {error}", program.display()))
            })?;
        Ok(Self {
            name: name.to_owned(),
            child,
            log,
        })
    }

    /// Its name in messages.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Takes its standard input.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Takes its standard output.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Asks it to end (SIGTERM, end of its input) and waits.
    ///
    /// # Errors
    /// [`Failure::Failed`] if it has not ended by itself within `limit`; it is killed then.
    pub fn stop(&mut self, limit: Duration) -> Result<ExitStatus> {
        drop(self.child.stdin.take());
        let asked = command::output("kill", &["-TERM", &self.child.id().to_string()]);
        if asked.is_none() && self.child.try_wait()?.is_none() {
            self.kill()?;
            return Err(self.failure("cannot be asked to end"));
        }
        let ends = Instant::now() + limit;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if Instant::now() >= ends {
                self.kill()?;
                return Err(self.failure("does not end when asked to"));
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Kills it on the spot (SIGKILL).
    ///
    /// # Errors
    /// [`Failure::Failed`] if the system refuses.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// A failure of this process, with the last lines of its log.
    #[must_use]
    pub fn failure(&self, what: &str) -> Failure {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines
            .get(lines.len().saturating_sub(8)..)
            .unwrap_or_default()
            .join("\n    ");
        if tail.is_empty() {
            Failure::failed(format!("{} {what}", self.name))
        } else {
            Failure::failed(format!("{} {what}; its log ends:\n    {tail}", self.name))
        }
    }

    /// The memory that it holds, in KiB, where the system tells (Linux).
    #[must_use]
    pub fn resident_kib(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse().ok()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already; nothing is left to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
