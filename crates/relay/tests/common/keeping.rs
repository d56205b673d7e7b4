//! What the tests of what goes share.

use super::{Bench, Log, page};
use primitives::canonical::sha256;
use relay::store::{LogStore, MemoryStore, Range, SledStore};
use relay_api::{Call, Reply, sign_trim};
use std::sync::Arc;
use tempfile::TempDir;
use tlog::{LogKind, Origin, Reader};

pub(crate) const DAY_MS: u64 = 24 * 3_600_000;

pub(crate) fn of(kind: LogKind, seed: u8) -> Log {
    let mut log = Log::plain(seed);
    log.record = log.keys.record(kind);
    log
}

/// Every store, and what keeps it.
pub(crate) fn stores() -> Vec<(Arc<dyn LogStore>, Option<TempDir>)> {
    let dir = tempfile::tempdir().unwrap();
    let sled = SledStore::open(&dir.path().join("logs"), 0).unwrap();
    vec![
        (Arc::new(MemoryStore::default()), None),
        (Arc::new(sled), Some(dir)),
    ]
}

/// Lets so many steps pass.
pub(crate) async fn steps(bench: &Bench, count: u32) {
    for _ in 0..count {
        bench.clock.pass(50);
        bench.queue.tick();
        // Any answer comes after the tick.
        bench.call(Log::plain(250).create()).await;
    }
}

pub(crate) async fn put(bench: &Bench, log: &Log, bytes: &[u8]) -> Reply {
    let call = Call::PutBlob {
        log: log.id(),
        token: log.token(),
        bytes: bytes.to_vec(),
    };
    bench.call(call).await
}

pub(crate) async fn get(bench: &Bench, log: &Log, bytes: &[u8]) -> Reply {
    let call = Call::GetBlob {
        log: log.id(),
        token: log.token(),
        hash: sha256(bytes),
        offset: 0,
        len: u32::MAX,
    };
    bench.call(call).await
}

pub(crate) fn trim(log: &Log, before: u64) -> Call {
    Call::Trim {
        log: log.id(),
        token: log.token(),
        before,
        signature: sign_trim(&log.keys.append, log.id(), before).into(),
    }
}

/// Reads and verifies a log from its beginning: how many are gone, and the entries.
pub(crate) async fn read_what_is_there(bench: &Bench, log: &Log) -> (u64, Vec<Vec<u8>>) {
    let key = bench.key(None).await;
    let mut reader = Reader::new(Origin {
        relay: key.relay,
        log: log.id(),
    });
    let (mut gone, mut entries) = (0, Vec::new());
    loop {
        let page = page(bench.call(log.read(reader.size(), 3000)).await);
        let verified = reader.extend_of(log.record.kind, &page, &key, |_, _| {}).unwrap();
        gone += verified.gone;
        if page.is_empty() {
            return (gone, entries);
        }
        entries.extend(page.entries.into_iter().map(|entry| entry.bytes));
    }
}

/// Whether an entry's bytes are on the disk.
pub(crate) fn is_stored(store: &dyn LogStore, log: &Log, index: u64) -> bool {
    let range = Range {
        from: index,
        to: index + 1,
        bytes_max: usize::MAX,
    };
    store.entries(log.id(), range).is_ok()
}

pub(crate) fn entry(number: u64) -> Vec<u8> {
    number.to_be_bytes().repeat(700)
}
