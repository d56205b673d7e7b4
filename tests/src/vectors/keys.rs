//! Generators, events, keys, proofs of possession and rolls.

use curve25519_dalek::scalar::Scalar;
use serde_json::json;

use super::group::{
    Generators, Stream, array, bytes, encoded, hash_to_group, hash_to_scalar, sum, text, uint,
};
use super::prover::Secret;
use super::rolls::{TestRoll, root, shape};
use super::{ASSEMBLY, Behaviour, OPENING, hex};

/// The identity's encoding.
pub const IDENTITY: [u8; 32] = [0; 32];

/// 32 bytes that are no canonical point, each with its reason.
#[must_use]
pub fn bad_points() -> Vec<(&'static str, [u8; 32])> {
    let of =
        |text: &str| <[u8; 32]>::try_from(data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()).unwrap();
    vec![
        (
            "the field's prime",
            of("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        ),
        (
            "a negative field element",
            of("0100000000000000000000000000000000000000000000000000000000000000"),
        ),
        (
            "no square",
            of("26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371"),
        ),
        (
            "a negative product",
            of("3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e"),
        ),
        (
            "s = -1",
            of("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        ),
        // 2p - s is even and has the same square as s: only the comparison with p tells it from the base point.
        (
            "a second encoding of a point",
            of("f80c51f59543b18e577b569e3affaea0a71cf4955a7d22724959a6ba1f72d289"),
        ),
        ("all ones", [0xff; 32]),
    ]
}

/// The group order as 32 bytes: the least scalar encoding that is none.
#[must_use]
pub fn order() -> [u8; 32] {
    let mut bytes = (-Scalar::ONE).to_bytes();
    bytes[0] += 1;
    bytes
}

/// All of them.
#[must_use]
pub fn behaviours(all: &Generators) -> Vec<Behaviour> {
    vec![
        generators(all),
        events(),
        secrets(all),
        weak_keys(all),
        possession(all),
        rolls(all),
    ]
}

fn generators(all: &Generators) -> Behaviour {
    let mut file = Behaviour::new(
        "generators",
        "The generators are hashes of their names and numbers.",
    );
    let c: Vec<_> = all.c.iter().map(|point| hex(&encoded(point))).collect();
    file.case(
        "generators",
        "all",
        "valid",
        json!({
            "G": hex(&encoded(&all.g)), "H": hex(&encoded(&all.h)), "C": c, "C*": hex(&encoded(&all.c_star)),
            "digest": hex(&all.digest),
        }),
    );
    file
}

fn events() -> Behaviour {
    let mut file = Behaviour::new("events", "Every event has a generator of its own.");
    for (kind, subject) in [
        ("ballot", OPENING),
        ("ballot", [0; 32]),
        ("speech", OPENING),
        ("signature", OPENING),
    ] {
        let point = hash_to_group("veche/v1/ballot/event", kind, bytes(&subject));
        let about = json!({ "event_kind": kind, "subject": hex(&subject), "E": hex(&encoded(&point)) });
        file.case("event", &format!("{kind} {:02x}", subject[0]), "valid", about);
    }
    file
}

fn secrets(all: &Generators) -> Behaviour {
    let mut file = Behaviour::new(
        "keys",
        "A key is xG + yH, a tag xE; one secret has unrelated tags at two events.",
    );
    let mut stream = Stream::new("keys");
    let event = |subject: [u8; 32]| hash_to_group("veche/v1/ballot/event", "ballot", bytes(&subject));
    for number in 0..4 {
        let secret = Secret {
            x: stream.scalar(),
            y: if number == 3 {
                Scalar::ZERO
            } else {
                stream.scalar()
            },
        };
        let tag = |subject| hex(&encoded(&(secret.x * event(subject))));
        let about = json!({
            "x": hex(secret.x.as_bytes()), "y": hex(secret.y.as_bytes()), "key": hex(&encoded(&secret.key(all))),
            "tags": [{ "subject": hex(&OPENING), "tag": tag(OPENING) }, { "subject": hex(&[0; 32]), "tag": tag([0; 32]) }],
        });
        let name = if number == 3 { "y = 0" } else { "at random" };
        file.case("secret", &format!("{name} {number}"), "valid", about);
    }
    file
}

fn weak_keys(all: &Generators) -> Behaviour {
    let mut file = Behaviour::new(
        "weak_keys",
        "A key is a canonical point other than the identity (BAL-10).",
    );
    let good = encoded(&all.g);
    file.case("key", "a point", "valid", json!({ "key": hex(&good) }));
    file.case("key", "the identity", "BAL-10", json!({ "key": hex(&IDENTITY) }));
    for (name, point) in bad_points() {
        file.case("key", name, "BAL-10", json!({ "key": hex(&point) }));
    }
    for (name, key) in [
        ("31 bytes", &good[..31]),
        ("33 bytes", &[&good[..], &[0]].concat()),
    ] {
        file.case("key", name, "BAL-10", json!({ "key": hex(key) }));
    }
    file
}

/// `[P, K || s || t]` of a proof of possession in a context.
fn published(
    all: &Generators,
    secret: &Secret,
    context: (&[u8; 32], usize, usize),
    name: &str,
) -> [Vec<u8>; 2] {
    let mut stream = Stream::new(name);
    let (a, b) = (stream.scalar(), stream.scalar());
    let key = encoded(&secret.key(all));
    let commitment = encoded(&sum([(a, &all.g), (b, &all.h)]));
    let (assembly, seat, number) = context;
    let c = hash_to_scalar(&[
        text("veche/v1/ballot/key-possession"),
        bytes(assembly),
        uint(seat),
        uint(number),
        bytes(&key),
        bytes(&commitment),
    ]);
    let proof = [
        commitment,
        (a + c * secret.x).to_bytes(),
        (b + c * secret.y).to_bytes(),
    ];
    [key.to_vec(), proof.concat()]
}

fn possession(all: &Generators) -> Behaviour {
    let mut file = Behaviour::new(
        "possession",
        "A key is published with a proof that its publisher can open it, for one assembly, seat and number (BAL-11).",
    );
    let mut stream = Stream::new("possession");
    let secret = Secret {
        x: stream.scalar(),
        y: stream.scalar(),
    };
    let [key, proof] = published(all, &secret, (&ASSEMBLY, 300, 7), "possession nonces");
    let mut case =
        |name: &str, result: &str, context: (&[u8; 32], usize, usize), key: &[u8], proof: &[u8]| {
            let about = json!({
                "assembly": hex(context.0), "seat": context.1, "number": context.2,
                "published": hex(&array(&[bytes(key), bytes(proof)])),
            });
            file.case("possession", name, result, about);
        };
    let here = (&ASSEMBLY, 300, 7);
    case("as published", "valid", here, &key, &proof);
    case("of another assembly", "BAL-11", (&OPENING, 300, 7), &key, &proof);
    case("of another seat", "BAL-11", (&ASSEMBLY, 301, 7), &key, &proof);
    case(
        "reused under another number",
        "BAL-11",
        (&ASSEMBLY, 300, 8),
        &key,
        &proof,
    );
    case(
        "seat and number swapped",
        "BAL-11",
        (&ASSEMBLY, 7, 300),
        &key,
        &proof,
    );
    case("of another key", "BAL-11", here, &encoded(&all.g), &proof);
    case("the identity as key", "BAL-10", here, &IDENTITY, &proof);
    let changed = |from: usize, with: &[u8]| {
        let mut proof = proof.clone();
        proof[from..from + with.len()].copy_from_slice(with);
        proof
    };
    case("K is the identity", "BAL-11", here, &key, &changed(0, &IDENTITY));
    case("K is no point", "BAL-11", here, &key, &changed(0, &[0xff; 32]));
    case(
        "s is the group order",
        "BAL-11",
        here,
        &key,
        &changed(32, &order()),
    );
    case(
        "t is the group order",
        "BAL-11",
        here,
        &key,
        &changed(64, &order()),
    );
    case("s is zero", "BAL-11", here, &key, &changed(32, &[0; 32]));
    let swapped = [&proof[..32], &proof[64..], &proof[32..64]].concat();
    case("s and t swapped", "BAL-11", here, &key, &swapped);
    // K' = P - K'' would let a publisher claim a combination of others' keys; the hash over K and P prevents it.
    let roll = TestRoll::derive(all, "possession others", 2);
    let stolen = encoded(&roll.combination(&[1, 1]));
    case("a combination of others' keys", "BAL-11", here, &stolen, &proof);
    file
}

fn rolls(all: &Generators) -> Behaviour {
    let mut file = Behaviour::new(
        "rolls",
        "A roll has 2 to 32,768 different keys in ascending order of their bytes (BAL-10, BAL-12, BAL-13).",
    );
    for size in [
        2, 3, 16, 17, 36, 37, 64, 65, 100, 101, 216, 217, 512, 513, 1_296, 1_297, 4_096, 4_097, 10_000,
        10_001, 32_768,
    ] {
        let roll = TestRoll::derive(all, "sizes", size);
        let (n, m) = shape(size);
        let about = json!({ "roll": roll.json(), "n": n, "m": m });
        file.case("roll", &format!("{size} keys"), "valid", about);
    }
    let about = json!({ "roll": TestRoll::derive(all, "sizes", 32_769).json() });
    file.case("roll", "32769 keys", "BAL-12", about);
    let keys = TestRoll::derive(all, "rolls", 4).keys;
    let mut case = |name: &str, result: &str, keys: &[[u8; 32]]| {
        let listed: Vec<_> = keys.iter().map(|key| hex(key)).collect();
        let about = json!({ "roll": { "keys": listed, "root": hex(&root(keys)) } });
        file.case("roll", name, result, about);
    };
    case("no key", "BAL-12", &[]);
    case("one key", "BAL-12", &keys[..1]);
    case("descending", "BAL-13", &[keys[3], keys[2], keys[1], keys[0]]);
    case("two swapped", "BAL-13", &[keys[0], keys[2], keys[1], keys[3]]);
    case("a key twice", "BAL-13", &[keys[0], keys[1], keys[1], keys[2]]);
    case(
        "the last key twice",
        "BAL-13",
        &[keys[0], keys[1], keys[2], keys[2]],
    );
    case("the identity in front", "BAL-10", &[IDENTITY, keys[0], keys[1]]);
    for (name, point) in bad_points() {
        let mut with = vec![keys[0], keys[1], point];
        with.sort_unstable();
        case(&format!("with {name}"), "BAL-10", &with);
    }
    file
}
