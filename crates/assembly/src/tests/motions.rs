//! Motions up to their opening.

use primitives::{MotionId, SeatNumber, Secret};

use super::rejected;
use crate::Charter;
use crate::fold::{Phase, VoidReason};
use crate::keys::BoxTree;
use crate::motion::{Choice, VoteKind};
use crate::rejection::Rejection;
use crate::statement::{Body, Role, motion_id};
use crate::testing::{World, charter};

fn founded(charter: Charter) -> World {
    let mut world = World::found(charter, 31);
    for name in ["Second", "Third", "Fourth", "Fifth"] {
        world.admit(name, Role::Deputy);
    }
    world
}

fn phase(world: &World, motion: MotionId) -> Phase {
    world.assembly.motion(motion).unwrap().phase
}

#[test]
fn asm_21_a_motion_within_the_charters_bounds() {
    let mut world = founded(charter());
    let text = world.motion_text(VoteKind::RollCall);
    let unfit = [
        crate::MotionText {
            notice_ms: 999,
            ..text.clone()
        },
        crate::MotionText {
            voting_ms: 9_999,
            ..text.clone()
        },
        crate::MotionText {
            voting_ms: 100_001,
            ..text.clone()
        },
        crate::MotionText {
            title: String::new(),
            ..text.clone()
        },
        crate::MotionText {
            rule: crate::Rule {
                quorum: crate::Fraction::new(2, 1),
                ..text.rule
            },
            ..text.clone()
        },
    ];
    for motion in unfit {
        assert_eq!(
            rejected(&world.say(1, &Body::MotionProposed { motion })),
            Rejection::MotionUnfit
        );
    }
}

#[test]
fn asm_22_a_step_in_the_wrong_phase() {
    let mut world = founded(charter());
    let motion = world.notice(world.motion_text(VoteKind::RollCall));
    assert_eq!(
        rejected(&world.say(3, &Body::Seconded { motion })),
        Rejection::WrongPhase
    );
    let unknown = MotionId::new([1; 32]);
    assert_eq!(
        rejected(&world.say(3, &Body::Seconded { motion: unknown })),
        Rejection::WrongPhase
    );
    world.open(motion);
    let again = world.opening_body(motion);
    assert_eq!(rejected(&world.say(1, &again)), Rejection::WrongPhase);
    assert_eq!(
        rejected(&world.say(1, &Body::MotionWithdrawn { motion })),
        Rejection::WrongPhase
    );
}

#[test]
fn asm_23_others_second_a_motion_once_each() {
    let mut world = founded(Charter {
        seconders: 2,
        ..charter()
    });
    let motion = world.motion_text(VoteKind::RollCall);
    let taken = world.says(1, &Body::MotionProposed { motion });
    let motion = motion_id(taken.statement.unwrap().id);
    assert_eq!(
        rejected(&world.say(1, &Body::Seconded { motion })),
        Rejection::SecondedAlready
    );
    world.says(2, &Body::Seconded { motion });
    assert_eq!(
        rejected(&world.say(2, &Body::Seconded { motion })),
        Rejection::SecondedAlready
    );
    assert_eq!(phase(&world, motion), Phase::Proposed);
    world.says(3, &Body::Seconded { motion });
    assert_eq!(phase(&world, motion), Phase::Noticed);
}

#[test]
fn asm_24_a_motion_opens_after_its_notice_to_the_millisecond() {
    let mut world = founded(charter());
    let motion = world.notice(world.motion_text(VoteKind::RollCall));
    let may_open = world.assembly.motion(motion).unwrap().may_open.unwrap();
    let body = world.opening_body(motion);
    world.now = primitives::Time(may_open.0 - 2);
    assert_eq!(rejected(&world.say(1, &body)), Rejection::NoticeRuns);
    world.says(1, &body);
    let opening = world.assembly.motion(motion).unwrap().opening.clone().unwrap();
    assert_eq!(opening.opened, may_open);
    assert_eq!(opening.closes, may_open.after(10_000));
}

#[test]
fn asm_25_a_roll_below_floor_or_coverage_does_not_open() {
    let mut world = World::ready(32);
    let motion = world.notice(world.motion_text(VoteKind::Secret));
    world.says(5, &Body::BallotKeysVoided {});
    let mut covered = World::ready(32);
    let body = world.opening_body(motion);
    world.says(1, &body);
    assert_eq!(
        world
            .assembly
            .motion(motion)
            .unwrap()
            .opening
            .as_ref()
            .unwrap()
            .electorate
            .len(),
        5
    );

    let motion = covered.notice(covered.motion_text(VoteKind::Secret));
    covered.says(5, &Body::BallotKeysVoided {});
    covered.says(4, &Body::BallotKeysVoided {});
    let body = covered.opening_body(motion);
    assert_eq!(rejected(&covered.say(1, &body)), Rejection::RollTooSmall);
}

#[test]
fn asm_26_no_more_secret_votes_than_keys_and_than_the_charter_allows() {
    let mut world = founded(Charter {
        secret_open_max: 1,
        ..charter()
    });
    world.publish_ballot_keys(3);
    let first = world.notice(world.motion_text(VoteKind::Secret));
    let body = world.opening_body(first);
    assert_eq!(rejected(&world.say(1, &body)), Rejection::NoSealingKey);
    world.generate_sealing_keys();
    let second = world.notice(world.motion_text(VoteKind::Secret));
    world.open(first);
    let body = world.opening_body(second);
    assert_eq!(rejected(&world.say(1, &body)), Rejection::NoSealingKey);
}

#[test]
fn asm_27_a_secret_vote_is_given_the_next_box_of_the_journal_key_and_a_roll_call_none() {
    let mut world = World::ready(33);
    let secret = world.notice(world.motion_text(VoteKind::Secret));
    let named = world.notice(world.motion_text(VoteKind::RollCall));
    let Body::MotionOpened { ballot_box, .. } = world.opening_body(secret) else {
        unreachable!()
    };
    let without = Body::MotionOpened {
        motion: secret,
        ballot_box: None,
    };
    assert_eq!(rejected(&world.say(1, &without)), Rejection::BoxUnfit);
    let with = Body::MotionOpened {
        motion: named,
        ballot_box: ballot_box.clone(),
    };
    assert_eq!(rejected(&world.say(1, &with)), Rejection::BoxUnfit);
    let boxes = |key: &Secret<32>| BoxTree::of(key);
    let own = boxes(world.keys.key(1).unwrap());
    let foreign = boxes(&Secret::take(&mut [9; 32])).keys(0).unwrap();
    let mut mixed = own.keys(0).unwrap();
    mixed.append_key = foreign.append_key;
    for unfit in [foreign, own.keys(1).unwrap(), mixed] {
        let body = Body::MotionOpened {
            motion: secret,
            ballot_box: Some(unfit),
        };
        assert_eq!(rejected(&world.say(1, &body)), Rejection::BoxUnfit);
    }
    let right = Body::MotionOpened {
        motion: secret,
        ballot_box,
    };
    world.says(1, &right);
    assert_eq!(world.assembly.next_box(), 1);
}

#[test]
fn each_secret_vote_has_its_own_ballot_keys_sealing_key_and_box() {
    let mut world = World::ready(34);
    let motions = [0; 2].map(|_| world.notice(world.motion_text(VoteKind::Secret)));
    let openings = motions.map(|motion| world.open(motion));
    let [(_, _, first), (_, _, second)] =
        openings.map(|opening| world.assembly.secret_vote_of(opening).unwrap());
    assert_ne!(first.key_number, second.key_number);
    assert_ne!(first.sealing.key.y(), second.sealing.key.y());
    assert_ne!(first.record.id(), second.record.id());
    assert_ne!(first.roll_root, second.roll_root);
    assert!(first.record.check().is_ok());
}

#[test]
fn the_electorate_counts_who_was_detained_since_the_proposal_and_not_who_cools_off() {
    let mut world = founded(charter());
    world.tick(1_000);
    let young = world.admit("Sixth", Role::Deputy);
    let motion = world.notice(world.motion_text(VoteKind::RollCall));
    for signer in [1, 2] {
        world.says(signer, &Body::Detained { seat: SeatNumber(5) });
    }
    world.open(motion);
    let opening = world.assembly.motion(motion).unwrap().opening.clone().unwrap();
    assert_eq!(
        opening.electorate.iter().map(|seat| seat.0).collect::<Vec<_>>(),
        [1, 2, 3, 4, 5]
    );
    let vote = Body::RollCallVote {
        motion,
        vote: Choice::For.to_vote(),
    };
    assert_eq!(rejected(&world.say(young, &vote)), Rejection::NotInElectorate);
    assert_eq!(rejected(&world.say(5, &vote)), Rejection::NotByAMember);
}

#[test]
fn asm_37_the_proposer_alone_withdraws() {
    let mut world = founded(charter());
    let motion = world.notice(world.motion_text(VoteKind::RollCall));
    assert_eq!(
        rejected(&world.say(2, &Body::MotionWithdrawn { motion })),
        Rejection::NotTheProposer
    );
    world.says(1, &Body::MotionWithdrawn { motion });
    assert_eq!(phase(&world, motion), Phase::Withdrawn);
    assert_eq!(world.assembly.openable(world.now).len(), 0);
}

#[test]
fn a_motion_that_never_opens_is_void_after_a_year() {
    let mut world = founded(charter());
    let motion = world.notice(world.motion_text(VoteKind::RollCall));
    world.tick(crate::limits::MOTION_MS_MAX + 1);
    world.post_bytes(b"anything".to_vec());
    assert_eq!(phase(&world, motion), Phase::Void(VoidReason::NotOpened));
}
