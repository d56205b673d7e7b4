//! What two devices of one member post to the log of their link (MSG-33).
//!
//! ```text
//! entry content = CBOR [1, kind, bytes]
//! 1 request   = [ request, signature ], request = CBOR [name, device key, sealing key, envelope key, commitment,
//!               claim (64)], by the new device
//! 2 certified = an envelope to the request's envelope key, with the request's hash as associated data, of
//!               [ answer, signature ], answer = CBOR [request's hash, certificate, name opening, plenary,
//!               [[number, journal key], …]], signed by the identity key
//! 3 refusal   = text
//! 4 history   = likewise, answer = CBOR [request's hash, conversation, from, last, [[position, record], …]]
//! 5 challenge, 6 opening: `comparing`
//! ```

use crate::device_link::DeviceLink;
use crate::envelope::{EnvelopeKey, EnvelopeSecret, SealError, open_envelope, seal_envelope};
use crate::posting::{KeysWire, posting, read_posting};
use crate::rendezvous::{BadRendezvous, JournalKey};
use crate::wrap::{MESSAGE_BYTES_MAX, Opened, PieceList, TooLarge, Unreadable, Wrapped, open, wrap};
use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::{Decode, Encode};
use primitives::canonical::{Malformed, decode_canonical_max, sha256};
use primitives::signed::{SignedError, Unverified};
use primitives::{
    ConversationId, DeviceCertificate, DeviceClaim, Hash, Label, Signed, SigningSecret, VerifyingKey, encode,
    labels,
};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

const REQUEST: u8 = 1;
const CERTIFIED: u8 = 2;
const REFUSED: u8 = 3;
const HISTORY: u8 = 4;
pub(crate) const CHALLENGE: u8 = 5;
pub(crate) const OPENING: u8 = 6;
/// Most bytes of a request and of a refusal.
const SMALL_BYTES_MAX: usize = 4096;
/// Longest name of a device, in bytes.
const NAME_BYTES_MAX: usize = 240;

/// A new device asks its member's first one to be let in.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct DeviceRequest {
    /// What its user calls it.
    #[n(0)]
    pub name: String,
    /// Its signing key, by which the request is signed.
    #[n(1)]
    pub device: VerifyingKey,
    /// Its X25519 public key, as it is to stand in the certificate.
    #[n(2)]
    pub sealing_key: ByteArray<32>,
    /// Where the answers are sealed to.
    #[n(3)]
    pub envelope_key: EnvelopeKey,
    /// To what it puts into the code: [`device_commitment`](crate::device_commitment).
    #[n(4)]
    pub commitment: Hash,
    /// Its signature of the claim to be one of this member's: the journal wants it.
    #[n(5)]
    pub claim: ByteArray<64>,
}

impl DeviceRequest {
    /// What it claims to be: a device of whom the link names.
    #[must_use]
    pub fn claimed(&self, link: &DeviceLink) -> DeviceClaim {
        DeviceClaim {
            assembly: link.assembly,
            identity: link.identity,
            device: self.device,
            sealing_key: self.sealing_key,
        }
    }

    /// The name by which answers refer to it.
    #[must_use]
    pub fn id(&self) -> Hash {
        sha256(&encode(self))
    }
}

/// What makes a device one of its member's.
#[derive(Debug)]
pub struct Certified {
    /// Its certificate by the member's identity key.
    pub certificate: Signed<DeviceCertificate>,
    /// The opening of the member's name, as it lies beside the admission.
    pub name_opening: Vec<u8>,
    /// The plenary.
    pub plenary: ConversationId,
    /// The journal's keys; number 0 for what the journal has not announced yet.
    pub journal_keys: Vec<JournalKey>,
}

/// A part of what was said in a conversation before the device came into it; the later parts come first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// The conversation.
    pub conversation: ConversationId,
    /// Lines from this position on are in this part or in one before it.
    pub from: u64,
    /// Whether this is the last part of all conversations.
    pub last: bool,
    /// The lines, as the first device keeps them, by position.
    pub lines: Vec<(u64, Vec<u8>)>,
}

/// An entry of the link's log.
#[derive(Debug)]
#[non_exhaustive]
pub enum Linked {
    /// A device asks.
    Request(Box<DeviceRequest>),
    /// Sealed to one request: [`open_certified`].
    Certified(Vec<u8>),
    /// Somebody on the first device said no.
    Refused(String),
    /// Sealed to one request: [`open_history`].
    History(Vec<u8>),
    /// The first device's part of the code, sealed to one request: [`open_device_challenge`](crate::open_device_challenge).
    Challenge(Vec<u8>),
    /// The new device's part of the code: [`open_device_opening`](crate::open_device_opening).
    Opening(Unverified),
    /// It is in pieces; fetch them and [`Linked::parse`] what they make.
    Pieces(PieceList),
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct CertifiedWire {
    #[n(0)]
    request: Hash,
    #[n(1)]
    certificate: Unverified,
    #[cbor(n(2), with = "minicbor::bytes")]
    name_opening: Vec<u8>,
    #[n(3)]
    plenary: ConversationId,
    #[n(4)]
    journal_keys: KeysWire,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct HistoryWire {
    #[n(0)]
    request: Hash,
    #[n(1)]
    conversation: ConversationId,
    #[n(2)]
    from: u64,
    #[n(3)]
    last: bool,
    #[n(4)]
    lines: Vec<(u64, ByteVec)>,
}

/// Makes the entry by which a device asks.
///
/// # Errors
/// [`TooLarge`] for a name of more than 240 bytes.
pub fn post_device_request(
    link: &DeviceLink,
    request: DeviceRequest,
    device: &SigningSecret,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Wrapped, TooLarge> {
    if request.name.len() > NAME_BYTES_MAX {
        return Err(TooLarge {
            len: request.name.len(),
        });
    }
    let signed = Signed::sign(labels::DEVICE_REQUEST, request, device);
    post(link, REQUEST, encode(signed.unverified()), rng)
}

/// Makes the entry that refuses whoever waits.
///
/// # Errors
/// [`TooLarge`] does not happen.
pub fn post_device_refused(
    link: &DeviceLink,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Wrapped, TooLarge> {
    post(link, REFUSED, encode("refused on the first device"), rng)
}

/// Seals a certificate and what goes with it to the device that asked.
///
/// # Errors
/// [`SealError`] if its envelope key is none.
pub fn post_certified(
    link: &DeviceLink,
    request: &DeviceRequest,
    certified: &Certified,
    identity: &SigningSecret,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Wrapped, SealError> {
    let wire = CertifiedWire {
        request: request.id(),
        certificate: certified.certificate.unverified().clone(),
        name_opening: certified.name_opening.clone(),
        plenary: certified.plenary,
        journal_keys: KeysWire::of(&certified.journal_keys),
    };
    let signed = Signed::sign(labels::DEVICE_ANSWER, wire, identity);
    answer(link, CERTIFIED, request, signed.unverified(), rng)
}

/// Seals a part of the history to the device that asked.
///
/// # Errors
/// [`SealError`] if its envelope key is none, or the part is larger than a message can be.
pub fn post_history(
    link: &DeviceLink,
    request: &DeviceRequest,
    history: History,
    identity: &SigningSecret,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Wrapped, SealError> {
    let lines = history.lines.into_iter();
    let wire = HistoryWire {
        request: request.id(),
        conversation: history.conversation,
        from: history.from,
        last: history.last,
        lines: lines.map(|(position, line)| (position, line.into())).collect(),
    };
    let signed = Signed::sign(labels::DEVICE_ANSWER, wire, identity);
    answer(link, HISTORY, request, signed.unverified(), rng)
}

/// Reads an entry of the link's log.
///
/// # Errors
/// [`BadRendezvous`]: such an entry is skipped (MSG-33).
pub fn open_linked(link: &DeviceLink, entry: &[u8]) -> Result<Linked, BadRendezvous> {
    match open(&link.log_keys().wrap, labels::DEVICE_LINKING, entry)? {
        Opened::Inline(bytes) => Linked::parse(&bytes),
        Opened::Pieces(list) => Ok(Linked::Pieces(list)),
        _ => Err(Unreadable::Form.into()),
    }
}

impl Linked {
    /// Reads what pieces make.
    ///
    /// # Errors
    /// [`BadRendezvous`].
    pub fn parse(bytes: &[u8]) -> Result<Self, BadRendezvous> {
        match read_posting(bytes, MESSAGE_BYTES_MAX)? {
            Some((REQUEST, content)) => {
                let unverified: Unverified = decode_canonical_max(&content, SMALL_BYTES_MAX)?;
                let device = unverified.peek::<DeviceRequest>()?.device;
                let request = unverified.verify::<DeviceRequest>(labels::DEVICE_REQUEST, &device)?;
                let len = request.value().name.len();
                if len > NAME_BYTES_MAX {
                    return Err(Malformed::TooLong {
                        len,
                        max: NAME_BYTES_MAX,
                    }
                    .into());
                }
                Ok(Self::Request(Box::new(request.into_value())))
            }
            Some((CERTIFIED, envelope)) => Ok(Self::Certified(envelope)),
            Some((REFUSED, content)) => Ok(Self::Refused(decode_canonical_max(&content, SMALL_BYTES_MAX)?)),
            Some((HISTORY, envelope)) => Ok(Self::History(envelope)),
            Some((CHALLENGE, envelope)) => Ok(Self::Challenge(envelope)),
            Some((OPENING, content)) => Ok(Self::Opening(decode_canonical_max(&content, SMALL_BYTES_MAX)?)),
            _ => Err(BadRendezvous::Newer),
        }
    }
}

/// Opens a certificate and what goes with it: for the device with this key, by the identity that the link names.
///
/// # Errors
/// [`BadRendezvous`]: the entry is skipped (MSG-33).
pub fn open_certified(
    link: &DeviceLink,
    secret: &EnvelopeSecret,
    request: Hash,
    device: VerifyingKey,
    envelope: &[u8],
) -> Result<Certified, BadRendezvous> {
    let mut wire: CertifiedWire = open_answer(labels::DEVICE_ANSWER, link, secret, request, envelope)?;
    let certificate = DeviceCertificate::verify(wire.certificate)?;
    let named = certificate.value();
    if wire.request != request || named.identity != link.identity || named.device != device {
        return Err(BadRendezvous::Mixed);
    }
    Ok(Certified {
        certificate,
        name_opening: wire.name_opening,
        plenary: wire.plenary,
        journal_keys: wire.journal_keys.take(),
    })
}

/// Opens a part of the history.
///
/// # Errors
/// [`BadRendezvous`]: the entry is skipped (MSG-33).
pub fn open_history(
    link: &DeviceLink,
    secret: &EnvelopeSecret,
    request: Hash,
    envelope: &[u8],
) -> Result<History, BadRendezvous> {
    let wire: HistoryWire = open_answer(labels::DEVICE_ANSWER, link, secret, request, envelope)?;
    if wire.request != request {
        return Err(BadRendezvous::Mixed);
    }
    let lines = wire.lines.into_iter();
    Ok(History {
        conversation: wire.conversation,
        from: wire.from,
        last: wire.last,
        lines: lines.map(|(position, line)| (position, line.into())).collect(),
    })
}

/// Seals something signed to the device that asked.
pub(crate) fn answer(
    link: &DeviceLink,
    kind: u8,
    request: &DeviceRequest,
    signed: &Unverified,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Wrapped, SealError> {
    let bytes = Zeroizing::new(encode(signed));
    let envelope = seal_envelope(&request.envelope_key, request.id().as_bytes(), &bytes)?;
    post(link, kind, envelope, rng).map_err(|_| SealError::Key)
}

pub(crate) fn open_answer<T: Encode<()> + for<'b> Decode<'b, ()>>(
    label: Label,
    link: &DeviceLink,
    secret: &EnvelopeSecret,
    request: Hash,
    envelope: &[u8],
) -> Result<T, BadRendezvous> {
    let bytes = Zeroizing::new(open_envelope(secret, request.as_bytes(), envelope)?);
    let unverified: Unverified = decode_canonical_max(&bytes, MESSAGE_BYTES_MAX)?;
    let verified: Result<Signed<T>, SignedError> = unverified.verify(label, &link.identity);
    Ok(verified?.into_value())
}

pub(crate) fn post(
    link: &DeviceLink,
    kind: u8,
    content: Vec<u8>,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Wrapped, TooLarge> {
    wrap(
        &link.log_keys().wrap,
        labels::DEVICE_LINKING,
        &posting(kind, content),
        rng,
    )
}
