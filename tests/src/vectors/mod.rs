//! The test vectors of `tests/vectors`: what makes them, byte for byte the same each time.
//!
//! `cargo xtask vectors` (or `veche-vectors`) writes them; `tests/spec` compares, and has both verifiers read them. Ballots are
//! made by a prover of their own, written from the specification: it shares no code with the product's, and it can cheat.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what makes test data stops where a step of it fails"
)]

pub mod audits;
pub mod counts;
pub mod dice;
pub mod elections;
pub mod example;
pub mod forgeries;
pub mod group;
pub mod journals;
pub mod keys;
pub mod malformed;
pub mod prover;
pub mod rolls;

use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use std::fs;
use std::io;
use std::path::Path;

use group::Generators;
use prover::{Attempt, prove};
use rolls::TestRoll;

/// The assembly of the vectors.
pub const ASSEMBLY: [u8; 32] = [0xa1; 32];
/// Their opening id.
pub const OPENING: [u8; 32] = [0x0e; 32];
/// What stands for the trustees' key where nothing is opened.
pub const SEALING_KEY: [u8; 32] = [0x5e; 32];
/// What stands for a sealed choice where nothing is opened.
pub const SEALED: [u8; 49] = [0x77; 49];

/// A file of vectors.
#[derive(Debug, Clone)]
pub struct VectorFile {
    /// Path below `tests/vectors`.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// One behaviour with its cases.
#[derive(Debug)]
pub struct Behaviour {
    name: &'static str,
    sentence: &'static str,
    cases: Vec<Value>,
}

impl Behaviour {
    /// No case yet.
    #[must_use]
    pub const fn new(name: &'static str, sentence: &'static str) -> Self {
        Self {
            name,
            sentence,
            cases: Vec::new(),
        }
    }

    /// Adds a case: its kind, its name, what a verifier says (`valid` or a rule's id), and what it is about.
    pub fn case(&mut self, kind: &str, name: &str, result: &str, mut about: Value) {
        let fields = about.as_object_mut().unwrap();
        for (key, value) in [("kind", kind), ("name", name), ("result", result)] {
            fields.insert(key.to_owned(), json!(value));
        }
        self.cases.push(about);
    }

    /// Adds a ballot for a vote over `roll`.
    pub fn ballot(&mut self, name: &str, result: &str, roll: &TestRoll, ballot: &[u8]) {
        self.ballot_at(name, result, &event(roll), ballot);
    }

    /// Adds a ballot for an event.
    pub fn ballot_at(&mut self, name: &str, result: &str, event: &Value, ballot: &[u8]) {
        self.case(
            "ballot",
            name,
            result,
            json!({ "event": event, "ballot": hex(ballot) }),
        );
    }

    fn file(self, area: &str) -> VectorFile {
        let value = json!({ "behaviour": self.sentence, "cases": self.cases });
        let mut bytes = serde_json::to_vec_pretty(&value).unwrap();
        bytes.push(b'\n');
        VectorFile {
            path: format!("{area}/{}.json", self.name),
            bytes,
        }
    }
}

/// The vote over a roll as it stands in a file.
#[must_use]
pub fn event(roll: &TestRoll) -> Value {
    json!({
        "kind": "ballot",
        "assembly": hex(&ASSEMBLY),
        "subject": hex(&OPENING),
        "sealing_key": hex(&SEALING_KEY),
        "roll": roll.json(),
    })
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

/// All files, in order of their paths.
#[must_use]
pub fn all() -> Vec<VectorFile> {
    let generators = Generators::derive();
    let mut behaviours = keys::behaviours(&generators);
    behaviours.extend(malformed::behaviours(&generators));
    behaviours.extend(forgeries::behaviours(&generators));
    behaviours.push(sizes(&generators));
    behaviours.extend(elections::behaviours(&generators));
    let mut files: Vec<_> = behaviours
        .into_iter()
        .map(|behaviour| behaviour.file("ballot/v1"))
        .collect();
    files.push(counts::behaviour().file("count/v1"));
    files.extend(audits::committed());
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// Writes all files below `folder` and removes what is none of them.
///
/// # Errors
/// Those of the file system.
pub fn write(folder: &Path) -> io::Result<()> {
    for area in ["ballot/v1", "audit/v1", "count/v1"] {
        let area = folder.join(area);
        if area.exists() {
            fs::remove_dir_all(&area)?;
        }
        fs::create_dir_all(&area)?;
    }
    for file in all() {
        fs::write(folder.join(file.path), file.bytes)?;
    }
    Ok(())
}

/// As [`write`], with the whole battery of audit files and so many journals in which anything is said.
///
/// # Errors
/// Those of the file system.
pub fn write_everything(folder: &Path, journals: u64) -> io::Result<()> {
    write(folder)?;
    for case in audits::battery().into_iter().chain(journals::journals(journals)) {
        for file in case.files() {
            fs::write(folder.join(file.path), file.bytes)?;
        }
    }
    Ok(())
}

/// A ballot of one member for rolls of every shape and at the edges of every shape.
fn sizes(all: &Generators) -> Behaviour {
    let mut file = Behaviour::new(
        "roll_sizes",
        "An honest ballot is valid on rolls of every size, and the shape of its proof changes exactly where the table says.",
    );
    let sizes = [
        2, 3, 4, 5, 15, 16, 17, 35, 36, 37, 63, 64, 65, 99, 100, 101, 215, 216, 217, 511, 512, 513, 1_295,
        1_296, 1_297, 4_096, 4_097, 10_000, 10_001, 32_768,
    ];
    for size in sizes {
        let roll = TestRoll::derive(all, "sizes", size);
        for (what, place) in [("first", 0), ("last", size - 1)] {
            if what == "last" && size > 257 {
                continue;
            }
            let randomness = format!("sizes {size} {what}");
            let attempt = Attempt::honest(roll.secrets[place], place, &SEALED, &randomness);
            let ballot = prove(all, &roll.statement(), &attempt).ballot();
            file.ballot(&format!("{size} keys, the {what} one"), "valid", &roll, &ballot);
        }
    }
    file
}
