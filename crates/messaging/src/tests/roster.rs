//! The journal's word on membership: MSG-01 to MSG-03, MSG-16.

use super::support::*;
use crate::*;

fn refresh() -> Intent {
    Intent {
        refresh: true,
        ..Intent::default()
    }
}

fn reasons(seen: &[Processed]) -> Vec<Reason> {
    seen.iter()
        .filter_map(|seen| {
            if let Processed::Ignored(reason) = seen {
                Some(*reason)
            } else {
                None
            }
        })
        .collect()
}

#[test]
fn msg_01_a_leaf_that_the_journal_does_not_admit_is_neither_added_nor_accepted() {
    let (mut relay, mut desks) = gathered(3);
    let mut stranger = Desk::new(9, &Journal::of(&[9]));
    let add = vec![stranger.key_package(false)];
    let refused = desks[0]
        .commit(&Intent {
            add: add.clone(),
            ..Intent::default()
        })
        .unwrap_err();
    assert_eq!(refused, CommitError::NotAdmitted(member(9)));
    // A sponsor that lies to itself about the journal is not followed by the others.
    let mut lie = Journal::default();
    lie.write(&[1, 2, 3, 9]);
    let honest = core::mem::replace(&mut desks[0].journal, lie);
    desks[0]
        .commit(&Intent {
            add,
            ..Intent::default()
        })
        .unwrap();
    desks[0].journal = honest;
    desks[0].flush(&mut relay);
    for desk in &mut desks {
        assert_eq!(reasons(&desk.follow(&relay).unwrap()), [Reason::NotAdmitted]);
        assert_eq!(desk.conversation().members().len(), 3);
    }
}

#[test]
fn msg_01_a_commit_removes_those_whom_the_journal_has_removed() {
    let (mut relay, mut desks) = gathered(4);
    for desk in &mut desks {
        desk.journal.write(&[1, 2, 3]);
    }
    let committing = desks[0].commit(&refresh()).unwrap();
    assert_eq!(committing.removed, [member(4)]);
    settle(&mut relay, &mut desks);
    assert_eq!(desks[3].conversation().standing(), Standing::Left);
    assert_eq!(
        desks[1].conversation().members(),
        [member(1), member(2), member(3)]
    );
    assert_eq!(desks[1].conversation().journal(), point(2));
}

#[test]
fn msg_01_a_commit_that_keeps_a_removed_member_or_is_by_one_is_refused() {
    let (mut relay, mut desks) = gathered(4);
    for desk in &mut desks[..3] {
        desk.journal.write(&[1, 2, 3]);
    }
    // Desk 4 pretends that it is still admitted at the new point.
    desks[3].journal.write(&[1, 2, 3, 4]);
    desks[3].commit(&refresh()).unwrap();
    desks[3].flush(&mut relay);
    for desk in &mut desks[..3] {
        assert_eq!(reasons(&desk.follow(&relay).unwrap()), [Reason::NotAdmitted]);
    }
}

#[test]
fn a_removed_members_own_client_refuses_to_commit() {
    let (_, mut desks) = gathered(2);
    desks[1].journal.write(&[1]);
    assert_eq!(
        desks[1].commit(&refresh()).unwrap_err(),
        CommitError::NotAdmitted(member(2))
    );
}

#[test]
fn msg_02_a_journal_point_never_goes_back() {
    let (mut relay, mut desks) = gathered(3);
    for desk in &mut desks {
        desk.journal.write(&[1, 2, 3]);
    }
    desks[0].commit(&refresh()).unwrap();
    settle(&mut relay, &mut desks);
    desks[1].journal.known = 1;
    assert_eq!(
        desks[1].commit(&refresh()).unwrap_err(),
        CommitError::JournalBehind
    );
    let old = Incoming {
        bytes: b"",
        at: primitives::Time(0),
        own: false,
    };
    assert!(matches!(
        desks[1].conversation().process(&desks[1].journal, &old).unwrap(),
        Processed::Ignored(Reason::NotOurs)
    ));
    // Made at size 1 by one who forgot that the conversation stands at size 2.
    let forgetful = desks[2].step(|overlay, device, _, _| {
        let mut group = Conversation::load(overlay, CONVERSATION).unwrap().unwrap();
        group.meta.journal = point(1);
        group
            .commit(
                device,
                &Journal::of(&[1, 2, 3]),
                point(1),
                primitives::Time(0),
                &refresh(),
            )
            .unwrap()
            .message
    });
    let incoming = Incoming {
        bytes: &forgetful.unwrap(),
        at: primitives::Time(0),
        own: false,
    };
    let processed = desks[0]
        .conversation()
        .process(&desks[0].journal, &incoming)
        .unwrap();
    assert!(
        matches!(processed, Processed::Ignored(Reason::JournalWentBack)),
        "{processed:?}"
    );
}

#[test]
fn msg_03_a_point_that_the_journal_contradicts_is_refused() {
    let (mut relay, mut desks) = gathered(3);
    for desk in &mut desks {
        desk.journal.write(&[1, 2, 3]);
    }
    desks[1].journal.forked_at = Some(2);
    desks[0].commit(&refresh()).unwrap();
    desks[0].flush(&mut relay);
    assert_eq!(
        reasons(&desks[1].follow(&relay).unwrap()),
        [Reason::JournalContradicted]
    );
}

#[test]
fn a_commit_ahead_of_the_journal_waits_and_nothing_after_it_is_read() {
    let (mut relay, mut desks) = gathered(3);
    for desk in &mut desks {
        desk.journal.write(&[1, 2, 3]);
    }
    desks[0].commit(&refresh()).unwrap();
    desks[0].flush(&mut relay);
    desks[0].follow(&relay).unwrap();
    desks[0].say("in the new epoch").unwrap();
    desks[0].flush(&mut relay);
    desks[1].journal.known = 1;
    let before = format!("{:?}", desks[1].store);
    let seen = desks[1].follow(&relay).unwrap();
    assert!(matches!(seen[..], [Processed::Waits(at)] if at == point(2)));
    assert_eq!(format!("{:?}", desks[1].store).len(), before.len());
    desks[1].journal.known = 2;
    desks[1].follow(&relay).unwrap();
    assert_eq!(desks[1].texts(), ["in the new epoch"]);
}

#[test]
fn msg_01_a_joiner_refuses_a_group_with_a_stranger() {
    let journal = Journal::of(&[1, 2, 9]);
    let mut one = Desk::new(1, &journal);
    let (mut two, mut stranger) = (Desk::new(2, &Journal::of(&[1, 2])), Desk::new(9, &journal));
    let mut relay = Relay::default();
    one.found();
    let add = vec![two.key_package(false), stranger.key_package(false)];
    one.commit(&Intent {
        add,
        ..Intent::default()
    })
    .unwrap();
    one.flush(&mut relay);
    one.follow(&relay).unwrap();
    let welcome = one.welcome().unwrap();
    assert_eq!(two.join(&welcome), Err(JoinError::NotAdmitted(member(9))));
    two.journal.forked_at = Some(1);
    assert_eq!(two.join(&welcome), Err(JoinError::JournalContradicted));
}

/// Makes a commit by a desk that reads `lie` for its journal and is honest again when it sees it in the log.
fn commit_by_a_lie(relay: &mut Relay, desk: &mut Desk, lie: Journal, intent: &Intent) {
    let honest = core::mem::replace(&mut desk.journal, lie);
    desk.commit(intent).unwrap();
    desk.journal = honest;
    desk.flush(relay);
}

#[test]
fn msg_16_a_commit_that_removes_whom_the_journal_admits_is_refused() {
    let (mut relay, mut desks) = gathered(4);
    // At the second point the journal has removed 4; the others stay, whatever else the commit does rightly.
    journal_says(&mut desks, &[1, 2, 3]);
    for kept in [&[1][..], &[1, 3], &[1, 2]] {
        let mut lie = Journal::of(&[1, 2, 3, 4]);
        lie.write(kept);
        commit_by_a_lie(&mut relay, &mut desks[0], lie, &refresh());
        for desk in &mut desks {
            assert_eq!(reasons(&desk.follow(&relay).unwrap()), [Reason::StillAdmitted]);
            assert_eq!(desk.conversation().members().len(), 4);
            assert!(!desk.conversation().commit_pending());
        }
    }
    assert_eq!(Reason::StillAdmitted.rule(), "MSG-16");
    // The conversation goes on, and 4 goes.
    desks[1].commit(&refresh()).unwrap();
    settle(&mut relay, &mut desks);
    desks[2].say("still here").unwrap();
    settle(&mut relay, &mut desks);
    for desk in &desks[..3] {
        assert_eq!(desk.texts(), ["still here"]);
    }
    assert_eq!(desks[3].conversation().standing(), Standing::Left);
}

#[test]
fn msg_16_a_client_makes_no_commit_that_removes_whom_the_journal_admits() {
    let (_, mut desks) = gathered(3);
    let remove = Intent {
        remove: vec![member(2).identity, member(3).identity],
        ..Intent::default()
    };
    assert_eq!(
        desks[0].commit(&remove).unwrap_err(),
        CommitError::StillAdmitted(member(2))
    );
    // Who holds a package of theirs does not hold their word.
    let add = vec![desks[1].key_package(false)];
    assert_eq!(
        desks[0].commit(&Intent { add, ..remove }).unwrap_err(),
        CommitError::StillAdmitted(member(2))
    );
    assert!(!desks[0].conversation().commit_pending());
}

#[test]
fn msg_16_another_device_of_the_removed_member_is_not_that_member_again() {
    let (mut relay, mut desks) = gathered(2);
    let (certificate, key) = second_device(2);
    let other = OwnDevice::new(&certificate, &key).unwrap();
    let package = desks[1].step(|overlay, _, _, _| new_key_package(overlay, &other, false).unwrap());
    let intent = Intent {
        add: vec![KeyPackage::parse(&package.unwrap()).unwrap()],
        remove: vec![member(2).identity],
        refresh: false,
    };
    let mut lie = Journal::of(&[1, 2]);
    lie.write_devices([member(1), other.member()]);
    for desk in &mut desks {
        desk.journal.write_devices([member(1), member(2), other.member()]);
    }
    assert_eq!(
        desks[0].commit(&intent).unwrap_err(),
        CommitError::StillAdmitted(member(2))
    );
    commit_by_a_lie(&mut relay, &mut desks[0], lie, &intent);
    for desk in &mut desks {
        assert_eq!(reasons(&desk.follow(&relay).unwrap()), [Reason::StillAdmitted]);
    }
}

#[test]
fn misuse_is_told() {
    let (_, mut desks) = gathered(2);
    assert_eq!(
        desks[0].commit(&Intent::default()).unwrap_err(),
        CommitError::Nothing
    );
    let remove = |seed: u8| Intent {
        remove: vec![member(seed).identity],
        ..Intent::default()
    };
    assert_eq!(desks[0].commit(&remove(1)).unwrap_err(), CommitError::Oneself);
    assert_eq!(
        desks[0].commit(&remove(7)).unwrap_err(),
        CommitError::NotAMember(member(7).identity)
    );
    let add = vec![desks[1].key_package(false)];
    let again = desks[0]
        .commit(&Intent {
            add,
            ..Intent::default()
        })
        .unwrap_err();
    assert_eq!(again, CommitError::AlreadyThere(member(2)));
}

#[test]
fn msg_03_an_own_commit_is_judged_at_its_log_time_as_by_everybody() {
    let (mut relay, mut desks) = gathered(3);
    for desk in &mut desks {
        desk.journal.write(&[1, 2, 3]);
    }
    desks[0].commit(&refresh()).unwrap();
    desks[0].flush(&mut relay);
    for desk in &mut desks {
        desk.journal.forked_at = Some(2);
        assert_eq!(
            reasons(&desk.follow(&relay).unwrap()),
            [Reason::JournalContradicted]
        );
    }
    assert!(!desks[0].conversation().commit_pending());
    for desk in &mut desks {
        desk.journal.forked_at = None;
    }
    desks[0].commit(&refresh()).unwrap();
    settle(&mut relay, &mut desks);
    assert!(desks.iter().all(|desk| desk.conversation().journal() == point(2)));
}
