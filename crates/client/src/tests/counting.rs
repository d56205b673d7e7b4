//! Boxes are verified while they fill, once, and in memory only.

use super::world::World;
use crate::requests::CharterChanges;
use crate::state::Stage;
use crate::views::{Choice, VoteKind};
use primitives::MotionId;

fn vote_open(seed: u64, voting_ms: u64) -> (World, String, MotionId) {
    let mut world = World::new(seed, 4);
    world.found_by(
        4,
        CharterChanges {
            voting_least_ms: Some(voting_ms),
            ..super::world::quick_charter(4)
        },
    );
    world.keys_ready();
    let motion = world.open_vote(1, 2, "Secret", VoteKind::Secret);
    let id = motion.parse().expect("an id");
    (world, motion, id)
}

/// Ballots that a member's device has verified of a box that still fills.
fn verified(world: &World, who: usize, motion: MotionId) -> u64 {
    let counts = &world.inside(who).volatile.counts;
    counts.get(&motion).map_or(0, |running| running.given())
}

fn closed(world: &World, who: usize, motion: MotionId) -> bool {
    let fold = world.inside(who).assembly.as_ref().expect("a fold");
    let opening = fold.motion(motion).and_then(|motion| motion.opening.as_ref());
    opening
        .and_then(|opening| opening.secret())
        .is_some_and(|secret| secret.closed.is_some())
}

#[test]
fn ballots_are_verified_while_others_may_come_and_none_of_them_twice() {
    let (mut world, motion, id) = vote_open(163, 80_000);
    world.jobs = vec![0; 4];
    for who in 0..4 {
        world.vote(who, &motion, Choice::For);
    }
    world.until("ballots are verified before the close", 80_000, |world| {
        (0..4).all(|who| verified(world, who, id) > 0 && !closed(world, who, id))
    });
    // Who starts again begins again: nothing of it was written down.
    world.stop(3);
    world.start(3);
    assert_eq!(verified(&world, 3, id), 0);
    world.decided(&motion);
    for who in 0..4 {
        world.until("counted", 60_000, |world| {
            world
                .motion(who, &motion)
                .is_some_and(|motion| motion.result.is_some())
        });
        let result = world.motion(who, &motion).and_then(|motion| motion.result);
        assert_eq!(result.expect("a result").votes_for, 4);
        assert!(world.inside(who).volatile.counts.is_empty());
    }
    // A proof, what came in the first half minute, in the next, the rest, and the opening.
    for jobs in &world.jobs[..3] {
        assert!((3..=6).contains(jobs), "{:?}", world.jobs);
    }
}

#[test]
fn a_box_for_which_no_share_may_be_released_is_verified_once() {
    let (mut world, motion, id) = vote_open(167, 20_000);
    world.vote(0, &motion, Choice::For);
    world.until("it is cast", 30_000, |world| {
        let part = world.inside(0).votes.get(&id);
        part.is_some_and(|part| part.stage == Stage::Cast)
    });
    world.until(
        "everybody has seen that one ballot is too few",
        120_000,
        |world| (0..4).all(|who| world.inside(who).volatile.uncountable.contains(&id)),
    );
    world.jobs = vec![0; 4];
    world.run_ms(30_000);
    assert_eq!(world.jobs, [0; 4]);
    let fold = world.inside(0).assembly.as_ref().expect("a fold");
    let secret = fold
        .motion(id)
        .and_then(|motion| motion.opening.as_ref()?.secret());
    assert!(secret.is_some_and(|secret| secret.shares.is_empty()));
}
