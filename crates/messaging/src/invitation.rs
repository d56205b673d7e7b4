//! The invitation: a link that brings a newcomer to a log of its own, where a sponsor waits.
//!
//! ```text
//! veche:join/ base64url( canonical CBOR || first 4 bytes of SHA-256(CBOR) )      no padding
//! CBOR = [version, relay, carrier, assembly, assembly name, inviter, role, secret, expires]
//! ```
//!
//! The checksum tells a mangled link from a wrong one; it protects nothing. Whoever holds the link can ask to join,
//! once the invitation is not used or expired; the sponsors see who asks.

use crate::link::{BadLink, INVITATION, read_link, to_link};
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use primitives::canonical::decode_canonical;
use primitives::{AssemblyId, Secret, Time, VerifyingKey, encode, labels};
use tlog::LogKeys;
use zeroize::Zeroizing;

const VERSION: u8 = 1;

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
        let bytes = Zeroizing::new(encode(&Wire {
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
        to_link(INVITATION, bytes)
    }

    /// Reads a link; white space around it and line breaks within (from mail) are taken out.
    ///
    /// # Errors
    /// [`BadLink`] (MSG-15). Whether it has expired is asked of [`Invitation::expired`].
    pub fn parse(text: &str) -> Result<Self, BadLink> {
        let bytes = read_link(INVITATION, VERSION, text)?;
        let mut wire: Wire = decode_canonical(&bytes).map_err(|_| BadLink::Malformed)?;
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
            Invitation::parse(&link[..INVITATION.len()]).unwrap_err(),
            BadLink::Mangled
        );
        for at in INVITATION.len()..link.len() {
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
        let link = |cbor: &[u8]| to_link(INVITATION, Zeroizing::new(cbor.to_vec()));
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
            let link = format!("{}{}", INVITATION, text);
            prop_assert!(Invitation::parse(&link).is_err());
        }
    }
}
