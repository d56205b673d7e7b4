//! The checkout as the house rules see it: packages from `cargo metadata`, sources as text.

use serde_json::Value;
use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A package of the workspace.
#[derive(Debug)]
pub struct Package {
    /// Its folder below the root, `crates/tlog`.
    pub folder: String,
    /// Direct dependencies that its library and programs have (not those of its tests), by package name.
    pub dependencies: Vec<String>,
}

/// A source file.
#[derive(Debug)]
pub struct Source {
    /// Path below the root.
    pub path: String,
    /// Its text.
    pub text: String,
}

impl Source {
    /// The text before the file's test module.
    #[must_use]
    pub fn product(&self) -> &str {
        if self.is_test() {
            ""
        } else {
            self.text.split("\n#[cfg(test)]").next().unwrap_or_default()
        }
    }

    /// The text of its tests.
    #[must_use]
    pub fn tests(&self) -> &str {
        if self.is_test() {
            return &self.text;
        }
        self.text
            .split_once("\n#[cfg(test)]")
            .map_or("", |(_, tests)| tests)
    }

    fn is_test(&self) -> bool {
        let path = Path::new(&self.path);
        let in_folder = path
            .ancestors()
            .any(|folder| folder.file_name().is_some_and(|name| name == "tests"));
        in_folder || path.file_name().is_some_and(|name| name == "tests.rs")
    }
}

/// The folder of the checkout.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(PathBuf::new, Path::to_path_buf)
}

/// The workspace's packages, by name.
///
/// # Errors
/// If `cargo metadata` fails or says something unexpected.
pub fn packages() -> Result<BTreeMap<String, Package>, Box<dyn Error>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--no-deps",
            "--locked",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(root())
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata
        .get("packages")
        .and_then(Value::as_array)
        .ok_or("no packages")?;
    packages
        .iter()
        .map(|package| read_package(package).ok_or_else(|| "a package without a name".into()))
        .collect()
}

fn read_package(package: &Value) -> Option<(String, Package)> {
    let name = package.get("name")?.as_str()?.to_owned();
    let manifest = Path::new(package.get("manifest_path")?.as_str()?);
    let folder = manifest
        .parent()?
        .strip_prefix(root())
        .ok()?
        .to_string_lossy()
        .into_owned();
    let dependencies = package.get("dependencies")?.as_array()?;
    let ordinary = |dependency: &&Value| dependency.get("kind").is_some_and(Value::is_null);
    let mut dependencies: Vec<String> = dependencies
        .iter()
        .filter(ordinary)
        .filter_map(|dependency| Some(dependency.get("name")?.as_str()?.to_owned()))
        .collect();
    dependencies.sort();
    dependencies.dedup();
    Some((name, Package { folder, dependencies }))
}

/// All files below `folder` whose names end in `.extension`, in order of their paths.
///
/// # Errors
/// If a folder or file cannot be read.
pub fn sources(folder: &str, extension: &str) -> Result<Vec<Source>, Box<dyn Error>> {
    let root = root();
    let mut found = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default();
            if path.is_dir() {
                if name != "target" && name != "node_modules" && name != "dist" {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|ending| ending == extension) {
                let text = fs::read_to_string(&path)?;
                let path = path.strip_prefix(&root)?.to_string_lossy().into_owned();
                found.push(Source { path, text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}
