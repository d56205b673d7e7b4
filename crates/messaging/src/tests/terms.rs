//! Conversations besides the plenary: who may be in, who brings whom, and who has to leave.

use super::support::*;
use crate::*;
use primitives::{AssemblyId, Time, VerifyingKey};

const ASSEMBLY: AssemblyId = AssemblyId::new([7; 32]);

fn identity(seed: u8) -> VerifyingKey {
    member(seed).identity
}

fn group_terms() -> Terms {
    Terms::group(ASSEMBLY, "Budget".into(), [1; 32]).unwrap()
}

/// Desks 1 to `n` in a conversation under `terms`; the journal admits 1 to 9.
fn under(terms: &Terms, n: u8) -> (Relay, Vec<Desk>) {
    let mut relay = Relay::default();
    let journal = Journal::of(&[1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let mut desks: Vec<Desk> = (1..=n).map(|seed| Desk::new(seed, &journal)).collect();
    desks.iter_mut().for_each(|desk| desk.terms = Some(terms.clone()));
    desks[0].found();
    if n > 1 {
        let add = desks[1..].iter_mut().map(|desk| desk.key_package(true)).collect();
        desks[0].commit(&adding(add)).unwrap();
        desks[0].flush(&mut relay);
        desks[0].follow(&relay).unwrap();
        let welcome = desks[0].welcome().unwrap();
        desks[1..]
            .iter_mut()
            .for_each(|desk| desk.join(&welcome).unwrap());
    }
    settle(&mut relay, &mut desks);
    (relay, desks)
}

fn adding(add: Vec<KeyPackage>) -> Intent {
    Intent {
        add,
        ..Intent::default()
    }
}

fn removing(seed: u8) -> Intent {
    Intent {
        remove: vec![identity(seed)],
        ..Intent::default()
    }
}

/// Lets a desk make a commit that its own rules would refuse, and posts it: `others` are no deputies for it, the rest is.
fn commit_regardless(relay: &mut Relay, desk: &mut Desk, terms: Option<Terms>, intent: &Intent) {
    let id = desk.id();
    let kept = desk.conversation().terms().cloned();
    let set = |desk: &mut Desk, terms: Option<Terms>| {
        desk.step(|overlay, _, _, _| {
            let mut group = Conversation::load(overlay, id).unwrap().unwrap();
            group.meta.terms = terms;
            group.save(overlay).unwrap();
        })
        .unwrap();
    };
    set(desk, terms);
    desk.commit(intent).unwrap();
    set(desk, kept);
    desk.flush(relay);
}

fn last(desk: &mut Desk, relay: &Relay) -> Option<Reason> {
    match desk.follow(relay).unwrap().last() {
        Some(Processed::Ignored(reason)) => Some(*reason),
        _ => None,
    }
}

fn seeds(desk: &Desk) -> Vec<u8> {
    let there = desk.conversation().members();
    (1..=9).filter(|seed| there.contains(&member(*seed))).collect()
}

#[test]
fn two_talk_directly_and_both_know_the_terms() {
    let terms = Terms::direct(ASSEMBLY, identity(1), identity(2), [1; 32]).unwrap();
    let (mut relay, mut desks) = under(&terms, 2);
    desks[0].say("one").unwrap();
    desks[1].say("two").unwrap();
    settle(&mut relay, &mut desks);
    for desk in &desks {
        assert_eq!(desk.texts(), ["one", "two"]);
        assert_eq!(desk.conversation().terms(), Some(&terms));
        assert_eq!(desk.conversation().id(), terms.id());
    }
}

#[test]
fn msg_25_a_third_is_not_brought_into_a_direct_conversation() {
    let terms = Terms::direct(ASSEMBLY, identity(1), identity(2), [1; 32]).unwrap();
    let (mut relay, mut desks) = under(&terms, 2);
    let mut third = Desk::new(3, &desks[0].journal);
    let package = third.key_package(true);
    assert_eq!(
        desks[0].commit(&adding(vec![package.clone()])).unwrap_err(),
        CommitError::NoPlace(member(3))
    );
    commit_regardless(&mut relay, &mut desks[0], None, &adding(vec![package]));
    for desk in &mut desks {
        assert_eq!(last(desk, &relay), Some(Reason::NoPlace));
        assert_eq!(seeds(desk), [1, 2]);
    }
}

#[test]
fn msg_25_who_is_invited_under_other_terms_does_not_join() {
    let (one, other) = (
        group_terms(),
        Terms::group(ASSEMBLY, "Other".into(), [1; 32]).unwrap(),
    );
    let (mut relay, mut desks) = under(&one, 2);
    let mut third = Desk::new(3, &desks[0].journal);
    third.terms = Some(other);
    let package = third.key_package(true);
    desks[0].commit(&adding(vec![package])).unwrap();
    settle(&mut relay, &mut desks);
    let welcome = desks[0].welcome().unwrap();
    assert_eq!(third.join(&welcome), Err(JoinError::OtherTerms));
    // The package is not used up: under the right terms it does.
    third.terms = Some(one);
    third.join(&welcome).unwrap();
}

#[test]
fn msg_25_only_deputies_bring_members_into_a_working_group() {
    let (mut relay, mut desks) = under(&group_terms(), 2);
    for desk in &mut desks {
        desk.journal.others.insert(identity(2));
    }
    let mut third = Desk::new(3, &desks[0].journal);
    let package = third.key_package(true);
    assert_eq!(
        desks[1].commit(&adding(vec![package.clone()])).unwrap_err(),
        CommitError::NoPlace(member(3))
    );
    commit_regardless(&mut relay, &mut desks[1], None, &adding(vec![package.clone()]));
    for desk in &mut desks {
        assert_eq!(last(desk, &relay), Some(Reason::NoPlace));
    }
    desks[0].commit(&adding(vec![package])).unwrap();
    settle(&mut relay, &mut desks);
    assert_eq!(seeds(&desks[1]), [1, 2, 3]);
}

#[test]
fn whom_the_journal_removes_goes_from_every_conversation() {
    let (mut relay, mut desks) = under(&group_terms(), 3);
    journal_says(&mut desks, &[1, 2]);
    desks[1].commit(&Intent::default()).unwrap();
    settle(&mut relay, &mut desks[..2]);
    assert_eq!(seeds(&desks[0]), [1, 2]);
    assert_eq!(desks[0].conversation().hops(), 1);
}

#[test]
fn msg_26_who_wants_to_leave_is_let_go_by_anybody() {
    let (mut relay, mut desks) = under(&group_terms(), 3);
    let before = desks[1].commit(&removing(3));
    assert_eq!(before.unwrap_err(), CommitError::StillAdmitted(member(3)));
    desks[2].demand(3);
    settle(&mut relay, &mut desks);
    let (group, journal) = (desks[1].conversation(), desks[1].journal.clone());
    assert_eq!(group.leavers(&journal, Time(0)), [identity(3)]);
    assert_eq!(group.leavers(&journal, Time(DEMAND_MS + 1)), []);
    desks[1].commit(&removing(3)).unwrap();
    settle(&mut relay, &mut desks);
    assert_eq!(seeds(&desks[0]), [1, 2]);
    assert_eq!(desks[2].conversation().standing(), Standing::Left);
    assert_eq!(desks[0].conversation().leavers(&journal, Time(0)), []);
}

#[test]
fn msg_26_who_has_left_and_come_back_is_not_put_out_by_what_it_asked_for_before() {
    let (mut relay, mut desks) = under(&group_terms(), 3);
    desks[2].demand(3);
    settle(&mut relay, &mut desks);
    let old = desks[0].conversation().meta.demands().to_vec();
    desks[1].commit(&removing(3)).unwrap();
    settle(&mut relay, &mut desks);
    let package = desks[2].key_package(true);
    desks[1].commit(&adding(vec![package])).unwrap();
    settle(&mut relay, &mut desks);
    let welcome = desks[1].welcome().unwrap();
    desks[2].join_as(&welcome, Replace::Broken).unwrap();
    // One who kept the demand puts it into a commit.
    let id = desks[0].id();
    desks[0]
        .step(|overlay, _, _, _| {
            let mut group = Conversation::load(overlay, id).unwrap().unwrap();
            group.meta.set_demands(old);
            group.save(overlay).unwrap();
        })
        .unwrap();
    let journal = desks[0].journal.clone();
    assert_eq!(desks[0].conversation().leavers(&journal, Time(0)), []);
    assert_eq!(
        desks[0].commit(&removing(3)).unwrap_err(),
        CommitError::StillAdmitted(member(3))
    );
}

#[test]
fn msg_26_who_goes_by_demand_goes_with_all_devices_and_does_not_come_back_by_the_same_commit() {
    let (mut relay, mut desks) = under(&group_terms(), 3);
    desks[2].demand(3);
    settle(&mut relay, &mut desks);
    // As if it had been asked for in the other way (MSG-18), which it was not.
    let package = desks[2].key_package(true);
    let back = Intent {
        add: vec![package],
        ..removing(3)
    };
    assert_eq!(
        desks[0].commit(&back).unwrap_err(),
        CommitError::StillAdmitted(member(3))
    );
    // One who does it all the same could move the conversation to another log as often as he likes.
    let id = desks[0].id();
    let hash = back.add[0].hash().unwrap();
    let pretend = |desk: &mut Desk, asked: bool| {
        desk.step(|overlay, _, _, _| {
            let mut group = Conversation::load(overlay, id).unwrap().unwrap();
            group.meta.asked.clear();
            if asked {
                group.meta.asked.push(crate::meta::Asked {
                    device: member(3).device,
                    journal_size: 0,
                    package: hash,
                    key_package: Vec::new().into(),
                });
            }
            group.save(overlay).unwrap();
        })
        .unwrap();
    };
    pretend(&mut desks[0], true);
    desks[0].commit(&back).unwrap();
    pretend(&mut desks[0], false);
    desks[0].flush(&mut relay);
    for desk in &mut desks {
        assert_eq!(last(desk, &relay), Some(Reason::StillAdmitted));
    }
    desks[1].commit(&removing(3)).unwrap();
    settle(&mut relay, &mut desks);
    assert_eq!(seeds(&desks[0]), [1, 2]);
}

#[test]
fn msg_26_a_commit_that_lets_one_device_go_by_demand_and_keeps_another_is_refused() {
    let (mut relay, mut desks) = under(&group_terms(), 3);
    let (certificate, key) = second_device(3);
    let other = OwnDevice::new(&certificate, &key).unwrap();
    for desk in &mut desks {
        let devices = (1..=9).map(member).chain([other.member()]);
        desk.journal.write_devices(devices);
    }
    let package = desks[2].step(|overlay, _, _, _| new_key_package(overlay, &other, true).unwrap());
    let package = KeyPackage::parse(&package.unwrap()).unwrap();
    desks[2].commit(&adding(vec![package])).unwrap();
    settle(&mut relay, &mut desks);
    desks[2].demand(3);
    settle(&mut relay, &mut desks);
    let id = desks[0].id();
    let made = desks[0].step(|overlay, device, _, _| {
        let mut group = Conversation::load(overlay, id).unwrap().unwrap();
        let data = crate::commit::CommitData {
            version: crate::commit::DATA_VERSION,
            journal: group.journal(),
            demands: Some(group.meta.demands().to_vec()),
        };
        group.group.set_aad(primitives::encode(&data));
        let mut leaves = group.leaves().into_iter();
        let (index, _) = leaves.find(|(_, leaf)| *leaf == other.member()).unwrap();
        let made = group.group.remove_members(&group.provider, device, &[index]);
        made.unwrap().0.to_bytes().unwrap()
    });
    let incoming = Incoming {
        bytes: &made.unwrap(),
        at: Time(0),
        own: false,
    };
    let journal = desks[1].journal.clone();
    let processed = desks[1].conversation().process(&journal, &incoming).unwrap();
    assert!(
        matches!(processed, Processed::Ignored(Reason::StillAdmitted)),
        "{processed:?}"
    );
    desks[1].commit(&removing(3)).unwrap();
    settle(&mut relay, &mut desks);
    assert_eq!(desks[0].conversation().members(), [member(1), member(2)]);
}

#[test]
fn msg_26_a_majority_of_the_other_deputies_puts_somebody_out_and_less_does_not() {
    let (mut relay, mut desks) = under(&group_terms(), 5);
    // Of five, 5 is no deputy: 2, 3 and 4 are the others when it is about 1.
    for desk in &mut desks {
        desk.journal.others.insert(identity(5));
    }
    let journal = desks[1].journal.clone();
    desks[1].demand(1);
    desks[4].demand(1);
    desks[1].flush(&mut relay);
    settle(&mut relay, &mut desks);
    assert_eq!(desks[1].conversation().leavers(&journal, Time(0)), []);
    assert_eq!(
        desks[1].commit(&removing(1)).unwrap_err(),
        CommitError::StillAdmitted(member(1))
    );
    commit_regardless_of_demands(&mut relay, &mut desks[1], 1);
    for desk in &mut desks {
        assert_eq!(last(desk, &relay), Some(Reason::StillAdmitted));
    }
    desks[2].demand(1);
    settle(&mut relay, &mut desks);
    assert_eq!(desks[3].conversation().leavers(&journal, Time(0)), [identity(1)]);
    // Who joins now has never seen the demands, and judges the commit that follows them as everybody.
    let mut late = Desk::new(6, &journal);
    late.terms = desks[0].terms.clone();
    let package = late.key_package(true);
    desks[3].commit(&adding(vec![package])).unwrap();
    settle(&mut relay, &mut desks);
    late.join(&desks[3].welcome().unwrap()).unwrap();
    desks.push(late);
    // Only deputies count in the half: 6 is one now, so that two of four are no longer enough.
    assert_eq!(desks[3].conversation().leavers(&journal, Time(0)), []);
    desks[3].demand(1);
    settle(&mut relay, &mut desks);
    desks[3].commit(&removing(1)).unwrap();
    settle(&mut relay, &mut desks);
    for desk in &desks[1..] {
        assert_eq!(seeds(desk), [2, 3, 4, 5, 6]);
    }
    assert_eq!(desks[0].conversation().standing(), Standing::Left);
}

/// A commit by a client that takes itself for the only deputy.
fn commit_regardless_of_demands(relay: &mut Relay, desk: &mut Desk, leaver: u8) {
    let others = desk.journal.others.clone();
    let own = identity(desk.seed);
    desk.journal.others = (1..=9)
        .map(identity)
        .filter(|identity| *identity != own)
        .collect();
    desk.commit(&removing(leaver)).unwrap();
    desk.journal.others = others;
    desk.flush(relay);
}

#[test]
fn msg_26_nobody_is_put_out_of_the_plenary_or_a_direct_conversation_by_demand() {
    let terms = Terms::direct(ASSEMBLY, identity(1), identity(2), [1; 32]).unwrap();
    let (mut relay, mut desks) = under(&terms, 2);
    desks[0].demand(2);
    desks[1].demand(2);
    settle(&mut relay, &mut desks);
    let journal = desks[0].journal.clone();
    assert_eq!(desks[0].conversation().leavers(&journal, Time(0)), []);
    let (mut relay, mut desks) = gathered(3);
    desks[0].demand(3);
    desks[1].demand(3);
    desks[2].demand(3);
    settle(&mut relay, &mut desks);
    let journal = desks[0].journal.clone();
    assert_eq!(desks[0].conversation().leavers(&journal, Time(0)), []);
}

#[test]
fn msg_26_a_demand_by_a_stranger_about_a_stranger_or_of_another_group_is_none() {
    let (mut relay, mut desks) = under(&group_terms(), 2);
    let journal = desks[0].journal.clone();
    // About somebody who is not in it.
    desks[0].demand(9);
    settle(&mut relay, &mut desks);
    // One made for another group of the same two, put into this one's log.
    let other = Terms::group(ASSEMBLY, "Other".into(), [2; 32]).unwrap();
    let (mut elsewhere, mut others) = under(&other, 2);
    others[0].demand(2);
    others[1].demand(2);
    settle(&mut elsewhere, &mut others);
    let carried = others[0].conversation().meta.demands().to_vec();
    assert_eq!(carried.len(), 2);
    let mut group = desks[0].conversation();
    for demand in carried {
        assert!(matches!(
            group.take_demand(demand),
            Unwrapped::Skipped(Unreadable::Demand)
        ));
    }
    assert_eq!(group.leavers(&journal, Time(0)), []);
}

#[test]
fn a_working_group_holds_as_many_devices_as_its_welcome_can_bring() {
    let journal = Journal::of(&(1..=60).collect::<Vec<u8>>());
    let mut founder = Desk::new(1, &journal);
    founder.terms = Some(group_terms());
    founder.found();
    let package = |seed: u8| Desk::new(seed, &journal).key_package(true);
    let too_many: Vec<_> = (2..=51).map(package).collect();
    assert_eq!(
        founder.commit(&adding(too_many.clone())).unwrap_err(),
        CommitError::Full
    );
    let mut relay = Relay::default();
    founder.commit(&adding(too_many[..49].to_vec())).unwrap();
    founder.flush(&mut relay);
    founder.follow(&relay).unwrap();
    let group = founder.conversation();
    assert_eq!(group.members().len(), GROUP_DEVICES_MAX);
    let welcome = founder.welcome().unwrap();
    let mut rng = rng();
    let entries = post_welcome(&group.log_secret(), group.id(), &welcome, &mut rng);
    let mut reader = WelcomeReader::new(&group.log_secret(), group.id());
    assert_eq!(entries.len(), 1);
    assert_eq!(reader.take(&entries[0]), Some(welcome));
}
