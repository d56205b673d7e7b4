//! One battery for every log store.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the helpers of tests fail like tests"
)]

mod common;

use common::nats::Nats;
use minicbor::bytes::ByteArray;
use primitives::canonical::sha256;
use primitives::{Hash, RelayId, Secret, Time, labels};
use relay::store::{
    Freshness, JetStreamStore, Kept, LogChange, LogStore, MemoryKv, MemoryStore, OldBlob, Placed, Range, Row,
    SledStore, StoreFault, Waiting, cache,
};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tlog::{CreateLog, Entry, LogKeys, LogKind, leaf_hash};

fn record(seed: u8) -> CreateLog {
    LogKeys::derive(&Secret::take(&mut [seed; 32]), labels::JOURNAL_LOG, b"battery").record(LogKind::Record)
}

fn created(record: &CreateLog) -> LogChange {
    LogChange::new(None, Row::new(record.clone()))
}

fn appended(row: &Row, entries: &[(u64, Vec<u8>)]) -> LogChange {
    let mut change = LogChange::new(Some(row.frontier.size()), row.clone());
    for (time, bytes) in entries {
        let index = change.row.frontier.size();
        let nodes = &mut change.nodes;
        change
            .row
            .frontier
            .push_with(leaf_hash(Time(*time), bytes), |level, at, hash| {
                nodes.push((level, at, hash))
            });
        change.row.last_time = Time(*time);
        let entry = Entry {
            time: Time(*time),
            bytes: bytes.clone(),
        };
        change.placed.push(Placed {
            index,
            hash: sha256(bytes),
            entry,
        });
    }
    change
}

/// `open` opens the same store again and again.
fn battery(open: &dyn Fn() -> Arc<dyn LogStore>) {
    creates_and_appends(open);
    refuses_another_size(open);
    keeps_large_values(open);
    keeps_what_waits(open);
    lets_go_what_it_is_told_to(open);
    goes_round_all_logs(open);
}

fn creates_and_appends(open: &dyn Fn() -> Arc<dyn LogStore>) {
    let record = record(1);
    let log = record.id();
    let store = open();
    assert_eq!(store.row(log).unwrap(), None);
    store.commit(&[(log, created(&record))], Time(1)).unwrap();
    let row = store.row(log).unwrap().unwrap();
    assert_eq!(row, Row::new(record));
    let entries: Vec<_> = (0..5u64)
        .map(|i| (i, vec![7; usize::try_from(i).unwrap() + 1]))
        .collect();
    let change = appended(&row, &entries);
    store.commit(&[(log, change.clone())], Time(9)).unwrap();
    drop(store);

    let store = open();
    assert_eq!(store.row(log).unwrap().unwrap(), change.row);
    assert_eq!(store.high_water().unwrap(), Time(9));
    let read = |from, bytes_max| {
        store
            .entries(
                log,
                Range {
                    from,
                    to: 5,
                    bytes_max,
                },
            )
            .unwrap()
    };
    assert_eq!(
        read(0, usize::MAX),
        change
            .placed
            .iter()
            .map(|placed| placed.entry.clone())
            .collect::<Vec<_>>()
    );
    assert_eq!(read(1, 6).len(), 2);
    assert_eq!(read(4, 0).len(), 1, "at least one");
    assert!(
        store
            .entries(
                log,
                Range {
                    from: 5,
                    to: 6,
                    bytes_max: 9
                }
            )
            .is_err()
    );
    for (level, index, hash) in change.nodes {
        assert_eq!(store.node(log, level, index).unwrap(), hash);
    }
    assert!(store.node(log, 3, 0).is_err());
    assert_eq!(store.position(log, sha256(&[7; 3])).unwrap(), Some((2, Time(2))));
    assert_eq!(store.position(log, sha256(b"no")).unwrap(), None);
}

fn refuses_another_size(open: &dyn Fn() -> Arc<dyn LogStore>) {
    let (first, second) = (record(2), record(3));
    let store = open();
    store.commit(&[(first.id(), created(&first))], Time(1)).unwrap();
    let row = store.row(first.id()).unwrap().unwrap();
    let mut wrong = appended(&row, &[(1, vec![1])]);
    wrong.expected = Some(1);
    let both = [(second.id(), created(&second)), (first.id(), wrong)];
    assert_eq!(store.commit(&both, Time(1)), Err(StoreFault::Conflict));
    assert_eq!(store.row(second.id()).unwrap(), None, "all or nothing");
    assert_eq!(
        store.commit(&[(first.id(), created(&first))], Time(1)),
        Err(StoreFault::Conflict)
    );
    assert_eq!(store.row(first.id()).unwrap().unwrap(), row);
}

fn keeps_large_values(open: &dyn Fn() -> Arc<dyn LogStore>) {
    let record = record(4);
    let log = record.id();
    let store = open();
    let large: Vec<u8> = (0..262_144u32).map(|i| u8::try_from(i % 251).unwrap()).collect();
    let blob: Vec<u8> = (0..1_048_576u32)
        .map(|i| u8::try_from(i % 241).unwrap())
        .collect();
    let mut change = appended(
        &Row::new(record.clone()),
        &[(1, large.clone()), (2, vec![1; 4096]), (3, vec![2; 4088])],
    );
    change.expected = None;
    change.roll = (0..999u16)
        .map(|i| ByteArray::from([u8::try_from(i % 256).unwrap(); 32]))
        .collect();
    change.blobs.push((sha256(&blob), blob.clone()));
    store.commit(&[(log, change.clone())], Time(1)).unwrap();
    drop(store);

    let store = open();
    let entries = store
        .entries(
            log,
            Range {
                from: 0,
                to: 3,
                bytes_max: usize::MAX,
            },
        )
        .unwrap();
    assert!(entries[0].bytes == large && entries[1].bytes.len() == 4096 && entries[2].bytes.len() == 4088);
    assert_eq!(store.roll(log).unwrap(), change.roll);
    let hash = sha256(&blob);
    let (len, part) = store.blob(log, hash, 5000, 10_000).unwrap().unwrap();
    assert!(len == 1_048_576 && part == blob[5000..15_000]);
    assert_eq!(
        store.blob(log, hash, u32::MAX, 1).unwrap(),
        Some((1_048_576, vec![]))
    );
    assert_eq!(store.blob(log, Hash::new([0; 32]), 0, 1).unwrap(), None);
}

fn keeps_what_waits(open: &dyn Fn() -> Arc<dyn LogStore>) {
    let record = record(5);
    let log = record.id();
    let store = open();
    let waiting = |end, byte: u8| {
        let bytes = vec![byte; 6000];
        Waiting {
            slot_end: Time(end),
            hash: sha256(&bytes),
            bytes,
        }
    };
    let (first, second, third) = (waiting(10, 1), waiting(10, 2), waiting(20, 3));
    let mut change = created(&record);
    change.waiting = vec![third.clone(), first.clone(), second.clone()];
    change.tags = vec![[1; 32], [2; 32]];
    store.commit(&[(log, change)], Time(1)).unwrap();
    drop(store);

    let store = open();
    let mut expected = vec![first.clone(), second.clone(), third.clone()];
    expected.sort_unstable();
    assert_eq!(store.waiting(log).unwrap(), expected);
    assert_eq!(store.slots().unwrap(), [(Time(10), log), (Time(20), log)]);
    assert_eq!(store.waits_until(log, third.hash).unwrap(), Some(Time(20)));
    assert!(store.has_tag(log, &[2; 32]).unwrap() && !store.has_tag(log, &[3; 32]).unwrap());

    let row = store.row(log).unwrap().unwrap();
    let mut change = appended(&row, &[(10, first.bytes.clone()), (10, second.bytes.clone())]);
    change.sequenced = vec![first.hash, second.hash];
    store.commit(&[(log, change)], Time(11)).unwrap();
    assert_eq!(store.waiting(log).unwrap(), [third]);
    assert_eq!(store.slots().unwrap(), [(Time(20), log)]);
    assert_eq!(store.waits_until(log, first.hash).unwrap(), None);
}

fn lets_go_what_it_is_told_to(open: &dyn Fn() -> Arc<dyn LogStore>) {
    let record = record(6);
    let log = record.id();
    let store = open();
    let before = store.totals().unwrap();
    let entries = [(5, vec![1; 5000]), (6, vec![2]), (9, vec![3; 4089])];
    let mut change = appended(&Row::new(record.clone()), &entries);
    change.expected = None;
    change.blobs = vec![(sha256(&[4; 9000]), vec![4; 9000])];
    change.row.blob_bytes = 9000;
    change.row.kept = Some(Kept {
        gone: 0,
        erased: 0,
        bytes: 9090,
    });
    store.commit(&[(log, change.clone())], Time(50)).unwrap();
    let mut later = LogChange::new(Some(3), change.row.clone());
    later.blobs = vec![(sha256(b"later"), b"later".to_vec())];
    later.row.blob_bytes = 9005;
    store.commit(&[(log, later.clone())], Time(70)).unwrap();
    let sizes = |from| store.sizes(log, from, 3 - from).unwrap();
    assert_eq!(sizes(0), [(Time(5), 5000), (Time(6), 1), (Time(9), 4089)]);
    assert!(store.sizes(log, 2, 2).is_err());
    let old = OldBlob {
        put: store.high_water().unwrap(),
        hash: sha256(&[4; 9000]),
        len: 9000,
    };
    let found = store.old_blobs(log, Time(u64::MAX), 9).unwrap();
    assert_eq!((found.len(), found[0].hash, found[0].len), (2, old.hash, old.len));
    assert!(found[0].put <= found[1].put && store.old_blobs(log, found[0].put, 1).unwrap() == found[..1]);
    let now = store.totals().unwrap();
    assert_eq!(
        (
            now.logs - before.logs,
            now.entries - before.entries,
            now.bytes - before.bytes
        ),
        (1, 3, 9090 + 9005)
    );

    let mut goes = LogChange::new(Some(3), later.row.clone());
    goes.erased = vec![(0, 5000), (1, 1)];
    goes.dropped = vec![found[0]];
    goes.row.blob_bytes = 5;
    goes.row.kept = Some(Kept {
        gone: 2,
        erased: 2,
        bytes: 4089,
    });
    store.commit(&[(log, goes.clone())], Time(80)).unwrap();
    drop(store);

    let store = open();
    assert_eq!(store.row(log).unwrap().unwrap(), goes.row);
    let read = |from, to| {
        store.entries(
            log,
            Range {
                from,
                to,
                bytes_max: usize::MAX,
            },
        )
    };
    assert!(read(0, 1).is_err() && read(1, 2).is_err());
    assert_eq!(read(2, 3).unwrap()[0].bytes, vec![3; 4089]);
    assert_eq!(store.blob(log, old.hash, 0, 9).unwrap(), None);
    assert!(store.blob(log, sha256(b"later"), 0, 9).unwrap().is_some());
    assert_eq!(store.old_blobs(log, Time(u64::MAX), 9).unwrap(), found[1..]);
    // Places and nodes stay.
    for placed in &change.placed {
        let place = Some((placed.index, placed.entry.time));
        assert_eq!(store.position(log, placed.hash).unwrap(), place);
    }
    for (level, index, hash) in change.nodes {
        assert_eq!(store.node(log, level, index).unwrap(), hash);
    }
    let after = store.totals().unwrap();
    assert_eq!(
        (after.erased - before.erased, after.bytes - before.bytes),
        (2, 4089 + 5)
    );
}

fn goes_round_all_logs(open: &dyn Fn() -> Arc<dyn LogStore>) {
    let store = open();
    let (mut found, mut last) = (Vec::new(), None);
    loop {
        let some = store.logs(last, 2).unwrap();
        assert!(some.len() <= 2);
        let Some((log, _)) = some.last() else { break };
        last = Some(*log);
        found.extend(some);
    }
    // Those of the battery so far.
    let mut logs: Vec<_> = [1, 2, 4, 5, 6].map(|seed| record(seed).id()).to_vec();
    logs.sort_unstable();
    assert_eq!(found.iter().map(|(log, _)| *log).collect::<Vec<_>>(), logs);
    for (log, row) in found {
        assert_eq!(store.row(log).unwrap(), Some(row));
    }
}

#[test]
fn the_store_in_memory() {
    let store: Arc<dyn LogStore> = Arc::new(MemoryStore::default());
    battery(&|| Arc::clone(&store));
}

#[test]
fn the_store_on_sled() {
    let dir = tempfile::tempdir().unwrap();
    battery(&|| Arc::new(SledStore::open(dir.path(), 0).unwrap()));
}

#[test]
fn every_commit_is_synced_once_and_a_failed_sync_is_a_failed_commit() {
    let dir = tempfile::tempdir().unwrap();
    let syncs = Arc::new(AtomicU64::new(0));
    let fails = Arc::new(AtomicBool::new(false));
    let (count, fail) = (Arc::clone(&syncs), Arc::clone(&fails));
    let sync = Box::new(move |file: &std::fs::File| {
        count.fetch_add(1, Ordering::SeqCst);
        if fail.load(Ordering::SeqCst) {
            Err(io::Error::other("by request"))
        } else {
            file.sync_all()
        }
    });
    let store = SledStore::open_with(dir.path(), 0, sync).unwrap();
    let (first, second) = (record(1), record(2));
    store
        .commit(
            &[(first.id(), created(&first)), (second.id(), created(&second))],
            Time(1),
        )
        .unwrap();
    assert_eq!(syncs.load(Ordering::SeqCst), 1);
    fails.store(true, Ordering::SeqCst);
    let third = record(3);
    assert!(matches!(
        store.commit(&[(third.id(), created(&third))], Time(1)),
        Err(StoreFault::Broken(_))
    ));
    fails.store(false, Ordering::SeqCst);
    let fourth = record(4);
    store.commit(&[(fourth.id(), created(&fourth))], Time(1)).unwrap();
    assert!(store.row(first.id()).unwrap().is_some() && store.row(fourth.id()).unwrap().is_some());
}

#[test]
fn a_full_disk_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let record = record(1);
    SledStore::open(dir.path(), 0).unwrap();
    let store = SledStore::open(dir.path(), u64::MAX).unwrap();
    assert_eq!(
        store.commit(&[(record.id(), created(&record))], Time(1)),
        Err(StoreFault::Full)
    );
    assert_eq!(store.row(record.id()).unwrap(), None);
}

const RELAY: RelayId = RelayId::new([7; 32]);

fn jetstream(nats: &Nats, stream: &str) -> Result<JetStreamStore, StoreFault> {
    JetStreamStore::open(&nats.place(stream), RELAY, true, Box::new(MemoryKv::default()))
}

#[test]
fn the_store_on_jetstream() {
    let nats = Nats::start(1);
    // Each time with a view that knows nothing, and with one that is kept.
    battery(&|| Arc::new(jetstream(&nats, "anew").unwrap()));
    let data = tempfile::tempdir().unwrap();
    let place = nats.place("kept");
    battery(&|| {
        let view = cache::open(data.path(), 0).unwrap();
        Arc::new(JetStreamStore::open(&place, RELAY, true, view).unwrap())
    });
}

#[test]
fn of_two_writers_of_one_log_one_is_refused_and_finds_what_the_other_wrote() {
    let nats = Nats::start(1);
    let (one, two) = (
        jetstream(&nats, "both").unwrap(),
        jetstream(&nats, "both").unwrap(),
    );
    let (record, other) = (record(1), record(2));
    let (log, beside) = (record.id(), other.id());
    one.commit(&[(log, created(&record)), (beside, created(&other))], Time(1))
        .unwrap();
    assert_eq!(two.take_in(Freshness::Certain).unwrap().len(), 2);
    let row = two.row(log).unwrap().unwrap();
    one.commit(&[(log, appended(&row, &[(1, vec![1])]))], Time(2))
        .unwrap();

    // The second does not know it yet.
    let change = appended(&row, &[(1, vec![2])]);
    let unhindered = appended(&Row::new(other), &[(1, vec![3])]);
    let both = [(log, change), (beside, unhindered)];
    assert_eq!(two.commit(&both, Time(3)), Err(StoreFault::Conflict));
    let news = two.take_in(Freshness::Told).unwrap();
    let of = |log| news.iter().find(|news| news.log == log).unwrap();
    assert!(of(log).grown && of(log).row.frontier.size() == 1);
    assert!(
        of(beside).grown,
        "the log that nobody contended for has its entry"
    );
    let row = two.row(log).unwrap().unwrap();
    two.commit(&[(log, appended(&row, &[(2, vec![2])]))], Time(3))
        .unwrap();
    one.take_in(Freshness::Certain).unwrap();
    assert_eq!(one.row(log).unwrap().unwrap().frontier.size(), 2);
    assert_eq!(one.position(log, sha256(&[2])).unwrap(), Some((1, Time(2))));
    assert_eq!(one.high_water().unwrap(), Time(3));
}

#[test]
fn a_change_that_leaves_the_size_conflicts_all_the_same() {
    let nats = Nats::start(1);
    let (one, two) = (
        jetstream(&nats, "tags").unwrap(),
        jetstream(&nats, "tags").unwrap(),
    );
    let record = record(1);
    let log = record.id();
    one.commit(&[(log, created(&record))], Time(1)).unwrap();
    two.take_in(Freshness::Certain).unwrap();
    let mut change = LogChange::new(Some(0), Row::new(record));
    change.tags = vec![[1; 32]];
    change.row.ballots = 1;
    one.commit(&[(log, change.clone())], Time(2)).unwrap();
    assert_eq!(two.commit(&[(log, change)], Time(2)), Err(StoreFault::Conflict));
}

/// As two messages with one expectation that a server has let through, which 2.9 in a cluster does.
#[test]
fn of_two_messages_that_go_on_from_the_same_one_the_second_is_void() {
    let nats = Nats::start(1);
    let (one, two) = (
        jetstream(&nats, "void").unwrap(),
        jetstream(&nats, "void").unwrap(),
    );
    let record = record(1);
    let log = record.id();
    one.commit(&[(log, created(&record))], Time(1)).unwrap();
    let entry = appended(&Row::new(record), &[(1, vec![1])]);
    one.commit(&[(log, entry)], Time(2)).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let client = async_nats::connect(nats.place("void").servers).await.unwrap();
        let context = async_nats::jetstream::new(client);
        let stream = context.get_stream("void").await.unwrap();
        let subject = format!("void.log.{log}");
        let said = stream.get_last_raw_message_by_subject(&subject).await.unwrap();
        let again = context.publish(subject, said.payload).await.unwrap();
        again.await.unwrap();
    });
    for store in [&one, &two] {
        store.take_in(Freshness::Certain).unwrap();
        assert_eq!(store.row(log).unwrap().unwrap().frontier.size(), 1);
    }
    // What follows goes on from the void one, and counts.
    let row = two.row(log).unwrap().unwrap();
    two.commit(&[(log, appended(&row, &[(3, vec![2])]))], Time(3))
        .unwrap();
    one.take_in(Freshness::Certain).unwrap();
    let fresh = jetstream(&nats, "void").unwrap();
    for store in [&one, &fresh] {
        assert_eq!(store.position(log, sha256(&[2])).unwrap(), Some((1, Time(3))));
    }
}

#[test]
fn a_stream_that_is_not_the_one_of_the_view_is_noticed() {
    let nats = Nats::start(1);
    let data = tempfile::tempdir().unwrap();
    let open = |stream: &str, may_found| {
        let view = cache::open(data.path(), 0).unwrap();
        JetStreamStore::open(&nats.place(stream), RELAY, may_found, view)
    };
    drop(open("first", true).unwrap());
    drop(open("first", false).unwrap());
    assert_eq!(open("second", true).err(), Some(StoreFault::Behind));
    cache::forget(data.path()).unwrap();
    assert_eq!(
        open("third", false).err(),
        Some(StoreFault::Behind),
        "nobody founded it"
    );
}
