//! One member's process dies at every one of its writes in turn while words are changed, taken back and disappear: what all
//! see in the end is the same, and nothing of what was to be forgotten opens on its disk.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests"
)]

mod world;

use client::requests::{Answer, Request};
use client::views::{MessageContent, MessageState, MessageView};
use primitives::store::Crash;
use world::World;

/// Who dies.
const WHO: usize = 1;
const TIMER_MS: u64 = 60_000;
/// What nobody's disk may open in the end.
const FORGOTTEN: [&str; 5] = [
    "draft of a thought",
    "word to be taken back",
    "gone in a minute",
    "somebody else's first words",
    "somebody else's slip",
];

fn texts(world: &mut World, who: usize) -> Vec<String> {
    world
        .messages(who, None)
        .into_iter()
        .filter(|view| !view.changing && view.state != MessageState::Waiting)
        .filter_map(|view| match view.content {
            MessageContent::Text { text, .. } => Some(text),
            MessageContent::Deleted => Some("(taken back)".into()),
            _ => None,
        })
        .collect()
}

fn id_of(world: &mut World, who: usize, text: &str) -> Option<String> {
    let is_it = |view: &MessageView| matches!(&view.content, MessageContent::Text { text: words, .. } if words == text);
    world
        .messages(who, None)
        .into_iter()
        .find(is_it)
        .map(|view| view.id)
}

/// Somebody asks for a thing, looks after a crash whether it was done, and asks again if not.
fn insist(world: &mut World, who: usize, request: &Request, done: impl Fn(&mut World) -> bool) {
    while !done(world) {
        if let Some(answer) = world.ask_mortally(who, request.clone()) {
            answer.unwrap();
            return;
        }
    }
}

fn send(world: &mut World, who: usize, text: &'static str) -> String {
    let request = Request::Send {
        conversation: None,
        text: text.into(),
        reply_to: None,
    };
    insist(world, who, &request, |world| id_of(world, who, text).is_some());
    id_of(world, who, text).unwrap()
}

fn edit(world: &mut World, who: usize, message: String, text: &'static str) {
    let request = Request::Edit {
        conversation: None,
        message,
        text: text.into(),
    };
    insist(world, who, &request, |world| id_of(world, who, text).is_some());
}

fn delete(world: &mut World, who: usize, message: String) {
    let id = message.clone();
    let request = Request::Delete {
        conversation: None,
        message,
    };
    insist(world, who, &request, |world| {
        let view = world.messages(who, None).into_iter().find(|view| view.id == id);
        view.is_none_or(|view| view.content == MessageContent::Deleted)
    });
}

fn known_to_all(world: &mut World, text: &str) {
    world.until("all have it", 120_000, |world| {
        (0..2).all(|who| texts(world, who).contains(&text.to_owned()))
    });
}

fn evening(world: &mut World) {
    let [changed, taken_back, disappears, others, slip] = FORGOTTEN;
    let first = send(world, WHO, changed);
    let second = send(world, WHO, taken_back);
    let third = send(world, 0, others);
    // Some of the changes come before the words have left, some after.
    world.run_ms(40);
    edit(world, WHO, first.clone(), "a better thought");
    known_to_all(world, "a better thought");
    known_to_all(world, taken_back);
    delete(world, WHO, second);
    known_to_all(world, others);
    edit(world, 0, third.clone(), slip);
    let react = Request::React {
        conversation: None,
        message: third.clone(),
        emoji: "👍".into(),
        take_back: false,
    };
    // To set it once more changes nothing.
    insist(world, WHO, &react, |_| false);
    known_to_all(world, slip);
    delete(world, 0, third);
    let request = Request::SetTimer {
        conversation: None,
        timer_ms: Some(TIMER_MS),
    };
    world.ask(0, request).unwrap();
    world.until("the timer is known", 120_000, |world| {
        (0..2).all(|who| match world.ask(who, Request::Conversations) {
            Ok(Answer::Conversations { conversations }) => conversations[0].timer_ms == Some(TIMER_MS),
            _ => false,
        })
    });
    send(world, WHO, disappears);
    known_to_all(world, disappears);
    world.run_ms(TIMER_MS + 20_000);
}

#[test]
fn a_process_killed_at_every_write_forgets_what_it_should_and_nothing_else() {
    let mut founded = World::new(5, 2);
    founded.found(2);
    founded.run_ms(5_000);
    let mut tried = 0;
    for k in 0.. {
        let mut crashed = false;
        for how in [Crash::BeforeWrite, Crash::AfterWrite] {
            let mut world = founded.again(k);
            for client in world.clients.iter_mut().flatten() {
                client.store_mut().hoard();
            }
            world.crash_at(WHO, k, how);
            evening(&mut world);
            for who in 0..2 {
                world.until("all see the same", 120_000, |world| {
                    let mut texts = texts(world, who);
                    // Two that leave at once may change places.
                    texts.sort();
                    texts == ["(taken back)", "(taken back)", "a better thought"]
                });
                let store = world.clients[who].as_mut().unwrap().store_mut();
                for words in FORGOTTEN {
                    let opens =
                        |value: &[u8]| value.windows(words.len()).any(|part| part == words.as_bytes());
                    let opens = store.openable().any(|(_, value)| opens(value));
                    assert!(!opens, "write {k}, {how:?}: member {who} can open '{words}'");
                }
            }
            crashed |= world.crashes > 0;
        }
        if !crashed {
            break;
        }
        tried += 1;
    }
    assert!(tried >= 15, "only {tried} writes");
}
