//! How bytes reach a relay (docs/spec/transport.md): TCP or a SOCKS5 proxy, then TLS 1.3 pinned to the relay's
//! identity key, then calls over HTTP/1.1 and a watch over a WebSocket.
//!
//! Trusts the pin in the relay's address and nobody else: no certificate authority is ever consulted. Deliberately
//! absent: what the calls mean, and when to repeat them ([`Backoff`] only says how long to wait).

mod backoff;
mod carrier;
mod connect;
mod error;
mod link;
mod pin;
mod session;
mod socks;
mod watch;

pub use backoff::Backoff;
pub use carrier::{BadCarrier, Carrier, Circuit};
pub use connect::{Timeouts, connect};
pub use error::TransportError;
pub use link::{Isolation, Link};
pub use session::Session;
pub use watch::Watch;
