//! The operator puts an older copy of the relay's directory back: members' programs give it what it has lost, and go on.

use crate::binaries;
use crate::scene::{Scene, say};
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

const MEMBERS: usize = 3;

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
}

#[test]
fn a_relay_that_was_set_back_gets_what_it_lost_from_the_members_and_nobody_is_accused() {
    let mut scene = Scene::new(MEMBERS);
    let mut answered = BTreeSet::from([say(&mut scene.members[0], "before the copy")]);
    scene.check(&answered);
    let (data, backup) = (
        scene.folder.path().join("relay"),
        scene.folder.path().join("backup"),
    );
    scene.stop_relay();
    copy(&data, &backup);
    scene.start_relay();
    for (who, text) in [(0, "lost by the relay"), (1, "lost, too"), (2, "and the last")] {
        answered.insert(say(&mut scene.members[who], text));
    }
    scene.check(&answered);
    for who in 0..MEMBERS {
        scene.until(who, "/outbox_entries", &json!(0));
    }

    // One is away when it happens, and comes back to a relay that has everything.
    scene.members[2].stop().unwrap();
    scene.stop_relay();
    fs::remove_dir_all(&data).unwrap();
    fs::rename(&backup, &data).unwrap();
    let recover = |args: &[&str]| {
        let program = binaries().path("veche-relay").unwrap();
        let output = Command::new(program)
            .args(["recover", "--data"])
            .arg(&data)
            .args(args)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    recover(&["--wait", "40s"]);
    scene.start_relay();
    answered.insert(say(&mut scene.members[1], "while the relay recovers"));
    scene.until(1, "/notice", &json!("relay_restored"));
    scene.until(1, "/outbox_entries", &json!(0));
    scene.members[2].start(binaries()).unwrap();
    scene.check(&answered);
    for who in 0..MEMBERS {
        scene.until(who, "/notice", &json!(null));
        assert_eq!(scene.overview(who)["evidence"], json!([]));
    }
}
