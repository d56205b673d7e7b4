//! A conversation from founding to removal.

use super::support::*;
use crate::*;

fn remove(seed: u8) -> Intent {
    Intent {
        remove: vec![member(seed).identity],
        ..Intent::default()
    }
}

#[test]
fn three_talk_both_ways() {
    let (mut relay, mut desks) = gathered(3);
    for desk in &mut desks {
        let text = format!("from {}", desk.seed);
        desk.say(&text).unwrap();
    }
    settle(&mut relay, &mut desks);
    for desk in &desks {
        assert_eq!(desk.texts(), ["from 1", "from 2", "from 3"]);
        assert_eq!(desk.conversation().members(), [member(1), member(2), member(3)]);
    }
}

#[test]
fn everybody_sees_the_same_epoch_code_and_derives_the_same_journal_key() {
    let (_, desks) = gathered(3);
    let codes: Vec<_> = desks
        .iter()
        .map(|desk| desk.conversation().epoch_code())
        .collect();
    assert!(codes.iter().all(|code| *code == codes[0]));
    assert_eq!(codes[0].len(), 35);
    let keys: Vec<_> = desks
        .iter()
        .map(|desk| *desk.conversation().export_journal_key(b"1").unwrap().expose())
        .collect();
    assert!(keys.iter().all(|key| *key == keys[0]));
}

#[test]
fn one_who_was_away_catches_up_over_commits_and_messages() {
    let (mut relay, mut desks) = gathered(4);
    let mut away = desks.pop().unwrap();
    for round in 0..3 {
        desks[round % 3]
            .commit(&Intent {
                refresh: true,
                ..Intent::default()
            })
            .unwrap();
        settle(&mut relay, &mut desks);
        desks[round % 3].say(&format!("round {round}")).unwrap();
        settle(&mut relay, &mut desks);
    }
    away.follow(&relay).unwrap();
    assert_eq!(away.texts(), ["round 0", "round 1", "round 2"]);
    assert_eq!(
        away.conversation().epoch_code(),
        desks[0].conversation().epoch_code()
    );
}

#[test]
fn a_removed_member_cannot_follow_to_the_new_log() {
    let (mut relay, mut desks) = gathered(4);
    let old = desks[0].log();
    journal_says(&mut desks, &[1, 2, 3]);
    desks[0].commit(&remove(4)).unwrap();
    settle(&mut relay, &mut desks);
    let new = desks[0].log();
    assert_ne!(old, new);
    let mut removed = desks.pop().unwrap();
    assert_eq!(removed.conversation().standing(), Standing::Left);
    assert_eq!(removed.log(), old);
    desks[1].say("among us").unwrap();
    settle(&mut relay, &mut desks);
    for desk in &desks {
        assert_eq!(desk.log(), new);
        assert_eq!(desk.texts(), ["among us"]);
    }
    let wrap = removed.conversation().log_keys().wrap;
    let label = primitives::labels::CONVERSATION_WRAP;
    assert!(
        relay.logs[&new]
            .iter()
            .all(|entry| open(&wrap, label, entry).is_err())
    );
    let encrypted = removed.step(|overlay, device, _, _| {
        let message = AppMessage {
            id: primitives::MessageId::new([0; 32]),
            sent: primitives::Time(0),
            journal: None,
            conversation: None,
            body: Body::Text("still here?".into()),
        };
        Conversation::load(overlay, CONVERSATION)
            .unwrap()
            .unwrap()
            .encrypt(device, &message)
    });
    assert_eq!(encrypted.unwrap(), Err(UseError::NotActive));
    let incoming = Incoming {
        bytes: b"anything",
        at: primitives::Time(0),
        own: false,
    };
    let processed = removed
        .conversation()
        .process(&removed.journal, &incoming)
        .unwrap();
    assert!(matches!(processed, Processed::Ignored(Reason::Left)), "MSG-13");
}

#[test]
fn one_who_was_away_walks_through_two_hops() {
    let (mut relay, mut desks) = gathered(5);
    journal_says(&mut desks, &[1, 2, 3, 4]);
    let mut away = desks.remove(1);
    desks[0].commit(&remove(5)).unwrap();
    settle(&mut relay, &mut desks);
    desks.pop();
    desks[0].say("first").unwrap();
    settle(&mut relay, &mut desks);
    journal_says(&mut desks, &[1, 2, 3]);
    away.journal.write(&[1, 2, 3]);
    desks[0].commit(&remove(4)).unwrap();
    settle(&mut relay, &mut desks);
    desks.pop();
    desks[1].say("second").unwrap();
    settle(&mut relay, &mut desks);
    away.follow(&relay).unwrap();
    assert_eq!(away.texts(), ["first", "second"]);
    assert_eq!(away.log(), desks[0].log());
    assert_eq!(away.conversation().hops(), 2);
}

#[test]
fn a_message_posted_to_the_old_log_after_the_removal_is_sent_again() {
    let (mut relay, mut desks) = gathered(3);
    journal_says(&mut desks, &[1, 2]);
    desks[0].commit(&remove(3)).unwrap();
    desks[1].say("late").unwrap();
    desks[0].flush(&mut relay);
    desks[1].flush(&mut relay);
    desks.pop();
    settle(&mut relay, &mut desks);
    for desk in &desks {
        assert_eq!(desk.texts(), ["late"]);
    }
}

#[test]
fn a_message_of_the_kept_past_epoch_is_read_and_an_older_one_is_not() {
    let (mut relay, mut desks) = gathered(3);
    desks[1].say("one epoch late").unwrap();
    desks[0]
        .commit(&Intent {
            refresh: true,
            ..Intent::default()
        })
        .unwrap();
    desks[0].flush(&mut relay);
    desks[1].flush(&mut relay);
    desks[2].follow(&relay).unwrap();
    assert_eq!(desks[2].texts(), ["one epoch late"]);

    let (mut relay, mut desks) = gathered(3);
    desks[1].say("two epochs late").unwrap();
    for _ in 0..2 {
        desks[0]
            .commit(&Intent {
                refresh: true,
                ..Intent::default()
            })
            .unwrap();
        desks[0].flush(&mut relay);
        desks[0].follow(&relay).unwrap();
    }
    desks[1].flush(&mut relay);
    let seen = desks[2].follow(&relay).unwrap();
    assert!(
        matches!(seen.last(), Some(Processed::Ignored(Reason::Message))),
        "MSG-10: {seen:?}"
    );
}

#[test]
fn the_store_keeps_nothing_under_a_past_epochs_purpose() {
    let (mut relay, mut desks) = gathered(2);
    let before = format!("{:?}", desks[0].store);
    desks[0]
        .commit(&Intent {
            refresh: true,
            ..Intent::default()
        })
        .unwrap();
    settle(&mut relay, &mut desks);
    let epoch = desks[0].conversation().epoch();
    let after = format!("{:?}", desks[0].store);
    let purpose = |epoch: u64| {
        let name = [
            b"mls/".as_slice(),
            CONVERSATION.as_bytes(),
            b"/",
            &epoch.to_be_bytes(),
        ]
        .concat();
        format!("{:?}", primitives::Purpose::burnable(name))
    };
    assert!(before.contains(&purpose(epoch - 1)));
    assert!(!after.contains(&purpose(epoch - 1)));
    assert!(after.contains(&purpose(epoch)));
}

#[test]
fn forgetting_leaves_nothing() {
    let (_, mut desks) = gathered(2);
    desks[1]
        .step(|overlay, _, _, _| {
            Conversation::load(overlay, CONVERSATION)
                .unwrap()
                .unwrap()
                .forget(overlay)
                .unwrap();
            forget_key_packages(overlay).unwrap();
        })
        .unwrap();
    assert!(desks[1].load().is_none());
}

#[test]
fn a_renewed_group_is_the_same_and_old_blocks_of_it_open_no_more() {
    let (mut relay, mut desks) = gathered(2);
    desks[0].store.hoard();
    for round in 0..3 {
        desks[1].say(&format!("round {round}")).unwrap();
        settle(&mut relay, &mut desks);
    }
    let of_group = |desk: &Desk| {
        let open = desk.store.openable();
        open.filter(|(purpose, _)| purpose.name().starts_with(b"mls/"))
            .count()
    };
    let before = of_group(&desks[0]);
    desks[0]
        .step(|overlay, _, _, _| {
            let mut group = Conversation::load(overlay, CONVERSATION).unwrap().unwrap();
            group.renew();
            group.save(overlay).unwrap();
        })
        .unwrap();
    let records = primitives::Store::scan(&desks[0].store, crate::conversation::GROUPS, b"", b"", 1024);
    assert!(before > records.as_ref().unwrap().len());
    assert_eq!(of_group(&desks[0]), records.unwrap().len());
    desks[0].say("after").unwrap();
    desks[1].say("after too").unwrap();
    settle(&mut relay, &mut desks);
    assert!(desks.iter().all(|desk| desk.texts().len() == 5));
}
