//! Messages as people know them from messengers: answered, changed, taken back, reacted to, gone after a while, found again.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests"
)]

mod world;

use client::requests::{Answer, Event, Refusal, RefusalCode, Request};
use client::views::{MessageContent, MessageState, MessageView, Role, RunStyle};
use primitives::store::MemoryStore;
use rand_core::SeedableRng;
use world::{World, words};

const MINUTE: u64 = 60_000;
const DAY: u64 = 24 * 60 * MINUTE;

fn view(world: &mut World, who: usize, id: &str) -> Option<MessageView> {
    world.messages(who, None).into_iter().find(|view| view.id == id)
}

fn send(world: &mut World, who: usize, text: &str, reply_to: Option<&str>) -> String {
    let request = Request::Send {
        conversation: None,
        text: text.into(),
        reply_to: reply_to.map(str::to_owned),
    };
    match world.ask(who, request) {
        Ok(Answer::Sent { message }) => message,
        other => panic!("{other:?}"),
    }
}

fn edit(world: &mut World, who: usize, message: &str, text: &str) -> Result<Answer, Refusal> {
    let (message, text) = (message.to_owned(), text.to_owned());
    let request = Request::Edit {
        conversation: None,
        message,
        text,
    };
    world.ask(who, request)
}

fn delete(world: &mut World, who: usize, message: &str) -> Result<Answer, Refusal> {
    let request = Request::Delete {
        conversation: None,
        message: message.into(),
    };
    world.ask(who, request)
}

fn react(
    world: &mut World,
    who: usize,
    message: &str,
    emoji: &str,
    take_back: bool,
) -> Result<Answer, Refusal> {
    let (message, emoji) = (message.to_owned(), emoji.to_owned());
    let request = Request::React {
        conversation: None,
        message,
        emoji,
        take_back,
    };
    world.ask(who, request)
}

fn set_timer(world: &mut World, who: usize, timer_ms: Option<u64>) -> Result<Answer, Refusal> {
    let request = Request::SetTimer {
        conversation: None,
        timer_ms,
    };
    world.ask(who, request)
}

fn search(world: &mut World, who: usize, text: &str) -> Vec<String> {
    let request = Request::Search {
        text: text.into(),
        conversation: None,
        limit: None,
    };
    match world.ask(who, request) {
        Ok(Answer::Found { messages }) => messages
            .iter()
            .map(|found| words(&found.message).to_owned())
            .collect(),
        other => panic!("{other:?}"),
    }
}

fn code(result: Result<Answer, Refusal>) -> Option<RefusalCode> {
    result.err().map(|refusal| refusal.code)
}

/// Everybody sees the same lines, but for what is one's own of them.
fn settled(world: &mut World) {
    world.until("all see the same", 5 * MINUTE, |world| {
        let lines = |world: &mut World, who: usize| -> Vec<_> {
            world
                .messages(who, None)
                .into_iter()
                .filter(|view| !matches!(view.content, MessageContent::Roster { .. }))
                .map(|view| {
                    let waits = view.changing || view.state == MessageState::Waiting;
                    let reactions: Vec<_> = view
                        .reactions
                        .iter()
                        .map(|it| (it.emoji.clone(), it.seats.clone()))
                        .collect();
                    (view.id, view.content, reactions, view.edited, view.over, waits)
                })
                .collect()
        };
        let first = lines(world, 0);
        let calm = first.iter().all(|line| !line.5);
        calm && world
            .members_online()
            .into_iter()
            .all(|who| lines(world, who) == first)
    });
}

/// Everything that old blocks of a member's disk still open to somebody who has the passphrase.
fn opens(world: &mut World, who: usize, needle: &str) -> bool {
    let store = world.clients[who].as_mut().unwrap().store_mut();
    store
        .openable()
        .any(|(_, value)| value.windows(needle.len()).any(|part| part == needle.as_bytes()))
}

fn hoard(world: &mut World) {
    for client in world.clients.iter_mut().flatten() {
        MemoryStore::hoard(client.store_mut());
    }
}

#[test]
fn a_talk_with_answers_changes_and_reactions_is_the_same_for_all() {
    let mut world = World::new(61, 3);
    world.found(3);
    let question = send(&mut world, 0, "Когда *собрание*? @{2}", None);
    settled(&mut world);
    let answer = send(&mut world, 1, "Завтра", Some(&question));
    settled(&mut world);
    edit(&mut world, 1, &answer, "Завтра в 9").unwrap();
    settled(&mut world);
    assert_eq!(view(&mut world, 2, &answer).unwrap().edits, 1);
    edit(&mut world, 1, &answer, "Завтра в 10").unwrap();
    react(&mut world, 0, &answer, "👍", false).unwrap();
    react(&mut world, 2, &answer, "👍", false).unwrap();
    // What leaves at once may change places on the way.
    settled(&mut world);
    react(&mut world, 2, &answer, "❤\u{fe0f}", false).unwrap();
    settled(&mut world);

    let seen = view(&mut world, 2, &answer).unwrap();
    assert_eq!(words(&seen), "Завтра в 10");
    assert_eq!((seen.edited.is_some(), seen.edits), (true, 2));
    let reply = seen.reply.unwrap();
    assert_eq!(
        (reply.id.as_str(), reply.seat, reply.there),
        (question.as_str(), 1, true)
    );
    assert_eq!(reply.excerpt, "Когда собрание? @Member 1");
    let reactions: Vec<_> = seen
        .reactions
        .iter()
        .map(|it| (it.emoji.as_str(), it.mine))
        .collect();
    assert_eq!(seen.reactions[0].seats, [1, 3]);
    assert_eq!(reactions, [("👍", true), ("❤\u{fe0f}", true)]);

    let asked = view(&mut world, 1, &question).unwrap();
    assert!(asked.mentions_me && asked.mentions == [2]);
    let MessageContent::Text { runs, .. } = asked.content else {
        panic!()
    };
    assert_eq!(runs[1].styles, [RunStyle::Bold]);
    assert_eq!(runs[3].seat, Some(2));

    react(&mut world, 2, &answer, "👍", true).unwrap();
    delete(&mut world, 0, &question).unwrap();
    settled(&mut world);
    let seen = view(&mut world, 2, &answer).unwrap();
    assert_eq!(seen.reactions[0].seats, [1]);
    assert!(!seen.reply.unwrap().there);
    assert_eq!(
        view(&mut world, 1, &question).unwrap().content,
        MessageContent::Deleted
    );
    let texts: Vec<_> = search(&mut world, 0, "завтра");
    assert_eq!(texts, ["Завтра в 10"]);
}

#[test]
fn what_breaks_a_rule_is_refused_before_it_is_sent() {
    let mut world = World::new(67, 4);
    world.found(3);
    let message = send(&mut world, 0, "mine", None);
    settled(&mut world);
    assert_eq!(
        code(edit(&mut world, 1, &message, "yours")),
        Some(RefusalCode::NotAllowed)
    );
    assert_eq!(
        code(delete(&mut world, 1, &message)),
        Some(RefusalCode::NotAllowed)
    );
    assert_eq!(
        code(react(&mut world, 1, &message, "👍👍", false)),
        Some(RefusalCode::BadRequest)
    );
    for emoji in ["1", "2", "3", "4"] {
        react(&mut world, 1, &message, emoji, false).unwrap();
    }
    // What waits counts as well.
    assert_eq!(
        code(react(&mut world, 1, &message, "5", false)),
        Some(RefusalCode::NotAllowed)
    );
    assert!(react(&mut world, 1, &message, "1", false).is_ok());
    // An expert speaks, and sets no timer.
    assert_eq!(
        code(set_timer(&mut world, 3, Some(DAY))),
        Some(RefusalCode::NotAllowed)
    );
    assert_eq!(
        code(set_timer(&mut world, 0, Some(5))),
        Some(RefusalCode::BadRequest)
    );
    let nobody = "ab".repeat(32);
    assert_eq!(
        code(edit(&mut world, 0, &nobody, "x")),
        Some(RefusalCode::Unknown)
    );
    assert_eq!(
        code(react(&mut world, 0, &nobody, "1", false)),
        Some(RefusalCode::Unknown)
    );
    delete(&mut world, 0, &message).unwrap();
    assert_eq!(
        code(edit(&mut world, 0, &message, "again")),
        Some(RefusalCode::AlreadyDone)
    );
    settled(&mut world);
    assert_eq!(
        code(delete(&mut world, 0, &message)),
        Some(RefusalCode::AlreadyDone)
    );
    assert_eq!(
        code(react(&mut world, 1, &message, "👍", false)),
        Some(RefusalCode::AlreadyDone)
    );
    let late = send(&mut world, 0, "late", None);
    settled(&mut world);
    world.now = world.now.after(DAY + 1);
    assert_eq!(
        code(edit(&mut world, 0, &late, "too late")),
        Some(RefusalCode::NotAllowed)
    );
    assert!(delete(&mut world, 0, &late).is_ok());
    // Cyrillic letters have two bytes each.
    let long = Request::Send {
        conversation: None,
        text: "ж".repeat(16_400),
        reply_to: None,
    };
    assert_eq!(code(world.ask(0, long)), Some(RefusalCode::BadRequest));
}

#[test]
fn an_observer_reads_and_does_nothing_else() {
    let mut world = World::new(71, 2);
    let seats = world::quick_charter(3);
    world.found_by(2, seats);
    world
        .clients
        .push(Some(client::Client::open(MemoryStore::new()).unwrap()));
    world.grow();
    world.let_in(0, 2, Role::Observer);
    let message = send(&mut world, 0, "hear me", None);
    world.until("heard", 2 * MINUTE, |world| view(world, 2, &message).is_some());
    assert_eq!(
        code(react(&mut world, 2, &message, "👍", false)),
        Some(RefusalCode::NotAllowed)
    );
    assert_eq!(
        code(delete(&mut world, 2, &message)),
        Some(RefusalCode::NotAllowed)
    );
    assert_eq!(
        code(set_timer(&mut world, 2, None)),
        Some(RefusalCode::NotAllowed)
    );
}

#[test]
fn words_that_have_not_left_are_changed_and_withdrawn_where_they_wait() {
    let mut world = World::new(73, 2);
    world.found(2);
    settled(&mut world);
    hoard(&mut world);
    world.weather.lost_percent = 100;
    world.run_ms(20_000);
    let kept = send(&mut world, 0, "first thought", None);
    let withdrawn = send(&mut world, 0, "hasty word", None);
    edit(&mut world, 0, &kept, "second thought").unwrap();
    delete(&mut world, 0, &withdrawn).unwrap();
    let waiting = view(&mut world, 0, &kept).unwrap();
    assert_eq!(
        (words(&waiting), waiting.state),
        ("second thought", MessageState::Waiting)
    );
    assert!(view(&mut world, 0, &withdrawn).is_none());
    assert!(!opens(&mut world, 0, "hasty word") && !opens(&mut world, 0, "first thought"));
    world.weather.lost_percent = 0;
    settled(&mut world);
    let texts = world.texts(1);
    assert_eq!(texts, ["second thought"]);
    let seen = view(&mut world, 1, &kept).unwrap();
    assert_eq!(seen.edited, None, "it was never anything else");
}

#[test]
fn changes_made_while_a_message_is_on_its_way_follow_it_in_order() {
    for seed in 0..6 {
        let mut world = World::new(79 + seed, 2);
        world.found(2);
        settled(&mut world);
        world.weather.delay_max_ms = 900;
        let message = send(&mut world, 0, "one", None);
        world.run_ms(seed * 150);
        for words in ["two", "three", "four"] {
            edit(&mut world, 0, &message, words).unwrap();
            world.run_ms(seed * 60);
        }
        let gone = send(&mut world, 0, "never mind", None);
        delete(&mut world, 0, &gone).unwrap();
        assert!(view(&mut world, 0, &gone).is_none_or(|view| view.content == MessageContent::Deleted));
        settled(&mut world);
        assert_eq!(
            words(&view(&mut world, 1, &message).unwrap()),
            "four",
            "seed {seed}"
        );
        assert!(search(&mut world, 1, "never").is_empty());
    }
}

#[test]
fn what_is_taken_back_or_changed_opens_on_no_disk_any_more() {
    let mut world = World::new(83, 3);
    world.found(3);
    settled(&mut world);
    hoard(&mut world);
    let (secret, slip) = ("приезжайте на Садовую", "Иванов не придёт");
    let first = send(&mut world, 0, secret, None);
    let second = send(&mut world, 1, slip, None);
    send(&mut world, 2, "стоит остаться", None);
    settled(&mut world);
    assert!(opens(&mut world, 2, secret) && opens(&mut world, 0, slip));
    delete(&mut world, 0, &first).unwrap();
    edit(&mut world, 1, &second, "кто-то не придёт").unwrap();
    settled(&mut world);
    for who in 0..3 {
        assert!(!opens(&mut world, who, secret), "member {who}");
        assert!(!opens(&mut world, who, slip), "member {who}");
        assert!(opens(&mut world, who, "стоит остаться"), "member {who}");
        assert!(search(&mut world, who, "садовую").is_empty());
        assert!(search(&mut world, who, "иванов").is_empty());
        assert_eq!(search(&mut world, who, "ОСТАТЬСЯ"), ["стоит остаться"]);
        // A restart finds it so.
        world.restart(who);
    }
    settled(&mut world);
    assert_eq!(
        view(&mut world, 2, &first).unwrap().content,
        MessageContent::Deleted
    );
}

#[test]
fn messages_under_a_timer_disappear_by_log_time_and_are_burnt() {
    let mut world = World::new(89, 4);
    world.found(3);
    send(&mut world, 0, "before the timer", None);
    set_timer(&mut world, 1, Some(10 * MINUTE)).unwrap();
    world.until("the timer is known", 2 * MINUTE, |world| {
        (0..4).all(|who| world.plenary(who).timer_ms == Some(10 * MINUTE))
    });
    hoard(&mut world);
    let secret = "до вечера это знаем только мы";
    let message = send(&mut world, 3, secret, None);
    settled(&mut world);
    react(&mut world, 0, &message, "👍", false).unwrap();
    settled(&mut world);
    let over = view(&mut world, 0, &message).unwrap().over.unwrap();
    // One is away when the time comes.
    world.stop(2);
    world.now = primitives::Time(over - 2_000);
    assert!(view(&mut world, 0, &message).is_some());
    world.run_ms(30_000);
    world.start(2);
    world.run_ms(30_000);
    for who in 0..4 {
        assert!(view(&mut world, who, &message).is_none(), "member {who}");
        assert!(!opens(&mut world, who, secret), "member {who}");
        assert!(search(&mut world, who, "вечера").is_empty());
        assert!(search(&mut world, who, "before timer").len() == 1);
    }
    // Whatever names it finds nothing.
    assert_eq!(
        code(react(&mut world, 0, &message, "❤", false)),
        Some(RefusalCode::Unknown)
    );
    set_timer(&mut world, 0, None).unwrap();
    world.until("the timer is off", 2 * MINUTE, |world| {
        (0..4).all(|who| world.plenary(who).timer_ms.is_none())
    });
    let later = send(&mut world, 2, "this one stays", None);
    settled(&mut world);
    assert_eq!(view(&mut world, 0, &later).unwrap().over, None);
}

#[test]
fn a_newcomer_learns_the_timer_from_what_is_said_under_it() {
    let mut world = World::new(97, 2);
    world.found_by(2, world::quick_charter(3));
    set_timer(&mut world, 0, Some(DAY)).unwrap();
    settled(&mut world);
    world
        .clients
        .push(Some(client::Client::open(MemoryStore::new()).unwrap()));
    world.grow();
    world.let_in(0, 2, Role::Deputy);
    send(&mut world, 1, "welcome", None);
    world.until("heard", 2 * MINUTE, |world| world.texts(2).len() == 1);
    let reply = send(&mut world, 2, "thank you", None);
    world.until("heard", 2 * MINUTE, |world| {
        view(world, 0, &reply).is_some_and(|view| view.state == MessageState::Received)
    });
    assert!(view(&mut world, 0, &reply).unwrap().over.is_some());
}

#[test]
fn a_clock_that_is_ahead_makes_nothing_disappear_early() {
    let mut world = World::new(101, 2);
    world.found(2);
    set_timer(&mut world, 0, Some(DAY)).unwrap();
    settled(&mut world);
    send(&mut world, 0, "stays a day", None);
    settled(&mut world);
    world.run_ms(5_000);
    let (ahead, mut rng) = (
        world.now.after(30 * DAY),
        rand_chacha::ChaCha20Rng::from_seed([1; 32]),
    );
    let client = world.clients[1].as_mut().unwrap();
    // Before the relay has told its time, after a start.
    let store = core::mem::take(client.store_mut());
    *client = client::Client::open(store).unwrap();
    client.handle(ahead, &mut rng, client::Input::Tick).unwrap();
    world.run_ms(20_000);
    assert_eq!(world.texts(1), ["stays a day"]);
}

#[test]
fn drafts_and_unread_mentions_are_kept() {
    let mut world = World::new(103, 3);
    world.found(3);
    settled(&mut world);
    for who in 0..3 {
        world.texts(who);
    }
    let draft = |text: &str| Request::SetDraft {
        conversation: None,
        text: text.into(),
        reply_to: None,
    };
    world.ask(0, draft("нескончаемый чернов")).unwrap();
    world.ask(0, draft("нескончаемый черновик")).unwrap();
    world.restart(0);
    assert_eq!(world.plenary(0).draft.unwrap().text, "нескончаемый черновик");
    let first = send(&mut world, 0, "нескончаемый черновик", None);
    assert_eq!(world.plenary(0).draft, None);
    world.ask(0, draft("другой")).unwrap();
    world.ask(0, draft("")).unwrap();
    assert_eq!(world.plenary(0).draft, None);

    let second = send(&mut world, 0, "@{2} and @{2} again", None);
    send(&mut world, 0, "`@{2}` in code", None);
    settled(&mut world);
    let counts = |world: &mut World, who| {
        let view = world.plenary(who);
        (view.unread, view.mentions)
    };
    assert_eq!(counts(&mut world, 1), (3, 1));
    assert_eq!(counts(&mut world, 2), (3, 0));
    edit(&mut world, 0, &first, "now @{2} and @{3}").unwrap();
    delete(&mut world, 0, &second).unwrap();
    settled(&mut world);
    assert_eq!(counts(&mut world, 1), (2, 1));
    assert_eq!(counts(&mut world, 2), (2, 1));
    let told = world.told[1].iter().any(
        |event| matches!(event, Event::Message { message, .. } if message.id == second && message.mentions_me),
    );
    assert!(told);
    world.texts(1);
    assert_eq!(counts(&mut world, 1), (0, 0));
}

#[test]
fn words_are_found_in_many_messages_and_with_changes_and_pages() {
    let mut world = World::new(107, 2);
    world.found(2);
    for number in 0..150 {
        let text = format!(
            "Сообщение номер {number}: {}",
            ["ёлка", "Мир", "vote"][number % 3]
        );
        send(&mut world, number % 2, &text, None);
        world.run_ms(200);
    }
    settled(&mut world);
    for who in 0..2 {
        assert_eq!(search(&mut world, who, "елк").len(), 50);
        assert_eq!(search(&mut world, who, "сообщ 77"), ["Сообщение номер 77: vote"]);
        assert_eq!(search(&mut world, who, "77 мир"), Vec::<String>::new());
        let newest = search(&mut world, who, "VOTE");
        assert_eq!(
            newest.first().map(String::as_str),
            Some("Сообщение номер 149: vote")
        );
        assert_eq!(newest.len(), 50);
        assert!(search(&mut world, who, "сообщая").is_empty());
    }
    let early = world
        .messages(0, None)
        .into_iter()
        .find(|view| words(view) == "Сообщение номер 4: Мир")
        .unwrap();
    edit(&mut world, 0, &early.id, "Сообщение изменено").unwrap();
    settled(&mut world);
    for who in 0..2 {
        assert_eq!(search(&mut world, who, "изменено"), ["Сообщение изменено"]);
        assert!(search(&mut world, who, "номер 4").is_empty());
    }
    assert_eq!(
        code(world.ask(
            0,
            Request::Search {
                text: "…".into(),
                conversation: None,
                limit: None
            }
        )),
        Some(RefusalCode::BadRequest)
    );
}

#[test]
fn what_was_written_by_a_clock_hours_ahead_leaves_once_it_is_right() {
    for stopped in [false, true] {
        let mut world = World::new(41, 2);
        world.found(2);
        world.clocks_off_ms.insert(0, 7_200_000);
        world.cut.insert(0);
        world.say(0, "too early");
        // Calls fail, and what waits for the next try waits by this clock.
        world.run_ms(30_000);
        if stopped {
            world.stop(0);
        }
        world.clocks_off_ms.clear();
        world.cut.clear();
        world.start(0);
        world.until("it is heard", 120_000, |world| world.texts(1) == ["too early"]);
    }
}
