//! Messages: what encodes and decodes, and what does not.

use super::*;
use crate::attachment::{ATTACHMENT_BYTES_MAX, ChunkKey, Picture, THUMBNAIL_BYTES_MAX, chunks_of};
use crate::file_name::FileName;
use primitives::{Hash, Secret, SigningSecret};
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

#[test]
fn msg_34_marks_are_of_one_to_sixty_four_conversations() {
    let mark = |number: u8| (ConversationId::new([number; 32]), MessageName::new([1; 32]));
    for (count, fits) in [(0, false), (1, true), (64, true), (65, false)] {
        let body = Body::Marks((0..count).map(mark).collect());
        assert_eq!(
            AppMessage::decode(&message(body).encode()).is_ok(),
            fits,
            "{count}"
        );
    }
}

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
        (name(), emoji, any::<bool>()).prop_map(|(message, emoji, set)| Body::React { message, emoji, set }),
        prop::option::of(timer()).prop_map(Body::Timer),
        prop::collection::vec(
            (
                name().prop_map(|name| ConversationId::new(*name.as_bytes())),
                name()
            ),
            1..4
        )
        .prop_map(Body::Marks),
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
