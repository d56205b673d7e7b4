//! A member's process: `veche agent`, spoken to in JSON lines.

use crate::process::Process;
use crate::{Failure, Result};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(60);
/// How often a condition is looked at when no event says that something changed.
const LOOK: Duration = Duration::from_millis(300);
/// How long an agent may take to end when asked to.
const ENDING: Duration = Duration::from_secs(20);

/// A vault on disk and the passphrase that opens it.
#[derive(Debug, Clone)]
pub struct Vault {
    name: String,
    folder: PathBuf,
    passphrase_file: PathBuf,
    logs: PathBuf,
}

impl Vault {
    /// Creates the vault of `name` below `folder`, with a light key derivation.
    ///
    /// # Errors
    /// [`Failure::Failed`] if it cannot be created.
    pub fn create(program: &Path, folder: &Path, name: &str, passphrase: &str) -> Result<Self> {
        let vaults = folder.join("vaults");
        fs::create_dir_all(&vaults)?;
        let vault = Self {
            name: name.to_owned(),
            folder: vaults.join(name),
            passphrase_file: vaults.join(format!("{name}.passphrase")),
            logs: folder.join("logs"),
        };
        fs::write(&vault.passphrase_file, format!("{passphrase}\n"))?;
        let output = Command::new(program)
            .args(vault.options())
            .args(["--argon2", "light", "create"])
            .stdin(Stdio::null())
            .output()?;
        if output.status.success() {
            return Ok(vault);
        }
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(Failure::failed(format!(
            "{name} cannot create a vault: {}",
            complaint.trim()
        )))
    }

    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whose it is.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The options of `veche` that open it.
    #[must_use]
    pub fn options(&self) -> [PathBuf; 4] {
        [
            "--vault".into(),
            self.folder.clone(),
            "--passphrase-file".into(),
            self.passphrase_file.clone(),
        ]
    }
}

/// A running agent.
#[derive(Debug)]
pub struct Agent {
    process: Process,
    stdin: ChildStdin,
    lines: Receiver<Value>,
    answers: BTreeMap<u64, Value>,
    next_id: u64,
}

/// What a request was refused with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The code, of the closed list.
    pub code: String,
    /// The details.
    pub details: String,
}

impl Agent {
    /// Starts an agent on a vault.
    ///
    /// # Errors
    /// [`Failure::Failed`] if it cannot be started.
    pub fn start(program: &Path, vault: &Vault) -> Result<Self> {
        let args = [vault.options().to_vec(), vec!["agent".into()]].concat();
        let mut process = Process::start(vault.name(), program, &args, &vault.logs)?;
        let (stdin, stdout) = process
            .take_stdin()
            .zip(process.take_stdout())
            .ok_or_else(|| Failure::failed("an agent has no input or output"))?;
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            let lines = BufReader::new(stdout).lines().map_while(std::io::Result::ok);
            for value in lines.filter_map(|line| serde_json::from_str(&line).ok()) {
                if sender.send(value).is_err() {
                    break;
                }
            }
        });
        Ok(Self {
            process,
            stdin,
            lines,
            answers: BTreeMap::new(),
            next_id: 1,
        })
    }

    /// Whose agent it is.
    #[must_use]
    pub fn name(&self) -> &str {
        self.process.name()
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Writes a request and does not wait for its answer; see [`Agent::answer`].
    ///
    /// # Errors
    /// [`Failure::Failed`] if the agent is gone.
    pub fn post(&mut self, mut request: Value) -> Result<u64> {
        let id = self.next_id;
        self.next_id += 1;
        if let Some(fields) = request.as_object_mut() {
            fields.insert("id".to_owned(), json!(id));
        }
        let written = writeln!(self.stdin, "{request}").and_then(|()| self.stdin.flush());
        written.map_err(|error| self.process.failure(&format!("takes no request ({error})")))?;
        Ok(id)
    }

    /// Waits for the answer to request `id`.
    ///
    /// # Errors
    /// [`Failure::Failed`] if the agent is gone or silent; the inner result tells an answer from a refusal.
    pub fn answer(&mut self, id: u64) -> Result<std::result::Result<Value, Refused>> {
        let ends = Instant::now() + ANSWER;
        loop {
            if let Some(answer) = self.answers.remove(&id) {
                return Ok(judge(answer));
            }
            match self
                .lines
                .recv_timeout(ends.saturating_duration_since(Instant::now()))
            {
                Ok(line) => self.take(line),
                Err(RecvTimeoutError::Timeout) => return Err(self.process.failure("does not answer")),
                Err(RecvTimeoutError::Disconnected) => return Err(self.process.failure("has ended")),
            }
        }
    }

    /// Makes a request and waits for its answer or refusal.
    ///
    /// # Errors
    /// [`Failure::Failed`] if the agent is gone or silent.
    pub fn try_request(&mut self, request: Value) -> Result<std::result::Result<Value, Refused>> {
        let id = self.post(request)?;
        self.answer(id)
    }

    /// Makes a request that should be answered.
    ///
    /// # Errors
    /// [`Failure::Failed`] if it is refused, or the agent is gone or silent.
    pub fn request(&mut self, request: Value) -> Result<Value> {
        let what = request
            .get("request")
            .and_then(Value::as_str)
            .unwrap_or("?")
            .to_owned();
        self.try_request(request)?.map_err(|refused| {
            Failure::failed(format!(
                "{}: {what} refused: {} ({})",
                self.name(),
                refused.code,
                refused.details
            ))
        })
    }

    /// Waits until `look` finds what it looks for: it looks now, at every event, and now and then.
    ///
    /// # Errors
    /// [`Failure::Failed`] naming `what`, if `deadline` passes before; failures of `look`.
    pub fn wait<T>(
        &mut self,
        what: &str,
        deadline: Instant,
        mut look: impl FnMut(&mut Self) -> Result<Option<T>>,
    ) -> Result<T> {
        loop {
            if let Some(found) = look(self)? {
                return Ok(found);
            }
            if Instant::now() >= deadline {
                return Err(self.process.failure(&format!("waited in vain: {what}")));
            }
            match self.lines.recv_timeout(LOOK) {
                Ok(line) => self.take(line),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(self.process.failure("has ended")),
            }
            while let Ok(line) = self.lines.try_recv() {
                self.take(line);
            }
        }
    }

    /// Stops it as a person would: the end of its input.
    ///
    /// # Errors
    /// [`Failure::Failed`] if it does not end cleanly.
    pub fn stop(mut self) -> Result<()> {
        drop(self.stdin);
        let status = self.process.stop(ENDING)?;
        if status.success() {
            Ok(())
        } else {
            Err(self.process.failure(&format!("ended with {status}")))
        }
    }

    /// Kills it on the spot.
    ///
    /// # Errors
    /// [`Failure::Failed`] if the system refuses.
    pub fn kill(mut self) -> Result<()> {
        self.process.kill()
    }

    fn take(&mut self, line: Value) {
        if let Some(id) = line.get("id").and_then(Value::as_u64) {
            self.answers.insert(id, line);
        }
    }
}

fn judge(answer: Value) -> std::result::Result<Value, Refused> {
    let Some(refusal) = answer.get("refusal") else {
        return Ok(answer);
    };
    let text = |field: &str| {
        refusal
            .get(field)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    Err(Refused {
        code: text("code"),
        details: text("details"),
    })
}
