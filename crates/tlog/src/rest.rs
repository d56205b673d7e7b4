//! The rest of a tree: what lies between two of its sizes, as few hashes as possible.
//!
//! Whoever has the entries from `from` to `to` can compute it, without anything before them; whoever has the frontier at
//! `from` can go on from it to the root at `to`. A consistency proof needs hashes from before `from` as well.
//!
//! ```text
//! from = 5, to = 14:   [5, 6)  [6, 8)  [8, 12)  [12, 14)      the largest subtrees that fit, from left to right
//! ```

use crate::frontier::Frontier;
use crate::tree::HashReader;
use primitives::Hash;

/// The complete subtrees that cover leaves `from..to`, as (level, index within the level), from left to right.
///
/// At most two for every level.
#[must_use]
pub fn rest_subtrees(from: u64, to: u64) -> Vec<(u8, u64)> {
    let mut subtrees = Vec::new();
    let mut at = from;
    while at < to {
        // As large as the place where it begins allows, and no larger than what is left.
        let left = 63u32.saturating_sub(to.saturating_sub(at).leading_zeros());
        let level = at.trailing_zeros().min(left);
        subtrees.push((u8::try_from(level).unwrap_or(u8::MAX), at >> level));
        at = at.saturating_add(1 << level);
    }
    subtrees
}

/// The roots of [`rest_subtrees`].
///
/// # Errors
/// Those of the reader, of which only nodes within `from..to` are asked.
pub fn rest<R: HashReader + ?Sized>(nodes: &R, from: u64, to: u64) -> Result<Vec<Hash>, R::Error> {
    let subtrees = rest_subtrees(from, to);
    subtrees
        .into_iter()
        .map(|(level, index)| nodes.node(level, index))
        .collect()
}

/// The frontier of the first `size` leaves of a tree.
///
/// # Errors
/// Those of the reader.
pub fn frontier_at<R: HashReader + ?Sized>(nodes: &R, size: u64) -> Result<Frontier, R::Error> {
    let mut frontier = Frontier::new();
    for (level, index) in rest_subtrees(0, size) {
        frontier.push_subtree(level, nodes.node(level, index)?);
    }
    Ok(frontier)
}

impl Frontier {
    /// The frontier at size `to`, to which `rest` leads from here; `None` if it is not as many hashes as that takes.
    #[must_use]
    pub fn completed_by(&self, to: u64, rest: &[Hash]) -> Option<Self> {
        let subtrees = rest_subtrees(self.size(), to);
        if to < self.size() || subtrees.len() != rest.len() {
            return None;
        }
        let mut frontier = self.clone();
        for ((level, _), node) in subtrees.iter().zip(rest) {
            frontier.push_subtree(*level, *node);
        }
        Some(frontier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MemoryTree, leaf_hash};
    use primitives::Time;

    fn tree(size: u64) -> MemoryTree {
        let mut tree = MemoryTree::new();
        (0..size).for_each(|i| tree.push(leaf_hash(Time(i), &i.to_be_bytes())));
        tree
    }

    #[test]
    fn covers_a_range_with_the_largest_subtrees() {
        assert_eq!(rest_subtrees(5, 14), [(0, 5), (1, 3), (2, 2), (1, 6)]);
        assert_eq!(rest_subtrees(7, 7), []);
        assert_eq!(rest_subtrees(0, 8), [(3, 0)]);
    }

    #[test]
    fn leads_from_any_size_to_the_root_of_any_larger_one() {
        for to in 0..40u64 {
            let whole = tree(to);
            for from in 0..=to {
                let frontier = frontier_at(&whole, from).unwrap();
                assert_eq!(frontier.root(), tree(from).root());
                let rest = rest(&whole, from, to).unwrap();
                let reached = frontier.completed_by(to, &rest).unwrap();
                assert_eq!((reached.size(), reached.root()), (to, whole.root()));
                let leaves = (from..to).map(|i| leaf_hash(Time(i), &i.to_be_bytes()));
                let mut pushed = frontier;
                leaves.for_each(|leaf| pushed.push(leaf));
                assert_eq!(pushed, reached);
            }
        }
    }

    #[test]
    fn rejects_a_hash_too_few_and_a_smaller_size() {
        let whole = tree(14);
        let frontier = frontier_at(&whole, 5).unwrap();
        let rest = rest(&whole, 5, 14).unwrap();
        assert!(frontier.completed_by(14, &rest[1..]).is_none());
        assert!(frontier.completed_by(4, &[]).is_none());
        let mut other = rest.clone();
        other.swap(0, 1);
        let reached = frontier.completed_by(14, &other).unwrap();
        assert_ne!(reached.root(), whole.root());
    }
}
