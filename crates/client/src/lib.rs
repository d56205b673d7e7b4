//! The member's machine: follows the logs, talks, and does a member's duties.
//!
//! Sans-IO: time, randomness and the store are parameters, bytes come in as inputs and leave as effects. The same
//! machine runs in the desktop app, on the command line and by the dozen in a seeded simulation. It trusts nobody:
//! what the relay answers is checked against checkpoints, what members say against the journal. Deliberately absent:
//! sockets, clocks, threads, files.

#[cfg(test)]
extern crate self as client;

mod attachments;
mod auditing;
mod clock;
mod commands;
mod conversations;
mod devices;
mod directory;
mod duties;
pub mod effects;
mod evidence;
mod follow;
mod founding;
mod hop;
mod inviting;
mod jobs;
mod joining;
mod journal;
mod keyring;
mod letters;
mod machine;
mod notices;
mod outbox;
mod pieces;
pub mod requests;
mod restoring;
mod roster;
mod safety;
mod settling;
mod show;
mod state;
mod statements;
mod step;
mod tables;
#[cfg(feature = "testing")]
mod testing;
#[cfg(test)]
mod tests;
pub mod views;
mod volatile;
mod voting;
mod witnessing;

pub use attachments::{Attached, Attaching, KeptFile};
pub use effects::{CallError, Effect, Input, Lane, Ticket, Watch};
pub use jobs::{Job, JobOutput, Progress, Watcher};
pub use machine::{Client, Destination};
pub use messaging::{ATTACHMENT_BYTES_MAX, CHUNK_BYTES, PICTURE_POINTS_MAX, Picture, THUMBNAIL_BYTES_MAX};
pub use step::StepError;
