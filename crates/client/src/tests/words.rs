//! What one member can try with messages that name others' messages: every receiver skips it, counts it, and shows nothing of it.

use super::world::World;
use crate::state::Content;
use crate::views::MessageContent;
use messaging::{AppMessage, Body, Emoji, Timer};
use primitives::{ConversationId, MessageId, MessageName};
use std::collections::BTreeMap;

fn findings(world: &mut World, who: usize) -> BTreeMap<String, u64> {
    let findings = world.plenary(who).findings;
    findings
        .into_iter()
        .map(|finding| (finding.rule, finding.count))
        .collect()
}

/// A text of `who`'s that all have read; its name.
fn said(world: &mut World, who: usize, text: &str) -> MessageName {
    world.say(who, text);
    world.until("all have it", 120_000, |world| {
        world
            .members_online()
            .into_iter()
            .all(|who| world.texts(who).iter().any(|words| words == text))
    });
    let view = world
        .messages(who, None)
        .into_iter()
        .find(|view| matches!(&view.content, MessageContent::Text { text: words, .. } if words == text));
    view.expect("it stands there").id.parse().expect("a name")
}

/// Sends whatever body, under whatever id, as an honest client's message would go.
fn send_raw(world: &mut World, who: usize, id: MessageId, body: Body) {
    world.act(who, |step| {
        let plenary = here(step);
        let log = step.state.conversations[&plenary].log;
        let device = step.device()?;
        let mut conversation = step.take_session(plenary)?.expect("a group");
        let message = AppMessage {
            id,
            sent: step.now,
            journal: None,
            conversation: None,
            body,
        };
        let bytes = conversation.encrypt(&device.own()?, &message).expect("encrypted");
        Ok(step.wrap_and_post(conversation, log, &bytes, &Content::Side, None)?)
    });
}

fn here(step: &crate::step::Step<'_>) -> ConversationId {
    let member = step.state.member.as_ref();
    member.and_then(|member| member.plenary).expect("a plenary")
}

fn emoji(number: u32) -> Emoji {
    let c = char::from_u32(0x1f600 + number).expect("a character");
    Emoji::new(&c.to_string()).expect("an emoji")
}

fn name(seed: u8) -> MessageId {
    MessageId::new([seed; 32])
}

#[test]
fn a_stranger_s_edit_and_deletion_of_others_words_are_skipped_and_counted() {
    let mut world = World::new(211, 3);
    world.found(3);
    let message = said(&mut world, 1, "my words");
    let words = "words in another's mouth".to_owned();
    send_raw(&mut world, 0, name(1), Body::Edit { message, words });
    send_raw(&mut world, 0, name(2), Body::Delete { message });
    said(&mut world, 0, "after it");
    for who in 1..3 {
        assert_eq!(world.texts(who), ["my words", "after it"]);
        let findings = findings(&mut world, who);
        assert_eq!((findings["MSG-20"], findings["MSG-21"]), (1, 1));
    }
}

#[test]
fn edits_after_a_deletion_and_beyond_their_number_change_nothing() {
    let mut world = World::new(223, 2);
    world.found(2);
    let message = said(&mut world, 0, "words");
    for number in 0..20u8 {
        let words = format!("words {number}");
        send_raw(&mut world, 0, name(number), Body::Edit { message, words });
        world.run_ms(500);
    }
    said(&mut world, 0, "after the edits");
    assert_eq!(world.texts(1), ["words 15", "after the edits"]);
    assert_eq!(findings(&mut world, 1)["MSG-20"], 4);
    send_raw(&mut world, 0, name(100), Body::Delete { message });
    world.run_ms(2_000);
    let words = "risen again".to_owned();
    send_raw(&mut world, 0, name(101), Body::Edit { message, words });
    // Under the name that was taken back nothing is said again either.
    said(&mut world, 0, "after the deletion");
    assert_eq!(world.texts(1), ["after the edits", "after the deletion"]);
}

#[test]
fn a_flood_of_reactions_is_bounded_at_every_receiver() {
    let mut world = World::new(227, 3);
    world.found(3);
    let message = said(&mut world, 1, "react to this");
    for number in 0..12 {
        for round in 0..2u32 {
            let id = MessageId::new([number as u8 + 100 * round as u8; 32]);
            let body = Body::React {
                message,
                emoji: emoji(number),
                set: true,
            };
            send_raw(&mut world, 0, id, body);
            world.run_ms(200);
        }
    }
    said(&mut world, 0, "after the flood");
    for who in 1..3 {
        let view = world
            .messages(who, None)
            .into_iter()
            .find(|view| view.id == message.to_string())
            .expect("it is there");
        let emoji: Vec<_> = view
            .reactions
            .iter()
            .map(|it| (it.emoji.clone(), it.seats.clone()))
            .collect();
        let expected: Vec<_> = (0..4)
            .map(|number| (self::emoji(number).to_string(), vec![1]))
            .collect();
        assert_eq!(emoji, expected);
        assert_eq!(findings(&mut world, who)["MSG-22"], 16);
    }
}

#[test]
fn msg_19_a_copied_id_takes_nobody_s_place_and_a_second_copy_is_dropped() {
    let mut world = World::new(229, 3);
    world.found(3);
    let id = name(7);
    // The insider is first with the id that somebody else is about to use.
    send_raw(&mut world, 0, id, Body::Text("squatter".into()));
    world.run_ms(2_000);
    send_raw(&mut world, 1, id, Body::Text("the author".into()));
    world.run_ms(2_000);
    send_raw(&mut world, 1, id, Body::Text("the author twice".into()));
    said(&mut world, 1, "after it");
    assert_eq!(world.texts(2), ["squatter", "the author", "after it"]);
    let ids: Vec<_> = world.messages(2, None).into_iter().map(|view| view.id).collect();
    let mut distinct = ids.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(ids.len(), distinct.len());
}

#[test]
fn msg_23_and_msg_24_experts_set_no_timer_and_observers_say_nothing() {
    let mut world = World::new(233, 3);
    world.found_by(2, super::world::quick_charter(4));
    world.clients.push(Some(
        crate::Client::open(primitives::store::MemoryStore::new()).expect("opens"),
    ));
    world.grow();
    world.let_in(0, 3, crate::views::Role::Observer);
    let day = Timer::new(24 * 3_600_000);
    send_raw(&mut world, 2, name(1), Body::Timer(day));
    send_raw(&mut world, 3, name(2), Body::Text("an observer speaks".into()));
    send_raw(&mut world, 3, name(3), Body::Timer(day));
    said(&mut world, 2, "after it");
    for who in 0..2 {
        assert_eq!(world.texts(who), ["after it"]);
        assert_eq!(world.plenary(who).timer_ms, None);
        let findings = findings(&mut world, who);
        assert_eq!((findings["MSG-23"], findings["MSG-24"]), (1, 2));
    }
}

#[test]
fn malformed_kinds_are_skipped_and_unknown_ones_are_kept() {
    let mut world = World::new(239, 2);
    world.found(2);
    let raw = |kind: u16, content: &[u8]| Body::Unknown {
        kind,
        content: content.to_vec(),
    };
    for kind in 1..7u8 {
        send_raw(&mut world, 0, name(kind), raw(kind.into(), &[0xff, kind]));
    }
    send_raw(&mut world, 0, name(9), raw(900, b"later"));
    said(&mut world, 0, "after it");
    assert_eq!(findings(&mut world, 1)["MSG-10"], 6);
    let views = world.messages(1, None);
    let unknown = views
        .iter()
        .filter(|view| view.content == MessageContent::NeedsNewerVersion)
        .count();
    assert_eq!(unknown, 1);
}
