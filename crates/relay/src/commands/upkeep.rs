//! `veche-relay status`, `check`, `compact`, `export`, `import`.
//!
//! Exit 0: done; 1: not done, or damaged; 2: misuse, or a relay runs; 130: stopped by Ctrl-C, and everything is as it was.

use super::recover::Refused;
use primitives::LogId;
use primitives::canonical::sha256;
use relay::lock::DirLock;
use relay::mark::Mark;
use relay::recovery::Recovery;
use relay::store::{LogStore as _, SledStore, cache};
use relay::upkeep::{Findings, Step, UpkeepError, check, compact, export, import};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const MISUSE: u8 = 2;
/// As a shell says of a program that SIGINT has ended.
const STOPPED: u8 = 130;
/// Between two lines of progress.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// Options of the command.
#[derive(Debug, clap::Args)]
pub(crate) struct Status {
    /// The data directory.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// As one line of JSON.
    #[arg(long)]
    json: bool,
}

/// Options of the command.
#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    /// The data directory.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Says of every finding in which log it is, by the beginning of the hash of its id.
    #[arg(long)]
    verbose: bool,
}

/// Options of the command.
#[derive(Debug, clap::Args)]
pub(crate) struct Compact {
    /// The data directory.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

/// Options of the command.
#[derive(Debug, clap::Args)]
pub(crate) struct Export {
    /// The data directory.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// With the relay's keys: whoever has the file can be this relay.
    #[arg(long)]
    with_keys: bool,
    /// The file to write; it must not be there.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Options of the command.
#[derive(Debug, clap::Args)]
pub(crate) struct Import {
    /// The data directory to make; it must be empty, or not be there.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The relay has not run since the export, and the original will never run again: nothing is missing, no recovery.
    #[arg(long)]
    latest: bool,
    /// The file that `export` has written.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// What `status` says.
#[derive(serde::Serialize)]
struct Said {
    running: bool,
    recovery: bool,
    #[serde(flatten)]
    status: relay::status::Status,
}

impl Status {
    pub(crate) fn run(&self) -> Result<String, Refused> {
        let shown = self.data.display();
        if !self.data.join("lock").exists() {
            return Err((format!("{shown} is not the data directory of a relay"), MISUSE));
        }
        let failed = |error: std::io::Error| (format!("{shown} cannot be read: {error}"), 1);
        let running = DirLock::is_taken(&self.data).map_err(failed)?;
        let recovery = Recovery::load(&self.data).map_err(failed)?.is_on();
        let status = relay::status::Status::load(&self.data).map_err(failed)?;
        let status = status.ok_or_else(|| {
            let message = format!("no relay that writes its status has run in {shown} yet");
            (message, 1)
        })?;
        let said = Said {
            running,
            recovery,
            status,
        };
        if self.json {
            return serde_json::to_string(&said).map_err(|error| (error.to_string(), 1));
        }
        Ok(said.in_words())
    }
}

impl Said {
    fn in_words(&self) -> String {
        let status = &self.status;
        let state = match (self.running, status.stopped) {
            (true, _) => "running",
            (false, true) => "stopped",
            (false, false) => "not running; it was not stopped as it should be",
        };
        let mut text = format!(
            "relay           {state}\nlogs            {}\nentries         {}, of which {} have had their time\n\
             kept            {} MiB of entries and blobs\nlast commit     {} ms since 1970\nas of           {} ms since 1970",
            status.logs,
            status.entries,
            status.entries_erased,
            mib(status.bytes),
            status.last_commit_ms,
            status.written_ms,
        );
        if self.recovery {
            text.push_str("\nrecovery        under way: nothing new is taken");
        }
        if self.running && status.clock_stopped {
            text.push_str("\nclock           has jumped: nothing is stamped until it is set right");
        }
        text
    }
}

impl Check {
    pub(crate) fn run(&self) -> Result<String, Refused> {
        let lock = hold(&self.data)?;
        let failed = |error: UpkeepError| refused(&error);
        let store = SledStore::open(&self.data.join("logs"), 0);
        let store = store.map_err(|fault| (format!("the store cannot be opened: {fault}"), 1))?;
        let findings = check(&store, &mut told()).map_err(failed)?;
        let mark = Mark::load(&self.data).map_err(|error| failed(error.into()))?;
        let less = store.high_water().map_err(|error| failed(error.into()))? < mark.at();
        drop(lock);
        if findings.is_sound() && !less {
            return Ok(format!(
                "sound: {} logs, {} entries",
                findings.logs, findings.entries
            ));
        }
        let mut text = format!(
            "damaged: {} findings in {} logs, {} entries",
            findings.count, findings.logs, findings.entries
        );
        if less {
            text.push_str("\nthe store has less than the mark says that it had");
        }
        text.push_str(&self.listed(&findings));
        Err((text, 1))
    }

    fn listed(&self, findings: &Findings) -> String {
        let mut text = String::new();
        if self.verbose {
            for finding in &findings.first {
                let log = finding.log.map_or_else(|| "the store".to_owned(), short);
                let _ = write!(text, "\n{log}: {}", finding.what);
            }
        } else {
            let kinds: BTreeSet<_> = findings.first.iter().map(|finding| finding.what).collect();
            for what in kinds {
                let _ = write!(text, "\n{what}");
            }
        }
        text
    }
}

impl Compact {
    pub(crate) fn run(&self) -> Result<String, Refused> {
        let _lock = hold(&self.data)?;
        let logs = self.data.join("logs");
        let before = bytes_below(&logs);
        compact(&self.data, &mut told()).map_err(|error| refused(&error))?;
        Ok(format!(
            "compacted: {} MiB, from {} MiB",
            mib(bytes_below(&logs)),
            mib(before)
        ))
    }
}

impl Export {
    pub(crate) fn run(&self) -> Result<String, Refused> {
        let _lock = hold(&self.data)?;
        export(&self.data, &self.file, self.with_keys, &mut told()).map_err(|error| refused(&error))?;
        let keys = if self.with_keys {
            "It has the relay's keys: keep it as you keep those."
        } else {
            "It has no keys: keep the *.key files apart."
        };
        Ok(format!("exported. {keys}"))
    }
}

impl Import {
    pub(crate) fn run(&self) -> Result<String, Refused> {
        let with_keys = import(&self.file, &self.data, self.latest, &mut told());
        let keys = if with_keys.map_err(|error| refused(&error))? {
            ""
        } else {
            " Put the relay's *.key files into it before you start it: without them it would be another relay."
        };
        let recovery = if self.latest {
            ""
        } else {
            " The relay recovers when it is started; `veche-relay recover` says how that is shortened."
        };
        Ok(format!("imported; everything in it is verified.{keys}{recovery}"))
    }
}

/// The directory, for this command alone.
fn hold(data: &Path) -> Result<DirLock, Refused> {
    let shown = data.display();
    if cache::dir(data).exists() {
        let message = format!(
            "the logs of {shown} are in NATS JetStream: what is done to a store on the disk cannot be done to them \
             (docs/relay-nats.md)"
        );
        return Err((message, MISUSE));
    }
    if !data.join("logs").join("db").is_file() {
        let message = format!("{shown} has no store: give the data directory of a relay");
        return Err((message, MISUSE));
    }
    if relay::upkeep::is_unfinished(data) {
        return Err((
            format!("an import into {shown} was cut off; run it again"),
            MISUSE,
        ));
    }
    let lock = DirLock::take(data).map_err(|error| (format!("{shown} cannot be used: {error}"), 1))?;
    let in_use = || {
        (
            format!("{shown} is in use by a running relay: stop it first"),
            MISUSE,
        )
    };
    lock.ok_or_else(in_use)
}

fn refused(error: &UpkeepError) -> Refused {
    let code = match error {
        UpkeepError::Misuse(_) => MISUSE,
        UpkeepError::Stopped => STOPPED,
        _ => 1,
    };
    (error.to_string(), code)
}

/// Tells on standard error how far it is, and stops at Ctrl-C.
fn told() -> impl FnMut(Step, u64, u64) -> bool {
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    // Without a handler Ctrl-C ends the process where it stands, which harms nothing either.
    let _ = ctrlc::set_handler(move || asked.store(true, Ordering::SeqCst));
    let mut last: Option<(Step, Instant)> = None;
    move |step, done, total| {
        let now = Instant::now();
        let tell =
            last.is_none_or(|(before, at)| before != step || now.saturating_duration_since(at) >= TELL_EVERY);
        if tell {
            last = Some((step, now));
            let of = if total == 0 {
                String::new()
            } else {
                format!(" {done} of {total}")
            };
            let _ = writeln!(std::io::stderr(), "{}{of}", step.name());
        }
        !stop.load(Ordering::SeqCst)
    }
}

/// What a log is called where its id must not be said.
fn short(log: LogId) -> String {
    let hash = sha256(log.as_bytes());
    let digits = hash.as_bytes().iter().take(4).map(|byte| format!("{byte:02x}"));
    digits.collect()
}

fn bytes_below(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.fold(0, |sum, entry| {
        let path = entry.path();
        let bytes = if path.is_dir() {
            bytes_below(&path)
        } else {
            entry.metadata().map_or(0, |file| file.len())
        };
        sum.saturating_add(bytes)
    })
}

const fn mib(bytes: u64) -> u64 {
    bytes >> 20
}
