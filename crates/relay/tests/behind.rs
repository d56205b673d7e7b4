//! A relay that learns that it is behind, without sockets and with a clock that stands.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the helpers of tests fail like tests"
)]

mod common;

use ballot::{BallotSecret, Event, Roll};
use common::{Bench, Log, ManualClock, START, read_all, receipt, refused};
use primitives::{AssemblyId, Hash, OpeningId, Time};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use relay::store::{Kv, KvStore, LogStore, MemoryKv, MemoryStore, Pair, StoreFault, Write};
use relay::task::{Done, Task};
use relay_api::{Call, ProblemKind, Reply, Standing};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use tlog::{Checkpoint, Gate, Origin, Slots};

/// A box of two voters, open for 100 s in slots of 10 s, and a ballot of the first.
fn boxed() -> (Log, Vec<u8>) {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let voters: Vec<_> = (0..2).map(|_| BallotSecret::random(&mut rng)).collect();
    let roll = Arc::new(Roll::new(voters.iter().map(BallotSecret::public).collect()).unwrap());
    let (assembly, opening, sealing_key) = (AssemblyId::new([7; 32]), OpeningId::new([8; 32]), [6; 32]);
    let mut log = Log::plain(1);
    log.roll = roll.keys().iter().map(|key| (*key.as_bytes()).into()).collect();
    log.record.gate = Some(Gate {
        assembly,
        opening,
        roll_root: roll.root(),
        roll_len: 2,
        sealing_key: sealing_key.into(),
    });
    log.record.slots = Some(Slots {
        opens: Time(START),
        closes: Time(START + 100_000),
        every_ms: 10_000,
    });
    let event = Event::ballot(assembly, opening, roll, sealing_key);
    let ballot = ballot::prove(&event, &voters[0], b"yes", &mut rng).unwrap();
    (log, ballot.encode())
}

/// A checkpoint that the relay has signed before it was set back.
fn show(bench: &Bench, log: &Log, size: u64) -> Call {
    let identity = bench.identity();
    let origin = Origin {
        relay: identity.relay(),
        log: log.id(),
    };
    let root = Hash::new([size.to_be_bytes()[7]; 32]);
    let checkpoint = Checkpoint { origin, size, root };
    Call::Show {
        log: log.id(),
        token: log.token(),
        checkpoint: checkpoint.sign(identity.checkpoint_key()),
    }
}

/// An engine whose next write is held.
struct Held {
    kv: MemoryKv,
    holds: AtomicBool,
    arrived: Barrier,
    released: Barrier,
}

impl Kv for Held {
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
        if self.holds.swap(false, Ordering::SeqCst) {
            self.arrived.wait();
            self.released.wait();
        }
        self.kv.write(writes)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_that_ends_when_a_relay_learns_that_it_is_behind_is_not_sequenced() {
    let clock = ManualClock::new();
    let store = Arc::new(KvStore::over(Held {
        kv: MemoryKv::default(),
        holds: AtomicBool::new(false),
        arrived: Barrier::new(2),
        released: Barrier::new(2),
    }));
    let bench = Bench::new(Arc::clone(&store) as Arc<dyn LogStore>, Arc::clone(&clock));
    let ((boxed, ballot), other) = (boxed(), Log::plain(2));
    bench.call(boxed.create()).await;
    bench.call(other.create()).await;
    let waits = Reply::Pending {
        slot_end: Time(START + 10_000),
    };
    assert_eq!(bench.call(boxed.append(&ballot)).await, waits);

    // In one batch: the slot has ended, and a member of another log shows more than there is. The sequencer is busy until
    // both are so.
    store.kv().holds.store(true, Ordering::SeqCst);
    let (service, create) = (Arc::clone(&bench.service), Log::plain(3).create());
    let busy = tokio::spawn(async move { service.call(create, None).await });
    let held = Arc::clone(&store);
    tokio::task::spawn_blocking(move || held.kv().arrived.wait())
        .await
        .unwrap();
    let root = Hash::new([9; 32]);
    let origin = Origin {
        relay: bench.identity().relay(),
        log: other.id(),
    };
    let checkpoint = Checkpoint {
        origin,
        size: 9,
        root,
    };
    let shown = Task::Show {
        log: other.id(),
        checkpoint,
    };
    let (stands, ()) = tokio::join!(biased; bench.queue.submit(shown), async {
        clock.pass(10_001);
        let held = Arc::clone(&store);
        tokio::task::spawn_blocking(move || held.kv().released.wait()).await.unwrap();
    });
    let behind = Standing::Behind { size: 0, known: 9 };
    assert_eq!(stands, Ok(Done::Stands(behind)));
    busy.await.unwrap();
    bench.queue.tick();
    refused(&bench.call(other.append(b"x")).await, ProblemKind::Behind);
    assert_eq!(read_all(&bench, &boxed).await.1.len(), 0);
    assert_eq!(
        bench.call(boxed.append(&ballot)).await,
        waits,
        "its promise stands"
    );
}

#[tokio::test]
async fn the_largest_checkpoint_shown_is_remembered_and_two_of_one_size_break_the_log() {
    let bench = Bench::new(Arc::new(MemoryStore::default()), ManualClock::new());
    let log = Log::plain(1);
    bench.call(log.create()).await;
    receipt(bench.call(log.append(b"one")).await);
    for (shown, known) in [(5, 5), (9, 9), (5, 9), (9, 9)] {
        let behind = Reply::Standing(Standing::Behind { size: 1, known });
        assert_eq!(bench.call(show(&bench, &log, shown)).await, behind);
    }
    let Call::Show { token, .. } = show(&bench, &log, 9) else {
        panic!()
    };
    let identity = bench.identity();
    let origin = Origin {
        relay: identity.relay(),
        log: log.id(),
    };
    let root = Hash::new([0xee; 32]);
    let other = Checkpoint {
        origin,
        size: 9,
        root,
    };
    let shown = Call::Show {
        log: log.id(),
        token,
        checkpoint: other.sign(identity.checkpoint_key()),
    };
    let broken = Reply::Standing(Standing::Broken { size: 1 });
    assert_eq!(bench.call(shown).await, broken);
    assert_eq!(
        bench.call(show(&bench, &log, 9)).await,
        broken,
        "nothing mends it"
    );
}
