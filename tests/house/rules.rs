//! Rule ids stand in the specification, in the code and in a test; the three agree.

use std::collections::BTreeSet;
use veche_tests::checkout::{Source, sources};
use veche_tests::rule_ids::rule_ids;

fn ids<'a>(texts: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    texts.flat_map(rule_ids).collect()
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
    let tested = ids(crates
        .iter()
        .map(Source::tests)
        .chain(end_to_end.iter().map(|source| source.text.as_str())));
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
