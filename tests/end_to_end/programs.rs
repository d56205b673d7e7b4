//! The programs on their own: what they refuse, how they end.

use crate::binaries;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use xtask::agent::{Agent, Vault};
use xtask::process::Process;
use xtask::relay::{Relay, free_port};

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn vault(folder: &TempDir) -> Vault {
    Vault::create(
        binaries().path("veche").unwrap(),
        folder.path(),
        "member",
        "a passphrase",
    )
    .unwrap()
}

fn veche(vault: &Vault, args: &[&str]) -> Output {
    let mut command = Command::new(binaries().path("veche").unwrap());
    command
        .args(vault.options())
        .args(args)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_vault_is_created_once() {
    let folder = folder();
    let vault = vault(&folder);
    let again = veche(&vault, &["--argon2", "light", "create"]);
    assert_eq!(again.status.code(), Some(2), "{}", stderr(&again));
    assert!(stderr(&again).contains("already"), "{}", stderr(&again));
}

#[test]
fn a_wrong_passphrase_is_said_to_be_one() {
    let folder = folder();
    let vault = vault(&folder);
    let wrong = folder.path().join("wrong");
    fs::write(&wrong, "another passphrase\n").unwrap();
    let output = Command::new(binaries().path("veche").unwrap())
        .arg("--vault")
        .arg(vault.folder())
        .arg("--passphrase-file")
        .arg(wrong)
        .args(["--json", "overview"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("\"wrong_passphrase\""),
        "{output:?}"
    );
}

#[test]
fn a_vault_is_open_in_one_process_at_a_time() {
    let folder = folder();
    let vault = vault(&folder);
    let mut agent = Agent::start(binaries().path("veche").unwrap(), &vault).unwrap();
    agent
        .request(serde_json::json!({ "request": "overview" }))
        .unwrap();
    let second = veche(&vault, &["--json", "overview"]);
    assert_eq!(second.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&second.stdout).contains("\"vault_in_use\""),
        "{second:?}"
    );
    agent.stop().unwrap();
    assert!(veche(&vault, &["overview"]).status.success());
}

#[test]
fn the_agent_refuses_nonsense_and_goes_on() {
    let folder = folder();
    let vault = vault(&folder);
    let mut agent = Agent::start(binaries().path("veche").unwrap(), &vault).unwrap();
    let refused = agent
        .try_request(serde_json::json!({ "request": "sing" }))
        .unwrap()
        .unwrap_err();
    assert_eq!(refused.code, "bad_request");
    let refused = agent
        .try_request(serde_json::json!({ "request": "send", "text": "hello" }))
        .unwrap()
        .unwrap_err();
    assert_eq!(refused.code, "no_assembly");
    let link =
        serde_json::json!({ "request": "join", "link": "veche-invitation:mangled", "member_name": "A" });
    assert_eq!(
        agent.try_request(link).unwrap().unwrap_err().code,
        "invitation_mangled"
    );
    agent.stop().unwrap();
}

#[test]
fn a_relay_refuses_a_data_directory_in_use_and_keeps_its_identity() {
    let folder = folder();
    let program = binaries().path("veche-relay").unwrap();
    let port = free_port().unwrap();
    let relay = Relay::start(program, folder.path(), port).unwrap();
    let address = relay.address().to_owned();
    let other = format!("127.0.0.1:{}", free_port().unwrap());
    let data: PathBuf = folder.path().join("relay");
    let args = ["serve", "--listen", &other, "--advertise", &other, "--data"];
    let second = Command::new(program)
        .args(args)
        .arg(&data)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(!second.status.success());
    assert!(stderr(&second).contains("in use"), "{}", stderr(&second));
    relay.stop().unwrap();
    let relay = Relay::start(program, folder.path(), port).unwrap();
    assert_eq!(relay.address(), address);
    relay.stop().unwrap();
}

#[test]
fn an_auditor_tells_an_unusable_file_from_a_refused_one() {
    let folder = folder();
    let file = folder.path().join("file");
    fs::write(&file, b"no audit file").unwrap();
    let output = Command::new(binaries().path("veche-audit").unwrap())
        .arg("verify")
        .arg(&file)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

#[test]
fn a_child_ends_when_asked() {
    let folder = folder();
    let mut process = Process::start("cat", "cat".as_ref(), &["-"], folder.path()).unwrap();
    process.stop(Duration::from_secs(5)).unwrap();
}
