//! Nobody is put out and in again who has not asked for it.

use super::support::*;
use crate::*;

fn again(seed: u8, add: Vec<KeyPackage>) -> Intent {
    Intent {
        add,
        remove: vec![member(seed).identity],
        refresh: false,
    }
}

/// Makes a commit by a client that takes `package` for asked for, and puts it into the log.
fn commit_unasked(relay: &mut Relay, desk: &mut Desk, seed: u8, package: KeyPackage) {
    desk.step(|overlay, _, _, _| {
        let mut group = Conversation::load(overlay, CONVERSATION).unwrap().unwrap();
        group.meta.asked = vec![crate::meta::Asked {
            device: member(seed).device,
            journal_size: 0,
            package: package.hash().unwrap(),
            key_package: Vec::new().into(),
        }];
        group.save(overlay).unwrap();
    })
    .unwrap();
    desk.commit(&again(seed, vec![package])).unwrap();
    desk.step(|overlay, _, _, _| {
        let mut group = Conversation::load(overlay, CONVERSATION).unwrap().unwrap();
        group.meta.asked.clear();
        group.save(overlay).unwrap();
    })
    .unwrap();
    desk.flush(relay);
}

fn last(desk: &mut Desk, relay: &Relay) -> Option<Reason> {
    match desk.follow(relay).unwrap().last() {
        Some(Processed::Ignored(reason)) => Some(*reason),
        _ => None,
    }
}

#[test]
fn msg_18_whoever_holds_an_unused_key_package_cannot_put_its_device_out() {
    let (mut relay, mut desks) = gathered(3);
    let stolen = desks[2].key_package(false);
    commit_unasked(&mut relay, &mut desks[0], 3, stolen);
    for desk in &mut desks {
        assert_eq!(last(desk, &relay), Some(Reason::StillAdmitted));
        assert!(!desk.conversation().commit_pending());
    }
    desks[2].say("still here").unwrap();
    settle(&mut relay, &mut desks);
    assert!(desks.iter().all(|desk| desk.texts() == ["still here"]));
}

#[test]
fn msg_18_another_package_than_the_one_asked_by_does_not_do() {
    let (mut relay, mut desks) = gathered(3);
    journal_says(&mut desks, &[1, 2, 3]);
    let stolen = desks[2].key_package(false);
    desks[2].ask_again();
    settle(&mut relay, &mut desks);
    assert_eq!(
        desks[0].commit(&again(3, vec![stolen.clone()])).unwrap_err(),
        CommitError::StillAdmitted(member(3))
    );
    commit_unasked(&mut relay, &mut desks[0], 3, stolen);
    for desk in &mut desks[1..] {
        assert_eq!(last(desk, &relay), Some(Reason::StillAdmitted));
    }
}

#[test]
fn msg_18_a_request_is_followed_once_and_a_copy_of_it_never() {
    let (mut relay, mut desks) = gathered(3);
    journal_says(&mut desks, &[1, 2, 3]);
    desks[2].ask_again();
    let (asked, old) = (desks[2].waiting(), desks[0].conversation().log_keys().wrap);
    settle(&mut relay, &mut desks);
    let package = desks[0].conversation().requests(u64::MAX).remove(0);
    desks[0].commit(&again(3, vec![package.clone()])).unwrap();
    settle(&mut relay, &mut desks);
    let welcome = desks[0].welcome().unwrap();
    desks[2].join_as(&welcome, Replace::Broken).unwrap();
    settle(&mut relay, &mut desks);
    assert!(
        desks
            .iter()
            .all(|desk| desk.conversation().requests(u64::MAX).is_empty())
    );
    // Wrapped anew for the present log by an insider.
    let copy = desks[0].rewrap(&old, &asked);
    relay.append(desks[0].log(), copy);
    settle(&mut relay, &mut desks);
    assert!(
        desks
            .iter()
            .all(|desk| desk.conversation().requests(u64::MAX).is_empty())
    );
    commit_unasked(&mut relay, &mut desks[0], 3, package);
    for desk in &mut desks[1..] {
        assert_eq!(last(desk, &relay), Some(Reason::StillAdmitted));
    }
}

#[test]
fn msg_18_a_request_counts_until_the_next_commit_and_is_followed_by_one_that_knows_as_much() {
    let (mut relay, mut desks) = gathered(3);
    // Of the size of the last commit: it might be an old one.
    desks[2].ask_again();
    settle(&mut relay, &mut desks);
    assert!(desks[0].conversation().requests(u64::MAX).is_empty());
    journal_says(&mut desks, &[1, 2, 3]);
    desks[2].ask_again();
    settle(&mut relay, &mut desks);
    let packages = desks[0].conversation().requests(u64::MAX);
    assert_eq!(packages.len(), 1);
    // A commit by somebody who has read less of the journal than the one who asks.
    desks[1].journal.known -= 1;
    assert_eq!(
        desks[1].commit(&again(3, packages)).unwrap_err(),
        CommitError::StillAdmitted(member(3))
    );
    desks[1].journal.known += 1;
    desks[0]
        .commit(&Intent {
            refresh: true,
            ..Intent::default()
        })
        .unwrap();
    settle(&mut relay, &mut desks);
    assert!(
        desks
            .iter()
            .all(|desk| desk.conversation().requests(u64::MAX).is_empty())
    );
}
