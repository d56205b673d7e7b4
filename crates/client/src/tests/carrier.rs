//! The way to the relay is set before anything is sent, and goes with the batch that first names a relay.

use super::world::{World, quick_charter};
use crate::requests::{Answer, Request};
use crate::views::{Carrier, Role};
use primitives::store::Crash;

fn tor() -> Carrier {
    Carrier::Socks5 {
        address: "127.0.0.1:9050".into(),
    }
}

fn carrier(world: &World, who: usize) -> Carrier {
    world.clients[who].as_ref().expect("there").carrier()
}

fn found(world: &mut World) -> Result<Answer, crate::requests::Refusal> {
    let (address, keys) = (world.relay.address(), world.relay.keys());
    let client = world.clients[0].as_mut().expect("there");
    client.learn_relay(&address, keys).expect("its keys");
    let request = Request::Found {
        name: "Вече".into(),
        declaration: String::new(),
        relay: address,
        member_name: "Member 0".into(),
        charter: quick_charter(2),
    };
    world.ask(0, request)
}

#[test]
fn no_crash_leaves_an_assembly_without_the_way_that_was_set_before_it() {
    for (how, founded) in [(Crash::BeforeWrite, false), (Crash::AfterWrite, true)] {
        let mut world = World::new(161, 1);
        world.ask(0, Request::SetCarrier { carrier: tor() }).expect("set");
        world.restart(0);
        assert_eq!(carrier(&world, 0), tor());
        world.clients[0]
            .as_mut()
            .expect("there")
            .store_mut()
            .crash_at(0, how);
        found(&mut world).expect_err("the process dies");
        world.restart(0);
        let destination = world.clients[0].as_ref().expect("there").destination();
        assert_eq!(destination.is_some(), founded);
        assert_eq!(carrier(&world, 0), tor());
    }
}

#[test]
fn ones_own_choice_of_the_way_goes_before_the_invitations_advice() {
    let mut world = World::new(163, 4);
    found(&mut world).expect("founded");
    world.until("founded", 60_000, |world| world.inside(0).assembly.is_some());
    let advice = Carrier::Socks5 {
        address: "10.0.0.1:1080".into(),
    };
    let mut joined = |choice: Option<Carrier>, who: usize| {
        let invite = Request::Invite {
            role: Role::Deputy,
            valid_ms: None,
            carrier: Some(advice.clone()),
        };
        let Ok(Answer::Invitation { link, .. }) = world.ask(0, invite) else {
            panic!("no invitation")
        };
        if let Some(carrier) = choice {
            world.ask(who, Request::SetCarrier { carrier }).expect("set");
        }
        let join = Request::Join {
            link,
            member_name: "Member".into(),
        };
        world.ask(who, join).expect("asked");
        carrier(&world, who)
    };
    assert_eq!(joined(None, 1), advice);
    assert_eq!(joined(Some(tor()), 2), tor());
    assert_eq!(joined(Some(Carrier::Direct), 3), Carrier::Direct);
}
