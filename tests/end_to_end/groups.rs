//! Two members talk directly and a working group is founded and left, by agents and single commands over a real relay.

use crate::binaries;
use crate::scene::Scene;
use serde_json::{Value, json};
use std::process::{Command, Stdio};
use xtask::agent::Vault;
use xtask::answers::{list, text_of};

const MEMBERS: usize = 3;

/// A single command on a vault that no agent has open.
pub(crate) fn veche(vault: &Vault, args: &[&str]) -> (bool, String) {
    let output = Command::new(binaries().path("veche").unwrap())
        .args(vault.options())
        .args(args)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

fn ask(scene: &mut Scene, who: usize, request: Value) -> Value {
    scene.members[who].ask(request).unwrap()
}

/// Waits until a member's list shows the conversation as it should be.
fn until(scene: &mut Scene, who: usize, id: &str, what: &str, holds: impl Fn(&Value) -> bool) {
    let deadline = scene.narrator.deadline;
    let agent = scene.members[who].agent().unwrap();
    let shown = agent.wait(what, deadline, |agent| {
        let answer = agent.request(json!({ "request": "conversations" }))?;
        let conversations = list(&answer, "conversations");
        let view = conversations.iter().find(|view| view["id"] == id);
        Ok(view.filter(|view| holds(view)).map(|_| ()))
    });
    shown.unwrap();
}

fn until_said(scene: &mut Scene, who: usize, id: &str, texts: &[&str]) {
    until(scene, who, id, "it is there", |_| true);
    let deadline = scene.narrator.deadline;
    let agent = scene.members[who].agent().unwrap();
    let heard = agent.wait(&format!("{texts:?}"), deadline, |agent| {
        let answer = agent.request(json!({ "request": "read", "conversation": id, "limit": 500 }))?;
        let said = list(&answer, "messages").iter();
        let said: Vec<&str> = said
            .filter_map(|line| line.pointer("/content/text")?.as_str())
            .collect();
        Ok((said == texts).then_some(()))
    });
    heard.unwrap();
}

fn seats(view: &Value) -> Vec<u64> {
    let present = view["present"].as_array().unwrap();
    present
        .iter()
        .map(|present| present["seat"].as_u64().unwrap())
        .collect()
}

#[test]
fn two_talk_directly_and_a_working_group_is_founded_and_left() {
    let mut scene = Scene::new(MEMBERS);

    // Directly, while the other one's device is away.
    scene.members[1].stop().unwrap();
    let answer = ask(&mut scene, 0, json!({ "request": "direct", "seat": 2 }));
    let direct = text_of(&answer, "conversation").unwrap();
    let send = json!({ "request": "send", "conversation": direct, "text": "Только тебе" });
    ask(&mut scene, 0, send);
    scene.members[1].start(binaries()).unwrap();
    until_said(&mut scene, 1, &direct, &["Только тебе"]);
    let reply = json!({ "request": "send", "conversation": direct, "text": "Слышу" });
    ask(&mut scene, 1, reply);
    until_said(&mut scene, 0, &direct, &["Только тебе", "Слышу"]);
    until(&mut scene, 1, &direct, "whose it is", |view| {
        view["kind"] == "direct" && view["peer"] == 1
    });

    // A group, by single commands.
    let vault = scene.members[0].vault.clone();
    scene.members[0].stop().unwrap();
    let (worked, text) = veche(&vault, &["group", "found", "--name", "Бюджет", "2", "3"]);
    assert!(worked, "{text}");
    let group = text.trim().rsplit(' ').next().unwrap().to_owned();
    let (worked, text) = veche(&vault, &["arrange", &group, "--pinned", "true"]);
    assert!(worked, "{text}");
    let (worked, text) = veche(&vault, &["conversations"]);
    assert!(
        worked && text.contains("Бюджет") && text.contains("pinned"),
        "{text}"
    );
    let (worked, text) = veche(&vault, &["group", "bring", &group, "9"]);
    assert!(!worked && text.contains("seat"), "{text}");
    scene.members[0].start(binaries()).unwrap();
    for who in 0..MEMBERS {
        until(&mut scene, who, &group, "all are in it", |view| {
            seats(view) == [1, 2, 3]
        });
    }
    let third = json!({ "request": "conversations" });
    let answer = ask(&mut scene, 2, third);
    let known = list(&answer, "conversations")
        .iter()
        .any(|view| view["id"] == direct);
    assert!(!known, "a third member knows of the direct conversation");

    // Left, and read no more.
    let leave = json!({ "request": "ask_to_leave", "conversation": group, "seat": 3 });
    ask(&mut scene, 2, leave);
    until(&mut scene, 0, &group, "the third is out", |view| {
        seats(view) == [1, 2]
    });
    until(&mut scene, 2, &group, "it knows", |view| {
        view["standing"] == "left"
    });
    let after = json!({ "request": "send", "conversation": group, "text": "Без третьего" });
    ask(&mut scene, 1, after);
    until_said(&mut scene, 0, &group, &["Без третьего"]);
    until_said(&mut scene, 2, &group, &[]);
}
