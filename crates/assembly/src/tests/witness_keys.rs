//! Second keys of witnesses: announced once, counted, and needed for boxes.

use primitives::{SeatNumber, Secret, SigningSecret};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use tlog::Cosignature;

use super::devices::revoked;
use super::rejected;
use crate::audit::{AuditLevel, verify_audit};
use crate::motion::VoteKind;
use crate::rejection::Rejection;
use crate::statement::{Body, Role};
use crate::testing::World;

fn announce(world: &mut World, seat: u32) {
    let body = World::cosigning_key(world.device(seat));
    world.says(seat, &body);
}

fn stranger() -> SigningSecret {
    SigningSecret::from_seed(&Secret::take(&mut [77; 32]))
}

#[test]
fn asm_46_a_device_announces_one_cosigning_key_for_good() {
    let mut world = World::ready(81);
    announce(&mut world, 2);
    let other = World::cosigning_key(&stranger());
    assert_eq!(rejected(&world.say(2, &other)), Rejection::CosigningKeyUnfit);
    let expert = world.admit("Expert", Role::Expert);
    let own = World::cosigning_key(world.device(expert));
    assert_eq!(rejected(&world.say(expert, &own)), Rejection::RoleForbids);
    let further = world.add_device(2);
    world.says_from(2, &further, &World::cosigning_key(&further));
    let known = |world: &World| {
        let seat = world.assembly.seat_of(SeatNumber(2)).unwrap();
        let devices = seat.devices.iter();
        devices.filter(|device| device.cosigning_key.is_some()).count()
    };
    assert_eq!(known(&world), 2);
    world.says(2, &revoked(&further));
    assert_eq!(known(&world), 1);
}

#[test]
fn the_journals_quorum_says_who_has_signed_twice_and_does_without() {
    let mut world = World::ready(82);
    for seat in [1, 2] {
        announce(&mut world, seat);
    }
    let checkpoint = world.checkpoint(&world.logs[0]);
    let once = Cosignature::sign(&checkpoint, world.now, world.device(1));
    let mut cosignatures = vec![once];
    cosignatures.extend(world.cosign(&checkpoint, &[2, 3]));
    let quorum = world.assembly.quorum(&checkpoint, &cosignatures);
    assert_eq!((quorum.cosigned, quorum.post_quantum), (3, 1));
    // The better one of a device counts, wherever it stands; one by another key does not.
    cosignatures.extend(world.cosign(&checkpoint, &[1]));
    let mut foreign = Cosignature::sign_twice(&checkpoint, world.now, &stranger());
    foreign.key = world.device(2).verifying_key();
    foreign.signature = cosignatures[1].signature;
    cosignatures[1] = foreign;
    let quorum = world.assembly.quorum(&checkpoint, &cosignatures);
    assert_eq!((quorum.cosigned, quorum.post_quantum), (3, 1));
    let file = world.audit(AuditLevel::Public);
    let report = verify_audit(&file.to_bytes(), None, &mut ChaCha20Rng::seed_from_u64(1)).unwrap();
    assert_eq!(report.cosignatures.post_quantum, 2);
}

#[test]
fn asm_33_a_box_is_closed_with_both_signatures_of_those_who_have_two_keys() {
    let mut world = World::ready(83);
    for seat in 1..=3 {
        announce(&mut world, seat);
    }
    let motion = world.notice(world.motion_text(VoteKind::Secret));
    let opening = world.open(motion);
    world.seal_box(opening);
    let checkpoint = world.checkpoint(&world.boxes[&opening]);
    let closed = |cosignatures: Vec<Cosignature>, world: &World| Body::BoxClosed {
        opening,
        checkpoint: checkpoint.sign(&world.checkpoint_key),
        cosignatures,
    };
    let once = [1, 2, 3].map(|seat| Cosignature::sign(&checkpoint, world.now, world.device(seat)));
    let below = closed(once.to_vec(), &world);
    assert_eq!(rejected(&world.say(1, &below)), Rejection::NoQuorum);
    let all = [world.cosign(&checkpoint, &[2, 3, 4]), once.to_vec()].concat();
    let sent = world.assembly.one_of_each_witness(&checkpoint, &all);
    assert_eq!(sent, all[..3], "who has no second key counts without");
    let enough = closed(sent, &world);
    world.says(1, &enough);
}
