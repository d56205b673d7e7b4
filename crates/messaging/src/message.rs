//! What members say to one another, inside MLS.
//!
//! `CBOR [version, id, sent, journal checkpoint, conversation checkpoint, kind, content]`; `content` is the
//! canonical bytes of the kind. An unknown kind is kept as it is, to be shown as "needs a newer version".

use minicbor::{Decode, Encode};
use primitives::canonical::{Malformed, decode_canonical_max};
use primitives::{MessageId, Time, encode};
use tlog::SignedCheckpoint;

/// Most bytes of one encoded message.
pub const APP_MESSAGE_BYTES_MAX: usize = 128 << 10;
/// Most bytes of a text.
pub const TEXT_BYTES_MAX: usize = 32 << 10;

const VERSION: u8 = 1;
const KIND_TEXT: u16 = 1;

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppMessage {
    /// Drawn by the sender; a second message with the same id is dropped.
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
    /// Text.
    Text(String),
    /// A kind that this version does not know.
    Unknown {
        /// The kind's number.
        kind: u16,
        /// Its content, unread.
        content: Vec<u8>,
    },
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

impl AppMessage {
    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let (kind, content) = match &self.body {
            Body::Text(text) => (KIND_TEXT, encode(text)),
            Body::Unknown { kind, content } => (*kind, content.clone()),
        };
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
        let body = match wire.kind {
            KIND_TEXT => Body::Text(decode_canonical_max(&wire.content, TEXT_BYTES_MAX)?),
            kind => Body::Unknown {
                kind,
                content: wire.content,
            },
        };
        Ok(Self {
            id: wire.id,
            sent: wire.sent,
            journal: wire.journal,
            conversation: wire.conversation,
            body,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(body: Body) -> AppMessage {
        AppMessage {
            id: MessageId::new([1; 32]),
            sent: Time(5),
            journal: Some(SignedCheckpoint::new("note".into())),
            conversation: None,
            body,
        }
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
    fn msg_10_rejects_a_text_that_is_not_canonical_or_too_long() {
        let bad = message(Body::Unknown {
            kind: KIND_TEXT,
            content: vec![0x78, 0x01, b'a'],
        });
        assert!(AppMessage::decode(&bad.encode()).is_err());
        let long = message(Body::Text("a".repeat(TEXT_BYTES_MAX)));
        assert!(AppMessage::decode(&long.encode()).is_err());
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_itself(text: String) {
            let message = message(Body::Text(text));
            prop_assert_eq!(AppMessage::decode(&message.encode()), Ok(message));
        }

        #[test]
        fn garbage_and_cuts_are_typed_errors(bytes: Vec<u8>, at in 0usize..60) {
            prop_assert!(AppMessage::decode(&bytes).is_err());
            let whole = message(Body::Text("hello".into())).encode();
            prop_assert!(AppMessage::decode(&whole[..at.min(whole.len() - 1)]).is_err());
        }
    }
}
