//! `cargo xtask pitfalls [NUMBER] [--seconds N]`: makes the mistakes of `tests/pitfalls/table.md` and looks whether the tests that
//! are named there notice.
//!
//! In a copy of the checkout each mutant is put in, the one test built and run, and the mutant taken out again. A test that
//! does not pass in the code as it is notices nothing, so that is tried first.

mod scratch;
pub mod table;

use crate::args::Args;
use crate::{Failure, Result, Workspace};
use scratch::{Ending, Scratch};
use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;
use table::{Mutant, Pitfall, Row, Test};

/// Longest time that a test may run if nobody says how long.
const SECONDS: u64 = 900;

/// What a mutant came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// The test noticed.
    Killed,
    /// The test passed all the same.
    Survived,
    /// The broken code does not compile: the mutant says nothing.
    NotBuilt,
    /// The test is not there, or does not pass in the code as it is.
    Unsound,
}

/// Tries the mutants of one pitfall, or of all.
///
/// # Errors
/// [`Failure::Usage`] for an unknown number, [`Failure::Failed`] unless every mutant is killed.
pub fn run(workspace: &Workspace, mut args: Args) -> Result<()> {
    let seconds: u64 = args.value("--seconds")?.unwrap_or(SECONDS);
    let number = args.positional();
    args.finish()?;
    let pitfalls = table::read(&fs::read_to_string(workspace.root().join(table::PATH))?)?;
    let chosen: Vec<&Pitfall> = pitfalls
        .iter()
        .filter(|pitfall| {
            number
                .as_deref()
                .is_none_or(|number| pitfall.number.to_string() == number)
        })
        .collect();
    if chosen.is_empty() {
        return Err(Failure::Usage(format!("there are 1 to {}", pitfalls.len())));
    }
    let scratch = Scratch::new(workspace, Duration::from_secs(seconds))?;
    let unbroken = unbroken(&scratch, &chosen)?;
    let (mut tried, mut killed) = (0_usize, 0_usize);
    for pitfall in chosen {
        println!("{}. {}", pitfall.number, pitfall.title);
        for (row, mutant) in mutants(pitfall) {
            let verdict = if unbroken.get(&row.test) == Some(&Ending::Passed) {
                judged(&scratch, &row.test, mutant)?
            } else {
                Verdict::Unsound
            };
            println!("   {:<9} {} by {}", verdict.name(), mutant.file, row.test.name);
            tried = tried.saturating_add(1);
            killed = killed.saturating_add(usize::from(verdict == Verdict::Killed));
        }
        if let Some(why) = &pitfall.missing {
            println!("   none      {why}");
        }
    }
    println!("{killed} of {tried} mutants killed");
    if killed == tried {
        Ok(())
    } else {
        Err(Failure::failed(format!(
            "{} mutants were not killed",
            tried.saturating_sub(killed)
        )))
    }
}

/// The mutants of a pitfall, with their rows.
fn mutants(pitfall: &Pitfall) -> impl Iterator<Item = (&Row, &Mutant)> {
    let rows = pitfall.rows.iter();
    rows.filter_map(|row| row.mutant.as_ref().map(|mutant| (row, mutant)))
}

/// How the tests end in the code as it is.
fn unbroken(scratch: &Scratch, pitfalls: &[&Pitfall]) -> Result<BTreeMap<Test, Ending>> {
    let mut endings = BTreeMap::new();
    for (row, _) in pitfalls.iter().flat_map(|pitfall| mutants(pitfall)) {
        if endings.contains_key(&row.test) {
            continue;
        }
        let ending = match row.test.place() {
            Some(place) => scratch.test(&place)?,
            None => Ending::Missing,
        };
        println!("as it is: {} {}", row.test.name, ending.name());
        endings.insert(row.test.clone(), ending);
    }
    Ok(endings)
}

fn judged(scratch: &Scratch, test: &Test, mutant: &Mutant) -> Result<Verdict> {
    let Some(place) = test.place() else {
        return Ok(Verdict::Unsound);
    };
    Ok(match scratch.test_broken(mutant, &place)? {
        Ending::Failed | Ending::Endless => Verdict::Killed,
        Ending::Passed => Verdict::Survived,
        Ending::NotBuilt => Verdict::NotBuilt,
        Ending::Missing => Verdict::Unsound,
    })
}

impl Verdict {
    const fn name(self) -> &'static str {
        match self {
            Self::Killed => "killed",
            Self::Survived => "SURVIVED",
            Self::NotBuilt => "not built",
            Self::Unsound => "no test",
        }
    }
}

impl Ending {
    const fn name(self) -> &'static str {
        match self {
            Self::Passed => "passes",
            Self::Failed => "fails",
            Self::Endless => "does not end",
            Self::Missing => "is not there",
            Self::NotBuilt => "does not build",
        }
    }
}
