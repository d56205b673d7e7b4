//! A motion's text and rule, and the choices in it.

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::charter::Fraction;
use crate::limits;
use crate::question::{Question, Votes};

/// What is moved, and how it is to be decided.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct MotionText {
    /// Title, 1 to 800 bytes.
    #[n(0)]
    pub title: String,
    /// Text, at most 200,000 bytes.
    #[n(1)]
    pub text: String,
    /// Named or anonymous.
    #[n(2)]
    pub kind: VoteKind,
    /// What is asked.
    #[n(3)]
    pub question: Question,
    /// When it is adopted.
    #[n(4)]
    pub rule: Rule,
    /// Between seconding and opening; at least the charter's.
    #[n(5)]
    pub notice_ms: u64,
    /// Between opening and close; within the charter's bounds.
    #[n(6)]
    pub voting_ms: u64,
}

impl MotionText {
    /// Whether lengths and rule are within their ranges (the charter's bounds are the fold's to check).
    #[must_use]
    pub fn is_within_limits(&self) -> bool {
        (1..=limits::TITLE_BYTES_MAX).contains(&self.title.len())
            && self.text.len() <= limits::TEXT_BYTES_MAX
            && self.question.check().is_ok()
            && self.rule.fits(&self.question)
            && self.rule.quorum.is_proper()
            && self.notice_ms <= limits::MOTION_MS_MAX / 2
    }
}

/// Kind of vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum VoteKind {
    /// Names stand next to votes.
    #[n(0)]
    RollCall,
    /// Anonymous.
    #[n(1)]
    Secret,
}

/// When a motion is adopted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Rule {
    /// Least share of the electorate that takes part (abstaining is taking part).
    #[n(0)]
    pub quorum: Fraction,
    /// The majority.
    #[n(1)]
    pub majority: Majority,
}

/// Majorities. A tie is never one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Majority {
    /// More for than against.
    #[n(0)]
    Simple,
    /// More than half of the electorate is for.
    #[n(1)]
    Absolute,
    /// At least two thirds of for and against are for.
    #[n(2)]
    TwoThirds,
    /// At least three quarters of for and against are for.
    #[n(3)]
    ThreeQuarters,
    /// Nobody is against, somebody is for.
    #[n(4)]
    Consensus,
}

/// Choices of for/against/abstain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Choice {
    /// For.
    #[n(0)]
    For,
    /// Against.
    #[n(1)]
    Against,
    /// Abstain.
    #[n(2)]
    Abstain,
}

impl Choice {
    /// The choice as it is sealed: one byte, 1 to 3.
    #[must_use]
    pub const fn to_plaintext(self) -> [u8; 1] {
        match self {
            Self::For => [1],
            Self::Against => [2],
            Self::Abstain => [3],
        }
    }

    /// The choice as it is said by name: the same byte.
    #[must_use]
    pub fn to_vote(self) -> ByteVec {
        ByteVec::from(self.to_plaintext().to_vec())
    }

    /// The choice that an opened ballot holds; `None` if it is none, and the ballot spoilt.
    #[must_use]
    pub const fn from_plaintext(plaintext: &[u8]) -> Option<Self> {
        match plaintext {
            [1] => Some(Self::For),
            [2] => Some(Self::Against),
            [3] => Some(Self::Abstain),
            _ => None,
        }
    }
}

/// Votes by choice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Counts {
    /// For.
    #[n(0)]
    pub votes_for: u32,
    /// Against.
    #[n(1)]
    pub votes_against: u32,
    /// Abstentions.
    #[n(2)]
    pub votes_abstain: u32,
    /// Ballots whose content is none of the choices; they take part in the quorum and in nothing else.
    #[n(3)]
    pub spoilt: u32,
}

impl Counts {
    /// Adds one vote; `None` is a spoilt one.
    pub fn add(&mut self, choice: Option<Choice>) {
        let count = match choice {
            Some(Choice::For) => &mut self.votes_for,
            Some(Choice::Against) => &mut self.votes_against,
            Some(Choice::Abstain) => &mut self.votes_abstain,
            None => &mut self.spoilt,
        };
        *count = count.saturating_add(1);
    }

    /// All that took part.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.votes_for
            .saturating_add(self.votes_against)
            .saturating_add(self.votes_abstain)
            .saturating_add(self.spoilt)
    }
}

impl Rule {
    /// Whether it can decide such a question: options are elected by their method, so that no majority but the simple one
    /// has a meaning for them.
    #[must_use]
    pub fn fits(&self, question: &Question) -> bool {
        *question == Question::ForAgainstAbstain || self.majority == Majority::Simple
    }

    /// Whether so many took part that the quorum is there.
    #[must_use]
    pub fn quorum_met(&self, votes: &Votes, electorate: u32) -> bool {
        self.quorum.is_reached(votes.total(), electorate)
    }

    /// Whether the motion is adopted (with options: whether one is elected), in exact integers.
    #[must_use]
    pub fn adopts(&self, votes: &Votes, electorate: u32) -> bool {
        let decided = match votes {
            Votes::Choices(counts) => self.majority.is_reached(counts, electorate),
            Votes::Options(result) => !result.outcome.elected.is_empty(),
        };
        decided && self.quorum_met(votes, electorate)
    }
}

impl Majority {
    /// Whether these counts reach it.
    fn is_reached(self, counts: &Counts, electorate: u32) -> bool {
        let votes_for = u64::from(counts.votes_for);
        let against = u64::from(counts.votes_against);
        match self {
            Self::Simple => votes_for > against,
            Self::Absolute => votes_for * 2 > u64::from(electorate),
            Self::TwoThirds => votes_for > 0 && votes_for * 3 >= (votes_for + against) * 2,
            Self::ThreeQuarters => votes_for > 0 && votes_for * 4 >= (votes_for + against) * 3,
            Self::Consensus => votes_for > 0 && against == 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counting::{Account, OptionIndex, OptionsMethod, OptionsResult, Outcome, Turnout};
    use proptest::prelude::*;

    fn motion() -> MotionText {
        MotionText {
            title: "Statute".into(),
            text: "Text".into(),
            kind: VoteKind::RollCall,
            question: Question::ForAgainstAbstain,
            rule: Rule {
                quorum: Fraction::new(1, 2),
                majority: Majority::Simple,
            },
            notice_ms: 0,
            voting_ms: 1,
        }
    }

    fn one_of(options: &[&str]) -> Question {
        Question::Options {
            method: OptionsMethod::OneOfMany,
            options: options.iter().map(|option| (*option).to_owned()).collect(),
        }
    }

    #[test]
    fn a_motion_keeps_within_each_limit() {
        let with = |change: &dyn Fn(&mut MotionText)| {
            let mut motion = motion();
            change(&mut motion);
            motion.is_within_limits()
        };
        assert!(with(&|_| {}));
        for (bytes, good) in [(0, false), (1, true), (800, true), (801, false)] {
            assert_eq!(with(&|motion| motion.title = "a".repeat(bytes)), good, "{bytes}");
        }
        for (bytes, good) in [(0, true), (200_000, true), (200_001, false)] {
            assert_eq!(with(&|motion| motion.text = "a".repeat(bytes)), good, "{bytes}");
        }
        assert!(with(&|motion| motion.question = one_of(&["Anna", "Boris"])));
        assert!(!with(&|motion| motion.question = one_of(&["Anna"])));
        assert!(!with(&|motion| {
            motion.question = one_of(&["Anna", "Boris"]);
            motion.rule.majority = Majority::Absolute;
        }));
        assert!(with(&|motion| motion.rule.majority = Majority::Absolute));
        assert!(!with(&|motion| motion.rule.quorum = Fraction::new(3, 2)));
        let half = 365 * 12 * 3_600_000;
        assert!(with(&|motion| motion.notice_ms = half));
        assert!(!with(&|motion| motion.notice_ms = half + 1));
    }

    #[test]
    fn each_choice_is_sealed_as_its_byte_and_nothing_else_is_a_choice() {
        for (choice, byte) in [(Choice::For, 1), (Choice::Against, 2), (Choice::Abstain, 3)] {
            assert_eq!(choice.to_plaintext(), [byte]);
            assert_eq!(**choice.to_vote(), [byte]);
            assert_eq!(Choice::from_plaintext(&[byte]), Some(choice));
        }
        for nonsense in [[].as_slice(), &[0], &[4], &[1, 1]] {
            assert_eq!(Choice::from_plaintext(nonsense), None);
        }
    }

    #[test]
    fn votes_are_counted_by_choice_and_spoilt_ones_take_part() {
        let mut counts = Counts::default();
        let votes = [
            Some(Choice::For),
            None,
            Some(Choice::Against),
            Some(Choice::Abstain),
            Some(Choice::For),
            None,
            None,
        ];
        votes.into_iter().for_each(|choice| counts.add(choice));
        let expected = Counts {
            votes_for: 2,
            votes_against: 1,
            votes_abstain: 1,
            spoilt: 3,
        };
        assert_eq!((counts, counts.total()), (expected, 7));
    }

    #[test]
    fn with_options_one_must_be_elected_and_the_quorum_there() {
        let votes = |elected: &[u16], valid| {
            Votes::Options(OptionsResult {
                turnout: Turnout {
                    valid,
                    ..Turnout::default()
                },
                outcome: Outcome {
                    elected: elected.iter().copied().map(OptionIndex::new).collect(),
                    ..Outcome::default()
                },
                account: Account::Votes(Vec::new()),
            })
        };
        let rule = motion().rule;
        assert!(rule.adopts(&votes(&[0], 5), 10));
        assert!(!rule.adopts(&votes(&[], 5), 10));
        assert!(!rule.adopts(&votes(&[0], 4), 10));
    }

    fn adopted(
        majority: Majority,
        votes_for: u32,
        votes_against: u32,
        votes_abstain: u32,
        electorate: u32,
    ) -> bool {
        let counts = Counts {
            votes_for,
            votes_against,
            votes_abstain,
            spoilt: 0,
        };
        Rule {
            quorum: Fraction::new(1, 2),
            majority,
        }
        .adopts(&Votes::Choices(counts), electorate)
    }

    #[test]
    fn majorities_at_their_edges() {
        let table = [
            (Majority::Simple, 5, 5, 0, 10, false),
            (Majority::Simple, 5, 4, 0, 10, true),
            (Majority::Simple, 1, 0, 4, 10, true),
            (Majority::Simple, 4, 0, 0, 10, false),
            (Majority::Absolute, 5, 0, 5, 10, false),
            (Majority::Absolute, 6, 4, 0, 10, true),
            (Majority::TwoThirds, 6, 3, 0, 10, true),
            (Majority::TwoThirds, 5, 3, 2, 10, false),
            (Majority::TwoThirds, 0, 0, 9, 10, false),
            (Majority::ThreeQuarters, 6, 2, 0, 10, true),
            (Majority::ThreeQuarters, 5, 2, 3, 10, false),
            (Majority::ThreeQuarters, 0, 0, 9, 10, false),
            (Majority::Consensus, 1, 0, 9, 10, true),
            (Majority::Consensus, 9, 1, 0, 10, false),
            (Majority::Consensus, 0, 0, 9, 10, false),
        ];
        for (majority, votes_for, against, abstain, electorate, expected) in table {
            assert_eq!(
                adopted(majority, votes_for, against, abstain, electorate),
                expected,
                "{majority:?} {votes_for}:{against}:{abstain} of {electorate}"
            );
        }
    }

    #[test]
    fn a_quorum_of_half_of_an_odd_electorate_is_rounded_up() {
        let rule = Rule {
            quorum: Fraction::new(1, 2),
            majority: Majority::Simple,
        };
        let counts = |votes_for| {
            Votes::Choices(Counts {
                votes_for,
                ..Counts::default()
            })
        };
        assert!(!rule.quorum_met(&counts(3), 7));
        assert!(rule.quorum_met(&counts(4), 7));
    }

    proptest! {
        #[test]
        fn a_vote_more_for_never_rejects_and_a_tie_never_adopts(
            majority in prop_oneof![
                Just(Majority::Simple), Just(Majority::Absolute), Just(Majority::TwoThirds),
                Just(Majority::ThreeQuarters), Just(Majority::Consensus),
            ],
            votes_for in 0u32..1_000, votes_against in 0u32..1_000, abstain in 0u32..1_000, more in 0u32..1_000,
        ) {
            let electorate = votes_for + votes_against + abstain + more + 1;
            if adopted(majority, votes_for, votes_against, abstain, electorate) {
                prop_assert!(adopted(majority, votes_for + 1, votes_against, abstain, electorate));
                prop_assert!(votes_for > votes_against);
            }
        }
    }
}
