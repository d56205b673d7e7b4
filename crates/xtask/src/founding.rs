//! From the first seat to the last: founding, invitations, admissions, the plenary.

use crate::agent::Agent;
use crate::answers::{list, text_of};
use crate::charter::charter;
use crate::members::Member;
use crate::narrator::Narrator;
use crate::{Failure, Result};
use serde_json::{Value, json};

/// The first member founds an assembly on the relay; returns its id.
///
/// # Errors
/// [`Failure::Failed`] if that is refused.
pub fn found(members: &mut [Member], relay: &str, narrator: &mut Narrator) -> Result<String> {
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
    founder
        .agent()?
        .wait("the relay takes the founding", narrator.deadline, |agent| {
            let overview = agent.request(json!({ "request": "overview" }))?;
            let standing = overview
                .pointer("/overview/assembly/standing")
                .and_then(Value::as_str);
            Ok((standing == Some("admitted")).then_some(()))
        })?;
    narrator.tell(format!("{name} founded assembly {assembly}"));
    Ok(assembly)
}

/// Everybody else joins by an invitation and is let in by the founder, as the charter's founding allows.
///
/// # Errors
/// [`Failure::Failed`] if a step is refused or does not happen in time.
pub fn admit(members: &mut [Member], assembly: &str, narrator: &mut Narrator) -> Result<()> {
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
    // One after the other, so that the order of the seats is that of the members, whoever asks first.
    for (seats, member) in (1_u64..).zip(others.iter()) {
        admit_one(founder.agent()?, &member.name, seats, narrator)?;
    }
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

/// The founder admits whom `name` names, when the journal has `seats` seats.
fn admit_one(founder: &mut Agent, name: &str, seats: u64, narrator: &Narrator) -> Result<()> {
    founder.wait(&format!("{name} is admitted"), narrator.deadline, |agent| {
        let answer = agent.request(json!({ "request": "admissions" }))?;
        let theirs = |admission: &&Value| admission.get("name").and_then(Value::as_str) == Some(name);
        for admission in list(&answer, "admissions").iter().filter(theirs) {
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
        let there = overview
            .pointer("/overview/assembly/seats")
            .and_then(Value::as_u64);
        Ok(there.filter(|there| *there > seats).map(|_| ()))
    })
}
