//! `cargo xtask bench audit [--rolls 1000,10000] [--repeats N]`: the auditor's program on the files of large assemblies.

use super::ballot::rolls;
use super::program::{Program, folder, machine, number, threads, write};
use crate::args::Args;
use crate::{Failure, Result, Workspace};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Sizes of assemblies when none are named.
const ROLLS: &str = "1000,10000";
/// How often the system is asked what the program holds. The figures only grow, so that little is missed.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Verifies each assembly's file with the release build of `veche-audit` and writes `target/bench/audit.json`.
///
/// # Errors
/// [`Failure`] if a file is not valid, or cannot be made.
pub fn run(workspace: &Workspace, mut args: Args) -> Result<()> {
    let rolls = rolls(&args.value("--rolls")?.unwrap_or_else(|| ROLLS.to_owned()))?;
    let repeats: usize = args.value("--repeats")?.unwrap_or(5).max(1);
    args.finish()?;
    let maker = Program::of_tests(workspace, "audit")?;
    let auditor = Program::of_package(workspace, "veche-audit")?;
    let folder = folder(workspace)?;
    println!("{}", machine());
    println!(
        "An assembly of so many with one secret vote in which all have voted. The whole program: reading, journal, ballots,\n\
         opening, report. Times are medians (least) on the wall and by processor; memory is the most of any run.\n"
    );
    let mut report = Vec::new();
    for roll in rolls {
        let made = maker.result(&["make", &roll.to_string(), &folder.to_string_lossy()])?;
        let path = made.get("path").and_then(Value::as_str).unwrap_or_default();
        let mut runs = Vec::new();
        for _ in 0..repeats {
            runs.push(Run::of(&auditor, Path::new(path))?);
        }
        let case = case(roll, &made, &runs);
        print(&case);
        report.push(case);
    }
    println!("{}", machine());
    write(workspace, "audit", &Value::Array(report))
}

/// What one verification took.
#[derive(Debug, Clone, Copy, Default)]
struct Run {
    wall_s: f64,
    cpu_s: f64,
    peak_mib: f64,
}

impl Run {
    fn of(auditor: &Program, file: &Path) -> Result<Self> {
        let start = Instant::now();
        let mut child = Command::new(auditor.path())
            .arg("verify")
            .arg(file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        let process = Path::new("/proc").join(child.id().to_string());
        let mut run = Self::default();
        let status = loop {
            run.look(&process);
            if let Some(status) = child.try_wait()? {
                break status;
            }
            thread::sleep(LOOK_EVERY);
        };
        run.wall_s = start.elapsed().as_secs_f64();
        if status.success() {
            Ok(run)
        } else {
            Err(Failure::failed(format!(
                "{} is not valid: {status}",
                file.display()
            )))
        }
    }

    /// Linux tells what a process holds and has worked while it is there.
    fn look(&mut self, process: &Path) {
        let status = fs::read_to_string(process.join("status")).unwrap_or_default();
        if let Some(kib) = kib_of(&status, "VmHWM:") {
            self.peak_mib = self.peak_mib.max(kib / 1024.0);
        }
        let stat = fs::read_to_string(process.join("stat")).unwrap_or_default();
        if let Some(ticks) = ticks_of(&stat) {
            // Linux counts hundredths of seconds for programs, whatever it counts inside.
            self.cpu_s = self.cpu_s.max(ticks / 100.0);
        }
    }
}

fn kib_of(status: &str, name: &str) -> Option<f64> {
    let rest = status.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}

/// Ticks in and below the program. They stand after its name, which is in parentheses and may hold anything.
fn ticks_of(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11);
    let in_program: f64 = times.next()?.parse().ok()?;
    let below: f64 = times.next()?.parse().ok()?;
    Some(in_program + below)
}

fn case(roll: usize, made: &Value, runs: &[Run]) -> Value {
    let sorted = |figure: fn(&Run) -> f64| {
        let mut figures: Vec<f64> = runs.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures
    };
    let median = |figures: &[f64]| figures.get(figures.len() / 2).copied();
    let (wall, cpu, peak) = (
        sorted(|run| run.wall_s),
        sorted(|run| run.cpu_s),
        sorted(|run| run.peak_mib),
    );
    json!({
        "roll": roll,
        "ballots": roll,
        "threads": threads(),
        "file_bytes": made.get("bytes"),
        "verify_s": median(&wall),
        "verify_least_s": wall.first(),
        "verify_cpu_s": median(&cpu),
        "peak_mib": peak.last(),
        "repeats": runs.len(),
    })
}

fn print(case: &Value) {
    let figure = |name: &str| number(case, name);
    println!(
        "roll {:>6}  file {:>7.1} MiB  {:>6.2} s ({:.2}), {:.2} s of processor time on {} threads, {:.1} MiB at most",
        figure("roll"),
        figure("file_bytes") / 1024.0 / 1024.0,
        figure("verify_s"),
        figure("verify_least_s"),
        figure("verify_cpu_s"),
        figure("threads"),
        figure("peak_mib"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_linux_says_of_a_process() {
        assert_eq!(kib_of("Name:\tx\nVmHWM:\t  2048 kB\n", "VmHWM:"), Some(2048.0));
        assert_eq!(kib_of("Name:\tx\n", "VmHWM:"), None);
        let stat = "7 (a ) b) R 1 1 1 0 -1 4194304 10 0 0 0 120 30 0 0 20 0 3 0";
        assert_eq!(ticks_of(stat), Some(150.0));
        assert_eq!(ticks_of(""), None);
    }
}
