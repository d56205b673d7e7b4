//! Long work: told how far it is, called off, and not begun again without end when it comes to nothing.

use super::world::World;
use crate::jobs::{Job, Output};
use crate::requests::{Event, RefusalCode, Request, Work};
use crate::state::Stage;
use crate::views::{Choice, NoticeCode, VoteKind};
use crate::volatile::Expected;
use primitives::{MotionId, Secret};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use std::ops::ControlFlow;

fn vote_open(seed: u64) -> (World, String, MotionId) {
    let mut world = World::new(seed, 3);
    world.found(3);
    world.keys_ready();
    let motion = world.open_vote(0, 1, "Secret", VoteKind::Secret);
    let id = motion.parse().expect("an id");
    (world, motion, id)
}

fn stage(world: &World, who: usize, motion: MotionId) -> Stage {
    world
        .inside(who)
        .votes
        .get(&motion)
        .map_or(Stage::None, |part| part.stage)
}

fn cancel(motion: &str) -> Request {
    Request::Cancel {
        motion: motion.into(),
    }
}

#[test]
fn a_proof_tells_how_far_it_is_up_to_its_end() {
    let (mut world, motion, id) = vote_open(137);
    world.vote(0, &motion, Choice::For);
    world.until("prepared", 15_000, |world| stage(world, 0, id) >= Stage::Prepared);
    let told: Vec<_> = world.told[0]
        .iter()
        .filter_map(|event| match event {
            Event::Progress {
                work: Work::Proof,
                done,
                total,
            } => Some((*done, *total)),
            _ => None,
        })
        .collect();
    let (_, total) = told[0];
    assert!(total > 3, "the prover's own steps are told");
    assert!(told.iter().all(|(_, of)| *of == total));
    assert!(told.is_sorted());
    assert_eq!((told[0].0, told[told.len() - 1].0), (0, total));
}

#[test]
fn a_vote_is_taken_back_while_its_ballot_is_not_made_and_cast_anew_otherwise() {
    let (mut world, motion, id) = vote_open(139);
    world.vote(0, &motion, Choice::Against);
    for _ in 0..3_000 {
        if stage(&world, 0, id) == Stage::Proving {
            break;
        }
        world.run_ms(5);
    }
    assert_eq!(stage(&world, 0, id), Stage::Proving);
    // The proof is done by now and only not heard of yet.
    world.ask(0, cancel(&motion)).expect("taken back");
    let proof = Expected::Proof { motion: id };
    assert!(
        world
            .inside(0)
            .volatile
            .expected
            .values()
            .all(|expected| *expected != proof)
    );
    world.run_ms(5_000);
    assert_eq!(stage(&world, 0, id), Stage::None);
    assert!(world.inside(0).outbox.is_empty());
    let wish = world.clients[0].as_mut().expect("there").store_mut();
    let wish = primitives::Store::get(wish, crate::tables::WISHES, id.as_bytes()).expect("read");
    assert!(wish.is_none());
    let refusal = world.ask(0, cancel(&motion)).expect_err("nothing to take back");
    assert_eq!(refusal.code, RefusalCode::WrongPhase);
    for who in 0..3 {
        world.vote(who, &motion, Choice::For);
    }
    world.until("prepared", 15_000, |world| stage(world, 0, id) >= Stage::Prepared);
    let refusal = world.ask(0, cancel(&motion)).expect_err("it is made");
    assert_eq!(refusal.code, RefusalCode::WrongPhase);
    world.decided(&motion);
    let result = world
        .motion(1, &motion)
        .and_then(|motion| motion.result)
        .expect("a result");
    assert_eq!((result.votes_for, result.votes_against), (3, 0));
}

#[test]
fn whoever_watches_a_proof_can_call_it_off_between_its_steps() {
    let (world, _, id) = vote_open(149);
    let assembly = world.inside(0).assembly.clone().expect("a fold");
    let opening = assembly
        .motion(id)
        .and_then(|motion| motion.opening.as_ref())
        .expect("open")
        .id;
    let number = assembly
        .secret_vote_of(opening)
        .map(|(_, _, vote)| vote.key_number)
        .expect("secret");
    let store = &world.clients[0].as_ref().expect("there").store;
    let key = primitives::Store::get(store, crate::tables::BALLOT_SECRETS, &number.to_be_bytes());
    let key = key.expect("read").expect("a key");
    let total = u64::try_from(ballot::proof_multiplications(3)).expect("few") + 1;
    for last in [0, 1, total / 2, total - 1, total] {
        let work = crate::jobs::Work::Prove {
            motion: id,
            opening,
            assembly: assembly.clone(),
            secret: Secret::from_slice(&key).expect("a key"),
            vote: vec![1].into(),
        };
        let mut seen = 0;
        let output = Job(work).run(&mut ChaCha20Rng::seed_from_u64(1), &mut |progress| {
            seen = progress.done;
            if progress.done < last {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
        assert!(seen >= last);
        // What is done is done.
        assert_eq!(matches!(output.0, Output::Cancelled), seen < total, "{last}");
    }
}

#[test]
fn a_failed_step_leaves_nothing_but_a_quiet_line_that_goes() {
    let mut world = World::new(151, 1);
    world.found(1);
    world.say(0, "on its way");
    let expected = &world.inside(0).volatile.expected;
    let append = expected
        .iter()
        .find(|(_, what)| matches!(what, Expected::Append { .. }));
    let ticket = *append.expect("it is being sent").0;
    let reply = relay_api::Reply::Pending { slot_end: world.now };
    let input = crate::Input::Replied {
        ticket,
        result: Ok(reply),
    };
    let now = world.now;
    let client = world.clients[0].as_mut().expect("there");
    let before = client.state.outbox.clone();
    client
        .store_mut()
        .crash_at(0, primitives::store::Crash::BeforeWrite);
    client
        .handle(now, &mut ChaCha20Rng::seed_from_u64(1), input)
        .expect_err("nothing can be written");
    client.store_mut().no_crash();
    assert!(
        client
            .state
            .outbox
            .values()
            .zip(before.values())
            .all(|(now, then)| now.pending == then.pending)
    );
    assert_eq!(world.overview(0).notice, Some(NoticeCode::StepFailed));
    world.run_ms(70_000);
    assert_eq!(world.overview(0).notice, None);
}

#[test]
fn work_that_is_called_off_waits_before_it_is_begun_again() {
    let mut world = World::new(131, 3);
    world.found(3);
    world.keys_ready();
    let motion = world.open_vote(0, 1, "Secret", VoteKind::Secret);
    world.jobs_cancelled = true;
    world.jobs = vec![0; 3];
    world.vote(0, &motion, Choice::For);
    world.run_ms(12_000);
    assert!((1..=4).contains(&world.jobs[0]), "{:?}", world.jobs);
    world.jobs_cancelled = false;
    let id = motion.parse().expect("an id");
    world.until("proven at last", 15_000, |world| {
        world
            .inside(0)
            .votes
            .get(&id)
            .is_some_and(|part| part.stage >= Stage::Prepared)
    });
}
