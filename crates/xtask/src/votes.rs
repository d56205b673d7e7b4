//! A motion from its proposal to the outcome that all devices agree on.

use crate::agent::Agent;
use crate::answers::{number, text_of};
use crate::charter::voting_ms;
use crate::members::Member;
use crate::narrator::Narrator;
use crate::{Failure, Result};
use serde_json::{Value, json};
use std::fmt;

/// Votes of one motion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// For.
    pub votes_for: u64,
    /// Against.
    pub votes_against: u64,
    /// Abstentions.
    pub votes_abstain: u64,
}

impl Counts {
    /// Reads them from an agent's result.
    ///
    /// # Errors
    /// [`Failure::Failed`] if a number is not there.
    pub fn read(result: &Value) -> Result<Self> {
        Ok(Self {
            votes_for: number(result, "votes_for")?,
            votes_against: number(result, "votes_against")?,
            votes_abstain: number(result, "votes_abstain")?,
        })
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            votes_for,
            votes_against,
            votes_abstain,
        } = self;
        write!(
            f,
            "for:{votes_for},against:{votes_against},abstain:{votes_abstain}"
        )
    }
}

/// Which way each deputy goes: different in the two votes, decided by nobody's seat number alone.
const ROLL_CALL: &[&str] = &["for", "for", "against", "for", "abstain", "for", "against"];
const SECRET: &[&str] = &["against", "for", "for", "for", "for", "abstain", "against"];

/// Proposes a motion, has it seconded, and waits until every deputy who is there sees it open; returns its id.
///
/// # Errors
/// [`Failure::Failed`] if a step is refused or does not happen in time.
pub fn open(members: &mut [Member], secret: bool, narrator: &mut Narrator) -> Result<String> {
    let count = members.len();
    let (kind, title, text) = if secret {
        (
            "secret",
            "О председателе комиссии",
            "Избрать председателем редакционной комиссии Веру Дымову.",
        )
    } else {
        (
            "roll_call",
            "О регламенте",
            "Принять регламент собрания в первом чтении.",
        )
    };
    let [proposer, seconder, ..] = members else {
        return Err(Failure::failed("too few members"));
    };
    let proposed = proposer.ask(json!({
        "request": "propose", "title": title, "text": text, "kind": kind, "voting_ms": voting_ms(count, secret),
    }))?;
    let motion = text_of(&proposed, "motion")?;
    seconder
        .agent()?
        .wait("the motion arrives", narrator.deadline, |agent| {
            Ok(look(agent, &motion)?.map(|_| ()))
        })?;
    seconder.ask(json!({ "request": "second", "motion": motion }))?;
    for member in members.iter_mut().filter(|member| member.is_online()) {
        member
            .agent()?
            .wait("the motion opens", narrator.deadline, |agent| {
                let view = look(agent, &motion)?;
                let phase = view.as_ref().and_then(phase);
                match phase {
                    Some("open") => Ok(Some(())),
                    Some("closed" | "decided" | "void" | "withdrawn") => Err(Failure::failed(format!(
                        "the motion is {} before anybody voted",
                        phase.unwrap_or_default()
                    ))),
                    _ => Ok(None),
                }
            })?;
    }
    narrator.tell(format!("{title}: proposed, seconded, open ({kind})"));
    Ok(motion)
}

/// Every deputy who is there votes.
///
/// # Errors
/// [`Failure::Failed`] if anybody's vote is refused.
pub fn cast(members: &mut [Member], motion: &str, secret: bool, narrator: &mut Narrator) -> Result<()> {
    let choices = if secret { SECRET } else { ROLL_CALL };
    let voters = members
        .iter_mut()
        .zip(choices.iter().cycle())
        .filter(|(m, _)| m.role == "deputy" && m.is_online());
    let mut asked = Vec::new();
    for (member, choice) in voters {
        let id = member
            .agent()?
            .post(json!({ "request": "vote", "motion": motion, "choice": choice }))?;
        asked.push((member, id));
    }
    let count = asked.len();
    for (member, id) in asked {
        let name = member.name.clone();
        member.agent()?.answer(id)?.map_err(|refused| {
            Failure::failed(format!(
                "{name} cannot vote: {} ({})",
                refused.code, refused.details
            ))
        })?;
    }
    narrator.tell(format!("{count} deputies have voted"));
    Ok(())
}

/// Waits until the motion is decided on every device that runs and all say the same; returns the counts.
///
/// # Errors
/// [`Failure::Failed`] if they do not, or not in time.
pub fn outcome(members: &mut [Member], motion: &str, narrator: &mut Narrator) -> Result<Counts> {
    let mut first: Option<(Counts, String)> = None;
    let online: Vec<&mut Member> = members.iter_mut().filter(|member| member.is_online()).collect();
    let deputies = online.iter().filter(|member| member.role == "deputy").count() as u64;
    let devices = online.len();
    for member in online {
        let name = member.name.clone();
        let result =
            member
                .agent()?
                .wait("the result, and devices that agree", narrator.deadline, |agent| {
                    let Some(view) = look(agent, motion)? else {
                        return Ok(None);
                    };
                    if let Some(phase @ ("void" | "withdrawn")) = phase(&view) {
                        return Err(Failure::failed(format!("the motion is {phase}")));
                    }
                    let Some(result) = view.get("result").filter(|result| result.is_object()) else {
                        return Ok(None);
                    };
                    if number(result, "disagree")? > 0 {
                        return Err(Failure::failed(format!(
                            "{name}: a device disagrees about the result"
                        )));
                    }
                    Ok((number(result, "agree")? >= deputies).then(|| result.clone()))
                })?;
        let counts = Counts::read(&result)?;
        let seen = (counts, text_of(&result, "hash")?);
        match &first {
            None => first = Some(seen),
            Some(first) if *first == seen => {}
            Some(first) => {
                return Err(Failure::failed(format!(
                    "{name} counts {} where another counts {}",
                    seen.0, first.0
                )));
            }
        }
    }
    let (counts, _) = first.ok_or_else(|| Failure::failed("nobody is there to count"))?;
    narrator.tell(format!(
        "decided: {counts}; {devices} devices show the same result"
    ));
    Ok(counts)
}

/// The motion as the agent sees it, if it does.
fn look(agent: &mut Agent, motion: &str) -> Result<Option<Value>> {
    match agent.try_request(json!({ "request": "motion", "motion": motion }))? {
        Ok(answer) => Ok(answer.get("motion").cloned()),
        Err(refused) if refused.code == "unknown" || refused.code == "not_ready" => Ok(None),
        Err(refused) => Err(Failure::failed(format!(
            "{}: {} ({})",
            agent.name(),
            refused.code,
            refused.details
        ))),
    }
}

fn phase(view: &Value) -> Option<&str> {
    view.get("phase").and_then(Value::as_str)
}
