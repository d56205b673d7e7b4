//! A member's process dies at its every write, over its real vault, while the assembly talks and votes in secret.
//!
//! A life ends at its first write: before it, after it (and nobody was told), and, where it burns something, between
//! its steps. The next life begins with what is on the disk. Where that leads nowhere, because a life has to last (a
//! ballot is proven between two writes), every second life is longer by one write.

use crate::binaries;
use crate::scene::{Scene, say, states, texts};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::time::{Duration, Instant};
use xtask::agent::{Agent, Refused};
use xtask::answers::text_of;
use xtask::members::Member;
use xtask::votes::{Counts, outcome};

/// Five deputies, as many as a roll must have, and an expert.
const MEMBERS: usize = 6;
/// A deputy who is neither proposer nor seconder.
const WHO: usize = 2;
/// Long enough for many deaths before the ballot is in the box.
const VOTING_MS: u64 = 30_000;
/// Where in a write a life ends.
const MOMENTS: [&str; 4] = ["before-store", "between-sides", "after-store", "after-header"];
/// The signal by which a process ends that calls `abort`.
const ABORTED: i32 = 6;
const TEXTS: [&str; 2] = ["I speak", "and I speak again"];

#[test]
fn a_process_killed_at_its_every_write_loses_and_doubles_nothing() {
    let mut scene = Scene::new(MEMBERS);
    let deadline = scene.narrator.deadline;
    let founder = scene.members[0].agent().unwrap();
    let keys = founder.wait("the trustees' keys", deadline, |agent| {
        let answer = agent.request(json!({ "request": "overview" }))?;
        let keys = answer.pointer("/overview/assembly/sealing_keys");
        Ok(keys.and_then(Value::as_u64).filter(|keys| *keys > 0))
    });
    keys.unwrap();
    scene.members[WHO].stop().unwrap();
    let mut deaths = die_until_done(&scene.members[WHO], None, deadline);

    let motion = propose(&mut scene.members);
    for (member, choice) in scene.members.iter_mut().zip(["for", "for", "", "abstain", "for"]) {
        if member.is_online() {
            vote(member, &motion, choice, deadline);
        }
    }
    let mut answered = BTreeSet::from([say(&mut scene.members[0], "the others speak too")]);
    deaths += die_until_done(&scene.members[WHO], Some(&motion), deadline);
    assert!(deaths >= 15, "only {deaths} writes were cut");

    // Whole again, and the same as everybody.
    scene.members[WHO].start(binaries()).unwrap();
    for text in TEXTS {
        assert_eq!(states(&mut scene.members[WHO], text).len(), 1, "{text}");
    }
    let counts = outcome(&mut scene.members, &motion, &mut scene.narrator).unwrap();
    let expected = Counts {
        votes_for: 3,
        votes_against: 1,
        votes_abstain: 1,
    };
    assert_eq!(counts.votes, expected);
    answered.insert(say(&mut scene.members[WHO], "I live"));
    scene.check(&answered);
    for member in &mut scene.members {
        assert_eq!(texts(member).len(), TEXTS.len() + 2);
    }
}

/// A secret motion that is noticed and will open.
fn propose(members: &mut [Member]) -> String {
    let proposed = members[0].ask(json!({
        "request": "propose", "title": "Title", "text": "Text", "kind": "secret", "voting_ms": VOTING_MS,
    }));
    let motion = text_of(&proposed.unwrap(), "motion").unwrap();
    let seconder = members[1].agent().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    let seconded = seconder.wait("the motion arrives", deadline, |agent| {
        let seconded = agent.try_request(json!({ "request": "second", "motion": motion }))?;
        Ok(seconded.ok())
    });
    seconded.unwrap();
    motion
}

fn vote(member: &mut Member, motion: &str, choice: &str, deadline: Instant) {
    let agent = member.agent().unwrap();
    let voted = agent.wait("a vote is taken", deadline, |agent| {
        Ok(cast(agent, motion, choice)?.ok())
    });
    voted.unwrap();
}

fn cast(agent: &mut Agent, motion: &str, choice: &str) -> xtask::Result<Result<Value, Refused>> {
    agent.try_request(json!({ "request": "vote", "motion": motion, "choice": choice }))
}

/// Life after life, until everything has been said, and the motion, if there is one, is decided with one's own vote in
/// it; returns how many ended before their time.
fn die_until_done(member: &Member, motion: Option<&str>, deadline: Instant) -> usize {
    let program = binaries().path("veche-mortal").unwrap();
    let fate = member.vault.folder().with_extension("fate");
    let mut seen = Seen::default();
    let (mut deaths, mut in_vain) = (0, 0);
    loop {
        let (write, moment) = (1 + in_vain / 2, MOMENTS[deaths % MOMENTS.len()]);
        fs::write(&fate, format!("{write} {moment}")).unwrap();
        let before = seen.clone();
        let mut agent = Agent::start(program, &member.vault).unwrap();
        // A failure is the end of this life, or of everybody's patience.
        match agent.wait("everything is done", deadline, |agent| {
            act(agent, motion, &mut seen)
        }) {
            Ok(()) => break,
            Err(failure) if Instant::now() >= deadline => {
                let shown = ["overview", "motions"].map(|request| {
                    agent
                        .try_request(json!({ "request": request }))
                        .ok()
                        .and_then(Result::ok)
                });
                panic!("{deaths} deaths: {failure}; {seen:?}; {shown:?}");
            }
            Err(_) => {}
        }
        let status = agent.process().stop(Duration::from_secs(20)).unwrap();
        assert_eq!(status.signal(), Some(ABORTED), "it ended otherwise: {status}");
        deaths += 1;
        in_vain = if seen == before { in_vain + 1 } else { 0 };
    }
    fs::remove_file(&fate).unwrap();
    deaths
}

/// How far it has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Seen {
    texts: usize,
    phase: String,
    vote: String,
}

/// Does what has not become durable yet; something when there is nothing left to do.
fn act(agent: &mut Agent, motion: Option<&str>, seen: &mut Seen) -> xtask::Result<Option<()>> {
    let Ok(answer) = agent.try_request(json!({ "request": "read", "limit": 500 }))? else {
        return Ok(None);
    };
    let there = |text: &&str| answer.to_string().contains(&format!("\"{text}\""));
    seen.texts = TEXTS.iter().filter(|text| there(text)).count();
    for text in TEXTS.iter().filter(|text| !there(text)) {
        // Refused while the journal is being read again: then the next look tries again.
        let _ = agent.try_request(json!({ "request": "send", "text": text }))?;
    }
    let Some(motion) = motion else {
        return Ok((seen.texts == TEXTS.len()).then_some(()));
    };
    let Ok(answer) = agent.try_request(json!({ "request": "motion", "motion": motion }))? else {
        return Ok(None);
    };
    let said = |place: &str| answer.pointer(place).and_then(Value::as_str).unwrap_or_default();
    seen.phase = said("/motion/phase").to_owned();
    seen.vote = said("/motion/mine/state").to_owned();
    match (seen.phase.as_str(), seen.vote.as_str()) {
        ("open", "none") => {
            // Not yet, perhaps: the keys of the vote may not have been read.
            let _ = cast(agent, motion, "against")?;
            Ok(None)
        }
        // That one's own ballot was counted is told by the process that saw it and kept nowhere.
        ("decided", "counted" | "forwarded" | "none") => Ok(Some(())),
        ("void" | "withdrawn", _) => panic!("the vote is lost: {seen:?}"),
        _ => Ok(None),
    }
}
