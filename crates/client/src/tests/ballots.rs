//! One's own ballot, and what a relay does to it.

use super::world::{Ballots, World};
use crate::requests::{Answer, Request};
use crate::state::Stage;
use crate::views::{Choice, ConnectionState, OwnVoteState, Phase, VoteKind};
use primitives::MotionId;

fn vote_open(seed: u64) -> (World, String, MotionId) {
    let mut world = World::new(seed, 4);
    world.found_by(
        4,
        crate::requests::CharterChanges {
            voting_least_ms: Some(60_000),
            ..super::world::quick_charter(4)
        },
    );
    world.keys_ready();
    let motion = world.open_vote(1, 2, "Secret", VoteKind::Secret);
    let id = motion.parse().expect("an id");
    (world, motion, id)
}

fn prepared(world: &mut World, who: usize, motion: MotionId) {
    world.until("the ballot is prepared", 60_000, |world| {
        world
            .inside(who)
            .votes
            .get(&motion)
            .is_some_and(|part| part.stage >= Stage::Prepared)
    });
}

fn cast(world: &mut World, who: usize, motion: MotionId) {
    world.until("the relay has taken it", 60_000, |world| {
        let part = world.inside(who).votes.get(&motion);
        part.is_some_and(|part| part.stage == Stage::Cast)
    });
}

fn forwarded(world: &World, who: usize, motion: MotionId) -> usize {
    let fold = world.inside(who).assembly.as_ref().expect("a fold");
    let opening = fold.motion(motion).and_then(|motion| motion.opening.as_ref());
    opening
        .and_then(|opening| opening.secret())
        .map_or(0, |secret| secret.forwarded.len())
}

/// Whether the device still holds the key with which it votes in this motion.
fn holds_key(world: &mut World, who: usize, motion: MotionId) -> bool {
    let fold = world.inside(who).assembly.clone().expect("a fold");
    let opening = fold.motion(motion).and_then(|motion| motion.opening.clone());
    let number = opening
        .and_then(|opening| opening.secret().map(|secret| secret.key_number))
        .expect("a secret vote");
    let store = world.clients[who].as_mut().expect("there").store_mut();
    primitives::Store::get(store, crate::tables::BALLOT_SECRETS, &number.to_be_bytes())
        .expect("read")
        .is_some()
}

#[test]
fn a_refused_ballot_is_never_forwarded_under_its_voters_seat() {
    let (mut world, motion, id) = vote_open(61);
    world.relay.ballots = Ballots::Refused;
    for who in 0..3 {
        world.vote(who, &motion, Choice::For);
    }
    world.until("the relay has refused", 60_000, |world| world.relay.submitted > 6);
    assert_eq!(forwarded(&world, 3, id), 0);
    let Ok(Answer::Ballot { ballot }) = world.ask(
        0,
        Request::Ballot {
            motion: motion.clone(),
        },
    ) else {
        panic!("the ballot waits")
    };
    let forward = || Request::ForwardBallot {
        motion: motion.clone(),
        ballot: ballot.clone(),
    };
    assert!(world.ask(0, forward()).is_err(), "not by oneself");
    // A colleague carries it; two others get through to the box at last.
    world.ask(3, forward()).expect("carried");
    world.relay.ballots = Ballots::Taken;
    world.decided(&motion);
    assert_eq!(forwarded(&world, 3, id), 1);
    let result = world
        .motion(3, &motion)
        .and_then(|motion| motion.result)
        .expect("a result");
    assert_eq!(result.votes_for, 3);
    let counted = [OwnVoteState::Counted, OwnVoteState::Forwarded];
    for who in 0..3 {
        let state = world.motion(who, &motion).expect("it is there").mine.state;
        assert!(counted.contains(&state), "{who}: {state:?}");
    }
}

#[test]
fn a_voter_whose_ballot_was_carried_is_told_that_it_counted() {
    let (mut world, motion, id) = vote_open(67);
    for who in 1..3 {
        world.vote(who, &motion, Choice::Against);
    }
    for who in 1..3 {
        cast(&mut world, who, id);
    }
    world.relay.ballots = Ballots::Refused;
    world.vote(0, &motion, Choice::For);
    prepared(&mut world, 0, id);
    let Ok(Answer::Ballot { ballot }) = world.ask(
        0,
        Request::Ballot {
            motion: motion.clone(),
        },
    ) else {
        panic!("the ballot waits")
    };
    let mut broken = ballot.clone().into_bytes();
    let middle = broken.len() / 2;
    broken[middle] = if broken[middle] == b'0' { b'1' } else { b'0' };
    let broken = Request::ForwardBallot {
        motion: motion.clone(),
        ballot: String::from_utf8(broken).expect("hexadecimal"),
    };
    assert!(
        world.ask(3, broken).is_err(),
        "what will not count is carried by nobody"
    );
    let request = Request::ForwardBallot {
        motion: motion.clone(),
        ballot,
    };
    world.ask(3, request).expect("carried");
    world.decided(&motion);
    let of = world.motion(0, &motion).expect("it is there");
    assert_eq!(of.mine.state, OwnVoteState::Forwarded);
    assert_eq!(of.result.map(|result| result.votes_for), Some(1));
}

#[test]
fn a_ballot_that_was_promised_its_slot_and_forgotten_is_posted_again() {
    let (mut world, motion, id) = vote_open(71);
    world.relay.ballots = Ballots::Forgotten;
    world.vote(0, &motion, Choice::For);
    cast(&mut world, 0, id);
    // A promise is believed until its slot is over: nothing is posted twice at once.
    world.run_ms(400);
    assert_eq!(world.relay.submitted, 1);
    world.until("it is posted again", 10_000, |world| world.relay.submitted > 1);
    world.relay.ballots = Ballots::Taken;
    world.vote(1, &motion, Choice::For);
    world.decided(&motion);
    let result = world
        .motion(3, &motion)
        .and_then(|motion| motion.result)
        .expect("a result");
    assert_eq!(result.votes_for, 2);
}

#[test]
fn a_casting_connection_that_breaks_shows_on_no_other() {
    let (mut world, motion, id) = vote_open(73);
    world.casting_lost = true;
    for who in 0..3 {
        world.vote(who, &motion, Choice::For);
    }
    for who in 0..3 {
        prepared(&mut world, who, id);
    }
    let failed = |world: &World, who: usize| !world.inside(who).volatile.item_failures.is_empty();
    for _ in 0..90 {
        if (0..3).all(|who| failed(&world, who)) {
            break;
        }
        world.run_ms(500);
        for who in 0..3 {
            let volatile = &world.inside(who).volatile;
            assert_eq!(volatile.failures, 0);
            assert_eq!(volatile.quiet_until, None);
            assert_eq!(volatile.connection, ConnectionState::Online);
        }
    }
    assert!((0..3).any(|who| failed(&world, who)), "no ballot has left yet");
    world.casting_lost = false;
    world.decided(&motion);
}

#[test]
fn a_key_that_was_not_used_is_burnt_however_late_its_holder_comes() {
    let (mut world, motion, id) = vote_open(79);
    world.vote(3, &motion, Choice::For);
    world.run_ms(200);
    assert!(holds_key(&mut world, 3, id));
    world.stop(3);
    for who in 0..3 {
        world.vote(who, &motion, Choice::For);
    }
    world.decided(&motion);
    world.run_ms(60_000);
    world.start(3);
    world.until("the late one has counted too", 120_000, |world| {
        world
            .motion(3, &motion)
            .is_some_and(|motion| motion.result.is_some())
    });
    assert!(!holds_key(&mut world, 3, id));
    let wish = world.clients[3].as_mut().expect("there").store_mut();
    let wish = primitives::Store::get(wish, crate::tables::WISHES, id.as_bytes()).expect("read");
    assert!(wish.is_none());
}

#[test]
fn a_clock_that_is_ahead_burns_no_key_before_the_vote_is_over_for_all() {
    let (mut world, motion, id) = vote_open(80);
    for who in 0..3 {
        world.vote(who, &motion, Choice::For);
    }
    world.relay.stamps_off_ms = -120_000;
    world.run_ms(90_000);
    assert_eq!(
        world.motion(3, &motion).map(|motion| motion.phase),
        Some(Phase::Closed)
    );
    assert!(holds_key(&mut world, 3, id));
    world.until("decided", 600_000, |world| {
        world
            .motion(3, &motion)
            .is_some_and(|motion| motion.phase == Phase::Decided)
    });
    assert!(!holds_key(&mut world, 3, id));
}

#[test]
fn who_is_out_keeps_no_secret_of_any_vote() {
    let mut world = World::new(83, 4);
    let mut charter = super::world::quick_charter(4);
    charter.detain_signers = Some(2);
    world.found_by(4, charter);
    world.keys_ready();
    let secrets = |world: &mut World| {
        let store = world.clients[3].as_mut().expect("there").store_mut();
        primitives::Store::scan(store, crate::tables::BALLOT_SECRETS, b"", b"", 1000)
            .expect("read")
            .len()
    };
    assert!(secrets(&mut world) > 0);
    for who in [0, 1] {
        world.ask(who, Request::Detain { seat: 4 }).expect("stated");
    }
    world.until("out", 120_000, |world| {
        world.standing(3) == Some(crate::views::Standing::Removed)
    });
    assert_eq!(secrets(&mut world), 0);
}
