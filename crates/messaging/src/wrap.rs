//! The outer wrap of a log's entries, and the pieces of what is larger than one entry of an invitation's log.
//!
//! ```text
//! entry   = nonce (24) || XChaCha20-Poly1305(wrap key, nonce, label, padded)
//! padded  = version (1) || form (1) || length (u32 BE) || content || zeros     len(entry) is one of SIZES
//! form    = 0 inline: content is the message
//!           1 pieces: content is CBOR [key (32), length (u32), [hash of each piece]]     invitations only
//!           2 a part of a message, 3 a request, 4 a Welcome, 5 a demand, 6 a point,
//!           7 a part of a Welcome     conversations only
//! piece i = XChaCha20-Poly1305(key, i as 24 bytes BE, label, part i, the last one padded with zeros)   256 KiB
//! ```
//!
//! The relay sees sizes from a short list and nothing else (MSG-11). Trusts nobody; who holds the wrap key can write.

use crate::welcome::WelcomePart;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use primitives::canonical::{decode_canonical, sha256};
use primitives::signed::Unverified;
use primitives::{Hash, Label, Secret, encode, labels};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// Lengths that an entry can have, in bytes.
pub const SIZES: [usize; 6] = [512, 2 << 10, 8 << 10, 32 << 10, 128 << 10, 256 << 10];
/// Length of a sealed piece, in bytes.
pub const PIECE_LEN: usize = 256 << 10;
/// Most bytes of a message in pieces.
pub const MESSAGE_BYTES_MAX: usize = 16 << 20;

const VERSION: u8 = 1;
const NONCE_LEN: usize = 24;
const TAG_LEN: usize = 16;
const HEAD_LEN: usize = 6;
const OVERHEAD: usize = NONCE_LEN + TAG_LEN + HEAD_LEN;
const PART_LEN: usize = PIECE_LEN - TAG_LEN;
/// Form of an entry that holds the message.
pub(crate) const INLINE: u8 = 0;
const PIECES: u8 = 1;
/// Form of an entry that holds a part of a message.
pub(crate) const PART: u8 = 2;
/// Form of an entry by which a device asks to be added again.
pub(crate) const REQUEST: u8 = 3;
/// Form of an entry that lets those in whom the commit before it has added.
pub(crate) const WELCOME: u8 = 4;
/// Form of an entry by which a device asks that somebody leave.
pub(crate) const DEMAND: u8 = 5;
/// Form of an entry by which a device says how far the journal is.
pub(crate) const POINT: u8 = 6;
/// Form of an entry with a part of a Welcome that fits none.
pub(crate) const WELCOME_PART: u8 = 7;

/// A message ready for the log.
#[derive(Debug)]
pub struct Wrapped {
    /// The entry to append.
    pub entry: Vec<u8>,
    /// Pieces to upload first; empty if the message is in the entry itself.
    pub pieces: Vec<Piece>,
}

/// One sealed piece of a large message.
#[derive(Debug)]
pub struct Piece {
    /// Its name: SHA-256 of its bytes.
    pub hash: Hash,
    /// Its bytes, [`PIECE_LEN`] of them.
    pub bytes: Vec<u8>,
}

/// A message too large to travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{len} bytes where at most {MESSAGE_BYTES_MAX} can be sent")]
pub struct TooLarge {
    /// How many bytes it has.
    pub len: usize,
}

/// An entry or a piece that cannot be read (MSG-11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// Not of one of the lengths.
    #[error("an entry of a length that no entry has (MSG-11)")]
    Length,
    /// The tag does not verify: another key, or altered.
    #[error("not sealed with this key, or altered (MSG-11)")]
    Seal,
    /// Opened, but not of the form above.
    #[error("sealed, but malformed inside (MSG-11)")]
    Form,
    /// Pieces missing, surplus or in the wrong order.
    #[error("the pieces are not those of this message (MSG-11)")]
    Pieces,
    /// A part that is not of this epoch, not by one of its devices, or of an attempt that is over.
    #[error("not a part of a message that is under way (MSG-17)")]
    Part,
    /// A demand that is not by a device of this epoch, or about nobody in it.
    #[error("not a demand of a device of this epoch (MSG-26)")]
    Demand,
    /// A request to be added again that is not by a device of this epoch, or has been overtaken.
    #[error("not a request of a device of this epoch (MSG-18)")]
    Request,
}

/// What an entry holds.
#[derive(Debug)]
pub enum Opened {
    /// The message.
    Inline(Vec<u8>),
    /// Where to fetch it: in an invitation's log only.
    Pieces(PieceList),
    /// A part of the message: in a conversation's log only.
    Part(Unverified),
    /// A device asks to be added again: in a conversation's log only.
    Request(Unverified),
    /// A Welcome: in a conversation's log only.
    Welcome(Vec<u8>),
    /// A device asks that somebody leave: in a conversation's log only.
    Demand(Unverified),
    /// A device says how far the journal is: in a conversation's log only.
    Point(Unverified),
    /// A part of a Welcome: in a conversation's log only.
    WelcomePart(WelcomePart),
}

/// The pieces of one message.
#[derive(Encode, Decode)]
#[cbor(array)]
pub struct PieceList {
    #[n(0)]
    key: ByteArray<32>,
    #[n(1)]
    len: u32,
    #[n(2)]
    hashes: Vec<Hash>,
}

impl core::fmt::Debug for PieceList {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "PieceList({} pieces)", self.hashes.len())
    }
}

impl PieceList {
    /// Whether it is what [`wrap`] makes: of a message too large for an entry and not too large to travel, with as many
    /// pieces as that takes. So nobody can make readers fetch more than a message is worth.
    fn fits(&self) -> bool {
        usize::try_from(self.len).is_ok_and(|len| {
            size_for(len).is_none() && len <= MESSAGE_BYTES_MAX && self.hashes.len() == len.div_ceil(PART_LEN)
        })
    }

    /// Names of the pieces, in order.
    #[must_use]
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// Opens the fetched pieces, given in order, and puts the message together.
    ///
    /// # Errors
    /// [`Unreadable`] if one is not the piece that the entry names, or does not open.
    pub fn assemble(&self, pieces: &[Vec<u8>]) -> Result<Vec<u8>, Unreadable> {
        let len = usize::try_from(self.len).map_err(|_| Unreadable::Form)?;
        if pieces.len() != self.hashes.len() || len.div_ceil(PART_LEN) != pieces.len() {
            return Err(Unreadable::Pieces);
        }
        let cipher = cipher(&self.key);
        let mut message = Vec::with_capacity(pieces.len().saturating_mul(PART_LEN));
        for (index, (piece, hash)) in pieces.iter().zip(&self.hashes).enumerate() {
            if sha256(piece) != *hash {
                return Err(Unreadable::Pieces);
            }
            let payload = Payload {
                msg: piece,
                aad: labels::CONVERSATION_PIECE.as_bytes(),
            };
            message.extend(
                cipher
                    .decrypt(&piece_nonce(index), payload)
                    .map_err(|_| Unreadable::Seal)?,
            );
        }
        if message
            .split_off(len.min(message.len()))
            .iter()
            .any(|byte| *byte != 0)
        {
            return Err(Unreadable::Form);
        }
        Ok(message)
    }
}

/// Wraps `message` for the log whose wrap key is `key`, bound to `label` as associated data.
///
/// Cost: linear; two encryptions for a message in pieces.
///
/// # Errors
/// [`TooLarge`] above [`MESSAGE_BYTES_MAX`].
pub fn wrap(
    key: &Secret<32>,
    label: Label,
    message: &[u8],
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Wrapped, TooLarge> {
    if let Some(entry) = seal_entry(key, label, INLINE, message, rng) {
        return Ok(Wrapped {
            entry,
            pieces: Vec::new(),
        });
    }
    let too_large = TooLarge { len: message.len() };
    if message.len() > MESSAGE_BYTES_MAX {
        return Err(too_large);
    }
    let piece_key = Secret::<32>::random(rng);
    let cipher = cipher(piece_key.expose());
    let pieces = message
        .chunks(PART_LEN)
        .enumerate()
        .map(|(index, part)| {
            let mut part = Zeroizing::new(part.to_vec());
            part.resize(PART_LEN, 0);
            let payload = Payload {
                msg: &part,
                aad: labels::CONVERSATION_PIECE.as_bytes(),
            };
            let bytes = cipher
                .encrypt(&piece_nonce(index), payload)
                .map_err(|_| too_large)?;
            Ok(Piece {
                hash: sha256(&bytes),
                bytes,
            })
        })
        .collect::<Result<Vec<_>, TooLarge>>()?;
    let list = PieceList {
        key: ByteArray::from(*piece_key.expose()),
        len: u32::try_from(message.len()).map_err(|_| too_large)?,
        hashes: pieces.iter().map(|piece| piece.hash).collect(),
    };
    let content = Zeroizing::new(encode(&list));
    let entry = seal_entry(key, label, PIECES, &content, rng).ok_or(too_large)?;
    Ok(Wrapped { entry, pieces })
}

/// Opens an entry.
///
/// # Errors
/// [`Unreadable`]: such an entry is skipped (MSG-11), for everybody who holds the key judges alike.
pub fn open(key: &Secret<32>, label: Label, entry: &[u8]) -> Result<Opened, Unreadable> {
    if !SIZES.contains(&entry.len()) {
        return Err(Unreadable::Length);
    }
    let (nonce, sealed) = entry.split_first_chunk::<NONCE_LEN>().ok_or(Unreadable::Length)?;
    let payload = Payload {
        msg: sealed,
        aad: label.as_bytes(),
    };
    let padded = cipher(key.expose())
        .decrypt(&XNonce::from(*nonce), payload)
        .map(Zeroizing::new)
        .map_err(|_| Unreadable::Seal)?;
    let (head, rest) = padded.split_first_chunk::<HEAD_LEN>().ok_or(Unreadable::Form)?;
    let [version, form, a, b, c, d] = *head;
    let len = usize::try_from(u32::from_be_bytes([a, b, c, d])).map_err(|_| Unreadable::Form)?;
    let (content, padding) = rest.split_at_checked(len).ok_or(Unreadable::Form)?;
    if version != VERSION || padding.iter().any(|byte| *byte != 0) || size_for(len) != Some(entry.len()) {
        return Err(Unreadable::Form);
    }
    match form {
        INLINE => Ok(Opened::Inline(content.to_vec())),
        PIECES => decode_canonical::<PieceList>(content)
            .ok()
            .filter(PieceList::fits)
            .map(Opened::Pieces)
            .ok_or(Unreadable::Form),
        PART => decode_canonical(content)
            .map(Opened::Part)
            .map_err(|_| Unreadable::Form),
        REQUEST => decode_canonical(content)
            .map(Opened::Request)
            .map_err(|_| Unreadable::Form),
        WELCOME => Ok(Opened::Welcome(content.to_vec())),
        DEMAND => decode_canonical(content)
            .map(Opened::Demand)
            .map_err(|_| Unreadable::Form),
        POINT => decode_canonical(content)
            .map(Opened::Point)
            .map_err(|_| Unreadable::Form),
        WELCOME_PART => decode_canonical(content)
            .map(Opened::WelcomePart)
            .map_err(|_| Unreadable::Form),
        _ => Err(Unreadable::Form),
    }
}

pub(crate) fn seal_entry(
    key: &Secret<32>,
    label: Label,
    form: u8,
    content: &[u8],
    rng: &mut (impl CryptoRng + ?Sized),
) -> Option<Vec<u8>> {
    let size = size_for(content.len())?;
    let mut padded = Zeroizing::new(Vec::with_capacity(size));
    padded.extend([VERSION, form]);
    padded.extend(u32::try_from(content.len()).ok()?.to_be_bytes());
    padded.extend_from_slice(content);
    padded.resize(size - NONCE_LEN - TAG_LEN, 0);
    let mut nonce = [0; NONCE_LEN];
    rng.fill_bytes(&mut nonce);
    let payload = Payload {
        msg: &padded,
        aad: label.as_bytes(),
    };
    let sealed = cipher(key.expose()).encrypt(&XNonce::from(nonce), payload).ok()?;
    Some([nonce.as_slice(), &sealed].concat())
}

fn size_for(content_len: usize) -> Option<usize> {
    SIZES
        .into_iter()
        .find(|size| content_len.saturating_add(OVERHEAD) <= *size)
}

pub(crate) fn cipher(key: &[u8; 32]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&Key::from(*key))
}

pub(crate) fn piece_nonce(index: usize) -> XNonce {
    let mut nonce = [0; NONCE_LEN];
    if let Some(low) = nonce.last_chunk_mut::<8>() {
        *low = (index as u64).to_be_bytes();
    }
    XNonce::from(nonce)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    const LABEL: Label = labels::CONVERSATION_WRAP;

    fn key() -> Secret<32> {
        Secret::take(&mut [7; 32])
    }

    fn inline(message: &[u8]) -> Vec<u8> {
        wrap(&key(), LABEL, message, &mut ChaCha20Rng::seed_from_u64(1))
            .unwrap()
            .entry
    }

    #[test]
    fn entries_have_lengths_from_the_list() {
        for (len, size) in [(0, 512), (466, 512), (467, 2048), (2002, 2048), (2003, 8192)] {
            assert_eq!(inline(&vec![1; len]).len(), size, "{len}");
        }
    }

    #[test]
    fn a_large_message_travels_in_pieces() {
        let message: Vec<u8> = (0..600_000u32).map(|i| i as u8).collect();
        let wrapped = wrap(&key(), LABEL, &message, &mut ChaCha20Rng::seed_from_u64(1)).unwrap();
        assert_eq!(wrapped.entry.len(), 512);
        assert!(wrapped.pieces.iter().all(|piece| piece.bytes.len() == PIECE_LEN));
        let Opened::Pieces(list) = open(&key(), LABEL, &wrapped.entry).unwrap() else {
            panic!("inline")
        };
        let mut pieces: Vec<_> = wrapped.pieces.into_iter().map(|piece| piece.bytes).collect();
        assert_eq!(list.assemble(&pieces).unwrap(), message);
        pieces.swap(0, 1);
        assert_eq!(list.assemble(&pieces), Err(Unreadable::Pieces));
        pieces.pop();
        assert_eq!(list.assemble(&pieces), Err(Unreadable::Pieces));
    }

    #[test]
    fn msg_11_rejects_another_key_another_label_and_every_changed_byte() {
        let entry = inline(b"hello");
        assert!(matches!(
            open(&Secret::take(&mut [8; 32]), LABEL, &entry),
            Err(Unreadable::Seal)
        ));
        assert!(matches!(
            open(&key(), labels::RENDEZVOUS, &entry),
            Err(Unreadable::Seal)
        ));
        for index in 0..entry.len() {
            let mut changed = entry.clone();
            changed[index] ^= 1;
            assert!(matches!(open(&key(), LABEL, &changed), Err(Unreadable::Seal)));
        }
        assert!(matches!(
            open(&key(), LABEL, &entry[..511]),
            Err(Unreadable::Length)
        ));
    }

    #[test]
    fn msg_11_rejects_padding_that_says_something_and_an_oversized_pad() {
        let seal = |padded: &[u8]| {
            let payload = Payload {
                msg: padded,
                aad: LABEL.as_bytes(),
            };
            [
                [0; 24].as_slice(),
                &cipher(&[7; 32]).encrypt(&XNonce::from([0; 24]), payload).unwrap(),
            ]
            .concat()
        };
        let mut padded = vec![0; 512 - 40];
        padded[0] = VERSION;
        assert!(open(&key(), LABEL, &seal(&padded)).is_ok());
        padded[400] = 1;
        assert!(matches!(
            open(&key(), LABEL, &seal(&padded)),
            Err(Unreadable::Form)
        ));
        let mut padded = vec![0; 2048 - 40];
        padded[0] = VERSION;
        assert!(matches!(
            open(&key(), LABEL, &seal(&padded)),
            Err(Unreadable::Form)
        ));
    }

    #[test]
    fn msg_11_rejects_a_list_of_pieces_that_its_message_does_not_need() {
        let opened = |len: usize, pieces: usize| {
            let list = PieceList {
                key: ByteArray::from([3; 32]),
                len: u32::try_from(len).unwrap(),
                hashes: vec![sha256(b"piece"); pieces],
            };
            let rng = &mut ChaCha20Rng::seed_from_u64(1);
            open(
                &key(),
                LABEL,
                &seal_entry(&key(), LABEL, PIECES, &encode(&list), rng).unwrap(),
            )
        };
        let inline_max = SIZES[5] - OVERHEAD;
        for (len, pieces) in [
            (inline_max + 1, 1),
            (PART_LEN, 1),
            (PART_LEN + 1, 2),
            (MESSAGE_BYTES_MAX, 65),
        ] {
            assert!(matches!(opened(len, pieces), Ok(Opened::Pieces(_))), "{len}");
        }
        for (len, pieces) in [
            (0, 0),
            (1, 1),
            (inline_max, 1),
            (PART_LEN, 0),
            (PART_LEN, 2),
            (PART_LEN + 1, 1),
            (PART_LEN + 1, 7000),
            (MESSAGE_BYTES_MAX, 64),
            (MESSAGE_BYTES_MAX + 1, 65),
            (u32::MAX as usize, 65),
        ] {
            let opened = opened(len, pieces);
            assert!(matches!(opened, Err(Unreadable::Form)), "{len}, {pieces}");
        }
    }

    #[test]
    fn refuses_what_is_too_large() {
        let message = vec![0; MESSAGE_BYTES_MAX + 1];
        assert!(wrap(&key(), LABEL, &message, &mut ChaCha20Rng::seed_from_u64(1)).is_err());
    }

    proptest! {
        #[test]
        fn what_is_wrapped_opens_to_itself(message: Vec<u8>) {
            match open(&key(), LABEL, &inline(&message)) {
                Ok(Opened::Inline(opened)) => prop_assert_eq!(opened, message),
                other => prop_assert!(false, "{other:?}"),
            }
        }

        #[test]
        fn garbage_is_a_typed_error(bytes: Vec<u8>) {
            prop_assert!(open(&key(), LABEL, &bytes).is_err());
        }
    }
}
