//! What a request is answered with, or why it was not carried out.

use crate::views::{
    AdmissionView, ConversationView, DeviceLinkReadView, DevicesView, FoundView, InvitationView, MemberView,
    MessageView, MotionView, Overview,
};
use serde::{Deserialize, Serialize};

/// What a request is answered with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case", tag = "answer")]
pub enum Answer {
    /// It is durable and will happen.
    Done,
    /// Overview.
    Overview {
        /// It.
        overview: Overview,
    },
    /// The assembly is founded.
    Founded {
        /// Assembly id.
        assembly: String,
    },
    /// An invitation.
    Invitation {
        /// The link.
        link: String,
        /// Until when it can be used.
        expires: u64,
    },
    /// What an invitation says.
    InvitationRead {
        /// It.
        invitation: InvitationView,
    },
    /// Admissions.
    Admissions {
        /// They.
        admissions: Vec<AdmissionView>,
    },
    /// The devices of one's own seat.
    Devices {
        /// They.
        devices: DevicesView,
    },
    /// A link for a further device.
    DeviceLink {
        /// The link.
        link: String,
        /// Until when it can be used.
        expires: u64,
    },
    /// What a device's link says.
    DeviceLinkRead {
        /// It.
        link: DeviceLinkReadView,
    },
    /// Members.
    Members {
        /// They, by seat.
        members: Vec<MemberView>,
    },
    /// A safety number.
    SafetyNumber {
        /// 60 digits.
        digits: String,
        /// The same as a QR code: an SVG image, black on white.
        qr: String,
        /// When this device's user said that it was the same on both sides.
        verified: Option<u64>,
    },
    /// Conversations.
    Conversations {
        /// They.
        conversations: Vec<ConversationView>,
    },
    /// A conversation.
    Conversation {
        /// Conversation id.
        conversation: String,
    },
    /// A message is in the outbox.
    Sent {
        /// Message id.
        message: String,
    },
    /// Messages.
    Messages {
        /// They, ascending.
        messages: Vec<MessageView>,
    },
    /// Messages that were looked for.
    Found {
        /// They, newest first.
        messages: Vec<FoundView>,
    },
    /// A motion is in the outbox.
    Proposed {
        /// Motion id.
        motion: String,
    },
    /// Motions.
    Motions {
        /// They, newest first.
        motions: Vec<MotionView>,
    },
    /// One motion.
    Motion {
        /// It.
        motion: MotionView,
    },
    /// A ballot.
    Ballot {
        /// Its bytes, in hexadecimal.
        ballot: String,
    },
    /// A picture.
    Picture {
        /// A data URL, decoded and encoded again by this device, at most 2,560 points a side.
        data: String,
    },
    /// An audit file, or somebody's file, has been written.
    Exported {
        /// Where.
        path: String,
        /// How long it is.
        bytes: u64,
    },
}

/// Why a request was not carried out. Front ends switch on the code; `details` is for a log or a curious person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Refusal {
    /// Which reason.
    pub code: RefusalCode,
    /// In English, with what to do next.
    pub details: String,
}

/// The closed list of reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    /// The request itself is not well-formed or a field is beyond its limits.
    BadRequest,
    /// This vault belongs to no assembly yet.
    NoAssembly,
    /// This vault already belongs to an assembly.
    AlreadyInAssembly,
    /// Not admitted yet, or no longer.
    NotAMember,
    /// The role does not allow it.
    NotAllowed,
    /// No such motion, admission, seat or conversation.
    Unknown,
    /// The motion is in another phase.
    WrongPhase,
    /// Already done: voted, seconded, endorsed.
    AlreadyDone,
    /// The invitation cannot be read.
    InvitationMangled,
    /// The invitation has expired.
    InvitationExpired,
    /// The invitation has been used.
    InvitationUsed,
    /// The link is one for a further device of a member, not an invitation.
    LinkForDevice,
    /// The link is an invitation for a new member, not one for a further device.
    LinkForMember,
    /// Only the seat's first device can do it.
    NotFirstDevice,
    /// The code is not the one of the device that waits.
    WrongCode,
    /// The relay's address line cannot be read, or what answers there is not that relay.
    BadRelayAddress,
    /// The relay cannot be reached; the founding needs it.
    RelayUnreachable,
    /// The journal has not been read far enough yet; try again shortly.
    NotReady,
    /// The path cannot be written.
    CannotWrite,
    /// The file cannot be read, or is a picture that cannot be decoded.
    CannotRead,
    /// The file, or the picture, is beyond the limits.
    TooLarge,
    /// The vault could not be written (disk full, damage).
    StoreFailed,
    /// There is no vault there.
    NoVault,
    /// There is a vault there already.
    VaultExists,
    /// Wrong passphrase (or an empty slot, or a damaged header: they look the same).
    WrongPassphrase,
    /// The vault is damaged.
    VaultDamaged,
    /// Another process has the vault open.
    VaultInUse,
    /// The vault is locked.
    Locked,
    /// Something that should not happen.
    Internal,
}
