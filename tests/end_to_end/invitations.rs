//! Invitations that are mangled, too old, or used by somebody else.

use crate::scene::Scene;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};
use xtask::answers::{list, text_of};
use xtask::members::Member;

fn invite(founder: &mut Member, valid_ms: Option<u64>) -> String {
    let mut request = json!({ "request": "invite", "role": "deputy" });
    if let Some(valid_ms) = valid_ms {
        request["valid_ms"] = json!(valid_ms);
    }
    text_of(&founder.ask(request).unwrap(), "link").unwrap()
}

fn join(member: &mut Member, link: &str) -> Result<Value, String> {
    let name = member.name.clone();
    let request = json!({ "request": "join", "link": link, "member_name": name });
    let answer = member.agent().unwrap().try_request(request).unwrap();
    answer.map_err(|refused| refused.code)
}

/// The founder lets in whoever asks, until the assembly has so many seats.
fn admit(scene: &mut Scene, seats: u64) {
    let deadline = scene.narrator.deadline;
    let founder = scene.members[0].agent().unwrap();
    let admitted = founder.wait("the seats are taken", deadline, |agent| {
        let answer = agent.request(json!({ "request": "admissions" }))?;
        for admission in list(&answer, "admissions") {
            if admission.get("endorsed_by_me") == Some(&json!(false)) {
                let id = text_of(admission, "id")?;
                // It may have moved on since we looked.
                let _ = agent.try_request(json!({ "request": "endorse", "admission": id }))?;
            }
        }
        let overview = agent.request(json!({ "request": "overview" }))?;
        Ok((overview.pointer("/overview/assembly/seats") == Some(&json!(seats))).then_some(()))
    });
    admitted.unwrap();
}

#[test]
fn a_link_that_was_cut_or_changed_is_said_to_be_mangled() {
    let mut scene = Scene::founded(2);
    let link = invite(&mut scene.members[0], None);
    let guest = &mut scene.members[1];
    let middle = link.len() / 2;
    let other = if link.as_bytes()[middle] == b'a' { "b" } else { "a" };
    let changed = format!("{}{other}{}", &link[..middle], &link[middle + 1..]);
    for mangled in [
        &link[..link.len() - 1],
        &link[..middle],
        &changed,
        "",
        "veche-invitation:",
    ] {
        assert_eq!(
            join(guest, mangled),
            Err("invitation_mangled".to_owned()),
            "{mangled}"
        );
    }
    // Nothing of it stuck: the whole link still works.
    join(guest, &link).unwrap();
    admit(&mut scene, 2);
    scene.until(1, "/assembly/standing", &json!("admitted"));
}

#[test]
fn an_invitation_that_is_too_old_is_refused_and_another_one_works() {
    let mut scene = Scene::founded(2);
    let old = invite(&mut scene.members[0], Some(1_000));
    let deadline = scene.narrator.deadline;
    let guest = &mut scene.members[1];
    let read = guest
        .ask(json!({ "request": "read_invitation", "link": old }))
        .unwrap();
    let expires = Duration::from_millis(read.pointer("/invitation/expires").unwrap().as_u64().unwrap());
    let agent = guest.agent().unwrap();
    let expired = agent.wait("the invitation is too old", deadline, |_| {
        Ok((SystemTime::UNIX_EPOCH.elapsed().unwrap() > expires).then_some(()))
    });
    expired.unwrap();
    assert_eq!(join(guest, &old), Err("invitation_expired".to_owned()));
    let fresh = invite(&mut scene.members[0], None);
    join(&mut scene.members[1], &fresh).unwrap();
    admit(&mut scene, 2);
    scene.until(1, "/assembly/standing", &json!("admitted"));
}

#[test]
fn an_invitation_lets_in_one_and_the_second_is_told_why_not() {
    let mut scene = Scene::founded(3);
    let link = invite(&mut scene.members[0], None);
    join(&mut scene.members[1], &link).unwrap();
    scene.until(1, "/outbox_entries", &json!(0));
    join(&mut scene.members[2], &link).unwrap();
    scene.until(2, "/assembly/standing", &json!("refused"));
    let overview = scene.overview(2);
    let why = text_of(&overview["assembly"], "refused").unwrap();
    assert!(why.contains("used by somebody else"), "{why}");
    admit(&mut scene, 2);
    scene.until(1, "/assembly/standing", &json!("admitted"));
    // The second asks for a link of its own.
    let own = invite(&mut scene.members[0], None);
    join(&mut scene.members[2], &own).unwrap();
    admit(&mut scene, 3);
    scene.until(2, "/assembly/standing", &json!("admitted"));
}
