//! Motions from their proposal to the outcome that all devices agree on.

use crate::agenda::{CANDIDATES, Item};
use crate::agent::Agent;
use crate::answers::{list, number, text_of};
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

/// Who is elected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elected(Vec<u64>);

impl Elected {
    /// Reads the options' indices from a result or a report, which both have them in `elected`.
    ///
    /// # Errors
    /// [`Failure::Failed`] if nobody is elected.
    pub fn read(votes: &Value) -> Result<Self> {
        let elected: Vec<u64> = list(votes, "elected").iter().filter_map(Value::as_u64).collect();
        if elected.is_empty() {
            return Err(Failure::failed(format!("nobody is elected: {votes}")));
        }
        Ok(Self(elected))
    }

    /// Their names.
    fn names(&self) -> String {
        let place = |option: &u64| usize::try_from(*option).ok();
        let names = self.0.iter().filter_map(|option| CANDIDATES.get(place(option)?));
        names.copied().collect::<Vec<_>>().join(", ")
    }
}

/// By their numbers, which begin with 1.
impl fmt::Display for Elected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<_> = self.0.iter().map(|option| (option + 1).to_string()).collect();
        write!(f, "elected:{}", numbers.join(","))
    }
}

/// What came of a motion, on every device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome<T> {
    /// The motion.
    pub motion: String,
    /// The hash of the result.
    pub hash: String,
    /// The votes.
    pub votes: T,
}

/// Proposes a motion and has it seconded; returns its id.
///
/// # Errors
/// [`Failure::Failed`] if a step is refused or does not happen in time.
pub fn propose(members: &mut [Member], item: Item, narrator: &Narrator) -> Result<String> {
    let voting_ms = voting_ms(members.len(), item.is_secret());
    let [proposer, seconder, ..] = members else {
        return Err(Failure::failed("too few members"));
    };
    let proposed = proposer.ask(item.proposal(voting_ms))?;
    let motion = text_of(&proposed, "motion")?;
    seconder
        .agent()?
        .wait("the motion arrives", narrator.deadline, |agent| {
            Ok(look(agent, &motion)?.map(|_| ()))
        })?;
    seconder.ask(json!({ "request": "second", "motion": motion }))?;
    Ok(motion)
}

/// Waits until everybody who is there sees a motion open.
///
/// # Errors
/// [`Failure::Failed`] if it does not open, or not in time.
pub fn opened(members: &mut [Member], item: Item, motion: &str, narrator: &mut Narrator) -> Result<()> {
    for member in members.iter_mut().filter(|member| member.is_online()) {
        member
            .agent()?
            .wait("the motion opens", narrator.deadline, |agent| {
                let view = look(agent, motion)?;
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
    narrator.tell(format!(
        "{}: proposed, seconded, open ({})",
        item.title(),
        item.method()
    ));
    Ok(())
}

/// Every deputy who is there votes.
///
/// # Errors
/// [`Failure::Failed`] if anybody's vote is refused.
pub fn cast(members: &mut [Member], item: Item, motion: &str, narrator: &mut Narrator) -> Result<()> {
    let voters = members
        .iter_mut()
        .enumerate()
        .filter(|(_, m)| m.role == "deputy" && m.is_online());
    let mut asked = Vec::new();
    for (place, member) in voters {
        let choice = item.choice(place);
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
    narrator.tell(format!("{}: {count} deputies have voted", item.title()));
    Ok(())
}

/// Waits until the motion is decided on every device that runs and all say the same; returns the counts.
///
/// # Errors
/// [`Failure::Failed`] if they do not, or not in time.
pub fn outcome(members: &mut [Member], motion: &str, narrator: &mut Narrator) -> Result<Outcome<Counts>> {
    let (hash, result, devices) = agreed(members, motion, narrator)?;
    let votes = Counts::read(&result)?;
    narrator.tell(format!(
        "decided: {votes}; {devices} devices show the same result"
    ));
    Ok(Outcome {
        motion: motion.to_owned(),
        hash,
        votes,
    })
}

/// The same of an election.
///
/// # Errors
/// As [`outcome`]; or nobody is elected.
pub fn election(members: &mut [Member], motion: &str, narrator: &mut Narrator) -> Result<Outcome<Elected>> {
    let (hash, result, devices) = agreed(members, motion, narrator)?;
    let options = result.get("options").unwrap_or(&Value::Null);
    let votes = Elected::read(options)?;
    let account = options.get("account").unwrap_or(&Value::Null);
    narrator.tell(format!(
        "decided: {votes} ({}) with a quota of {} votes, after {} stages; {devices} devices show the same result",
        votes.names(),
        number(account, "quota")?,
        list(account, "stages").len()
    ));
    Ok(Outcome {
        motion: motion.to_owned(),
        hash,
        votes,
    })
}

/// The result that every device shows, with its hash, and how many these are.
fn agreed(members: &mut [Member], motion: &str, narrator: &Narrator) -> Result<(String, Value, usize)> {
    let mut first: Option<(String, Value)> = None;
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
        let hash = text_of(&result, "hash")?;
        match &first {
            None => first = Some((hash, result)),
            Some((other, shown)) if *other == hash && said(shown) == said(&result) => {}
            Some((_, shown)) => {
                return Err(Failure::failed(format!(
                    "{name} shows {result} where another shows {shown}"
                )));
            }
        }
    }
    let (hash, result) = first.ok_or_else(|| Failure::failed("nobody is there to count"))?;
    Ok((hash, result, devices))
}

/// What a result says of the votes.
fn said(result: &Value) -> [Option<&Value>; 6] {
    [
        "adopted",
        "votes_for",
        "votes_against",
        "votes_abstain",
        "spoilt",
        "options",
    ]
    .map(|field| result.get(field))
}

/// Waits until the trustees hold so many unused keys.
///
/// # Errors
/// [`Failure::Failed`] if they do not in time.
pub fn sealing_keys(members: &mut [Member], least: u64, narrator: &mut Narrator) -> Result<()> {
    let first = members
        .first_mut()
        .ok_or_else(|| Failure::failed("nobody to ask"))?;
    let keys = first
        .agent()?
        .wait("the trustees' keys", narrator.deadline, |agent| {
            let answer = agent.request(json!({ "request": "overview" }))?;
            let keys = answer.pointer("/overview/assembly/sealing_keys");
            Ok(keys.and_then(Value::as_u64).filter(|keys| *keys >= least))
        })?;
    narrator.tell(format!("the trustees hold {keys} unused sealing keys"));
    Ok(())
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
