//! Processes killed at any moment lose nothing and double nothing.

use crate::binaries;
use crate::scene::{Scene, say};
use serde_json::json;
use std::collections::BTreeSet;

const MEMBERS: usize = 5;

#[test]
fn a_member_killed_while_it_sends_loses_nothing_and_doubles_nothing() {
    let mut scene = Scene::new(MEMBERS);
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
    let mut scene = Scene::new(MEMBERS);
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
