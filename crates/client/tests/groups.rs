//! Direct conversations and working groups: how members come in, talk, go, and come back.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests"
)]

mod world;

use client::requests::{Answer, Refusal, RefusalCode, Request};
use client::views::{ConversationKind, ConversationStanding, Role};
use primitives::store::MemoryStore;
use world::{Weather, World};

const WAIT_MS: u64 = 300_000;

#[test]
fn two_members_talk_directly_and_nobody_else_knows() {
    let mut world = World::new(1, 3);
    world.found(3);
    let id = world.direct(0, 2);
    world.say_in(0, &id, "only for you").unwrap();
    world.all_see(&[0, 1], &id, &[1, 2]);
    assert_eq!(world::begun(world.ask(1, Request::Direct { seat: 1 })), id);
    world.say_in(1, &id, "I hear you").unwrap();
    world.until("both have both", WAIT_MS, |world| {
        (0..2).all(|who| world.texts_in(who, &id) == ["only for you", "I hear you"])
    });
    let (mine, theirs) = (
        world.conversation(0, &id).unwrap(),
        world.conversation(1, &id).unwrap(),
    );
    assert_eq!((mine.kind, mine.peer), (ConversationKind::Direct, Some(2)));
    assert_eq!((theirs.kind, theirs.peer), (ConversationKind::Direct, Some(1)));
    assert_eq!(mine.code, theirs.code);
    assert_eq!(world.conversation(2, &id), None);
    assert!(world.texts_in(0, &id).len() > world.texts(0).len());
}

#[test]
fn who_was_away_comes_in_by_its_card_and_reads_what_was_said_since() {
    let mut world = World::new(2, 3);
    world.found(3);
    world.run_ms(30_000);
    world.stop(2);
    let id = world.group(0, "Budget", &[2, 3]);
    world.all_see(&[0, 1], &id, &[1, 2, 3]);
    world.say_in(1, &id, "while you were away").unwrap();
    world.run_ms(60_000);
    world.start(2);
    world.until("the third has it", WAIT_MS, |world| {
        world.texts_in(2, &id) == ["while you were away"]
    });
    // Its leaf is renewed at once, and its card.
    world.run_ms(60_000);
    let codes: Vec<_> = (0..3)
        .map(|who| world.conversation(who, &id).unwrap().code)
        .collect();
    assert!(codes.iter().all(|code| *code == codes[0]), "{codes:?}");
    let view = world.conversation(2, &id).unwrap();
    assert_eq!(
        (view.title.as_str(), view.kind),
        ("Budget", ConversationKind::Group)
    );
    // A second group brings the same device in again: its renewed card works as the first one did.
    let second = world.group(1, "Press", &[3]);
    world.all_see(&[1, 2], &second, &[2, 3]);
}

#[test]
fn groups_work_in_bad_weather_and_through_crashes() {
    let mut world = World::new(3, 4);
    world.found(4);
    world.weather = Weather {
        lost_percent: 10,
        doubled_percent: 10,
        delay_max_ms: 2_000,
    };
    world.crash_percent = 3;
    let request = Request::FoundGroup {
        name: "Budget".into(),
        seats: vec![2, 3, 4],
    };
    let id = loop {
        if let Some(answer) = world.ask_mortally(0, request.clone()) {
            break world::begun(answer);
        }
    };
    world.until("all are in it", 2 * WAIT_MS, |world| {
        (0..4).all(|who| world.clients[who].is_some() && world.seats_in(who, &id) == [1, 2, 3, 4])
    });
    world.crash_percent = 0;
    for who in 0..4 {
        world.say_in(who, &id, &format!("from {who}")).unwrap();
    }
    world.until("all have all", WAIT_MS, |world| {
        (0..4).all(|who| world.texts_in(who, &id).len() == 4)
    });
    let first = world.texts_in(0, &id);
    assert!((1..4).all(|who| world.texts_in(who, &id) == first));
}

#[test]
fn who_is_brought_in_while_somebody_leaves_comes_in() {
    for seed in 20..26 {
        let mut world = World::new(seed, 4);
        world.found(4);
        let id = world.group(0, "Budget", &[2, 3]);
        world.all_see(&[0, 1, 2], &id, &[1, 2, 3]);
        world.weather.delay_max_ms = 3_000;
        // The commit that lets the one go may move the group to another log before the Welcome of the other has arrived.
        world.ask_to_leave(2, &id, 3).unwrap();
        world.run_ms(700 * (seed - 20));
        let bring = Request::Bring {
            conversation: id.clone(),
            seats: vec![4],
        };
        world.ask(0, bring).unwrap();
        world.all_see(&[0, 1, 3], &id, &[1, 2, 4]);
        world.say_in(3, &id, "here").unwrap();
        world.until("it is heard", WAIT_MS, |world| world.texts_in(1, &id) == ["here"]);
    }
}

#[test]
fn who_leaves_a_group_keeps_what_it_read_and_reads_no_more() {
    let mut world = World::new(4, 3);
    world.found(3);
    let id = world.group(0, "Budget", &[2, 3]);
    world.all_see(&[0, 1, 2], &id, &[1, 2, 3]);
    world.say_in(0, &id, "before").unwrap();
    world.until("all have it", WAIT_MS, |world| {
        (0..3).all(|who| world.texts_in(who, &id) == ["before"])
    });
    world.ask_to_leave(2, &id, 3).unwrap();
    world.all_see(&[0, 1], &id, &[1, 2]);
    world.until("it knows", WAIT_MS, |world| {
        world
            .conversation(2, &id)
            .is_some_and(|view| view.standing == ConversationStanding::Left)
    });
    world.say_in(1, &id, "after").unwrap();
    world.until("the others have it", WAIT_MS, |world| {
        (0..2).all(|who| world.texts_in(who, &id) == ["before", "after"])
    });
    world.run_ms(30_000);
    assert_eq!(world.texts_in(2, &id), ["before"]);
    let refused = world.say_in(2, &id, "let me in").unwrap_err();
    assert_eq!(refused.code, RefusalCode::NotAllowed);
    // It can be brought in again.
    let bring = Request::Bring {
        conversation: id.clone(),
        seats: vec![3],
    };
    world.ask(0, bring).unwrap();
    world.all_see(&[0, 1, 2], &id, &[1, 2, 3]);
    world.say_in(2, &id, "back").unwrap();
    world.until("all have it", WAIT_MS, |world| {
        world.texts_in(0, &id) == ["before", "after", "back"] && world.texts_in(2, &id) == ["before", "back"]
    });
}

#[test]
fn a_majority_of_deputies_puts_somebody_out_and_one_of_four_does_not() {
    let mut world = World::new(5, 4);
    world.found(4);
    let id = world.group(0, "Budget", &[2, 3, 4]);
    world.all_see(&[0, 1, 2, 3], &id, &[1, 2, 3, 4]);
    world.ask_to_leave(1, &id, 4).unwrap();
    world.run_ms(60_000);
    assert_eq!(world.seats_in(0, &id), [1, 2, 3, 4]);
    assert_eq!(world.conversation(1, &id).unwrap().leaving, [4]);
    world.ask_to_leave(2, &id, 4).unwrap();
    world.all_see(&[0, 1, 2], &id, &[1, 2, 3]);
    assert_eq!(world.conversation(1, &id).unwrap().leaving, [0u32; 0]);
    // Out of the group is not out of the assembly.
    world.say(3, "still a deputy");
    world.until("the plenary hears it", WAIT_MS, |world| {
        world.texts(0).contains(&"still a deputy".to_owned())
    });
}

#[test]
fn whom_the_journal_removes_is_out_of_groups_and_reads_nothing_new_anywhere() {
    let mut world = World::new(6, 4);
    world.found(4);
    let id = world.group(0, "Budget", &[2, 3, 4]);
    world.all_see(&[0, 1, 2, 3], &id, &[1, 2, 3, 4]);
    world.stop(3);
    for who in 0..3 {
        world.ask(who, Request::Detain { seat: 4 }).unwrap();
    }
    world.all_see(&[0, 1, 2], &id, &[1, 2, 3]);
    world.say_in(0, &id, "after").unwrap();
    // A group that is founded now is of those who are left: the directory has moved on, too.
    let second = world.group(1, "Press", &[1, 3]);
    world.all_see(&[0, 1, 2], &second, &[1, 2, 3]);
    world.start(3);
    world.run_ms(120_000);
    assert_eq!(world.texts_in(3, &id), [""; 0]);
    assert_eq!(world.conversation(3, &second), None);
}

#[test]
fn observers_talk_directly_and_listen_in_groups() {
    let mut world = World::new(7, 3);
    world.found_by(3, world::quick_charter(4));
    world
        .clients
        .push(Some(client::Client::open(MemoryStore::new()).unwrap()));
    world.grow();
    world.let_in(0, 3, Role::Observer);
    let id = world.group(0, "Budget", &[4]);
    world.all_see(&[0, 3], &id, &[1, 4]);
    let refused = world.say_in(3, &id, "a word").unwrap_err();
    assert_eq!(refused.code, RefusalCode::NotAllowed);
    let refused = world
        .ask(
            3,
            Request::FoundGroup {
                name: "Mine".into(),
                seats: vec![1],
            },
        )
        .unwrap_err();
    assert_eq!(refused.code, RefusalCode::NotAllowed);
    let id = world.direct(3, 2);
    world.say_in(3, &id, "a word").unwrap();
    world.until("it is heard", WAIT_MS, |world| {
        world.texts_in(1, &id) == ["a word"]
    });
}

#[test]
fn what_is_asked_amiss_is_refused_with_a_reason() {
    let mut world = World::new(8, 3);
    world.found(3);
    let id = world.group(0, "Budget", &[]);
    let code = |answer: Result<Answer, Refusal>| answer.unwrap_err().code;
    assert_eq!(
        code(world.ask(0, Request::Direct { seat: 1 })),
        RefusalCode::BadRequest
    );
    assert_eq!(
        code(world.ask(0, Request::Direct { seat: 9 })),
        RefusalCode::Unknown
    );
    assert_eq!(code(world.ask_to_leave(0, &id, 1)), RefusalCode::BadRequest);
    assert_eq!(code(world.ask_to_leave(0, &id, 2)), RefusalCode::Unknown);
    let plenary = world.plenary(0);
    assert_eq!(
        code(world.ask_to_leave(0, &plenary.id, 2)),
        RefusalCode::BadRequest
    );
    let long = Request::FoundGroup {
        name: "x".repeat(201),
        seats: Vec::new(),
    };
    assert_eq!(code(world.ask(0, long)), RefusalCode::BadRequest);
    let many = Request::FoundGroup {
        name: "All".into(),
        seats: (1..=60).collect(),
    };
    assert_eq!(code(world.ask(0, many)), RefusalCode::BadRequest);
}

#[test]
fn a_conversation_is_muted_put_away_and_pinned_for_oneself_alone() {
    let mut world = World::new(9, 2);
    world.found(2);
    let id = world.direct(0, 2);
    world.all_see(&[0, 1], &id, &[1, 2]);
    let arrange = Request::Arrange {
        conversation: id.clone(),
        muted: Some(true),
        archived: None,
        pinned: Some(true),
        receipts: None,
    };
    world.ask(0, arrange).unwrap();
    world.restart(0);
    let mine = world.conversation(0, &id).unwrap();
    assert_eq!((mine.muted, mine.archived, mine.pinned), (true, false, true));
    let theirs = world.conversation(1, &id).unwrap();
    assert_eq!(
        (theirs.muted, theirs.archived, theirs.pinned),
        (false, false, false)
    );
}

#[test]
fn who_was_away_longer_than_the_relay_keeps_is_told_and_accuses_nobody() {
    let mut world = World::new(47, 4);
    world.found(4);
    world.say(0, "before");
    world.until("all have it", WAIT_MS, |world| {
        (0..4).all(|who| world.texts(who) == ["before"])
    });
    world.stop(3);
    world.say(0, "while they were away");
    // The group goes on to another epoch, by a commit that nobody can read any more.
    let further = world.bring_device(0, true);
    world.until("it is in", WAIT_MS, |world| !world.texts(further).is_empty());
    world.run_ms(60_000);
    world.relay.let_go();
    world.say(1, "all of it is gone");
    world.start(3);
    world.until("they know that they cannot follow", WAIT_MS, |world| {
        world.plenary(3).standing == ConversationStanding::Halted
    });
    assert_eq!(world.texts(3), ["before"]);
    world.until("the others go on", WAIT_MS, |world| {
        (0..3).all(|who| {
            world
                .texts(who)
                .last()
                .is_some_and(|text| text == "all of it is gone")
        })
    });
    for who in 0..4 {
        assert_eq!(world.overview(who).evidence, [], "member {who}");
    }
}
