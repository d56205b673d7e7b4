//! The demonstration: real processes on loopback found an assembly, talk, vote by name, in secret and by ranking,
//! lose a trustee, and an auditor who was not there checks all of it.
//!
//! Every figure of the last line comes from the agents or from `veche-audit`; this script knows none of them.

mod audit;
mod play;
mod window;

use crate::args::Args;
use crate::narrator::Narrator;
use crate::votes::{Counts, Elected};
use crate::{Failure, Result, Workspace, setup};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Fewest members: a secret vote needs a roll, and somebody without a vote.
const MEMBERS_LEAST: usize = 8;
/// Time limit of the smallest demonstration, and what each member adds.
const LIMIT: Duration = Duration::from_secs(240);
const LIMIT_PER_MEMBER: Duration = Duration::from_secs(8);

/// What to show.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many members, the expert without a vote included.
    pub members: usize,
    /// Whether to leave the window out.
    pub headless: bool,
    /// Whether to keep vaults, logs and audit files.
    pub keep: bool,
}

impl Options {
    /// Reads the command line.
    ///
    /// # Errors
    /// [`Failure::Usage`] if it is not understood.
    pub fn read(mut args: Args) -> Result<Self> {
        let members = args.value("--members")?.unwrap_or(MEMBERS_LEAST);
        let options = Self {
            members,
            headless: args.flag("--headless"),
            keep: args.flag("--keep"),
        };
        args.finish()?;
        if members < MEMBERS_LEAST {
            return Err(Failure::Usage(format!("--members: at least {MEMBERS_LEAST}")));
        }
        Ok(options)
    }
}

/// Sets the machine up, builds, and shows everything.
///
/// # Errors
/// What failed; the line `demo: FAIL …` has been printed then.
pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let start = Instant::now();
    let folder = workspace
        .target()
        .join("demo")
        .join(format!("run-{}", std::process::id()));
    let result = prepare_and_play(workspace, options, &folder, start);
    match &result {
        Ok(summary) => println!("{summary}"),
        Err(failure) => println!(
            "demo: FAIL {failure}\n(vaults and logs stay in {})",
            folder.display()
        ),
    }
    result.map(|_| ())
}

fn prepare_and_play(
    workspace: &Workspace,
    options: &Options,
    folder: &Path,
    start: Instant,
) -> Result<Summary> {
    setup::run(workspace)?;
    let binaries = workspace.binaries()?;
    std::fs::create_dir_all(folder)?;
    let members = u32::try_from(options.members).unwrap_or(u32::MAX);
    let mut narrator = Narrator::aloud(start, LIMIT + LIMIT_PER_MEMBER * members);
    narrator.tell(format!(
        "built; {} members will play in {}",
        options.members,
        folder.display()
    ));
    let summary = play::play(&binaries, options, folder, &mut narrator)?;
    if !options.keep {
        // The audit file stays; vaults and logs of a demonstration that passed are of no use to anybody.
        for leftover in ["vaults", "relay", "logs"] {
            std::fs::remove_dir_all(folder.join(leftover)).ok();
        }
    }
    Ok(summary)
}

/// What the last line says.
#[derive(Debug)]
pub(crate) struct Summary {
    members: u64,
    messages: u64,
    roll_call: Counts,
    secret: Counts,
    election: Elected,
    bundle: PathBuf,
    seconds: f64,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "demo: PASS members={} messages={} roll_call={} secret={} election={} audit=valid tampered=refused \
             bundle={} seconds={:.0}",
            self.members,
            self.messages,
            self.roll_call,
            self.secret,
            self.election,
            self.bundle.display(),
            self.seconds
        )
    }
}
