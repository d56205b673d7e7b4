//! The trustees' key generation: silence, lies, restarts.

use primitives::{Hash, SeatNumber};
use sealing::{complain, finish};

use super::rejected;
use crate::fold::Round;
use crate::rejection::Rejection;
use crate::statement::{Body, Role};
use crate::testing::{World, charter};

fn founded() -> World {
    let mut world = World::found(charter(), 61);
    for name in ["Second", "Third", "Fourth", "Fifth"] {
        world.admit(name, Role::Deputy);
    }
    world
}

#[test]
fn trustees_keep_a_pool_of_keys_and_refill_it() {
    let mut world = World::ready(62);
    assert_eq!(world.assembly.trustees().pool.len(), 2);
    assert!((1..=5).all(|seat| world.assembly.sealing_due(SeatNumber(seat), world.now).is_none()));
    world.secret_vote(&[crate::Choice::For; 3]);
    world.generate_sealing_keys();
    assert_eq!(world.assembly.trustees().pool.len(), 3);
}

#[test]
fn a_trustee_silent_in_round_1_is_left_out_after_the_deadline() {
    let mut world = founded();
    for seat in [1, 2] {
        world.sealing_step(seat).unwrap();
    }
    assert_eq!(
        world.assembly.trustees().current.as_ref().unwrap().round,
        Round::One
    );
    world.tick(1_000);
    world.generate_with(&[1, 2]);
    let pool = &world.assembly.trustees().pool;
    assert_eq!(pool.len(), 2);
    assert_eq!(pool[0].key.seats().map(|seat| seat.0).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn a_trustee_silent_in_round_2_ends_the_run_and_the_next_goes_without_it() {
    let mut world = founded();
    for seat in [1, 2, 3] {
        world.sealing_step(seat).unwrap();
    }
    for seat in [1, 2] {
        world.sealing_step(seat).unwrap();
    }
    assert!(world.assembly.sealing_due(SeatNumber(1), world.now).is_none());
    world.tick(1_000);
    assert!(world.assembly.sealing_due(SeatNumber(3), world.now).is_none());
    world.generate_with(&[1, 2]);
    assert_eq!(world.assembly.trustees().pool[0].run, 2);
    assert!(world.assembly.trustees().silent.is_empty());
}

#[test]
fn a_trustee_that_does_not_confirm_ends_the_run() {
    let mut world = founded();
    for _ in 0..2 {
        for seat in [1, 2, 3] {
            world.sealing_step(seat).unwrap();
        }
    }
    world.sealing_step(1).unwrap();
    world.tick(1_000);
    world.post_bytes(b"anything".to_vec());
    assert!(world.assembly.trustees().current.is_none());
    assert_eq!(world.assembly.trustees().silent, [SeatNumber(2), SeatNumber(3)]);
}

#[test]
fn asm_35_nobody_speaks_out_of_turn() {
    let mut world = founded();
    let body = world.sealing_body(1).unwrap();
    let Body::SealingRound1 { run, package } = body.clone() else {
        unreachable!()
    };
    let other_run = Body::SealingRound1 {
        run: run + 1,
        package,
    };
    assert_eq!(rejected(&world.say(1, &other_run)), Rejection::SealingOutOfTurn);
    assert_eq!(rejected(&world.say(4, &body)), Rejection::SealingOutOfTurn);
    world.says(1, &body);
    assert_eq!(rejected(&world.say(1, &body)), Rejection::SealingOutOfTurn);
    let early = Body::SealingConfirmed {
        run,
        transcript: Hash::new([0; 32]),
    };
    assert_eq!(rejected(&world.say(1, &early)), Rejection::SealingOutOfTurn);
}

#[test]
fn asm_36_a_malformed_message_or_another_transcript_has_no_effect() {
    let mut world = founded();
    let noise = Body::SealingRound1 {
        run: 1,
        package: vec![1, 2, 3],
    };
    assert_eq!(rejected(&world.say(1, &noise)), Rejection::SealingMalformed);
    let mut of_another = world.sealing_body(2).unwrap();
    assert_eq!(rejected(&world.say(1, &of_another)), Rejection::SealingMalformed);
    for seat in [1, 2, 3] {
        world.sealing_step(seat).unwrap();
    }
    of_another = Body::SealingRound2 {
        run: 1,
        packages: vec![0x80],
    };
    assert_eq!(rejected(&world.say(1, &of_another)), Rejection::SealingMalformed);
    for seat in [1, 2, 3] {
        world.sealing_step(seat).unwrap();
    }
    let other = Body::SealingConfirmed {
        run: 1,
        transcript: Hash::new([0; 32]),
    };
    assert_eq!(rejected(&world.say(1, &other)), Rejection::SealingMalformed);
}

#[test]
fn a_liar_is_proven_and_left_out_for_good() {
    let mut world = founded();
    for seat in [1, 2, 3] {
        world.sealing_step(seat).unwrap();
    }
    for seat in [1, 3] {
        world.sealing_step(seat).unwrap();
    }
    let Body::SealingRound2 { run, mut packages } = world.sealing_body(2).unwrap() else {
        unreachable!()
    };
    // The first package of seat 2 is for seat 1; its first bytes follow the array's and the string's headers.
    packages[5] ^= 1;
    world.says(2, &Body::SealingRound2 { run, packages });
    let current = world.assembly.trustees().current.clone().unwrap();
    let trustees = current.trustees().unwrap();
    let round2 = current.round2(&trustees);
    let secret = &world.member(1).runs[&u64::from(run)];
    assert!(finish(&trustees, &round2, SeatNumber(1), secret).is_err());
    let complaint = complain(&trustees, SeatNumber(1), secret, SeatNumber(2)).unwrap();
    world.says(1, &Body::SealingComplaint { run, complaint });
    assert_eq!(world.assembly.trustees().guilty, [SeatNumber(2)]);
    world.generate_with(&[1, 3]);
    let pool = &world.assembly.trustees().pool;
    assert_eq!(pool[0].key.seats().map(|seat| seat.0).collect::<Vec<_>>(), [1, 3]);
}

#[test]
fn who_complains_without_reason_is_the_liar() {
    let mut world = founded();
    for _ in 0..2 {
        for seat in [1, 2, 3] {
            world.sealing_step(seat).unwrap();
        }
    }
    let current = world.assembly.trustees().current.clone().unwrap();
    let trustees = current.trustees().unwrap();
    let secret = &world.member(3).runs[&1];
    let complaint = complain(&trustees, SeatNumber(3), secret, SeatNumber(1)).unwrap();
    world.says(3, &Body::SealingComplaint { run: 1, complaint });
    assert_eq!(world.assembly.trustees().guilty, [SeatNumber(3)]);
}
