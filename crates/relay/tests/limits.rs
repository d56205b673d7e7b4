//! A relay among strangers who waste its connections, time and memory. Limits are short here; each test waits for what
//! happens, within [`BOUND`].

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the helpers of tests fail like tests"
)]

mod common;

use common::wire::*;
use common::{Log, page, receipt};
use futures_util::{SinkExt as _, StreamExt as _};
use primitives::encode;
use relay::{Patience, Running, Settings, start};
use relay_api::limits::WATCH_LOGS_MAX;
use relay_api::{Call, ProblemKind, Pushed, ReadToken, RelayAddress, Reply, WatchRequest};
use std::future::Future;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::Message;

/// However slow the machine is, what should happen has happened by then.
const BOUND: Duration = Duration::from_secs(60);
/// A limit that should be met in a test.
const SHORT: Duration = Duration::from_millis(400);

struct Scene {
    relay: Running,
    _data: TempDir,
}

impl Scene {
    async fn new(set: impl FnOnce(&mut Settings)) -> Self {
        let data = data();
        let mut settings = Settings::new("127.0.0.1:0".parse().unwrap(), data.path().to_owned());
        settings.reserve_bytes = 1024 * 1024;
        settings.append_burst = 100_000;
        set(&mut settings);
        Self {
            relay: start(settings).await.unwrap(),
            _data: data,
        }
    }

    fn address(&self) -> &RelayAddress {
        self.relay.address()
    }

    /// The relay serves others meanwhile.
    async fn serves(&self) {
        assert!(matches!(
            call(self.address(), &Call::Limits).await,
            Reply::Limits(_)
        ));
    }

    /// A log with entries of 256 KiB.
    async fn large_log(&self, entries: u8) -> Log {
        let log = Log::plain(1);
        call(self.address(), &log.create()).await;
        for number in 0..entries {
            receipt(call(self.address(), &log.append(&vec![number; 256 * 1024])).await);
        }
        log
    }
}

async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(BOUND, future)
        .await
        .expect("nothing happened in time")
}

/// Reads until the relay has closed the connection, whichever way.
async fn until_closed(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> Vec<u8> {
    let mut read = Vec::new();
    let mut part = vec![0; 64 * 1024];
    loop {
        match in_time(stream.read(&mut part)).await {
            Ok(0) | Err(_) => return read,
            Ok(len) => read.extend_from_slice(&part[..len]),
        }
    }
}

/// A stranger with a small receive buffer, so that what it does not read stays with the relay.
async fn lazy(address: &RelayAddress) -> TlsStream<TcpStream> {
    let hello = Hello {
        buffer: Some(16 * 1024),
        ..Hello::default()
    };
    connect_with(address, hello).await.unwrap()
}

fn request(call: &Call) -> Vec<u8> {
    let request = call.to_http(None);
    let head = format!(
        "{} {} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n",
        request.method.as_str(),
        request.path,
        request.body.len()
    );
    [head.into_bytes(), request.body].concat()
}

#[tokio::test]
async fn who_begins_no_handshake_is_dropped() {
    let patience = Patience {
        handshake: SHORT,
        ..Patience::default()
    };
    let scene = Scene::new(|settings| settings.patience = patience).await;
    let place = &scene.address().hosts[0];
    for words in [b"".as_slice(), &[22, 3, 1]] {
        let mut stream = TcpStream::connect((place.host.as_str(), place.port))
            .await
            .unwrap();
        stream.write_all(words).await.unwrap();
        assert!(until_closed(&mut stream).await.is_empty());
    }
    scene.serves().await;
}

#[tokio::test]
async fn who_sends_a_header_byte_by_byte_or_none_at_all_is_dropped() {
    let patience = Patience {
        header: SHORT,
        ..Patience::default()
    };
    let scene = Scene::new(|settings| settings.patience = patience).await;
    let mut silent = connect(scene.address()).await;
    let mut idle = connect(scene.address()).await;
    idle.write_all(&request(&Call::Limits)).await.unwrap();
    idle.flush().await.unwrap();
    let (mut reading, mut writing) = tokio::io::split(connect(scene.address()).await);
    let trickling = tokio::spawn(async move {
        let mut pace = tokio::time::interval(SHORT / 8);
        let endless = b"GET /v1/limits HTTP/1.1\r\nx: "
            .iter()
            .chain(std::iter::repeat(&b'a'));
        for byte in endless {
            pace.tick().await;
            if writing.write_all(&[*byte]).await.is_err() {
                return;
            }
        }
    });
    until_closed(&mut reading).await;
    in_time(trickling).await.unwrap();
    assert!(until_closed(&mut silent).await.is_empty());
    let answered = until_closed(&mut idle).await;
    assert!(
        answered.starts_with(b"HTTP/1.1 200"),
        "answered first, then dropped"
    );
    scene.serves().await;
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let scene = Scene::new(|_| {}).await;
    let many: String = (0..100).map(|number| format!("x{number}: y\r\n")).collect();
    let long = format!("x: {}\r\n", "y".repeat(64 * 1024));
    for fields in [many, long] {
        let mut stream = connect(scene.address()).await;
        let head = format!("GET /v1/limits HTTP/1.1\r\nhost: x\r\n{fields}\r\n");
        // The relay may have answered and closed before the end of it.
        let _ = stream.write_all(head.as_bytes()).await;
        let answer = until_closed(&mut stream).await;
        assert!(!answer.starts_with(b"HTTP/1.1 200"));
    }
    scene.serves().await;
}

#[tokio::test]
async fn a_body_that_does_not_arrive_holds_memory_for_a_limited_time() {
    let patience = Patience {
        body: SHORT,
        ..Patience::default()
    };
    let scene = Scene::new(|settings| {
        settings.patience = patience;
        settings.bodies_bytes_max = 300 * 1024;
    })
    .await;
    let log = Log::plain(1);
    call(scene.address(), &log.create()).await;
    let mut slow = connect(scene.address()).await;
    let announced = b"POST /v1/append HTTP/1.1\r\nhost: x\r\ncontent-length: 262144\r\n\r\nx";
    slow.write_all(announced).await.unwrap();
    slow.flush().await.unwrap();
    let large = log.append(&vec![1; 200 * 1024]);
    let answer = in_time(async {
        loop {
            match call(scene.address(), &large).await {
                Reply::Problem(problem) => assert_eq!(problem.kind, ProblemKind::Busy),
                other => return other,
            }
        }
    });
    assert_eq!(receipt(answer.await).index, 0);
    assert!(until_closed(&mut slow).await.starts_with(b"HTTP/1.1 400"));
}

#[tokio::test]
async fn there_are_no_more_connections_than_allowed_and_a_watch_is_one() {
    let scene = Scene::new(|settings| settings.connections_max = 2).await;
    let address = scene.address();
    let first = connect(address).await;
    let watch = watch_over(connect(address).await).await;
    for _ in 0..3 {
        assert!(
            connect_with(address, Hello::default()).await.is_err(),
            "a third connection"
        );
    }
    drop(first);
    let second = in_time(free_place(address)).await;
    assert!(
        connect_with(address, Hello::default()).await.is_err(),
        "the watch holds its place"
    );
    drop(watch);
    in_time(free_place(address)).await;
    drop(second);
}

async fn free_place(address: &RelayAddress) -> TlsStream<TcpStream> {
    loop {
        if let Ok(stream) = connect_with(address, Hello::default()).await {
            return stream;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_reply_that_is_not_read_holds_memory_for_a_limited_time() {
    let patience = Patience {
        body: SHORT * 5,
        ..Patience::default()
    };
    let scene = Scene::new(|settings| {
        settings.patience = patience;
        settings.bodies_bytes_max = 2 * 1024 * 1024;
    })
    .await;
    let log = scene.large_log(4).await;
    let whole = request(&log.read(0, u32::MAX));
    let mut lazy = lazy(scene.address()).await;
    // Many replies of a mebibyte: the system takes some of them, the relay keeps the next one, and no more.
    lazy.write_all(&whole.repeat(12)).await.unwrap();
    lazy.flush().await.unwrap();
    in_time(async {
        while !matches!(
            call(scene.address(), &log.read(0, u32::MAX)).await,
            Reply::Problem(problem) if problem.kind == ProblemKind::Busy
        ) {}
    })
    .await;
    scene.serves().await;
    // Dropped, and its memory given back, though it still reads nothing.
    in_time(async {
        while !matches!(
            call(scene.address(), &log.read(0, u32::MAX)).await,
            Reply::Page(_)
        ) {}
    })
    .await;
    let read = until_closed(&mut lazy).await;
    assert!(read.len() < 12 * 1024 * 1024, "cut before the end");
}

#[tokio::test]
async fn a_watch_that_takes_no_message_is_dropped_and_the_others_get_theirs() {
    const ENTRIES: u8 = 40;
    let patience = Patience {
        push: SHORT,
        ..Patience::default()
    };
    let scene = Scene::new(|settings| settings.patience = patience).await;
    let log = scene.large_log(ENTRIES).await;
    let ask = || {
        Message::binary(encode(&WatchRequest {
            log: log.id(),
            token: log.token(),
            from: 0,
        }))
    };
    let mut slow = watch_over(lazy(scene.address()).await).await;
    slow.send(ask()).await.unwrap();
    let mut quick = watch_over(connect(scene.address()).await).await;
    quick.send(ask()).await.unwrap();
    let mut taken = 0;
    while taken < usize::from(ENTRIES) {
        let Pushed::Page { page, .. } = in_time(pushed(&mut quick)).await else {
            panic!()
        };
        taken += page.entries.len();
    }
    // The slow one begins to read when its time is over: it finds some pages, and then the end.
    let over = tokio::time::Instant::now() + SHORT * 4;
    tokio::time::sleep_until(over).await;
    let mut late = 0;
    while let Some(Ok(message)) = in_time(slow.next()).await {
        late += usize::from(matches!(message, Message::Binary(_)));
    }
    assert!(
        late < usize::from(ENTRIES),
        "all of {late} pages were kept for it"
    );
    // It comes back with its position.
    receipt(call(scene.address(), &log.append(b"one more")).await);
    let from = u64::from(ENTRIES);
    assert_eq!(
        page(call(scene.address(), &log.read(from, 1)).await)
            .entries
            .len(),
        1
    );
}

#[tokio::test]
async fn a_watch_has_a_limited_number_of_logs_and_of_requests() {
    let scene = Scene::new(|_| {}).await;
    let mut logs = Vec::new();
    let mut sender = connect(scene.address()).await;
    for number in 0..=WATCH_LOGS_MAX {
        let mut log = Log::plain(1);
        log.record.nonce[..2].copy_from_slice(&u16::try_from(number).unwrap().to_be_bytes());
        sender.write_all(&request(&log.create())).await.unwrap();
        logs.push(log);
    }
    sender.flush().await.unwrap();
    in_time(async {
        let last = logs.last().unwrap();
        while !matches!(call(scene.address(), &last.read(0, 1)).await, Reply::Page(_)) {}
    })
    .await;
    let mut watch = watch_over(connect(scene.address()).await).await;
    let ask = |log: &Log| {
        Message::binary(encode(&WatchRequest {
            log: log.id(),
            token: log.token(),
            from: 0,
        }))
    };
    for log in &logs {
        watch.send(ask(log)).await.unwrap();
    }
    let Pushed::Refused { log, problem } = in_time(pushed(&mut watch)).await else {
        panic!()
    };
    assert_eq!(
        (log, problem.kind),
        (logs.last().unwrap().id(), ProblemKind::TooLarge)
    );
    // A flood of requests without a right to anything.
    let wrong = Message::binary(encode(&WatchRequest {
        log: logs[0].id(),
        token: ReadToken::new([0; 32]),
        from: 0,
    }));
    for _ in 0..4000 {
        watch.feed(wrong.clone()).await.unwrap();
    }
    watch.flush().await.unwrap();
    loop {
        match in_time(pushed(&mut watch)).await {
            Pushed::Refused { problem, .. } if problem.kind == ProblemKind::NotFound => {}
            Pushed::Refused { problem, .. } => break assert_eq!(problem.kind, ProblemKind::TooFast),
            other @ Pushed::Page { .. } => panic!("{other:?}"),
        }
    }
}
