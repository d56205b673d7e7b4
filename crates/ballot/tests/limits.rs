//! What is as large as allowed passes; what is larger does not.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests"
)]

mod common;

use ballot::{BALLOT_BYTES_MAX, BallotIn, Event, Kind, ROLL_MAX, Roll, RollError, SEALED_MAX, verify};
use common::*;

#[test]
fn the_longest_seal_is_carried() {
    let secrets = secrets(3);
    let event = event(&roll(&secrets));
    let ballot = cast(&event, &secrets[0], &[7; SEALED_MAX]);
    let received = BallotIn::decode(&ballot.encode()).unwrap();
    assert_eq!(verify(&event, &received).unwrap().sealed(), [7; SEALED_MAX]);
}

#[test]
fn bal_01_takes_the_longest_ballot_and_reads_nothing_beyond_the_limit() {
    assert_eq!(BALLOT_BYTES_MAX, 5_760);
    let longest = assemble(1, &[0; 32], &[7; SEALED_MAX], &[0; 1_600]);
    assert!(BallotIn::decode(&longest).is_ok());
    let frame = longest.len() - SEALED_MAX - 1_600;
    let at_the_limit = assemble(1, &[0; 32], &[], &vec![0; BALLOT_BYTES_MAX - frame + 2]);
    assert_eq!(at_the_limit.len(), BALLOT_BYTES_MAX);
    assert!(BallotIn::decode(&at_the_limit).is_ok());
    let longer = assemble(1, &[0; 32], &[], &vec![0; BALLOT_BYTES_MAX - frame + 3]);
    assert_eq!(BallotIn::decode(&longer).unwrap_err().rule(), "BAL-01");
}

#[test]
fn bal_12_rejects_a_roll_that_is_too_large_at_its_first_key_too_many() {
    let key = *secrets(1)[0].public().as_bytes();
    let keys = std::iter::repeat_n(&key, ROLL_MAX + 1);
    assert_eq!(Roll::from_bytes(keys), Err(RollError::Size(ROLL_MAX + 1)));
    // As many as allowed are read, and then found to be one and the same.
    let keys = std::iter::repeat_n(&key, ROLL_MAX);
    assert_eq!(Roll::from_bytes(keys), Err(RollError::Order));
}

#[test]
fn a_roll_knows_who_is_on_it() {
    let secrets = secrets(6);
    let roll = roll(&secrets[1..]);
    assert!(secrets[1..].iter().all(|secret| roll.contains(&secret.public())));
    assert!(!roll.contains(&secrets[0].public()));
    assert_ne!(secrets[0].public(), secrets[1].public());
}

#[test]
fn an_event_knows_what_it_is_for() {
    let roll = roll(&secrets(2));
    let subject = *OPENING.as_bytes();
    assert_eq!(event(&roll).kind(), Kind::Ballot);
    assert_eq!(
        Event::speech(ASSEMBLY, subject, roll.clone()).kind(),
        Kind::Speech
    );
    assert_eq!(Event::signature(ASSEMBLY, subject, roll).kind(), Kind::Signature);
}
