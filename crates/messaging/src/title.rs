//! The name that a working group goes by.

use minicbor::decode::Error;
use minicbor::{Decode, Decoder, Encode};

/// A working group's name: 1 to [`Title::BYTES_MAX`] bytes without control characters.
#[derive(Debug, Clone, PartialEq, Eq, Encode)]
#[cbor(transparent)]
pub struct Title(#[n(0)] String);

impl Title {
    /// Most bytes of a name.
    pub const BYTES_MAX: usize = 800;

    /// `None` if the name is empty, too long, or has a control character in it.
    #[must_use]
    pub fn new(name: String) -> Option<Self> {
        let fits = (1..=Self::BYTES_MAX).contains(&name.len()) && !name.chars().any(char::is_control);
        fits.then_some(Self(name))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'b, C> Decode<'b, C> for Title {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, Error> {
        let name = decoder.str()?.to_owned();
        Self::new(name).ok_or_else(|| Error::message("no name of a working group"))
    }
}
