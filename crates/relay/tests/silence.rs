//! What a loaded relay writes about its work: nothing by which anybody could be found.

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
use data_encoding::{BASE32_NOPAD, BASE64, HEXLOWER};
use futures_util::SinkExt as _;
use primitives::encode;
use relay_api::{Call, CreateToken, ProblemKind, ReadToken, Reply, WatchRequest};
use rustix::process::Signal;
use std::io::Read as _;
use std::process::Stdio;
use tokio_tungstenite::tungstenite::Message;

const TOKEN: &str = "a-token-that-is-nobodys-business";

/// Every way in which bytes may be written down.
fn spellings(bytes: &[u8]) -> Vec<String> {
    let debug = format!("{bytes:?}");
    vec![
        HEXLOWER.encode(bytes),
        HEXLOWER.encode(&bytes[..8]),
        BASE64.encode(bytes)[..40].to_owned(),
        BASE32_NOPAD.encode(bytes).to_lowercase(),
        debug.trim_matches(['[', ']']).to_owned(),
    ]
}

#[tokio::test]
async fn logs_of_operation_hold_no_log_ids_tokens_or_addresses() {
    let (data, files) = (data(), data());
    let token = files.path().join("token");
    std::fs::write(&token, TOKEN).unwrap();
    let more = [
        "--create-token-file",
        token.to_str().unwrap(),
        "--append-burst",
        "5",
        "--append-every-ms",
        "3600000",
    ];
    for json in [false, true] {
        let mut command = command(data.path(), &more);
        command.env("RUST_LOG", "trace");
        if json {
            command.arg("--log-json");
        }
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let reading = std::thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).unwrap();
            text
        });
        let process = Process::of(child);
        let address = &process.address;
        let log = Log::plain(if json { 2 } else { 1 });
        let mut places = Vec::new();

        // Everything that a relay does, and everything that it refuses.
        refused(&call(address, &log.create()).await, ProblemKind::TokenNeeded);
        let create = log.create().to_http(Some(&CreateToken::new(TOKEN).unwrap()));
        let stream = connect(address).await;
        places.push(stream.get_ref().0.local_addr().unwrap());
        created(stream, create).await;
        for number in 0..5 {
            receipt(call(address, &log.append(&[number])).await);
        }
        refused(
            &call(address, &log.append(b"too fast")).await,
            ProblemKind::TooFast,
        );
        assert!(matches!(call(address, &log.read(0, 100)).await, Reply::Page(_)));
        let wrong = Call::Read {
            log: log.id(),
            token: ReadToken::new([3; 32]),
            from: 0,
            bytes_max: 1,
            known: None,
        };
        refused(&call(address, &wrong).await, ProblemKind::NotFound);
        exchange(address, "POST", "/v1/append", vec![0xff; 100]).await;
        exchange(address, "GET", "/v1/nothing", vec![]).await;
        let stream = connect(address).await;
        places.push(stream.get_ref().0.local_addr().unwrap());
        let mut watch = watch_over(stream).await;
        let request = WatchRequest {
            log: log.id(),
            token: log.token(),
            from: 0,
        };
        watch.send(Message::binary(encode(&request))).await.unwrap();
        pushed(&mut watch).await;
        // Nobody who speaks TLS.
        let mut stranger =
            tokio::net::TcpStream::connect((process.place().host.as_str(), process.place().port))
                .await
                .unwrap();
        places.push(stranger.local_addr().unwrap());
        tokio::io::AsyncWriteExt::write_all(&mut stranger, b"GET / HTTP/1.1\r\n\r\n")
            .await
            .unwrap();
        let mut rest = Vec::new();
        let _ = tokio::io::AsyncReadExt::read_to_end(&mut stranger, &mut rest).await;
        process.end(Signal::TERM);
        let text = reading.join().unwrap();

        assert!(
            text.contains("too-fast") && text.contains("token-needed"),
            "it says what it does:\n{text}"
        );
        let mut secrets = spellings(log.id().as_bytes());
        secrets.extend(spellings(&encode(&log.token())[2..]));
        secrets.extend(spellings(&[3; 32]));
        secrets.extend(spellings(log.record.append_key.as_bytes()));
        secrets.push(TOKEN.to_owned());
        secrets.extend(places.iter().map(ToString::to_string));
        for secret in secrets {
            assert!(!text.contains(&secret), "{secret} is in\n{text}");
        }
    }
}

/// Sends a call with a token over this connection.
async fn created(
    stream: tokio_rustls::client::TlsStream<tokio::net::TcpStream>,
    call: relay_api::HttpRequest,
) {
    use http_body_util::Full;
    let io = hyper_util::rt::TokioIo::new(stream);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
    let driving = tokio::spawn(connection);
    let mut request = hyper::Request::builder()
        .method(call.method.as_str())
        .uri(call.path)
        .header("host", "localhost");
    for (name, value) in call.headers {
        request = request.header(name, value);
    }
    let request = request
        .body(Full::new(hyper::body::Bytes::from(call.body)))
        .unwrap();
    assert_eq!(sender.send_request(request).await.unwrap().status().as_u16(), 200);
    driving.abort();
}
