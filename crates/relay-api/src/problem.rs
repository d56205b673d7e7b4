//! Problems: why a relay did not do what it was asked (RFC 9457, a closed list, in CBOR).

use core::fmt;
use minicbor::{Decode, Encode};

/// A problem. Whatever was asked has not happened, and the relay's state is what it was.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, thiserror::Error)]
#[cbor(array)]
#[error("{kind}: {detail}")]
pub struct Problem {
    /// Which of the closed list.
    #[n(0)]
    pub kind: ProblemKind,
    /// One sentence for a person; never anything that tells unknown from forbidden.
    #[n(1)]
    pub detail: String,
    /// When trying again may help, in milliseconds from now.
    #[n(2)]
    pub retry_ms: Option<u64>,
}

impl Problem {
    /// A problem with its title as detail.
    #[must_use]
    pub fn new(kind: ProblemKind) -> Self {
        Self {
            kind,
            detail: kind.title().to_owned(),
            retry_ms: None,
        }
    }

    /// The same problem with its own sentence.
    #[must_use]
    pub fn detailed(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            retry_ms: None,
        }
    }

    /// The same problem with a time after which to try again.
    #[must_use]
    pub fn retry_after(self, retry_ms: u64) -> Self {
        Self {
            retry_ms: Some(retry_ms),
            ..self
        }
    }
}

impl From<ProblemKind> for Problem {
    fn from(kind: ProblemKind) -> Self {
        Self::new(kind)
    }
}

macro_rules! problems {
    ($($(#[$doc:meta])* $index:literal $name:ident $slug:literal $status:literal $title:literal;)*) => {
        /// The closed list of problems.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
        #[cbor(index_only)]
        #[non_exhaustive]
        pub enum ProblemKind {
            $($(#[$doc])* #[n($index)] $name,)*
        }

        impl ProblemKind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The last part of the problem type `urn:veche:problem:<slug>`.
            #[must_use]
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$name => $slug,)* }
            }

            /// The HTTP status that goes with it.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// What it means, in one sentence.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

problems! {
    /// The bytes are not a call, or not this endpoint's.
    0 Malformed "malformed" 400 "The request is not well-formed.";
    /// Larger than the announced limits.
    1 TooLarge "too-large" 413 "The request is larger than this relay allows.";
    /// No such log or blob, or no right to it: the two look the same.
    2 NotFound "not-found" 404 "There is no such thing here, or no right to it.";
    /// No such endpoint or method.
    3 NoSuchEndpoint "no-such-endpoint" 404 "This relay has no such endpoint.";
    /// Creating a log needs the token from the relay's address.
    4 TokenNeeded "token-needed" 401 "Creating a log here needs the token of the relay's address.";
    /// A creation record that makes no sense, or a roll that is not the record's.
    5 BadRecord "bad-record" 422 "The creation record or its roll is not acceptable.";
    /// An entry of a length that the log does not take.
    6 WrongLength "wrong-length" 422 "The entry has a length that this log does not take.";
    /// Too many requests for this log or from this connection.
    7 TooFast "too-fast" 429 "Too many requests: try again later.";
    /// More connections or memory in use than the relay allows itself.
    8 Busy "busy" 503 "The relay is busy: try again later.";
    /// The disk is full; nothing was changed.
    9 InsufficientStorage "insufficient-storage" 507 "The relay's disk is full; nothing was stored.";
    /// The relay's clock jumped; it stamps nothing until its operator has looked.
    10 ClockStopped "clock-stopped" 503 "The relay's clock has jumped; it stamps no entries until it is set right.";
    /// The box does not take ballots yet.
    11 NotOpen "not-open" 409 "The ballot box is not open yet.";
    /// The box takes nothing any more.
    12 Closed "closed" 409 "The ballot box is closed.";
    /// The box cannot be closed yet.
    13 TooEarly "too-early" 409 "The ballot box cannot be closed yet.";
    /// The ballot's proof does not verify.
    14 BallotRefused "ballot-refused" 422 "The ballot's proof does not verify.";
    /// Another ballot with the same link tag is in the box.
    15 TagUsed "tag-used" 409 "Another ballot of the same voter is in the box.";
    /// As many ballots as the roll is long are in the box.
    16 BoxFull "box-full" 409 "The ballot box is full.";
    /// An index, size or offset beyond what there is.
    17 OutOfRange "out-of-range" 416 "There is nothing at that position.";
    /// The store or the relay failed; the operator's log says how.
    18 Internal "internal" 500 "The relay failed; its operator can find out why.";
    /// The relay has lost entries that it signed, or may have: show it the largest checkpoint.
    19 Behind "behind" 503 "The relay was set back to an older state and waits for what it has lost: show it what you hold.";
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.slug())
    }
}
