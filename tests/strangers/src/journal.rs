//! Decoders of the journal: entries, statements and what they carry, side records, names.

use crate::election::rng;
use crate::target::canonical;
use crate::{Decoder, Target, Vectors};
use assembly::{
    Body, Charter, Day, EntryKey, MotionText, NameOpening, SealedEntry, SideBody, SideRecord, Statement,
};
use minicbor::bytes::ByteArray;
use primitives::signed::Unverified;
use primitives::{
    AssemblyId, DeviceCertificate, Hash, OpeningId, SeatNumber, Secret, SigningSecret, Time,
    decode_canonical, encode,
};

/// The journal's decoders.
pub const TARGET: Target = Target {
    name: "journal",
    decoders: &[
        Decoder {
            name: "entry",
            accepts: entry,
            seeds: entries,
        },
        Decoder {
            name: "signed statement",
            accepts: statement,
            seeds: |vectors| vectors.statements().iter().map(encode).collect(),
        },
        Decoder {
            name: "body",
            accepts: canonical::<Body>,
            seeds: |vectors| vectors.bodies().iter().map(encode).collect(),
        },
        Decoder {
            name: "charter",
            accepts: charter,
            seeds: charters,
        },
        Decoder {
            name: "motion",
            accepts: motion,
            seeds: motions,
        },
        Decoder {
            name: "side record",
            accepts: side_record,
            seeds: |_| vec![encode(confirmation().sign(&device()).unverified())],
        },
        Decoder {
            name: "device certificate",
            accepts: certificate,
            seeds: |_| {
                vec![encode(
                    DeviceCertificate::issue(&identity(), device().verifying_key(), [0; 32], Time(0))
                        .unverified(),
                )]
            },
        },
        Decoder {
            name: "name",
            accepts: name,
            seeds: |_| vec![opening().to_bytes()],
        },
    ],
};

fn identity() -> SigningSecret {
    SigningSecret::from_seed(&Secret::take(&mut [1; 32]))
}

fn device() -> SigningSecret {
    SigningSecret::from_seed(&Secret::take(&mut [2; 32]))
}

fn journal_key() -> Secret<32> {
    Secret::take(&mut [7; 32])
}

/// Under its key and under a stranger's.
fn entry(bytes: &[u8]) -> bool {
    let Ok(sealed) = SealedEntry::parse(bytes) else {
        return false;
    };
    assert_eq!(sealed.to_bytes(), bytes);
    let stranger = EntryKey::from_bytes([0; 32]);
    assert!(sealed.open(&stranger).is_err(), "an entry commits to one key");
    let _ = sealed.open(&sealed.entry_key(&journal_key()));
    let _ = sealed.open_beside(&sealed.beside_key(&journal_key()));
    true
}

fn entries(vectors: &Vectors) -> Vec<Vec<u8>> {
    let ours = SealedEntry::seal(0, Day(20_000), &journal_key(), b"main", b"beside", &mut rng(1)).unwrap();
    let entries = vectors.entries().into_iter().take(4);
    entries.chain([ours.to_bytes()]).collect()
}

fn statement(bytes: &[u8]) -> bool {
    let Ok(signed) = decode_canonical::<Unverified>(bytes) else {
        return false;
    };
    let Ok(statement) = signed.peek::<Statement>() else {
        return false;
    };
    assert_eq!(encode(&statement), signed.bytes());
    canonical::<Unverified>(bytes) && statement.body().is_ok()
}

fn charter(bytes: &[u8]) -> bool {
    if let Ok(charter) = decode_canonical::<Charter>(bytes) {
        let _ = charter.validate();
    }
    canonical::<Charter>(bytes)
}

fn charters(vectors: &Vectors) -> Vec<Vec<u8>> {
    let bodies = vectors.bodies().into_iter();
    let founded = bodies.filter_map(|body| match body {
        Body::Founded { founded } => Some(encode(&founded.charter)),
        _ => None,
    });
    founded.collect()
}

fn motion(bytes: &[u8]) -> bool {
    if let Ok(motion) = decode_canonical::<MotionText>(bytes) {
        let _ = motion.is_within_limits();
    }
    canonical::<MotionText>(bytes)
}

fn motions(vectors: &Vectors) -> Vec<Vec<u8>> {
    let bodies = vectors.bodies().into_iter();
    let proposed = bodies.filter_map(|body| match body {
        Body::MotionProposed { motion } => Some(encode(&motion)),
        _ => None,
    });
    proposed.collect()
}

fn confirmation() -> SideRecord {
    SideRecord {
        assembly: AssemblyId::new([1; 32]),
        seat: SeatNumber(1),
        device: device().verifying_key(),
        body: SideBody::ResultConfirmed {
            opening: OpeningId::new([2; 32]),
            hash: Hash::new([3; 32]),
        },
    }
}

/// Nobody else speaks for the device.
fn side_record(bytes: &[u8]) -> bool {
    let Ok(signed) = decode_canonical::<Unverified>(bytes) else {
        return false;
    };
    if let Ok(record) = SideRecord::verify(signed)
        && record.value().device == device().verifying_key()
    {
        assert_eq!(*record.value(), confirmation(), "nothing else was ever signed");
    }
    canonical::<Unverified>(bytes)
}

fn certificate(bytes: &[u8]) -> bool {
    let Ok(signed) = decode_canonical::<Unverified>(bytes) else {
        return false;
    };
    if let Ok(certificate) = DeviceCertificate::verify(signed)
        && certificate.value().identity == identity().verifying_key()
    {
        let device = certificate.value().device;
        assert_eq!(
            device,
            self::device().verifying_key(),
            "nothing else was ever signed"
        );
    }
    canonical::<Unverified>(bytes)
}

fn opening() -> NameOpening {
    NameOpening {
        salt: ByteArray::from([4; 32]),
        name: "Совет".to_owned(),
    }
}

/// A name opens its own commitment and no other.
fn name(bytes: &[u8]) -> bool {
    let theirs = NameOpening::opened(bytes, &opening().commitment());
    assert!(theirs.is_none_or(|theirs| theirs == opening()));
    canonical::<NameOpening>(bytes)
}
