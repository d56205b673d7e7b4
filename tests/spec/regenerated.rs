//! What stands in the repository is what the generator makes.

use std::collections::BTreeMap;
use std::fs;
use veche_tests::checkout::root;
use veche_tests::vectors::{all, example};

const ADVICE: &str = "run `cargo xtask vectors`, look at the difference, and commit it if it is meant";

#[test]
fn the_vectors_are_what_the_generator_makes() {
    let made: BTreeMap<String, Vec<u8>> = all().into_iter().map(|file| (file.path, file.bytes)).collect();
    let mut stored = BTreeMap::new();
    for area in ["ballot/v1", "audit/v1", "count/v1"] {
        for entry in fs::read_dir(root().join("tests/vectors").join(area)).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{area}/{}", entry.file_name().to_string_lossy());
            stored.insert(name, fs::read(entry.path()).unwrap());
        }
    }
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&stored), names(&made), "{ADVICE}");
    let different: Vec<_> = made
        .iter()
        .filter(|(name, bytes)| stored[*name] != **bytes)
        .map(|(name, _)| name)
        .collect();
    assert!(different.is_empty(), "{different:?}: {ADVICE}");
}

#[test]
fn the_worked_example_of_the_specification_is_computed() {
    let page = fs::read_to_string(root().join("docs/spec/ballot.md")).unwrap();
    assert!(
        example::put_into(&page).unwrap() == page,
        "docs/spec/ballot.md: {ADVICE}"
    );
}
