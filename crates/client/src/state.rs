//! The machine's state: what lies in the store between steps.

use crate::devices::Linking;
use crate::step::StepError;
use messaging::OwnDevice;
use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::decode::{Decoder, Error as DecodeError};
use minicbor::encode::{Encoder, Error as EncodeError, Write};
use minicbor::{Decode, Encode};
use primitives::device::DeviceCertificate;
use primitives::signed::{Signed, Unverified};
use primitives::{
    AssemblyId, ConversationId, Hash, LogId, MessageId, MotionId, OpeningId, Secret, SigningSecret,
    StatementId, Time, VerifyingKey, labels,
};
use std::sync::Arc;
use tlog::{CreateLog, LogKeys, Reader};

/// A secret of 32 bytes that lies in a record and is shared within the process.
#[derive(Debug, Clone)]
pub(crate) struct Seed(Arc<Secret<32>>);

impl Seed {
    pub(crate) fn new(secret: Secret<32>) -> Self {
        Self(Arc::new(secret))
    }

    pub(crate) fn secret(&self) -> &Secret<32> {
        &self.0
    }
}

impl<C> Encode<C> for Seed {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        e.bytes(self.0.expose())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Seed {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        let secret = Secret::from_slice(d.bytes()?).ok_or_else(|| DecodeError::message("not a seed"))?;
        Ok(Self::new(secret))
    }
}

/// One's own keys and place in the assembly.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Member {
    /// The long-term secret; on the seat's first device only.
    #[n(0)]
    pub(crate) identity: Option<Seed>,
    #[n(1)]
    pub(crate) device: Seed,
    #[n(2)]
    pub(crate) sealing: Seed,
    #[n(3)]
    pub(crate) certificate: Option<Unverified>,
    #[n(4)]
    pub(crate) name: String,
    /// The opening of the name's commitment, as it lies beside the admission.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub(crate) name_opening: Vec<u8>,
    #[n(6)]
    pub(crate) relay: String,
    #[n(7)]
    pub(crate) assembly: AssemblyId,
    #[n(8)]
    pub(crate) assembly_name: String,
    #[n(9)]
    pub(crate) joining: Option<Joining>,
    #[n(10)]
    pub(crate) plenary: Option<ConversationId>,
    /// The relay's keys as its identity key signed them, once fetched.
    #[n(11)]
    pub(crate) relay_keys: Option<Unverified>,
    /// Address of a SOCKS5 proxy; direct if absent.
    #[n(12)]
    pub(crate) proxy: Option<String>,
    /// Journal keys exported at removals, the newest last; the journal says which of them has which number.
    #[n(13)]
    pub(crate) candidates: Vec<Seed>,
    /// Until everything has come that comes by the first device's link; on a further device.
    #[n(14)]
    pub(crate) linking: Option<Linking>,
}

impl Member {
    pub(crate) fn device_key(&self) -> SigningSecret {
        SigningSecret::from_seed(self.device.secret())
    }

    /// The identity key; a further device takes it from its certificate, and before that from the link.
    pub(crate) fn identity_key(&self) -> Option<VerifyingKey> {
        let secret = self.identity.as_ref();
        let derived = secret.map(|seed| SigningSecret::from_seed(seed.secret()).verifying_key());
        let certified = || {
            let certificate = self.certificate.as_ref()?.peek::<DeviceCertificate>();
            Some(certificate.ok()?.identity)
        };
        let linked = || self.linking.as_ref().map(|linking| linking.identity);
        derived.or_else(certified).or_else(linked)
    }

    /// This device's certificate.
    pub(crate) fn certificate(&self) -> Result<Unverified, StepError> {
        self.certificate
            .clone()
            .ok_or(StepError::Internal("own certificate"))
    }

    /// The identity secret, which the seat's first device alone has.
    pub(crate) fn identity_secret(&self) -> Result<SigningSecret, StepError> {
        let secret = self.identity.as_ref();
        let secret = secret.ok_or(StepError::Internal("the identity key is on another device"))?;
        Ok(SigningSecret::from_seed(secret.secret()))
    }

    /// This device, for whatever speaks for it.
    pub(crate) fn device(&self) -> Result<Device, StepError> {
        let certificate = DeviceCertificate::verify(self.certificate()?)
            .map_err(|_| StepError::Internal("own certificate"))?;
        Ok(Device {
            certificate,
            key: self.device_key(),
        })
    }
}

/// This device's certificate and key.
pub(crate) struct Device {
    certificate: Signed<DeviceCertificate>,
    key: SigningSecret,
}

impl Device {
    pub(crate) fn own(&self) -> Result<OwnDevice<'_>, StepError> {
        OwnDevice::new(&self.certificate, &self.key).ok_or(StepError::Internal("own device"))
    }

    pub(crate) fn key(&self) -> &SigningSecret {
        &self.key
    }
}

/// A joiner's own side of an invitation, until the plenary is joined.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Joining {
    #[n(0)]
    pub(crate) rendezvous: LogId,
    #[n(1)]
    pub(crate) link: String,
    /// Id of one's own join request.
    #[n(2)]
    pub(crate) request: Hash,
    /// Secret half of the envelope key that the join request named.
    #[n(3)]
    pub(crate) envelope: Seed,
    /// The MLS Welcome, kept until the journal has been read far enough to judge the roster.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub(crate) welcome: Option<Vec<u8>>,
    /// Where in the conversation's log to begin.
    #[n(5)]
    pub(crate) log_start: u64,
    /// Why it came to nothing: somebody else's request came first, or the sponsors refused.
    #[n(6)]
    pub(crate) refused: Option<String>,
}

/// What a followed log is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub(crate) enum LogRole {
    /// The journal under key `number`.
    #[n(0)]
    Journal {
        #[n(0)]
        number: u32,
    },
    /// Cosignatures of journal checkpoints.
    #[n(1)]
    Witness {
        #[n(0)]
        number: u32,
    },
    /// Cosignatures of a box and confirmations of a result.
    #[n(2)]
    Vote {
        #[n(0)]
        motion: MotionId,
        #[n(1)]
        opening: OpeningId,
    },
    /// A ballot box.
    #[n(3)]
    Box {
        #[n(0)]
        motion: MotionId,
        /// Its number under its journal key.
        #[n(1)]
        number: u32,
    },
    /// A conversation.
    #[n(4)]
    Conversation {
        #[n(0)]
        conversation: ConversationId,
    },
    /// The meeting place of one invitation.
    #[n(5)]
    Rendezvous {
        #[n(0)]
        assembly: AssemblyId,
    },
    /// The directory that belongs to the journal key `number`.
    #[n(6)]
    Directory {
        #[n(0)]
        number: u32,
    },
    /// The meeting place of two devices of one member.
    #[n(7)]
    Link {
        #[n(0)]
        assembly: AssemblyId,
    },
}

impl LogRole {
    /// The log's keys, from the secret that its readers share.
    pub(crate) fn keys(&self, secret: &Secret<32>) -> LogKeys {
        match self {
            Self::Journal { .. } => assembly::keys::journal_log(secret),
            Self::Witness { .. } => assembly::keys::witness_log(secret),
            Self::Vote { opening, .. } => assembly::keys::vote_log(secret, *opening),
            Self::Box { number, .. } => assembly::keys::box_log(secret, *number),
            Self::Conversation { conversation } => messaging::log_keys(secret, *conversation),
            Self::Directory { .. } => messaging::directory_keys(secret),
            Self::Link { assembly } => LogKeys::derive(secret, labels::DEVICE_LINK, assembly.as_bytes()),
            Self::Rendezvous { assembly } => LogKeys::derive(secret, labels::INVITATION, assembly.as_bytes()),
        }
    }
}

/// A followed log.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(array)]
pub(crate) struct LogState {
    #[n(0)]
    pub(crate) role: LogRole,
    #[n(1)]
    pub(crate) secret: Seed,
    #[n(2)]
    pub(crate) record: CreateLog,
    /// What has been read and verified.
    #[n(3)]
    pub(crate) reader: Reader,
    /// How many of the verified entries have been taken in (a missing key or blob holds this back).
    #[n(4)]
    pub(crate) taken: u64,
    /// Whether the relay has confirmed that the log exists.
    #[n(5)]
    pub(crate) created: bool,
    /// Nothing more is expected from it.
    #[n(6)]
    pub(crate) finished: bool,
    /// The roll that creates a gated box.
    #[n(7)]
    pub(crate) roll: Vec<ByteArray<32>>,
    /// Size of the largest checkpoint that this device has cosigned, and when; written before it is sent.
    #[n(8)]
    pub(crate) cosigned: u64,
    #[n(9)]
    pub(crate) cosigned_at: Time,
    /// The largest size that a quorum of witnesses has cosigned.
    #[n(10)]
    pub(crate) covered: u64,
    /// What an audit file shows of it, once it is finished: a box as it was closed, a log of the journal as it was left.
    #[n(11)]
    pub(crate) wanted: u64,
    /// Up to which size this device has last cosigned it with both keys, and when.
    #[n(12)]
    pub(crate) cosigned_twice: Option<(u64, Time)>,
}

impl LogState {
    /// Whether the relay is still asked for entries. What an audit file shows is read even when nothing else is expected: a box
    /// as it was closed, and a log that the journal has left to a checkpoint that the witnesses have cosigned.
    pub(crate) fn is_read_on(&self) -> bool {
        let shown = match self.role {
            LogRole::Journal { .. } => self.covered >= self.wanted && self.reader.unread() == 0,
            LogRole::Box { .. } => self.reader.size() >= self.wanted,
            _ => true,
        };
        !self.finished || !shown
    }
}

/// Exact bytes that wait for the relay.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(array)]
pub(crate) struct OutboxItem {
    #[n(0)]
    pub(crate) log: LogId,
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(crate) entry: Vec<u8>,
    #[n(2)]
    pub(crate) content: Content,
    /// When it was made; a ballot is not sent before this time.
    #[n(3)]
    pub(crate) not_before: Time,
    /// Index at which the relay promised to have it.
    #[n(4)]
    pub(crate) promised: Option<u64>,
    /// The relay has said that it will sequence it at the end of a slot; its word is not trusted (`not_before` is then the
    /// time from which the box must show it).
    #[n(5)]
    pub(crate) pending: bool,
    /// Pieces to be uploaded before the entry.
    #[n(6)]
    pub(crate) pieces: Vec<Hash>,
    /// The duty that it fulfils: while it is here, the duty is not tried again.
    #[n(7)]
    pub(crate) duty: Option<Duty>,
    /// An own message about the same thing, made while this one waited: it follows once the log shows this one, and takes its
    /// place if the log never will.
    #[n(8)]
    pub(crate) next: Option<ByteVec>,
}

impl OutboxItem {
    /// From when on it may leave. All but a ballot leave at once, whatever the clock was when they were made.
    pub(crate) const fn departs(&self) -> Time {
        match self.content {
            Content::Ballot { .. } => self.not_before,
            _ => Time(0),
        }
    }
}

/// What the bytes of an outbox item are.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) enum Content {
    /// A statement of the journal.
    #[n(0)]
    Statement {
        #[n(0)]
        id: StatementId,
    },
    /// A message of a conversation, encrypted in `epoch`.
    #[n(1)]
    Message {
        #[n(0)]
        id: MessageId,
        #[n(1)]
        epoch: u64,
        /// The message itself: MLS cannot open one's own.
        #[cbor(n(2), with = "minicbor::bytes")]
        message: Vec<u8>,
    },
    /// A commit of a conversation, made in `epoch`.
    #[n(2)]
    Commit {
        #[n(0)]
        epoch: u64,
    },
    /// A record of a side log.
    #[n(3)]
    Side,
    /// Something for a rendezvous.
    #[n(4)]
    Rendezvous,
    /// A ballot.
    #[n(5)]
    Ballot {
        #[n(0)]
        motion: MotionId,
    },
    /// The entry that closes a box.
    #[n(6)]
    Close {
        #[n(0)]
        motion: MotionId,
    },
    /// A card or letter of the directory; a demand, request or point of a conversation.
    #[n(7)]
    Listing,
    /// A Welcome: it is for the log in which its commit stands, also when the conversation has moved on.
    #[n(8)]
    Welcome,
}

/// An invitation that this device made.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(array)]
pub(crate) struct InvitationState {
    /// The invitation itself, as its link.
    #[n(0)]
    pub(crate) link: String,
    #[n(1)]
    pub(crate) role: u8,
    #[n(2)]
    pub(crate) expires: Time,
    /// The first valid join request.
    #[n(3)]
    pub(crate) request: Option<messaging::JoinRequest>,
    /// The statement by which the admission was proposed.
    #[n(4)]
    pub(crate) proposed: Option<StatementId>,
    /// The welcome has been handed to the outbox.
    #[n(5)]
    pub(crate) welcomed: bool,
}

/// From which journal position to which a device is in force.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Span {
    #[n(0)]
    pub(crate) identity: VerifyingKey,
    #[n(1)]
    pub(crate) device: VerifyingKey,
    #[n(2)]
    pub(crate) from: u64,
    #[n(3)]
    pub(crate) until: Option<u64>,
}

/// Something that this device does for the assembly without anybody asking. One of a kind is under way at a time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub(crate) enum Duty {
    #[n(0)]
    SignFounding,
    #[n(1)]
    PublishBallotKeys,
    #[n(3)]
    ContinueJournal(#[n(0)] LogId),
    #[n(4)]
    Open(#[n(0)] MotionId),
    #[n(5)]
    CloseRollCall(#[n(0)] MotionId),
    #[n(6)]
    CloseBox(#[n(0)] MotionId),
    #[n(7)]
    SealBox(#[n(0)] MotionId),
    #[n(8)]
    Release(#[n(0)] MotionId),
    #[n(9)]
    Confirm(#[n(0)] MotionId),
    #[n(10)]
    Round1(#[n(0)] u32),
    #[n(11)]
    Round2(#[n(0)] u32),
    #[n(12)]
    ConfirmRun(#[n(0)] u32),
    #[n(13)]
    Commit(#[n(0)] ConversationId),
    #[n(14)]
    Count(#[n(0)] MotionId),
    #[n(15)]
    Verify(#[n(0)] MotionId),
    /// List this device in the directory of a journal key.
    #[n(16)]
    ListCard(#[n(0)] u32),
    /// Ask that somebody leave a working group.
    #[n(17)]
    Demand(#[n(0)] ConversationId, #[n(1)] VerifyingKey),
    /// Ask to be added again.
    #[n(18)]
    AskAgain(#[n(0)] ConversationId),
    /// Say how far the journal is, where somebody stays whom it has removed.
    #[n(19)]
    Point(#[n(0)] ConversationId),
    /// Bring everybody into a plenary that was founded anew.
    #[n(20)]
    Bring(#[n(0)] ConversationId),
    /// Announce this device's cosigning key.
    #[n(21)]
    AnnounceCosigningKey,
}

/// Own part in one vote.
#[derive(Debug, Clone, Default, Encode, Decode)]
#[cbor(array)]
pub(crate) struct OwnPart {
    #[n(0)]
    pub(crate) stage: Stage,
    /// When the ballot leaves at the latest.
    #[n(1)]
    pub(crate) cast_by: Option<Time>,
    /// The key number, recorded as belonging to this vote before anything is proven with it.
    #[n(2)]
    pub(crate) key_number: Option<u32>,
    /// Vote of a roll-call.
    #[n(4)]
    pub(crate) open_choice: Option<ByteVec>,
    /// Entries of the box that have been read, the close entry among them.
    #[n(5)]
    pub(crate) box_entries: u32,
    /// The own ballot stands among them.
    #[n(6)]
    pub(crate) seen_in_box: bool,
    /// Size of the box checkpoint that this device has cosigned.
    #[n(7)]
    pub(crate) cosigned: Option<u64>,
    /// This device, a trustee's, has checked the close and the floors.
    #[n(8)]
    pub(crate) releasable: bool,
    /// Canonical bytes of the computed outcome.
    #[cbor(n(9), with = "minicbor::bytes")]
    pub(crate) outcome: Option<Vec<u8>>,
    /// Its hash.
    #[n(10)]
    pub(crate) outcome_hash: Option<Hash>,
}

/// Where the own vote is; only goes forward.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub(crate) enum Stage {
    /// Not voted.
    #[default]
    #[n(0)]
    None,
    /// The wish is durable; the opening is not cosigned yet.
    #[n(1)]
    Wished,
    /// The key is bound to this opening; the proof is being made (again after a restart).
    #[n(2)]
    Proving,
    /// The ballot is durable, its secrets are burnt.
    #[n(3)]
    Prepared,
    /// The relay has taken it.
    #[n(4)]
    Cast,
}

#[cfg(test)]
mod tests {
    use super::*;
    use primitives::canonical::{decode_canonical, encode};

    /// An outbox item as the first version wrote it.
    #[derive(Encode, Decode)]
    #[cbor(array)]
    struct FirstItem {
        #[n(0)]
        log: LogId,
        #[cbor(n(1), with = "minicbor::bytes")]
        entry: Vec<u8>,
        #[n(2)]
        content: Content,
        #[n(3)]
        not_before: Time,
        #[n(4)]
        promised: Option<u64>,
        #[n(5)]
        pending: bool,
        #[n(6)]
        pieces: Vec<Hash>,
        #[n(7)]
        duty: Option<Duty>,
    }

    #[test]
    fn an_outbox_item_of_the_first_version_is_read() {
        for duty in [None, Some(Duty::SignFounding)] {
            let bytes = encode(&FirstItem {
                log: LogId::new([2; 32]),
                entry: vec![1, 2, 3],
                content: Content::Message {
                    id: MessageId::new([3; 32]),
                    epoch: 4,
                    message: vec![5],
                },
                not_before: Time(6),
                promised: None,
                pending: false,
                pieces: Vec::new(),
                duty: duty.clone(),
            });
            let mut item: OutboxItem = decode_canonical(&bytes).unwrap();
            assert_eq!((item.duty.clone(), item.next.clone()), (duty, None));
            item.next = Some(vec![7].into());
            assert_eq!(
                decode_canonical::<OutboxItem>(&encode(&item)).unwrap().next,
                item.next
            );
        }
    }
}
