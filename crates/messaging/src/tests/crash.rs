//! Steps killed at every write, before and after it took effect: nothing lost, nothing doubled.

use super::support::*;
use crate::*;
use primitives::store::Crash;

/// A member's evening: it reads, says something, renews its leaf, reads again. A crash ends the process; the next one
/// goes on from the store.
fn evening(desk: &mut Desk, relay: &mut Relay) {
    while desk.follow(relay).is_err() {}
    // A failed step may have been durable all the same: the outbox says so, not the error.
    if desk.say("mine").is_err() && desk.outbox_is_empty() {
        desk.say("mine").unwrap();
    }
    desk.flush(relay);
    while desk.follow(relay).is_err() {}
}

#[test]
fn reading_and_sending_survive_a_crash_at_every_write() {
    let (mut relay, mut desks) = gathered(3);
    desks[0].say("first").unwrap();
    desks[0]
        .commit(&Intent {
            refresh: true,
            ..Intent::default()
        })
        .unwrap();
    desks[0].flush(&mut relay);
    desks[0].follow(&relay).unwrap();
    desks[0].say("second").unwrap();
    desks[0].flush(&mut relay);
    let start = desks[1].store.clone();
    for how in [Crash::BeforeWrite, Crash::AfterWrite] {
        for k in 0..8 {
            let mut relay = Relay {
                logs: relay.logs.clone(),
            };
            let mut desk = Desk::new(2, &desks[1].journal);
            desk.store = start.clone();
            desk.store.crash_at(k, how);
            evening(&mut desk, &mut relay);
            assert_eq!(desk.texts(), ["first", "second", "mine"], "{how:?} at {k}");
            let mut other = Desk::new(3, &desks[2].journal);
            other.store = desks[2].store.clone();
            other.follow(&relay).unwrap();
            assert_eq!(other.texts(), desk.texts(), "{how:?} at {k}");
        }
    }
}

#[test]
fn an_own_commit_survives_a_crash_at_every_write() {
    let (relay, mut desks) = gathered(3);
    journal_says(&mut desks, &[1, 2]);
    let gone = Intent {
        remove: vec![member(3).identity],
        ..Intent::default()
    };
    let start = desks[0].store.clone();
    let log = desks[0].log();
    for how in [Crash::BeforeWrite, Crash::AfterWrite] {
        for k in 0..3 {
            let mut relay = Relay {
                logs: relay.logs.clone(),
            };
            let mut desk = Desk::new(1, &desks[0].journal);
            desk.store = start.clone();
            desk.store.crash_at(k, how);
            while !desk.conversation().commit_pending() {
                // A step that failed may have been durable: the store says so, not the error.
                let _ = desk.try_commit(&gone);
            }
            desk.flush(&mut relay);
            while desk.follow(&relay).is_err() {}
            assert_ne!(desk.log(), log, "{how:?} at {k}");
            let mut other = Desk::new(2, &desks[1].journal);
            other.store = desks[1].store.clone();
            other.follow(&relay).unwrap();
            assert_eq!(other.log(), desk.log());
            assert_eq!(
                other.conversation().epoch_code(),
                desk.conversation().epoch_code()
            );
        }
    }
}

#[test]
fn joining_survives_a_crash_at_every_write() {
    let journal = Journal::of(&[1, 2]);
    let (mut one, mut two) = (Desk::new(1, &journal), Desk::new(2, &journal));
    let mut relay = Relay::default();
    one.found();
    one.commit(&Intent {
        add: vec![two.key_package(false)],
        ..Intent::default()
    })
    .unwrap();
    one.flush(&mut relay);
    one.follow(&relay).unwrap();
    let welcome = one.welcome().unwrap();
    let start = two.store.clone();
    for how in [Crash::BeforeWrite, Crash::AfterWrite] {
        two.store = start.clone();
        two.store.crash_at(0, how);
        assert!(matches!(two.join(&welcome), Err(JoinError::Store(_))));
        let again = two.join(&welcome);
        match how {
            Crash::BeforeWrite => assert_eq!(again, Ok(())),
            // The step was durable: the package is used up and the group is there.
            Crash::AfterWrite => assert_eq!(again, Err(JoinError::NoKeyPackage)),
        }
        assert_eq!(two.conversation().epoch_code(), one.conversation().epoch_code());
    }
}
