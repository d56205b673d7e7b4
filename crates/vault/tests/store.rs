//! One battery over the `Store` port, and the vault against the memory store as its model.

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
use vault::{KEY_BYTES_MAX, Vault};

/// What every store must do, whatever it is made of.
fn battery(store: &mut impl Store) {
    reads_what_was_put(store);
    scans_in_key_order(store);
    keeps_values_of_every_length(store);
    replaces_under_another_purpose(store);
    burns_what_the_batch_does_not_write(store);
    burns_across_tables_and_lengths(store);
    takes_the_last_change_of_a_batch(store);
}

fn clear(store: &mut impl Store) {
    for table in [TABLE, OTHER] {
        let keys = all(store, table);
        store
            .apply(batch(|b| {
                keys.iter().for_each(|(key, _)| b.delete(table, key.clone()))
            }))
            .unwrap();
        assert!(all(store, table).is_empty());
    }
}

fn reads_what_was_put(store: &mut impl Store) {
    assert_eq!(value(store, b"absent"), None);
    store.apply(put(*b"k", *b"v")).unwrap();
    assert_eq!(value(store, b"k"), Some(b"v".to_vec()));
    assert_eq!(store.get(OTHER, b"k").unwrap(), None);
    store.apply(batch(|b| b.delete(TABLE, *b"k"))).unwrap();
    store.apply(batch(|b| b.delete(TABLE, *b"k"))).unwrap();
    assert_eq!(value(store, b"k"), None);
    store.apply(Batch::new()).unwrap();
}

fn scans_in_key_order(store: &mut impl Store) {
    let keys = ["b", "a/2", "a/1", "a/10", "c", "a"];
    store
        .apply(batch(|b| {
            keys.iter()
                .for_each(|key| b.put(TABLE, *key, format!("of {key}")))
        }))
        .unwrap();
    let scan = |prefix: &str, from: &str, limit| -> Vec<String> {
        let found = store
            .scan(TABLE, prefix.as_bytes(), from.as_bytes(), limit)
            .unwrap();
        found
            .into_iter()
            .map(|(key, _)| String::from_utf8(key).unwrap())
            .collect()
    };
    assert_eq!(scan("a/", "", 9), ["a/1", "a/10", "a/2"]);
    assert_eq!(scan("", "a/10", 3), ["a/10", "a/2", "b"]);
    assert_eq!(scan("a", "a/2", 9), ["a/2"]);
    assert_eq!(scan("a", "b", 9), [""; 0]);
    assert_eq!(scan("", "", 0), [""; 0]);
    clear(store);
}

fn keeps_values_of_every_length(store: &mut impl Store) {
    for len in [
        0, 1, 2047, 2048, 2049, 4045, 4046, 4047, 4048, 8092, 8093, 157_000, 1_500_000, 3000, 5,
    ] {
        let filled: Vec<u8> = (0..len)
            .map(|at: u32| (at.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        store.apply(put(*b"grows", filled.clone())).unwrap();
        assert_eq!(value(store, b"grows"), Some(filled));
    }
    clear(store);
}

fn replaces_under_another_purpose(store: &mut impl Store) {
    for len in [5, 9000] {
        store
            .apply(batch(|b| b.put_for(vote(), TABLE, *b"k", vec![1; len])))
            .unwrap();
        store.apply(put(*b"k", vec![2; len])).unwrap();
        store.apply(batch(|b| b.burn(vote()))).unwrap();
        assert_eq!(value(store, b"k"), Some(vec![2; len]));
        store
            .apply(batch(|b| b.put_for(vote(), TABLE, *b"k", vec![3; len])))
            .unwrap();
        store.apply(batch(|b| b.burn(vote()))).unwrap();
        assert_eq!(value(store, b"k"), None);
    }
}

fn burns_what_the_batch_does_not_write(store: &mut impl Store) {
    store
        .apply(batch(|b| {
            b.put_for(vote(), TABLE, *b"old", *b"1");
            b.put(TABLE, *b"other", *b"2");
        }))
        .unwrap();
    store
        .apply(batch(|b| {
            b.put_for(vote(), TABLE, *b"new", *b"3");
            b.burn(vote());
        }))
        .unwrap();
    assert_eq!(value(store, b"old"), None);
    assert_eq!(value(store, b"new"), Some(b"3".to_vec()));
    assert_eq!(value(store, b"other"), Some(b"2".to_vec()));
    store.apply(batch(|b| b.burn(vote()))).unwrap();
    store
        .apply(batch(|b| b.burn(Purpose::burnable("never used"))))
        .unwrap();
    assert_eq!(value(store, b"new"), None);
    clear(store);
}

fn burns_across_tables_and_lengths(store: &mut impl Store) {
    let epoch = |n: u8| Purpose::burnable([b'e', n]);
    for n in 0..4 {
        store
            .apply(batch(|b| {
                b.put_for(epoch(n), TABLE, [n], vec![n; 10]);
                b.put_for(epoch(n), OTHER, [n], vec![n; 20_000]);
                if n > 0 {
                    b.burn(epoch(n - 1));
                }
            }))
            .unwrap();
        assert_eq!((all(store, TABLE).len(), all(store, OTHER).len()), (1, 1));
        assert_eq!(store.get(OTHER, &[n]).unwrap().unwrap().len(), 20_000);
    }
    clear(store);
}

fn takes_the_last_change_of_a_batch(store: &mut impl Store) {
    store
        .apply(batch(|b| {
            b.put(TABLE, *b"k", vec![1; 9000]);
            b.put(TABLE, *b"k", vec![2; 9000]);
            b.delete(TABLE, *b"k");
            b.put(TABLE, *b"k", vec![3; 5000]);
            b.put(TABLE, *b"gone", *b"1");
            b.delete(TABLE, *b"gone");
        }))
        .unwrap();
    assert_eq!(value(store, b"k"), Some(vec![3; 5000]));
    assert_eq!(value(store, b"gone"), None);
    clear(store);
}

#[test]
fn the_memory_store_passes_the_battery() {
    battery(&mut MemoryStore::new());
}

#[test]
fn the_vault_passes_the_battery() {
    let dir = tempfile::tempdir().unwrap();
    let mut vault = create(dir.path());
    battery(&mut vault);
    drop(vault);
    battery(&mut open_sound(dir.path()));
    open_sound(dir.path());
}

#[test]
fn refuses_what_is_beyond_its_limits_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut vault = create(dir.path());
    let misuses = [
        batch(|b| b.put(TABLE, vec![1; KEY_BYTES_MAX + 1], *b"v")),
        batch(|b| b.put(TABLE, *b"", *b"v")),
        batch(|b| b.put(TABLE, *b"k", vec![0; vault::VALUE_BYTES_MAX + 1])),
        batch(|b| b.put_for(Purpose::burnable([b'p'; 65]), TABLE, *b"k", *b"v")),
        batch(|b| b.burn(Purpose::ORDINARY)),
    ];
    for misuse in misuses {
        let mut batch = put(*b"before", *b"v");
        for op in misuse.into_ops() {
            match op {
                primitives::store::Op::Put {
                    table,
                    key,
                    value,
                    purpose,
                } => {
                    batch.put_for(purpose, table, key, value.to_vec());
                }
                primitives::store::Op::Burn(purpose) => batch.burn(purpose),
                primitives::store::Op::Delete { .. } => {}
            }
        }
        assert!(matches!(vault.apply(batch), Err(StoreError::Misuse(_))));
        assert_eq!(value(&vault, b"before"), None);
    }
    vault.apply(put(vec![9; KEY_BYTES_MAX], *b"v")).unwrap();
}

#[test]
fn a_small_change_of_a_long_value_writes_few_chunks() {
    let dir = tempfile::tempdir().unwrap();
    let mut vault = create(dir.path());
    let mut long = vec![7; 400_000];
    vault.apply(put(*b"state", long.clone())).unwrap();
    let before = store_bytes(dir.path());
    long[200_000] = 8;
    vault.apply(put(*b"state", long.clone())).unwrap();
    assert_eq!(value(&vault, b"state"), Some(long));
    assert!(store_bytes(dir.path()).saturating_sub(before) < 1 << 20);
}

fn store_bytes(dir: &std::path::Path) -> u64 {
    std::fs::metadata(dir.join("store/db")).unwrap().len()
}

/// One step of a random history.
#[derive(Debug, Clone)]
enum Change {
    Put {
        key: u8,
        len: usize,
        fill: u8,
        purpose: Option<u8>,
    },
    Delete(u8),
    Burn(u8),
}

fn change() -> impl Strategy<Value = Change> {
    let len = prop_oneof![4 => 0usize..200, 2 => 1500usize..2600, 1 => 3900usize..13_000];
    prop_oneof![
        6 => (any::<u8>(), len, any::<u8>(), proptest::option::of(0u8..5))
            .prop_map(|(key, len, fill, purpose)| Change::Put { key: key % 40, len, fill, purpose }),
        2 => any::<u8>().prop_map(|key| Change::Delete(key % 40)),
        1 => (0u8..5).prop_map(Change::Burn),
    ]
}

fn as_batch(changes: &[Change]) -> Batch {
    batch(|b| {
        for change in changes {
            let purpose = |n: u8| Purpose::burnable([b'p', n]);
            match *change {
                Change::Put {
                    key,
                    len,
                    fill,
                    purpose: of,
                } => {
                    let table = if key % 3 == 0 { OTHER } else { TABLE };
                    b.put_for(
                        of.map_or(Purpose::ORDINARY, purpose),
                        table,
                        [b'k', key],
                        vec![fill; len],
                    );
                }
                Change::Delete(key) => b.delete(if key % 3 == 0 { OTHER } else { TABLE }, [b'k', key]),
                Change::Burn(n) => b.burn(purpose(n)),
            }
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn a_vault_says_what_its_model_says(
        history in proptest::collection::vec((proptest::collection::vec(change(), 1..12), any::<u8>()), 1..14),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut vault = create(dir.path());
        let mut model = MemoryStore::new();
        for (changes, reopen) in history {
            vault.apply(as_batch(&changes)).unwrap();
            model.apply(as_batch(&changes)).unwrap();
            if reopen < 50 {
                drop(vault);
                vault = open_sound(dir.path());
            }
            prop_assert_eq!(all(&vault, TABLE), all(&model, TABLE));
            prop_assert_eq!(all(&vault, OTHER), all(&model, OTHER));
        }
        drop(vault);
        let vault: Vault = open_sound(dir.path());
        prop_assert_eq!(all(&vault, TABLE), all(&model, TABLE));
        prop_assert_eq!(all(&vault, OTHER), all(&model, OTHER));
    }
}
