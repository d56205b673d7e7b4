//! BAL-11: a published key's proof of possession is bound to its context.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests"
)]

mod common;

use ballot::{BallotSecret, KeyContext, KeyError, PublishedKey};
use common::*;
use primitives::{AssemblyId, SeatNumber, decode_canonical, encode};

const CONTEXT: KeyContext = KeyContext {
    assembly: ASSEMBLY,
    seat: SeatNumber(4),
    number: 17,
};

fn published() -> (BallotSecret, PublishedKey) {
    let mut rng = rng(1);
    let secret = BallotSecret::random(&mut rng);
    let published = PublishedKey::prove(&CONTEXT, &secret, &mut rng);
    (secret, published)
}

#[test]
fn a_published_key_verifies_and_survives_its_bytes() {
    let (secret, published) = published();
    assert_eq!(published.verify(&CONTEXT).unwrap(), secret.public());
    assert_eq!(published.key_bytes(), secret.public().as_bytes());
    assert_eq!(
        decode_canonical::<PublishedKey>(&encode(&published)).unwrap(),
        published
    );
}

#[test]
fn bal_11_rejects_every_other_context() {
    let (_, published) = published();
    for context in [
        KeyContext {
            assembly: AssemblyId::new([5; 32]),
            ..CONTEXT
        },
        KeyContext {
            seat: SeatNumber(5),
            ..CONTEXT
        },
        KeyContext {
            number: 18,
            ..CONTEXT
        },
    ] {
        let error = published.verify(&context).unwrap_err();
        assert_eq!((error, error.rule()), (KeyError::Possession, "BAL-11"));
    }
}

#[test]
fn every_single_bit_flip_of_a_published_key_is_refused() {
    let (_, published) = published();
    let bytes = encode(&published);
    for bit in 0..8 * bytes.len() {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(altered) = decode_canonical::<PublishedKey>(&bytes) {
            assert!(altered.verify(&CONTEXT).is_err(), "bit {bit}");
        }
    }
}

#[test]
fn the_identity_is_no_key_whatever_its_proof() {
    let (_, published) = published();
    let mut bytes = encode(&published);
    bytes[3..35].fill(0);
    let altered = decode_canonical::<PublishedKey>(&bytes).unwrap();
    assert_eq!(altered.verify(&CONTEXT), Err(KeyError::Point));
}
