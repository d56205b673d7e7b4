//! Honest ballots verify, and their tags link what they should and nothing else.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests"
)]

mod common;

use ballot::{
    BallotIn, BallotSecret, Event, ProveError, ROLL_MAX, Roll, SEALED_MAX, judge_batch,
    proof_multiplications, prove, prove_watched, verify, verify_batch,
};
use common::*;
use core::ops::ControlFlow;
use primitives::OpeningId;

#[test]
fn every_member_of_small_rolls_can_vote() {
    for size in [2, 3, 4, 5, 15, 16, 17] {
        let secrets = secrets(size);
        let event = event(&roll(&secrets));
        for secret in &secrets {
            verify(&event, &cast(&event, secret, b"sealed")).unwrap();
        }
    }
}

#[test]
fn first_and_last_of_rolls_around_every_power_can_vote() {
    for size in [
        36, 37, 64, 65, 100, 101, 215, 216, 217, 511, 512, 513, 1_295, 1_296, 1_297,
    ] {
        let mut secrets = secrets(size);
        secrets.sort_by_cached_key(BallotSecret::public);
        let event = event(&roll(&secrets));
        let params = event.roll().params();
        // Large rolls only at their ends: each proof there takes a while.
        let inner = [params.n - 1, params.n, size / 2]
            .into_iter()
            .filter(|_| size < 1_000);
        for position in inner.chain([0, size - 1]) {
            let ballot = cast(&event, &secrets[position], b"sealed");
            verify(&event, &ballot).unwrap_or_else(|error| panic!("{size} {position}: {error}"));
        }
    }
}

#[test]
fn the_largest_parameters_work() {
    let mut secrets = secrets(4_097);
    secrets.sort_by_cached_key(BallotSecret::public);
    let event = event(&roll(&secrets));
    assert_eq!((event.roll().params().n, event.roll().params().m), (10, 4));
    verify(&event, &cast(&event, &secrets[4_096], b"sealed")).unwrap();
}

#[test]
fn bytes_and_ballot_are_the_same_thing() {
    let secrets = secrets(5);
    let event = event(&roll(&secrets));
    let ballot = cast(&event, &secrets[0], b"sealed");
    let bytes = ballot.encode();
    assert_eq!(BallotIn::decode(&bytes).unwrap(), ballot);
    let verified = verify(&event, &ballot).unwrap();
    assert_eq!(verified.encode(), bytes);
    assert_eq!(
        (verified.tag(), verified.sealed()),
        (ballot.tag(), ballot.sealed())
    );
}

#[test]
fn a_key_that_is_not_on_the_roll_cannot_prove() {
    let secrets = secrets(5);
    let event = event(&roll(&secrets[1..]));
    assert_eq!(
        prove(&event, &secrets[0], b"", &mut rng(1)),
        Err(ProveError::NotOnRoll)
    );
    let long = vec![0; SEALED_MAX + 1];
    assert_eq!(
        prove(&event, &secrets[1], &long, &mut rng(1)),
        Err(ProveError::SealedTooLong(SEALED_MAX + 1))
    );
}

#[test]
fn casting_tells_how_far_it_is_and_can_be_cancelled() {
    let secrets = secrets(300);
    let event = event(&roll(&secrets));
    let mut told = Vec::new();
    let ballot = prove_watched(&event, &secrets[0], b"", &mut rng(1), &mut |progress| {
        told.push(progress);
        ControlFlow::Continue(())
    });
    assert_eq!(ballot, prove(&event, &secrets[0], b"", &mut rng(1)));
    assert!(told.iter().all(|progress| progress.done <= progress.total));
    let total = proof_multiplications(300);
    assert!(told.iter().all(|progress| progress.total == total), "{total}");
    assert_eq!(proof_multiplications(ROLL_MAX + 1), 0);
    assert!(
        told.last()
            .is_some_and(|progress| progress.done == progress.total)
    );
    // The same for everybody: what is told depends on the roll alone.
    let mut others = Vec::new();
    prove_watched(&event, &secrets[7], b"", &mut rng(2), &mut |progress| {
        others.push(progress);
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(told, others);
    let cancelled = prove_watched(&event, &secrets[0], b"", &mut rng(1), &mut |_| {
        ControlFlow::Break(())
    });
    assert_eq!(cancelled, Err(ProveError::Cancelled));
}

#[test]
fn one_key_has_one_tag_at_one_event_and_unrelated_tags_at_others() {
    let secrets = secrets(4);
    let roll = roll(&secrets);
    let here = event(&roll);
    let first = prove(&here, &secrets[0], b"yes", &mut rng(1)).unwrap();
    let second = prove(&here, &secrets[0], b"no", &mut rng(2)).unwrap();
    assert_eq!(first.tag(), second.tag());
    assert_eq!(first.tag(), here.tag(&secrets[0]));
    assert_ne!(first.encode(), second.encode());

    let there = Event::ballot(ASSEMBLY, OpeningId::new([7; 32]), roll.clone(), SEALING_KEY);
    let subject = *OPENING.as_bytes();
    let speech = Event::speech(ASSEMBLY, subject, roll.clone());
    let signature = Event::signature(ASSEMBLY, subject, roll.clone());
    let mut tags: Vec<_> = [&here, &there, &speech, &signature]
        .iter()
        .flat_map(|e| secrets.iter().map(|s| e.tag(s)))
        .collect();
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 16);
}

#[test]
fn the_randomness_is_never_the_statements_alone() {
    let secrets = secrets(4);
    let event = event(&roll(&secrets));
    let with = |seed, sealed: &[u8]| prove(&event, &secrets[0], sealed, &mut rng(seed)).unwrap();
    assert_ne!(fields(&with(1, b"a")).3, fields(&with(2, b"a")).3);
    // A generator that repeats itself still gives another A for another statement, or another secret.
    assert_ne!(fields(&with(1, b"a")).3[..32], fields(&with(1, b"b")).3[..32]);
    let other = prove(&event, &secrets[1], b"a", &mut rng(1)).unwrap();
    assert_ne!(fields(&with(1, b"a")).3[..32], fields(&other).3[..32]);
}

#[test]
fn a_batch_of_valid_ballots_verifies() {
    let secrets = secrets(20);
    let event = event(&roll(&secrets));
    let ballots: Vec<_> = secrets
        .iter()
        .map(|secret| cast(&event, secret, b"sealed"))
        .collect();
    let verified = verify_batch(&event, &ballots, &mut rng(3)).unwrap();
    assert!(
        verified
            .iter()
            .zip(&ballots)
            .all(|(a, b)| a.encode() == b.encode())
    );
    assert!(verify_batch(&event, &[], &mut rng(3)).unwrap().is_empty());
}

#[test]
fn a_batch_names_the_bad_ballots_and_keeps_the_others() {
    let secrets = secrets(18);
    let roll = roll(&secrets);
    let (here, there) = (
        event(&roll),
        Event::ballot(ASSEMBLY, OpeningId::new([7; 32]), roll, SEALING_KEY),
    );
    let mut ballots: Vec<_> = secrets
        .iter()
        .map(|secret| cast(&here, secret, b"sealed"))
        .collect();
    ballots[3] = cast(&there, &secrets[3], b"sealed");
    let (version, tag, sealed, mut proof) = fields(&ballots[11]);
    proof.truncate(64);
    ballots[11] = BallotIn::decode(&assemble(version, &tag, &sealed, &proof)).unwrap();
    ballots[17] = cast(&there, &secrets[17], b"sealed");

    let culprits = verify_batch(&here, &ballots, &mut rng(4)).unwrap_err();
    let named: Vec<_> = culprits.0.iter().map(|c| (c.position, c.error.rule())).collect();
    assert_eq!(named, [(3, "BAL-07"), (11, "BAL-02"), (17, "BAL-07")]);
    assert_eq!(
        culprits.to_string(),
        "3 invalid: 3 (BAL-07) 11 (BAL-02) 17 (BAL-07)"
    );
    let verdicts = judge_batch(&here, &ballots, &mut rng(4));
    assert_eq!(verdicts.iter().filter(|v| v.is_ok()).count(), 15);
    assert!(
        verdicts
            .iter()
            .zip(&ballots)
            .all(|(verdict, ballot)| *verdict == verify(&here, ballot))
    );
}

#[test]
fn a_stored_secret_is_the_same_secret() {
    let secret = &secrets(1)[0];
    let again = BallotSecret::from_bytes(&secret.to_bytes()).unwrap();
    assert_eq!(again.public(), secret.public());
    assert_eq!(format!("{secret:?}"), "BallotSecret(..)");
    let mut bytes = *secret.to_bytes();
    bytes[..32].fill(0);
    assert!(BallotSecret::from_bytes(&bytes).is_none(), "x = 0");
    bytes[..32].fill(0xff);
    assert!(BallotSecret::from_bytes(&bytes).is_none(), "x not reduced");
}

#[test]
fn the_order_in_which_keys_are_given_does_not_matter() {
    let secrets = secrets(9);
    let mut keys: Vec<_> = secrets.iter().map(BallotSecret::public).collect();
    let one = Roll::new(keys.clone()).unwrap();
    keys.reverse();
    assert_eq!(one.root(), Roll::new(keys).unwrap().root());
}
