//! How far one has read, told to a device that has not come so far (MSG-34).

use super::world::World;
use crate::conversations::ConversationState;
use crate::requests::Event;
use primitives::LogId;

const WAIT_MS: u64 = 300_000;

impl World {
    fn plenary_log(&self, who: usize) -> LogId {
        let state = self.inside(who);
        let plenary = state.member.as_ref().and_then(|member| member.plenary);
        state.conversations[&plenary.expect("a plenary")].log
    }

    fn has_notes(&self, who: usize) -> bool {
        let mut states = self.inside(who).conversations.values();
        states.any(|state: &ConversationState| state.is_own() && !state.more().joining)
    }
}

#[test]
fn a_mark_that_comes_before_its_line_counts_when_the_line_comes() {
    let mut world = World::new(63, 2);
    world.found(2);
    let further = world.bring_device(0, true);
    world.until("they have notes", WAIT_MS, |world| {
        world.has_notes(0) && world.has_notes(further)
    });
    for who in [0, further] {
        world.read(who, None, true);
    }
    world.run_ms(60_000);
    let log = world.plenary_log(further);
    world.stale = Some((world.relay.clone(), further, log));
    world.say(1, "one");
    world.until("the first has it", WAIT_MS, |world| world.plenary(0).unread == 1);
    world.read(0, None, true);
    let waits = |world: &World| world.inside(further).marks.len();
    world.until("the mark is there", WAIT_MS, |world| waits(world) == 1);
    // It outlives the process.
    world.restart(further);
    assert_eq!(waits(&world), 1);
    world.told[further].clear();
    world.stale = None;
    let plenary = world.plenary(further).id;
    world.until("the line has come", WAIT_MS, |world| {
        world.texts_in(further, &plenary) == ["one"]
    });
    assert_eq!(world.plenary(further).unread, 0);
    assert_eq!(waits(&world), 0);
    let notice = |event: &Event| matches!(event, Event::Notice { .. });
    assert!(
        !world.told[further].iter().any(notice),
        "what has been read is no news"
    );
    world.say(1, "two");
    world.until("the next is unread", WAIT_MS, |world| {
        world.plenary(further).unread == 1
    });
}
