//! Members whose records an earlier program wrote, opened by this one (tests/golden/client/README.md).

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test says so by failing"
)]

mod world;

use client::requests::{Answer, Request};
use client::views::{
    Choice, ConversationKind, MessageContent, MessageState, MessageView, Phase, Standing, TransferState,
    VoteKind,
};
use std::fs;
use std::path::{Path, PathBuf};
use world::{File, PACKED_SEED, World, quick_charter};

/// The newest version: what [`write_golden_members_of_the_newest_version`] writes.
const NEWEST: u32 = 1;
const WAIT_MS: u64 = 600_000;
const DAY_MS: u64 = 86_400_000;
const PLAN: &str = "plan.pdf";

fn file(version: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../tests/golden/client/v{version}/world.cbor"))
}

/// The line of the plenary that says so.
fn line(world: &mut World, who: usize, text: &str) -> MessageView {
    let lines = world.messages(who, None);
    let line = lines.into_iter().find(|view| world::words(view) == text);
    line.unwrap_or_else(|| panic!("member {who} does not see {text:?}"))
}

/// Three members, the first of whom has a second device (number 3), after some days with everything that is kept.
fn history() -> World {
    let mut world = World::new(PACKED_SEED, 3);
    world.found_by(3, quick_charter(3));
    world.bring_device(0, true);
    talk(&mut world);
    votes(&mut world);
    // Somebody is cut off in the middle of a word.
    world.cut.insert(2);
    world.say(2, "still on its way");
    world.run_ms(5_000);
    world
}

fn talk(world: &mut World) {
    world.say(0, "first");
    world.until("it is there", WAIT_MS, |world| world.texts(1) == ["first"]);
    let first = line(world, 1, "first").id;
    let ask = |world: &mut World, who, request| world.ask(who, request).unwrap();
    ask(
        world,
        1,
        Request::React {
            conversation: None,
            message: first.clone(),
            emoji: "👍".into(),
            take_back: false,
        },
    );
    ask(
        world,
        1,
        Request::Send {
            conversation: None,
            text: "an answer to @{1}".into(),
            reply_to: Some(first.clone()),
        },
    );
    ask(
        world,
        0,
        Request::Edit {
            conversation: None,
            message: first,
            text: "first, in better words".into(),
        },
    );
    world.say(2, "never said");
    world.until("all is said", WAIT_MS, |world| world.texts(0).len() == 3);
    let unsaid = line(world, 2, "never said").id;
    ask(
        world,
        2,
        Request::Delete {
            conversation: None,
            message: unsaid,
        },
    );
    let plan = world.attach(0, &File::new(PLAN, 1_000, "look"));
    world.until_file(1, None, &plan, TransferState::Offered);
    world.fetch(1, None, &plan);
    world.until_file(1, None, &plan, TransferState::Here);

    let direct = world.direct(1, 3);
    world.all_see(&[1, 2], &direct, &[2, 3]);
    let timer = Request::SetTimer {
        conversation: Some(direct.clone()),
        timer_ms: Some(7 * DAY_MS),
    };
    ask(world, 1, timer);
    world.say_in(1, &direct, "between us").unwrap();
    let group = world.group(0, "Budget", &[3]);
    world.all_see(&[0, 2, 3], &group, &[1, 3]);
    world.say_in(2, &group, "about money").unwrap();
    let notes = world.notes(3).unwrap();
    world.say_in(3, &notes, "not to forget").unwrap();
    let draft = Request::SetDraft {
        conversation: Some(group.clone()),
        text: "half a thou".into(),
        reply_to: None,
    };
    ask(world, 0, draft);
    let arrange = Request::Arrange {
        conversation: group,
        muted: Some(true),
        archived: None,
        pinned: Some(true),
        receipts: None,
    };
    ask(world, 0, arrange);
    let seat = 2;
    ask(world, 0, Request::MarkVerified { seat, verified: true });
}

fn votes(world: &mut World) {
    world.until("sealing keys are ready", WAIT_MS, |world| {
        world.overview(0).assembly.unwrap().sealing_keys > 0
    });
    for (title, kind) in [
        ("Budget of May", VoteKind::RollCall),
        ("Who speaks", VoteKind::Secret),
    ] {
        let motion = world.open_vote(0, 1, title, kind);
        for who in 0..3 {
            world.vote(who, &motion, Choice::For);
        }
        decided(world, &motion, 3);
    }
}

/// Everybody has the result, and nobody another one.
fn decided(world: &mut World, motion: &str, members: usize) {
    world.until("it is decided", WAIT_MS, |world| {
        (0..members).all(|who| {
            let result = world.motion(who, motion).and_then(|motion| motion.result);
            result.is_some_and(|result| result.disagree == 0)
        })
    });
}

/// What has to be there after any history, and goes on.
fn goes_on(world: &mut World) {
    assert_eq!(world.members_online(), [0, 1, 2, 3]);
    for who in 0..4 {
        assert_eq!(world.standing(who), Some(Standing::Admitted), "member {who}");
    }
    kept(world);
    // What was on its way arrives, and everybody is heard by all.
    (0..4).for_each(|who| world.say(who, &format!("{who} is still here")));
    let mut expected = vec![
        "first, in better words".to_owned(),
        "an answer to @{1}".to_owned(),
        "still on its way".to_owned(),
    ];
    expected.extend((0..4).map(|who| format!("{who} is still here")));
    expected.sort();
    world.until("all hear all", WAIT_MS, |world| {
        (0..4).all(|who| {
            let mut texts = world.texts(who);
            texts.sort();
            texts == expected
        })
    });
    let motion = world.open_vote(2, 1, "One more", VoteKind::RollCall);
    world.vote(0, &motion, Choice::Against);
    decided(world, &motion, 4);
}

fn kept(world: &mut World) {
    let first = line(world, 3, "first, in better words");
    assert_eq!(first.reactions[0].seats, [2]);
    assert!(line(world, 2, "an answer to @{1}").reply.is_some());
    assert_eq!(line(world, 2, "still on its way").state, MessageState::Waiting);
    let plan = world.messages(1, None);
    let plan = plan
        .iter()
        .find(|view| matches!(&view.content, MessageContent::Attachment { name, .. } if name == PLAN));
    let plan = plan.unwrap().id.clone();
    assert_eq!(world.file_state(1, None, &plan), Some(TransferState::Here));
    assert_eq!(
        world.file_bytes(1, None, &plan).unwrap(),
        File::new(PLAN, 1_000, "").bytes
    );

    let list = world.conversations(0);
    let group = list
        .iter()
        .find(|view| view.kind == ConversationKind::Group)
        .unwrap();
    assert_eq!(group.title, "Budget");
    assert!(group.muted && group.pinned);
    assert_eq!(group.draft.as_ref().unwrap().text, "half a thou");
    assert_eq!(world.texts_in(3, &group.id), ["about money"]);
    let direct = world.conversations(2);
    let direct = direct
        .iter()
        .find(|view| view.kind == ConversationKind::Direct)
        .unwrap();
    assert_eq!(direct.timer_ms, Some(7 * DAY_MS));
    assert_eq!(world.texts_in(2, &direct.id), ["between us"]);
    let notes = world.notes(0).unwrap();
    assert_eq!(world.texts_in(0, &notes), ["not to forget"]);
    let members = match world.ask(0, Request::Members).unwrap() {
        Answer::Members { members } => members,
        other => panic!("{other:?}"),
    };
    assert!(members[1].verified);
    for who in 0..4 {
        let motions = world.motions(who);
        assert_eq!(motions.len(), 2);
        assert!(
            motions.iter().all(|motion| motion.phase == Phase::Decided),
            "member {who}: {motions:?}"
        );
    }
    let found = Request::Search {
        text: "better words".into(),
        conversation: None,
        limit: None,
    };
    assert!(matches!(world.ask(2, found), Ok(Answer::Found { messages }) if messages.len() == 1));
}

#[test]
fn members_of_every_version_go_on() {
    for version in 1..=NEWEST {
        let bytes = fs::read(file(version)).unwrap();
        let mut world = World::unpack(&bytes);
        goes_on(&mut world);
        // The witnesses cosign what has come last.
        world.run_ms(30_000);
        world.audited(0);
    }
}

#[test]
fn members_of_today_go_on_from_a_file() {
    let packed = history().pack();
    let mut world = World::unpack(&packed);
    goes_on(&mut world);
}

#[test]
#[ignore = "writes tests/golden/client, deliberately: cargo test --workspace --test golden -- --ignored write_golden"]
fn write_golden_members_of_the_newest_version() {
    let file = file(NEWEST);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, history().pack()).unwrap();
}
