//! A peer: NATS JetStream, one stream on disk, each publisher waits for its acknowledgement. Plain TCP.
//!
//! Its text protocol is spoken here as it is (docs.nats.io, Client Protocol): a client would cost more than the server.

use crate::appends::entry;
use crate::{Case, Outcome};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::sync::Barrier;

const PATIENCE: Duration = Duration::from_secs(20);

/// Measures the server with the safest setting that it knows.
pub(crate) async fn run(program: &str, case: Case, folder: &Path) -> Outcome<Vec<Value>> {
    let server = Server::start(program, folder).await?;
    let mut client = Client::open(server.port, 0).await?;
    let stream = br#"{"name":"LOGS","subjects":["log.*"],"storage":"file","retention":"limits"}"#;
    let made = client.ask("$JS.API.STREAM.CREATE.LOGS", stream).await?;
    if made.get("error").is_some() {
        return Err(format!("no stream: {made}").into());
    }
    let go = Arc::new(Barrier::new(case.connections + 1));
    let mut publishers = Vec::new();
    for number in 0..case.connections {
        let mut client = Client::open(server.port, number + 1).await?;
        let go = Arc::clone(&go);
        publishers.push(tokio::spawn(async move {
            let subject = format!("log.{number}");
            go.wait().await;
            let end = Instant::now() + case.time;
            let mut times = Vec::new();
            while Instant::now() < end {
                let at = (number as u64) << 32 | times.len() as u64;
                let body = entry(case.entry_bytes, at);
                let begun = Instant::now();
                let done = client
                    .ask(&subject, &body)
                    .await
                    .map_err(|error| error.to_string())?;
                times.push(begun.elapsed());
                if done.get("seq").is_none() {
                    return Err(format!("not acknowledged: {done}"));
                }
            }
            Ok(times)
        }));
    }
    let begun = Instant::now();
    go.wait().await;
    let mut latencies = Vec::new();
    for publisher in publishers {
        latencies.extend(publisher.await??);
    }
    let per_s = latencies.len() as f64 / begun.elapsed().as_secs_f64();
    let mut figure = case.figure("NATS JetStream, one server", latencies, per_s);
    figure["guarantee"] = json!(if server.syncs {
        "fsync before the answer (sync_interval: always); plain TCP, no proofs"
    } else {
        "NO fsync before the answer: this version syncs every two minutes and cannot be told otherwise; plain TCP, no proofs"
    });
    figure["equal"] = json!(server.syncs);
    Ok(vec![figure])
}

struct Server {
    child: Child,
    port: u16,
    /// Whether it syncs before it acknowledges.
    syncs: bool,
}

impl Server {
    async fn start(program: &str, folder: &Path) -> Outcome<Self> {
        fs::create_dir_all(folder)?;
        for syncs in [true, false] {
            let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            let sync = if syncs { "sync_interval: always" } else { "" };
            let config = folder.join("nats.conf");
            let store = folder.join("nats");
            fs::write(
                &config,
                format!(
                    "listen: 127.0.0.1:{port}\nmax_payload: 1MB\njetstream {{ store_dir: {:?}, {sync} }}\n",
                    store.display().to_string()
                ),
            )?;
            let child = Command::new(program)
                .arg("-c")
                .arg(&config)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()?;
            let mut server = Self { child, port, syncs };
            let begun = Instant::now();
            while begun.elapsed() < PATIENCE && server.child.try_wait()?.is_none() {
                if Client::open(port, 0).await.is_ok() {
                    return Ok(server);
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        Err("nats-server does not start".into())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection with an inbox.
struct Client {
    stream: BufReader<TcpStream>,
    inbox: String,
}

impl Client {
    async fn open(port: u16, number: usize) -> Outcome<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        let mut stream = BufReader::new(stream);
        let inbox = format!("_INBOX.{number}");
        let hello = format!("CONNECT {{\"verbose\":false,\"pedantic\":false}}\r\nSUB {inbox} 1\r\nPING\r\n");
        stream.get_mut().write_all(hello.as_bytes()).await?;
        let mut line = String::new();
        while !line.starts_with("PONG") {
            line.clear();
            if stream.read_line(&mut line).await? == 0 {
                return Err("the server closed the connection".into());
            }
        }
        Ok(Self { stream, inbox })
    }

    /// Publishes and waits for what comes back.
    async fn ask(&mut self, subject: &str, body: &[u8]) -> Outcome<Value> {
        let head = format!("PUB {subject} {} {}\r\n", self.inbox, body.len());
        let whole = [head.as_bytes(), body, b"\r\n"].concat();
        self.stream.get_mut().write_all(&whole).await?;
        let mut line = String::new();
        loop {
            line.clear();
            if self.stream.read_line(&mut line).await? == 0 {
                return Err("the server closed the connection".into());
            }
            if line.starts_with("MSG ") {
                let len: usize = line.split_whitespace().next_back().unwrap_or_default().parse()?;
                let mut body = vec![0; len + 2];
                self.stream.read_exact(&mut body).await?;
                return Ok(serde_json::from_slice(&body[..len])?);
            }
            if line.starts_with("PING") {
                self.stream.get_mut().write_all(b"PONG\r\n").await?;
            }
            if line.starts_with("-ERR") {
                return Err(line.into());
            }
        }
    }
}
