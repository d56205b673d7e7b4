//! Audit files, true and broken, with what a verifier says of them.

use assembly::SealedEntry;
use assembly::counting::{OptionsMethod, Ties};
use assembly::testing::{Tamper, World, charter, question, tamper};
use assembly::{AuditFile, AuditLevel, Body, Charter, Choice, Day, ShownDay, VoteKind};
use clap::Parser as _;
use minicbor::bytes::ByteVec;
use primitives::{AssemblyId, MotionId, Signed, Time, encode, labels};
use serde_json::{Value, json};
use std::path::Path;
use tlog::Cosignature;

use super::VectorFile;
use Choice::{Abstain, Against, For};

/// An audit file of the battery.
#[derive(Debug, Clone)]
pub struct AuditCase {
    /// Its name, which can be a file's.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The assembly that is asked for, if one is.
    pub asked: Option<AssemblyId>,
    /// The rules of `docs/spec/audit.md` that it breaks; `None` if it is unusable, or a journal whose rules nobody has stated.
    pub breaches: Option<Vec<&'static str>>,
}

/// Those that stand in the repository: a true one with names, one whose journal goes on in a second log, one with devices that
/// come and go, a forged one, and one for each way of voting among options.
#[must_use]
pub fn committed() -> Vec<VectorFile> {
    let committed = [
        "a_true_file_for_members",
        "a_journal_in_two_logs",
        "a_journal_that_hops_after_a_revocation",
        "a_forged_choice",
        "votes_for_one_of_many",
        "votes_for_up_to_k",
        "votes_ranked_for_one",
        "votes_ranked_for_several",
    ];
    let cases = battery();
    let chosen = cases
        .iter()
        .filter(|case| committed.contains(&case.name.as_str()));
    chosen.flat_map(AuditCase::files).collect()
}

impl AuditCase {
    /// The audit file and, beside it, what the product says of it.
    #[must_use]
    pub fn files(&self) -> [VectorFile; 2] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(&self.name);
        std::fs::write(&path, &self.bytes).unwrap();
        let report = json!({ "asked": self.asked.map(|id| id.to_string()), "report": outline(product(&path, self.asked)) });
        let mut expected = serde_json::to_vec_pretty(&report).unwrap();
        expected.push(b'\n');
        let file = |ending: &str, bytes| VectorFile {
            path: format!("audit/v1/{}.{ending}", self.name),
            bytes,
        };
        [file("veche-audit", self.bytes.clone()), file("json", expected)]
    }
}

/// The report that `veche-audit verify --json` prints.
#[must_use]
pub fn product(path: &Path, asked: Option<AssemblyId>) -> Value {
    let mut words = vec![
        "veche-audit".into(),
        "verify".into(),
        path.as_os_str().to_owned(),
        "--json".into(),
    ];
    if let Some(id) = asked {
        words.extend(["--assembly".into(), id.to_string().into()]);
    }
    let mut out = Vec::new();
    let _status = audit::run(&audit::Arguments::parse_from(words), &mut out);
    serde_json::from_slice(&out).unwrap()
}

/// A report without what may be worded otherwise: findings and breaches by their rules only.
#[must_use]
pub fn outline(mut report: Value) -> Value {
    if report["verdict"] == "unusable" {
        return json!({ "verdict": "unusable" });
    }
    let rules = |listed: &Value| {
        let listed = listed.as_array().unwrap().iter();
        listed.map(|item| item["rule"].clone()).collect::<Value>()
    };
    for list in ["findings", "breaches"] {
        report[list] = rules(&report[list]);
    }
    for motion in report["motions"].as_array_mut().unwrap() {
        motion["findings"] = rules(&motion["findings"]);
    }
    report.as_object_mut().unwrap().remove("not_checked");
    report
}

/// Every rule of the audit, kept and broken.
#[must_use]
pub fn battery() -> Vec<AuditCase> {
    let mut cases = Vec::new();
    let decided = decided();
    true_files(&decided, &mut cases);
    journals(&decided, &mut cases);
    boxes(&decided, &mut cases);
    questions(&mut cases);
    hops(&mut cases);
    devices(&mut cases);
    second_keys(&mut cases);
    cases
}

fn decided() -> World {
    let mut world = World::ready(71);
    world.roll_call(&[For, Against, For, Abstain]);
    world.secret_vote(&[For, Against, For, For]);
    world
}

fn add(cases: &mut Vec<AuditCase>, name: &str, file: &AuditFile, breaches: &[&'static str]) {
    add_bytes(cases, name, file.to_bytes(), Some(breaches.to_vec()));
}

fn add_bytes(cases: &mut Vec<AuditCase>, name: &str, bytes: Vec<u8>, breaches: Option<Vec<&'static str>>) {
    cases.push(AuditCase {
        name: name.to_owned(),
        bytes,
        asked: None,
        breaches,
    });
}

fn true_files(world: &World, cases: &mut Vec<AuditCase>) {
    let file = world.audit(AuditLevel::Public);
    let bytes = file.to_bytes();
    add(cases, "a_true_file", &file, &[]);
    add(
        cases,
        "a_true_file_for_members",
        &world.audit(AuditLevel::Members),
        &[],
    );
    for (name, what, breaches) in [
        ("a_forged_choice", Tamper::SealedChoice, vec!["AUD-03"]),
        (
            "a_forged_named_vote",
            Tamper::RollCallVote,
            vec!["AUD-03", "AUD-09"],
        ),
    ] {
        add_bytes(cases, name, tamper(&bytes, what).unwrap(), Some(breaches));
    }
    add_bytes(cases, "cut_short", bytes[..bytes.len() - 1].to_vec(), None);
    add_bytes(cases, "followed_by_a_byte", [&bytes[..], &[0]].concat(), None);
    add_bytes(cases, "empty", Vec::new(), None);
    add_bytes(cases, "noise", b"noise".to_vec(), None);
    let later = AuditFile {
        format: "veche/v2/audit".to_owned(),
        ..file.clone()
    };
    add_bytes(cases, "of_another_version", later.to_bytes(), None);

    let other = AssemblyId::new([1; 32]);
    add(cases, "aud_01_another_assembly_asked_for", &file, &["AUD-01"]);
    if let Some(case) = cases.last_mut() {
        case.asked = Some(other);
    }
    let renamed = AuditFile {
        assembly: other,
        ..file
    };
    add(cases, "aud_01_another_assembly_said", &renamed, &["AUD-01"]);
}

fn journals(world: &World, cases: &mut Vec<AuditCase>) {
    let file = world.audit(AuditLevel::Public);
    let last = file.logs[0].entries.len() - 1;
    let mut altered = |name: &str, breaches: &[&'static str], alter: &dyn Fn(&mut AuditFile)| {
        let mut file = file.clone();
        alter(&mut file);
        add(cases, name, &file, breaches);
    };
    altered("aud_02_no_founding", &["AUD-02"], &|file| {
        file.logs[0].entries.remove(0);
    });
    altered("aud_02_no_log", &["AUD-02"], &|file| file.logs.clear());
    altered("aud_02_a_closed_founding", &["AUD-02"], &|file| {
        file.logs[0].entries[0].key = None
    });
    altered("aud_02_another_record", &["AUD-02"], &|file| {
        file.logs[0].record.nonce[0] ^= 1
    });
    altered("aud_03_another_relay", &["AUD-03"], &|file| {
        let checkpoint = world.checkpoint(&world.logs[0]);
        file.logs[0].checkpoint = checkpoint.sign(world.device(1));
    });
    altered("aud_03_of_a_box", &["AUD-03", "AUD-08"], &|file| {
        let ballot_box = world.boxes.values().next().unwrap();
        file.logs[0].checkpoint = world.checkpoint(ballot_box).sign(&world.checkpoint_key);
    });
    altered("aud_04_an_entry_more", &["AUD-04"], &|file| {
        let entry = file.logs[0].entries[last].clone();
        file.logs[0].entries.push(entry);
    });
    altered("aud_04_an_entry_moved_in_time", &["AUD-04"], &|file| {
        file.logs[0].entries[last].time = file.logs[0].entries[last].time.after(1);
    });
    altered("aud_06_an_entry_not_opened", &["AUD-06"], &|file| {
        file.logs[0].entries[last].key = None
    });
    altered("aud_06_an_entry_under_anothers_key", &["AUD-06"], &|file| {
        file.logs[0].entries[last].key = file.logs[0].entries[0].key;
    });
    altered("aud_08_three_of_five_cosigned", &[], &|file| {
        file.logs[0].cosignatures.truncate(3)
    });
    altered("aud_08_two_of_five_cosigned", &["AUD-08"], &|file| {
        file.logs[0].cosignatures.truncate(2);
        let again = file.logs[0].cosignatures[0].clone();
        file.logs[0].cosignatures.push(again);
    });
    altered("aud_08_cosigned_at_half_a_second", &["AUD-08"], &|file| {
        for cosignature in &mut file.logs[0].cosignatures {
            cosignature.time = cosignature.time.after(500);
        }
    });
    let mut spoilt = decided();
    spoilt.spoil();
    spoilt.tick(3 * 86_400_000);
    let shown = spoilt.audit(AuditLevel::Public);
    add(cases, "aud_06_a_false_entry_shown", &shown, &[]);
    let spoiler = shown.logs[0].entries.len() - 1;
    for (name, change) in [
        (
            "aud_06_another_day_shown",
            (|shown| shown.key[0] ^= 1) as fn(&mut ShownDay),
        ),
        ("aud_06_a_path_to_another_root", |shown| shown.path.reverse()),
        ("aud_06_a_path_too_short", |shown| shown.path.truncate(11)),
    ] {
        let mut file = shown.clone();
        file.logs[0].entries[spoiler].shown.iter_mut().for_each(change);
        add(cases, name, &file, &["AUD-06"]);
    }
    for (name, body) in [
        ("asm_39_a_statement_of_a_newer_kind", &b"\x82\x18\x63\x80"[..]),
        (
            "asm_39_a_statement_of_a_newer_encoding",
            b"\x9f\x1a\x00\x00\x00\x19\xff",
        ),
    ] {
        let world = with_unknown_kind(World::ready(77), body);
        add(cases, name, &world.audit(AuditLevel::Public), &[]);
    }
    let mut newer = World::ready(78);
    for seat in 1..=3 {
        newer.says(seat, &Body::VersionKnown { version: 2 });
    }
    add(
        cases,
        "a_newer_version_taken_up_at_the_end",
        &newer.audit(AuditLevel::Public),
        &[],
    );
    let newer = with_unknown_kind(newer, b"\x82\x18\x63\x80");
    let bytes = newer.audit(AuditLevel::Public).to_bytes();
    add_bytes(cases, "a_statement_under_a_newer_version", bytes, None);
    let mut back = World::ready(72);
    back.roll_call(&[For, For, For]);
    let last = back.logs[0].entries.len() - 1;
    back.logs[0].entries[last].time = Time(back.logs[0].entries[last - 1].time.0 - 1);
    add(
        cases,
        "aud_05_times_decrease",
        &back.audit(AuditLevel::Public),
        &["AUD-05"],
    );
}

/// A journal whose last statement is of a kind that nobody knows; the world's own fold stops before it.
fn with_unknown_kind(mut world: World, body: &[u8]) -> World {
    let statement = world.statement(1, &Body::FoundingSigned {});
    let fields = (
        statement.assembly,
        statement.seat,
        statement.device,
        statement.seen,
        statement.expires,
        ByteVec::from(body.to_vec()),
    );
    let signed = Signed::sign(labels::STATEMENT, fields, world.device(1));
    let key = world.keys.key(1).unwrap().duplicate();
    let sealed = SealedEntry::seal(
        1,
        Day::of(world.now),
        &key,
        &encode(signed.unverified()),
        b"",
        &mut world.rng,
    )
    .unwrap();
    let entry = tlog::Entry {
        time: world.now,
        bytes: sealed.to_bytes(),
    };
    world.logs[0].entries.push(entry);
    world
}

fn boxes(world: &World, cases: &mut Vec<AuditCase>) {
    let file = world.audit(AuditLevel::Public);
    let mut altered = |name: &str, breaches: &[&'static str], alter: &dyn Fn(&mut AuditFile)| {
        let mut file = file.clone();
        alter(&mut file);
        add(cases, name, &file, breaches);
    };
    altered("aud_09_no_box", &["AUD-09"], &|file| file.boxes.clear());
    altered("aud_09_a_box_made_otherwise", &["AUD-09"], &|file| {
        file.boxes[0].record.append_key = file.logs[0].record.append_key;
    });
    altered("aud_09_a_box_twice", &["AUD-09"], &|file| {
        let again = file.boxes[0].clone();
        file.boxes.push(again);
    });
    altered("aud_09_a_box_of_no_vote", &["AUD-09"], &|file| {
        let mut other = file.boxes[0].clone();
        other.opening = primitives::OpeningId::new([9; 32]);
        file.boxes.push(other);
    });
    altered("aud_10_a_ballot_less", &["AUD-10"], &|file| {
        file.boxes[0].entries.remove(1);
    });
    altered("aud_10_an_entry_more", &["AUD-10"], &|file| {
        let close = file.boxes[0].entries.last().unwrap().clone();
        file.boxes[0].entries.push(close);
    });
    altered("aud_05_times_of_a_box_decrease", &["AUD-05", "AUD-10"], &|file| {
        file.boxes[0].entries[0].time = file.boxes[0].entries.last().unwrap().time.after(1);
    });
    let mut unclosed = World::ready(73);
    let motion = unclosed.notice(unclosed.motion_text(VoteKind::Secret));
    let opening = unclosed.open(motion);
    for seat in 1..=3 {
        unclosed.cast(seat, opening, For);
    }
    unclosed.await_close(opening);
    let body = unclosed.box_closed(opening);
    unclosed.says(1, &body);
    for seat in [1, 2] {
        let body = unclosed.share(seat, opening);
        unclosed.says(seat, &body);
    }
    add(
        cases,
        "aud_11_no_close_entry",
        &unclosed.audit(AuditLevel::Public),
        &["AUD-11"],
    );
    add(
        cases,
        "ballots_of_every_fate",
        &fates().audit(AuditLevel::Public),
        &[],
    );
    add(
        cases,
        "votes_without_a_result",
        &without_a_result().audit(AuditLevel::Public),
        &[],
    );
}

/// A box in which ballots are late, misplaced, invalid, repeated, spoilt and forwarded.
fn fates() -> World {
    let mut world = World::ready(74);
    let motion = world.notice(world.motion_text(VoteKind::Secret));
    let opening = world.open(motion);
    for seat in 1..=3 {
        world.tick(700);
        world.cast(seat, opening, For);
    }
    world.cast(1, opening, Against);
    let spoilt = world.ballot(4, opening, &[9]);
    world.put_in_box(opening, spoilt);
    let long = world.ballot(5, opening, &[1, 1]);
    world.put_in_box(opening, long);
    world.put_in_box(opening, b"noise".to_vec());
    let ballot = world.ballot(5, opening, &Abstain.to_plaintext());
    let mut broken = ballot.clone();
    *broken.last_mut().unwrap() ^= 1;
    world.put_in_box(opening, broken);
    for forwarded in [ballot.clone(), ballot, Vec::new()] {
        world.says(
            2,
            &Body::BallotForwarded {
                opening,
                ballot: forwarded,
            },
        );
    }
    let entries = &mut world.boxes.get_mut(&opening).unwrap().entries;
    entries[1].time = entries[1].time.after(1);
    let last = entries.len() - 1;
    entries.swap(last, last - 1);
    world.await_close(opening);
    world.tick(5);
    let late = world.ballot(3, opening, &For.to_plaintext());
    let time = world.now;
    let entry = tlog::Entry { time, bytes: late };
    world.boxes.get_mut(&opening).unwrap().entries.push(entry);
    world.close(opening, &[2, 3]);
    world
}

/// Votes that are void, below the floor, open, withdrawn, and one with a false share.
fn without_a_result() -> World {
    let mut world = World::ready(75);
    let motion = world.notice(world.motion_text(VoteKind::Secret));
    let below = world.open(motion);
    world.cast(1, below, For);
    world.seal_box(below);
    let body = world.box_closed(below);
    world.says(1, &body);
    world.tick(30_000);
    let motion = world.notice(world.motion_text(VoteKind::Secret));
    let unclosed = world.open(motion);
    world.cast(1, unclosed, For);
    world.await_close(unclosed);
    world.tick(10_000);
    let motion = world.notice(world.motion_text(VoteKind::RollCall));
    world.says(1, &Body::MotionWithdrawn { motion });
    let motion = world.notice(world.motion_text(VoteKind::RollCall));
    let _opening = world.open(motion);
    world.generate_sealing_keys();
    let motion = world.notice(world.motion_text(VoteKind::Secret));
    let opening = world.open(motion);
    for seat in 1..=4 {
        world.cast(seat, opening, Against);
    }
    world.close(opening, &[1]);
    let Body::ShareReleased { mut share, .. } = world.share(2, opening) else {
        return world;
    };
    share.share[0] ^= 1;
    world.says(2, &Body::ShareReleased { opening, share });
    world
}

/// Votes among options by every method, by name and in secret, with ballots that are spoilt or of another length, and with
/// ties under either charter.
fn questions(cases: &mut Vec<AuditCase>) {
    let up_to_two = OptionsMethod::UpToK {
        marks_max: 2,
        seats: 2,
    };
    let ranked: [&[u8]; 5] = [
        &[2, 1, 0, 0],
        &[0, 0, 1, 2],
        &[0, 1, 0, 2],
        &[1, 3, 0, 2],
        &[1, 1, 1, 1],
    ];
    let methods: [(&str, OptionsMethod, [&[u8]; 5]); 4] = [
        (
            "votes_for_one_of_many",
            OptionsMethod::OneOfMany,
            [&[0, 2], &[0, 4], &[0, 2], &[0, 4], &[0, 5]],
        ),
        (
            "votes_for_up_to_k",
            up_to_two,
            [&[0b11], &[0b1001], &[0b101], &[0], &[0b111]],
        ),
        ("votes_ranked_for_one", OptionsMethod::Schulze, ranked),
        (
            "votes_ranked_for_several",
            OptionsMethod::Transferable { seats: 2 },
            ranked,
        ),
    ];
    for (seed, (name, method, votes)) in (80..).zip(methods) {
        for (ties, ending) in [(Ties::Fail, ""), (Ties::PublicOrder, "_and_the_public_order")] {
            let mut world = World::ready_under(Charter { ties, ..charter() }, seed);
            let asked = question(method, 4);
            let votes = votes.map(<[u8]>::to_vec);
            world.roll_call_on(asked.clone(), &votes[..4]);
            world.secret_vote_on(asked.clone(), &votes);
            // A clear result, with a ballot of another length.
            let longer = [&votes[0][..], &[0]].concat();
            let clear = [votes[0].clone(), votes[0].clone(), votes[1].clone(), longer];
            world.secret_vote_on(asked, &clear);
            let file = world.audit(AuditLevel::Public);
            add(cases, &format!("{name}{ending}"), &file, &[]);
        }
    }
}

/// Seats with further devices, one of which is revoked.
fn devices(cases: &mut Vec<AuditCase>) {
    let mut world = decided();
    let further = [2, 3].map(|seat| world.add_device(seat));
    let checkpoint = world.checkpoint(&world.logs[0]);
    for (name, first, breaches) in [
        ("a_further_device_cosigned", &[1, 4][..], &[][..]),
        ("aud_08_two_devices_of_one_seat_cosigned", &[1, 2], &["AUD-08"]),
    ] {
        let mut file = world.audit(AuditLevel::Public);
        file.logs[0].cosignatures = world.cosign(&checkpoint, first);
        let cosignature = Cosignature::sign(&checkpoint, world.now, &further[0]);
        file.logs[0].cosignatures.push(cosignature);
        add(cases, name, &file, breaches);
    }
    let motion = world.notice(world.motion_text(VoteKind::RollCall));
    let opening = world.open(motion);
    let vote = |choice: Choice| Body::RollCallVote {
        motion,
        vote: ByteVec::from(choice.to_plaintext().to_vec()),
    };
    world.says_from(2, &further[0], &vote(Against));
    world.say(2, &vote(For));
    for seat in [1, 3] {
        world.says(seat, &vote(For));
    }
    world.await_close(opening);
    world.says_from(3, &further[1], &Body::RollCallClosed { motion });
    let device = further[0].verifying_key();
    world.say_from(3, &further[1], &Body::Left {});
    world.say_from(3, &further[1], &Body::DeviceRevoked { device });
    let (_, _, before) = world.continues();
    world.say(1, &before);
    world.says(2, &Body::DeviceRevoked { device });
    world.say_from(2, &further[0], &Body::BallotKeysVoided {});
    let known = world.added(3, &further[0]);
    world.say(3, &known);
    let checkpoint = world.checkpoint(&world.logs[0]);
    let mut file = world.audit(AuditLevel::Public);
    file.logs[0].cosignatures = world.cosign(&checkpoint, &[1, 4]);
    let revoked = Cosignature::sign(&checkpoint, world.now, &further[0]);
    file.logs[0].cosignatures.push(revoked);
    add(cases, "aud_08_a_revoked_device_cosigned", &file, &["AUD-08"]);
    world.hop();
    world.says_from(3, &further[1], &Body::BallotKeysVoided {});
    world.roll_call(&[For, For, For]);
    let file = world.audit(AuditLevel::Members);
    add(cases, "a_journal_that_hops_after_a_revocation", &file, &[]);
}

/// Witnesses with second keys.
fn second_keys(cases: &mut Vec<AuditCase>) {
    let mut world = World::ready(76);
    for seat in [1, 2, 3] {
        let body = World::cosigning_key(world.device(seat));
        world.says(seat, &body);
    }
    let another = World::cosigning_key(world.device(4));
    world.say(1, &another);
    let motion = world.notice(world.motion_text(VoteKind::Secret));
    let opening = world.open(motion);
    for seat in 1..=3 {
        world.cast(seat, opening, For);
    }
    world.seal_box(opening);
    let checkpoint = world.checkpoint(&world.boxes[&opening]);
    let once = |seat| Cosignature::sign(&checkpoint, world.now, world.device(seat));
    let too_few = Body::BoxClosed {
        opening,
        checkpoint: checkpoint.sign(&world.checkpoint_key),
        cosignatures: [1, 2, 3, 4].map(once).to_vec(),
    };
    world.say(1, &too_few);
    let closed = world.box_closed(opening);
    world.says(1, &closed);
    for seat in [1, 2] {
        let share = world.share(seat, opening);
        world.says(seat, &share);
    }
    let file = world.audit(AuditLevel::Public);
    add(cases, "witnesses_cosigned_with_both_keys", &file, &[]);
    let mut forged = file;
    for cosignature in &mut forged.logs[0].cosignatures[..2] {
        if let Some(second) = &mut cosignature.second {
            second[7] ^= 1;
        }
    }
    add(cases, "second_signatures_that_do_not_verify", &forged, &[]);
}

fn hops(cases: &mut Vec<AuditCase>) {
    let mut world = decided();
    world.says(5, &Body::Left {});
    world.hop();
    world.roll_call(&[For, For, For]);
    let file = world.audit(AuditLevel::Members);
    add(cases, "a_journal_in_two_logs", &file, &[]);
    let mut stopped = file.clone();
    stopped.logs.pop();
    add(cases, "aud_07_stops_before_its_end", &stopped, &["AUD-07"]);
    let mut elsewhere = file;
    elsewhere.logs[1].record.nonce[0] ^= 1;
    add(cases, "aud_07_goes_on_elsewhere", &elsewhere, &["AUD-07"]);
    let short = Charter {
        founding_seats: 3,
        trustees: 2,
        ..charter()
    };
    let mut world = World::found(short, 76);
    world.admit("Second", assembly::Role::Deputy);
    world.admit("Third", assembly::Role::Deputy);
    world.post_bytes(b"noise".to_vec());
    world.say(
        1,
        &Body::RollCallClosed {
            motion: MotionId::new([1; 32]),
        },
    );
    add(
        cases,
        "findings_without_a_motion",
        &world.audit(AuditLevel::Members),
        &[],
    );
}
