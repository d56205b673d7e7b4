//! Pages that begin in what a relay keeps no longer: a reader passes over it and is deceived by nobody.

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
    Breach, Checkpoint, CheckpointKey, Entry, Gone, LogKind, MemoryTree, Origin, Page, Reader,
    SignedCheckpoint, leaf_hash, rest,
};

struct Relay {
    key: SigningSecret,
    entries: Vec<Entry>,
    tree: MemoryTree,
    /// Entries before this are gone.
    gone: u64,
}

impl Relay {
    /// A log of `len` entries; those of another `history` differ from the third on.
    fn new(len: u64, gone: u64, history: u64) -> Self {
        let mut relay = Self {
            key: SigningSecret::from_seed(&Secret::take(&mut [1; 32])),
            entries: vec![],
            tree: MemoryTree::new(),
            gone,
        };
        for index in 0..len {
            let differs = if index < 2 { 0 } else { history };
            let entry = Entry {
                time: Time(index / 2),
                bytes: [index.to_be_bytes(), differs.to_be_bytes()].concat(),
            };
            relay.tree.push(leaf_hash(entry.time, &entry.bytes));
            relay.entries.push(entry);
        }
        relay
    }

    fn signed(&self, size: u64) -> SignedCheckpoint {
        Checkpoint {
            origin: origin(),
            size,
            root: self.tree.root_at(size),
        }
        .sign(&self.key)
    }

    /// At most `count` entries from `from` on, as an honest relay gives them to who knows `known`.
    fn page(&self, from: u64, known: Option<u64>, count: u64, size: u64) -> Page {
        let to = known
            .filter(|known| *known > from)
            .map_or(self.gone, |known| self.gone.min(known));
        let gone = (from < to).then(|| Gone {
            to,
            rest: rest(&self.tree, from, to).unwrap(),
        });
        let first = gone.as_ref().map_or(from, |gone| gone.to);
        let end = if first < self.gone {
            first
        } else {
            (first + count).min(size)
        };
        let place = |index: u64| usize::try_from(index).unwrap();
        Page {
            from,
            entries: self.entries[place(first)..place(end)].to_vec(),
            checkpoint: self.signed(size),
            consistency: self.tree.consistency(end, size),
            gone,
        }
    }

    fn key(&self) -> CheckpointKey {
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

fn extend(reader: &mut Reader, page: &Page, key: &CheckpointKey) -> Result<tlog::Verified, Breach> {
    reader.extend_of(LogKind::Ephemeral, page, key, |_, _| {})
}

#[track_caller]
fn refused(reader: &mut Reader, kind: LogKind, page: &Page, key: &CheckpointKey, rule: &str) -> Breach {
    let before = reader.clone();
    let breach = reader.extend_of(kind, page, key, |_, _| {}).unwrap_err();
    assert_eq!(breach.rule(), rule, "{breach}");
    assert!(breach.to_string().starts_with(rule), "{breach}");
    assert_eq!(*reader, before, "a refused page changes nothing");
    breach
}

#[test]
fn a_page_whose_beginning_is_gone_says_how_much_and_leads_to_the_same_root() {
    let relay = Relay::new(11, 6, 0);
    let mut reader = Reader::new(origin());
    let page = relay.page(0, None, 2, 11);
    assert_eq!((page.first(), page.end(), page.is_empty()), (6, 8, false));
    let verified = extend(&mut reader, &page, &relay.key()).unwrap();
    assert_eq!((verified.gone, verified.unread), (6, 3));
    assert_eq!((reader.size(), reader.root()), (8, relay.tree.root_at(8)));
    let verified = extend(&mut reader, &relay.page(8, None, 9, 11), &relay.key()).unwrap();
    assert_eq!((verified.gone, verified.unread), (0, 0));
    assert_eq!(reader.root(), relay.tree.root());
}

#[test]
fn a_page_of_which_everything_is_gone_is_not_empty() {
    let relay = Relay::new(5, 5, 0);
    let mut reader = Reader::new(origin());
    let page = relay.page(2, None, 9, 5);
    assert!(page.entries.is_empty() && !page.is_empty());
    refused(&mut reader, LogKind::Ephemeral, &page, &relay.key(), "LOG-03");
    let verified = extend(&mut reader, &relay.page(0, None, 9, 5), &relay.key()).unwrap();
    assert_eq!(
        (verified.gone, reader.size(), reader.root()),
        (5, 5, relay.tree.root())
    );
    assert!(relay.page(5, None, 9, 5).is_empty());
}

#[test]
fn a_page_from_before_entries_could_be_gone_is_the_same_bytes() {
    let relay = Relay::new(3, 0, 0);
    let page = relay.page(1, None, 9, 3);
    let before = (
        page.from,
        page.entries.clone(),
        page.checkpoint.clone(),
        page.consistency.clone(),
    );
    assert_eq!(encode(&page), encode(&before));
    assert_eq!(decode_canonical::<Page>(&encode(&before)).unwrap(), page);
    let gone = Relay::new(3, 2, 0).page(0, None, 9, 3);
    assert_eq!(decode_canonical::<Page>(&encode(&gone)).unwrap(), gone);
}

#[test]
fn log_12_nothing_is_gone_from_a_record() {
    let relay = Relay::new(9, 4, 0);
    let page = relay.page(0, None, 9, 9);
    let mut reader = Reader::new(origin());
    let breach = refused(&mut reader, LogKind::Record, &page, &relay.key(), "LOG-12");
    assert!(breach.evidence().is_none());
    assert_eq!(reader.extend(&page, &relay.key()).unwrap_err().rule(), "LOG-12");
    assert!(
        reader
            .extend_of(LogKind::Private, &page, &relay.key(), |_, _| {})
            .is_ok()
    );
}

#[test]
fn log_12_rejects_what_is_gone_to_where_the_reader_stands_or_beyond_the_checkpoint() {
    let relay = Relay::new(9, 4, 0);
    let mut reader = Reader::new(origin());
    let mut nowhere = relay.page(0, None, 9, 9);
    nowhere.gone = Some(Gone { to: 0, rest: vec![] });
    let mut beyond = relay.page(0, None, 9, 9);
    beyond.gone = Some(Gone {
        to: 1 << 40,
        rest: vec![Hash::new([0; 32])],
    });
    let mut too_few = relay.page(0, None, 9, 9);
    too_few.gone.as_mut().unwrap().rest.clear();
    for page in [nowhere, beyond, too_few] {
        refused(&mut reader, LogKind::Ephemeral, &page, &relay.key(), "LOG-12");
    }
}

#[test]
fn log_06_rejects_subtrees_that_are_not_the_logs() {
    let relay = Relay::new(9, 7, 0);
    let mut page = relay.page(0, None, 9, 9);
    page.gone.as_mut().unwrap().rest.swap(0, 1);
    refused(
        &mut Reader::new(origin()),
        LogKind::Ephemeral,
        &page,
        &relay.key(),
        "LOG-06",
    );
}

#[test]
fn log_12_a_fork_does_not_hide_in_what_is_gone() {
    let honest = Relay::new(5, 0, 0);
    let forked = Relay::new(12, 9, 1);
    let key = honest.key();
    let mut reader = Reader::new(origin());
    extend(&mut reader, &honest.page(0, None, 2, 5), &key).unwrap();
    assert_eq!(reader.known_ahead(), Some(5));
    // Over the size that is known there is no going ...
    refused(
        &mut reader,
        LogKind::Ephemeral,
        &forked.page(2, None, 9, 12),
        &key,
        "LOG-12",
    );
    // ... and up to it the roots are compared.
    let to_known = forked.page(2, reader.known_ahead(), 9, 12);
    assert_eq!(to_known.end(), 5);
    let breach = refused(&mut reader, LogKind::Ephemeral, &to_known, &key, "LOG-08");
    assert!(breach.evidence().is_some());
}

proptest! {
    #[test]
    fn an_honest_log_is_read_whatever_goes_meanwhile(
        len in 1u64..80, steps in prop::collection::vec((0u64..9, 0u64..9, 0u64..30), 1..40),
    ) {
        let mut relay = Relay::new(len, 0, 0);
        let (key, mut signed, mut passed, mut read) = (relay.key(), 0, 0, 0);
        let mut reader = Reader::new(origin());
        for (count, ahead, goes) in steps {
            signed = (signed.max(reader.size() + count) + ahead).min(len);
            relay.gone = (relay.gone + goes).min(signed);
            let page = relay.page(reader.size(), reader.known_ahead(), count, signed);
            let verified = extend(&mut reader, &page, &key).unwrap();
            passed += verified.gone;
            read += page.entries.len() as u64;
            prop_assert_eq!(reader.size(), passed + read);
            prop_assert_eq!(reader.root(), relay.tree.root_at(reader.size()));
            let known = reader.largest().unwrap().open(&key).unwrap();
            prop_assert_eq!(known.root, relay.tree.root_at(known.size));
        }
    }

    #[test]
    fn another_history_is_never_taken_for_what_is_gone(
        len in 3u64..60, read in 0u64..30, known in 3u64..60, gone in 0u64..60,
    ) {
        let (known, read) = (known.min(len), read.min(len));
        let (honest, forked) = (Relay::new(len, 0, 0), Relay::new(len, gone.min(len), 1));
        let key = honest.key();
        let mut reader = Reader::new(origin());
        extend(&mut reader, &honest.page(0, None, read, known.max(read)), &key).unwrap();
        let mut breached = false;
        for _ in 0..4 {
            let page = forked.page(reader.size(), reader.known_ahead(), 99, len);
            match extend(&mut reader, &page, &key) {
                Ok(_) => prop_assert!(reader.size() < known.max(read).max(3)),
                Err(_) => { breached = true; break; }
            }
        }
        prop_assert!(breached);
    }
}
