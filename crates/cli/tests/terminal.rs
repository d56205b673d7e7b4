//! A prompt that is interrupted. `script`, which every Linux has, is the terminal.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test stops where a step of it fails")]

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

const PROGRAM: &str = env!("CARGO_BIN_EXE_veche");

/// The exit status and all that the terminal showed, of a command line that is interrupted when it shows `prompt`.
fn interrupted(line: &str, prompt: &str) -> (Option<i32>, String) {
    let line = format!(
        "trap : INT; before=$(stty -g); {line}; status=$?; \
         test \"$(stty -g)\" = \"$before\" && echo as it was; exit $status"
    );
    let mut child = Command::new("script")
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut keys = child.stdin.take();
    let mut out = child.stdout.take().unwrap();
    let mut shown = Vec::new();
    let mut byte = [0];
    while out.read(&mut byte).unwrap() == 1 {
        shown.extend_from_slice(&byte);
        if shown.ends_with(prompt.as_bytes())
            && let Some(mut keys) = keys.take()
        {
            // More than once: the prompt shows a moment before it listens.
            thread::spawn(move || {
                while keys.write_all(b"\x03").is_ok() {
                    thread::sleep(Duration::from_millis(200));
                }
            });
        }
    }
    let status = child.wait().unwrap();
    (status.code(), String::from_utf8(shown).unwrap())
}

#[test]
fn an_interrupted_prompt_leaves_the_terminal_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let (vault, passphrase) = (
        directory.path().join("vault"),
        directory.path().join("passphrase"),
    );
    std::fs::write(&passphrase, "a passphrase\n").unwrap();
    let veche = format!("'{PROGRAM}' --vault '{}'", vault.display());
    let check = |command: &str, prompt: &str| {
        let (status, shown) = interrupted(&format!("{veche} {command}"), prompt);
        assert_eq!(status, Some(130), "{command}: {shown}");
        assert!(shown.contains("veche: interrupted\r\n"), "{command}: {shown}");
        assert!(shown.contains("as it was"), "{command}: {shown}");
    };
    check("create", "New passphrase: ");
    let created = Command::new(PROGRAM)
        .args(["--argon2", "light", "--vault"])
        .arg(&vault)
        .arg("--passphrase-file")
        .arg(&passphrase)
        .arg("create")
        .output();
    assert!(created.unwrap().status.success());
    check("overview", "Passphrase: ");
    check("agent", "Passphrase: ");
}
