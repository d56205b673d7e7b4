//! The invitation: a link that brings a newcomer to a log of its own, where a sponsor waits.
//!
//! ```text
//! veche:join/ base64url( canonical CBOR || first 4 bytes of SHA-256(CBOR) )      no padding
//! CBOR = [version, relay, carrier, assembly, assembly name, inviter, role, secret, expires]
//! ```
//!
//! The checksum tells a mangled link from a wrong one; it protects nothing. Whoever holds the link can ask to join,
//! once the invitation is not used or expired; the sponsors see who asks.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use primitives::canonical::{decode_canonical, sha256};
use primitives::{AssemblyId, Secret, Time, VerifyingKey, encode, labels};
use tlog::LogKeys;
use zeroize::Zeroizing;

const PREFIX: &str = "veche:join/";
const VERSION: u8 = 1;
const CHECKSUM_LEN: usize = 4;
/// Most characters of a link.
const LINK_CHARS_MAX: usize = 4096;

/// What an invitation says.
#[derive(Debug)]
pub struct Invitation {
    /// The relay's address, as text (`veche-relay://…`).
    pub relay: String,
    /// A proxy to reach it through, as text.
    pub carrier: Option<String>,
    /// The assembly.
    pub assembly: AssemblyId,
    /// Its name, for the newcomer to see; not authenticated until the journal is folded.
    pub assembly_name: String,
    /// Identity key of the one who invites.
    pub inviter: VerifyingKey,
    /// The role that is offered, as the assembly numbers roles.
    pub role: u8,
    /// The one-time secret; the invitation's log derives from it.
    pub secret: Secret<32>,
    /// Until when it holds, by log time.
    pub expires: Time,
}

/// Why a text is not an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadLink {
    /// Not a link of ours at all.
    #[error("this is not an invitation link")]
    NotALink,
    /// Starts like one, but characters are missing or changed.
    #[error("the invitation link is damaged: copy it again, whole")]
    Mangled,
    /// Of a later version.
    #[error("the invitation is of a newer version: update first")]
    Newer,
    /// Whole, but not well-formed inside.
    #[error("the invitation link is malformed")]
    Malformed,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Wire {
    #[n(0)]
    version: u8,
    #[n(1)]
    relay: String,
    #[n(2)]
    carrier: Option<String>,
    #[n(3)]
    assembly: AssemblyId,
    #[n(4)]
    assembly_name: String,
    #[n(5)]
    inviter: VerifyingKey,
    #[n(6)]
    role: u8,
    #[n(7)]
    secret: ByteArray<32>,
    #[n(8)]
    expires: Time,
}

impl Invitation {
    /// The link.
    #[must_use]
    pub fn link(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new(encode(&Wire {
            version: VERSION,
            relay: self.relay.clone(),
            carrier: self.carrier.clone(),
            assembly: self.assembly,
            assembly_name: self.assembly_name.clone(),
            inviter: self.inviter,
            role: self.role,
            secret: ByteArray::from(*self.secret.expose()),
            expires: self.expires,
        }));
        let checksum = checksum(&bytes);
        bytes.extend_from_slice(&checksum);
        Zeroizing::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes.as_slice())))
    }

    /// Reads a link; white space around it and line breaks within (from mail) are taken out.
    ///
    /// # Errors
    /// [`BadLink`] (MSG-15). Whether it has expired is asked of [`Invitation::expired`].
    pub fn parse(text: &str) -> Result<Self, BadLink> {
        if text.len() > LINK_CHARS_MAX {
            return Err(BadLink::NotALink);
        }
        let text: Zeroizing<String> = Zeroizing::new(text.chars().filter(|c| !c.is_whitespace()).collect());
        let body = text.strip_prefix(PREFIX).ok_or(BadLink::NotALink)?;
        let bytes = URL_SAFE_NO_PAD
            .decode(body)
            .map(Zeroizing::new)
            .map_err(|_| BadLink::Mangled)?;
        let (cbor, sum) = bytes.split_last_chunk::<CHECKSUM_LEN>().ok_or(BadLink::Mangled)?;
        if checksum(cbor) != *sum {
            return Err(BadLink::Mangled);
        }
        // An array's first element is its version; a later version may have other elements after it.
        if cbor.get(1).is_none_or(|version| *version != VERSION) {
            return Err(BadLink::Newer);
        }
        let mut wire: Wire = decode_canonical(cbor).map_err(|_| BadLink::Malformed)?;
        Ok(Self {
            relay: wire.relay,
            carrier: wire.carrier,
            assembly: wire.assembly,
            assembly_name: wire.assembly_name,
            inviter: wire.inviter,
            role: wire.role,
            secret: Secret::take(&mut wire.secret),
            expires: wire.expires,
        })
    }

    /// Whether it no longer holds at `now`.
    #[must_use]
    pub fn expired(&self, now: Time) -> bool {
        now >= self.expires
    }

    /// Keys of the invitation's own log, where joiner and sponsor meet; its record is of the private kind.
    #[must_use]
    pub fn log_keys(&self) -> LogKeys {
        LogKeys::derive(&self.secret, labels::INVITATION, self.assembly.as_bytes())
    }
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_LEN] {
    sha256(bytes)
        .as_bytes()
        .first_chunk()
        .copied()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn invitation() -> Invitation {
        Invitation {
            relay: "veche-relay://abc@127.0.0.1:7000".into(),
            carrier: Some("socks5://127.0.0.1:9050".into()),
            assembly: AssemblyId::new([1; 32]),
            assembly_name: "Совет".into(),
            inviter: VerifyingKey::new([2; 32]),
            role: 1,
            secret: Secret::take(&mut [3; 32]),
            expires: Time(1000),
        }
    }

    #[test]
    fn a_link_reads_back_even_broken_over_lines() {
        let link = invitation().link();
        let (head, tail) = link.split_at(60);
        let read = Invitation::parse(&format!("  {head}\r\n {tail}\n")).unwrap();
        assert_eq!(*read.link(), *link);
        assert_eq!(
            read.log_keys().record(tlog::LogKind::Record).id(),
            invitation().log_keys().record(tlog::LogKind::Record).id()
        );
    }

    #[test]
    fn msg_15_tells_a_mangled_link_from_no_link() {
        let link = invitation().link();
        assert_eq!(
            Invitation::parse("https://example.org").unwrap_err(),
            BadLink::NotALink
        );
        assert_eq!(
            Invitation::parse(&link[..link.len() - 1]).unwrap_err(),
            BadLink::Mangled
        );
        assert_eq!(
            Invitation::parse(&link[..PREFIX.len()]).unwrap_err(),
            BadLink::Mangled
        );
        for at in PREFIX.len()..link.len() {
            let mut changed: Vec<char> = link.chars().collect();
            changed[at] = if changed[at] == 'A' { 'B' } else { 'A' };
            let changed: String = changed.into_iter().collect();
            assert_eq!(
                Invitation::parse(&changed).unwrap_err(),
                BadLink::Mangled,
                "at {at}"
            );
        }
    }

    #[test]
    fn msg_15_tells_a_newer_link_and_a_malformed_one() {
        let link = |cbor: &[u8]| {
            format!(
                "{PREFIX}{}",
                URL_SAFE_NO_PAD.encode([cbor, &checksum(cbor)].concat())
            )
        };
        assert_eq!(Invitation::parse(&link(&[0x81, 2])).unwrap_err(), BadLink::Newer);
        assert_eq!(
            Invitation::parse(&link(&[0x81, 1])).unwrap_err(),
            BadLink::Malformed
        );
    }

    #[test]
    fn expires_at_its_time() {
        assert!(!invitation().expired(Time(999)));
        assert!(invitation().expired(Time(1000)));
    }

    #[test]
    fn debug_does_not_print_the_secret() {
        assert!(format!("{:?}", invitation()).contains("Secret(..)"));
    }

    proptest! {
        #[test]
        fn any_text_is_a_typed_error(text: String) {
            prop_assert!(Invitation::parse(&text).is_err());
            let link = format!("{}{}", PREFIX, text);
            prop_assert!(Invitation::parse(&link).is_err());
        }
    }
}
