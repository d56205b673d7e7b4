//! Developer commands: set a machine up, test everything, show everything, measure.
//!
//! The end-to-end tests use the same relay and agent processes as the demonstration, from here. Deliberately absent:
//! any crate of the product. This tool knows the product as a stranger does, by its programs and what they print.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line talks to its caller"
)]

pub mod agenda;
pub mod agent;
pub mod answers;
pub mod args;
pub mod bench;
pub mod charter;
pub mod checks;
pub mod cluster;
pub mod command;
pub mod crash;
pub mod demo;
pub mod failure;
pub mod founding;
pub mod fuzz;
pub mod members;
pub mod mutants;
pub mod narrator;
pub mod pitfalls;
pub mod process;
pub mod relay;
pub mod setup;
pub mod simulate;
pub mod stages;
pub mod talk;
pub mod ui;
pub mod vectors;
pub mod votes;
pub mod webdriver;
pub mod workspace;

pub use failure::{Failure, Result};
pub use workspace::Workspace;
