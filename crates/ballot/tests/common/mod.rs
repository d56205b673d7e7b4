//! An assembly's worth of ballot secrets, and events over their roll.

#![allow(dead_code, reason = "each test file uses its part")]

use ballot::{BallotIn, BallotSecret, Event, Roll, prove};
use primitives::{AssemblyId, OpeningId};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use std::sync::Arc;

pub(crate) const ASSEMBLY: AssemblyId = AssemblyId::new([1; 32]);
pub(crate) const OPENING: OpeningId = OpeningId::new([2; 32]);
pub(crate) const SEALING_KEY: [u8; 32] = [3; 32];

pub(crate) fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub(crate) fn secrets(count: usize) -> Vec<BallotSecret> {
    let mut rng = rng(count as u64);
    (0..count).map(|_| BallotSecret::random(&mut rng)).collect()
}

pub(crate) fn roll(secrets: &[BallotSecret]) -> Arc<Roll> {
    Arc::new(Roll::new(secrets.iter().map(BallotSecret::public).collect()).unwrap())
}

pub(crate) fn event(roll: &Arc<Roll>) -> Event {
    Event::ballot(ASSEMBLY, OPENING, roll.clone(), SEALING_KEY)
}

pub(crate) fn cast(event: &Event, secret: &BallotSecret, sealed: &[u8]) -> BallotIn {
    prove(event, secret, sealed, &mut rng(9)).unwrap()
}

/// The fields of a ballot's bytes: version, tag, sealed, proof.
pub(crate) fn fields(ballot: &BallotIn) -> (u8, Vec<u8>, Vec<u8>, Vec<u8>) {
    let bytes = ballot.encode();
    let mut decoder = minicbor::Decoder::new(&bytes);
    assert_eq!(decoder.array().unwrap(), Some(4));
    let version = decoder.u8().unwrap();
    let mut next = || decoder.bytes().unwrap().to_vec();
    (version, next(), next(), next())
}

/// Bytes of a ballot with these fields, whatever they are.
pub(crate) fn assemble(version: u8, tag: &[u8], sealed: &[u8], proof: &[u8]) -> Vec<u8> {
    let mut encoder = minicbor::Encoder::new(Vec::new());
    encoder.array(4).unwrap().u8(version).unwrap();
    encoder
        .bytes(tag)
        .unwrap()
        .bytes(sealed)
        .unwrap()
        .bytes(proof)
        .unwrap();
    encoder.into_writer()
}
