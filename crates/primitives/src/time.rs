//! Times as the relay stamps them, and spans between them.

use minicbor::{Decode, Encode};

/// Milliseconds since the Unix epoch, UTC. Comes from log entries; the local clock is only ever a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Time(#[n(0)] pub u64);

impl Time {
    /// This time moved `span_ms` milliseconds later; the last representable time if it would overflow.
    #[must_use]
    pub const fn after(self, span_ms: u64) -> Self {
        Self(self.0.saturating_add(span_ms))
    }

    /// This time moved `span_ms` milliseconds earlier; the epoch if it would be before it.
    #[must_use]
    pub const fn before(self, span_ms: u64) -> Self {
        Self(self.0.saturating_sub(span_ms))
    }

    /// Milliseconds from `earlier` to this time; 0 if `earlier` is not earlier.
    #[must_use]
    pub const fn since_ms(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}
