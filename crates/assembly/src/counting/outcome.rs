//! Who is elected, and what a tie does.

use minicbor::{Decode, Encode};

use super::{OptionIndex, PublicOrder, Spoilt};

/// What a tie for a seat does; the charter says which.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Ties {
    /// It fails (CNT-09): the seats that it is about stay empty.
    #[default]
    #[n(0)]
    Fail,
    /// The public order decides (CNT-10).
    #[n(1)]
    PublicOrder,
}

/// Who is elected.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Outcome {
    /// Elected, first the one with the most votes (transferable votes: the one elected first).
    #[n(0)]
    pub elected: Vec<OptionIndex>,
    /// Tied for seats that stay empty, by number.
    #[n(1)]
    pub tied: Vec<OptionIndex>,
    /// Whether the public order decided anything.
    #[n(2)]
    pub drawn: bool,
}

/// How many ballots there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Turnout {
    /// With a choice.
    #[n(0)]
    pub valid: u32,
    /// Abstaining.
    #[n(1)]
    pub abstain: u32,
    /// Spoilt.
    #[n(2)]
    pub spoilt: u32,
}

impl Turnout {
    /// All that took part.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.valid
            .saturating_add(self.abstain)
            .saturating_add(self.spoilt)
    }

    /// Counts `times` equal ballots by what their form reads in them: a choice, nothing (an abstention), or nonsense
    /// (CNT-07), and hands the choice on.
    pub(super) fn take<T>(
        &mut self,
        read: Result<Option<T>, Spoilt>,
        times: u32,
    ) -> Result<Option<T>, Spoilt> {
        let count = match &read {
            Ok(Some(_)) => &mut self.valid,
            Ok(None) => &mut self.abstain,
            Err(_) => &mut self.spoilt,
        };
        *count = count.saturating_add(times);
        read
    }
}

impl Outcome {
    /// Gives `seats` seats to the options with the most votes; one without a vote gets none (CNT-08).
    pub(super) fn by_votes(votes: &[u32], seats: u16, order: &PublicOrder, ties: Ties) -> Self {
        let mut ranked: Vec<(OptionIndex, u32)> = OptionIndex::all(votes.len())
            .zip(votes.iter().copied())
            .filter(|(_, votes)| *votes > 0)
            .collect();
        // A stable sort: equals stay by number.
        ranked.sort_by_key(|(_, votes)| std::cmp::Reverse(*votes));
        let mut outcome = Self::default();
        for class in ranked.chunk_by(|(_, one), (_, next)| one == next) {
            let class: Vec<OptionIndex> = class.iter().map(|(option, _)| *option).collect();
            let free = usize::from(seats).saturating_sub(outcome.elected.len());
            if free == 0 {
                break;
            }
            if class.len() <= free {
                outcome.elected.extend(class);
            } else {
                outcome.settle(class, free, order, ties);
                break;
            }
        }
        outcome
    }

    /// Settles a tie of `tied` for fewer seats, `free`.
    pub(super) fn settle(
        &mut self,
        mut tied: Vec<OptionIndex>,
        free: usize,
        order: &PublicOrder,
        ties: Ties,
    ) {
        match ties {
            Ties::Fail => self.tied = tied,
            Ties::PublicOrder => {
                order.sort(&mut tied);
                tied.truncate(free);
                self.elected.extend(tied);
                self.drawn = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use primitives::{Hash, OpeningId};

    fn options(numbers: &[u16]) -> Vec<OptionIndex> {
        numbers.iter().map(|number| OptionIndex::new(*number)).collect()
    }

    fn order() -> PublicOrder {
        PublicOrder::new(OpeningId::from(Hash::new([7; 32])), 6)
    }

    #[test]
    fn cnt_08_an_option_without_a_vote_gets_no_seat() {
        for ties in [Ties::Fail, Ties::PublicOrder] {
            let outcome = Outcome::by_votes(&[0, 3, 0, 1], 4, &order(), ties);
            assert_eq!(outcome.elected, options(&[1, 3]));
            assert_eq!(Outcome::by_votes(&[0; 6], 2, &order(), ties), Outcome::default());
        }
    }

    #[test]
    fn cnt_09_a_tie_for_the_last_seat_leaves_it_empty_and_keeps_the_others() {
        let outcome = Outcome::by_votes(&[5, 2, 9, 2, 2, 1], 4, &order(), Ties::Fail);
        assert_eq!(outcome.elected, options(&[2, 0]));
        assert_eq!(outcome.tied, options(&[1, 3, 4]));
        assert!(!outcome.drawn);
    }

    #[test]
    fn cnt_10_the_public_order_gives_the_last_seats_if_the_charter_says_so() {
        let outcome = Outcome::by_votes(&[5, 2, 9, 2, 2, 1], 4, &order(), Ties::PublicOrder);
        let mut tied = options(&[1, 3, 4]);
        order().sort(&mut tied);
        assert_eq!(outcome.elected.get(2..), tied.get(..2));
        assert!(outcome.tied.is_empty() && outcome.drawn);
    }

    #[test]
    fn equals_that_all_find_a_seat_are_no_tie() {
        let outcome = Outcome::by_votes(&[4, 4, 1, 4], 3, &order(), Ties::Fail);
        assert_eq!(outcome.elected, options(&[0, 1, 3]));
        assert!(outcome.tied.is_empty());
    }
}
