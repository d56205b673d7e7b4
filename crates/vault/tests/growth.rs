//! A vault filled as a client fills it with messages: what it holds, what it takes on the disk before and after compaction.
//!
//! `cargo test --release -p veche-vault --test growth -- --ignored --nocapture`
#![allow(clippy::print_stdout, reason = "prints what it measured")]

use primitives::{Batch, Purpose, Store as _, Table};
use std::collections::HashMap;
use std::error::Error;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;
use vault::{Compacting, Params, Vault};

const PASSPHRASE: &[u8] = b"correct horse battery staple";
const MESSAGES: Table = Table("messages");
const IDS: Table = Table("message-ids");
const WORDS: Table = Table("message-words");
const STATE: Table = Table("conversations");
const GROUP: Table = Table("mls");
/// Messages that come in one batch, share a purpose and have one index of their words.
const PAGE: u64 = 64;
/// Pages between two changes of the group's secrets, which burn the ones before.
const EPOCH: u64 = 50;

type Outcome<T> = Result<T, Box<dyn Error>>;

#[test]
#[ignore = "a measurement: half a minute"]
fn a_hundred_thousand_messages_take_less_than_twice_what_they_hold_once_compacted() {
    let folder = tempfile::tempdir().unwrap();
    measure(folder.path(), 100_000).unwrap();
}

fn measure(folder: &Path, messages: u64) -> Outcome<()> {
    let mut vault = Vault::create(folder, PASSPHRASE, Params::testing())?;
    let empty = size_of(folder)?;
    let mut live = Live::default();
    let clock = Instant::now();
    for page in 0..messages.div_ceil(PAGE) {
        live.apply(&mut vault, batch(page))?;
    }
    println!(
        "messages            {messages}, written in {:.1} s",
        clock.elapsed().as_secs_f64()
    );
    drop(vault);
    let mut vault = opened(folder)?;
    let held = live.bytes();
    let say = |what: &str, bytes: u64| {
        println!(
            "{what:<20}{:8.1} MiB  {:5.2} times live",
            mib(bytes),
            mib(bytes) / mib(held)
        );
    };
    say("live", held);
    say("disk before", size_of(folder)?.saturating_sub(empty));
    let wasteful = vault.usage()?.is_wasteful();
    let (clock, mut most) = (Instant::now(), 0);
    vault.compact(&mut |at| {
        if at == Compacting::Commit {
            most = size_of(folder).unwrap_or_default();
        }
        ControlFlow::Continue(())
    })?;
    println!(
        "compacted in        {:.2} s{}",
        clock.elapsed().as_secs_f64(),
        if wasteful { "" } else { " (it was not due)" }
    );
    say("disk meanwhile", most);
    say("disk after", size_of(folder)?.saturating_sub(empty));
    drop(vault);
    drop(opened(folder)?);
    let after = size_of(folder)?.saturating_sub(empty);
    say("disk when reopened", after);
    assert!(after < 2 * held);
    Ok(())
}

fn opened(folder: &Path) -> Outcome<Vault> {
    let clock = Instant::now();
    let opened = Vault::open(folder, PASSPHRASE)?;
    println!("opened in           {:.2} s", clock.elapsed().as_secs_f64());
    if opened.rolled_back || !opened.damaged.is_empty() {
        return Err("not as it was left".into());
    }
    Ok(opened.vault)
}

/// What the client writes when a page of messages has come in.
fn batch(page: u64) -> Batch {
    let mut batch = Batch::new();
    let purpose = Purpose::burnable([b"talk/".as_slice(), &[7; 32], b"/", &page.to_be_bytes()].concat());
    let key = |number: u64| [[7; 32].as_slice(), &number.to_be_bytes()].concat();
    for number in page * PAGE..(page + 1) * PAGE {
        let noise = noise(number);
        let len = 200 + usize::try_from(noise % 256).unwrap_or_default();
        batch.put_for(purpose.clone(), MESSAGES, key(number), vec![1; len]);
        let id: Vec<u8> = (0..4u64)
            .flat_map(|part| self::noise(noise ^ part).to_be_bytes())
            .collect();
        batch.put(IDS, id, number.to_be_bytes());
    }
    let words = 3_800 + usize::try_from(noise(page) % 2_000).unwrap_or_default();
    batch.put_for(purpose, WORDS, key(page), vec![2; words]);
    batch.put(
        STATE,
        *b"plenary",
        [page.to_be_bytes().as_slice(), &[3; 900]].concat(),
    );
    let epoch = |page: u64| Purpose::burnable([b"mls/".as_slice(), &(page / EPOCH).to_be_bytes()].concat());
    if page.is_multiple_of(EPOCH) && page > 0 {
        batch.burn(epoch(page - 1));
    }
    let secrets = [page.to_be_bytes().as_slice(), &[4; 9_000]].concat();
    batch.put_for(epoch(page), GROUP, *b"secrets", secrets);
    batch
}

/// Numbers without an order (SplitMix64).
const fn noise(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Bytes of keys and values that are in the vault.
#[derive(Default)]
struct Live(HashMap<(Table, Vec<u8>), usize>);

impl Live {
    fn apply(&mut self, vault: &mut Vault, batch: Batch) -> Outcome<()> {
        for op in batch.ops() {
            if let primitives::store::Op::Put {
                table, key, value, ..
            } = op
            {
                self.0.insert((*table, key.clone()), key.len() + value.len());
            }
        }
        Ok(vault.apply(batch)?)
    }

    fn bytes(&self) -> u64 {
        self.0.values().map(|len| *len as u64).sum()
    }
}

fn size_of(folder: &Path) -> Outcome<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let meta = entry.metadata()?;
        bytes += if meta.is_dir() {
            size_of(&entry.path())?
        } else {
            meta.len()
        };
    }
    Ok(bytes)
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / 1024.0 / 1024.0
}
