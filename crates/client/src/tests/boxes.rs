//! Ballot boxes with foreign keys, cosignatures on another history, witnesses who come late.

use super::world::World;
use crate::requests::{Answer, CharterChanges, Request};
use crate::views::{Choice, Phase, VoteKind};
use assembly::{Body, BoxTree};
use primitives::{MotionId, Secret};

fn propose(title: &str) -> Request {
    Request::Propose {
        title: title.into(),
        text: String::new(),
        kind: VoteKind::Secret,
        question: Default::default(),
        rule: None,
        notice_ms: None,
        voting_ms: None,
    }
}

#[test]
fn an_opening_with_a_box_that_is_not_the_members_has_no_effect_and_an_honest_one_follows() {
    let mut world = World::new(91, 4);
    world.found(4);
    world.keys_ready();
    let Ok(Answer::Proposed { motion }) = world.ask(0, propose("Spoilt")) else {
        panic!("not proposed")
    };
    let id: MotionId = motion.parse().expect("an id");
    world.until("seen", 60_000, |world| world.motion(3, &motion).is_some());
    // The one who opens has the moment to itself.
    for who in [0, 1, 2] {
        world.stop(who);
    }
    world
        .ask(
            3,
            Request::Second {
                motion: motion.clone(),
            },
        )
        .expect("seconded");
    world.until("its notice is over", 60_000, |world| {
        let now = world.now.0;
        world
            .motion(3, &motion)
            .is_some_and(|motion| motion.may_open.is_some_and(|at| at < now))
    });
    let foreign = BoxTree::of(&Secret::take(&mut [9; 32])).keys(0);
    let body = Body::MotionOpened {
        motion: id,
        ballot_box: foreign,
    };
    world.state(3, &body);
    world.run_ms(3_000);
    for who in [0, 1, 2] {
        world.start(who);
    }
    world.until("open everywhere", 60_000, |world| {
        (0..4).all(|who| {
            world
                .motion(who, &motion)
                .is_some_and(|motion| motion.phase == Phase::Open)
        })
    });
    for who in 0..3 {
        world.vote(who, &motion, Choice::For);
    }
    world.decided(&motion);
}

#[test]
fn cosignatures_on_another_history_unlock_nothing() {
    let mut world = World::new(97, 4);
    world.found(4);
    world.keys_ready();
    world.run_ms(5_000);
    let journal = |world: &World, who: usize| {
        let state = world.inside(who);
        let log = state.assembly.as_ref().expect("a fold").journal().record.id();
        let log = &state.logs[&log];
        (log.reader.size(), log.covered)
    };
    let (common, _) = journal(&world, 3);
    world.fork = Some((world.relay.clone(), vec![3]));
    world.ask(0, propose("in one history")).expect("proposed");
    world.until("the others' history is cosigned", 60_000, |world| {
        journal(world, 0).1 > common
    });
    world.run_ms(5_000);
    // Only now does the other history grow to that size: the cosignatures are there already, and are not its.
    world.ask(3, propose("in the other")).expect("proposed");
    world.until("it has grown", 60_000, |world| journal(world, 3).0 > common);
    world.run_ms(20_000);
    assert!(journal(&world, 3).1 <= common);
}

#[test]
fn a_witness_who_comes_long_after_the_close_still_cosigns() {
    let mut world = World::new(101, 3);
    let charter = CharterChanges {
        closing_ms: Some(3 * 3_600_000),
        voting_least_ms: Some(30_000),
        ..super::world::quick_charter(3)
    };
    world.found_by(3, charter);
    world.keys_ready();
    let motion = world.open_vote(0, 1, "Secret", VoteKind::Secret);
    for who in 0..3 {
        world.vote(who, &motion, Choice::For);
    }
    let id: MotionId = motion.parse().expect("an id");
    world.until("all ballots are cast", 60_000, |world| {
        (0..3).all(|who| {
            world
                .inside(who)
                .votes
                .get(&id)
                .is_some_and(|part| part.stage == crate::state::Stage::Cast)
        })
    });
    world.stop(1);
    world.stop(2);
    world.run_ms(20 * 60_000);
    world.start(1);
    world.until("the late witness has cosigned", 10 * 60_000, |world| {
        world
            .motion(0, &motion)
            .is_some_and(|motion| motion.result.is_some())
    });
}
