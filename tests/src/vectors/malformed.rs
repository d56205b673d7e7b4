//! Ballots whose bytes are not in order: BAL-01 to BAL-05.

use curve25519_dalek::scalar::Scalar;

use super::group::Generators;
use super::keys::{IDENTITY, bad_points, order};
use super::prover::{Attempt, Parts, envelope, prove};
use super::rolls::TestRoll;
use super::{Behaviour, SEALED};

/// All of them.
#[must_use]
pub fn behaviours(all: &Generators) -> Vec<Behaviour> {
    let roll = TestRoll::derive(all, "malformed", 3);
    let parts = prove(
        all,
        &roll.statement(),
        &Attempt::honest(roll.secrets[1], 1, &SEALED, "malformed"),
    );
    vec![
        envelopes(&roll, &parts),
        lengths(all, &roll, &parts),
        points(&roll, &parts),
        scalars(&roll, &parts),
        tags(&roll, &parts),
    ]
}

fn envelopes(roll: &TestRoll, parts: &Parts) -> Behaviour {
    let mut file = Behaviour::new(
        "envelope",
        "A ballot is one canonical array of version 1, within the limits, with nothing before or after it (BAL-01).",
    );
    let (ballot, proof) = (parts.ballot(), parts.proof());
    let mut case = |name: &str, result: &str, bytes: &[u8]| file.ballot(name, result, roll, bytes);
    case("as made", "valid", &ballot);
    case("nothing", "BAL-01", &[]);
    case("a trailing byte", "BAL-01", &[&ballot[..], &[0]].concat());
    case("a leading byte", "BAL-01", &[&[0], &ballot[..]].concat());
    case("twice", "BAL-01", &[&ballot[..], &ballot].concat());
    case("the last byte cut off", "BAL-01", &ballot[..ballot.len() - 1]);
    case("version 0", "BAL-01", &envelope(0, &parts.tag, &SEALED, &proof));
    case("version 2", "BAL-01", &envelope(2, &parts.tag, &SEALED, &proof));
    case(
        "a tag of 31 bytes",
        "BAL-01",
        &envelope(1, &parts.tag[1..], &SEALED, &proof),
    );
    case(
        "a tag of 33 bytes",
        "BAL-01",
        &envelope(1, &[&parts.tag[..], &[0]].concat(), &SEALED, &proof),
    );
    case(
        "4,097 sealed bytes",
        "BAL-01",
        &envelope(1, &parts.tag, &[0; 4_097], &proof),
    );
    case(
        "longer than any ballot",
        "BAL-01",
        &envelope(1, &parts.tag, &SEALED, &[0; 6_000]),
    );
    case(
        "the version in two bytes",
        "BAL-01",
        &[&[0x84, 0x18, 0x01], &ballot[2..]].concat(),
    );
    case(
        "an array of indefinite length",
        "BAL-01",
        &[&[0x9f], &ballot[1..], &[0xff]].concat(),
    );
    case(
        "an array of five",
        "BAL-01",
        &[&[0x85], &ballot[1..], &[0xf6]].concat(),
    );
    case("an array of three", "BAL-01", &[&[0x83], &ballot[1..]].concat());
    case(
        "the tag as a text",
        "BAL-01",
        &[&ballot[..2], &[0x78, 0x20], &[b'a'; 32], &ballot[36..]].concat(),
    );
    file
}

fn lengths(all: &Generators, roll: &TestRoll, parts: &Parts) -> Behaviour {
    let mut file = Behaviour::new(
        "proof_length",
        "A proof has exactly the bytes that the roll's size prescribes, also one key away from another shape (BAL-02).",
    );
    let proof = parts.proof();
    let mut case = |name: &str, proof: &[u8]| {
        file.ballot(name, "BAL-02", roll, &envelope(1, &parts.tag, &SEALED, proof));
    };
    case("no proof", &[]);
    case("a scalar too few", &proof[..proof.len() - 32]);
    case("a byte too few", &proof[..proof.len() - 1]);
    case("a byte too many", &[&proof[..], &[0]].concat());
    case("a scalar of zero too many", &[&proof[..], &[0; 32]].concat());
    for size in [16, 17, 36, 37, 64, 65, 100, 101, 216, 217, 512, 513, 1_296, 1_297] {
        let roll = TestRoll::derive(all, "edges", size);
        let here = roll.statement();
        let shape = super::rolls::shape(if size % 2 == 0 { size + 1 } else { size - 1 });
        // Proven in the shape of the size next to it, which place 0 has as well.
        let statement = super::prover::Statement { shape, ..here };
        let randomness = format!("edges {size}");
        let attempt = Attempt::honest(roll.secrets[0], 0, &SEALED, &randomness);
        let ballot = prove(all, &statement, &attempt).ballot();
        file.ballot(
            &format!("{size} keys in the shape of {} by {}", shape.0, shape.1),
            "BAL-02",
            &roll,
            &ballot,
        );
    }
    file
}

fn replaced(parts: &Parts, chunk: usize, with: &[u8; 32]) -> Vec<u8> {
    let mut proof = parts.proof();
    proof[32 * chunk..32 * chunk + 32].copy_from_slice(with);
    envelope(1, &parts.tag, &parts.sealed, &proof)
}

fn points(roll: &TestRoll, parts: &Parts) -> Behaviour {
    let mut file = Behaviour::new(
        "points",
        "Every point of a proof is canonical (BAL-03); the identity is a point, and breaks what it is in (BAL-07).",
    );
    let names = ["A", "B", "Q_0", "Q_1", "S_0", "S_1"];
    for (chunk, place) in names.iter().enumerate() {
        let identity = replaced(parts, chunk, &IDENTITY);
        file.ballot(&format!("{place} is the identity"), "BAL-07", roll, &identity);
        for (reason, point) in bad_points() {
            let ballot = replaced(parts, chunk, &point);
            file.ballot(&format!("{place} is {reason}"), "BAL-03", roll, &ballot);
        }
    }
    file
}

fn scalars(roll: &TestRoll, parts: &Parts) -> Behaviour {
    let mut file = Behaviour::new(
        "scalars",
        "Every scalar of a proof is below the group order (BAL-04); another scalar breaks the equation that it is in.",
    );
    let first = parts.points.len();
    let names = [
        "f_01", "f_02", "f_03", "f_11", "f_12", "f_13", "z_A", "z_x", "z_y",
    ];
    for (index, place) in names.iter().enumerate() {
        let own = parts.scalars[index];
        file.ballot(
            &format!("{place} is the group order"),
            "BAL-04",
            roll,
            &replaced(parts, first + index, &order()),
        );
        file.ballot(
            &format!("{place} has a high bit more"),
            "BAL-04",
            roll,
            &replaced(parts, first + index, &plus_high_bit(&own)),
        );
        let rule = if index < 7 { "BAL-07" } else { "BAL-08" };
        for (what, scalar) in [("one more", own + Scalar::ONE), ("zero", Scalar::ZERO)] {
            let ballot = replaced(parts, first + index, &scalar.to_bytes());
            file.ballot(&format!("{place} is {what}"), rule, roll, &ballot);
        }
    }
    file
}

fn plus_high_bit(scalar: &Scalar) -> [u8; 32] {
    let mut bytes = scalar.to_bytes();
    bytes[31] |= 0x80;
    bytes
}

fn tags(roll: &TestRoll, parts: &Parts) -> Behaviour {
    let mut file = Behaviour::new(
        "tags",
        "A tag is a canonical point other than the identity (BAL-05).",
    );
    let with = |tag: &[u8; 32]| envelope(1, tag, &parts.sealed, &parts.proof());
    file.ballot("the identity", "BAL-05", roll, &with(&IDENTITY));
    for (reason, point) in bad_points() {
        file.ballot(reason, "BAL-05", roll, &with(&point));
    }
    // A point, and somebody's, but not the one in the challenge.
    file.ballot("another key", "BAL-07", roll, &with(&roll.keys[0]));
    file
}
