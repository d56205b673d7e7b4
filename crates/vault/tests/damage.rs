//! Torn, flipped, put back, burnt: what a vault says about a disk that is not as it left it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test says so by failing"
)]

mod common;

use common::*;
use primitives::{Store, StoreError};
use std::fs;
use std::path::Path;
use vault::{CreateError, OpenError, Params, Vault};

const SIDE: usize = 4096;

#[test]
fn a_wrong_passphrase_an_empty_slot_and_a_damaged_header_look_the_same() {
    let dir = tempfile::tempdir().unwrap();
    drop(create(dir.path()));
    let wrong = Vault::open(dir.path(), b"wrong").unwrap_err();
    assert!(matches!(wrong, OpenError::WrongPassphrase));
    let header = dir.path().join("header");
    for side in 0..2 {
        flip(&header, side * SIDE + 100);
    }
    let damaged = Vault::open(dir.path(), PASSPHRASE).unwrap_err();
    assert_eq!(damaged.to_string(), wrong.to_string());
}

#[test]
fn says_whether_there_is_a_vault() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(
        Vault::open(&dir.path().join("nowhere"), b"x"),
        Err(OpenError::NoVault)
    ));
    assert!(matches!(Vault::open(dir.path(), b"x"), Err(OpenError::NoVault)));
    drop(create(dir.path()));
    let again = Vault::create(dir.path(), PASSPHRASE, Params::testing());
    assert!(matches!(again, Err(CreateError::Exists)));
}

#[test]
fn a_creation_that_was_cut_short_can_be_done_again_and_a_store_without_a_header_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    drop(create(dir.path()));
    fs::rename(dir.path().join("header"), dir.path().join("header.new")).unwrap();
    drop(create(dir.path()));
    open_sound(dir.path());
    fs::remove_file(dir.path().join("header")).unwrap();
    let again = Vault::create(dir.path(), PASSPHRASE, Params::testing());
    assert!(matches!(again, Err(CreateError::Exists)));
}

#[test]
fn either_side_of_the_header_may_be_torn() {
    let dir = tempfile::tempdir().unwrap();
    let mut vault = create(dir.path());
    for round in 0..6_u8 {
        vault
            .apply(batch(|b| {
                b.burn(vote());
                b.put_for(vote(), TABLE, *b"k", [round]);
            }))
            .unwrap();
        drop(vault);
        tear(
            &dir.path().join("header"),
            usize::from(round % 2) * SIDE,
            700 + usize::from(round),
        );
        vault = open_sound(dir.path());
        assert_eq!(value(&vault, b"k"), Some(vec![round]));
        let header = fs::read(dir.path().join("header")).unwrap();
        assert_eq!(header[..SIDE], header[SIDE..], "opening mends the torn side");
    }
}

#[test]
fn a_short_header_does_not_open_and_does_not_crash() {
    let dir = tempfile::tempdir().unwrap();
    drop(create(dir.path()));
    let header = dir.path().join("header");
    let whole = fs::read(&header).unwrap();
    fs::write(&header, &whole[..SIDE]).unwrap();
    open_sound(dir.path());
    fs::write(&header, &whole[..SIDE - 1]).unwrap();
    assert!(matches!(
        Vault::open(dir.path(), PASSPHRASE),
        Err(OpenError::WrongPassphrase)
    ));
}

/// The promise of burning: old blocks of the store, the header of today and the passphrase do not give the value.
#[test]
fn what_was_burnt_stays_burnt_when_the_store_is_put_back() {
    let dir = tempfile::tempdir().unwrap();
    let old = tempfile::tempdir().unwrap();
    let store = dir.path().join("store");
    let mut vault = create(dir.path());
    vault
        .apply(batch(|b| {
            b.put_for(vote(), TABLE, *b"secret", *b"short");
            b.put_for(vote(), OTHER, *b"secret", vec![5; 20_000]);
            b.put(TABLE, *b"ordinary", *b"kept");
        }))
        .unwrap();
    drop(vault);
    copy(&store, old.path());

    let mut vault = open_sound(dir.path());
    assert_eq!(value(&vault, b"secret"), Some(b"short".to_vec()));
    vault.apply(batch(|b| b.burn(vote()))).unwrap();
    drop(vault);
    put_back(old.path(), &store);

    let opened = open(dir.path());
    assert!(opened.rolled_back);
    let mut vault = opened.vault;
    assert_eq!(
        vault.get(TABLE, b"secret").unwrap_err(),
        StoreError::Damaged { table: "sample" }
    );
    assert_eq!(
        vault.get(OTHER, b"secret").unwrap_err(),
        StoreError::Damaged { table: "other" }
    );
    assert_eq!(value(&vault, b"ordinary"), Some(b"kept".to_vec()));

    vault
        .apply(batch(|b| b.put_for(vote(), TABLE, *b"secret", *b"anew")))
        .unwrap();
    vault.apply(batch(|b| b.delete(OTHER, *b"secret"))).unwrap();
    drop(vault);
    assert_eq!(value(&open_sound(dir.path()), b"secret"), Some(b"anew".to_vec()));
}

/// The other way round: an old header opens nothing that was sealed after a burning that it does not know.
#[test]
fn a_header_that_was_put_back_is_reported() {
    let dir = tempfile::tempdir().unwrap();
    let old = tempfile::tempdir().unwrap();
    let mut vault = create(dir.path());
    fs::copy(dir.path().join("header"), old.path().join("header")).unwrap();
    for _ in 0..3 {
        vault
            .apply(batch(|b| {
                b.burn(vote());
                b.put_for(vote(), TABLE, *b"k", *b"v");
                b.put(TABLE, *b"ordinary", *b"kept");
            }))
            .unwrap();
    }
    drop(vault);
    put_back(&old.path().join("header"), &dir.path().join("header"));
    let opened = open(dir.path());
    assert!(opened.rolled_back);
    assert!(opened.vault.get(TABLE, b"k").is_err());
    assert_eq!(value(&opened.vault, b"ordinary"), Some(b"kept".to_vec()));
    let mut vault = opened.vault;
    vault
        .apply(batch(|b| b.put_for(vote(), TABLE, *b"k", *b"w")))
        .unwrap();
    drop(vault);
    assert_eq!(value(&open_sound(dir.path()), b"k"), Some(b"w".to_vec()));
}

#[test]
fn an_older_store_is_reported_once() {
    let dir = tempfile::tempdir().unwrap();
    let old = tempfile::tempdir().unwrap();
    let store = dir.path().join("store");
    let mut vault = create(dir.path());
    vault.apply(put(*b"k", *b"1")).unwrap();
    drop(vault);
    copy(&store, old.path());
    let mut vault = open_sound(dir.path());
    vault.apply(put(*b"k", *b"2")).unwrap();
    drop(vault);
    put_back(old.path(), &store);
    let opened = open(dir.path());
    assert!(opened.rolled_back);
    assert_eq!(value(&opened.vault, b"k"), Some(b"1".to_vec()));
    let mut vault = opened.vault;
    vault.apply(put(*b"k", *b"3")).unwrap();
    drop(vault);
    assert_eq!(value(&open_sound(dir.path()), b"k"), Some(b"3".to_vec()));
}

#[test]
fn a_lost_counter_file_is_no_reason_for_alarm() {
    let dir = tempfile::tempdir().unwrap();
    let mut vault = create(dir.path());
    vault.apply(put(*b"k", *b"1")).unwrap();
    drop(vault);
    fs::remove_file(dir.path().join("counter")).unwrap();
    let mut vault = open_sound(dir.path());
    vault.apply(put(*b"k", *b"2")).unwrap();
    drop(vault);
    open_sound(dir.path());
}

#[test]
fn a_missing_store_is_damage_and_not_an_empty_vault() {
    let dir = tempfile::tempdir().unwrap();
    drop(create(dir.path()));
    fs::remove_dir_all(dir.path().join("store")).unwrap();
    assert!(matches!(
        Vault::open(dir.path(), PASSPHRASE),
        Err(OpenError::Damaged { table: "store" })
    ));
    fs::create_dir(dir.path().join("store")).unwrap();
    assert!(matches!(
        Vault::open(dir.path(), PASSPHRASE),
        Err(OpenError::Damaged { table: "root" })
    ));
}

/// Bytes are flipped all over the store's file; whatever sled makes of that, nobody is told a wrong value and
/// nothing is silently missing.
#[test]
fn flipped_bytes_are_never_a_wrong_answer() {
    let dir = tempfile::tempdir().unwrap();
    let mut vault = create(dir.path());
    let long = vec![7_u8; 30_000];
    vault
        .apply(batch(|b| {
            (0..60_u8).for_each(|n| b.put(TABLE, [b'k', n], vec![n; 300]));
            b.put(OTHER, *b"long", long.clone());
            b.put_for(vote(), OTHER, *b"secret", *b"value");
        }))
        .unwrap();
    drop(vault);
    let sound = tempfile::tempdir().unwrap();
    copy(dir.path(), sound.path());
    let written = fs::metadata(dir.path().join("store/db")).unwrap().len() as usize;
    let (mut noticed, mut unharmed) = (0, 0);
    for at in (64..written.min(300_000)).step_by(17_389) {
        put_back(&sound.path().join("store"), &dir.path().join("store"));
        flip(&dir.path().join("store/db"), at);
        let Ok(opened) = Vault::open(dir.path(), PASSPHRASE) else {
            noticed += 1;
            continue;
        };
        let told = opened.rolled_back || !opened.damaged.is_empty();
        let right = |found: Result<Option<_>, StoreError>, expected: &[u8]| match found {
            Ok(Some(value)) => {
                let value: zeroize::Zeroizing<Vec<u8>> = value;
                assert_eq!(value.as_slice(), expected);
                true
            }
            Ok(None) => {
                assert!(told, "missing without a word");
                false
            }
            Err(error) => {
                assert!(matches!(error, StoreError::Damaged { .. }));
                false
            }
        };
        let mut whole = right(opened.vault.get(OTHER, b"long"), &long);
        whole &= right(opened.vault.get(OTHER, b"secret"), b"value");
        for n in 0..60_u8 {
            whole &= right(opened.vault.get(TABLE, &[b'k', n]), &[n; 300]);
        }
        if whole && !told {
            unharmed += 1
        } else {
            noticed += 1
        }
    }
    assert!(noticed > 0, "noticed {noticed}, unharmed {unharmed}");
}

#[test]
fn a_chunk_from_another_place_or_of_another_vault_is_damage_that_names_the_table() {
    let dir = tempfile::tempdir().unwrap();
    let mut vault = create(dir.path());
    vault
        .apply(batch(|b| {
            b.put(TABLE, *b"k", *b"v");
            b.put(OTHER, *b"k", *b"v");
        }))
        .unwrap();
    drop(vault);
    let sound = tempfile::tempdir().unwrap();
    copy(dir.path(), sound.path());
    let names: Vec<_> = {
        let chunks = sled::open(dir.path().join("store")).unwrap();
        chunks.iter().map(|chunk| chunk.unwrap().0).collect()
    };
    let mut damaged_tables = Vec::new();
    for name in names {
        put_back(&sound.path().join("store"), &dir.path().join("store"));
        let chunks = sled::open(dir.path().join("store")).unwrap();
        let mut chunk = chunks.get(&name).unwrap().unwrap().to_vec();
        assert_eq!((name.len(), chunk.len()), (32, 4096));
        chunk[2000] ^= 1;
        chunks.insert(&name, chunk).unwrap();
        chunks.flush().unwrap();
        drop(chunks);
        match Vault::open(dir.path(), PASSPHRASE) {
            Err(error) => assert!(matches!(error, OpenError::Damaged { table: "root" })),
            Ok(mut opened) => {
                damaged_tables.extend(opened.damaged.clone());
                for table in [TABLE, OTHER] {
                    let damaged = opened.damaged.contains(&table.0.to_owned());
                    let expected = Err(StoreError::Damaged { table: table.0 });
                    if damaged {
                        assert_eq!(opened.vault.get(table, b"k"), expected);
                        assert_eq!(opened.vault.get(table, b"absent"), expected);
                        assert!(opened.vault.scan(table, b"", b"", 9).is_err());
                        assert!(opened.vault.apply(batch(|b| b.put(table, *b"k", *b"w"))).is_err());
                    } else {
                        assert!(opened.vault.get(table, b"k").unwrap().is_some());
                    }
                }
            }
        }
    }
    damaged_tables.sort();
    assert_eq!(damaged_tables, ["other", "sample"]);
}

fn flip(file: &Path, at: usize) {
    let mut bytes = fs::read(file).unwrap();
    bytes[at] ^= 0x20;
    fs::write(file, bytes).unwrap();
}

/// As an overwrite that reached the disk only from `from` on.
fn tear(file: &Path, side: usize, from: usize) {
    let mut bytes = fs::read(file).unwrap();
    bytes[side + from..side + SIDE]
        .iter_mut()
        .for_each(|byte| *byte = byte.wrapping_add(1));
    fs::write(file, bytes).unwrap();
}
