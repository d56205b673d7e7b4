//! What a revoked device can still see is what it had seen before: shown with all entries that a relay ever held, and with
//! everything that the device has, of which it has let go of nothing.

use super::removed::{all_keys, logs, secrets};
use super::world::World;
use crate::conversations::ConversationState;
use crate::requests::{Answer, Refusal, Request};
use crate::state::LogRole;
use assembly::SealedEntry;
use client::Client;
use primitives::{ConversationId, LogId, Secret, labels};
use std::collections::{BTreeMap, BTreeSet};
use tlog::{LogKeys, LogKind};

const WAIT_MS: u64 = 300_000;
const FIRST: usize = 0;

type Written = BTreeMap<LogId, Vec<Vec<u8>>>;

fn say_in(world: &mut World, who: usize, id: ConversationId, text: &str) -> Result<Answer, Refusal> {
    world.say_in(who, &id.to_string(), text)
}

/// The plenary, a group, a direct conversation and one's own, as far as a device is in them.
fn conversations(world: &World, who: usize) -> BTreeMap<&'static str, ConversationId> {
    let kind = |state: &ConversationState| match state {
        _ if state.is_own() => "own",
        _ if state.is_group() => "group",
        _ if state.is_closed() => "direct",
        _ => "plenary",
    };
    let states = world.inside(who).conversations.values();
    states
        .filter(|state| !state.halted && !state.more().joining)
        .map(|state| (kind(state), state.id))
        .collect()
}

/// What each log is for that somebody who stays has read.
fn places(world: &World, who: usize) -> BTreeMap<LogId, &'static str> {
    let of: BTreeMap<ConversationId, &'static str> = conversations(world, who)
        .into_iter()
        .map(|(kind, id)| (id, kind))
        .collect();
    let logs = world.inside(who).logs.iter();
    logs.filter_map(|(id, log)| {
        let place = match log.role {
            LogRole::Journal { .. } => "journal",
            LogRole::Directory { .. } => "directory",
            LogRole::Link { .. } => "link",
            LogRole::Conversation { conversation } => *of.get(&conversation)?,
            _ => return None,
        };
        Some((*id, place))
    })
    .collect()
}

/// The logs among `written` that whoever has these secrets finds and opens, and those of whose entries any is opened by a
/// secret that is not even the log's.
fn readable(
    written: &Written,
    secrets: &BTreeSet<[u8; 32]>,
    known: &[ConversationId],
    world: &World,
) -> BTreeSet<LogId> {
    let member = world.inside(FIRST).member.as_ref().expect("a member");
    let link = LogRole::Link {
        assembly: member.assembly,
    };
    let mut found = BTreeSet::new();
    for secret in secrets {
        let secret = Secret::take(&mut secret.clone());
        let mut keys: Vec<LogKeys> = all_keys(&secret, known);
        keys.push(link.keys(&secret));
        for kind in [LogKind::Ephemeral, LogKind::Record, LogKind::Private] {
            let ids = keys.iter().map(|keys| keys.record(kind).id());
            found.extend(ids.filter(|id| written.contains_key(id)));
        }
        for (id, entries) in written {
            let sealed = entries.iter().filter_map(|entry| SealedEntry::parse(entry).ok());
            if sealed
                .into_iter()
                .any(|sealed| sealed.open(&sealed.entry_key(&secret)).is_ok())
            {
                found.insert(*id);
            }
        }
    }
    found
}

#[test]
fn a_revoked_device_finds_and_opens_nothing_that_came_after() {
    let mut world = World::new(64, 3);
    world.found(3);
    let group = Request::FoundGroup {
        name: "Budget".into(),
        seats: vec![2, 3],
    };
    world.ask(FIRST, group).expect("founded");
    world.ask(FIRST, Request::Direct { seat: 2 }).expect("begun");
    let revoked = world.bring_device(FIRST, true);
    let other = world.bring_device(FIRST, true);
    let own = [FIRST, revoked, other];
    world.until("all devices are in all four", WAIT_MS, |world| {
        own.iter().all(|who| conversations(world, *who).len() == 4)
    });
    let known = conversations(&world, FIRST);
    for id in known.values() {
        world.until("it may speak", WAIT_MS, |world| {
            say_in(world, FIRST, *id, "before").is_ok()
        });
    }
    world.until("it has heard", WAIT_MS, |world| {
        let heard = |id: &ConversationId| {
            world
                .texts_in(revoked, &id.to_string())
                .contains(&"before".to_owned())
        };
        known.values().all(heard)
    });
    // As it is now, it goes on elsewhere: no word of the revocation makes it burn or forget anything.
    let store = world.clients[revoked]
        .as_ref()
        .expect("it is there")
        .store
        .clone();
    let kept = world.clients.len();
    world.clients.push(Some(Client::open(store).expect("it opens")));
    world.grow();
    assert!(!secrets(&world, kept).is_empty());

    let device = world
        .inside(revoked)
        .member
        .as_ref()
        .expect("a member")
        .device_key();
    let device = device.verifying_key().to_string();
    world
        .ask(FIRST, Request::RevokeDevice { device })
        .expect("revoked");
    world.until("it knows it", WAIT_MS, |world| {
        let states = &world.inside(revoked).conversations;
        states.values().all(|state| state.more().left)
    });
    world.run_ms(120_000);
    let before = logs(&world);

    // From here on: words in all four, a statement in the journal, a letter and cards in the directory, another device.
    for (who, id) in [
        (FIRST, "plenary"),
        (1, "plenary"),
        (FIRST, "group"),
        (1, "direct"),
        (other, "own"),
    ] {
        say_in(&mut world, who, known[id], "after").expect("said");
    }
    world.propose(1, "after");
    world.ask(1, Request::Direct { seat: 3 }).expect("begun");
    world.bring_device(FIRST, true);
    world.run_ms(120_000);
    for (kind, id) in &known {
        let id = id.to_string();
        let heard =
            |world: &mut World, who: usize| world.texts_in(who, &id).iter().any(|text| text == "after");
        assert!(
            heard(&mut world, FIRST) && heard(&mut world, other),
            "{kind}: who stays reads it"
        );
        assert!(!heard(&mut world, revoked), "{kind}");
    }

    let written: Written = world
        .relay
        .entries()
        .into_iter()
        .map(|(id, all)| {
            let old = before.get(&id).copied().unwrap_or(0);
            (id, all.into_iter().skip(old).collect::<Vec<_>>())
        })
        .filter(|(_, new)| !new.is_empty())
        .collect();
    let places: BTreeMap<LogId, &str> = places(&world, FIRST)
        .into_iter()
        .filter(|(id, _)| written.contains_key(id))
        .collect();
    let kinds: BTreeSet<&str> = places.values().copied().collect();
    let all = [
        "direct",
        "directory",
        "group",
        "journal",
        "link",
        "own",
        "plenary",
    ];
    assert_eq!(kinds, BTreeSet::from(all), "something was written at every place");

    let ids: Vec<ConversationId> = (0..3)
        .flat_map(|who| world.inside(who).conversations.keys().copied())
        .collect();
    let reads = |who: usize| readable(&written, &secrets(&world, who), &ids, &world);
    let (first, further) = (reads(FIRST), reads(other));
    for (id, place) in &places {
        assert!(first.contains(id), "{place}: the first device reads it");
        assert!(
            *place == "link" || further.contains(id),
            "{place}: the further device that stays reads it"
        );
    }
    for who in [kept, revoked] {
        let opened: Vec<_> = reads(who).iter().map(|id| places.get(id).copied()).collect();
        assert!(opened.is_empty(), "{opened:?}");
    }
    // Nor does any key of a log of its own open an entry, in whatever log it stands.
    let keys: Vec<LogKeys> = [kept, revoked]
        .into_iter()
        .flat_map(|who| world.inside(who).logs.values())
        .map(|log| log.role.keys(log.secret.secret()))
        .collect();
    for (id, entry) in written
        .iter()
        .flat_map(|(id, all)| all.iter().map(move |entry| (id, entry)))
    {
        for keys in &keys {
            for label in [
                labels::CONVERSATION_WRAP,
                labels::DIRECTORY_WRAP,
                labels::DEVICE_LINKING,
            ] {
                assert!(
                    messaging::open(&keys.wrap, label, entry).is_err(),
                    "{:?}",
                    places.get(id)
                );
            }
        }
    }
}
