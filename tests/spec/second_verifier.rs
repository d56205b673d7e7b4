//! The second verifier, in Python: it passes its own tests, and says of every vector and of every audit file what the product
//! says.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use veche_tests::checkout::root;
use veche_tests::vectors::audits::{AuditCase, battery, product};
use veche_tests::vectors::journals::journals;

/// Runs `python3 -m ...` in the folder of the second verifier.
fn python(words: &[&str]) -> Output {
    Command::new("python3")
        .arg("-m")
        .args(words)
        .current_dir(root().join("tests/verifier"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap_or_else(|error| panic!("python3 is needed ({error}): install it, or run `cargo xtask setup`"))
}

/// The second verifier agrees with everything that stands below `folder`, and there are so many cases.
#[track_caller]
fn assert_agrees(folder: &Path, least: usize) {
    let output = python(&["veche_verifier", "vectors", &folder.to_string_lossy()]);
    let text = String::from_utf8_lossy(&output.stdout);
    let trouble = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{trouble}");
    // `.. files, .. passed, .. failed`
    let words: Vec<_> = text.lines().last().unwrap().split(' ').collect();
    let passed: usize = words[2].parse().unwrap();
    assert!(passed >= least && words[4] == "0", "{text}");
}

fn write_all(folder: &Path, cases: Vec<AuditCase>) -> usize {
    let count = cases.len();
    fs::create_dir_all(folder.join("audit/v1")).unwrap();
    for case in cases {
        for file in case.files() {
            fs::write(folder.join(file.path), file.bytes).unwrap();
        }
    }
    count
}

#[test]
fn it_passes_its_own_tests_against_the_standards_vectors() {
    let output = python(&["unittest", "discover", "-s", "tests", "-t", "."]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("Ran 2") && text.contains("OK"), "{text}");
}

#[test]
fn it_agrees_on_every_committed_vector() {
    assert_agrees(&root().join("tests/vectors"), 300);
}

#[test]
fn it_agrees_on_every_audit_file_of_the_battery() {
    let folder = tempfile::tempdir().unwrap();
    let count = write_all(folder.path(), battery());
    assert_agrees(folder.path(), count);
}

#[test]
fn it_agrees_on_journals_in_which_anything_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let journals = journals(4);
    let mut broken = BTreeSet::new();
    for journal in &journals {
        let path = folder.path().join(&journal.name);
        fs::write(&path, &journal.bytes).unwrap();
        let report = product(&path, None);
        // A box that its witnesses cosign too early is the one thing that these journals do to the file itself.
        for breach in report["breaches"].as_array().unwrap() {
            assert!(
                breach["rule"] == "AUD-10" || breach["rule"] == "AUD-11",
                "{}: {breach}",
                journal.name
            );
        }
        let findings = report["findings"].as_array().unwrap();
        broken.extend(
            findings
                .iter()
                .map(|finding| finding["rule"].as_str().unwrap().to_owned()),
        );
    }
    // Most rules of the journal are broken by somebody, or the journals say too little.
    assert!(broken.len() >= 30, "{broken:?}");
    let count = write_all(folder.path(), journals);
    assert_agrees(folder.path(), count);
}

#[test]
fn its_exit_status_is_that_of_veche_audit() {
    let folder = tempfile::tempdir().unwrap();
    for (name, status) in [("a_true_file", 0), ("aud_09_no_box", 1), ("noise", 2)] {
        let case = battery().into_iter().find(|case| case.name == name).unwrap();
        let path = folder.path().join(name);
        fs::write(&path, &case.bytes).unwrap();
        let output = python(&["veche_verifier", "verify", &path.to_string_lossy()]);
        assert_eq!(output.status.code(), Some(status), "{name}");
    }
}
