//! Entries, envelopes, order, snapshots.

use minicbor::{Decode, Encode};
use primitives::{
    AssemblyId, Hash, SeatNumber, Secret, Signed, SigningSecret, Time, VerifyingKey, encode, labels,
};
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use tlog::{Checkpoint, Entry, Origin, SignedCheckpoint};

use super::rejected;
use crate::entry::{BesideKey, EntryKey, EntryKeys, JournalKeys, SealedEntry};
use crate::fold::{Assembly, Halt};
use crate::keys::Day;
use crate::limits;
use crate::motion::{Choice, VoteKind};
use crate::rejection::Rejection;
use crate::statement::{Body, Role, Statement};
use crate::testing::{World, charter};

fn world() -> World {
    let mut world = World::found(charter(), 1);
    world.admit("Second", Role::Deputy);
    world
}

fn signed_by(world: &World, seat: u32, statement: Statement) -> primitives::signed::Unverified {
    statement.sign(world.device(seat)).unverified().clone()
}

#[test]
fn asm_01_rejects_what_is_not_an_entry_under_this_logs_key() {
    let mut world = world();
    assert_eq!(
        rejected(&world.post_bytes(b"noise".to_vec())),
        Rejection::NotAnEntry
    );
    let other = Secret::take(&mut [9; 32]);
    let sealed = SealedEntry::seal(2, Day::of(world.now), &other, b"x", b"", &mut world.rng).unwrap();
    assert_eq!(
        rejected(&world.post_bytes(sealed.to_bytes())),
        Rejection::NotAnEntry
    );
}

#[test]
fn asm_01_rejects_an_entry_of_a_day_that_is_over_or_has_not_come() {
    let mut world = world();
    let key = world.keys.key(1).unwrap().duplicate();
    let today = Day::of(world.now).0;
    for (day, counts) in [
        (today - 2, false),
        (today - 1, true),
        (today + 1, true),
        (today + 2, false),
    ] {
        let sealed = SealedEntry::seal(1, Day(day), &key, b"x", b"", &mut world.rng).unwrap();
        let expected = if counts {
            Rejection::NotOfThisAssembly
        } else {
            Rejection::NotAnEntry
        };
        assert_eq!(rejected(&world.post_bytes(sealed.to_bytes())), expected);
    }
}

#[test]
fn asm_02_rejects_an_entry_that_does_not_open_under_its_key() {
    let mut world = world();
    let other = Secret::take(&mut [9; 32]);
    let sealed = SealedEntry::seal(1, Day::of(world.now), &other, b"x", b"", &mut world.rng).unwrap();
    assert_eq!(
        rejected(&world.post_bytes(sealed.to_bytes())),
        Rejection::DoesNotOpen
    );
}

#[test]
fn asm_03_rejects_a_statement_of_another_assembly() {
    let mut world = world();
    let mut statement = world.statement(1, &Body::FoundingSigned {});
    statement.assembly = AssemblyId::new([3; 32]);
    let statement = signed_by(&world, 1, statement);
    assert_eq!(
        rejected(&world.post(&statement, b"")),
        Rejection::NotOfThisAssembly
    );
}

#[test]
fn asm_04_rejects_a_device_that_is_not_the_seats_and_a_false_signature() {
    let mut world = world();
    let stranger = SigningSecret::random(&mut world.rng);
    let mut statement = world.statement(1, &Body::FoundingSigned {});
    statement.device = stranger.verifying_key();
    let by_stranger = statement.clone().sign(&stranger).unverified().clone();
    assert_eq!(rejected(&world.post(&by_stranger, b"")), Rejection::NotByAMember);
    let as_second = world
        .statement(2, &Body::FoundingSigned {})
        .sign(&stranger)
        .unverified()
        .clone();
    assert_eq!(rejected(&world.post(&as_second, b"")), Rejection::NotByAMember);
}

#[test]
fn asm_05_rejects_a_statement_that_saw_no_checkpoint_of_this_journal() {
    let mut world = world();
    let here = world.checkpoint(&world.logs[0]);
    let future = Checkpoint {
        size: here.size + 100,
        ..here
    };
    let other_log = Checkpoint {
        origin: Origin {
            log: primitives::LogId::new([5; 32]),
            ..here.origin
        },
        ..here
    };
    let unsigned = here.sign(&SigningSecret::random(&mut world.rng));
    let seen = [
        None,
        Some(future.sign(&world.checkpoint_key)),
        Some(other_log.sign(&world.checkpoint_key)),
        Some(unsigned),
        Some(SignedCheckpoint::new(String::new())),
    ];
    for seen in seen {
        let mut statement = world.statement(2, &Body::FoundingSigned {});
        statement.seen = seen;
        let statement = signed_by(&world, 2, statement);
        assert_eq!(rejected(&world.post(&statement, b"")), Rejection::SeenUnusable);
    }
}

#[test]
fn asm_06_names_a_relay_that_showed_somebody_another_journal() {
    let mut world = world();
    let forked = Checkpoint {
        root: Hash::new([8; 32]),
        ..world.checkpoint(&world.logs[0])
    };
    let mut statement = world.statement(2, &Body::FoundingSigned {});
    statement.seen = Some(forked.sign(&world.checkpoint_key));
    let statement = signed_by(&world, 2, statement);
    assert_eq!(rejected(&world.post(&statement, b"")), Rejection::SeenContradicts);
}

#[test]
fn asm_07_rejects_what_has_expired_or_never_would() {
    let mut world = world();
    for (expires, expected) in [
        (world.now, Some(Rejection::Expired)),
        (
            world.now.after(limits::EXPIRY_MS_MAX + 10),
            Some(Rejection::Expired),
        ),
        (world.now.after(100), None),
    ] {
        let mut statement = world.statement(2, &Body::FoundingSigned {});
        statement.expires = expires;
        let statement = signed_by(&world, 2, statement);
        assert_eq!(world.post(&statement, b"").rejection, expected);
    }
}

#[test]
fn asm_08_a_statement_takes_effect_once_however_often_it_is_posted() {
    let mut world = world();
    let body = Body::MotionProposed {
        motion: world.motion_text(VoteKind::RollCall),
    };
    let statement = signed_by(&world, 1, world.statement(1, &body));
    assert_eq!(world.post(&statement, b"").rejection, None);
    assert_eq!(rejected(&world.post(&statement, b"")), Rejection::TakenAlready);
    world.tick(60_001);
    assert_eq!(rejected(&world.post(&statement, b"")), Rejection::Expired);
    assert_eq!(world.assembly.motions().len(), 1);
}

/// The envelope with a body of any bytes.
#[derive(Encode, Decode)]
#[cbor(array)]
struct Envelope {
    #[n(0)]
    assembly: AssemblyId,
    #[n(1)]
    seat: SeatNumber,
    #[n(2)]
    device: VerifyingKey,
    #[n(3)]
    seen: Option<SignedCheckpoint>,
    #[n(4)]
    expires: Time,
    #[cbor(n(5), with = "minicbor::bytes")]
    body: Vec<u8>,
}

fn with_body(world: &World, seat: u32, body: Vec<u8>) -> primitives::signed::Unverified {
    let envelope = Envelope {
        assembly: world.assembly.id(),
        seat: SeatNumber(seat),
        device: world.device(seat).verifying_key(),
        seen: Some(world.journal_checkpoint()),
        expires: world.now.after(1_000),
        body,
    };
    Signed::sign(labels::STATEMENT, envelope, world.device(seat))
        .unverified()
        .clone()
}

#[test]
fn asm_09_rejects_a_malformed_body() {
    let mut world = world();
    let statement = with_body(&world, 2, encode(&(13u32, 5u8)));
    assert_eq!(rejected(&world.post(&statement, b"")), Rejection::BodyMalformed);
}

fn sealed_entry(world: &mut World, statement: &primitives::signed::Unverified) -> Entry {
    let key = world.keys.key(1).unwrap().duplicate();
    let sealed = SealedEntry::seal(
        1,
        Day::of(world.now),
        &key,
        &encode(statement),
        b"",
        &mut world.rng,
    )
    .unwrap();
    Entry {
        time: world.now,
        bytes: sealed.to_bytes(),
    }
}

#[test]
fn asm_39_a_statement_of_an_unknown_kind_has_no_effect_and_halts_nobody() {
    let mut world = world();
    let statement = with_body(&world, 2, encode(&(99u32, (1u8,))));
    assert_eq!(rejected(&world.post(&statement, b"")), Rejection::KindNotTakenUp);
}

#[test]
fn once_the_deputies_have_taken_up_a_newer_version_the_fold_halts() {
    let mut world = world();
    let deputies: Vec<u32> = world.assembly.witnesses().iter().map(|seat| seat.0).collect();
    for seat in deputies {
        if world.assembly.version() == 1 {
            world.says(seat, &Body::VersionKnown { version: 2 });
        }
    }
    let statement = signed_by(&world, 1, world.statement(1, &Body::Left {}));
    let entry = sealed_entry(&mut world, &statement);
    let before = world.assembly.clone();
    assert_eq!(
        world.assembly.take(&entry, &world.keys),
        Err(Halt::UpdateNeeded { version: 2 })
    );
    assert_eq!(world.assembly, before);
}

#[test]
fn a_strangers_statement_of_an_unknown_kind_halts_nobody() {
    let mut world = world();
    let stranger = SigningSecret::random(&mut world.rng);
    let statement = with_body(&world, 2, encode(&(99u32, (1u8,))));
    let statement =
        primitives::signed::Unverified::new(statement.bytes().to_vec(), stranger.sign_raw(b"something else"));
    assert_eq!(rejected(&world.post(&statement, b"")), Rejection::NotByAMember);
}

#[test]
fn a_missing_key_halts_and_never_rejects() {
    let mut world = world();
    let statement = signed_by(&world, 2, world.statement(2, &Body::FoundingSigned {}));
    let entry = sealed_entry(&mut world, &statement);
    let before = world.assembly.clone();
    assert_eq!(
        world.assembly.take(&entry, &JournalKeys::new()),
        Err(Halt::MissingKey { number: 1 })
    );
    assert_eq!(world.assembly, before);
    assert_eq!(world.assembly.take(&entry, &world.keys).unwrap().rejection, None);
}

#[test]
fn asm_10_an_assembly_is_founded_once() {
    let mut world = world();
    let founded = world.assembly.founded().clone();
    assert_eq!(
        rejected(&world.say(1, &Body::Founded { founded })),
        Rejection::FoundedAgain
    );
}

#[test]
fn folding_a_journal_again_gives_the_same_state_and_so_does_every_snapshot_on_the_way() {
    let mut world = World::ready(2);
    world.roll_call(&[Choice::For, Choice::Against]);
    world.secret_vote(&[Choice::For, Choice::For, Choice::Against]);
    let log = &world.logs[0];
    let (mut again, _) = Assembly::found(&log.record, &log.entries[0], &world.keys).unwrap();
    for (index, entry) in log.entries.iter().enumerate().skip(1) {
        again.take(entry, &world.keys).unwrap();
        if index % 5 == 0 {
            let loaded = Assembly::load(&again.snapshot()).unwrap();
            assert_eq!(loaded.state_hash(), again.state_hash());
            again = loaded;
        }
    }
    assert_eq!(again.snapshot(), world.assembly.snapshot());
    assert_eq!(again.state_hash(), world.assembly.state_hash());
}

#[test]
fn a_snapshot_cut_short_does_not_load() {
    let snapshot = world().assembly.snapshot();
    assert!(Assembly::load(&snapshot[..snapshot.len() - 1]).is_err());
}

/// What an auditor is given: the keys of entries, not of what lies beside them.
struct EntriesOnly<'a>(&'a JournalKeys);

impl EntryKeys for EntriesOnly<'_> {
    fn entry_key(&self, log: usize, index: u64, entry: &SealedEntry) -> Option<EntryKey> {
        self.0.entry_key(log, index, entry)
    }

    fn beside_key(&self, _: usize, _: u64, _: &SealedEntry) -> Option<BesideKey> {
        None
    }
}

#[test]
fn an_auditor_who_is_given_entry_keys_folds_the_same_state_and_reads_no_name() {
    let world = world();
    let keys = EntriesOnly(&world.keys);
    let log = &world.logs[0];
    let (mut again, opened) = Assembly::found(&log.record, &log.entries[0], &keys).unwrap();
    assert_eq!(opened.name, None);
    for entry in &log.entries[1..] {
        assert_eq!(again.take(entry, &keys).unwrap().statement.unwrap().name, None);
    }
    assert_eq!(again, world.assembly);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_bytes_make_the_fold_panic_or_take_effect(bytes: Vec<u8>, beside in proptest::collection::vec(any::<u8>(), 0..100)) {
        let mut world = World::found(charter(), 3);
        let before = world.assembly.position();
        prop_assert!(world.post_bytes(bytes.clone()).rejection.is_some());
        let key = world.keys.key(1).unwrap().duplicate();
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let sealed = SealedEntry::seal(1, Day::of(world.now), &key, &bytes, &beside, &mut rng).unwrap();
        prop_assert!(world.post_bytes(sealed.to_bytes()).rejection.is_some());
        prop_assert_eq!(world.assembly.position(), before + 2);
    }

    #[test]
    fn two_folds_of_any_order_of_statements_agree(order in Just((0..12usize).collect::<Vec<_>>()).prop_shuffle()) {
        let mut world = World::found(charter(), 4);
        for name in ["Second", "Third", "Fourth", "Fifth"] {
            world.admit(name, Role::Deputy);
        }
        let (admission, _) = world.propose_admission(1, "Sixth", Role::Deputy);
        let text = world.motion_text(VoteKind::RollCall);
        let motion = world.notice(text.clone());
        world.open(motion);
        let bodies = [
            (2, Body::Endorsed { admission }), (3, Body::Endorsed { admission }), (4, Body::Objected { admission }),
            (5, Body::Objected { admission }), (1, Body::RollCallVote { motion, vote: Choice::For.to_vote() }),
            (1, Body::RollCallVote { motion, vote: Choice::Against.to_vote() }), (2, Body::Detained { seat: SeatNumber(5) }),
            (3, Body::Detained { seat: SeatNumber(5) }), (5, Body::Left {}),
            (5, Body::RollCallVote { motion, vote: Choice::Abstain.to_vote() }), (1, Body::MotionProposed { motion: text }),
            (4, Body::RollCallClosed { motion }),
        ];
        for at in order {
            let (seat, body) = &bodies[at];
            world.say(*seat, body);
        }
        let log = &world.logs[0];
        let (mut again, _) = Assembly::found(&log.record, &log.entries[0], &world.keys).unwrap();
        for entry in &log.entries[1..] {
            again.take(entry, &world.keys).unwrap();
        }
        prop_assert_eq!(again.state_hash(), world.assembly.state_hash());
        let opening = again.motion(motion).unwrap().opening.clone().unwrap();
        let voted: Vec<_> = match &opening.vote {
            crate::fold::Vote::RollCall(votes) => votes.keys().collect(),
            crate::fold::Vote::Secret(_) => unreachable!(),
        };
        prop_assert!(voted.iter().all(|seat| opening.has_elector(**seat)));
    }
}
