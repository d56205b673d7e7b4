//! Power cuts: a traced run of the real program, its disk rebuilt as of any moment without what no sync covered, and
//! the result opened and held against what had been said by then.

use crate::common::wire::{Process, command};
use crate::disk::{Disk, Kept, moments};
use crate::judge::judge;
use crate::ledger::{Ledger, Micros, now};
use crate::load::{self, Logs, Session, below};
use crate::rounds::QUICK;
use crate::trace::{self, Event, Op};
use primitives::{RelayId, Time};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use relay::identity::Identity;
use relay::mark::Mark;
use relay::store::{LogStore as _, SledStore};
use relay_api::{Call, RelayKeys, Reply};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// A run: what was done, and what was said.
pub(crate) struct Run {
    folder: TempDir,
    pub(crate) events: Vec<Event>,
    ledger: Arc<Ledger>,
    relay: RelayId,
    /// When the relay's address was first known.
    known: Micros,
}

/// How a run goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// Starts, each killed.
    pub(crate) lives: u64,
    pub(crate) connections: u64,
    /// Appends of each connection in each life.
    pub(crate) appends: u64,
    pub(crate) ballots: u64,
}

impl Run {
    /// Traces the relay through its lives.
    pub(crate) async fn record(plan: Plan) -> Self {
        let there = std::process::Command::new("strace").arg("-V").output();
        assert!(there.is_ok(), "there is no strace: run cargo xtask setup");
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("disk/data");
        std::fs::create_dir(folder.path().join("disk")).unwrap();
        let opens = Time(now() / 1000 - 1000);
        let logs = Arc::new(Logs::new(u8::try_from(plan.seed % 251).unwrap(), 2, 8, opens));
        let ledger = Arc::<Ledger>::default();
        let (mut known, mut relay, mut events) = (None, None, Vec::new());
        for life in 0..plan.lives {
            let traces = folder.path().join(format!("trace{life}"));
            std::fs::create_dir(&traces).unwrap();
            let process = Process::run(trace::under_trace(&command(&data, QUICK), &traces));
            let address = process.address.clone();
            known.get_or_insert_with(now);
            assert_eq!(*relay.get_or_insert(address.relay), address.relay);
            let mut session = Session::open(&address).await.unwrap();
            let Some(Reply::Keys(keys)) = session.call(&Call::Keys).await else {
                panic!("no keys")
            };
            let key = RelayKeys::verify(keys, address.relay).unwrap().checkpoint_key();
            assert!(logs.create(&address, &ledger).await);
            let mut loads = tokio::task::JoinSet::new();
            for connection in 0..plan.connections {
                let seed = plan.seed * 1_000_000 + life * 1000 + connection;
                let (logs, ledger) = (Arc::clone(&logs), Arc::clone(&ledger));
                loads.spawn(load::append(
                    address.clone(),
                    logs,
                    ledger,
                    key,
                    (seed, plan.appends),
                ));
            }
            let (of_cast, to) = (Arc::clone(&logs), Arc::clone(&ledger));
            loads.spawn(load::cast(
                address.clone(),
                of_cast,
                to,
                key,
                (plan.seed + life, plan.ballots),
            ));
            while let Some(answered) = loads.join_next().await {
                assert!(answered.unwrap() > 0);
            }
            kill_traced(process);
            events.extend(trace::read(&traces, &folder.path().join("disk")));
        }
        assert!(!events.is_empty(), "strace saw nothing");
        let run = Self {
            folder,
            events,
            ledger,
            relay: relay.unwrap(),
            known: known.unwrap(),
        };
        run.compare_with_the_real_one();
        run
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    /// With everything kept, the rebuilt directory is the real one: the trace has missed nothing.
    fn compare_with_the_real_one(&self) {
        let mut disk = Disk::new(&self.root());
        for moment in moments(&self.events) {
            disk.pass(moment, &self.events);
        }
        let rebuilt = tempfile::tempdir().unwrap();
        disk.restore(
            rebuilt.path(),
            Kept::Everything,
            &mut ChaCha20Rng::seed_from_u64(0),
        );
        let (real, ours) = (files(&self.root()), files(rebuilt.path()));
        assert_eq!(real.len(), ours.len(), "{real:?} {ours:?}");
        for (real, ours) in real.iter().zip(&ours) {
            assert_eq!(real.strip_prefix(self.root()), ours.strip_prefix(rebuilt.path()));
            assert!(
                std::fs::read(real).unwrap() == std::fs::read(ours).unwrap(),
                "{} is another",
                real.display()
            );
        }
    }

    /// Leaves out every sync of the log store after the first start: what the relay would be without its `sync_all`.
    pub(crate) fn without_syncs(mut self) -> Self {
        let known = self.known;
        let of_logs = |event: &Event| matches!(&event.op, Op::Sync { path } if path.ends_with("logs/db"));
        let before = self.events.len();
        self.events.retain(|event| event.begun < known || !of_logs(event));
        assert!(self.events.len() < before, "there was a sync to leave out");
        self
    }

    /// Cuts the power: at every end of a sync, and `more` times at any moment. Gives back how often, and the faults.
    pub(crate) fn cut(&self, more: u64, seed: u64) -> (u64, Vec<String>) {
        let moments = moments(&self.events);
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut chosen: Vec<u32> = moments.iter().map(|moment| u32::from(moment.syncs)).collect();
        for _ in 0..more {
            chosen[usize::try_from(below(&mut rng, moments.len() as u64)).unwrap()] += 1;
        }
        let mut disk = Disk::new(&self.root());
        let (mut cuts, mut faults) = (0, Vec::new());
        for (number, moment) in moments.iter().enumerate() {
            disk.pass(*moment, &self.events);
            // What was said before anything further was begun can rest only on what had been done.
            let until = moments.get(number + 1).map_or(Micros::MAX, |next| next.at);
            for _ in 0..chosen[number] {
                let kept = Kept::ALL[usize::try_from(below(&mut rng, 4)).unwrap()];
                cuts += 1;
                if let Err(fault) = self.survives(&disk, kept, until, &mut rng) {
                    let last = moment.of(&self.events);
                    faults.push(format!(
                        "moment {number} of {}, {kept:?}, after {last}: {fault}",
                        moments.len()
                    ));
                }
            }
        }
        (cuts, faults)
    }

    fn survives(&self, disk: &Disk, kept: Kept, until: Micros, rng: &mut ChaCha20Rng) -> Result<(), String> {
        let folder = in_memory();
        disk.restore(folder.path(), kept, rng);
        let data = folder.path().join("data");
        std::fs::create_dir_all(&data).map_err(|error| error.to_string())?;
        let place = std::fs::read(data.join("lock")).unwrap_or_default();
        if data.join("identity.key").exists() && place.len() != 20 {
            return Err("its keys would be taken for copied ones".to_owned());
        }
        let identity = Identity::load_or_create(&data).map_err(|error| error.to_string())?;
        if until > self.known && identity.relay() != self.relay {
            return Err("the keys are gone".to_owned());
        }
        let open =
            || SledStore::open(&data.join("logs"), 0).map_err(|fault| format!("it does not open: {fault}"));
        let store = open()?;
        judge(&store, &self.ledger, until)?;
        let mark = Mark::load(&data).map_err(|error| error.to_string())?;
        if store.high_water().map_err(|fault| fault.to_string())? < mark.at() {
            return Err("the store is below its mark".to_owned());
        }
        // What recovery has written is opened again, now and then.
        if below(rng, 4) == 0 {
            drop(store);
            judge(&open()?, &self.ledger, until).map_err(|fault| format!("opened again: {fault}"))?;
        }
        Ok(())
    }
}

/// A folder in memory where there is one: nothing in it has to last.
fn in_memory() -> TempDir {
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    place.unwrap()
}

/// Kills the relay below strace, which ends with it.
fn kill_traced(process: Process) {
    let strace = process.id();
    let children = std::fs::read_to_string(format!("/proc/{strace}/task/{strace}/children")).unwrap();
    for child in children.split_whitespace() {
        let child = rustix::process::Pid::from_raw(child.parse().unwrap()).unwrap();
        rustix::process::kill_process(child, rustix::process::Signal::KILL).unwrap();
    }
    process.wait();
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}
