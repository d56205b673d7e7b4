//! Who may depend on whom (`docs/architecture.md` draws it).

use std::collections::BTreeSet;
use veche_tests::checkout::packages;

/// Crates above the I/O line, each with those of ours that it may know.
pub(crate) const PURE: &[(&str, &[&str])] = &[
    ("veche-primitives", &[]),
    ("veche-tlog", &["primitives"]),
    ("veche-ballot", &["primitives"]),
    ("veche-sealing", &["primitives"]),
    ("veche-assembly", &["primitives", "tlog", "ballot", "sealing"]),
    ("veche-messaging", &["primitives", "tlog"]),
    ("veche-relay-api", &["primitives", "tlog"]),
    (
        "veche-client",
        &[
            "primitives",
            "tlog",
            "ballot",
            "sealing",
            "assembly",
            "messaging",
            "relay-api",
        ],
    ),
];

/// Crates below it.
const EDGE: &[(&str, &[&str])] = &[
    ("veche-vault", &["primitives"]),
    ("veche-transport", &["primitives", "tlog", "relay-api"]),
    (
        "veche-app",
        &[
            "primitives",
            "tlog",
            "assembly",
            "client",
            "relay-api",
            "vault",
            "transport",
        ],
    ),
    ("veche-relay", &["primitives", "tlog", "ballot", "relay-api"]),
    ("veche-audit", &["primitives", "assembly"]),
    ("veche-cli", &["app"]),
    ("veche-desktop", &["app"]),
    ("xtask", &[]),
];

/// The packages that may know everybody.
const TESTS: &[&str] = &["veche-tests", "veche-strangers"];

/// What no crate above the line may depend on directly.
const IO: &[&str] = &[
    "tokio",
    "tokio-rustls",
    "tokio-tungstenite",
    "axum",
    "hyper",
    "hyper-util",
    "sled",
    "reqwest",
    "tauri",
    "rustls",
    "getrandom",
    "rustix",
    "async-nats",
    "redb",
];

#[test]
fn no_crate_knows_another_that_it_may_not_know() {
    let packages = packages().unwrap();
    let ours: BTreeSet<&String> = packages.keys().collect();
    let mut wrong = Vec::new();
    for (name, package) in &packages {
        if TESTS.contains(&name.as_str()) {
            continue;
        }
        let Some((_, allowed)) = PURE.iter().chain(EDGE).find(|(known, _)| known == name) else {
            wrong.push(format!(
                "{name} is in no list of tests/house/graph.rs and not in docs/architecture.md"
            ));
            continue;
        };
        for dependency in package
            .dependencies
            .iter()
            .filter(|dependency| ours.contains(dependency))
        {
            let short = dependency.strip_prefix("veche-").unwrap_or(dependency);
            if !allowed.contains(&short) {
                wrong.push(format!("{name} -> {dependency}"));
            }
        }
    }
    assert!(wrong.is_empty(), "new edges in the crate graph: {wrong:#?}");
}

#[test]
fn no_crate_above_the_line_depends_on_what_does_io() {
    let packages = packages().unwrap();
    let mut wrong = Vec::new();
    for (name, _) in PURE {
        let package = &packages[*name];
        wrong.extend(
            package
                .dependencies
                .iter()
                .filter(|d| IO.contains(&d.as_str()))
                .map(|d| format!("{name} -> {d}")),
        );
    }
    assert!(wrong.is_empty(), "I/O above the line: {wrong:#?}");
}

#[test]
fn openmls_and_frost_are_named_by_one_crate_each() {
    let mut wrong = Vec::new();
    for (name, package) in packages().unwrap() {
        for dependency in &package.dependencies {
            let home = match dependency.as_str() {
                openmls if openmls.starts_with("openmls") => "veche-messaging",
                frost if frost.starts_with("frost-") => "veche-sealing",
                _ => continue,
            };
            if name != home {
                wrong.push(format!("{name} -> {dependency}"));
            }
        }
    }
    assert!(wrong.is_empty(), "a library outside its crate: {wrong:#?}");
}
