//! The relay as a process, over real TLS on loopback.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the helpers of tests fail like tests"
)]

mod common;

use common::wire::*;
use common::{Log, page, receipt, refused};
use futures_util::SinkExt as _;
use primitives::encode;
use relay_api::{Call, ProblemKind, Pushed, ReadToken, Reply, WatchRequest};
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn creates_appends_reads_and_stops_cleanly() {
    let data = data();
    let process = Process::start(data.path(), &[]);
    let address = &process.address;
    assert_ne!(process.place().port, 0);
    let log = Log::plain(1);
    assert_eq!(
        call(address, &log.create()).await,
        Reply::Created { log: log.id() }
    );
    let (mut reader, key) = reader(address, &log).await;
    let first = receipt(call(address, &log.append(b"one")).await);
    assert_eq!(first.verify(log.id(), b"one", &key).unwrap().size, 1);
    assert_eq!(receipt(call(address, &log.append(b"one")).await).index, 0);
    assert_eq!(
        receipt(call(address, &log.append(&vec![2; 256 * 1024])).await).index,
        1
    );
    reader
        .extend(&page(call(address, &log.read(0, 1)).await), &key)
        .unwrap();
    reader
        .extend(&page(call(address, &log.read(1, u32::MAX)).await), &key)
        .unwrap();
    assert_eq!(reader.size(), 2);
    let consistency = Call::Consistency {
        log: log.id(),
        token: log.token(),
        from: 1,
        to: 2,
    };
    assert!(matches!(call(address, &consistency).await, Reply::Consistency { path } if path.len() == 1));
    assert!(
        matches!(call(address, &Call::Limits).await, Reply::Limits(limits) if !limits.create_needs_token)
    );
    let (code, printed) = process.end(rustix::process::Signal::TERM);
    assert_eq!((code, printed.as_str()), (Some(0), ""));
}

#[tokio::test]
async fn refuses_what_is_wrong_with_a_problem_and_an_unchanged_log() {
    let data = data();
    let process = Process::start(data.path(), &[]);
    let address = &process.address;
    let log = Log::plain(1);
    call(address, &log.create()).await;
    receipt(call(address, &log.append(b"one")).await);

    let Call::Append { log: id, entry, .. } = log.append(b"two") else {
        panic!()
    };
    let forged = Call::Append {
        log: id,
        entry,
        signature: [1; 64].into(),
    };
    refused(&call(address, &forged).await, ProblemKind::NotFound);
    refused(
        &call(address, &Log::plain(2).append(b"x")).await,
        ProblemKind::NotFound,
    );
    let forbidden = Call::Read {
        log: id,
        token: ReadToken::new([0; 32]),
        from: 0,
        bytes_max: 1,
        known: None,
    };
    refused(&call(address, &forbidden).await, ProblemKind::NotFound);
    refused(
        &call(address, &log.append(&vec![0; 300_000])).await,
        ProblemKind::TooLarge,
    );
    refused(&call(address, &log.read(2, 1)).await, ProblemKind::OutOfRange);
    let blob = |len| Call::PutBlob {
        log: id,
        token: log.token(),
        bytes: vec![0; len],
    };
    const BLOB_BYTES_MAX: usize = 1024 * 1024;
    refused(
        &call(address, &blob(BLOB_BYTES_MAX + 1)).await,
        ProblemKind::WrongLength,
    );
    refused(
        &call(address, &blob(BLOB_BYTES_MAX + 2000)).await,
        ProblemKind::TooLarge,
    );
    refused(&call(address, &blob(0)).await, ProblemKind::WrongLength);
    refused(&call(address, &log.append(&[])).await, ProblemKind::WrongLength);

    let whole = encode(&log.append(b"two"));
    let trailing = [whole.clone(), vec![0]].concat();
    let misplaced = encode(&log.read(0, 1));
    for body in [
        whole[..whole.len() - 1].to_vec(),
        trailing,
        misplaced,
        vec![],
        vec![0xff; 100],
    ] {
        let (status, body) = exchange(address, "POST", "/v1/append", body).await;
        refused(&Reply::from_http(status, &body).unwrap(), ProblemKind::Malformed);
    }
    for (method, path) in [
        ("GET", "/v1/append"),
        ("POST", "/v1/keys"),
        ("GET", "/"),
        ("DELETE", "/v1/read"),
    ] {
        let (status, body) = exchange(address, method, path, vec![]).await;
        assert_eq!(status, 404);
        refused(
            &Reply::from_http(status, &body).unwrap(),
            ProblemKind::NoSuchEndpoint,
        );
    }
    assert_eq!(page(call(address, &log.read(0, u32::MAX)).await).entries.len(), 1);
}

#[tokio::test]
async fn who_writes_too_fast_is_told_when_to_come_again_and_readers_go_on() {
    let data = data();
    let more = ["--append-burst", "3", "--append-every-ms", "3600000"];
    let process = Process::start(data.path(), &more);
    let address = &process.address;
    let (log, other) = (Log::plain(1), Log::plain(2));
    call(address, &log.create()).await;
    call(address, &other.create()).await;
    for number in 0..3 {
        receipt(call(address, &log.append(&[number])).await);
    }
    let problem = refused(
        &call(address, &log.append(b"too fast")).await,
        ProblemKind::TooFast,
    );
    assert!(
        problem
            .retry_ms
            .is_some_and(|ms| (3_000_000..=3_600_000).contains(&ms))
    );
    let blob = Call::PutBlob {
        log: log.id(),
        token: log.token(),
        bytes: vec![1],
    };
    refused(&call(address, &blob).await, ProblemKind::TooFast);
    assert_eq!(page(call(address, &log.read(0, u32::MAX)).await).entries.len(), 3);
    receipt(call(address, &other.append(b"another log has a rate of its own")).await);
}

#[tokio::test]
async fn every_answered_append_survives_kill_9() {
    let data = data();
    let log = Log::plain(1);
    let mut answered: Vec<(u64, Vec<u8>)> = Vec::new();
    let mut relay = None;
    for round in 0..3u8 {
        let process = Process::start(data.path(), &[]);
        let address = process.address.clone();
        assert_eq!(
            *relay.get_or_insert(address.relay),
            address.relay,
            "the address stays"
        );
        call(&address, &log.create()).await;
        let entries = (0..12u8).map(|i| vec![round, i]);
        let calls: Vec<_> = entries
            .map(|entry| {
                let (address, append) = (address.clone(), log.append(&entry));
                tokio::spawn(async move { (receipt(call(&address, &append).await).index, entry) })
            })
            .collect();
        for done in calls {
            answered.push(done.await.unwrap());
        }
        // One more is on its way when the kill comes; if it is answered, it counts.
        let (late, entry) = (address.clone(), vec![round, 99]);
        let append = log.append(&entry);
        let on_its_way = tokio::spawn(async move { receipt(call(&late, &append).await).index });
        let (code, _) = process.end(rustix::process::Signal::KILL);
        assert_eq!(code, None);
        answered.extend(on_its_way.await.ok().map(|index| (index, entry)));
    }
    let process = Process::start(data.path(), &[]);
    let (mut reader, key) = reader(&process.address, &log).await;
    let page = page(call(&process.address, &log.read(0, u32::MAX)).await);
    reader.extend(&page, &key).unwrap();
    for (index, entry) in answered {
        assert_eq!(page.entries[usize::try_from(index).unwrap()].bytes, entry);
    }
}

#[tokio::test]
async fn a_data_directory_in_use_is_refused() {
    let data = data();
    let _process = Process::start(data.path(), &[]);
    let output = command(data.path(), &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("in use by another relay"), "{message}");
}

#[tokio::test]
async fn prints_the_advertised_address_and_no_token() {
    let (data, files) = (data(), data());
    let token = files.path().join("token");
    std::fs::write(&token, "s3cret\n").unwrap();
    let more = [
        "--advertise",
        "relay.example:443",
        "--create-token-file",
        token.to_str().unwrap(),
    ];
    let process = Process::start(data.path(), &more);
    assert_eq!(process.place().to_string(), "relay.example:443");
    assert_eq!(process.address.token, None);
}

#[tokio::test]
async fn a_watch_pushes_what_is_there_and_what_comes() {
    let data = data();
    let process = Process::start(data.path(), &[]);
    let address = &process.address;
    let (log, other) = (Log::plain(1), Log::plain(2));
    call(address, &log.create()).await;
    call(address, &other.create()).await;
    receipt(call(address, &log.append(b"before")).await);

    let stream = connect(address).await;
    let mut socket = watch_over(stream).await;
    let watch = |log: &Log, token| {
        Message::binary(encode(&WatchRequest {
            log: log.id(),
            token,
            from: 0,
        }))
    };
    socket.send(watch(&other, ReadToken::new([0; 32]))).await.unwrap();
    let Pushed::Refused { problem, .. } = pushed(&mut socket).await else {
        panic!()
    };
    assert_eq!(problem.kind, ProblemKind::NotFound);
    socket.send(watch(&log, log.token())).await.unwrap();
    socket.send(watch(&other, other.token())).await.unwrap();

    let (mut reader, key) = reader(address, &log).await;
    let Pushed::Page { log: id, page } = pushed(&mut socket).await else {
        panic!()
    };
    assert_eq!(id, log.id());
    reader.extend(&page, &key).unwrap();
    receipt(call(address, &other.append(b"else")).await);
    let Pushed::Page { log: id, .. } = pushed(&mut socket).await else {
        panic!()
    };
    assert_eq!(id, other.id());
    for entry in [b"a", b"b", b"c"] {
        receipt(call(address, &log.append(entry)).await);
        let Pushed::Page { page, .. } = pushed(&mut socket).await else {
            panic!()
        };
        reader.extend(&page, &key).unwrap();
    }
    assert_eq!(reader.size(), 4);
    let (code, _) = process.end(rustix::process::Signal::INT);
    assert_eq!(code, Some(0));
}
