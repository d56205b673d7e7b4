//! What goes while others read, while a relay recovers, and at random.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the helpers of tests fail like tests"
)]

mod common;

use common::keeping::{DAY_MS, entry, is_stored, of, put, read_what_is_there, steps, stores, trim};
use common::{Bench, Log, ManualClock, page, receipt, refused};
use primitives::Hash;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use relay::store::{Kv, KvStore, LogStore, MemoryKv, MemoryStore, Pair, StoreFault, Write};
use relay::upkeep::check;
use relay_api::{Call, ProblemKind, Reply, SignedCheckpoint, Standing};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use tlog::{Checkpoint, Entry, LogKind, MemoryTree, Origin, Reader, leaf_hash, rest};

/// A checkpoint that the relay has signed before it was set back.
fn shown(bench: &Bench, log: &Log, size: u64, root: Hash) -> SignedCheckpoint {
    let identity = bench.identity();
    let origin = Origin {
        relay: identity.relay(),
        log: log.id(),
    };
    Checkpoint { origin, size, root }.sign(identity.checkpoint_key())
}

#[tokio::test]
async fn nothing_goes_while_a_recovery_runs_and_what_is_gone_is_not_needed_to_give_back() {
    for (store, _dir) in stores() {
        let bench = Bench::new(Arc::clone(&store), ManualClock::new());
        let log = of(LogKind::Ephemeral, 1);
        bench.call(log.create()).await;
        let private = of(LogKind::Private, 2);
        bench.call(private.create()).await;
        receipt(bench.call(private.append(b"x")).await);
        let mut tree = MemoryTree::new();
        let mut entries = Vec::new();
        for number in 0..6 {
            if number == 3 {
                // The first three go.
                bench.clock.pass(31 * DAY_MS);
                steps(&bench, 3).await;
            }
            let receipt = receipt(bench.call(log.append(&entry(number))).await);
            entries.push(Entry {
                time: receipt.time,
                bytes: entry(number),
            });
        }
        // Three more were signed, which the store has lost.
        for number in 6..9 {
            entries.push(Entry {
                time: entries[5].time,
                bytes: entry(number),
            });
        }
        for entry in &entries {
            tree.push(leaf_hash(entry.time, &entry.bytes));
        }
        let checkpoint = shown(&bench, &log, 9, tree.root());
        let show = Call::Show {
            log: log.id(),
            token: log.token(),
            checkpoint: checkpoint.clone(),
        };
        let behind = Reply::Standing(Standing::Behind { size: 6, known: 9 });
        assert_eq!(bench.call(show).await, behind);
        bench.clock.pass(5 * DAY_MS);
        let give = |from: u64, to: u64| Call::GiveBack {
            log: log.id(),
            token: log.token(),
            from,
            entries: entries[usize::try_from(from).unwrap()..usize::try_from(to).unwrap()].to_vec(),
            checkpoint: checkpoint.clone(),
            rest: rest(&tree, to, 9).unwrap(),
        };
        // From within what is gone: it is compared by hashes and not stored again.
        let given = bench.call(give(1, 8)).await;
        assert_eq!(given, Reply::Standing(Standing::Behind { size: 8, known: 9 }));
        assert!(!is_stored(store.as_ref(), &log, 1) && !is_stored(store.as_ref(), &log, 2));
        // In doubt, and then while the others are waited for, nothing goes that would be due.
        bench.clock.pass(DAY_MS);
        steps(&bench, 3).await;
        assert!(matches!(
            bench.call(give(8, 9)).await,
            Reply::Standing(Standing::Waits { size: 9, .. })
        ));
        let kept = store.row(log.id()).unwrap().unwrap().kept();
        assert_eq!((kept.gone, kept.erased), (3, 3));
        let (gone, read) = read_what_is_there(&bench, &log).await;
        assert_eq!((gone, read.len()), (3, 6));
        // A private log is not trimmed then either.
        refused(&bench.call(trim(&private, 1)).await, ProblemKind::Behind);
        // When the recovery is over, what has had its time goes.
        bench.clock.pass(40 * DAY_MS);
        steps(&bench, 6).await;
        assert_eq!(read_what_is_there(&bench, &log).await, (9, vec![]));
    }
}

/// An engine in which the first reader of an entry is held while the sequencer goes on.
struct Held {
    kv: MemoryKv,
    holds: AtomicBool,
    arrived: Barrier,
    released: Barrier,
}

impl Kv for Held {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreFault> {
        let reads = std::thread::current().name() != Some("sequencer");
        if key[0] == b'E' && reads && self.holds.swap(false, Ordering::SeqCst) {
            self.arrived.wait();
            self.released.wait();
        }
        self.kv.get(key)
    }

    fn scan(&self, prefix: &[u8]) -> Result<Vec<Pair>, StoreFault> {
        self.kv.scan(prefix)
    }

    fn range(&self, from: &[u8], count: usize) -> Result<Vec<Pair>, StoreFault> {
        self.kv.range(from, count)
    }

    fn write(&self, writes: Vec<Write>) -> Result<(), StoreFault> {
        self.kv.write(writes)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_while_something_goes_gets_what_is_left() {
    let store = Arc::new(KvStore::over(Held {
        kv: MemoryKv::default(),
        holds: AtomicBool::new(false),
        arrived: Barrier::new(2),
        released: Barrier::new(2),
    }));
    let bench = Bench::new(Arc::clone(&store) as Arc<dyn LogStore>, ManualClock::new());
    let log = of(LogKind::Ephemeral, 1);
    bench.call(log.create()).await;
    for number in 0..4 {
        receipt(bench.call(log.append(&entry(number))).await);
    }
    store.kv().holds.store(true, Ordering::SeqCst);
    let (service, call) = (Arc::clone(&bench.service), log.read(0, u32::MAX));
    let reading = tokio::spawn(async move { service.call(call, None).await });
    let (held, waits) = (Arc::clone(&store), tokio::task::spawn_blocking);
    waits(move || held.kv().arrived.wait()).await.unwrap();
    bench.clock.pass(31 * DAY_MS);
    steps(&bench, 4).await;
    assert!(!is_stored(store.as_ref(), &log, 0));
    let held = Arc::clone(&store);
    tokio::task::spawn_blocking(move || held.kv().released.wait())
        .await
        .unwrap();
    let page = page(reading.await.unwrap());
    assert_eq!((page.first(), page.entries.len()), (4, 0));
    let key = bench.key(None).await;
    let mut reader = Reader::new(Origin {
        relay: key.relay,
        log: log.id(),
    });
    assert!(
        reader
            .extend_of(LogKind::Ephemeral, &page, &key, |_, _| {})
            .is_ok()
    );
}

/// A log with a reader that is somewhere in it.
struct Followed {
    log: Log,
    reader: Reader,
    appended: u64,
    read: u64,
    gone: u64,
}

impl Followed {
    fn entry(&self, index: u64) -> Vec<u8> {
        let pattern = [self.log.record.nonce[0], u8::try_from(index % 251).unwrap()];
        pattern.repeat(80 + usize::try_from(index).unwrap())
    }

    /// Reads one page, as a client does.
    async fn read(&mut self, bench: &Bench, bytes_max: u32) {
        let key = bench.key(None).await;
        let asks = Call::Read {
            log: self.log.id(),
            token: self.log.token(),
            from: self.reader.size(),
            bytes_max,
            known: self.reader.known_ahead(),
        };
        let page = page(bench.call(asks).await);
        let kind = self.log.record.kind;
        let verified = self.reader.extend_of(kind, &page, &key, |_, _| {}).unwrap();
        for (index, entry) in (page.first()..).zip(&page.entries) {
            assert_eq!(entry.bytes, self.entry(index));
        }
        self.gone += verified.gone;
        self.read += page.entries.len() as u64;
        assert_eq!(self.reader.size(), self.read + self.gone);
        assert!(kind != LogKind::Record || self.gone == 0);
    }
}

#[tokio::test]
async fn whatever_is_appended_trimmed_and_waited_for_readers_come_to_the_end_and_the_store_is_sound() {
    for seed in 0..6u64 {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut below = move |end: u64| rng.next_u64() % end;
        let (store, clock) = (Arc::new(MemoryStore::default()), ManualClock::new());
        let mut bench = Bench::new(Arc::clone(&store) as Arc<dyn LogStore>, Arc::clone(&clock));
        let origin = |log: &Log, relay| Origin { relay, log: log.id() };
        let mut logs = Vec::new();
        for (number, kind) in [
            (1, LogKind::Record),
            (2, LogKind::Ephemeral),
            (3, LogKind::Private),
            (4, LogKind::Ephemeral),
        ] {
            let mut log = of(kind, 1);
            log.record.nonce[0] = number;
            bench.call(log.create()).await;
            let reader = Reader::new(origin(&log, bench.key(None).await.relay));
            logs.push(Followed {
                log,
                reader,
                appended: 0,
                read: 0,
                gone: 0,
            });
        }
        for _ in 0..250 {
            let at = usize::try_from(below(4)).unwrap();
            let followed = &mut logs[at];
            match below(12) {
                0..5 => {
                    let number = followed.appended;
                    let entry = followed.entry(number);
                    assert_eq!(
                        receipt(bench.call(followed.log.append(&entry)).await).index,
                        number
                    );
                    followed.appended += 1;
                }
                5 if followed.appended > 0 => {
                    let before = below(followed.appended + 1);
                    let answer = bench.call(trim(&followed.log, before)).await;
                    let private = followed.log.record.kind == LogKind::Private;
                    assert_eq!(matches!(answer, Reply::Trimmed { .. }), private, "{answer:?}");
                }
                6 | 7 => clock.pass(below(12 * DAY_MS)),
                8 => steps(&bench, 2).await,
                9 => {
                    put(&bench, &followed.log, &below(50).to_be_bytes()).await;
                }
                10 if below(4) == 0 => bench = bench.restart(Arc::clone(&store) as Arc<dyn LogStore>),
                _ => followed.read(&bench, u32::try_from(below(2000)).unwrap()).await,
            }
        }
        steps(&bench, 3).await;
        for followed in &mut logs {
            while followed.reader.size() < followed.appended {
                followed.read(&bench, 3000).await;
            }
        }
        assert!(logs.iter().any(|followed| followed.gone > 0));
        bench.stop();
        let found = check(&store, &mut |_, _, _| true).unwrap();
        assert!(found.is_sound(), "{found:?}");
    }
}
