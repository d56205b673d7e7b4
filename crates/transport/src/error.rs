//! Why a call did not get its answer.

use relay_api::Problem;

/// Why a call did not get its answer. Whether the relay did what it was asked is known only after
/// [`TransportError::Problem`] (it did not); every call can be repeated without harm.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// Nothing answers there, or the network does not let it through.
    #[error("the relay cannot be reached at {at}: check the network, or use a proxy ({reason})")]
    Unreachable {
        /// Host and port.
        at: String,
        /// What the system said.
        reason: String,
    },
    /// The proxy itself cannot be reached or does not speak SOCKS5.
    #[error("the proxy does not work: check that it runs and that its address is right ({0})")]
    Proxy(String),
    /// The proxy works and says that it cannot or will not connect to the relay.
    #[error("the proxy refused to connect to the relay: {0}")]
    ProxyRefused(&'static str),
    /// Something answers that cannot show the identity key that the address promises: an impostor or an old address.
    #[error("this is not the relay that the address names: the connection was broken off, nothing was sent")]
    WrongRelay,
    /// The relay's TLS certificate is not valid at the time that this device's clock shows.
    #[error("the relay's certificate is not valid at this device's time: check the clock")]
    WrongTime,
    /// What answers does not agree on TLS 1.3 with X25519MLKEM768.
    #[error("what answers there does not speak as a relay does, or the network interferes ({0})")]
    NoHandshake(String),
    /// The connection ended before the answer did.
    #[error("the connection ended before the answer did")]
    Closed,
    /// An answer that is not one of a relay's to this call.
    #[error("the relay's answer makes no sense ({0})")]
    Nonsense(String),
    /// The relay says why it did not do what it was asked.
    #[error("the relay answered: {0}")]
    Problem(Problem),
    /// Nothing happened for too long.
    #[error("no answer in time while {0}")]
    Timeout(&'static str),
}

impl TransportError {
    /// Whether trying the same again later can help without anybody changing anything.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        match self {
            Self::WrongRelay | Self::WrongTime => false,
            Self::Problem(problem) => {
                problem.retry_ms.is_some() || matches!(problem.kind.status(), 429 | 500..)
            }
            _ => true,
        }
    }

    /// After how many milliseconds the relay wants to hear from us again, if it said so.
    #[must_use]
    pub const fn retry_ms(&self) -> Option<u64> {
        match self {
            Self::Problem(problem) => problem.retry_ms,
            _ => None,
        }
    }
}
