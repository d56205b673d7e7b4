//! Names of files that others see and save under: no paths, nothing invisible, nothing that turns the reading order.

use core::fmt;
use minicbor::decode::{Decoder, Error as DecodeError};
use minicbor::encode::{Encoder, Error as EncodeError, Write};
use minicbor::{Decode, Encode};

/// Most bytes of one: what common file systems take.
pub const FILE_NAME_BYTES_MAX: usize = 255;
/// What a file is called of whose name nothing is left.
const NAMELESS: &str = "file";
/// So long an ending stays when a name is cut.
const ENDING_BYTES_MAX: usize = 16;

/// A file's name, 1 to [`FILE_NAME_BYTES_MAX`] bytes: no separator, control or directional character, no dot or space at its
/// ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileName(String);

impl FileName {
    /// Takes a name as it is; `None` if it is none.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let edge = |c: char| c == '.' || c.is_whitespace();
        let bad = name.is_empty()
            || name.len() > FILE_NAME_BYTES_MAX
            || name.starts_with(edge)
            || name.ends_with(edge)
            || name.chars().any(is_harmful);
        (!bad).then(|| Self(name.to_owned()))
    }

    /// Makes a name of whatever it is: the last part of a path, without what does not belong there, cut if it is too long.
    #[must_use]
    pub fn cleaned(name: &str) -> Self {
        let last = name
            .rsplit(['/', '\\'])
            .find(|part| !part.is_empty())
            .unwrap_or_default();
        let clean: String = last.chars().filter(|c| !is_harmful(*c)).collect();
        let edge = |c: char| c == '.' || c.is_whitespace();
        let cut = shortened(clean.trim_matches(edge));
        Self::new(cut.trim_matches(edge)).unwrap_or_else(|| Self(NAMELESS.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Within the limit; the ending stays.
fn shortened(name: &str) -> String {
    if name.len() <= FILE_NAME_BYTES_MAX {
        return name.to_owned();
    }
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if ending.len() < ENDING_BYTES_MAX => (stem, format!(".{ending}")),
        _ => (name, String::new()),
    };
    let room = FILE_NAME_BYTES_MAX.saturating_sub(ending.len());
    let end = stem
        .char_indices()
        .map(|(at, c)| at.saturating_add(c.len_utf8()))
        .take_while(|end| *end <= room)
        .last()
        .unwrap_or_default();
    format!("{}{ending}", stem.get(..end).unwrap_or_default())
}

/// Separators of paths and what some systems do not take in names; what cannot be seen; what changes the reading order.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(
            c,
            '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|'
                | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{2800}'
                | '\u{3164}' | '\u{ffa0}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<C> Encode<C> for FileName {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        e.str(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for FileName {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        Self::new(d.str()?).ok_or_else(|| DecodeError::message("not a name of a file"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn msg_28_a_name_has_no_path_and_nothing_that_deceives() {
        for (given, clean) in [
            ("/home/anna/Протокол.pdf", "Протокол.pdf"),
            ("C:\\Users\\anna\\photo.jpg", "photo.jpg"),
            ("../../.ssh/authorized_keys", "authorized_keys"),
            (".bashrc", "bashrc"),
            ("..", "file"),
            ("", "file"),
            ("invoice\u{202e}fdp.exe", "invoicefdp.exe"),
            ("a\nb\u{0}c.txt ", "abc.txt"),
            ("/tmp/", "tmp"),
            ("report.pdf\u{3000}\u{3000}.html", "report.pdf.html"),
        ] {
            assert_eq!(FileName::cleaned(given).as_str(), clean, "{given:?}");
            assert_eq!(FileName::new(given).is_some(), given == clean, "{given:?}");
        }
    }

    #[test]
    fn a_name_that_is_too_long_keeps_its_ending() {
        let name = FileName::cleaned(&format!("{}.pdf", "ж".repeat(300)));
        assert!(name.as_str().ends_with("ж.pdf"));
        assert!(name.as_str().len() <= FILE_NAME_BYTES_MAX);
    }

    proptest! {
        #[test]
        fn whatever_is_cleaned_is_a_name_and_stays_one(given: String) {
            let name = FileName::cleaned(&given);
            prop_assert_eq!(FileName::new(name.as_str()), Some(name.clone()));
            prop_assert_eq!(FileName::cleaned(name.as_str()), name);
        }
    }
}
