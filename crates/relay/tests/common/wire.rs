//! A relay process, and a client that speaks its TLS and HTTP and nothing of ours.

use super::Log;
use futures_util::StreamExt as _;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use primitives::{VerifyingKey, decode_canonical};
use relay_api::{Call, HostPort, Pushed, RelayAddress, RelayKeys, Reply, WATCH_PATH, relay_id};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tlog::{Origin, Reader};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

pub(crate) struct Process {
    child: Child,
    pub(crate) address: RelayAddress,
}

impl Process {
    pub(crate) fn start(data: &Path, more: &[&str]) -> Self {
        Self::run(command(data, more))
    }

    /// A relay whose files cannot grow beyond `blocks` of 512 bytes: writes fail as on a full disk.
    pub(crate) fn start_confined(data: &Path, more: &[&str], blocks: u32) -> Self {
        let relay = command(data, more);
        let confine = format!("trap '' XFSZ; ulimit -f {blocks} && exec \"$0\" \"$@\"");
        let mut shell = Command::new("sh");
        shell
            .arg("-c")
            .arg(confine)
            .arg(relay.get_program())
            .args(relay.get_args());
        Self::run(shell)
    }

    pub(crate) fn run(command: Command) -> Self {
        Self::run_saying(command, Stdio::null())
    }

    /// Starts it with somewhere for what it says on standard error.
    pub(crate) fn run_saying(mut command: Command, to: Stdio) -> Self {
        let child = command.stdout(Stdio::piped()).stderr(to).spawn().unwrap();
        Self::of(child)
    }

    /// A relay that has been started, with its output piped.
    pub(crate) fn of(mut child: Child) -> Self {
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        Self {
            child,
            address: line.parse().unwrap(),
        }
    }

    /// Starts it, or gives back its exit status and what it said on standard error.
    pub(crate) fn attempt(mut command: Command) -> Result<Self, (Option<i32>, String)> {
        let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        match line.parse() {
            Ok(address) => Ok(Self { child, address }),
            Err(_) => {
                let output = child.wait_with_output().unwrap();
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                Err((output.status.code(), said))
            }
        }
    }

    pub(crate) fn place(&self) -> &HostPort {
        &self.address.hosts[0]
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, signal).unwrap();
    }

    /// The process that was started; the relay itself, unless something else was started to run it.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has ended by itself.
    pub(crate) fn wait(mut self) {
        self.child.wait().unwrap();
    }

    /// Ends it and gives back the exit status and what else it printed on standard output.
    pub(crate) fn end(mut self, signal: rustix::process::Signal) -> (Option<i32>, String) {
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

pub(crate) fn command(data: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_veche-relay"));
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--reserve-mib", "1", "--data"])
        .arg(data)
        .args(more);
    command
}

/// Trusts the chain's second certificate if its key hashes to the pin, and then nothing but it.
#[derive(Debug)]
pub(crate) struct Pinned {
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

/// What a client brings to a handshake.
pub(crate) struct Hello {
    pub(crate) provider: CryptoProvider,
    /// The client's clock, in seconds since 1970; the machine's if there is none.
    pub(crate) clock: Option<u64>,
    /// The size of its receive buffer, in bytes.
    pub(crate) buffer: Option<u32>,
}

impl Default for Hello {
    fn default() -> Self {
        Self {
            provider: aws_lc_rs::default_provider(),
            clock: None,
            buffer: None,
        }
    }
}

#[derive(Debug)]
struct Clock(Option<u64>);

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        let at = self
            .0
            .map(|at| UnixTime::since_unix_epoch(Duration::from_secs(at)));
        at.or_else(|| Some(UnixTime::now()))
    }
}

pub(crate) async fn connect_with(
    address: &RelayAddress,
    hello: Hello,
) -> std::io::Result<TlsStream<TcpStream>> {
    let provider = Arc::new(hello.provider);
    let verifier = Arc::new(Pinned {
        relay: address.relay,
        provider: Arc::clone(&provider),
    });
    let config = ClientConfig::builder_with_details(provider, Arc::new(Clock(hello.clock)))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    let place = &address.hosts[0];
    let socket = TcpSocket::new_v4()?;
    if let Some(bytes) = hello.buffer {
        socket.set_recv_buffer_size(bytes)?;
    }
    let to = SocketAddr::new(place.host.parse().unwrap(), place.port);
    TlsConnector::from(Arc::new(config))
        .connect(
            ServerName::try_from("localhost").unwrap(),
            socket.connect(to).await?,
        )
        .await
}

pub(crate) async fn connect(address: &RelayAddress) -> TlsStream<TcpStream> {
    connect_with(address, Hello::default()).await.unwrap()
}

/// One request over a connection of its own, as bytes.
pub(crate) async fn exchange(
    address: &RelayAddress,
    method: &str,
    path: &str,
    body: Vec<u8>,
) -> (u16, Vec<u8>) {
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

pub(crate) async fn call(address: &RelayAddress, call: &Call) -> Reply {
    let request = call.to_http(None);
    let (status, body) = exchange(address, request.method.as_str(), request.path, request.body).await;
    Reply::from_http(status, &body).unwrap()
}

pub(crate) async fn reader(address: &RelayAddress, log: &Log) -> (Reader, tlog::CheckpointKey) {
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

pub(crate) fn data() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// A watch over a stream of its own.
pub(crate) async fn watch_over(stream: TlsStream<TcpStream>) -> WebSocketStream<TlsStream<TcpStream>> {
    let watch = tokio_tungstenite::client_async(format!("wss://localhost{WATCH_PATH}"), stream).await;
    watch.unwrap().0
}

pub(crate) async fn pushed(socket: &mut WebSocketStream<TlsStream<TcpStream>>) -> Pushed {
    pushed_or_end(socket).await.expect("a watch that goes on")
}

/// The next thing pushed; none when the connection has ended.
pub(crate) async fn pushed_or_end(socket: &mut WebSocketStream<TlsStream<TcpStream>>) -> Option<Pushed> {
    loop {
        match socket.next().await?.ok()? {
            Message::Binary(bytes) => return Some(decode_canonical(&bytes).unwrap()),
            Message::Ping(_) => {}
            Message::Close(_) => return None,
            other => panic!("{other:?}"),
        }
    }
}
