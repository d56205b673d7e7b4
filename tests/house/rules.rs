//! Rule ids stand in the specification, in the code and in a test; the three agree.
//!
//! Where a table of the code gives a rule's id a name (`NotAnEntry "ASM-01" "…"`), a test may say `::NotAnEntry`; and a
//! test's own name may bear the id (`fn msg_02_a_journal_point_never_goes_back`).

use std::collections::BTreeSet;
use veche_tests::checkout::{Source, sources};
use veche_tests::rule_ids::{rule_ids, rule_ids_of_functions};

fn ids<'a>(texts: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    texts.flat_map(rule_ids).collect()
}

/// The ids that tests call by the names that tables of the code give them.
fn ids_by_name(crates: &[Source]) -> BTreeSet<String> {
    let lines = crates.iter().flat_map(|source| source.product().lines());
    let named = lines.filter_map(|line| {
        let (head, rest) = line.trim().split_once(" \"")?;
        let name = head.split(' ').next_back()?;
        let (id, _) = rest.split_once("\" \"")?;
        rule_ids(id).pop_first().map(|id| (format!("::{name}"), id))
    });
    named
        .filter(|(name, _)| crates.iter().any(|source| names(source.tests(), name)))
        .map(|(_, id)| id)
        .collect()
}

/// Whether `text` has `name` as a whole word.
fn names(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let next = text.get(at + name.len()..).and_then(|rest| rest.chars().next());
        !next.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

#[test]
fn every_rule_is_specified_enforced_and_tested() {
    let crates = sources("crates", "rs").unwrap();
    let end_to_end: Vec<Source> = sources("tests/end_to_end", "rs").unwrap();
    let specified = ids(sources("docs/spec", "md")
        .unwrap()
        .iter()
        .map(|source| source.text.as_str()));
    let enforced = ids(crates.iter().map(Source::product));
    let mut tested = ids(crates
        .iter()
        .map(Source::tests)
        .chain(end_to_end.iter().map(|source| source.text.as_str())));
    tested.extend(crates.iter().map(Source::tests).flat_map(rule_ids_of_functions));
    tested.extend(ids_by_name(&crates));
    let all: BTreeSet<&String> = specified.iter().chain(&enforced).chain(&tested).collect();
    let missing: Vec<String> = all
        .into_iter()
        .filter_map(|id| {
            let places = [
                ("docs/spec", &specified),
                ("the code", &enforced),
                ("the tests", &tested),
            ];
            let absent: Vec<_> = places
                .iter()
                .filter(|(_, ids)| !ids.contains(id))
                .map(|(place, _)| *place)
                .collect();
            (!absent.is_empty()).then(|| format!("{id} is missing in {}", absent.join(" and in ")))
        })
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
}
