//! Rolls of the vectors: secrets in arithmetic progression, so that a reader makes a large roll with one addition for each key.

use curve25519_dalek::ristretto::RistrettoPoint;
use serde_json::{Value, json};

use super::group::{Generators, array, bytes, encoded, hash_to_scalar, sha256, sum, text};
use super::prover::{Secret, Statement};
use super::{ASSEMBLY, OPENING, SEALING_KEY, hex};

/// A roll with everybody's secrets, in roll order.
#[derive(Debug, Clone)]
pub struct TestRoll {
    /// Its name.
    pub name: String,
    /// Secrets in roll order.
    pub secrets: Vec<Secret>,
    /// Keys in roll order.
    pub keys: Vec<[u8; 32]>,
    /// Keys in roll order, decoded.
    pub points: Vec<RistrettoPoint>,
}

/// n and m of a roll of so many keys, as the specification's table has them.
#[must_use]
pub fn shape(size: usize) -> (usize, usize) {
    let table = [
        (16, 4, 2),
        (36, 6, 2),
        (64, 8, 2),
        (100, 10, 2),
        (216, 6, 3),
        (512, 8, 3),
        (1_296, 6, 4),
        (4_096, 8, 4),
        (10_000, 10, 4),
        (32_768, 8, 5),
    ];
    let row = table.iter().find(|(up_to, ..)| size <= *up_to);
    row.map(|&(_, n, m)| (n, m)).unwrap()
}

/// Root of keys in this order.
#[must_use]
pub fn root(keys: &[[u8; 32]]) -> [u8; 32] {
    let mut items = vec![text("veche/v1/ballot/roll")];
    items.extend(keys.iter().map(|key| bytes(key)));
    sha256(&array(&items))
}

impl TestRoll {
    /// The roll of this name with so many keys: `x_i = x + i dx`, `y_i = y + i dy`, each of the four
    /// `hash_to_scalar(CBOR["veche-vectors", name, "x" | "dx" | "y" | "dy"])`.
    #[must_use]
    pub fn derive(all: &Generators, name: &str, count: usize) -> Self {
        let part = |part: &str| hash_to_scalar(&[text("veche-vectors"), text(name), text(part)]);
        let (mut secret, step) = (
            Secret {
                x: part("x"),
                y: part("y"),
            },
            Secret {
                x: part("dx"),
                y: part("dy"),
            },
        );
        let (mut point, difference) = (secret.key(all), step.key(all));
        let mut members = Vec::with_capacity(count);
        for _ in 0..count {
            members.push((encoded(&point), point, secret));
            point += difference;
            secret.x += step.x;
            secret.y += step.y;
        }
        members.sort_by_key(|(key, ..)| *key);
        Self {
            name: name.to_owned(),
            secrets: members.iter().map(|(.., secret)| *secret).collect(),
            keys: members.iter().map(|(key, ..)| *key).collect(),
            points: members.iter().map(|(_, point, _)| *point).collect(),
        }
    }

    /// A vote over it.
    #[must_use]
    pub fn statement(&self) -> Statement {
        Statement {
            kind: "ballot".to_owned(),
            assembly: ASSEMBLY,
            subject: OPENING,
            keys: self.points.clone(),
            root: root(&self.keys),
            shape: shape(self.keys.len()),
            sealing_key: SEALING_KEY,
        }
    }

    /// As it stands in a file: small ones key by key, large ones by their name.
    #[must_use]
    pub fn json(&self) -> Value {
        let count = self.keys.len();
        if count <= 5 {
            return json!({ "keys": self.keys.iter().map(|key| hex(key)).collect::<Vec<_>>(), "root": hex(&root(&self.keys)) });
        }
        json!({ "derived": self.name, "count": count, "root": hex(&root(&self.keys)) })
    }

    /// The sum of some keys with coefficients, for rolls that attack.
    #[must_use]
    pub fn combination(&self, coefficients: &[i8]) -> RistrettoPoint {
        let scalar = |c: &i8| {
            let magnitude = curve25519_dalek::scalar::Scalar::from(c.unsigned_abs());
            if *c < 0 { -magnitude } else { magnitude }
        };
        sum(coefficients.iter().map(scalar).zip(&self.points))
    }
}
