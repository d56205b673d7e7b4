//! Rounds: start the real program, load it from many connections, kill it at a random moment, start it again, and hold
//! what it has against what it said.

use crate::common::wire::{Process, command};
use crate::judge::Held;
use crate::ledger::{Ledger, now};
use crate::load::{self, Logs, Session, below, say};
use primitives::Time;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use relay_api::{Call, RelayAddress, RelayKeys, Reply};
use rustix::process::Signal;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tlog::{CheckpointKey, Entry, Origin, Reader};

/// Rounds for which one data directory serves.
const ROUNDS_PER_RELAY: u64 = 25;
const PLAIN: u8 = 3;
const VOTERS: usize = 24;

pub(crate) const QUICK: &[&str] = &["--append-burst", "1000000", "--append-every-ms", "1"];

/// What the rounds have done.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Tally {
    pub(crate) answered: u64,
    pub(crate) retried: u64,
    pub(crate) unanswered: u64,
    pub(crate) checkpoints: u64,
}

/// One relay and everybody's memory of it.
struct World {
    data: TempDir,
    logs: Arc<Logs>,
    ledger: Arc<Ledger>,
    key: Option<CheckpointKey>,
    readers: Vec<Reader>,
    held: Vec<Held>,
    rng: ChaCha20Rng,
}

/// Plays rounds `from..to`, with so many connections that append.
pub(crate) async fn play(from: u64, to: u64, connections: u64) -> Tally {
    let mut tally = Tally::default();
    let mut world = World::new(from);
    for round in from..to {
        if round != from && round % ROUNDS_PER_RELAY == 0 {
            world.close(&mut tally).await;
            world = World::new(round);
            println!("round {round}: {tally:?}");
        }
        world.round(connections, &mut tally).await;
    }
    world.close(&mut tally).await;
    tally
}

impl World {
    fn new(seed: u64) -> Self {
        let opens = Time(now() / 1000 - 1000);
        Self {
            data: tempfile::tempdir().unwrap(),
            logs: Arc::new(Logs::new(u8::try_from(seed % 251).unwrap(), PLAIN, VOTERS, opens)),
            ledger: Arc::default(),
            key: None,
            readers: Vec::new(),
            held: Vec::new(),
            rng: ChaCha20Rng::seed_from_u64(seed),
        }
    }

    async fn round(&mut self, connections: u64, tally: &mut Tally) {
        if below(&mut self.rng, 6) == 0 {
            self.kill_while_starting();
        }
        let process = Process::start(self.data.path(), QUICK);
        let address = process.address.clone();
        self.compare(&address, tally).await;
        let key = self.key.unwrap();
        let before = self.ledger.answers();
        let mut loads = tokio::task::JoinSet::new();
        for _ in 0..connections {
            let seed = (below(&mut self.rng, u64::MAX), u64::MAX);
            let (logs, ledger) = (Arc::clone(&self.logs), Arc::clone(&self.ledger));
            loads.spawn(load::append(address.clone(), logs, ledger, key, seed));
        }
        let seed = (below(&mut self.rng, u64::MAX), u64::MAX);
        let (logs, ledger) = (Arc::clone(&self.logs), Arc::clone(&self.ledger));
        loads.spawn(load::cast(address.clone(), logs, ledger, key, seed));
        let mut watches = tokio::task::JoinSet::new();
        for _ in 0..2 {
            let (logs, ledger) = (Arc::clone(&self.logs), Arc::clone(&self.ledger));
            watches.spawn(load::watch(
                address.clone(),
                logs,
                ledger,
                key,
                self.readers.clone(),
            ));
        }
        // Most often under full load, now and then before it.
        if below(&mut self.rng, 4) > 0 {
            let wanted = before + 1 + below(&mut self.rng, 3 * connections);
            for _ in 0..1000 {
                if self.ledger.answers() >= wanted {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
        tokio::time::sleep(Duration::from_millis(below(&mut self.rng, 60))).await;
        process.end(Signal::KILL);
        while let Some(answered) = loads.join_next().await {
            tally.answered += answered.unwrap();
        }
        while let Some(watched) = watches.join_next().await {
            watched.unwrap();
        }
    }

    /// A start that is cut off, wherever it has come.
    fn kill_while_starting(&mut self) {
        let mut started = command(self.data.path(), QUICK);
        let mut child = started
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(below(&mut self.rng, 80)));
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Holds a relay that has just been started against what it said before.
    async fn compare(&mut self, address: &RelayAddress, tally: &mut Tally) {
        let mut session = Session::open(address).await.unwrap();
        let Some(Reply::Keys(keys)) = session.call(&Call::Keys).await else {
            panic!("no keys")
        };
        let key = RelayKeys::verify(keys, address.relay).unwrap().checkpoint_key();
        assert_eq!(*self.key.get_or_insert(key), key, "the relay has other keys");
        if self.readers.is_empty() {
            assert!(self.logs.create(address, &self.ledger).await);
            let origin = |log: &crate::common::Log| Origin {
                relay: address.relay,
                log: log.id(),
            };
            self.readers = self.logs.all().map(|log| Reader::new(origin(log))).collect();
            self.held = self.logs.all().map(|_| Held::new()).collect();
        }
        let logs = Arc::clone(&self.logs);
        for (at, log) in logs.all().enumerate() {
            let (reader, held) = (&mut self.readers[at], &mut self.held[at]);
            for entry in read_on(&mut session, log, reader, &self.ledger, &key).await {
                held.push(&entry, |_, _, _| {}).unwrap();
            }
            let (known, asked) = {
                let books = self.ledger.books();
                let book = &books[&log.id()];
                // Whatever waited for its slot is asked for below.
                held.keeps(book, u64::MAX, |hash| Some(book.said[&hash].waits?.0))
                    .unwrap();
                (book.said.clone(), book.asked.clone())
            };
            for (hash, bytes) in asked {
                let unanswered = !known.contains_key(&hash);
                let waited = known.get(&hash).is_some_and(|said| said.placed.is_none());
                if unanswered || waited || below(&mut self.rng, 8) == 0 {
                    assert!(say(&mut session, log, &bytes, &self.ledger, &key).await);
                    tally.retried += 1;
                    tally.unanswered += u64::from(unanswered);
                }
            }
        }
    }

    /// Reads everything from the beginning, by a reader that knows nothing, after a stop and after none.
    async fn close(&mut self, tally: &mut Tally) {
        let process = Process::start(self.data.path(), QUICK);
        let address = process.address.clone();
        self.compare(&address, tally).await;
        let key = self.key.unwrap();
        process.end(Signal::TERM);
        let process = Process::start(self.data.path(), QUICK);
        let mut session = Session::open(&process.address).await.unwrap();
        for log in self.logs.all() {
            let mut reader = Reader::new(Origin {
                relay: address.relay,
                log: log.id(),
            });
            let mut held = Held::new();
            for entry in read_on(&mut session, log, &mut reader, &self.ledger, &key).await {
                held.push(&entry, |_, _, _| {}).unwrap();
            }
            let books = self.ledger.books();
            let book = &books[&log.id()];
            held.keeps(book, u64::MAX, |hash| Some(book.said[&hash].waits?.0))
                .unwrap();
            tally.checkpoints += book.signed.len() as u64;
        }
    }
}

async fn read_on(
    session: &mut Session,
    log: &crate::common::Log,
    reader: &mut Reader,
    ledger: &Ledger,
    key: &CheckpointKey,
) -> Vec<Entry> {
    let mut entries = Vec::new();
    loop {
        let Some(Reply::Page(page)) = session.call(&log.read(reader.size(), u32::MAX)).await else {
            panic!("no page")
        };
        reader.extend(&page, key).unwrap();
        ledger.shown(log.id(), &page.checkpoint, key);
        if page.entries.is_empty() {
            return entries;
        }
        entries.extend(page.entries);
    }
}
