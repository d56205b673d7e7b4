//! Cut between any two writes, and killed at any moment: every acknowledged batch is there, none is there by half.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test says so by failing"
)]

mod common;

use common::*;
use primitives::Store;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::time::Duration;
use vault::{CreateError, Moment, OpenError, Params, Vault};

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
