//! Votes among several options: their method, its one length of plaintext, its count and its result.

use minicbor::{Decode, Encode};

use super::{
    BadForm, OneOfMany, OneOfManyCount, OptionIndex, Outcome, PublicOrder, SchulzeCount, Spoilt, Stage,
    StrictOrder, StvCount, Ties, Turnout, UpToK, UpToKCount, WeakOrder,
};

/// How votes among several options are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum OptionsMethod {
    /// One of many.
    #[n(0)]
    OneOfMany,
    /// Up to k.
    #[n(1)]
    UpToK {
        /// k: how many options one ballot may mark.
        #[n(0)]
        marks_max: u16,
        /// How many options are elected.
        #[n(1)]
        seats: u16,
    },
    /// Ranked, for one winner.
    #[n(2)]
    Schulze,
    /// Ranked, for several seats.
    #[n(3)]
    Transferable {
        /// How many options are elected.
        #[n(0)]
        seats: u16,
    },
}

/// The count of a question, by its method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OptionsCount {
    /// One of many.
    OneOfMany(OneOfManyCount),
    /// Up to k, for so many seats.
    UpToK(UpToKCount, u16),
    /// Schulze.
    Schulze(SchulzeCount),
    /// Transferable votes.
    Transferable(StvCount),
}

/// The result of a question. Equal ballots give equal results, byte for byte, in whatever order they were counted.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct OptionsResult {
    /// How many ballots there were.
    #[n(0)]
    pub turnout: Turnout,
    /// Who is elected.
    #[n(1)]
    pub outcome: Outcome,
    /// How it came to that.
    #[n(2)]
    pub account: Account,
}

/// How a result came about, so that a reader can follow it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Account {
    /// Votes by option.
    #[n(0)]
    Votes(#[n(0)] Vec<u32>),
    /// Schulze's method.
    #[n(1)]
    Pairs {
        /// Row i, column j: ballots that rank i above j.
        #[n(0)]
        preferred: Vec<Vec<u32>>,
        /// The options in classes.
        #[n(1)]
        classes: Vec<Vec<OptionIndex>>,
    },
    /// Transferable votes.
    #[n(2)]
    Stages {
        /// Whole votes with which an option is elected.
        #[n(0)]
        quota: u32,
        /// What happened, in order.
        #[n(1)]
        stages: Vec<Stage>,
    },
}

impl OptionsMethod {
    /// An empty count of votes among `options` options.
    ///
    /// # Errors
    /// [`BadForm`] if the method does not take so many options, marks or seats.
    pub fn count(self, options: u16) -> Result<OptionsCount, BadForm> {
        Ok(match self {
            Self::OneOfMany => OptionsCount::OneOfMany(OneOfManyCount::new(OneOfMany::new(options)?)),
            Self::UpToK { marks_max, seats } => {
                let form = UpToK::new(options, marks_max)?;
                if !(1..options).contains(&seats) {
                    return Err(BadForm::Seats);
                }
                OptionsCount::UpToK(UpToKCount::new(form), seats)
            }
            Self::Schulze => OptionsCount::Schulze(SchulzeCount::new(WeakOrder::new(options)?)),
            Self::Transferable { seats } => {
                OptionsCount::Transferable(StvCount::new(StrictOrder::new(options)?, seats)?)
            }
        })
    }

    /// How many options are elected.
    #[must_use]
    pub const fn seats(self) -> u16 {
        match self {
            Self::OneOfMany | Self::Schulze => 1,
            Self::UpToK { seats, .. } | Self::Transferable { seats } => seats,
        }
    }

    /// Bytes of every plaintext.
    ///
    /// # Errors
    /// As [`Self::count`].
    pub fn plaintext_len(self, options: u16) -> Result<usize, BadForm> {
        self.count(options)?;
        Ok(match self {
            Self::OneOfMany => OneOfMany::PLAINTEXT_LEN,
            Self::UpToK { .. } => usize::from(options.div_ceil(8)),
            Self::Schulze | Self::Transferable { .. } => usize::from(options),
        })
    }
}

impl OptionsCount {
    /// Counts an opened ballot; a spoilt one as spoilt (CNT-07).
    ///
    /// # Errors
    /// [`Spoilt`] with the rule that the plaintext breaks; it has been counted as spoilt.
    pub fn add(&mut self, plaintext: &[u8]) -> Result<(), Spoilt> {
        match self {
            Self::OneOfMany(count) => count.add(plaintext),
            Self::UpToK(count, _) => count.add(plaintext),
            Self::Schulze(count) => count.add(plaintext),
            Self::Transferable(count) => count.add(plaintext),
        }
    }

    /// Counts a ballot that did not open as spoilt.
    pub fn add_unopened(&mut self) {
        // No form has a plaintext of no bytes.
        let _ = self.add(&[]);
    }

    /// How many ballots there are.
    #[must_use]
    pub const fn turnout(&self) -> Turnout {
        match self {
            Self::OneOfMany(count) => count.turnout(),
            Self::UpToK(count, _) => count.turnout(),
            Self::Schulze(count) => count.turnout(),
            Self::Transferable(count) => count.turnout(),
        }
    }

    /// The result. Cost: that of the method.
    #[must_use]
    pub fn result(&self, order: &PublicOrder, ties: Ties) -> OptionsResult {
        let (outcome, account) = match self {
            Self::OneOfMany(count) => (count.outcome(order, ties), Account::Votes(count.votes().to_vec())),
            Self::UpToK(count, seats) => (
                count.outcome(*seats, order, ties),
                Account::Votes(count.votes().to_vec()),
            ),
            Self::Schulze(count) => {
                let result = count.result(order, ties);
                let preferred = count.preferred().to_vec();
                let classes = result.classes;
                (result.outcome, Account::Pairs { preferred, classes })
            }
            Self::Transferable(count) => {
                let result = count.result(order, ties);
                let (quota, stages) = (result.quota, result.stages);
                (result.outcome, Account::Stages { quota, stages })
            }
        };
        OptionsResult {
            turnout: self.turnout(),
            outcome,
            account,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use primitives::canonical::{decode_canonical, encode};
    use primitives::{Hash, OpeningId};

    const METHODS: [OptionsMethod; 4] = [
        OptionsMethod::OneOfMany,
        OptionsMethod::UpToK {
            marks_max: 2,
            seats: 2,
        },
        OptionsMethod::Schulze,
        OptionsMethod::Transferable { seats: 2 },
    ];

    /// A ballot for option 1 and then 0, in each method's form.
    fn ballot(method: OptionsMethod) -> Vec<u8> {
        match method {
            OptionsMethod::OneOfMany => vec![0, 2],
            OptionsMethod::UpToK { .. } => vec![0b11],
            OptionsMethod::Schulze | OptionsMethod::Transferable { .. } => vec![2, 1, 0],
        }
    }

    #[test]
    fn cnt_07_every_method_counts_what_is_spoilt_or_abstains_for_the_turnout_only() {
        for method in METHODS {
            let mut count = method.count(3).unwrap();
            let len = method.plaintext_len(3).unwrap();
            assert_eq!(count.add(&vec![0; len]), Ok(()), "{method:?}");
            assert_eq!(count.add(&vec![0; len + 1]), Err(Spoilt::Length), "{method:?}");
            assert!(count.add(&vec![255; len]).is_err(), "{method:?}");
            count.add_unopened();
            let expected = Turnout {
                valid: 0,
                abstain: 1,
                spoilt: 3,
            };
            assert_eq!(count.turnout(), expected, "{method:?}");
            let order = PublicOrder::new(OpeningId::from(Hash::new([0; 32])), 3);
            let result = count.result(&order, Ties::PublicOrder);
            assert_eq!(result.outcome, Outcome::default(), "{method:?}");
        }
    }

    #[test]
    fn methods_and_results_have_one_encoding() {
        let order = PublicOrder::new(OpeningId::from(Hash::new([0; 32])), 3);
        for method in METHODS {
            assert_eq!(decode_canonical::<OptionsMethod>(&encode(&method)), Ok(method));
            let mut count = method.count(3).unwrap();
            count.add(&ballot(method)).unwrap();
            let result = count.result(&order, Ties::Fail);
            assert_eq!(
                result.outcome.elected.first(),
                Some(&OptionIndex::new(
                    if matches!(method, OptionsMethod::UpToK { .. }) {
                        0
                    } else {
                        1
                    }
                ))
            );
            assert_eq!(decode_canonical::<OptionsResult>(&encode(&result)), Ok(result));
        }
    }

    #[test]
    fn a_method_says_how_many_it_elects() {
        assert_eq!(METHODS.map(OptionsMethod::seats), [1, 2, 1, 2]);
    }

    #[test]
    fn a_method_refuses_options_marks_and_seats_beyond_its_limits() {
        let up_to = |marks_max, seats| OptionsMethod::UpToK { marks_max, seats };
        let seats = |seats| OptionsMethod::Transferable { seats };
        let table = [
            (OptionsMethod::OneOfMany, 256, None),
            (OptionsMethod::OneOfMany, 257, Some(BadForm::Options { max: 256 })),
            (up_to(3, 1), 3, None),
            (up_to(4, 1), 3, Some(BadForm::Marks)),
            (up_to(1, 0), 3, Some(BadForm::Seats)),
            (up_to(1, 3), 3, Some(BadForm::Seats)),
            (OptionsMethod::Schulze, 64, None),
            (OptionsMethod::Schulze, 65, Some(BadForm::Options { max: 64 })),
            (seats(63), 64, None),
            (seats(64), 64, Some(BadForm::Seats)),
            (seats(1), 1, Some(BadForm::Options { max: 64 })),
        ];
        for (method, options, refused) in table {
            assert_eq!(method.count(options).err(), refused, "{method:?} of {options}");
            assert_eq!(
                method.plaintext_len(options).err(),
                refused,
                "{method:?} of {options}"
            );
        }
    }
}
