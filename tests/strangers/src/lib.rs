//! What strangers send: every decoder of their bytes, and the verifiers behind them, as functions of any bytes.
//!
//! A function takes bytes, lets the product decode or judge them, and asserts what has to hold: nothing panics, whatever
//! decodes encodes to the same bytes, two ways of judging agree. `tests/fuzz` drives these functions with libFuzzer
//! (`cargo xtask fuzz`); the ordinary tests of this package run them on their seeds and on some hundred alterations of
//! each. Deliberately absent: what only its owner writes, as the vault's pages and the client's records.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "all of this is test: a panic is what is looked for"
)]

pub mod audit;
pub mod ballot;
pub mod counting;
pub mod election;
pub mod forgeries;
pub mod journal;
pub mod log;
pub mod messages;
pub mod relay;
pub mod sealing;
pub mod target;
pub mod vectors;

pub use target::{Decoder, Target};
pub use vectors::Vectors;

/// All targets, by the names that `cargo xtask fuzz` knows.
pub const TARGETS: &[Target] = &[
    ballot::TARGET,
    forgeries::TARGET,
    sealing::TARGET,
    log::TARGET,
    journal::TARGET,
    counting::TARGET,
    audit::TARGET,
    relay::TARGET,
    messages::TARGET,
];
