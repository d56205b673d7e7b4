//! Decoders of the log: checkpoints and what else is signed, pages, receipts, records, proofs.

use crate::target::{canonical, head};
use crate::{Decoder, Target, Vectors};
use primitives::signed::Unverified;
use primitives::{Hash, LogId, RelayId, Secret, SigningSecret, Time, VerifyingKey, decode_canonical, encode};
use std::sync::LazyLock;
use tlog::{
    Checkpoint, CheckpointKey, CloseEntry, Cosignature, CosigningSecret, CreateLog, Entry, MemoryTree,
    Origin, Page, Reader, Receipt, RelayKeys, SignedCheckpoint, leaf_hash, relay_id, verify_consistency,
    verify_inclusion,
};

/// The log's decoders.
pub const TARGET: Target = Target {
    name: "log",
    decoders: &[
        Decoder {
            name: "checkpoint",
            accepts: checkpoint,
            seeds: checkpoints,
        },
        Decoder {
            name: "origin",
            accepts: origin,
            seeds: |_| vec![ORIGIN.to_string().into_bytes()],
        },
        Decoder {
            name: "cosignature",
            accepts: cosignature,
            seeds: cosignatures,
        },
        Decoder {
            name: "page",
            accepts: page,
            seeds: |_| vec![encode(&LOG.page())],
        },
        Decoder {
            name: "receipt",
            accepts: receipt,
            seeds: |_| vec![encode(&LOG.receipt())],
        },
        Decoder {
            name: "creation record",
            accepts: record,
            seeds: records,
        },
        Decoder {
            name: "relay's keys",
            accepts: relay_keys,
            seeds: |_| {
                vec![encode(&RelayKeys::sign(
                    &identity(),
                    key().verifying_key(),
                    Time(5),
                ))]
            },
        },
        Decoder {
            name: "close entry",
            accepts: close,
            seeds: |_| {
                let opening = primitives::OpeningId::new([5; 32]);
                vec![CloseEntry { opening }.to_bytes()]
            },
        },
        Decoder {
            name: "inclusion proof",
            accepts: inclusion,
            seeds: |_| {
                (0..SIZE)
                    .map(|index| proof_bytes(&[index, SIZE], &LOG.path(index)))
                    .collect()
            },
        },
        Decoder {
            name: "consistency proof",
            accepts: consistency,
            seeds: |_| {
                (1..SIZE)
                    .map(|old| proof_bytes(&[old, SIZE], &LOG.prefix(old)))
                    .collect()
            },
        },
    ],
};

/// Entries of the log to which everything belongs.
const SIZE: u8 = 21;
static LOG: LazyLock<Log> = LazyLock::new(Log::new);
static ORIGIN: LazyLock<Origin> = LazyLock::new(|| Origin {
    relay: relay_id(&identity().verifying_key()),
    log: LogId::new([2; 32]),
});

fn identity() -> SigningSecret {
    SigningSecret::from_seed(&Secret::take(&mut [1; 32]))
}

fn key() -> SigningSecret {
    SigningSecret::from_seed(&Secret::take(&mut [3; 32]))
}

fn checkpoint_key() -> CheckpointKey {
    CheckpointKey {
        relay: ORIGIN.relay,
        key: key().verifying_key(),
    }
}

/// A small log and its tree.
struct Log {
    entries: Vec<Entry>,
    tree: MemoryTree,
}

impl Log {
    fn new() -> Self {
        let mut log = Self {
            entries: Vec::new(),
            tree: MemoryTree::default(),
        };
        for number in 0..SIZE {
            let entry = Entry {
                time: Time(1_000 + u64::from(number)),
                bytes: vec![number; 3],
            };
            log.tree.push(leaf_hash(entry.time, &entry.bytes));
            log.entries.push(entry);
        }
        log
    }

    fn leaf(&self, index: u8) -> Hash {
        let entry = &self.entries[usize::from(index)];
        leaf_hash(entry.time, &entry.bytes)
    }

    fn root(&self, size: u8) -> Hash {
        self.tree.root_at(size.into())
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            origin: *ORIGIN,
            size: SIZE.into(),
            root: self.root(SIZE),
        }
    }

    fn path(&self, index: u8) -> Vec<Hash> {
        self.tree.inclusion(index.into(), SIZE.into())
    }

    fn prefix(&self, old: u8) -> Vec<Hash> {
        self.tree.consistency(old.into(), SIZE.into())
    }

    fn page(&self) -> Page {
        Page {
            from: 0,
            entries: self.entries.clone(),
            checkpoint: self.checkpoint().sign(&key()),
            consistency: Vec::new(),
            gone: None,
        }
    }

    fn receipt(&self) -> Receipt {
        Receipt {
            index: 4,
            time: self.entries[4].time,
            checkpoint: self.checkpoint().sign(&key()),
            path: self.path(4),
        }
    }
}

/// A text that is a checkpoint is the only text of it, and only what was signed opens.
fn checkpoint(bytes: &[u8]) -> bool {
    let Ok(text) = String::from_utf8(bytes.to_vec()) else {
        return false;
    };
    let signed = SignedCheckpoint::new(text.clone());
    let peeked = signed.peek();
    if let Ok(peeked) = &peeked {
        assert!(text.starts_with(&peeked.body()));
    }
    let opened = signed.open(&checkpoint_key());
    if let Ok(opened) = &opened {
        assert_eq!(*opened, LOG.checkpoint(), "nothing else was ever signed");
        assert_eq!(peeked, Ok(*opened));
    }
    peeked.is_ok()
}

fn checkpoints(vectors: &Vectors) -> Vec<Vec<u8>> {
    let logs = vectors.audit_files().into_iter().flat_map(|file| file.logs);
    let texts = logs.map(|log| log.checkpoint.as_str().as_bytes().to_vec());
    texts
        .chain([LOG.checkpoint().sign(&key()).as_str().as_bytes().to_vec()])
        .collect()
}

fn origin(bytes: &[u8]) -> bool {
    let Some(origin) = text(bytes).and_then(|text| text.parse::<Origin>().ok()) else {
        return false;
    };
    assert_eq!(origin.to_string().parse::<Origin>(), Ok(origin));
    true
}

fn text(bytes: &[u8]) -> Option<&str> {
    core::str::from_utf8(bytes).ok()
}

fn cosignature(bytes: &[u8]) -> bool {
    if let Ok(cosignature) = decode_canonical::<Cosignature>(bytes)
        && cosignature.verify(&LOG.checkpoint()).is_ok()
    {
        let announced = CosigningSecret::of(&key()).key();
        let lines = cosignature.lines(Some(&announced));
        let count = 1 + usize::from(cosignature.second.is_some());
        assert!(lines.ends_with('\n') && lines.lines().count() == count);
        let _ = cosignature.verify_second(&LOG.checkpoint(), &announced);
    }
    canonical::<Cosignature>(bytes)
}

fn cosignatures(vectors: &Vectors) -> Vec<Vec<u8>> {
    let logs = vectors.audit_files().into_iter().flat_map(|file| file.logs);
    let made = logs.flat_map(|log| log.cosignatures).take(2);
    let signed = [Cosignature::sign, Cosignature::sign_twice];
    made.chain(signed.map(|sign| sign(&LOG.checkpoint(), Time(5_000), &key())))
        .map(|cosignature| encode(&cosignature))
        .collect()
}

/// Only the entries that the checkpoint is of are taken, and a page that is refused changes nothing.
fn page(bytes: &[u8]) -> bool {
    let Ok(page) = decode_canonical::<Page>(bytes) else {
        return false;
    };
    let mut reader = Reader::new(*ORIGIN);
    let before = reader.clone();
    if reader.extend(&page, &checkpoint_key()).is_ok() {
        assert!(LOG.entries.starts_with(&page.entries));
    } else {
        assert_eq!(reader, before);
    }
    canonical::<Page>(bytes)
}

/// Only receipts for the entry are believed.
fn receipt(bytes: &[u8]) -> bool {
    let Ok(receipt) = decode_canonical::<Receipt>(bytes) else {
        return false;
    };
    let entry = &LOG.entries[4];
    if receipt
        .verify(ORIGIN.log, &entry.bytes, &checkpoint_key())
        .is_ok()
    {
        assert_eq!((receipt.index, receipt.time), (4, entry.time));
    }
    canonical::<Receipt>(bytes)
}

fn record(bytes: &[u8]) -> bool {
    if let Ok(record) = decode_canonical::<CreateLog>(bytes) {
        assert!(!record.allows_len(0) || record.check().is_err());
        if let Some(slots) = record.slots
            && record.check().is_ok()
        {
            for now in [slots.opens, slots.closes, Time(0), Time(u64::MAX)] {
                let end = slots.end_of_slot(now);
                assert!(end.is_none_or(|end| slots.is_end(end) && end > now));
            }
        }
    }
    canonical::<CreateLog>(bytes)
}

fn records(vectors: &Vectors) -> Vec<Vec<u8>> {
    let files = vectors.audit_files().into_iter();
    files
        .flat_map(|file| {
            let logs = file.logs.into_iter().map(|log| log.record);
            logs.chain(file.boxes.into_iter().map(|ballots| ballots.record))
                .collect::<Vec<_>>()
        })
        .map(|record| encode(&record))
        .collect()
}

fn relay_keys(bytes: &[u8]) -> bool {
    let Ok(signed) = decode_canonical::<Unverified>(bytes) else {
        return false;
    };
    let Ok(keys) = RelayKeys::verify(signed, ORIGIN.relay) else {
        // Those of another relay are its own.
        let other = RelayId::new([0; 32]);
        assert!(RelayKeys::verify(decode_canonical(bytes).unwrap(), other).is_err());
        return false;
    };
    assert_eq!(
        keys.identity,
        identity().verifying_key(),
        "nobody else can sign for this relay"
    );
    assert_eq!(
        keys.checkpoint_key,
        VerifyingKey::new(*key().verifying_key().as_bytes())
    );
    canonical::<Unverified>(bytes)
}

fn close(bytes: &[u8]) -> bool {
    CloseEntry::from_bytes(bytes).is_some_and(|close| {
        assert_eq!(close.to_bytes(), bytes);
        true
    })
}

fn proof_bytes(numbers: &[u8; 2], path: &[Hash]) -> Vec<u8> {
    let path = path.iter().flat_map(|hash| hash.as_bytes().iter().copied());
    numbers.iter().copied().chain(path).collect()
}

fn path_of(bytes: &[u8]) -> Vec<Hash> {
    let (hashes, _) = bytes.as_chunks::<32>();
    hashes.iter().copied().map(Hash::new).collect()
}

/// The only proof of an entry that is accepted is the one that the tree makes, whatever size is claimed.
fn inclusion(bytes: &[u8]) -> bool {
    let ([index, size], rest) = head::<2>(bytes);
    let (index, path) = (index % SIZE, path_of(rest));
    let proven = verify_inclusion(LOG.leaf(index), index.into(), size.into(), &LOG.root(SIZE), &path);
    if proven.is_ok() && size == SIZE {
        assert_eq!(path, LOG.path(index));
    }
    // Sizes beyond all logs come to an end as well.
    let _ = verify_inclusion(
        LOG.leaf(index),
        u64::MAX - u64::from(size),
        u64::MAX,
        &LOG.root(SIZE),
        &path,
    );
    proven.is_ok()
}

/// Likewise of a prefix.
fn consistency(bytes: &[u8]) -> bool {
    let ([old, new], rest) = head::<2>(bytes);
    let (old, path) = (old % (SIZE + 1), path_of(rest));
    let proven = verify_consistency(old.into(), &LOG.root(old), new.into(), &LOG.root(SIZE), &path);
    if proven.is_ok() && new == SIZE {
        assert_eq!(path, LOG.prefix(old));
    }
    let _ = verify_consistency(
        u64::MAX - u64::from(new),
        &LOG.root(old),
        u64::MAX,
        &LOG.root(SIZE),
        &path,
    );
    proven.is_ok()
}

/// A page and a receipt of a log, for those who carry them.
pub(crate) fn examples() -> (Page, Receipt) {
    (LOG.page(), LOG.receipt())
}
