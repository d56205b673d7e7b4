//! What a relay does for calls, without sockets.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the helpers of tests fail like tests"
)]

mod common;

use ballot::{BallotSecret, Event, Roll};
use common::boxes::{Box4, OPENING};
use common::{Bench, Log, ManualClock, START, page, read_all, receipt, refused};
use primitives::canonical::sha256;
use primitives::{AssemblyId, Secret, Time, encode};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use relay::store::{Kv, KvStore, LogStore, MemoryKv, MemoryStore, Pair, SledStore, StoreFault, Write};
use relay_api::{Call, CreateToken, Piece, ProblemKind, ReadToken, Reply};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

fn memory() -> Arc<dyn LogStore> {
    Arc::new(MemoryStore::default())
}

#[tokio::test]
async fn an_append_is_answered_with_a_receipt_that_verifies() {
    let bench = Bench::new(memory(), ManualClock::new());
    let log = Log::plain(1);
    assert_eq!(bench.call(log.create()).await, Reply::Created { log: log.id() });
    let key = bench.key(None).await;
    for i in 0..9u64 {
        let entry = i.to_be_bytes();
        bench.clock.pass(3);
        let receipt = receipt(bench.call(log.append(&entry)).await);
        assert_eq!((receipt.index, receipt.time), (i, Time(START + 3 * (i + 1))));
        assert_eq!(receipt.verify(log.id(), &entry, &key).unwrap().size, i + 1);
    }
    let (reader, entries) = read_all(&bench, &log).await;
    assert_eq!((reader.size(), entries.len()), (9, 9));
}

#[tokio::test]
async fn concurrent_duplicates_get_one_place() {
    let bench = Bench::new(memory(), ManualClock::new());
    let log = Log::plain(1);
    bench.call(log.create()).await;
    let calls: Vec<_> = (0..60u8)
        .map(|i| {
            let (service, call) = (Arc::clone(&bench.service), log.append(&[i % 3]));
            tokio::spawn(async move { receipt(service.call(call, None).await).index })
        })
        .collect();
    let mut places = Vec::new();
    for call in calls {
        places.push(call.await.unwrap());
    }
    for (i, place) in places.iter().enumerate() {
        assert_eq!(*place, places[i % 3]);
    }
    assert_eq!(read_all(&bench, &log).await.1.len(), 3);
}

#[tokio::test]
async fn a_restart_keeps_everything_and_knows_duplicates() {
    let dir = tempfile::tempdir().unwrap();
    let open = || Arc::new(SledStore::open(dir.path(), 0).unwrap());
    let log = Log::plain(1);
    let bench = Bench::new(open(), ManualClock::new());
    bench.call(log.create()).await;
    for i in 0..20u8 {
        receipt(bench.call(log.append(&[i])).await);
    }
    let root = read_all(&bench, &log).await.0.root();
    bench.stop();
    let bench = Bench::new(open(), ManualClock::new());
    assert_eq!(receipt(bench.call(log.append(&[4])).await).index, 4);
    assert_eq!(bench.call(log.create()).await, Reply::Created { log: log.id() });
    assert_eq!(read_all(&bench, &log).await.0.root(), root);
    assert_eq!(receipt(bench.call(log.append(&[99])).await).index, 20);
}

#[tokio::test]
async fn unknown_and_forbidden_look_the_same() {
    let bench = Bench::new(memory(), ManualClock::new());
    let (log, unknown, other) = (Log::plain(1), Log::plain(2), Log::plain(3));
    bench.call(log.create()).await;
    bench.call(log.append(b"x")).await;
    let forged = |log: &Log| match other.append(b"y") {
        Call::Append { entry, signature, .. } => Call::Append {
            log: log.id(),
            entry,
            signature,
        },
        _ => unreachable!(),
    };
    let (token, hash) = (ReadToken::new([9; 32]), sha256(b"blob"));
    let asks = |log: &Log| {
        let (log_id, token) = (log.id(), token.clone());
        vec![
            forged(log),
            Call::Read {
                log: log_id,
                token: token.clone(),
                from: 0,
                bytes_max: 9,
                known: None,
            },
            Call::Consistency {
                log: log_id,
                token: token.clone(),
                from: 0,
                to: 1,
            },
            Call::PutBlob {
                log: log_id,
                token: token.clone(),
                bytes: vec![1],
            },
            Call::GetBlob {
                log: log_id,
                token,
                hash,
                offset: 0,
                len: 1,
            },
        ]
    };
    for (known, unknown) in asks(&log).into_iter().zip(asks(&unknown)) {
        let reply = bench.call(known).await;
        refused(&reply, ProblemKind::NotFound);
        assert_eq!(reply, bench.call(unknown).await);
    }
    assert_eq!(read_all(&bench, &log).await.1.len(), 1);
}

#[tokio::test]
async fn entries_of_a_wrong_length_are_refused() {
    let bench = Bench::new(memory(), ManualClock::new());
    let mut fixed = Log::plain(1);
    fixed.record.entry_len = Some(10);
    let log = Log::plain(2);
    bench.call(log.create()).await;
    bench.call(fixed.create()).await;
    for (log, len) in [(&log, 0), (&log, 256 * 1024 + 1), (&fixed, 9), (&fixed, 11)] {
        refused(
            &bench.call(log.append(&vec![0; len])).await,
            ProblemKind::WrongLength,
        );
    }
    receipt(bench.call(fixed.append(&[0; 10])).await);
    receipt(bench.call(log.append(&vec![0; 256 * 1024])).await);
}

#[tokio::test]
async fn a_log_has_a_rate() {
    let bench = Bench::with(memory(), ManualClock::new(), |settings| {
        settings.append_burst = 3;
        settings.append_every_ms = 3_600_000;
    });
    let (log, other) = (Log::plain(1), Log::plain(2));
    bench.call(log.create()).await;
    bench.call(other.create()).await;
    for i in 0..3 {
        receipt(bench.call(log.append(&[i])).await);
    }
    assert!(
        refused(&bench.call(log.append(&[3])).await, ProblemKind::TooFast)
            .retry_ms
            .is_some()
    );
    receipt(bench.call(other.append(&[3])).await);
}

#[tokio::test]
async fn creating_may_need_a_token() {
    let bench = Bench::with(memory(), ManualClock::new(), |settings| {
        settings.create_token = Some(CreateToken::new("yes").unwrap());
    });
    let log = Log::plain(1);
    refused(&bench.call(log.create()).await, ProblemKind::TokenNeeded);
    let wrong = bench
        .service
        .call(log.create(), Some(CreateToken::new("no").unwrap()))
        .await;
    refused(&wrong, ProblemKind::TokenNeeded);
    let right = bench
        .service
        .call(log.create(), Some(CreateToken::new("yes").unwrap()))
        .await;
    assert_eq!(right, Reply::Created { log: log.id() });
}

#[tokio::test]
async fn a_clock_that_jumps_back_stops_the_stamps() {
    let bench = Bench::new(memory(), ManualClock::new());
    let log = Log::plain(1);
    bench.call(log.create()).await;
    receipt(bench.call(log.append(b"a")).await);
    bench.clock.set(START - 3_600_000);
    refused(&bench.call(log.append(b"b")).await, ProblemKind::ClockStopped);
    assert_eq!(
        receipt(bench.call(log.append(b"a")).await).index,
        0,
        "what is there is there"
    );
    assert_eq!(read_all(&bench, &log).await.1.len(), 1);
    bench.clock.set(START + 5);
    assert_eq!(receipt(bench.call(log.append(b"b")).await).time, Time(START + 5));
}

#[tokio::test]
async fn a_failing_disk_changes_nothing_and_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let fails = Arc::new(AtomicBool::new(false));
    let fail = Arc::clone(&fails);
    let sync = Box::new(move |file: &std::fs::File| match fail.load(Ordering::SeqCst) {
        true => Err(std::io::Error::other("by request")),
        false => file.sync_all(),
    });
    let bench = Bench::new(
        Arc::new(SledStore::open_with(dir.path(), 0, sync).unwrap()),
        ManualClock::new(),
    );
    let log = Log::plain(1);
    bench.call(log.create()).await;
    receipt(bench.call(log.append(b"a")).await);
    fails.store(true, Ordering::SeqCst);
    refused(&bench.call(log.append(b"b")).await, ProblemKind::Internal);
    fails.store(false, Ordering::SeqCst);
    receipt(bench.call(log.append(b"b")).await);
    receipt(bench.call(log.append(b"c")).await);
    let (_, entries) = read_all(&bench, &log).await;
    assert_eq!(
        entries.into_iter().map(|(_, bytes)| bytes).collect::<Vec<_>>(),
        [b"a", b"b", b"c"]
    );
}

#[tokio::test]
async fn a_full_disk_is_a_problem_and_reading_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::plain(1);
    let bench = Bench::new(
        Arc::new(SledStore::open(dir.path(), 0).unwrap()),
        ManualClock::new(),
    );
    bench.call(log.create()).await;
    receipt(bench.call(log.append(b"a")).await);
    bench.stop();
    let bench = Bench::new(
        Arc::new(SledStore::open(dir.path(), u64::MAX).unwrap()),
        ManualClock::new(),
    );
    refused(
        &bench.call(log.append(b"b")).await,
        ProblemKind::InsufficientStorage,
    );
    refused(
        &bench.call(Log::plain(2).create()).await,
        ProblemKind::InsufficientStorage,
    );
    assert_eq!(read_all(&bench, &log).await.1.len(), 1);
}

#[tokio::test]
async fn blobs_are_stored_once_and_read_in_parts() {
    let bench = Bench::new(memory(), ManualClock::new());
    let log = Log::plain(1);
    bench.call(log.create()).await;
    let bytes: Vec<u8> = (0..100_000u32).map(|i| u8::try_from(i % 251).unwrap()).collect();
    let hash = sha256(&bytes);
    let put = Call::PutBlob {
        log: log.id(),
        token: log.token(),
        bytes: bytes.clone(),
    };
    assert_eq!(bench.call(put.clone()).await, Reply::BlobStored { hash });
    assert_eq!(bench.call(put).await, Reply::BlobStored { hash });
    let part = |offset, len| Call::GetBlob {
        log: log.id(),
        token: log.token(),
        hash,
        offset,
        len,
    };
    let Reply::Blob { blob_len, bytes: got } = bench.call(part(99_000, 5_000)).await else {
        panic!()
    };
    assert_eq!((blob_len, got.as_slice()), (100_000, &bytes[99_000..]));
    refused(&bench.call(part(100_001, 1)).await, ProblemKind::OutOfRange);
}

#[tokio::test]
async fn any_exchange_can_be_done_in_pieces() {
    let bench = Bench::new(memory(), ManualClock::new());
    let log = Log::plain(1);
    bench.call(log.create()).await;
    let entry = vec![5; 20_000];
    let reply = in_pieces(&bench, &log.append(&entry), 1).await;
    receipt(reply)
        .verify(log.id(), &entry, &bench.key(None).await)
        .unwrap();
    let page = page(in_pieces(&bench, &log.read(0, 100_000), 2).await);
    assert_eq!(page.entries[0].bytes, entry);
    refused(
        &in_pieces(&bench, &Call::Piece(piece(&[1], 0, 3, 0)), 4).await,
        ProblemKind::Malformed,
    );
}

fn piece(call: &[u8], offset: usize, name: u8, reply_offset: usize) -> Piece {
    let end = call.len().min(offset + 6 * 1024);
    let number = |n: usize| u32::try_from(n).unwrap();
    Piece {
        exchange: [name; 16].into(),
        call_len: number(call.len()),
        offset: number(offset),
        bytes: call[offset..end].to_vec(),
        reply_offset: number(reply_offset),
    }
}

async fn in_pieces(bench: &Bench, call: &Call, name: u8) -> Reply {
    let bytes = encode(call);
    let (mut sent, mut reply) = (0, Vec::new());
    loop {
        let Reply::Piece(state) = bench
            .call(Call::Piece(piece(&bytes, sent, name, reply.len())))
            .await
        else {
            panic!("not a piece")
        };
        sent = usize::try_from(state.received).unwrap();
        if let Some(part) = state.reply {
            reply.extend(part.bytes);
            if reply.len() == usize::try_from(part.reply_len).unwrap() {
                return primitives::decode_canonical(&reply).unwrap();
            }
        }
    }
}

#[tokio::test]
async fn a_gate_takes_one_verified_ballot_per_voter() {
    let bench = Bench::with(memory(), ManualClock::new(), |settings| settings.append_burst = 1);
    let mut box4 = Box4::new(false);
    bench.call(box4.log.create()).await;
    for voter in 0..4 {
        let ballot = box4.ballot(voter, b"yes");
        receipt(bench.call(box4.log.append(&ballot)).await);
        receipt(bench.call(box4.log.append(&ballot)).await);
    }
    let second = box4.ballot(2, b"no");
    refused(&bench.call(box4.log.append(&second)).await, ProblemKind::TagUsed);
    refused(
        &bench.call(box4.log.append(b"no ballot")).await,
        ProblemKind::BallotRefused,
    );
    let mut altered = box4.ballot(1, b"no");
    let last = altered.len() - 1;
    altered[last] ^= 1;
    // Its tag is taken: nobody looks at its proof.
    refused(&bench.call(box4.log.append(&altered)).await, ProblemKind::TagUsed);
    let mut stranger = Box4::new(false);
    stranger.rng = ChaCha20Rng::seed_from_u64(2);
    stranger.voters[0] = BallotSecret::random(&mut stranger.rng);
    let roll = Roll::new(stranger.voters.iter().map(BallotSecret::public).collect()).unwrap();
    stranger.event = Event::ballot(AssemblyId::new([7; 32]), OPENING, Arc::new(roll), [6; 32]);
    let foreign = stranger.ballot(0, b"no");
    refused(
        &bench.call(box4.log.append(&foreign)).await,
        ProblemKind::BallotRefused,
    );
    receipt(bench.call(box4.close()).await);
    assert_eq!(read_all(&bench, &box4.log).await.1.len(), 5);
}

#[tokio::test]
async fn a_gated_log_needs_the_roll_of_its_record() {
    let bench = Bench::new(memory(), ManualClock::new());
    let mut box4 = Box4::new(true);
    let roll = box4.log.roll.clone();
    box4.log.roll.pop();
    refused(&bench.call(box4.log.create()).await, ProblemKind::BadRecord);
    box4.log.roll = roll.iter().rev().copied().collect();
    refused(&bench.call(box4.log.create()).await, ProblemKind::BadRecord);
    let mut plain = Log::plain(3);
    plain.roll = roll;
    refused(&bench.call(plain.create()).await, ProblemKind::BadRecord);
}

#[tokio::test]
async fn slots_are_sequenced_together_in_order_of_hashes_across_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let open = || Arc::new(SledStore::open(dir.path(), 0).unwrap());
    let clock = ManualClock::new();
    let bench = Bench::new(open(), Arc::clone(&clock));
    let mut box4 = Box4::new(true);
    bench.call(box4.log.create()).await;
    let ballots: Vec<_> = (0..4).map(|voter| box4.ballot(voter, b"yes")).collect();
    refused(
        &bench.call(box4.log.append(&ballots[0])).await,
        ProblemKind::NotOpen,
    );
    clock.pass(10);
    for ballot in &ballots[..3] {
        clock.pass(7);
        let pending = Reply::Pending {
            slot_end: Time(START + 10_010),
        };
        assert_eq!(bench.call(box4.log.append(ballot)).await, pending);
        assert_eq!(bench.call(box4.log.append(ballot)).await, pending);
    }
    let second = box4.ballot(0, b"no");
    refused(&bench.call(box4.log.append(&second)).await, ProblemKind::TagUsed);
    assert_eq!(read_all(&bench, &box4.log).await.1.len(), 0);
    bench.stop();

    let bench = Bench::new(open(), Arc::clone(&clock));
    refused(&bench.call(box4.log.append(&second)).await, ProblemKind::TagUsed);
    clock.pass(10_000);
    bench.queue.tick();
    assert_eq!(
        receipt(bench.call(box4.log.append(&ballots[1])).await).time,
        Time(START + 10_010)
    );
    let mut expected: Vec<_> = ballots[..3]
        .iter()
        .map(|ballot| (START + 10_010, ballot.clone()))
        .collect();
    expected.sort_by_key(|(_, ballot)| sha256(ballot));
    assert_eq!(read_all(&bench, &box4.log).await.1, expected);

    refused(&bench.call(box4.close()).await, ProblemKind::TooEarly);
    clock.pass(89_000);
    let pending = Reply::Pending {
        slot_end: Time(START + 100_010),
    };
    assert_eq!(bench.call(box4.log.append(&ballots[3])).await, pending);
    clock.pass(3_000);
    let closed = receipt(bench.call(box4.close()).await);
    assert_eq!(closed.index, 4, "after the last slot");
    assert_eq!(receipt(bench.call(box4.close()).await).index, 4);
    let mut again = Box4::new(true);
    again.rng = ChaCha20Rng::seed_from_u64(9);
    let late = again.ballot(3, b"late");
    refused(&bench.call(box4.log.append(&late)).await, ProblemKind::Closed);
    let (_, entries) = read_all(&bench, &box4.log).await;
    assert_eq!(entries[3], (START + 100_010, ballots[3].clone()));
    assert_eq!(entries.len(), 5);
}

/// An engine that says once that it failed, though everything was stored.
#[derive(Default)]
struct Unsure {
    kv: MemoryKv,
    fails: AtomicBool,
}

impl Kv for Unsure {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreFault> {
        self.kv.get(key)
    }

    fn scan(&self, prefix: &[u8]) -> Result<Vec<Pair>, StoreFault> {
        self.kv.scan(prefix)
    }

    fn range(&self, from: &[u8], count: usize) -> Result<Vec<Pair>, StoreFault> {
        self.kv.range(from, count)
    }

    fn write(&self, writes: Vec<Write>) -> Result<(), StoreFault> {
        self.kv.write(writes)?;
        if self.fails.swap(false, Ordering::SeqCst) {
            Err(StoreFault::Broken("perhaps".to_owned()))
        } else {
            Ok(())
        }
    }
}

#[tokio::test]
async fn a_ballot_stored_by_a_commit_that_seemed_to_fail_gets_its_place_without_a_restart() {
    let store = Arc::new(KvStore::over(Unsure::default()));
    let clock = ManualClock::new();
    let bench = Bench::new(Arc::clone(&store) as Arc<dyn LogStore>, Arc::clone(&clock));
    let mut box4 = Box4::new(true);
    bench.call(box4.log.create()).await;
    clock.pass(10);
    let ballot = box4.ballot(0, b"yes");
    store.kv().fails.store(true, Ordering::SeqCst);
    refused(&bench.call(box4.log.append(&ballot)).await, ProblemKind::Internal);
    clock.pass(10_001);
    bench.queue.tick();
    // Any answer comes after the tick.
    bench.call(Log::plain(9).create()).await;
    assert_eq!(read_all(&bench, &box4.log).await.1, [(START + 10_010, ballot)]);
}

#[tokio::test]
async fn a_secret_is_not_printed() {
    let keys = Log::plain(1).keys;
    let token = ReadToken::from(&Secret::take(&mut [0x41; 32]));
    assert_eq!(format!("{token:?}"), "ReadToken(..)");
    assert!(!format!("{keys:?}").contains("65"));
}

#[tokio::test]
async fn slots_without_a_gate_are_refused() {
    let bench = Bench::new(memory(), ManualClock::new());
    let mut ungated = Box4::new(true);
    ungated.log.record.gate = None;
    ungated.log.roll.clear();
    refused(&bench.call(ungated.log.create()).await, ProblemKind::BadRecord);
    let mut plain = Box4::new(false);
    plain.log.record.gate = None;
    plain.log.roll.clear();
    let id = plain.log.id();
    assert_eq!(bench.call(plain.log.create()).await, Reply::Created { log: id });
}
