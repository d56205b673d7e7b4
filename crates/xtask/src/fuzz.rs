//! `cargo xtask fuzz [TARGET] [--seconds N] [--input FILE]`: libFuzzer over what strangers can send (`tests/fuzz`).
//!
//! Without a target all of them take turns. What a run learns, its corpus, stays in `target/fuzz/corpus` for the next;
//! what breaks something is kept in `target/fuzz/artifacts`, and the run says how to run it again.

use crate::args::Args;
use crate::{Failure, Result, Workspace, command, setup};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Seconds that the targets share if nobody says how many.
const SECONDS: u64 = 540;
/// Most memory of a fuzzer, and of one allocation in it: what strangers send must not cost more.
const MEMORY_MIB: u32 = 2_048;
const ALLOCATION_MIB: u32 = 256;
/// Longest time that one input may take.
const INPUT_SECONDS: u32 = 20;

/// Runs the fuzzers.
///
/// # Errors
/// [`Failure::Usage`] for an unknown target, [`Failure::Failed`] if one does not build, or has found something.
pub fn run(workspace: &Workspace, mut args: Args) -> Result<()> {
    let seconds: Option<u64> = args.value("--seconds")?;
    let input: Option<PathBuf> = args.value("--input")?;
    let target = args.positional();
    args.finish()?;
    let targets = targets(workspace, target.as_deref())?;
    if input.is_some() && target.is_none() {
        return Err(Failure::Usage(
            "--input needs the target that it is for".to_owned(),
        ));
    }
    setup::ensure_tool(workspace, "cargo-fuzz", "^0.13")?;
    let fuzzers = Fuzzers::new(workspace);
    for target in &targets {
        fuzzers.build(target)?;
    }
    if let (Some(input), [target]) = (&input, targets.as_slice()) {
        return fuzzers.again(target, input);
    }
    fuzzers.seed()?;
    let share = seconds.unwrap_or(SECONDS) / targets.len().max(1) as u64;
    let mut broken = Vec::new();
    for target in &targets {
        println!("== {target}, {share} s");
        if fuzzers.run(target, share.max(1)).is_err() {
            broken.push(target.as_str());
            fuzzers.tell(target)?;
        }
    }
    if broken.is_empty() {
        println!("{} targets, nothing found", targets.len());
        Ok(())
    } else {
        Err(Failure::failed(format!(
            "found something in {}",
            broken.join(", ")
        )))
    }
}

/// The targets of `tests/fuzz`, or the one that is named.
fn targets(workspace: &Workspace, named: Option<&str>) -> Result<Vec<String>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder(workspace).join("targets"))? {
        let path = entry?.path();
        all.extend(path.file_stem().and_then(OsStr::to_str).map(str::to_owned));
    }
    all.sort();
    let Some(named) = named else { return Ok(all) };
    if all.iter().any(|target| target == named) {
        Ok(vec![named.to_owned()])
    } else {
        Err(Failure::Usage(format!(
            "there is no target {named}; there are {}",
            all.join(", ")
        )))
    }
}

fn folder(workspace: &Workspace) -> PathBuf {
    workspace.root().join("tests/fuzz")
}

/// The fuzzers and where they keep what.
struct Fuzzers<'a> {
    workspace: &'a Workspace,
    target: PathBuf,
    /// A nightly toolchain, if rustup has one.
    nightly: Option<String>,
}

impl<'a> Fuzzers<'a> {
    fn new(workspace: &'a Workspace) -> Self {
        let nightly = nightly();
        match &nightly {
            Some(name) => println!("toolchain {name}"),
            None => println!(
                "no nightly toolchain (`rustup toolchain install nightly`): the pinned one is told to be one"
            ),
        }
        Self {
            workspace,
            target: workspace.target().join("fuzz"),
            nightly,
        }
    }

    /// `cargo fuzz VERB`; the instruments are flags that only a nightly compiler takes, or one that is told to.
    fn cargo(&self, verb: &str) -> Command {
        let mut command = if let Some(nightly) = &self.nightly {
            let mut command = Command::new("rustup");
            command.args(["run", nightly, "cargo"]);
            command
        } else {
            let mut command = self.workspace.cargo();
            command.env("RUSTC_BOOTSTRAP", "1");
            command
        };
        command
            .current_dir(folder(self.workspace))
            .env_remove("CARGO")
            // cargo-fuzz's flags would displace the ones of .cargo/config.toml.
            .env("RUSTFLAGS", "--cfg=curve25519_dalek_backend=\"avx512\"")
            // Which assertions are on, the profile says; otherwise all would be, everywhere.
            .args(["fuzz", verb, "--release", "--fuzz-dir"])
            .arg(folder(self.workspace))
            .arg("--target-dir")
            .arg(self.target.join("build"));
        command
    }

    fn build(&self, target: &str) -> Result<()> {
        command::run_prepared(self.cargo("build").arg(target))
    }

    /// Writes all seeds anew, from the vectors of this checkout.
    fn seed(&self) -> Result<()> {
        let mut seeds = self.workspace.cargo();
        seeds
            .args([
                "run",
                "--quiet",
                "--package",
                "veche-strangers",
                "--bin",
                "veche-seeds",
                "--",
            ])
            .arg(self.target.join("seeds"));
        command::run_prepared(&mut seeds)
    }

    fn run(&self, target: &str, seconds: u64) -> Result<()> {
        let corpus = self.target.join("corpus").join(target);
        fs::create_dir_all(&corpus)?;
        fs::create_dir_all(self.artifacts(target))?;
        let mut run = self.cargo("run");
        run.arg(target)
            .args([&corpus, &self.target.join("seeds").join(target)])
            .arg("--")
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-artifact_prefix={}/", self.artifacts(target).display()))
            .arg(format!("-rss_limit_mb={MEMORY_MIB}"))
            .arg(format!("-malloc_limit_mb={ALLOCATION_MIB}"))
            .arg(format!("-timeout={INPUT_SECONDS}"));
        command::run_prepared(&mut run)
    }

    /// Runs one input of before.
    fn again(&self, target: &str, input: &Path) -> Result<()> {
        command::run_prepared(self.cargo("run").arg(target).arg(fs::canonicalize(input)?))
    }

    fn artifacts(&self, target: &str) -> PathBuf {
        self.target.join("artifacts").join(target)
    }

    /// Names what has been found, and how to run it again.
    fn tell(&self, target: &str) -> Result<()> {
        for entry in fs::read_dir(self.artifacts(target))? {
            println!(
                "again: cargo xtask fuzz {target} --input {}",
                entry?.path().display()
            );
        }
        Ok(())
    }
}

fn nightly() -> Option<String> {
    let listed = command::output("rustup", &["toolchain", "list"])?;
    let mut names = listed.lines().filter_map(|line| line.split_whitespace().next());
    names.find(|name| name.starts_with("nightly")).map(str::to_owned)
}
