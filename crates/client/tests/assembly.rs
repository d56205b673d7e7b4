//! One assembly from founding to audit file, in a simulated world.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod world;

use client::requests::{Answer, Request};
use client::views::{Choice, OwnVoteState, VoteKind};
use world::{Weather, World};

fn counts(world: &mut World, who: usize, motion: &str) -> (u32, u32, u32) {
    let result = world.motion(who, motion).unwrap().result.unwrap();
    (result.votes_for, result.votes_against, result.votes_abstain)
}

#[test]
fn an_assembly_founds_talks_votes_and_proves() {
    let mut world = World::new(7, 5);
    world.found(4);
    world.say(1, "Добрый вечер");
    world.stop(2);
    world.say(4, "An expert speaks");
    world.until("the talk is read", 60_000, |world| world.texts(0).len() == 2);
    world.start(2);
    world.until("caught up", 60_000, |world| world.texts(2) == world.texts(0));

    let motion = world.open_vote(1, 2, "Roll-call", VoteKind::RollCall);
    for (who, choice) in [
        (0, Choice::For),
        (1, Choice::For),
        (2, Choice::Against),
        (3, Choice::Abstain),
    ] {
        world.vote(who, &motion, choice);
    }
    world.decided(&motion);
    assert_eq!(counts(&mut world, 4, &motion), (2, 1, 1));

    world.until("sealing keys are ready", 300_000, |world| {
        world.overview(0).assembly.unwrap().sealing_keys > 0
    });
    let motion = world.open_vote(0, 3, "Secret", VoteKind::Secret);
    for (who, choice) in [
        (0, Choice::For),
        (1, Choice::Against),
        (2, Choice::Against),
        (3, Choice::For),
    ] {
        world.vote(who, &motion, choice);
    }
    world.decided(&motion);
    assert_eq!(counts(&mut world, 2, &motion), (2, 2, 0));
    let counted = (0..4).all(|who| world.motion(who, &motion).unwrap().mine.state == OwnVoteState::Counted);
    assert!(counted, "{}", world.report());
    assert!(
        world
            .ask(
                4,
                Request::Vote {
                    motion: motion.clone(),
                    choice: Choice::For
                }
            )
            .is_err()
    );

    world.run_ms(10_000);
    assert_eq!(world.audited(3).motions.len(), 2);
}

#[test]
fn bad_weather_loses_and_doubles_nothing() {
    let mut world = World::new(11, 4);
    world.weather = Weather {
        lost_percent: 10,
        doubled_percent: 10,
        delay_max_ms: 800,
    };
    world.found(4);
    for round in 0..3 {
        for who in 0..4 {
            world.say(who, &format!("{who} says {round}"));
        }
        world.run_ms(500);
    }
    world.until("everybody has everything", 600_000, |world| {
        (0..4).all(|who| world.texts(who).len() == 12)
    });
    world.until("all in one order", 60_000, |world| {
        let first = world.texts(0);
        (1..4).all(|who| world.texts(who) == first)
    });
    let overview = world.overview(0);
    assert!(overview.evidence.is_empty(), "{overview:?}");
}

#[test]
fn steps_killed_at_random_writes_lose_and_double_nothing() {
    for seed in 0..3 {
        let mut world = World::new(seed, 4);
        let charter = client::requests::CharterChanges {
            voting_least_ms: Some(60_000),
            ..world::quick_charter(4)
        };
        world.found_by(4, charter);
        world.until("keys", 300_000, |world| {
            world.overview(0).assembly.unwrap().sealing_keys > 0
        });
        world.crash_percent = 8;
        for who in 0..4 {
            world.say(who, &format!("{who} speaks"));
        }
        let motion = world.open_vote(1, 2, "Secret", VoteKind::Secret);
        for who in 0..4 {
            world.vote(who, &motion, if who == 0 { Choice::For } else { Choice::Against });
        }
        world.until("decided", 600_000, |world| {
            (0..4).all(|who| {
                world
                    .motion(who, &motion)
                    .and_then(|motion| motion.result)
                    .is_some()
            })
        });
        world.crash_percent = 0;
        world.decided(&motion);
        assert_eq!(counts(&mut world, 0, &motion), (1, 3, 0));
        world.until("the talk is whole", 60_000, |world| {
            (0..4).all(|who| world.texts(who).len() == 4)
        });
        assert!(world.crashes > 5, "only {} crashes", world.crashes);
    }
}

#[test]
fn a_detained_member_is_out_and_the_journal_goes_on_without_it() {
    let mut world = World::new(5, 4);
    let mut charter = world::quick_charter(4);
    charter.detain_signers = Some(2);
    world.found_by(4, charter);
    world.say(3, "before");
    world.until("heard", 60_000, |world| world.texts(0).len() == 1);
    for who in [0, 1] {
        world.ask(who, Request::Detain { seat: 4 }).unwrap();
    }
    world.until("out", 120_000, |world| {
        world.standing(3) == Some(client::views::Standing::Removed)
    });
    world.run_ms(20_000);
    world.say(0, "after");
    world.until("the others hear it", 120_000, |world| {
        (0..3).all(|who| world.texts(who).len() == 2)
    });
    world.run_ms(10_000);
    assert_eq!(world.texts(3).len().min(1), world.texts(3).len());
    let Ok(Answer::Conversations { conversations }) = world.ask(1, Request::Conversations) else {
        panic!()
    };
    assert_eq!(conversations[0].members, 3);
    world.stop(3);
    let motion = world.open_vote(0, 1, "After the removal", VoteKind::RollCall);
    for who in 0..3 {
        world.vote(who, &motion, Choice::For);
    }
    world.until("decided", 300_000, |world| {
        (0..3).all(|who| {
            world
                .motion(who, &motion)
                .and_then(|motion| motion.result)
                .is_some()
        })
    });
    assert_eq!(counts(&mut world, 2, &motion), (3, 0, 0));

    // Every witness says where the journal goes on; what comes after the quorum stands in the log that it has left.
    world.run_ms(20_000);
    for who in 0..3 {
        assert_eq!(world.audited(who).motions.len(), 1);
    }
}

#[test]
fn ten_members_in_bad_weather_vote_in_secret_and_agree() {
    let mut world = World::new(23, 10);
    let charter = client::requests::CharterChanges {
        voting_least_ms: Some(90_000),
        ..world::quick_charter(10)
    };
    world.found_by(10, charter);
    world.until("keys", 300_000, |world| {
        world.overview(0).assembly.unwrap().sealing_keys > 0
    });
    world.weather = Weather {
        lost_percent: 5,
        doubled_percent: 10,
        delay_max_ms: 300,
    };
    for who in 0..10 {
        world.say(who, &format!("{who} speaks"));
    }
    let motion = world.open_vote(3, 4, "Secret", VoteKind::Secret);
    for who in 0..9 {
        world.vote(
            who,
            &motion,
            [Choice::For, Choice::Against, Choice::Abstain][who % 3].clone(),
        );
    }
    world.decided(&motion);
    assert_eq!(counts(&mut world, 9, &motion), (3, 3, 3));
    world.until("everybody has everything", 600_000, |world| {
        (0..10).all(|who| world.texts(who).len() == 10)
    });
    world.until("all in one order", 60_000, |world| {
        let first = world.texts(0);
        (1..10).all(|who| world.texts(who) == first)
    });
    assert!((0..10).all(|who| world.overview(who).evidence.is_empty()));
}

#[test]
fn a_relay_that_shows_two_journals_is_caught_by_the_messages() {
    let mut world = World::new(31, 4);
    world.found(4);
    world.until("keys", 300_000, |world| {
        world.overview(3).assembly.unwrap().sealing_keys > 0
    });
    world.run_ms(5_000);
    world.fork = Some((world.relay.clone(), vec![3]));
    world.propose(0, "in one history");
    world.propose(3, "in the other");
    world.run_ms(5_000);
    assert!(
        world
            .motions(0)
            .iter()
            .all(|motion| motion.title == "in one history")
    );
    world.say(3, "what I see");
    world.say(1, "what we see");
    world.until("both sides have proof", 60_000, |world| {
        [0, 1, 2, 3]
            .into_iter()
            .all(|who| !world.overview(who).evidence.is_empty())
    });
}

#[test]
fn a_relay_that_loses_logs_with_nothing_in_them_holds_nothing_up() {
    let mut world = World::new(37, 4);
    world.found(4);
    world.until("keys", 300_000, |world| {
        world.overview(3).assembly.unwrap().sealing_keys > 0
    });
    let motion = world.open_vote(1, 2, "Secret", VoteKind::Secret);
    world.run_ms(5_000);
    assert!(world.relay.forget_empty() > 0, "the box is there");
    for who in 0..4 {
        world.vote(who, &motion, Choice::For);
    }
    world.decided(&motion);
    assert_eq!(counts(&mut world, 3, &motion), (4, 0, 0));
}
