//! Admission, detention, ballot keys, the journal's hops.

use primitives::{AssemblyId, Hash, SeatNumber, Secret, encode};
use tlog::Entry;

use super::rejected;
use crate::entry::SealedEntry;
use crate::fold::{AdmissionState, Assembly, BadFounding, SeatState};
use crate::keys::{AnnouncedKey, Day};
use crate::rejection::Rejection;
use crate::statement::{Body, Role, Statement};
use crate::testing::{World, charter};

fn founded() -> World {
    let mut world = World::found(charter(), 11);
    for name in ["Second", "Third", "Fourth", "Fifth"] {
        world.admit(name, Role::Deputy);
    }
    world
}

fn state_of(world: &World, admission: primitives::StatementId) -> AdmissionState {
    world
        .assembly
        .admissions()
        .find(|(id, _)| *id == admission)
        .unwrap()
        .1
        .state
}

#[test]
fn founders_get_seats_in_order_and_the_founding_ends_with_the_last() {
    let world = founded();
    assert!(!world.assembly.is_founding());
    let numbers: Vec<_> = world.assembly.seats().map(|seat| seat.number.0).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
    assert!(
        world
            .assembly
            .seats()
            .all(|seat| seat.votes_from == seat.admitted)
    );
}

#[test]
fn an_admission_needs_its_endorsements_and_its_window_and_cools_off() {
    let mut world = founded();
    world.tick(1_000);
    let (admission, _) = world.propose_admission(1, "Sixth", Role::Deputy);
    assert_eq!(state_of(&world, admission), AdmissionState::Proposed);
    world.says(2, &Body::Endorsed { admission });
    let until = world.now.after(charter().objection_ms);
    assert_eq!(state_of(&world, admission), AdmissionState::Waiting(until));
    world.now = primitives::Time(until.0 - 2);
    world.say(1, &Body::Endorsed { admission });
    assert_eq!(state_of(&world, admission), AdmissionState::Waiting(until));
    world.say(1, &Body::Endorsed { admission });
    assert_eq!(
        state_of(&world, admission),
        AdmissionState::Admitted(SeatNumber(6))
    );
    let seat = world.assembly.seat_of(SeatNumber(6)).unwrap();
    assert_eq!(seat.votes_from, until.after(charter().cooling_off_ms));
}

#[test]
fn objectors_stop_an_admission() {
    let mut world = founded();
    let (admission, _) = world.propose_admission(1, "Sixth", Role::Deputy);
    world.says(2, &Body::Endorsed { admission });
    world.says(3, &Body::Objected { admission });
    assert!(matches!(state_of(&world, admission), AdmissionState::Waiting(_)));
    world.says(4, &Body::Objected { admission });
    assert_eq!(state_of(&world, admission), AdmissionState::Refused);
}

#[test]
fn asm_11_a_role_that_does_not_allow_it() {
    let mut world = World::found(charter(), 12);
    let expert = world.admit("Expert", Role::Expert);
    let motion = world.motion_text(crate::motion::VoteKind::RollCall);
    assert_eq!(
        rejected(&world.say(expert, &Body::MotionProposed { motion })),
        Rejection::RoleForbids
    );
    assert_eq!(
        rejected(&world.say(expert, &Body::FoundingEnded {})),
        Rejection::RoleForbids
    );
}

#[test]
fn asm_12_the_founding_is_signed_once_and_ends_once() {
    let mut world = World::found(charter(), 13);
    let second = world.admit("Second", Role::Deputy);
    world.says(second, &Body::FoundingSigned {});
    assert_eq!(
        rejected(&world.say(second, &Body::FoundingSigned {})),
        Rejection::FoundingOver
    );
    world.says(1, &Body::FoundingEnded {});
    assert_eq!(
        rejected(&world.say(1, &Body::FoundingEnded {})),
        Rejection::FoundingOver
    );
}

#[test]
fn asm_13_nobody_is_admitted_under_keys_that_are_in_use_or_unproven() {
    let mut world = World::found(charter(), 14);
    let candidate = world.assembly.founded().founder.clone();
    assert_eq!(
        rejected(&world.say(
            1,
            &Body::AdmissionProposed {
                candidate: candidate.clone()
            }
        )),
        Rejection::CandidateUnfit
    );
    let mut forged = candidate;
    forged.certificate = primitives::signed::Unverified::new(forged.certificate.bytes().to_vec(), [0; 64]);
    let taken = world.say(1, &Body::AdmissionProposed { candidate: forged });
    assert_eq!(rejected(&taken), Rejection::CandidateUnfit);
}

#[test]
fn asm_14_an_admission_that_nobody_proposed_or_that_is_over() {
    let mut world = founded();
    let admission = primitives::StatementId::new([1; 32]);
    assert_eq!(
        rejected(&world.say(1, &Body::Endorsed { admission })),
        Rejection::NoSuchAdmission
    );
    let (admission, _) = world.assembly.admissions().next().unwrap();
    assert_eq!(
        rejected(&world.say(1, &Body::Objected { admission })),
        Rejection::NoSuchAdmission
    );
}

#[test]
fn asm_15_a_young_seat_and_one_without_budget_do_not_endorse() {
    let mut world = World::found(
        crate::Charter {
            endorser_age_ms: 60_000,
            endorsements_per_month: 2,
            ..charter()
        },
        15,
    );
    for name in ["Second", "Third", "Fourth", "Fifth"] {
        world.admit(name, Role::Deputy);
    }
    let young = world.admit("Sixth", Role::Deputy);
    world.tick(10);
    let (admission, _) = world.propose_admission(1, "Seventh", Role::Deputy);
    assert_eq!(
        rejected(&world.say(young, &Body::Endorsed { admission })),
        Rejection::EndorserBarred
    );
    world.says(2, &Body::Endorsed { admission });
    let (admission, _) = world.propose_admission(3, "Eighth", Role::Deputy);
    assert_eq!(
        rejected(&world.say(1, &Body::Endorsed { admission })),
        Rejection::EndorserBarred
    );
    world.tick(60_000);
    world.says(young, &Body::Endorsed { admission });
}

#[test]
fn asm_16_nobody_signs_twice() {
    let mut world = founded();
    let (admission, _) = world.propose_admission(1, "Sixth", Role::Deputy);
    assert_eq!(
        rejected(&world.say(1, &Body::Endorsed { admission })),
        Rejection::SignedAlready
    );
    world.says(2, &Body::Objected { admission });
    assert_eq!(
        rejected(&world.say(2, &Body::Objected { admission })),
        Rejection::SignedAlready
    );
    world.says(2, &Body::Detained { seat: SeatNumber(3) });
    let again = Body::Detained { seat: SeatNumber(3) };
    assert_eq!(rejected(&world.say(2, &again)), Rejection::SignedAlready);
}

#[test]
fn a_detention_takes_its_signers_and_voids_what_the_seat_held() {
    let mut world = World::ready(16);
    assert_eq!(world.assembly.trustees().pool.len(), 2);
    world.says(2, &Body::Detained { seat: SeatNumber(3) });
    assert!(world.assembly.seat_of(SeatNumber(3)).unwrap().is_active());
    world.says(4, &Body::Detained { seat: SeatNumber(3) });
    let seat = world.assembly.seat_of(SeatNumber(3)).unwrap();
    assert_eq!(seat.state, SeatState::Detained);
    assert_eq!(seat.unused_ballot_keys(1), 0);
    assert!(world.assembly.trustees().pool.is_empty());
    assert!(world.assembly.hop_due());
    assert_eq!(rejected(&world.say(3, &Body::Left {})), Rejection::NotByAMember);
}

#[test]
fn asm_17_nobody_detains_himself_the_absent_or_beyond_the_budget() {
    let mut world = World::found(
        crate::Charter {
            detentions_per_month: 1,
            ..charter()
        },
        17,
    );
    for name in ["Second", "Third", "Fourth", "Fifth"] {
        world.admit(name, Role::Deputy);
    }
    for seat in [SeatNumber(1), SeatNumber(99)] {
        assert_eq!(
            rejected(&world.say(1, &Body::Detained { seat })),
            Rejection::DetentionUnfit
        );
    }
    world.says(1, &Body::Detained { seat: SeatNumber(2) });
    let second = Body::Detained { seat: SeatNumber(3) };
    assert_eq!(rejected(&world.say(1, &second)), Rejection::DetentionUnfit);
}

#[test]
fn asm_18_ballot_keys_are_numbered_onwards_and_not_too_far_ahead() {
    let mut world = World::found(charter(), 18);
    let body = world.ballot_keys(1, 2);
    world.says(1, &body);
    assert_eq!(rejected(&world.say(1, &body)), Rejection::KeyNumbers);
    assert_eq!(world.assembly.ballot_keys_due(SeatNumber(1)), Some(3));
    let Body::BallotKeysPublished { keys, .. } = body else {
        unreachable!()
    };
    let far = Body::BallotKeysPublished { first: 1_000, keys };
    assert_eq!(rejected(&world.say(1, &far)), Rejection::KeyNumbers);
}

#[test]
fn asm_19_a_ballot_key_is_proven_for_its_seat_and_number() {
    let mut world = World::found(charter(), 19);
    let second = world.admit("Second", Role::Deputy);
    let body = world.ballot_keys(1, 2);
    assert_eq!(rejected(&world.say(second, &body)), Rejection::KeyUnproven);
    let Body::BallotKeysPublished { first, mut keys } = body else {
        unreachable!()
    };
    keys.swap(0, 1);
    assert_eq!(
        rejected(&world.say(1, &Body::BallotKeysPublished { first, keys })),
        Rejection::KeyUnproven
    );
}

#[test]
fn voided_ballot_keys_are_on_no_roll() {
    let mut world = World::ready(20);
    world.says(4, &Body::BallotKeysVoided {});
    assert_eq!(
        world
            .assembly
            .seat_of(SeatNumber(4))
            .unwrap()
            .unused_ballot_keys(1),
        0
    );
    assert_eq!(world.assembly.ballot_keys_due(SeatNumber(4)), Some(4));
}

#[test]
fn asm_20_the_journal_hops_only_after_a_removal_to_a_plain_log_that_follows_it() {
    let mut world = founded();
    let (_, key, early) = world.continues();
    assert_eq!(rejected(&world.say(1, &early)), Rejection::HopUnfit);
    let expert = world.admit("Expert", Role::Expert);
    world.says(5, &Body::Left {});
    let changed = |change: fn(&mut tlog::CreateLog)| {
        let mut record = world.next_record(&key);
        change(&mut record);
        Body::Continues {
            journal_key: AnnouncedKey::of(2, &key),
            record,
        }
    };
    let unfit = [
        changed(|record| record.previous = None),
        changed(|record| record.entry_len = Some(100)),
        changed(|record| {
            if let Some(previous) = &mut record.previous {
                previous.size -= 1;
            }
        }),
        changed(|record| {
            if let Some(previous) = &mut record.previous {
                previous.root = Hash::new([1; 32]);
            }
        }),
        Body::Continues {
            journal_key: world.assembly.journal_key(1).unwrap(),
            record: world.next_record(&key),
        },
    ];
    let good = changed(|_| {});
    for body in &unfit {
        assert_eq!(rejected(&world.say(1, body)), Rejection::HopUnfit);
    }
    assert_eq!(rejected(&world.say(expert, &good)), Rejection::RoleForbids);
    world.says(1, &good);
    assert_eq!(rejected(&world.say(1, &good)), Rejection::HopUnfit);
}

#[test]
fn the_journal_goes_on_where_the_witnesses_quorum_says_and_not_where_one_of_them_would_lead_it() {
    let mut world = founded();
    world.says(5, &Body::Left {});
    let (_, _, astray) = world.continues();
    let (number, key, right) = world.continues();
    world.keys.insert(number, key);
    world.says(1, &astray);
    world.says(2, &right);
    world.says(3, &right);
    assert_eq!(
        world.assembly.journal_logs().len(),
        1,
        "two of four are no quorum"
    );
    world.says(4, &right);
    assert_eq!(world.assembly.journal_logs().len(), 2);
    let Body::Continues { journal_key, record } = right else {
        unreachable!()
    };
    assert_eq!(world.assembly.journal_key(2), Some(journal_key));
    assert_eq!(world.assembly.journal().record, record);
}

#[test]
fn another_removal_voids_what_was_said_about_the_hop() {
    let mut world = founded();
    world.says(5, &Body::Left {});
    let (_, _, first) = world.continues();
    world.says(1, &first);
    world.says(2, &first);
    world.says(4, &Body::Left {});
    assert_eq!(
        rejected(&world.say(3, &first)),
        Rejection::HopUnfit,
        "it follows the first removal, and who left after it may know the key"
    );
    assert_eq!(world.assembly.journal_logs().len(), 1);
    world.hop();
    assert_eq!(world.assembly.journal_logs().len(), 2);
}

#[test]
fn a_witness_may_think_better_of_it() {
    let mut world = founded();
    world.says(5, &Body::Left {});
    let (_, _, astray) = world.continues();
    let (number, key, right) = world.continues();
    world.keys.insert(number, key);
    for seat in [1, 2] {
        world.says(seat, &astray);
    }
    for seat in [2, 3, 4] {
        world.says(seat, &right);
    }
    assert_eq!(world.assembly.journal_logs().len(), 2);
}

#[test]
fn after_a_hop_the_journal_goes_on_in_the_new_log() {
    let mut world = founded();
    world.says(5, &Body::Left {});
    world.hop();
    assert_eq!(world.assembly.journal_logs().len(), 2);
    assert_eq!(world.assembly.journal().journal_key, 2);
    let motion = world.motion_text(crate::motion::VoteKind::RollCall);
    world.says(1, &Body::MotionProposed { motion });
    assert_eq!(world.assembly.journal().size, 1);
    assert!(!world.assembly.hop_due());
}

#[test]
fn asm_40_a_version_is_said_upwards_and_taken_up_by_more_than_half_of_the_deputies() {
    let mut world = founded();
    world.admit("Expert", Role::Expert);
    let version = |version| Body::VersionKnown { version };
    assert_eq!(rejected(&world.say(1, &version(1))), Rejection::VersionUnfit);
    assert_eq!(rejected(&world.say(6, &version(2))), Rejection::RoleForbids);
    world.says(1, &version(3));
    assert_eq!(rejected(&world.say(1, &version(2))), Rejection::VersionUnfit);
    world.says(2, &version(2));
    assert_eq!(world.assembly.version(), 1);
    world.says(3, &version(9));
    assert_eq!(
        world.assembly.version(),
        2,
        "three of five know at least that one"
    );
}

#[test]
fn above_21_deputies_the_witnesses_are_drawn_anew_each_quarter() {
    let mut world = World::found(
        crate::Charter {
            founding_seats: 40,
            ..charter()
        },
        21,
    );
    for number in 2..=21 {
        world.admit(&format!("Deputy {number}"), Role::Deputy);
    }
    assert_eq!(world.assembly.witnesses().len(), 21);
    for number in 22..=30 {
        world.admit(&format!("Deputy {number}"), Role::Deputy);
    }
    let drawn = world.assembly.witnesses();
    assert_eq!(drawn.len(), 21);
    world.post_bytes(b"anything".to_vec());
    assert_eq!(world.assembly.witnesses(), drawn);
    world.tick(crate::limits::QUARTER_MS);
    world.post_bytes(b"anything".to_vec());
    assert_eq!(world.assembly.witnesses().len(), 21);
    assert_ne!(world.assembly.witnesses(), drawn);
    let checkpoint = world.checkpoint(&world.logs[0]);
    let quorum = world.assembly.quorum(&checkpoint, &world.cosign_all(&checkpoint));
    assert_eq!((quorum.cosigned, quorum.needed), (21, 11));
}

/// The world's founding again, with this announced of its journal key, as a member who holds the key judges it.
fn founded_announcing(world: &mut World, announced: AnnouncedKey) -> Result<(), BadFounding> {
    let mut founded = world.assembly.founded().clone();
    founded.journal_key = announced;
    let device = world.device(1);
    let statement = Statement::new(
        AssemblyId::new([0; 32]),
        SeatNumber(1),
        device.verifying_key(),
        None,
        world.now.after(60_000),
        &Body::Founded { founded },
    );
    let main = encode(statement.sign(device).unverified());
    let key = world.keys.key(1).unwrap().duplicate();
    let sealed = SealedEntry::seal(1, Day::of(world.now), &key, &main, b"", &mut world.rng).unwrap();
    let entry = Entry {
        time: world.now,
        bytes: sealed.to_bytes(),
    };
    Assembly::found(&world.logs[0].record, &entry, &world.keys).map(|_| ())
}

#[test]
fn a_founding_that_announces_another_keys_boxes_or_days_founds_nothing_for_members() {
    let mut world = World::found(charter(), 20);
    let own = world.assembly.founded().journal_key;
    let foreign = AnnouncedKey::of(1, &Secret::take(&mut [9; 32]));
    assert_eq!(founded_announcing(&mut world, own), Ok(()));
    let (key, boxes, days) = (foreign.key, foreign.boxes, foreign.days);
    for announced in [
        AnnouncedKey { key, ..own },
        AnnouncedKey { boxes, ..own },
        AnnouncedKey { days, ..own },
    ] {
        let founded = founded_announcing(&mut world, announced);
        assert!(matches!(founded, Err(BadFounding::Unfit(_))), "{founded:?}");
    }
}
