//! Batch and single verification agree on random mixtures; decoders never panic.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests"
)]

mod common;

use ballot::{Alone, BallotIn, BatchVerifier, Crew, Event, Piece, judge_batch, verify};
use common::*;
use primitives::OpeningId;
use proptest::prelude::*;
use std::sync::LazyLock;

struct Setting {
    event: Event,
    good: Vec<BallotIn>,
    elsewhere: Vec<BallotIn>,
}

static SETTING: LazyLock<Setting> = LazyLock::new(|| {
    let secrets = secrets(7);
    let roll = roll(&secrets);
    let there = Event::ballot(ASSEMBLY, OpeningId::new([8; 32]), roll.clone(), SEALING_KEY);
    let event = event(&roll);
    let good = secrets
        .iter()
        .map(|secret| cast(&event, secret, b"sealed"))
        .collect();
    let elsewhere = secrets
        .iter()
        .map(|secret| cast(&there, secret, b"sealed"))
        .collect();
    Setting {
        event,
        good,
        elsewhere,
    }
});

fn altered(ballot: &BallotIn, chunk: usize, bit: usize) -> BallotIn {
    let (version, tag, sealed, mut proof) = fields(ballot);
    let at = (32 * chunk + bit / 8) % proof.len();
    proof[at] ^= 1 << (bit % 8);
    BallotIn::decode(&assemble(version, &tag, &sealed, &proof)).unwrap()
}

fn any_ballot() -> impl Strategy<Value = BallotIn> {
    (0usize..7, 0usize..4, 0usize..15, 0usize..256).prop_map(|(who, how, chunk, bit)| match how {
        0 => SETTING.elsewhere[who].clone(),
        1 => altered(&SETTING.good[who], chunk, bit),
        _ => SETTING.good[who].clone(),
    })
}

/// Three threads, which work at the same time.
struct Three;

impl Crew for Three {
    fn hands(&self) -> usize {
        3
    }

    fn run(&self, pieces: Vec<Piece<'_>>) {
        std::thread::scope(|scope| pieces.into_iter().for_each(|piece| drop(scope.spawn(piece))));
    }
}

/// A crew that leaves every second piece undone.
struct Careless;

impl Crew for Careless {
    fn hands(&self) -> usize {
        4
    }

    fn run(&self, pieces: Vec<Piece<'_>>) {
        pieces.into_iter().step_by(2).for_each(|piece| piece());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn batch_and_single_verification_agree(ballots in prop::collection::vec(any_ballot(), 0..9), seed: u64) {
        let batch = judge_batch(&SETTING.event, &ballots, &mut rng(seed));
        let single: Vec<_> = ballots.iter().map(|ballot| verify(&SETTING.event, ballot)).collect();
        prop_assert_eq!(batch, single);
    }

    #[test]
    fn one_bad_ballot_at_any_place_is_found(place in 0usize..7, chunk in 0usize..15, bit in 0usize..256) {
        let mut ballots = SETTING.good.clone();
        ballots[place] = altered(&ballots[place], chunk, bit);
        let batch = judge_batch(&SETTING.event, &ballots, &mut rng(1));
        for (position, verdict) in batch.iter().enumerate() {
            prop_assert_eq!(verdict.is_ok(), position != place);
        }
    }

    #[test]
    fn ballots_that_arrive_in_any_portions_get_the_verdicts_of_single_verification(
        portions in prop::collection::vec((prop::collection::vec(any_ballot(), 0..9), 0usize..3), 0..4),
        seed: u64,
    ) {
        let crews: [&dyn Crew; 3] = [&Alone, &Three, &Careless];
        let weights = &mut rng(seed);
        let mut verifier = BatchVerifier::new(SETTING.event.clone());
        for (ballots, crew) in &portions {
            verifier.add(ballots.clone(), weights, crews[*crew]);
        }
        let ballots: Vec<_> = portions.iter().flat_map(|(ballots, _)| ballots).collect();
        prop_assert_eq!((verifier.len(), verifier.is_empty()), (ballots.len(), ballots.is_empty()));
        let single: Vec<_> = ballots.iter().map(|ballot| verify(&SETTING.event, ballot)).collect();
        prop_assert_eq!(verifier.finish(weights, crews[seed as usize % 3]), single);
    }

    #[test]
    fn batches_in_which_most_ballots_are_bad_get_the_verdicts_of_single_verification(
        good in prop::collection::btree_set(0usize..150, 0..6),
        // A point, a digit, z_A, z_x, z_y: what is found while decoding, by sifting, and by itself.
        chunks in prop::collection::vec(prop_oneof![Just(3usize), 6usize..15], 1..4),
        seed: u64,
    ) {
        let ballot = |place: usize| {
            let ballot = &SETTING.good[place % 7];
            if good.contains(&place) {
                ballot.clone()
            } else {
                altered(ballot, chunks[place % chunks.len()], place % 200)
            }
        };
        let ballots: Vec<_> = (0..150).map(ballot).collect();
        let single: Vec<_> = ballots.iter().map(|ballot| verify(&SETTING.event, ballot)).collect();
        let weights = &mut rng(seed);
        let crews: [&dyn Crew; 3] = [&Alone, &Three, &Careless];
        let mut verifier = BatchVerifier::new(SETTING.event.clone());
        verifier.add(ballots, weights, crews[seed as usize % 3]);
        prop_assert_eq!(verifier.finish(weights, crews[seed as usize % 3]), single);
    }

    #[test]
    fn what_decodes_was_canonical(bytes: Vec<u8>) {
        if let Ok(ballot) = BallotIn::decode(&bytes) {
            prop_assert_eq!(ballot.encode(), bytes);
        }
    }

    #[test]
    fn any_proof_bytes_are_refused_without_a_panic(proof: Vec<u8>, tag: [u8; 32]) {
        let ballot = BallotIn::decode(&assemble(1, &tag, b"sealed", &proof)).unwrap();
        prop_assert!(verify(&SETTING.event, &ballot).is_err());
    }
}
