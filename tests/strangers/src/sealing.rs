//! Decoders of the sealed choice and of the trustees' key generation.

use crate::election::rng;
use crate::target::canonical;
use crate::{Decoder, Target, Vectors};
use ::sealing::{
    Complaint, FinishError, Guilty, OpeningSecret, Round1, Round2, Run, RunSecret, SealContext, SealingKey,
    Share, ShareSecret, Trustees, check_sealed, combine, complain, finish, judge_complaint, open, open_all,
    release, round1, round2, seal, sealed_len, verify_share,
};
use primitives::{AssemblyId, Hash, OpeningId, SeatNumber, decode_canonical, encode};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The sealing's decoders.
pub const TARGET: Target = Target {
    name: "sealing",
    decoders: &[
        Decoder {
            name: "sealing key",
            accepts: key,
            seeds: |_| vec![OPENING.key_bytes().to_vec()],
        },
        Decoder {
            name: "sealed choice",
            accepts: sealed_choice,
            seeds: |_| vec![seal(&sealing_key(), &CONTEXT, &[1], &mut rng(3))],
        },
        Decoder {
            name: "round 1",
            accepts: first_round,
            seeds: |_| CEREMONY.round1.clone(),
        },
        Decoder {
            name: "round 2",
            accepts: second_round,
            seeds: |_| CEREMONY.round2.clone(),
        },
        Decoder {
            name: "share",
            accepts: share,
            seeds: shares,
        },
        Decoder {
            name: "complaint",
            accepts: complaint,
            seeds: |_| {
                vec![encode(
                    &complain(&CEREMONY.trustees, SEATS[0], &CEREMONY.secrets[0], SEATS[1]).unwrap(),
                )]
            },
        },
    ],
};

const SEATS: [SeatNumber; 3] = [SeatNumber(1), SeatNumber(2), SeatNumber(3)];
const RUN: Run = Run {
    assembly: AssemblyId::new([1; 32]),
    number: 1,
    threshold: 2,
    keys: 2,
};
const CONTEXT: SealContext = SealContext {
    opening: OpeningId::new([2; 32]),
    roll_root: Hash::new([3; 32]),
    tag: [4; 32],
};

static OPENING: LazyLock<OpeningSecret> = LazyLock::new(|| OpeningSecret::from_bytes(&[5; 32]).unwrap());
static CEREMONY: LazyLock<Ceremony> = LazyLock::new(Ceremony::hold);

/// An honest run of three trustees, into which a stranger's words come.
struct Ceremony {
    secrets: [RunSecret; 3],
    round1: Vec<Vec<u8>>,
    trustees: Trustees,
    round2: Vec<Vec<u8>>,
    shares: Vec<ShareSecret>,
}

impl Ceremony {
    fn hold() -> Self {
        let secrets = [1, 2, 3].map(|seed| RunSecret::from_bytes(&mut [seed; 32]));
        let parties = || SEATS.into_iter().zip(&secrets);
        let first: Vec<_> = parties()
            .map(|(seat, secret)| round1(&RUN, seat, secret).unwrap())
            .collect();
        let decoded = SEATS.iter().zip(&first);
        let decoded = decoded.map(|(seat, bytes)| Round1::decode(&RUN, *seat, bytes).unwrap());
        let trustees = Trustees::new(&RUN, decoded).unwrap();
        let second: Vec<_> = parties()
            .map(|(seat, secret)| round2(&trustees, seat, secret).unwrap())
            .collect();
        let posted = posted(&trustees, &second);
        let mine = |(seat, secret)| finish(&trustees, &posted, seat, secret).unwrap();
        let shares = parties().flat_map(mine).collect();
        Self {
            round1: first,
            round2: second,
            shares,
            trustees,
            secrets,
        }
    }
}

fn posted(trustees: &Trustees, round2: &[Vec<u8>]) -> BTreeMap<SeatNumber, Round2> {
    let posted = SEATS.iter().zip(round2);
    posted
        .map(|(seat, bytes)| (*seat, Round2::decode(trustees, *seat, bytes).unwrap()))
        .collect()
}

fn sealing_key() -> SealingKey {
    SealingKey::from_bytes(OPENING.key_bytes()).unwrap()
}

fn key(bytes: &[u8]) -> bool {
    let Ok(array) = <[u8; 32]>::try_from(bytes) else {
        return false;
    };
    SealingKey::from_bytes(&array).is_ok_and(|key| {
        assert_eq!(*key.as_bytes(), array);
        true
    })
}

/// Opened alone, and opened among others: the same.
fn sealed_choice(bytes: &[u8]) -> bool {
    let alone = open(&OPENING, &CONTEXT, bytes);
    let among = open_all(&OPENING, &[(CONTEXT, bytes), (CONTEXT, &[]), (CONTEXT, bytes)]);
    assert_eq!(among.len(), 3);
    assert_eq!((&among[0], &among[2]), (&alone, &alone));
    assert!(among[1].is_err());
    if let Ok(plaintext) = &alone {
        assert_eq!(bytes.len(), sealed_len(plaintext.len()));
        assert_eq!(check_sealed(bytes, plaintext.len()), Ok(()));
    }
    alone.is_ok()
}

/// As the word of seat 2; the run can then be closed with it, whoever made it.
fn first_round(bytes: &[u8]) -> bool {
    let Ok(stranger) = Round1::decode(&RUN, SEATS[1], bytes) else {
        // Another seat's word is refused for this seat, and still is somebody's.
        return [SEATS[0], SEATS[2]]
            .iter()
            .any(|seat| Round1::decode(&RUN, *seat, bytes).is_ok());
    };
    let honest = Round1::decode(&RUN, SEATS[0], &CEREMONY.round1[0]).unwrap();
    let trustees = Trustees::new(&RUN, [honest, stranger]).unwrap();
    assert_eq!(trustees.public_keys().len(), usize::from(RUN.keys));
    true
}

/// As the word of seat 2 to the others: it is what the honest secret makes, or seat 2 is named and found guilty.
fn second_round(bytes: &[u8]) -> bool {
    let Ok(stranger) = Round2::decode(&CEREMONY.trustees, SEATS[1], bytes) else {
        return false;
    };
    let mut all = posted(&CEREMONY.trustees, &CEREMONY.round2);
    all.insert(SEATS[1], stranger);
    for (seat, secret) in [(SEATS[0], &CEREMONY.secrets[0]), (SEATS[2], &CEREMONY.secrets[2])] {
        let finished = finish(&CEREMONY.trustees, &all, seat, secret);
        let complaint = complain(&CEREMONY.trustees, seat, secret, SEATS[1]).unwrap();
        let verdict = judge_complaint(&CEREMONY.trustees, &all, seat, &complaint);
        match finished {
            Ok(shares) => {
                assert_eq!(shares.len(), usize::from(RUN.keys));
                assert_eq!(verdict, Ok(Guilty::Complainer));
            }
            Err(error) => {
                assert_eq!(error, FinishError::False(SEATS[1]));
                assert_eq!(verdict, Ok(Guilty::Accused));
            }
        }
    }
    bytes == CEREMONY.round2[1]
}

/// A released share: it is refused, or opens the key with another one.
fn share(bytes: &[u8]) -> bool {
    if !canonical::<Share>(bytes) {
        return false;
    }
    let share: Share = decode_canonical(bytes).unwrap();
    let keys = CEREMONY.trustees.public_keys();
    let fits = keys.iter().find(|key| verify_share(key, &share).is_ok());
    let Some(key) = fits else { return false };
    let other = CEREMONY.shares.iter().map(release);
    let mut other = other.filter(|other| other.seat != share.seat && *other.y == *key.y());
    let secret = combine(key, [&share, &other.next().unwrap()]).unwrap();
    assert_eq!(secret.key_bytes(), key.y());
    true
}

fn shares(vectors: &Vectors) -> Vec<Vec<u8>> {
    let released = vectors.bodies().into_iter().filter_map(|body| match body {
        assembly::Body::ShareReleased { share, .. } => Some(encode(&share)),
        _ => None,
    });
    let ours = CEREMONY.shares.iter().map(|share| encode(&release(share)));
    released.chain(ours).collect()
}

/// Judged whoever it accuses: nobody honest is found guilty by a key that is not the complainer's.
fn complaint(bytes: &[u8]) -> bool {
    if !canonical::<Complaint>(bytes) {
        return false;
    }
    let complaint: Complaint = decode_canonical(bytes).unwrap();
    let all = posted(&CEREMONY.trustees, &CEREMONY.round2);
    for complainer in SEATS {
        let verdict = judge_complaint(&CEREMONY.trustees, &all, complainer, &complaint);
        assert!(
            !matches!(verdict, Ok(Guilty::Accused)),
            "an honest trustee is found guilty"
        );
    }
    true
}
