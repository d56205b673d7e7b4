//! What an insider writes in letters says nothing until there is a Welcome.

use super::devices::{admit, is_certified, waiting};
use super::world::World;
use crate::state::{Content, LogRole};
use crate::views::Standing;
use messaging::{Letter, Terms};
use primitives::{ConversationId, Secret, VerifyingKey};

const WAIT_MS: u64 = 300_000;

/// Lets in a further device of the first client, and stops that one as soon as the new one has its certificate: nobody has
/// brought it into anything yet.
fn half_linked(world: &mut World) -> (usize, VerifyingKey) {
    let (new, code) = waiting(world);
    admit(world, code);
    world.until("it has its certificate", WAIT_MS, |world| {
        is_certified(world, new)
    });
    world.stop(0);
    let member = world.inside(new).member.as_ref();
    let device = member.expect("a member").device_key().verifying_key();
    world.until("its card is known", WAIT_MS, |world| {
        [1, 2]
            .into_iter()
            .all(|who| world.act(who, |step| Ok(step.card_of(&device)?.is_some())))
    });
    (new, device)
}

fn write(world: &mut World, who: usize, to: VerifyingKey, letter: &Letter) {
    world.act(who, |step| {
        let card = step.card_of(&to)?.expect("a card");
        let directory = step.state.logs.iter().find_map(|(log, state)| {
            let here = state.role == LogRole::Directory { number: card.number };
            here.then(|| (*log, state.role.keys(state.secret.secret())))
        });
        let (log, keys) = directory.expect("a directory");
        let device = step.device()?;
        let entry = messaging::list_letter(&keys, &device.own()?, &card.card.envelope_key, letter, step.rng)
            .expect("a letter");
        step.post(log, entry, Content::Listing, step.now, None);
        Ok(())
    });
}

fn plenary(world: &World) -> ConversationId {
    let member = world.inside(1).member.as_ref();
    member.and_then(|member| member.plenary).expect("a plenary")
}

fn true_log_secret(world: &mut World, id: ConversationId) -> Secret<32> {
    let secret = world.act(1, |step| {
        Ok(step.session(id)?.map(|session| session.log_secret()))
    });
    secret.expect("a session")
}

fn letter(conversation: ConversationId, log_secret: Secret<32>, terms: Option<Terms>) -> Letter {
    Letter {
        lines: 0,
        conversation,
        terms,
        log_secret,
        log_start: 0,
        journal_keys: Vec::new(),
    }
}

#[test]
fn msg_27_an_insiders_letters_neither_take_the_history_nor_keep_a_further_device_out_nor_make_conversations()
{
    let mut world = World::new(71, 3);
    world.found(3);
    for number in 0..5 {
        world.say(0, &format!("before {number}"));
    }
    let direct = world.direct(1, 1);
    world.all_see(&[0, 1], &direct, &[1, 2]);
    world.say_in(1, &direct, "between us").expect("said");
    world.until("all is there", WAIT_MS, |world| {
        world.texts(0).len() == 5 && world.texts_in(0, &direct).len() == 1
    });
    let (new, device) = half_linked(&mut world);
    let plenary = plenary(&world);
    // The plenary in a log that is nowhere, and in the true one from an entry that never comes.
    write(
        &mut world,
        1,
        device,
        &letter(plenary, Secret::take(&mut [5; 32]), None),
    );
    let secret = true_log_secret(&mut world, plenary);
    let late = Letter {
        log_start: u64::MAX,
        lines: 1 << 40,
        ..letter(plenary, secret, None)
    };
    write(&mut world, 2, device, &late);
    // A conversation that there is, after lines that there never were; and one that there is not.
    let id = world
        .inside(1)
        .conversations
        .values()
        .find(|state| state.is_closed())
        .map(|state| (state.id, state.more().terms));
    let (id, terms) = id.expect("the direct conversation");
    let lines = Letter {
        lines: 1 << 40,
        ..letter(id, Secret::take(&mut [6; 32]), terms)
    };
    write(&mut world, 1, device, &lines);
    let assembly = world.inside(1).member.as_ref().map(|member| member.assembly);
    let phantom = Terms::group(assembly.expect("an assembly"), "Nowhere".to_owned(), [3; 32]);
    let phantom = phantom.expect("terms");
    let phantom = Letter {
        lines: 9,
        ..letter(phantom.id(), Secret::take(&mut [7; 32]), Some(phantom))
    };
    write(&mut world, 2, device, &phantom);
    world.run_ms(60_000);
    assert_eq!(world.inside(new).conversations.len(), 3, "the letters have come");
    let shown = world.conversations(new);
    assert!(shown.iter().all(|view| view.title != "Nowhere"));
    assert!(shown.iter().all(|view| view.id != direct));
    // The first device comes back and brings it in: it has all, and what is said from then on.
    world.start(0);
    world.until("it is in", WAIT_MS, |world| {
        world.standing(new) == Some(Standing::Admitted)
    });
    let before = world.texts(0);
    world.until("the history has come", WAIT_MS, |world| {
        world.texts(new) == before && world.texts_in(new, &direct) == ["between us"]
    });
    world.say_in(1, &direct, "and after").expect("said");
    world.say(2, "to all");
    world.until("it hears", WAIT_MS, |world| {
        world.texts_in(new, &direct) == ["between us", "and after"] && world.texts(new).len() == 6
    });
    assert!(
        world
            .conversations(new)
            .iter()
            .all(|view| view.title != "Nowhere")
    );
    for state in world.inside(new).conversations.values() {
        assert!(state.next_position < 100);
    }
}
