//! A relay with an assembly on it, all of it processes.

use crate::binaries;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use tempfile::TempDir;
use xtask::answers::{list, text_of};
use xtask::founding::{admit, found};
use xtask::members::{self, Member};
use xtask::narrator::Narrator;
use xtask::relay::{Relay, free_port};
use xtask::talk::read_all;

const LIMIT: Duration = Duration::from_secs(180);

/// A relay with an assembly on it.
pub(crate) struct Scene {
    pub(crate) folder: TempDir,
    pub(crate) port: u16,
    pub(crate) relay: Option<Relay>,
    pub(crate) members: Vec<Member>,
    pub(crate) narrator: Narrator,
}

impl Scene {
    /// Everybody is admitted and in the plenary.
    pub(crate) fn new(members: usize) -> Self {
        let mut scene = Self::founded(members);
        let assembly = text_of(scene.overview(0).pointer("/assembly").unwrap(), "id");
        admit(&mut scene.members, &assembly.unwrap(), &mut scene.narrator).unwrap();
        scene
    }

    /// The first has founded, the others have vaults and agents and nothing else.
    pub(crate) fn founded(members: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut narrator = Narrator::silent(LIMIT);
        let port = free_port().unwrap();
        let relay = Relay::start(binaries().path("veche-relay").unwrap(), folder.path(), port).unwrap();
        let mut members = members::assemble(binaries(), folder.path(), members).unwrap();
        found(&mut members, relay.address(), &mut narrator).unwrap();
        Self {
            folder,
            port,
            relay: Some(relay),
            members,
            narrator,
        }
    }

    /// What a member's first screen shows.
    pub(crate) fn overview(&mut self, who: usize) -> Value {
        let answer = self.members[who].ask(json!({ "request": "overview" })).unwrap();
        answer.get("overview").unwrap().clone()
    }

    /// Waits until a member's first screen shows what is expected at `place`.
    pub(crate) fn until(&mut self, who: usize, place: &str, expected: &Value) {
        let deadline = self.narrator.deadline;
        let agent = self.members[who].agent().unwrap();
        let shown = agent.wait(&format!("{place} is {expected}"), deadline, |agent| {
            let answer = agent.request(json!({ "request": "overview" }))?;
            Ok((answer.pointer(&format!("/overview{place}")) == Some(expected)).then_some(()))
        });
        shown.unwrap();
    }

    /// Stops the relay as its operator would.
    pub(crate) fn stop_relay(&mut self) {
        self.relay.take().unwrap().stop().unwrap();
    }

    pub(crate) fn start_relay(&mut self) {
        let program = binaries().path("veche-relay").unwrap();
        self.relay = Some(Relay::start(program, self.folder.path(), self.port).unwrap());
    }

    /// Everybody holds all of `answered`, nothing twice, and all the same.
    pub(crate) fn check(&mut self, answered: &BTreeSet<String>) {
        let mut everybody = BTreeSet::new();
        for member in &mut self.members {
            read_all(member, answered, &self.narrator).unwrap();
        }
        for member in &mut self.members {
            let texts = texts(member);
            let distinct: BTreeSet<&String> = texts.iter().collect();
            assert_eq!(
                distinct.len(),
                texts.len(),
                "{} holds a message twice: {texts:?}",
                member.name
            );
            everybody.insert(texts);
        }
        assert_eq!(
            everybody.len(),
            1,
            "devices hold different messages: {everybody:?}"
        );
    }
}

/// A scene that fails says what everybody shows, and leaves its folder behind.
impl Drop for Scene {
    #[expect(clippy::print_stderr, reason = "a test says why it failed")]
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        for member in &mut self.members {
            for request in ["overview", "conversations"] {
                let answer = member.ask(json!({ "request": request }));
                eprintln!("{}: {answer:?}", member.name);
            }
        }
        self.folder.disable_cleanup(true);
        eprintln!("their vaults are in {}", self.folder.path().display());
    }
}

pub(crate) fn texts(member: &mut Member) -> Vec<String> {
    let answer = member.ask(json!({ "request": "read", "limit": 500 })).unwrap();
    let texts = list(&answer, "messages")
        .iter()
        .filter_map(|message| message.pointer("/content/text"));
    texts.filter_map(Value::as_str).map(str::to_owned).collect()
}

pub(crate) fn say(member: &mut Member, text: &str) -> String {
    let answer = member.ask(json!({ "request": "send", "text": text })).unwrap();
    text_of(&answer, "message").unwrap()
}

/// The states of a member's own text on its own device: one, if it is there once.
pub(crate) fn states(member: &mut Member, text: &str) -> Vec<String> {
    let answer = member.ask(json!({ "request": "read", "limit": 500 })).unwrap();
    let own = list(&answer, "messages")
        .iter()
        .filter(|message| message.pointer("/content/text").and_then(Value::as_str) == Some(text));
    own.map(|message| text_of(message, "state").unwrap()).collect()
}
