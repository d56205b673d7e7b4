//! The edge between the member's machine and a front end: opens a vault, owns a client on its own thread, and carries
//! out what the client wants done (calls to the relay, the watch, long work, waking).
//!
//! A front end calls [`App::spawn`] and talks to the [`Handle`] from whatever runtime it has; requests, answers and
//! events are the plain values of [`dto`]. Trusts the machine it runs on while the vault is open. Deliberately absent:
//! any rule of an assembly.

pub mod dto;

mod config;
mod desk;
mod export;
mod files;
mod handle;
mod jobs;
mod lines;
mod open;
mod reach;
mod refusals;
mod store;
mod typescript;
mod watching;
mod work;

pub use config::{Config, KeyCost, VaultStatus};
pub use handle::{App, Handle};
pub use typescript::{TYPES_FILE, export_types, types};
