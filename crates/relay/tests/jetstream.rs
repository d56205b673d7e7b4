//! Several relay processes over one stream.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the helpers of tests fail like tests"
)]

mod common;

use common::keeping::{DAY_MS, get, of, put, read_what_is_there, steps, trim};
use common::nats::Nats;
use common::wire::*;
use common::{Bench, Log, ManualClock, START, page, receipt, refused};
use futures_util::SinkExt as _;
use minicbor::bytes::ByteArray;
use primitives::canonical::sha256;
use primitives::{Hash, LogId, RelayId, Time, encode};
use relay::store::{
    Freshness, JetStreamStore, LogChange, LogStore, MemoryKv, News, OldBlob, Range, Row, StoreFault, Tag,
    Totals, Waiting,
};
use relay::task::{Done, Role, Task};
use relay_api::{Call, ProblemKind, Pushed, Reply, Standing, WatchRequest};
use rustix::process::Signal;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::TempDir;
use tlog::{LogKind, Slots};
use tokio_tungstenite::tungstenite::Message;

const KEYS: [&str; 3] = ["identity.key", "tls.key", "checkpoint.key"];

fn copy_keys(from: &Path) -> TempDir {
    let to = data();
    for key in KEYS {
        std::fs::copy(from.join(key), to.path().join(key)).unwrap();
    }
    to
}

#[tokio::test]
async fn two_processes_answer_for_the_same_logs() {
    let nats = Nats::start(1);
    let url = nats.url("two");
    let store = ["--store", url.as_str()];
    let first = data();
    let one = Process::start(first.path(), &store);
    let second = copy_keys(first.path());
    let two = Process::start(second.path(), &store);
    assert_eq!(one.address.relay, two.address.relay);

    let log = Log::plain(1);
    call(&one.address, &log.create()).await;
    let mut socket = watch_over(connect(&two.address).await).await;
    let watch = encode(&WatchRequest {
        log: log.id(),
        token: log.token(),
        from: 0,
    });
    socket.send(Message::binary(watch)).await.unwrap();
    let (mut reader, key) = reader(&one.address, &log).await;

    // Both at once, each entry at both: it gets one place.
    let entries: Vec<_> = (0..20u8).map(|i| vec![i; 100]).collect();
    let calls: Vec<_> = entries
        .iter()
        .flat_map(|entry| [(&one, entry), (&two, entry)])
        .map(|(process, entry)| {
            let (address, append, entry) = (process.address.clone(), log.append(entry), entry.clone());
            let id = log.id();
            tokio::spawn(async move {
                let receipt = receipt(call(&address, &append).await);
                receipt.verify(id, &entry, &key).unwrap();
                (entry, receipt.index)
            })
        })
        .collect();
    let mut places = std::collections::BTreeMap::new();
    for done in calls {
        let (entry, index) = done.await.unwrap();
        assert_eq!(*places.entry(entry).or_insert(index), index);
    }
    while reader.size() < 20 {
        let Pushed::Page { page, .. } = pushed(&mut socket).await else {
            panic!()
        };
        reader.extend(&page, &key).unwrap();
    }
    // A large blob goes through in parts.
    let blob: Vec<u8> = (0..1_048_576u32)
        .map(|i| u8::try_from(i % 241).unwrap())
        .collect();
    let put = Call::PutBlob {
        log: log.id(),
        token: log.token(),
        bytes: blob.clone(),
    };
    assert!(matches!(call(&one.address, &put).await, Reply::BlobStored { .. }));
    receipt(call(&one.address, &log.append(b"last")).await);
    // Who reads on at the other process has it, whatever that one has heard by now.
    let last = page(call(&two.address, &log.read(21, 1)).await);
    reader
        .extend(&page(call(&two.address, &log.read(20, 1)).await), &key)
        .unwrap();
    assert!(last.entries.is_empty());
    let get = Call::GetBlob {
        log: log.id(),
        token: log.token(),
        hash: sha256(&blob),
        offset: 0,
        len: 1_048_576,
    };
    assert!(matches!(call(&two.address, &get).await, Reply::Blob { bytes, .. } if bytes == blob));

    // Killed and started again, it goes on; so does one that was never there.
    one.end(Signal::KILL);
    receipt(call(&two.address, &log.append(b"without it")).await);
    let third = copy_keys(first.path());
    for data in [first.path(), third.path()] {
        let process = Process::start(data, &store);
        assert_eq!(
            page(call(&process.address, &log.read(0, u32::MAX)).await)
                .entries
                .len(),
            22
        );
        assert_eq!(process.end(Signal::TERM).0, Some(0));
    }
}

#[tokio::test]
async fn keys_and_streams_that_do_not_go_together_are_refused() {
    let nats = Nats::start(1);
    let url = nats.url("first");
    let first = data();
    Process::start(first.path(), &["--store", &url]).end(Signal::TERM);
    let not_started = |data: &Path, more: &[&str], said: &str| {
        let (code, message) = Process::attempt(command(data, more)).err().unwrap();
        assert_eq!(code, Some(1), "{message}");
        assert!(message.contains(said), "{message}");
    };
    not_started(data().path(), &["--store", &url], "another relay");
    let other = nats.url("other");
    not_started(
        copy_keys(first.path()).path(),
        &["--store", &other],
        "is a copy of another one",
    );
    not_started(first.path(), &["--store", &other], "has lost what it held");
    not_started(first.path(), &[], "was used with another --store");
    let disk = data();
    Process::start(disk.path(), &[]).end(Signal::TERM);
    not_started(disk.path(), &["--store", &url], "was used with another --store");
    let (code, message) = Process::attempt(command(disk.path(), &["--store", "redis://a:1"]))
        .err()
        .unwrap();
    assert!(code == Some(2) && message.contains("nats://"), "{message}");
}

#[tokio::test]
async fn what_is_done_to_a_store_on_the_disk_is_refused() {
    let nats = Nats::start(1);
    let (url, dir) = (nats.url("upkeep"), data());
    Process::start(dir.path(), &["--store", &url]).end(Signal::TERM);
    let file = dir.path().join("export");
    let run_on = |dir: &Path, name: &str, more: &[&Path]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_veche-relay"));
        command.arg(name).arg("--data").arg(dir).args(more);
        let output = command.output().unwrap();
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    let run = |name: &str, more: &[&Path]| run_on(dir.path(), name, more);
    for (name, more) in [
        ("check", vec![]),
        ("compact", vec![]),
        ("export", vec![file.as_path()]),
    ] {
        let (code, message) = run(name, &more);
        assert!(
            code == Some(2) && message.contains("NATS JetStream"),
            "{name}: {message}"
        );
    }
    assert!(!file.exists());
    let disk = data();
    Process::start(disk.path(), &[]).end(Signal::TERM);
    let file = disk.path().join("export");
    assert_eq!(run_on(disk.path(), "export", &[&file]).0, Some(0));
    let (code, message) = run("import", &[&file]);
    assert!(code == Some(2) && message.contains("is not empty"), "{message}");
    assert_eq!(run("status", &[]).0, Some(0));
    // The relay goes on after all that.
    assert_eq!(
        Process::start(dir.path(), &["--store", &url]).end(Signal::TERM).0,
        Some(0)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_trimmed_at_one_process_is_gone_at_the_other_and_nothing_goes_by_time() {
    let nats = Nats::start(1);
    let (one, two, _) = pair(&nats, "trimmed");
    let (private, ephemeral) = (of(LogKind::Private, 1), of(LogKind::Ephemeral, 2));
    for log in [&private, &ephemeral] {
        one.call(log.create()).await;
        for number in 0..4u8 {
            receipt(one.call(log.append(&[number])).await);
        }
    }
    put(&one, &ephemeral, b"a blob").await;
    assert_eq!(read_what_is_there(&two, &private).await.0, 0);
    assert_eq!(two.call(trim(&private, 3)).await, Reply::Trimmed { gone: 3 });
    // An append looks at what the other has written first.
    receipt(one.call(private.append(b"new")).await);
    let left = (3, vec![vec![3], b"new".to_vec()]);
    assert_eq!(read_what_is_there(&one, &private).await, left);
    one.clock.pass(60 * DAY_MS);
    steps(&one, 4).await;
    steps(&two, 4).await;
    for bench in [&one, &two] {
        assert_eq!(read_what_is_there(bench, &ephemeral).await.0, 0);
        assert!(matches!(
            get(bench, &ephemeral, b"a blob").await,
            Reply::Blob { .. }
        ));
    }
}

#[tokio::test]
async fn a_user_and_a_password_come_from_a_file() {
    let nats = Nats::start_for(Some("veche:s3cret"), 1);
    let url = nats.url("guarded");
    let files = data();
    let (right, wrong) = (files.path().join("right"), files.path().join("wrong"));
    std::fs::write(&right, "veche:s3cret\n").unwrap();
    std::fs::write(&wrong, "veche:secret\n").unwrap();
    let data = data();
    let store = ["--store", &url, "--store-user-file", right.to_str().unwrap()];
    let process = Process::start(data.path(), &store);
    let log = Log::plain(1);
    call(&process.address, &log.create()).await;
    receipt(call(&process.address, &log.append(b"a")).await);
    process.end(Signal::TERM);
    let store = ["--store", &url, "--store-user-file", wrong.to_str().unwrap()];
    let (code, message) = Process::attempt(command(data.path(), &store)).err().unwrap();
    assert!(
        code == Some(1) && message.contains("--store-user-file") && !message.contains("secret"),
        "{message}"
    );
}

/// A process that hears nothing of the others unless it asks, and may ask only when it has to be certain.
struct Deaf {
    inner: JetStreamStore,
    deaf: Arc<AtomicBool>,
}

impl LogStore for Deaf {
    fn row(&self, log: LogId) -> Result<Option<Row>, StoreFault> {
        self.inner.row(log)
    }
    fn roll(&self, log: LogId) -> Result<Vec<ByteArray<32>>, StoreFault> {
        self.inner.roll(log)
    }
    fn entries(&self, log: LogId, range: Range) -> Result<Vec<tlog::Entry>, StoreFault> {
        self.inner.entries(log, range)
    }
    fn node(&self, log: LogId, level: u8, index: u64) -> Result<Hash, StoreFault> {
        self.inner.node(log, level, index)
    }
    fn position(&self, log: LogId, entry: Hash) -> Result<Option<(u64, Time)>, StoreFault> {
        self.inner.position(log, entry)
    }
    fn waiting(&self, log: LogId) -> Result<Vec<Waiting>, StoreFault> {
        self.inner.waiting(log)
    }
    fn waits_until(&self, log: LogId, entry: Hash) -> Result<Option<Time>, StoreFault> {
        self.inner.waits_until(log, entry)
    }
    fn slots(&self) -> Result<Vec<(Time, LogId)>, StoreFault> {
        self.inner.slots()
    }
    fn has_tag(&self, log: LogId, tag: &Tag) -> Result<bool, StoreFault> {
        self.inner.has_tag(log, tag)
    }
    fn blob(
        &self,
        log: LogId,
        hash: Hash,
        offset: u32,
        len: u32,
    ) -> Result<Option<(u32, Vec<u8>)>, StoreFault> {
        self.inner.blob(log, hash, offset, len)
    }
    fn logs(&self, after: Option<LogId>, count: usize) -> Result<Vec<(LogId, Row)>, StoreFault> {
        self.inner.logs(after, count)
    }
    fn sizes(&self, log: LogId, from: u64, count: u64) -> Result<Vec<(Time, u32)>, StoreFault> {
        self.inner.sizes(log, from, count)
    }
    fn old_blobs(&self, log: LogId, until: Time, count: usize) -> Result<Vec<OldBlob>, StoreFault> {
        self.inner.old_blobs(log, until, count)
    }
    fn totals(&self) -> Result<Totals, StoreFault> {
        self.inner.totals()
    }
    fn high_water(&self) -> Result<Time, StoreFault> {
        self.inner.high_water()
    }
    fn commit(&self, changes: &[(LogId, LogChange)], now: Time) -> Result<(), StoreFault> {
        self.inner.commit(changes, now)
    }
    fn is_shared(&self) -> bool {
        true
    }
    fn slot_grace_ms(&self) -> u64 {
        self.inner.slot_grace_ms()
    }
    fn take_in(&self, freshness: Freshness) -> Result<Vec<News>, StoreFault> {
        if freshness != Freshness::Certain && self.deaf.load(Ordering::SeqCst) {
            return Ok(Vec::new());
        }
        self.inner.take_in(freshness)
    }
}

/// Two relays without sockets over one stream; the second hears nothing while the switch is on. They have keys of their
/// own, so what one has signed is shown to it alone.
fn pair(nats: &Nats, stream: &str) -> (Bench, Bench, Arc<AtomicBool>) {
    let clock = ManualClock::new();
    let deaf = Arc::new(AtomicBool::new(false));
    let open = || {
        let view = Box::new(MemoryKv::default());
        JetStreamStore::open(&nats.place(stream), RelayId::new([7; 32]), true, view).unwrap()
    };
    let one = Bench::new(Arc::new(open()), Arc::clone(&clock));
    let second = Deaf {
        inner: open(),
        deaf: Arc::clone(&deaf),
    };
    (one, Bench::new(Arc::new(second), clock), deaf)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_knows_less_looks_before_it_believes_to_be_behind() {
    let nats = Nats::start(1);
    let (one, two, deaf) = pair(&nats, "behind");
    let log = Log::plain(1);
    one.call(log.create()).await;
    receipt(two.call(log.append(b"a")).await);
    deaf.store(true, Ordering::SeqCst);
    for entry in [b"b", b"c"] {
        receipt(one.call(log.append(entry)).await);
    }
    assert_eq!(page(two.call(log.read(0, u32::MAX)).await).entries.len(), 1);
    // What the second would have signed over the same three entries.
    let checkpoint = page(one.call(log.read(0, u32::MAX)).await).checkpoint;
    let opened = checkpoint.open(&one.key(None).await).unwrap();
    let identity = two.identity();
    let shown = tlog::Checkpoint {
        origin: tlog::Origin {
            relay: identity.relay(),
            log: log.id(),
        },
        ..opened
    }
    .sign(identity.checkpoint_key());
    let show = Call::Show {
        log: log.id(),
        token: log.token(),
        checkpoint: shown,
    };
    // Its clock stands still, so it would try for ever.
    let answer = tokio::time::timeout(std::time::Duration::from_secs(60), two.call(show)).await;
    assert_eq!(answer, Ok(Reply::Standing(Standing::Sound { size: 3 })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_process_is_shown_freezes_the_others_too() {
    let nats = Nats::start(1);
    let (one, two, _) = pair(&nats, "doubt");
    let (log, other) = (Log::plain(1), Log::plain(2));
    one.call(log.create()).await;
    one.call(other.create()).await;
    receipt(two.call(log.append(b"a")).await);
    let identity = one.identity();
    let shown = tlog::Checkpoint {
        origin: tlog::Origin {
            relay: identity.relay(),
            log: log.id(),
        },
        size: 5,
        root: Hash::new([5; 32]),
    }
    .sign(identity.checkpoint_key());
    let show = Call::Show {
        log: log.id(),
        token: log.token(),
        checkpoint: shown,
    };
    let behind = Standing::Behind { size: 1, known: 5 };
    assert_eq!(one.call(show).await, Reply::Standing(behind));
    // Before it places anything, the other one looks.
    refused(&two.call(log.append(b"b")).await, ProblemKind::Behind);
    refused(&two.call(other.append(b"b")).await, ProblemKind::Behind);
    assert_eq!(page(two.call(other.read(0, 1)).await).entries.len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_cluster_what_is_there_is_read_and_who_appends_is_told_to_come_again() {
    let mut nats = Nats::start(1);
    let (one, _two, _) = pair(&nats, "away");
    let log = Log::plain(1);
    one.call(log.create()).await;
    receipt(one.call(log.append(b"a")).await);
    nats.kill_node(0);
    let (service, append) = (Arc::clone(&one.service), log.append(b"b"));
    let waits = tokio::spawn(async move { service.call(append, None).await });
    assert_eq!(page(one.call(log.read(0, u32::MAX)).await).entries.len(), 1);
    // Its patience is measured by its own clock.
    while !waits.is_finished() {
        one.clock.pass(20_000);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let problem = refused(&waits.await.unwrap(), ProblemKind::Busy);
    assert!(problem.retry_ms.is_some());
    nats.start_node(0);
    loop {
        match one.call(log.append(b"b")).await {
            Reply::Appended(receipt) => break assert_eq!(receipt.index, 1),
            reply => drop(refused(&reply, ProblemKind::Busy)),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_writes_without_knowing_the_latest_tries_again_over_it() {
    let nats = Nats::start(1);
    let (one, two, _) = pair(&nats, "again");
    let log = Log::plain(1);
    one.call(log.create()).await;
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for number in 0..30u8 {
        let (a, b) = tokio::join!(
            one.call(log.append(&[0, number])),
            two.call(log.append(&[1, number]))
        );
        first.push(receipt(a).index);
        second.push(receipt(b).index);
    }
    let mut all = [first, second].concat();
    all.sort_unstable();
    assert!(all.into_iter().eq(0..60), "each entry has a place of its own");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_is_sequenced_once_with_what_every_process_has_taken_for_it() {
    let nats = Nats::start(1);
    let (one, two, _) = pair(&nats, "slots");
    let mut log = Log::plain(1);
    log.record.slots = Some(Slots {
        opens: Time(START),
        closes: Time(START + 60_000),
        every_ms: 10_000,
    });
    // Without a gate, which the service would ask for and the sequencer does not look at.
    let record = Box::new(log.record.clone());
    let roll = Vec::new();
    one.queue.submit(Task::Create { record, roll }).await.unwrap();
    let append = |bench: &Bench, bytes: [u8; 2]| {
        let (queue, log) = (bench.queue.clone(), log.id());
        let (hash, bytes, role) = (sha256(&bytes), bytes.to_vec(), Role::Plain);
        async move {
            let append = Task::Append {
                log,
                hash,
                bytes,
                role,
            };
            queue.submit(append).await
        }
    };
    let slot_end = Time(START + 10_000);
    // The second process has to hear of the log before the queue, which does not look, knows it.
    two.call(log.read(0, 1)).await;
    for number in 0..3u8 {
        assert_eq!(append(&one, [0, number]).await, Ok(Done::Waits { slot_end }));
        assert_eq!(append(&two, [1, number]).await, Ok(Done::Waits { slot_end }));
    }
    one.clock.pass(11_900);
    one.queue.tick();
    let waits = append(&one, [1, 0]).await;
    assert_eq!(
        waits,
        Ok(Done::Waits { slot_end }),
        "somebody may still bring a ballot"
    );
    one.clock.pass(100);
    // Both find that it has ended.
    one.queue.tick();
    two.queue.tick();
    for number in 0..3u8 {
        for (bench, whose) in [(&one, 1), (&two, 0)] {
            let placed = append(bench, [whose, number]).await;
            assert!(
                matches!(placed, Ok(Done::Placed { time, .. }) if time == slot_end),
                "{placed:?}"
            );
        }
    }
    let entries = page(one.call(log.read(0, u32::MAX)).await).entries;
    assert_eq!(entries.len(), 6);
    let slots = log.record.slots.unwrap();
    for two in entries.windows(2) {
        assert!(slots.is_in_place(Some(&two[0]), &two[1]));
    }
}
