//! Conversations and messages.

use serde::{Deserialize, Serialize};

view! {
    /// A conversation, for the list.
    pub struct ConversationView {
        /// Conversation id.
        pub id: String,
        /// What it is.
        pub kind: ConversationKind,
        /// Its title: a working group's name, the other one's in a direct conversation; empty for the plenary, which every
        /// language names itself.
        pub title: String,
        /// The other one's seat in a direct conversation.
        pub peer: Option<u32>,
        /// Devices in it.
        pub members: u32,
        /// Who is in it, by seat.
        pub present: Vec<PresentView>,
        /// Seats that this device brings in, and that are not in it yet.
        pub coming: Vec<u32>,
        /// Seats of whom this device asks that they leave; its own if one leaves.
        pub leaving: Vec<u32>,
        /// How this device stands in it.
        pub standing: ConversationStanding,
        /// Nothing is told when something is said in it.
        pub muted: bool,
        /// It is put away.
        pub archived: bool,
        /// It stands before the others.
        pub pinned: bool,
        /// What this device tells the others of how far it has come.
        pub receipts: ReceiptLevel,
        /// Messages in it.
        pub messages: u64,
        /// Messages not read yet.
        pub unread: u64,
        /// Of them, those that mention this member.
        pub mentions: u64,
        /// The last message.
        pub last: Option<MessageView>,
        /// After which time what is said now disappears; never if absent.
        pub timer_ms: Option<u64>,
        /// What is being written.
        pub draft: Option<DraftView>,
        /// Messages that broke a rule and were skipped.
        pub findings: Vec<FindingView>,
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
        /// Two members.
        Direct,
        /// Some members.
        Group,
        /// One's own devices: notes to oneself, and what they tell each other.
        Own,
    }
}

view! {
    /// What a device tells the others of how far it has come in a conversation. In the plenary it is always nothing.
    pub enum ReceiptLevel {
        /// Nothing.
        None,
        /// What has arrived; where nobody has chosen, this.
        Arrived,
        /// What has arrived, and what has been read.
        Read,
    }
}

view! {
    /// A member in a conversation.
    pub struct PresentView {
        /// The seat.
        pub seat: u32,
        /// The name.
        pub name: String,
        /// Since when; absent if longer than this device.
        pub since: Option<u64>,
    }
}

view! {
    /// How this device stands in a conversation.
    pub enum ConversationStanding {
        /// It takes part.
        Active,
        /// It is out.
        Left,
        /// It cannot follow, and has asked to be added again.
        Halted,
        /// The plenary, until it was founded anew: it goes on in another conversation.
        Ended,
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
        /// The message that it answers.
        pub reply: Option<ReplyView>,
        /// Seats that it mentions, ascending.
        pub mentions: Vec<u32>,
        /// Whether it is somebody else's and mentions this member.
        pub mentions_me: bool,
        /// Reactions, in the order in which they came.
        pub reactions: Vec<ReactionView>,
        /// When its words were changed the last time.
        pub edited: Option<u64>,
        /// How often they were changed.
        pub edits: u32,
        /// When it disappears.
        pub over: Option<u64>,
        /// Whether a change of one's own, shown already, still waits for the log.
        pub changing: bool,
        /// When the relay took it, or when it was written if it has not.
        pub time: u64,
        /// At how many other members an own message has arrived, as far as they tell.
        pub arrived: u32,
        /// How many other members have read it, as far as they tell.
        pub read: u32,
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
        /// The words as they were written.
        text: String,
        /// The same as it is to be shown: without marks, in stretches of one style each.
        runs: Vec<RunView>,
    },
    /// A file, with words or without.
    Attachment {
        /// What it is called: no path, nothing that deceives.
        name: String,
        /// How long it is.
        bytes: u64,
        /// What it is. Pictures have lost what cameras write into them; other files go as they are.
        media: MediaView,
        /// Points of a picture from left to right, as its author says.
        width: Option<u32>,
        /// Points of a picture from top to bottom.
        height: Option<u32>,
        /// A small picture of it as a data URL, made by this device; absent if what came cannot be shown.
        thumbnail: Option<String>,
        /// The words as they were written; may be empty.
        text: String,
        /// The same as it is to be shown.
        runs: Vec<RunView>,
        /// Where the file is.
        transfer: TransferView,
    },
    /// A change of the roster, set by the journal.
    Roster {
        /// Seats that came in.
        added: Vec<u32>,
        /// Seats that are out.
        removed: Vec<u32>,
    },
    /// Its author took it back from everybody.
    Deleted,
    /// From here on messages disappear after this time.
    Timer {
        /// After which; never if absent.
        timer_ms: Option<u64>,
    },
    /// The working group goes by another name.
    Renamed {
        /// The name.
        name: String,
    },
    /// Something that a newer version understands.
    NeedsNewerVersion,
}

view! {
    /// What a file is.
    pub enum MediaView {
        /// A picture: JPEG or PNG.
        Picture,
        /// Anything else.
        File,
    }
}

view! {
    /// How far a file is on its way, in bytes.
    pub struct TransferView {
        /// Where it is.
        pub state: TransferState,
        /// Bytes moved.
        pub done: u64,
        /// Bytes in all.
        pub total: u64,
    }
}

view! {
    /// Where a file is.
    pub enum TransferState {
        /// On its way to the relay; the message follows.
        Sending,
        /// Not fetched.
        Offered,
        /// On its way from the relay.
        Fetching,
        /// On this device.
        Here,
        /// The relay keeps it no more.
        Gone,
        /// What the relay gave is not the file that the message names.
        Failed,
    }
}

view! {
    /// A stretch of words in one style.
    pub struct RunView {
        /// The words.
        pub text: String,
        /// How they look.
        pub styles: Vec<RunStyle>,
        /// The seat that they mention; its name is shown in their place.
        pub seat: Option<u32>,
    }
}

view! {
    /// How words look.
    pub enum RunStyle {
        /// Bold.
        Bold,
        /// Italic.
        Italic,
        /// Struck out.
        Strike,
        /// As code.
        Code,
        /// As a quotation.
        Quote,
    }
}

view! {
    /// The message that another one answers.
    pub struct ReplyView {
        /// Message id.
        pub id: String,
        /// Seat of its sender; 0 if it is not there.
        pub seat: u32,
        /// Name of its sender.
        pub name: String,
        /// How it begins.
        pub excerpt: String,
        /// Whether it is there; it may have been taken back, have disappeared, or be older than one's own membership.
        pub there: bool,
        /// Its position, if it is there.
        pub position: Option<u64>,
    }
}

view! {
    /// Who reacted how.
    pub struct ReactionView {
        /// The emoji.
        pub emoji: String,
        /// Who, ascending.
        pub seats: Vec<u32>,
        /// Whether one's own seat is among them.
        pub mine: bool,
    }
}

view! {
    /// Words that have not been sent.
    pub struct DraftView {
        /// The words.
        pub text: String,
        /// The message that they answer.
        pub reply_to: Option<String>,
    }
}

view! {
    /// How many messages broke a rule.
    pub struct FindingView {
        /// The rule's id in `docs/spec/messaging.md`.
        pub rule: String,
        /// How many.
        pub count: u64,
    }
}

view! {
    /// A message that was looked for.
    pub struct FoundView {
        /// Where it stands.
        pub conversation: String,
        /// It.
        pub message: MessageView,
    }
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
