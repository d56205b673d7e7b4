//! Messages that have arrived.

use crate::Result;
use crate::answers::list;
use crate::members::Member;
use crate::narrator::Narrator;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Waits until the member has read all these messages; returns how many texts the device holds.
///
/// # Errors
/// [`crate::Failure::Failed`] if they do not arrive in time.
pub fn read_all(member: &mut Member, sent: &BTreeSet<String>, narrator: &Narrator) -> Result<u64> {
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
