//! The log's order decides: concurrent commits, duplicates, garbage, what claims to be one's own.

use super::support::*;
use crate::*;
use primitives::{Time, labels};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

fn refresh() -> Intent {
    Intent {
        refresh: true,
        ..Intent::default()
    }
}

/// Wraps MLS bytes anew, as a malicious insider can, and appends them.
fn inject(relay: &mut Relay, desk: &Desk, bytes: &[u8], seed: u64) {
    let wrap_key = desk.conversation().log_keys().wrap;
    let rng = &mut ChaCha20Rng::seed_from_u64(seed);
    let wrapped = wrap(&wrap_key, labels::CONVERSATION_WRAP, bytes, rng).unwrap();
    relay.append(desk.log(), wrapped.entry);
}

fn last_reason(seen: &[Processed]) -> Option<Reason> {
    match seen.last() {
        Some(Processed::Ignored(reason)) => Some(*reason),
        _ => None,
    }
}

#[test]
fn msg_05_the_first_commit_of_an_epoch_wins_and_the_loser_makes_its_own_again() {
    let (mut relay, mut desks) = gathered(3);
    let before = desks[0].conversation().epoch();
    desks[1].commit(&refresh()).unwrap();
    desks[2].commit(&refresh()).unwrap();
    settle(&mut relay, &mut desks);
    assert!(desks.iter().all(|desk| desk.conversation().epoch() == before + 1));
    assert!(!desks[1].lost());
    assert!(desks[2].lost());
    desks[2].commit(&refresh()).unwrap();
    settle(&mut relay, &mut desks);
    assert!(desks.iter().all(|desk| desk.conversation().epoch() == before + 2));
    assert!(!desks[2].lost());
    desks[0].say("after the race").unwrap();
    settle(&mut relay, &mut desks);
    assert!(desks.iter().all(|desk| desk.texts() == ["after the race"]));
}

#[test]
fn an_own_commit_is_not_merged_before_the_log_shows_it() {
    let (mut relay, mut desks) = gathered(2);
    let before = desks[0].conversation().epoch();
    desks[0].commit(&refresh()).unwrap();
    assert_eq!(desks[0].conversation().epoch(), before);
    assert!(desks[0].conversation().commit_pending());
    assert_eq!(desks[0].commit(&refresh()).unwrap_err(), CommitError::Pending);
    desks[0].say("meanwhile").unwrap();
    settle(&mut relay, &mut desks);
    assert_eq!(desks[0].conversation().epoch(), before + 1);
    assert!(desks.iter().all(|desk| desk.texts() == ["meanwhile"]));
}

#[test]
fn the_welcome_is_given_out_only_when_the_log_shows_the_commit() {
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
    assert!(one.welcome().is_none());
    one.follow(&relay).unwrap();
    assert!(one.welcome().is_some());
}

#[test]
fn a_commit_wrapped_again_by_somebody_is_still_ones_own() {
    let (mut relay, mut desks) = gathered(2);
    let before = desks[0].conversation().epoch();
    let committing = desks[0].commit(&refresh()).unwrap();
    inject(&mut relay, &desks[0], &committing.message, 77);
    settle(&mut relay, &mut desks);
    assert!(desks.iter().all(|desk| desk.conversation().epoch() == before + 1));
    assert!(!desks[0].conversation().commit_pending());
}

#[test]
fn msg_08_a_message_given_twice_is_seen_once() {
    let (mut relay, mut desks) = gathered(3);
    let bytes = desks[0]
        .step(|overlay, device, _, _| {
            let message = AppMessage {
                id: primitives::MessageId::new([9; 32]),
                sent: primitives::Time(0),
                journal: None,
                conversation: None,
                body: Body::Text("once".into()),
            };
            let mut group = Conversation::load(overlay, CONVERSATION).unwrap().unwrap();
            let bytes = group.encrypt(device, &message).unwrap();
            group.save(overlay).unwrap();
            bytes
        })
        .unwrap();
    inject(&mut relay, &desks[0], &bytes, 1);
    inject(&mut relay, &desks[0], &bytes, 2);
    let seen = desks[1].follow(&relay).unwrap();
    assert_eq!(last_reason(&seen), Some(Reason::Invalid));
    assert_eq!(desks[1].texts(), ["once"]);
    let seen = desks[0].follow(&relay).unwrap();
    assert_eq!(last_reason(&seen), Some(Reason::ClaimsToBeOurs), "MSG-12");
}

#[test]
fn msg_04_garbage_is_skipped_and_what_follows_is_read() {
    let (mut relay, mut desks) = gathered(2);
    let log = desks[0].log();
    relay.append(log, vec![0; 512]);
    relay.append(log, vec![7; 100]);
    for (seed, garbage) in [vec![], vec![0], vec![0, 1, 0, 2], vec![0xff; 3000]]
        .into_iter()
        .enumerate()
    {
        inject(&mut relay, &desks[0], &garbage, seed as u64);
    }
    let package = desks[0].step(|overlay, device, _, _| new_key_package(overlay, device, false).unwrap());
    inject(&mut relay, &desks[0], &package.unwrap(), 50);
    desks[0].say("after the garbage").unwrap();
    desks[0].flush(&mut relay);
    let seen = desks[1].follow(&relay).unwrap();
    let reasons = seen
        .iter()
        .filter(|seen| matches!(seen, Processed::Ignored(Reason::NotOurs)));
    assert_eq!(reasons.count(), 7);
    assert_eq!(desks[1].texts(), ["after the garbage"]);
}

#[test]
fn msg_08_a_commit_with_any_changed_byte_is_skipped_and_the_true_one_still_wins() {
    let (mut relay, mut desks) = gathered(3);
    let before = desks[0].conversation().epoch();
    let message = desks[0].commit(&refresh()).unwrap().message;
    for (seed, at) in (0..message.len()).step_by(97).enumerate() {
        let mut changed = message.clone();
        changed[at] ^= 1;
        inject(&mut relay, &desks[0], &changed, 100 + seed as u64);
    }
    let seen = desks[1].follow(&relay).unwrap();
    assert!(
        seen.iter().all(|seen| matches!(seen, Processed::Ignored(_))),
        "{seen:?}"
    );
    settle(&mut relay, &mut desks);
    assert!(desks.iter().all(|desk| desk.conversation().epoch() == before + 1));
}

#[test]
fn msg_05_an_old_commit_given_again_is_skipped() {
    let (mut relay, mut desks) = gathered(2);
    let message = desks[0].commit(&refresh()).unwrap().message;
    settle(&mut relay, &mut desks);
    inject(&mut relay, &desks[0], &message, 3);
    assert_eq!(
        last_reason(&desks[1].follow(&relay).unwrap()),
        Some(Reason::EpochOver)
    );
    assert_eq!(
        last_reason(&desks[0].follow(&relay).unwrap()),
        Some(Reason::EpochOver)
    );
}

#[test]
fn a_device_that_missed_a_commit_notices_that_it_is_behind() {
    let (mut relay, mut desks) = gathered(3);
    let old = desks[2].store.clone();
    desks[0].commit(&refresh()).unwrap();
    settle(&mut relay, &mut desks);
    desks[0].say("ahead").unwrap();
    desks[0].flush(&mut relay);
    let entry = relay.logs[&desks[0].log()].last().unwrap().clone();
    desks[2].store = old;
    let conversation = desks[2].conversation();
    let Ok(Opened::Inline(bytes)) = open(&conversation.log_keys().wrap, labels::CONVERSATION_WRAP, &entry)
    else {
        panic!("unreadable")
    };
    let incoming = Incoming {
        bytes: &bytes,
        at: primitives::Time(0),
        own: false,
    };
    let processed = desks[2]
        .conversation()
        .process(&desks[2].journal, &incoming)
        .unwrap();
    assert!(matches!(processed, Processed::Ignored(Reason::EpochAhead)));
}

#[test]
fn what_a_page_brought_in_one_step_opens_no_second_time_after_a_restart() {
    let (mut relay, mut desks) = gathered(3);
    let log = desks[0].log();
    let from = relay.len(log);
    for text in ["one", "two", "three"] {
        desks[1].say(text).unwrap();
        desks[2].say(text).unwrap();
    }
    desks[1].flush(&mut relay);
    desks[2].flush(&mut relay);
    let page = relay.logs[&log][from..].to_vec();
    let mut take = || {
        desks[0]
            .step(|overlay, _, journal, _| {
                let mut group = Conversation::load(overlay, CONVERSATION).unwrap().unwrap();
                let seen = page.iter().map(|entry| {
                    let Ok(Unwrapped::Message { bytes, .. }) = group.unwrap(overlay, entry) else {
                        panic!("not a message")
                    };
                    let incoming = Incoming {
                        bytes: &bytes,
                        at: Time(9),
                        own: false,
                    };
                    matches!(group.process(journal, &incoming), Ok(Processed::Message { .. }))
                });
                let opened = seen.filter(|opened| *opened).count();
                group.save(overlay).unwrap();
                opened
            })
            .unwrap()
    };
    assert_eq!([take(), take()], [6, 0]);
}
