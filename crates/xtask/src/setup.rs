//! What the two commands need on a machine, installed where it is missing.

use crate::{Failure, Result, Workspace, cluster, command, ui};
use std::path::Path;
use std::process::Command;

/// Debian's and Ubuntu's packages: the window's libraries, its driver, a display without a screen, and strace.
const PACKAGES: &[&str] = &[
    "build-essential",
    "pkg-config",
    "libwebkit2gtk-4.1-dev",
    "librsvg2-dev",
    "libxdo-dev",
    "libssl-dev",
    "libayatana-appindicator3-dev",
    "webkit2gtk-driver",
    "xvfb",
    "xauth",
    // Which writes of the relay a power cut would undo.
    "strace",
    // The relay's store beyond one machine.
    "nats-server",
];

/// Debian's browser, in which the pages' own tests run. Ubuntu has it as a snap only, so there it is not asked for.
const BROWSER: &str = "chromium";

/// The bridge between WebDriver and the window.
const DRIVER: &str = "tauri-driver";

/// Installs what is missing; quick when nothing is.
///
/// # Errors
/// [`Failure::Usage`] with the list where we cannot install it, [`Failure::Failed`] if an installation fails.
pub fn run(workspace: &Workspace) -> Result<()> {
    install_packages(workspace)?;
    ensure_tool(workspace, DRIVER, "^2")?;
    ui::ensure_installed(workspace)
}

fn install_packages(workspace: &Workspace) -> Result<()> {
    if !command::is_there("apt-get") {
        return check_by_hand();
    }
    let missing = missing_packages();
    if missing.is_empty() {
        return Ok(());
    }
    println!("setup: installing {}", missing.join(" "));
    let root = command::output("id", &["-u"]).is_some_and(|id| id.trim() == "0");
    if !root && !command::is_there("sudo") {
        return Err(Failure::Usage(format!(
            "please install, as root: apt-get install {}",
            missing.join(" ")
        )));
    }
    let apt = |args: &[&str]| {
        let mut command = if root {
            Command::new("env")
        } else {
            Command::new("sudo")
        };
        command
            .args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y"])
            .args(args);
        command::run_prepared(command.current_dir(workspace.root()))
    };
    apt(&["update"])?;
    let mut install = vec!["install", "--no-install-recommends"];
    install.extend(missing);
    apt(&install)
}

fn missing_packages() -> Vec<&'static str> {
    let mut query = vec!["-W", "-f", "${Package} ${db:Status-Status}\n"];
    query.extend(PACKAGES);
    // It fails when a package is unknown to it and prints the others all the same.
    let output = Command::new("dpkg-query").args(&query).output();
    let listed = output
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default();
    let installed = |package: &str| listed.lines().any(|line| line == format!("{package} installed"));
    let mut missing: Vec<_> = PACKAGES
        .iter()
        .copied()
        .filter(|package| !installed(package))
        .collect();
    if !command::is_there("npm") {
        missing.extend(["nodejs", "npm"]);
    }
    if is_debian() && !has_browser() {
        missing.push(BROWSER);
    }
    // The second verifier of the tests.
    if !command::is_there("python3") {
        missing.push("python3");
    }
    missing
}

/// Whether there is a browser for the pages' own tests.
#[must_use]
pub fn has_browser() -> bool {
    std::env::var_os("CHROMIUM").is_some() || Path::new("/usr/bin/chromium").exists()
}

fn is_debian() -> bool {
    let system = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    system.lines().any(|line| line == "ID=debian")
}

fn check_by_hand() -> Result<()> {
    let library = command::output("pkg-config", &["--exists", "webkit2gtk-4.1"]).is_some();
    if library
        && command::is_there("npm")
        && command::is_there("Xvfb")
        && command::is_there("python3")
        && command::is_there("WebKitWebDriver")
        && command::is_there("strace")
        && cluster::has_server()
    {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "this machine has no apt-get; please install, under the names that your system gives them: {}; \
         Node.js 20 or later with npm; Python 3.11 or later",
        PACKAGES.join(", ")
    )))
}

/// Installs a program of crates.io with cargo, unless one of that name is there.
///
/// # Errors
/// [`Failure::Failed`] if it cannot be installed.
pub fn ensure_tool(workspace: &Workspace, name: &str, version: &str) -> Result<()> {
    if command::is_there(name) {
        return Ok(());
    }
    println!("setup: installing {name}");
    command::run_prepared(
        workspace
            .cargo()
            .args(["install", "--locked", name, "--version", version]),
    )
}
