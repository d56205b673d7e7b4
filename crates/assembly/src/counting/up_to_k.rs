//! Up to k: each ballot marks at most k options, and the seats go to the options with the most marks.

use super::{Outcome, PublicOrder, Spoilt, Ties, Turnout, UpToK};

/// The count of a vote for up to k options. With k equal to the number of options it is approval voting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpToKCount {
    form: UpToK,
    votes: Vec<u32>,
    turnout: Turnout,
}

impl UpToKCount {
    /// An empty count.
    #[must_use]
    pub fn new(form: UpToK) -> Self {
        Self {
            form,
            votes: vec![0; usize::from(form.options())],
            turnout: Turnout::default(),
        }
    }

    /// Counts an opened ballot. A spoilt one takes part in the quorum and in nothing else.
    ///
    /// # Errors
    /// [`Spoilt`] with the rule that the plaintext breaks; it has been counted as spoilt.
    pub fn add(&mut self, plaintext: &[u8]) -> Result<(), Spoilt> {
        let read = self.form.read(plaintext);
        let marked = read.map(|marks| (!marks.is_empty()).then_some(marks));
        for option in self.turnout.take(marked, 1)?.unwrap_or_default() {
            if let Some(votes) = self.votes.get_mut(option.index()) {
                *votes = votes.saturating_add(1);
            }
        }
        Ok(())
    }

    /// Marks by option.
    #[must_use]
    pub fn votes(&self) -> &[u32] {
        &self.votes
    }

    /// How many ballots there are.
    #[must_use]
    pub const fn turnout(&self) -> Turnout {
        self.turnout
    }

    /// Elects the `seats` options with the most marks; a tie for the last seats as `ties` says.
    #[must_use]
    pub fn outcome(&self, seats: u16, order: &PublicOrder, ties: Ties) -> Outcome {
        Outcome::by_votes(&self.votes, seats, order, ties)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counting::OptionIndex;
    use primitives::{Hash, OpeningId};
    use proptest::prelude::*;

    fn count(marks_max: u16, ballots: &[[u8; 2]]) -> UpToKCount {
        let mut count = UpToKCount::new(UpToK::new(10, marks_max).unwrap());
        for ballot in ballots {
            let _ = count.add(ballot);
        }
        count
    }

    fn order() -> PublicOrder {
        PublicOrder::new(OpeningId::from(Hash::new([1; 32])), 10)
    }

    #[test]
    fn marks_are_counted_and_a_ballot_with_too_many_counts_for_nobody() {
        let count = count(2, &[[0b11, 0], [0b10, 0b10], [0b111, 0], [0, 0], [0, 0b100]]);
        assert_eq!(count.votes(), [1, 2, 0, 0, 0, 0, 0, 0, 0, 1]);
        let expected = Turnout {
            valid: 2,
            abstain: 1,
            spoilt: 2,
        };
        assert_eq!(count.turnout(), expected);
        let outcome = count.outcome(1, &order(), Ties::Fail);
        assert_eq!(outcome.elected, [OptionIndex::new(1)]);
    }

    proptest! {
        #[test]
        fn a_mark_more_for_an_elected_option_leaves_it_elected(
            ballots in prop::collection::vec(prop::array::uniform2(0u8..255), 1..30),
            seats in 1u16..6, at in 0usize..30, public: bool,
        ) {
            let ties = if public { Ties::PublicOrder } else { Ties::Fail };
            let ballots: Vec<_> = ballots.into_iter().map(|[low, high]| [low, high & 3]).collect();
            for winner in count(10, &ballots).outcome(seats, &order(), ties).elected {
                let mut more = ballots.clone();
                let ballot = &mut more[at % ballots.len()];
                ballot[winner.index() / 8] |= 1 << (winner.index() % 8);
                prop_assert!(count(10, &more).outcome(seats, &order(), ties).elected.contains(&winner));
            }
        }

        #[test]
        fn no_option_left_out_has_more_marks_than_one_elected(
            ballots in prop::collection::vec(prop::array::uniform2(0u8..255), 0..30),
            seats in 1u16..6, public: bool,
        ) {
            let ties = if public { Ties::PublicOrder } else { Ties::Fail };
            let ballots: Vec<_> = ballots.into_iter().map(|[low, high]| [low, high & 3]).collect();
            let count = count(10, &ballots);
            let outcome = count.outcome(seats, &order(), ties);
            prop_assert!(outcome.elected.len() <= usize::from(seats));
            let least = outcome.elected.iter().map(|o| count.votes()[o.index()]).min().unwrap_or(u32::MAX);
            for option in OptionIndex::all(10).filter(|o| !outcome.elected.contains(o)) {
                prop_assert!(count.votes()[option.index()] <= least);
            }
            if ties == Ties::PublicOrder {
                let marked = count.votes().iter().filter(|votes| **votes > 0).count();
                prop_assert_eq!(outcome.elected.len(), marked.min(usize::from(seats)));
            }
        }
    }
}
