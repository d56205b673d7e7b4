//! The window's pages: installed and built when they are older than what they come from.

use crate::{Result, Workspace, command};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Installs the pages' packages if the lock file is newer than what is installed.
///
/// # Errors
/// [`crate::Failure::Failed`] if npm fails.
pub fn ensure_installed(workspace: &Workspace) -> Result<()> {
    let ui = folder(workspace);
    let installed = modified(&ui.join("node_modules/.package-lock.json"));
    if installed < modified(&ui.join("package-lock.json")) || installed.is_none() {
        command::run(&ui, "npm", &["ci", "--no-audit", "--no-fund"])?;
    }
    Ok(())
}

/// Builds the pages if any of their sources is newer than what was built.
///
/// # Errors
/// [`crate::Failure::Failed`] if npm fails.
pub fn ensure_built(workspace: &Workspace) -> Result<()> {
    ensure_installed(workspace)?;
    let ui = folder(workspace);
    // A page without assets is the placeholder that the desktop's build script puts there.
    let built = modified(&ui.join("dist/index.html")).filter(|_| ui.join("dist/assets").is_dir());
    if built.is_none() || built < newest_source(&ui) {
        command::run(&ui, "npm", &["run", "--silent", "build"])?;
    }
    Ok(())
}

/// Runs one of the pages' scripts.
///
/// # Errors
/// [`crate::Failure::Failed`] if it fails.
pub fn script(workspace: &Workspace, name: &str) -> Result<()> {
    command::run(&folder(workspace), "npm", &["run", "--silent", name])
}

/// Where the pages are.
#[must_use]
pub fn folder(workspace: &Workspace) -> PathBuf {
    workspace.root().join("ui")
}

fn newest_source(folder: &Path) -> Option<SystemTime> {
    let entries = fs::read_dir(folder).ok()?;
    let times = entries.flatten().map(|entry| {
        let name = entry.file_name();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && name != "node_modules" && name != "dist" => {
                newest_source(&entry.path())
            }
            Ok(kind) if kind.is_file() => modified(&entry.path()),
            _ => None,
        }
    });
    times.max().flatten()
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}
