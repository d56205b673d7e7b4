//! Members: their names, vaults and agents.

use crate::agent::{Agent, Vault};
use crate::workspace::Binaries;
use crate::{Failure, Result};
use serde_json::{Value, json};
use std::path::Path;

const NAMES: &[&str] = &[
    "Анна Вольская",
    "Борис Гаврилов",
    "Вера Дымова",
    "Глеб Ершов",
    "Дарья Жданова",
    "Егор Зимин",
    "Жанна Ильина",
    "Захар Кольцов",
    "Инга Лаптева",
    "Кирилл Мостовой",
];

/// A member.
#[derive(Debug)]
pub struct Member {
    /// Name as members see it.
    pub name: String,
    /// `deputy` or `expert`.
    pub role: &'static str,
    /// The vault.
    pub vault: Vault,
    agent: Option<Agent>,
}

impl Member {
    /// The agent, which must be running.
    ///
    /// # Errors
    /// [`Failure::Failed`] if it is not.
    pub fn agent(&mut self) -> Result<&mut Agent> {
        let name = &self.name;
        self.agent
            .as_mut()
            .ok_or_else(|| Failure::failed(format!("{name} has no agent running")))
    }

    /// Whether the agent runs.
    #[must_use]
    pub const fn is_online(&self) -> bool {
        self.agent.is_some()
    }

    /// Makes a request that should be answered.
    ///
    /// # Errors
    /// As [`Agent::request`]; or no agent is running.
    pub fn ask(&mut self, request: Value) -> Result<Value> {
        self.agent()?.request(request)
    }

    /// Starts the agent.
    ///
    /// # Errors
    /// [`Failure::Failed`] if it cannot be started.
    pub fn start(&mut self, binaries: &Binaries) -> Result<()> {
        self.agent = Some(Agent::start(binaries.path("veche")?, &self.vault)?);
        Ok(())
    }

    /// Stops the agent as a person would.
    ///
    /// # Errors
    /// [`Failure::Failed`] if it does not end cleanly.
    pub fn stop(&mut self) -> Result<()> {
        self.agent.take().map_or(Ok(()), Agent::stop)
    }

    /// Kills the agent on the spot.
    ///
    /// # Errors
    /// [`Failure::Failed`] if the system refuses.
    pub fn kill(&mut self) -> Result<()> {
        self.agent.take().map_or(Ok(()), Agent::kill)
    }

    /// Own seat and whether it is a trustee's, as the member sees it.
    ///
    /// # Errors
    /// [`Failure::Failed`] if the member has none.
    pub fn seat(&mut self) -> Result<(u64, bool)> {
        let answer = self.ask(json!({ "request": "members" }))?;
        let members = answer
            .get("members")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        let own = members
            .iter()
            .find(|member| member.get("own") == Some(&json!(true)));
        let seat = own.and_then(|own| Some((own.get("seat")?.as_u64()?, own.get("trustee")?.as_bool()?)));
        seat.ok_or_else(|| Failure::failed(format!("{} has no seat", self.name)))
    }
}

/// Creates the vaults and starts the agents: all deputies but the last, who is an expert.
///
/// # Errors
/// [`Failure::Failed`] if a vault cannot be created or an agent not started.
pub fn assemble(binaries: &Binaries, folder: &Path, members: usize) -> Result<Vec<Member>> {
    (0..members)
        .map(|index| {
            let name = NAMES
                .get(index)
                .map_or_else(|| format!("Депутат {}", index + 1), |name| (*name).to_owned());
            let label = format!("member-{:02}", index + 1);
            let passphrase = format!("demonstration passphrase {}", index + 1);
            let vault = Vault::create(binaries.path("veche")?, folder, &label, &passphrase)?;
            let role = if index + 1 == members { "expert" } else { "deputy" };
            let mut member = Member {
                name,
                role,
                vault,
                agent: None,
            };
            member.start(binaries)?;
            Ok(member)
        })
        .collect()
}
