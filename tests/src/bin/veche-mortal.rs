//! An agent that dies at its writes: `veche-mortal --vault DIR --passphrase-file FILE agent`.
//!
//! It does what `veche agent` does, over the real vault and the real relay, in the plainest way: JSON lines in and out,
//! no events, no watch. The file `DIR.fate` says at which write it dies and at which moment of that write:
//! `1 after-header`. Without the file it lives until the end of its input. For the tests; no part of the product.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line talks to its caller"
)]

use client::effects::{CallError, Effect, Input, Lane, Ticket};
use client::requests::Request;
use client::views::Carrier;
use client::{Client, StepError};
use getrandom::SysRng;
use primitives::store::{Record, Value as Bytes};
use primitives::{Batch, Store, StoreError, Table, Time};
use rand_core::UnwrapErr;
use relay_api::Call;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::error::Error;
use std::io::BufRead as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, SystemTime};
use tokio::runtime::{Builder, Runtime};
use transport::{Isolation, Link, Timeouts, TransportError};
use vault::{Moment, Vault};

/// OpenMLS and the fold recurse deeper than a thread's usual stack allows.
const STACK_BYTES: usize = 16 * 1024 * 1024;
/// The longest sleep.
const SLEEP_MAX: Duration = Duration::from_secs(1);

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> ExitCode {
    let life = thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(|| live(std::env::args_os().skip(1).map(PathBuf::from).collect()));
    match life.map(thread::JoinHandle::join) {
        Ok(Ok(Ok(()))) => ExitCode::SUCCESS,
        Ok(Ok(Err(error))) => {
            eprintln!("veche-mortal: {error}");
            ExitCode::from(2)
        }
        _ => ExitCode::from(3),
    }
}

fn live(args: Vec<PathBuf>) -> Outcome<()> {
    let [vault_flag, dir, file_flag, passphrase, command] = args.as_slice() else {
        return Err("say veche-mortal --vault DIR --passphrase-file FILE agent".into());
    };
    let flags = [vault_flag, file_flag, command].map(|flag| flag.to_string_lossy().into_owned());
    if flags != ["--vault", "--passphrase-file", "agent"] {
        return Err("say veche-mortal --vault DIR --passphrase-file FILE agent".into());
    }
    let passphrase = std::fs::read_to_string(passphrase)?;
    let opened = Vault::open(dir, passphrase.trim_end_matches('\n').as_bytes())?;
    if opened.rolled_back || !opened.damaged.is_empty() {
        return Err("the vault was rolled back or is damaged".into());
    }
    let store = Mortal {
        vault: opened.vault,
        fate: Fate::read(&dir.with_extension("fate"))?,
        writes: 0,
    };
    Edge::new(store)?.run()
}

/// At which write it dies, and at which moment of it.
struct Fate {
    write: usize,
    moment: Moment,
}

impl Fate {
    fn read(path: &Path) -> Outcome<Option<Self>> {
        let Ok(text) = std::fs::read_to_string(path) else {
            return Ok(None);
        };
        let (write, moment) = text.trim().split_once(' ').ok_or("a fate is N MOMENT")?;
        let moment = match moment {
            "before-store" => Moment::BeforeStore,
            "after-store" => Moment::AfterStore,
            "between-sides" => Moment::BetweenSides,
            "after-header" => Moment::AfterHeader,
            _ => return Err("there is no such moment".into()),
        };
        let write = write.parse()?;
        Ok(Some(Self { write, moment }))
    }
}

/// The vault of somebody who has to die.
struct Mortal {
    vault: Vault,
    fate: Option<Fate>,
    writes: usize,
}

impl Store for Mortal {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        self.vault.get(table, key)
    }

    fn scan(
        &self,
        table: Table,
        prefix: &[u8],
        from: &[u8],
        limit: usize,
    ) -> Result<Vec<Record>, StoreError> {
        self.vault.scan(table, prefix, from, limit)
    }

    fn apply(&mut self, batch: Batch) -> Result<(), StoreError> {
        self.writes = self.writes.saturating_add(1);
        match &self.fate {
            Some(fate) if fate.write == self.writes => {
                self.vault.crash_at(fate.moment);
                // A write that burns nothing has no moment in the middle of the header: then it is whole.
                let _ = self.vault.apply(batch);
                std::process::abort()
            }
            _ => self.vault.apply(batch),
        }
    }
}

/// What the thread is told.
enum Work {
    Line(String),
    Input(Input),
    End,
}

/// A call with the way it takes.
type Asked = (Option<Arc<Link>>, Ticket, Call);

/// The client with its surroundings.
struct Edge {
    client: Client<Mortal>,
    runtime: Arc<Runtime>,
    link: Option<Arc<Link>>,
    lanes: BTreeMap<Lane, Sender<Asked>>,
    wake_at: Option<Time>,
    work: Sender<Work>,
    waiting: Receiver<Work>,
}

impl Edge {
    fn new(store: Mortal) -> Outcome<Self> {
        let (work, waiting) = channel();
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        Ok(Self {
            client: Client::open(store)?,
            runtime: Arc::new(runtime),
            link: None,
            lanes: BTreeMap::new(),
            wake_at: None,
            work,
            waiting,
        })
    }

    fn run(mut self) -> Outcome<()> {
        let lines = self.work.clone();
        thread::spawn(move || {
            let read = std::io::stdin().lock().lines().map_while(Result::ok);
            for line in read {
                let _ = lines.send(Work::Line(line));
            }
            let _ = lines.send(Work::End);
        });
        self.reconnect()?;
        self.take(Input::Watching(false))?;
        self.take(Input::Tick)?;
        loop {
            let sleep = self
                .wake_at
                .map(|at| Duration::from_millis(at.since_ms(now())).min(SLEEP_MAX));
            match self.waiting.recv_timeout(sleep.unwrap_or(SLEEP_MAX)) {
                Ok(Work::Line(line)) => self.answer(&line)?,
                Ok(Work::Input(input)) => self.take(input)?,
                Err(RecvTimeoutError::Timeout) => self.take(Input::Tick)?,
                Ok(Work::End) | Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    }

    fn answer(&mut self, line: &str) -> Outcome<()> {
        let mut fields: Map<String, Value> = serde_json::from_str(line)?;
        let id = fields.remove("id").unwrap_or(Value::Null);
        let request: Request = serde_json::from_value(Value::Object(fields))?;
        let (answer, effects) = self.client.request(now(), &mut UnwrapErr(SysRng), request);
        let mut reply = match answer {
            Ok(answer) => serde_json::to_value(answer)?,
            Err(refusal) => serde_json::json!({ "refusal": refusal }),
        };
        if let Some(fields) = reply.as_object_mut() {
            fields.insert("id".to_owned(), id);
        }
        println!("{reply}");
        self.carry_out(effects)
    }

    fn take(&mut self, input: Input) -> Outcome<()> {
        self.wake_at = None;
        let effects = self.client.handle(now(), &mut UnwrapErr(SysRng), input);
        let effects = effects.map_err(|error: StepError| error.to_string())?;
        self.carry_out(effects)
    }

    fn carry_out(&mut self, effects: Vec<Effect>) -> Outcome<()> {
        if effects.iter().any(|effect| matches!(effect, Effect::Reconnect)) {
            self.reconnect()?;
        }
        for effect in effects {
            match effect {
                Effect::Call { ticket, lane, call } => self.call(lane, ticket, *call),
                Effect::Compute { ticket, job } => {
                    let work = self.work.clone();
                    thread::Builder::new().stack_size(STACK_BYTES).spawn(move || {
                        let output = job.run(&mut UnwrapErr(SysRng), &mut |_| ControlFlow::Continue(()));
                        let _ = work.send(Work::Input(Input::Computed { ticket, output }));
                    })?;
                }
                Effect::Wake { at } => self.wake_at = Some(at),
                // Nobody listens to events; where nothing is watched the machine polls.
                _ => {}
            }
        }
        Ok(())
    }

    fn reconnect(&mut self) -> Outcome<()> {
        self.link = match self.client.destination() {
            Some(to) if to.carrier == Carrier::Direct => {
                let link = Link::new(to.address, transport::Carrier::Direct, Timeouts::default())?;
                Some(Arc::new(link))
            }
            _ => None,
        };
        Ok(())
    }

    /// The calls of a lane one after another, each ballot by itself.
    fn call(&mut self, lane: Lane, ticket: Ticket, call: Call) {
        let asked = (self.link.clone(), ticket, call);
        if lane == Lane::Casting {
            let (runtime, work) = (Arc::clone(&self.runtime), self.work.clone());
            thread::spawn(move || put(&runtime, lane, asked, &work));
            return;
        }
        let calls = self.lanes.entry(lane).or_insert_with(|| {
            let (calls, asked) = channel();
            let (runtime, work) = (Arc::clone(&self.runtime), self.work.clone());
            thread::spawn(move || {
                for asked in asked {
                    put(&runtime, lane, asked, &work);
                }
            });
            calls
        });
        let _ = calls.send(asked);
    }
}

fn put(runtime: &Runtime, lane: Lane, (link, ticket, call): Asked, work: &Sender<Work>) {
    let isolation = match lane {
        Lane::Journal => Isolation::Journal,
        Lane::Conversations | Lane::Attachments => Isolation::Conversation,
        Lane::Inbox => Isolation::Inbox,
        Lane::Casting => Isolation::Casting,
    };
    let result = match link {
        Some(link) => runtime.block_on(link.call(isolation, &call)),
        None => Err(TransportError::Closed),
    };
    let result = result.map_err(|error| match error {
        TransportError::WrongRelay => CallError::WrongRelay,
        TransportError::Nonsense(_) => CallError::Nonsense,
        TransportError::Problem(problem) => CallError::Problem(problem),
        _ => CallError::Unreachable,
    });
    let _ = work.send(Work::Input(Input::Replied { ticket, result }));
}

fn now() -> Time {
    let span = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let span = span.unwrap_or_default();
    Time(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
}
