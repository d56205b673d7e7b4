//! Durable appends: so many connections, each to a log of its own, each waits for its receipt before the next entry.

use crate::common::line::Line;
use crate::common::wire::{Process, command};
use crate::common::{Log, page};
use crate::{Case, Outcome, floor, machine};
use primitives::{Secret, labels};
use relay_api::{Call, RelayAddress};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tlog::{LogKeys, LogKind};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Barrier;

/// Bytes of requests that are signed and kept before the measurement begins.
const PREPARED_BYTES_MAX: usize = 640 * 1024 * 1024;
const PREPARED_MAX: usize = 100_000;

/// A relay without the limits that protect it from a single member, with metrics.
pub(crate) struct Measured {
    pub(crate) process: Process,
    metrics: std::net::SocketAddr,
}

impl Measured {
    pub(crate) fn start(data: &Path) -> Outcome<Self> {
        let metrics = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let at = metrics.to_string();
        let more = [
            "--append-burst=1000000000",
            "--request-every-ms=0",
            "--connections-max=20000",
            "--metrics",
            &at,
        ];
        let process = Process::run(command(data, &more));
        Ok(Self { process, metrics })
    }

    /// Sums that the relay shows: commits and the seconds that they took.
    pub(crate) async fn sums(&self) -> Outcome<[f64; 2]> {
        let mut stream = TcpStream::connect(self.metrics).await?;
        stream
            .write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n")
            .await?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await?;
        let sum = |name: &str| -> Outcome<f64> {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            Ok(line.ok_or("a metric that is not there")?.trim().parse()?)
        };
        Ok([
            sum("veche_relay_commits_total ")?,
            sum("veche_relay_commit_seconds_sum ")?,
        ])
    }
}

/// A log of which there are many.
pub(crate) fn log(number: usize) -> Log {
    let keys = LogKeys::derive(
        &Secret::take(&mut [7; 32]),
        labels::JOURNAL_LOG,
        &number.to_be_bytes(),
    );
    Log {
        record: keys.record(LogKind::Record),
        keys,
        roll: Vec::new(),
    }
}

/// Bytes that no engine compresses, and of which no two are alike.
pub(crate) fn entry(len: usize, number: u64) -> Vec<u8> {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        bytes.extend_from_slice(&(state ^ (state >> 29)).to_be_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// Measures the relay, then the store below it with batches of the same size.
pub(crate) async fn run(case: Case, folder: &Path) -> Outcome<Vec<Value>> {
    let relay = Measured::start(&folder.join("relay"))?;
    let address = &relay.process.address;
    let each = (PREPARED_BYTES_MAX / case.entry_bytes).min(PREPARED_MAX) / case.connections;
    let go = Arc::new(Barrier::new(case.connections + 1));
    let mut writers = Vec::new();
    for number in 0..case.connections {
        let writer = Writer::prepare(address, number, each, case.entry_bytes).await?;
        writers.push(tokio::spawn(writer.run(Arc::clone(&go), case.time)));
    }
    let before = (relay.sums().await?, machine::cpu_s(relay.process.id())?);
    let begun = Instant::now();
    go.wait().await;
    let (mut latencies, mut ended) = (Vec::new(), Vec::new());
    for writer in writers {
        let (own, end) = writer.await?.map_err(|error| error.to_string())?;
        latencies.extend(own);
        ended.push(end);
    }
    let took = begun.elapsed();
    let after = (relay.sums().await?, machine::cpu_s(relay.process.id())?);
    relay.process.end(Signal::TERM);

    let appends = latencies.len() as f64;
    let commits = after.0[0] - before.0[0];
    let batch = (appends / commits).round().max(1.0);
    let floor = floor::run(case, batch as usize, &folder.join("floor"))?;
    let mut figure = case.figure("veche-relay", latencies, appends / took.as_secs_f64());
    let p99_ms = figure["p99_ms"].as_f64().unwrap_or_default();
    let more = json!({
        "guarantee": "fsync before the answer; TLS 1.3 with X25519MLKEM768, signed entry, no duplicates, signed receipt with proof",
        "batch": appends / commits,
        "commit_ms": (after.0[1] - before.0[1]) / commits * 1e3,
        "relay_cpu_us": (after.1 - before.1) / appends * 1e6,
        "floor_appends_per_s": floor.appends_per_s,
        "floor_commit_ms": floor.commit_ms,
        "of_floor": appends / took.as_secs_f64() / floor.appends_per_s,
        "p99_commits": p99_ms / floor.commit_ms,
    });
    let (Value::Object(figure), Value::Object(more)) = (&mut figure, more) else {
        return Err("a figure that is none".into());
    };
    figure.extend(more);
    Ok(vec![Value::Object(std::mem::take(figure))])
}

/// One connection with requests that are signed already.
struct Writer {
    line: Line,
    log: Log,
    requests: Vec<Vec<u8>>,
}

impl Writer {
    async fn prepare(address: &RelayAddress, number: usize, each: usize, len: usize) -> Outcome<Self> {
        let mut line = Line::open(address).await?;
        let log = log(number);
        line.call(&log.create()).await?;
        let requests = (0..each).map(|at| {
            let entry = entry(len, (number * each + at) as u64);
            Line::request(&log.append(&entry))
        });
        Ok(Self {
            requests: requests.collect(),
            line,
            log,
        })
    }

    /// The time of each append, and when the last one was done.
    async fn run(mut self, go: Arc<Barrier>, time: Duration) -> Result<(Vec<Duration>, Instant), String> {
        go.wait().await;
        let end = Instant::now() + time;
        let mut times = Vec::new();
        for request in &self.requests {
            let begun = Instant::now();
            if begun >= end {
                break;
            }
            let (status, _) = self
                .line
                .exchange(request)
                .await
                .map_err(|error| error.to_string())?;
            if status != 200 {
                return Err(format!("the relay answers {status}"));
            }
            times.push(begun.elapsed());
        }
        let done = Instant::now();
        // What was answered is there.
        let read: Call = self.log.read(times.len() as u64 - 1, 1);
        let last = self.line.call(&read).await.map_err(|error| error.to_string())?;
        if page(last).entries.len() == 1 {
            Ok((times, done))
        } else {
            Err("an entry that was answered is not there".to_owned())
        }
    }
}
