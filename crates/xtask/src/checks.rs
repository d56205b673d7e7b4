//! `cargo xtask test`: everything that has to hold before a change lands, what is cheap first.

use crate::demo::{self, Options};
use crate::stages::{Stages, Tally};
use crate::webdriver::Display;
use crate::{Failure, Result, Workspace, command, setup, ui};
use std::process::Command;

/// Members of the demonstration that belongs to the tests.
const MEMBERS: usize = 8;

/// Runs all stages.
///
/// # Errors
/// The first failure; the table has been printed then.
pub fn run(workspace: &Workspace) -> Result<()> {
    let mut stages = Stages::default();
    stages.run("set-up", || one(setup::run(workspace)));
    stages.run("format", || {
        one(command::run_prepared(
            workspace.cargo().args(["fmt", "--all", "--check"]),
        ))
    });
    stages.run("window: format", || one(ui::script(workspace, "lint")));
    stages.run("window: types", || one(ui::script(workspace, "check")));
    stages.run("window: tests", || {
        counted(
            Command::new("npm")
                .args(["test"])
                .current_dir(ui::folder(workspace)),
        )
    });
    if setup::has_browser() {
        stages.run("window: in a browser", || {
            counted(
                Command::new("npm")
                    .args(["run", "test:browser"])
                    .current_dir(ui::folder(workspace)),
            )
        });
    } else {
        println!("window: in a browser: not run, there is no Chromium (CHROMIUM=/path names one)");
    }
    stages.run("window: build", || one(ui::ensure_built(workspace)));
    stages.run("lints", || {
        let mut clippy = workspace.cargo();
        clippy.args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--quiet",
            "--",
            "-D",
            "warnings",
        ]);
        one(command::run_prepared(&mut clippy))
    });
    stages.run("build", || {
        one(command::run_prepared(workspace.cargo().args([
            "build",
            "--workspace",
            "--all-targets",
            "--quiet",
        ])))
    });
    stages.run("tests", || {
        counted(workspace.cargo().args([
            "test",
            "--workspace",
            "--all-targets",
            "--no-fail-fast",
            "--quiet",
        ]))
    });
    stages.run("window: driven", || window_tests(workspace));
    stages.run("demonstration", || {
        one(demo::run(
            workspace,
            &Options {
                members: MEMBERS,
                headless: false,
                keep: false,
            },
        ))
    });
    stages.close()
}

/// A stage that is one check.
fn one(result: Result<()>) -> Result<Tally> {
    result.map(|()| Tally::ONE)
}

/// A stage whose test runner counts.
fn counted(command: &mut Command) -> Result<Tally> {
    let mut tally = Tally::default();
    let success = command::run_watched(command, |line| tally.read_line(line))?;
    match (success, tally) {
        (true, Tally { passed: 0, .. }) => Err(Failure::failed("no test was run")),
        (false, Tally { failed: 0, .. }) => Err(Failure::failed("the tests did not run to their end")),
        (_, tally) => Ok(tally),
    }
}

/// The window through WebDriver, from creating a vault to seeing a result, on a display without a screen.
fn window_tests(workspace: &Workspace) -> Result<Tally> {
    let binaries = workspace.binaries()?;
    let display = Display::start(&workspace.target().join("window-tests"))?;
    let mut node = Command::new("npm");
    node.arg("test")
        .current_dir(workspace.root().join("tests/window"));
    node.env("DISPLAY", display.name());
    for name in ["veche", "veche-relay", "veche-desktop", "veche-audit"] {
        node.env(name.replace('-', "_").to_uppercase(), binaries.path(name)?);
    }
    counted(&mut node)
}
