//! Messages larger than one entry: the log alone says whether they are there.

use super::support::*;
use crate::parts::{PARTS, Part, VERSION};
use crate::wrap::{PART, seal_entry};
use crate::*;
use primitives::store::{MemoryStore, Store};
use primitives::{Overlay, Signed, SigningSecret, Time, encode, labels};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

fn large() -> Vec<u8> {
    (0..600_000u32).map(|i| i as u8).collect()
}

/// The entries of a large message by `desk`.
fn entries(desk: &mut Desk, at: u64, message: &[u8]) -> Vec<Vec<u8>> {
    desk.step(|overlay, device, _, rng| {
        let group = Conversation::load(overlay, CONVERSATION).unwrap().unwrap();
        group.wrap(overlay, device, Time(at), message, rng).unwrap()
    })
    .unwrap()
}

/// What `desk` makes of an entry; a message that is whole is settled.
fn take(desk: &mut Desk, entry: &[u8]) -> Unwrapped {
    desk.step(|overlay, _, _, _| {
        let mut group = Conversation::load(overlay, CONVERSATION).unwrap().unwrap();
        match group.unwrap(overlay, entry).unwrap() {
            Unwrapped::Message { bytes, parts } => {
                parts.into_iter().for_each(|parts| parts.settle(overlay));
                Unwrapped::Message { bytes, parts: None }
            }
            other => other,
        }
    })
    .unwrap()
}

fn skipped(unwrapped: &Unwrapped) -> bool {
    matches!(unwrapped, Unwrapped::Skipped(Unreadable::Part))
}

fn kept(desk: &Desk) -> usize {
    desk.store.scan(PARTS, b"", b"", 1000).unwrap().len()
}

#[test]
fn a_large_message_is_whole_with_its_last_part_in_whatever_order_they_come() {
    let (_, mut desks) = gathered(2);
    let entries = entries(&mut desks[0], 5, &large());
    assert_eq!(entries.len(), 3);
    assert!(entries.iter().all(|entry| SIZES.contains(&entry.len())));
    for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0]] {
        let start = desks[1].store.clone();
        for index in &order[..2] {
            assert!(matches!(take(&mut desks[1], &entries[*index]), Unwrapped::Part));
        }
        let Unwrapped::Message { bytes, .. } = take(&mut desks[1], &entries[order[2]]) else {
            panic!("not whole")
        };
        assert_eq!(bytes, large());
        assert_eq!(kept(&desks[1]), 1, "only how far the attempts went");
        desks[1].store = start;
    }
}

#[test]
fn msg_17_a_part_given_again_or_of_an_attempt_that_is_over_is_skipped() {
    let (_, mut desks) = gathered(2);
    let first = entries(&mut desks[0], 5, &large());
    assert!(matches!(take(&mut desks[1], &first[0]), Unwrapped::Part));
    assert!(skipped(&take(&mut desks[1], &first[0])));
    // A later attempt takes the place of what was under way, and the earlier one does not come back.
    let second = entries(&mut desks[0], 6, &large());
    assert!(matches!(take(&mut desks[1], &second[1]), Unwrapped::Part));
    assert_eq!(kept(&desks[1]), 2);
    assert!(skipped(&take(&mut desks[1], &first[1])));
    take(&mut desks[1], &second[0]);
    assert!(matches!(
        take(&mut desks[1], &second[2]),
        Unwrapped::Message { .. }
    ));
    for entry in second.iter().chain(&first) {
        assert!(skipped(&take(&mut desks[1], entry)));
    }
}

#[test]
fn msg_17_a_last_part_that_has_to_wait_is_read_again() {
    let (_, mut desks) = gathered(2);
    let entries = entries(&mut desks[0], 5, &large());
    for entry in &entries[..2] {
        take(&mut desks[1], entry);
    }
    // Unsettled, as when the journal has to be read first.
    for _ in 0..2 {
        let unwrapped = desks[1].step(|overlay, _, _, _| {
            let mut group = Conversation::load(overlay, CONVERSATION).unwrap().unwrap();
            group.unwrap(overlay, &entries[2]).unwrap()
        });
        assert!(matches!(unwrapped, Ok(Unwrapped::Message { .. })));
    }
}

#[test]
fn msg_17_parts_by_strangers_of_other_epochs_and_of_other_lengths_are_skipped() {
    let (mut relay, mut desks) = gathered(2);
    let (_, key) = device(1);
    let (_, stranger) = device(9);
    let group = desks[1].conversation();
    let (epoch, wrap_key) = (group.epoch(), group.log_keys().wrap);
    drop(group);
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let mut entry = |key: &SigningSecret, signer: &SigningSecret, change: &dyn Fn(&mut Part)| {
        let mut part = Part {
            version: VERSION,
            conversation: CONVERSATION,
            epoch,
            device: key.verifying_key(),
            attempt: 1,
            count: 2,
            index: 0,
            bytes: vec![7; PART_BYTES],
        };
        change(&mut part);
        let signed = Signed::sign(labels::CONVERSATION_PART, part, signer);
        let content = encode(signed.unverified());
        seal_entry(&wrap_key, labels::CONVERSATION_WRAP, PART, &content, &mut rng).unwrap()
    };
    let changes: [&dyn Fn(&mut Part); 9] = [
        &|part| part.version = 2,
        &|part| part.conversation = primitives::ConversationId::new([1; 32]),
        &|part| part.epoch += 1,
        &|part| part.epoch -= 1,
        &|part| part.count = 1,
        &|part| part.count = 66,
        &|part| part.index = 2,
        &|part| part.bytes.truncate(PART_BYTES - 1),
        &|part| (part.index, part.bytes) = (1, Vec::new()),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let entry = entry(&key, &key, change);
        assert!(skipped(&take(&mut desks[1], &entry)), "change {number}");
    }
    for (of, by) in [(&stranger, &stranger), (&key, &stranger)] {
        let entry = entry(of, by, &|_| {});
        assert!(skipped(&take(&mut desks[1], &entry)));
    }
    assert_eq!(kept(&desks[1]), 0);
    let good = entry(&key, &key, &|_| {});
    assert!(matches!(take(&mut desks[1], &good), Unwrapped::Part));
    // The next epoch forgets what came before it.
    let refresh = Intent {
        refresh: true,
        ..Intent::default()
    };
    desks[0].commit(&refresh).unwrap();
    settle(&mut relay, &mut desks);
    assert_eq!(kept(&desks[1]), 0);
    assert!(skipped(&take(&mut desks[1], &good)));
}

#[test]
fn msg_17_unfinished_messages_of_one_device_do_not_add_up() {
    let (_, mut desks) = gathered(2);
    for attempt in 1..20 {
        let entries = entries(&mut desks[0], attempt, &large());
        take(&mut desks[1], &entries[0]);
        take(&mut desks[1], &entries[1]);
        assert_eq!(kept(&desks[1]), 3, "attempt {attempt}");
    }
}

#[test]
fn a_commit_too_large_for_one_entry_is_followed_by_all() {
    let all: Vec<u8> = (1..=240).collect();
    let journal = Journal::of(&all);
    let mut one = Desk::new(1, &journal);
    let mut relay = Relay::default();
    one.found();
    let mut two = Desk::new(2, &journal);
    let mut packages: Vec<_> = all[2..]
        .iter()
        .map(|seed| {
            let (certificate, key) = device(*seed);
            let own = OwnDevice::new(&certificate, &key).unwrap();
            let store = MemoryStore::new();
            let bytes = new_key_package(&mut Overlay::new(&store), &own, false).unwrap();
            KeyPackage::parse(&bytes).unwrap()
        })
        .collect();
    packages.push(two.key_package(false));
    for add in packages.chunks(ADDED_MAX) {
        let add = add.to_vec();
        one.commit(&Intent {
            add,
            ..Intent::default()
        })
        .unwrap();
        one.flush(&mut relay);
        one.follow(&relay).unwrap();
    }
    two.join(&one.welcome().unwrap()).unwrap();
    two.follow(&relay).unwrap();
    let refresh = Intent {
        refresh: true,
        ..Intent::default()
    };
    let before = relay.len(one.log());
    let message = one.commit(&refresh).unwrap().message;
    assert!(message.len() > SIZES[5]);
    one.flush(&mut relay);
    assert_eq!(relay.len(one.log()), before + 2);
    one.say("in the new epoch").unwrap();
    one.follow(&relay).unwrap();
    two.follow(&relay).unwrap();
    assert!(!one.conversation().commit_pending());
    assert_eq!(one.conversation().epoch_code(), two.conversation().epoch_code());
}
