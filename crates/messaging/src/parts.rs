//! Parts: a message larger than one entry is cut, and every part is an entry of the log itself (MSG-17).
//!
//! ```text
//! part = CBOR [1, conversation, epoch, device, attempt, count, index, bytes], signed by the device under CONVERSATION_PART
//! ```
//!
//! So the log alone decides whether a message is there: nobody has to trust the relay to hold something beside the log,
//! and nobody can name what does not exist. A message stands where its last missing part stands. A device has one
//! message under way at a time; a higher attempt takes the place of a lower one, so that what it can make others keep
//! has a bound. Parts count within the epoch in which they were made: who joins later needs none of them.

use crate::conversation::Conversation;
use crate::credential::{Member, OwnDevice};
use crate::meta::Standing;
use crate::wrap::{INLINE, MESSAGE_BYTES_MAX, Opened, PART, Unreadable, open, seal_entry};
use minicbor::{Decode, Encode};
use primitives::canonical::decode_canonical;
use primitives::signed::Unverified;
use primitives::store::Store;
use primitives::{ConversationId, Overlay, Signed, StoreError, Table, Time, VerifyingKey, encode, labels};
use rand_core::CryptoRng;

/// Parts of messages that are not whole yet: key = group id (32) || epoch (8) || device (32), and then the index (4).
pub(crate) const PARTS: Table = Table("mls-parts");

/// Bytes of the message in every part but the last.
pub const PART_BYTES: usize = (256 << 10) - 1024;

pub(crate) const VERSION: u8 = 1;

/// One part of a large message.
#[derive(Encode, Decode)]
#[cbor(array)]
pub(crate) struct Part {
    #[n(0)]
    pub(crate) version: u8,
    #[n(1)]
    pub(crate) conversation: ConversationId,
    #[n(2)]
    pub(crate) epoch: u64,
    #[n(3)]
    pub(crate) device: VerifyingKey,
    #[n(4)]
    pub(crate) attempt: u64,
    #[n(5)]
    pub(crate) count: u32,
    #[n(6)]
    pub(crate) index: u32,
    #[cbor(n(7), with = "minicbor::bytes")]
    pub(crate) bytes: Vec<u8>,
}

/// Where a device's message stands in this epoch.
#[derive(Encode, Decode)]
#[cbor(array)]
struct Head {
    #[n(0)]
    attempt: u64,
    #[n(1)]
    count: u32,
    #[n(2)]
    kept: u32,
    #[n(3)]
    whole: bool,
}

/// What an entry of the conversation's log holds.
#[derive(Debug)]
pub enum Unwrapped {
    /// A message for [`Conversation::process`].
    Message {
        /// The MLS message.
        bytes: Vec<u8>,
        /// If it came in parts: to be settled once the message has been processed and does not wait.
        parts: Option<Whole>,
    },
    /// A part, kept until the others are there.
    Part,
    /// A device asks to be added again; noted.
    Request,
    /// A device asks that somebody leave; noted.
    Demand {
        /// Who asks.
        by: Member,
        /// Who is to leave.
        leaver: VerifyingKey,
    },
    /// A Welcome for somebody.
    Welcome(Vec<u8>),
    /// A device says how far the journal is, for [`Conversation::take_point`].
    Point(Unverified),
    /// Skipped by everybody alike.
    Skipped(Unreadable),
}

/// A message whose parts are all there. Dropped unsettled, its last part is read again.
#[must_use]
#[derive(Debug)]
pub struct Whole {
    prefix: Vec<u8>,
    attempt: u64,
    count: u32,
}

impl Whole {
    /// The message has been processed: its parts are not needed any more, and no attempt up to this one counts again.
    pub fn settle<S: Store + ?Sized>(self, overlay: &mut Overlay<'_, S>) {
        for index in 0..self.count {
            overlay.delete(PARTS, [self.prefix.as_slice(), &index.to_be_bytes()].concat());
        }
        let head = Head {
            attempt: self.attempt,
            count: self.count,
            kept: 0,
            whole: true,
        };
        overlay.put(PARTS, self.prefix, encode(&head));
    }
}

/// Why a message was not wrapped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WrapError {
    /// More than [`MESSAGE_BYTES_MAX`].
    #[error("{len} bytes where at most {MESSAGE_BYTES_MAX} can be sent")]
    TooLarge {
        /// How many bytes it has.
        len: usize,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Conversation {
    /// Wraps a message for the present log: one entry, or as many as it takes. All of them are to be appended, in any order.
    ///
    /// - `now`: local time; numbers the attempts of this device within the epoch.
    ///
    /// # Errors
    /// [`WrapError`].
    pub fn wrap<S: Store + ?Sized>(
        &self,
        overlay: &Overlay<'_, S>,
        device: &OwnDevice<'_>,
        now: Time,
        message: &[u8],
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<Vec<Vec<u8>>, WrapError> {
        let key = self.wrap_key();
        if let Some(entry) = seal_entry(key, labels::CONVERSATION_WRAP, INLINE, message, rng) {
            return Ok(vec![entry]);
        }
        let too_large = WrapError::TooLarge { len: message.len() };
        let count = u32::try_from(message.len().div_ceil(PART_BYTES)).map_err(|_| too_large.clone())?;
        if message.len() > MESSAGE_BYTES_MAX {
            return Err(too_large);
        }
        let own = device.member().device;
        let last = head(overlay, &prefix(self.id, self.epoch(), &own))?.map_or(0, |head| head.attempt);
        let attempt = now.0.max(last.saturating_add(1));
        let sealed = (0..count).zip(message.chunks(PART_BYTES)).map(|(index, bytes)| {
            let part = Part {
                version: VERSION,
                conversation: self.id,
                epoch: self.epoch(),
                device: own,
                attempt,
                count,
                index,
                bytes: bytes.to_vec(),
            };
            let signed = Signed::sign(labels::CONVERSATION_PART, part, device.key());
            let content = encode(signed.unverified());
            seal_entry(key, labels::CONVERSATION_WRAP, PART, &content, rng).ok_or(too_large.clone())
        });
        sealed.collect()
    }

    /// Opens an entry of the present log. Parts and requests are kept in `overlay` and here; the rest is for
    /// [`Conversation::process`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn unwrap<S: Store + ?Sized>(
        &mut self,
        overlay: &mut Overlay<'_, S>,
        entry: &[u8],
    ) -> Result<Unwrapped, StoreError> {
        Ok(match open(self.wrap_key(), labels::CONVERSATION_WRAP, entry) {
            Ok(Opened::Inline(bytes)) => Unwrapped::Message { bytes, parts: None },
            Ok(Opened::Part(part)) => self.take_part(overlay, part)?,
            Ok(Opened::Request(request)) => self.take_request(request),
            Ok(Opened::Demand(demand)) => self.take_demand(demand),
            Ok(Opened::Welcome(bytes)) => Unwrapped::Welcome(bytes),
            Ok(Opened::Point(point)) => Unwrapped::Point(point),
            Ok(Opened::Pieces(_) | Opened::WelcomePart(_)) => Unwrapped::Skipped(Unreadable::Form),
            Err(unreadable) => Unwrapped::Skipped(unreadable),
        })
    }

    /// MSG-17.
    fn take_part<S: Store + ?Sized>(
        &self,
        overlay: &mut Overlay<'_, S>,
        part: Unverified,
    ) -> Result<Unwrapped, StoreError> {
        const SKIPPED: Unwrapped = Unwrapped::Skipped(Unreadable::Part);
        let Some(part) = self.part_of_a_member(part) else {
            return Ok(SKIPPED);
        };
        let prefix = prefix(self.id, self.epoch(), &part.device);
        let key = [prefix.as_slice(), &part.index.to_be_bytes()].concat();
        let mut begun = match head(overlay, &prefix)? {
            Some(head) if head.attempt > part.attempt => return Ok(SKIPPED),
            Some(head) if head.attempt == part.attempt => {
                let fits = !head.whole && head.count == part.count;
                if !fits || overlay.get(PARTS, &key)?.is_some() {
                    return Ok(SKIPPED);
                }
                head
            }
            _ => {
                for (key, _) in overlay.scan(PARTS, &prefix, b"", usize::MAX)? {
                    overlay.delete(PARTS, key);
                }
                Head {
                    attempt: part.attempt,
                    count: part.count,
                    kept: 0,
                    whole: false,
                }
            }
        };
        begun.kept = begun.kept.saturating_add(1);
        if begun.kept < begun.count {
            overlay.put(PARTS, prefix, encode(&begun));
            overlay.put(PARTS, key, part.bytes);
            return Ok(Unwrapped::Part);
        }
        let mut message = Vec::new();
        for index in 0..part.count {
            if index == part.index {
                message.extend_from_slice(&part.bytes);
            } else {
                let key = [prefix.as_slice(), &index.to_be_bytes()].concat();
                message.extend_from_slice(&overlay.get(PARTS, &key)?.ok_or_else(damaged)?);
            }
        }
        Ok(Unwrapped::Message {
            bytes: message,
            parts: Some(Whole {
                prefix,
                attempt: part.attempt,
                count: part.count,
            }),
        })
    }

    /// The part, if a device of this epoch signed it for this epoch and it has its length.
    fn part_of_a_member(&self, unverified: Unverified) -> Option<Part> {
        let device = unverified.peek::<Part>().ok()?.device;
        let member = self.meta.standing == Standing::Active
            && self.leaves().iter().any(|(_, member)| member.device == device);
        if !member {
            return None;
        }
        let part = unverified
            .verify::<Part>(labels::CONVERSATION_PART, &device)
            .ok()?
            .into_value();
        let here = part.version == VERSION && part.conversation == self.id && part.epoch == self.epoch();
        let last = part.index.saturating_add(1) == part.count;
        let long = if last {
            (1..=PART_BYTES).contains(&part.bytes.len())
        } else {
            part.bytes.len() == PART_BYTES
        };
        let counts = u32::try_from(MESSAGE_BYTES_MAX.div_ceil(PART_BYTES))
            .is_ok_and(|most| (2..=most).contains(&part.count) && part.index < part.count);
        (here && counts && long).then_some(part)
    }
}

/// Forgets the parts of other epochs than `epoch`; of all, if there is none.
pub(crate) fn forget_parts<S: Store + ?Sized>(
    overlay: &mut Overlay<'_, S>,
    id: ConversationId,
    epoch: Option<u64>,
) -> Result<(), StoreError> {
    for (key, _) in overlay.scan(PARTS, id.as_bytes(), b"", usize::MAX)? {
        let of = key.get(32..40).and_then(|bytes| bytes.try_into().ok());
        if epoch.is_none() || of.map(u64::from_be_bytes) != epoch {
            overlay.delete(PARTS, key);
        }
    }
    Ok(())
}

fn head<S: Store + ?Sized>(overlay: &Overlay<'_, S>, prefix: &[u8]) -> Result<Option<Head>, StoreError> {
    let bytes = overlay.get(PARTS, prefix)?;
    bytes
        .map(|bytes| decode_canonical(&bytes).map_err(|_| damaged()))
        .transpose()
}

fn prefix(id: ConversationId, epoch: u64, device: &VerifyingKey) -> Vec<u8> {
    [id.as_bytes().as_slice(), &epoch.to_be_bytes(), device.as_bytes()].concat()
}

fn damaged() -> StoreError {
    StoreError::Damaged { table: PARTS.0 }
}
