//! Choices of every form, there and back.

use super::*;
use proptest::prelude::*;

fn question(method: OptionsMethod, options: u16) -> Question {
    let options = (1..=options).map(|number| format!("option {number}")).collect();
    Question::Options { method, options }
}

fn methods() -> impl Strategy<Value = (OptionsMethod, u16)> {
    (2u16..=12, any::<u16>(), any::<u16>()).prop_flat_map(|(options, marks, seats)| {
        let (marks_max, seats) = (marks % options + 1, seats % (options - 1) + 1);
        let methods = [
            OptionsMethod::OneOfMany,
            OptionsMethod::UpToK { marks_max, seats },
            OptionsMethod::Schulze,
            OptionsMethod::Transferable { seats },
        ];
        (prop::sample::select(methods.to_vec()), Just(options))
    })
}

/// Options in some order, cut into ranks where a coin says so.
fn ranked(order: Vec<u16>, cuts: &[bool]) -> Vec<Vec<u16>> {
    let mut classes: Vec<Vec<u16>> = Vec::new();
    for (option, cut) in order.into_iter().zip(cuts.iter().cycle()) {
        match classes.last_mut() {
            Some(class) if !cut => class.push(option),
            _ => classes.push(vec![option]),
        }
    }
    classes
}

/// A question among options, and a choice that answers it.
fn answered() -> impl Strategy<Value = (Question, Choice)> {
    methods().prop_flat_map(|(method, options)| {
        let order = Just((0..options).collect::<Vec<_>>()).prop_shuffle();
        (order, 0..=options, prop::collection::vec(any::<bool>(), 1..12)).prop_map(
            move |(mut order, named, cuts)| {
                let most = match method {
                    OptionsMethod::OneOfMany => 1,
                    OptionsMethod::UpToK { marks_max, .. } => marks_max,
                    _ => options,
                };
                order.truncate(usize::from(named.min(most)));
                let choice = match method {
                    _ if order.is_empty() => Choice::Abstain,
                    OptionsMethod::OneOfMany | OptionsMethod::UpToK { .. } => Choice::Options(order),
                    OptionsMethod::Schulze => Choice::Ranking(ranked(order, &cuts)),
                    OptionsMethod::Transferable { .. } => Choice::Ranking(ranked(order, &[true])),
                };
                (question(method, options), choice)
            },
        )
    })
}

/// The one choice that says the same: marks and equals by number, nobody last by name, and an abstention as one.
fn plain(question: &Question, choice: Choice) -> Choice {
    match choice {
        Choice::Options(mut marks) => {
            marks.sort_unstable();
            Choice::Options(marks)
        }
        Choice::Ranking(mut classes) => {
            let ranked: usize = classes.iter().map(Vec::len).sum();
            let everybody = ranked == question.options().len();
            let weak = matches!(
                question,
                Question::Options {
                    method: OptionsMethod::Schulze,
                    ..
                }
            );
            if weak && everybody {
                classes.pop();
            }
            classes.iter_mut().for_each(|class| class.sort_unstable());
            if classes.is_empty() {
                Choice::Abstain
            } else {
                Choice::Ranking(classes)
            }
        }
        other => other,
    }
}

fn anything() -> impl Strategy<Value = Choice> {
    let numbers = || prop::collection::vec(0u16..8, 0..6);
    prop_oneof![
        Just(Choice::For),
        Just(Choice::Against),
        Just(Choice::Abstain),
        numbers().prop_map(Choice::Options),
        prop::collection::vec(numbers(), 0..5).prop_map(Choice::Ranking),
    ]
}

proptest! {
    #[test]
    fn a_choice_of_any_form_is_written_and_read_again((question, choice) in answered()) {
        let vote = vote_of(&question, &choice).expect("it answers the question");
        prop_assert!(question.is_vote(&vote));
        prop_assert_eq!(Ok(vote.len()), question.vote_len());
        prop_assert_eq!(choice_view(&question, &vote), Some(plain(&question, choice)));
    }

    #[test]
    fn bytes_are_shown_as_a_choice_exactly_if_they_are_a_vote(
        (method, options) in methods(), mut bytes in prop::collection::vec(0u8..4, 12), whole: bool,
    ) {
        let question = question(method, options);
        if whole {
            bytes.truncate(question.vote_len().expect("a form"));
        }
        let shown = choice_view(&question, &bytes);
        prop_assert_eq!(shown.is_some(), question.is_vote(&bytes));
        if let Some(choice) = shown {
            prop_assert_eq!(vote_of(&question, &choice), Ok(bytes));
        }
    }

    #[test]
    fn whatever_is_chosen_becomes_a_vote_or_is_refused_with_what_to_do(
        (method, options) in methods(), choice in anything(),
    ) {
        for question in [question(method, options), Question::ForAgainstAbstain] {
            match vote_of(&question, &choice) {
                Ok(vote) => prop_assert!(question.is_vote(&vote)),
                Err(error) => prop_assert!(error.to_string().contains(": "), "{}", error),
            }
        }
    }
}

#[test]
fn everybody_may_abstain_and_a_blank_answer_does() {
    let methods = [
        OptionsMethod::OneOfMany,
        OptionsMethod::UpToK {
            marks_max: 1,
            seats: 1,
        },
        OptionsMethod::Schulze,
        OptionsMethod::Transferable { seats: 1 },
    ];
    for method in methods {
        let question = question(method, 3);
        let vote = vote_of(&question, &Choice::Abstain).expect("a vote");
        assert!(vote.iter().all(|byte| *byte == 0));
        assert_eq!(choice_view(&question, &vote), Some(Choice::Abstain));
        let blank = match method {
            OptionsMethod::OneOfMany => continue,
            OptionsMethod::UpToK { .. } => Choice::Options(Vec::new()),
            _ => Choice::Ranking(Vec::new()),
        };
        assert_eq!(vote_of(&question, &blank), Ok(vote));
    }
    // All equal says nothing.
    let all = Choice::Ranking(vec![vec![2, 0, 1]]);
    assert_eq!(
        vote_of(&question(OptionsMethod::Schulze, 3), &all),
        Ok(vec![0; 3])
    );
}

#[test]
fn every_wrong_choice_is_refused_by_what_is_wrong_with_it() {
    let up_to_two = OptionsMethod::UpToK {
        marks_max: 2,
        seats: 1,
    };
    let transferable = OptionsMethod::Transferable { seats: 1 };
    let ranking = |classes: &[&[u16]]| Choice::Ranking(classes.iter().map(|class| class.to_vec()).collect());
    let options = |marks: &[u16]| Choice::Options(marks.to_vec());
    let table = [
        (OptionsMethod::OneOfMany, Choice::For, ONE_OPTION),
        (OptionsMethod::OneOfMany, options(&[]), ONE_OPTION),
        (OptionsMethod::OneOfMany, options(&[0, 1]), ONE_OPTION),
        (OptionsMethod::OneOfMany, options(&[1, 1]), NoVote::Twice),
        (OptionsMethod::OneOfMany, options(&[3]), NoVote::NoSuchOption(3)),
        (OptionsMethod::OneOfMany, ranking(&[&[0]]), ONE_OPTION),
        (up_to_two, Choice::Against, MARKS),
        (up_to_two, ranking(&[&[0]]), MARKS),
        (up_to_two, options(&[0, 0]), NoVote::Twice),
        (up_to_two, options(&[0, 3]), NoVote::NoSuchOption(3)),
        (
            up_to_two,
            options(&[0, 1, 2]),
            NoVote::TooMany {
                marked: 3,
                marks_max: 2,
            },
        ),
        (OptionsMethod::Schulze, options(&[0]), RANKING),
        (OptionsMethod::Schulze, Choice::For, RANKING),
        (OptionsMethod::Schulze, ranking(&[&[0], &[1, 0]]), NoVote::Twice),
        (
            OptionsMethod::Schulze,
            ranking(&[&[0], &[], &[1]]),
            NoVote::EmptyRank,
        ),
        (
            OptionsMethod::Schulze,
            ranking(&[&[u16::MAX]]),
            NoVote::NoSuchOption(3),
        ),
        (transferable, options(&[0]), RANKING),
        (transferable, ranking(&[&[0, 1]]), NoVote::SharedRank),
        (transferable, ranking(&[&[0], &[0]]), NoVote::Twice),
        (transferable, ranking(&[&[]]), NoVote::EmptyRank),
        (transferable, ranking(&[&[3]]), NoVote::NoSuchOption(3)),
    ];
    for (method, choice, refused) in table {
        assert_eq!(
            vote_of(&question(method, 3), &choice),
            Err(refused),
            "{method:?} {choice:?}"
        );
    }
    for choice in [options(&[0]), ranking(&[&[0]])] {
        assert_eq!(vote_of(&Question::ForAgainstAbstain, &choice), Err(CHOICES));
    }
}

#[test]
fn more_ranks_than_a_byte_holds_are_refused_and_not_wrapped() {
    let classes = Choice::Ranking(vec![Vec::new(); 300]);
    let question = question(OptionsMethod::Schulze, 3);
    assert_eq!(vote_of(&question, &classes), Err(NoVote::EmptyRank));
}
