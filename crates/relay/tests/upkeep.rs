//! Check, compact, export and import: what is sound is found sound, what is damaged is found, and a death at any moment
//! leaves everything whole.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the helpers of tests fail like tests"
)]

mod common;

use common::filled::fill;
use common::keeping::of;
use common::wire::{Process, call};
use common::{Log, page, receipt};
use primitives::Time;
use relay::identity::Identity;
use relay::lock::DirLock;
use relay::mark::Mark;
use relay::recovery::Recovery;
use relay::store::{Kv, KvStore, LogStore, MemoryKv, MemoryStore, Pair, SledStore};
use relay::upkeep::{Findings, UpkeepError, check, compact, export, import, is_unfinished};
use rustix::process::Signal;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use tlog::LogKind;

/// A data directory with keys, lock, mark and a filled store.
fn filled(data: &Path) {
    let _lock = DirLock::take(data).unwrap().unwrap();
    Identity::load_or_create(data).unwrap();
    let store = Arc::new(SledStore::open(&data.join("logs"), 0).unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(fill(Arc::clone(&store) as Arc<dyn LogStore>));
    Mark::load(data)
        .unwrap()
        .raise(store.high_water().unwrap())
        .unwrap();
}

fn pairs<K: Kv>(store: &KvStore<K>) -> Vec<Pair> {
    store.kv().range(&[], usize::MAX).unwrap()
}

fn stored(data: &Path) -> Vec<Pair> {
    pairs(&SledStore::open(&data.join("logs"), 0).unwrap())
}

fn findings<K: Kv>(store: &KvStore<K>) -> Findings {
    check(store, &mut |_, _, _| true).unwrap()
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_store_in_use_is_sound_and_so_is_an_empty_one() {
    assert!(findings(&MemoryStore::default()).is_sound());
    let memory = Arc::new(MemoryStore::default());
    fill(Arc::clone(&memory) as Arc<dyn LogStore>).await;
    let found = findings(&memory);
    assert!(found.is_sound(), "{found:?}");
    assert_eq!((found.logs, found.entries), (5, 3 + 1 + 7 + 9 + 7));
    let dir = tempfile::tempdir().unwrap();
    let sled = Arc::new(SledStore::open(dir.path(), 0).unwrap());
    fill(Arc::clone(&sled) as Arc<dyn LogStore>).await;
    assert_eq!(findings(&sled), found);
}

#[tokio::test]
async fn whatever_is_missing_altered_or_too_much_is_found() {
    let memory = Arc::new(MemoryStore::default());
    fill(Arc::clone(&memory) as Arc<dyn LogStore>).await;
    let all = pairs(&memory);
    let with = |change: &dyn Fn(&mut Vec<Pair>)| {
        let mut changed = all.clone();
        change(&mut changed);
        let kv = MemoryKv::default();
        kv.write(
            changed
                .into_iter()
                .map(|(key, value)| (key, Some(value)))
                .collect(),
        )
        .unwrap();
        match check(&KvStore::over(kv), &mut |_, _, _| true) {
            Ok(found) => !found.is_sound(),
            Err(error) => matches!(error, UpkeepError::Store(_)),
        }
    };
    assert!(!with(&|_| {}));
    let old = of(LogKind::Ephemeral, 2).id();
    let places = [b"H", old.as_bytes().as_slice()].concat();
    let mut kinds = std::collections::BTreeSet::new();
    for at in 0..all.len() {
        let kind = char::from(all[at].0[0]);
        kinds.insert(kind);
        assert!(with(&|all| drop(all.remove(at))), "{kind} missing");
        let beside = |all: &mut Vec<Pair>| {
            let mut key = all[at].0.clone();
            let last = key.len() - 1;
            key[last] ^= 0x80;
            let value = all[at].1.clone();
            all.push((key, value));
        };
        if kind != 'M' && kind != 'Q' {
            assert!(with(&beside), "{kind} too much");
        }
        let len = all[at].1.len();
        // The high water may be higher than anything else says.
        for byte in [0, len / 2, len.saturating_sub(1)] {
            // Nor is there anything that tells when an entry was stamped whose bytes are gone.
            let erased = all[at].0.starts_with(&places) && all[at].1[..8] < [0, 0, 0, 0, 0, 0, 0, 8][..];
            if len > 0 && kind != 'M' && !(erased && byte == len - 1) {
                assert!(
                    with(&|all| all[at].1[byte] ^= 1),
                    "{kind} altered at {byte} of {len}"
                );
            }
        }
    }
    assert_eq!(kinds, "BEHLMNQRSTWX".chars().collect());
}

#[test]
fn compacting_changes_nothing_but_the_space() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path();
    filled(data);
    let before = stored(data);
    let rest = names(data);
    compact(data, &mut |_, _, _| true).unwrap();
    assert!(stored(data) == before);
    assert_eq!(names(data), rest);
    assert!(!DirLock::take(data).unwrap().unwrap().is_copy());
}

#[test]
fn a_store_that_is_damaged_or_has_less_than_it_had_is_not_compacted() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path();
    filled(data);
    let store = SledStore::open(&data.join("logs"), 0).unwrap();
    let node = pairs(&store).into_iter().find(|(key, _)| key[0] == b'N').unwrap();
    store.kv().write(vec![(node.0, None)]).unwrap();
    drop(store);
    let before = stored(data);
    assert!(matches!(
        compact(data, &mut |_, _, _| true),
        Err(UpkeepError::Damaged(_))
    ));
    assert!(stored(data) == before);
    Mark::load(data).unwrap().raise(Time(u64::MAX)).unwrap();
    assert!(matches!(
        compact(data, &mut |_, _, _| true),
        Err(UpkeepError::Less)
    ));
    assert!(stored(data) == before && !data.join("logs.compact").exists());
}

#[test]
fn what_is_stopped_leaves_everything_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    std::fs::create_dir(&data).unwrap();
    filled(&data);
    let (before, rest) = (stored(&data), names(&data));
    let file = dir.path().join("file");
    for after in 0.. {
        let mut calls = 0;
        let mut stop = |_, _, _| {
            calls += 1;
            calls <= after
        };
        match compact(&data, &mut stop) {
            Err(UpkeepError::Stopped) => {}
            done => {
                done.unwrap();
                break;
            }
        }
        assert!(stored(&data) == before && names(&data) == rest);
    }
    for after in 0.. {
        let mut calls = 0;
        let mut stop = |_, _, _| {
            calls += 1;
            calls <= after
        };
        match export(&data, &file, true, &mut stop) {
            Err(UpkeepError::Stopped) => assert_eq!(names(dir.path()), ["data"]),
            done => {
                done.unwrap();
                break;
            }
        }
    }
    let other = dir.path().join("other");
    for after in 0.. {
        let mut calls = 0;
        let mut stop = |_, _, _| {
            calls += 1;
            calls <= after
        };
        match import(&file, &other, false, &mut stop) {
            Err(UpkeepError::Stopped) => assert!(names(&other).is_empty(), "{:?}", names(&other)),
            done => {
                assert!(done.unwrap());
                break;
            }
        }
    }
    assert!(stored(&other) == before);
}

#[test]
fn what_is_imported_is_what_was_exported_and_in_a_place_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    std::fs::create_dir(&data).unwrap();
    filled(&data);
    // A key of another time goes along.
    std::fs::write(data.join("checkpoint-previous.key"), [7; 32]).unwrap();
    let before = stored(&data);
    let go = &mut |_: relay::upkeep::Step, _, _| true;
    for (number, (with_keys, latest)) in [(false, false), (true, false), (true, true)]
        .into_iter()
        .enumerate()
    {
        let file = dir.path().join(format!("file{number}"));
        export(&data, &file, with_keys, go).unwrap();
        assert_eq!(
            std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert!(matches!(
            export(&data, &file, with_keys, go),
            Err(UpkeepError::Misuse(_))
        ));
        let other = dir.path().join(format!("other{number}"));
        assert_eq!(import(&file, &other, latest, go).unwrap(), with_keys);
        assert!(stored(&other) == before);
        assert_eq!(Mark::load(&other).unwrap().at(), Mark::load(&data).unwrap().at());
        assert_eq!(Recovery::load(&other).unwrap().is_on(), !latest);
        assert!(!is_unfinished(&other));
        for name in [
            "identity.key",
            "tls.key",
            "checkpoint.key",
            "checkpoint-previous.key",
        ] {
            let key = other.join(name);
            assert_eq!(key.exists(), with_keys);
            if with_keys {
                assert_eq!(
                    std::fs::read(&key).unwrap(),
                    std::fs::read(data.join(name)).unwrap()
                );
                assert_eq!(
                    std::fs::metadata(&key).unwrap().permissions().mode() & 0o777,
                    0o600
                );
            }
        }
        assert!(!DirLock::take(&other).unwrap().unwrap().is_copy());
        assert!(matches!(
            import(&file, &other, latest, go),
            Err(UpkeepError::Misuse(_))
        ));
        assert!(stored(&other) == before, "what is there is left alone");
    }
}

#[test]
fn a_file_that_is_altered_cut_off_or_goes_on_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    std::fs::create_dir(&data).unwrap();
    filled(&data);
    let (file, other) = (dir.path().join("file"), dir.path().join("other"));
    let go = &mut |_: relay::upkeep::Step, _, _| true;
    export(&data, &file, false, go).unwrap();
    let whole = std::fs::read(&file).unwrap();
    let mut refuse = |bytes: &[u8], what: &str| {
        std::fs::write(&file, bytes).unwrap();
        let refused = import(&file, &other, false, go);
        assert!(
            matches!(refused, Err(UpkeepError::BadFile(_))),
            "{what}: {refused:?}"
        );
        assert!(!other.exists() || names(&other).is_empty(), "{what}");
    };
    for at in (0..40).map(|part| part * (whole.len() - 1) / 39) {
        let mut altered = whole.clone();
        altered[at] ^= 0x10;
        refuse(&altered, "altered");
        refuse(&whole[..at], "cut off");
    }
    refuse(&[whole.as_slice(), b"x"].concat(), "goes on");
    // Records in another order, each whole.
    let mut at = b"veche-relay export 1\n".len();
    let mut records = Vec::new();
    while at < whole.len() {
        let len = u32::from_be_bytes(whole[at + 1..at + 5].try_into().unwrap());
        let end = at + 5 + usize::try_from(len).unwrap() + 32;
        records.push(&whole[at..end]);
        at = end;
    }
    assert!(records.len() >= 3);
    let mut doubled = records.clone();
    doubled.insert(1, records[1]);
    let mut missing = records.clone();
    missing.remove(1);
    let begin = &whole[..b"veche-relay export 1\n".len()];
    for (other, what) in [(doubled, "doubled"), (missing, "missing")] {
        refuse(&[begin, &other.concat()].concat(), what);
    }
}

const DEATH: &str = "VECHE_DIES_AT";

/// Runs in a process of its own, which ends without any farewell when it has come so far.
#[test]
#[ignore = "a part of the tests below"]
fn dies() {
    let Ok(asked) = std::env::var(DEATH) else {
        return;
    };
    let mut asked = asked.split('|');
    let (what, at) = (asked.next().unwrap(), asked.next().unwrap());
    let (file, data) = (asked.next().unwrap(), asked.next().unwrap());
    let at: u64 = at.parse().unwrap();
    let mut calls = 0;
    let mut die = |_, _, _| {
        calls += 1;
        if calls > at {
            let own = rustix::process::getpid();
            rustix::process::kill_process(own, Signal::KILL).unwrap();
        }
        true
    };
    match what {
        "compact" => {
            let data = Path::new(data);
            let _lock = DirLock::take(data).unwrap().unwrap();
            compact(data, &mut die).unwrap();
        }
        _ => {
            import(Path::new(file), Path::new(data), false, &mut die).unwrap();
        }
    }
}

/// Whether it lived to its end.
fn lives(what: &str, at: u64, file: &Path, data: &Path) -> bool {
    let asked = format!("{what}|{at}|{}|{}", file.display(), data.display());
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", "dies", "--ignored"])
        .env(DEATH, asked)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    child.status().unwrap().success()
}

#[test]
fn a_compaction_killed_at_any_step_leaves_the_store_whole() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path();
    filled(data);
    let before = stored(data);
    let mut deaths = 0;
    while !lives("compact", deaths, Path::new("-"), data) {
        assert!(stored(data) == before, "after death {deaths}");
        assert!(!DirLock::take(data).unwrap().unwrap().is_copy());
        deaths += 1;
    }
    assert!(deaths > 10, "{deaths}");
    assert!(stored(data) == before && !data.join("logs.compact").exists());
}

#[test]
fn an_import_killed_at_any_step_is_not_served_and_is_begun_anew() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    std::fs::create_dir(&data).unwrap();
    filled(&data);
    let before = stored(&data);
    let (file, other) = (dir.path().join("file"), dir.path().join("other"));
    export(&data, &file, true, &mut |_, _, _| true).unwrap();
    let mut deaths = 0;
    // Each begins where the last one has died.
    while !lives("import", deaths, &file, &other) {
        assert!(is_unfinished(&other), "after death {deaths}");
        let (code, said) = Process::attempt(common::wire::command(&other, &[]))
            .err()
            .unwrap();
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("run it again"), "{said}");
        deaths += 1;
    }
    assert!(deaths > 10, "{deaths}");
    assert!(stored(&other) == before && !is_unfinished(&other));
    assert!(Recovery::load(&other).unwrap().is_on());
}

/// Exit status, standard output and standard error of the program.
fn program(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_veche-relay"))
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_commands_say_what_they_did_and_exit_as_they_should() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let (shown, file) = (data.to_str().unwrap(), dir.path().join("file"));
    let (file, other) = (file.to_str().unwrap(), dir.path().join("other"));
    let elsewhere = dir.path().join("elsewhere");
    for command in ["check", "compact", "status"] {
        assert_eq!(
            program(&[command, "--data", elsewhere.to_str().unwrap()]).0,
            Some(2)
        );
    }
    let log = of(LogKind::Record, 1);
    let relay = Process::start(&data, &[]);
    let address = relay.address.clone();
    call(&address, &log.create()).await;
    for number in 0..5u8 {
        receipt(call(&address, &log.append(&[number])).await);
    }
    for command in ["check", "compact"] {
        let (code, _, said) = program(&[command, "--data", shown]);
        assert!(code == Some(2) && said.contains("in use"), "{said}");
    }
    assert_eq!(program(&["export", "--data", shown, file]).0, Some(2));
    let (code, said, _) = program(&["status", "--data", shown]);
    assert!(code == Some(0) && said.contains("running"), "{said}");
    relay.end(Signal::TERM);

    let (code, said, _) = program(&["status", "--data", shown, "--json"]);
    assert_eq!(code, Some(0));
    assert!(
        said.contains("\"running\":false") && said.contains("\"stopped\":true"),
        "{said}"
    );
    assert!(
        said.contains("\"logs\":1") && said.contains("\"entries\":5"),
        "{said}"
    );
    let (code, said, told) = program(&["check", "--data", shown]);
    assert!(
        code == Some(0) && said.contains("sound: 1 logs, 5 entries"),
        "{said}"
    );
    assert!(told.contains("checking"), "{told}");
    let (code, said, _) = program(&["compact", "--data", shown]);
    assert!(code == Some(0) && said.contains("compacted"), "{said}");
    assert_eq!(
        program(&["export", "--data", shown, "--with-keys", file]).0,
        Some(0)
    );
    assert_eq!(
        program(&["export", "--data", shown, file]).0,
        Some(2),
        "it is there"
    );
    let (code, said, _) = program(&["import", "--data", other.to_str().unwrap(), file, "--latest"]);
    assert!(code == Some(0) && said.contains("verified"), "{said}");
    assert_eq!(
        program(&["import", "--data", other.to_str().unwrap(), file]).0,
        Some(2)
    );

    // The imported relay is the one that was exported, and goes on.
    let relay = Process::start(&other, &[]);
    assert_eq!(relay.address.relay, address.relay);
    assert_eq!(
        page(call(&relay.address, &log.read(0, 99)).await).entries.len(),
        5
    );
    assert_eq!(receipt(call(&relay.address, &log.append(&[9])).await).index, 5);
    relay.end(Signal::KILL);
    let (code, said, _) = program(&["status", "--data", other.to_str().unwrap()]);
    assert!(code == Some(0) && said.contains("not running"), "{said}");

    let store = SledStore::open(&data.join("logs"), 0).unwrap();
    let node = pairs(&store).into_iter().find(|(key, _)| key[0] == b'N').unwrap();
    store.kv().write(vec![(node.0, None)]).unwrap();
    drop(store);
    let (code, _, said) = program(&["check", "--data", shown]);
    assert!(code == Some(1) && said.contains("damaged"), "{said}");
    let named = format!("{}: ", short(&log));
    assert!(!said.contains(&named), "{said}");
    let (code, _, said) = program(&["check", "--verbose", "--data", shown]);
    assert!(code == Some(1) && said.contains(&named), "{said}");
    assert_eq!(program(&["compact", "--data", shown]).0, Some(1));
}

fn short(log: &Log) -> String {
    let hash = primitives::canonical::sha256(log.id().as_bytes());
    hash.as_bytes()[..4]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
