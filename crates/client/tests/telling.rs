//! What members' devices tell each other and their users besides words: receipts, a group's name, safety numbers, notices.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests"
)]

mod world;

use client::requests::{Answer, Event, NoticeKind, Refusal, RefusalCode, Request};
use client::views::{MessageContent, MessageView, ReceiptLevel};
use world::{Weather, World, words};

const WAIT_MS: u64 = 300_000;

/// The message with these words as `who` sees it.
fn message(world: &mut World, who: usize, id: &str, text: &str) -> MessageView {
    let messages = world.messages(who, Some(id));
    messages.into_iter().find(|view| words(view) == text).unwrap()
}

fn told(world: &mut World, who: usize, id: &str, text: &str) -> (u32, u32) {
    let view = message(world, who, id, text);
    (view.arrived, view.read)
}

fn arrange(world: &mut World, who: usize, id: &str, level: ReceiptLevel) -> Result<Answer, Refusal> {
    let request = Request::Arrange {
        conversation: id.into(),
        muted: None,
        archived: None,
        pinned: None,
        receipts: Some(level),
    };
    world.ask(who, request)
}

fn rename(world: &mut World, who: usize, id: &str, name: &str) -> Result<Answer, Refusal> {
    let request = Request::Rename {
        conversation: id.into(),
        name: name.into(),
    };
    world.ask(who, request)
}

fn title(world: &mut World, who: usize, id: &str) -> String {
    world
        .conversation(who, id)
        .map_or_else(String::new, |view| view.title)
}

/// Entries of all logs.
fn entries(world: &World) -> usize {
    world.relay.entries().values().map(Vec::len).sum()
}

fn code(answer: Result<Answer, Refusal>) -> RefusalCode {
    answer.unwrap_err().code
}

#[test]
fn msg_31_who_speaks_learns_at_how_many_it_has_arrived_and_who_reads_says_so_if_they_want() {
    let mut world = World::new(1, 4);
    world.found(4);
    let id = world.group(0, "Budget", &[2, 3, 4]);
    world.all_see(&[0, 1, 2, 3], &id, &[1, 2, 3, 4]);
    arrange(&mut world, 1, &id, ReceiptLevel::Read).unwrap();
    arrange(&mut world, 3, &id, ReceiptLevel::None).unwrap();
    world.say_in(0, &id, "heard?").unwrap();
    world.until("it has arrived at two", WAIT_MS, |world| {
        told(world, 0, &id, "heard?") == (2, 0)
    });
    for who in 1..4 {
        world.read(who, Some(&id), true);
    }
    world.until("one has read it", WAIT_MS, |world| {
        told(world, 0, &id, "heard?") == (2, 1)
    });
    // The others say no more, however long one waits; and nobody is told of what others have said.
    world.run_ms(120_000);
    assert_eq!(told(&mut world, 0, &id, "heard?"), (2, 1));
    assert_eq!(told(&mut world, 1, &id, "heard?"), (0, 0));
    // A receipt is no line, and no receipt is for a receipt: all is quiet again.
    let lines: Vec<u64> = (0..4)
        .map(|who| world.conversation(who, &id).unwrap().messages)
        .collect();
    let before = entries(&world);
    world.run_ms(120_000);
    assert_eq!(entries(&world), before);
    let after: Vec<u64> = (0..4)
        .map(|who| world.conversation(who, &id).unwrap().messages)
        .collect();
    assert_eq!(lines, after);
}

#[test]
fn msg_31_many_messages_are_told_by_one_receipt() {
    let mut world = World::new(2, 2);
    world.found(2);
    let id = world.direct(0, 2);
    world.say_in(0, &id, "first").unwrap();
    world.all_see(&[0, 1], &id, &[1, 2]);
    world.run_ms(120_000);
    let before = entries(&world);
    for number in 0..20 {
        world.say_in(0, &id, &format!("{number}")).unwrap();
    }
    world.until("the last has arrived", WAIT_MS, |world| {
        told(world, 0, &id, "19") == (1, 0)
    });
    assert!((0..20).all(|number| told(&mut world, 0, &id, &format!("{number}")) == (1, 0)));
    assert_eq!(entries(&world), before + 20 + 1);
}

#[test]
fn msg_31_to_answer_is_not_to_have_read() {
    let mut world = World::new(10, 2);
    world.found(2);
    let id = world.direct(0, 2);
    world.say_in(0, &id, "seen?").unwrap();
    world.all_see(&[0, 1], &id, &[1, 2]);
    arrange(&mut world, 1, &id, ReceiptLevel::Read).unwrap();
    world.until("it is there", WAIT_MS, |world| {
        world.texts_in(1, &id) == ["seen?"]
    });
    world.say_in(1, &id, "an answer").unwrap();
    world.until("it has arrived", WAIT_MS, |world| {
        told(world, 0, &id, "seen?") == (1, 0)
    });
    world.run_ms(120_000);
    assert_eq!(told(&mut world, 0, &id, "seen?"), (1, 0));
    // What follows comes before the eyes, and all before it with it.
    world.say_in(0, &id, "and this?").unwrap();
    world.until("it is there", WAIT_MS, |world| world.texts_in(1, &id).len() == 3);
    world.read(1, Some(&id), true);
    world.until("both are read", WAIT_MS, |world| {
        ["seen?", "and this?"].map(|text| told(world, 0, &id, text)) == [(1, 1), (1, 1)]
    });
}

#[test]
fn msg_31_a_device_that_starts_does_not_tell_so_at_once() {
    let mut world = World::new(11, 2);
    world.found(2);
    let id = world.direct(0, 2);
    world.all_see(&[0, 1], &id, &[1, 2]);
    world.run_ms(120_000);
    world.say_in(0, &id, "there?").unwrap();
    world.until("it is there", 10_000, |world| {
        world.texts_in(1, &id) == ["there?"]
    });
    world.stop(1);
    world.run_ms(600_000);
    world.start(1);
    world.run_ms(14_000);
    assert_eq!(told(&mut world, 0, &id, "there?"), (0, 0));
    world.until("it is told later", WAIT_MS, |world| {
        told(world, 0, &id, "there?") == (1, 0)
    });
}

#[test]
fn msg_31_in_the_plenary_no_device_says_when_it_is_there() {
    let mut world = World::new(3, 3);
    world.found(3);
    world.run_ms(60_000);
    let plenary = world.plenary(1).id;
    assert_eq!(world.plenary(1).receipts, ReceiptLevel::None);
    assert_eq!(
        code(arrange(&mut world, 1, &plenary, ReceiptLevel::Read)),
        RefusalCode::NotAllowed
    );
    let before = entries(&world);
    world.say(0, "to all");
    world.until("all have it", WAIT_MS, |world| {
        (0..3).all(|who| world.texts(who) == ["to all"])
    });
    world.run_ms(120_000);
    assert_eq!(entries(&world), before + 1);
    assert_eq!(told(&mut world, 0, &plenary, "to all"), (0, 0));
}

#[test]
fn msg_31_receipts_survive_bad_weather_and_crashes() {
    let mut world = World::new(4, 3);
    world.found(3);
    let id = world.group(0, "Budget", &[2, 3]);
    world.all_see(&[0, 1, 2], &id, &[1, 2, 3]);
    world.weather = Weather {
        lost_percent: 10,
        doubled_percent: 10,
        delay_max_ms: 2_000,
    };
    for number in 0..6 {
        world.say_in(number % 3, &id, &format!("{number}")).unwrap();
        world.run_ms(20_000);
        world.restart((number + 1) % 3);
    }
    world.until("all are told of all", 10 * WAIT_MS, |world| {
        (0..6).all(|number| told(world, number % 3, &id, &format!("{number}")) == (2, 0))
    });
}

#[test]
fn msg_32_a_group_is_renamed_by_a_deputy_for_all_and_for_those_who_come_later() {
    let mut world = World::new(5, 4);
    world.found(3);
    let id = world.group(0, "Budget", &[2, 4]);
    world.all_see(&[0, 1, 3], &id, &[1, 2, 4]);
    assert_eq!(code(rename(&mut world, 3, &id, "Mine")), RefusalCode::NotAllowed);
    assert_eq!(
        code(rename(&mut world, 0, &id, "two\nlines")),
        RefusalCode::BadRequest
    );
    let plenary = world.plenary(0).id;
    assert_eq!(
        code(rename(&mut world, 0, &plenary, "Ours")),
        RefusalCode::BadRequest
    );
    rename(&mut world, 1, &id, "Money").unwrap();
    world.until("all see the name", WAIT_MS, |world| {
        [0, 1, 3].iter().all(|who| title(world, *who, &id) == "Money")
    });
    let renamed = MessageContent::Renamed { name: "Money".into() };
    let lines = world.messages(0, Some(&id));
    assert_eq!(lines.iter().filter(|view| view.content == renamed).count(), 1);
    let bring = Request::Bring {
        conversation: id.clone(),
        seats: vec![3],
    };
    world.ask(0, bring).unwrap();
    world.until("who comes later sees it", WAIT_MS, |world| {
        title(world, 2, &id) == "Money"
    });
    // Those who knew it are not told again.
    world.run_ms(30_000);
    let lines = world.messages(1, Some(&id));
    assert_eq!(lines.iter().filter(|view| view.content == renamed).count(), 1);
    // The last one in the log counts, whoever's clock says what.
    world.weather.delay_max_ms = 4_000;
    rename(&mut world, 0, &id, "One").unwrap();
    rename(&mut world, 1, &id, "Other").unwrap();
    world.run_ms(60_000);
    let titles: Vec<String> = (0..4).map(|who| title(&mut world, who, &id)).collect();
    assert!(
        titles.iter().all(|name| *name == titles[0] && name != "Money"),
        "{titles:?}"
    );
}

#[test]
fn safety_numbers_are_the_same_on_both_sides_and_the_mark_stays() {
    let mut world = World::new(6, 3);
    world.found(3);
    let number =
        |world: &mut World, who: usize, seat: u32| match world.ask(who, Request::SafetyNumber { seat }) {
            Ok(Answer::SafetyNumber { digits, qr, verified }) => {
                assert!(qr.contains("<svg"));
                (digits, verified.is_some())
            }
            other => panic!("{other:?}"),
        };
    let (mine, marked) = number(&mut world, 0, 2);
    assert!(!marked);
    assert_eq!(mine, number(&mut world, 1, 1).0);
    assert_ne!(mine, number(&mut world, 0, 3).0);
    let mark = |verified| Request::MarkVerified { seat: 2, verified };
    world.ask(0, mark(true)).unwrap();
    world.restart(0);
    assert!(number(&mut world, 0, 2).1);
    let Ok(Answer::Members { members }) = world.ask(0, Request::Members) else {
        panic!("no members");
    };
    let verified: Vec<u32> = members
        .iter()
        .filter(|view| view.verified)
        .map(|view| view.seat)
        .collect();
    assert_eq!(verified, [2]);
    world.ask(0, mark(false)).unwrap();
    assert!(!number(&mut world, 0, 2).1);
    assert_eq!(
        code(world.ask(0, Request::SafetyNumber { seat: 1 })),
        RefusalCode::BadRequest
    );
    assert_eq!(
        code(world.ask(0, Request::SafetyNumber { seat: 9 })),
        RefusalCode::Unknown
    );
}

#[test]
fn notices_say_that_something_is_there_and_nothing_of_it() {
    let mut world = World::new(7, 3);
    world.found(3);
    let id = world.group(0, "Budget", &[2, 3]);
    world.all_see(&[0, 1, 2], &id, &[1, 2, 3]);
    world.run_ms(30_000);
    world.ask(2, Request::SetNotices { on: false }).unwrap();
    let notices = |world: &mut World, who: usize| -> Vec<NoticeKind> {
        let events = std::mem::take(&mut world.told[who]);
        let kinds = events.into_iter().filter_map(|event| match event {
            Event::Notice { kind, .. } => Some(kind),
            _ => None,
        });
        let mut kinds: Vec<_> = kinds.collect();
        kinds.sort_unstable();
        kinds
    };
    (0..3).for_each(|who| drop(notices(&mut world, who)));
    world.say_in(0, &id, "good morning").unwrap();
    world.say_in(0, &id, "@{2} and you?").unwrap();
    world.until("all have it", WAIT_MS, |world| {
        (0..3).all(|who| world.texts_in(who, &id).len() == 2)
    });
    assert_eq!(notices(&mut world, 1), [NoticeKind::Message, NoticeKind::Mention]);
    assert_eq!(notices(&mut world, 0), []);
    assert_eq!(notices(&mut world, 2), []);
    let mute = Request::Arrange {
        conversation: id.clone(),
        muted: Some(true),
        archived: None,
        pinned: None,
        receipts: None,
    };
    world.ask(1, mute).unwrap();
    world.say_in(0, &id, "@{2} hello?").unwrap();
    world.until("all have it", WAIT_MS, |world| {
        (0..3).all(|who| world.texts_in(who, &id).len() == 3)
    });
    assert_eq!(notices(&mut world, 1), []);
}

#[test]
fn whoever_can_vote_is_told_before_the_close_voted_or_not() {
    let mut world = World::new(8, 3);
    world.found(3);
    let motion = world.open_vote(0, 1, "Statute", client::views::VoteKind::RollCall);
    world.vote(0, &motion, client::views::Choice::For);
    world.until("it is decided", 10 * WAIT_MS, |world| {
        world.motion(1, &motion).unwrap().phase == client::views::Phase::Decided
    });
    let deadlines = |world: &World, who: usize| {
        let told = |event: &&Event| matches!(event, Event::Notice { kind: NoticeKind::Deadline, motion: Some(about), .. } if *about == motion);
        world.told[who].iter().filter(told).count()
    };
    assert_eq!((deadlines(&world, 0), deadlines(&world, 1)), (1, 1));
}
