//! What a motion asks: as people see it and as the journal holds it, and what is refused before it gets there.

use crate::views::{Majority, QuestionView, RuleView};
use assembly::counting::{BadForm, OptionsMethod};
use assembly::{BadQuestion, Question};
use std::collections::BTreeMap;

/// Longest option, in characters: with four bytes each what the journal takes.
pub(crate) const OPTION_CHARS_MAX: usize = 100;

/// Why a question cannot be asked, with what to do next. Options are counted from 1, as people do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoQuestion {
    /// Too few options, or too many.
    #[error(
        "this method takes 2 to {max} options, and there are {options}: change the options or the method"
    )]
    Number { options: usize, max: u16 },
    /// Of no use to a voter.
    #[error("option {0} is empty: write what it is, or leave it out")]
    Empty(usize),
    /// Longer than it may be.
    #[error("option {number} has {chars} characters, and {OPTION_CHARS_MAX} are allowed: shorten it")]
    Long { number: usize, chars: usize },
    /// It would not stay in its line.
    #[error("option {0} has a line end or another control character in it: take it out")]
    Control(usize),
    /// Nobody could tell them apart.
    #[error("options {0} and {1} are the same: leave one out, or say how they differ")]
    Same(usize, usize),
    /// More marks than options, or none.
    #[error("a ballot may mark 1 to {options} of {options} options, not {marks_max}")]
    Marks { marks_max: u16, options: usize },
    /// More seats than there can be, or none.
    #[error(
        "of {options} options 1 to {} can be elected, not {seats}",
        options.saturating_sub(1)
    )]
    Seats { seats: u16, options: usize },
    /// A majority of for and against.
    #[error("among options the method decides, and no majority: leave it simple")]
    Majority,
    /// What the journal refuses besides.
    #[error(transparent)]
    Other(#[from] BadQuestion),
}

/// The question as the journal holds it.
///
/// # Errors
/// [`NoQuestion`].
pub(crate) fn question_of(view: QuestionView, rule: Option<&RuleView>) -> Result<Question, NoQuestion> {
    let (method, options) = match view {
        QuestionView::ForAgainstAbstain => return Ok(Question::ForAgainstAbstain),
        QuestionView::OneOfMany { options } => (OptionsMethod::OneOfMany, options),
        QuestionView::UpToK {
            options,
            marks_max,
            seats,
        } => (OptionsMethod::UpToK { marks_max, seats }, options),
        QuestionView::Schulze { options } => (OptionsMethod::Schulze, options),
        QuestionView::Transferable { options, seats } => (OptionsMethod::Transferable { seats }, options),
    };
    check_form(method, options.len())?;
    check_texts(&options)?;
    if rule.is_some_and(|rule| rule.majority != Majority::Simple) {
        return Err(NoQuestion::Majority);
    }
    let question = Question::Options { method, options };
    question.check()?;
    Ok(question)
}

fn check_form(method: OptionsMethod, options: usize) -> Result<(), NoQuestion> {
    let number = u16::try_from(options).unwrap_or(u16::MAX);
    match (method.count(number), method) {
        (Ok(_), _) => Ok(()),
        (Err(BadForm::Marks), OptionsMethod::UpToK { marks_max, .. }) => {
            Err(NoQuestion::Marks { marks_max, options })
        }
        (Err(BadForm::Seats), OptionsMethod::UpToK { seats, .. } | OptionsMethod::Transferable { seats }) => {
            Err(NoQuestion::Seats { seats, options })
        }
        (Err(BadForm::Options { max }), _) => Err(NoQuestion::Number { options, max }),
        (Err(other), _) => Err(BadQuestion::Form(other).into()),
    }
}

fn check_texts(options: &[String]) -> Result<(), NoQuestion> {
    let mut seen = BTreeMap::new();
    for (number, option) in (1..).zip(options) {
        let chars = option.chars().count();
        if option.trim().is_empty() {
            return Err(NoQuestion::Empty(number));
        }
        if chars > OPTION_CHARS_MAX {
            return Err(NoQuestion::Long { number, chars });
        }
        if option.chars().any(char::is_control) {
            return Err(NoQuestion::Control(number));
        }
        if let Some(first) = seen.insert(option.trim(), number) {
            return Err(NoQuestion::Same(first, number));
        }
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use assembly::counting::{OPTIONS_MAX, RANKED_OPTIONS_MAX};

    fn numbered(options: u16) -> Vec<String> {
        (1..=options).map(|number| format!("option {number}")).collect()
    }

    fn texts(options: &[&str]) -> Vec<String> {
        options.iter().map(|option| (*option).to_owned()).collect()
    }

    fn refused(view: QuestionView) -> String {
        question_of(view, None).expect_err("it is refused").to_string()
    }

    fn every_method(options: &[String]) -> [QuestionView; 4] {
        let options = || options.to_vec();
        [
            QuestionView::OneOfMany { options: options() },
            QuestionView::UpToK {
                options: options(),
                marks_max: 2,
                seats: 1,
            },
            QuestionView::Schulze { options: options() },
            QuestionView::Transferable {
                options: options(),
                seats: 1,
            },
        ]
    }

    #[test]
    fn questions_of_every_method_are_the_same_once_read_again() {
        let views = every_method(&numbered(3));
        for view in views.into_iter().chain([QuestionView::ForAgainstAbstain]) {
            let question = question_of(view.clone(), None).expect("a question");
            assert_eq!(question_view(&question), view);
        }
    }

    #[test]
    fn methods_take_as_many_options_as_they_say() {
        for (index, max) in [OPTIONS_MAX, OPTIONS_MAX, RANKED_OPTIONS_MAX, RANKED_OPTIONS_MAX]
            .into_iter()
            .enumerate()
        {
            let ask = |options: u16| question_of(every_method(&numbered(options))[index].clone(), None);
            assert!(ask(2).is_ok() && ask(max).is_ok());
            for options in [0, 1, max + 1] {
                let number = NoQuestion::Number {
                    options: usize::from(options),
                    max,
                };
                assert_eq!(ask(options), Err(number));
            }
        }
    }

    #[test]
    fn options_are_refused_by_number_with_what_to_do() {
        let long = "о".repeat(OPTION_CHARS_MAX + 1);
        let table = [
            (
                vec!["a", " ", "b"],
                "option 2 is empty: write what it is, or leave it out",
            ),
            (
                vec!["a", &long],
                "option 2 has 101 characters, and 100 are allowed: shorten it",
            ),
            (
                vec!["a\nADOPTED", "b"],
                "option 1 has a line end or another control character in it: take it out",
            ),
            (
                vec!["a", "b", "a "],
                "options 1 and 3 are the same: leave one out, or say how they differ",
            ),
        ];
        for (options, sentence) in table {
            for view in every_method(&texts(&options)) {
                assert_eq!(refused(view), sentence);
            }
        }
    }

    #[test]
    fn an_option_as_long_as_it_may_be_fits_the_journal_in_every_script() {
        for letter in ["a", "я", "語", "🜁"] {
            let options = vec![letter.repeat(OPTION_CHARS_MAX), "another".to_owned()];
            assert!(question_of(QuestionView::OneOfMany { options }, None).is_ok());
        }
    }

    #[test]
    fn marks_and_seats_beyond_the_options_are_refused_with_what_is_possible() {
        let up_to_k = |marks_max, seats| QuestionView::UpToK {
            options: numbered(3),
            marks_max,
            seats,
        };
        let transferable = |seats| QuestionView::Transferable {
            options: numbered(3),
            seats,
        };
        let marks = |marks: u16| format!("a ballot may mark 1 to 3 of 3 options, not {marks}");
        let seats = |seats: u16| format!("of 3 options 1 to 2 can be elected, not {seats}");
        assert_eq!(refused(up_to_k(0, 1)), marks(0));
        assert_eq!(refused(up_to_k(4, 1)), marks(4));
        assert_eq!(refused(up_to_k(3, 0)), seats(0));
        assert_eq!(refused(up_to_k(3, 3)), seats(3));
        assert_eq!(refused(transferable(0)), seats(0));
        assert_eq!(refused(transferable(3)), seats(3));
    }

    #[test]
    fn a_majority_has_no_meaning_among_options() {
        let rule = |majority| RuleView {
            quorum_numerator: 2,
            quorum_denominator: 3,
            majority,
        };
        for view in every_method(&numbered(3)) {
            for majority in [
                Majority::Absolute,
                Majority::TwoThirds,
                Majority::ThreeQuarters,
                Majority::Consensus,
            ] {
                assert_eq!(
                    question_of(view.clone(), Some(&rule(majority))),
                    Err(NoQuestion::Majority)
                );
            }
            assert!(question_of(view, Some(&rule(Majority::Simple))).is_ok());
        }
        assert!(question_of(QuestionView::ForAgainstAbstain, Some(&rule(Majority::Consensus))).is_ok());
    }
}
