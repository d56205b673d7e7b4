//! Scalars, points and CBOR of the vectors, from the specification and not from the product.

use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::VartimeMultiscalarMul;
use sha2::{Digest, Sha256, Sha512};

/// A CBOR value of a hashed array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A text string.
    Text(String),
    /// An unsigned integer.
    Uint(u64),
    /// A byte string.
    Bytes(Vec<u8>),
}

/// A text.
#[must_use]
pub fn text(text: &str) -> Item {
    Item::Text(text.to_owned())
}

/// A byte string.
#[must_use]
pub fn bytes(bytes: &[u8]) -> Item {
    Item::Bytes(bytes.to_vec())
}

/// An integer.
#[must_use]
pub fn uint(number: usize) -> Item {
    Item::Uint(number as u64)
}

/// `CBOR[items..]`.
#[must_use]
pub fn array(items: &[Item]) -> Vec<u8> {
    let mut encoder = minicbor::Encoder::new(Vec::new());
    encoder.array(items.len() as u64).unwrap();
    for item in items {
        match item {
            Item::Text(text) => encoder.str(text),
            Item::Uint(number) => encoder.u64(*number),
            Item::Bytes(bytes) => encoder.bytes(bytes),
        }
        .unwrap();
    }
    encoder.into_writer()
}

/// SHA-256.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// `wide(SHA-512(CBOR[items..]))`.
#[must_use]
pub fn hash_to_scalar(items: &[Item]) -> Scalar {
    Scalar::from_bytes_mod_order_wide(&Sha512::digest(array(items)).into())
}

/// `from_uniform_bytes(SHA-512(CBOR[label, name, i]))`.
#[must_use]
pub fn hash_to_group(label: &str, name: &str, index: Item) -> RistrettoPoint {
    RistrettoPoint::from_uniform_bytes(&Sha512::digest(array(&[text(label), text(name), index])).into())
}

/// G, H, C and C* of the ballot proof, with their digest.
#[derive(Debug, Clone)]
pub struct Generators {
    /// G.
    pub g: RistrettoPoint,
    /// H.
    pub h: RistrettoPoint,
    /// `C_0 .. C_79`.
    pub c: Vec<RistrettoPoint>,
    /// C*.
    pub c_star: RistrettoPoint,
    /// Their digest.
    pub digest: [u8; 32],
}

impl Generators {
    /// Derives them.
    #[must_use]
    pub fn derive() -> Self {
        let make = |name, index| hash_to_group("veche/v1/ballot/generator", name, uint(index));
        let (g, h, c_star) = (make("G", 0), make("H", 0), make("C*", 0));
        let c: Vec<_> = (0..80).map(|index| make("C", index)).collect();
        let mut input = minicbor::to_vec("veche/v1/ballot/generator-digest").unwrap();
        for point in [g, h].iter().chain(&c).chain([&c_star]) {
            input.extend(point.compress().as_bytes());
        }
        let digest = sha256(&input);
        Self {
            g,
            h,
            c,
            c_star,
            digest,
        }
    }
}

/// The sum of `scalar * point`.
#[must_use]
pub fn sum<'a>(terms: impl IntoIterator<Item = (Scalar, &'a RistrettoPoint)>) -> RistrettoPoint {
    let (scalars, points): (Vec<Scalar>, Vec<&RistrettoPoint>) = terms.into_iter().unzip();
    RistrettoPoint::vartime_multiscalar_mul(scalars, points)
}

/// A point's 32 bytes.
#[must_use]
pub fn encoded(point: &RistrettoPoint) -> [u8; 32] {
    point.compress().to_bytes()
}

/// The point of 32 bytes that are one.
#[must_use]
pub fn decoded(bytes: &[u8; 32]) -> RistrettoPoint {
    CompressedRistretto(*bytes).decompress().unwrap()
}

/// Scalars that follow from a name: the vectors' only randomness.
#[derive(Debug, Clone)]
pub struct Stream {
    name: String,
    drawn: u64,
}

impl Stream {
    /// The stream with this name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            drawn: 0,
        }
    }

    /// The next scalar: `hash_to_scalar(CBOR["veche-vectors", name, count])`.
    pub fn scalar(&mut self) -> Scalar {
        self.drawn += 1;
        hash_to_scalar(&[text("veche-vectors"), text(&self.name), Item::Uint(self.drawn)])
    }
}
