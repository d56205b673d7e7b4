//! The checkout and the programs built from it.

use crate::{Failure, Result, command, ui};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The checkout.
#[derive(Debug, Clone)]
pub struct Workspace {
    root: PathBuf,
}

/// The product's programs, by name.
#[derive(Debug, Clone)]
pub struct Binaries(BTreeMap<String, PathBuf>);

impl Workspace {
    /// The checkout that cargo runs us from.
    ///
    /// # Errors
    /// [`Failure::Failed`] if we are not in one.
    pub fn find() -> Result<Self> {
        let manifest =
            std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
        let root = Path::new(&manifest)
            .ancestors()
            .find(|folder| folder.join("Cargo.lock").is_file());
        let root = root.ok_or_else(|| Failure::failed(format!("no checkout around {manifest}")))?;
        Ok(Self {
            root: root.to_path_buf(),
        })
    }

    /// Its folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where cargo puts what it builds (`CARGO_TARGET_DIR`, or `target`).
    #[must_use]
    pub fn target(&self) -> PathBuf {
        match std::env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => self.root.join(folder),
            None => self.root.join("target"),
        }
    }

    /// A cargo command in this checkout.
    #[must_use]
    pub fn cargo(&self) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.current_dir(&self.root);
        command
    }

    /// Builds all programs, with the profile and features that the tests use, and says where they are.
    ///
    /// # Errors
    /// [`Failure::Failed`] if they do not build.
    pub fn binaries(&self) -> Result<Binaries> {
        ui::ensure_built(self)?;
        let output = self
            .cargo()
            .args([
                "build",
                "--workspace",
                "--bins",
                "--message-format=json-render-diagnostics",
            ])
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()?;
        if !output.status.success() {
            return Err(Failure::failed("the programs do not build"));
        }
        let messages = String::from_utf8_lossy(&output.stdout);
        Ok(Binaries(messages.lines().filter_map(built_program).collect()))
    }
}

impl Binaries {
    /// Where the program is.
    ///
    /// # Errors
    /// [`Failure::Failed`] if the workspace has no such program.
    pub fn path(&self, name: &str) -> Result<&Path> {
        let path = self
            .0
            .get(name)
            .ok_or_else(|| Failure::failed(format!("there is no program {name}")))?;
        Ok(path)
    }
}

fn built_program(line: &str) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_str(line).ok()?;
    let path = message.get("executable")?.as_str()?;
    let name = message.get("target")?.get("name")?.as_str()?;
    Some((name.to_owned(), PathBuf::from(path)))
}

/// The short hash of the commit that is checked out, for reports.
#[must_use]
pub fn commit(workspace: &Workspace) -> String {
    let root = workspace.root().to_string_lossy();
    let hash = command::output("git", &["-C", &root, "rev-parse", "--short", "HEAD"]);
    hash.map_or_else(|| "unknown".to_owned(), |hash| hash.trim().to_owned())
}
