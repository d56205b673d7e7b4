//! Several devices of one member: linked, given the history, read on both, revoked.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests"
)]

mod world;

use client::Client;
use client::requests::{Answer, Event, NoticeKind, Refusal, RefusalCode, Request, Topic};
use client::views::{
    Barred, Choice, ConversationKind, ConversationView, DeviceLinkView, DevicesView, MessageContent, Phase,
    Role, Standing, VoteKind,
};
use primitives::store::MemoryStore;
use world::{Weather, World};

const WAIT_MS: u64 = 300_000;

impl World {
    /// One more vault with nothing in it.
    fn newcomer(&mut self) {
        let client = Client::open(MemoryStore::new()).unwrap();
        self.clients.push(Some(client));
        self.grow();
    }

    fn devices(&mut self, who: usize) -> DevicesView {
        match self.ask(who, Request::Devices).unwrap() {
            Answer::Devices { devices } => devices,
            other => panic!("{other:?}"),
        }
    }

    fn device_link(&mut self, who: usize) -> Option<DeviceLinkView> {
        self.devices(who).link
    }

    fn link(&mut self, who: usize) -> String {
        match self.ask(who, Request::LinkDevice).unwrap() {
            Answer::DeviceLink { link, .. } => link,
            other => panic!("{other:?}"),
        }
    }

    fn join_by(&mut self, who: usize, link: &str) -> Result<Answer, Refusal> {
        let request = Request::JoinAsDevice {
            link: link.to_owned(),
            device_name: "laptop".into(),
        };
        self.ask(who, request)
    }

    fn admit(&mut self, first: usize, code: String, history: bool) -> Result<Answer, Refusal> {
        self.ask(first, Request::AdmitDevice { code, history })
    }

    fn code(&mut self, who: usize) -> Option<String> {
        self.overview(who).assembly.unwrap().device_code
    }

    /// Links `new` to `first`, and waits until it is in the plenary and everything has come.
    fn link_up(&mut self, first: usize, new: usize, history: bool) {
        self.ask_in(first, new);
        let code = self.code(new).unwrap();
        self.admit(first, code, history).unwrap();
        self.until("it is in", WAIT_MS, |world| {
            world.standing(new) == Some(Standing::Admitted) && world.device_link(first).is_none()
        });
    }

    /// Makes a link and waits until `new` waits behind it, and both show a code.
    fn ask_in(&mut self, first: usize, new: usize) {
        let link = self.link(first);
        self.join_by(new, &link).unwrap();
        self.until("both show a code", WAIT_MS, |world| {
            world.waiting_code(first).is_some() && world.code(new).is_some()
        });
    }

    /// The code of who waits behind a link, as the first device shows it.
    fn waiting_code(&mut self, first: usize) -> Option<String> {
        self.device_link(first)?.waiting?.code
    }

    /// How many lines say that members came or went.
    fn rosters(&mut self, who: usize) -> usize {
        let views = self.messages(who, None);
        let roster =
            |view: &&client::views::MessageView| matches!(view.content, MessageContent::Roster { .. });
        views.iter().filter(roster).count()
    }

    fn own_notes(&mut self, who: usize) -> Option<String> {
        let views = self.conversations(who);
        let own = views.into_iter().find(|view| view.kind == ConversationKind::Own);
        own.map(|view| view.id)
    }
}

#[test]
fn a_second_device_is_let_in_reads_what_was_said_and_speaks_for_its_member() {
    let mut world = World::new(1, 3);
    world.found(3);
    world.newcomer();
    for number in 0..70 {
        world.say(0, &format!("before {number}"));
    }
    let direct = world.direct(1, 1);
    world.all_see(&[0, 1], &direct, &[1, 2]);
    world.say_in(1, &direct, "between us").unwrap();
    let group = world.group(2, "Budget", &[1, 2]);
    world.all_see(&[0, 1, 2], &group, &[1, 2, 3]);
    world.until("all is there", WAIT_MS, |world| {
        world.texts(0).len() == 70 && world.texts_in(0, &direct).len() == 1
    });

    let rosters = world.rosters(1);
    world.ask_in(0, 3);
    let link = world.device_link(0).unwrap();
    let waiting = link.waiting.unwrap();
    assert_eq!(waiting.name, "laptop");
    let code = world.code(3).unwrap();
    assert_eq!(waiting.code.as_ref(), Some(&code));
    assert_eq!(world.standing(3), Some(Standing::Requested));
    world.admit(0, code, true).unwrap();
    world.until("it is on its way in", WAIT_MS, |world| {
        world.standing(3) == Some(Standing::Entering)
    });
    assert_eq!(world.code(3), None);
    world.until("it is in", WAIT_MS, |world| {
        world.standing(3) == Some(Standing::Admitted) && world.device_link(0).is_none()
    });

    let (first, second) = (world.devices(0), world.devices(3));
    assert_eq!(first.devices.len(), 2);
    assert_eq!(first.devices[1].name.as_deref(), Some("laptop"));
    assert_eq!(second.devices[1].name.as_deref(), Some("laptop"));
    let marks = |view: &DevicesView| -> Vec<(bool, bool)> {
        view.devices
            .iter()
            .map(|device| (device.first, device.this))
            .collect()
    };
    assert_eq!(marks(&first), [(true, true), (false, false)]);
    assert_eq!(marks(&second), [(true, false), (false, true)]);
    assert!(!world.overview(3).assembly.unwrap().first_device);
    // What was said before, in the same order; and what it was about is found.
    let before = world.texts(0);
    world.until("the history has come", WAIT_MS, |world| world.texts(3) == before);
    assert_eq!(world.texts_in(3, &direct), ["between us"]);
    let found = world.ask(
        3,
        Request::Search {
            text: "before 13".into(),
            conversation: None,
            limit: None,
        },
    );
    assert!(matches!(found, Ok(Answer::Found { messages }) if messages.len() == 1));
    // Nobody sees somebody come who was there.
    assert_eq!(world.rosters(1), rosters);
    assert_eq!(world.plenary(1).members, 3);

    // It speaks for its member, to all and to each, and both devices have what either says.
    world.until("it may speak", WAIT_MS, |world| {
        world.say_in(3, &direct, "from the laptop").is_ok()
    });
    world.say(3, "to all");
    world.say(0, "from the first");
    for who in 0..4 {
        world.until("all have it", WAIT_MS, |world| {
            let texts = world.texts(who);
            texts.contains(&"to all".to_owned()) && texts.contains(&"from the first".to_owned())
        });
    }
    world.until(
        "the other member and the first device have it",
        WAIT_MS,
        |world| {
            [0, 1]
                .iter()
                .all(|who| world.texts_in(*who, &direct) == ["between us", "from the laptop"])
        },
    );
    assert!(world.messages(0, Some(&direct)).last().unwrap().own);
    // A conversation that it begins has the first device in it, too.
    let press = world.group(3, "Press", &[3]);
    world.all_see(&[0, 2, 3], &press, &[1, 3]);
    assert!(world.audited(1).is_valid());
}

#[test]
fn whom_a_further_device_invites_comes_in_and_speaks() {
    let mut world = World::new(9, 2);
    // While the founding lasts, the endorsement of whoever invited admits.
    world.found_by(2, world::quick_charter(5));
    world.newcomer();
    world.link_up(0, 2, false);
    world.newcomer();
    world.let_in(2, 3, Role::Deputy);
    world.until("it is in the plenary", WAIT_MS, |world| {
        world.plenary(3).members == 3
    });
    world.say(3, "from the newcomer");
    for who in 0..4 {
        world.until("all have it", WAIT_MS, |world| {
            world.texts(who) == ["from the newcomer"]
        });
    }
    world.run_ms(60_000);
    assert!(world.audited(3).is_valid());
}

#[test]
fn without_the_history_a_device_has_what_is_said_from_then_on() {
    let mut world = World::new(2, 2);
    world.found(2);
    world.newcomer();
    world.say(0, "before");
    world.until("it is there", WAIT_MS, |world| world.texts(1) == ["before"]);
    world.link_up(0, 2, false);
    world.say(1, "after");
    world.until("it has come", WAIT_MS, |world| world.texts(2) == ["after"]);
}

#[test]
fn msg_33_another_code_lets_nobody_in_and_a_link_given_up_says_so() {
    let mut world = World::new(3, 2);
    world.found(2);
    world.newcomer();
    world.newcomer();
    world.ask_in(0, 2);
    let refused = world.admit(0, "00000 00000".into(), true);
    assert_eq!(refused.unwrap_err().code, RefusalCode::WrongCode);
    assert_eq!(world.devices(0).devices.len(), 1);
    world.ask(0, Request::CancelDeviceLink).unwrap();
    world.until("it knows", WAIT_MS, |world| {
        world.standing(2) == Some(Standing::Refused)
    });
    assert_eq!(world.code(2), None);
    assert_eq!(world.device_link(0), None);
    // The same vault comes in by another link; who comes by one that is used is told.
    let link = world.link(0);
    world.join_by(2, &link).unwrap();
    world.until("both show a code", WAIT_MS, |world| {
        world.waiting_code(0).is_some() && world.code(2).is_some()
    });
    let shown = world.waiting_code(0);
    world.join_by(3, &link).unwrap();
    world.until("the late one knows", WAIT_MS, |world| {
        world.standing(3) == Some(Standing::Refused)
    });
    assert_eq!((world.waiting_code(0), world.code(3)), (shown, None));
    let code = world.code(2).unwrap();
    world.admit(0, code.replace(' ', ""), true).unwrap();
    world.until("it is in", WAIT_MS, |world| {
        world.standing(2) == Some(Standing::Admitted)
    });
    // Only the first device makes links, and nobody revokes that one.
    let refused = world.ask(2, Request::LinkDevice);
    assert_eq!(refused.unwrap_err().code, RefusalCode::NotFirstDevice);
    let first = world.devices(2).devices[0].device.clone();
    let refused = world.ask(2, Request::RevokeDevice { device: first });
    assert_eq!(refused.unwrap_err().code, RefusalCode::Unknown);
}

#[test]
fn msg_33_who_comes_first_by_somebody_elses_link_gets_a_code_that_the_new_device_never_shows() {
    let mut world = World::new(20, 2);
    world.found(2);
    world.newcomer();
    world.newcomer();
    let link = world.link(0);
    // Somebody has photographed the link, and the relay lets his entry go first.
    world.join_by(3, &link).unwrap();
    world.until("he is first", WAIT_MS, |world| world.waiting_code(0).is_some());
    world.join_by(2, &link).unwrap();
    for _ in 0..600 {
        world.run_ms(1_000);
        assert_eq!(world.code(2), None);
    }
    assert_eq!(world.standing(2), Some(Standing::Refused));
    // The person has no code to type; whatever they type lets nobody in.
    let refused = world.admit(0, String::new(), true);
    assert_eq!(refused.unwrap_err().code, RefusalCode::WrongCode);
    assert_eq!(world.devices(0).devices.len(), 1);
}

#[test]
fn msg_33_there_is_no_code_before_both_devices_have_said_what_it_is_made_from() {
    let mut world = World::new(21, 2);
    world.found(2);
    world.newcomer();
    let link = world.link(0);
    assert!(world.device_link(0).unwrap().link.is_some());
    // The first device is away: its part is missing.
    world.stop(0);
    world.join_by(2, &link).unwrap();
    world.run_ms(60_000);
    assert_eq!(
        (world.code(2), world.standing(2)),
        (None, Some(Standing::Requested))
    );
    // The new one is away: its part is missing, and nobody is let in without.
    world.stop(2);
    world.start(0);
    world.until("somebody waits", WAIT_MS, |world| {
        world.device_link(0).is_some_and(|link| link.waiting.is_some())
    });
    world.run_ms(60_000);
    assert_eq!(world.waiting_code(0), None);
    let shown = world.device_link(0).unwrap();
    assert_eq!((shown.link, shown.qr), (None, None), "it is of no more use");
    let refused = world.admit(0, "00000 00000".into(), true);
    assert_eq!(refused.unwrap_err().code, RefusalCode::NotReady);
    // Both are started anew, and show the same.
    world.stop(0);
    world.start(0);
    world.start(2);
    world.until("both show a code", WAIT_MS, |world| {
        world.waiting_code(0).is_some() && world.code(2).is_some()
    });
    assert_eq!(world.waiting_code(0), world.code(2));
}

#[test]
fn msg_33_a_device_behind_a_link_that_was_swapped_shows_another_code() {
    let mut world = World::new(22, 2);
    world.found(2);
    world.newcomer();
    world.newcomer();
    // The second member gives the new device a link of his own, and goes himself behind the true one.
    let (true_link, own_link) = (world.link(0), world.link(1));
    world.join_by(2, &own_link).unwrap();
    world.join_by(3, &true_link).unwrap();
    world.until("all show a code", WAIT_MS, |world| {
        let codes = [
            world.waiting_code(0),
            world.waiting_code(1),
            world.code(2),
            world.code(3),
        ];
        codes.iter().all(Option::is_some)
    });
    assert_eq!(world.code(2), world.waiting_code(1));
    assert_ne!(world.code(2), world.waiting_code(0));
    let code = world.code(2).unwrap();
    let refused = world.admit(0, code, true);
    assert_eq!(refused.unwrap_err().code, RefusalCode::WrongCode);
}

#[test]
fn a_device_that_waits_gives_up_and_comes_by_another_link() {
    let mut world = World::new(23, 2);
    world.found(2);
    world.newcomer();
    world.ask_in(0, 2);
    assert!(world.overview(2).assembly.unwrap().device_until.is_some());
    let code = world.code(2).unwrap();
    world.ask(2, Request::GiveUpDeviceLink).unwrap();
    assert_eq!(world.standing(2), Some(Standing::Refused));
    assert_eq!((world.code(2), world.overview(2).outbox_entries), (None, 0));
    assert_eq!(world.overview(2).assembly.unwrap().device_until, None);
    // What the first device still says by that link counts no more.
    world.admit(0, code, true).unwrap();
    world.run_ms(120_000);
    assert_eq!(world.standing(2), Some(Standing::Refused));
    let again = world.ask(2, Request::GiveUpDeviceLink);
    assert_eq!(again.unwrap_err().code, RefusalCode::Unknown);
    let device = world.devices(0).devices[1].device.clone();
    world.ask(0, Request::RevokeDevice { device }).unwrap();
    world.until("the link is gone", WAIT_MS, |world| {
        world.device_link(0).is_none()
    });
    world.link_up(0, 2, false);
}

#[test]
fn a_device_sees_by_itself_that_its_link_is_over() {
    let mut world = World::new(24, 2);
    world.found(2);
    world.newcomer();
    world.ask_in(0, 2);
    world.stop(0);
    world.run_ms(3_700_000);
    assert_eq!(world.standing(2), Some(Standing::Requested));
    world.run_ms(600_000);
    assert_eq!(world.standing(2), Some(Standing::Refused));
    assert_eq!(world.code(2), None);
}

#[test]
fn a_link_expires_and_is_no_invitation() {
    let mut world = World::new(4, 2);
    world.found(2);
    world.newcomer();
    let link = world.link(0);
    let request = Request::Join {
        link: link.clone(),
        member_name: "somebody".into(),
    };
    assert_eq!(
        world.ask(2, request).unwrap_err().code,
        RefusalCode::LinkForDevice
    );
    let request = Request::Invite {
        role: Role::Deputy,
        valid_ms: None,
        carrier: None,
    };
    let Ok(Answer::Invitation { link: invitation, .. }) = world.ask(0, request) else {
        panic!("no invitation")
    };
    assert_eq!(
        world.join_by(2, &invitation).unwrap_err().code,
        RefusalCode::LinkForMember
    );
    world.run_ms(3_700_000);
    assert_eq!(world.device_link(0), None);
    assert_eq!(
        world.join_by(2, &link).unwrap_err().code,
        RefusalCode::InvitationExpired
    );
}

#[test]
fn a_revoked_device_reads_nothing_that_is_said_after_and_the_journal_goes_on_without_it() {
    let mut world = World::new(5, 3);
    world.found(3);
    world.newcomer();
    world.link_up(0, 3, true);
    world.say(1, "for both");
    world.until("both have it", WAIT_MS, |world| {
        world.texts(0) == ["for both"] && world.texts(3) == ["for both"]
    });
    let device = world.devices(0).devices[1].device.clone();
    world.ask(0, Request::RevokeDevice { device }).unwrap();
    let leaving = world.devices(0).devices[1].leaving.clone().unwrap();
    assert!(!leaving.recorded && leaving.journal && leaving.conversations > 0);
    world.until("it is out", WAIT_MS, |world| {
        world.standing(3) == Some(Standing::Revoked)
    });
    world.run_ms(60_000);
    world.say(1, "without it");
    world.until("the others have it", WAIT_MS, |world| {
        (0..3).all(|who| world.texts(who) == ["for both", "without it"])
    });
    world.run_ms(60_000);
    assert_eq!(world.texts(3), ["for both"]);
    world.stop(3);
    assert_eq!(world.devices(0).devices.len(), 1);
    // The assembly goes on: a vote is taken in the log that the revoked device cannot find.
    let motion = world.open_vote(1, 0, "After", VoteKind::Secret);
    (0..3).for_each(|who| world.vote(who, &motion, Choice::For));
    world.decided(&motion);
    assert!(world.audited(2).is_valid());
    world.start(3);
    world.run_ms(60_000);
    assert!(world.motion(3, &motion).is_none());
}

#[test]
fn a_detained_member_is_told_so_on_every_device() {
    let mut world = World::new(10, 4);
    world.found(4);
    world.newcomer();
    world.link_up(3, 4, false);
    for who in 0..3 {
        world.ask(who, Request::Detain { seat: 4 }).unwrap();
    }
    for who in [3, 4] {
        world.until("it knows that its member is out", WAIT_MS, |world| {
            world.standing(who) == Some(Standing::Removed)
        });
    }
}

#[test]
fn a_revoked_device_is_in_the_list_until_it_is_out_of_everything() {
    let mut world = World::new(25, 3);
    world.found(3);
    world.newcomer();
    world.link_up(0, 3, false);
    // Without the witnesses the journal cannot go on elsewhere.
    world.stop(1);
    world.stop(2);
    let device = world.devices(0).devices[1].device.clone();
    world.ask(0, Request::RevokeDevice { device }).unwrap();
    world.until("the journal alone has it", WAIT_MS, |world| {
        let leaving = world.devices(0).devices.last().unwrap().leaving.clone();
        leaving.is_some_and(|leaving| leaving.recorded && leaving.conversations == 0)
    });
    world.run_ms(60_000);
    let left = world.devices(0).devices[1].clone();
    assert!(left.leaving.unwrap().journal);
    assert_eq!(left.name.as_deref(), Some("laptop"));
    world.start(1);
    world.start(2);
    world.until("it is out", WAIT_MS, |world| world.devices(0).devices.len() == 1);
    // A later removal does not bring it back into the list.
    world.newcomer();
    world.link_up(0, 4, false);
    let device = world.devices(0).devices[1].device.clone();
    world
        .ask(
            0,
            Request::RevokeDevice {
                device: device.clone(),
            },
        )
        .unwrap();
    for _ in 0..120 {
        world.run_ms(1_000);
        let devices = world.devices(0).devices;
        assert!(devices[1..].iter().all(|view| view.device == device));
    }
    assert_eq!(world.devices(0).devices.len(), 1);
}

#[test]
fn a_third_device_gets_the_history_whichever_of_the_others_is_quicker() {
    for seed in 50..53 {
        let mut world = World::new(seed, 2);
        world.found(2);
        world.newcomer();
        world.newcomer();
        for number in 0..5 {
            world.say(1, &format!("before {number}"));
        }
        let direct = world.direct(1, 1);
        world.all_see(&[0, 1], &direct, &[1, 2]);
        world.say_in(1, &direct, "between us").unwrap();
        world.link_up(0, 2, true);
        world.until("the second has it", WAIT_MS, |world| {
            world.texts(2).len() == 5 && world.texts_in(2, &direct).len() == 1
        });
        world.say(1, "and more");
        world.until("all have it", WAIT_MS, |world| {
            [0, 2].into_iter().all(|who| world.texts(who).len() == 6)
        });
        let before = world.texts(0);
        world.link_up(0, 3, true);
        world.until("the third has it", WAIT_MS, |world| {
            world.texts(3) == before && world.texts_in(3, &direct) == ["between us"]
        });
    }
}

#[test]
fn a_further_device_revokes_itself() {
    let mut world = World::new(6, 2);
    world.found(2);
    world.newcomer();
    world.link_up(0, 2, false);
    let device = world.devices(2).devices[1].device.clone();
    world.told[0].clear();
    world.ask(2, Request::RevokeDevice { device }).unwrap();
    world.until("it is out", WAIT_MS, |world| {
        world.standing(2) == Some(Standing::Revoked)
    });
    world.until("the first knows, and is rid of it", WAIT_MS, |world| {
        world.devices(0).devices.len() == 1
    });
    let told = |event: &Event| matches!(event, Event::Changed { topics } if topics.contains(&Topic::Devices));
    assert!(world.told[0].iter().any(told));
    // The same person comes back with a new vault; the old one never does.
    let link = world.link(0);
    assert_eq!(
        world.join_by(2, &link).unwrap_err().code,
        RefusalCode::AlreadyInAssembly
    );
}

#[test]
fn msg_34_what_is_read_on_one_device_is_read_on_the_other() {
    let mut world = World::new(7, 2);
    world.found(2);
    world.newcomer();
    world.link_up(0, 2, true);
    world.until("they have notes", WAIT_MS, |world| {
        let own = world.own_notes(0);
        own.is_some() && own == world.own_notes(2)
    });
    assert_eq!(world.own_notes(1), None);
    for who in [0, 2] {
        world.read(who, None, true);
    }
    world.run_ms(20_000);
    for text in ["one", "two", "three"] {
        world.say(1, text);
    }
    world.until("both have them unread", WAIT_MS, |world| {
        world.plenary(0).unread == 3 && world.plenary(2).unread == 3
    });
    world.read(2, None, true);
    world.until("the other knows", WAIT_MS, |world| world.plenary(0).unread == 0);
    world.say(1, "four");
    world.until("both have it unread", WAIT_MS, |world| {
        world.plenary(0).unread == 1 && world.plenary(2).unread == 1
    });
    // Notes to oneself are on both.
    let notes = world.own_notes(0).unwrap();
    world.say_in(0, &notes, "remember the milk").unwrap();
    world.until("the note is there", WAIT_MS, |world| {
        world.texts_in(2, &notes) == ["remember the milk"]
    });
}

#[test]
fn msg_34_what_was_not_told_is_told_after_a_restart() {
    let mut world = World::new(11, 2);
    world.found(2);
    world.newcomer();
    world.link_up(0, 2, true);
    world.until("they have notes", WAIT_MS, |world| {
        let own = world.own_notes(0);
        own.is_some() && own == world.own_notes(2)
    });
    for who in [0, 2] {
        world.read(who, None, true);
    }
    world.run_ms(20_000);
    world.say(1, "one");
    world.until("both have it unread", WAIT_MS, |world| {
        world.plenary(0).unread == 1 && world.plenary(2).unread == 1
    });
    world.read(0, None, true);
    world.restart(0);
    world.until("the other knows", WAIT_MS, |world| world.plenary(2).unread == 0);
}

#[test]
fn msg_34_of_many_conversations_all_are_told() {
    let mut world = World::new(12, 2);
    world.found(2);
    world.newcomer();
    world.link_up(0, 2, true);
    world.until("they have notes", WAIT_MS, |world| {
        let own = world.own_notes(0);
        own.is_some() && own == world.own_notes(2)
    });
    let groups: Vec<String> = (0..70)
        .map(|number| world.group(1, &format!("Group {number}"), &[1]))
        .collect();
    let all = |world: &mut World, who: usize, holds: fn(&ConversationView) -> bool| {
        let views = world.conversations(who).into_iter();
        let of_them = views.filter(|view| view.kind == ConversationKind::Group);
        of_them.filter(holds).count() == groups.len()
    };
    world.until("all devices are in all", WAIT_MS, |world| {
        [0, 1, 2]
            .iter()
            .all(|who| all(world, *who, |view| view.present.len() == 2))
    });
    for group in &groups {
        world.say_in(1, group, "word").unwrap();
    }
    world.run_ms(30_000);
    world.until("both have all", WAIT_MS, |world| {
        let has = |world: &mut World, who: usize, group: &str| world.texts_in(who, group) == ["word"];
        [0, 2]
            .iter()
            .all(|who| groups.iter().all(|group| has(world, *who, group)))
    });
    assert!(all(&mut world, 2, |view| view.unread > 0));
    for group in &groups {
        world.read(0, Some(group), true);
    }
    world.until("the other knows of every one", WAIT_MS, |world| {
        all(world, 2, |view| view.unread == 0)
    });
}

#[test]
fn every_other_device_of_a_seat_tells_of_a_new_one_until_its_user_has_seen_it() {
    let mut world = World::new(13, 2);
    world.found(2);
    world.newcomer();
    world.newcomer();
    world.link_up(0, 2, false);
    for who in 0..3 {
        let new = world.overview(who).new_devices;
        assert_eq!(new.len(), usize::from(who == 0), "{who}");
    }
    let device = world.overview(0).new_devices[0].device.clone();
    let acknowledge = |device: &str| Request::AcknowledgeDevice {
        device: device.to_owned(),
    };
    world.ask(0, acknowledge(&device)).unwrap();
    let refused = world.ask(0, acknowledge(&device)).unwrap_err();
    assert_eq!(refused.code, RefusalCode::Unknown);
    world.told.iter_mut().for_each(Vec::clear);
    world.link_up(0, 3, false);
    let latest = world.devices(0).devices[2].device.clone();
    let notice = |event: &&Event| {
        matches!(
            event,
            Event::Notice {
                kind: NoticeKind::Device,
                ..
            }
        )
    };
    for who in [0, 2] {
        world.until("it knows", WAIT_MS, |world| {
            world.overview(who).new_devices.len() == 1
        });
        let new = world.overview(who).new_devices.remove(0);
        assert_eq!((&new.device, new.there), (&latest, true));
        assert_eq!(world.told[who].iter().filter(notice).count(), 1);
    }
    assert_eq!(world.overview(0).new_devices[0].name.as_deref(), Some("laptop"));
    for who in [1, 3] {
        assert_eq!(world.overview(who).new_devices, []);
        assert_eq!(world.told[who].iter().filter(notice).count(), 0);
    }
    // It stands until somebody looks, also when the device has gone again.
    world
        .ask(
            0,
            Request::RevokeDevice {
                device: latest.clone(),
            },
        )
        .unwrap();
    world.restart(2);
    world.until("it is seen to have gone", WAIT_MS, |world| {
        let new = world.overview(2).new_devices;
        new.first().is_some_and(|new| !new.there)
    });
    world.ask(2, acknowledge(&latest)).unwrap();
    world.restart(2);
    assert_eq!(world.overview(2).new_devices, []);
}

#[test]
fn a_seat_votes_in_secret_on_its_first_device_and_by_name_on_any_once() {
    let mut world = World::new(8, 3);
    world.found(3);
    world.newcomer();
    world.link_up(0, 3, false);
    let secret = world.open_vote(1, 2, "Secret", VoteKind::Secret);
    world.until("it is seen", WAIT_MS, |world| {
        world
            .motion(3, &secret)
            .is_some_and(|motion| motion.phase == Phase::Open)
    });
    let view = world.motion(3, &secret).unwrap();
    assert_eq!(view.mine.barred, Some(Barred::OtherDevice));
    let request = Request::Vote {
        motion: secret.clone(),
        choice: Choice::For,
    };
    assert_eq!(
        world.ask(3, request).unwrap_err().code,
        RefusalCode::NotFirstDevice
    );
    let named = world.open_vote(1, 2, "Named", VoteKind::RollCall);
    world.until("it is seen", WAIT_MS, |world| {
        world
            .motion(3, &named)
            .is_some_and(|motion| motion.phase == Phase::Open)
    });
    world.vote(3, &named, Choice::Against);
    (1..3).for_each(|who| world.vote(who, &named, Choice::For));
    (0..3).for_each(|who| world.vote(who, &secret, Choice::For));
    for motion in [&secret, &named] {
        world.until(
            "all devices have the result, and all seats agree",
            WAIT_MS,
            |world| {
                (0..4).all(|who| {
                    let result = world.motion(who, motion).and_then(|motion| motion.result);
                    result.is_some_and(|result| (result.agree, result.disagree) == (3, 0))
                })
            },
        );
    }
    let result = world.motion(1, &named).unwrap().result.unwrap();
    assert_eq!((result.votes_for, result.votes_against), (2, 1));
    assert_eq!(world.motion(3, &secret).unwrap().result.unwrap().votes_for, 3);
    assert!(world.audited(3).is_valid());
}

#[test]
fn devices_are_linked_in_bad_weather_and_through_crashes() {
    for seed in 30..34 {
        let mut world = World::new(seed, 3);
        world.found(3);
        world.newcomer();
        for number in 0..10 {
            world.say(1, &format!("before {number}"));
        }
        world.until("they are there", WAIT_MS, |world| world.texts(0).len() == 10);
        world.ask_in(0, 3);
        world.weather = Weather {
            lost_percent: 10,
            doubled_percent: 10,
            delay_max_ms: 2_000,
        };
        let code = world.code(3).unwrap();
        world.admit(0, code, true).unwrap();
        world.crash_percent = 3;
        world.until("it is in", 2 * WAIT_MS, |world| {
            let here = [0, 3].iter().all(|who| world.clients[*who].is_some());
            here && world.standing(3) == Some(Standing::Admitted)
        });
        world.crash_percent = 0;
        world.until("the history has come", 2 * WAIT_MS, |world| {
            let all = (0..4).all(|who| world.clients[who].is_some());
            all && world.texts(3).len() == 10 && world.device_link(0).is_none()
        });
        assert_eq!(world.texts(3), world.texts(0));
    }
}
