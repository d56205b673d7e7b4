//! Watches: what an idle one costs, and how long it takes until everybody has an entry.

use crate::appends::{Measured, entry, log};
use crate::common::line::Line;
use crate::common::wire::{connect, pushed_or_end, watch_over};
use crate::{Outcome, machine, percentile, plain};
use futures_util::SinkExt as _;
use primitives::encode;
use relay_api::{Pushed, RelayAddress, WatchRequest};
use rustix::process::Signal;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::sync::{Barrier, Semaphore, mpsc};
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

type Socket = WebSocketStream<TlsStream<TcpStream>>;

/// Handshakes at the same time.
const AT_ONCE: usize = 32;
const LOGS: usize = 100;
const ROUNDS: usize = 11;
/// Until the relay has done with what came before.
const SETTLE: Duration = Duration::from_secs(2);

pub(crate) async fn run(idle: usize, listening: usize, folder: &Path) -> Outcome<Vec<Value>> {
    machine::raise_files(idle as u64 + 200)?;
    let relay = Measured::start(&folder.join("relay"))?;
    let address = relay.process.address.clone();
    let mut line = Line::open(&address).await?;
    for number in 0..=LOGS {
        line.call(&log(number).create()).await?;
    }
    // What the first connections leave behind is not theirs.
    drop(watches(&address, AT_ONCE, |_| 0).await?);
    tokio::time::sleep(SETTLE).await;
    let before = machine::rss(relay.process.id())?;
    let held = watches(&address, idle, |number| number % LOGS).await?;
    tokio::time::sleep(SETTLE).await;
    let after = machine::rss(relay.process.id())?;
    let each = (after - before) / idle as f64 / 1024.0;
    drop(held);

    let sockets = watches(&address, listening, |_| LOGS).await?;
    let latencies = fan_out(&mut line, sockets).await?;
    relay.process.end(Signal::TERM);
    Ok(vec![
        plain("idle watchers", idle as f64, "connections"),
        plain("memory of an idle watcher", each, "KiB"),
        plain("watchers of one log", listening as f64, "connections"),
        plain(
            "until the last of them has an entry, median",
            percentile(&latencies, 50),
            "ms",
        ),
        plain(
            "until the last of them has an entry, most",
            percentile(&latencies, 100),
            "ms",
        ),
    ])
}

/// So many watches, each of the log that `of` says.
async fn watches(address: &RelayAddress, count: usize, of: fn(usize) -> usize) -> Outcome<Vec<Socket>> {
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let opening = (0..count).map(|number| {
        let (address, turns) = (address.clone(), Arc::clone(&turns));
        tokio::spawn(async move {
            let _turn = turns.acquire().await;
            let mut socket = watch_over(connect(&address).await).await;
            let log = log(of(number));
            let request = WatchRequest {
                log: log.id(),
                token: log.token(),
                from: 0,
            };
            socket
                .send(Message::binary(encode(&request)))
                .await
                .map(|()| socket)
        })
    });
    let opening: Vec<_> = opening.collect();
    let mut sockets = Vec::with_capacity(count);
    for socket in opening {
        sockets.push(socket.await??);
    }
    Ok(sockets)
}

/// Times from the sending of an entry until the last watcher has it.
async fn fan_out(line: &mut Line, sockets: Vec<Socket>) -> Outcome<Vec<Duration>> {
    let (say, mut said) = mpsc::unbounded_channel();
    let count = sockets.len();
    let ready = Arc::new(Barrier::new(count + 1));
    for mut socket in sockets {
        let (say, ready) = (say.clone(), Arc::clone(&ready));
        tokio::spawn(async move {
            ready.wait().await;
            while let Some(Pushed::Page { page, .. }) = pushed_or_end(&mut socket).await {
                if say.send((page.from, Instant::now())).is_err() {
                    return;
                }
            }
        });
    }
    ready.wait().await;
    tokio::time::sleep(SETTLE).await;
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        let request = Line::request(&log(LOGS).append(&entry(1024, round as u64)));
        let begun = Instant::now();
        line.exchange(&request).await?;
        let mut last = begun;
        for _ in 0..count {
            let (index, at) = said.recv().await.ok_or("no watcher is left")?;
            if index != round as u64 {
                return Err("a watcher was told of another entry".into());
            }
            last = last.max(at);
        }
        times.push(last - begun);
    }
    times.sort_unstable();
    Ok(times)
}
