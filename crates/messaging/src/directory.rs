//! The assembly's directory: how a device that is away is reached by another one (MSG-27).
//!
//! ```text
//! content = CBOR [1, kind, bytes]
//! 1 card   = [ card, signature ], card = CBOR [key package, envelope key, made (ms)], signed by the device
//! 2 letter = an envelope to a card's envelope key of CBOR [letter (bytes), certificate, signature]
//!            letter = CBOR [conversation, terms or null, log secret, log start, [[number, journal key], …], lines or absent],
//!            signature of CBOR [hash of the letter, hash of the envelope key], by the device of the certificate
//! ```
//!
//! A log that every member reads, derived from the journal key: whoever the journal has removed knows no later one. A card
//! is by the device of its key package; whether the journal admits that device is asked when somebody uses the card. A
//! letter names nobody outside of it: all try to open it. Inside it is its author's and for this card, so that nobody hands on
//! what somebody else wrote; whether the journal admits the author is asked by who opens it.

use crate::credential::{Member, OwnDevice};
use crate::envelope::{EnvelopeKey, EnvelopeSecret, NotForUs, SealError, open_envelope, seal_envelope};
use crate::key_package::{BadKeyPackage, KeyPackage};
use crate::posting::{KeysWire, posting, read_posting};
use crate::rendezvous::JournalKey;
use crate::terms::Terms;
use crate::wrap::{INLINE, Opened, Unreadable, open, seal_entry};
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use primitives::canonical::{Malformed, decode_canonical_max, sha256};
use primitives::signed::{SignedError, Unverified};
use primitives::{ConversationId, DeviceCertificate, Hash, Secret, Signed, Time, encode, labels};
use rand_core::CryptoRng;
use tlog::LogKeys;
use zeroize::{Zeroize as _, Zeroizing};

const CARD: u8 = 1;
const LETTER: u8 = 2;
/// Most bytes of a card or a letter.
const CONTENT_BYTES_MAX: usize = 16 << 10;
/// Most lines that a letter speaks of: more than are ever said.
const LINES_MAX: u64 = 1 << 40;

/// How a device is reached.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Card {
    /// Its last-resort key package.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub key_package: Vec<u8>,
    /// Where letters to it are sealed to.
    #[n(1)]
    pub envelope_key: EnvelopeKey,
    /// When it was made, by the device's clock; informative.
    #[n(2)]
    pub made: Time,
}

/// What brings a device into a conversation: the Welcome lies in its log.
#[derive(Debug)]
pub struct Letter {
    /// How many lines the conversation has had, if a further device of the same member is given them: it counts on from
    /// there.
    pub lines: u64,
    /// The conversation.
    pub conversation: ConversationId,
    /// What it is, if it is not the plenary.
    pub terms: Option<Terms>,
    /// Secret of its present log.
    pub log_secret: Secret<32>,
    /// Index of the first entry that concerns the device.
    pub log_start: u64,
    /// Keys of the journal, for a device that comes back to the plenary and may have missed some.
    pub journal_keys: Vec<JournalKey>,
}

/// A letter as it lies in its envelope. Its author is signed for apart from it: what is signed would not be wiped.
#[derive(Encode, Decode)]
#[cbor(array)]
struct Sealed {
    #[cbor(n(0), with = "minicbor::bytes")]
    letter: Vec<u8>,
    #[n(1)]
    certificate: Unverified,
    #[n(2)]
    signature: ByteArray<64>,
}

impl Drop for Sealed {
    fn drop(&mut self) {
        self.letter.zeroize();
    }
}

/// What its author signs.
#[derive(Encode, Decode)]
#[cbor(array)]
struct Authored {
    #[n(0)]
    letter: Hash,
    #[n(1)]
    to: Hash,
}

impl Authored {
    fn new(letter: &[u8], to: &EnvelopeKey) -> Self {
        Self {
            letter: sha256(letter),
            to: sha256(&encode(to)),
        }
    }
}

/// An entry of the directory.
#[derive(Debug)]
#[non_exhaustive]
pub enum Listed {
    /// A device's card; signature and key package verified and of one device.
    Card {
        /// Whose.
        member: Member,
        /// It.
        card: Box<Card>,
    },
    /// A letter to somebody; [`open_letter`] opens it for whom it is.
    Letter(Vec<u8>),
}

/// An entry of the directory that is to be skipped (MSG-27).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadListing {
    /// The wrap does not open.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// Malformed inside.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The device of the key package has not signed the card.
    #[error(transparent)]
    Signature(#[from] SignedError),
    /// The key package is refused.
    #[error(transparent)]
    KeyPackage(#[from] BadKeyPackage),
    /// A kind or version that is not known.
    #[error("listed by a newer version (MSG-27)")]
    Newer,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct LetterWire {
    #[n(0)]
    conversation: ConversationId,
    #[n(1)]
    terms: Option<Terms>,
    #[n(2)]
    log_secret: ByteArray<32>,
    #[n(3)]
    log_start: u64,
    #[n(4)]
    journal_keys: KeysWire,
    #[n(5)]
    lines: Option<u64>,
}

impl Drop for LetterWire {
    fn drop(&mut self) {
        self.log_secret.zeroize();
    }
}

/// The keys of the directory that belongs to a journal key.
#[must_use]
pub fn directory_keys(journal_key: &Secret<32>) -> LogKeys {
    LogKeys::derive(journal_key, labels::DIRECTORY, b"")
}

/// Makes the entry that lists a device. `None` does not happen: a card fits an entry.
#[must_use]
pub fn list_card(
    keys: &LogKeys,
    device: &OwnDevice<'_>,
    card: Card,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Option<Vec<u8>> {
    let signed = Signed::sign(labels::DIRECTORY_CARD, card, device.key());
    list(keys, CARD, encode(signed.unverified()), rng)
}

/// Seals a letter to a card's envelope key and makes its entry.
///
/// # Errors
/// [`SealError`] if the card's envelope key is not one.
pub fn list_letter(
    keys: &LogKeys,
    own: &OwnDevice<'_>,
    to: &EnvelopeKey,
    letter: &Letter,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Vec<u8>, SealError> {
    let bytes = encode(&LetterWire {
        conversation: letter.conversation,
        terms: letter.terms.clone(),
        log_secret: ByteArray::from(*letter.log_secret.expose()),
        log_start: letter.log_start,
        journal_keys: KeysWire::of(&letter.journal_keys),
        lines: (letter.lines > 0).then_some(letter.lines),
    });
    let authored = Signed::sign(
        labels::DIRECTORY_LETTER_AUTHOR,
        Authored::new(&bytes, to),
        own.key(),
    );
    let bytes = Zeroizing::new(encode(&Sealed {
        letter: bytes,
        certificate: own.certificate().unverified().clone(),
        signature: ByteArray::from(authored.unverified().signature()),
    }));
    let envelope = seal_envelope(to, labels::DIRECTORY_LETTER.as_bytes(), &bytes)?;
    list(keys, LETTER, envelope, rng).ok_or(SealError::Key)
}

/// Opens an entry of the directory.
///
/// # Errors
/// [`BadListing`]: such an entry is skipped (MSG-27).
pub fn open_listed(keys: &LogKeys, entry: &[u8]) -> Result<Listed, BadListing> {
    let Opened::Inline(bytes) = open(&keys.wrap, labels::DIRECTORY_WRAP, entry)? else {
        return Err(Unreadable::Form.into());
    };
    match read_posting(&bytes, CONTENT_BYTES_MAX)? {
        Some((CARD, content)) => {
            let unverified: Unverified = decode_canonical_max(&content, CONTENT_BYTES_MAX)?;
            let claimed: Card = unverified.peek()?;
            let member = KeyPackage::parse(&claimed.key_package)?.member();
            let card = unverified.verify::<Card>(labels::DIRECTORY_CARD, &member.device)?;
            Ok(Listed::Card {
                member,
                card: Box::new(card.into_value()),
            })
        }
        Some((LETTER, content)) => Ok(Listed::Letter(content)),
        _ => Err(BadListing::Newer),
    }
}

/// Opens a letter, and says who wrote it.
///
/// # Errors
/// [`NotForUs`], also if its author has not signed it for this card, if its terms are none, or if it speaks of more lines than
/// are ever said.
pub fn open_letter(secret: &EnvelopeSecret, envelope: &[u8]) -> Result<(Member, Letter), NotForUs> {
    let bytes = open_envelope(secret, labels::DIRECTORY_LETTER.as_bytes(), envelope)?;
    let sealed: Sealed = decode_canonical_max(&bytes, CONTENT_BYTES_MAX).map_err(|_| NotForUs)?;
    let author = author_of(&sealed, &secret.key().map_err(|_| NotForUs)?)?;
    let mut wire: LetterWire =
        decode_canonical_max(&sealed.letter, CONTENT_BYTES_MAX).map_err(|_| NotForUs)?;
    let fits = |terms: &Terms| terms.is_valid() && terms.id() == wire.conversation;
    let lines = wire.lines.unwrap_or_default();
    if !wire.terms.as_ref().is_none_or(fits) || lines > LINES_MAX {
        return Err(NotForUs);
    }
    let letter = Letter {
        lines,
        journal_keys: wire.journal_keys.take(),
        conversation: wire.conversation,
        terms: wire.terms.clone(),
        log_secret: Secret::take(&mut wire.log_secret),
        log_start: wire.log_start,
    };
    Ok((author, letter))
}

fn author_of(sealed: &Sealed, to: &EnvelopeKey) -> Result<Member, NotForUs> {
    let certificate = DeviceCertificate::verify(sealed.certificate.clone()).map_err(|_| NotForUs)?;
    let DeviceCertificate { identity, device, .. } = *certificate.value();
    let authored = Unverified::new(encode(&Authored::new(&sealed.letter, to)), *sealed.signature);
    authored
        .verify::<Authored>(labels::DIRECTORY_LETTER_AUTHOR, &device)
        .map_err(|_| NotForUs)?;
    Ok(Member { identity, device })
}

fn list(keys: &LogKeys, kind: u8, content: Vec<u8>, rng: &mut (impl CryptoRng + ?Sized)) -> Option<Vec<u8>> {
    seal_entry(
        &keys.wrap,
        labels::DIRECTORY_WRAP,
        INLINE,
        &posting(kind, content),
        rng,
    )
}
