//! A charter whose times are seconds.

use serde_json::{Value, json};

/// The charter's numbers for so many members, as `found` takes them.
///
/// With more members the machine is busier, and rounds and intervals get longer.
#[must_use]
pub fn charter(members: usize) -> Value {
    json!({
        "endorsements": 1,
        "founding_seats": members,
        "objection_ms": 0,
        "cooling_off_ms": 0,
        "seconders": 1,
        "notice_ms": 1_000,
        "voting_least_ms": 5_000,
        "closing_ms": 60_000,
        "slot_ms": 500,
        "sealing_round_ms": 4_000 + 100 * members,
        "cosign_ms": 500 + 20 * members,
        "roll_floor": 5,
        "ballots_floor": 3,
        "trustees": 3,
        "threshold": 2,
    })
}

/// How long a vote goes on, in milliseconds.
#[must_use]
pub fn voting_ms(members: usize, secret: bool) -> u64 {
    let members = members as u64;
    if secret {
        10_000 + 1_600 * members.saturating_sub(8)
    } else {
        8_000 + 400 * members.saturating_sub(8)
    }
}
