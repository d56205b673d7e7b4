//! The play, scene by scene.

use super::audit::Decided;
use super::{Options, Summary, audit, window};
use crate::agenda::Item;
use crate::answers::text_of;
use crate::founding::{admit, found};
use crate::members::{self, Member};
use crate::narrator::Narrator;
use crate::relay::{Relay, free_port};
use crate::talk::read_all;
use crate::workspace::Binaries;
use crate::{Failure, Result, votes};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;

/// Who is away while the others talk.
const AWAY: usize = 4;
/// Whose vault the window opens.
const AT_THE_WINDOW: usize = 1;

/// Plays everything; children that still run at the end are ended.
pub(super) fn play(
    binaries: &Binaries,
    options: &Options,
    folder: &Path,
    narrator: &mut Narrator,
) -> Result<Summary> {
    let mut relay = Relay::start(binaries.path("veche-relay")?, folder, free_port()?)?;
    narrator.tell(format!("relay: {}", relay.address()));
    let mut members = members::assemble(binaries, folder, options.members)?;
    narrator.tell(format!(
        "{} vaults created, as many agents running",
        members.len()
    ));

    let assembly = found(&mut members, relay.address(), narrator)?;
    admit(&mut members, &assembly, narrator)?;
    let messages = talk(&mut members, binaries, narrator)?;

    let motion = votes::propose(&mut members, Item::RollCall, narrator)?;
    votes::opened(&mut members, Item::RollCall, &motion, narrator)?;
    votes::cast(&mut members, Item::RollCall, &motion, narrator)?;
    let roll_call = votes::outcome(&mut members, &motion, narrator)?;

    // A secret motion opens under a key of the trustees: it exists once the motion is open. Two go on at once here.
    votes::sealing_keys(&mut members, 2, narrator)?;
    let motion = votes::propose(&mut members, Item::Secret, narrator)?;
    let elected = votes::propose(&mut members, Item::Election, narrator)?;
    votes::opened(&mut members, Item::Secret, &motion, narrator)?;
    votes::opened(&mut members, Item::Election, &elected, narrator)?;
    kill_a_trustee(&mut members, narrator)?;
    votes::cast(&mut members, Item::Secret, &motion, narrator)?;
    votes::cast(&mut members, Item::Election, &elected, narrator)?;
    let secret = votes::outcome(&mut members, &motion, narrator)?;
    let election = votes::election(&mut members, &elected, narrator)?;
    tell_memory(&mut relay, &mut members, narrator);

    let decided = Decided {
        roll_call,
        secret,
        election,
    };
    let audited = audit::check(binaries, &mut members, &assembly, &decided, folder, narrator)?;
    if !options.headless {
        let member = members
            .get_mut(AT_THE_WINDOW)
            .ok_or_else(|| Failure::failed("nobody at the window"))?;
        member.stop()?;
        window::show(binaries, &member.vault, folder, narrator)?;
    }
    for member in &mut members {
        member.stop()?;
    }
    relay.stop()?;
    narrator.tell("agents and relay ended by themselves when asked to");
    Ok(Summary {
        members: audited.members,
        messages,
        roll_call: audited.roll_call,
        secret: audited.secret,
        election: audited.election,
        bundle: audited.file,
        seconds: narrator.seconds(),
    })
}

/// Everybody speaks; one is away meanwhile and catches up. Returns how many messages all devices hold.
fn talk(members: &mut [Member], binaries: &Binaries, narrator: &mut Narrator) -> Result<u64> {
    let away = members
        .get_mut(AWAY)
        .ok_or_else(|| Failure::failed("nobody to be away"))?;
    let away_name = away.name.clone();
    away.stop()?;
    narrator.tell(format!("{away_name} went offline"));
    let mut sent = BTreeSet::new();
    for member in members.iter_mut().filter(|member| member.is_online()) {
        for text in ["Коллеги, добрый день.", "Предлагаю перейти к повестке."]
        {
            let answer = member.ask(json!({ "request": "send", "text": text }))?;
            sent.insert(text_of(&answer, "message")?);
        }
    }
    for member in members.iter_mut().filter(|member| member.is_online()) {
        read_all(member, &sent, narrator)?;
    }
    narrator.tell(format!(
        "{} messages sent, and read by everybody online",
        sent.len()
    ));
    let away = members
        .get_mut(AWAY)
        .ok_or_else(|| Failure::failed("nobody to be away"))?;
    away.start(binaries)?;
    read_all(away, &sent, narrator)?;
    let answer = away.ask(json!({ "request": "send", "text": "Я снова на связи и всё прочёл." }))?;
    sent.insert(text_of(&answer, "message")?);
    let mut held = BTreeSet::new();
    for member in members.iter_mut() {
        held.insert(read_all(member, &sent, narrator)?);
    }
    let [messages] = held.into_iter().collect::<Vec<_>>()[..] else {
        return Err(Failure::failed("devices hold different numbers of messages"));
    };
    narrator.tell(format!(
        "{away_name} came back, caught up and answered; every device holds {messages} messages"
    ));
    Ok(messages)
}

fn kill_a_trustee(members: &mut [Member], narrator: &mut Narrator) -> Result<()> {
    for member in members.iter_mut().skip(AT_THE_WINDOW + 1) {
        let (seat, trustee) = member.seat()?;
        if trustee {
            member.kill()?;
            narrator.tell(format!(
                "trustee {} (seat {seat}) killed: its share of the key is gone",
                member.name
            ));
            return Ok(());
        }
    }
    Err(Failure::failed("no trustee to kill"))
}

fn tell_memory(relay: &mut Relay, members: &mut [Member], narrator: &mut Narrator) {
    let relay = relay.process().resident_kib();
    let agent = members
        .first_mut()
        .and_then(|member| member.agent().ok()?.process().resident_kib());
    if let (Some(relay), Some(agent)) = (relay, agent) {
        narrator.tell(format!(
            "memory: relay {} MiB, one agent {} MiB",
            relay / 1024,
            agent / 1024
        ));
    }
}
