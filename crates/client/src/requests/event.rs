//! What happens by itself.

use crate::views::{MessageView, TransferView};
use serde::{Deserialize, Serialize};

/// What happens by itself. Front ends read again what has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// These things have changed.
    Changed {
        /// Which.
        topics: Vec<Topic>,
    },
    /// A message came.
    Message {
        /// In which conversation.
        conversation: String,
        /// It.
        message: Box<MessageView>,
    },
    /// A motion went to another phase.
    MotionPhase {
        /// Which.
        motion: String,
        /// Where it is now.
        phase: crate::views::Phase,
    },
    /// Something has happened that its user may want to look at; what it is, is not said. Not for muted conversations, nor if
    /// its user wants none.
    Notice {
        /// What kind of thing.
        kind: NoticeKind,
        /// In which conversation, if in one.
        conversation: Option<String>,
        /// With which motion, if with one.
        motion: Option<String>,
    },
    /// A lie was caught.
    Evidence {
        /// With what.
        evidence: crate::views::EvidenceView,
    },
    /// A file's transfer goes on; some times a second at most.
    Transfer {
        /// In which conversation.
        conversation: String,
        /// The message that the file goes with.
        message: String,
        /// How far it is.
        transfer: TransferView,
    },
    /// Long work goes on.
    Progress {
        /// What.
        work: Work,
        /// Steps done.
        done: u64,
        /// Steps in all.
        total: u64,
    },
}

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// Somebody has said something.
    Message,
    /// Somebody has mentioned this member.
    Mention,
    /// A motion has been proposed, opened or decided.
    Motion,
    /// A vote in which this member can take part closes soon, whether they have voted or not.
    Deadline,
    /// Somebody proposes that the plenary be founded anew, or it is.
    Plenary,
    /// Another device has come to one's own seat.
    Device,
}

/// Things that change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// The overview.
    Overview,
    /// Members and admissions.
    Members,
    /// Conversations and messages.
    Conversations,
    /// Motions.
    Motions,
    /// The devices of one's own seat.
    Devices,
}

/// Long work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Proving a ballot.
    Proof,
    /// Counting a ballot box.
    Count,
    /// Reading a log from far behind.
    CatchUp,
    /// Writing an audit file.
    Audit,
}
