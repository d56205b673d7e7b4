//! The bar on a terminal. `script`, which every Linux has, is the terminal.

#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops where a step of it fails"
)]

use assembly::testing::World;
use assembly::{AuditLevel, Choice};
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// What a line is emptied with.
const ERASE: &str = "\r\u{1b}[2K";

/// Verifies the file on a terminal of so many columns. Says as well whether the terminal is left as it was.
fn on_terminal(columns: u16, file: &Path) -> Child {
    let program = env!("CARGO_BIN_EXE_veche-audit");
    let line = format!(
        "trap : INT; stty cols {columns} rows 24; before=$(stty -g); '{program}' verify '{}'; status=$?; \
         test \"$(stty -g)\" = \"$before\" && echo as it was; exit $status",
        file.display()
    );
    Command::new("script")
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .env("TERM", "xterm-256color")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// All that the terminal shows until it shows `what`.
fn read_until(child: &mut Child, what: &str) -> String {
    let mut shown = Vec::new();
    let out = child.stdout.as_mut().unwrap();
    loop {
        let mut more = [0; 4_096];
        let read = out.read(&mut more).unwrap();
        shown.extend_from_slice(&more[..read]);
        let text = String::from_utf8_lossy(&shown);
        if text.contains(what) {
            return text.into_owned();
        }
        assert_ne!(read, 0, "never {what}: {text}");
    }
}

fn audit_file() -> Vec<u8> {
    let mut world = World::ready(5);
    world.secret_vote(&[Choice::For, Choice::Against, Choice::Abstain, Choice::For]);
    world.audit(AuditLevel::Public).to_bytes()
}

/// What a drawn line looks like: the last one before it was erased.
fn bar(shown: &str) -> &str {
    let drawn = shown.split(ERASE).filter(|line| line.contains("left"));
    drawn.last().unwrap().trim_end()
}

#[test]
fn the_bar_keeps_to_its_line_and_makes_way_for_the_report() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file.veche-audit");
    std::fs::write(&path, audit_file()).unwrap();
    for columns in [40, 200] {
        let mut child = on_terminal(columns, &path);
        let shown = read_until(&mut child, "as it was");
        assert!(child.wait().unwrap().success(), "{shown}");
        let (progress, report) = shown.rsplit_once(ERASE).unwrap();
        let drawn = bar(progress).chars().count();
        assert!((30..=usize::from(columns)).contains(&drawn), "{drawn}: {shown}");
        assert!(!progress.contains("\u{1b}[1A"), "more than one line: {shown}");
        assert!(report.contains("\nVALID"), "{shown}");
        assert!(!report.contains("left"), "{shown}");
    }
}

#[test]
fn who_interrupts_gets_the_terminal_back_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file.veche-audit");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let mut child = on_terminal(80, &path);
    // Half a file, and then nothing. A pipe that is open for both waits for nobody.
    let bytes = audit_file();
    let mut pipe = OpenOptions::new().read(true).write(true).open(&path).unwrap();
    pipe.write_all(&bytes[..bytes.len() / 2]).unwrap();
    read_until(&mut child, "journal");

    child.stdin.as_mut().unwrap().write_all(b"\x03").unwrap();
    let shown = read_until(&mut child, "as it was");
    assert_eq!(child.wait().unwrap().code(), Some(130), "{shown}");
    let (_, after) = shown.rsplit_once(ERASE).unwrap();
    assert_eq!(after.trim(), "as it was");
}
