//! Files that go with messages (MSG-28): what a message says of one, and how its bytes are sealed.
//!
//! ```text
//! chunk i = XChaCha20-Poly1305(key, i as 24 bytes BE, label, 262,128 bytes of the file, the last ones padded)   256 KiB
//! ```
//!
//! The chunks lie beside the log in which the message stands; the message names them by their hashes. The relay sees chunks of
//! one size, as many as one of few numbers. Trusts nobody: every chunk is checked against the message before it is kept.

use crate::file_name::FileName;
use crate::message::{Text, WORDS_BYTES_MAX};
use crate::timer::Timer;
use crate::wrap::{PIECE_LEN, Piece, Unreadable, cipher, piece_nonce};
use chacha20poly1305::aead::{Aead, Payload};
use core::fmt;
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use primitives::canonical::{Malformed, decode_canonical_max, sha256};
use primitives::{Hash, MessageName, encode, labels};
use rand_core::CryptoRng;
use zeroize::{Zeroize as _, Zeroizing};

/// Most bytes of a file.
pub const ATTACHMENT_BYTES_MAX: u64 = 64 << 20;
/// Length of a sealed chunk, in bytes.
pub const CHUNK_LEN: usize = PIECE_LEN;
/// Bytes of the file in one chunk.
pub const CHUNK_BYTES: usize = CHUNK_LEN - 16;
/// Most bytes of a picture's thumbnail.
pub const THUMBNAIL_BYTES_MAX: usize = 12 << 10;
/// Most points of a picture.
pub const PICTURE_POINTS_MAX: u64 = 50_000_000;

/// How many chunks a file can have: its own, and as many of zeros as the next of these numbers takes.
const COUNTS: [usize; 16] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 257];

/// The key of one file's chunks. Each of its numbers seals one chunk only.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct ChunkKey(#[n(0)] ByteArray<32>);

impl ChunkKey {
    /// A fresh key.
    #[must_use]
    pub fn random(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        Self(bytes.into())
    }

    /// Seals at most [`CHUNK_BYTES`] bytes as chunk `index`; `None` if there are more.
    #[must_use]
    pub fn seal(&self, index: u32, bytes: &[u8]) -> Option<Piece> {
        if bytes.len() > CHUNK_BYTES {
            return None;
        }
        let mut padded = Zeroizing::new(Vec::with_capacity(CHUNK_BYTES));
        padded.extend_from_slice(bytes);
        padded.resize(CHUNK_BYTES, 0);
        let payload = Payload {
            msg: &padded,
            aad: labels::CONVERSATION_ATTACHMENT.as_bytes(),
        };
        let nonce = piece_nonce(usize::try_from(index).ok()?);
        let bytes = cipher(&self.0).encrypt(&nonce, payload).ok()?;
        let hash = sha256(&bytes);
        Some(Piece { hash, bytes })
    }
}

impl Drop for ChunkKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for ChunkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChunkKey(..)")
    }
}

/// What is said of a picture before anybody fetches it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Picture {
    /// Points from left to right, at least 1.
    #[n(0)]
    pub width: u32,
    /// Points from top to bottom, at least 1; both multiplied are at most [`PICTURE_POINTS_MAX`].
    #[n(1)]
    pub height: u32,
    /// A small picture (PNG or JPEG), 1 to [`THUMBNAIL_BYTES_MAX`] bytes. What it shows is not known until somebody decodes it.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub thumbnail: Vec<u8>,
}

impl Picture {
    /// Whether it is within its limits.
    #[must_use]
    pub fn is_within_limits(&self) -> bool {
        let points = u64::from(self.width).saturating_mul(u64::from(self.height));
        (1..=PICTURE_POINTS_MAX).contains(&points)
            && (1..=THUMBNAIL_BYTES_MAX).contains(&self.thumbnail.len())
    }
}

/// A file that goes with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its name.
    pub name: FileName,
    /// How long it is, 1 to [`ATTACHMENT_BYTES_MAX`].
    pub bytes: u64,
    /// What seals its chunks.
    pub key: ChunkKey,
    /// SHA-256 of each sealed chunk, in order.
    pub chunks: Vec<Hash>,
    /// What it shows, if it is a picture.
    pub picture: Option<Picture>,
    /// Words that go with it, 0 to [`WORDS_BYTES_MAX`] bytes; what it answers; how long it stays.
    pub text: Text,
}

/// The words come last, so that the array has eight elements whatever is absent.
#[derive(Encode, Decode)]
#[cbor(array)]
struct Wire {
    #[n(0)]
    reply: Option<MessageName>,
    #[n(1)]
    timer: Option<Timer>,
    #[n(2)]
    name: FileName,
    #[n(3)]
    bytes: u64,
    #[n(4)]
    key: ChunkKey,
    #[n(5)]
    chunks: Vec<Hash>,
    #[n(6)]
    picture: Option<Picture>,
    #[n(7)]
    words: String,
}

impl Attachment {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let Self {
            name,
            bytes,
            key,
            chunks,
            picture,
            text,
        } = self.clone();
        let Text { words, reply, timer } = text;
        encode(&Wire {
            reply,
            timer,
            name,
            bytes,
            key,
            chunks,
            picture,
            words,
        })
    }

    pub(crate) fn decode(content: &[u8], max: usize) -> Result<Self, Malformed> {
        let wire: Wire = decode_canonical_max(content, max)?;
        if chunks_of(wire.bytes) != Some(wire.chunks.len()) {
            return Err(Malformed::OutOfRange("a file of another number of chunks"));
        }
        if wire.picture.as_ref().is_some_and(|it| !it.is_within_limits()) {
            return Err(Malformed::OutOfRange("a picture beyond its limits"));
        }
        let len = wire.words.len();
        if len > WORDS_BYTES_MAX {
            let max = WORDS_BYTES_MAX;
            return Err(Malformed::TooLong { len, max });
        }
        Ok(Self {
            name: wire.name,
            bytes: wire.bytes,
            key: wire.key,
            chunks: wire.chunks,
            picture: wire.picture,
            text: Text {
                words: wire.words,
                reply: wire.reply,
                timer: wire.timer,
            },
        })
    }

    /// How many of the file's bytes are in chunk `index`; none in those that only pad the number.
    #[must_use]
    pub fn bytes_in(&self, index: u32) -> usize {
        bytes_in(self.bytes, index)
    }

    /// Opens chunk `index`: the bytes of the file that are in it.
    ///
    /// # Errors
    /// [`Unreadable`] if it is not the chunk that the message names, does not open, or is not padded with zeros.
    pub fn open(&self, index: u32, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
        let place = usize::try_from(index).map_err(|_| Unreadable::Pieces)?;
        if sealed.len() != CHUNK_LEN || self.chunks.get(place) != Some(&sha256(sealed)) {
            return Err(Unreadable::Pieces);
        }
        let payload = Payload {
            msg: sealed,
            aad: labels::CONVERSATION_ATTACHMENT.as_bytes(),
        };
        let opened = cipher(&self.key.0).decrypt(&piece_nonce(place), payload);
        let mut opened = Zeroizing::new(opened.map_err(|_| Unreadable::Seal)?);
        let end = self.bytes_in(index).min(opened.len());
        let pad = opened.split_off(end);
        if pad.iter().any(|byte| *byte != 0) {
            return Err(Unreadable::Form);
        }
        Ok(opened)
    }
}

/// How many chunks a file of so many bytes has; `None` if there is no such file.
#[must_use]
pub fn chunks_of(bytes: u64) -> Option<usize> {
    if !(1..=ATTACHMENT_BYTES_MAX).contains(&bytes) {
        return None;
    }
    let least = usize::try_from(bytes).ok()?.div_ceil(CHUNK_BYTES);
    COUNTS.into_iter().find(|count| *count >= least)
}

/// How many of a file's bytes are in chunk `index`.
#[must_use]
pub fn bytes_in(bytes: u64, index: u32) -> usize {
    let chunk = u64::try_from(CHUNK_BYTES).unwrap_or(u64::MAX);
    let before = u64::from(index).saturating_mul(chunk);
    usize::try_from(bytes.saturating_sub(before).min(chunk)).unwrap_or(CHUNK_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    fn sealed(bytes: &[u8]) -> (Attachment, Vec<Vec<u8>>) {
        let key = ChunkKey::random(&mut ChaCha20Rng::seed_from_u64(1));
        let len = u64::try_from(bytes.len()).unwrap();
        let pieces: Vec<Piece> = (0..u32::try_from(chunks_of(len).unwrap()).unwrap())
            .map(|index| {
                let from = (index as usize * CHUNK_BYTES).min(bytes.len());
                key.seal(index, &bytes[from..from + bytes_in(len, index)])
                    .unwrap()
            })
            .collect();
        let attachment = Attachment {
            name: FileName::cleaned("a.pdf"),
            bytes: len,
            key,
            chunks: pieces.iter().map(|piece| piece.hash).collect(),
            picture: None,
            text: Text::default(),
        };
        (attachment, pieces.into_iter().map(|piece| piece.bytes).collect())
    }

    #[test]
    fn a_file_comes_out_of_its_chunks_as_it_went_in() {
        for len in [
            1,
            CHUNK_BYTES - 1,
            CHUNK_BYTES,
            CHUNK_BYTES + 1,
            5 * CHUNK_BYTES - 3,
        ] {
            let bytes: Vec<u8> = (0..len).map(|at| (at % 251) as u8).collect();
            let (attachment, chunks) = sealed(&bytes);
            assert!(chunks.iter().all(|chunk| chunk.len() == CHUNK_LEN));
            let opened: Vec<u8> = (0..)
                .zip(&chunks)
                .flat_map(|(index, chunk)| attachment.open(index, chunk).unwrap().to_vec())
                .collect();
            assert!(opened == bytes, "{len}");
        }
    }

    #[test]
    fn msg_28_a_file_has_one_of_few_numbers_of_chunks() {
        let chunk = CHUNK_BYTES as u64;
        for (bytes, count) in [
            (0, None),
            (1, Some(1)),
            (chunk, Some(1)),
            (chunk + 1, Some(2)),
            (5 * chunk, Some(6)),
            (193 * chunk, Some(257)),
            (ATTACHMENT_BYTES_MAX, Some(257)),
            (ATTACHMENT_BYTES_MAX + 1, None),
        ] {
            assert_eq!(chunks_of(bytes), count, "{bytes}");
        }
    }

    #[test]
    fn msg_28_a_chunk_that_is_not_the_named_one_is_none_of_the_file() {
        let (mut attachment, chunks) = sealed(&vec![7; CHUNK_BYTES + 9]);
        assert_eq!(attachment.open(0, &chunks[1]), Err(Unreadable::Pieces));
        assert_eq!(attachment.open(2, &chunks[0]), Err(Unreadable::Pieces));
        assert_eq!(attachment.open(0, &chunks[0][1..]), Err(Unreadable::Pieces));
        let mut altered = chunks[0].clone();
        altered[9] ^= 1;
        assert_eq!(attachment.open(0, &altered), Err(Unreadable::Pieces));
        // Its author names it, and it still has to open.
        attachment.chunks[0] = sha256(&altered);
        assert_eq!(attachment.open(0, &altered), Err(Unreadable::Seal));
        attachment.bytes -= 1;
        assert_eq!(attachment.open(1, &chunks[1]), Err(Unreadable::Form));
    }
}
