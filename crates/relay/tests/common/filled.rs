//! A store with something of everything.

use super::boxes::Box4;
use super::keeping::{DAY_MS, of, put, trim};
use super::{Bench, ManualClock, receipt};
use primitives::Time;
use relay::clock::Clock as _;
use relay::store::LogStore;
use relay_api::Reply;
use std::sync::Arc;
use tlog::{LogKind, Slots};

/// Fills a store with logs of every kind in every state.
pub(crate) async fn fill(store: Arc<dyn LogStore>) {
    let clock = ManualClock::new();
    let bench = Bench::new(Arc::clone(&store), Arc::clone(&clock));
    let mut open = Box4::new(false);
    bench.call(open.log.create()).await;
    for voter in 0..2 {
        let ballot = open.ballot(voter, b"yes");
        receipt(bench.call(open.log.append(&ballot)).await);
    }
    receipt(bench.call(open.close()).await);

    let (record, old, private) = (
        of(LogKind::Record, 1),
        of(LogKind::Ephemeral, 2),
        of(LogKind::Private, 3),
    );
    for log in [&record, &old, &private] {
        bench.call(log.create()).await;
        for number in 0..7u8 {
            receipt(
                bench
                    .call(log.append(&vec![number; 900 * usize::from(number) + 1]))
                    .await,
            );
        }
        let stored = put(&bench, log, &[9; 5000]).await;
        assert!(matches!(stored, Reply::BlobStored { .. }));
    }
    bench.call(trim(&private, 3)).await;
    bench.clock.pass(DAY_MS);
    receipt(bench.call(old.append(b"younger")).await);
    for _ in 0..4 {
        bench.clock.pass(29 * DAY_MS + DAY_MS / 2);
        bench.queue.tick();
        bench.call(record.create()).await;
        bench.clock.pass(50);
        bench.queue.tick();
        bench.call(record.create()).await;
    }
    let row = store.row(old.id()).unwrap().unwrap();
    assert_eq!(row.kept().erased, 8);
    receipt(bench.call(old.append(b"new")).await);

    // One ballot has its place, and one waits.
    let mut slotted = Box4::new(true);
    let opens = clock.read().wall;
    slotted.log.record.slots = Some(Slots {
        opens,
        closes: Time(opens.0 + 100_000),
        every_ms: 10_000,
    });
    bench.call(slotted.log.create()).await;
    let ballot = slotted.ballot(0, b"yes");
    bench.call(slotted.log.append(&ballot)).await;
    clock.pass(10_001);
    bench.queue.tick();
    let ballot = slotted.ballot(1, b"yes");
    assert!(matches!(
        bench.call(slotted.log.append(&ballot)).await,
        Reply::Pending { .. }
    ));
    bench.stop();
}
