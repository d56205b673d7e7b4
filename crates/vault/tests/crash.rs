//! Cut between any two writes, and killed at any moment: every acknowledged batch is there, none is there by half.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test says so by failing"
)]

mod common;

use common::*;
use primitives::{Batch, Purpose, Store};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use vault::{CreateError, Moment, OpenError, Params, Vault};

const DIR: &str = "VECHE_VAULT_TEST_DIR";
const RECORDS: u8 = 8;

/// Batch `n` of a history in which each writes the same number everywhere, burns what the one before it wrote, and
/// carries something long.
fn numbered(n: u64) -> Batch {
    let purpose = |n: u64| Purpose::burnable(n.to_be_bytes());
    batch(|b| {
        for key in 0..RECORDS {
            b.put(if key % 2 == 0 { TABLE } else { OTHER }, [key], n.to_be_bytes());
        }
        b.put(TABLE, *b"long", n.to_be_bytes().repeat(1000));
        b.put_for(purpose(n), OTHER, n.to_be_bytes(), n.to_be_bytes());
        if n.is_multiple_of(2) {
            b.burn(purpose(n.wrapping_sub(1)));
            b.burn(purpose(n.wrapping_sub(2)));
        }
    })
}

/// The number of the last batch that is there, after looking that all of it is and nothing of another.
fn last_whole(vault: &Vault) -> u64 {
    let number = |bytes: Option<Vec<u8>>| bytes.map_or(0, |b| u64::from_be_bytes(b.try_into().unwrap()));
    let read = |table, key: &[u8]| vault.get(table, key).unwrap().map(|value| value.to_vec());
    let last = number(read(TABLE, &[0]));
    for key in 0..RECORDS {
        assert_eq!(
            number(read(if key % 2 == 0 { TABLE } else { OTHER }, &[key])),
            last
        );
    }
    if last > 0 {
        assert_eq!(read(TABLE, b"long").unwrap(), last.to_be_bytes().repeat(1000));
        assert_eq!(number(read(OTHER, &last.to_be_bytes())), last);
        let kept = if last.is_multiple_of(2) { 1 } else { 2 };
        let burnable = all(vault, OTHER)
            .into_iter()
            .filter(|(key, _)| key.len() == 8)
            .count();
        assert_eq!(
            burnable,
            kept.min(usize::try_from(last).unwrap()),
            "after batch {last}"
        );
    }
    last
}

#[test]
fn a_cut_between_any_two_writes_leaves_all_before_or_all_after() {
    let dir = tempfile::tempdir().unwrap();
    let mut vault = create(dir.path());
    let mut last = 0;
    let moments = [
        Moment::BeforeStore,
        Moment::AfterStore,
        Moment::BetweenSides,
        Moment::AfterHeader,
    ];
    for round in 0..8 {
        let moment = moments[round % 4];
        for _ in 0..=(round / 4) {
            last += 1;
            vault.apply(numbered(last)).unwrap();
        }
        let burns = (last + 1) % 2 == 0;
        vault.crash_at(moment);
        let cut = vault.apply(numbered(last + 1));
        if cut.is_err() {
            assert!(vault.get(TABLE, &[0]).is_err() && vault.apply(numbered(last + 2)).is_err());
        } else {
            assert!(!burns && moment == Moment::BetweenSides);
        }
        drop(vault);
        vault = open_sound(dir.path());
        if moment != Moment::BeforeStore {
            last += 1;
        }
        assert_eq!(last_whole(&vault), last, "cut at {moment:?}");
    }
}

/// A power cut may also lose the header's write that was not yet synced, or tear it.
#[test]
fn a_burning_is_completed_from_the_store_when_the_header_never_got_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut vault = create(dir.path());
    vault.apply(numbered(1)).unwrap();
    let header = std::fs::read(dir.path().join("header")).unwrap();
    vault.apply(numbered(2)).unwrap();
    drop(vault);
    std::fs::write(dir.path().join("header"), header).unwrap();
    let vault = open_sound(dir.path());
    assert_eq!(last_whole(&vault), 2);
    drop(vault);
    open_sound(dir.path());
}

#[test]
fn a_killed_process_loses_nothing_that_was_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    drop(create(dir.path()));
    for round in 0..6_u64 {
        let mut child = spawn("child_writes_until_it_is_killed", dir.path());
        let mut lines = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok);
        let number = |line: String| line.strip_prefix("written ")?.parse::<u64>().ok();
        let first = lines.by_ref().find_map(number).expect("the child wrote nothing");
        std::thread::sleep(Duration::from_millis(37 + 61 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        let acknowledged = lines.filter_map(number).last().unwrap_or(first);
        let there = last_whole(&open_sound(dir.path()));
        assert!(
            there == acknowledged || there == acknowledged + 1,
            "{acknowledged} {there}"
        );
    }
}

#[test]
fn a_vault_open_in_another_process_is_said_to_be_so() {
    let dir = tempfile::tempdir().unwrap();
    drop(create(dir.path()));
    let mut child = spawn("child_writes_until_it_is_killed", dir.path());
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    assert!(lines.by_ref().any(|line| line.starts_with("written ")));
    assert!(matches!(
        Vault::open(dir.path(), PASSPHRASE),
        Err(OpenError::InUse)
    ));
    assert!(matches!(
        Vault::create(dir.path(), PASSPHRASE, Params::testing()),
        Err(CreateError::InUse)
    ));
    child.kill().unwrap();
    child.wait().unwrap();
    open_sound(dir.path());
}

fn spawn(test: &str, dir: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env(DIR, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
#[ignore = "runs as the child process of the tests above"]
fn child_writes_until_it_is_killed() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let mut vault = open_sound(Path::new(&dir));
    let mut out = std::io::stdout();
    for n in last_whole(&vault) + 1.. {
        vault.apply(numbered(n)).unwrap();
        writeln!(out, "\nwritten {n}").unwrap();
        out.flush().unwrap();
    }
}
