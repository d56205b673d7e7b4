//! The play, scene by scene.

use super::cast::{self, Member};
use super::charter::charter;
use super::votes::text_of;
use super::{Narrator, Options, Summary, audit, votes, window};
use crate::relay::{Relay, free_port};
use crate::workspace::Binaries;
use crate::{Failure, Result};
use serde_json::{Value, json};
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
    let mut members = cast::assemble(binaries, folder, options.members)?;
    narrator.tell(format!(
        "{} vaults created, as many agents running",
        members.len()
    ));

    let assembly = found(&mut members, relay.address(), narrator)?;
    admit(&mut members, &assembly, narrator)?;
    let messages = talk(&mut members, binaries, narrator)?;

    let motion = votes::open(&mut members, false, narrator)?;
    votes::cast(&mut members, &motion, false, narrator)?;
    let roll_call = votes::outcome(&mut members, &motion, narrator)?;

    // A secret motion opens under a key of the trustees: it exists once the motion is open.
    let motion = votes::open(&mut members, true, narrator)?;
    kill_a_trustee(&mut members, narrator)?;
    votes::cast(&mut members, &motion, true, narrator)?;
    let secret = votes::outcome(&mut members, &motion, narrator)?;
    tell_memory(&mut relay, &mut members, narrator);

    let audited = audit::check(binaries, &mut members, &assembly, folder, narrator)?;
    if audited.roll_call != roll_call || audited.secret != secret {
        return Err(Failure::failed("the auditor counts otherwise than the members"));
    }
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
        bundle: audited.file,
        seconds: narrator.start.elapsed().as_secs_f64(),
    })
}

fn found(members: &mut [Member], relay: &str, narrator: &mut Narrator) -> Result<String> {
    let charter = charter(members.len());
    let founder = members
        .first_mut()
        .ok_or_else(|| Failure::failed("nobody to found"))?;
    let name = founder.name.clone();
    let founded = founder.ask(json!({
        "request": "found",
        "name": "Собрание депутатов",
        "declaration": "Мы, избранные депутаты, учреждаем собрание, чтобы совещаться и решать вместе.",
        "relay": relay,
        "member_name": name,
        "charter": charter,
    }))?;
    let assembly = text_of(&founded, "assembly")?;
    narrator.tell(format!("{name} founded assembly {assembly}"));
    Ok(assembly)
}

/// Everybody else joins by an invitation and is let in by the founder, as the charter's founding allows.
fn admit(members: &mut [Member], assembly: &str, narrator: &mut Narrator) -> Result<()> {
    let count = members.len();
    let [founder, others @ ..] = members else {
        return Err(Failure::failed("nobody to admit"));
    };
    for member in others.iter_mut() {
        let invitation = founder.ask(json!({ "request": "invite", "role": member.role }))?;
        let link = text_of(&invitation, "link")?;
        let read = member.ask(json!({ "request": "read_invitation", "link": link }))?;
        if read.pointer("/invitation/assembly").and_then(Value::as_str) != Some(assembly) {
            return Err(Failure::failed(format!(
                "an invitation to another assembly: {read}"
            )));
        }
        let name = member.name.clone();
        member.ask(json!({ "request": "join", "link": link, "member_name": name }))?;
    }
    narrator.tell(format!("{} invitations made and used", count - 1));
    founder
        .agent()?
        .wait("everybody is admitted", narrator.deadline, |agent| {
            let answer = agent.request(json!({ "request": "admissions" }))?;
            for admission in list(&answer, "admissions") {
                let endorsable = matches!(
                    admission.get("state").and_then(Value::as_str),
                    Some("requested" | "proposed")
                );
                if endorsable && admission.get("endorsed_by_me") == Some(&json!(false)) {
                    let id = text_of(admission, "id")?;
                    // It may have moved on since we looked: the next look tells.
                    let _ = agent.try_request(json!({ "request": "endorse", "admission": id }))?;
                }
            }
            let overview = agent.request(json!({ "request": "overview" }))?;
            let seats = overview
                .pointer("/overview/assembly/seats")
                .and_then(Value::as_u64);
            Ok((seats == Some(count as u64)).then_some(()))
        })?;
    narrator.tell(format!("{count} seats in the journal"));
    for member in members.iter_mut() {
        member
            .agent()?
            .wait("the plenary is complete", narrator.deadline, |agent| {
                let answer = agent.request(json!({ "request": "conversations" }))?;
                let complete = list(&answer, "conversations").iter().any(|conversation| {
                    conversation.get("members").and_then(Value::as_u64) == Some(count as u64)
                });
                Ok(complete.then_some(()))
            })?;
    }
    narrator.tell(format!("all {count} devices are in the plenary"));
    Ok(())
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

/// Waits until the member has read all these messages; returns how many texts the device holds.
fn read_all(member: &mut Member, sent: &BTreeSet<String>, narrator: &Narrator) -> Result<u64> {
    member
        .agent()?
        .wait("all messages arrive", narrator.deadline, |agent| {
            let answer = agent.request(json!({ "request": "read", "limit": 500, "mark_read": true }))?;
            let texts: Vec<&Value> = list(&answer, "messages")
                .iter()
                .filter(|message| message.pointer("/content/kind").and_then(Value::as_str) == Some("text"))
                .filter(|message| message.get("state").and_then(Value::as_str) != Some("waiting"))
                .collect();
            let there = |id: &String| {
                texts
                    .iter()
                    .any(|text| text.get("id").and_then(Value::as_str) == Some(id))
            };
            Ok(sent.iter().all(there).then_some(texts.len() as u64))
        })
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

/// A list that an answer has.
pub(super) fn list<'a>(answer: &'a Value, field: &str) -> &'a [Value] {
    answer
        .get(field)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}
