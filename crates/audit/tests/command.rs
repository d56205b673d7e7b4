//! The program itself: exit statuses and reports.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops where a step of it fails"
)]

use assembly::counting::OptionsMethod;
use assembly::testing::{Tamper, World, question, tamper};
use assembly::{AuditLevel, Choice, Question, VoteKind};
use std::path::Path;
use std::process::{Command, Output};

fn audit(path: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_veche-audit"))
        .arg("verify")
        .arg(path)
        .args(more)
        .output()
        .unwrap()
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn says_valid_invalid_and_unusable_by_its_exit_status_and_in_its_report() {
    let mut world = World::ready(5);
    world.roll_call(&[Choice::For, Choice::Against, Choice::For]);
    world.secret_vote(&[Choice::For, Choice::Against, Choice::Abstain, Choice::For]);
    let bytes = world.audit(AuditLevel::Members).to_bytes();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file.veche-audit");

    std::fs::write(&path, &bytes).unwrap();
    let id = world.assembly.id().to_string();
    let valid = audit(&path, &["--assembly", &id, "--json"]);
    assert_eq!(valid.status.code(), Some(0));
    let report = json(&valid);
    assert_eq!(report["verdict"], "valid");
    assert_eq!(report["motions"][0]["kind"], "roll_call");
    assert_eq!(report["motions"][0]["counts"]["for"], 2);
    assert_eq!(report["motions"][1]["kind"], "secret");
    assert_eq!(report["motions"][1]["counts"]["abstain"], 1);
    assert_eq!(report["seats"][1]["name"], "Second");
    let text = String::from_utf8(audit(&path, &[]).stdout).unwrap();
    assert!(text.contains("for 2, against 1, abstain 1, spoilt 0: adopted"));
    assert!(text.trim_end().ends_with("\nVALID"));

    let other = "0".repeat(64);
    assert_eq!(audit(&path, &["--assembly", &other]).status.code(), Some(1));

    std::fs::write(&path, tamper(&bytes, Tamper::SealedChoice).unwrap()).unwrap();
    let invalid = audit(&path, &["--json"]);
    assert_eq!(invalid.status.code(), Some(1));
    assert_eq!(json(&invalid)["verdict"], "invalid");
    assert!(
        String::from_utf8(audit(&path, &[]).stdout)
            .unwrap()
            .trim_end()
            .ends_with("INVALID")
    );

    std::fs::write(&path, b"noise").unwrap();
    let unusable = audit(&path, &["--json"]);
    assert_eq!(unusable.status.code(), Some(2));
    assert_eq!(json(&unusable)["verdict"], "unusable");
    assert_eq!(
        audit(&directory.path().join("absent"), &[]).status.code(),
        Some(2)
    );
}

/// The report on one secret vote, as JSON and as text.
fn reports(question: Question, votes: &[Vec<u8>]) -> (serde_json::Value, String) {
    let mut world = World::ready(6);
    world.secret_vote_on(question, votes);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file.veche-audit");
    std::fs::write(&path, world.audit(AuditLevel::Public).to_bytes()).unwrap();
    let report = json(&audit(&path, &["--json"]));
    let text = String::from_utf8(audit(&path, &[]).stdout).unwrap();
    assert!(text.trim_end().ends_with("\nVALID"), "{text}");
    (report["motions"][0].clone(), text)
}

#[track_caller]
fn assert_has(text: &str, lines: &[&str]) {
    for line in lines {
        assert!(
            text.lines().any(|is| is.trim_end() == *line),
            "{line:?} is not in\n{text}"
        );
    }
}

#[test]
fn one_of_many_is_reported_with_its_votes_and_a_tie() {
    let votes = [vec![0, 2], vec![0, 3], vec![0, 0], vec![9, 9], vec![0, 0]];
    let (json, text) = reports(question(OptionsMethod::OneOfMany, 3), &votes);
    let asked = serde_json::json!({
        "method": "one_of_many", "options": ["Option 0", "Option 1", "Option 2"], "marks_max": null, "seats": 1,
    });
    assert_eq!(json["question"], asked);
    assert_eq!(json["counts"], serde_json::Value::Null);
    let options = serde_json::json!({
        "valid": 2, "abstain": 2, "spoilt": 1, "elected": [], "tied": [1, 2], "drawn": false,
        "account": { "votes": [0, 1, 1] },
    });
    assert_eq!(json["options"], options);
    assert_eq!(
        (&json["adopted"], &json["quorum_met"]),
        (&false.into(), &true.into())
    );
    assert_has(
        &text,
        &[
            "  one of many, 1 seat",
            "  valid 2, abstain 2, spoilt 1: not adopted",
            "       0               0            Option 0",
            "       1               1  tied      Option 1",
            "  nobody is elected",
            "  tied for seats that stay empty: 1, 2",
        ],
    );
}

#[test]
fn up_to_k_is_reported_with_its_marks() {
    let up_to_two = OptionsMethod::UpToK {
        marks_max: 2,
        seats: 1,
    };
    let votes = [vec![0b11], vec![0b10], vec![0b10], vec![0b111]];
    let (json, text) = reports(question(up_to_two, 3), &votes);
    assert_eq!(json["question"]["method"], "up_to_k");
    assert_eq!(json["question"]["marks_max"], 2);
    assert_eq!(json["options"]["elected"], serde_json::json!([1]));
    assert_eq!(json["options"]["account"]["votes"], serde_json::json!([1, 3, 0]));
    assert_has(
        &text,
        &[
            "  up to 2 marks, 1 seat",
            "  valid 3, abstain 0, spoilt 1: adopted",
            "       1               3  elected   Option 1",
            "  elected, in this order: 1",
        ],
    );
}

#[test]
fn a_schulze_vote_is_reported_with_its_pairs_and_classes() {
    let votes = [vec![2, 1, 0], vec![2, 1, 0], vec![1, 0, 2]];
    let (json, text) = reports(question(OptionsMethod::Schulze, 3), &votes);
    let account = serde_json::json!({
        "preferred": [[0, 1, 3], [2, 0, 2], [0, 1, 0]], "classes": [[1], [0], [2]],
    });
    assert_eq!(json["options"]["account"], account);
    assert_has(
        &text,
        &[
            "  ranked (Schulze), 1 seat",
            "       1               1  elected   Option 1",
            "       2               3            Option 2",
            "       0            0            1            3",
        ],
    );
}

#[test]
fn transferable_votes_are_reported_stage_by_stage() {
    let votes = [vec![1, 2, 0], vec![1, 2, 0], vec![1, 0, 0], vec![0, 0, 1]];
    let seats = OptionsMethod::Transferable { seats: 2 };
    let (json, text) = reports(question(seats, 3), &votes);
    assert_eq!(json["question"]["seats"], 2);
    let account = &json["options"]["account"];
    assert_eq!(account["quota"], 2);
    let first = serde_json::json!({
        "act": "first", "option": null, "votes": [300_000, 0, 100_000], "lost": 0, "elected": [0],
    });
    assert_eq!(account["stages"][0], first);
    assert_eq!(account["stages"][1]["act"], "surplus");
    assert_eq!(account["stages"][1]["option"], 0);
    assert_has(
        &text,
        &[
            "  ranked (transferable votes), 2 seats",
            "  quota 2",
            "  stage 1: first preferences; elected: 0",
            "  stage 2: surplus of 0 goes on",
            "  stage 3: 1 is excluded; elected: 2",
            "              stage 1      stage 2      stage 3",
            "       0      3.00000      2.00000      2.00000",
            "       1      0.00000      0.66666      0.00000",
            "    lost      0.00000      0.33334      1.00000",
        ],
    );
}

#[test]
fn what_is_asked_stands_there_before_there_is_a_result() {
    let mut world = World::ready(7);
    let asked = question(OptionsMethod::OneOfMany, 2);
    let _motion = world.notice(world.motion_on(VoteKind::Secret, asked));
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file.veche-audit");
    std::fs::write(&path, world.audit(AuditLevel::Public).to_bytes()).unwrap();
    let motion = json(&audit(&path, &["--json"]))["motions"][0].clone();
    assert_eq!(motion["question"]["options"][1], "Option 1");
    assert_eq!(
        (&motion["counts"], &motion["options"]),
        (&serde_json::Value::Null, &serde_json::Value::Null)
    );
    let text = String::from_utf8(audit(&path, &[]).stdout).unwrap();
    assert_has(&text, &["      1  Option 1"]);
}
