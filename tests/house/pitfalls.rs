//! The table of pitfalls names tests that there are, and mutants that fit (`tests/pitfalls/table.md`).

use std::collections::BTreeMap;
use std::fs;
use veche_tests::checkout::{packages, root};
use xtask::pitfalls::table::{self, Mutant, Pitfall, Test};

fn pitfalls() -> xtask::Result<Vec<Pitfall>> {
    table::read(&fs::read_to_string(root().join(table::PATH))?)
}

/// What is wrong with a test's name, if something is.
fn wrong_test(test: &Test, folders: &BTreeMap<String, String>) -> Option<String> {
    let text = fs::read_to_string(root().join(&test.file)).unwrap_or_default();
    let head = text
        .split_once(&format!("fn {}(", test.name))
        .map(|(before, _)| before);
    let Some(head) = head else {
        return Some(format!("there is no {} in {}", test.name, test.file));
    };
    // Its attributes stand between the function and what ends the item before it.
    let attributes = head.rsplit(['}', ';', '{']).next().unwrap_or_default();
    if !attributes.contains("#[test]") {
        return Some(format!("{} in {} is no test", test.name, test.file));
    }
    let place = test.place();
    let found = place.is_some_and(|place| folders.get(&place.package) == Some(&place.folder));
    (!found).then(|| format!("{} is in no package's tests", test.file))
}

/// What is wrong with a mutant, if something is.
fn wrong_mutant(mutant: &Mutant) -> Option<String> {
    let text = fs::read_to_string(root().join(&mutant.file)).unwrap_or_default();
    let (places, original) = (mutant.places(&text), &mutant.original);
    if places != 1 {
        Some(format!(
            "{places} times, not once, in {}:\n{original}",
            mutant.file
        ))
    } else if mutant.replacement == *original {
        Some(format!("replaced by itself in {}:\n{original}", mutant.file))
    } else {
        None
    }
}

#[test]
fn pitfalls_are_numbered_and_each_has_a_mutant_or_says_why_not() {
    let pitfalls = pitfalls().unwrap();
    assert!(!pitfalls.is_empty());
    for (number, pitfall) in (1..).zip(&pitfalls) {
        assert_eq!(pitfall.number, number, "{}", pitfall.title);
        let has_mutant = pitfall.rows.iter().any(|row| row.mutant.is_some());
        assert!(
            has_mutant || pitfall.missing.is_some(),
            "{number} has no mutant and no line `- none: why`"
        );
    }
}

#[test]
fn every_test_in_the_table_of_pitfalls_exists() {
    let packages = packages().unwrap().into_iter();
    let folders: BTreeMap<String, String> = packages.map(|(name, package)| (name, package.folder)).collect();
    let pitfalls = pitfalls().unwrap();
    let rows = pitfalls.iter().flat_map(|pitfall| &pitfall.rows);
    let wrong: Vec<_> = rows.filter_map(|row| wrong_test(&row.test, &folders)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_a_mutant_replaces_stands_in_its_file_exactly_once() {
    let pitfalls = pitfalls().unwrap();
    let rows = pitfalls.iter().flat_map(|pitfall| &pitfall.rows);
    let mutants = rows.filter_map(|row| row.mutant.as_ref());
    let wrong: Vec<_> = mutants.filter_map(wrong_mutant).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
