//! One connection to one relay: carrier, then pinned TLS.

use crate::carrier::{Carrier, Circuit};
use crate::error::TransportError;
use crate::session::Session;
use crate::{pin, socks};
use relay_api::{HostPort, RelayAddress};
use rustls::pki_types::{DnsName, ServerName};
use rustls::{CertificateError, Error};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// The name shown in the clear where the relay has only a number. Browsers show some name nearly always.
const ORDINARY_NAME: &str = "www.example.com";

/// An open connection, below HTTP.
pub(crate) type Wire = TlsStream<TcpStream>;

/// How long to wait for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection to one host, all layers together.
    pub connect: Duration,
    /// For the head of an answer once the call is sent.
    pub answer: Duration,
    /// For the next bytes of an answer: a frozen connection is noticed after this.
    pub stall: Duration,
    /// For any sign of life of a watch, after which it is asked for one; twice this and it counts as dead.
    pub silence: Duration,
}

impl Default for Timeouts {
    /// Long enough for Tor: 30 s to connect, 30 s for an answer, 10 s of stalling, 30 s of silence.
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            connect: seconds(30),
            answer: seconds(30),
            stall: seconds(10),
            silence: seconds(30),
        }
    }
}

/// Connects to the first host of `address` that answers as the relay, for calls.
///
/// # Errors
/// [`TransportError`]: of the host that got furthest; [`TransportError::WrongRelay`] above all others.
pub async fn connect(
    address: &RelayAddress,
    carrier: &Carrier,
    circuit: &Circuit,
    timeouts: &Timeouts,
) -> Result<Session, TransportError> {
    let (wire, host) = open(address, carrier, circuit, timeouts).await?;
    Session::over(wire, host, address, *timeouts).await
}

/// As [`connect`], below HTTP; also says which host answered.
pub(crate) async fn open<'a>(
    address: &'a RelayAddress,
    carrier: &Carrier,
    circuit: &Circuit,
    timeouts: &Timeouts,
) -> Result<(Wire, &'a HostPort), TransportError> {
    let config =
        pin::config(address.relay).map_err(|error| TransportError::NoHandshake(error.to_string()))?;
    let connector = TlsConnector::from(Arc::new(config));
    let mut worst: Option<TransportError> = None;
    for host in &address.hosts {
        let attempt = timeout(timeouts.connect, open_one(host, carrier, circuit, &connector)).await;
        match attempt.unwrap_or(Err(TransportError::Timeout("connecting"))) {
            Ok(wire) => return Ok((wire, host)),
            Err(error) => {
                worst = match worst {
                    Some(before) if weight(&before) > weight(&error) => Some(before),
                    _ => Some(error),
                };
            }
        }
    }
    Err(worst.unwrap_or_else(|| TransportError::Unreachable {
        at: "no host".into(),
        reason: "the address names none".into(),
    }))
}

/// How much an error says about the relay: the further an attempt got, the more.
const fn weight(error: &TransportError) -> u8 {
    match error {
        TransportError::WrongRelay => 3,
        TransportError::WrongTime => 2,
        TransportError::NoHandshake(_) | TransportError::Closed => 1,
        _ => 0,
    }
}

async fn open_one(
    host: &HostPort,
    carrier: &Carrier,
    circuit: &Circuit,
    connector: &TlsConnector,
) -> Result<Wire, TransportError> {
    let stream = match carrier {
        Carrier::Direct => tcp(host).await.map_err(|error| TransportError::Unreachable {
            at: host.to_string(),
            reason: error.to_string(),
        })?,
        Carrier::Socks5(proxy) => {
            let mut stream = tcp(proxy)
                .await
                .map_err(|error| TransportError::Proxy(error.to_string()))?;
            socks::connect(&mut stream, host, circuit).await?;
            stream
        }
    };
    connector
        .connect(shown_name(host), stream)
        .await
        .map_err(handshake_failed)
}

async fn tcp(host: &HostPort) -> io::Result<TcpStream> {
    if host.host.ends_with(".onion") {
        return Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "an onion address needs Tor as proxy",
        ));
    }
    let stream = TcpStream::connect((host.host.as_str(), host.port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// What the first message shows to the network.
fn shown_name(host: &HostPort) -> ServerName<'static> {
    let name = DnsName::try_from(host.host.clone())
        .ok()
        .filter(|_| host.host.parse::<std::net::IpAddr>().is_err());
    let ordinary = || DnsName::try_from_str(ORDINARY_NAME).map(|name| name.to_owned());
    match name.map_or_else(ordinary, Ok) {
        Ok(name) => ServerName::DnsName(name),
        Err(_) => ServerName::IpAddress(std::net::IpAddr::from([127, 0, 0, 1]).into()),
    }
}

fn handshake_failed(error: io::Error) -> TransportError {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    match tls {
        Some(Error::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        )) => TransportError::WrongTime,
        Some(Error::InvalidCertificate(_) | Error::NoCertificatesPresented) => TransportError::WrongRelay,
        Some(other) => TransportError::NoHandshake(other.to_string()),
        None if error.kind() == io::ErrorKind::UnexpectedEof => TransportError::Closed,
        None => TransportError::NoHandshake(error.to_string()),
    }
}
