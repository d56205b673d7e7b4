//! The relay as a process, over real TLS on loopback.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the helpers of tests fail like tests"
)]

mod common;

use common::{Log, page, receipt, refused};
use futures_util::{SinkExt as _, StreamExt as _};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use primitives::{VerifyingKey, decode_canonical, encode};
use relay_api::{
    Call, HostPort, ProblemKind, Pushed, ReadToken, RelayAddress, RelayKeys, Reply, WATCH_PATH, WatchRequest,
    relay_id,
};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use tempfile::TempDir;
use tlog::{Origin, Reader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::Message;

struct Process {
    child: Child,
    address: RelayAddress,
}

impl Process {
    fn start(data: &Path, more: &[&str]) -> Self {
        let mut child = command(data, more)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        Self {
            child,
            address: line.parse().unwrap(),
        }
    }

    fn place(&self) -> &HostPort {
        &self.address.hosts[0]
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, signal).unwrap();
    }

    /// Ends it and gives back the exit status and what else it printed on standard output.
    fn end(mut self, signal: rustix::process::Signal) -> (Option<i32>, String) {
        self.signal(signal);
        let status = self.child.wait().unwrap();
        let mut rest = String::new();
        self.child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut rest)
            .unwrap();
        (status.code(), rest)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(data: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_veche-relay"));
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--reserve-mib", "1", "--data"])
        .arg(data)
        .args(more);
    command
}

/// Trusts the chain's second certificate if its key hashes to the pin, and then nothing but it.
#[derive(Debug)]
struct Pinned {
    relay: primitives::RelayId,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        const SPKI: [u8; 12] = [
            0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
        ];
        let [authority] = others else {
            return Err(CertificateError::UnknownIssuer.into());
        };
        let at = authority.windows(12).position(|window| window == SPKI).unwrap() + 12;
        let key = VerifyingKey::new(authority[at..at + 32].try_into().unwrap());
        if relay_id(&key) != self.relay {
            return Err(CertificateError::UnknownIssuer.into());
        }
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone().into_owned())?;
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&self.provider))
                .build()
                .unwrap();
        verifier.verify_server_cert(leaf, &[], name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.2".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

async fn connect_with(
    address: &RelayAddress,
    provider: CryptoProvider,
) -> std::io::Result<TlsStream<TcpStream>> {
    let provider = Arc::new(provider);
    let verifier = Arc::new(Pinned {
        relay: address.relay,
        provider: Arc::clone(&provider),
    });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    let place = &address.hosts[0];
    let stream = TcpStream::connect((place.host.as_str(), place.port)).await?;
    TlsConnector::from(Arc::new(config))
        .connect(ServerName::try_from("localhost").unwrap(), stream)
        .await
}

async fn connect(address: &RelayAddress) -> TlsStream<TcpStream> {
    connect_with(address, aws_lc_rs::default_provider())
        .await
        .unwrap()
}

/// One request over a connection of its own, as bytes.
async fn exchange(address: &RelayAddress, method: &str, path: &str, body: Vec<u8>) -> (u16, Vec<u8>) {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(connect(address).await))
            .await
            .unwrap();
    let driving = tokio::spawn(connection);
    let request = hyper::Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost");
    let response = sender
        .send_request(request.body(Full::new(Bytes::from(body))).unwrap())
        .await
        .unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    drop(sender);
    driving.abort();
    (status, body.to_vec())
}

async fn call(address: &RelayAddress, call: &Call) -> Reply {
    let request = call.to_http(None);
    let (status, body) = exchange(address, request.method.as_str(), request.path, request.body).await;
    Reply::from_http(status, &body).unwrap()
}

async fn reader(address: &RelayAddress, log: &Log) -> (Reader, tlog::CheckpointKey) {
    let Reply::Keys(keys) = call(address, &Call::Keys).await else {
        panic!()
    };
    let key = RelayKeys::verify(keys, address.relay).unwrap().checkpoint_key();
    (
        Reader::new(Origin {
            relay: address.relay,
            log: log.id(),
        }),
        key,
    )
}

fn data() -> TempDir {
    tempfile::tempdir().unwrap()
}

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
    };
    refused(&call(address, &forbidden).await, ProblemKind::NotFound);
    refused(
        &call(address, &log.append(&vec![0; 300_000])).await,
        ProblemKind::TooLarge,
    );
    refused(&call(address, &log.read(2, 1)).await, ProblemKind::OutOfRange);

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
async fn speaks_only_post_quantum_tls_1_3_and_only_with_its_own_key() {
    let data = data();
    let process = Process::start(data.path(), &[]);
    let classical = CryptoProvider {
        kx_groups: vec![aws_lc_rs::kx_group::X25519, aws_lc_rs::kx_group::SECP256R1],
        ..aws_lc_rs::default_provider()
    };
    assert!(connect_with(&process.address, classical).await.is_err());
    let other = RelayAddress {
        relay: primitives::RelayId::new([1; 32]),
        ..process.address.clone()
    };
    assert!(connect_with(&other, aws_lc_rs::default_provider()).await.is_err());
    let tls = connect(&process.address).await;
    let (_, session) = tls.get_ref();
    assert_eq!(session.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_3));
    assert_eq!(
        session.negotiated_key_exchange_group().unwrap().name(),
        rustls::NamedGroup::X25519MLKEM768
    );
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
    let (mut socket, _) = tokio_tungstenite::client_async(format!("wss://localhost{WATCH_PATH}"), stream)
        .await
        .unwrap();
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

async fn pushed(socket: &mut tokio_tungstenite::WebSocketStream<TlsStream<TcpStream>>) -> Pushed {
    loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Binary(bytes) => return decode_canonical(&bytes).unwrap(),
            Message::Ping(_) => {}
            other => panic!("{other:?}"),
        }
    }
}
