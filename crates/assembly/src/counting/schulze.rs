//! Schulze's method for one winner, over rankings in which options may be equal.
//!
//! Source: M. Schulze, "A new monotonic, clone-independent, reversal symmetric, and Condorcet-consistent single-winner
//! election method", Social Choice and Welfare 36 (2011), with strength by winning votes.

use super::{OptionIndex, Outcome, PublicOrder, Ranking, Spoilt, Ties, Turnout, WeakOrder};

/// The count of a ranked vote: who is preferred to whom, by how many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchulzeCount {
    form: WeakOrder,
    /// Row i, column j: ballots that rank i above j.
    preferred: Vec<Vec<u32>>,
    turnout: Turnout,
}

/// The result of the method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchulzeResult {
    /// All options in classes: first those that nobody beats, then those that nobody of the rest beats, and so on.
    pub classes: Vec<Vec<OptionIndex>>,
    /// Who is elected: the only option of the first class.
    pub outcome: Outcome,
}

/// How strong a path is (CNT-11): more winning votes are stronger, then fewer against; no path is weakest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Strength(u64);

impl Strength {
    const NONE: Self = Self(0);

    /// The strength of a direct win, and none if it is not a win.
    fn direct(votes: u32, against: u32) -> Self {
        if votes > against {
            Self((u64::from(votes) << 32) | u64::from(u32::MAX - against))
        } else {
            Self::NONE
        }
    }
}

impl SchulzeCount {
    /// An empty count.
    #[must_use]
    pub fn new(form: WeakOrder) -> Self {
        let options = usize::from(form.options());
        Self {
            form,
            preferred: vec![vec![0; options]; options],
            turnout: Turnout::default(),
        }
    }

    /// Counts an opened ballot. A spoilt one takes part in the quorum and in nothing else.
    ///
    /// # Errors
    /// [`Spoilt`] with the rule that the plaintext breaks; it has been counted as spoilt.
    pub fn add(&mut self, plaintext: &[u8]) -> Result<(), Spoilt> {
        self.add_times(plaintext, 1)
    }

    /// Counts `times` equal ballots. Cost: the square of the number of options.
    ///
    /// # Errors
    /// As [`Self::add`].
    pub fn add_times(&mut self, plaintext: &[u8], times: u32) -> Result<(), Spoilt> {
        let ranked = self.form.read(plaintext).map(Ranking::unless_blank);
        if let Some(ranking) = self.turnout.take(ranked, times)? {
            self.prefer(&ranking, times);
        }
        Ok(())
    }

    fn prefer(&mut self, ranking: &Ranking, times: u32) {
        let is_above = |one: u8, other: u8| one != 0 && (other == 0 || one < other);
        for (row, above) in self.preferred.iter_mut().zip(ranking.ranks()) {
            for (votes, below) in row.iter_mut().zip(ranking.ranks()) {
                if is_above(*above, *below) {
                    *votes = votes.saturating_add(times);
                }
            }
        }
    }

    /// How many ballots rank the row's option above the column's.
    #[must_use]
    pub fn preferred(&self) -> &[Vec<u32>] {
        &self.preferred
    }

    /// How many ballots there are.
    #[must_use]
    pub const fn turnout(&self) -> Turnout {
        self.turnout
    }

    /// Applies the method. A tie of several unbeaten options as `ties` says; without a valid ballot nobody is elected.
    ///
    /// Cost: the third power of the number of options.
    #[must_use]
    pub fn result(&self, order: &PublicOrder, ties: Ties) -> SchulzeResult {
        let classes = classes(&self.strongest_paths());
        let mut outcome = Outcome::default();
        if self.turnout.valid > 0
            && let Some(first) = classes.first()
        {
            match first.as_slice() {
                [winner] => outcome.elected.push(*winner),
                tied => outcome.settle(tied.to_vec(), 1, order, ties),
            }
        }
        SchulzeResult { classes, outcome }
    }

    /// The strongest path from each option to each other (Floyd and Warshall; the option passed through is the outer loop).
    fn strongest_paths(&self) -> Vec<Vec<Strength>> {
        let mut paths: Vec<Vec<Strength>> = (0..self.preferred.len())
            .map(|from| self.direct_wins(from))
            .collect();
        for via in 0..paths.len() {
            let onwards = paths.get(via).cloned().unwrap_or_default();
            for row in &mut paths {
                let to_via = row.get(via).copied().unwrap_or(Strength::NONE);
                for (path, onward) in row.iter_mut().zip(&onwards) {
                    *path = (*path).max(to_via.min(*onward));
                }
            }
        }
        paths
    }

    fn direct_wins(&self, from: usize) -> Vec<Strength> {
        let votes = self.preferred.get(from).into_iter().flatten();
        let against = self
            .preferred
            .iter()
            .map(|row| row.get(from).copied().unwrap_or_default());
        votes
            .zip(against)
            .map(|(votes, against)| Strength::direct(*votes, against))
            .collect()
    }
}

/// The options by class: again and again those that no remaining one beats.
fn classes(paths: &[Vec<Strength>]) -> Vec<Vec<OptionIndex>> {
    let path = |from: OptionIndex, to: OptionIndex| {
        let row = paths.get(from.index());
        row.and_then(|row| row.get(to.index()).copied())
            .unwrap_or(Strength::NONE)
    };
    let beats = |one: OptionIndex, other: OptionIndex| path(one, other) > path(other, one);
    let mut remaining: Vec<OptionIndex> = OptionIndex::all(paths.len()).collect();
    let mut classes = Vec::new();
    while !remaining.is_empty() {
        let (beaten, unbeaten): (Vec<_>, Vec<_>) = remaining
            .iter()
            .copied()
            .partition(|option| remaining.iter().any(|other| beats(*other, *option)));
        if unbeaten.is_empty() {
            // Beating is transitive (Schulze 2011, section 4.1), so somebody is always unbeaten.
            break;
        }
        classes.push(unbeaten);
        remaining = beaten;
    }
    classes
}

#[cfg(test)]
mod tests {
    use super::*;
    use primitives::{Hash, OpeningId};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn count(options: u16, ballots: &[Vec<u8>]) -> SchulzeCount {
        let form = WeakOrder::new(options).unwrap();
        let mut count = SchulzeCount::new(form);
        for ballot in ballots {
            count.add(form.canonical(ballot).unwrap().ranks()).unwrap();
        }
        count
    }

    fn result(options: u16, ballots: &[Vec<u8>]) -> SchulzeResult {
        let order = PublicOrder::new(OpeningId::from(Hash::new([1; 32])), options);
        count(options, ballots).result(&order, Ties::Fail)
    }

    fn winners(options: u16, ballots: &[Vec<u8>]) -> BTreeSet<u16> {
        let result = result(options, ballots);
        result.classes[0].iter().map(|option| option.number()).collect()
    }

    /// Ballots over `options` options, ranks not canonical.
    fn ballots(options: usize, most: usize) -> impl Strategy<Value = Vec<Vec<u8>>> {
        prop::collection::vec(prop::collection::vec(0u8..6, options), 1..most)
    }

    /// The strongest path by its definition: over all simple paths, the greatest least link.
    fn strongest_by_search(
        preferred: &[Vec<u32>],
        from: usize,
        to: usize,
        passed: &mut Vec<usize>,
    ) -> Strength {
        let mut strongest = Strength::direct(preferred[from][to], preferred[to][from]);
        for via in 0..preferred.len() {
            if via == from || via == to || passed.contains(&via) {
                continue;
            }
            let link = Strength::direct(preferred[from][via], preferred[via][from]);
            passed.push(from);
            let rest = strongest_by_search(preferred, via, to, passed);
            passed.pop();
            strongest = strongest.max(link.min(rest));
        }
        strongest
    }

    #[test]
    fn cnt_11_the_example_of_schulzes_paper() {
        // 45 ballots, options A to E; section 3.1. The winner is E, and the order is E A C B D.
        let groups: [(usize, [u8; 5]); 8] = [
            (5, [1, 3, 2, 5, 4]),
            (5, [1, 5, 4, 2, 3]),
            (8, [4, 1, 5, 3, 2]),
            (3, [2, 3, 1, 5, 4]),
            (7, [2, 4, 1, 5, 3]),
            (2, [3, 2, 1, 4, 5]),
            (7, [5, 4, 2, 1, 3]),
            (8, [3, 2, 5, 4, 1]),
        ];
        let ballots: Vec<Vec<u8>> = groups
            .iter()
            .flat_map(|(times, ranks)| std::iter::repeat_n(ranks.to_vec(), *times))
            .collect();
        let result = result(5, &ballots);
        let order: Vec<u16> = result.classes.iter().flatten().map(|o| o.number()).collect();
        assert_eq!(order, [4, 0, 2, 1, 3]);
        assert_eq!(result.outcome.elected, [OptionIndex::new(4)]);
        assert_eq!(count(5, &ballots).preferred()[0][1], 20);
    }

    #[test]
    fn cnt_09_a_perfect_cycle_elects_nobody_and_says_who_tied() {
        let ballots = [vec![1, 2, 3], vec![3, 1, 2], vec![2, 3, 1]];
        let failed = result(3, &ballots);
        assert_eq!(failed.outcome.tied.len(), 3);
        assert!(failed.outcome.elected.is_empty());
        let order = PublicOrder::new(OpeningId::from(Hash::new([1; 32])), 3);
        let drawn = count(3, &ballots).result(&order, Ties::PublicOrder).outcome;
        assert_eq!(drawn.elected.first().copied(), order.first(&failed.outcome.tied));
        assert!(drawn.drawn && drawn.tied.is_empty());
    }

    #[test]
    fn cnt_08_abstentions_and_spoilt_ballots_elect_nobody() {
        let mut count = SchulzeCount::new(WeakOrder::new(2).unwrap());
        assert_eq!(count.add(&[0, 0]), Ok(()));
        assert_eq!(count.add(&[1, 2]), Err(Spoilt::NobodyLast));
        assert_eq!(count.preferred(), [[0, 0], [0, 0]]);
        assert_eq!((count.turnout().abstain, count.turnout().spoilt), (1, 1));
        let order = PublicOrder::new(OpeningId::from(Hash::new([1; 32])), 2);
        assert_eq!(
            count.result(&order, Ties::PublicOrder).outcome,
            Outcome::default()
        );
    }

    #[test]
    fn a_link_of_equal_winning_votes_is_stronger_with_fewer_against() {
        assert!(Strength::direct(5, 1) > Strength::direct(5, 2));
        assert!(Strength::direct(6, 5) > Strength::direct(5, 0));
        assert_eq!(Strength::direct(5, 5), Strength::NONE);
        assert!(Strength::direct(1, 0) > Strength::NONE);
    }

    proptest! {
        #[test]
        fn the_strongest_paths_are_those_of_the_definition(ballots in ballots(5, 12)) {
            let count = count(5, &ballots);
            for (from, row) in count.strongest_paths().into_iter().enumerate() {
                for (to, strength) in row.into_iter().enumerate().filter(|(to, _)| *to != from) {
                    let expected = strongest_by_search(count.preferred(), from, to, &mut Vec::new());
                    prop_assert_eq!(strength, expected, "{} to {}", from, to);
                }
            }
        }

        #[test]
        fn who_wins_against_everybody_wins(ballots in ballots(5, 12)) {
            let count = count(5, &ballots);
            let preferred = count.preferred();
            let wins = |one: usize| (0..5).all(|other| one == other || preferred[one][other] > preferred[other][one]);
            if let Some(winner) = (0..5).find(|one| wins(*one)) {
                let result = result(5, &ballots);
                prop_assert_eq!(result.outcome.elected, [OptionIndex::new(u16::try_from(winner).unwrap())]);
            }
        }

        #[test]
        fn the_first_class_is_in_the_smith_set(ballots in ballots(5, 12)) {
            let count = count(5, &ballots);
            let preferred = count.preferred();
            let beats_or_ties = |one: usize, other: usize| preferred[one][other] >= preferred[other][one];
            for winner in winners(5, &ballots) {
                // The Smith set: whoever reaches everybody by links that are not lost.
                let mut reached = BTreeSet::from([usize::from(winner)]);
                while let Some(next) = (0..5).find(|to| {
                    !reached.contains(to) && reached.iter().any(|from| beats_or_ties(*from, *to))
                }) {
                    reached.insert(next);
                }
                prop_assert_eq!(reached.len(), 5);
            }
        }

        #[test]
        fn neither_the_order_of_ballots_nor_the_numbers_of_options_matter(
            ballots in ballots(5, 12), shift in 0usize..5, turn in 0usize..12,
        ) {
            let expected = winners(5, &ballots);
            let mut turned = ballots.clone();
            turned.rotate_left(turn % ballots.len());
            prop_assert_eq!(winners(5, &turned), expected.clone());
            let mut renumbered = ballots;
            renumbered.iter_mut().for_each(|ballot| ballot.rotate_right(shift));
            let shifted: BTreeSet<u16> =
                expected.iter().map(|winner| (winner + u16::try_from(shift).unwrap()) % 5).collect();
            prop_assert_eq!(winners(5, &renumbered), shifted);
        }

        #[test]
        fn raising_a_winner_on_a_ballot_leaves_it_winning(ballots in ballots(5, 12), at in 0usize..12) {
            for winner in winners(5, &ballots) {
                let mut raised = ballots.clone();
                let at = at % raised.len();
                let ballot = &mut raised[at];
                // Everybody else one rank lower than the winner's new place at the top.
                ballot.iter_mut().for_each(|rank| *rank = rank.saturating_add(u8::from(*rank > 0)));
                ballot[usize::from(winner)] = 1;
                prop_assert!(winners(5, &raised).contains(&winner));
            }
        }

        #[test]
        fn a_clone_of_an_option_changes_nothing_for_the_others(
            ballots in ballots(4, 12), of in 0u16..4, above in prop::collection::vec(any::<bool>(), 12),
        ) {
            // The clone stands next to its original on every ballot, above or below; where others are equal to the
            // original it is, too, or it would not be a clone.
            let cloned: Vec<Vec<u8>> = ballots.iter().zip(&above).map(|(ballot, above)| {
                let mut cloned: Vec<u8> =
                    ballot.iter().map(|rank| if *rank == 0 { 40 } else { 2 * rank }).collect();
                let original = cloned[usize::from(of)];
                let is_alone = cloned.iter().filter(|rank| **rank == original).count() == 1;
                cloned.push(match (is_alone, above) {
                    (false, _) => original,
                    (true, true) => original - 1,
                    (true, false) => original + 1,
                });
                cloned
            }).collect();
            let merge = |winners: BTreeSet<u16>| -> BTreeSet<u16> {
                winners.into_iter().map(|winner| if winner == 4 { of } else { winner }).collect()
            };
            prop_assert_eq!(merge(winners(5, &cloned)), winners(4, &ballots));
        }
    }
}
