//! Whole small elections: sealed choices, what counts and what does not, and the counts.

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use primitives::{Hash, OpeningId};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use sealing::{SealContext, SealingKey, seal};
use serde_json::{Value, json};

use super::group::{Generators, Stream, encoded};
use super::prover::{Attempt, Parts, Secret, Statement, envelope, prove};
use super::rolls::TestRoll;
use super::{ASSEMBLY, Behaviour, OPENING, hex};

/// All of them.
#[must_use]
pub fn behaviours(all: &Generators) -> Vec<Behaviour> {
    let mut honest = Behaviour::new("elections", "Whole elections are counted.");
    for (name, size, votes) in [
        ("two of two", 2, vec![1, 2]),
        ("three of three agree", 3, vec![1, 1, 1]),
        ("ten of sixteen", 16, vec![1, 2, 3, 1, 1, 2, 2, 1, 3, 1]),
        ("all of seventeen", 17, (0..17).map(|i| i % 3 + 1).collect()),
    ] {
        let mut election = Election::new(all, name, size);
        for (place, vote) in votes.iter().enumerate() {
            election.cast(place, &[*vote]);
        }
        election.add_to(&mut honest, name);
    }
    vec![honest, refused(all), among_options(all)]
}

/// One of everything that is not counted, or counted as spoilt.
fn refused(all: &Generators) -> Behaviour {
    let mut file = Behaviour::new(
        "elections_under_attack",
        "What is not valid is not counted, the first ballot of a tag counts, and what does not open to a choice is spoilt.",
    );
    let mut election = Election::new(all, "attacked", 12);
    election.cast(0, &[1]);
    let first = election.ballots[0].clone();
    election.add(&first, Some("TAL-01"));
    let changed_mind = election.parts(0, 0, &election.sealed(0, &[2])).ballot();
    election.add(&changed_mind, Some("TAL-01"));
    election.cast(11, &[2]);
    let padded = election.parts(11, 13, &election.sealed(11, &[1])).ballot();
    election.add(&padded, Some("TAL-01"));
    let second = first.clone();
    election.add(&[&second[..], &[0]].concat(), Some("BAL-01"));

    // The choice of member 0 in the ballot of member 1, proven anew: valid, and it does not open.
    let copied = election.sealed(0, &[1]);
    let ballot = election.parts(1, 1, &copied).ballot();
    election.add_spoilt(&ballot);
    for (place, plaintext) in [(2, [0]), (3, [4]), (4, [255])] {
        let sealed = election.sealed(place, &plaintext);
        let ballot = election.parts(place, place, &sealed).ballot();
        election.add_spoilt(&ballot);
    }
    for plaintext in [&[][..], &[1, 0]] {
        let ballot = election.parts(5, 5, &election.sealed(5, plaintext)).ballot();
        election.add(&ballot, Some("SEA-01"));
    }
    for point in [[0; 32], [0xff; 32]] {
        let mut sealed = election.sealed(5, &[1]);
        sealed[..32].copy_from_slice(&point);
        let ballot = election.parts(5, 5, &sealed).ballot();
        election.add(&ballot, Some("SEA-02"));
    }
    let mut flipped = election.sealed(5, &[1]);
    flipped[48] ^= 1;
    let ballot = election.parts(5, 5, &flipped).ballot();
    election.add_spoilt(&ballot);
    // Sealed for another key of the trustees.
    let other = Election::new(all, "attacked, another key", 12);
    let sealed = other.seal_to(&other.key(), *election.tag(6).as_bytes(), &[1]);
    let ballot = election.parts(6, 6, &sealed).ballot();
    election.add_spoilt(&ballot);

    let parts = election.parts(7, 7, &election.sealed(7, &[1]));
    let swapped = envelope(1, &parts.tag, &election.sealed(7, &[2]), &parts.proof());
    election.add(&swapped, Some("BAL-07"));
    let elsewhere = Statement {
        subject: [0x0f; 32],
        ..election.statement()
    };
    let sealed = election.sealed(7, &[1]);
    let attempt = Attempt::honest(election.roll.secrets[7], 7, &sealed, "elsewhere");
    let ballot = prove(all, &elsewhere, &attempt).ballot();
    election.add(&ballot, Some("BAL-07"));
    election.add(&parts.ballot(), None);
    election.counts[0] += 1;
    election.add_to(&mut file, "one of everything");
    file
}

/// Votes of other lengths than one byte. Who is elected was counted by hand.
fn among_options(all: &Generators) -> Behaviour {
    let mut file = Behaviour::new(
        "elections_among_options",
        "Votes among options have the one length of their method, and are counted by it; ties fail.",
    );
    let mut election = Election::new(all, "one of many", 8);
    for (place, vote) in [[0, 1], [0, 3], [0, 3], [0, 0], [0, 4], [1, 1]]
        .iter()
        .enumerate()
    {
        election.vote(place, vote);
    }
    election.refuse(6, &[&[1], &[0, 0, 1], &[]]);
    election.add_options_to(
        &mut file,
        &json!({ "method": "one_of_many", "options": 3 }),
        &json!({ "valid": 3, "abstain": 1, "spoilt": 2, "elected": [2], "tied": [], "drawn": false }),
    );

    let mut election = Election::new(all, "up to k", 8);
    // Option 0 has three marks, options 1 and 8 have one each and are tied for the second seat.
    for (place, vote) in [[1, 0], [3, 0], [1, 1], [0, 0], [7, 0], [0, 2]]
        .iter()
        .enumerate()
    {
        election.vote(place, vote);
    }
    election.refuse(6, &[&[1], &[0, 0, 1]]);
    election.add_options_to(
        &mut file,
        &json!({ "method": "up_to_k", "options": 9, "marks_max": 2, "seats": 2 }),
        &json!({ "valid": 3, "abstain": 1, "spoilt": 2, "elected": [0], "tied": [1, 8], "drawn": false }),
    );

    let mut election = Election::new(all, "ranked for one", 8);
    // 2 above 0 above 1, twice; 0 above the others, once: 2 wins against both.
    for (place, vote) in [[2, 0, 1], [2, 0, 1], [1, 0, 0], [0, 0, 0], [1, 2, 3], [1, 3, 0]]
        .iter()
        .enumerate()
    {
        election.vote(place, vote);
    }
    election.refuse(6, &[&[1, 0], &[1, 0, 0, 0]]);
    election.add_options_to(
        &mut file,
        &json!({ "method": "schulze", "options": 3 }),
        &json!({ "valid": 3, "abstain": 1, "spoilt": 2, "elected": [2], "tied": [], "drawn": false }),
    );

    let mut election = Election::new(all, "ranked for several", 9);
    // The quota is 2 of 5. 0 has three first preferences and a surplus of one, which goes on to 1 at a third for each paper;
    // 2 has one vote and is excluded, 1 has two, with those of 0 nearly three, and is elected before that.
    for (place, vote) in [
        [1, 2, 0],
        [1, 2, 0],
        [1, 2, 3],
        [0, 1, 0],
        [0, 0, 1],
        [0, 0, 0],
        [1, 1, 0],
    ]
    .iter()
    .enumerate()
    {
        election.vote(place, vote);
    }
    election.refuse(7, &[&[1, 2], &[1, 2, 3, 0]]);
    election.add_options_to(
        &mut file,
        &json!({ "method": "transferable", "options": 3, "seats": 2 }),
        &json!({ "valid": 5, "abstain": 1, "spoilt": 1, "elected": [0, 1], "tied": [], "drawn": false }),
    );

    let mut election = Election::new(all, "many options", 3);
    // The longest votes: 64 ranks, all options in order, and its reverse.
    let up: Vec<u8> = (1..=64).collect();
    let down: Vec<u8> = (1..=64).rev().collect();
    for (place, vote) in [&up, &up, &down].into_iter().enumerate() {
        election.vote(place, vote);
    }
    election.add_options_to(
        &mut file,
        &json!({ "method": "transferable", "options": 64, "seats": 1 }),
        &json!({ "valid": 3, "abstain": 0, "spoilt": 0, "elected": [0], "tied": [], "drawn": false }),
    );
    file
}

struct Election<'a> {
    all: &'a Generators,
    name: String,
    roll: TestRoll,
    secret: Scalar,
    ballots: Vec<Vec<u8>>,
    findings: Vec<Value>,
    counts: [u32; 4],
}

/// A tag as bytes.
struct Tag([u8; 32]);

impl Tag {
    const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl<'a> Election<'a> {
    fn new(all: &'a Generators, name: &str, size: usize) -> Self {
        Self {
            all,
            name: name.to_owned(),
            roll: TestRoll::derive(all, name, size),
            secret: Stream::new(&format!("{name}, trustees")).scalar(),
            ballots: Vec::new(),
            findings: Vec::new(),
            counts: [0; 4],
        }
    }

    fn key(&self) -> [u8; 32] {
        encoded(&RistrettoPoint::mul_base(&self.secret))
    }

    fn statement(&self) -> Statement {
        Statement {
            sealing_key: self.key(),
            ..self.roll.statement()
        }
    }

    fn tag(&self, place: usize) -> Tag {
        Tag(encoded(&(self.roll.secrets[place].x * self.statement().event())))
    }

    fn sealed(&self, place: usize, plaintext: &[u8]) -> Vec<u8> {
        self.seal_to(&self.key(), *self.tag(place).as_bytes(), plaintext)
    }

    fn seal_to(&self, key: &[u8; 32], tag: [u8; 32], plaintext: &[u8]) -> Vec<u8> {
        let context = SealContext {
            opening: OpeningId::new(OPENING),
            roll_root: Hash::new(self.statement().root),
            tag,
        };
        let mut rng = ChaCha20Rng::from_seed(tag);
        seal(
            &SealingKey::from_bytes(key).unwrap(),
            &context,
            plaintext,
            &mut rng,
        )
    }

    fn parts(&self, member: usize, place: usize, sealed: &[u8]) -> Parts {
        let secret: Secret = self.roll.secrets[member];
        let randomness = format!("{} {member} {place} {}", self.name, hex(sealed));
        let attempt = Attempt::honest(secret, place, sealed, &randomness);
        prove(self.all, &self.statement(), &attempt)
    }

    fn add(&mut self, ballot: &[u8], rule: Option<&str>) {
        if let Some(rule) = rule {
            self.findings.push(json!([self.ballots.len(), rule]));
        }
        self.ballots.push(ballot.to_vec());
    }

    fn add_spoilt(&mut self, ballot: &[u8]) {
        self.add(ballot, None);
        self.counts[3] += 1;
    }

    fn cast(&mut self, place: usize, plaintext: &[u8; 1]) {
        let ballot = self.parts(place, place, &self.sealed(place, plaintext)).ballot();
        self.add(&ballot, None);
        self.counts[usize::from(plaintext[0]) - 1] += 1;
    }

    /// Casts a vote of any length, spoilt or not.
    fn vote(&mut self, place: usize, vote: &[u8]) {
        let ballot = self.parts(place, place, &self.sealed(place, vote)).ballot();
        self.add(&ballot, None);
    }

    /// Casts votes of other lengths than the method's.
    fn refuse(&mut self, place: usize, votes: &[&[u8]]) {
        for vote in votes {
            let ballot = self.parts(place, place, &self.sealed(place, vote)).ballot();
            self.add(&ballot, Some("SEA-01"));
        }
    }

    fn add_options_to(self, file: &mut Behaviour, question: &Value, options: &Value) {
        let mut about = self.about();
        about["question"] = question.clone();
        about["options"] = options.clone();
        let name = self.name;
        file.case("election", &name, "valid", about);
    }

    fn add_to(self, file: &mut Behaviour, name: &str) {
        let [votes_for, against, abstain, spoilt] = self.counts;
        let mut about = self.about();
        about["counts"] =
            json!({ "for": votes_for, "against": against, "abstain": abstain, "spoilt": spoilt });
        file.case("election", name, "valid", about);
    }

    fn about(&self) -> Value {
        json!({
            "event": {
                "kind": "ballot", "assembly": hex(&ASSEMBLY), "subject": hex(&OPENING), "sealing_key": hex(&self.key()),
                "roll": self.roll.json(),
            },
            "opening_secret": hex(self.secret.as_bytes()),
            "ballots": self.ballots.iter().map(|ballot| hex(ballot)).collect::<Vec<_>>(),
            "findings": self.findings,
        })
    }
}
