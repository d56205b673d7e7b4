//! A file goes from one member's disk to another's over a real relay, by single commands.

use crate::binaries;
use crate::groups::veche;
use crate::scene::Scene;
use serde_json::{Value, json};
use std::fs;
use xtask::answers::list;

/// More than two chunks.
const LEN: usize = 600_000;

#[test]
fn a_file_goes_from_disk_to_disk_and_never_over_another() {
    let mut scene = Scene::new(2);
    let folder = scene.folder.path().to_owned();
    let (sent, words, saved) = (
        folder.join("План.bin"),
        folder.join("words"),
        folder.join("saved.bin"),
    );
    let bytes: Vec<u8> = (0..LEN).map(|at| (at * 31 % 251) as u8).collect();
    fs::write(&sent, &bytes).unwrap();
    fs::write(&words, "посмотрите").unwrap();
    let path = |path: &std::path::Path| path.to_str().unwrap().to_owned();

    // Sent; the command ends when the relay has all of it.
    let vault = scene.members[0].vault.clone();
    scene.members[0].stop().unwrap();
    let (worked, text) = veche(&vault, &["attach", &path(&sent), "--text-file", &path(&words)]);
    assert!(worked && text.starts_with("Sent: message"), "{text}");
    let id = text.trim().rsplit(' ').next().unwrap().to_owned();
    let (worked, text) = veche(&vault, &["attach", &path(&folder)]);
    assert!(!worked && text.contains("cannot be read"), "{text}");
    scene.members[0].start(binaries()).unwrap();

    // Offered to the other, and not fetched.
    let deadline = scene.narrator.deadline;
    let agent = scene.members[1].agent().unwrap();
    let offered = agent.wait("the file is offered", deadline, |agent| {
        let answer = agent.request(json!({ "request": "read", "limit": 500 }))?;
        let there = list(&answer, "messages").iter().any(|message| {
            message["id"] == *id
                && message["content"]["name"] == "План.bin"
                && message["content"]["text"] == "посмотрите"
                && message["content"]["transfer"] == json!({ "state": "offered", "done": 0, "total": LEN })
        });
        Ok(there.then_some(()))
    });
    offered.unwrap();
    let vault = scene.members[1].vault.clone();
    scene.members[1].stop().unwrap();
    let (worked, text) = veche(&vault, &["save", &id, &path(&saved)]);
    assert!(
        !worked && text.contains("fetch it first") && !saved.exists(),
        "{text}"
    );

    // Fetched, saved, and never saved over anything.
    let (worked, text) = veche(&vault, &["fetch", &id]);
    assert!(worked, "{text}");
    let (worked, text) = veche(&vault, &["save", &id, &path(&saved)]);
    assert!(worked, "{text}");
    assert!(fs::read(&saved).unwrap() == bytes);
    let (worked, text) = veche(&vault, &["save", &id, &path(&saved)]);
    assert!(!worked && text.contains("cannot be written"), "{text}");
    assert!(fs::read(&saved).unwrap() == bytes);
    let (worked, text) = veche(&vault, &["read"]);
    assert!(
        worked && text.contains("[file План.bin, 600000 bytes, here]"),
        "{text}"
    );
    scene.members[1].start(binaries()).unwrap();

    // A picture is shown to whoever has it, as this device encodes it; a document is not.
    let not_shown = scene.members[1].ask(json!({ "request": "picture", "message": id }));
    assert!(not_shown.is_err(), "{not_shown:?}");
    let dot = "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63105030000000\
               a4006134667d720000000049454e44ae426082";
    let dot: Vec<u8> = dot
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect();
    let picture = folder.join("dot.png");
    fs::write(&picture, dot).unwrap();
    let attach = json!({ "request": "attach", "path": path(&picture) });
    let answer = scene.members[0].ask(attach).unwrap();
    let message = answer["message"].as_str().unwrap().to_owned();
    let answer = scene.members[0]
        .ask(json!({ "request": "picture", "message": message }))
        .unwrap();
    let is_png = |value: &Value| {
        value
            .as_str()
            .is_some_and(|url| url.starts_with("data:image/png;base64,"))
    };
    assert!(is_png(&answer["data"]), "{answer}");
    let answer = scene.members[0]
        .ask(json!({ "request": "read", "limit": 500 }))
        .unwrap();
    let shown = list(&answer, "messages")
        .iter()
        .find(|view| view["id"] == *message);
    assert!(is_png(&shown.unwrap()["content"]["thumbnail"]), "{shown:?}");
}
