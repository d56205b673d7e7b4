//! An order of the options that anybody can derive and nobody chooses, for what votes do not decide.

use primitives::canonical::hash;
use primitives::{Hash, OpeningId, labels};

use super::OptionIndex;

/// The public order of a vote's options (CNT-10): ascending by `H(label, [opening id, option])`.
///
/// It is known when the vote opens. Whoever opens a vote can try many openings until the order suits them; it decides
/// nothing but ties, and only where the charter says so or the count cannot go on without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicOrder {
    keys: Vec<Hash>,
}

impl PublicOrder {
    /// The order of the options numbered `0..options`.
    #[must_use]
    pub fn new(opening: OpeningId, options: u16) -> Self {
        let keys = (0..options).map(|option| hash(labels::TIE_ORDER, &(opening, option)));
        Self { keys: keys.collect() }
    }

    /// Sorts options; the first one is preferred.
    pub fn sort(&self, options: &mut [OptionIndex]) {
        options.sort_by_key(|option| self.keys.get(option.index()));
    }

    /// The first of some options.
    #[must_use]
    pub fn first(&self, options: &[OptionIndex]) -> Option<OptionIndex> {
        let first = options.iter().min_by_key(|option| self.keys.get(option.index()));
        first.copied()
    }

    /// The last of some options.
    #[must_use]
    pub fn last(&self, options: &[OptionIndex]) -> Option<OptionIndex> {
        let last = options.iter().max_by_key(|option| self.keys.get(option.index()));
        last.copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(opening: u8) -> Vec<u16> {
        let mut options: Vec<_> = OptionIndex::all(8).collect();
        PublicOrder::new(OpeningId::from(Hash::new([opening; 32])), 8).sort(&mut options);
        options.into_iter().map(OptionIndex::number).collect()
    }

    #[test]
    fn cnt_10_the_order_is_the_one_of_the_specification() {
        assert_eq!(sorted(0), [6, 3, 0, 1, 2, 7, 4, 5]);
        assert_ne!(sorted(0), sorted(1));
    }

    #[test]
    fn first_and_last_are_the_ends_of_the_sorted_options() {
        let order = PublicOrder::new(OpeningId::from(Hash::new([3; 32])), 8);
        let mut options: Vec<_> = [6, 1, 4].into_iter().map(OptionIndex::new).collect();
        let (first, last) = (order.first(&options), order.last(&options));
        order.sort(&mut options);
        assert_eq!((first, last), (options.first().copied(), options.last().copied()));
        assert_eq!(order.first(&[]), None);
    }
}
