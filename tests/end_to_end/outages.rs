//! What a member sees, and what happens to what it said, while its relay is away or not itself.

use crate::binaries;
use crate::scene::{Scene, say, states};
use crate::wicked::{Manners, Wicked};
use serde_json::json;
use std::collections::BTreeSet;
use xtask::relay::Relay;

const MEMBERS: usize = 3;
const SPEAKER: usize = 1;
const STATE: &str = "/connection/state";

#[test]
fn what_is_said_without_a_relay_waits_through_a_restart_and_arrives_once() {
    let mut scene = Scene::new(MEMBERS);
    let mut answered = BTreeSet::from([say(&mut scene.members[SPEAKER], "with a relay")]);
    scene.check(&answered);
    scene.stop_relay();
    answered.insert(say(&mut scene.members[SPEAKER], "without a relay"));
    scene.until(SPEAKER, STATE, &json!("offline"));
    assert_eq!(
        states(&mut scene.members[SPEAKER], "without a relay"),
        ["waiting"]
    );
    scene.members[SPEAKER].stop().unwrap();
    scene.members[SPEAKER].start(binaries()).unwrap();
    assert_eq!(
        states(&mut scene.members[SPEAKER], "without a relay"),
        ["waiting"]
    );
    assert_ne!(scene.overview(SPEAKER)["outbox_entries"], 0);
    answered.insert(say(&mut scene.members[SPEAKER], "after the restart"));
    scene.start_relay();
    scene.check(&answered);
    scene.until(SPEAKER, "/outbox_entries", &json!(0));
    scene.until(SPEAKER, STATE, &json!("online"));
    for text in ["without a relay", "after the restart"] {
        let states = states(&mut scene.members[SPEAKER], text);
        assert!(states.len() == 1 && states[0] != "waiting", "{text}: {states:?}");
    }
}

#[test]
fn a_relay_that_is_another_or_answers_nonsense_is_told_apart_and_nothing_is_lost() {
    let mut scene = Scene::new(MEMBERS);
    let mut answered = BTreeSet::new();
    scene.stop_relay();

    // Another relay at the same place: nothing is sent to it.
    let elsewhere = tempfile::tempdir().unwrap();
    let program = binaries().path("veche-relay").unwrap();
    let other = Relay::start(program, elsewhere.path(), scene.port).unwrap();
    answered.insert(say(&mut scene.members[SPEAKER], "to the wrong relay"));
    scene.until(SPEAKER, STATE, &json!("wrong_relay"));
    other.stop().unwrap();

    // The true keys, and nonsense.
    let wicked = Wicked::start(scene.folder.path(), scene.port, Manners::Garbage);
    answered.insert(say(&mut scene.members[SPEAKER], "to a relay gone bad"));
    scene.until(SPEAKER, "/notice", &json!("relay_answers_nonsense"));
    drop(wicked);

    for text in ["to the wrong relay", "to a relay gone bad"] {
        assert_eq!(states(&mut scene.members[SPEAKER], text), ["waiting"]);
    }
    scene.start_relay();
    scene.check(&answered);
    scene.until(SPEAKER, "/notice", &json!(null));
}
