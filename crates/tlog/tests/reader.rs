//! A reader against a relay that is honest, and against every way in which it may not be.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the helpers of tests fail like tests"
)]

use primitives::{Hash, LogId, RelayId, Secret, SigningSecret, Time, decode_canonical, encode};
use proptest::prelude::*;
use tlog::{
    BadReceipt, Breach, Checkpoint, CheckpointKey, Entry, MemoryTree, Observed, Origin, Page, Reader,
    Receipt, SignedCheckpoint, leaf_hash,
};

struct Relay {
    key: SigningSecret,
    entries: Vec<Entry>,
    tree: MemoryTree,
}

impl Relay {
    fn new() -> Self {
        Self {
            key: SigningSecret::from_seed(&Secret::take(&mut [1; 32])),
            entries: vec![],
            tree: MemoryTree::new(),
        }
    }

    fn with(entries: impl IntoIterator<Item = (u64, &'static str)>) -> Self {
        let mut relay = Self::new();
        entries
            .into_iter()
            .for_each(|(time, text)| relay.push(time, text.as_bytes()));
        relay
    }

    fn push(&mut self, time: u64, bytes: &[u8]) {
        self.tree.push(leaf_hash(Time(time), bytes));
        self.entries.push(Entry {
            time: Time(time),
            bytes: bytes.to_vec(),
        });
    }

    fn checkpoint_at(&self, size: u64) -> SignedCheckpoint {
        Checkpoint {
            origin: origin(),
            size,
            root: self.tree.root_at(size),
        }
        .sign(&self.key)
    }

    /// Entries `from..to` under a checkpoint of `size` entries.
    fn page(&self, from: usize, to: usize, size: u64) -> Page {
        Page {
            from: from as u64,
            entries: self.entries[from..to].to_vec(),
            checkpoint: self.checkpoint_at(size),
            consistency: self.tree.consistency(to as u64, size),
            gone: None,
        }
    }

    fn checkpoint_key(&self) -> CheckpointKey {
        CheckpointKey {
            relay: origin().relay,
            key: self.key.verifying_key(),
        }
    }
}

fn origin() -> Origin {
    Origin {
        relay: RelayId::new([1; 32]),
        log: LogId::new([2; 32]),
    }
}

const FIVE: [(u64, &str); 5] = [(1, "a"), (2, "b"), (2, "c"), (5, "d"), (6, "e")];

#[track_caller]
fn refused(reader: &mut Reader, page: &Page, key: &CheckpointKey, rule: &str) -> Breach {
    let before = reader.clone();
    let breach = reader.extend(page, key).unwrap_err();
    assert_eq!(breach.rule(), rule, "{breach}");
    assert!(breach.to_string().starts_with(rule), "{breach}");
    assert_eq!(*reader, before, "a refused page changes nothing");
    breach
}

#[test]
fn reads_in_pages_while_the_log_grows() {
    let mut relay = Relay::with(FIVE);
    let key = relay.checkpoint_key();
    let mut reader = Reader::new(origin());
    assert_eq!(reader.extend(&relay.page(0, 2, 4), &key).unwrap().unread, 2);
    assert_eq!(reader.extend(&relay.page(2, 3, 5), &key).unwrap().unread, 2);
    let mut reader: Reader = decode_canonical(&encode(&reader)).unwrap();
    relay.push(6, b"f");
    assert_eq!(reader.extend(&relay.page(3, 6, 6), &key).unwrap().unread, 0);
    assert_eq!(reader.largest(), Some(&relay.checkpoint_at(6)));
    assert_eq!(
        (reader.size(), reader.last_time(), reader.root()),
        (6, Time(6), relay.tree.root())
    );
    assert_eq!(reader.extend(&relay.page(6, 6, 6), &key).unwrap().unread, 0);
}

#[test]
fn log_01_rejects_a_checkpoint_by_another_key() {
    let relay = Relay::with(FIVE);
    let key = CheckpointKey {
        relay: origin().relay,
        key: primitives::VerifyingKey::new([3; 32]),
    };
    refused(&mut Reader::new(origin()), &relay.page(0, 5, 5), &key, "LOG-01");
}

#[test]
fn log_02_rejects_a_page_of_another_log() {
    let relay = Relay::with(FIVE);
    let other = Origin {
        log: LogId::new([3; 32]),
        ..origin()
    };
    refused(
        &mut Reader::new(other),
        &relay.page(0, 5, 5),
        &relay.checkpoint_key(),
        "LOG-02",
    );
}

#[test]
fn log_03_rejects_a_gap_and_a_repetition() {
    let relay = Relay::with(FIVE);
    let mut reader = Reader::new(origin());
    refused(
        &mut reader,
        &relay.page(1, 5, 5),
        &relay.checkpoint_key(),
        "LOG-03",
    );
    reader
        .extend(&relay.page(0, 3, 5), &relay.checkpoint_key())
        .unwrap();
    refused(
        &mut reader,
        &relay.page(2, 5, 5),
        &relay.checkpoint_key(),
        "LOG-03",
    );
}

#[test]
fn log_04_rejects_times_that_decrease_within_a_page_and_between_pages() {
    let relay = Relay::with([(5, "a"), (4, "b")]);
    let key = relay.checkpoint_key();
    let mut reader = Reader::new(origin());
    let breach = refused(&mut reader, &relay.page(0, 2, 2), &key, "LOG-04");
    assert_eq!(breach.evidence().unwrap().shown, relay.checkpoint_at(2));
    reader.extend(&relay.page(0, 1, 2), &key).unwrap();
    refused(&mut reader, &relay.page(1, 2, 2), &key, "LOG-04");
}

#[test]
fn log_05_rejects_an_empty_entry() {
    let relay = Relay::with([(5, "")]);
    refused(
        &mut Reader::new(origin()),
        &relay.page(0, 1, 1),
        &relay.checkpoint_key(),
        "LOG-05",
    );
}

#[test]
fn log_06_rejects_an_altered_dropped_or_reordered_entry() {
    let relay = Relay::with(FIVE);
    let key = relay.checkpoint_key();
    let mut altered = relay.page(0, 5, 5);
    altered.entries[2].bytes = b"x".to_vec();
    let mut back_dated = relay.page(0, 5, 5);
    back_dated.entries[4].time = Time(5);
    let mut dropped = relay.page(0, 5, 5);
    dropped.entries.remove(4);
    let mut reordered = relay.page(0, 5, 5);
    reordered.entries.swap(1, 2);
    for page in [altered, back_dated, dropped, reordered] {
        assert!(
            refused(&mut Reader::new(origin()), &page, &key, "LOG-06")
                .evidence()
                .is_some()
        );
    }
}

#[test]
fn log_07_rejects_a_log_that_shrank() {
    let relay = Relay::with(FIVE);
    let key = relay.checkpoint_key();
    let mut reader = Reader::new(origin());
    reader.extend(&relay.page(0, 2, 5), &key).unwrap();
    let breach = refused(&mut reader, &relay.page(2, 4, 4), &key, "LOG-07");
    let evidence = breach.evidence().unwrap();
    assert_eq!(
        (evidence.known.as_ref(), &evidence.shown),
        (Some(&relay.checkpoint_at(5)), &relay.checkpoint_at(4))
    );
}

#[test]
fn log_08_rejects_a_fork_of_the_same_size_with_both_signatures() {
    let honest = Relay::with(FIVE);
    let forked = Relay::with([(1, "a"), (2, "b"), (2, "c"), (5, "d"), (6, "X")]);
    let key = honest.checkpoint_key();
    let mut reader = Reader::new(origin());
    reader.extend(&honest.page(0, 4, 5), &key).unwrap();
    let breach = refused(&mut reader, &forked.page(4, 5, 5), &key, "LOG-08");
    let evidence = breach.evidence().unwrap();
    let known = evidence.known.as_ref().unwrap().open(&key).unwrap();
    let shown = evidence.shown.open(&key).unwrap();
    assert_eq!(known.size, shown.size);
    assert_ne!(known.root, shown.root);
}

#[test]
fn log_08_rejects_a_longer_fork_when_reading_passes_what_was_signed() {
    let honest = Relay::with(FIVE);
    let forked = Relay::with([(1, "a"), (2, "b"), (2, "X"), (5, "d"), (6, "e"), (7, "f")]);
    let key = honest.checkpoint_key();
    let mut reader = Reader::new(origin());
    reader.extend(&honest.page(0, 2, 5), &key).unwrap();
    reader.extend(&forked.page(2, 4, 6), &key).unwrap();
    assert_eq!(
        reader.largest(),
        Some(&honest.checkpoint_at(5)),
        "not adopted before it is linked"
    );
    refused(&mut reader, &forked.page(4, 6, 6), &key, "LOG-08");
}

#[test]
fn settles_what_others_have_seen() {
    let relay = Relay::with(FIVE);
    let key = relay.checkpoint_key();
    let mut reader = Reader::new(origin());
    reader.extend(&relay.page(0, 3, 3), &key).unwrap();
    assert_eq!(reader.observe(&relay.checkpoint_at(3), &key), Ok(Observed::Known));
    assert_eq!(
        reader.observe(&relay.checkpoint_at(2), &key),
        Ok(Observed::Unsettled { from: 2, to: 3 })
    );
    assert_eq!(
        reader.observe(&relay.checkpoint_at(5), &key),
        Ok(Observed::Unsettled { from: 3, to: 5 })
    );
    reader
        .settle(&relay.checkpoint_at(2), &relay.tree.consistency(2, 3), &key)
        .unwrap();
    assert_eq!(reader.largest(), Some(&relay.checkpoint_at(3)));
    reader
        .settle(&relay.checkpoint_at(5), &relay.tree.consistency(3, 5), &key)
        .unwrap();
    assert_eq!(reader.largest(), Some(&relay.checkpoint_at(5)));

    let forked = Relay::with([(1, "a"), (2, "b"), (2, "X"), (5, "d"), (6, "e")]);
    assert_eq!(
        reader.observe(&forked.checkpoint_at(5), &key).unwrap_err().rule(),
        "LOG-08"
    );
    assert_eq!(
        reader.observe(&forked.checkpoint_at(3), &key).unwrap_err().rule(),
        "LOG-08"
    );
    let proof = relay.tree.consistency(4, 5);
    assert_eq!(
        reader
            .settle(&forked.checkpoint_at(4), &proof, &key)
            .unwrap_err()
            .rule(),
        "LOG-08"
    );
}

#[test]
fn log_09_rejects_a_receipt_for_another_entry_time_or_log() {
    let relay = Relay::with(FIVE);
    let key = relay.checkpoint_key();
    let receipt = Receipt {
        index: 3,
        time: Time(5),
        checkpoint: relay.checkpoint_at(5),
        path: relay.tree.inclusion(3, 5),
    };
    let log = origin().log;
    assert_eq!(receipt.verify(log, b"d", &key).unwrap().size, 5);
    assert_eq!(receipt.verify(log, b"e", &key), Err(BadReceipt::NotIncluded));
    assert_eq!(
        receipt.verify(LogId::new([9; 32]), b"d", &key),
        Err(BadReceipt::WrongLog)
    );
    let later = Receipt {
        time: Time(6),
        ..receipt.clone()
    };
    assert_eq!(later.verify(log, b"d", &key), Err(BadReceipt::NotIncluded));
    let beyond = Receipt { index: 5, ..receipt };
    assert_eq!(beyond.verify(log, b"d", &key), Err(BadReceipt::NotIncluded));
}

proptest! {
    #[test]
    fn an_honest_log_is_read_whatever_the_pages(
        times in prop::collection::vec(0u64..5, 1..60), cuts in prop::collection::vec((1usize..9, 0usize..9), 1..60),
    ) {
        let mut relay = Relay::new();
        let mut now = 0;
        for step in times {
            now += step;
            relay.push(now, &now.to_be_bytes());
        }
        let len = relay.entries.len();
        let (key, mut reader, mut signed) = (relay.checkpoint_key(), Reader::new(origin()), 0);
        for (entries, ahead) in cuts {
            let from = usize::try_from(reader.size()).unwrap();
            let to = (from + entries).min(len);
            signed = signed.max((to + ahead).min(len));
            reader.extend(&relay.page(from, to, signed as u64), &key).unwrap();
            prop_assert_eq!(reader.root(), relay.tree.root_at(to as u64));
        }
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes: Vec<u8>) {
        let _ = decode_canonical::<Reader>(&bytes);
        let _ = decode_canonical::<Page>(&bytes);
        let _ = decode_canonical::<Receipt>(&bytes);
        let _ = decode_canonical::<tlog::CreateLog>(&bytes);
    }

    #[test]
    fn no_text_makes_a_checkpoint_panic(text: String) {
        let key = CheckpointKey { relay: origin().relay, key: primitives::VerifyingKey::new([3; 32]) };
        prop_assert!(SignedCheckpoint::new(text).open(&key).is_err());
        let _ = Hash::new([0; 32]);
    }
}
