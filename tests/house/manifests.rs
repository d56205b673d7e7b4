//! Dependencies each with their reason, lints for everybody.

use std::collections::BTreeSet;
use std::fs;
use veche_tests::checkout::{packages, root};

/// The names in `[workspace.dependencies]`, and whether a comment stands above each or its group.
fn workspace_dependencies() -> Vec<(String, bool)> {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap_or_default();
    let (_, section) = manifest
        .split_once("[workspace.dependencies]")
        .unwrap_or_default();
    let section = section.split("\n[").next().unwrap_or_default();
    let mut reason = false;
    let mut dependencies = Vec::new();
    for line in section.lines() {
        match line.trim() {
            "" => reason = false,
            comment if comment.starts_with('#') => reason = true,
            dependency => {
                // Our own crates are there for whoever needs them; their reason is docs/architecture.md.
                if let Some((name, source)) = dependency.split_once(" = ")
                    && !source.contains("path = ")
                {
                    dependencies.push((name.to_owned(), reason));
                }
            }
        }
    }
    dependencies
}

#[test]
fn every_dependency_has_its_reason_above_it() {
    assert!(!workspace_dependencies().is_empty());
    let without: Vec<_> = workspace_dependencies()
        .into_iter()
        .filter(|(_, reason)| !reason)
        .map(|(n, _)| n)
        .collect();
    assert!(without.is_empty(), "no comment above {without:?} in Cargo.toml");
}

#[test]
fn every_dependency_is_used_by_somebody() {
    let mut used = BTreeSet::new();
    for package in packages().unwrap().values() {
        let manifest = fs::read_to_string(root().join(&package.folder).join("Cargo.toml")).unwrap();
        let names = manifest.lines().filter(|line| line.contains("workspace = true"));
        used.extend(names.filter_map(|line| Some(line.split([' ', '=', '.']).next()?.to_owned())));
    }
    let unused: Vec<_> = workspace_dependencies()
        .into_iter()
        .map(|(name, _)| name)
        .filter(|name| !used.contains(name))
        .collect();
    assert!(
        unused.is_empty(),
        "nobody uses {unused:?} of the workspace's dependencies"
    );
}

#[test]
fn every_package_takes_the_workspace_lints_and_its_versions() {
    for (name, package) in packages().unwrap() {
        let manifest = fs::read_to_string(root().join(&package.folder).join("Cargo.toml")).unwrap();
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "{name} does not take the workspace's lints"
        );
        let versioned = manifest.lines().filter(|line| line.contains("version = \""));
        assert_eq!(
            versioned.count(),
            0,
            "{name} names a version of its own; versions stand in the root Cargo.toml"
        );
    }
}
