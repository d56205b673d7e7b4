//! A fuzz target: some decoders of one crate, and the byte that picks among them.

use crate::Vectors;
use minicbor::{Decode, Encode};
use primitives::{decode_canonical, encode};
use std::fmt::Debug;

/// A decoder of a stranger's bytes, with what has to hold for it.
pub struct Decoder {
    /// What it decodes.
    pub name: &'static str,
    /// Decodes and asserts; says whether the bytes were accepted.
    pub accepts: fn(&[u8]) -> bool,
    /// Bytes to begin with, at least one of them accepted.
    pub seeds: fn(&Vectors) -> Vec<Vec<u8>>,
}

/// Decoders that are fuzzed together.
pub struct Target {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its decoders.
    pub decoders: &'static [Decoder],
}

impl Target {
    /// Runs one input: its first byte picks the decoder, the others are for it. Says whether they were accepted.
    #[must_use]
    pub fn run(&self, input: &[u8]) -> bool {
        let Some((pick, bytes)) = input.split_first() else {
            return false;
        };
        let decoder = self.decoders.get(usize::from(*pick) % self.decoders.len());
        decoder.is_some_and(|decoder| (decoder.accepts)(bytes))
    }

    /// The inputs to begin with.
    #[must_use]
    pub fn seeds(&self, vectors: &Vectors) -> Vec<Vec<u8>> {
        let decoders = (0u8..).zip(self.decoders);
        decoders
            .flat_map(|(pick, decoder)| {
                let seeds = (decoder.seeds)(vectors).into_iter();
                seeds.map(move |seed| [&[pick], seed.as_slice()].concat())
            })
            .collect()
    }
}

/// Whether `bytes` are the canonical encoding of a `T`: decoded, encoded, decoded again.
pub(crate) fn canonical<T>(bytes: &[u8]) -> bool
where
    T: for<'b> Decode<'b, ()> + Encode<()> + PartialEq + Debug,
{
    let Ok(value) = decode_canonical::<T>(bytes) else {
        return false;
    };
    let again = encode(&value);
    assert_eq!(again, bytes);
    assert_eq!(decode_canonical::<T>(&again), Ok(value));
    true
}

/// The first bytes as an array, and the others; the array is filled up with zeros.
pub(crate) fn head<const N: usize>(bytes: &[u8]) -> ([u8; N], &[u8]) {
    let (head, rest) = bytes.split_at(bytes.len().min(N));
    let mut array = [0; N];
    array[..head.len()].copy_from_slice(head);
    (array, rest)
}
