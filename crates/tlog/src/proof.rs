//! Checking proofs (RFC 9162, sections 2.1.3.2 and 2.1.4.2).

use crate::hashing::{empty_root, node_hash};
use primitives::Hash;

/// A proof that does not prove what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the Merkle proof does not lead to the root")]
pub struct BadProof;

/// Verifies that `leaf` is at `index` of the tree of `size` leaves with this `root`.
///
/// # Errors
/// [`BadProof`].
pub fn verify_inclusion(
    leaf: Hash,
    index: u64,
    size: u64,
    root: &Hash,
    path: &[Hash],
) -> Result<(), BadProof> {
    if index >= size {
        return Err(BadProof);
    }
    let (mut place, mut last) = (index, size.saturating_sub(1));
    let mut node = leaf;
    for sibling in path {
        if last == 0 {
            return Err(BadProof);
        }
        if place & 1 == 1 || place == last {
            node = node_hash(sibling, &node);
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            node = node_hash(&node, sibling);
        }
        place >>= 1;
        last >>= 1;
    }
    if last == 0 && node == *root {
        Ok(())
    } else {
        Err(BadProof)
    }
}

/// Verifies that the tree of `old` leaves with `old_root` is a prefix of the tree of `new` leaves with `new_root`.
///
/// The empty tree is a prefix of every tree, by the empty proof; a tree is a prefix of itself, likewise.
///
/// # Errors
/// [`BadProof`].
pub fn verify_consistency(
    old: u64,
    old_root: &Hash,
    new: u64,
    new_root: &Hash,
    path: &[Hash],
) -> Result<(), BadProof> {
    let holds = |holds: bool| if holds { Ok(()) } else { Err(BadProof) };
    if old > new {
        return Err(BadProof);
    }
    if old == 0 {
        return holds(path.is_empty() && *old_root == empty_root() && (new > 0 || *new_root == empty_root()));
    }
    if old == new {
        return holds(path.is_empty() && old_root == new_root);
    }
    let mut rest = path.iter();
    let first = if old.is_power_of_two() {
        old_root
    } else {
        rest.next().ok_or(BadProof)?
    };
    let (mut place, mut last) = (old.saturating_sub(1), new.saturating_sub(1));
    while place & 1 == 1 {
        place >>= 1;
        last >>= 1;
    }
    let (mut from_old, mut from_new) = (*first, *first);
    for sibling in rest {
        if last == 0 {
            return Err(BadProof);
        }
        if place & 1 == 1 || place == last {
            from_old = node_hash(sibling, &from_old);
            from_new = node_hash(sibling, &from_new);
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            from_new = node_hash(&from_new, sibling);
        }
        place >>= 1;
        last >>= 1;
    }
    holds(last == 0 && from_old == *old_root && from_new == *new_root)
}
