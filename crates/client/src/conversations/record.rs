//! What is kept of what was said, line by line.

use crate::conversations::message_key;
use crate::step::{Step, StepError};
use crate::tables;
use messaging::{AppMessage, Attachment, Body, Reactions, Target, Text, Timer, Title, Words};
use minicbor::data::Type;
use minicbor::{Decode, Decoder, Encode};
use primitives::canonical::{decode_canonical, encode};
use primitives::{ConversationId, MessageId, MessageName, Purpose, Time, VerifyingKey};

/// Version of a record's bytes. Those of the first version say none: they begin with an id.
const VERSION: u8 = 2;
/// So many positions share a key: what is burnt takes its neighbours along, and they are written again (docs/decisions/0017).
pub(crate) const BUCKET: u64 = 64;

/// A line of a conversation as it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct MessageRecord {
    #[n(0)]
    version: u8,
    #[n(1)]
    pub(crate) name: MessageName,
    /// Identity key of the sender, or of who committed a change of the roster.
    #[n(2)]
    pub(crate) from: VerifyingKey,
    #[n(3)]
    pub(crate) own: bool,
    #[n(4)]
    pub(crate) time: Time,
    #[n(5)]
    pub(crate) line: Line,
    /// The epoch in which it was sent.
    #[n(6)]
    pub(crate) epoch: u64,
    /// When its words were changed the last time.
    #[n(7)]
    pub(crate) edited: Option<Time>,
    /// How often.
    #[n(8)]
    pub(crate) edits: u32,
    /// When it disappears.
    #[n(9)]
    pub(crate) over: Option<Time>,
    #[n(10)]
    pub(crate) reactions: Reactions,
}

/// What stands in a conversation at one position.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) enum Line {
    /// A message's canonical bytes, with the words that it has now.
    #[n(0)]
    Message(#[cbor(n(0), with = "minicbor::bytes")] Vec<u8>),
    /// A change of the roster: identity keys that came and went.
    #[n(1)]
    Roster(#[n(0)] Vec<VerifyingKey>, #[n(1)] Vec<VerifyingKey>),
    /// A message that its author took back.
    #[n(2)]
    Gone,
    /// After which time messages disappear from here on.
    #[n(3)]
    Timer(#[n(0)] Option<Timer>),
    /// The name of the working group from here on.
    #[n(4)]
    Named(#[n(0)] Title),
}

/// A record as the first version wrote it.
#[derive(Encode, Decode)]
#[cbor(array)]
struct First {
    #[n(0)]
    id: MessageId,
    #[n(1)]
    from: VerifyingKey,
    #[n(2)]
    own: bool,
    #[n(3)]
    time: Time,
    #[n(4)]
    line: Line,
}

impl MessageRecord {
    pub(crate) fn new(name: MessageName, from: VerifyingKey, own: bool, time: Time, line: Line) -> Self {
        Self {
            version: VERSION,
            name,
            from,
            own,
            time,
            line,
            epoch: 0,
            edited: None,
            edits: 0,
            over: None,
            reactions: Reactions::default(),
        }
    }

    /// Reads a record of any version that there was.
    pub(crate) fn decode_any(bytes: &[u8]) -> Option<Self> {
        let mut decoder = Decoder::new(bytes);
        decoder.array().ok()?;
        if decoder.datatype().ok()? == Type::Bytes {
            let First {
                id,
                from,
                own,
                time,
                line,
            } = decode_canonical(bytes).ok()?;
            return Some(Self::new(MessageName::new(*id.as_bytes()), from, own, time, line));
        }
        let record: Self = decode_canonical(bytes).ok()?;
        (record.version == VERSION).then_some(record)
    }

    /// The message, if it is one and has not been taken back.
    pub(crate) fn message(&self) -> Option<AppMessage> {
        match &self.line {
            Line::Message(bytes) => AppMessage::decode(bytes).ok(),
            Line::Roster(..) | Line::Gone | Line::Timer(_) | Line::Named(_) => None,
        }
    }

    /// The words, if it has some; those that go with a file may be none.
    pub(crate) fn text(&self) -> Option<Text> {
        match self.message()?.body {
            Body::Text(text) => Some(text),
            Body::Attachment(attachment) => Some(attachment.text),
            _ => None,
        }
    }

    /// The file that goes with it.
    pub(crate) fn attachment(&self) -> Option<Attachment> {
        match self.message()?.body {
            Body::Attachment(attachment) => Some(*attachment),
            _ => None,
        }
    }

    /// What it is found by: its words, and the name of its file.
    pub(crate) fn sought(&self) -> Option<String> {
        match self.message()?.body {
            Body::Text(text) => Some(text.words),
            Body::Attachment(attachment) => Some(format!("{}\n{}", attachment.name, attachment.text.words)),
            _ => None,
        }
    }

    /// What other messages can be about; nothing for a change of roster, timer or name, and for what is over at `at`.
    pub(crate) fn target(&self, at: Time) -> Option<Target> {
        let words = match &self.line {
            Line::Message(_) => match self.text() {
                Some(_) => Words::Text { edits: self.edits },
                None => Words::Unreadable,
            },
            Line::Gone => Words::Gone,
            Line::Roster(..) | Line::Timer(_) | Line::Named(_) => return None,
        };
        (!self.is_over(at)).then_some(Target {
            author: self.from,
            time: self.time,
            words,
        })
    }

    /// Whether it has disappeared by `at`.
    pub(crate) fn is_over(&self, at: Time) -> bool {
        self.over.is_some_and(|over| over <= at)
    }
}

/// Under what a line is written: it is burnt with those next to it.
pub(crate) fn bucket_purpose(id: ConversationId, bucket: u64) -> Purpose {
    Purpose::burnable([b"talk/".as_slice(), id.as_bytes(), b"/", &bucket.to_be_bytes()].concat())
}

/// Which lines share a key with the one at `position`.
pub(crate) const fn bucket_of(position: u64) -> u64 {
    position / BUCKET
}

impl Step<'_> {
    pub(crate) fn load_record(
        &self,
        id: ConversationId,
        position: u64,
    ) -> Result<Option<MessageRecord>, StepError> {
        let value = self.store.get(tables::MESSAGES, &message_key(id, position))?;
        value
            .map(|value| MessageRecord::decode_any(&value).ok_or(StepError::Record(tables::MESSAGES.0)))
            .transpose()
    }

    pub(crate) fn save_record(&mut self, id: ConversationId, position: u64, record: &MessageRecord) {
        self.store.put_for(
            bucket_purpose(id, bucket_of(position)),
            tables::MESSAGES,
            message_key(id, position),
            encode(record),
        );
    }

    /// The line with this name in a conversation, and its position.
    pub(crate) fn find_record(
        &self,
        id: ConversationId,
        name: MessageName,
    ) -> Result<Option<(u64, MessageRecord)>, StepError> {
        let Some(position) = self.store.get(tables::MESSAGE_IDS, name.as_bytes())? else {
            return Ok(None);
        };
        let position = <[u8; 8]>::try_from(position.as_slice())
            .map(u64::from_be_bytes)
            .map_err(|_| StepError::Record(tables::MESSAGE_IDS.0))?;
        let record = self.load_record(id, position)?;
        Ok(record
            .filter(|record| record.name == name)
            .map(|record| (position, record)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use primitives::{Secret, SigningSecret};

    /// Written by the first version, whose records say none: a text and a change of the roster.
    const FIRST: [&str; 2] = [
        concat!(
            "855820010101010101010101010101010101010101010101010101010101010101010158208a88e3dd7409f195fd52db",
            "2d3cba5d72ca6709bf1d94121bf3748801b40f6f5cf51b000001a3185c50008200815830870158200202020202020202",
            "02020202020202020202020202020202020202020202020205f6f601476668656c6c6f21"
        ),
        concat!(
            "855820030303030303030303030303030303030303030303030303030303030303030358208a88e3dd7409f195fd52db",
            "2d3cba5d72ca6709bf1d94121bf3748801b40f6f5cf41b000001a3185c50008201828158208a88e3dd7409f195fd52db",
            "2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c80"
        ),
    ];

    fn bytes(hex: &str) -> Vec<u8> {
        data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap()
    }

    #[test]
    fn records_of_the_first_version_are_read() {
        let from = SigningSecret::from_seed(&Secret::take(&mut [1; 32])).verifying_key();
        let text = MessageRecord::decode_any(&bytes(FIRST[0])).unwrap();
        assert_eq!((text.name, text.own), (MessageName::new([1; 32]), true));
        assert_eq!((text.from, text.time), (from, Time(1_800_000_000_000)));
        assert_eq!(text.text().unwrap().words, "hello!");
        let roster = MessageRecord::decode_any(&bytes(FIRST[1])).unwrap();
        assert_eq!(roster.line, Line::Roster(vec![from], Vec::new()));
        // Whatever is written now says its version.
        let again = encode(&text);
        assert_eq!(again[1], VERSION);
        assert_eq!(MessageRecord::decode_any(&again), Some(text));
    }

    #[test]
    fn a_record_of_another_version_is_damage() {
        let record = MessageRecord::decode_any(&bytes(FIRST[0])).unwrap();
        let mut next = encode(&record);
        next[1] = VERSION + 1;
        assert_eq!(MessageRecord::decode_any(&next), None);
        assert_eq!(MessageRecord::decode_any(b""), None);
    }
}
