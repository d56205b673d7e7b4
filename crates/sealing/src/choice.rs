//! Sealing a choice to the trustees' key, and opening it.
//!
//! ```text
//! sealed = R (32 bytes) || ChaCha20-Poly1305(key, nonce 0, plaintext, CBOR[label, opening id, roll root, T])
//! key    = HKDF-SHA-512(rY; salt R || Y; info label || opening id), 32 bytes
//! ```

use crate::kdf::{self, TAG_LEN};
use crate::opening::OpeningSecret;
use core::fmt;
use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity;
use minicbor::bytes::ByteArray;
use primitives::{Hash, OpeningId, encode, labels};
use rand_core::CryptoRng;
use zeroize::{Zeroize, Zeroizing};

/// The trustees' public key Y of one vote: a point that decoded and is not the identity.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SealingKey {
    bytes: [u8; 32],
    point: RistrettoPoint,
}

impl SealingKey {
    /// Decodes a key.
    ///
    /// # Errors
    /// [`SealedError::Point`] (SEA-02) for the identity and for bytes that are no canonical point.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, SealedError> {
        Ok(Self {
            bytes: *bytes,
            point: decode_point(bytes)?,
        })
    }

    /// The key's 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKey({})", Hash::new(self.bytes))
    }
}

/// What a sealed choice belongs to; it opens for nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealContext {
    /// The vote.
    pub opening: OpeningId,
    /// The vote's roll.
    pub roll_root: Hash,
    /// The link tag T of the ballot that carries the choice.
    pub tag: [u8; 32],
}

impl SealContext {
    fn associated(&self) -> Vec<u8> {
        encode(&(
            labels::SEALED_CHOICE,
            self.opening,
            self.roll_root,
            ByteArray::from(self.tag),
        ))
    }
}

/// Why a sealed choice is refused or does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealedError {
    /// Not the one length that this vote's choices have.
    #[error("SEA-01: a sealed choice of {len} bytes where {expected} are needed")]
    Length {
        /// Bytes there are.
        len: usize,
        /// Bytes there must be.
        expected: usize,
    },
    /// R (or Y) is the identity or not a canonical encoding. Makes the ballot invalid.
    #[error("SEA-02: a point of the seal is the identity or not a canonical encoding")]
    Point,
    /// The ciphertext was not made for this key, vote, roll and tag. The ballot counts as spoilt.
    #[error("SEA-03: the sealed choice does not open")]
    Ciphertext,
}

impl SealedError {
    /// The rule that was broken.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::Length { .. } => "SEA-01",
            Self::Point => "SEA-02",
            Self::Ciphertext => "SEA-03",
        }
    }
}

/// Length of a sealed choice whose plaintext has `plaintext_len` bytes.
#[must_use]
pub const fn sealed_len(plaintext_len: usize) -> usize {
    32 + plaintext_len + TAG_LEN
}

/// Seals `plaintext` to `key`. Constant time; the randomness is wiped before this returns.
#[must_use]
pub fn seal(
    key: &SealingKey,
    context: &SealContext,
    plaintext: &[u8],
    rng: &mut (impl CryptoRng + ?Sized),
) -> Vec<u8> {
    let mut wide = Zeroizing::new([0; 64]);
    let mut r = Zeroizing::new(Scalar::ZERO);
    while *r == Scalar::ZERO {
        rng.fill_bytes(wide.as_mut_slice());
        *r = Scalar::from_bytes_mod_order_wide(&wide);
    }
    let mut sealed = RistrettoPoint::mul_base(&r).compress().to_bytes().to_vec();
    let message_key = message_key(*r * key.point, &sealed, &key.bytes, context);
    sealed.extend_from_slice(&kdf::encrypt(&message_key, plaintext, &context.associated()));
    sealed
}

/// A sealed choice of the right length whose R decodes: everything that everybody can check before the close.
#[derive(Debug, Clone)]
pub struct SealedChoice {
    bytes: [u8; 32],
    point: RistrettoPoint,
    ciphertext: Vec<u8>,
}

impl SealedChoice {
    /// Decodes a sealed choice whose plaintext has `plaintext_len` bytes.
    ///
    /// # Errors
    /// [`SealedError::Length`] (SEA-01), [`SealedError::Point`] (SEA-02): the ballot is invalid.
    pub fn decode(sealed: &[u8], plaintext_len: usize) -> Result<Self, SealedError> {
        let expected = sealed_len(plaintext_len);
        if sealed.len() != expected {
            return Err(SealedError::Length {
                len: sealed.len(),
                expected,
            });
        }
        Self::split(sealed)
    }

    fn split(sealed: &[u8]) -> Result<Self, SealedError> {
        let short = SealedError::Length {
            len: sealed.len(),
            expected: sealed_len(0),
        };
        let (bytes, ciphertext) = sealed.split_first_chunk::<32>().ok_or(short)?;
        Ok(Self {
            bytes: *bytes,
            point: decode_point(bytes)?,
            ciphertext: ciphertext.to_vec(),
        })
    }
}

/// What everybody can check of a sealed choice before the close: its exact length and that R decodes.
///
/// # Errors
/// As [`SealedChoice::decode`].
pub fn check_sealed(sealed: &[u8], plaintext_len: usize) -> Result<(), SealedError> {
    SealedChoice::decode(sealed, plaintext_len).map(|_| ())
}

/// Opens a sealed choice.
///
/// # Errors
/// [`SealedError`]; a plaintext that comes out still has to be the canonical form of a choice.
pub fn open(
    secret: &OpeningSecret,
    context: &SealContext,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, SealedError> {
    let choice = SealedChoice::split(sealed)?;
    let message_key = message_key(
        secret.scalar() * choice.point,
        &choice.bytes,
        secret.key_bytes(),
        context,
    );
    kdf::decrypt(&message_key, &choice.ciphertext, &context.associated()).ok_or(SealedError::Ciphertext)
}

/// Opens many sealed choices of one vote: as [`open`] for each, in order, but a tenth faster.
pub fn open_all(
    secret: &OpeningSecret,
    choices: &[(SealContext, &[u8])],
) -> Vec<Result<Zeroizing<Vec<u8>>, SealedError>> {
    let parts = choices
        .iter()
        .map(|(context, sealed)| Ok((*context, SealedChoice::split(sealed)?)));
    let parts: Vec<Result<_, SealedError>> = parts.collect();
    let decoded: Vec<_> = parts
        .iter()
        .flatten()
        .map(|(context, choice)| (*context, choice))
        .collect();
    let mut opened = open_decoded(secret, &decoded).into_iter();
    let in_order = parts.into_iter().map(|part| {
        part?;
        opened.next().ok_or(SealedError::Ciphertext)?
    });
    in_order.collect()
}

/// As [`open_all`], of choices that are decoded already.
///
/// An encoding costs an inverse square root, that of a doubled point does not: `rY` is encoded as the double of
/// `(y/2) R`, all of them together.
pub fn open_decoded(
    secret: &OpeningSecret,
    choices: &[(SealContext, &SealedChoice)],
) -> Vec<Result<Zeroizing<Vec<u8>>, SealedError>> {
    let half = Zeroizing::new(secret.scalar() * Scalar::from(2u8).invert());
    let halves: Zeroizing<Vec<RistrettoPoint>> =
        Zeroizing::new(choices.iter().map(|(_, choice)| *half * choice.point).collect());
    let shared = RistrettoPoint::double_and_compress_batch(halves.iter());
    let opened = shared
        .into_iter()
        .zip(choices)
        .map(|(shared, (context, choice))| {
            let shared = Zeroizing::new(shared.to_bytes());
            let message_key = derive(&shared, &choice.bytes, secret.key_bytes(), context);
            kdf::decrypt(&message_key, &choice.ciphertext, &context.associated())
                .ok_or(SealedError::Ciphertext)
        });
    opened.collect()
}

fn decode_point(bytes: &[u8; 32]) -> Result<RistrettoPoint, SealedError> {
    CompressedRistretto(*bytes)
        .decompress()
        .filter(|point| !point.is_identity())
        .ok_or(SealedError::Point)
}

fn message_key(
    mut shared: RistrettoPoint,
    r: &[u8],
    key: &[u8; 32],
    context: &SealContext,
) -> Zeroizing<[u8; 32]> {
    let bytes = Zeroizing::new(shared.compress().to_bytes());
    shared.zeroize();
    derive(&bytes, r, key, context)
}

/// - `shared`: the encoding of `rY`.
fn derive(shared: &[u8; 32], r: &[u8], key: &[u8; 32], context: &SealContext) -> Zeroizing<[u8; 32]> {
    let info = [labels::SEALED_CHOICE.as_bytes(), context.opening.as_bytes()].concat();
    kdf::derive(shared, &[r, key].concat(), &info)
}
