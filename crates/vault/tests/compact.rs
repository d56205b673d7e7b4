//! Compaction: whatever cuts it, the vault is there before and after; what was burnt stays burnt; what is alive stays alive.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test says so by failing"
)]

mod common;

use common::*;
use primitives::store::MemoryStore;
use primitives::{Batch, Purpose, Store, StoreError};
use proptest::prelude::*;
use std::fs;
use std::ops::ControlFlow;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use vault::{Compacted, Compacting, OpenError, Usage, Vault};

const AT: &str = "VECHE_VAULT_TEST_AT";

fn compact(vault: &mut Vault) -> Compacted {
    vault
        .compact(&mut |_| ControlFlow::Continue(()))
        .unwrap()
        .unwrap()
}

/// Stops at the watch's call number `last`, the first of which is 0; how often it was called.
fn compact_until(vault: &mut Vault, last: usize) -> (bool, usize) {
    let mut calls = 0;
    let done = vault.compact(&mut |_| {
        calls += 1;
        if calls > last {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    (done.unwrap().is_some(), calls)
}

/// Names in the vault's directory.
fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn filled(dir: &Path, last: u64) -> Vault {
    let mut vault = create(dir);
    for n in 1..=last {
        vault.apply(numbered(n)).unwrap();
    }
    vault
}

#[test]
fn all_is_there_afterwards_and_the_vault_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut vault = filled(dir.path(), 7);
    for round in 1..4_u64 {
        let (batches, records) = (vault.batches(), (all(&vault, TABLE), all(&vault, OTHER)));
        compact(&mut vault);
        assert_eq!(vault.batches(), batches + 1, "it counts as a batch");
        assert_eq!((all(&vault, TABLE), all(&vault, OTHER)), records);
        assert_eq!(
            names(dir.path()),
            ["counter", "header", "lock", &format!("store.{round}")]
        );
        drop(vault);
        vault = open_sound(dir.path());
        assert_eq!((all(&vault, TABLE), all(&vault, OTHER)), records);
        for n in last_whole(&vault) + 1..=7 + round * 4 {
            vault.apply(numbered(n)).unwrap();
        }
        drop(vault);
        vault = open_sound(dir.path());
        assert_eq!(last_whole(&vault), 7 + round * 4);
    }
}

#[test]
fn who_stops_it_finds_the_vault_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let mut vault = filled(dir.path(), 5);
    let mut stops = 0;
    loop {
        let (done, calls) = compact_until(&mut vault, stops);
        if done {
            assert!(calls > stops, "what is said after the commit asks nobody");
            break;
        }
        assert_eq!(calls, stops + 1);
        assert_eq!(last_whole(&vault), 5);
        assert_eq!(names(dir.path()), ["counter", "header", "lock", "store"]);
        stops += 1;
    }
    // Begin, at least two pages, three pieces, then chunks, root, check and commit.
    assert!(stops >= 9, "{stops}");
    vault.apply(numbered(6)).unwrap();
    drop(vault);
    assert_eq!(last_whole(&open_sound(dir.path())), 6);
}

#[test]
fn killed_before_any_of_its_writes_the_vault_is_the_old_one_or_the_new_one() {
    let dir = tempfile::tempdir().unwrap();
    let mut vault = filled(dir.path(), 5);
    let (mut last, mut batches) = (5, vault.batches());
    drop(vault);
    let (mut at, mut kept, mut taken) = (0, 0, 0);
    loop {
        let status = child("child_compacts_until_it_is_killed", dir.path())
            .env(AT, at.to_string())
            .status()
            .unwrap();
        vault = open_sound(dir.path());
        assert_eq!(last_whole(&vault), last, "killed at {at}");
        let generations = names(dir.path())
            .iter()
            .filter(|name| name.starts_with("store"))
            .count();
        assert_eq!(generations, 1, "opening clears the remains away");
        match vault.batches() - batches {
            0 => kept += 1,
            1 => taken += 1,
            more => panic!("{more} batches by one compaction"),
        }
        // It goes on from whatever is there, with a burning every second time.
        last += 1;
        vault.apply(numbered(last)).unwrap();
        batches = vault.batches();
        drop(vault);
        if status.success() {
            break;
        }
        assert_eq!(status.signal(), Some(9));
        at += 1;
    }
    assert!(kept >= 9 && taken == 4, "{kept} old, {taken} new");
}

#[test]
#[ignore = "runs as the child process of the test above"]
fn child_compacts_until_it_is_killed() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let last: usize = std::env::var(AT).unwrap().parse().unwrap();
    let mut vault = open_sound(Path::new(&dir));
    let mut calls = 0;
    let mut watch = |_| {
        if calls == last {
            // As `kill -9` would.
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL).unwrap();
        }
        calls += 1;
        ControlFlow::Continue(())
    };
    vault.compact(&mut watch).unwrap().unwrap();
}

#[test]
fn the_lock_is_held_throughout() {
    let dir = tempfile::tempdir().unwrap();
    let mut vault = filled(dir.path(), 2);
    let mut asked = 0;
    vault
        .compact(&mut |at| {
            if at != Compacting::Chunk {
                asked += 1;
                assert!(
                    matches!(Vault::open(dir.path(), PASSPHRASE), Err(OpenError::InUse)),
                    "{at:?}"
                );
            }
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(asked, 8);
}

/// Before, in the middle and after: neither the generation of before nor the one of after, with today's header and the
/// passphrase, gives what was burnt.
#[test]
fn what_was_burnt_stays_burnt_whichever_generation_is_put_back() {
    let dir = tempfile::tempdir().unwrap();
    let old = tempfile::tempdir().unwrap();
    let mut vault = create(dir.path());
    vault
        .apply(batch(|b| {
            b.put_for(vote(), TABLE, *b"secret", *b"short");
            b.put_for(vote(), OTHER, *b"secret", vec![5; 20_000]);
            b.put(TABLE, *b"ordinary", *b"kept");
        }))
        .unwrap();
    drop(vault);
    copy(&dir.path().join("store"), &old.path().join("store"));
    let mut vault = open_sound(dir.path());
    compact(&mut vault);
    drop(vault);
    copy(&dir.path().join("store.1"), &old.path().join("store.1"));
    let mut vault = open_sound(dir.path());
    assert_eq!(value(&vault, b"secret"), Some(b"short".to_vec()));
    vault.apply(batch(|b| b.burn(vote()))).unwrap();
    assert_eq!(value(&vault, b"secret"), None);
    compact(&mut vault);
    drop(vault);

    for name in ["store", "store.1"] {
        for there in names(dir.path()).iter().filter(|name| name.starts_with("store")) {
            fs::remove_dir_all(dir.path().join(there)).unwrap();
        }
        copy(&old.path().join(name), &dir.path().join(name));
        let opened = open(dir.path());
        assert!(opened.rolled_back, "{name}");
        let mut vault = opened.vault;
        for (table, word) in [(TABLE, "sample"), (OTHER, "other")] {
            let burnt = vault.get(table, b"secret").unwrap_err();
            assert_eq!(burnt, StoreError::Damaged { table: word });
        }
        assert_eq!(value(&vault, b"ordinary"), Some(b"kept".to_vec()));
        let done = vault.compact(&mut |_| ControlFlow::Continue(())).unwrap();
        assert_eq!(done, None, "a store that was put back is left as it is");
    }
}

/// An index of the chunks that is cut short, a chunk that is flipped: errors, and nothing that is said to be absent.
#[test]
fn damage_to_the_cold_chunks_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut vault = filled(dir.path(), 3);
    compact(&mut vault);
    drop(vault);
    let cold = dir.path().join("store.1").join("cold");
    let whole = fs::read(&cold).unwrap();
    let chunks = whole.len() / 4128;
    assert!(chunks >= 4);
    for chunk in 0..chunks {
        for at in [chunk * 4096 + 2000, chunks * 4096 + chunk * 32 + 5] {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            fs::write(&cold, &bytes).unwrap();
            let opened = open(dir.path());
            let mut vault = opened.vault;
            let told = !opened.damaged.is_empty() || vault.get(TABLE, b"long").is_err();
            assert!(told, "byte {at}");
            assert!(
                !matches!(vault.compact(&mut |_| ControlFlow::Continue(())), Ok(Some(_))),
                "byte {at}: nothing is compacted over damage"
            );
        }
    }
    fs::write(&cold, &whole[..whole.len() - 1]).unwrap();
    assert!(matches!(
        Vault::open(dir.path(), PASSPHRASE),
        Err(OpenError::Damaged { table: "store" })
    ));
    fs::write(&cold, &whole).unwrap();
    open_sound(dir.path());
}

#[test]
fn a_compacted_vault_without_a_header_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let mut vault = filled(dir.path(), 1);
    compact(&mut vault);
    drop(vault);
    fs::remove_file(dir.path().join("header")).unwrap();
    let again = Vault::create(dir.path(), PASSPHRASE, vault::Params::testing());
    assert!(matches!(again, Err(vault::CreateError::Exists)));
    assert!(dir.path().join("store.1").join("cold").exists());
}

#[test]
fn it_is_due_when_the_disk_holds_twice_what_is_alive_and_16_mib_more() {
    let mib = |mib: u64| mib << 20;
    let usage = |live, disk| Usage { live, disk };
    assert!(!usage(0, mib(16)).is_wasteful());
    assert!(usage(0, mib(16) + 1).is_wasteful());
    assert!(!usage(mib(100), mib(200)).is_wasteful());
    assert!(usage(mib(100), mib(200) + 1).is_wasteful());
    let dir = tempfile::tempdir().unwrap();
    let mut vault = filled(dir.path(), 1);
    let done = vault
        .compact_if_wasteful(&mut |_| ControlFlow::Continue(()))
        .unwrap();
    assert_eq!(done, None);
}

/// As the client writes: many records of some hundred bytes, in batches, and a few that are written again and again.
#[test]
fn afterwards_the_disk_holds_less_than_twice_what_is_alive() {
    let dir = tempfile::tempdir().unwrap();
    let mut vault = create(dir.path());
    let empty = vault.usage().unwrap().disk;
    let mut live = 0;
    for page in 0..40_u8 {
        let purpose = Purpose::burnable([b'p', page]);
        vault
            .apply(batch(|b| {
                for number in 0..64_u8 {
                    let key = [[page, number].as_slice(), &[0; 38]].concat();
                    let value = vec![1; 200 + usize::from(number.wrapping_mul(37))];
                    live += key.len() + value.len();
                    b.put_for(purpose.clone(), TABLE, key, value);
                }
                b.put(OTHER, *b"again", vec![page; 20_000]);
            }))
            .unwrap();
    }
    let live = live as u64 + 20_005;
    let before = vault.usage().unwrap().disk - empty;
    let after = compact(&mut vault).after - empty;
    assert!(
        before > 2 * live && after < live * 3 / 2,
        "live {live}, before {before}, after {after}"
    );
    // All that can be burnt goes: so does its place.
    vault
        .apply(batch(|b| {
            (0..40_u8).for_each(|page| b.burn(Purpose::burnable([b'p', page])))
        }))
        .unwrap();
    let left = compact(&mut vault).after - empty;
    assert!(left < 40_000, "{left}");
    drop(vault);
    assert_eq!(all(&open_sound(dir.path()), OTHER).len(), 1);
}

/// What the model's history does.
#[derive(Debug, Clone)]
enum Act {
    Put { key: u8, len: usize, purpose: u8 },
    Delete { key: u8 },
    Burn { purpose: u8 },
    Compact,
    Stop { after: usize },
    Reopen,
}

fn act() -> impl Strategy<Value = Act> {
    let len = prop_oneof![0..300_usize, 1_900..2_100_usize, 4_000..13_000_usize];
    prop_oneof![
        8 => (0..12_u8, len, 0..4_u8).prop_map(|(key, len, purpose)| Act::Put { key, len, purpose }),
        2 => (0..12_u8).prop_map(|key| Act::Delete { key }),
        1 => (1..4_u8).prop_map(|purpose| Act::Burn { purpose }),
        2 => Just(Act::Compact),
        1 => (0..20_usize).prop_map(|after| Act::Stop { after }),
        2 => Just(Act::Reopen),
    ]
}

fn change(act: &Act, filling: u8) -> Option<Batch> {
    let of = |purpose: u8| match purpose {
        0 => Purpose::ORDINARY,
        named => Purpose::burnable([named]),
    };
    let table = |key: u8| if key.is_multiple_of(3) { OTHER } else { TABLE };
    Some(batch(|b| match *act {
        Act::Put { key, len, purpose } => b.put_for(of(purpose), table(key), [key], vec![filling; len]),
        Act::Delete { key } => b.delete(table(key), [key]),
        Act::Burn { purpose } => b.burn(of(purpose)),
        Act::Compact | Act::Stop { .. } | Act::Reopen => {}
    }))
    .filter(|batch| !batch.is_empty())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_vault_compacted_at_any_time_answers_as_one_that_never_is(acts in prop::collection::vec(act(), 1..40)) {
        let dir = tempfile::tempdir().unwrap();
        let (mut vault, mut model) = (create(dir.path()), MemoryStore::new());
        for (act, filling) in acts.iter().zip(0..) {
            if let Some(changes) = change(act, filling) {
                vault.apply(changes).unwrap();
                model.apply(change(act, filling).unwrap()).unwrap();
            }
            match act {
                Act::Compact => drop(compact(&mut vault)),
                Act::Stop { after } => drop(compact_until(&mut vault, *after)),
                Act::Reopen => {
                    drop(vault);
                    vault = open_sound(dir.path());
                }
                Act::Put { .. } | Act::Delete { .. } | Act::Burn { .. } => {}
            }
            prop_assert_eq!(all(&vault, TABLE), all(&model, TABLE));
            prop_assert_eq!(all(&vault, OTHER), all(&model, OTHER));
        }
        drop(vault);
        let vault = open_sound(dir.path());
        prop_assert_eq!(all(&vault, TABLE), all(&model, TABLE));
        prop_assert_eq!(all(&vault, OTHER), all(&model, OTHER));
    }
}
