//! Decoders of the anonymous ballot, and verification of whatever decodes.

use crate::election::{election, rng};
use crate::target::{canonical, head};
use crate::{Decoder, Target, Vectors};
use ::ballot::{BallotIn, BallotKey, KeyContext, PublishedKey, Roll, judge_batch, verify};
use primitives::{AssemblyId, SeatNumber, decode_canonical};

/// The ballot's decoders.
pub const TARGET: Target = Target {
    name: "ballot",
    decoders: &[
        Decoder {
            name: "ballot",
            accepts: envelope,
            seeds: |vectors| vectors.bytes("ballot", "ballot"),
        },
        Decoder {
            name: "proof",
            accepts: proof,
            seeds: proofs,
        },
        Decoder {
            name: "key",
            accepts: key,
            seeds: |vectors| vectors.bytes("key", "key"),
        },
        Decoder {
            name: "roll",
            accepts: roll,
            seeds: |_| {
                vec![
                    election(0)
                        .event
                        .roll()
                        .keys()
                        .iter()
                        .map(|key| *key.as_bytes())
                        .collect::<Vec<_>>()
                        .concat(),
                ]
            },
        },
        Decoder {
            name: "published key",
            accepts: possession,
            seeds: |vectors| vectors.bytes("possession", "published"),
        },
    ],
};

fn envelope(bytes: &[u8]) -> bool {
    let Ok(ballot) = BallotIn::decode(bytes) else {
        return false;
    };
    assert_eq!(ballot.encode(), bytes);
    true
}

/// A ballot with a proof of the right length, so that its points, scalars and equations are reached.
fn proof(bytes: &[u8]) -> bool {
    let (pick, rest) = head::<1>(bytes);
    let election = election(pick[0]);
    let (tag, rest) = head::<32>(rest);
    let mut proof = rest.to_vec();
    proof.resize(election.event.roll().params().proof_len(), 0);
    let ballot = BallotIn::decode(&assemble(&tag, &[7; 49], &proof)).unwrap();
    let single = verify(&election.event, &ballot);
    let batch = judge_batch(&election.event, core::slice::from_ref(&ballot), &mut rng(0));
    assert_eq!(batch, core::slice::from_ref(&single));
    single.is_ok()
}

fn proofs(_: &Vectors) -> Vec<Vec<u8>> {
    let of = |pick: u8| {
        let bytes = &election(pick).valid[0];
        let proof_len = election(pick).event.roll().params().proof_len();
        [&[pick], &bytes[4..36], &bytes[bytes.len() - proof_len..]].concat()
    };
    (0..3).map(of).collect()
}

/// The bytes of a ballot with these fields.
pub(crate) fn assemble(tag: &[u8], sealed: &[u8], proof: &[u8]) -> Vec<u8> {
    let mut encoder = minicbor::Encoder::new(Vec::new());
    let written = encoder.array(4).and_then(|e| e.u8(::ballot::VERSION));
    let written = written.and_then(|e| e.bytes(tag)?.bytes(sealed)?.bytes(proof));
    assert!(written.is_ok());
    encoder.into_writer()
}

fn key(bytes: &[u8]) -> bool {
    let Ok(array) = <[u8; 32]>::try_from(bytes) else {
        return false;
    };
    let key = BallotKey::from_bytes(&array);
    assert!(key.as_ref().is_ok_and(|key| *key.as_bytes() == array) || key.is_err());
    key.is_ok()
}

fn roll(bytes: &[u8]) -> bool {
    let (keys, _) = bytes.as_chunks::<32>();
    let Ok(roll) = Roll::from_bytes(keys) else {
        return false;
    };
    assert!(roll.keys().iter().map(BallotKey::as_bytes).eq(keys));
    assert_eq!(Roll::new(roll.keys().to_vec()), Ok(roll));
    true
}

fn possession(bytes: &[u8]) -> bool {
    let accepted = canonical::<PublishedKey>(bytes);
    if let Ok(published) = decode_canonical::<PublishedKey>(bytes) {
        let context = KeyContext {
            assembly: AssemblyId::new([0xa1; 32]),
            seat: SeatNumber(1),
            number: 1,
        };
        let verified = published.verify(&context);
        assert!(verified.is_err() || verified.is_ok_and(|key| key.as_bytes() == published.key_bytes()));
    }
    accepted
}
