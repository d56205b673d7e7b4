//! What a motion asks, how somebody votes on it, and how votes among options came out.
//!
//! Options are meant by their index in the motion's list, from 0.

use serde::{Deserialize, Serialize};

/// What a motion asks. `{"method": "up_to_k", "options": ["…", "…"], "marks_max": 2, "seats": 1}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case", tag = "method", deny_unknown_fields)]
pub enum QuestionView {
    /// For, against or abstain.
    #[default]
    ForAgainstAbstain,
    /// One of many: the most votes win.
    OneOfMany {
        /// The options, 2 to 256.
        options: Vec<String>,
    },
    /// Up to k marks on a ballot; the options with the most marks win the seats.
    UpToK {
        /// The options, 2 to 256.
        options: Vec<String>,
        /// k.
        marks_max: u16,
        /// Options that are elected, fewer than there are.
        seats: u16,
    },
    /// Ranked, equal ranks allowed, one winner (Schulze).
    Schulze {
        /// The options, 2 to 64.
        options: Vec<String>,
    },
    /// Ranked, several seats (transferable votes).
    Transferable {
        /// The options, 2 to 64.
        options: Vec<String>,
        /// Options that are elected, fewer than there are.
        seats: u16,
    },
}

/// A vote. `"for"`, `{"options": [2]}`, `{"ranking": [[2], [0, 1]]}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// For.
    For,
    /// Against.
    Against,
    /// Abstain.
    Abstain,
    /// The marked options: exactly one of one of many.
    Options(Vec<u16>),
    /// Ranks, best first; in each its options, several being equal (Schulze only). Options may be left out.
    Ranking(Vec<Vec<u16>>),
}

view! {
    /// What a tie for a seat does; the charter says which.
    pub enum Ties {
        /// The seats that the tied options would share stay empty.
        Fail,
        /// The public order of the opening decides.
        PublicOrder,
    }
}

view! {
    /// Votes among options.
    pub struct OptionsView {
        /// Ballots with a choice.
        pub valid: u32,
        /// Elected, in order.
        pub elected: Vec<u16>,
        /// Tied for seats that stay empty.
        pub tied: Vec<u16>,
        /// Whether the public order decided a tie.
        pub drawn: bool,
        /// How it came to that.
        pub account: AccountView,
    }
}

/// How a result came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case", tag = "account")]
pub enum AccountView {
    /// One of many, up to k.
    Votes {
        /// Votes by option.
        votes: Vec<u32>,
    },
    /// Schulze.
    Pairs {
        /// Row i, column j: ballots that rank i above j.
        preferred: Vec<Vec<u32>>,
        /// The options in classes, the unbeaten first.
        classes: Vec<Vec<u16>>,
    },
    /// Transferable votes.
    Stages {
        /// Whole votes with which an option is elected.
        quota: u32,
        /// What happened, in order.
        stages: Vec<StageView>,
    },
}

view! {
    /// One stage of a count of transferable votes.
    pub struct StageView {
        /// What was done.
        pub act: ActView,
        /// Votes by option after it, in hundred-thousandths of a vote.
        pub votes: Vec<u64>,
        /// Votes that no option has any more, in the same unit.
        pub lost: u64,
        /// Who is elected by it.
        pub elected: Vec<u16>,
    }
}

/// What is done in a stage. `"first"`, `{"surplus": 3}`, `{"excluded": 1}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ActView {
    /// Every ballot goes to its first preference.
    First,
    /// The surplus of an elected option is transferred.
    Surplus(u16),
    /// An option is excluded and its ballots are transferred.
    Excluded(u16),
}
