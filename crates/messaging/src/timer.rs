//! How long messages stay in a conversation whose messages disappear.

use minicbor::decode::{Decoder, Error as DecodeError};
use minicbor::encode::{Encoder, Error as EncodeError, Write};
use minicbor::{Decode, Encode};
use primitives::Time;

/// A span from [`Timer::LEAST_MS`] to [`Timer::GREATEST_MS`], in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timer(u64);

impl Timer {
    /// Ten seconds.
    pub const LEAST_MS: u64 = 10_000;
    /// A leap year.
    pub const GREATEST_MS: u64 = 366 * 24 * 3_600_000;

    /// Takes a span; `None` beyond the limits.
    #[must_use]
    pub fn new(ms: u64) -> Option<Self> {
        (Self::LEAST_MS..=Self::GREATEST_MS)
            .contains(&ms)
            .then_some(Self(ms))
    }

    /// The span.
    #[must_use]
    pub const fn ms(self) -> u64 {
        self.0
    }

    /// When a message is over that the log took at `taken`.
    #[must_use]
    pub fn over(self, taken: Time) -> Time {
        taken.after(self.0)
    }
}

impl<C> Encode<C> for Timer {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        e.u64(self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Timer {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        Self::new(d.u64()?).ok_or_else(|| DecodeError::message("a timer beyond its limits"))
    }
}
