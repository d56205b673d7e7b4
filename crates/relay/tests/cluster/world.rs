//! The servers, the relay processes, and everybody who calls them.

use crate::common::Log;
use crate::common::nats::Nats;
use crate::common::wire::{Process, command};
use crate::judge::Held;
use crate::ledger::{Ledger, now};
use crate::load::{self, Logs, Session, below, say};
use primitives::Time;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use relay_api::{Call, RelayAddress, RelayKeys, Reply};
use rustix::process::Signal;
use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tlog::{CheckpointKey, Entry, Origin, Reader};
use tokio::task::JoinSet;

const PLAIN: u8 = 3;
const VOTERS: usize = 200;
const STREAM: &str = "cluster";
/// How long an election, or the start of a process, may take.
const PATIENCE: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(20);

/// What is killed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Victim {
    Node(usize),
    Relay(usize),
}

/// What was found at the end.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) answered: u64,
    pub(crate) entries: u64,
    pub(crate) unanswered: u64,
    pub(crate) checkpoints: u64,
}

/// Everything.
pub(crate) struct World {
    nats: Nats,
    data: Vec<TempDir>,
    relays: Vec<Option<Process>>,
    crowd: Crowd,
    loads: JoinSet<()>,
}

/// What those share who call.
#[derive(Clone)]
struct Crowd {
    /// Where relay processes are now, or were last.
    places: Arc<Mutex<Vec<RelayAddress>>>,
    logs: Arc<Logs>,
    ledger: Arc<Ledger>,
    key: CheckpointKey,
    stop: Arc<AtomicBool>,
}

impl World {
    /// Three servers, two relay processes, and so many connections that append.
    pub(crate) async fn start(seed: u8, connections: u64) -> Self {
        let nats = Nats::start(3);
        let data = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let first = start(data[0].path(), &nats);
        copy_keys(data[0].path(), data[1].path());
        let second = start(data[1].path(), &nats);
        assert_eq!(first.address.relay, second.address.relay, "the keys are the same");

        let address = first.address.clone();
        let mut session = Session::open(&address).await.unwrap();
        let Some(Reply::Keys(keys)) = session.call(&Call::Keys).await else {
            panic!("no keys")
        };
        let opens = Time(now() / 1000 - 1000);
        let crowd = Crowd {
            places: Arc::new(Mutex::new(vec![address.clone(), second.address.clone()])),
            logs: Arc::new(Logs::new(seed, PLAIN, VOTERS, opens)),
            ledger: Arc::default(),
            key: RelayKeys::verify(keys, address.relay).unwrap().checkpoint_key(),
            stop: Arc::default(),
        };
        assert!(crowd.logs.create(&address, &crowd.ledger).await);
        let mut world = Self {
            nats,
            data: data.into(),
            relays: vec![Some(first), Some(second)],
            crowd,
            loads: JoinSet::new(),
        };
        let mut rng = ChaCha20Rng::seed_from_u64(seed.into());
        for number in 0..connections {
            let caller = Caller::new(&world.crowd, &mut rng);
            let kind = if number % 4 == 3 { Kind::Cast } else { Kind::Append };
            world.loads.spawn(caller.go_on(kind));
        }
        for _ in 0..2 {
            let caller = Caller::new(&world.crowd, &mut rng);
            world.loads.spawn(caller.go_on(Kind::Watch));
        }
        world
    }

    pub(crate) fn answers(&self) -> u64 {
        self.crowd.ledger.answers()
    }

    /// Kills it, sees that things go on without it, starts it, and sees that they go on with it. Gives back how long nobody
    /// was answered.
    pub(crate) async fn kill_and_start(&mut self, victim: Victim) -> Duration {
        self.more_answers(20).await;
        match victim {
            Victim::Node(node) => self.nats.kill_node(node),
            Victim::Relay(relay) => {
                let process = self.relays[relay].take().unwrap();
                process.end(Signal::KILL);
            }
        }
        let killed = Instant::now();
        self.more_answers(1).await;
        let pause = killed.elapsed();
        self.more_answers(20).await;
        match victim {
            Victim::Node(node) => self.nats.start_node(node),
            Victim::Relay(relay) => {
                let (data, nats) = (self.data[relay].path(), &self.nats);
                let process = tokio::task::block_in_place(|| start(data, nats));
                self.crowd.places.lock().unwrap()[relay] = process.address.clone();
                self.relays[relay] = Some(process);
            }
        }
        self.all_current().await;
        pause
    }

    /// Waits until so many more appends have been answered.
    async fn more_answers(&self, more: u64) {
        let (wanted, begun) = (self.answers() + more, Instant::now());
        while self.answers() < wanted {
            assert!(begun.elapsed() < PATIENCE, "nobody is answered any more");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until every server has everything again, as whoever restarts them one by one would.
    async fn all_current(&self) {
        let begun = Instant::now();
        loop {
            if self.is_current().await.unwrap_or(false) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "a server does not catch up");
            tokio::time::sleep(PAUSE * 10).await;
        }
    }

    async fn is_current(&self) -> Result<bool, async_nats::Error> {
        let client = async_nats::connect(self.nats.place(STREAM).servers).await?;
        let stream = async_nats::jetstream::new(client).get_stream(STREAM).await?;
        let cluster = stream.cached_info().cluster.clone().unwrap_or_default();
        let current = cluster
            .replicas
            .iter()
            .filter(|peer| peer.current && !peer.offline);
        Ok(cluster.leader.is_some() && current.count() == 2)
    }

    /// Ends the load, and holds what every process says, and one that has never run, against what was answered.
    pub(crate) async fn close(mut self) -> Tally {
        self.crowd.stop.store(true, Ordering::SeqCst);
        self.relays_end_the_connections();
        while let Some(done) = self.loads.join_next().await {
            done.unwrap();
        }
        let mut tally = Tally {
            answered: self.answers(),
            ..Tally::default()
        };
        let third = tempfile::tempdir().unwrap();
        copy_keys(self.data[0].path(), third.path());
        self.data.push(third);
        for data in &self.data {
            let process = start(data.path(), &self.nats);
            self.crowd.compare(&process.address, &mut tally).await;
            process.end(Signal::TERM);
        }
        tally
    }

    fn relays_end_the_connections(&mut self) {
        for process in self.relays.iter_mut().filter_map(Option::take) {
            process.end(Signal::KILL);
        }
    }
}

impl Crowd {
    async fn compare(&self, address: &RelayAddress, tally: &mut Tally) {
        let mut session = Session::open(address).await.unwrap();
        for log in self.logs.all() {
            let asked = self.ledger.books()[&log.id()].asked.clone();
            for (hash, bytes) in asked {
                let said = self.ledger.books()[&log.id()].said.get(&hash).cloned();
                tally.unanswered += u64::from(said.is_none());
                if said.is_none_or(|said| said.placed.is_none()) {
                    assert!(say(&mut session, log, &bytes, &self.ledger, &self.key).await);
                }
            }
            let mut reader = Reader::new(Origin {
                relay: address.relay,
                log: log.id(),
            });
            let mut held = Held::new();
            let mut last: Option<Entry> = None;
            for entry in self.read(&mut session, log, &mut reader).await {
                assert!(last.as_ref().is_none_or(|last| last.time <= entry.time));
                if let Some(slots) = &log.record.slots {
                    assert!(
                        slots.is_in_place(last.as_ref(), &entry),
                        "out of its slot's order"
                    );
                }
                held.push(&entry, |_, _, _| {}).unwrap();
                last = Some(entry);
            }
            let books = self.ledger.books();
            let book = &books[&log.id()];
            held.keeps(book, u64::MAX, |hash| Some(book.said[&hash].waits?.0))
                .unwrap();
            tally.entries = tally.entries.max(reader.size());
            tally.checkpoints += book.signed.len() as u64;
        }
    }

    async fn read(&self, session: &mut Session, log: &Log, reader: &mut Reader) -> Vec<Entry> {
        let mut entries = Vec::new();
        loop {
            let Some(Reply::Page(page)) = session.call(&log.read(reader.size(), u32::MAX)).await else {
                panic!("no page")
            };
            reader.extend(&page, &self.key).unwrap();
            self.ledger.shown(log.id(), &page.checkpoint, &self.key);
            if page.entries.is_empty() {
                return entries;
            }
            entries.extend(page.entries);
        }
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Append,
    Cast,
    Watch,
}

/// Somebody who calls one relay process after the other, whichever is there.
struct Caller {
    crowd: Crowd,
    rng: ChaCha20Rng,
}

impl Caller {
    fn new(crowd: &Crowd, rng: &mut ChaCha20Rng) -> Self {
        Self {
            crowd: crowd.clone(),
            rng: ChaCha20Rng::seed_from_u64(below(rng, u64::MAX)),
        }
    }

    async fn go_on(mut self, kind: Kind) {
        while !self.crowd.stop.load(Ordering::SeqCst) {
            let address = {
                let places = self.crowd.places.lock().unwrap();
                places[usize::try_from(below(&mut self.rng, places.len() as u64)).unwrap()].clone()
            };
            let (logs, ledger) = (Arc::clone(&self.crowd.logs), Arc::clone(&self.crowd.ledger));
            let (key, seed) = (self.crowd.key, below(&mut self.rng, u64::MAX));
            // Each connection serves for a while, so that everybody comes to both processes.
            match kind {
                Kind::Append => drop(load::append(address, logs, ledger, key, (seed, 50)).await),
                Kind::Cast => drop(load::cast(address, logs, ledger, key, (seed, 10)).await),
                Kind::Watch => {
                    let readers = logs.all().map(|log| {
                        Reader::new(Origin {
                            relay: address.relay,
                            log: log.id(),
                        })
                    });
                    let readers = readers.collect();
                    load::watch(address, logs, ledger, key, readers).await;
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

fn start(data: &Path, nats: &Nats) -> Process {
    let url = nats.url(STREAM);
    let more = [
        "--store",
        &url,
        "--append-burst",
        "1000000",
        "--append-every-ms",
        "1",
    ];
    let said = File::options()
        .create(true)
        .append(true)
        .open(nats.dir().join("relays.log"))
        .unwrap();
    Process::run_saying(command(data, &more), said.into())
}

pub(crate) fn copy_keys(from: &Path, to: &Path) {
    for key in ["identity.key", "tls.key", "checkpoint.key"] {
        std::fs::copy(from.join(key), to.join(key)).unwrap();
    }
}
