//! Conversations and messages.

use serde::{Deserialize, Serialize};

view! {
    /// A conversation, for the list.
    pub struct ConversationView {
        /// Conversation id.
        pub id: String,
        /// What it is.
        pub kind: ConversationKind,
        /// Its title; empty for the plenary, which every language names itself.
        pub title: String,
        /// Members in it.
        pub members: u32,
        /// Messages in it.
        pub messages: u64,
        /// Messages not read yet.
        pub unread: u64,
        /// The last message.
        pub last: Option<MessageView>,
        /// The MLS epoch.
        pub epoch: u64,
        /// Short code of the epoch authenticator: everybody sees the same.
        pub code: String,
    }
}

view! {
    /// Kinds of conversation.
    pub enum ConversationKind {
        /// All members.
        Plenary,
    }
}

view! {
    /// A message.
    pub struct MessageView {
        /// Message id.
        pub id: String,
        /// Position in the conversation, ascending; the cursor of paging.
        pub position: u64,
        /// Seat of the sender.
        pub seat: u32,
        /// Name of the sender.
        pub name: String,
        /// Whether it is one's own.
        pub own: bool,
        /// What it is.
        pub content: MessageContent,
        /// When the relay took it, or when it was written if it has not.
        pub time: u64,
        /// Where it is.
        pub state: MessageState,
    }
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum MessageContent {
    /// Words.
    Text {
        /// The words.
        text: String,
    },
    /// A change of the roster, set by the journal.
    Roster {
        /// Seats that came in.
        added: Vec<u32>,
        /// Seats that are out.
        removed: Vec<u32>,
    },
    /// Something that a newer version understands.
    NeedsNewerVersion,
}

view! {
    /// Where one's own message is.
    pub enum MessageState {
        /// In the outbox.
        Waiting,
        /// In the log.
        Sent,
        /// Read from the log.
        Received,
    }
}
