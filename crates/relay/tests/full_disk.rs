//! A relay process whose disk is full: writes really fail, by the limit that the system sets on the size of its files.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the helpers of tests fail like tests"
)]

mod common;

use common::wire::*;
use common::{Log, page, receipt, refused};
use futures_util::SinkExt as _;
use primitives::encode;
use relay_api::{Call, ProblemKind, Pushed, Reply, WatchRequest};
use rustix::process::Signal;
use tokio_tungstenite::tungstenite::Message;

const FREE: &[&str] = &["--append-burst", "100000"];
/// 3 MiB, in blocks.
const ROOM: u32 = 6 * 1024;

fn entry(number: u8) -> Vec<u8> {
    // Not compressible, and no two alike.
    let mut state = u64::from(number) + 1;
    let mut bytes = Vec::with_capacity(96 * 1024);
    while bytes.len() < 96 * 1024 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        bytes.extend_from_slice(&state.to_be_bytes());
    }
    bytes
}

async fn everything(
    process: &Process,
    log: &Log,
    reader: &mut tlog::Reader,
    key: &tlog::CheckpointKey,
) -> Vec<Vec<u8>> {
    let mut entries = Vec::new();
    loop {
        let page = page(call(&process.address, &log.read(reader.size(), u32::MAX)).await);
        reader.extend(&page, key).unwrap();
        if page.entries.is_empty() {
            return entries;
        }
        entries.extend(page.entries.into_iter().map(|entry| entry.bytes));
    }
}

#[tokio::test]
async fn a_full_disk_is_told_changes_nothing_and_is_over_when_there_is_room_again() {
    let data = data();
    let (log, small) = (Log::plain(1), Log::plain(2));
    let process = Process::start_confined(data.path(), FREE, ROOM);
    let address = &process.address;
    call(address, &log.create()).await;
    call(address, &small.create()).await;
    receipt(call(address, &small.append(b"small")).await);

    let mut answered = Vec::new();
    let refusal = loop {
        let entry = entry(u8::try_from(answered.len()).unwrap());
        match call(address, &log.append(&entry)).await {
            Reply::Appended(receipt) => {
                assert_eq!(usize::try_from(receipt.index).unwrap(), answered.len());
                answered.push(entry);
            }
            other => break other,
        }
    };
    refused(&refusal, ProblemKind::InsufficientStorage);
    assert!(!answered.is_empty(), "something went in before the disk was full");

    // Nothing that needs room is stored, again and again, and readers see what was answered and no more.
    let (mut reader, key) = reader(address, &log).await;
    let blob = Call::PutBlob {
        log: log.id(),
        token: log.token(),
        bytes: vec![7; 1024 * 1024],
    };
    for _ in 0..2 {
        refused(
            &call(address, &log.append(&vec![9; 200 * 1024])).await,
            ProblemKind::InsufficientStorage,
        );
        refused(&call(address, &blob).await, ProblemKind::InsufficientStorage);
        assert_eq!(page(call(address, &small.read(0, 100)).await).entries.len(), 1);
    }
    let mut held = everything(&process, &log, &mut reader, &key).await;
    assert_eq!(held.len(), answered.len());
    assert!(held == answered, "another entry than the answered one");
    let (code, _) = process.end(Signal::TERM);
    assert_eq!(code, Some(0));

    let process = Process::start(data.path(), FREE);
    let address = &process.address;
    held.extend(everything(&process, &log, &mut reader, &key).await);
    assert!(held == answered, "the same log to the same reader");
    let next = receipt(call(address, &log.append(b"room again")).await);
    assert_eq!(usize::try_from(next.index).unwrap(), answered.len());
    assert!(matches!(call(address, &blob).await, Reply::BlobStored { .. }));
    held.extend(everything(&process, &log, &mut reader, &key).await);
    assert_eq!(held.len(), answered.len() + 1);
}

#[tokio::test]
async fn a_relay_killed_on_a_full_disk_has_everything_that_it_answered() {
    let data = data();
    let log = Log::plain(1);
    let process = Process::start_confined(data.path(), FREE, ROOM);
    call(&process.address, &log.create()).await;
    let (mut reader, key) = reader(&process.address, &log).await;
    let mut answered = Vec::new();
    while let Reply::Appended(_) = call(
        &process.address,
        &log.append(&entry(u8::try_from(answered.len()).unwrap())),
    )
    .await
    {
        answered.push(entry(u8::try_from(answered.len()).unwrap()));
    }
    let held = everything(&process, &log, &mut reader, &key).await;
    process.end(Signal::KILL);
    // Still without room: it starts, and serves who reads.
    let process = Process::start_confined(data.path(), FREE, ROOM);
    assert!(everything(&process, &log, &mut reader, &key).await.is_empty());
    process.end(Signal::KILL);
    let process = Process::start(data.path(), FREE);
    let next = receipt(call(&process.address, &log.append(b"room again")).await);
    assert_eq!(usize::try_from(next.index).unwrap(), answered.len());
    assert!(held == answered && everything(&process, &log, &mut reader, &key).await.len() == 1);
}

/// Room enough, in bytes.
const LARGE: u64 = 512 * 1024 * 1024;

/// What the engine's file grows by.
const SEGMENT: u64 = 512 * 1024;

/// How large the files of a running process may become.
fn allow(process: &Process, bytes: u64) {
    use rustix::process::{Pid, Resource, prlimit};
    let limit = rustix::process::Rlimit {
        current: Some(bytes),
        maximum: Some(LARGE),
    };
    let pid = Pid::from_raw(process.id().try_into().unwrap());
    prlimit(pid, Resource::Fsize, limit).unwrap();
}

/// Where a page that was pushed begins.
fn begin(pushed: Pushed) -> u64 {
    match pushed {
        Pushed::Page { page, .. } => page.from,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_disk_without_room_for_a_while_stops_writers_only_and_nothing_has_to_be_restarted() {
    let data = data();
    let (log, other) = (Log::plain(1), Log::plain(2));
    // Writes beyond a limit fail instead of killing it.
    let process = Process::start_confined(data.path(), FREE, (LARGE / 512) as u32);
    let address = &process.address;
    call(address, &log.create()).await;
    receipt(call(address, &log.append(b"before")).await);
    let (mut reader, key) = reader(address, &log).await;
    let mut there = everything(&process, &log, &mut reader, &key).await.len();
    for round in 0..2u8 {
        // What the store has, it may write again, as on a disk without room; it has its file by whole segments.
        let len = std::fs::metadata(data.path().join("logs/db")).unwrap().len();
        allow(&process, len.next_multiple_of(SEGMENT));
        for number in 0.. {
            match call(address, &log.append(&entry(100 * round + number))).await {
                Reply::Appended(_) => there += 1,
                other => {
                    refused(&other, ProblemKind::InsufficientStorage);
                    break;
                }
            }
        }
        refused(
            &call(address, &other.create()).await,
            ProblemKind::InsufficientStorage,
        );
        // Who reads goes on, and may begin now.
        everything(&process, &log, &mut reader, &key).await;
        assert_eq!(reader.size(), there as u64);
        let mut watch = watch_over(connect(address).await).await;
        let request = WatchRequest {
            log: log.id(),
            token: log.token(),
            from: there as u64 - 1,
        };
        watch.send(Message::binary(encode(&request))).await.unwrap();
        assert_eq!(begin(pushed(&mut watch).await), there as u64 - 1);
        allow(&process, LARGE);
        let next = loop {
            match call(address, &log.append(&[round])).await {
                Reply::Appended(receipt) => break receipt,
                // It rests for a second after a failure.
                other => refused(&other, ProblemKind::InsufficientStorage),
            };
        };
        assert_eq!(next.index, there as u64);
        assert_eq!(begin(pushed(&mut watch).await), next.index);
        there += everything(&process, &log, &mut reader, &key).await.len();
    }
    let (code, _) = process.end(Signal::TERM);
    assert_eq!(code, Some(0));
}
