//! Carriers: what lies between this device and the relay.

use crate::error::TransportError;
use core::fmt;
use core::str::FromStr;
use getrandom::SysRng;
use primitives::canonical::sha256;
use rand_core::TryRng as _;
use relay_api::HostPort;

const SOCKS: &str = "socks5://";

/// A way to the relay, as the user or the invitation chooses it: `direct` or `socks5://host:port`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Carrier {
    /// TCP straight to the relay.
    #[default]
    Direct,
    /// Through a SOCKS5 proxy (RFC 1928): a local Tor, or any tool that offers SOCKS. Names are resolved by it.
    Socks5(HostPort),
}

/// A text that is no carrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a carrier is \"direct\" or \"socks5://host:port\"")]
pub struct BadCarrier;

impl fmt::Display for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct => f.write_str("direct"),
            Self::Socks5(proxy) => write!(f, "{SOCKS}{proxy}"),
        }
    }
}

impl FromStr for Carrier {
    type Err = BadCarrier;

    fn from_str(text: &str) -> Result<Self, BadCarrier> {
        match text.trim() {
            "direct" => Ok(Self::Direct),
            other => {
                let proxy = other.strip_prefix(SOCKS).ok_or(BadCarrier)?;
                proxy.parse().map(Self::Socks5).map_err(|_| BadCarrier)
            }
        }
    }
}

/// What keeps streams apart inside a proxy: a SOCKS username (RFC 1929). Tor builds another circuit for every other
/// username. It says nothing about what the stream carries.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Circuit(String);

impl Circuit {
    /// A circuit that nothing else uses.
    ///
    /// # Errors
    /// [`TransportError::Unreachable`] if the system has no randomness.
    pub fn fresh() -> Result<Self, TransportError> {
        let mut bytes = [0; 32];
        let drawn = SysRng.try_fill_bytes(&mut bytes);
        drawn
            .map(|()| Self::named(&bytes))
            .map_err(|error| TransportError::Unreachable {
                at: "the system's random generator".into(),
                reason: error.to_string(),
            })
    }

    /// The circuit of `name`, the same for the same bytes.
    #[must_use]
    pub fn named(name: &[u8]) -> Self {
        Self(sha256(name).to_string())
    }

    /// This circuit's branch for `name`.
    #[must_use]
    pub fn branch(&self, name: &[u8]) -> Self {
        Self::named(&[self.0.as_bytes(), name].concat())
    }

    /// The username.
    pub(crate) fn username(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_carrier_reads_what_it_writes() {
        for text in [
            "direct",
            "socks5://127.0.0.1:9050",
            "socks5://[::1]:9050",
            "socks5://proxy.lan:1080",
        ] {
            assert_eq!(text.parse::<Carrier>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "http://x:1",
            "socks5://x",
            "socks5://x:0",
            "socks5://x:1/path",
            "directly",
        ] {
            assert_eq!(text.parse::<Carrier>(), Err(BadCarrier));
        }
    }

    #[test]
    fn circuits_differ_by_name_and_branch() {
        let circuit = Circuit::named(b"a");
        assert_eq!(circuit, Circuit::named(b"a"));
        assert_ne!(circuit, Circuit::named(b"b"));
        assert_ne!(circuit.branch(b"x"), circuit.branch(b"y"));
        assert_ne!(Circuit::fresh().unwrap(), Circuit::fresh().unwrap());
        assert!(circuit.username().len() <= 255);
    }
}
