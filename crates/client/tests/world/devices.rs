//! A further device of a member, let in as people do it.

use super::World;
use client::Client;
use client::requests::{Answer, Request};
use client::views::{ConversationKind, Standing};
use primitives::store::MemoryStore;

const WAIT_MS: u64 = 300_000;

impl World {
    /// One more device of the member whose first one is `first`, in the plenary and with everything that comes by the link.
    pub fn bring_device(&mut self, first: usize, history: bool) -> usize {
        let new = self.clients.len();
        self.clients.push(Some(Client::open(MemoryStore::new()).unwrap()));
        self.grow();
        let link = match self.ask(first, Request::LinkDevice) {
            Ok(Answer::DeviceLink { link, .. }) => link,
            other => panic!("{other:?}"),
        };
        let device_name = "laptop".into();
        self.ask(new, Request::JoinAsDevice { link, device_name })
            .unwrap();
        let mut code = None;
        self.until("both show a code", WAIT_MS, |world| {
            let seen = world.own_link(first).is_some_and(|waits| waits);
            code = world
                .overview(new)
                .assembly
                .and_then(|assembly| assembly.device_code);
            seen && code.is_some()
        });
        let code = code.unwrap();
        self.ask(first, Request::AdmitDevice { code, history }).unwrap();
        self.until("it is in", WAIT_MS, |world| {
            world.standing(new) == Some(Standing::Admitted) && world.own_link(first).is_none()
        });
        new
    }

    /// Whether somebody waits behind the link, if there is one.
    fn own_link(&mut self, first: usize) -> Option<bool> {
        match self.ask(first, Request::Devices) {
            Ok(Answer::Devices { devices }) => devices.link.map(|link| link.waiting.is_some()),
            other => panic!("{other:?}"),
        }
    }

    /// The conversation of a member's own devices.
    pub fn notes(&mut self, who: usize) -> Option<String> {
        let mut views = self.conversations(who).into_iter();
        let own = views.find(|view| view.kind == ConversationKind::Own);
        own.map(|view| view.id)
    }
}
