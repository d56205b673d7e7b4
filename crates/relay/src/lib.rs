//! The relay: keeps logs, and answers for them over pinned TLS (`docs/spec/relay.md`).
//!
//! Edge crate: sockets, files, threads, the clock. Trusts nobody who calls. Deliberately absent: users, accounts, an
//! admin interface, and any way to look into an entry.

mod append;
mod batch;
mod beside;
pub mod clock;
pub mod committed;
mod connection;
pub mod gate;
mod give_back;
pub mod identity;
mod keeping;
pub mod lock;
pub mod mark;
pub mod metrics;
mod opening;
mod paced;
mod pieces;
pub mod quota;
mod rate;
pub mod recovery;
pub mod sequencer;
pub mod server;
pub mod service;
pub mod settings;
pub mod status;
pub mod store;
mod tails;
pub mod task;
pub mod tls;
pub mod upkeep;
mod watch;

pub use keeping::{Keeping, RETENTION};
pub use server::{Running, StartError, start};
pub use settings::{Engine, JetStream, Patience, Settings};
