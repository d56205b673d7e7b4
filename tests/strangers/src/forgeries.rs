//! Valid ballots, altered: only those that came out as they were verify, and the batch says the same.
//!
//! The input is a little program: the election, the ballot to begin with, the place in the batch, then alterations, each
//! one byte for what is done and two for each place that it is done to.

use crate::election::{Election, election, rng};
use crate::{Decoder, Target, Vectors};
use ballot::{BallotIn, judge_batch, verify};
use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;

/// Alterations of valid ballots.
pub const TARGET: Target = Target {
    name: "forgeries",
    decoders: &[Decoder {
        name: "altered ballot",
        accepts: altered,
        seeds: programs,
    }],
};

/// Most alterations of one ballot.
const ALTERATIONS_MAX: usize = 8;
/// How many kinds of alteration there are.
const KINDS: u8 = 12;
/// Bytes of a point or a scalar.
const CHUNK: usize = 32;
/// Where the tag begins: after the array's head, the version and the tag's own head.
const TAG: usize = 4;

fn altered(input: &[u8]) -> bool {
    let mut program = Program(input);
    let election = election(program.byte().unwrap_or_default());
    let begin = usize::from(program.byte().unwrap_or_default()) % election.valid.len();
    let place = usize::from(program.byte().unwrap_or_default()) % 3;
    let mut forgery = Forgery {
        election,
        bytes: election.valid[begin].clone(),
    };
    for _ in 0..ALTERATIONS_MAX {
        let Some(kind) = program.byte() else { break };
        forgery.alter(kind % KINDS, &mut program);
    }
    let bytes = forgery.bytes;
    let Ok(ballot) = BallotIn::decode(&bytes) else {
        return false;
    };
    assert_eq!(ballot.encode(), bytes);
    let single = verify(&election.event, &ballot);
    assert_eq!(single.is_ok(), election.valid.contains(&bytes), "{single:?}");

    let mut batch = vec![election.good(1), election.good(2)];
    batch.insert(place, ballot);
    let verdicts = judge_batch(&election.event, &batch, &mut rng(1));
    for (position, verdict) in verdicts.iter().enumerate() {
        if position == place {
            assert_eq!(*verdict, single);
        } else {
            assert!(verdict.is_ok(), "a good ballot at {position} is refused");
        }
    }
    single.is_ok()
}

/// One program for each kind of alteration, the one that alters nothing, and one with as many as there can be: an engine
/// does not go much beyond the length of what it begins with.
fn programs(_: &Vectors) -> Vec<Vec<u8>> {
    let of = |pick: u8| {
        let one = move |kind: u8| [kind, 0, 3, 0, 5, 1, 2, 3, 4];
        let kinds = (0..KINDS).map(move |kind| [&[pick, 0, 1], one(kind).as_slice()].concat());
        let many = (0..KINDS).flat_map(one).take(9 * ALTERATIONS_MAX);
        let many = [pick, 0, 1].into_iter().chain(many).collect();
        kinds.chain([vec![pick, 0, 1], many])
    };
    (0..3).flat_map(of).collect()
}

/// What is left of the input.
struct Program<'a>(&'a [u8]);

impl Program<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    /// A place below `bound`.
    fn place(&mut self, bound: usize) -> usize {
        let (high, low) = (self.byte().unwrap_or_default(), self.byte().unwrap_or_default());
        usize::from(u16::from_be_bytes([high, low])) % bound.max(1)
    }
}

struct Forgery {
    election: &'static Election,
    bytes: Vec<u8>,
}

impl Forgery {
    fn alter(&mut self, kind: u8, program: &mut Program<'_>) {
        match kind {
            0 => {
                let bit = program.place(8 * self.bytes.len());
                if let Some(byte) = self.bytes.get_mut(bit / 8) {
                    *byte ^= 1 << (bit % 8);
                }
            }
            1 => {
                let (at, value) = (program.place(self.bytes.len()), program.byte());
                if let Some(byte) = self.bytes.get_mut(at) {
                    *byte = value.unwrap_or_default();
                }
            }
            2 => self.splice(program),
            3 => self.bytes.truncate(program.place(self.bytes.len())),
            4 => self.bytes.push(program.byte().unwrap_or_default()),
            5 => {
                let other = self.another(program);
                self.put(TAG, &other[TAG..TAG + CHUNK]);
            }
            6 => {
                // A chunk of another ballot, in its own place or in a wrong one.
                let other = self.another(program);
                let (from, to) = (self.chunk(program), self.chunk(program));
                self.put(to, &other[from..from + CHUNK]);
            }
            7 => {
                let (one, two) = (self.chunk(program), self.chunk(program));
                let (first, second) = (self.read(one), self.read(two));
                self.put(one, &second);
                self.put(two, &first);
            }
            8 => {
                let to = self.chunk(program);
                let mut value = [0; CHUNK];
                value
                    .iter_mut()
                    .for_each(|byte| *byte = program.byte().unwrap_or_default());
                self.put(to, &value);
            }
            9 => self.add_points(program),
            10 => self.add_scalars(program),
            // Seal and proof of one, tag and envelope of the other.
            _ => {
                let other = self.another(program);
                self.bytes.truncate(TAG + CHUNK);
                self.bytes.extend_from_slice(&other[TAG + CHUNK..]);
            }
        }
    }

    /// The beginning of this ballot and the end of another.
    fn splice(&mut self, program: &mut Program<'_>) {
        let other = self.another(program);
        let at = program.place(self.bytes.len());
        self.bytes.truncate(at);
        self.bytes.extend_from_slice(other.get(at..).unwrap_or_default());
    }

    /// Adds one point to another, or doubles it, or takes one from the other.
    fn add_points(&mut self, program: &mut Program<'_>) {
        let (to, from) = (self.chunk(program), self.chunk(program));
        let point = |bytes: [u8; CHUNK]| CompressedRistretto(bytes).decompress();
        let (Some(a), Some(b)) = (point(self.read(to)), point(self.read(from))) else {
            return;
        };
        let sum: RistrettoPoint = if program.byte().unwrap_or_default().is_multiple_of(2) {
            a + b
        } else {
            a - b
        };
        self.put(to, sum.compress().as_bytes());
    }

    /// Adds one scalar to another, or doubles it, or takes one from the other.
    fn add_scalars(&mut self, program: &mut Program<'_>) {
        let (to, from) = (self.chunk(program), self.chunk(program));
        let scalar = |bytes: [u8; CHUNK]| Option::<Scalar>::from(Scalar::from_canonical_bytes(bytes));
        let (Some(a), Some(b)) = (scalar(self.read(to)), scalar(self.read(from))) else {
            return;
        };
        let sum = if program.byte().unwrap_or_default().is_multiple_of(2) {
            a + b
        } else {
            a - b
        };
        self.put(to, sum.as_bytes());
    }

    /// Any ballot of the election, or of the other vote.
    fn another(&self, program: &mut Program<'_>) -> &'static [u8] {
        let all = self.election.all();
        all[program.place(all.len())]
    }

    /// Where some chunk of the proof begins.
    fn chunk(&self, program: &mut Program<'_>) -> usize {
        let len = self.election.event.roll().params().proof_len();
        let begin = self.election.valid[0].len() - len;
        begin + CHUNK * program.place(len / CHUNK)
    }

    /// The chunk at `at`, zero where the ballot has been cut.
    fn read(&self, at: usize) -> [u8; CHUNK] {
        let chunk = self.bytes.get(at..at + CHUNK);
        chunk.and_then(|chunk| chunk.try_into().ok()).unwrap_or_default()
    }

    fn put(&mut self, at: usize, chunk: &[u8]) {
        if let Some(to) = self.bytes.get_mut(at..at + chunk.len()) {
            to.copy_from_slice(chunk);
        }
    }
}
