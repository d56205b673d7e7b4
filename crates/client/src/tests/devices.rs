//! Further devices, and what who has the link, or a word with the journal, can do to them.

use super::world::World;
use crate::Client;
use crate::devices::LinkState;
use crate::requests::{Answer, Request};
use crate::state::Content;
use crate::tables;
use crate::views::Standing;
use assembly::Body;
use messaging::DeviceLink;
use primitives::store::MemoryStore;
use primitives::{LogId, labels};

const WAIT_MS: u64 = 300_000;

/// A new client behind a link of the first one, once both show a code.
pub(super) fn waiting(world: &mut World) -> (usize, String) {
    let client = Client::open(MemoryStore::new()).expect("a store");
    world.clients.push(Some(client));
    world.grow();
    let new = world.clients.len() - 1;
    let Ok(Answer::DeviceLink { link, .. }) = world.ask(0, Request::LinkDevice) else {
        panic!("no link")
    };
    let device_name = "laptop".to_owned();
    world
        .ask(new, Request::JoinAsDevice { link, device_name })
        .expect("it asks");
    world.until("both show a code", WAIT_MS, |world| {
        let here = |state: &LinkState| state.opening.is_some();
        shown_code(world, new).is_some() && world.inside(0).links.values().any(here)
    });
    let code = shown_code(world, new).expect("a code");
    (new, code)
}

fn shown_code(world: &mut World, who: usize) -> Option<String> {
    world.overview(who).assembly?.device_code
}

pub(super) fn admit(world: &mut World, code: String) {
    let request = Request::AdmitDevice { code, history: true };
    world.ask(0, request).expect("let in");
}

pub(super) fn is_certified(world: &World, who: usize) -> bool {
    let member = world.inside(who).member.as_ref();
    member.is_some_and(|member| member.certificate.is_some())
}

fn open_link(world: &World) -> LogId {
    *world.inside(0).links.keys().next().expect("a link")
}

/// An entry of the link's log that names pieces which nobody has.
fn post_empty_promise(world: &mut World) {
    let log = open_link(world);
    world.act(0, |step| {
        let link = DeviceLink::parse(&step.state.links[&log].link).expect("a link");
        let key = link.log_keys().wrap;
        let wrapped =
            messaging::wrap(&key, labels::DEVICE_LINKING, &[7; 600_000], step.rng).expect("in pieces");
        assert!(!wrapped.pieces.is_empty());
        step.post(log, wrapped.entry, Content::Side, step.now, None);
        Ok(())
    });
}

#[test]
fn msg_33_pieces_that_nobody_has_do_not_make_a_new_device_deaf() {
    let mut world = World::new(81, 2);
    world.found(2);
    world.say(0, "before");
    let (new, code) = waiting(&mut world);
    post_empty_promise(&mut world);
    world.run_ms(5_000);
    admit(&mut world, code);
    world.until("it has its certificate", WAIT_MS, |world| {
        is_certified(world, new)
    });
    post_empty_promise(&mut world);
    world.until("it has everything", 2 * WAIT_MS, |world| {
        world.texts(new) == ["before"] && world.inside(0).links.is_empty()
    });
    // What came by the link opens no more, not even here.
    world.until("it knows that this was all", 2 * WAIT_MS, |world| {
        let member = world.inside(new).member.as_ref();
        member.is_some_and(|member| member.linking.is_none())
    });
    let kept = world.act(new, |step| Ok(step.store.scan(tables::LINKING, b"", b"", 10)?));
    assert!(kept.is_empty());
}

#[test]
fn a_device_that_the_journal_will_not_have_is_told_and_the_next_link_works() {
    let mut world = World::new(82, 2);
    world.found(2);
    let (new, code) = waiting(&mut world);
    // What reaches the journal is not what the journal takes.
    world.act(0, |step| {
        step.admit_device(&code, true)?;
        let items: Vec<u64> = step.state.outbox.keys().copied().collect();
        for item in items {
            if let Some(Body::DeviceAdded { certificate, .. }) = step.own_body(item) {
                step.drop_outbox(item);
                let claim = [0; 64].into();
                step.make_statement(&Body::DeviceAdded { certificate, claim }, &[], None)?;
            }
        }
        Ok(())
    });
    world.until("it is told", WAIT_MS, |world| {
        world.standing(new) == Some(Standing::Refused)
    });
    world.until("the link is over", WAIT_MS, |world| {
        world.inside(0).links.is_empty()
    });
    let (new, code) = waiting(&mut world);
    admit(&mut world, code);
    world.until("the next one is in", WAIT_MS, |world| {
        world.standing(new) == Some(Standing::Admitted)
    });
}
