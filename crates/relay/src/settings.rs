//! How a relay is set up.

use crate::quota::Quota;
use crate::rate::Rate;
use relay_api::{CreateToken, HostPort};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use zeroize::Zeroizing;

/// Which engine keeps the logs.
#[derive(Debug, Clone, Default)]
pub enum Engine {
    /// sled, in the data directory.
    #[default]
    Disk,
    /// NATS JetStream, below any number of relay processes.
    JetStream(JetStream),
}

/// Where NATS JetStream is.
#[derive(Clone)]
pub struct JetStream {
    /// The servers, as `nats://HOST:PORT` or `tls://HOST:PORT`; any of them will do.
    pub servers: Vec<String>,
    /// The name of the stream.
    pub stream: String,
    /// User and password, if the servers want to know.
    pub user: Option<(String, Zeroizing<String>)>,
    /// The certificates that servers are believed by, if it is not the system's.
    pub authority: Option<PathBuf>,
}

impl JetStream {
    /// Reads `nats://HOST:PORT[,HOST:PORT ...][/STREAM]`, or the same with `tls://`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let (places, stream) = rest.split_once('/').unwrap_or((rest, "veche"));
        let word = |text: &str| {
            !text.is_empty()
                && text
                    .chars()
                    .all(|char| char.is_ascii_alphanumeric() || char == '-')
        };
        let servers = places.split(',').map(|place| {
            let place: HostPort = place.parse().ok()?;
            Some(format!("{scheme}://{place}"))
        });
        let servers: Option<Vec<_>> = servers.collect();
        let servers = servers.filter(|_| ["nats", "tls"].contains(&scheme) && word(stream))?;
        Some(Self {
            servers,
            stream: stream.to_owned(),
            user: None,
            authority: None,
        })
    }
}

impl std::fmt::Debug for JetStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "JetStream({} servers)", self.servers.len())
    }
}

/// Everything that can be chosen.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What to put into the address; the bound socket if nothing is given.
    pub advertise: Vec<HostPort>,
    /// Where everything is kept.
    pub data: PathBuf,
    /// Which engine keeps the logs.
    pub engine: Engine,
    /// Needed to create logs, if given.
    pub create_token: Option<CreateToken>,
    /// Appends to one ungated log in a burst.
    pub append_burst: u32,
    /// Milliseconds after which one more append is allowed.
    pub append_every_ms: u32,
    /// Calls and watch requests of one connection in a burst.
    pub request_burst: u32,
    /// Milliseconds after which one more is allowed; 0: any number.
    pub request_every_ms: u32,
    /// Where to show metrics, if anywhere.
    pub metrics: Option<SocketAddr>,
    /// Connections at the same time.
    pub connections_max: usize,
    /// Bytes of request bodies and replies in memory at the same time, over all connections.
    pub bodies_bytes_max: usize,
    /// How long a connection may take for what.
    pub patience: Patience,
    /// Bytes that stay free on the disk; with less, nothing is stored.
    pub reserve_bytes: u64,
    /// Bytes that one log, and all together, may have.
    pub quota: Quota,
}

/// How long a connection may take for what; who takes longer is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For TLS.
    pub handshake: Duration,
    /// For the head of a request, counted from the end of the one before it: idle connections end after this.
    pub header: Duration,
    /// For a body to arrive, and for a reply to leave.
    pub body: Duration,
    /// For a message of a watch to leave.
    pub push: Duration,
    /// Between two signs of life of a watch.
    pub ping: Duration,
}

impl Default for Patience {
    /// Long enough for Tor: 15 s, 30 s, 120 s, 30 s, 60 s.
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            handshake: seconds(15),
            header: seconds(30),
            body: seconds(120),
            push: seconds(30),
            ping: seconds(60),
        }
    }
}

impl Settings {
    /// The defaults.
    #[must_use]
    pub fn new(listen: SocketAddr, data: PathBuf) -> Self {
        Self {
            listen,
            advertise: Vec::new(),
            data,
            engine: Engine::Disk,
            create_token: None,
            append_burst: 256,
            append_every_ms: 20,
            request_burst: 512,
            request_every_ms: 5,
            metrics: None,
            connections_max: 4096,
            bodies_bytes_max: 128 * 1024 * 1024,
            patience: Patience::default(),
            reserve_bytes: 64 * 1024 * 1024,
            quota: Quota::default(),
        }
    }

    /// What one connection may ask for.
    pub(crate) fn requests(&self) -> Rate {
        Rate {
            burst: self.request_burst,
            every: Duration::from_millis(self.request_every_ms.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_a_cluster_is_read() {
        let read = JetStream::parse("nats://10.0.0.1:4222,b.example:4223").unwrap();
        assert_eq!(read.servers, ["nats://10.0.0.1:4222", "nats://b.example:4223"]);
        assert_eq!(read.stream, "veche");
        let read = JetStream::parse("tls://[::1]:4222/other-1").unwrap();
        assert_eq!((read.servers.len(), read.stream.as_str()), (1, "other-1"));
        for wrong in [
            "nats://",
            "10.0.0.1:4222",
            "http://a:1",
            "nats://a:1/b.c",
            "nats://a:1/",
            "nats://u:p@a:1",
        ] {
            assert!(JetStream::parse(wrong).is_none(), "{wrong}");
        }
    }
}
