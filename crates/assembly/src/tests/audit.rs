//! The audit file: a valid one, and for every rule one that breaks just that rule.

use primitives::{AssemblyId, SigningSecret};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use crate::audit::{AuditFile, AuditLevel, AuditRule, AuditVerifier, Report, Unusable, verify_audit};
use crate::keys::ShownDay;
use crate::motion::{Choice, Counts, VoteKind};
use crate::rejection::Rejection;
use crate::statement::Body;
use crate::testing::{Tamper, World, tamper};

use Choice::{Abstain, Against, For};

fn decided() -> World {
    let mut world = World::ready(71);
    world.roll_call(&[For, Against, For, Abstain]);
    world.secret_vote(&[For, Against, For, For]);
    world
}

fn verify(file: &AuditFile) -> Report {
    verify_bytes(&file.to_bytes())
}

fn verify_bytes(bytes: &[u8]) -> Report {
    verify_audit(bytes, None, &mut ChaCha20Rng::seed_from_u64(1)).unwrap()
}

/// The file breaks this rule and no other.
#[track_caller]
fn assert_breaks(file: &AuditFile, rule: AuditRule) {
    let report = verify(file);
    let broken: Vec<_> = report.breaches.iter().map(|breach| breach.rule.id()).collect();
    assert_eq!(broken, [rule.id()], "{:?}", report.breaches);
}

#[test]
fn a_true_file_is_valid_and_counts_what_was_voted() {
    let report = verify(&decided().audit(AuditLevel::Public));
    assert_eq!(report.breaches, []);
    assert_eq!(report.findings, []);
    let counts: Vec<_> = report
        .motions
        .iter()
        .map(|motion| motion.result.as_ref().unwrap().votes.choices().copied().unwrap())
        .collect();
    let expected = [
        Counts {
            votes_for: 2,
            votes_against: 1,
            votes_abstain: 1,
            spoilt: 0,
        },
        Counts {
            votes_for: 3,
            votes_against: 1,
            votes_abstain: 0,
            spoilt: 0,
        },
    ];
    assert_eq!(counts, expected);
    assert!(report.seats.iter().all(|seat| seat.name.is_none()));
}

#[test]
fn the_members_level_opens_names() {
    let report = verify(&decided().audit(AuditLevel::Members));
    assert!(report.is_valid());
    let names: Vec<_> = report
        .seats
        .iter()
        .map(|seat| seat.name.clone().unwrap())
        .collect();
    assert_eq!(names, ["Founder", "Second", "Third", "Fourth", "Fifth"]);
}

#[test]
fn a_journal_that_hopped_is_valid() {
    let mut world = decided();
    world.says(5, &Body::Left {});
    world.hop();
    world.roll_call(&[For, For, For]);
    let report = verify(&world.audit(AuditLevel::Public));
    assert_eq!(report.breaches, []);
    assert_eq!(report.motions.len(), 3);
}

#[test]
fn what_the_earlier_log_took_after_the_journal_had_gone_on_spoils_no_file() {
    let mut world = decided();
    world.says(5, &Body::Left {});
    world.hop();
    world.roll_call(&[For, For, For]);
    let time = world.now;
    world.logs[0].entries.push(tlog::Entry {
        time,
        bytes: b"too late, and not even an entry".to_vec(),
    });
    let late = world.logs[0].entries[3].bytes.clone();
    world.logs[0].entries.push(tlog::Entry { time, bytes: late });
    let mut file = world.audit(AuditLevel::Public);
    assert_eq!(verify(&file).breaches, []);
    file.logs[0].entries.pop();
    assert_breaks(&file, AuditRule::Root);
}

#[test]
fn a_forged_choice_is_refused_with_everything_else_recomputed() {
    let bytes = decided().audit(AuditLevel::Public).to_bytes();
    for what in [Tamper::SealedChoice, Tamper::RollCallVote] {
        let forged = tamper(&bytes, what).unwrap();
        assert_ne!(forged, bytes);
        let report = verify_bytes(&forged);
        assert!(!report.is_valid(), "{what:?}");
        assert!(
            report
                .breaches
                .iter()
                .any(|breach| breach.rule == AuditRule::Signature),
            "{what:?}"
        );
        // The relay's signature gives it away, and so does everything behind it.
        assert!(
            report
                .findings
                .iter()
                .any(|finding| finding.rule == Rejection::NotByAMember.rule())
        );
    }
}

#[test]
fn what_is_no_audit_file_is_unusable() {
    let bytes = decided().audit(AuditLevel::Public).to_bytes();
    let rng = &mut ChaCha20Rng::seed_from_u64(1);
    for wrong in [
        &bytes[..bytes.len() - 1],
        b"",
        b"noise",
        &[bytes.as_slice(), &[0]].concat(),
    ] {
        assert!(matches!(
            verify_audit(wrong, None, rng),
            Err(Unusable::Malformed(_))
        ));
    }
}

#[test]
fn aud_01_another_assembly_than_said_or_asked_for() {
    let world = decided();
    let mut file = world.audit(AuditLevel::Public);
    let asked = AssemblyId::new([1; 32]);
    let report = verify_audit(&file.to_bytes(), Some(asked), &mut ChaCha20Rng::seed_from_u64(1)).unwrap();
    assert_eq!(
        report
            .breaches
            .iter()
            .map(|breach| breach.rule)
            .collect::<Vec<_>>(),
        [AuditRule::Assembly]
    );
    file.assembly = asked;
    assert_breaks(&file, AuditRule::Assembly);
}

#[test]
fn aud_02_no_founding_statement_in_front() {
    let mut world = decided();
    let mut file = world.audit(AuditLevel::Public);
    file.logs[0].entries.remove(0);
    world.logs[0].entries.remove(0);
    file.logs[0].checkpoint = world.journal_checkpoint();
    assert_breaks(&file, AuditRule::Founding);
    file.logs.clear();
    assert_breaks(&file, AuditRule::Founding);
}

#[test]
fn aud_03_a_checkpoint_that_the_relay_did_not_sign() {
    let mut world = decided();
    let mut file = world.audit(AuditLevel::Public);
    let checkpoint = world.checkpoint(&world.logs[0]);
    world.checkpoint_key = SigningSecret::random(&mut world.rng);
    file.logs[0].checkpoint = checkpoint.sign(&world.checkpoint_key);
    assert_breaks(&file, AuditRule::Signature);
}

#[test]
fn aud_04_an_entry_left_out_added_or_moved() {
    let world = decided();
    let file = world.audit(AuditLevel::Public);
    let last = file.logs[0].entries.len() - 1;
    let mut shorter = file.clone();
    shorter.logs[0].entries.remove(last);
    assert!(
        verify(&shorter)
            .breaches
            .iter()
            .any(|breach| breach.rule == AuditRule::Root)
    );
    let mut longer = file.clone();
    let mut entry = longer.logs[0].entries[last].clone();
    entry.time = entry.time.after(1);
    longer.logs[0].entries.push(entry);
    assert_breaks(&longer, AuditRule::Root);
    let mut moved = file;
    moved.logs[0].entries[last].time = moved.logs[0].entries[last].time.after(1);
    assert_breaks(&moved, AuditRule::Root);
}

#[test]
fn aud_05_times_that_decrease() {
    let mut world = World::ready(72);
    world.roll_call(&[For, For, For]);
    let last = world.logs[0].entries.len() - 1;
    world.logs[0].entries[last].time = primitives::Time(world.logs[0].entries[last - 1].time.0 - 1);
    assert_breaks(&world.audit(AuditLevel::Public), AuditRule::Times);
}

#[test]
fn aud_06_an_entry_that_is_not_opened_could_hide_a_withdrawal() {
    let mut world = decided();
    let motion = world.notice(world.motion_text(VoteKind::RollCall));
    world.says(1, &Body::MotionWithdrawn { motion });
    let mut file = world.audit(AuditLevel::Public);
    let last = file.logs[0].entries.len() - 1;
    file.logs[0].entries[last].key = None;
    assert_breaks(&file, AuditRule::Opened);
    file.logs[0].entries[last].key = file.logs[0].entries[0].key;
    assert_breaks(&file, AuditRule::Opened);
}

#[test]
fn aud_06_an_entry_that_commits_to_another_key_is_shown_when_its_day_is_over() {
    let mut world = decided();
    assert_eq!(world.spoil().rejection, Some(Rejection::DoesNotOpen));
    let until = world.try_audit(AuditLevel::Public).unwrap_err().until;
    world.tick(until.0 - world.now.0 - 1);
    assert!(world.try_audit(AuditLevel::Public).is_err());
    world.tick(1);
    let mut file = world.audit(AuditLevel::Public);
    let report = verify(&file);
    assert!(report.is_valid(), "{:?}", report.breaches);
    let found = report.findings.iter().filter(|finding| finding.rule == "ASM-02");
    assert_eq!(found.count(), 1);

    let last = file.logs[0].entries.len() - 1;
    let shown = file.logs[0].entries[last].shown.clone().unwrap();
    let mut with = |change: &dyn Fn(&mut ShownDay)| {
        let mut other = shown.clone();
        change(&mut other);
        file.logs[0].entries[last].shown = Some(other);
        assert_breaks(&file, AuditRule::Opened);
    };
    with(&|shown| shown.key[0] ^= 1);
    with(&|shown| shown.path[3] = shown.path[4]);
    with(&|shown| {
        shown.path.pop();
    });
    file.logs[0].entries[last].shown = None;
    assert_breaks(&file, AuditRule::Opened);
}

#[test]
fn aud_06_a_shown_day_hides_no_true_entry() {
    let mut world = decided();
    let motion = world.notice(world.motion_text(VoteKind::RollCall));
    world.says(1, &Body::MotionWithdrawn { motion });
    let mut file = world.audit(AuditLevel::Public);
    let valid = verify(&file);
    let last = file.logs[0].entries.last_mut().unwrap();
    let day = crate::keys::Day::of(last.time);
    last.key = None;
    last.shown = Some(ShownDay::of(world.keys.key(1).unwrap(), day));
    let shown = verify(&file);
    assert!(shown.is_valid());
    assert_eq!(shown.motions, valid.motions);
}

#[test]
fn aud_07_a_journal_that_stops_before_its_end_or_goes_on_elsewhere() {
    let mut world = decided();
    world.says(5, &Body::Left {});
    world.hop();
    world.roll_call(&[For, For, For]);
    let file = world.audit(AuditLevel::Public);
    let mut stopped = file.clone();
    stopped.logs.pop();
    assert_breaks(&stopped, AuditRule::Chain);
    let mut elsewhere = file;
    elsewhere.logs[1].record.nonce[0] ^= 1;
    assert_breaks(&elsewhere, AuditRule::Chain);
}

#[test]
fn aud_08_a_journal_without_the_witnesses_quorum() {
    let world = decided();
    let mut file = world.audit(AuditLevel::Public);
    file.logs[0].cosignatures.truncate(3);
    assert!(verify(&file).is_valid());
    file.logs[0].cosignatures.truncate(2);
    let again = file.logs[0].cosignatures[0].clone();
    file.logs[0].cosignatures.push(again);
    assert_breaks(&file, AuditRule::Quorum);
}

#[test]
fn aud_09_a_box_that_is_missing_or_made_otherwise() {
    let file = decided().audit(AuditLevel::Public);
    let mut missing = file.clone();
    missing.boxes.clear();
    assert_breaks(&missing, AuditRule::BoxRecord);
    let mut otherwise = file.clone();
    otherwise.boxes[0].record.append_key = otherwise.logs[0].record.append_key;
    assert_breaks(&otherwise, AuditRule::BoxRecord);
    let mut twice = file;
    twice.boxes.push(twice.boxes[0].clone());
    assert_breaks(&twice, AuditRule::BoxRecord);
}

#[test]
fn aud_10_a_box_that_is_not_the_cosigned_one() {
    let file = decided().audit(AuditLevel::Public);
    let mut fewer = file.clone();
    fewer.boxes[0].entries.remove(1);
    assert_breaks(&fewer, AuditRule::BoxRoot);
    let mut swapped = file.clone();
    let time = swapped.boxes[0].entries[0].time;
    swapped.boxes[0].entries[1].time = time;
    swapped.boxes[0].entries.swap(0, 1);
    assert_breaks(&swapped, AuditRule::BoxRoot);
    let mut more = file;
    let entry = more.boxes[0].entries.last().unwrap().clone();
    more.boxes[0].entries.push(entry);
    assert_breaks(&more, AuditRule::BoxRoot);
}

#[test]
fn aud_11_a_box_without_its_close_entry() {
    let mut world = World::ready(73);
    let motion = world.notice(world.motion_text(VoteKind::Secret));
    let opening = world.open(motion);
    for seat in 1..=3 {
        world.cast(seat, opening, For);
    }
    world.await_close(opening);
    let body = world.box_closed(opening);
    world.says(1, &body);
    for seat in [1, 2] {
        let body = world.share(seat, opening);
        world.says(seat, &body);
    }
    assert_breaks(&world.audit(AuditLevel::Public), AuditRule::BoxClose);
}

#[test]
fn statements_without_effect_and_bad_shares_are_findings_and_not_breaches() {
    let mut world = decided();
    world.say(
        1,
        &Body::RollCallClosed {
            motion: primitives::MotionId::new([1; 32]),
        },
    );
    world.post_bytes(b"noise".to_vec());
    let report = verify(&world.audit(AuditLevel::Public));
    assert!(report.is_valid());
    let rules: Vec<_> = report
        .findings
        .iter()
        .map(|finding| finding.rule.as_str())
        .collect();
    assert_eq!(rules, ["ASM-22", "ASM-01"]);
}

/// As the auditor's program reads it: in portions of this size.
fn verify_in_portions(bytes: &[u8], size: usize) -> Result<Report, Unusable> {
    let weights = &mut ChaCha20Rng::seed_from_u64(1);
    let mut verifier = AuditVerifier::new(None);
    for portion in bytes.chunks(size) {
        verifier.feed(portion, weights, &crate::Alone)?;
    }
    verifier.finish(weights, &crate::Alone)
}

#[test]
fn a_file_that_comes_in_any_portions_has_one_report() {
    let world = decided();
    let mut file = world.audit(AuditLevel::Members);
    for _ in 0..2 {
        let bytes = file.to_bytes();
        let whole = verify_bytes(&bytes);
        for size in [97, 1_000, bytes.len()] {
            assert_eq!(verify_in_portions(&bytes, size).unwrap(), whole);
        }
        for cut in (0..bytes.len()).step_by(bytes.len() / 50) {
            assert!(matches!(
                verify_in_portions(&bytes[..cut], 500),
                Err(Unusable::Malformed(_))
            ));
        }
        // And one that breaks rules of every part.
        file.assembly = AssemblyId::new([1; 32]);
        file.logs[0].entries.pop();
        file.boxes[0].entries.pop();
    }
}

#[test]
fn breaches_stand_in_the_order_of_the_steps_although_entries_come_before_their_checkpoint() {
    let mut file = decided().audit(AuditLevel::Public);
    let entries = &mut file.logs[0].entries;
    let last = entries.len() - 1;
    entries[last].key = None;
    entries[last].time = primitives::Time(entries[0].time.0 - 1);
    let broken: Vec<_> = verify(&file).breaches.iter().map(|breach| breach.rule).collect();
    assert_eq!(broken, [AuditRule::Root, AuditRule::Times, AuditRule::Opened]);
}

#[test]
fn a_stopped_verification_still_reads_the_file_to_its_end() {
    let mut file = decided().audit(AuditLevel::Public);
    file.logs[0].entries[0].bytes[20] ^= 1;
    assert_breaks(&file, AuditRule::Founding);
    let bytes = file.to_bytes();
    assert!(matches!(
        verify_in_portions(&bytes[..bytes.len() - 1], 4_096),
        Err(Unusable::Malformed(_))
    ));
}

#[test]
fn what_is_beyond_a_limit_makes_a_file_unusable() {
    let file = decided().audit(AuditLevel::Public);
    let unusable = |file: &AuditFile| {
        let verified = verify_audit(&file.to_bytes(), None, &mut ChaCha20Rng::seed_from_u64(1));
        matches!(verified, Err(Unusable::Malformed(_)))
    };
    let mut entry = file.clone();
    entry.boxes[0].entries[0].bytes = vec![0; crate::limits::ENTRY_BYTES_MAX];
    assert!(!unusable(&entry));
    entry.boxes[0].entries[0].bytes.push(0);
    assert!(unusable(&entry));
    let mut entry = file.clone();
    entry.logs[0].entries[1].bytes = vec![0; crate::limits::ENTRY_BYTES_MAX + 1];
    assert!(unusable(&entry));
    let mut shown = file.clone();
    let path = vec![primitives::Hash::new([1; 32]); 12];
    let key = [1; 32].into();
    shown.logs[0].entries[1].shown = Some(ShownDay { key, path });
    assert!(!unusable(&shown));
    let shown_path = &mut shown.logs[0].entries[1].shown.as_mut().unwrap().path;
    shown_path.push(primitives::Hash::new([1; 32]));
    assert!(unusable(&shown));
    let mut checkpoint = file.clone();
    checkpoint.logs[0].checkpoint = tlog::SignedCheckpoint::new("x".repeat(4_096));
    assert!(!unusable(&checkpoint));
    checkpoint.logs[0].checkpoint = tlog::SignedCheckpoint::new("x".repeat(4_097));
    assert!(unusable(&checkpoint));
    let mut cosignatures = file.clone();
    let one = cosignatures.logs[0].cosignatures[0].clone();
    cosignatures.logs[0].cosignatures = vec![one; crate::limits::AUDIT_COSIGNATURES_MAX];
    assert!(!unusable(&cosignatures));
    let one = cosignatures.logs[0].cosignatures[0].clone();
    cosignatures.logs[0].cosignatures.push(one);
    assert!(unusable(&cosignatures));
}

/// Seat 3 votes by name in an entry that commits to a key of its own making: no member can open it.
fn vote_under_a_foreign_key(world: &mut World, motion: primitives::MotionId) -> [u8; 32] {
    let vote = For.to_vote();
    let statement = world.statement(3, &Body::RollCallVote { motion, vote });
    let main = primitives::encode(statement.sign(world.device(3)).unverified());
    let key = world.keys.key(1).unwrap().duplicate();
    let day = crate::keys::Day::of(world.now);
    let mut sealed = crate::entry::SealedEntry::seal(1, day, &key, &main, b"", &mut world.rng).unwrap();
    let foreign = crate::entry::EntryKey::from_bytes([9; 32]);
    sealed.commitment = foreign.commitment();
    let sealed = sealed.with_main(&foreign, &main).unwrap();
    let taken = world.post_bytes(sealed.to_bytes());
    assert_eq!(taken.rejection, Some(Rejection::DoesNotOpen));
    [9; 32]
}

#[test]
fn aud_06_an_entry_that_members_cannot_open_has_no_effect_for_an_auditor_either() {
    let mut world = World::ready(71);
    let motion = world.notice(world.motion_text(VoteKind::RollCall));
    let opening = world.open(motion);
    let index = world.logs[0].entries.len();
    let key = vote_under_a_foreign_key(&mut world, motion);
    for (seat, choice) in [(1, For), (2, Against), (4, Abstain)] {
        let vote = choice.to_vote();
        world.says(seat, &Body::RollCallVote { motion, vote });
    }
    world.await_close(opening);
    world.says(1, &Body::RollCallClosed { motion });
    let members = world.tally(opening).unwrap();
    assert!(!members.adopted);
    // The same journal under the same cosigned checkpoint, from a member who gives the key that was committed to.
    let forged = |world: &World| {
        let mut file = world.audit(AuditLevel::Public);
        file.logs[0].entries[index].key = Some(key.into());
        file
    };
    let result = |report: &Report| report.motions.first().and_then(|motion| motion.result.clone());

    // While the day may go on there is no honest file; a false one says that its keys are not compared.
    world.tick(3 * crate::limits::DAY_MS);
    let mut young = forged(&world);
    for entry in &mut young.logs[0].entries {
        entry.shown = None;
    }
    let report = verify(&young);
    assert!(report.uncompared > 0);
    assert_ne!(result(&report).as_ref(), Some(&members));

    world.says(
        1,
        &Body::MotionProposed {
            motion: world.motion_text(VoteKind::RollCall),
        },
    );
    let report = verify(&world.audit(AuditLevel::Public));
    assert_eq!(report.breaches, []);
    assert_eq!(report.uncompared, 1);
    assert_eq!(result(&report).as_ref(), Some(&members));
    let report = verify(&forged(&world));
    assert_eq!(report.breaches, []);
    assert_eq!(result(&report).as_ref(), Some(&members));
    let mut hidden = forged(&world);
    for entry in &mut hidden.logs[0].entries {
        entry.shown = None;
    }
    assert_breaks(&hidden, AuditRule::Opened);
}

#[test]
fn a_day_is_shown_once_in_each_log_and_by_entries_of_that_logs_key() {
    let mut world = World::ready(73);
    world.says(5, &Body::Left {});
    world.hop();
    // Under the key of the log before: no entry here, and no reason to show or to wait.
    let key = world.keys.key(1).unwrap().duplicate();
    world.tick(3 * crate::limits::DAY_MS);
    let day = crate::keys::Day::of(world.now);
    let mut earlier = crate::entry::SealedEntry::seal(1, day, &key, b"x", b"", &mut world.rng).unwrap();
    earlier.commitment = primitives::Hash::new([1; 32]);
    world.post_bytes(earlier.to_bytes());
    world.roll_call(&[For, For, For]);
    world.tick(3 * crate::limits::DAY_MS);
    world.roll_call(&[For, For, For]);
    let file = world.audit(AuditLevel::Public);
    let shown = |log: usize| {
        let entries = file.logs[log].entries.iter();
        entries.filter(|entry| entry.shown.is_some()).count()
    };
    assert_eq!((shown(0), file.logs[1].entries[0].shown.is_some()), (1, false));
    assert_eq!(shown(1), 1);
    let report = verify(&file);
    assert_eq!(report.breaches, []);
    assert!((1..20).contains(&report.uncompared), "{}", report.uncompared);
}
