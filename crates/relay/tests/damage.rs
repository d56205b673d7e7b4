//! A disk that loses or alters what was durable: the relay does not start, or says that it failed, and never serves
//! less than it had, or something else.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the helpers of tests fail like tests"
)]

mod common;

use common::Log;
use common::wire::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use relay_api::{ProblemKind, RelayAddress, Reply};
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tlog::{CheckpointKey, Reader};

const ENTRIES: u8 = 60;

/// How a relay takes a damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// It does not start, and says why.
    Refuses,
    /// It starts and serves everything as it was.
    Whole,
    /// It starts, and says that it failed where something is damaged.
    Fails,
    /// It serves fewer entries than it had, as if nothing were wrong. It must not.
    Less,
}

fn entry(number: u8) -> Vec<u8> {
    let mut bytes = vec![0; 3000];
    ChaCha20Rng::seed_from_u64(number.into()).fill_bytes(&mut bytes);
    bytes
}

/// Puts the logs back as they were, and leaves everything else.
fn put_back(saved: &Path, logs: &Path) {
    let _ = std::fs::remove_dir_all(logs);
    std::fs::create_dir(logs).unwrap();
    for entry in std::fs::read_dir(saved).unwrap() {
        let path = entry.unwrap().path();
        let target = logs.join(path.file_name().unwrap());
        if path.is_dir() {
            std::fs::create_dir(target).unwrap();
        } else {
            std::fs::copy(&path, target).unwrap();
        }
    }
}

fn file(logs: &Path, begin: &str) -> PathBuf {
    let mut found = std::fs::read_dir(logs)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let named = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with(begin);
    found.find(named).unwrap()
}

fn alter(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(path).unwrap();
    change(&mut bytes);
    std::fs::write(path, bytes).unwrap();
}

/// A relay with a log, stopped; what its reader holds.
async fn filled(data: &Path, log: &Log) -> (RelayAddress, Reader, CheckpointKey) {
    let process = Process::start(data, &[]);
    let address = process.address.clone();
    call(&address, &log.create()).await;
    for number in 0..ENTRIES {
        let reply = call(&address, &log.append(&entry(number))).await;
        assert!(matches!(reply, Reply::Appended(_)));
    }
    let (reader, key) = reader(&address, log).await;
    process.end(Signal::TERM);
    // It is not started again: the engine would write down where its pages are, and notice more by itself.
    (address, reader, key)
}

/// Starts the relay on what is there now, and reads. Fails if it serves anything that was not, or less.
async fn outcome(data: &Path, log: &Log, empty: &Reader, key: &CheckpointKey) -> Outcome {
    let process = match Process::attempt(command(data, &[])) {
        Ok(process) => process,
        Err((code, message)) => {
            assert_eq!(code, Some(1));
            let helps = message.contains("veche-relay: the store") && message.contains("veche-relay recover");
            assert!(helps, "{message}");
            return Outcome::Refuses;
        }
    };
    let mut reader = empty.clone();
    let mut outcome = Outcome::Whole;
    loop {
        match call(&process.address, &log.read(reader.size(), 20_000)).await {
            Reply::Page(page) => {
                for (number, held) in (reader.size()..).zip(&page.entries) {
                    assert!(
                        held.bytes == entry(u8::try_from(number).unwrap()),
                        "another entry"
                    );
                }
                let verified = reader.extend(&page, key).unwrap();
                if verified.checkpoint.size < u64::from(ENTRIES) {
                    return Outcome::Less;
                }
                if page.entries.is_empty() {
                    break;
                }
            }
            Reply::Problem(problem) if problem.kind == ProblemKind::NotFound => return Outcome::Less,
            Reply::Problem(problem) => {
                assert_eq!(problem.kind, ProblemKind::Internal);
                outcome = Outcome::Fails;
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    match call(&process.address, &log.append(b"new")).await {
        Reply::Appended(receipt) => assert_eq!(receipt.index, u64::from(ENTRIES)),
        Reply::Problem(problem) => {
            assert_eq!(problem.kind, ProblemKind::Internal);
            outcome = Outcome::Fails;
        }
        other => panic!("{other:?}"),
    }
    outcome
}

type Damage = Box<dyn Fn(&Path)>;

/// Ways to damage a store whose file has `len` bytes.
fn damages(len: usize) -> Vec<(String, Damage)> {
    let mut damages: Vec<(String, Damage)> = vec![
        (
            "no store".into(),
            Box::new(|logs| std::fs::remove_dir_all(logs).unwrap()),
        ),
        (
            "no db".into(),
            Box::new(|logs| std::fs::remove_file(logs.join("db")).unwrap()),
        ),
        (
            "empty db".into(),
            Box::new(|logs| std::fs::write(logs.join("db"), b"").unwrap()),
        ),
        (
            "no snapshot".into(),
            Box::new(|logs| std::fs::remove_file(file(logs, "snap")).unwrap()),
        ),
        (
            "a damaged snapshot".into(),
            Box::new(|logs| alter(&file(logs, "snap"), |bytes| bytes[9] ^= 1)),
        ),
        (
            "an empty conf".into(),
            Box::new(|logs| std::fs::write(logs.join("conf"), b"").unwrap()),
        ),
        (
            "a damaged conf".into(),
            Box::new(|logs| alter(&logs.join("conf"), |bytes| bytes[14] ^= 1)),
        ),
    ];
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    for _ in 0..5 {
        let at = usize::try_from(rng.next_u64()).unwrap() % len;
        let cut = move |logs: &Path| alter(&logs.join("db"), |bytes| bytes.truncate(at));
        damages.push((format!("cut at {at}"), Box::new(cut)));
        let flip = move |logs: &Path| alter(&logs.join("db"), |bytes| bytes[at] ^= 0x10);
        damages.push((format!("a bit at {at}"), Box::new(flip)));
        let zero = move |logs: &Path| {
            alter(&logs.join("db"), |bytes| {
                let end = (at + 4096).min(bytes.len());
                bytes[at..end].fill(0);
            });
        };
        damages.push((format!("4 KiB at {at}"), Box::new(zero)));
    }
    damages
}

/// What comes of each damage, with or without the relay's mark.
async fn outcomes(with_mark: bool) -> BTreeMap<Outcome, Vec<String>> {
    let (data, saved, log) = (data(), data(), Log::plain(1));
    let (_, empty, key) = filled(data.path(), &log).await;
    let (logs, saved) = (data.path().join("logs"), saved.path().join("logs"));
    std::fs::rename(&logs, &saved).unwrap();
    let mark = std::fs::read(data.path().join("mark")).unwrap();
    let len = std::fs::metadata(saved.join("db")).unwrap().len();
    let mut outcomes = BTreeMap::<Outcome, Vec<String>>::new();
    for (name, damage) in damages(usize::try_from(len).unwrap()) {
        put_back(&saved, &logs);
        std::fs::remove_file(data.path().join("mark")).unwrap();
        if with_mark {
            std::fs::write(data.path().join("mark"), &mark).unwrap();
        }
        damage(&logs);
        let outcome = outcome(data.path(), &log, &empty, &key).await;
        outcomes.entry(outcome).or_default().push(name);
        std::fs::write(data.path().join("mark"), &mark).unwrap();
    }
    outcomes
}

#[tokio::test]
async fn a_store_that_was_cut_off_or_damaged_is_never_served_as_if_it_were_whole() {
    let outcomes = outcomes(true).await;
    assert!(!outcomes.contains_key(&Outcome::Less), "{outcomes:#?}");
    for name in ["no store", "no db", "empty db", "a damaged snapshot"] {
        assert!(
            outcomes[&Outcome::Refuses].iter().any(|refused| refused == name),
            "{name}: {outcomes:#?}"
        );
    }
}

#[tokio::test]
async fn without_its_mark_a_damaged_store_would_be_served_as_a_shorter_one() {
    let outcomes = outcomes(false).await;
    assert!(outcomes[&Outcome::Less].len() > 3, "{outcomes:#?}");
}
