//! A copy of the checkout in which code is broken, tested and mended again.

use super::table::{Mutant, Place};
use crate::{Failure, Result, Workspace, command};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How often a test that runs is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// The copy, below `target/pitfalls`: its files keep their times from run to run unless they change, and so does what is
/// built of them.
#[derive(Debug)]
pub(super) struct Scratch {
    cargo: PathBuf,
    tree: PathBuf,
    build: PathBuf,
    log: PathBuf,
    limit: Duration,
}

/// What became of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// It passed.
    Passed,
    /// It failed, or its process died.
    Failed,
    /// It was stopped, having run for so long as a test may.
    Endless,
    /// There is no such test in the program.
    Missing,
    /// It does not build.
    NotBuilt,
}

impl Scratch {
    /// Copies what git tracks, as it stands in the checkout now. A test may run for `limit`.
    pub(super) fn new(workspace: &Workspace, limit: Duration) -> Result<Self> {
        let folder = workspace.target().join("pitfalls");
        let scratch = Self {
            cargo: PathBuf::from(workspace.cargo().get_program()),
            tree: folder.join("tree"),
            build: folder.join("build"),
            log: folder.join("test.log"),
            limit,
        };
        fs::create_dir_all(&scratch.tree)?;
        let root = workspace.root().to_string_lossy();
        let listed = command::output("git", &["-C", &root, "ls-files", "-z"])
            .ok_or_else(|| Failure::failed("git does not say which files it tracks"))?;
        let mut copied = BTreeSet::new();
        for name in listed.split('\0').filter(|name| !name.is_empty()) {
            let source = workspace.root().join(name);
            if source.is_file() {
                let path = scratch.tree.join(name);
                put(&path, &fs::read(source)?)?;
                copied.insert(path);
            }
        }
        prune(&scratch.tree, &copied)?;
        Ok(scratch)
    }

    /// The test as it ends in the code as it is.
    pub(super) fn test(&self, place: &Place) -> Result<Ending> {
        match self.built(place)? {
            Some(program) => self.tested(&program, place),
            None => Ok(Ending::NotBuilt),
        }
    }

    /// The test as it ends with the mutant in. The code is mended afterwards, however it ends.
    pub(super) fn test_broken(&self, mutant: &Mutant, place: &Place) -> Result<Ending> {
        let path = self.tree.join(&mutant.file);
        let text = fs::read_to_string(&path)?;
        let broken = mutant.apply(&text).ok_or_else(|| {
            Failure::failed(format!(
                "{}: what the mutant replaces stands there {} times, not once",
                mutant.file,
                mutant.places(&text)
            ))
        })?;
        fs::write(&path, broken)?;
        let ending = self.test(place);
        fs::write(&path, text)?;
        ending
    }

    /// The program that has the test in it; `None` if it does not build. What is wrong is on standard error then.
    fn built(&self, place: &Place) -> Result<Option<PathBuf>> {
        let mut cargo = Command::new(&self.cargo);
        cargo.current_dir(&self.tree).env("CARGO_TARGET_DIR", &self.build);
        cargo.args(["test", "--no-run", "--quiet", "--locked"]);
        cargo.args(["--message-format=json-render-diagnostics", "--package"]);
        cargo.arg(&place.package);
        match &place.target {
            Some(target) => cargo.args(["--test", target.as_str()]),
            None => cargo.arg("--lib"),
        };
        let output = cargo.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
        if !output.status.success() {
            return Ok(None);
        }
        let messages = String::from_utf8_lossy(&output.stdout);
        let program = messages.lines().find_map(test_program);
        program
            .map(Some)
            .ok_or_else(|| Failure::failed(format!("cargo has built no tests of {}", place.package)))
    }

    /// Runs the test alone, and stops it if it does not end by itself. What it says is in the log.
    fn tested(&self, program: &Path, place: &Place) -> Result<Ending> {
        let log = File::create(&self.log)?;
        let folder = self.tree.join(&place.folder);
        let mut child = Command::new(program)
            .args(["--exact", place.path.as_str(), "--include-ignored"])
            .current_dir(&folder)
            .env("CARGO_MANIFEST_DIR", &folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let ends = Instant::now() + self.limit;
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if Instant::now() >= ends {
                child.kill()?;
                child.wait()?;
                return Ok(Ending::Endless);
            }
            std::thread::sleep(LOOK);
        };
        let said = String::from_utf8_lossy(&fs::read(&self.log)?).into_owned();
        Ok(if !status.success() {
            Ending::Failed
        } else if said.contains("test result: ok. 1 passed") {
            Ending::Passed
        } else {
            Ending::Missing
        })
    }
}

/// Writes a file unless it has these bytes already: cargo goes by its time.
fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, bytes)?;
    Ok(())
}

/// Removes what is in `folder` and was not copied: files that the checkout had in an earlier run.
fn prune(folder: &Path, copied: &BTreeSet<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            prune(&path, copied)?;
            if fs::read_dir(&path)?.next().is_none() {
                fs::remove_dir(&path)?;
            }
        } else if !copied.contains(&path) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// The program with the tests, if one of cargo's messages names it.
fn test_program(line: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(line).ok()?;
    let has_tests = message.get("profile")?.get("test")?.as_bool()?;
    let path = message.get("executable")?.as_str()?;
    has_tests.then(|| PathBuf::from(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_tests_among_the_programs() {
        let line = |test: bool, path: &str| {
            format!(r#"{{"reason":"compiler-artifact","profile":{{"test":{test}}},"executable":{path}}}"#)
        };
        assert_eq!(
            test_program(&line(true, r#""/tests""#)),
            Some(PathBuf::from("/tests"))
        );
        assert_eq!(test_program(&line(false, r#""/program""#)), None);
        assert_eq!(test_program(&line(true, "null")), None);
        assert_eq!(test_program(r#"{"reason":"build-finished"}"#), None);
        assert_eq!(test_program("not JSON"), None);
    }
}
