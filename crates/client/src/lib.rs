//! The member's machine: follows the logs, talks, and does a member's duties.
//!
//! Sans-IO: time, randomness and the store are parameters, bytes come in as inputs and leave as effects. The same
//! machine runs in the desktop app, on the command line and by the dozen in a seeded simulation. It trusts nobody:
//! what the relay answers is checked against checkpoints, what members say against the journal. Deliberately absent:
//! sockets, clocks, threads, files.

pub mod requests;
pub mod views;
