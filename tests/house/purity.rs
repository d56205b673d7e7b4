//! Nothing above the I/O line reads a clock, opens a socket or a file, or draws randomness of its own.

use super::graph::PURE;
use veche_tests::checkout::{packages, sources};

/// What the sources of a pure crate may not name.
const FORBIDDEN: &[&str] = &[
    "SystemTime::now",
    "Instant::now",
    "std::net::",
    "std::fs::",
    "std::env::",
    "std::process::",
    "thread::spawn",
    "thread::sleep",
    "OsRng",
    "SysRng",
    "thread_rng",
    "getrandom",
];

/// Known exceptions, each with its reason in `docs/architecture.md`.
const EXCEPTIONS: &[(&str, &str)] = &[];

#[test]
fn pure_crates_take_time_bytes_and_randomness_as_arguments() {
    let packages = packages().unwrap();
    let mut wrong = Vec::new();
    for (name, _) in PURE {
        for source in sources(&format!("{}/src", packages[*name].folder), "rs").unwrap() {
            let code = source
                .product()
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"));
            for (number, line) in code.enumerate() {
                let named = FORBIDDEN.iter().filter(|word| line.contains(**word));
                let open = named.filter(|word| !EXCEPTIONS.contains(&(source.path.as_str(), **word)));
                wrong.extend(open.map(|word| format!("{} ({word}), code line {}", source.path, number + 1)));
            }
        }
    }
    assert!(wrong.is_empty(), "I/O above the line: {wrong:#?}");
}
