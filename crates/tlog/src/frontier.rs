//! The right edge of a growing tree: all that is needed to append and to know the root.

use crate::hashing::{empty_root, node_hash};
use minicbor::decode::{Decoder, Error as DecodeError};
use minicbor::{Decode, Encode};
use primitives::Hash;

/// The roots of the complete subtrees of a tree, largest first: one for every set bit of its size.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode)]
#[cbor(array)]
pub struct Frontier {
    #[n(0)]
    size: u64,
    #[n(1)]
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The frontier of the empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many entries the tree has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf hash.
    pub fn push(&mut self, leaf: Hash) {
        self.push_with(leaf, |_, _, _| {});
    }

    /// Appends a leaf hash and tells `complete` every node that it completes, from the leaf upwards, as
    /// (level, index within the level, hash).
    pub fn push_with(&mut self, leaf: Hash, mut complete: impl FnMut(u8, u64, Hash)) {
        let mut index = self.size;
        let mut level = 0u8;
        let mut node = leaf;
        complete(level, index, node);
        while index & 1 == 1 {
            let Some(left) = self.peaks.pop() else { break };
            node = node_hash(&left, &node);
            index >>= 1;
            level = level.saturating_add(1);
            complete(level, index, node);
        }
        self.peaks.push(node);
        self.size = self.size.saturating_add(1);
    }

    /// Appends a complete subtree of `1 << level` leaves; the size must be a multiple of that.
    pub(crate) fn push_subtree(&mut self, level: u8, root: Hash) {
        let mut index = self.size >> level;
        let mut node = root;
        while index & 1 == 1 {
            let Some(left) = self.peaks.pop() else { break };
            node = node_hash(&left, &node);
            index >>= 1;
        }
        self.peaks.push(node);
        self.size = self.size.saturating_add(1 << level);
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else {
            return empty_root();
        };
        peaks.fold(*last, |right, left| node_hash(left, &right))
    }
}

impl<'b, C> Decode<'b, C> for Frontier {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, DecodeError> {
        if d.array()? != Some(2) {
            return Err(DecodeError::message("a frontier has two elements"));
        }
        let size = d.u64()?;
        let peaks = Vec::<Hash>::decode(d, ctx)?;
        if usize::try_from(size.count_ones()).is_ok_and(|ones| ones == peaks.len()) {
            Ok(Self { size, peaks })
        } else {
            Err(DecodeError::message(
                "a frontier has one peak for every set bit of its size",
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use primitives::{Time, decode_canonical, encode};

    #[test]
    fn is_stored_and_loaded() {
        let mut frontier = Frontier::new();
        for i in 0..11 {
            frontier.push(crate::leaf_hash(Time(i), b"x"));
            assert_eq!(
                decode_canonical::<Frontier>(&encode(&frontier)).unwrap(),
                frontier
            );
        }
    }

    #[test]
    fn rejects_a_frontier_with_a_peak_too_few() {
        let bytes = encode(&(3u64, vec![empty_root()]));
        assert!(decode_canonical::<Frontier>(&bytes).is_err());
    }
}
