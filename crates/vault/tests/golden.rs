//! Vaults that earlier programs wrote, opened by this one (tests/golden/vault/README.md).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test says so by failing"
)]

mod common;

use common::*;
use minicbor::bytes::ByteVec;
use primitives::store::MemoryStore;
use primitives::{Batch, Purpose, Store, Table};
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// The newest version of the format: what [`write_golden_files_of_the_newest_version`] writes.
const NEWEST: u32 = 2;
/// Zeros in blocks of so many bytes are left out.
const BLOCK: usize = 512;

/// A file of a vault: its path, its length, and its blocks that are not zero with their numbers.
type Packed = (String, u64, Vec<(u64, ByteVec)>);

fn folder(version: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../tests/golden/vault/v{version}"))
}

/// Everything that a vault can hold: records of every length under every kind of purpose, replaced, deleted and burnt.
fn history() -> Vec<Batch> {
    let purpose = |n: u8| Purpose::burnable([b'p', n]);
    let third = Table("third");
    let lengths = [0, 1, 300, 2_048, 2_049, 4_047, 8_000, 9_000];
    let mut batches: Vec<Batch> = (0..2_u8)
        .map(|n| {
            batch(|b| {
                for (key, len) in (0_u8..).zip(lengths) {
                    b.put(TABLE, [n, key], vec![n; len / 8]);
                    b.put_for(purpose(n), OTHER, [n, key], vec![n; len / 4]);
                }
                b.put(third, *b"again", vec![n; lengths[4 + usize::from(n)]]);
                b.put_for(
                    purpose(0),
                    third,
                    *b"burnable again",
                    vec![n; lengths[4 + usize::from(n)]],
                );
            })
        })
        .collect();
    batches.push(batch(|b| {
        b.delete(TABLE, [1, 1]);
        b.delete(TABLE, [1, 7]);
        b.burn(purpose(1));
        b.put_for(purpose(1), OTHER, *b"after", *b"under a fresh key");
    }));
    batches
}

/// The vault of a version in `dir`: since the second it is compacted in the middle of its history, and once more before
/// the last batch, so that there is something cold, something hot, and something in both.
fn write(dir: &Path) {
    let mut vault = create(dir);
    let last = history().len() - 1;
    for (n, batch) in history().into_iter().enumerate() {
        if n == 1 || n == last {
            vault
                .compact(&mut |_| ControlFlow::Continue(()))
                .unwrap()
                .unwrap();
        }
        vault.apply(batch).unwrap();
    }
}

fn pack(dir: &Path, below: &str, packed: &mut Vec<Packed>) {
    let mut names: Vec<_> = fs::read_dir(dir.join(below))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    for name in names {
        let path = if below.is_empty() {
            name
        } else {
            format!("{below}/{name}")
        };
        if dir.join(&path).is_dir() {
            pack(dir, &path, packed);
            continue;
        }
        let bytes = fs::read(dir.join(&path)).unwrap();
        let blocks = (0_u64..).zip(bytes.chunks(BLOCK));
        let blocks = blocks.filter(|(_, block)| block.iter().any(|byte| *byte != 0));
        let blocks = blocks
            .map(|(at, block)| (at, ByteVec::from(block.to_vec())))
            .collect();
        packed.push((path, bytes.len() as u64, blocks));
    }
}

fn unpack(packed: &[u8], dir: &Path) {
    for (path, len, blocks) in minicbor::decode::<Vec<Packed>>(packed).unwrap() {
        let mut bytes = vec![0; usize::try_from(len).unwrap()];
        for (at, block) in blocks {
            let at = usize::try_from(at).unwrap() * BLOCK;
            bytes[at..at + block.len()].copy_from_slice(&block);
        }
        fs::create_dir_all(dir.join(&path).parent().unwrap()).unwrap();
        fs::write(dir.join(&path), bytes).unwrap();
    }
}

#[test]
fn vaults_of_every_version_are_read_written_and_compacted() {
    for version in 1..=NEWEST {
        let dir = tempfile::tempdir().unwrap();
        unpack(&fs::read(folder(version).join("vault.cbor")).unwrap(), dir.path());
        let mut vault = open_sound(dir.path());
        let mut expected = MemoryStore::new();
        for batch in history() {
            expected.apply(batch).unwrap();
        }
        for round in 0..3_u8 {
            for table in [TABLE, OTHER, Table("third")] {
                assert_eq!(
                    all(&vault, table),
                    all(&expected, table),
                    "version {version}, {table:?}"
                );
            }
            vault.apply(put(*b"new", [round])).unwrap();
            expected.apply(put(*b"new", [round])).unwrap();
            if round == 1 {
                vault
                    .compact(&mut |_| ControlFlow::Continue(()))
                    .unwrap()
                    .unwrap();
            }
            drop(vault);
            vault = open_sound(dir.path());
        }
    }
}

#[test]
#[ignore = "writes tests/golden/vault, deliberately: cargo test -p veche-vault --test golden -- --ignored write_golden"]
fn write_golden_files_of_the_newest_version() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path());
    let mut packed = Vec::new();
    pack(dir.path(), "", &mut packed);
    let folder = folder(NEWEST);
    fs::create_dir_all(&folder).unwrap();
    let bytes = minicbor::to_vec(&packed).unwrap();
    assert!(bytes.len() < 300 << 10, "{} bytes", bytes.len());
    fs::write(folder.join("vault.cbor"), bytes).unwrap();
}
