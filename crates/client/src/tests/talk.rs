//! The plenary, and what one member can do to it.

use super::Lies;
use super::world::World;
use crate::state::Content;
use crate::views::VoteKind;
use messaging::{Intent, JournalPoint};
use primitives::{Hash, labels};

/// A commit by a member who lies about the journal.
fn commit_by_a_lie(world: &mut World, who: usize, point: Option<JournalPoint>, lies: &Lies) {
    world.act(who, |step| {
        let plenary = step
            .state
            .member
            .as_ref()
            .and_then(|member| member.plenary)
            .expect("a plenary");
        let log = step.state.conversations[&plenary].log;
        let device = step.device()?;
        let mut conversation = step.take_session(plenary)?.expect("a group");
        let epoch = conversation.epoch();
        let intent = Intent {
            refresh: true,
            ..Intent::default()
        };
        let point = point.unwrap_or_else(|| step.journal_point());
        let message = conversation
            .commit(&device.own()?, lies, point, step.now, &intent)
            .expect("a commit")
            .message;
        Ok(step.wrap_and_post(conversation, log, &message, &Content::Commit { epoch }, None)?)
    });
}

fn heard_by_all(world: &mut World, texts: usize) {
    world.until("everybody hears it", 120_000, |world| {
        world
            .members_online()
            .into_iter()
            .all(|who| world.texts(who).len() == texts)
    });
}

#[test]
fn one_member_cannot_remove_all_others() {
    let mut world = World::new(41, 4);
    world.found(4);
    let removed = [1, 2, 3].map(|who| {
        world
            .inside(who)
            .member
            .as_ref()
            .map(|member| member.device_key())
            .expect("a member")
    });
    commit_by_a_lie(
        &mut world,
        0,
        None,
        &Lies {
            removed: removed.into(),
        },
    );
    world.run_ms(5_000);
    for who in 0..4 {
        world.say(who, "still here");
    }
    heard_by_all(&mut world, 4);
}

#[test]
fn a_claimed_future_of_the_journal_does_not_stall_the_plenary() {
    let mut world = World::new(43, 4);
    world.found(4);
    world.run_ms(10_000);
    let future = JournalPoint {
        size: 10_000,
        root: Hash::new([7; 32]),
    };
    commit_by_a_lie(&mut world, 0, Some(future), &Lies { removed: Vec::new() });
    world.run_ms(5_000);
    world.say(1, "after the claim");
    // The journal's next entry is later than the claim, and does not bear it out.
    world.propose(2, "anything");
    heard_by_all(&mut world, 1);
}

#[test]
fn an_entry_that_names_pieces_which_nobody_uploaded_holds_nobody_up() {
    let mut world = World::new(47, 4);
    world.found(4);
    world.act(0, |step| {
        let plenary = step
            .state
            .member
            .as_ref()
            .and_then(|member| member.plenary)
            .expect("a plenary");
        let log = step.state.conversations[&plenary].log;
        let state = &step.state.logs[&log];
        let key = state.role.keys(state.secret.secret()).wrap;
        let wrapped =
            messaging::wrap(&key, labels::CONVERSATION_WRAP, &[7; 600_000], step.rng).expect("in pieces");
        assert!(!wrapped.pieces.is_empty());
        step.post(log, wrapped.entry, Content::Side, step.now, None);
        Ok(())
    });
    world.run_ms(5_000);
    world.say(1, "after the empty promise");
    heard_by_all(&mut world, 1);
}

#[test]
fn garbage_of_a_member_in_every_log_stops_nobody() {
    let mut world = World::new(53, 4);
    world.found(4);
    world.keys_ready();
    let motion = world.open_vote(1, 2, "Secret", VoteKind::Secret);
    world.act(0, |step| {
        let logs: Vec<_> = step
            .state
            .logs
            .iter()
            .filter(|(_, log)| log.record.gate.is_none())
            .map(|(id, _)| *id)
            .collect();
        for log in logs {
            for len in [1, 40, 512, 2048] {
                let garbage = (0..len).map(|i| i as u8).collect();
                step.post(log, garbage, Content::Side, step.now, None);
            }
        }
        Ok(())
    });
    world.run_ms(5_000);
    world.say(1, "after the garbage");
    heard_by_all(&mut world, 1);
    for who in 0..4 {
        world.vote(who, &motion, crate::views::Choice::For);
    }
    world.decided(&motion);
}

/// Makes a member's device halt, as a commit does that it cannot follow (MSG-09): what stands in its record of the group.
fn halt(world: &mut World, who: usize) {
    world.act(who, |step| {
        let plenary = step.state.member.as_ref().and_then(|member| member.plenary);
        let id = plenary.expect("a plenary");
        let epoch = step.session(id)?.expect("a group").epoch();
        step.sessions.clear();
        let table = primitives::Table("mls");
        let key = [id.as_bytes().as_slice(), &[0]].concat();
        let mut record = step.store.get(table, &key)?.expect("a record").to_vec();
        // [version, standing, ...]: active is [0, []], halted [2, []].
        let standing = record.get_mut(1..5).expect("a standing");
        assert_eq!(standing, [1, 0x82, 0, 0x80]);
        standing.copy_from_slice(&[1, 0x82, 2, 0x80]);
        let purpose = [b"mls/".as_slice(), id.as_bytes(), b"/", &epoch.to_be_bytes()].concat();
        step.store
            .put_for(primitives::Purpose::burnable(purpose), table, key, record);
        Ok(())
    });
}

#[test]
fn a_device_that_has_halted_asks_and_comes_back_by_itself() {
    let mut world = World::new(59, 4);
    world.found(4);
    world.run_ms(30_000);
    halt(&mut world, 3);
    world.say(0, "not heard by all");
    world.until("it has halted", 60_000, |world| {
        world.inside(3).conversations.values().any(|state| state.halted)
    });
    // The journal grows, as it always does; here by a motion.
    world.propose(1, "anything");
    world.until("it is back", 600_000, |world| {
        let inside = world.inside(3).conversations.values();
        let mut states = inside.map(|state| !state.halted && !state.more().joining);
        states.all(|back| back)
    });
    world.say(0, "heard by all");
    world.say(3, "and answered");
    world.until("all hear again", 120_000, |world| {
        (0..4).all(|who| {
            let texts = world.texts(who);
            texts.contains(&"heard by all".to_owned()) && texts.contains(&"and answered".to_owned())
        })
    });
    // Nobody else has to do anything, and nobody was put out.
    assert!(world.overview(3).notice.is_none());
}
