//! What was asked and how it was answered. Options are meant by their number in the motion's list, from 0.

use assembly::counting::{Account, Act, OptionIndex, OptionsMethod, OptionsResult, Stage};
use assembly::{Counts, Question};
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct JsonQuestion<'a> {
    method: &'static str,
    options: &'a [String],
    marks_max: Option<u16>,
    seats: Option<u16>,
}

#[derive(Serialize)]
pub(super) struct JsonCounts {
    r#for: u32,
    against: u32,
    abstain: u32,
    spoilt: u32,
}

#[derive(Serialize)]
pub(super) struct JsonOptions<'a> {
    valid: u32,
    abstain: u32,
    spoilt: u32,
    elected: Vec<u16>,
    tied: Vec<u16>,
    drawn: bool,
    account: JsonAccount<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum JsonAccount<'a> {
    Votes {
        votes: &'a [u32],
    },
    Pairs {
        preferred: &'a [Vec<u32>],
        classes: Vec<Vec<u16>>,
    },
    Stages {
        quota: u32,
        stages: Vec<JsonStage<'a>>,
    },
}

#[derive(Serialize)]
struct JsonStage<'a> {
    act: &'static str,
    option: Option<u16>,
    votes: &'a [u64],
    lost: u64,
    elected: Vec<u16>,
}

impl<'a> JsonQuestion<'a> {
    pub(super) fn new(question: &'a Question) -> Self {
        let (method, marks_max) = match question {
            Question::ForAgainstAbstain => ("for_against_abstain", None),
            Question::Options { method, .. } => match *method {
                OptionsMethod::OneOfMany => ("one_of_many", None),
                OptionsMethod::UpToK { marks_max, .. } => ("up_to_k", Some(marks_max)),
                OptionsMethod::Schulze => ("schulze", None),
                OptionsMethod::Transferable { .. } => ("transferable", None),
            },
        };
        let seats = match question {
            Question::ForAgainstAbstain => None,
            Question::Options { method, .. } => Some(method.seats()),
        };
        Self {
            method,
            options: question.options(),
            marks_max,
            seats,
        }
    }
}

impl JsonCounts {
    pub(super) const fn new(counts: &Counts) -> Self {
        Self {
            r#for: counts.votes_for,
            against: counts.votes_against,
            abstain: counts.votes_abstain,
            spoilt: counts.spoilt,
        }
    }
}

impl<'a> JsonOptions<'a> {
    pub(super) fn new(result: &'a OptionsResult) -> Self {
        Self {
            valid: result.turnout.valid,
            abstain: result.turnout.abstain,
            spoilt: result.turnout.spoilt,
            elected: numbers(&result.outcome.elected),
            tied: numbers(&result.outcome.tied),
            drawn: result.outcome.drawn,
            account: match &result.account {
                Account::Votes(votes) => JsonAccount::Votes { votes },
                Account::Pairs { preferred, classes } => JsonAccount::Pairs {
                    preferred,
                    classes: classes.iter().map(|class| numbers(class)).collect(),
                },
                Account::Stages { quota, stages } => JsonAccount::Stages {
                    quota: *quota,
                    stages: stages.iter().map(JsonStage::new).collect(),
                },
            },
        }
    }
}

impl<'a> JsonStage<'a> {
    fn new(stage: &'a Stage) -> Self {
        let (act, option) = match stage.act {
            Act::First => ("first", None),
            Act::Surplus(option) => ("surplus", Some(option.number())),
            Act::Excluded(option) => ("excluded", Some(option.number())),
        };
        Self {
            act,
            option,
            votes: &stage.votes,
            lost: stage.lost,
            elected: numbers(&stage.elected),
        }
    }
}

fn numbers(options: &[OptionIndex]) -> Vec<u16> {
    options.iter().map(|option| option.number()).collect()
}
