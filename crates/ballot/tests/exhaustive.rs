//! What takes minutes: run with `cargo test --release -p veche-ballot --test exhaustive -- --ignored`.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests"
)]

mod common;

use ballot::{BallotIn, Event, judge_batch, verify};
use common::*;

/// An event over a roll of `size`, and a ballot of each of the first `count` members.
fn setting(size: usize, count: usize) -> (Event, Vec<BallotIn>) {
    let secrets = secrets(size);
    let event = event(&roll(&secrets));
    let ballots = secrets[..count]
        .iter()
        .map(|secret| cast(&event, secret, &[7; 49]))
        .collect();
    (event, ballots)
}

/// Whether single and batch verification refuse these bytes, or what decoding them gives, and with one voice.
fn is_refused(event: &Event, bytes: &[u8]) -> bool {
    let Ok(ballot) = BallotIn::decode(bytes) else {
        return true;
    };
    let single = verify(event, &ballot);
    let batch = judge_batch(event, core::slice::from_ref(&ballot), &mut rng(1));
    assert_eq!(batch, core::slice::from_ref(&single));
    single.is_err()
}

fn flips_are_refused(size: usize, step: usize) {
    let (event, ballots) = setting(size, 1);
    let bytes = ballots[0].encode();
    for bit in (0..8 * bytes.len()).step_by(step) {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(is_refused(&event, &flipped), "roll of {size}, bit {bit}");
    }
}

#[test]
fn sampled_bit_flips_are_refused_for_every_shape() {
    for size in [16, 36, 64, 100, 216, 512] {
        flips_are_refused(size, 97);
    }
}

#[test]
#[ignore = "minutes: every bit of a ballot of each shape but the largest three"]
fn every_bit_flip_is_refused_for_every_shape() {
    for size in [16, 36, 64, 100, 216, 512, 1_296] {
        flips_are_refused(size, 1);
    }
}

#[test]
#[ignore = "minutes: every place of the bad ballot, for batches around a block's length"]
fn one_bad_ballot_at_every_place_is_found_and_no_other() {
    let (event, good) = setting(150, 150);
    for len in [1, 2, 3, 63, 64, 65, 127, 128, 129, 150] {
        for place in 0..len {
            let mut ballots = good[..len].to_vec();
            let (version, tag, sealed, mut proof) = fields(&ballots[place]);
            // The last bytes of the proof are those of a scalar: the lowest byte of z_y.
            let at = proof.len() - 32;
            proof[at] ^= 1;
            ballots[place] = BallotIn::decode(&assemble(version, &tag, &sealed, &proof)).unwrap();
            let verdicts = judge_batch(&event, &ballots, &mut rng(place as u64));
            let refused: Vec<_> = (0..len).filter(|i| verdicts[*i].is_err()).collect();
            assert_eq!(refused, [place], "batch of {len}");
            assert_eq!(verdicts[place], verify(&event, &ballots[place]));
        }
    }
}

#[test]
fn batches_around_a_blocks_length_verify() {
    let (event, good) = setting(150, 150);
    for len in [1, 2, 63, 64, 65, 129, 150] {
        let verdicts = judge_batch(&event, &good[..len], &mut rng(1));
        assert!(verdicts.iter().all(Result::is_ok), "{len}");
    }
}
