//! What a reaction shows: one character as people see characters, and few bytes.

use core::fmt;
use minicbor::decode::{Decoder, Error as DecodeError};
use minicbor::encode::{Encoder, Error as EncodeError, Write};
use minicbor::{Decode, Encode};
use unicode_segmentation::UnicodeSegmentation as _;

/// Most bytes of one. The longest emoji of Unicode 16, a kiss of two people with skin tones, has 35.
pub const EMOJI_BYTES_MAX: usize = 40;

/// One extended grapheme cluster (UAX 29) of 1 to [`EMOJI_BYTES_MAX`] bytes that can be seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Emoji(String);

/// A text that is no reaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a reaction is one visible character of at most {EMOJI_BYTES_MAX} bytes")]
pub struct NotAnEmoji;

impl Emoji {
    /// Takes a text as a reaction. Letters are characters too.
    ///
    /// # Errors
    /// [`NotAnEmoji`].
    pub fn new(text: &str) -> Result<Self, NotAnEmoji> {
        let short = (1..=EMOJI_BYTES_MAX).contains(&text.len());
        let visible = text.chars().next().is_some_and(|first| !is_part(first));
        let harmless = !text.chars().any(is_harmful);
        if short && visible && harmless && text.graphemes(true).count() == 1 {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAnEmoji)
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Nothing to see, or what turns the line round.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || c.is_whitespace()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{2800}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// What belongs to a character and is none by itself: marks, joiners, selectors, tags.
fn is_part(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{300}'..='\u{36f}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}')
}

impl fmt::Display for Emoji {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<C> Encode<C> for Emoji {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        e.str(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Emoji {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        Self::new(d.str()?).map_err(|_| DecodeError::message("not a reaction"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_take_for_one_character_is_one() {
        for text in [
            "👍",
            "❤",
            "❤\u{fe0f}",
            "👩🏽‍🚀",
            "👨‍👩‍👧‍👦",
            "🇷🇺",
            "1\u{fe0f}\u{20e3}",
            "+",
            "й",
            "и\u{306}",
            "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
        ] {
            assert!(Emoji::new(text).is_ok(), "{text:?}");
        }
        for text in [
            "",
            " ",
            "👍👍",
            "ok",
            "\u{200d}",
            "\u{fe0f}",
            "\u{301}",
            "\u{202e}",
            "\u{3164}",
            "\u{2800}",
            "\r\n",
            "👍\u{2066}",
            "🇷🇺🇷🇺",
        ] {
            assert!(Emoji::new(text).is_err(), "{text:?}");
        }
        let tower = format!("e{}", "\u{301}".repeat(20));
        assert!(Emoji::new(&tower).is_err());
    }
}
