//! Trees and proofs against RFC 6962 vectors, the `ct-merkle` crate and properties.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the helpers of tests fail like tests"
)]

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use data_encoding::HEXLOWER;
use primitives::{Hash, Time};
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use tlog::{Frontier, MemoryTree, empty_root, leaf_hash, verify_consistency, verify_inclusion};

fn rfc_leaf(bytes: &[u8]) -> Hash {
    Hash::new(
        Sha256::new()
            .chain_update([0])
            .chain_update(bytes)
            .finalize()
            .into(),
    )
}

fn hex(text: &str) -> Hash {
    Hash::new(HEXLOWER.decode(text.as_bytes()).unwrap().try_into().unwrap())
}

/// The eight leaves of the certificate-transparency reference tests, and the roots of their first 1 to 8.
const LEAVES: [&str; 8] = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
];
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn reference_tree() -> MemoryTree {
    let mut tree = MemoryTree::new();
    LEAVES
        .iter()
        .for_each(|leaf| tree.push(rfc_leaf(&HEXLOWER.decode(leaf.as_bytes()).unwrap())));
    tree
}

#[test]
fn the_roots_of_the_reference_tree() {
    assert_eq!(
        empty_root(),
        hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    );
    let tree = reference_tree();
    for (size, root) in (1..).zip(ROOTS) {
        assert_eq!(tree.root_at(size), hex(root), "{size}");
    }
}

#[test]
fn the_proofs_of_the_reference_tree() {
    let tree = reference_tree();
    let paths: [(u64, u64, &[&str]); 3] = [
        (
            0,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            5,
            8,
            &[
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            3,
            &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
        ),
    ];
    for (index, size, path) in paths {
        assert_eq!(
            tree.inclusion(index, size),
            path.iter().map(|node| hex(node)).collect::<Vec<_>>()
        );
    }
    let consistency = [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ];
    assert_eq!(tree.consistency(6, 8), consistency.map(hex));
}

fn tree_of(len: u64) -> MemoryTree {
    let mut tree = MemoryTree::new();
    (0..len).for_each(|i| tree.push(leaf_hash(Time(i), &i.to_be_bytes())));
    tree
}

#[test]
fn every_proof_of_every_small_tree_verifies_and_is_what_ct_merkle_makes() {
    const MAX: u64 = 34;
    let tree = tree_of(MAX);
    let mut theirs = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    for size in 1..=MAX {
        let i = size - 1;
        theirs.push([i.to_be_bytes(), i.to_be_bytes()].concat());
        let root = tree.root_at(size);
        assert_eq!(theirs.root().as_bytes().as_slice(), root.as_bytes());
        for index in 0..size {
            let path = tree.inclusion(index, size);
            let expected = theirs.prove_inclusion(usize::try_from(index).unwrap());
            assert_eq!(flat(&path), expected.as_bytes());
            let leaf = leaf_hash(Time(index), &index.to_be_bytes());
            assert_eq!(verify_inclusion(leaf, index, size, &root, &path), Ok(()));
            assert!(verify_inclusion(leaf, index + 1, size, &root, &path).is_err());
        }
        for old in 0..=size {
            let path = tree.consistency(old, size);
            if old > 0 && old < size {
                let expected = theirs.prove_consistency(usize::try_from(size - old).unwrap());
                assert_eq!(flat(&path), expected.as_bytes());
            }
            assert_eq!(
                verify_consistency(old, &tree.root_at(old), size, &root, &path),
                Ok(())
            );
        }
    }
}

fn flat(path: &[Hash]) -> Vec<u8> {
    path.iter().flat_map(|node| *node.as_bytes()).collect()
}

proptest! {
    #[test]
    fn a_frontier_has_the_root_of_the_whole_tree(len in 0u64..600) {
        let mut frontier = Frontier::new();
        (0..len).for_each(|i| frontier.push(leaf_hash(Time(i), &i.to_be_bytes())));
        prop_assert_eq!(frontier.root(), tree_of(len).root());
        prop_assert_eq!(frontier.size(), len);
    }

    #[test]
    fn no_changed_inclusion_proof_verifies(
        size in 2u64..200, index: prop::sample::Index, at: prop::sample::Index, bit in 0usize..256, how in 0u8..3,
    ) {
        let tree = tree_of(size);
        let index = index.index(usize::try_from(size).unwrap()) as u64;
        let mut path = tree.inclusion(index, size);
        change(&mut path, &at, bit, how);
        let leaf = leaf_hash(Time(index), &index.to_be_bytes());
        prop_assert!(verify_inclusion(leaf, index, size, &tree.root(), &path).is_err());
    }

    #[test]
    fn no_changed_consistency_proof_verifies(
        size in 3u64..200, old: prop::sample::Index, at: prop::sample::Index, bit in 0usize..256, how in 0u8..3,
    ) {
        let tree = tree_of(size);
        let old = old.index(usize::try_from(size - 1).unwrap()) as u64 + 1;
        let mut path = tree.consistency(old, size);
        prop_assume!(!path.is_empty());
        change(&mut path, &at, bit, how);
        prop_assert!(verify_consistency(old, &tree.root_at(old), size, &tree.root(), &path).is_err());
    }

    #[test]
    fn no_proof_makes_two_histories_consistent(
        size in 2u64..100, old: prop::sample::Index, path in prop::collection::vec(any::<[u8; 32]>(), 0..8),
    ) {
        let old = old.index(usize::try_from(size).unwrap()) as u64 + 1;
        let path: Vec<_> = path.into_iter().map(Hash::new).collect();
        let other = Hash::new([0x55; 32]);
        prop_assert!(verify_consistency(old, &other, size, &tree_of(size).root(), &path).is_err());
    }
}

fn change(path: &mut Vec<Hash>, at: &prop::sample::Index, bit: usize, how: u8) {
    let at = at.index(path.len());
    match how {
        0 => {
            let mut bytes = *path[at].as_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            path[at] = Hash::new(bytes);
        }
        1 => drop(path.remove(at)),
        _ => path.insert(at, path[at]),
    }
}
