//! `cargo xtask mutants [NAME] [--shard K/N] [--file PATH] [--iterate]`: breaks the code line by line, and counts what the tests do
//! not notice.
//!
//! What is left out, each with its reason, stands in `.cargo/mutants.toml`; what survives, in `docs/mutants.md`.

use crate::args::Args;
use crate::{Failure, Result, Workspace, command, setup};

/// Some files of a package, whose tests have to notice.
struct Set {
    name: &'static str,
    package: &'static str,
    files: &'static [&'static str],
    /// Tests that have the word before all others have it, by turns: most mutants go no further.
    quick: &'static [&'static [&'static str]],
}

const SETS: &[Set] = &[
    Set {
        name: "ballot",
        package: "veche-ballot",
        files: &["crates/ballot/src/**/*.rs"],
        quick: &[
            &["--lib", "--test=complete", "--test=sound"],
            &["--test=searching", "--test=limits"],
        ],
    },
    Set {
        name: "counting",
        package: "veche-assembly",
        files: &[
            "crates/assembly/src/counting/*.rs",
            "crates/assembly/src/motion.rs",
            "crates/assembly/src/tally.rs",
        ],
        quick: &[&["--lib"]],
    },
    Set {
        name: "rules",
        package: "veche-assembly",
        files: &["crates/assembly/src/fold/*.rs"],
        quick: &[&["--lib"]],
    },
];

/// Runs cargo-mutants over one set, or over all of them by turns.
///
/// # Errors
/// [`Failure::Usage`] for an unknown set, [`Failure::Failed`] if a mutant survives or cargo-mutants cannot run.
pub fn run(workspace: &Workspace, mut args: Args) -> Result<()> {
    let shard: Option<String> = args.value("--shard")?;
    let file: Option<String> = args.value("--file")?;
    let iterate = args.flag("--iterate");
    let name = args.positional();
    args.finish()?;
    let sets: Vec<&Set> = SETS
        .iter()
        .filter(|set| name.as_deref().is_none_or(|name| set.name == name))
        .collect();
    if sets.is_empty() {
        let names: Vec<_> = SETS.iter().map(|set| set.name).collect();
        return Err(Failure::Usage(format!("there are {}", names.join(", "))));
    }
    setup::ensure_tool(workspace, "cargo-mutants", "^27")?;
    let mut survived = Vec::new();
    for set in sets {
        if set
            .run(workspace, shard.as_deref(), file.as_deref(), iterate)
            .is_err()
        {
            survived.push(set.name);
        }
    }
    if survived.is_empty() {
        Ok(())
    } else {
        Err(Failure::failed(format!(
            "mutants survived, or could not be judged, in {}",
            survived.join(", ")
        )))
    }
}

impl Set {
    /// All mutants meet the quickest tests, and the ones that survive those meet all.
    fn run(
        &self,
        workspace: &Workspace,
        shard: Option<&str>,
        file: Option<&str>,
        iterate: bool,
    ) -> Result<()> {
        // A shard is cut from what is left of the run before: it has to be judged at once.
        let quick = if shard.is_some() { &[] } else { self.quick };
        let turns = quick.iter().copied().chain([["--tests"].as_slice()]);
        let mut again = iterate;
        let mut outcome = Ok(());
        for tests in turns {
            outcome = self.meet(workspace, shard, file, again, tests);
            if outcome.is_ok() {
                return Ok(());
            }
            again = true;
        }
        outcome
    }

    fn meet(
        &self,
        workspace: &Workspace,
        shard: Option<&str>,
        file: Option<&str>,
        iterate: bool,
        tests: &[&str],
    ) -> Result<()> {
        let output = workspace.target().join("mutants").join(self.name);
        std::fs::create_dir_all(&output)?;
        let mut mutants = workspace.cargo();
        // Kept from run to run, for what the packages rest on is built once then; not the checkout's own, whose paths are
        // others.
        mutants.env("CARGO_TARGET_DIR", workspace.target().join("mutants/build"));
        mutants.args(["mutants", "--package", self.package, "--output"]);
        mutants.arg(&output);
        match file {
            Some(file) => {
                mutants.args(["--file", file]);
            }
            None => self.files.iter().for_each(|file| {
                mutants.args(["--file", file]);
            }),
        }
        if let Some(shard) = shard {
            mutants.args(["--shard", shard]);
        }
        if iterate {
            mutants.arg("--iterate");
        }
        // Only these are built as well.
        mutants.args(tests.iter().map(|test| format!("--cargo-arg={test}")));
        command::run_prepared(&mut mutants)
    }
}
