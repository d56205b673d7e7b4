//! Keys of the journal, and what is under way when it goes on elsewhere.

use super::world::World;
use crate::requests::{Answer, Request};
use crate::views::{Choice, Phase, Standing, VoteKind};
use primitives::Secret;

fn founded(seed: u64) -> World {
    let mut world = World::new(seed, 4);
    let mut charter = super::world::quick_charter(4);
    charter.detain_signers = Some(2);
    world.found_by(4, charter);
    world
}

fn detained(world: &mut World) {
    for who in [0, 1] {
        world.ask(who, Request::Detain { seat: 4 }).expect("stated");
    }
    world.until("out", 120_000, |world| {
        world.standing(3) == Some(Standing::Removed)
    });
    world.stop(3);
}

fn journal_key(world: &World, who: usize) -> u32 {
    let fold = world.inside(who).assembly.as_ref().expect("a fold");
    fold.journal().journal_key
}

#[test]
fn a_known_journal_key_is_never_overwritten() {
    let mut world = founded(111);
    let before = *world.inside(1).journal_keys[&1].secret().expose();
    world.act(1, |step| {
        step.learn_journal_key(1, Secret::take(&mut [9; 32]));
        step.learn_candidate(Secret::take(&mut [8; 32]));
        Ok(())
    });
    assert_eq!(*world.inside(1).journal_keys[&1].secret().expose(), before);
    assert_eq!(
        world.inside(1).journal_keys.len(),
        1,
        "no number for what nobody announced"
    );
    world.restart(1);
    assert_eq!(*world.inside(1).journal_keys[&1].secret().expose(), before);
}

#[test]
fn the_journal_goes_on_under_the_key_that_the_group_exported_and_the_notice_goes() {
    let mut world = founded(113);
    for who in 0..3 {
        // A key that somebody else handed over, for no number that was ever announced.
        world.act(who, |step| {
            step.learn_candidate(Secret::take(&mut [8; 32]));
            Ok(())
        });
    }
    detained(&mut world);
    world.until("the journal goes on under the members' key", 120_000, |world| {
        (0..3).all(|who| journal_key(world, who) > 1 && world.overview(who).notice.is_none())
    });
    for who in 0..3 {
        let state = world.inside(who);
        let (number, candidates) = (
            journal_key(&world, who),
            &state.member.as_ref().expect("a member").candidates,
        );
        let exported = candidates.last().expect("an export").secret().expose();
        assert_eq!(state.journal_keys[&number].secret().expose(), exported);
    }
    world.run_ms(10_000);
    let motion = world.open_vote(0, 1, "After it", VoteKind::RollCall);
    for who in 0..3 {
        world.vote(who, &motion, Choice::For);
    }
    world.decided(&motion);
}

#[test]
fn a_statement_in_flight_when_the_journal_goes_on_is_stated_again_and_once() {
    let mut world = founded(127);
    world.run_ms(5_000);
    let request = Request::Propose {
        title: "in flight".into(),
        text: String::new(),
        kind: VoteKind::RollCall,
        question: Default::default(),
        rule: None,
        notice_ms: None,
        voting_ms: None,
    };
    // It never reaches the relay.
    world.weather.lost_percent = 100;
    world.ask(2, request).expect("durable");
    world.stop(2);
    world.weather.lost_percent = 0;
    detained(&mut world);
    world.until("the journal goes on", 120_000, |world| {
        (0..2).all(|who| journal_key(world, who) > 1)
    });
    assert!(world.motions(0).is_empty());
    world.start(2);
    world.until("stated again", 120_000, |world| {
        (0..3).all(|who| !world.motions(who).is_empty())
    });
    world.run_ms(30_000);
    for who in 0..3 {
        assert_eq!(world.motions(who).len(), 1);
    }
    assert!(world.inside(2).outbox.is_empty());
}

#[test]
fn a_statement_that_arrives_after_it_has_expired_is_made_again() {
    let mut world = founded(119);
    let request = Request::Propose {
        title: "Long on the way".into(),
        text: "Text.".into(),
        kind: VoteKind::RollCall,
        question: Default::default(),
        rule: None,
        notice_ms: None,
        voting_ms: None,
    };
    let Ok(Answer::Proposed { motion }) = world.ask(0, request) else {
        panic!("not proposed")
    };
    world.until("the motion is seen", 60_000, |world| {
        world.motion(1, &motion).is_some()
    });
    world.weather.lost_percent = 100;
    let second = Request::Second {
        motion: motion.clone(),
    };
    world.ask(1, second).expect("stated");
    world.run_ms(2_000);
    // Four days without a connection: longer than a statement may be on its way.
    world.now = world.now.after(4 * 24 * 3_600_000);
    world.weather.lost_percent = 0;
    world.until("it is seconded", 600_000, |world| {
        world
            .motion(0, &motion)
            .is_some_and(|motion| motion.phase != Phase::Proposed)
    });
}
