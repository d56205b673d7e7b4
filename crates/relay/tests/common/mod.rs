//! What the tests of this crate share.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the helpers of tests fail like tests"
)]
#![allow(dead_code, missing_docs, reason = "no test file uses all of it")]

pub(crate) mod boxes;
pub(crate) mod filled;
pub(crate) mod keeping;
pub(crate) mod line;
pub(crate) mod nats;
pub(crate) mod wire;

use minicbor::bytes::ByteArray;
use primitives::{LogId, RelayId, Secret, Time, labels};
use relay::Keeping;
use relay::clock::{Clock, Reading};
use relay::committed::Committed;
use relay::identity::Identity;
use relay::sequencer::{Queue, Sequencer};
use relay::service::Service;
use relay::settings::Settings;
use relay::store::LogStore;
use relay_api::{Call, Problem, ProblemKind, ReadToken, RelayKeys, Reply, sign_append};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;
use tlog::{CheckpointKey, CreateLog, LogKeys, LogKind, Origin, Page, Reader, Receipt};

pub(crate) const START: u64 = 1_700_000_000_000;

/// A clock that stands where it is put.
#[derive(Debug)]
pub(crate) struct ManualClock {
    wall: AtomicU64,
    uptime_ms: AtomicU64,
}

impl ManualClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            wall: AtomicU64::new(START),
            uptime_ms: AtomicU64::new(0),
        })
    }

    pub(crate) fn pass(&self, ms: u64) {
        self.wall.fetch_add(ms, Ordering::SeqCst);
        self.uptime_ms.fetch_add(ms, Ordering::SeqCst);
    }

    pub(crate) fn set(&self, wall: u64) {
        self.wall.store(wall, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn read(&self) -> Reading {
        Reading {
            wall: Time(self.wall.load(Ordering::SeqCst)),
            uptime_ms: self.uptime_ms.load(Ordering::SeqCst),
        }
    }
}

/// A relay without sockets.
pub(crate) struct Bench {
    pub(crate) service: Arc<Service>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) queue: Queue,
    sequencer: Sequencer,
    _dir: TempDir,
}

impl Bench {
    pub(crate) fn new(store: Arc<dyn LogStore>, clock: Arc<ManualClock>) -> Self {
        Self::with(store, clock, |_| {})
    }

    pub(crate) fn with(
        store: Arc<dyn LogStore>,
        clock: Arc<ManualClock>,
        set: impl FnOnce(&mut Settings),
    ) -> Self {
        Self::both(store, clock, set, Keeping::default())
    }

    /// One that keeps so much, for so long.
    pub(crate) fn keeping(store: Arc<dyn LogStore>, clock: Arc<ManualClock>, keeping: Keeping) -> Self {
        Self::both(store, clock, |_| {}, keeping)
    }

    fn both(
        store: Arc<dyn LogStore>,
        clock: Arc<ManualClock>,
        set: impl FnOnce(&mut Settings),
        keeping: Keeping,
    ) -> Self {
        Self::over(tempfile::tempdir().unwrap(), store, clock, set, keeping)
    }

    fn over(
        dir: TempDir,
        store: Arc<dyn LogStore>,
        clock: Arc<ManualClock>,
        set: impl FnOnce(&mut Settings),
        keeping: Keeping,
    ) -> Self {
        let identity = Identity::load_or_create(dir.path()).unwrap();
        let mut settings = Settings::new("127.0.0.1:0".parse().unwrap(), dir.path().to_owned());
        settings.append_burst = 1_000_000;
        set(&mut settings);
        let committed = Committed::new(Arc::clone(&store));
        let watchers = Arc::default();
        let parts = (Arc::clone(&store), committed.clone(), Arc::clone(&watchers));
        let sequencer =
            Sequencer::start_keeping(parts, clock.clone(), (Arc::default(), None), keeping).unwrap();
        let queue = sequencer.queue();
        let service = Arc::new(Service::new(
            (store, committed, watchers),
            queue.clone(),
            clock.clone(),
            identity,
            settings,
        ));
        Self {
            service,
            clock,
            queue,
            sequencer,
            _dir: dir,
        }
    }

    /// Stops it and starts it again, with its keys.
    pub(crate) fn restart(self, store: Arc<dyn LogStore>) -> Self {
        let (clock, dir) = (self.clock.clone(), self._dir);
        drop(self.service);
        drop(self.queue);
        self.sequencer.stop();
        Self::over(dir, store, clock, |_| {}, Keeping::default())
    }

    pub(crate) async fn call(&self, call: Call) -> Reply {
        self.service.call(call, None).await
    }

    pub(crate) async fn key(&self, relay: Option<RelayId>) -> CheckpointKey {
        let Reply::Keys(keys) = self.call(Call::Keys).await else {
            panic!()
        };
        let relay = relay.unwrap_or_else(|| relay_api::relay_id(&keys.peek::<RelayKeys>().unwrap().identity));
        RelayKeys::verify(keys, relay).unwrap().checkpoint_key()
    }

    /// Its keys: what it may have signed before somebody set it back.
    pub(crate) fn identity(&self) -> Identity {
        Identity::load_or_create(self._dir.path()).unwrap()
    }

    /// Finishes what is queued, as a relay that is stopped does.
    pub(crate) fn stop(self) {
        drop(self.service);
        drop(self.queue);
        self.sequencer.stop();
    }
}

/// A log with its keys.
pub(crate) struct Log {
    pub(crate) keys: LogKeys,
    pub(crate) record: CreateLog,
    pub(crate) roll: Vec<ByteArray<32>>,
}

impl Log {
    pub(crate) fn plain(seed: u8) -> Self {
        let keys = LogKeys::derive(&Secret::take(&mut [seed; 32]), labels::JOURNAL_LOG, b"test");
        Self {
            record: keys.record(LogKind::Record),
            keys,
            roll: Vec::new(),
        }
    }

    pub(crate) fn id(&self) -> LogId {
        self.record.id()
    }

    pub(crate) fn token(&self) -> ReadToken {
        ReadToken::from(&self.keys.read_token)
    }

    pub(crate) fn create(&self) -> Call {
        Call::Create {
            record: self.record.clone(),
            roll: self.roll.clone(),
        }
    }

    pub(crate) fn append(&self, entry: &[u8]) -> Call {
        let signature = sign_append(&self.keys.append, self.id(), entry).into();
        Call::Append {
            log: self.id(),
            entry: entry.to_vec(),
            signature,
        }
    }

    pub(crate) fn read(&self, from: u64, bytes_max: u32) -> Call {
        Call::Read {
            log: self.id(),
            token: self.token(),
            from,
            bytes_max,
            known: None,
        }
    }
}

#[track_caller]
pub(crate) fn receipt(reply: Reply) -> Receipt {
    match reply {
        Reply::Appended(receipt) => receipt,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
pub(crate) fn page(reply: Reply) -> Page {
    match reply {
        Reply::Page(page) => page,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
pub(crate) fn refused(reply: &Reply, kind: ProblemKind) -> Problem {
    match reply {
        Reply::Problem(problem) if problem.kind == kind => problem.clone(),
        other => panic!("not {kind}: {other:?}"),
    }
}

/// Reads and verifies a log from its beginning.
pub(crate) async fn read_all(bench: &Bench, log: &Log) -> (Reader, Vec<(u64, Vec<u8>)>) {
    let key = bench.key(None).await;
    let mut reader = Reader::new(Origin {
        relay: key.relay,
        log: log.id(),
    });
    let mut entries = Vec::new();
    loop {
        let page = page(bench.call(log.read(reader.size(), 1000)).await);
        reader.extend(&page, &key).unwrap();
        if page.entries.is_empty() {
            return (reader, entries);
        }
        entries.extend(page.entries.into_iter().map(|entry| (entry.time.0, entry.bytes)));
    }
}
