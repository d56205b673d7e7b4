//! The batch's sums are right in themselves: valid ballots need no search, and a bad one needs a short one.
//!
//! A batch whose sums came out wrong would still give the right verdicts, for it would fall back on verifying every ballot
//! by itself. What it does shows in how often it gives its crew something to do.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests"
)]

mod common;

use ballot::{BallotIn, BatchVerifier, Crew, Event, Piece};
use common::*;
use core::cell::Cell;

/// A crew on one thread that counts how often it is given something.
struct Counting {
    hands: usize,
    runs: Cell<usize>,
}

impl Crew for Counting {
    fn hands(&self) -> usize {
        self.hands
    }

    fn run(&self, pieces: Vec<Piece<'_>>) {
        self.runs.set(self.runs.get() + 1);
        pieces.into_iter().for_each(|piece| piece());
    }
}

/// How many ballots are valid, and how often the crew was given something after all had been added.
fn finish(event: &Event, ballots: &[BallotIn], hands: usize) -> (usize, usize) {
    let crew = Counting {
        hands,
        runs: Cell::new(0),
    };
    let weights = &mut rng(1);
    let mut verifier = BatchVerifier::new(event.clone());
    // In two portions, so that one begins where the other has ended.
    let (first, second) = ballots.split_at(ballots.len() / 3);
    verifier.add(first.to_vec(), weights, &crew);
    assert_eq!(
        (verifier.len(), verifier.is_empty()),
        (first.len(), first.is_empty())
    );
    verifier.add(second.to_vec(), weights, &crew);
    assert_eq!(
        (verifier.len(), verifier.is_empty()),
        (ballots.len(), ballots.is_empty())
    );
    crew.runs.set(0);
    let verdicts = verifier.finish(weights, &crew);
    (
        verdicts.iter().filter(|verdict| verdict.is_ok()).count(),
        crew.runs.get(),
    )
}

/// An event over a roll of `size`, and ballots of its first and last member and of one between.
fn setting(size: usize) -> (Event, Vec<BallotIn>) {
    let mut secrets = secrets(size);
    secrets.sort_by_cached_key(ballot::BallotSecret::public);
    let event = event(&roll(&secrets));
    let cast = |place: usize| cast(&event, &secrets[place], &[7; 49]);
    let ballots = vec![cast(0), cast(size / 2), cast(size - 1)];
    (event, ballots)
}

fn needs_no_search(event: &Event, ballots: &[BallotIn], what: &str) {
    for hands in [1, 2, 3, 5] {
        let (_, one) = finish(event, &ballots[..1], hands);
        assert_eq!(
            finish(event, ballots, hands),
            (ballots.len(), one),
            "{what}, {hands} hands"
        );
    }
}

#[test]
fn valid_ballots_of_every_number_of_digits_need_no_search() {
    for size in [3, 17, 101, 217, 513, 10_001] {
        let (event, ballots) = setting(size);
        needs_no_search(&event, &ballots, &format!("roll of {size}"));
    }
}

#[test]
fn valid_ballots_around_a_blocks_length_need_no_search() {
    let (event, ballots) = setting(20);
    for len in [63, 64, 65, 127, 128, 129, 200] {
        let many: Vec<_> = ballots.iter().cycle().take(len).cloned().collect();
        needs_no_search(&event, &many, &format!("{len} ballots"));
    }
}

#[test]
fn more_ballots_than_one_sum_takes_need_no_search() {
    let (event, ballots) = setting(3);
    let many: Vec<_> = ballots.iter().cycle().take(8_400).cloned().collect();
    let (_, one) = finish(&event, &ballots[..1], 1);
    assert_eq!(finish(&event, &many, 1), (8_400, one));
}

#[test]
fn what_two_hands_have_multiplied_already_is_put_together() {
    let (event, ballots) = setting(20);
    let many: Vec<_> = ballots.iter().cycle().take(1_000).cloned().collect();
    let (_, one) = finish(&event, &ballots[..1], 2);
    assert_eq!(finish(&event, &many, 2), (1_000, one));
}

#[test]
fn one_bad_ballot_is_found_by_halving() {
    let (event, ballots) = setting(20);
    let many: Vec<_> = ballots.iter().cycle().take(64).cloned().collect();
    let (_, none) = finish(&event, &many, 1);
    for place in [0, 1, 31, 32, 62, 63] {
        let mut many = many.clone();
        let (version, tag, sealed, mut proof) = fields(&many[place]);
        let at = proof.len() - 32;
        proof[at] ^= 1;
        many[place] = BallotIn::decode(&assemble(version, &tag, &sealed, &proof)).unwrap();
        let (valid, runs) = finish(&event, &many, 1);
        assert_eq!(valid, 63);
        // Halved six times; at most two halves are summed each time, each with three calls for the crew.
        assert!(
            runs > none && runs <= none + 6 * 2 * 3,
            "{runs} calls, place {place}"
        );
    }
}

/// What is wrong with a ballot.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Wrong {
    /// Its first equation (BAL-07), which can be looked at alone.
    Digits,
    /// Another one.
    Rest,
}

/// The same ballot with something wrong.
fn spoil(event: &Event, ballot: &BallotIn, wrong: Wrong) -> BallotIn {
    let (version, tag, sealed, proof) = fields(ballot);
    (1..=proof.len() / 32)
        .filter_map(|scalar| {
            let mut proof = proof.clone();
            let at = proof.len() - 32 * scalar;
            proof[at] ^= 1;
            BallotIn::decode(&assemble(version, &tag, &sealed, &proof)).ok()
        })
        .find(|ballot| match ballot::verify(event, ballot) {
            Ok(_) => false,
            Err(ballot::BallotError::Digits) => wrong == Wrong::Digits,
            Err(_) => wrong == Wrong::Rest,
        })
        .unwrap()
}

/// The calls for the crew of a search are known exactly. A change of these numbers is a change of what a stranger's bad ballots
/// cost everybody: it is to be understood before they are written anew.
#[test]
fn what_a_search_costs_is_known_exactly() {
    let (event, ballots) = setting(20);
    let many: Vec<_> = ballots.iter().cycle().take(128).cloned().collect();
    let bad = [Wrong::Digits, Wrong::Rest].map(|wrong| {
        ballots
            .iter()
            .map(|ballot| spoil(&event, ballot, wrong))
            .collect::<Vec<_>>()
    });
    let evening = |digits: &[usize], rest: &[usize], hands: usize| {
        let mut many = many.clone();
        for (places, bad) in [digits, rest].iter().zip(&bad) {
            for place in *places {
                many[*place] = bad[place % 3].clone();
            }
        }
        let (valid, runs) = finish(&event, &many, hands);
        assert_eq!(valid, 128 - digits.len() - rest.len());
        runs
    };
    let first: Vec<usize> = (0..40).collect();
    let all: Vec<usize> = (0..128).collect();
    let every_third: Vec<usize> = (0..128).step_by(3).collect();
    let (odd, even): (Vec<usize>, Vec<usize>) = (0..64).partition(|place| place % 2 == 1);
    // Without a search: two calls for the sum, one for what is open. A half is summed by three; a bad left half does not say
    // that the right one is good, a good one says that it is bad; 64 halves are summed at most. From 16 found on, first
    // equations are looked at alone, by one call.
    let table: [(&[usize], &[usize], usize); 14] = [
        (&[], &[], 3),
        (&[], &[0], 45),
        (&[], &[127], 24),
        (&[0], &[], 45),
        (&[127], &[], 24),
        (&[], &[5, 6], 45),
        (&[], &[5, 90], 66),
        (&first, &[], 111),
        (&[], &first, 198),
        (&odd, &even, 198),
        (&even, &odd, 198),
        (&every_third, &[], 197),
        (&[], &every_third, 197),
        (&all, &[], 105),
    ];
    for hands in [1, 3] {
        let runs: Vec<usize> = table
            .iter()
            .map(|(digits, rest, _)| evening(digits, rest, hands))
            .collect();
        let known: Vec<usize> = table.iter().map(|(.., runs)| *runs).collect();
        assert_eq!(runs, known, "{hands} hands");
    }
}

#[test]
fn a_search_sums_half_as_many_times_as_there_are_ballots() {
    let (event, ballots) = setting(20);
    let bad: Vec<_> = ballots
        .iter()
        .map(|ballot| spoil(&event, ballot, Wrong::Rest))
        .collect();
    let many: Vec<_> = bad.iter().cycle().take(300).cloned().collect();
    let (_, none) = finish(&event, &ballots, 1);
    let (valid, runs) = finish(&event, &many, 1);
    // Two or three looks at first equations alone come on top.
    assert_eq!(valid, 0);
    assert!((150 * 3..=150 * 3 + 12).contains(&(runs - none)), "{runs} calls");
}
