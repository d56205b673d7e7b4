//! Further devices of a seat: added, counted once, revoked.

use minicbor::bytes::ByteVec;
use primitives::signed::Unverified;
use primitives::{AssemblyId, DeviceCertificate, DeviceClaim, SeatNumber, SigningSecret, VerifyingKey};
use proptest::prelude::*;
use sealing::complain;
use std::collections::BTreeSet;
use tlog::Cosignature;

use super::rejected;
use crate::fold::{Assembly, Seat};
use crate::limits;
use crate::motion::{Choice, VoteKind};
use crate::rejection::Rejection;
use crate::statement::{Body, Role};
use crate::testing::{Member, World, charter};

/// Three founders; the founding goes on.
pub(super) fn world(seed: u64) -> World {
    let mut world = World::found(charter(), seed);
    world.admit("Second", Role::Deputy);
    world.admit("Third", Role::Deputy);
    world
}

fn seat(world: &World, number: u32) -> &Seat {
    world.assembly.seat_of(SeatNumber(number)).unwrap()
}

fn key(device: &SigningSecret) -> VerifyingKey {
    device.verifying_key()
}

fn added(world: &mut World, by: u32, body: &Body) -> Option<Rejection> {
    world.say(by, body).rejection
}

pub(super) fn revoked(device: &SigningSecret) -> Body {
    Body::DeviceRevoked { device: key(device) }
}

fn no_vote_yet(world: &World) -> Body {
    let motion = world.motion_text(VoteKind::RollCall);
    Body::MotionProposed { motion }
}

#[test]
fn a_device_that_the_first_one_adds_speaks_for_the_seat_at_once_in_every_role() {
    let mut world = world(1);
    let expert = world.admit("Expert", Role::Expert);
    let observer = world.admit("Observer", Role::Observer);
    for number in [2, expert, observer] {
        let device = world.add_device(number);
        let of = seat(&world, number);
        assert!(!of.is_first_device(&key(&device)) && of.device(&key(&device)).is_some());
        assert_eq!(of.further_devices().len(), 1);
        assert_eq!(
            world.assembly.seat_by_device(&key(&device)).unwrap().number,
            SeatNumber(number)
        );
        world.says_from(number, &device, &Body::BallotKeysVoided {});
    }
    assert!(!world.assembly.hop_due(), "who is added shuts nobody out");
}

#[test]
fn asm_42_the_seats_first_device_adds_and_no_other() {
    let mut world = world(2);
    let second = world.add_device(2);
    let (_, body) = world.new_device(2);
    assert_eq!(
        rejected(&world.say_from(2, &second, &body)),
        Rejection::DeviceUnfit
    );
    world.says(2, &body);
}

#[test]
fn asm_42_the_certificate_verifies_and_is_by_the_seats_identity() {
    let mut world = world(3);
    let (device, body) = world.new_device(2);
    let certificate = world.certify(2, key(&device));
    let forged = Unverified::new(certificate.bytes().to_vec(), [0; 64]);
    let noise = Unverified::new(vec![1, 2, 3], [0; 64]);
    for bad in [forged, noise] {
        let bad = world.added_as(bad, &device);
        assert_eq!(added(&mut world, 2, &bad), Some(Rejection::DeviceUnfit));
    }
    assert_eq!(
        added(&mut world, 3, &body),
        Some(Rejection::DeviceUnfit),
        "certified by another seat's identity"
    );
    assert_eq!(added(&mut world, 2, &body), None);
}

#[test]
fn asm_42_nobody_adds_a_device_whose_key_he_has_only_seen() {
    let mut world = world(15);
    let (device, body) = world.new_device(2);
    let Body::DeviceAdded { certificate, claim } = body.clone() else {
        panic!("another body")
    };
    // Another seat certifies the same key first: with nothing, with what the device said for its own seat, or as it can
    // sign itself.
    let mine = world.certify(3, key(&device));
    let insider = SigningSecret::random(&mut world.rng);
    let lent = Body::DeviceAdded {
        certificate: mine.clone(),
        claim,
    };
    let blank = Body::DeviceAdded {
        certificate: mine.clone(),
        claim: [0; 64].into(),
    };
    for bad in [lent, blank, world.added_as(mine, &insider)] {
        assert_eq!(added(&mut world, 3, &bad), Some(Rejection::DeviceUnfit));
    }
    // Its own member adds it with no other sealing key, and in no other assembly.
    let named = certificate.peek::<DeviceCertificate>().unwrap();
    let identity = &world.member(2).identity;
    let other = DeviceCertificate::issue(identity, key(&device), [9; 32], world.now);
    let elsewhere = DeviceClaim::of(AssemblyId::new([1; 32]), &named);
    let bad = [
        Body::DeviceAdded {
            certificate: other.unverified().clone(),
            claim,
        },
        Body::DeviceAdded {
            certificate,
            claim: elsewhere.sign(&device),
        },
    ];
    for bad in bad {
        assert_eq!(added(&mut world, 2, &bad), Some(Rejection::DeviceUnfit));
    }
    assert_eq!(added(&mut world, 2, &body), None, "its key is not burnt");
}

#[test]
fn asm_42_a_device_of_any_seat_or_open_admission_is_not_new() {
    let mut world = World::found(
        crate::Charter {
            founding_seats: 3,
            ..charter()
        },
        4,
    );
    world.admit("Second", Role::Deputy);
    world.admit("Third", Role::Deputy);
    let further = world.add_device(2);
    let own = world.added(3, world.device(3));
    let others = world.added(3, world.device(1));
    let (admission, candidate) = world.propose_admission(1, "Fourth", Role::Deputy);
    let proposed = world.added(3, &candidate.device);
    for body in [own, others, world.added(3, &further), proposed.clone()] {
        assert_eq!(added(&mut world, 3, &body), Some(Rejection::DeviceUnfit));
    }
    for by in [1, 2] {
        world.says(by, &Body::Objected { admission });
    }
    assert_eq!(
        added(&mut world, 3, &proposed),
        None,
        "the admission is refused, and the device nobody's"
    );
}

#[test]
fn asm_42_and_asm_13_a_revoked_device_never_comes_back_to_any_seat() {
    let mut world = world(5);
    let device = world.add_device(2);
    world.says(2, &revoked(&device));
    for number in [2, 3] {
        let body = world.added(number, &device);
        assert_eq!(added(&mut world, number, &body), Some(Rejection::DeviceUnfit));
    }
    let (member, mut candidate, _) = Member::new("Fourth", Role::Deputy, world.now, &mut world.rng);
    candidate.certificate =
        primitives::DeviceCertificate::issue(&member.identity, key(&device), [7; 32], world.now)
            .unverified()
            .clone();
    let body = Body::AdmissionProposed { candidate };
    assert_eq!(rejected(&world.say(1, &body)), Rejection::CandidateUnfit);
}

#[test]
fn asm_13_nobody_is_admitted_with_a_further_device_of_a_seat() {
    let mut world = world(6);
    let device = world.add_device(2);
    let (member, mut candidate, _) = Member::new("Fourth", Role::Deputy, world.now, &mut world.rng);
    candidate.certificate =
        primitives::DeviceCertificate::issue(&member.identity, key(&device), [7; 32], world.now)
            .unverified()
            .clone();
    let body = Body::AdmissionProposed { candidate };
    assert_eq!(rejected(&world.say(1, &body)), Rejection::CandidateUnfit);
}

#[test]
fn asm_42_a_seat_has_five_devices_at_once_and_adds_eight_in_thirty_days() {
    let mut world = world(7);
    let first_added = world.now.after(1);
    let mut devices: Vec<_> = (0..4).map(|_| world.add_device(2)).collect();
    assert_eq!(seat(&world, 2).devices.len(), limits::DEVICES_MAX);
    assert_eq!(seat(&world, 2).devices_left(world.now), 0);
    let (_, sixth) = world.new_device(2);
    assert_eq!(added(&mut world, 2, &sixth), Some(Rejection::DeviceUnfit));
    for _ in 0..4 {
        world.says(2, &revoked(&devices.remove(0)));
        assert_eq!(seat(&world, 2).devices_left(world.now), 1);
        devices.push(world.add_device(2));
    }
    world.says(2, &revoked(&devices.remove(0)));
    let (_, ninth) = world.new_device(2);
    assert_eq!(
        added(&mut world, 2, &ninth),
        Some(Rejection::DeviceUnfit),
        "there is room, and the month's eight are used up"
    );
    // The statement is taken a millisecond later than it is made.
    world.now = primitives::Time(first_added.0 + limits::MONTH_MS - 2);
    assert_eq!(added(&mut world, 2, &ninth), Some(Rejection::DeviceUnfit));
    assert_eq!(added(&mut world, 2, &ninth), None, "a month after the first");
    assert_eq!(seat(&world, 2).revoked_devices().len(), 5);
}

#[test]
fn asm_43_a_further_device_is_revoked_by_the_first_one_or_by_itself() {
    let mut world = world(8);
    let (one, two) = (world.add_device(2), world.add_device(2));
    assert_eq!(
        rejected(&world.say_from(2, &one, &revoked(&two))),
        Rejection::RevocationUnfit,
        "by another further device"
    );
    assert_eq!(
        rejected(&world.say(3, &revoked(&one))),
        Rejection::RevocationUnfit,
        "by another seat"
    );
    world.says_from(2, &one, &revoked(&one));
    world.says(2, &revoked(&two));
    assert_eq!(seat(&world, 2).revoked_devices(), [key(&one), key(&two)]);
    assert_eq!(
        rejected(&world.say(2, &revoked(&two))),
        Rejection::RevocationUnfit,
        "it is gone already"
    );
}

#[test]
fn asm_43_the_first_device_is_not_revoked_by_any() {
    let mut world = world(9);
    let device = world.add_device(2);
    let body = Body::DeviceRevoked {
        device: key(world.device(2)),
    };
    assert_eq!(rejected(&world.say(2, &body)), Rejection::RevocationUnfit);
    assert_eq!(
        rejected(&world.say_from(2, &device, &body)),
        Rejection::RevocationUnfit
    );
}

#[test]
fn asm_45_a_seat_leaves_by_its_first_device_only() {
    let mut world = world(11);
    let device = world.add_device(2);
    assert_eq!(
        rejected(&world.say_from(2, &device, &Body::Left {})),
        Rejection::LeavingUnfit
    );
    assert!(seat(&world, 2).is_active());
    // Its ballot keys it voids as any of the seat's devices does, and the first one publishes others.
    world.says_from(2, &device, &Body::BallotKeysVoided {});
    world.says(2, &Body::Left {});
    assert!(!seat(&world, 2).is_active());
}

#[test]
fn asm_04_a_revoked_device_is_heard_no_more() {
    let mut world = world(10);
    let device = world.add_device(2);
    let early = world.statement_from(2, &device, &Body::FoundingSigned {});
    world.says(2, &revoked(&device));
    let early = early.sign(&device);
    assert_eq!(
        rejected(&world.post(early.unverified(), b"")),
        Rejection::NotByAMember,
        "what it signed before and posts after is late"
    );
    assert_eq!(
        rejected(&world.say_from(2, &device, &Body::FoundingSigned {})),
        Rejection::NotByAMember
    );
    assert!(!world.assembly.has_device(SeatNumber(2), &key(&device)));
    assert!(world.assembly.seat_by_device(&key(&device)).is_none());
}

#[test]
fn the_devices_of_a_detained_seat_are_out_with_it() {
    let mut world = World::ready(11);
    let device = world.add_device(3);
    for by in [2, 4] {
        world.says(by, &Body::Detained { seat: SeatNumber(3) });
    }
    assert_eq!(
        rejected(&world.say_from(3, &device, &Body::BallotKeysVoided {})),
        Rejection::NotByAMember
    );
    let checkpoint = world.checkpoint(&world.logs[0]);
    let alone = [Cosignature::sign(&checkpoint, world.now, &device)];
    assert_eq!(world.assembly.quorum(&checkpoint, &alone).cosigned, 0);
}

#[test]
fn asm_29_a_seat_votes_once_and_the_first_of_its_devices_that_does_counts() {
    let mut world = World::ready(12);
    let device = world.add_device(2);
    let motion = world.notice(world.motion_text(VoteKind::RollCall));
    let opening = world.open(motion);
    let vote = |choice: Choice| Body::RollCallVote {
        motion,
        vote: ByteVec::from(choice.to_plaintext().to_vec()),
    };
    world.says_from(2, &device, &vote(Choice::Against));
    assert_eq!(
        rejected(&world.say(2, &vote(Choice::For))),
        Rejection::VotedAlready
    );
    for by in [1, 3] {
        world.says(by, &vote(Choice::For));
    }
    world.await_close(opening);
    world.says(1, &Body::RollCallClosed { motion });
    let counts = world.tally(opening).unwrap().votes.choices().copied().unwrap();
    assert_eq!((counts.votes_for, counts.votes_against), (2, 1));
}

#[test]
fn asm_16_asm_23_and_asm_40_a_seat_endorses_seconds_and_knows_once() {
    let mut world = World::ready(13);
    let device = world.add_device(2);
    let (admission, _) = world.propose_admission(1, "Sixth", Role::Deputy);
    world.says_from(2, &device, &Body::Endorsed { admission });
    let (admission, _) = world.propose_admission(1, "Seventh", Role::Deputy);
    world.says_from(2, &device, &Body::Objected { admission });
    assert_eq!(
        rejected(&world.say(2, &Body::Objected { admission })),
        Rejection::SignedAlready
    );
    let taken = world.says(1, &no_vote_yet(&world));
    let motion = crate::statement::motion_id(taken.statement.unwrap().id);
    world.says(2, &Body::Seconded { motion });
    assert_eq!(
        rejected(&world.say_from(2, &device, &Body::Seconded { motion })),
        Rejection::WrongPhase
    );
    let version = Body::VersionKnown { version: 2 };
    world.says_from(2, &device, &version);
    assert_eq!(rejected(&world.say(2, &version)), Rejection::VersionUnfit);
    world.says(1, &version);
    assert_eq!(
        world.assembly.version(),
        1,
        "two of five seats, with three devices"
    );
}

#[test]
fn asm_18_asm_34_and_asm_35_what_one_device_holds_is_said_by_the_first_alone() {
    let mut world = World::ready(14);
    let device = world.add_device(1);
    let keys = world.ballot_keys(1, 1);
    assert_eq!(
        rejected(&world.say_from(1, &device, &keys)),
        Rejection::KeyNumbers
    );
    assert!(
        world
            .assembly
            .is_first_device(SeatNumber(1), &key(world.device(1)))
    );
    assert!(!world.assembly.is_first_device(SeatNumber(1), &key(&device)));
    let opening = {
        let motion = world.notice(world.motion_text(VoteKind::Secret));
        world.open(motion)
    };
    for by in 1..=3 {
        world.cast(by, opening, Choice::For);
    }
    world.seal_box(opening);
    let closed = world.box_closed(opening);
    world.says_from(1, &device, &closed);
    let share = world.share(1, opening);
    assert_eq!(
        rejected(&world.say_from(1, &device, &share)),
        Rejection::ShareUnfit
    );
    world.says(1, &share);
}

#[test]
fn asm_35_no_further_device_speaks_in_the_key_generation_or_makes_its_trustee_a_liar() {
    let mut world = world(15);
    world.admit("Fourth", Role::Deputy);
    world.admit("Fifth", Role::Deputy);
    let device = world.add_device(3);
    for round in 0..2 {
        for by in [1, 2] {
            world.sealing_step(by).unwrap();
        }
        let body = world.sealing_body(3).unwrap();
        assert_eq!(
            rejected(&world.say_from(3, &device, &body)),
            Rejection::SealingOutOfTurn,
            "round {round}"
        );
        world.says(3, &body);
    }
    let current = world.assembly.trustees().current.clone().unwrap();
    let trustees = current.trustees().unwrap();
    let secret = &world.member(3).runs[&1];
    let complaint = complain(&trustees, SeatNumber(3), secret, SeatNumber(1)).unwrap();
    let body = Body::SealingComplaint { run: 1, complaint };
    assert_eq!(
        rejected(&world.say_from(3, &device, &body)),
        Rejection::SealingOutOfTurn
    );
    assert!(world.assembly.trustees().guilty.is_empty());
}

#[test]
fn a_seat_that_has_had_one_device_has_the_snapshot_that_it_had_before_there_could_be_more() {
    let mut world = world(24);
    let before = minicbor::to_vec(seat(&world, 2)).unwrap();
    assert_eq!(before[0], 0x8d, "an array of 13");
    assert_eq!(&minicbor::decode::<Seat>(&before).unwrap(), seat(&world, 2));
    world.add_device(2);
    let after = minicbor::to_vec(seat(&world, 2)).unwrap();
    assert_eq!(after[0], 0x8e);
    assert_eq!(&minicbor::decode::<Seat>(&after).unwrap(), seat(&world, 2));
}

/// Somebody of three seats adds, revokes, speaks or hops; whatever it is, the fold judges it.
fn step(world: &mut World, devices: &mut Vec<(u32, SigningSecret)>, (by, act, pick, ms): Step) {
    world.tick(ms);
    let picked = devices.get(usize::from(pick) % devices.len().max(1));
    let body = match (act, picked) {
        (0..=2, _) => {
            let (device, body) = world.new_device(by);
            devices.push((by, device));
            body
        }
        (3, Some((_, device))) => world.added(by, device),
        (4 | 5, Some((_, device))) => revoked(device),
        (6, Some((seat, device))) => {
            let (seat, body) = (*seat, revoked(device));
            let signed = world.statement_from(seat, device, &body).sign(device);
            world.post(signed.unverified(), b"");
            return;
        }
        (7, Some((seat, device))) => {
            let body = no_vote_yet(world);
            let signed = world.statement_from(*seat, device, &body).sign(device);
            world.post(signed.unverified(), b"");
            return;
        }
        (8, _) if world.assembly.hop_due() => return world.hop(),
        _ => Body::BallotKeysVoided {},
    };
    world.say(by, &body);
}

type Step = (u32, u8, u8, u64);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn whatever_is_added_and_revoked_a_second_fold_of_the_journal_is_the_same_and_no_device_is_two(
        steps in proptest::collection::vec((1_u32..=3, 0_u8..10, any::<u8>(), prop_oneof![Just(1_u64), Just(20_000), Just(400_000_000)]), 1..60),
        seed in any::<u64>(),
    ) {
        let mut world = world(seed);
        let firsts: Vec<_> = (1..=3).map(|by| key(world.device(by))).collect();
        let mut devices = Vec::new();
        for taken in steps {
            step(&mut world, &mut devices, taken);
        }
        let (mut again, _) =
            Assembly::found(&world.logs[0].record, &world.logs[0].entries[0], &world.keys).unwrap();
        let entries: Vec<_> = world.logs.iter().flat_map(|log| &log.entries).skip(1).collect();
        for (index, entry) in entries.into_iter().enumerate() {
            again.take(entry, &world.keys).unwrap();
            if index % 7 == 0 {
                again = Assembly::load(&again.snapshot()).unwrap();
            }
        }
        prop_assert_eq!(again.snapshot(), world.assembly.snapshot());
        let mut seen = BTreeSet::new();
        for (of, first) in world.assembly.seats().zip(firsts) {
            prop_assert!(of.is_first_device(&first));
            prop_assert!(of.devices.len() <= limits::DEVICES_MAX);
            let present = of.devices.iter().map(|device| device.key);
            for device in present.chain(of.revoked_devices().iter().copied()) {
                prop_assert!(seen.insert(device), "a device that is two");
            }
        }
    }
}
