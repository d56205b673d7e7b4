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
const KIND_ATTACHMENT: u16 = 10;

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
mod tests {
    use super::*;
    use crate::attachment::{ATTACHMENT_BYTES_MAX, ChunkKey, Picture, THUMBNAIL_BYTES_MAX, chunks_of};
    use crate::file_name::FileName;
    use primitives::{Hash, Secret, SigningSecret};
    use proptest::prelude::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    fn message(body: Body) -> AppMessage {
        AppMessage {
            id: MessageId::new([1; 32]),
            sent: Time(5),
            journal: Some(SignedCheckpoint::new("note".into())),
            conversation: None,
            body,
        }
    }

    /// A message with this content, whatever it is.
    fn raw(kind: u16, content: Vec<u8>) -> Vec<u8> {
        let Wire {
            version,
            id,
            sent,
            journal,
            conversation,
            ..
        } = minicbor::decode(&message(Body::Timer(None)).encode()).unwrap();
        encode(&Wire {
            version,
            id,
            sent,
            journal,
            conversation,
            kind,
            content,
        })
    }

    fn attachment(bytes: u64, picture: Option<Picture>, text: Text) -> Attachment {
        let chunks = chunks_of(bytes).unwrap_or_default();
        Attachment {
            name: FileName::cleaned("Протокол.pdf"),
            bytes,
            key: ChunkKey::random(&mut ChaCha20Rng::seed_from_u64(bytes)),
            chunks: vec![Hash::new([9; 32]); chunks],
            picture,
            text,
        }
    }

    fn bodies() -> impl Strategy<Value = Body> {
        let name = || any::<[u8; 32]>().prop_map(MessageName::new);
        let timer = || (Timer::LEAST_MS..=Timer::GREATEST_MS).prop_map(|ms| Timer::new(ms).unwrap());
        let emoji = prop::sample::select(vec!["👍", "❤\u{fe0f}", "👩🏽‍🚀", "🇷🇺", "!", "й"])
            .prop_map(|text| Emoji::new(text).unwrap());
        let text = (".{1,40}", prop::option::of(name()), prop::option::of(timer()))
            .prop_map(|(words, reply, timer)| Body::Text(Text { words, reply, timer }));
        let picture = (
            1u32..5_000,
            1u32..5_000,
            prop::collection::vec(any::<u8>(), 1..40),
        )
            .prop_map(|(width, height, thumbnail)| Picture {
                width,
                height,
                thumbnail,
            });
        let with = (".{0,40}", prop::option::of(name()), prop::option::of(timer()))
            .prop_map(|(words, reply, timer)| Text { words, reply, timer });
        let file = (1..=ATTACHMENT_BYTES_MAX, prop::option::of(picture), with)
            .prop_map(|(bytes, picture, text)| Body::Attachment(Box::new(attachment(bytes, picture, text))));
        prop_oneof![
            text,
            file,
            (name(), ".{1,40}").prop_map(|(message, words)| Body::Edit { message, words }),
            name().prop_map(|message| Body::Delete { message }),
            (name(), emoji, any::<bool>()).prop_map(|(message, emoji, set)| Body::React {
                message,
                emoji,
                set
            }),
            prop::option::of(timer()).prop_map(Body::Timer),
            (name(), prop::option::of(name())).prop_map(|(arrived, read)| Body::Receipt { arrived, read }),
            "[^\\p{Cc}]{1,40}".prop_map(|name| Body::Renamed(Title::new(name).unwrap())),
            (900u16.., any::<Vec<u8>>()).prop_map(|(kind, content)| Body::Unknown { kind, content }),
        ]
    }

    #[test]
    fn msg_19_a_copy_of_an_id_by_somebody_else_or_elsewhere_is_another_message() {
        let key = |seed: u8| SigningSecret::from_seed(&Secret::take(&mut [seed; 32])).verifying_key();
        let (here, there) = (ConversationId::new([1; 32]), ConversationId::new([2; 32]));
        let (mut one, other) = (message(Body::Timer(None)), message(Body::Text("words".into())));
        assert_eq!(one.name(here, &key(1)), other.name(here, &key(1)));
        assert_ne!(one.name(here, &key(1)), one.name(here, &key(2)));
        assert_ne!(one.name(here, &key(1)), one.name(there, &key(1)));
        one.id = MessageId::new([2; 32]);
        assert_ne!(one.name(here, &key(1)), other.name(here, &key(1)));
    }

    #[test]
    fn a_message_of_an_unknown_kind_is_kept() {
        let unknown = message(Body::Unknown {
            kind: 900,
            content: vec![1, 2, 3],
        });
        assert_eq!(AppMessage::decode(&unknown.encode()), Ok(unknown));
    }

    #[test]
    fn words_alone_are_of_the_kind_that_the_first_version_reads() {
        let bytes = message(Body::Text("*слово* для @{7}".into())).encode();
        assert_eq!(bytes, raw(KIND_TEXT, encode("*слово* для @{7}")));
    }

    #[test]
    fn msg_10_rejects_a_text_that_is_not_canonical_or_too_long() {
        assert!(AppMessage::decode(&raw(KIND_TEXT, vec![0x78, 0x01, b'a'])).is_err());
        let name = MessageName::new([3; 32]);
        for (len, good) in [(WORDS_BYTES_MAX, true), (WORDS_BYTES_MAX + 1, false)] {
            let words = "a".repeat(len);
            let edit = Body::Edit {
                message: name,
                words: words.clone(),
            };
            let reply = Some(name);
            let answer = Body::Text(Text {
                reply,
                ..Text::from(words.as_str())
            });
            for body in [Body::Text(words.into()), edit, answer] {
                assert_eq!(AppMessage::decode(&message(body).encode()).is_ok(), good, "{len}");
            }
        }
    }

    #[test]
    fn msg_10_rejects_a_second_form_of_the_same() {
        let nothing_with_it: (Option<MessageName>, Option<Timer>, &str) = (None, None, "words");
        assert!(AppMessage::decode(&raw(KIND_TEXT_WITH, encode(&nothing_with_it))).is_err());
        let no_words = (MessageName::new([3; 32]), "");
        assert!(AppMessage::decode(&raw(KIND_EDIT, encode(&no_words))).is_err());
        let surplus = (MessageName::new([3; 32]), 1);
        assert!(AppMessage::decode(&raw(KIND_DELETE, encode(&surplus))).is_err());
    }

    #[test]
    fn msg_10_rejects_emoji_and_timers_beyond_their_limits() {
        let name = MessageName::new([3; 32]);
        assert!(AppMessage::decode(&raw(KIND_REACT, encode(&(name, "👍", true)))).is_ok());
        for emoji in ["", "👍👍", "a b", "\u{202e}", "\n", &"e\u{301}".repeat(30)] {
            assert!(
                AppMessage::decode(&raw(KIND_REACT, encode(&(name, emoji, true)))).is_err(),
                "{emoji:?}"
            );
        }
        for (ms, good) in [
            (Timer::LEAST_MS - 1, false),
            (Timer::LEAST_MS, true),
            (Timer::GREATEST_MS, true),
            (Timer::GREATEST_MS + 1, false),
        ] {
            let with: (Option<MessageName>, Option<u64>, &str) = (None, Some(ms), "words");
            assert_eq!(AppMessage::decode(&raw(KIND_TIMER, encode(&ms))).is_ok(), good);
            assert_eq!(
                AppMessage::decode(&raw(KIND_TEXT_WITH, encode(&with))).is_ok(),
                good
            );
        }
    }

    #[test]
    fn msg_10_rejects_names_of_groups_beyond_their_limits() {
        let longest = "я".repeat(Title::BYTES_MAX / 2);
        for (name, good) in [
            ("Budget", true),
            (longest.as_str(), true),
            ("", false),
            ("two\nlines", false),
            (&format!("{longest}a"), false),
        ] {
            let bytes = raw(KIND_RENAMED, encode(name));
            assert_eq!(AppMessage::decode(&bytes).is_ok(), good, "{name:?}");
        }
    }

    #[test]
    fn msg_28_rejects_an_attachment_beyond_its_limits() {
        let decoded = |attachment: Attachment| {
            let message = message(Body::Attachment(Box::new(attachment)));
            AppMessage::decode(&message.encode()).map(|decoded| assert_eq!(decoded, message))
        };
        let whole = || attachment(ATTACHMENT_BYTES_MAX, None, Text::default());
        assert_eq!(decoded(whole()), Ok(()));
        for bytes in [0, ATTACHMENT_BYTES_MAX + 1, u64::MAX] {
            assert!(decoded(Attachment { bytes, ..whole() }).is_err(), "{bytes}");
        }
        for chunks in [0, 1, 256, 258] {
            let chunks = vec![Hash::new([9; 32]); chunks];
            assert!(decoded(Attachment { chunks, ..whole() }).is_err());
        }
        for (words, good) in [(WORDS_BYTES_MAX, true), (WORDS_BYTES_MAX + 1, false)] {
            let text = Text::from("a".repeat(words));
            assert_eq!(decoded(Attachment { text, ..whole() }).is_ok(), good);
        }
        for (width, height, thumbnail, good) in [
            (1, 1, 1, true),
            (10_000, 5_000, THUMBNAIL_BYTES_MAX, true),
            (10_000, 5_001, 9, false),
            (0, 9, 9, false),
            (9, 9, 0, false),
            (9, 9, THUMBNAIL_BYTES_MAX + 1, false),
            (u32::MAX, u32::MAX, 9, false),
        ] {
            let thumbnail = vec![0; thumbnail];
            let picture = Some(Picture {
                width,
                height,
                thumbnail,
            });
            assert_eq!(decoded(Attachment { picture, ..whole() }).is_ok(), good);
        }
    }

    #[test]
    fn msg_28_rejects_a_name_that_a_clean_client_does_not_send() {
        let good = message(Body::Attachment(Box::new(attachment(1, None, Text::default())))).encode();
        let place = good.windows(4).position(|window| window == b".pdf").unwrap();
        assert!(AppMessage::decode(&good).is_ok());
        for bad in [*b"/pdf", *b":pdf", *b"pd\0f", *b"pdf."] {
            let mut bytes = good.clone();
            bytes[place..place + 4].copy_from_slice(&bad);
            assert!(AppMessage::decode(&bytes).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_largest_attachment_fits_a_message() {
        let picture = Picture {
            width: 10_000,
            height: 5_000,
            thumbnail: vec![0; THUMBNAIL_BYTES_MAX],
        };
        let mut largest = attachment(
            ATTACHMENT_BYTES_MAX,
            Some(picture),
            Text::from("a".repeat(WORDS_BYTES_MAX)),
        );
        largest.text.reply = Some(MessageName::new([3; 32]));
        largest.text.timer = Timer::new(Timer::GREATEST_MS);
        let len = message(Body::Attachment(Box::new(largest))).encode().len();
        assert!(len < APP_MESSAGE_BYTES_MAX / 2, "{len}");
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_itself(body in bodies()) {
            let message = message(body);
            prop_assert_eq!(AppMessage::decode(&message.encode()), Ok(message));
        }

        #[test]
        fn garbage_and_cuts_are_typed_errors(bytes: Vec<u8>, body in bodies(), at in 0usize..200) {
            prop_assert!(AppMessage::decode(&bytes).is_err());
            let whole = message(body).encode();
            prop_assert!(AppMessage::decode(&whole[..at.min(whole.len() - 1)]).is_err());
        }

        #[test]
        fn no_content_has_two_encodings(kind in 1u16..=10, content: Vec<u8>) {
            let bytes = raw(kind, content);
            if let Ok(message) = AppMessage::decode(&bytes) {
                prop_assert_eq!(message.encode(), bytes);
            }
        }
    }
}
