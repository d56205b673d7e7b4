//! Making proofs from stored nodes (RFC 6962, sections 2.1.1 and 2.1.2).

use crate::frontier::Frontier;
use crate::hashing::{empty_root, node_hash};
use core::convert::Infallible;
use primitives::Hash;

/// Where the nodes of complete subtrees are kept.
pub trait HashReader {
    /// What can go wrong when reading.
    type Error;

    /// The root of the complete subtree over leaves `index << level` to `(index + 1) << level`.
    ///
    /// # Errors
    /// Whatever keeps the node from being read; a missing node is an error.
    fn node(&self, level: u8, index: u64) -> Result<Hash, Self::Error>;
}

/// The root of the tree over leaves `from..to`, where `from` is a multiple of the smallest power of two that is
/// not below `to - from` (so that the range is a subtree of the log's tree). `0..size` is the log's root.
///
/// Cost: at most one node for every level.
///
/// # Errors
/// Those of the reader.
pub fn subtree_root<R: HashReader + ?Sized>(nodes: &R, from: u64, to: u64) -> Result<Hash, R::Error> {
    let mut peaks = Vec::new();
    let mut at = from;
    while at < to {
        let level = 63u32.saturating_sub(to.saturating_sub(at).leading_zeros());
        peaks.push(nodes.node(level.try_into().unwrap_or(u8::MAX), at >> level)?);
        at = at.saturating_add(1 << level);
    }
    let Some(last) = peaks.pop() else {
        return Ok(empty_root());
    };
    Ok(peaks
        .iter()
        .rev()
        .fold(last, |right, left| node_hash(left, &right)))
}

/// The proof that leaf `index` is in the tree of `size > index` leaves: `PATH(index, D[size])`.
///
/// # Errors
/// Those of the reader.
pub fn inclusion_proof<R: HashReader + ?Sized>(
    nodes: &R,
    index: u64,
    size: u64,
) -> Result<Vec<Hash>, R::Error> {
    let (mut from, mut to) = (0, size);
    let mut path = Vec::new();
    while to.saturating_sub(from) > 1 && index < to {
        let middle = split(from, to);
        if index < middle {
            path.push(subtree_root(nodes, middle, to)?);
            to = middle;
        } else {
            path.push(subtree_root(nodes, from, middle)?);
            from = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The proof that the tree of `old` leaves is a prefix of the tree of `new >= old`: `PROOF(old, D[new])`.
///
/// Empty if `old` is 0 or equal to `new`.
///
/// # Errors
/// Those of the reader.
pub fn consistency_proof<R: HashReader + ?Sized>(
    nodes: &R,
    old: u64,
    new: u64,
) -> Result<Vec<Hash>, R::Error> {
    if old == 0 || old >= new {
        return Ok(Vec::new());
    }
    let (mut from, mut to) = (0, new);
    let mut path = Vec::new();
    while old != to {
        let middle = split(from, to);
        if old <= middle {
            path.push(subtree_root(nodes, middle, to)?);
            to = middle;
        } else {
            path.push(subtree_root(nodes, from, middle)?);
            from = middle;
        }
    }
    if from != 0 {
        path.push(subtree_root(nodes, from, to)?);
    }
    path.reverse();
    Ok(path)
}

/// Where a tree over `from..to` (two leaves or more) divides: `from` plus the largest power of two below its width.
fn split(from: u64, to: u64) -> u64 {
    let below = to.saturating_sub(from).saturating_sub(1).max(1);
    from.saturating_add(1 << 63u32.saturating_sub(below.leading_zeros()))
}

/// A whole tree in memory, for tests, simulation and short logs.
#[derive(Debug, Clone, Default)]
pub struct MemoryTree {
    levels: Vec<Vec<Hash>>,
    frontier: Frontier,
}

impl MemoryTree {
    /// The empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a leaf hash.
    pub fn push(&mut self, leaf: Hash) {
        let levels = &mut self.levels;
        self.frontier.push_with(leaf, |level, _, hash| {
            let level = usize::from(level);
            if levels.len() <= level {
                levels.push(Vec::new());
            }
            if let Some(nodes) = levels.get_mut(level) {
                nodes.push(hash);
            }
        });
    }

    /// How many leaves there are.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// The root over all leaves.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// The root that the tree had when it had `size` leaves; its root now if it never had so many.
    #[must_use]
    pub fn root_at(&self, size: u64) -> Hash {
        infallible(subtree_root(self, 0, size.min(self.size())))
    }

    /// [`inclusion_proof`] of leaf `index` in the tree of `size` leaves.
    #[must_use]
    pub fn inclusion(&self, index: u64, size: u64) -> Vec<Hash> {
        infallible(inclusion_proof(self, index, size.min(self.size())))
    }

    /// [`consistency_proof`] from `old` to `new` leaves.
    #[must_use]
    pub fn consistency(&self, old: u64, new: u64) -> Vec<Hash> {
        infallible(consistency_proof(self, old, new.min(self.size())))
    }
}

impl HashReader for MemoryTree {
    type Error = Infallible;

    fn node(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
        let nodes = self.levels.get(usize::from(level));
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        Ok(nodes
            .and_then(|nodes| nodes.get(index))
            .copied()
            .unwrap_or_else(empty_root))
    }
}

fn infallible<T>(result: Result<T, Infallible>) -> T {
    match result {
        Ok(value) => value,
        Err(never) => match never {},
    }
}
