//! Small worlds with known keys: a relay, witnesses and members whose every step a test decides; and a forger.
//!
//! For tests and the demonstration only. Everything here panics when a step that it needs does not succeed.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a test's world stops where a step of it fails"
)]

mod devices;
mod tamper;
mod trustees;
mod votes;
mod world;

pub use tamper::{Tamper, tamper};
pub use votes::question;
pub use world::{Member, SimLog, World, charter};
