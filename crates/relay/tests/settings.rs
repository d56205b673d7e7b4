//! Settings of a relay process: by the command line, the environment and a file; and its metrics.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the helpers of tests fail like tests"
)]

mod common;

use common::wire::*;
use common::{Log, receipt, refused};
use relay_api::{Call, ProblemKind, Reply};
use rustix::process::Signal;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_veche-relay"));
    command.arg("serve").env_clear();
    command
}

/// A file of settings beside a data directory.
fn file(dir: &TempDir, text: &str) -> PathBuf {
    let path = dir.path().join("relay.toml");
    let data = dir.path().join("data");
    let text = text.replace("DATA", data.to_str().unwrap());
    std::fs::write(&path, text).unwrap();
    path
}

fn message(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr.clone()).unwrap()
}

async fn burst(command: Command) -> u32 {
    let process = Process::run(command);
    match call(&process.address, &Call::Limits).await {
        Reply::Limits(limits) => limits.append_burst,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_command_line_counts_before_the_environment_and_that_before_the_file() {
    let dir = data();
    let path = file(
        &dir,
        "listen = \"127.0.0.1:0\"\ndata = \"DATA\"\nappend-burst = 7\nreserve-mib = 1\nlog-json = true\n",
    );
    let command = || {
        let mut command = program();
        command.arg("--config").arg(&path);
        command
    };
    assert_eq!(burst(command()).await, 7);
    let mut with_environment = command();
    with_environment.env("VECHE_RELAY_APPEND_BURST", "8");
    assert_eq!(burst(with_environment).await, 8);
    let mut with_all = command();
    with_all.env("VECHE_RELAY_APPEND_BURST", "8");
    with_all.args(["--append-burst", "9"]);
    assert_eq!(burst(with_all).await, 9);
    let mut by_environment = program();
    by_environment.env("VECHE_RELAY_CONFIG", &path);
    by_environment.env("VECHE_RELAY_ADVERTISE", "relay.example:1,[::1]:2");
    assert_eq!(Process::run(by_environment).address.hosts.len(), 2);
}

#[test]
fn settings_that_make_no_sense_are_refused_with_the_line_and_what_to_do() {
    let dir = data();
    let sentence = |text: &str| message(&program().arg("--config").arg(file(&dir, text)).output().unwrap());
    let unknown = sentence("listen = \"127.0.0.1:0\"\n\napend-burst = 7\n");
    for part in ["relay.toml", "line 3", "apend-burst", "append-burst"] {
        assert!(unknown.contains(part), "{part} is not in\n{unknown}");
    }
    assert!(sentence("append-burst = \"many\"\n").contains("line 1"));
    let beyond = |more: &str| sentence(&format!("listen = \"127.0.0.1:0\"\ndata = \"DATA\"\n{more}\n"));
    assert!(beyond("store = \"redis://a:1\"").contains("nats://HOST:PORT"));
    assert!(beyond("store-ca-file = \"ca.pem\"").contains("need --store"));
    assert!(sentence("config = \"another.toml\"\n").contains("config"));
    assert!(sentence("listen = \"127.0.0.1:0\"\n").contains("--data is needed"));
    assert!(sentence("data = \"DATA\"\n").contains("VECHE_RELAY_LISTEN"));
    let absent = program()
        .args(["--config", "/nonexistent/relay.toml"])
        .output()
        .unwrap();
    assert!(message(&absent).contains("/nonexistent/relay.toml"));
}

#[test]
fn metrics_are_shown_to_others_only_if_that_is_said() {
    let dir = data();
    let text = "listen = \"127.0.0.1:0\"\ndata = \"DATA\"\nreserve-mib = 1\nmetrics = \"0.0.0.0:0\"\n";
    let path = file(&dir, text);
    let refused = message(&program().arg("--config").arg(&path).output().unwrap());
    assert!(refused.contains("--metrics-public"), "{refused}");
    let mut insisting = program();
    insisting.arg("--config").arg(&path).arg("--metrics-public");
    let (code, _) = Process::run(insisting).end(Signal::TERM);
    assert_eq!(code, Some(0));
}

/// A relay whose logs are read, and where it shows its metrics.
struct Talking {
    process: Process,
    metrics: SocketAddr,
}

impl Talking {
    fn start(data: &Path, more: &[&str]) -> Self {
        let mut command = command(data, &["--metrics", "127.0.0.1:0"]);
        command.args(more).env("RUST_LOG", "trace");
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (say, said) = std::sync::mpsc::channel();
        let stderr = child.stderr.take().unwrap();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let at = line
                    .split("http://")
                    .nth(1)
                    .and_then(|rest| rest.split('/').next());
                if let Some(at) = at {
                    let _ = say.send(at.parse::<SocketAddr>().unwrap());
                }
            }
        });
        Self {
            process: Process::of(child),
            metrics: said.recv().unwrap(),
        }
    }

    fn metrics(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.metrics).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// The value of a metric.
    fn value(&self, name: &str) -> f64 {
        let text = self.metrics("GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n");
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{name} ")));
        line.unwrap_or_else(|| panic!("{name} is not in\n{text}"))
            .parse()
            .unwrap()
    }
}

#[tokio::test]
async fn metrics_say_what_the_relay_does_and_nothing_else_is_answered_there() {
    let data = data();
    let relay = Talking::start(data.path(), &[]);
    let address = &relay.process.address;
    let log = Log::plain(1);
    call(address, &log.create()).await;
    for number in 0..3 {
        receipt(call(address, &log.append(&[number; 100])).await);
    }
    refused(
        &call(address, &Log::plain(2).append(b"x")).await,
        ProblemKind::NotFound,
    );
    let watch = watch_over(connect(address).await).await;
    for (name, value) in [
        ("appends_total", 3.0),
        ("append_bytes_total", 300.0),
        ("commits_total", 4.0),
        ("commit_seconds_count", 4.0),
        ("batch_entries_count", 4.0),
        ("calls_total", 5.0),
        ("refusals_total{problem=\"not-found\"}", 1.0),
        ("watches", 1.0),
        ("logs_behind", 0.0),
        ("logs_broken", 0.0),
        ("recovering", 0.0),
        ("clock_stopped", 0.0),
    ] {
        assert_eq!(relay.value(&format!("veche_relay_{name}")), value, "{name}");
    }
    assert!(relay.value("veche_relay_disk_free_bytes") > 0.0);
    assert!(relay.value("veche_relay_received_bytes_total") > 300.0);
    for request in [
        "GET / HTTP/1.1\r\nhost: x\r\n\r\n",
        "POST /metrics HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n",
    ] {
        assert!(relay.metrics(request).starts_with("HTTP/1.1 404"));
    }
    let text = relay.metrics("GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n");
    assert!(text.starts_with("HTTP/1.1 200"));
    assert!(text.trim_end().ends_with("# EOF"));
    for secret in [log.id().to_string(), address.relay.to_string()] {
        assert!(!text.contains(&secret));
    }
    drop(watch);
}

#[test]
fn the_service_manager_is_told_when_it_is_ready_and_when_it_stops() {
    let dir = data();
    let place = dir.path().join("notify");
    let socket = std::os::unix::net::UnixDatagram::bind(&place).unwrap();
    let mut command = command(dir.path(), &[]);
    command.env("NOTIFY_SOCKET", &place);
    let process = Process::run(command);
    let said = || {
        let mut words = [0; 256];
        let len = socket.recv(&mut words).unwrap();
        String::from_utf8(words[..len].to_vec()).unwrap()
    };
    assert_eq!(said().trim(), "READY=1");
    let (code, _) = process.end(Signal::TERM);
    assert_eq!(code, Some(0));
    assert_eq!(said().trim(), "STOPPING=1");
}
