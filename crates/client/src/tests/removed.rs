//! What a removed member can still see is what it had seen before: shown with all entries that a relay ever held, and
//! with everything that the removed device has.

use super::world::World;
use crate::requests::Request;
use crate::step::State;
use primitives::store::Store as _;
use primitives::{ConversationId, LogId, Secret, Table, labels};
use std::collections::{BTreeMap, BTreeSet};
use tlog::LogKeys;

const GROUP: &str = "Budget";

/// Every secret of 32 bytes that a device's state or store has at any place: whatever it could be the key of.
pub(super) fn secrets(world: &World, who: usize) -> BTreeSet<[u8; 32]> {
    let state: &State = world.inside(who);
    let mut found = BTreeSet::new();
    let mut take = |secret: &Secret<32>| {
        found.insert(*secret.expose());
    };
    state.logs.values().for_each(|log| take(log.secret.secret()));
    state.journal_keys.values().for_each(|seed| take(seed.secret()));
    if let Some(member) = &state.member {
        member.candidates.iter().for_each(|seed| take(seed.secret()));
        [
            Some(&member.device),
            Some(&member.sealing),
            member.identity.as_ref(),
        ]
        .into_iter()
        .flatten()
        .for_each(|seed| take(seed.secret()));
    }
    // The groups' own records, whatever in them has 32 bytes: exporter and epoch secrets, keys of leaves and ratchets, the log's secret.
    let store = &world.clients[who].as_ref().expect("the member is there").store;
    for table in [
        "mls",
        "mls-key-packages",
        "conversations",
        "cards",
        "member",
        "linking",
    ] {
        for (_, value) in store.scan(Table(table), b"", b"", usize::MAX).expect("a scan") {
            for at in 0..value.len() {
                found.extend(bytes_at(value.get(at..).unwrap_or_default()));
            }
        }
    }
    found
}

/// The 32 bytes that begin here as CBOR, as a byte string or as a list of numbers.
fn bytes_at(cbor: &[u8]) -> Option<[u8; 32]> {
    if let Some(rest) = cbor.strip_prefix(&[0x58, 32]) {
        return rest.first_chunk().copied();
    }
    let mut rest = cbor.strip_prefix(&[0x98, 32])?;
    let mut bytes = [0; 32];
    for byte in &mut bytes {
        (*byte, rest) = match rest {
            [0x18, byte, rest @ ..] => (*byte, rest),
            [byte @ 0..24, rest @ ..] => (*byte, rest),
            _ => return None,
        };
    }
    Some(bytes)
}

/// What could be a log's keys if its secret were this one.
pub(super) fn all_keys(secret: &Secret<32>, conversations: &[ConversationId]) -> Vec<LogKeys> {
    let mut keys = vec![
        assembly::keys::journal_log(secret),
        assembly::keys::witness_log(secret),
        messaging::directory_keys(secret),
    ];
    keys.extend(conversations.iter().map(|id| messaging::log_keys(secret, *id)));
    keys
}

pub(super) fn logs(world: &World) -> BTreeMap<LogId, usize> {
    let logs = world.relay.entries();
    logs.into_iter()
        .map(|(id, entries)| (id, entries.len()))
        .collect()
}

#[test]
fn a_removed_member_finds_and_opens_nothing_that_came_after() {
    let mut world = World::new(61, 4);
    world.found(4);
    let group = Request::FoundGroup {
        name: GROUP.into(),
        seats: vec![2, 3, 4],
    };
    world.ask(0, group).expect("founded");
    world.say(0, "before");
    let in_both = |world: &World, who: usize| {
        world
            .inside(who)
            .conversations
            .values()
            .filter(|state| !state.halted && !state.more().joining)
            .count()
            == 2
    };
    world.until("all are in both, and have heard", 300_000, |world| {
        (0..4).all(|who| in_both(world, who) && world.texts(who) == ["before"])
    });
    for who in 0..3 {
        world.ask(who, Request::Detain { seat: 4 }).expect("stated");
    }
    let out = |world: &World, who: usize| {
        let mut states = world.inside(who).conversations.values();
        states.all(|state| state.more().left)
    };
    world.until("the removed knows it", 300_000, |world| out(world, 3));
    world.run_ms(60_000);
    let before = logs(&world);
    // From here on: words in both conversations, a statement in the journal, a letter in the directory.
    for who in 0..3 {
        world.say(who, "after");
    }
    world.propose(0, "after");
    let seat = Request::Direct { seat: 2 };
    world.ask(2, seat).expect("begun");
    world.run_ms(120_000);
    assert_eq!(world.texts(3), ["before"]);
    assert!((0..3).all(|who| world.texts(who).len() == 4));

    let conversations: Vec<ConversationId> = (0..4)
        .flat_map(|who| {
            world
                .inside(who)
                .conversations
                .keys()
                .copied()
                .collect::<Vec<_>>()
        })
        .collect();
    let entries = world.relay.entries();
    let written: BTreeMap<LogId, Vec<Vec<u8>>> = entries
        .into_iter()
        .map(|(id, all)| {
            let old = before.get(&id).copied().unwrap_or(0);
            (id, all.into_iter().skip(old).collect::<Vec<_>>())
        })
        .filter(|(_, new)| !new.is_empty())
        .collect();
    assert!(
        written.len() >= 4,
        "journal, plenary, directory, the new conversation"
    );
    let opened = |secrets: &BTreeSet<[u8; 32]>| {
        let mut opened = 0;
        for secret in secrets {
            for keys in all_keys(&Secret::take(&mut secret.clone()), &conversations) {
                // The log's id follows from its keys: who has them finds it, and can read it.
                let kinds = [
                    tlog::LogKind::Ephemeral,
                    tlog::LogKind::Record,
                    tlog::LogKind::Private,
                ];
                opened += kinds
                    .into_iter()
                    .filter(|kind| written.contains_key(&keys.record(*kind).id()))
                    .count();
            }
        }
        opened
    };
    assert_eq!(opened(&secrets(&world, 3)), 0);
    assert!(
        opened(&secrets(&world, 0)) >= 3,
        "the same search finds them for who is in"
    );

    // Nor does any key of its own open an entry, in whatever log it stands.
    let known: Vec<LogKeys> = {
        let state = world.inside(3);
        let logs = state.logs.values();
        logs.map(|log| log.role.keys(log.secret.secret())).collect()
    };
    for entry in written.values().flatten() {
        for keys in &known {
            for label in [labels::CONVERSATION_WRAP, labels::DIRECTORY_WRAP] {
                assert!(messaging::open(&keys.wrap, label, entry).is_err());
            }
        }
    }
}
