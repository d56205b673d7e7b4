//! What the vault's tests share.
#![allow(dead_code, reason = "each test program uses its part")]

use primitives::store::Record;
use primitives::{Batch, Purpose, Store, Table};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use vault::{Opened, Params, Vault};

pub(crate) const TABLE: Table = Table("sample");
pub(crate) const OTHER: Table = Table("other");
/// Tells a child process where the vault is.
pub(crate) const DIR: &str = "VECHE_VAULT_TEST_DIR";
/// Records that say the same in each batch of [`numbered`].
pub(crate) const RECORDS: u8 = 8;
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

/// Batch `n` of a history in which each writes the same number everywhere, burns what the one before it wrote, and
/// carries something long.
pub(crate) fn numbered(n: u64) -> Batch {
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
pub(crate) fn last_whole(vault: &Vault) -> u64 {
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

/// Runs an ignored test of this program as a process of its own.
pub(crate) fn spawn(test: &str, dir: &Path) -> Child {
    child(test, dir).spawn().unwrap()
}

/// What [`spawn`] starts.
pub(crate) fn child(test: &str, dir: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env(DIR, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command
}
