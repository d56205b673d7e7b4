//! How a relay is set up.

use relay_api::{CreateToken, HostPort};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Everything that can be chosen.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What to put into the address; the bound socket if nothing is given.
    pub advertise: Vec<HostPort>,
    /// Where everything is kept.
    pub data: PathBuf,
    /// Needed to create logs, if given.
    pub create_token: Option<CreateToken>,
    /// Appends to one ungated log in a burst.
    pub append_burst: u32,
    /// Milliseconds after which one more append is allowed.
    pub append_every_ms: u32,
    /// Connections at the same time.
    pub connections_max: usize,
    /// Bytes that stay free on the disk; with less, nothing is stored.
    pub reserve_bytes: u64,
}

impl Settings {
    /// The defaults.
    #[must_use]
    pub fn new(listen: SocketAddr, data: PathBuf) -> Self {
        Self {
            listen,
            advertise: Vec::new(),
            data,
            create_token: None,
            append_burst: 256,
            append_every_ms: 20,
            connections_max: 4096,
            reserve_bytes: 64 * 1024 * 1024,
        }
    }
}
