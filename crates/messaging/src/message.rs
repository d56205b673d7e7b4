//! What members say to one another, inside MLS.
//!
//! `CBOR [version, id, sent, journal checkpoint, conversation checkpoint, kind, content]`; `content` is the
//! canonical bytes of the kind. An unknown kind is kept as it is, to be shown as "needs a newer version".

use crate::attachment::Attachment;
use crate::emoji::Emoji;
use crate::timer::Timer;
use crate::title::Title;
use minicbor::{Decode, Encode};
use primitives::canonical::{Malformed, decode_canonical_max, hash};
use primitives::{ConversationId, MessageId, MessageName, Time, VerifyingKey, encode, labels};
use tlog::SignedCheckpoint;

/// Most bytes of one encoded message.
pub const APP_MESSAGE_BYTES_MAX: usize = 128 << 10;
/// Most bytes of a text as CBOR.
pub const TEXT_BYTES_MAX: usize = 32 << 10;
/// Most bytes of its words: three are the CBOR head of a text so long.
pub const WORDS_BYTES_MAX: usize = TEXT_BYTES_MAX - 3;

const VERSION: u8 = 1;
const KIND_TEXT: u16 = 1;
const KIND_TEXT_WITH: u16 = 2;
const KIND_EDIT: u16 = 3;
const KIND_DELETE: u16 = 4;
const KIND_REACT: u16 = 5;
const KIND_TIMER: u16 = 6;
const KIND_RECEIPT: u16 = 7;
const KIND_RENAMED: u16 = 8;
const KIND_MARKS: u16 = 9;
const KIND_ATTACHMENT: u16 = 10;
/// Most conversations of which one message says how far they have been read.
pub const MARKS_MAX: usize = 64;

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppMessage {
    /// Drawn by the sender; see [`AppMessage::name`].
    pub id: MessageId,
    /// When it was sent, by the sender's clock; informative.
    pub sent: Time,
    /// The largest checkpoint of the journal that the sender has verified.
    pub journal: Option<SignedCheckpoint>,
    /// The largest checkpoint of this conversation's log that the sender has verified.
    pub conversation: Option<SignedCheckpoint>,
    /// What it says.
    pub body: Body,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Words.
    Text(Text),
    /// Other words for an own message (MSG-20).
    Edit {
        /// Which.
        message: MessageName,
        /// All of its words from now on.
        words: String,
    },
    /// An own message is taken back from everybody (MSG-21).
    Delete {
        /// Which.
        message: MessageName,
    },
    /// A reaction is set or taken back (MSG-22).
    React {
        /// To which message.
        message: MessageName,
        /// Which.
        emoji: Emoji,
        /// Set, or taken back.
        set: bool,
    },
    /// After which time messages disappear from now on; never if absent (MSG-23).
    Timer(Option<Timer>),
    /// How far a member has come (MSG-31).
    Receipt {
        /// The last message that has arrived, with all before it.
        arrived: MessageName,
        /// The last one that has been read, with all before it.
        read: Option<MessageName>,
    },
    /// A working group goes by another name (MSG-32).
    Renamed(Title),
    /// How far one's own devices have read conversations; among them only (MSG-34).
    Marks(Vec<(ConversationId, MessageName)>),
    /// A file (MSG-28).
    Attachment(Box<Attachment>),
    /// A kind that this version does not know.
    Unknown {
        /// The kind's number.
        kind: u16,
        /// Its content, unread.
        content: Vec<u8>,
    },
}

/// Words, and what goes with them. What is bold and who is mentioned stands in the words: see [`runs`](crate::runs).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    /// The words, 0 to [`WORDS_BYTES_MAX`] bytes.
    pub words: String,
    /// The message that they answer.
    pub reply: Option<MessageName>,
    /// How long they stay, from the time that the log gives them.
    pub timer: Option<Timer>,
}

impl From<String> for Text {
    fn from(words: String) -> Self {
        Self {
            words,
            ..Self::default()
        }
    }
}

impl From<&str> for Text {
    fn from(words: &str) -> Self {
        words.to_owned().into()
    }
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Wire {
    #[n(0)]
    version: u8,
    #[n(1)]
    id: MessageId,
    #[n(2)]
    sent: Time,
    #[n(3)]
    journal: Option<SignedCheckpoint>,
    #[n(4)]
    conversation: Option<SignedCheckpoint>,
    #[n(5)]
    kind: u16,
    #[cbor(n(6), with = "minicbor::bytes")]
    content: Vec<u8>,
}

/// The words come last, so that the array has three elements whatever is absent.
#[derive(Encode, Decode)]
#[cbor(array)]
struct TextWith {
    #[n(0)]
    reply: Option<MessageName>,
    #[n(1)]
    timer: Option<Timer>,
    #[n(2)]
    words: String,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Edit {
    #[n(0)]
    message: MessageName,
    #[n(1)]
    words: String,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Delete {
    #[n(0)]
    message: MessageName,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct React {
    #[n(0)]
    message: MessageName,
    #[n(1)]
    emoji: Emoji,
    #[n(2)]
    set: bool,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Receipt {
    #[n(0)]
    read: Option<MessageName>,
    #[n(1)]
    arrived: MessageName,
}

impl AppMessage {
    /// What others call the message in `conversation` by the authenticated `author` (MSG-19): a copy of its id by somebody
    /// else is another message.
    #[must_use]
    pub fn name(&self, conversation: ConversationId, author: &VerifyingKey) -> MessageName {
        hash(labels::MESSAGE_NAME, &(conversation, *author, self.id)).into()
    }

    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let (kind, content) = self.body.encode();
        encode(&Wire {
            version: VERSION,
            id: self.id,
            sent: self.sent,
            journal: self.journal.clone(),
            conversation: self.conversation.clone(),
            kind,
            content,
        })
    }

    /// Reads canonical bytes (MSG-10).
    ///
    /// # Errors
    /// [`Malformed`]; another version of the frame is malformed too, for kinds are what grows.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let wire: Wire = decode_canonical_max(bytes, APP_MESSAGE_BYTES_MAX)?;
        if wire.version != VERSION {
            return Err(Malformed::OutOfRange("a message of another version"));
        }
        Ok(Self {
            id: wire.id,
            sent: wire.sent,
            journal: wire.journal,
            conversation: wire.conversation,
            body: Body::decode(wire.kind, wire.content)?,
        })
    }
}

impl Body {
    /// The kind and its canonical content. Words without anything else are of kind 1, which every version reads.
    fn encode(&self) -> (u16, Vec<u8>) {
        match self {
            Self::Text(Text {
                words,
                reply: None,
                timer: None,
            }) => (KIND_TEXT, encode(words)),
            Self::Text(text) => {
                let Text { words, reply, timer } = text.clone();
                (KIND_TEXT_WITH, encode(&TextWith { reply, timer, words }))
            }
            Self::Edit { message, words } => {
                let (message, words) = (*message, words.clone());
                (KIND_EDIT, encode(&Edit { message, words }))
            }
            Self::Delete { message } => (KIND_DELETE, encode(&Delete { message: *message })),
            Self::React { message, emoji, set } => {
                let (message, emoji, set) = (*message, emoji.clone(), *set);
                (KIND_REACT, encode(&React { message, emoji, set }))
            }
            Self::Timer(timer) => (KIND_TIMER, encode(timer)),
            Self::Receipt { arrived, read } => {
                let (arrived, read) = (*arrived, *read);
                (KIND_RECEIPT, encode(&Receipt { read, arrived }))
            }
            Self::Renamed(title) => (KIND_RENAMED, encode(title)),
            Self::Marks(marks) => (KIND_MARKS, encode(marks)),
            Self::Attachment(attachment) => (KIND_ATTACHMENT, attachment.encode()),
            Self::Unknown { kind, content } => (*kind, content.clone()),
        }
    }

    fn decode(kind: u16, content: Vec<u8>) -> Result<Self, Malformed> {
        let max = APP_MESSAGE_BYTES_MAX;
        Ok(match kind {
            KIND_TEXT => Self::Text(decode_canonical_max::<String>(&content, TEXT_BYTES_MAX)?.into()),
            KIND_TEXT_WITH => {
                let TextWith { reply, timer, words } = decode_canonical_max(&content, max)?;
                if reply.is_none() && timer.is_none() {
                    return Err(Malformed::NotCanonical("text: nothing goes with the words"));
                }
                let words = bounded(words)?;
                Self::Text(Text { words, reply, timer })
            }
            KIND_EDIT => {
                let Edit { message, words } = decode_canonical_max(&content, max)?;
                let words = bounded(words)?;
                Self::Edit { message, words }
            }
            KIND_DELETE => {
                let Delete { message } = decode_canonical_max(&content, max)?;
                Self::Delete { message }
            }
            KIND_REACT => {
                let React { message, emoji, set } = decode_canonical_max(&content, max)?;
                Self::React { message, emoji, set }
            }
            KIND_TIMER => Self::Timer(decode_canonical_max(&content, max)?),
            KIND_RECEIPT => {
                let Receipt { read, arrived } = decode_canonical_max(&content, max)?;
                Self::Receipt { arrived, read }
            }
            KIND_RENAMED => Self::Renamed(decode_canonical_max(&content, max)?),
            KIND_MARKS => {
                let marks: Vec<(ConversationId, MessageName)> = decode_canonical_max(&content, max)?;
                if !(1..=MARKS_MAX).contains(&marks.len()) {
                    return Err(Malformed::OutOfRange("marks of no conversation, or of too many"));
                }
                Self::Marks(marks)
            }
            KIND_ATTACHMENT => Self::Attachment(Box::new(Attachment::decode(&content, max)?)),
            kind => Self::Unknown { kind, content },
        })
    }
}

fn bounded(words: String) -> Result<String, Malformed> {
    let len = words.len();
    if words.is_empty() {
        return Err(Malformed::OutOfRange("words without a character"));
    }
    if len > WORDS_BYTES_MAX {
        let max = WORDS_BYTES_MAX;
        return Err(Malformed::TooLong { len, max });
    }
    Ok(words)
}

#[cfg(test)]
mod tests;
