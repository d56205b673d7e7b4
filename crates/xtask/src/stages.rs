//! A run of stages: each timed, the first failure ends it, a table and one plain line close it.

use crate::{Failure, Result};
use std::time::{Duration, Instant};

/// Lines of Node's runner that count what passed.
const NODE_PASSED: &[&str] = &["# pass ", "ℹ pass "];
/// Lines of Node's runner that count what did not pass. A skipped test counts as failed: the set-up has put everything
/// there that a test needs.
const NODE_FAILED: &[&str] = &[
    "# fail ",
    "# cancelled ",
    "# skipped ",
    "ℹ fail ",
    "ℹ cancelled ",
    "ℹ skipped ",
];

/// How many checks a stage made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Checks that passed.
    pub passed: u64,
    /// Checks that failed.
    pub failed: u64,
}

impl Tally {
    /// A stage that is one check and passed.
    pub const ONE: Self = Self { passed: 1, failed: 0 };

    /// Adds what one line of a test runner's output says.
    ///
    /// Knows the closing lines of `cargo test` and of Node's runner.
    pub fn read_line(&mut self, line: &str) {
        let plain = without_colours(line);
        let plain = plain.trim();
        if plain.starts_with("test result:") {
            self.passed += number_before(plain, "passed");
            self.failed += number_before(plain, "failed");
        }
        self.passed += number_after(plain, NODE_PASSED);
        self.failed += number_after(plain, NODE_FAILED);
    }
}

/// The stages so far.
#[derive(Debug, Default)]
pub struct Stages {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    name: &'static str,
    time: Duration,
    tally: Tally,
    failure: Option<Failure>,
}

impl Stages {
    /// Runs a stage, unless one has failed before it.
    pub fn run(&mut self, name: &'static str, stage: impl FnOnce() -> Result<Tally>) {
        if self.rows.iter().any(|row| row.failure.is_some()) {
            return;
        }
        println!("== {name}");
        let start = Instant::now();
        let (tally, failure) = match stage() {
            Ok(tally) if tally.failed == 0 => (tally, None),
            Ok(tally) => (tally, Some(Failure::failed(format!("{} failed", tally.failed)))),
            Err(failure) => (Tally { passed: 0, failed: 1 }, Some(failure)),
        };
        self.rows.push(Row {
            name,
            time: start.elapsed(),
            tally,
            failure,
        });
    }

    /// Prints the table and the closing line.
    ///
    /// # Errors
    /// The failure of the stage that failed.
    pub fn close(self) -> Result<()> {
        println!(
            "\n{:<28} {:>9} {:>8} {:>8}",
            "stage", "seconds", "passed", "failed"
        );
        for row in &self.rows {
            let Tally { passed, failed } = row.tally;
            println!(
                "{:<28} {:>9.1} {passed:>8} {failed:>8}",
                row.name,
                row.time.as_secs_f64()
            );
        }
        let seconds: f64 = self.rows.iter().map(|row| row.time.as_secs_f64()).sum();
        println!("{:<28} {seconds:>9.1}", "all");
        let passed: u64 = self.rows.iter().map(|row| row.tally.passed).sum();
        let failed: u64 = self.rows.iter().map(|row| row.tally.failed).sum();
        println!("\n{passed} passed, {failed} failed");
        let failure = self
            .rows
            .into_iter()
            .find_map(|row| row.failure.map(|failure| (row.name, failure)));
        match failure {
            None => Ok(()),
            Some((name, failure)) => Err(Failure::failed(format!("{name}: {failure}"))),
        }
    }
}

fn number_after(line: &str, starts: &[&str]) -> u64 {
    let count = starts.iter().find_map(|start| line.strip_prefix(start));
    count.and_then(|count| count.parse().ok()).unwrap_or(0)
}

fn number_before(line: &str, word: &str) -> u64 {
    let words: Vec<&str> = line
        .split(|c: char| c.is_whitespace() || c == ';')
        .filter(|w| !w.is_empty())
        .collect();
    let found = words.windows(2).find_map(|pair| match pair {
        [count, next] if next.trim_matches(',') == word => count.parse().ok(),
        _ => None,
    });
    found.unwrap_or(0)
}

fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut escaped = false;
    for c in line.chars() {
        match c {
            '\u{1b}' => escaped = true,
            'm' if escaped => escaped = false,
            _ if escaped => {}
            _ => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(lines: &[&str]) -> Tally {
        let mut tally = Tally::default();
        lines.iter().for_each(|line| tally.read_line(line));
        tally
    }

    #[test]
    fn counts_cargo_tests() {
        let line = "test result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s";
        assert_eq!(
            tally(&[line, "test result: ok. 1 passed; 0 failed; 0 ignored"]),
            Tally {
                passed: 13,
                failed: 3
            }
        );
    }

    #[test]
    fn counts_node_tests_and_takes_a_skipped_one_for_a_failed_one() {
        assert_eq!(
            tally(&["# pass 4", "# fail 1", "\u{1b}[34mℹ pass 2\u{1b}[39m"]),
            Tally { passed: 6, failed: 1 }
        );
        assert_eq!(
            tally(&["# pass 4", "# skipped 2"]),
            Tally { passed: 4, failed: 2 }
        );
    }

    #[test]
    fn a_failed_stage_ends_the_run() {
        let mut stages = Stages::default();
        stages.run("first", || Err(Failure::failed("broken")));
        stages.run("second", || unreachable!("a stage after a failed one"));
        assert!(stages.close().is_err());
    }
}
