//! The program itself: exit statuses and reports.

#![expect(clippy::unwrap_used, reason = "a test stops where a step of it fails")]

use assembly::testing::{Tamper, World, tamper};
use assembly::{AuditLevel, Choice};
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
