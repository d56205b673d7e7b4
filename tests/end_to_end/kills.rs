//! Processes killed at any moment lose nothing and double nothing.

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

const MEMBERS: usize = 5;
const LIMIT: Duration = Duration::from_secs(180);

/// A relay with an assembly on it.
struct Scene {
    folder: TempDir,
    port: u16,
    relay: Option<Relay>,
    members: Vec<Member>,
    narrator: Narrator,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut narrator = Narrator::silent(LIMIT);
        let port = free_port().unwrap();
        let relay = Relay::start(binaries().path("veche-relay").unwrap(), folder.path(), port).unwrap();
        let mut members = members::assemble(binaries(), folder.path(), MEMBERS).unwrap();
        let assembly = found(&mut members, relay.address(), &mut narrator).unwrap();
        admit(&mut members, &assembly, &mut narrator).unwrap();
        Self {
            folder,
            port,
            relay: Some(relay),
            members,
            narrator,
        }
    }

    fn start_relay(&mut self) {
        let program = binaries().path("veche-relay").unwrap();
        self.relay = Some(Relay::start(program, self.folder.path(), self.port).unwrap());
    }

    /// Everybody holds all of `answered`, nothing twice, and all the same.
    fn check(&mut self, answered: &BTreeSet<String>) {
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

fn texts(member: &mut Member) -> Vec<String> {
    let answer = member.ask(json!({ "request": "read", "limit": 500 })).unwrap();
    let texts = list(&answer, "messages")
        .iter()
        .filter_map(|message| message.pointer("/content/text"));
    texts.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn say(member: &mut Member, text: &str) -> String {
    let answer = member.ask(json!({ "request": "send", "text": text })).unwrap();
    text_of(&answer, "message").unwrap()
}

#[test]
fn a_member_killed_while_it_sends_loses_nothing_and_doubles_nothing() {
    let mut scene = Scene::new();
    let mut answered = BTreeSet::new();
    for round in 0..4 {
        let member = &mut scene.members[2];
        for number in 0..round {
            answered.insert(say(member, &format!("round {round}, number {number}")));
        }
        // These may or may not have become durable when the end comes.
        for number in 0..2 {
            let text = format!("round {round}, unanswered {number}");
            member
                .agent()
                .unwrap()
                .post(json!({ "request": "send", "text": text }))
                .unwrap();
        }
        member.kill().unwrap();
        member.start(binaries()).unwrap();
        answered.insert(say(&mut scene.members[1], &format!("meanwhile {round}")));
    }
    answered.insert(say(&mut scene.members[2], "the end"));
    scene.check(&answered);
}

#[test]
fn a_relay_killed_while_everybody_talks_has_everything_that_it_took() {
    let mut scene = Scene::new();
    let mut answered = BTreeSet::new();
    for round in 0..3 {
        for member in &mut scene.members {
            let text = format!("{}, round {round}", member.name);
            answered.insert(say(member, &text));
        }
        scene.relay.take().unwrap().process().kill().unwrap();
        let text = format!("without a relay, round {round}");
        answered.insert(say(&mut scene.members[0], &text));
        scene.start_relay();
    }
    scene.check(&answered);
}
