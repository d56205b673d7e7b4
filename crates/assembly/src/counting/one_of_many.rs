//! One of many: each ballot names one option, and the option with the most votes is elected.

use super::{OneOfMany, OptionIndex, Outcome, PublicOrder, Spoilt, Ties, Turnout};

/// The count of a vote for one of many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneOfManyCount {
    form: OneOfMany,
    votes: Vec<u32>,
    turnout: Turnout,
}

impl OneOfManyCount {
    /// An empty count.
    #[must_use]
    pub fn new(form: OneOfMany) -> Self {
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
        if let Some(option) = self.turnout.take(self.form.read(plaintext), 1)?
            && let Some(votes) = self.votes.get_mut(option.index())
        {
            *votes = votes.saturating_add(1);
        }
        Ok(())
    }

    /// Votes by option.
    #[must_use]
    pub fn votes(&self) -> &[u32] {
        &self.votes
    }

    /// Votes for one option.
    #[must_use]
    pub fn votes_for(&self, option: OptionIndex) -> u32 {
        self.votes.get(option.index()).copied().unwrap_or_default()
    }

    /// How many ballots there are.
    #[must_use]
    pub const fn turnout(&self) -> Turnout {
        self.turnout
    }

    /// Elects the option with the most votes; a tie as `ties` says.
    #[must_use]
    pub fn outcome(&self, order: &PublicOrder, ties: Ties) -> Outcome {
        Outcome::by_votes(&self.votes, 1, order, ties)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use primitives::{Hash, OpeningId};
    use proptest::prelude::*;

    fn count(options: u16, ballots: &[u16]) -> OneOfManyCount {
        let mut count = OneOfManyCount::new(OneOfMany::new(options).unwrap());
        for ballot in ballots {
            let _ = count.add(&ballot.to_be_bytes());
        }
        count
    }

    fn order() -> PublicOrder {
        PublicOrder::new(OpeningId::from(Hash::new([1; 32])), 6)
    }

    #[test]
    fn every_ballot_is_counted_once_and_spoilt_ones_elect_nobody() {
        let count = count(3, &[1, 3, 3, 0, 4, 300]);
        assert_eq!(count.votes(), [1, 0, 2]);
        let expected = Turnout {
            valid: 3,
            abstain: 1,
            spoilt: 2,
        };
        assert_eq!(count.turnout(), expected);
        assert_eq!(count.turnout().total(), 6);
        assert_eq!(count.outcome(&order(), Ties::Fail).elected, [OptionIndex::new(2)]);
    }

    proptest! {
        #[test]
        fn a_vote_more_for_the_elected_option_leaves_it_elected(
            ballots in prop::collection::vec(0u16..8, 0..40), public: bool,
        ) {
            let ties = if public { Ties::PublicOrder } else { Ties::Fail };
            if let [winner] = count(6, &ballots).outcome(&order(), ties).elected[..] {
                let mut more = ballots;
                more.push(winner.number() + 1);
                prop_assert_eq!(count(6, &more).outcome(&order(), ties).elected, [winner]);
            }
        }

        #[test]
        fn the_winner_has_more_votes_than_any_other_or_the_tie_is_reported(
            ballots in prop::collection::vec(0u16..8, 0..40),
        ) {
            let count = count(6, &ballots);
            let outcome = count.outcome(&order(), Ties::Fail);
            let most = count.votes().iter().max().copied().unwrap();
            let leaders: Vec<_> = OptionIndex::all(6).filter(|o| count.votes_for(*o) == most).collect();
            match (most, leaders.len()) {
                (0, _) => prop_assert_eq!(outcome, Outcome::default()),
                (_, 1) => prop_assert_eq!((outcome.elected, outcome.tied), (leaders, vec![])),
                _ => prop_assert_eq!((outcome.elected, outcome.tied), (vec![], leaders)),
            }
        }
    }
}
