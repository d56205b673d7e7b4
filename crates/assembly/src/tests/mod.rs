//! The fold, the tally and the audit in small worlds. Every rule has a test that names it.

mod audit;
mod box_count;
mod devices;
mod envelope;
mod members;
mod motions;
mod questions;
mod refounding;
mod sealing_runs;
mod votes;
mod witness_devices;
mod witness_keys;

use crate::fold::Taken;
use crate::rejection::Rejection;

/// What a taken statement was rejected with.
fn rejected(taken: &Taken) -> Rejection {
    taken.rejection.expect("the statement is rejected")
}
