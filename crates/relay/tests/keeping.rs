//! What goes with time, what readers trim, and how much may be kept: over every store.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the helpers of tests fail like tests"
)]

mod common;

use common::keeping::{DAY_MS, entry, get, is_stored, of, put, read_what_is_there, steps, stores, trim};
use common::{Bench, ManualClock, START, page, receipt, refused};
use primitives::Time;
use relay::quota::Quota;
use relay::store::{LogStore, MemoryStore, SledStore};
use relay::{Keeping, RETENTION};
use relay_api::{Call, Problem, ProblemKind, ReadToken, Reply};
use std::sync::Arc;
use tlog::{LogKind, Origin, Reader};

#[tokio::test]
async fn entries_of_an_ephemeral_log_go_after_thirty_days_and_proofs_go_on() {
    for (store, _dir) in stores() {
        let bench = Bench::new(Arc::clone(&store), ManualClock::new());
        let key = bench.key(None).await;
        let log = of(LogKind::Ephemeral, 1);
        bench.call(log.create()).await;
        for number in 0..10 {
            receipt(bench.call(log.append(&entry(number))).await);
            bench.clock.pass(DAY_MS);
        }
        // The first is 30 days old, less one millisecond.
        bench.clock.pass(20 * DAY_MS - 1);
        steps(&bench, 1).await;
        bench.clock.pass(3_600_000);
        steps(&bench, 4).await;
        let (gone, entries) = read_what_is_there(&bench, &log).await;
        assert_eq!((gone, entries.len()), (1, 9));
        assert_eq!(entries[0], entry(1));
        assert!(!is_stored(store.as_ref(), &log, 0) && is_stored(store.as_ref(), &log, 1));
        // What is appended again has its receipt.
        let again = receipt(bench.call(log.append(&entry(0))).await);
        assert_eq!((again.index, again.time), (0, Time(START)));
        assert_eq!(again.verify(log.id(), &entry(0), &key).unwrap().size, 10);
        let consistency = Call::Consistency {
            log: log.id(),
            token: log.token(),
            from: 1,
            to: 10,
        };
        assert!(matches!(bench.call(consistency).await, Reply::Consistency { .. }));

        bench.clock.pass(40 * DAY_MS);
        steps(&bench, 4).await;
        assert_eq!(read_what_is_there(&bench, &log).await, (10, vec![]));
        let kept = store.row(log.id()).unwrap().unwrap().kept();
        assert_eq!((kept.gone, kept.erased, kept.bytes), (10, 10, 0));
        assert_eq!(receipt(bench.call(log.append(b"new")).await).index, 10);
        assert_eq!(
            read_what_is_there(&bench, &log).await,
            (10, vec![b"new".to_vec()])
        );
        assert_eq!(store.totals().unwrap().bytes, 3);
    }
}

#[tokio::test]
async fn records_and_private_logs_keep_everything() {
    for (store, _dir) in stores() {
        let bench = Bench::new(store, ManualClock::new());
        for (seed, kind) in [(1, LogKind::Record), (2, LogKind::Private)] {
            let log = of(kind, seed);
            bench.call(log.create()).await;
            bench.call(log.append(b"kept")).await;
            put(&bench, &log, b"a blob").await;
            bench.clock.pass(1000 * DAY_MS);
            steps(&bench, 4).await;
            assert_eq!(
                read_what_is_there(&bench, &log).await,
                (0, vec![b"kept".to_vec()])
            );
            assert!(matches!(get(&bench, &log, b"a blob").await, Reply::Blob { .. }));
        }
    }
}

#[tokio::test]
async fn blobs_beside_an_ephemeral_log_go_after_thirty_days_and_can_be_put_again() {
    for (store, _dir) in stores() {
        let bench = Bench::new(Arc::clone(&store), ManualClock::new());
        let log = of(LogKind::Ephemeral, 1);
        bench.call(log.create()).await;
        let (old, young) = (vec![1; 9000], vec![2; 9000]);
        put(&bench, &log, &old).await;
        bench.clock.pass(10 * DAY_MS);
        put(&bench, &log, &young).await;
        bench.clock.pass(20 * DAY_MS);
        steps(&bench, 3).await;
        refused(&get(&bench, &log, &old).await, ProblemKind::NotFound);
        assert!(matches!(get(&bench, &log, &young).await, Reply::Blob { .. }));
        assert_eq!(store.row(log.id()).unwrap().unwrap().blob_bytes, 9000);
        assert_eq!(store.totals().unwrap().bytes, 9000);
        put(&bench, &log, &old).await;
        bench.clock.pass(12 * DAY_MS);
        steps(&bench, 3).await;
        assert!(matches!(get(&bench, &log, &old).await, Reply::Blob { .. }));
        refused(&get(&bench, &log, &young).await, ProblemKind::NotFound);
    }
}

#[tokio::test]
async fn much_goes_in_bounded_steps_between_which_appends_are_taken() {
    let store: Arc<dyn LogStore> = Arc::new(MemoryStore::default());
    let bench = Bench::new(Arc::clone(&store), ManualClock::new());
    let log = of(LogKind::Ephemeral, 1);
    bench.call(log.create()).await;
    for number in 0..5000u64 {
        receipt(bench.call(log.append(&number.to_be_bytes())).await);
    }
    bench.clock.pass(31 * DAY_MS);
    let mut before = 0;
    for number in 5000..5040u64 {
        steps(&bench, 1).await;
        assert_eq!(
            receipt(bench.call(log.append(&number.to_be_bytes())).await).index,
            number
        );
        let kept = store.row(log.id()).unwrap().unwrap().kept();
        // Two steps at most have passed: a call may wake the sequencer again.
        assert!(kept.erased - before <= 2 * 512, "{}", kept.erased - before);
        before = kept.erased;
    }
    assert_eq!(before, 5000);
    let (gone, entries) = read_what_is_there(&bench, &log).await;
    assert_eq!((gone, entries.len()), (5000, 40));
}

#[tokio::test]
async fn many_logs_are_gone_round() {
    let store: Arc<dyn LogStore> = Arc::new(MemoryStore::default());
    let bench = Bench::new(Arc::clone(&store), ManualClock::new());
    let mut logs = Vec::new();
    for number in 0..600u16 {
        let mut log = of(LogKind::Ephemeral, 1);
        log.record.nonce[..2].copy_from_slice(&number.to_be_bytes());
        bench.call(log.create()).await;
        bench.call(log.append(b"x")).await;
        logs.push(log);
    }
    bench.clock.pass(31 * DAY_MS);
    steps(&bench, 12).await;
    for log in &logs {
        assert!(!is_stored(store.as_ref(), log, 0));
    }
    assert_eq!(store.totals().unwrap().erased, 600);
}

#[tokio::test]
async fn nothing_goes_while_the_clock_is_stopped() {
    let store: Arc<dyn LogStore> = Arc::new(MemoryStore::default());
    let bench = Bench::new(Arc::clone(&store), ManualClock::new());
    let log = of(LogKind::Ephemeral, 1);
    bench.call(log.create()).await;
    bench.call(log.append(b"x")).await;
    // The wall clock jumps; no time passes.
    bench.clock.set(START + 400 * DAY_MS);
    steps(&bench, 4).await;
    assert_eq!(read_what_is_there(&bench, &log).await.1.len(), 1);
    assert!(is_stored(store.as_ref(), &log, 0));
}

#[tokio::test]
async fn a_clock_far_ahead_at_the_start_is_not_believed_for_a_day() {
    let store: Arc<dyn LogStore> = Arc::new(MemoryStore::default());
    let clock = ManualClock::new();
    let log = of(LogKind::Ephemeral, 1);
    let bench = Bench::new(Arc::clone(&store), Arc::clone(&clock));
    bench.call(log.create()).await;
    bench.call(log.append(b"x")).await;
    bench.stop();
    clock.set(START + 400 * DAY_MS);
    let bench = Bench::new(Arc::clone(&store), Arc::clone(&clock));
    steps(&bench, 3).await;
    clock.pass(DAY_MS - 3_600_000);
    steps(&bench, 3).await;
    assert_eq!(read_what_is_there(&bench, &log).await.0, 0);
    clock.pass(2 * 3_600_000);
    steps(&bench, 3).await;
    assert_eq!(read_what_is_there(&bench, &log).await.0, 1);
}

#[tokio::test]
async fn what_has_gone_stays_gone_over_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let open = || Arc::new(SledStore::open(dir.path(), 0).unwrap());
    let clock = ManualClock::new();
    let log = of(LogKind::Ephemeral, 1);
    let bench = Bench::new(open(), Arc::clone(&clock));
    bench.call(log.create()).await;
    for number in 0..4 {
        bench.call(log.append(&entry(number))).await;
    }
    clock.pass(31 * DAY_MS);
    steps(&bench, 4).await;
    bench.call(log.append(b"new")).await;
    bench.stop();
    let store = open();
    let bench = Bench::new(Arc::clone(&store) as Arc<dyn LogStore>, clock);
    assert_eq!(read_what_is_there(&bench, &log).await, (4, vec![b"new".to_vec()]));
    assert_eq!(receipt(bench.call(log.append(&entry(2))).await).index, 2);
    assert_eq!(store.totals().unwrap().erased, 4);
}

#[tokio::test]
async fn who_reads_a_private_log_and_appends_to_it_trims_it() {
    for (store, _dir) in stores() {
        let bench = Bench::new(Arc::clone(&store), ManualClock::new());
        let log = of(LogKind::Private, 1);
        bench.call(log.create()).await;
        for number in 0..8 {
            bench.call(log.append(&entry(number))).await;
        }
        assert_eq!(bench.call(trim(&log, 5)).await, Reply::Trimmed { gone: 5 });
        // At once, whatever is still on the disk.
        let (gone, entries) = read_what_is_there(&bench, &log).await;
        assert_eq!((gone, entries[0].clone(), entries.len()), (5, entry(5), 3));
        assert_eq!(
            bench.call(trim(&log, 2)).await,
            Reply::Trimmed { gone: 5 },
            "never back"
        );
        steps(&bench, 2).await;
        assert!(!is_stored(store.as_ref(), &log, 4) && is_stored(store.as_ref(), &log, 5));
        refused(&bench.call(trim(&log, 9)).await, ProblemKind::OutOfRange);
        assert_eq!(receipt(bench.call(log.append(&entry(1))).await).index, 1);
        assert_eq!(bench.call(trim(&log, 8)).await, Reply::Trimmed { gone: 8 });
        assert_eq!(read_what_is_there(&bench, &log).await, (8, vec![]));
    }
}

#[tokio::test]
async fn a_page_that_is_remembered_is_not_given_once_it_is_gone() {
    for (store, _dir) in stores() {
        let bench = Bench::new(store, ManualClock::new());
        let log = of(LogKind::Private, 1);
        bench.call(log.create()).await;
        for number in 0..3u8 {
            bench.call(log.append(&[number])).await;
        }
        // Twice: the second is what was remembered of the first.
        for _ in 0..2 {
            let entries = page(bench.call(log.read(1, u32::MAX)).await).entries;
            assert_eq!(entries.len(), 2);
        }
        assert_eq!(bench.call(trim(&log, 3)).await, Reply::Trimmed { gone: 3 });
        let after = page(bench.call(log.read(1, u32::MAX)).await);
        assert!(after.entries.is_empty() && after.gone.is_some());
    }
}

#[tokio::test]
async fn nobody_trims_without_both_rights_and_nothing_but_a_private_log() {
    let bench = Bench::new(Arc::new(MemoryStore::default()), ManualClock::new());
    let (log, other) = (of(LogKind::Private, 1), of(LogKind::Private, 2));
    bench.call(log.create()).await;
    bench.call(log.append(b"x")).await;
    let unknown = bench.call(trim(&other, 1)).await;
    refused(&unknown, ProblemKind::NotFound);
    let with = |change: fn(&mut ReadToken, &mut [u8; 64], &mut u64)| {
        let Call::Trim {
            log,
            mut token,
            mut before,
            signature,
        } = trim(&log, 1)
        else {
            unreachable!()
        };
        let mut signature = *signature;
        change(&mut token, &mut signature, &mut before);
        Call::Trim {
            log,
            token,
            before,
            signature: signature.into(),
        }
    };
    let wrong = [
        with(|token, _, _| *token = ReadToken::new([9; 32])),
        with(|_, signature, _| signature[3] ^= 1),
        with(|_, _, before| *before = 0),
    ];
    for call in wrong {
        assert_eq!(bench.call(call).await, unknown);
    }
    assert_eq!(read_what_is_there(&bench, &log).await.0, 0);
    for (seed, kind) in [(3, LogKind::Record), (4, LogKind::Ephemeral)] {
        let log = of(kind, seed);
        bench.call(log.create()).await;
        bench.call(log.append(b"x")).await;
        refused(&bench.call(trim(&log, 1)).await, ProblemKind::Malformed);
        assert_eq!(read_what_is_there(&bench, &log).await.0, 0);
    }
}

#[tokio::test]
async fn a_reader_who_knows_a_larger_checkpoint_is_led_to_it_first() {
    let bench = Bench::new(Arc::new(MemoryStore::default()), ManualClock::new());
    let log = of(LogKind::Private, 1);
    bench.call(log.create()).await;
    for number in 0..9 {
        bench.call(log.append(&entry(number))).await;
    }
    let key = bench.key(None).await;
    let mut reader = Reader::new(Origin {
        relay: key.relay,
        log: log.id(),
    });
    reader
        .extend(&page(bench.call(log.read(0, 1)).await), &key)
        .unwrap();
    assert_eq!(reader.known_ahead(), Some(9));
    for number in 9..14 {
        bench.call(log.append(&entry(number))).await;
    }
    bench.call(trim(&log, 12)).await;
    let straight = page(bench.call(log.read(1, 9000)).await);
    let breach = reader.extend_of(LogKind::Private, &straight, &key, |_, _| {});
    assert_eq!(breach.unwrap_err().rule(), "LOG-12");
    let ask = |reader: &Reader| Call::Read {
        log: log.id(),
        token: log.token(),
        from: reader.size(),
        bytes_max: u32::MAX,
        known: reader.known_ahead(),
    };
    for (size, gone) in [(9, 8), (14, 3)] {
        let page = page(bench.call(ask(&reader)).await);
        let verified = reader
            .extend_of(LogKind::Private, &page, &key, |_, _| {})
            .unwrap();
        assert_eq!((reader.size(), verified.gone), (size, gone));
    }
}

#[tokio::test]
async fn a_log_and_the_store_take_as_much_as_their_quotas_say() {
    for (store, _dir) in stores() {
        let quota = Quota {
            log_bytes: Some(100),
            store_bytes: Some(150),
        };
        let keeping = Keeping {
            quota,
            retention: Some(RETENTION),
            board: None,
        };
        let bench = Bench::keeping(Arc::clone(&store), ManualClock::new(), keeping);
        let (first, second, third) = (
            of(LogKind::Ephemeral, 1),
            of(LogKind::Record, 2),
            of(LogKind::Record, 3),
        );
        bench.call(first.create()).await;
        bench.call(second.create()).await;
        receipt(bench.call(first.append(&[1; 60])).await);
        assert!(matches!(
            put(&bench, &first, &[2; 40]).await,
            Reply::BlobStored { .. }
        ));
        let full = |reply: Reply| -> Problem { refused(&reply, ProblemKind::InsufficientStorage) };
        full(bench.call(first.append(&[3])).await);
        full(put(&bench, &first, &[4]).await);
        assert_eq!(
            receipt(bench.call(first.append(&[1; 60])).await).index,
            0,
            "it is there"
        );
        assert!(matches!(
            put(&bench, &first, &[2; 40]).await,
            Reply::BlobStored { .. }
        ));
        receipt(bench.call(second.append(&[5; 49])).await);
        full(bench.call(second.append(&[6; 2])).await);
        receipt(bench.call(second.append(&[6; 1])).await);
        full(bench.call(third.create()).await);
        assert_eq!(
            bench.call(second.create()).await,
            Reply::Created { log: second.id() }
        );
        assert_eq!(
            read_what_is_there(&bench, &first).await.1.len(),
            1,
            "reading goes on"
        );
        // What goes makes room.
        bench.clock.pass(31 * DAY_MS);
        for _ in 0..4 {
            bench.clock.pass(50);
            bench.queue.tick();
            bench.call(second.create()).await;
        }
        assert_eq!(
            bench.call(third.create()).await,
            Reply::Created { log: third.id() }
        );
        receipt(bench.call(first.append(&[7; 100])).await);
    }
}
