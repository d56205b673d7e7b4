//! What joiner and sponsor post to the invitation's log.
//!
//! Everything is wrapped with the log's wrap key under the label RENDEZVOUS:
//! `CBOR [version, kind, content]`, where the content is
//! 1 a join request, signed by the joining device under JOIN_REQUEST;
//! 2 the admission, in an HPKE envelope to the request's envelope key, bound to the request's hash;
//! 3 a refusal, a short text.
//!
//! The request is signed because it names the key to which everything will be sealed: whoever else holds the link
//! cannot put its own key beside somebody's certificate (MSG-14).

use crate::credential::{Member, OwnDevice};
use crate::envelope::{EnvelopeKey, EnvelopeSecret, NotForUs, SealError, open_envelope, seal_envelope};
use crate::invitation::Invitation;
use crate::key_package::{BadKeyPackage, KeyPackage};
use crate::posting::{KeysWire, posting, read_posting};
use crate::wrap::{Opened, PieceList, TooLarge, Unreadable, Wrapped, open, wrap};
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use primitives::canonical::{Malformed, decode_canonical_max, sha256};
use primitives::signed::{SignedError, Unverified};
use primitives::{ConversationId, DeviceCertificate, Hash, Secret, Signed, encode, labels};
use rand_core::CryptoRng;
use zeroize::Zeroize as _;

const REQUEST: u8 = 1;
const ADMITTED: u8 = 2;
const REFUSED: u8 = 3;
/// Most bytes of a join request.
const REQUEST_BYTES_MAX: usize = 16 << 10;
/// Most bytes of a name or mandate.
const NAME_BYTES_MAX: usize = 512;
/// Most bytes of a refusal.
const REFUSAL_BYTES_MAX: usize = 1024;

/// What a newcomer asks with.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct JoinRequest {
    /// The name by which the members shall know the newcomer.
    #[n(0)]
    pub name: String,
    /// Salt of the name's commitment in the journal.
    #[n(1)]
    pub salt: ByteArray<32>,
    /// The device's certificate by the newcomer's identity key.
    #[n(2)]
    pub certificate: Unverified,
    /// A fresh key package of the device.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub key_package: Vec<u8>,
    /// Where the admission is sealed to.
    #[n(4)]
    pub envelope_key: EnvelopeKey,
}

/// One journal key with its number.
#[derive(Debug)]
pub struct JournalKey {
    /// Which key of the journal's chain.
    pub number: u64,
    /// The key.
    pub key: Secret<32>,
}

/// What a sponsor hands to an admitted newcomer.
#[derive(Debug)]
pub struct Admitted {
    /// Keys that open the journal, all of its history.
    pub journal_keys: Vec<JournalKey>,
    /// The plenary conversation.
    pub conversation: ConversationId,
    /// Secret of the log to which the conversation had come when the newcomer was added.
    pub log_secret: Secret<32>,
    /// Index in that log of the first entry that concerns the newcomer.
    pub log_start: u64,
    /// The MLS Welcome.
    pub welcome: Vec<u8>,
}

/// What is posted to an invitation's log.
#[derive(Debug)]
#[non_exhaustive]
pub enum Posted {
    /// Somebody asks to join; signature, certificate and key package verified and of one device.
    Request {
        /// Names this request in the answer.
        id: Hash,
        /// Who.
        member: Member,
        /// The certificate.
        certificate: Box<Signed<DeviceCertificate>>,
        /// The key package.
        key_package: Box<KeyPackage>,
        /// The request itself.
        request: Box<JoinRequest>,
    },
    /// An admission; [`open_admitted`] opens it for whoever it is sealed to.
    Admitted {
        /// The envelope.
        envelope: Vec<u8>,
    },
    /// The sponsors refused.
    Refused {
        /// What they say.
        text: String,
    },
    /// Too large for the entry: fetch, [`PieceList::assemble`], and give the bytes to [`open_posted`] again.
    Pieces(PieceList),
}

/// An entry of an invitation's log that is to be skipped (MSG-14).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadRendezvous {
    /// The wrap does not open.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// Malformed inside.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// A signature does not verify.
    #[error(transparent)]
    Signature(#[from] SignedError),
    /// The key package is refused.
    #[error(transparent)]
    KeyPackage(#[from] BadKeyPackage),
    /// Certificate, key package and signature are not of one device (MSG-14).
    #[error("the join request puts several devices together (MSG-14)")]
    Mixed,
    /// A kind or version that is not known.
    #[error("posted by a newer version")]
    Newer,
    /// The envelope is for somebody else.
    #[error(transparent)]
    NotForUs(#[from] NotForUs),
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct AdmittedWire {
    #[n(0)]
    journal_keys: KeysWire,
    #[n(1)]
    conversation: ConversationId,
    #[n(2)]
    log_secret: ByteArray<32>,
    #[n(3)]
    log_start: u64,
    #[cbor(n(4), with = "minicbor::bytes")]
    welcome: Vec<u8>,
}

impl Drop for AdmittedWire {
    fn drop(&mut self) {
        self.log_secret.zeroize();
    }
}

/// Wraps a join request, signed by `device`.
///
/// # Errors
/// [`TooLarge`]; does not happen with a name of sensible length.
pub fn post_request(
    invitation: &Invitation,
    device: &OwnDevice<'_>,
    request: JoinRequest,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Wrapped, TooLarge> {
    let signed = Signed::sign(labels::JOIN_REQUEST, request, device.key());
    post(invitation, REQUEST, encode(signed.unverified()), rng)
}

/// Seals an admission to the request `id` and wraps it; a large Welcome makes it travel in pieces.
///
/// # Errors
/// [`SealError`] if the request's envelope key is not one.
pub fn post_admitted(
    invitation: &Invitation,
    id: Hash,
    key: &EnvelopeKey,
    admitted: &Admitted,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Wrapped, SealError> {
    let bytes = zeroize::Zeroizing::new(encode(&AdmittedWire {
        journal_keys: KeysWire::of(&admitted.journal_keys),
        conversation: admitted.conversation,
        log_secret: ByteArray::from(*admitted.log_secret.expose()),
        log_start: admitted.log_start,
        welcome: admitted.welcome.clone(),
    }));
    let envelope = seal_envelope(key, id.as_bytes(), &bytes)?;
    post(invitation, ADMITTED, envelope, rng).map_err(|_| SealError::Key)
}

/// Wraps a refusal.
///
/// # Errors
/// [`TooLarge`] does not happen: the text is cut to 1 KiB.
pub fn post_refused(
    invitation: &Invitation,
    text: &str,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Wrapped, TooLarge> {
    let text = text
        .get(..text.floor_char_boundary(REFUSAL_BYTES_MAX - 8))
        .unwrap_or_default();
    post(invitation, REFUSED, encode(text), rng)
}

/// Opens an entry of the invitation's log.
///
/// # Errors
/// [`BadRendezvous`]: such an entry is skipped (MSG-14).
pub fn open_posted(invitation: &Invitation, entry: &[u8]) -> Result<Posted, BadRendezvous> {
    match open(&invitation.log_keys().wrap, labels::RENDEZVOUS, entry)? {
        Opened::Inline(bytes) => Posted::parse(&bytes),
        Opened::Pieces(list) => Ok(Posted::Pieces(list)),
        Opened::Part(_)
        | Opened::Request(_)
        | Opened::Welcome(_)
        | Opened::WelcomePart(_)
        | Opened::Demand(_)
        | Opened::Point(_) => Err(Unreadable::Form.into()),
    }
}

/// Opens an admission that answers the request `id`.
///
/// # Errors
/// [`BadRendezvous::NotForUs`] if it answers another one; [`BadRendezvous::Malformed`] if its sponsor made it badly.
pub fn open_admitted(secret: &EnvelopeSecret, id: Hash, envelope: &[u8]) -> Result<Admitted, BadRendezvous> {
    let bytes = open_envelope(secret, id.as_bytes(), envelope)?;
    let mut wire: AdmittedWire = decode_canonical_max(&bytes, crate::wrap::MESSAGE_BYTES_MAX)?;
    Ok(Admitted {
        journal_keys: wire.journal_keys.take(),
        conversation: wire.conversation,
        log_secret: Secret::take(&mut wire.log_secret),
        log_start: wire.log_start,
        welcome: core::mem::take(&mut wire.welcome),
    })
}

impl Posted {
    /// Reads what was posted, once unwrapped (or assembled from pieces).
    ///
    /// # Errors
    /// [`BadRendezvous`].
    pub fn parse(bytes: &[u8]) -> Result<Self, BadRendezvous> {
        match read_posting(bytes, crate::wrap::MESSAGE_BYTES_MAX)? {
            Some((REQUEST, content)) => parse_request(&content),
            Some((ADMITTED, envelope)) => Ok(Self::Admitted { envelope }),
            Some((REFUSED, content)) => Ok(Self::Refused {
                text: decode_canonical_max(&content, REFUSAL_BYTES_MAX)?,
            }),
            _ => Err(BadRendezvous::Newer),
        }
    }
}

impl JoinRequest {
    /// The id by which the answer names the request: the hash of what [`post_request`] signs.
    #[must_use]
    pub fn id(&self) -> Hash {
        sha256(&encode(self))
    }
}

fn parse_request(content: &[u8]) -> Result<Posted, BadRendezvous> {
    let unverified: Unverified = decode_canonical_max(content, REQUEST_BYTES_MAX)?;
    let peeked: JoinRequest = unverified.peek()?;
    let certificate = DeviceCertificate::verify(peeked.certificate)?;
    let device = certificate.value().device;
    let request = unverified
        .verify::<JoinRequest>(labels::JOIN_REQUEST, &device)?
        .into_value();
    let key_package = KeyPackage::parse(&request.key_package)?;
    let member = Member {
        identity: certificate.value().identity,
        device,
    };
    if key_package.member() != member {
        return Err(BadRendezvous::Mixed);
    }
    if request.name.len() > NAME_BYTES_MAX {
        return Err(Malformed::TooLong {
            len: request.name.len(),
            max: NAME_BYTES_MAX,
        }
        .into());
    }
    Ok(Posted::Request {
        id: request.id(),
        member,
        certificate: Box::new(certificate),
        key_package: Box::new(key_package),
        request: Box::new(request),
    })
}

fn post(
    invitation: &Invitation,
    kind: u8,
    content: Vec<u8>,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Wrapped, TooLarge> {
    let bytes = posting(kind, content);
    wrap(&invitation.log_keys().wrap, labels::RENDEZVOUS, &bytes, rng)
}
