//! Whom the journal has removed cannot hold on by commits that he made before (MSG-35).

use super::world::World;
use crate::requests::Request;
use crate::state::{Duty, LogRole};
use messaging::{Conversation, Incoming, Intent, Opened};
use primitives::store::Crash;
use primitives::{ConversationId, LogId, labels};
use relay_api::Call;

fn plenary(world: &World, who: usize) -> ConversationId {
    let member = world.inside(who).member.as_ref();
    member.and_then(|member| member.plenary).expect("a plenary")
}

/// The plenary's log, as far as this member knows.
fn log(world: &World, who: usize) -> LogId {
    world.inside(who).conversations[&plenary(world, who)].log
}

fn has_devices(world: &World, who: usize, count: usize) -> bool {
    let store = &world.clients[who].as_ref().expect("the member is there").store;
    let overlay = primitives::Overlay::new(store);
    let group = Conversation::load(&overlay, plenary(world, who));
    let there = group.expect("it loads").expect("a group").members().len();
    there == count
}

/// Commits of `who`, each for the epoch that the one before it begins and on the journal as it is now, as the calls that post
/// them. Its own machine knows nothing of it.
fn chain(world: &mut World, who: usize, count: usize) -> Vec<Call> {
    let id = plenary(world, who);
    world.act(who, |step| {
        let device = step.device()?;
        let own = device.own()?;
        let (now, point) = (step.now, step.journal_point());
        let mut group = step.take_session(id)?.expect("a group");
        let keys = LogRole::Conversation { conversation: id }.keys(&group.log_secret());
        let log = group.log_record().id();
        let intent = Intent {
            refresh: true,
            ..Intent::default()
        };
        let mut calls = Vec::new();
        for _ in 0..count {
            let made = group.commit(&own, &step.roster(), point, now, &intent);
            let message = made.expect("a commit").message;
            let entries = group.wrap(&step.store, &own, now, &message, step.rng);
            for entry in entries.expect("entries") {
                let signature = tlog::sign_append(&keys.append, log, &entry).into();
                calls.push(Call::Append {
                    log,
                    entry,
                    signature,
                });
            }
            let incoming = Incoming {
                bytes: &message,
                at: now,
                own: true,
            };
            group.process(&step.roster(), &incoming).expect("merged");
        }
        Ok(calls)
    })
}

/// How many points lie in a log of the plenary whose keys `who` has.
fn points_in(world: &World, who: usize, log: LogId) -> usize {
    let state = &world.inside(who).logs[&log];
    let key = state.role.keys(state.secret.secret()).wrap;
    let entries = world.relay.entries();
    let opened = entries[&log]
        .iter()
        .map(|entry| messaging::open(&key, labels::CONVERSATION_WRAP, entry));
    opened
        .filter(|opened| matches!(opened, Ok(Opened::Point(_))))
        .count()
}

fn detain(world: &mut World, by: &[usize], seat: u32) {
    for who in by {
        world.ask(*who, Request::Detain { seat }).expect("stated");
    }
}

#[test]
fn msg_35_who_was_removed_does_not_hold_on_by_winning_every_epoch() {
    let mut world = World::new(71, 4);
    world.found(4);
    world.run_ms(30_000);
    let before = log(&world, 0);
    let mut made = chain(&mut world, 3, 400).into_iter();
    world.stop(3);
    // Whoever reads, commits and posts takes longer than he between two of his.
    world.weather.delay_max_ms = 4_000;
    detain(&mut world, &[0, 1, 2], 4);
    world.until("the journal has removed him", 120_000, |world| {
        let mut spans = world.inside(0).roster.iter();
        spans.any(|span| span.until.is_some())
    });
    while (0..3).any(|who| log(&world, who) == before) {
        let next = made.next().expect("he is out before he has no more commits");
        let now = world.now;
        world.relay.call(now, next).expect("the relay takes it");
        world.run_ms(100);
    }
    assert!((0..3).all(|who| has_devices(&world, who, 3)));
    assert!(points_in(&world, 0, before) >= 1);
    world.weather.delay_max_ms = 50;
    world.say(1, "among ourselves");
    world.until("the others hear it", 300_000, |world| {
        (0..3).all(|who| world.texts(who).contains(&"among ourselves".to_owned()))
    });
    let waits = |who: usize| {
        let mut items = world.inside(who).outbox.values();
        items.any(|item| matches!(item.duty, Some(Duty::Point(_))))
    };
    assert!(!(0..3).any(waits), "what is not needed any more is withdrawn");
}

#[test]
fn not_every_device_says_that_the_journal_has_gone_on() {
    let mut world = World::new(79, 7);
    world.found(7);
    world.run_ms(30_000);
    let before = log(&world, 0);
    world.stop(6);
    detain(&mut world, &[0, 1, 2], 7);
    world.until("he is out for all", 120_000, |world| {
        (0..6).all(|who| log(world, who) != before)
    });
    world.run_ms(10_000);
    assert!((0..6).all(|who| has_devices(&world, who, 6)));
    // Two, if the second's turn comes before it has read what the first said.
    let points = points_in(&world, 0, before);
    assert!((1..=2).contains(&points), "{points}");
    assert_eq!(points_in(&world, 0, log(&world, 0)), 0);
}

#[test]
fn a_process_killed_at_every_write_around_a_point_says_it_once() {
    let mut founded = World::new(73, 4);
    founded.found(4);
    founded.run_ms(30_000);
    let before = log(&founded, 0);
    let made = chain(&mut founded, 3, 1);
    founded.stop(3);
    detain(&mut founded, &[0], 4);
    founded.run_ms(5_000);
    founded.stop(0);
    detain(&mut founded, &[1, 2], 4);
    founded.run_ms(400);
    founded.start(0);
    founded.start(3);
    let (mut tried, mut said) = (0, 0);
    for k in 0.. {
        let how = if k % 2 == 0 {
            Crash::BeforeWrite
        } else {
            Crash::AfterWrite
        };
        let mut world = founded.again(k);
        // The first is alone when it learns of the removal, and one of his commits is there before its own.
        (1..4).for_each(|who| world.stop(who));
        let now = world.now;
        for call in made.clone() {
            world.relay.call(now, call).expect("the relay takes it");
        }
        world.crash_at(0, k, how);
        world.until("he is out for the first", 120_000, |world| {
            log(world, 0) != before
        });
        let points = points_in(&world, 0, before);
        assert!(points <= 1, "write {k}: {points}");
        said += points;
        (1..3).for_each(|who| world.start(who));
        world.say(0, "among ourselves");
        world.until("the others follow", 120_000, |world| {
            (1..3).all(|who| world.texts(who) == ["among ourselves"])
        });
        assert!((0..3).all(|who| has_devices(&world, who, 3)), "write {k}");
        if world.crashes == 0 {
            break;
        }
        tried += 1;
    }
    assert!(tried > 5 && said > tried / 2, "{tried} writes, {said} points");
}
