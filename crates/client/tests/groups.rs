//! Direct conversations and working groups: how members come in, talk, go, and come back.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests"
)]

mod world;

use client::requests::{Answer, Refusal, RefusalCode, Request};
use client::views::{ConversationKind, ConversationStanding, ConversationView, MessageContent, Role};
use primitives::store::MemoryStore;
use world::{Weather, World, words};

const WAIT_MS: u64 = 300_000;

fn conversation(world: &mut World, who: usize, id: &str) -> Option<ConversationView> {
    world.conversations(who).into_iter().find(|view| view.id == id)
}

fn seats(world: &mut World, who: usize, id: &str) -> Vec<u32> {
    let view = conversation(world, who, id);
    view.map_or_else(Vec::new, |view| {
        view.present.iter().map(|present| present.seat).collect()
    })
}

fn begun(answer: Result<Answer, Refusal>) -> String {
    match answer {
        Ok(Answer::Conversation { conversation }) => conversation,
        other => panic!("{other:?}"),
    }
}

fn direct(world: &mut World, who: usize, seat: u32) -> String {
    begun(world.ask(who, Request::Direct { seat }))
}

fn group(world: &mut World, who: usize, name: &str, seats: &[u32]) -> String {
    begun(world.ask(
        who,
        Request::FoundGroup {
            name: name.into(),
            seats: seats.to_vec(),
        },
    ))
}

fn say(world: &mut World, who: usize, id: &str, text: &str) -> Result<Answer, Refusal> {
    world.ask(
        who,
        Request::Send {
            conversation: Some(id.into()),
            text: text.into(),
            reply_to: None,
        },
    )
}

fn texts(world: &mut World, who: usize, id: &str) -> Vec<String> {
    let messages = world.messages(who, Some(id));
    let said = messages
        .iter()
        .filter(|view| matches!(view.content, MessageContent::Text { .. }));
    said.map(|view| words(view).to_owned()).collect()
}

fn leave(world: &mut World, who: usize, id: &str, seat: u32) -> Result<Answer, Refusal> {
    world.ask(
        who,
        Request::AskToLeave {
            conversation: id.into(),
            seat,
        },
    )
}

fn all_see(world: &mut World, members: &[usize], id: &str, seats_there: &[u32]) {
    world.until("all see who is in it", WAIT_MS, |world| {
        members.iter().all(|who| seats(world, *who, id) == seats_there)
    });
}

#[test]
fn two_members_talk_directly_and_nobody_else_knows() {
    let mut world = World::new(1, 3);
    world.found(3);
    let id = direct(&mut world, 0, 2);
    say(&mut world, 0, &id, "only for you").unwrap();
    all_see(&mut world, &[0, 1], &id, &[1, 2]);
    assert_eq!(begun(world.ask(1, Request::Direct { seat: 1 })), id);
    say(&mut world, 1, &id, "I hear you").unwrap();
    world.until("both have both", WAIT_MS, |world| {
        (0..2).all(|who| texts(world, who, &id) == ["only for you", "I hear you"])
    });
    let (mine, theirs) = (
        conversation(&mut world, 0, &id).unwrap(),
        conversation(&mut world, 1, &id).unwrap(),
    );
    assert_eq!((mine.kind, mine.peer), (ConversationKind::Direct, Some(2)));
    assert_eq!((theirs.kind, theirs.peer), (ConversationKind::Direct, Some(1)));
    assert_eq!(mine.code, theirs.code);
    assert_eq!(conversation(&mut world, 2, &id), None);
    assert!(texts(&mut world, 0, &id).len() > world.texts(0).len());
}

#[test]
fn who_was_away_comes_in_by_its_card_and_reads_what_was_said_since() {
    let mut world = World::new(2, 3);
    world.found(3);
    world.run_ms(30_000);
    world.stop(2);
    let id = group(&mut world, 0, "Budget", &[2, 3]);
    all_see(&mut world, &[0, 1], &id, &[1, 2, 3]);
    say(&mut world, 1, &id, "while you were away").unwrap();
    world.run_ms(60_000);
    world.start(2);
    world.until("the third has it", WAIT_MS, |world| {
        texts(world, 2, &id) == ["while you were away"]
    });
    // Its leaf is renewed at once, and its card.
    world.run_ms(60_000);
    let codes: Vec<_> = (0..3)
        .map(|who| conversation(&mut world, who, &id).unwrap().code)
        .collect();
    assert!(codes.iter().all(|code| *code == codes[0]), "{codes:?}");
    let view = conversation(&mut world, 2, &id).unwrap();
    assert_eq!(
        (view.title.as_str(), view.kind),
        ("Budget", ConversationKind::Group)
    );
    // A second group brings the same device in again: its renewed card works as the first one did.
    let second = group(&mut world, 1, "Press", &[3]);
    all_see(&mut world, &[1, 2], &second, &[2, 3]);
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
            break begun(answer);
        }
    };
    world.until("all are in it", 2 * WAIT_MS, |world| {
        (0..4).all(|who| world.clients[who].is_some() && seats(world, who, &id) == [1, 2, 3, 4])
    });
    world.crash_percent = 0;
    for who in 0..4 {
        say(&mut world, who, &id, &format!("from {who}")).unwrap();
    }
    world.until("all have all", WAIT_MS, |world| {
        (0..4).all(|who| texts(world, who, &id).len() == 4)
    });
    let first = texts(&mut world, 0, &id);
    assert!((1..4).all(|who| texts(&mut world, who, &id) == first));
}

#[test]
fn who_is_brought_in_while_somebody_leaves_comes_in() {
    for seed in 20..26 {
        let mut world = World::new(seed, 4);
        world.found(4);
        let id = group(&mut world, 0, "Budget", &[2, 3]);
        all_see(&mut world, &[0, 1, 2], &id, &[1, 2, 3]);
        world.weather.delay_max_ms = 3_000;
        // The commit that lets the one go may move the group to another log before the Welcome of the other has arrived.
        leave(&mut world, 2, &id, 3).unwrap();
        world.run_ms(700 * (seed - 20));
        let bring = Request::Bring {
            conversation: id.clone(),
            seats: vec![4],
        };
        world.ask(0, bring).unwrap();
        all_see(&mut world, &[0, 1, 3], &id, &[1, 2, 4]);
        say(&mut world, 3, &id, "here").unwrap();
        world.until("it is heard", WAIT_MS, |world| texts(world, 1, &id) == ["here"]);
    }
}

#[test]
fn who_leaves_a_group_keeps_what_it_read_and_reads_no_more() {
    let mut world = World::new(4, 3);
    world.found(3);
    let id = group(&mut world, 0, "Budget", &[2, 3]);
    all_see(&mut world, &[0, 1, 2], &id, &[1, 2, 3]);
    say(&mut world, 0, &id, "before").unwrap();
    world.until("all have it", WAIT_MS, |world| {
        (0..3).all(|who| texts(world, who, &id) == ["before"])
    });
    leave(&mut world, 2, &id, 3).unwrap();
    all_see(&mut world, &[0, 1], &id, &[1, 2]);
    world.until("it knows", WAIT_MS, |world| {
        conversation(world, 2, &id).is_some_and(|view| view.standing == ConversationStanding::Left)
    });
    say(&mut world, 1, &id, "after").unwrap();
    world.until("the others have it", WAIT_MS, |world| {
        (0..2).all(|who| texts(world, who, &id) == ["before", "after"])
    });
    world.run_ms(30_000);
    assert_eq!(texts(&mut world, 2, &id), ["before"]);
    let refused = say(&mut world, 2, &id, "let me in").unwrap_err();
    assert_eq!(refused.code, RefusalCode::NotAllowed);
    // It can be brought in again.
    let bring = Request::Bring {
        conversation: id.clone(),
        seats: vec![3],
    };
    world.ask(0, bring).unwrap();
    all_see(&mut world, &[0, 1, 2], &id, &[1, 2, 3]);
    say(&mut world, 2, &id, "back").unwrap();
    world.until("all have it", WAIT_MS, |world| {
        texts(world, 0, &id) == ["before", "after", "back"] && texts(world, 2, &id) == ["before", "back"]
    });
}

#[test]
fn a_majority_of_deputies_puts_somebody_out_and_one_of_four_does_not() {
    let mut world = World::new(5, 4);
    world.found(4);
    let id = group(&mut world, 0, "Budget", &[2, 3, 4]);
    all_see(&mut world, &[0, 1, 2, 3], &id, &[1, 2, 3, 4]);
    leave(&mut world, 1, &id, 4).unwrap();
    world.run_ms(60_000);
    assert_eq!(seats(&mut world, 0, &id), [1, 2, 3, 4]);
    assert_eq!(conversation(&mut world, 1, &id).unwrap().leaving, [4]);
    leave(&mut world, 2, &id, 4).unwrap();
    all_see(&mut world, &[0, 1, 2], &id, &[1, 2, 3]);
    assert_eq!(conversation(&mut world, 1, &id).unwrap().leaving, [0u32; 0]);
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
    let id = group(&mut world, 0, "Budget", &[2, 3, 4]);
    all_see(&mut world, &[0, 1, 2, 3], &id, &[1, 2, 3, 4]);
    world.stop(3);
    for who in 0..3 {
        world.ask(who, Request::Detain { seat: 4 }).unwrap();
    }
    all_see(&mut world, &[0, 1, 2], &id, &[1, 2, 3]);
    say(&mut world, 0, &id, "after").unwrap();
    // A group that is founded now is of those who are left: the directory has moved on, too.
    let second = group(&mut world, 1, "Press", &[1, 3]);
    all_see(&mut world, &[0, 1, 2], &second, &[1, 2, 3]);
    world.start(3);
    world.run_ms(120_000);
    assert_eq!(texts(&mut world, 3, &id), [""; 0]);
    assert_eq!(conversation(&mut world, 3, &second), None);
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
    let id = group(&mut world, 0, "Budget", &[4]);
    all_see(&mut world, &[0, 3], &id, &[1, 4]);
    let refused = say(&mut world, 3, &id, "a word").unwrap_err();
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
    let id = direct(&mut world, 3, 2);
    say(&mut world, 3, &id, "a word").unwrap();
    world.until("it is heard", WAIT_MS, |world| texts(world, 1, &id) == ["a word"]);
}

#[test]
fn what_is_asked_amiss_is_refused_with_a_reason() {
    let mut world = World::new(8, 3);
    world.found(3);
    let id = group(&mut world, 0, "Budget", &[]);
    let code = |answer: Result<Answer, Refusal>| answer.unwrap_err().code;
    assert_eq!(
        code(world.ask(0, Request::Direct { seat: 1 })),
        RefusalCode::BadRequest
    );
    assert_eq!(
        code(world.ask(0, Request::Direct { seat: 9 })),
        RefusalCode::Unknown
    );
    assert_eq!(code(leave(&mut world, 0, &id, 1)), RefusalCode::BadRequest);
    assert_eq!(code(leave(&mut world, 0, &id, 2)), RefusalCode::Unknown);
    let plenary = world.plenary(0);
    assert_eq!(
        code(leave(&mut world, 0, &plenary.id, 2)),
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
    let id = direct(&mut world, 0, 2);
    all_see(&mut world, &[0, 1], &id, &[1, 2]);
    let arrange = Request::Arrange {
        conversation: id.clone(),
        muted: Some(true),
        archived: None,
        pinned: Some(true),
    };
    world.ask(0, arrange).unwrap();
    world.restart(0);
    let mine = conversation(&mut world, 0, &id).unwrap();
    assert_eq!((mine.muted, mine.archived, mine.pinned), (true, false, true));
    let theirs = conversation(&mut world, 1, &id).unwrap();
    assert_eq!(
        (theirs.muted, theirs.archived, theirs.pinned),
        (false, false, false)
    );
}
