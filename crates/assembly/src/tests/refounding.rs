//! Founding the plenary anew: signed as a detention is, by number, so that of several proposals one comes into force.

use minicbor::bytes::ByteArray;
use primitives::{SeatNumber, Time};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

use super::rejected;
use crate::charter::Charter;
use crate::fold::Assembly;
use crate::limits;
use crate::rejection::Rejection;
use crate::statement::{Body, Role, plenary_id};
use crate::testing::{World, charter};

const DAY_MS: u64 = 24 * 3_600 * 1_000;

fn anew(nth: u32, salt: u8) -> Body {
    let salt = ByteArray::from([salt; 32]);
    Body::Refounded { nth, salt }
}

/// Five deputies; three sign.
fn world(seed: u64) -> World {
    let charter = Charter {
        detain_signers: 3,
        ..charter()
    };
    let mut world = World::found(charter, seed);
    for name in ["Second", "Third", "Fourth", "Fifth"] {
        world.admit(name, Role::Deputy);
    }
    world
}

fn proposals(world: &World) -> usize {
    world.assembly.refoundings(world.now).count()
}

#[test]
fn the_plenary_is_founded_anew_when_as_many_have_said_it_as_a_detention_takes() {
    let mut world = world(1);
    assert_eq!(
        (world.assembly.plenary(), world.assembly.next_plenary()),
        (None, 1)
    );
    for by in [3, 1] {
        world.says(by, &anew(1, 7));
    }
    let pending: Vec<_> = world.assembly.refoundings(world.now).collect();
    let signed: Vec<_> = pending[0].signing.present(world.now).collect();
    assert_eq!((pending.len(), signed), (1, vec![SeatNumber(3), SeatNumber(1)]));
    assert_eq!(world.assembly.plenary(), None);
    world.says(5, &anew(1, 7));
    let plenary = world.assembly.plenary().unwrap();
    let id = plenary_id(world.assembly.id(), 1, &[7; 32].into());
    assert_eq!((plenary.nth, plenary.conversation), (1, id));
    assert_eq!(plenary.signers, [3, 1, 5].map(SeatNumber));
    assert_eq!(plenary.founder(), Some(SeatNumber(3)), "the first who said it");
    assert_eq!(plenary.since, world.assembly.time());
    assert_eq!((proposals(&world), world.assembly.next_plenary()), (0, 2));
    assert!(!world.assembly.hop_due(), "nobody is out by it");
}

#[test]
fn of_two_proposals_the_first_that_is_signed_enough_wins_and_the_other_is_void() {
    let mut world = world(2);
    for (by, salt) in [(1, 1), (2, 2), (3, 1), (4, 2)] {
        world.says(by, &anew(1, salt));
    }
    assert_eq!(proposals(&world), 2);
    world.says(5, &anew(1, 2));
    let plenary = world.assembly.plenary().unwrap();
    assert_eq!(plenary.founder(), Some(SeatNumber(2)));
    assert_eq!(rejected(&world.say(5, &anew(1, 1))), Rejection::RefoundingUnfit);
    assert_eq!(proposals(&world), 0);
}

#[test]
fn asm_44_it_is_of_the_next_number() {
    let mut world = world(3);
    for nth in [0, 2, u32::MAX] {
        assert_eq!(rejected(&world.say(1, &anew(nth, 1))), Rejection::RefoundingUnfit);
    }
    for by in 1..=3 {
        world.says(by, &anew(1, 1));
    }
    assert_eq!(rejected(&world.say(4, &anew(1, 1))), Rejection::RefoundingUnfit);
    // And again, if nobody came in: the same salt is another conversation.
    for by in 1..=3 {
        world.says(by, &anew(2, 1));
    }
    let plenary = world.assembly.plenary().unwrap();
    assert_eq!(plenary.nth, 2);
    assert_ne!(
        plenary.conversation,
        plenary_id(world.assembly.id(), 1, &[1; 32].into())
    );
}

#[test]
fn asm_44_nobody_signs_more_in_a_month_than_detentions() {
    let mut world = world(4);
    let most = world.assembly.charter().detentions_per_month;
    for salt in 0..most {
        world.says(1, &anew(1, u8::try_from(salt).unwrap()));
    }
    assert_eq!(rejected(&world.say(1, &anew(1, 99))), Rejection::RefoundingUnfit);
    // What is left for detentions is left.
    let seat = SeatNumber(5);
    world.says(1, &Body::Detained { seat });
    world.tick(30 * DAY_MS);
    world.says(1, &anew(1, 99));
    assert_eq!(proposals(&world), 1, "a signature counts for a week");
}

#[test]
fn asm_11_and_asm_16_deputies_sign_once_a_week_and_late_signatures_count_alone() {
    let mut world = world(5);
    let expert = world.admit("Expert", Role::Expert);
    assert_eq!(rejected(&world.say(expert, &anew(1, 1))), Rejection::RoleForbids);
    world.says(1, &anew(1, 1));
    assert_eq!(rejected(&world.say(1, &anew(1, 1))), Rejection::SignedAlready);
    world.tick(4 * DAY_MS);
    world.says(2, &anew(1, 1));
    world.tick(4 * DAY_MS);
    // The first one's signature is over: the second one is the founder if two more sign.
    world.says(3, &anew(1, 1));
    assert_eq!(world.assembly.plenary(), None);
    world.says(1, &anew(1, 1));
    let plenary = world.assembly.plenary().unwrap();
    assert_eq!(plenary.signers, [2, 3, 1].map(SeatNumber));
}

#[test]
fn who_is_detained_meanwhile_has_not_signed() {
    let mut world = world(6);
    world.says(1, &anew(1, 1));
    world.says(2, &anew(1, 1));
    for by in [3, 4, 5] {
        world.says(by, &Body::Detained { seat: SeatNumber(1) });
    }
    world.says(3, &anew(1, 1));
    assert_eq!(world.assembly.plenary(), None);
    world.says(4, &anew(1, 1));
    assert_eq!(
        world.assembly.plenary().unwrap().signers,
        [2, 3, 4].map(SeatNumber)
    );
}

#[test]
fn a_state_that_never_heard_of_it_has_the_bytes_that_it_had() {
    let mut world = world(7);
    let before = world.assembly.snapshot();
    world.says(1, &anew(1, 1));
    assert!(world.assembly.snapshot().len() > before.len() + 32);
    // An array of 24 elements, as it was; one more is written once there is something in it.
    assert_eq!((before[0], before[1]), (0x98, 24));
    assert_eq!(world.assembly.snapshot()[..2], [0x98, 25]);
    assert_eq!(
        Assembly::load(&world.assembly.snapshot()).unwrap(),
        world.assembly
    );
}

/// The rules said once more, as a list of who has said what when.
#[derive(Default)]
struct Model {
    nth: u32,
    said: Vec<(u32, u8, Time)>,
    signed: BTreeMap<u32, Vec<Time>>,
}

impl Model {
    fn takes(&mut self, by: u32, nth: u32, salt: u8, at: Time, budget: usize) -> bool {
        let recent = |then: &Time| at.since_ms(*then) < limits::MONTH_MS;
        let used = self.signed.entry(by).or_default();
        let counts = |then: Time| at.since_ms(then) <= limits::SIGNING_WINDOW_MS;
        let again = self
            .said
            .iter()
            .any(|(seat, of, then)| (*seat, *of) == (by, salt) && counts(*then));
        if nth != self.nth + 1 || used.iter().filter(|then| recent(then)).count() >= budget || again {
            return false;
        }
        used.push(at);
        self.said.push((by, salt, at));
        let signers: BTreeSet<u32> = self
            .said
            .iter()
            .filter(|(_, of, then)| *of == salt && counts(*then))
            .map(|(seat, ..)| *seat)
            .collect();
        if signers.len() >= 3 {
            self.nth += 1;
            self.said.clear();
        }
        true
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whoever_says_what_when_the_number_goes_up_as_the_rules_say_and_a_second_fold_agrees(
        steps in proptest::collection::vec((1_u32..=5, 0_u32..3, 0_u8..3, prop_oneof![Just(1_u64), Just(DAY_MS), Just(5 * DAY_MS)]), 1..60),
        seed in any::<u64>(),
    ) {
        let mut world = world(seed);
        let budget = usize::try_from(world.assembly.charter().detentions_per_month).unwrap();
        let mut model = Model::default();
        for (by, ahead, salt, wait_ms) in steps {
            world.tick(wait_ms);
            // Mostly the next number; now and then the present one or one too many.
            let nth = if ahead == 0 { model.nth } else { model.nth + ahead.min(1) + u32::from(ahead == 2 && salt == 2) };
            let taken = world.say(by, &anew(nth, salt));
            let at = world.assembly.time();
            prop_assert_eq!(taken.rejection.is_none(), model.takes(by, nth, salt, at, budget));
            prop_assert_eq!(world.assembly.next_plenary(), model.nth + 1);
        }
        let (mut again, _) =
            Assembly::found(&world.logs[0].record, &world.logs[0].entries[0], &world.keys).unwrap();
        for entry in world.logs[0].entries.iter().skip(1) {
            again.take(entry, &world.keys).unwrap();
            again = Assembly::load(&again.snapshot()).unwrap();
        }
        prop_assert_eq!(again.snapshot(), world.assembly.snapshot());
    }
}
