//! Between what people choose and are shown of a count, and what the journal and the ballots hold.

use crate::views::{AccountView, ActView, Choice, OptionsView, StageView, Ties};
use assembly::counting::{
    Account, Act, BadChoice, OneOfMany, OptionIndex, OptionsMethod, OptionsResult, Stage, StrictOrder, UpToK,
    WeakOrder,
};
use assembly::{Question, counting};
use std::collections::BTreeSet;

/// Why a choice is no answer to a question, with what to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoVote {
    /// Of another question's form.
    #[error("this motion asks for {0}: choose that")]
    OtherForm(&'static str),
    /// Not among the options.
    #[error("this motion has {0} options, and what was chosen is none of them: choose again")]
    NoSuchOption(u16),
    /// An option more than once.
    #[error("an option is named twice: name each once")]
    Twice,
    /// More marks than a ballot may have.
    #[error("{marked} options are marked, and a ballot may mark {marks_max}: leave some out")]
    TooMany { marked: usize, marks_max: u16 },
    /// A rank without an option.
    #[error("a rank has no option: leave it out")]
    EmptyRank,
    /// Equals where the method knows none.
    #[error("two options share a rank, and this motion asks for an order: put one before the other")]
    SharedRank,
    /// What the form refuses besides.
    #[error(transparent)]
    Other(#[from] BadChoice),
}

const CHOICES: NoVote = NoVote::OtherForm("for, against or abstain");
const ONE_OPTION: NoVote = NoVote::OtherForm("one of its options, or to abstain");
const MARKS: NoVote = NoVote::OtherForm("options to mark, or to abstain");
const RANKING: NoVote = NoVote::OtherForm("a ranking of its options, or to abstain");

/// The vote's bytes, in the one form that the question gives them. No marks, no ranks, or all options in one rank abstain.
///
/// # Errors
/// [`NoVote`].
pub(crate) fn vote_of(question: &Question, choice: &Choice) -> Result<Vec<u8>, NoVote> {
    let Question::Options { method, options } = question else {
        let choice = match choice {
            Choice::For => assembly::Choice::For,
            Choice::Against => assembly::Choice::Against,
            Choice::Abstain => assembly::Choice::Abstain,
            Choice::Options(_) | Choice::Ranking(_) => return Err(CHOICES),
        };
        return Ok(choice.to_plaintext().to_vec());
    };
    let len = u16::try_from(options.len()).unwrap_or(u16::MAX);
    // The form of a motion that was taken is never refused.
    let no_form = |_| NoVote::NoSuchOption(len);
    match *method {
        OptionsMethod::OneOfMany => {
            let marks = marks_of(choice, len, ONE_OPTION)?;
            if marks.len() != 1 && *choice != Choice::Abstain {
                return Err(ONE_OPTION);
            }
            let form = OneOfMany::new(len).map_err(no_form)?;
            Ok(form.write(marks.first().copied())?.to_vec())
        }
        OptionsMethod::UpToK { marks_max, .. } => {
            let marks = marks_of(choice, len, MARKS)?;
            let marked = marks.len();
            if marked > usize::from(marks_max) {
                return Err(NoVote::TooMany { marked, marks_max });
            }
            Ok(UpToK::new(len, marks_max).map_err(no_form)?.write(&marks)?)
        }
        OptionsMethod::Schulze => {
            let ranks = ranks_of(classes_of(choice)?, len)?;
            let form = WeakOrder::new(len).map_err(no_form)?;
            Ok(form.canonical(&ranks)?.ranks().to_vec())
        }
        OptionsMethod::Transferable { .. } => {
            let classes = classes_of(choice)?;
            let ranks = ranks_of(classes, len)?;
            if classes.iter().any(|class| class.len() > 1) {
                return Err(NoVote::SharedRank);
            }
            let form = StrictOrder::new(len).map_err(no_form)?;
            Ok(form.read(&ranks).map_err(BadChoice)?.ranks().to_vec())
        }
    }
}

/// The marked options, each once; none of one who abstains.
fn marks_of(choice: &Choice, options: u16, asked: NoVote) -> Result<BTreeSet<OptionIndex>, NoVote> {
    match choice {
        Choice::Abstain => Ok(BTreeSet::new()),
        Choice::Options(marks) => each_once(marks, options),
        Choice::For | Choice::Against | Choice::Ranking(_) => Err(asked),
    }
}

fn each_once<'a>(
    named: impl IntoIterator<Item = &'a u16>,
    options: u16,
) -> Result<BTreeSet<OptionIndex>, NoVote> {
    let mut set = BTreeSet::new();
    for option in named {
        if *option >= options {
            return Err(NoVote::NoSuchOption(options));
        }
        if !set.insert(OptionIndex::new(*option)) {
            return Err(NoVote::Twice);
        }
    }
    Ok(set)
}

/// The ranks, best first; none of one who abstains.
fn classes_of(choice: &Choice) -> Result<&[Vec<u16>], NoVote> {
    match choice {
        Choice::Abstain => Ok(&[]),
        Choice::Ranking(classes) => Ok(classes),
        Choice::For | Choice::Against | Choice::Options(_) => Err(RANKING),
    }
}

/// Each option's rank, 0 none.
fn ranks_of(classes: &[Vec<u16>], options: u16) -> Result<Vec<u8>, NoVote> {
    each_once(classes.iter().flatten(), options)?;
    if classes.iter().any(Vec::is_empty) {
        return Err(NoVote::EmptyRank);
    }
    let rank = |option: u16| {
        let class = classes.iter().position(|class| class.contains(&option));
        class.map_or(0, |class| {
            u8::try_from(class.saturating_add(1)).unwrap_or(u8::MAX)
        })
    };
    Ok((0..options).map(rank).collect())
}

/// A vote as people see it; `None` for bytes that are none.
pub(crate) fn choice_view(question: &Question, vote: &[u8]) -> Option<Choice> {
    let Question::Options { method, options } = question else {
        return Some(match assembly::Choice::from_plaintext(vote)? {
            assembly::Choice::For => Choice::For,
            assembly::Choice::Against => Choice::Against,
            assembly::Choice::Abstain => Choice::Abstain,
        });
    };
    let len = u16::try_from(options.len()).ok()?;
    let marked = |marks: Vec<u16>| {
        if marks.is_empty() {
            Choice::Abstain
        } else {
            Choice::Options(marks)
        }
    };
    Some(match method {
        OptionsMethod::OneOfMany => {
            let mark = OneOfMany::new(len).ok()?.read(vote).ok()?;
            marked(mark.map(OptionIndex::number).into_iter().collect())
        }
        OptionsMethod::UpToK { marks_max, .. } => {
            let marks = UpToK::new(len, *marks_max).ok()?.read(vote).ok()?;
            marked(numbers(marks))
        }
        OptionsMethod::Schulze => ranking_view(WeakOrder::new(len).ok()?.read(vote).ok()?.ranks()),
        OptionsMethod::Transferable { .. } => {
            ranking_view(StrictOrder::new(len).ok()?.read(vote).ok()?.ranks())
        }
    })
}

fn ranking_view(ranks: &[u8]) -> Choice {
    let greatest = ranks.iter().copied().max().unwrap_or_default();
    let class = |rank: u8| {
        let ranked = (0u16..).zip(ranks).filter(move |(_, of)| **of == rank);
        ranked.map(|(option, _)| option).collect()
    };
    if greatest == 0 {
        Choice::Abstain
    } else {
        Choice::Ranking((1..=greatest).map(class).collect())
    }
}

fn numbers(options: impl IntoIterator<Item = OptionIndex>) -> Vec<u16> {
    options.into_iter().map(OptionIndex::number).collect()
}

/// Votes among options as people see them.
pub(crate) fn options_view(result: &OptionsResult) -> OptionsView {
    OptionsView {
        valid: result.turnout.valid,
        elected: numbers(result.outcome.elected.iter().copied()),
        tied: numbers(result.outcome.tied.iter().copied()),
        drawn: result.outcome.drawn,
        account: match &result.account {
            Account::Votes(votes) => AccountView::Votes { votes: votes.clone() },
            Account::Pairs { preferred, classes } => AccountView::Pairs {
                preferred: preferred.clone(),
                classes: classes
                    .iter()
                    .map(|class| numbers(class.iter().copied()))
                    .collect(),
            },
            Account::Stages { quota, stages } => AccountView::Stages {
                quota: *quota,
                stages: stages.iter().map(stage_view).collect(),
            },
        },
    }
}

fn stage_view(stage: &Stage) -> StageView {
    StageView {
        act: match stage.act {
            Act::First => ActView::First,
            Act::Surplus(option) => ActView::Surplus(option.number()),
            Act::Excluded(option) => ActView::Excluded(option.number()),
        },
        votes: stage.votes.clone(),
        lost: stage.lost,
        elected: numbers(stage.elected.iter().copied()),
    }
}

/// What a tie does, as the charter holds it.
pub(crate) const fn journal_ties(ties: Ties) -> counting::Ties {
    match ties {
        Ties::Fail => counting::Ties::Fail,
        Ties::PublicOrder => counting::Ties::PublicOrder,
    }
}

/// What a tie does, as people see it.
pub(crate) const fn ties_view(ties: counting::Ties) -> Ties {
    match ties {
        counting::Ties::Fail => Ties::Fail,
        counting::Ties::PublicOrder => Ties::PublicOrder,
    }
}

#[cfg(test)]
mod tests;
