//! One member halts everybody in the plenary, and the others found it anew.

use super::world::{Weather, World, quick_charter};
use crate::Client;
use crate::requests::{Answer, Event, NoticeKind, Refusal, RefusalCode, Request};
use crate::state::Duty;
use crate::step::Turn;
use crate::views::{ConversationKind, ConversationStanding, PlenaryView, Standing};
use messaging::{Conversation, Intent, KeyPackage};
use primitives::store::{Crash, MemoryStore, Store as _};
use primitives::{ConversationId, Purpose, Table};

const WAIT_MS: u64 = 300_000;
const DAY_MS: u64 = 24 * 3_600_000;

fn founded(seed: u64, members: usize) -> World {
    let mut world = World::new(seed, members);
    let mut charter = quick_charter(u32::try_from(members).expect("a few"));
    charter.detain_signers = Some(2);
    world.found_by(members, charter);
    world.run_ms(20_000);
    world
}

/// Makes `evil` commit so that the path decrypts for none of `victims`: they have another member's keys of the path, which comes to
/// the same as a path that was sealed to other keys. Then it is heard of no more.
fn halt_all(world: &mut World, evil: usize, victims: &[usize]) {
    let id = present(world, evil);
    let prefix = [id.as_bytes().as_slice(), &[13]].concat();
    let keys = |world: &World, who: usize| {
        let store = &world.clients[who].as_ref().expect("there").store;
        let mut found = store.scan(Table("mls"), &prefix, b"", 9).expect("a scan");
        found.remove(0)
    };
    let (_, foreign) = keys(world, evil);
    for who in victims {
        let (key, _) = keys(world, *who);
        world.act(*who, |step| {
            let epoch = step.session(id)?.expect("a group").epoch();
            step.sessions.clear();
            let purpose = [b"mls/".as_slice(), id.as_bytes(), b"/", &epoch.to_be_bytes()].concat();
            step.store
                .put_for(Purpose::burnable(purpose), Table("mls"), key, foreign.to_vec());
            Ok(())
        });
    }
    world.act(evil, |step| {
        let intent = Intent {
            refresh: true,
            ..Intent::default()
        };
        Ok(step.commit(Turn(Duty::Commit(id)), id, intent)?)
    });
    let mine = |world: &World| {
        let outbox = &world.inside(evil).outbox;
        outbox.values().any(|item| item.duty == Some(Duty::Commit(id)))
    };
    world.until("the commit is in the log", 60_000, |world| !mine(world));
    world.stop(evil);
}

fn present(world: &World, who: usize) -> ConversationId {
    let member = world.inside(who).member.as_ref();
    member.and_then(|member| member.plenary).expect("a plenary")
}

/// Whether a device follows the plenary that the journal names.
fn is_in(world: &World, who: usize, id: ConversationId) -> bool {
    let state = world.inside(who);
    let there = state.conversations.get(&id);
    present(world, who) == id && there.is_some_and(|state| !state.halted && !state.more().joining)
}

fn refound(world: &mut World, who: usize, sign: Option<&str>) -> Result<ConversationId, Refusal> {
    let request = Request::Refound {
        conversation: sign.map(Into::into),
    };
    match world.ask(who, request)? {
        Answer::Conversation { conversation } => Ok(conversation.parse().expect("an id")),
        other => panic!("{other:?}"),
    }
}

fn plenary(world: &mut World, who: usize) -> PlenaryView {
    let assembly = world.overview(who).assembly;
    assembly.and_then(|assembly| assembly.plenary).expect("a journal")
}

/// One proposes, another signs once it is seen; gives the new plenary.
fn two_refound(world: &mut World, proposer: usize, signer: usize) -> ConversationId {
    let id = refound(world, proposer, None).expect("proposed");
    let name = id.to_string();
    world.until("the proposal is seen", WAIT_MS, |world| {
        let seen = plenary(world, signer).proposals;
        seen.iter().any(|proposal| proposal.conversation == name)
    });
    assert_eq!(refound(world, signer, Some(&name)).expect("signed"), id);
    id
}

fn all_halted(world: &mut World, id: ConversationId, members: &[usize]) {
    let members = members.to_vec();
    world.until("all have halted", WAIT_MS, |world| {
        members
            .iter()
            .all(|who| world.inside(*who).conversations[&id].halted)
    });
}

fn all_in(world: &mut World, id: ConversationId, members: &[usize]) {
    let members = members.to_vec();
    world.until("all are in the new plenary", 2 * WAIT_MS, |world| {
        members.iter().all(|who| is_in(world, *who, id))
    });
}

fn plenary_notices(world: &World, who: usize) -> usize {
    let told = world.told[who].iter();
    let of_it = |event: &&Event| {
        matches!(
            event,
            Event::Notice {
                kind: NoticeKind::Plenary,
                ..
            }
        )
    };
    told.filter(of_it).count()
}

/// Links one more device to a member, by its number in the world.
fn link_up(world: &mut World, first: usize) -> usize {
    let new = world.clients.len();
    let client = Client::open(MemoryStore::new()).expect("an empty vault");
    world.clients.push(Some(client));
    world.grow();
    let Ok(Answer::DeviceLink { link, .. }) = world.ask(first, Request::LinkDevice) else {
        panic!("no link")
    };
    let join = Request::JoinAsDevice {
        link,
        device_name: "laptop".into(),
    };
    world.ask(new, join).expect("asked");
    let mut code = None;
    world.until("it shows a code", WAIT_MS, |world| {
        code = match world.ask(first, Request::Devices) {
            Ok(Answer::Devices { devices }) => devices.link.and_then(|link| link.waiting?.code),
            _ => None,
        };
        code.is_some()
    });
    let admit = Request::AdmitDevice {
        code: code.expect("a code"),
        history: true,
    };
    world.ask(first, admit).expect("admitted");
    world.until("it is in", WAIT_MS, |world| {
        world.standing(new) == Some(Standing::Admitted)
            && world
                .inside(new)
                .member
                .as_ref()
                .is_some_and(|member| member.linking.is_none())
    });
    new
}

#[test]
fn all_whom_one_has_halted_come_together_in_a_new_plenary_and_nothing_is_lost_or_said_twice() {
    let mut world = founded(71, 5);
    let device = link_up(&mut world, 1);
    world.say(0, "before");
    world.until("heard", WAIT_MS, |world| {
        [0, 1, 2, 3, 4, device]
            .into_iter()
            .all(|who| world.texts(who) == ["before"])
    });
    let old = present(&world, 0);
    // Member 3 is away for days; everybody else is halted, one in the middle of a word.
    halt_away(&mut world, 3);
    let victims = [0, 1, 2, device];
    forget_card(&mut world, 3, &victims);
    world.cut.insert(2);
    halt_all(&mut world, 4, &victims);
    world.say(2, "crossing");
    world.cut.clear();
    all_halted(&mut world, old, &victims);
    world
        .ask(
            2,
            Request::SetDraft {
                conversation: None,
                text: "unfinished".into(),
                reply_to: None,
            },
        )
        .expect("kept");
    let said = world.ask(
        0,
        Request::Send {
            conversation: None,
            text: "no use".into(),
            reply_to: None,
        },
    );
    assert_eq!(
        said.map(|_| ()).map_err(|refusal| refusal.code),
        Err(RefusalCode::NotReady)
    );

    let id = two_refound(&mut world, 0, 1);
    assert_ne!(id, old);
    all_in(&mut world, id, &victims);
    let heard = |world: &mut World, who: usize| {
        let mut texts = world.texts(who);
        texts.sort();
        texts
    };
    world.say(device, "here we are");
    world.until("what was said in vain is heard", WAIT_MS, |world| {
        victims
            .iter()
            .all(|who| heard(world, *who) == ["crossing", "here we are"])
    });
    world.now = world.now.after(8 * DAY_MS);
    world.start(3);
    world
        .ask(
            3,
            Request::Send {
                conversation: None,
                text: "written away".into(),
                reply_to: None,
            },
        )
        .expect("it does not know yet");
    // The founder is gone when the last one comes: the other who signed brings it in.
    world.stop(0);
    all_in(&mut world, id, &[3]);
    world.start(0);
    world.until("all hear", WAIT_MS, |world| {
        victims
            .iter()
            .all(|who| heard(world, *who) == ["crossing", "here we are", "written away"])
            && heard(world, 3) == ["written away"]
    });
    world.run_ms(60_000);

    for who in [0, 1, 2, 3, device] {
        assert!(
            heard(&mut world, who)
                .iter()
                .filter(|text| *text == "written away")
                .count()
                == 1
        );
        let views = world.conversations(who);
        let plenaries: Vec<_> = views
            .iter()
            .filter(|view| view.kind == ConversationKind::Plenary)
            .collect();
        let standings: Vec<_> = plenaries.iter().map(|view| view.standing).collect();
        assert_eq!(
            standings,
            [ConversationStanding::Active, ConversationStanding::Ended]
        );
        assert!(plenaries[1].archived && !plenaries[0].archived);
        assert_eq!(
            world.texts_in(who, &old.to_string()),
            ["before"],
            "what was said stays"
        );
        let waiting = world.inside(who).outbox.values();
        let left = waiting.filter(|item| item.log == world.inside(who).conversations[&old].log);
        assert_eq!(left.count(), 0);
        // Its group is gone, record by record.
        let store = &world.clients[who].as_ref().expect("there").store;
        let records = store.scan(Table("mls"), old.as_bytes(), b"", 99).expect("a scan");
        assert!(records.is_empty());
        let view = plenary(&mut world, who);
        assert_eq!((view.founded_anew, view.here), (1, true));
        assert_eq!(view.signed_by, [1, 2]);
        assert!(
            world.overview(who).notice.is_none(),
            "{:?}",
            world.overview(who).notice
        );
    }
    // The device of whoever proposed it tells when it is in force; the others that it was proposed, too.
    assert_eq!((plenary_notices(&world, 0), plenary_notices(&world, 2)), (1, 2));
    let found = world.ask(
        2,
        Request::Search {
            text: "before".into(),
            conversation: None,
            limit: None,
        },
    );
    let Ok(Answer::Found { messages: found }) = found else {
        panic!("{found:?}")
    };
    assert_eq!(found.len(), 1);
    let drafts: Vec<_> = world
        .conversations(2)
        .into_iter()
        .map(|view| view.draft)
        .collect();
    let text = |draft: &Option<crate::views::DraftView>| draft.as_ref().map(|draft| draft.text.clone());
    assert_eq!(text(&drafts[0]), Some("unfinished".into()));
    let refused = world.ask(
        1,
        Request::Send {
            conversation: Some(old.to_string()),
            text: "no more".into(),
            reply_to: None,
        },
    );
    assert!(refused.is_err());
}

/// Nobody has the card of a device any more, as if it had never been seen: it is brought in when it lists another.
fn forget_card(world: &mut World, of: usize, members: &[usize]) {
    let member = world.clients[of].is_none();
    assert!(member, "it is away");
    let seat = u32::try_from(of).expect("a few").saturating_add(1);
    for who in members {
        let fold = world.inside(*who).assembly.clone().expect("a journal");
        let seat = fold.seat_of(primitives::SeatNumber(seat)).expect("seated");
        let device = seat.devices[0].key;
        world.act(*who, |step| {
            step.store.delete(Table("directory"), *device.as_bytes());
            Ok(())
        });
    }
}

/// A device whose keys of the path are not the ones that a commit will be made for, and that is switched off before it comes.
fn halt_away(world: &mut World, who: usize) {
    let id = present(world, who);
    let prefix = [id.as_bytes().as_slice(), &[13]].concat();
    let keys = |who: usize, world: &World| {
        let store = &world.clients[who].as_ref().expect("there").store;
        store
            .scan(Table("mls"), &prefix, b"", 9)
            .expect("a scan")
            .remove(0)
    };
    let ((key, _), (_, foreign)) = (keys(who, world), keys(4, world));
    world.act(who, |step| {
        let epoch = step.session(id)?.expect("a group").epoch();
        step.sessions.clear();
        let purpose = [b"mls/".as_slice(), id.as_bytes(), b"/", &epoch.to_be_bytes()].concat();
        step.store
            .put_for(Purpose::burnable(purpose), Table("mls"), key, foreign.to_vec());
        Ok(())
    });
    world.stop(who);
}

#[test]
fn the_detained_does_not_come_in_and_the_journal_goes_on_under_the_new_plenarys_key() {
    let mut world = founded(72, 4);
    let old = present(&world, 0);
    halt_all(&mut world, 3, &[0, 1, 2]);
    all_halted(&mut world, old, &[0, 1, 2]);
    for who in [0, 1] {
        world.ask(who, Request::Detain { seat: 4 }).expect("stated");
    }
    let id = two_refound(&mut world, 1, 2);
    all_in(&mut world, id, &[0, 1, 2]);
    world.start(3);
    world.until("the journal has gone on", 2 * WAIT_MS, |world| {
        [0, 1, 2].into_iter().all(|who| {
            let fold = world.inside(who).assembly.clone().expect("a journal");
            fold.last_journal_key() == 2 && !fold.hop_due()
        })
    });
    world.run_ms(120_000);
    assert!(!world.inside(3).conversations.contains_key(&id));
    assert_eq!(world.standing(3), Some(Standing::Removed));
    world.say(0, "among ourselves");
    world.until("heard", WAIT_MS, |world| {
        [0, 1, 2]
            .into_iter()
            .all(|who| world.texts(who) == ["among ourselves"])
    });
    assert_eq!(world.plenary(0).members, 3);
}

#[test]
fn msg_37_a_group_of_the_right_id_by_somebody_who_has_not_signed_is_followed_by_nobody() {
    let mut world = founded(73, 5);
    let old = present(&world, 0);
    halt_all(&mut world, 4, &[0, 1, 2, 3]);
    all_halted(&mut world, old, &[0, 1, 2, 3]);
    let id = refound(&mut world, 0, None).expect("proposed");
    let name = id.to_string();
    world.until("the proposal is seen", WAIT_MS, |world| {
        plenary(world, 1)
            .proposals
            .iter()
            .any(|proposal| proposal.conversation == name)
    });
    // The founder is away when it comes into force.
    world.stop(0);
    refound(&mut world, 1, Some(&name)).expect("signed");
    world.until("it is in force", WAIT_MS, |world| {
        [1, 2, 3].into_iter().all(|who| present(world, who) == id)
    });
    // Member 2, who has not signed, is quicker.
    world.act(2, |step| {
        let device = step.device()?;
        let group = Conversation::create(id, &device.own()?, step.journal_point()).expect("a group");
        step.begin_conversation(group, 0)?;
        let cards = step.all_cards()?;
        let own = step.identity()?;
        let add = cards
            .iter()
            .filter(|card| card.member.identity != own)
            .filter_map(|card| KeyPackage::parse(&card.card.key_package).ok())
            .collect();
        let intent = Intent {
            add,
            ..Intent::default()
        };
        Ok(step.commit(Turn(Duty::Commit(id)), id, intent)?)
    });
    world.run_ms(120_000);
    let rival = world.inside(2).conversations[&id].more().since.len();
    assert!(rival >= 4, "they stand in its tree: {rival}");
    for who in [1, 3] {
        assert!(!world.inside(who).conversations.contains_key(&id), "member {who}");
    }
    world.start(0);
    all_in(&mut world, id, &[0, 1, 3]);
    world.say(3, "with the founder");
    world.until("heard", WAIT_MS, |world| {
        [0, 1, 3]
            .into_iter()
            .all(|who| world.texts(who) == ["with the founder"])
    });
    assert!(world.texts(2).is_empty());
}

#[test]
fn of_two_proposals_at_once_one_comes_into_force_and_all_follow_it_through_any_weather() {
    let mut world = founded(74, 4);
    let old = present(&world, 0);
    halt_all(&mut world, 3, &[0, 1, 2]);
    all_halted(&mut world, old, &[0, 1, 2]);
    world.weather = Weather {
        lost_percent: 15,
        doubled_percent: 15,
        delay_max_ms: 2_000,
    };
    let first = refound(&mut world, 0, None).expect("proposed");
    let second = refound(&mut world, 1, None).expect("proposed");
    assert_ne!(first, second);
    let again = refound(&mut world, 1, None).map_err(|refusal| refusal.code);
    assert_eq!(again, Err(RefusalCode::AlreadyDone));
    world.until("both are seen", WAIT_MS, |world| {
        plenary(world, 2).proposals.len() == 2
    });
    let unknown = refound(&mut world, 2, Some(&old.to_string())).map_err(|refusal| refusal.code);
    assert_eq!(unknown, Err(RefusalCode::Unknown));
    refound(&mut world, 2, Some(&second.to_string())).expect("signed");
    all_in(&mut world, second, &[0, 1, 2]);
    let view = plenary(&mut world, 0);
    assert_eq!((view.signed_by, view.proposals.len()), (vec![2, 3], 0));
    // And once more, for nobody can be sure of the first one: the number goes on.
    let third = two_refound(&mut world, 2, 0);
    all_in(&mut world, third, &[0, 1, 2]);
    world.say(1, "twice anew");
    world.until("heard", WAIT_MS, |world| {
        [0, 1, 2]
            .into_iter()
            .all(|who| world.texts(who) == ["twice anew"])
    });
    assert_eq!(plenary(&mut world, 1).founded_anew, 2);
}

#[test]
fn the_founders_process_dies_at_every_write_and_all_come_together() {
    let mut world = founded(75, 3);
    let old = present(&world, 0);
    halt_all(&mut world, 2, &[0, 1]);
    all_halted(&mut world, old, &[0, 1]);
    let mut tried = 0;
    for k in 0.. {
        let how = if k % 2 == 0 {
            Crash::BeforeWrite
        } else {
            Crash::AfterWrite
        };
        let mut copy = world.again(k);
        world.stop(2);
        copy.stop(2);
        copy.run_ms(2_000);
        copy.crash_at(0, k, how);
        let id = two_refound(&mut copy, 0, 1);
        all_in(&mut copy, id, &[0, 1]);
        copy.say(0, "mine");
        copy.say(1, "yours");
        copy.until("heard", WAIT_MS, |copy| {
            [0, 1].into_iter().all(|who| {
                let mut texts = copy.texts(who);
                texts.sort();
                texts == ["mine", "yours"]
            })
        });
        if copy.crashes == 0 {
            break;
        }
        tried += 1;
    }
    assert!(tried > 15, "only {tried} writes");
}

/// What a member has read in both plenaries, each message as often as it stands there.
fn heard_in_all(world: &mut World, who: usize, plenaries: [ConversationId; 2]) -> Vec<String> {
    let mut texts = Vec::new();
    for id in plenaries {
        texts.extend(world.texts_in(who, &id.to_string()));
    }
    texts.sort();
    texts
}

#[test]
fn msg_36_what_is_said_while_the_plenary_changes_is_heard_by_all_once_whatever_the_network_and_the_processes_do()
 {
    let mut crashes = 0;
    for seed in 76..79 {
        let mut world = founded(seed, 4);
        let old = present(&world, 0);
        world.weather = Weather {
            lost_percent: 10,
            doubled_percent: 10,
            delay_max_ms: 1_500,
        };
        world.crash_percent = 6;
        let mut said = Vec::new();
        let mut speak = |world: &mut World| {
            for who in 0..4 {
                let text = format!("{} of {who}", said.len());
                let request = Request::Send {
                    conversation: None,
                    text: text.clone(),
                    reply_to: None,
                };
                // Nothing can be said between the two; what was answered for is said.
                match world.ask(who, request) {
                    Ok(_) => said.push(text),
                    Err(refusal) => assert_eq!(refusal.code, RefusalCode::NotReady),
                }
            }
        };
        speak(&mut world);
        let id = refound(&mut world, 0, None).expect("proposed");
        let name = id.to_string();
        world.until("the proposal is seen", WAIT_MS, |world| {
            plenary(world, 1)
                .proposals
                .iter()
                .any(|proposal| proposal.conversation == name)
        });
        refound(&mut world, 1, Some(&name)).expect("signed");
        // Nobody has halted: all go on speaking where they are until they know.
        for _ in 0..8 {
            speak(&mut world);
            world.run_ms(1_500);
        }
        all_in(&mut world, id, &[0, 1, 2, 3]);
        speak(&mut world);
        said.sort();
        world.crash_percent = 0;
        world.run_ms(WAIT_MS);
        for who in 0..4 {
            assert_eq!(
                heard_in_all(&mut world, who, [old, id]),
                said,
                "member {who}, seed {seed}"
            );
        }
        crashes += world.crashes;
    }
    assert!(crashes > 0);
}
