//! Every decoder of strangers' bytes on its seeds and on alterations of them: what the fuzzers do, for a short while.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests"
)]

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use strangers::{Decoder, TARGETS, Target, Vectors};

/// Alterations of one decoder's seeds.
const ALTERATIONS: usize = 300;
/// Bytes that these take together at most, so that large files are altered less often.
const BYTES_MAX: usize = 1 << 21;

fn decoders() -> impl Iterator<Item = (&'static Target, &'static Decoder)> {
    TARGETS
        .iter()
        .flat_map(|target| target.decoders.iter().map(move |decoder| (target, decoder)))
}

fn below(rng: &mut ChaCha20Rng, bound: usize) -> usize {
    usize::try_from(rng.next_u32()).unwrap() % bound.max(1)
}

/// One to four changes: a bit, a byte, a cut, an insertion, the end of another seed.
fn altered(rng: &mut ChaCha20Rng, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = seeds[below(rng, seeds.len())].clone();
    for _ in 0..=below(rng, 4) {
        let at = below(rng, bytes.len());
        match below(rng, 5) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << below(rng, 8),
            1 if !bytes.is_empty() => bytes[at] = below(rng, 256).to_le_bytes()[0],
            2 => bytes.truncate(at),
            3 => bytes.insert(at, below(rng, 256).to_le_bytes()[0]),
            _ => {
                let other = &seeds[below(rng, seeds.len())];
                bytes.truncate(at);
                bytes.extend_from_slice(&other[at.min(other.len())..]);
            }
        }
    }
    bytes
}

#[test]
fn every_decoder_accepts_one_of_its_seeds() {
    let vectors = Vectors::read().unwrap();
    for (target, decoder) in decoders() {
        let seeds = (decoder.seeds)(&vectors);
        assert!(
            seeds.iter().any(|seed| (decoder.accepts)(seed)),
            "{}, {}: none of {} seeds",
            target.name,
            decoder.name,
            seeds.len()
        );
    }
}

#[test]
fn what_is_altered_keeps_what_has_to_hold() {
    let vectors = Vectors::read().unwrap();
    for (number, (_, decoder)) in decoders().enumerate() {
        let mut rng = ChaCha20Rng::seed_from_u64(number as u64);
        let seeds = (decoder.seeds)(&vectors);
        let mut bytes_left = BYTES_MAX;
        for _ in 0..ALTERATIONS {
            let bytes = altered(&mut rng, &seeds);
            let Some(left) = bytes_left.checked_sub(bytes.len()) else {
                break;
            };
            bytes_left = left;
            (decoder.accepts)(&bytes);
        }
    }
}

#[test]
fn noise_keeps_what_has_to_hold() {
    for (number, (_, decoder)) in decoders().enumerate() {
        let mut rng = ChaCha20Rng::seed_from_u64(number as u64);
        for _ in 0..ALTERATIONS {
            let mut bytes = vec![0; below(&mut rng, 200)];
            rng.fill_bytes(&mut bytes);
            (decoder.accepts)(&bytes);
        }
    }
}

#[test]
fn the_first_byte_picks_the_decoder() {
    let vectors = Vectors::read().unwrap();
    for target in TARGETS {
        let picks: BTreeSet<u8> = target.seeds(&vectors).iter().map(|seed| seed[0]).collect();
        assert_eq!(picks.len(), target.decoders.len(), "{}", target.name);
        assert!(target.seeds(&vectors).iter().any(|seed| target.run(seed)));
        assert!(!target.run(&[]));
    }
}

#[test]
fn every_target_has_its_fuzzer() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    let fuzzers: BTreeSet<String> = fs::read_dir(folder.join("targets"))
        .unwrap()
        .map(|entry| {
            entry
                .unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    let targets: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(fuzzers, targets);
    for target in TARGETS {
        let name = target.name;
        let fuzzer = fs::read_to_string(folder.join(format!("targets/{name}.rs"))).unwrap();
        assert!(fuzzer.contains(&format!("strangers::{name}::TARGET")), "{name}");
        assert!(
            manifest.contains(&format!("name = \"{name}\"\npath = \"targets/{name}.rs\"")),
            "{name}"
        );
    }
}
