//! Witnesses with further devices: cosignatures and hops count seats.

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use tlog::Cosignature;

use super::devices::{revoked, world};
use super::rejected;
use crate::audit::{AuditLevel, AuditRule, verify_audit};
use crate::motion::VoteKind;
use crate::rejection::Rejection;
use crate::statement::Body;
use crate::testing::World;

#[test]
fn devices_of_one_seat_are_one_witness_and_a_revoked_one_is_none() {
    let mut world = World::ready(16);
    let device = world.add_device(2);
    let checkpoint = world.checkpoint(&world.logs[0]);
    let further = Cosignature::sign(&checkpoint, world.now, &device);
    let mut cosignatures = world.cosign(&checkpoint, &[1, 2]);
    cosignatures.push(further.clone());
    let quorum = world.assembly.quorum(&checkpoint, &cosignatures);
    assert_eq!((quorum.cosigned, quorum.needed), (2, 3));
    assert_eq!(
        world.assembly.one_of_each_witness(&checkpoint, &cosignatures),
        cosignatures[..2]
    );
    let alone = [further];
    assert_eq!(world.assembly.quorum(&checkpoint, &alone).cosigned, 1);
    world.says(2, &revoked(&device));
    assert_eq!(
        world.assembly.quorum(&checkpoint, &alone).cosigned,
        0,
        "whenever it was signed: its time is the signer's own word"
    );
    let others = world.cosign(&checkpoint, &[2]);
    assert_eq!(world.assembly.quorum(&checkpoint, &others).cosigned, 1);
}

#[test]
fn a_false_cosignature_of_one_device_does_not_hide_the_true_one_of_another() {
    let mut world = World::ready(17);
    let device = world.add_device(2);
    let checkpoint = world.checkpoint(&world.logs[0]);
    let mut cosignatures = world.cosign(&checkpoint, &[2]);
    cosignatures[0].time = cosignatures[0].time.after(1_000);
    cosignatures.push(Cosignature::sign(&checkpoint, world.now, &device));
    assert_eq!(world.assembly.quorum(&checkpoint, &cosignatures).cosigned, 1);
    assert_eq!(
        world.assembly.one_of_each_witness(&checkpoint, &cosignatures),
        cosignatures[1..]
    );
}

#[test]
fn asm_33_a_box_is_closed_by_seats_and_not_by_devices_and_stays_so_when_one_is_revoked() {
    let mut world = World::ready(18);
    let device = world.add_device(2);
    let motion = world.notice(world.motion_text(VoteKind::Secret));
    let opening = world.open(motion);
    world.seal_box(opening);
    let checkpoint = world.checkpoint(&world.boxes[&opening]);
    let closed = |cosignatures| Body::BoxClosed {
        opening,
        checkpoint: checkpoint.sign(&world.checkpoint_key),
        cosignatures,
    };
    let further = Cosignature::sign(&checkpoint, world.now, &device);
    let [mut two, mut three] = [&[1, 2][..], &[1, 3]].map(|seats| world.cosign(&checkpoint, seats));
    two.push(further.clone());
    three.push(further);
    let (two, three) = (closed(two), closed(three));
    assert_eq!(rejected(&world.say(1, &two)), Rejection::NoQuorum);
    world.says(1, &three);
    world.says(2, &revoked(&device));
    let (_, _, secret) = world.assembly.secret_vote_of(opening).unwrap();
    assert!(secret.closed.is_some());
}

#[test]
fn asm_33_the_cosignature_of_a_device_revoked_before_the_box_is_closed_does_not_count() {
    let mut world = World::ready(19);
    let device = world.add_device(2);
    let motion = world.notice(world.motion_text(VoteKind::Secret));
    let opening = world.open(motion);
    world.seal_box(opening);
    let checkpoint = world.checkpoint(&world.boxes[&opening]);
    let mut cosignatures = world.cosign(&checkpoint, &[1, 3]);
    cosignatures.push(Cosignature::sign(&checkpoint, world.now, &device));
    let body = Body::BoxClosed {
        opening,
        checkpoint: checkpoint.sign(&world.checkpoint_key),
        cosignatures,
    };
    world.says(2, &revoked(&device));
    assert_eq!(rejected(&world.say(1, &body)), Rejection::NoQuorum);
}

#[test]
fn asm_20_after_a_revocation_the_journal_hops_from_just_behind_it() {
    let mut world = world(20);
    let device = world.add_device(2);
    let (_, _, early) = world.continues();
    assert_eq!(rejected(&world.say(1, &early)), Rejection::HopUnfit);
    world.says_from(2, &device, &revoked(&device));
    assert!(world.assembly.hop_due());
    let from = world.assembly.hop_from().unwrap();
    assert_eq!(
        (from.size, from.root),
        (world.assembly.journal().size, world.assembly.journal_root())
    );
    world.hop();
    assert_eq!(world.assembly.journal().journal_key, 2);
    assert!(!world.assembly.hop_due());
    assert_eq!(
        rejected(&world.say_from(2, &device, &Body::FoundingSigned {})),
        Rejection::NotByAMember
    );
}

#[test]
fn asm_20_a_further_revocation_voids_what_was_said_about_the_hop() {
    let mut world = world(21);
    let (one, two) = (world.add_device(2), world.add_device(3));
    world.says(2, &revoked(&one));
    let (_, _, first) = world.continues();
    world.says(1, &first);
    world.says(3, &revoked(&two));
    assert_eq!(
        rejected(&world.say(2, &first)),
        Rejection::HopUnfit,
        "it follows the first revocation, and the second device may know the key"
    );
    assert_eq!(world.assembly.journal_logs().len(), 1);
    world.hop();
    assert_eq!(world.assembly.journal_logs().len(), 2);
}

#[test]
fn asm_20_two_devices_of_a_witness_say_once_where_the_journal_goes_on() {
    let mut world = world(22);
    let device = world.add_device(2);
    world.says(3, &Body::Left {});
    let (number, key, right) = world.continues();
    world.keys.insert(number, key);
    world.says(2, &right);
    assert_eq!(rejected(&world.say_from(2, &device, &right)), Rejection::HopUnfit);
    assert_eq!(world.assembly.journal_logs().len(), 1, "one of two is no quorum");
    world.says(1, &right);
    assert_eq!(world.assembly.journal_logs().len(), 2);
}

#[test]
fn aud_08_a_file_is_cosigned_by_seats_and_not_by_devices() {
    let mut world = World::ready(23);
    let device = world.add_device(2);
    let mut file = world.audit(AuditLevel::Public);
    let checkpoint = world.checkpoint(&world.logs[0]);
    let further = Cosignature::sign(&checkpoint, world.now, &device);
    let mut verify = |cosignatures: Vec<Cosignature>| {
        file.logs[0].cosignatures = cosignatures;
        let report = verify_audit(&file.to_bytes(), None, &mut ChaCha20Rng::seed_from_u64(1)).unwrap();
        let rules: Vec<AuditRule> = report.breaches.iter().map(|breach| breach.rule).collect();
        let quorum = report.cosignatures;
        ((quorum.cosigned, quorum.needed), rules)
    };
    let with = |seats: &[u32]| {
        let mut cosignatures = world.cosign(&checkpoint, seats);
        cosignatures.push(further.clone());
        cosignatures
    };
    assert_eq!(verify(with(&[1, 2])), ((2, 3), vec![AuditRule::Quorum]));
    assert_eq!(verify(with(&[1, 3])), ((3, 3), vec![]));
}
