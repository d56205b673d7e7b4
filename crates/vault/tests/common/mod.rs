//! What the vault's tests share.
#![allow(dead_code, reason = "each test program uses its part")]

use primitives::store::Record;
use primitives::{Batch, Purpose, Store, Table};
use std::path::Path;
use vault::{Opened, Params, Vault};

pub(crate) const TABLE: Table = Table("sample");
pub(crate) const OTHER: Table = Table("other");
pub(crate) const PASSPHRASE: &[u8] = b"correct horse battery staple";

pub(crate) fn create(dir: &Path) -> Vault {
    Vault::create(dir, PASSPHRASE, Params::testing()).unwrap()
}

pub(crate) fn open(dir: &Path) -> Opened {
    Vault::open(dir, PASSPHRASE).unwrap()
}

/// Opens a vault about which nothing is to be told.
pub(crate) fn open_sound(dir: &Path) -> Vault {
    let opened = open(dir);
    assert!(!opened.rolled_back, "reported as rolled back");
    assert!(
        opened.damaged.is_empty(),
        "reported as damaged: {:?}",
        opened.damaged
    );
    opened.vault
}

pub(crate) fn batch(build: impl FnOnce(&mut Batch)) -> Batch {
    let mut batch = Batch::new();
    build(&mut batch);
    batch
}

pub(crate) fn put(key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Batch {
    batch(|b| b.put(TABLE, key, value))
}

pub(crate) fn vote() -> Purpose {
    Purpose::burnable("vote")
}

pub(crate) fn value(store: &impl Store, key: &[u8]) -> Option<Vec<u8>> {
    store.get(TABLE, key).unwrap().map(|value| value.to_vec())
}

pub(crate) fn all(store: &impl Store, table: Table) -> Vec<Record> {
    store.scan(table, b"", b"", usize::MAX).unwrap()
}

/// Copies a directory tree, as a thief or a backup program would.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Puts the copy `from` in the place of `to`.
pub(crate) fn put_back(from: &Path, to: &Path) {
    if to.is_dir() {
        std::fs::remove_dir_all(to).unwrap();
        copy(from, to);
    } else {
        std::fs::copy(from, to).unwrap();
    }
}
