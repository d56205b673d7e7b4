//! How long things take with many messages in a real vault. Run with `--release -- --ignored --nocapture figures`.

use crate::conversations::ConversationState;
use crate::conversations::record::{Line, MessageRecord};
use crate::machine::Client;
use crate::requests::{Answer, Request};
use messaging::{AppMessage, Body};
use primitives::{
    Batch, ConversationId, LogId, MessageId, Purpose, Secret, SigningSecret, Store, Table, Time,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng};
use std::path::Path;
use std::time::Instant;
use vault::{Params, Vault};

const PASSPHRASE: &[u8] = b"correct horse battery staple";
const MESSAGES: u64 = 100_000;
const HERE: ConversationId = ConversationId::new([7; 32]);

#[expect(clippy::print_stderr, reason = "the figures are what it is for")]
fn tell(what: &str, started: Instant) {
    eprintln!("{what}: {:.1} ms", started.elapsed().as_secs_f64() * 1_000.0);
}

/// Messages of one page of a log.
struct Filling {
    conversation: ConversationId,
    time: Time,
    texts: Vec<String>,
}

/// Takes messages in, in one step, as if a page of the log had brought them.
fn fill(client: &mut Client<impl Store>, rng: &mut ChaCha20Rng, filling: Filling) {
    let Filling {
        conversation: id,
        time,
        texts,
    } = filling;
    let from = SigningSecret::from_seed(&Secret::take(&mut [1; 32])).verifying_key();
    let mut drawn = ChaCha20Rng::clone(rng);
    rng.next_u64();
    let done = client.step(time, rng, |step| {
        let conversations = &mut step.state.conversations;
        conversations
            .entry(id)
            .or_insert_with(|| ConversationState::new(id, LogId::new([9; 32])));
        for text in texts {
            let mut draw = [0; 32];
            drawn.fill_bytes(&mut draw);
            let message = AppMessage {
                id: MessageId::new(draw),
                sent: time,
                journal: None,
                conversation: None,
                body: Body::Text(text.into()),
            };
            let line = Line::Message(message.encode());
            let record = MessageRecord::new(message.name(id, &from), from, false, time, line);
            step.append_line(id, record)?;
        }
        Ok(())
    });
    done.expect("written");
}

/// Lets a line disappear.
fn forget(client: &mut Client<impl Store>, rng: &mut ChaCha20Rng, id: ConversationId, position: u64) {
    let done = client.step(Time(1), rng, |step| Ok(step.disappear(id, position)?));
    done.expect("forgotten");
}

/// Words as often as words are: the first of 20,000 most, the last seldom.
fn sentence(rng: &mut ChaCha20Rng) -> String {
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
    let words = 4 + rng.next_u64() % 17;
    let word = |rng: &mut ChaCha20Rng| {
        let unit = (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        let rank = (20_000f64.powf(unit) - 1.0) as usize;
        format!("{}{}{}", STEMS[rank % 20], rank / 200, ENDS[rank / 20 % 10])
    };
    (0..words).map(|_| word(rng)).collect::<Vec<_>>().join(" ")
}

fn size_of(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).expect("a folder");
    let sizes = entries.flatten().map(|entry| {
        let path = entry.path();
        let size = || entry.metadata().map_or(0, |it| it.len());
        if path.is_dir() { size_of(&path) } else { size() }
    });
    sizes.sum()
}

#[test]
#[ignore = "measures; asserts only that what is there is found"]
#[expect(clippy::print_stderr, reason = "the figures are what it is for")]
fn figures_of_searching_a_hundred_thousand_messages() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("vault");
    let vault = Vault::create(&path, PASSPHRASE, Params::testing()).expect("a vault");
    let mut client = Client::open(vault).expect("opens");
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let started = Instant::now();
    let mut bytes = 0;
    for page in 0..MESSAGES / 64 + 1 {
        let texts: Vec<String> = (0..64)
            .map(|place| {
                let text = sentence(&mut rng);
                if page * 64 + place == 31_337 {
                    format!("{text} сокровище")
                } else {
                    text
                }
            })
            .collect();
        bytes += texts.iter().map(String::len).sum::<usize>();
        let filling = Filling {
            conversation: HERE,
            time: Time(1_000 + page),
            texts,
        };
        fill(&mut client, &mut rng, filling);
    }
    tell("writing all of them, 64 to a batch", started);
    eprintln!("words {bytes} bytes, on the disk {} bytes", size_of(&path));
    drop(client);

    let started = Instant::now();
    let vault = Vault::open(&path, PASSPHRASE).expect("opens").vault;
    tell("opening the vault (guessing costs nothing in tests)", started);
    let started = Instant::now();
    let mut client = Client::open(vault).expect("loads");
    tell("loading the client", started);
    let started = Instant::now();
    let _ = client.request(Time(10_000_000), &mut rng, Request::Conversations);
    tell("the list of conversations", started);

    for round in 0..3 {
        for (what, text, least) in [
            ("one word that stands once", "сокровище", 1),
            ("its first letters", "сокр", 1),
            ("a word that is nowhere", "отсутствует", 0),
            ("a word that is nowhere and begins as many do", "голосование", 0),
            ("a frequent word", "при0ение", 50),
            ("two frequent words", "при0ение реш0ение", 50),
            ("two seldom words that never meet", "ple99s day98ies", 0),
            ("a frequent and a seldom word", "при0ение сокровище", 0),
        ] {
            let request = Request::Search {
                text: text.into(),
                conversation: None,
                limit: None,
            };
            let started = Instant::now();
            let (answer, _) = client.request(Time(10_000_000), &mut rng, request);
            tell(&format!("round {round}, {what}"), started);
            let Ok(Answer::Found { messages }) = answer else {
                panic!("{answer:?}")
            };
            assert!(messages.len() >= least, "{what}: {}", messages.len());
        }
    }
    let started = Instant::now();
    forget(&mut client, &mut rng, HERE, 31_337);
    tell("forgetting one message", started);
    let started = Instant::now();
    let texts = vec![sentence(&mut rng)];
    fill(
        &mut client,
        &mut rng,
        Filling {
            conversation: HERE,
            time: Time(9_000_000),
            texts,
        },
    );
    tell("taking in one more", started);
}

#[test]
#[ignore = "measures, asserts nothing"]
#[expect(clippy::print_stderr, reason = "the figures are what it is for")]
fn figures_of_purposes() {
    const TABLE: Table = Table("sample");
    for purposes in [0u32, 100, 1_563, 10_000, 100_000] {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("vault");
        let mut vault = Vault::create(&path, PASSPHRASE, Params::testing()).expect("a vault");
        let purpose = |number: u32| Purpose::burnable([&[7; 41][..], &number.to_be_bytes()].concat());
        for first in (0..purposes).step_by(1_000) {
            let mut batch = Batch::new();
            for number in first..purposes.min(first + 1_000) {
                batch.put_for(purpose(number), TABLE, number.to_be_bytes(), [1; 200]);
            }
            vault.apply(batch).expect("written");
        }
        eprintln!("-- {purposes} purposes");
        let mut each = |what: &str, write: &dyn Fn(&mut Batch, u32)| {
            let started = Instant::now();
            for number in 0..8 {
                let mut batch = Batch::new();
                write(&mut batch, number);
                vault.apply(batch).expect("written");
            }
            eprintln!("{what}: {:.2} ms", started.elapsed().as_secs_f64() * 125.0);
        };
        each("a batch of one record", &|batch, number| {
            batch.put(TABLE, [9, number as u8], [1; 200]);
        });
        each("one under a new purpose", &|batch, number| {
            batch.put_for(purpose(1_000_000 + number), TABLE, [8, number as u8], [1; 200]);
        });
        each("burning one", &|batch, number| {
            batch.burn(purpose(1_000_000 + number))
        });
        drop(vault);
        let started = Instant::now();
        drop(Vault::open(&path, PASSPHRASE).expect("opens"));
        tell("opening", started);
    }
}
