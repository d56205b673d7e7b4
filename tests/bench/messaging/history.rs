//! A vault with many messages: how it grows while they come in by pages of 64, what it takes to open it, to show the list and
//! the newest page, and to find words in it.

use crate::Outcome;
use crate::assembly::{Assembly, Seat};
use crate::clock::{Clock, Lap};
use crate::disk::{Disk, Ledger, copy, size_of};
use crate::group::PAGE;
use crate::report::Figures;
use client::requests::{Answer, Request};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use std::path::Path;
use std::time::Instant;

const MEMBERS: usize = 3;
/// Whose vault it is.
const READER: usize = 1;
const SPEAKERS: [usize; 2] = [0, 2];
/// Said at once, and then read.
const SAID: usize = 2_048;
/// Bytes of an entry with a message and what its author has seen, as it is padded.
const ENTRY: u32 = 2_048;
/// Number of the message that has the word that no other has.
const SELDOM: usize = 3_133;

/// Words as often as words are: the first of 20,000 most, the last seldom.
pub(crate) fn sentence(number: usize) -> String {
    const STEMS: [&str; 20] = [
        "при",
        "реш",
        "собран",
        "голос",
        "мир",
        "пред",
        "вопрос",
        "нов",
        "депутат",
        "закон",
        "com",
        "re",
        "vote",
        "law",
        "as",
        "mot",
        "con",
        "peo",
        "day",
        "ple",
    ];
    const ENDS: [&str; 10] = ["ение", "ать", "ого", "ы", "ская", "tion", "ing", "ed", "ies", "s"];
    let mut rng = ChaCha20Rng::seed_from_u64(number as u64);
    let words = 4 + rng.next_u64() % 17;
    let mut said: Vec<String> = (0..words)
        .map(|_| {
            let (rank, stem, end) = word(&mut rng);
            let part = |of: &[&'static str], at: usize| of.get(at % of.len()).copied().unwrap_or_default();
            format!("{}{}{}", part(&STEMS, stem), rank, part(&ENDS, end))
        })
        .collect();
    if number == SELDOM {
        said.push("сокровище".into());
    }
    said.join(" ")
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a draw"
)]
fn word(rng: &mut ChaCha20Rng) -> (usize, usize, usize) {
    let unit = (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    let rank = (20_000f64.powf(unit) - 1.0) as usize;
    (rank / 200, rank % 20, rank / 20 % 10)
}

pub(crate) fn run(messages: usize, repeats: usize, folder: &Path) -> Outcome<Figures> {
    let folder = folder.join("messaging-history");
    std::fs::create_dir_all(&folder)?;
    let mut figures = Figures::of(MEMBERS);
    let (vault, copied) = (folder.join("vault"), folder.join("copy"));
    grow(messages, &vault, &mut figures)?;

    let mut taken: Vec<(String, Vec<Lap>)> = Vec::new();
    let mut took = |what: String, lap: Lap| match taken.iter_mut().find(|(known, _)| *known == what) {
        Some((_, laps)) => laps.push(lap),
        None => taken.push((what, vec![lap])),
    };
    let many = format!("with {messages} messages");
    for _ in 0..repeats {
        copy(&vault, &copied)?;
        let mut clock = Clock::start();
        let disk = Disk::open(&copied)?;
        let opened = clock.lap();
        took(format!("opening a vault {many}"), opened);
        let mut reader = Reader(Assembly::new(crate::relay::Relay::new(1), now()));
        reader.0.seats.insert(READER, Seat::new(disk)?);
        reader.ask(Request::Conversations)?;
        let listed = opened.and(clock.lap());
        took(format!("opening it and showing the list, {many}"), listed);
        let newest = Request::Read {
            conversation: None,
            before: None,
            limit: Some(64),
            mark_read: false,
        };
        took(format!("the newest page of 64, {many}"), reader.ask(newest)?);
        for (what, text) in SEARCHES {
            let search = Request::Search {
                text: text.into(),
                conversation: None,
                limit: None,
            };
            took(format!("searching {many}: {what}"), reader.ask(search)?);
        }
    }
    for (what, laps) in taken {
        let (wall, cpu) = laps.iter().map(|lap| (lap.wall_s * 1e3, lap.cpu_s * 1e3)).unzip();
        figures.say_median(&what, wall, "ms", Vec::new());
        figures.say_median(&format!("{what}: processor time"), cpu, "ms", Vec::new());
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(figures)
}

const SEARCHES: [(&str, &str); 6] = [
    ("one word that stands once", "сокровище"),
    ("a word that is nowhere", "отсутствует"),
    ("a frequent word", "при0ение"),
    ("two frequent words", "при0ение реш0ение"),
    ("two seldom words that never meet", "ple99s day98ies"),
    ("a frequent and a seldom word", "при0ение сокровище"),
];

fn now() -> primitives::Time {
    primitives::Time(1_900_000_000_000)
}

struct Reader(Assembly);

impl Reader {
    /// How long it takes to be answered.
    fn ask(&mut self, request: Request) -> Outcome<Lap> {
        let mut clock = Clock::start();
        let answer = self.0.ask(READER, request)?;
        let took = clock.lap();
        if matches!(answer, Answer::Messages { ref messages } if messages.is_empty()) {
            return Err("nothing to read".into());
        }
        Ok(took)
    }
}

/// Lets the messages come in.
fn grow(messages: usize, vault: &Path, figures: &mut Figures) -> Outcome<()> {
    let mut assembly = Assembly::found(MEMBERS, &[READER, 2], |who| {
        if who == READER {
            Disk::create(vault)
        } else {
            Ok(Disk::memory())
        }
    })?;
    let minute = assembly.now.after(60_000);
    assembly.until("a minute", |assembly| Ok(assembly.now > minute))?;
    assembly.page_bytes_max = ENTRY.saturating_mul(u32::try_from(PAGE)?);
    let speakers: Vec<Seat> = SPEAKERS
        .iter()
        .filter_map(|who| assembly.seats.remove(who))
        .collect();
    let empty = size_of(vault)?;
    let reader = assembly.seats.get_mut(&READER).ok_or("not online")?;
    reader.client.store_mut().ledger = Some(Ledger::default());
    (reader.told, reader.worked) = (0, Lap::default());
    reader.flushed();
    let mut speakers: Vec<(usize, Seat)> = SPEAKERS.into_iter().zip(speakers).collect();
    let (mut said, mut most) = (0usize, 0u64);
    let started = Instant::now();
    let mut turn = 0usize;
    while said < messages {
        // The speakers are online only while they speak: they are not to be measured.
        assembly.seats.extend(speakers.drain(..));
        let next = said.saturating_add(SAID).min(messages);
        assembly.say(&SPEAKERS, said..next)?;
        speakers = SPEAKERS
            .into_iter()
            .filter_map(|who| Some((who, assembly.seats.remove(&who)?)))
            .collect();
        said = next;
        assembly.until("the messages", |assembly| {
            let seat = assembly.seats.get(&READER).ok_or("not online")?;
            Ok(seat.told >= said)
        })?;
        most = most.max(size_of(vault)?);
        turn = turn.saturating_add(1);
        if turn.is_multiple_of(8) {
            eprintln!(
                "{said} messages: {:.1} MiB on the disk, {:.0} s",
                mib(most),
                started.elapsed().as_secs_f64()
            );
        }
    }
    let seat = assembly.seats.get_mut(&READER).ok_or("not online")?;
    let (flushed, worked) = (seat.flushed(), seat.worked);
    let ledger = seat.client.store_mut().ledger.take().ok_or("no ledger")?;
    let live = ledger.bytes();
    for (table, records, bytes) in ledger.tables() {
        eprintln!("  {table:<20} {records:>8} records {bytes:>10} bytes");
    }
    let compacted = vault.with_file_name("compacted");
    ledger.copy(seat.client.store_mut(), &compacted)?;
    let compacted = size_of(&compacted)?;
    drop(assembly);
    drop(speakers);
    // What is left behind after a clean start, when sled has had its chance.
    drop(Disk::open(vault)?);
    let settled = size_of(vault)?;
    let shrunk = vault.with_file_name("shrunk");
    copy(vault, &shrunk)?;
    let mut disk = Disk::open(&shrunk)?;
    let started = Instant::now();
    disk.compact()?;
    let compaction_s = started.elapsed().as_secs_f64();
    drop(disk);
    let shrunk = size_of(&shrunk)?;
    let many = format!("growing to {messages} messages by pages of 64");
    figures.say(&format!("{many}: live data"), mib_of(live), "MiB", None);
    figures.say(
        &format!("{many}: on the disk"),
        mib(settled.saturating_sub(empty)),
        "MiB",
        None,
    );
    figures.say(
        &format!("{many}: on the disk at most"),
        mib(most.saturating_sub(empty)),
        "MiB",
        None,
    );
    figures.say(
        &format!("{many}: on the disk over live data"),
        mib(settled.saturating_sub(empty)) / mib_of(live),
        "times",
        None,
    );
    figures.say(
        &format!("{many}: on the disk after compaction, over live data"),
        mib(shrunk.saturating_sub(empty)) / mib_of(live),
        "times",
        None,
    );
    figures.say(&format!("{many}: compaction"), compaction_s * 1e3, "ms", None);
    figures.say(
        &format!("{many}: copied into a new vault, over live data"),
        mib(compacted.saturating_sub(empty)) / mib_of(live),
        "times",
        None,
    );
    figures.say(
        &format!("{many}: records put over live data"),
        mib_of(flushed.records) / mib_of(live),
        "times",
        None,
    );
    figures.say(&format!("{many}: written"), mib_of(flushed.written), "MiB", None);
    figures.say(
        &format!("{many}: taken in"),
        mib_of(messages) * 1024.0 * 1024.0 / worked.wall_s,
        "messages/s",
        None,
    );
    figures.say(
        &format!("{many}: taken in, by processor time"),
        mib_of(messages) * 1024.0 * 1024.0 / worked.cpu_s,
        "messages/s",
        None,
    );
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / 1024.0 / 1024.0
}

fn mib_of(bytes: usize) -> f64 {
    mib(bytes as u64)
}
