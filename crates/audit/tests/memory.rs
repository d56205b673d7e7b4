//! What the program holds does not grow with the ballots of a box. Asks Linux how much it held.

#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops where a step of it fails"
)]

use assembly::testing::World;
use assembly::{AuditLevel, Choice, VoteKind};
use std::path::Path;
use std::process::{Command, Stdio};

/// A proof over 200 keys, which begins with a point: 8 points and 18 scalars.
const PROOF_BYTES: usize = 32 * 26;

/// An audit file of an assembly of 200 whose box was flooded with so many ballots that do not count.
fn flooded(world: &mut World, flood: u32) -> Vec<u8> {
    let motion = world.notice(world.motion_text(VoteKind::Secret));
    let opening = world.open(motion);
    let good: Vec<_> = (1..=10)
        .map(|seat| world.ballot(seat, opening, &Choice::For.to_plaintext()))
        .collect();
    let mut entries: Vec<_> = (0..flood)
        .map(|number| {
            let mut bad = good[number as usize % good.len()].clone();
            // Most have a point that is none; some a z_A, and few a z_x, that is not the proof's.
            let from_end = match number % 100 {
                0 => 64,
                10 | 20 | 30 => 96,
                _ => PROOF_BYTES,
            };
            let at = bad.len() - from_end;
            bad[at] |= 1;
            bad[at + 1..at + 5].copy_from_slice(&number.to_be_bytes());
            bad
        })
        .chain(good.iter().cloned())
        .collect();
    entries.sort_by_cached_key(|bytes| primitives::canonical::sha256(bytes));
    let slots = world.boxes[&opening].record.slots.unwrap();
    let time = slots.end_of_slot(world.now).unwrap();
    let entries = entries.into_iter().map(|bytes| tlog::Entry { time, bytes });
    world.boxes.get_mut(&opening).unwrap().entries = entries.collect();
    world.close(opening, &[1, 2]);
    world.audit(AuditLevel::Public).to_bytes()
}

/// The most memory that a verification held, in bytes, and how many findings it made.
fn peak(path: &Path) -> (u64, usize) {
    let out = tempfile::NamedTempFile::new().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_veche-audit"))
        .arg("verify")
        .arg("--json")
        .arg(path)
        .stdout(Stdio::from(out.reopen().unwrap()))
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    // The figure only grows, and is gone when the process is.
    while let Some(kib) = std::fs::read_to_string(&status)
        .unwrap()
        .lines()
        .find_map(|line| {
            let rest = line.strip_prefix("VmHWM:")?;
            rest.split_whitespace().next()?.parse::<u64>().ok()
        })
    {
        peak = peak.max(kib * 1_024);
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let report: serde_json::Value = serde_json::from_reader(out.reopen().unwrap()).unwrap();
    assert_eq!(report["motions"][0]["counts"]["for"], 10);
    (peak, report["motions"][0]["findings"].as_array().unwrap().len())
}

#[test]
fn a_flood_of_bad_ballots_takes_no_memory_but_for_what_is_said_of_them() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file.veche-audit");
    let mut measured = [4_000, 24_000].map(|flood| {
        let bytes = flooded(&mut World::of(200, 81), flood);
        std::fs::write(&path, &bytes).unwrap();
        let (peak, findings) = peak(&path);
        assert_eq!(findings, flood as usize);
        (peak, bytes.len() as u64)
    });
    let [small, large] = &mut measured;
    let (memory, bytes) = (large.0.saturating_sub(small.0), large.1 - small.1);
    assert!(bytes > 16 * 1_024 * 1_024);
    assert!(memory < bytes / 2, "{memory} bytes more for {bytes} more of file");
}
