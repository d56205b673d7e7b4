//! Votes among options, of every method, by name and in secret.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests"
)]

mod world;

use client::requests::{Answer, CharterChanges, RefusalCode, Request};
use client::views::{
    AccountView, Choice, OptionsView, OwnVoteState, QuestionView, ResultView, Ties, VoteKind,
};
use world::{World, quick_charter};

/// The deputies; one more member is an expert and only counts.
const DEPUTIES: usize = 4;
const KINDS: [VoteKind; 2] = [VoteKind::RollCall, VoteKind::Secret];

fn founded(seed: u64, charter: CharterChanges) -> World {
    let mut world = World::new(seed, DEPUTIES + 1);
    world.found_by(DEPUTIES, charter);
    world.until("sealing keys are ready", 300_000, |world| {
        world.overview(0).assembly.unwrap().sealing_keys > 0
    });
    world
}

fn options(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn ranking(classes: &[&[u16]]) -> Choice {
    Choice::Ranking(classes.iter().map(|class| class.to_vec()).collect())
}

/// Everybody's result, which is one.
fn result(world: &mut World, motion: &str) -> ResultView {
    let everybody: Vec<_> = (0..=DEPUTIES)
        .map(|who| world.motion(who, motion).unwrap().result.unwrap())
        .collect();
    for other in &everybody {
        assert_eq!(other.options, everybody[0].options);
        assert_eq!(other.hash, everybody[0].hash);
    }
    everybody[0].clone()
}

/// Holds the vote and returns its result.
fn hold(
    world: &mut World,
    kind: VoteKind,
    question: &QuestionView,
    choices: &[Choice],
) -> (String, ResultView) {
    world.until("a sealing key is ready", 300_000, |world| {
        world.overview(0).assembly.unwrap().sealing_keys > 0
    });
    let motion = world.open_question(1, 2, "An election", kind, question.clone());
    for (who, choice) in choices.iter().enumerate() {
        world.vote(who, &motion, choice.clone());
    }
    world.decided(&motion);
    let result = result(world, &motion);
    assert_eq!(world.motion(0, &motion).unwrap().question, *question);
    (motion, result)
}

/// Each method with four votes, who is elected, and how it came to that.
fn elections() -> [(QuestionView, [Choice; DEPUTIES], Vec<u16>, AccountView); 3] {
    [
        (
            QuestionView::OneOfMany {
                options: options(&["Anna", "Boris", "Vera"]),
            },
            [
                Choice::Options(vec![1]),
                Choice::Options(vec![0]),
                Choice::Options(vec![1]),
                Choice::Abstain,
            ],
            vec![1],
            AccountView::Votes { votes: vec![1, 2, 0] },
        ),
        (
            QuestionView::UpToK {
                options: (1..=9).map(|number| format!("№ {number}")).collect(),
                marks_max: 3,
                seats: 2,
            },
            [
                Choice::Options(vec![0, 8]),
                Choice::Options(vec![8]),
                Choice::Options(vec![0, 1, 8]),
                Choice::Abstain,
            ],
            vec![8, 0],
            AccountView::Votes {
                votes: vec![2, 1, 0, 0, 0, 0, 0, 0, 3],
            },
        ),
        (
            QuestionView::Schulze {
                options: options(&["Monday", "Tuesday", "Friday"]),
            },
            [
                ranking(&[&[2]]),
                ranking(&[&[2], &[1]]),
                ranking(&[&[0], &[2]]),
                Choice::Abstain,
            ],
            vec![2],
            AccountView::Pairs {
                preferred: vec![vec![0, 1, 1], vec![1, 0, 0], vec![2, 3, 0]],
                classes: vec![vec![2], vec![0, 1]],
            },
        ),
    ]
}

#[test]
fn every_method_elects_the_same_by_name_and_in_secret_on_every_device_and_in_the_audit() {
    let mut world = founded(41, quick_charter(DEPUTIES as u32 + 1));
    let mut hashes = Vec::new();
    for (question, choices, elected, account) in elections() {
        for kind in KINDS {
            let (motion, result) = hold(&mut world, kind, &question, &choices);
            let expected = OptionsView {
                valid: 3,
                elected: elected.clone(),
                tied: Vec::new(),
                drawn: false,
                account: account.clone(),
            };
            assert_eq!(result.options, Some(expected), "{kind:?} {question:?}");
            assert!(result.adopted && result.quorum_met);
            assert_eq!((result.votes_abstain, result.spoilt, result.votes_for), (1, 0, 0));
            let mine = world.motion(0, &motion).unwrap().mine;
            assert_eq!(mine.state, OwnVoteState::Counted);
            if kind == VoteKind::RollCall {
                let voted = result.roll_call.iter().map(|vote| vote.choice.clone());
                assert_eq!(voted.collect::<Vec<_>>(), choices);
                assert_eq!(mine.choice.as_ref(), Some(&result.roll_call[0].choice));
            } else {
                assert!(result.roll_call.is_empty());
                assert_eq!(mine.choice, None);
            }
            hashes.push(result.hash);
        }
    }
    world.run_ms(10_000);
    let report = world.audited(DEPUTIES);
    let mut audited: Vec<_> = report
        .motions
        .iter()
        .map(|motion| motion.result.as_ref().unwrap().hash().to_string())
        .collect();
    audited.sort();
    hashes.sort();
    assert_eq!(audited, hashes);
}

#[test]
fn transferable_votes_fill_two_seats_though_steps_are_killed_at_random_writes() {
    let charter = CharterChanges {
        voting_least_ms: Some(60_000),
        ..quick_charter(DEPUTIES as u32 + 1)
    };
    let mut world = founded(43, charter);
    let question = QuestionView::Transferable {
        options: options(&["Anna", "Boris", "Vera", "Gleb"]),
        seats: 2,
    };
    let choices = [
        ranking(&[&[1], &[0]]),
        ranking(&[&[1], &[0], &[3]]),
        ranking(&[&[1], &[0], &[2]]),
        ranking(&[&[2]]),
    ];
    for kind in KINDS {
        world.crash_percent = 8;
        let (_, result) = hold(&mut world, kind, &question, &choices);
        world.crash_percent = 0;
        let votes = result.options.unwrap();
        // Three of four first preferences are a vote above the quota of two. It goes to the next on those three papers in
        // thirds, rounded down: a hundred-thousandth short of the vote that another has.
        assert_eq!((votes.valid, votes.elected), (4, vec![1, 2]));
        let AccountView::Stages { quota, stages } = votes.account else {
            panic!("stages")
        };
        assert_eq!(
            (quota, stages[0].votes.as_slice()),
            (2, &[0, 300_000, 100_000, 0][..])
        );
        assert_eq!(stages[1].votes, [99_999, 200_000, 100_000, 0]);
    }
    assert!(world.crashes > 5, "only {} crashes", world.crashes);
    world.run_ms(10_000);
    assert_eq!(world.audited(0).motions.len(), 2);
}

#[test]
fn what_a_tie_does_is_the_charters_to_say() {
    for ties in [None, Some(Ties::Fail), Some(Ties::PublicOrder)] {
        let charter = CharterChanges {
            ties,
            ..quick_charter(DEPUTIES as u32 + 1)
        };
        let mut world = World::new(47, DEPUTIES + 1);
        world.found_by(DEPUTIES, charter);
        let shown = world.overview(DEPUTIES).assembly.unwrap().charter.ties;
        assert_eq!(shown, ties.unwrap_or(Ties::Fail));
        let question = QuestionView::OneOfMany {
            options: options(&["Anna", "Boris", "Vera"]),
        };
        let motion = world.open_question(1, 2, "An election", VoteKind::RollCall, question);
        for (who, option) in [(0, 0), (1, 2), (2, 2), (3, 0)] {
            world.vote(who, &motion, Choice::Options(vec![option]));
        }
        world.decided(&motion);
        let result = result(&mut world, &motion);
        let votes = result.options.unwrap();
        if shown == Ties::PublicOrder {
            assert!(result.adopted && votes.drawn && votes.tied.is_empty());
            assert!(votes.elected == [0] || votes.elected == [2], "{votes:?}");
        } else {
            assert!(!result.adopted && !votes.drawn && votes.elected.is_empty());
            assert_eq!(votes.tied, [0, 2]);
        }
    }
}

#[test]
fn a_question_or_a_choice_that_is_none_is_refused_and_leaves_nothing_behind() {
    let mut world = founded(53, quick_charter(DEPUTIES as u32 + 1));
    let ask = |question| Request::Propose {
        title: "An election".into(),
        text: String::new(),
        kind: VoteKind::Secret,
        question,
        rule: None,
        notice_ms: None,
        voting_ms: None,
    };
    let twice = QuestionView::Schulze {
        options: options(&["Anna", "Anna"]),
    };
    let refused = world.ask(0, ask(twice)).unwrap_err();
    assert_eq!(refused.code, RefusalCode::BadRequest);
    assert!(
        refused.details.contains("options 1 and 2 are the same"),
        "{refused:?}"
    );
    let long = QuestionView::OneOfMany {
        options: (0..256)
            .map(|number| format!("{number:03}{}", "語".repeat(97)))
            .collect(),
    };
    assert!(matches!(world.ask(0, ask(long)), Ok(Answer::Proposed { .. })));

    let question = QuestionView::Transferable {
        options: options(&["Anna", "Boris", "Vera"]),
        seats: 2,
    };
    let motion = world.open_question(1, 2, "An election", VoteKind::Secret, question);
    for choice in [
        Choice::For,
        Choice::Options(vec![0]),
        ranking(&[&[0, 1]]),
        ranking(&[&[3]]),
    ] {
        let vote = Request::Vote {
            motion: motion.clone(),
            choice,
        };
        let refused = world.ask(0, vote).unwrap_err();
        assert_eq!(refused.code, RefusalCode::BadRequest, "{refused:?}");
    }
    assert_eq!(world.motion(0, &motion).unwrap().mine.state, OwnVoteState::None);
    for who in 0..DEPUTIES {
        world.vote(who, &motion, ranking(&[&[2], &[0]]));
    }
    world.decided(&motion);
    let votes = result(&mut world, &motion).options.unwrap();
    assert_eq!(votes.elected, [2, 0]);
}
