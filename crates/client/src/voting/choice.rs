//! Between what people are asked and answer, and what the journal and the ballots hold.

use crate::views::{AccountView, ActView, Choice, OptionsView, QuestionView, StageView, Ties};
use assembly::counting::{
    Account, Act, BadChoice, OneOfMany, OptionIndex, OptionsMethod, OptionsResult, Spoilt, Stage,
    StrictOrder, UpToK, WeakOrder,
};
use assembly::{Question, counting};
use std::collections::BTreeSet;

/// Why a choice is no answer to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoVote {
    /// Of another question's form.
    #[error("this motion asks otherwise: {0}")]
    OtherForm(&'static str),
    /// Of the right form, but not a vote.
    #[error(transparent)]
    Choice(#[from] BadChoice),
}

/// The question as the journal holds it.
pub(crate) fn question_of(view: QuestionView) -> Question {
    let (method, options) = match view {
        QuestionView::ForAgainstAbstain => return Question::ForAgainstAbstain,
        QuestionView::OneOfMany { options } => (OptionsMethod::OneOfMany, options),
        QuestionView::UpToK {
            options,
            marks_max,
            seats,
        } => (OptionsMethod::UpToK { marks_max, seats }, options),
        QuestionView::Schulze { options } => (OptionsMethod::Schulze, options),
        QuestionView::Transferable { options, seats } => (OptionsMethod::Transferable { seats }, options),
    };
    Question::Options { method, options }
}

/// The question as people see it.
pub(crate) fn question_view(question: &Question) -> QuestionView {
    let Question::Options { method, options } = question else {
        return QuestionView::ForAgainstAbstain;
    };
    let options = options.clone();
    match *method {
        OptionsMethod::OneOfMany => QuestionView::OneOfMany { options },
        OptionsMethod::UpToK { marks_max, seats } => QuestionView::UpToK {
            options,
            marks_max,
            seats,
        },
        OptionsMethod::Schulze => QuestionView::Schulze { options },
        OptionsMethod::Transferable { seats } => QuestionView::Transferable { options, seats },
    }
}

/// The vote's bytes, in the one form that the question gives them.
///
/// # Errors
/// [`NoVote`].
pub(crate) fn vote_of(question: &Question, choice: &Choice) -> Result<Vec<u8>, NoVote> {
    let Question::Options { method, options } = question else {
        let choice = match choice {
            Choice::For => assembly::Choice::For,
            Choice::Against => assembly::Choice::Against,
            Choice::Abstain => assembly::Choice::Abstain,
            _ => return Err(NoVote::OtherForm("for, against or abstain")),
        };
        return Ok(choice.to_plaintext().to_vec());
    };
    let len = u16::try_from(options.len()).unwrap_or(u16::MAX);
    // The form of a motion that was taken is never refused.
    let no_form = |_| NoVote::Choice(BadChoice(Spoilt::NoSuchOption));
    match (method, choice) {
        (OptionsMethod::OneOfMany, Choice::Abstain) => {
            Ok(OneOfMany::new(len).map_err(no_form)?.write(None)?.to_vec())
        }
        (OptionsMethod::OneOfMany, Choice::Options(marks)) => {
            let [mark] = marks.as_slice() else {
                return Err(NoVote::OtherForm("one of the options, or to abstain"));
            };
            let form = OneOfMany::new(len).map_err(no_form)?;
            Ok(form.write(Some(OptionIndex::new(*mark)))?.to_vec())
        }
        (OptionsMethod::UpToK { marks_max, .. }, Choice::Abstain | Choice::Options(_)) => {
            let marks = marks_of(choice);
            let set: BTreeSet<_> = marks.iter().copied().collect();
            if set.len() < marks.len() {
                return Err(NoVote::OtherForm("no option is marked twice"));
            }
            Ok(UpToK::new(len, *marks_max).map_err(no_form)?.write(&set)?)
        }
        (OptionsMethod::Schulze, Choice::Abstain | Choice::Ranking(_)) => {
            let ranks = ranks_of(choice, len)?;
            let form = WeakOrder::new(len).map_err(no_form)?;
            Ok(form.canonical(&ranks)?.ranks().to_vec())
        }
        (OptionsMethod::Transferable { .. }, Choice::Abstain | Choice::Ranking(_)) => {
            let classes = classes_of(choice);
            if classes.iter().any(|class| class.len() != 1) {
                return Err(NoVote::OtherForm("one option for each rank, or to abstain"));
            }
            let order: Vec<_> = classes
                .iter()
                .flatten()
                .map(|option| OptionIndex::new(*option))
                .collect();
            let form = StrictOrder::new(len).map_err(no_form)?;
            Ok(form.write(&order)?.ranks().to_vec())
        }
        (OptionsMethod::OneOfMany, _) => Err(NoVote::OtherForm("one of the options, or to abstain")),
        (OptionsMethod::UpToK { .. }, _) => Err(NoVote::OtherForm("the options to mark, or to abstain")),
        (OptionsMethod::Schulze | OptionsMethod::Transferable { .. }, _) => {
            Err(NoVote::OtherForm("a ranking of the options, or to abstain"))
        }
    }
}

fn marks_of(choice: &Choice) -> Vec<OptionIndex> {
    match choice {
        Choice::Options(marks) => marks.iter().map(|mark| OptionIndex::new(*mark)).collect(),
        _ => Vec::new(),
    }
}

fn classes_of(choice: &Choice) -> &[Vec<u16>] {
    match choice {
        Choice::Ranking(classes) => classes,
        _ => &[],
    }
}

/// Each option's rank, 0 none.
fn ranks_of(choice: &Choice, options: u16) -> Result<Vec<u8>, NoVote> {
    let mut ranks = vec![0u8; usize::from(options)];
    for (class, rank) in classes_of(choice).iter().zip(1u8..) {
        for option in class {
            match ranks.get_mut(usize::from(*option)) {
                None => return Err(BadChoice(Spoilt::NoSuchOption).into()),
                Some(taken) if *taken > 0 => return Err(NoVote::OtherForm("no option has two ranks")),
                Some(free) => *free = rank,
            }
        }
    }
    Ok(ranks)
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
