//! Whatever is altered is refused, with the rule that it breaks.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests"
)]

mod common;

use ballot::{BallotError, BallotIn, BallotKey, Event, Roll, RollError, SEALED_MAX, judge_batch, verify};
use common::*;
use primitives::{AssemblyId, OpeningId};
use std::sync::Arc;

/// The group order, little-endian: the smallest scalar encoding that is not canonical.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// The rule that `bytes` break, decoded and verified singly; the batch must say the same.
fn rule(event: &Event, bytes: &[u8]) -> Result<(), BallotError> {
    let ballot = BallotIn::decode(bytes)?;
    let single = verify(event, &ballot);
    assert_eq!(
        judge_batch(event, core::slice::from_ref(&ballot), &mut rng(5)),
        core::slice::from_ref(&single)
    );
    single.map(|_| ())
}

fn broken(event: &Event, bytes: &[u8]) -> &'static str {
    rule(event, bytes).unwrap_err().rule()
}

struct Setting {
    event: Event,
    bytes: Vec<u8>,
    tag: Vec<u8>,
    sealed: Vec<u8>,
    proof: Vec<u8>,
}

fn setting(size: usize) -> Setting {
    let secrets = secrets(size);
    let event = event(&roll(&secrets));
    let ballot = cast(&event, &secrets[0], &[7; 49]);
    let (_, tag, sealed, proof) = fields(&ballot);
    Setting {
        event,
        bytes: ballot.encode(),
        tag,
        sealed,
        proof,
    }
}

impl Setting {
    fn with_proof(&self, alter: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut proof = self.proof.clone();
        alter(&mut proof);
        assemble(1, &self.tag, &self.sealed, &proof)
    }

    fn with_chunk(&self, chunk: usize, bytes: &[u8; 32]) -> Vec<u8> {
        self.with_proof(|proof| proof[32 * chunk..32 * chunk + 32].copy_from_slice(bytes))
    }
}

#[test]
fn bal_01_rejects_trailing_cut_and_non_canonical_envelopes() {
    let s = setting(4);
    assert_eq!(assemble(1, &s.tag, &s.sealed, &s.proof), s.bytes);
    rule(&s.event, &s.bytes).unwrap();
    assert_eq!(broken(&s.event, &[s.bytes.as_slice(), &[0]].concat()), "BAL-01");
    assert_eq!(broken(&s.event, &s.bytes[..s.bytes.len() - 1]), "BAL-01");
    assert_eq!(broken(&s.event, &[]), "BAL-01");
    assert_eq!(
        broken(&s.event, &assemble(2, &s.tag, &s.sealed, &s.proof)),
        "BAL-01"
    );
    assert_eq!(
        broken(&s.event, &assemble(1, &s.tag[..31], &s.sealed, &s.proof)),
        "BAL-01"
    );
    assert_eq!(
        broken(&s.event, &assemble(1, &s.tag, &vec![0; SEALED_MAX + 1], &s.proof)),
        "BAL-01"
    );
    assert_eq!(
        broken(&s.event, &assemble(1, &s.tag, &vec![0; 70_000], &s.proof)),
        "BAL-01"
    );
    // Version 1 in two bytes; an indefinite array.
    let long = [&[0x84, 0x18, 0x01], &s.bytes[2..]].concat();
    assert_eq!(broken(&s.event, &long), "BAL-01");
    let indefinite = [&[0x9f], &s.bytes[1..], &[0xff]].concat();
    assert_eq!(broken(&s.event, &indefinite), "BAL-01");
}

#[test]
fn bal_02_rejects_a_proof_of_another_length() {
    let s = setting(4);
    assert_eq!(
        broken(&s.event, &s.with_proof(|p| p.truncate(p.len() - 32))),
        "BAL-02"
    );
    assert_eq!(broken(&s.event, &s.with_proof(|p| p.push(0))), "BAL-02");
    assert_eq!(broken(&s.event, &s.with_proof(|p| p.extend([0; 32]))), "BAL-02");
    assert_eq!(broken(&s.event, &s.with_proof(Vec::clear)), "BAL-02");
    let larger = setting(17);
    assert_eq!(broken(&larger.event, &s.bytes), "BAL-02");
    assert_eq!(broken(&s.event, &larger.bytes), "BAL-02");
}

#[test]
fn bal_03_rejects_points_that_are_not_canonical() {
    let s = setting(4);
    let params = s.event.roll().params();
    let mut field_prime = [0xff; 32];
    (field_prime[0], field_prime[31]) = (0xed, 0x7f);
    let mut negative = [0; 32];
    negative[0] = 1;
    for chunk in 0..params.points() {
        for bad in [field_prime, negative, [0xff; 32]] {
            let error = rule(&s.event, &s.with_chunk(chunk, &bad)).unwrap_err();
            assert_eq!(error, BallotError::Point { index: chunk });
            assert_eq!(error.rule(), "BAL-03");
        }
    }
}

#[test]
fn bal_04_rejects_scalars_that_are_not_reduced() {
    let s = setting(4);
    let params = s.event.roll().params();
    for index in 0..params.scalars() {
        let chunk = params.points() + index;
        for bad in [ORDER, [0xff; 32]] {
            let error = rule(&s.event, &s.with_chunk(chunk, &bad)).unwrap_err();
            assert_eq!(error, BallotError::Scalar { index });
            assert_eq!(error.rule(), "BAL-04");
        }
        // The same scalar plus the order, where it fits 32 bytes.
        let mut sum = [0; 32];
        let mut carry = 0;
        for (to, (a, b)) in sum.iter_mut().zip(s.proof[32 * chunk..].iter().zip(&ORDER)) {
            let byte = u16::from(*a) + u16::from(*b) + carry;
            *to = byte as u8;
            carry = byte >> 8;
        }
        assert_eq!(broken(&s.event, &s.with_chunk(chunk, &sum)), "BAL-04");
    }
}

#[test]
fn bal_05_rejects_the_identity_and_undecodable_tags() {
    let s = setting(4);
    for bad in [[0; 32], [0xff; 32], ORDER] {
        assert_eq!(
            broken(&s.event, &assemble(1, &bad, &s.sealed, &s.proof)),
            "BAL-05"
        );
    }
}

#[test]
fn bal_06_is_the_rule_of_a_challenge_of_zero() {
    // Nobody can make a transcript that hashes to zero, so only the name is checked here.
    assert_eq!(BallotError::Challenge.rule(), "BAL-06");
}

#[test]
fn identity_points_in_the_proof_are_refused() {
    let s = setting(4);
    for chunk in 0..s.event.roll().params().points() {
        assert_eq!(broken(&s.event, &s.with_chunk(chunk, &[0; 32])), "BAL-07");
    }
}

#[test]
fn bal_07_08_09_name_the_equation_that_an_altered_scalar_breaks() {
    let s = setting(17);
    let params = s.event.roll().params();
    let scalars = params.scalars();
    let one = [&[1][..], &[0; 31]].concat().try_into().unwrap();
    for index in 0..scalars {
        let expected = match scalars - index {
            2 | 1 => "BAL-08",
            _ => "BAL-07",
        };
        assert_eq!(
            broken(&s.event, &s.with_chunk(params.points() + index, &one)),
            expected
        );
        assert_eq!(
            broken(&s.event, &s.with_chunk(params.points() + index, &[0; 32])),
            expected
        );
    }
}

#[test]
fn every_field_of_the_event_is_bound() {
    let secrets = secrets(6);
    let roll_all = roll(&secrets);
    let roll_without = roll(&secrets[..5]);
    let subject = *OPENING.as_bytes();
    let other = [9; 32];
    let here = event(&roll_all);
    let bytes = cast(&here, &secrets[0], b"sealed").encode();
    rule(&here, &bytes).unwrap();
    let elsewhere = [
        Event::ballot(AssemblyId::new(other), OPENING, roll_all.clone(), SEALING_KEY),
        Event::ballot(ASSEMBLY, OpeningId::new(other), roll_all.clone(), SEALING_KEY),
        Event::ballot(ASSEMBLY, OPENING, roll_without, SEALING_KEY),
        Event::ballot(ASSEMBLY, OPENING, roll_all.clone(), other),
        Event::speech(ASSEMBLY, subject, roll_all.clone()),
        Event::signature(ASSEMBLY, subject, roll_all.clone()),
    ];
    for event in &elsewhere {
        assert_eq!(broken(event, &bytes), "BAL-07", "{event:?}");
    }
    // Kinds among themselves, where even Y is the same.
    let speech = cast(&elsewhere[4], &secrets[0], b"said").encode();
    rule(&elsewhere[4], &speech).unwrap();
    assert_eq!(broken(&elsewhere[5], &speech), "BAL-07");
}

#[test]
fn nothing_can_be_lifted_from_one_ballot_into_another() {
    let secrets = secrets(6);
    let event = event(&roll(&secrets));
    let one = fields(&cast(&event, &secrets[0], b"one"));
    let two = fields(&cast(&event, &secrets[1], b"two"));
    for (tag, sealed, proof) in [
        (&two.1, &one.2, &one.3),
        (&one.1, &two.2, &one.3),
        (&one.1, &one.2, &two.3),
        (&two.1, &two.2, &one.3),
    ] {
        assert_eq!(broken(&event, &assemble(1, tag, sealed, proof)), "BAL-07");
    }
    let points = 32 * event.roll().params().points();
    let mixed = [&one.3[..points], &two.3[points..]].concat();
    assert_eq!(broken(&event, &assemble(1, &one.1, &one.2, &mixed)), "BAL-07");
}

#[test]
fn every_single_bit_flip_of_a_ballot_is_refused_singly_and_in_a_batch() {
    let s = setting(3);
    let mut decoded = Vec::new();
    for bit in 0..8 * s.bytes.len() {
        let mut bytes = s.bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(ballot) = BallotIn::decode(&bytes) {
            let single = verify(&s.event, &ballot);
            assert!(single.is_err(), "bit {bit}");
            decoded.push((ballot, single));
        }
    }
    // Bad ballots among themselves: whole batches of them, which come apart to the last one.
    for portion in decoded.chunks(100) {
        let (ballots, single): (Vec<_>, Vec<_>) = portion.iter().cloned().unzip();
        assert_eq!(judge_batch(&s.event, &ballots, &mut rng(6)), single);
    }
}

#[test]
fn one_bad_ballot_at_any_place_of_a_batch_is_named_and_no_other() {
    let secrets = secrets(9);
    let event = event(&roll(&secrets));
    let good: Vec<_> = secrets
        .iter()
        .map(|secret| cast(&event, secret, &[7; 49]))
        .collect();
    let params = event.roll().params();
    // A point that is none, and each equation with a scalar that it breaks on.
    let last = params.points() + params.scalars() - 1;
    let alterations = [
        (0, 0xff),
        (params.points(), 1),
        (last - 2, 1),
        (last - 1, 1),
        (last, 1),
    ];
    for (place, len) in (1..=good.len()).flat_map(|len| (0..len).map(move |place| (place, len))) {
        for (chunk, change) in alterations {
            let (version, tag, sealed, mut proof) = fields(&good[place]);
            proof[32 * chunk] ^= change;
            let mut ballots = good[..len].to_vec();
            ballots[place] = BallotIn::decode(&assemble(version, &tag, &sealed, &proof)).unwrap();
            let verdicts = judge_batch(&event, &ballots, &mut rng(7));
            let single: Vec<_> = ballots.iter().map(|ballot| verify(&event, ballot)).collect();
            assert_eq!(verdicts, single);
            let refused: Vec<_> = (0..len).filter(|at| verdicts[*at].is_err()).collect();
            assert_eq!(refused, [place], "chunk {chunk}");
        }
    }
}

#[test]
fn every_cut_of_a_ballot_is_refused() {
    let s = setting(3);
    for len in 0..s.bytes.len() {
        assert!(BallotIn::decode(&s.bytes[..len]).is_err());
    }
}

#[test]
fn bal_10_rejects_keys_that_are_not_points() {
    for bad in [[0; 32], [0xff; 32], ORDER] {
        assert_eq!(BallotKey::from_bytes(&bad).unwrap_err().rule(), "BAL-10");
        let good = *secrets(1)[0].public().as_bytes();
        assert_eq!(Roll::from_bytes([&bad, &good]).unwrap_err().rule(), "BAL-10");
    }
}

#[test]
fn bal_12_rejects_rolls_that_are_too_small() {
    let keys: Vec<_> = secrets(1).iter().map(|s| s.public()).collect();
    assert_eq!(Roll::new(vec![]), Err(RollError::Size(0)));
    assert_eq!(Roll::new(keys), Err(RollError::Size(1)));
    assert_eq!(RollError::Size(1).rule(), "BAL-12");
}

#[test]
fn bal_13_rejects_duplicates_and_a_wrong_order() {
    let roll = Roll::new(secrets(5).iter().map(|s| s.public()).collect()).unwrap();
    let mut bytes: Vec<_> = roll.keys().iter().map(|key| *key.as_bytes()).collect();
    assert_eq!(Roll::from_bytes(&bytes).unwrap(), roll);
    bytes.swap(1, 2);
    assert_eq!(Roll::from_bytes(&bytes), Err(RollError::Order));
    bytes[1] = bytes[2];
    bytes.sort();
    assert_eq!(Roll::from_bytes(&bytes), Err(RollError::Order));
    let twice = vec![roll.keys()[0], roll.keys()[1], roll.keys()[0]];
    assert_eq!(Roll::new(twice).unwrap_err().rule(), "BAL-13");
}

#[test]
fn padding_is_not_a_place_to_vote_from() {
    // Rolls of 3 and 4 with a common beginning pad to the same 16 places; a ballot of one is none of the other.
    let mut secrets = secrets(4);
    secrets.sort_by_cached_key(|secret| secret.public());
    let (small, large) = (roll(&secrets[..3]), roll(&secrets));
    let bytes = cast(&event(&small), &secrets[2], b"sealed").encode();
    assert_eq!(broken(&event(&large), &bytes), "BAL-07");
    let again = Event::ballot(ASSEMBLY, OPENING, Arc::new(small.as_ref().clone()), SEALING_KEY);
    rule(&again, &bytes).unwrap();
}
