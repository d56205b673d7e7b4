//! The measuring programs of `tests/bench`, built in release and run, one process for each case.

use crate::{Failure, Result, Workspace, command};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// A program that prints one line of JSON for each case.
#[derive(Debug)]
pub struct Program(PathBuf);

impl Program {
    /// Builds the bench target `name` of the package `veche-tests`.
    ///
    /// # Errors
    /// [`Failure::Failed`] if it does not build.
    pub fn of_tests(workspace: &Workspace, name: &str) -> Result<Self> {
        Self::of_bench(workspace, "veche-tests", name)
    }

    /// Builds the bench target `name` of a package, with the package's own programs.
    ///
    /// # Errors
    /// [`Failure::Failed`] if it does not build.
    pub fn of_bench(workspace: &Workspace, package: &str, name: &str) -> Result<Self> {
        Self::build(
            workspace
                .cargo()
                .args(["build", "--release", "--package", package, "--bench", name]),
            name,
        )
    }

    /// Builds the program of the package `name`, which has the same name.
    ///
    /// # Errors
    /// [`Failure::Failed`] if it does not build.
    pub fn of_package(workspace: &Workspace, name: &str) -> Result<Self> {
        Self::build(
            workspace
                .cargo()
                .args(["build", "--release", "--package", name, "--bin", name]),
            name,
        )
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Builds the program `name` of a package beside the workspace.
    ///
    /// # Errors
    /// [`Failure::Failed`] if it does not build.
    pub fn beside(workspace: &Workspace, folder: &str, name: &str) -> Result<Self> {
        let mut cargo = workspace.cargo();
        cargo
            .args(["build", "--release", "--locked", "--bin", name])
            .current_dir(workspace.root().join(folder))
            .env("CARGO_TARGET_DIR", workspace.target().join("peers"));
        Self::build(&mut cargo, name)
    }

    fn build(cargo: &mut Command, name: &str) -> Result<Self> {
        let output = cargo
            .arg("--message-format=json-render-diagnostics")
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()?;
        let messages = String::from_utf8_lossy(&output.stdout);
        let mut built = messages.lines().filter_map(|line| {
            let message: Value = serde_json::from_str(line).ok()?;
            let is_it = message.get("target")?.get("name")?.as_str()? == name;
            let path = message.get("executable")?.as_str()?;
            is_it.then(|| PathBuf::from(path))
        });
        match built.next_back() {
            Some(path) if output.status.success() => Ok(Self(path)),
            _ => Err(Failure::failed(format!("{name} does not build"))),
        }
    }

    /// Runs one case; what it prints last is its result.
    ///
    /// # Errors
    /// [`Failure::Failed`] if it fails.
    pub fn case(&self, args: &[&str]) -> Result<Option<Value>> {
        let output = Command::new(&self.0)
            .args(args)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            return Err(Failure::failed(format!("{} failed: {text}", args.join(" "))));
        }
        Ok(text.lines().last().map(serde_json::from_str).transpose()?)
    }

    /// Runs one case that has to have a result.
    ///
    /// # Errors
    /// [`Failure::Failed`] if it fails or says nothing.
    pub fn result(&self, args: &[&str]) -> Result<Value> {
        self.case(args)?
            .ok_or_else(|| Failure::failed(format!("{} says nothing", args.join(" "))))
    }
}

/// A number of a result; zero if it has none of this name.
#[must_use]
pub fn number(result: &Value, name: &str) -> f64 {
    result.get(name).and_then(Value::as_f64).unwrap_or_default()
}

/// Writes `report` to `target/bench/NAME.json` and says so.
///
/// # Errors
/// [`Failure::Failed`] if it cannot be written.
pub fn write(workspace: &Workspace, name: &str, report: &Value) -> Result<()> {
    let folder = folder(workspace)?;
    let path = folder.join(format!("{name}.json"));
    fs::write(&path, format!("{report:#}\n"))?;
    println!("{}", path.display());
    Ok(())
}

/// `target/bench`.
///
/// # Errors
/// [`Failure::Failed`] if it cannot be made.
pub fn folder(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target().join("bench");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// The machine and how busy it is, in a line.
#[must_use]
pub fn machine() -> String {
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processor
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown processor", |rest| {
            rest.trim_start_matches(['\t', ' ', ':'])
        });
    let backend = if processor.contains("avx512ifma") && processor.contains("avx512vl") {
        "AVX-512 IFMA"
    } else if processor.contains("avx2") {
        "AVX2"
    } else {
        "serial"
    };
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: Vec<&str> = load.split_whitespace().take(3).collect();
    format!(
        "{model}, {} threads, curve back end {backend}, load {}",
        threads(),
        load.join(" ")
    )
}

/// How long `work` takes.
///
/// # Errors
/// Whatever `work` has.
pub fn seconds(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed().as_secs_f64())
}

/// How many threads the machine has.
#[must_use]
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Whether a program has been installed, installing its Debian package if it has not and we may.
#[must_use]
pub fn installed(program: &str, package: &str) -> bool {
    if command::is_there(program) {
        return true;
    }
    let install = |prefix: &[&str]| {
        let mut words = prefix.to_vec();
        words.extend(["apt-get", "install", "--yes", "--no-install-recommends", package]);
        let (first, rest) = words.split_first()?;
        command::run(Path::new("/"), first, rest).ok()
    };
    let _ = install(&[]).or_else(|| install(&["sudo", "--non-interactive"]));
    command::is_there(program)
}
