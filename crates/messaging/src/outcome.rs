//! What an entry of the log can turn out to be.

use crate::credential::Member;
use crate::message::AppMessage;
use crate::roster::JournalPoint;
use primitives::Secret;

/// What an entry of the log turned out to be.
#[derive(Debug)]
#[non_exhaustive]
pub enum Processed {
    /// A message by another device.
    Message {
        /// Whose, authenticated by MLS.
        from: Member,
        /// The epoch in which it was sent.
        epoch: u64,
        /// What it says.
        message: Box<AppMessage>,
    },
    /// A message of this device; the outbox has its content.
    OwnMessage,
    /// A commit, merged: a new epoch.
    Committed(Box<Committed>),
    /// A point of the journal stands from here on: no commit below it counts (MSG-35).
    Pointed {
        /// The point.
        journal: JournalPoint,
        /// Whether a pending commit of this device is below it, and given up: its intent is to be made again.
        lost: bool,
    },
    /// Skipped, for a reason on which all members agree. Should it have been this device's own commit, then
    /// [`Conversation::commit_pending`](crate::Conversation::commit_pending) is false now and the intent is to be
    /// made again.
    Ignored(Reason),
    /// The journal has not been folded to the commit's point yet. Nothing has changed; the entry is processed again,
    /// before any later one, when it has.
    Waits(JournalPoint),
    /// A commit that others may find valid and this device cannot follow (MSG-09), or an entry after one. The device
    /// asks to be added again and never goes on to the next commit.
    Halted(Halt),
}

/// A merged commit.
#[derive(Debug)]
pub struct Committed {
    /// The epoch that begins.
    pub epoch: u64,
    /// Who committed.
    pub by: Member,
    /// Whether that was this device.
    pub own: bool,
    /// Who came.
    pub added: Vec<Member>,
    /// Who went. This device among them: the conversation is over for it.
    pub removed: Vec<Member>,
    /// The journal point at which it was judged.
    pub journal: JournalPoint,
    /// For the own commit that adds: the Welcome, one for all added.
    pub welcome: Option<Vec<u8>>,
    /// If it removes somebody: the secret of the new log, to which the conversation moves now. Entries of the old log
    /// after this one are ignored and their authors send them again.
    pub new_log: Option<Secret<32>>,
    /// Whether a pending commit of this device lost: its intent is to be made again on the new epoch.
    pub lost: bool,
}

/// Why an entry was skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// MSG-01: without a journal point, or a leaf that the journal does not admit at it.
    NotAdmitted,
    /// MSG-02: a journal point lower than the previous commit's, or than the point that stands.
    JournalWentBack,
    /// MSG-03: a journal point that the journal contradicts.
    JournalContradicted,
    /// MSG-04: not a private message of this group: garbage, plaintext, external, another group's.
    NotOurs,
    /// MSG-05: a commit for an epoch that is over: another one won.
    EpochOver,
    /// MSG-05: a commit or message for an epoch that has not begun here. Many of these mean that something was missed.
    EpochAhead,
    /// MSG-06: proposals other than inline additions and removals.
    Proposals,
    /// MSG-07: a credential that is malformed or does not agree with its leaf, or has changed.
    Credential,
    /// MSG-08: invalid by RFC 9420: signature, decryption, replay, tree.
    Invalid,
    /// MSG-10: a message that is malformed inside or older than the kept epochs.
    Message,
    /// MSG-12: claims to be of this device and is not its pending commit.
    ClaimsToBeOurs,
    /// This device is not a member any more.
    Left,
    /// MSG-25: adds somebody who has no place under the conversation's terms, or by a member who may not add.
    NoPlace,
    /// MSG-16: removes a device that the journal admits at its point, has not asked to be added again (MSG-18), and need not leave (MSG-26).
    StillAdmitted,
    /// MSG-35: a point that is not above what stands, or not by a device of this epoch that the journal admits there.
    NoPoint,
}

impl Reason {
    /// The rule's id in `docs/spec/messaging.md`.
    #[must_use]
    pub fn rule(self) -> &'static str {
        match self {
            Self::NotAdmitted => "MSG-01",
            Self::JournalWentBack => "MSG-02",
            Self::JournalContradicted => "MSG-03",
            Self::NotOurs => "MSG-04",
            Self::EpochOver | Self::EpochAhead => "MSG-05",
            Self::Proposals => "MSG-06",
            Self::Credential => "MSG-07",
            Self::Invalid => "MSG-08",
            Self::Message => "MSG-10",
            Self::ClaimsToBeOurs => "MSG-12",
            Self::Left => "MSG-13",
            Self::StillAdmitted => "MSG-16",
            Self::NoPlace => "MSG-25",
            Self::NoPoint => "MSG-35",
        }
    }
}

/// Why this device cannot follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Halt {
    /// MSG-09: the commit's path secrets for this part of the tree do not open or do not fit.
    PathSecrets,
    /// It halted at an earlier entry.
    Earlier,
}
