//! Files that go with messages: sent and fetched in bad weather, called off, taken back, and what a relay can do about them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests"
)]

mod world;

use client::CHUNK_BYTES;
use client::Picture;
use client::requests::{Answer, Event, RefusalCode, Request};
use client::views::{MediaView, MessageContent, MessageState, TransferState};
use primitives::store::Crash;
use world::{File, Giving, Weather, World, transfer};

const WAIT_MS: u64 = 600_000;
/// Three chunks.
const LEN: usize = 2 * CHUNK_BYTES + 77;

fn founded(seed: u64, members: usize) -> World {
    let mut world = World::new(seed, members);
    world.found(members);
    world.run_ms(5_000);
    world
}

/// A file of member 0's in the plenary that member 1 has been offered.
fn offered(world: &mut World, file: &File) -> String {
    let id = world.attach(0, file);
    world.until_file(1, None, &id, TransferState::Offered);
    id
}

#[test]
fn a_file_is_sent_and_fetched_in_bad_weather_and_through_crashes() {
    let mut world = founded(1, 2);
    let file = File {
        picture: Some(Picture {
            width: 640,
            height: 480,
            thumbnail: vec![1, 2, 3],
        }),
        ..File::new("/home/anna/план\u{202e}.jpg", LEN, "look at *this*")
    };
    world.weather = Weather {
        lost_percent: 20,
        doubled_percent: 10,
        delay_max_ms: 400,
    };
    world.crash_percent = 15;
    // Whatever chance brings: both die once in the middle of it.
    world.crash_at(0, 0, Crash::BeforeWrite);
    let id = world.attach(0, &file);
    let own = world.message(0, None, &id).unwrap();
    assert_eq!(own.state, MessageState::Waiting);
    assert_eq!(transfer(&own).unwrap().state, TransferState::Sending);
    world.until_file(1, None, &id, TransferState::Offered);
    world.until_file(0, None, &id, TransferState::Here);
    // Nothing is fetched before somebody asks.
    world.run_ms(60_000);
    assert_eq!(world.relay.blobs_asked, 0);
    let view = world.message(1, None, &id).unwrap();
    let MessageContent::Attachment {
        name,
        bytes,
        media,
        width,
        height,
        thumbnail,
        text,
        runs,
        ..
    } = view.content
    else {
        panic!("{view:?}")
    };
    assert_eq!(
        (name.as_str(), bytes, media),
        ("план.jpg", LEN as u64, MediaView::Picture)
    );
    assert_eq!((width, height), (Some(640), Some(480)));
    assert_eq!(thumbnail.as_deref(), Some("AQID"));
    assert_eq!((text.as_str(), runs.len()), ("look at *this*", 2));
    assert_eq!(
        world.file_bytes(1, None, &id).unwrap_err().code,
        RefusalCode::NotReady
    );
    let sending = world.crashes;
    world.crash_at(1, 0, Crash::AfterWrite);
    world.fetch(1, None, &id);
    world.until_file(1, None, &id, TransferState::Here);
    for who in 0..2 {
        assert!(world.file_bytes(who, None, &id).unwrap() == file.bytes);
    }
    assert!(sending > 0 && world.crashes > sending);
}

#[test]
fn what_was_moved_before_a_restart_is_not_moved_again() {
    let mut world = founded(2, 2);
    let file = File::new("a.bin", 12 * CHUNK_BYTES, "");
    let id = world.attach(0, &file);
    world.until("some of it is there", WAIT_MS, |world| world.relay.blobs_put >= 6);
    world.restart(0);
    assert_eq!(world.file_state(0, None, &id), Some(TransferState::Sending));
    world.until_file(1, None, &id, TransferState::Offered);
    // What was under way when the process died is put twice.
    assert!(world.relay.blobs_put <= 12 + 3, "{}", world.relay.blobs_put);
    world.fetch(1, None, &id);
    world.until("some of it is here", WAIT_MS, |world| {
        world.relay.blobs_asked >= 6
    });
    world.restart(1);
    world.until_file(1, None, &id, TransferState::Here);
    assert!(world.relay.blobs_asked <= 12 + 3, "{}", world.relay.blobs_asked);
    assert!(world.file_bytes(1, None, &id).unwrap() == file.bytes);
}

#[test]
fn how_far_a_file_is_is_told_in_bytes_and_never_goes_back() {
    let mut world = founded(3, 2);
    let id = offered(&mut world, &File::new("a.bin", 5 * CHUNK_BYTES, ""));
    world.told[1].clear();
    world.fetch(1, None, &id);
    world.until_file(1, None, &id, TransferState::Here);
    let told: Vec<_> = world.told[1]
        .iter()
        .filter_map(|event| match event {
            Event::Transfer {
                message, transfer, ..
            } if *message == id => Some(transfer.clone()),
            _ => None,
        })
        .collect();
    let all = (5 * CHUNK_BYTES) as u64;
    assert_eq!(told.first().unwrap().state, TransferState::Fetching);
    let last = told.last().unwrap();
    assert_eq!(
        (last.state, last.done, last.total),
        (TransferState::Here, all, all)
    );
    assert!(told.is_sorted_by_key(|transfer| transfer.done));
}

#[test]
fn a_file_that_is_called_off_is_never_sent_and_opens_nowhere() {
    let mut world = founded(4, 2);
    for client in world.clients.iter_mut().flatten() {
        client.store_mut().hoard();
    }
    world.weather.lost_percent = 100;
    let id = world.attach(0, &File::new("secret plan.pdf", LEN, "not for now"));
    world.run_ms(5_000);
    assert_eq!(world.file_records(0), [1, 1, 3]);
    assert_eq!(world.cancel_transfer(0, &id), Ok(Answer::Done));
    assert_eq!(world.message(0, None, &id), None);
    world.weather.lost_percent = 0;
    world.run_ms(60_000);
    assert_eq!(world.file_records(0), [0, 0, 0]);
    assert_eq!(world.message(1, None, &id), None);
    for words in ["secret plan", "not for now"] {
        let store = world.clients[0].as_mut().unwrap().store_mut();
        let opens = |value: &[u8]| value.windows(words.len()).any(|part| part == words.as_bytes());
        assert!(!store.openable().any(|(_, value)| opens(value)), "{words}");
    }
    assert_eq!(
        world.cancel_transfer(0, &id).unwrap_err().code,
        RefusalCode::Unknown
    );
}

#[test]
fn a_file_whose_copy_is_damaged_is_told_as_failed_and_given_up() {
    let mut world = founded(20, 2);
    world.weather.lost_percent = 100;
    let id = world.attach(0, &File::new("plan.pdf", LEN, "look"));
    world.lose_chunk(0);
    world.weather.lost_percent = 0;
    world.until_file(0, None, &id, TransferState::Failed);
    // It stands there until its author gives it up, also after a restart, and reaches nobody.
    world.restart(0);
    world.run_ms(60_000);
    world.until_file(0, None, &id, TransferState::Failed);
    assert_eq!(world.message(1, None, &id), None);
    assert_eq!(world.cancel_transfer(0, &id), Ok(Answer::Done));
    assert_eq!(world.message(0, None, &id), None);
    world.run_ms(10_000);
    assert_eq!(world.file_records(0), [0, 0, 0]);
}

#[test]
fn a_copy_that_a_crash_cut_short_leaves_nothing() {
    let mut world = founded(5, 2);
    let file = File::new("a.bin", LEN, "");
    let attached = world.begin_attaching(0, &file);
    world
        .attach_bytes(0, attached, &file.bytes[..CHUNK_BYTES])
        .unwrap();
    assert_eq!(world.file_records(0), [1, 1, 1]);
    world.restart(0);
    world.run_ms(5_000);
    assert_eq!(world.file_records(0), [0, 0, 0]);
    let refusal = world.attach_bytes(0, attached, &file.bytes[..9]).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::Unknown);
    assert!(world.end_attaching(0, attached).is_err());
}

#[test]
fn an_empty_file_and_one_that_is_too_large_are_refused() {
    let mut world = founded(6, 2);
    let attached = world.begin_attaching(0, &File::new("empty", 0, ""));
    assert_eq!(
        world.end_attaching(0, attached).unwrap_err().code,
        RefusalCode::BadRequest
    );
    let attached = world.begin_attaching(0, &File::new("large", 0, ""));
    let chunk = vec![0; CHUNK_BYTES];
    let chunks = (client::ATTACHMENT_BYTES_MAX / CHUNK_BYTES as u64) as usize;
    for _ in 0..chunks {
        world.attach_bytes(0, attached, &chunk).unwrap();
    }
    assert_eq!(
        world.attach_bytes(0, attached, &chunk).unwrap_err().code,
        RefusalCode::TooLarge
    );
}

#[test]
fn fetching_is_called_off_and_begun_again() {
    let mut world = founded(7, 2);
    let file = File::new("a.bin", 6 * CHUNK_BYTES, "");
    let id = offered(&mut world, &file);
    world.fetch(1, None, &id);
    world.until("some of it is here", WAIT_MS, |world| {
        world.file_records(1)[2] >= 2
    });
    assert_eq!(world.cancel_transfer(1, &id), Ok(Answer::Done));
    assert_eq!(world.file_state(1, None, &id), Some(TransferState::Offered));
    world.run_ms(5_000);
    assert_eq!(world.file_records(1), [1, 0, 0]);
    world.fetch(1, None, &id);
    world.until_file(1, None, &id, TransferState::Here);
    assert!(world.file_bytes(1, None, &id).unwrap() == file.bytes);
    assert_eq!(
        world.cancel_transfer(1, &id).unwrap_err().code,
        RefusalCode::AlreadyDone
    );
}

#[test]
fn msg_28_bytes_that_the_message_does_not_name_are_never_kept() {
    for (seed, giving) in [(8, Giving::Altered), (9, Giving::Short), (10, Giving::Another)] {
        let mut world = founded(seed, 2);
        let file = File::new("a.bin", LEN, "");
        let id = offered(&mut world, &file);
        world.relay.giving = giving;
        world.fetch(1, None, &id);
        world.until_file(1, None, &id, TransferState::Failed);
        assert!(world.file_bytes(1, None, &id).is_err());
        world.run_ms(30_000);
        assert_eq!(world.file_state(1, None, &id), Some(TransferState::Failed));
        world.relay.giving = Giving::Honest;
        world.fetch(1, None, &id);
        world.until_file(1, None, &id, TransferState::Here);
        assert!(
            world.file_bytes(1, None, &id).unwrap() == file.bytes,
            "{giving:?}"
        );
    }
}

#[test]
fn a_file_that_the_relay_keeps_no_more_is_gone() {
    let mut world = founded(11, 2);
    let id = offered(&mut world, &File::new("a.bin", LEN, ""));
    world.relay.blobs.clear();
    world.fetch(1, None, &id);
    world.until_file(1, None, &id, TransferState::Gone);
    world.run_ms(30_000);
    let asked = world.relay.blobs_asked;
    world.run_ms(60_000);
    assert_eq!(world.relay.blobs_asked, asked);
}

#[test]
fn a_file_is_found_by_its_name_and_words_and_its_words_can_be_changed() {
    let mut world = founded(12, 2);
    let id = offered(&mut world, &File::new("Бюджет 2027.ods", 9, "первая версия"));
    let find = |world: &mut World, text: &str| {
        let request = Request::Search {
            text: text.into(),
            conversation: None,
            limit: None,
        };
        match world.ask(1, request) {
            Ok(Answer::Found { messages }) => messages.len(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((find(&mut world, "бюджет"), find(&mut world, "версия")), (1, 1));
    let request = Request::Edit {
        conversation: None,
        message: id.clone(),
        text: "вторая редакция".into(),
    };
    world.ask(0, request).unwrap();
    world.until("the words are changed", WAIT_MS, |world| {
        find(world, "редакция") == 1
    });
    assert_eq!(
        (find(&mut world, "бюджет 2027"), find(&mut world, "версия")),
        (1, 0)
    );
    world.fetch(1, None, &id);
    world.until_file(1, None, &id, TransferState::Here);
}

#[test]
fn a_file_goes_with_its_message_when_it_is_taken_back_or_disappears() {
    for disappears in [false, true] {
        let mut world = founded(13, 2);
        for client in world.clients.iter_mut().flatten() {
            client.store_mut().hoard();
        }
        if disappears {
            let request = Request::SetTimer {
                conversation: None,
                timer_ms: Some(120_000),
            };
            world.ask(0, request).unwrap();
            world.run_ms(5_000);
        }
        let id = offered(&mut world, &File::new("secret plan.pdf", LEN, "not for long"));
        world.fetch(1, None, &id);
        world.until_file(1, None, &id, TransferState::Here);
        if disappears {
            world.run_ms(130_000);
        } else {
            let request = Request::Delete {
                conversation: None,
                message: id.clone(),
            };
            world.ask(0, request).unwrap();
        }
        for who in 0..2 {
            world.until("the file is gone", WAIT_MS, |world| {
                world.file_records(who) == [0, 0, 0]
            });
            assert!(world.file_bytes(who, None, &id).is_err());
            let store = world.clients[who].as_mut().unwrap().store_mut();
            for words in ["secret plan", "not for long"] {
                let opens = |value: &[u8]| value.windows(words.len()).any(|part| part == words.as_bytes());
                let opens = store.openable().any(|(_, value)| opens(value));
                assert!(!opens, "member {who} can open '{words}'");
            }
        }
    }
}

/// A working group of all three, of which the third is about to be out.
fn group(world: &mut World) -> String {
    let request = Request::FoundGroup {
        name: "Budget".into(),
        seats: vec![2, 3],
    };
    let Ok(Answer::Conversation { conversation }) = world.ask(0, request) else {
        panic!("not founded")
    };
    world.until("all are in it", WAIT_MS, |world| {
        (0..3).all(|who| present(world, who, &conversation) == 3)
    });
    conversation
}

fn present(world: &mut World, who: usize, id: &str) -> usize {
    let all = world.conversations(who).into_iter();
    all.filter(|view| view.id == id)
        .map(|view| view.present.len())
        .sum()
}

#[test]
fn a_file_on_its_way_moves_to_the_log_that_the_removed_cannot_read() {
    // Whatever the removal meets: the copying, the chunks, the message that waits, the message that stands.
    for wait_ms in [0, 60, 120, 200, 300, 450, 700, 1_500] {
        let mut world = founded(14, 3);
        let id = group(&mut world);
        let file = File {
            conversation: Some(id.clone()),
            ..File::new("a.bin", LEN, "")
        };
        let request = Request::AskToLeave {
            conversation: id.clone(),
            seat: 3,
        };
        let before: Vec<_> = world.relay.entries().into_keys().collect();
        if wait_ms < 500 {
            world.ask(2, request.clone()).unwrap();
            world.run_ms(wait_ms);
        }
        let message = world.attach(0, &file);
        if wait_ms >= 500 {
            world.run_ms(wait_ms - 500);
            world.ask(2, request).unwrap();
        }
        world.until("the third is out", WAIT_MS, |world| {
            (0..2).all(|who| present(world, who, &id) == 2)
        });
        world.until_file(1, Some(&id), &message, TransferState::Offered);
        world.until_file(0, Some(&id), &message, TransferState::Here);
        world.fetch(1, Some(&id), &message);
        world.until_file(1, Some(&id), &message, TransferState::Here);
        assert!(
            world.file_bytes(1, Some(&id), &message).unwrap() == file.bytes,
            "{wait_ms}"
        );
        if world.message(2, Some(&id), &message).is_none() {
            // What came after the removal lies whole beside a log of which the removed knows nothing.
            let new = |log: &primitives::LogId| !before.contains(log);
            let beside_new = world.relay.blobs.keys().filter(|(log, _)| new(log)).count();
            assert_eq!(beside_new, 3, "{wait_ms}");
        } else {
            world.fetch(2, Some(&id), &message);
            world.until_file(2, Some(&id), &message, TransferState::Here);
        }
    }
}

#[test]
fn who_comes_in_behind_a_removal_fetches_what_was_on_its_way() {
    let mut world = founded(15, 4);
    world.run_ms(30_000);
    let id = group(&mut world);
    let file = File {
        conversation: Some(id.clone()),
        ..File::new("a.bin", 8 * CHUNK_BYTES, "for all who are here")
    };
    let message = world.attach(0, &file);
    world.until("some of it is there", WAIT_MS, |world| world.relay.blobs_put >= 2);
    world.stop(0);
    let leave = Request::AskToLeave {
        conversation: id.clone(),
        seat: 3,
    };
    world.ask(2, leave).unwrap();
    world.until("the third is out", WAIT_MS, |world| present(world, 1, &id) == 2);
    let bring = Request::Bring {
        conversation: id.clone(),
        seats: vec![4],
    };
    world.ask(1, bring).unwrap();
    world.until("the fourth is in", WAIT_MS, |world| present(world, 3, &id) == 3);
    world.start(0);
    for who in [1, 3] {
        world.until_file(who, Some(&id), &message, TransferState::Offered);
        world.fetch(who, Some(&id), &message);
        world.until_file(who, Some(&id), &message, TransferState::Here);
        assert!(world.file_bytes(who, Some(&id), &message).unwrap() == file.bytes);
    }
    assert_eq!(world.message(2, Some(&id), &message), None);
}
