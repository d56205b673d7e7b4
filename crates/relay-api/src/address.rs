//! Relay addresses.
//!
//! ```text
//! veche-relay://<relay id, base32>[:token]@host:port[,host:port ...]
//! ```
//! The id is the pin: whoever holds the identity key that hashes to it is the relay, wherever it is reached.

use core::fmt;
use core::str::FromStr;
use data_encoding::{Encoding, Specification};
use primitives::RelayId;

const SCHEME: &str = "veche-relay://";
const HOSTS_MAX: usize = 8;
const TOKEN_BYTES_MAX: usize = 128;
const HOST_BYTES_MAX: usize = 253;

/// Where a relay is and what proves that it is the one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RelayAddress {
    /// Hash of the relay's identity key.
    pub relay: RelayId,
    /// Allows creating logs, if the relay asks for it.
    pub token: Option<CreateToken>,
    /// Where to try, in this order; at least one.
    pub hosts: Vec<HostPort>,
}

/// The token that allows creating logs: 1 to 128 of `A-Z a-z 0-9 - . _ ~`. `Debug` prints no content.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CreateToken(String);

/// One place to connect to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HostPort {
    /// A name, an IPv4 address, an IPv6 address without brackets, or an onion name.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// A text that is no relay address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadAddress {
    /// It does not begin with `veche-relay://`.
    #[error("a relay address begins with veche-relay://")]
    Scheme,
    /// The part before `@` is not a relay's id.
    #[error("the relay address has no valid relay id before the @")]
    Relay,
    /// The token has characters or a length that no token has.
    #[error("the token in the relay address is not one")]
    Token,
    /// The part after `@` is not a list of `host:port`.
    #[error("the relay address has no valid host:port after the @")]
    Host,
}

impl CreateToken {
    /// Takes a text as a token.
    ///
    /// # Errors
    /// [`BadAddress::Token`].
    pub fn new(text: &str) -> Result<Self, BadAddress> {
        let fits = (1..=TOKEN_BYTES_MAX).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadAddress::Token)
        }
    }

    /// The token's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CreateToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CreateToken(..)")
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl FromStr for HostPort {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let (host, port) = text.rsplit_once(':').ok_or(BadAddress::Host)?;
        let port: u16 = port.parse().map_err(|_| BadAddress::Host)?;
        let bracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let fits = match bracketed {
            Some(v6) => v6.parse::<core::net::Ipv6Addr>().is_ok(),
            None => {
                (1..=HOST_BYTES_MAX).contains(&host.len())
                    && host
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
            }
        };
        if !fits || port == 0 {
            return Err(BadAddress::Host);
        }
        Ok(Self {
            host: bracketed.unwrap_or(host).to_owned(),
            port,
        })
    }
}

impl fmt::Display for RelayAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = base32().map_err(|_| fmt::Error)?.encode(self.relay.as_bytes());
        write!(f, "{SCHEME}{id}")?;
        if let Some(token) = &self.token {
            write!(f, ":{}", token.as_str())?;
        }
        for (i, host) in self.hosts.iter().enumerate() {
            write!(f, "{}{host}", if i == 0 { "@" } else { "," })?;
        }
        Ok(())
    }
}

impl FromStr for RelayAddress {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let rest = text.trim().strip_prefix(SCHEME).ok_or(BadAddress::Scheme)?;
        let (who, places) = rest.split_once('@').ok_or(BadAddress::Host)?;
        let (id, token) = match who.split_once(':') {
            Some((id, token)) => (id, Some(CreateToken::new(token)?)),
            None => (who, None),
        };
        let id = base32()?.decode(id.as_bytes()).map_err(|_| BadAddress::Relay)?;
        let relay = RelayId::new(id.try_into().map_err(|_| BadAddress::Relay)?);
        let hosts = places.split(',').map(str::parse).collect::<Result<Vec<_>, _>>()?;
        if hosts.len() > HOSTS_MAX {
            return Err(BadAddress::Host);
        }
        Ok(Self { relay, token, hosts })
    }
}

/// RFC 4648 base32 in lower case, without padding; both cases are read.
fn base32() -> Result<Encoding, BadAddress> {
    let mut specification = Specification::new();
    specification.symbols.push_str("abcdefghijklmnopqrstuvwxyz234567");
    specification
        .translate
        .from
        .push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    specification.translate.to.push_str("abcdefghijklmnopqrstuvwxyz");
    specification.encoding().map_err(|_| BadAddress::Relay)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_every_kind_of_host() {
        let id = "a".repeat(52);
        for hosts in ["127.0.0.1:7000", "relay.example:1,[::1]:2,xyz.onion:80"] {
            for token in ["", ":tok-1"] {
                let text = format!("veche-relay://{id}{token}@{hosts}");
                let address: RelayAddress = text.parse().unwrap();
                assert_eq!(address.to_string(), text);
                assert_eq!(address.token.is_some(), !token.is_empty());
            }
        }
    }

    #[test]
    fn says_what_is_wrong_with_an_address() {
        let id = "a".repeat(52);
        for (text, error) in [
            (format!("https://{id}@h:1"), BadAddress::Scheme),
            (format!("veche-relay://{id}a@h:1"), BadAddress::Relay),
            (format!("veche-relay://{id}:@h:1"), BadAddress::Token),
            (format!("veche-relay://{id}"), BadAddress::Host),
            (format!("veche-relay://{id}@h"), BadAddress::Host),
            (format!("veche-relay://{id}@h:0"), BadAddress::Host),
            (format!("veche-relay://{id}@h:1,"), BadAddress::Host),
        ] {
            assert_eq!(text.parse::<RelayAddress>(), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_parses_to_itself(id: [u8; 32], port in 1u16..) {
            let hosts = vec![HostPort { host: "relay.example".into(), port }];
            let address = RelayAddress { relay: RelayId::new(id), token: None, hosts };
            prop_assert_eq!(address.to_string().parse::<RelayAddress>().unwrap(), address.clone());
            prop_assert_eq!(address.to_string().to_uppercase().replace("VECHE-RELAY", "veche-relay")
                .parse::<RelayAddress>().unwrap().relay, address.relay);
        }

        #[test]
        fn no_text_makes_it_panic(text: String) {
            let _ = format!("veche-relay://{text}").parse::<RelayAddress>();
        }
    }
}
