//! The link for a further device of one's own: it brings that device to a log where the first one waits.
//!
//! ```text
//! veche:device/ base64url( canonical CBOR || first 4 bytes of SHA-256(CBOR) )      no padding
//! CBOR = [version, relay, carrier, assembly, assembly name, identity key, secret, expires]
//! ```
//!
//! Whoever holds the link can ask; a person compares the code of who has asked with the one on the device in their hands.

use crate::link::{BadLink, DEVICE, read_link, to_link};
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use primitives::canonical::decode_canonical;
use primitives::{AssemblyId, Secret, Time, VerifyingKey, encode, labels};
use tlog::LogKeys;
use zeroize::Zeroizing;

const VERSION: u8 = 1;

/// What a link for a further device says.
#[derive(Debug)]
pub struct DeviceLink {
    /// The relay's address, as text (`veche-relay://…`).
    pub relay: String,
    /// A proxy to reach it through, as text.
    pub carrier: Option<String>,
    /// The assembly.
    pub assembly: AssemblyId,
    /// Its name; not authenticated until the journal is folded.
    pub assembly_name: String,
    /// The member's identity key: it signs what the first device answers.
    pub identity: VerifyingKey,
    /// The one-time secret; the link's log derives from it.
    pub secret: Secret<32>,
    /// Until when a device may ask, by log time.
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
    identity: VerifyingKey,
    #[n(6)]
    secret: ByteArray<32>,
    #[n(7)]
    expires: Time,
}

impl DeviceLink {
    /// The link.
    #[must_use]
    pub fn link(&self) -> Zeroizing<String> {
        let bytes = Zeroizing::new(encode(&Wire {
            version: VERSION,
            relay: self.relay.clone(),
            carrier: self.carrier.clone(),
            assembly: self.assembly,
            assembly_name: self.assembly_name.clone(),
            identity: self.identity,
            secret: ByteArray::from(*self.secret.expose()),
            expires: self.expires,
        }));
        to_link(DEVICE, bytes)
    }

    /// Reads a link; white space in it is taken out.
    ///
    /// # Errors
    /// [`BadLink`] (MSG-15). Whether it has expired is asked of [`DeviceLink::expired`].
    pub fn parse(text: &str) -> Result<Self, BadLink> {
        let bytes = read_link(DEVICE, VERSION, text)?;
        let mut wire: Wire = decode_canonical(&bytes).map_err(|_| BadLink::Malformed)?;
        Ok(Self {
            relay: wire.relay,
            carrier: wire.carrier,
            assembly: wire.assembly,
            assembly_name: wire.assembly_name,
            identity: wire.identity,
            secret: Secret::take(&mut wire.secret),
            expires: wire.expires,
        })
    }

    /// Whether it no longer holds at `now`.
    #[must_use]
    pub fn expired(&self, now: Time) -> bool {
        now >= self.expires
    }

    /// Keys of the link's log, where the two devices meet; its record is of the private kind.
    #[must_use]
    pub fn log_keys(&self) -> LogKeys {
        LogKeys::derive(&self.secret, labels::DEVICE_LINK, self.assembly.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invitation::Invitation;

    fn link() -> DeviceLink {
        DeviceLink {
            relay: "veche-relay://abc@127.0.0.1:7000".into(),
            carrier: None,
            assembly: AssemblyId::new([1; 32]),
            assembly_name: "Совет".into(),
            identity: VerifyingKey::new([2; 32]),
            secret: Secret::take(&mut [3; 32]),
            expires: Time(1000),
        }
    }

    #[test]
    fn a_device_link_reads_back_even_broken_over_lines() {
        let text = link().link();
        let (head, tail) = text.split_at(60);
        let read = DeviceLink::parse(&format!(" {head}\n {tail}\r\n")).unwrap();
        assert_eq!(*read.link(), *text);
        assert!(!read.expired(Time(999)) && read.expired(Time(1000)));
    }

    #[test]
    fn msg_15_tells_a_device_link_from_an_invitation() {
        let device = link().link();
        assert_eq!(Invitation::parse(&device).unwrap_err(), BadLink::ForADevice);
        let invitation = Invitation {
            relay: String::new(),
            carrier: None,
            assembly: AssemblyId::new([1; 32]),
            assembly_name: String::new(),
            inviter: VerifyingKey::new([2; 32]),
            role: 0,
            secret: Secret::take(&mut [3; 32]),
            expires: Time(1),
        };
        assert_eq!(
            DeviceLink::parse(&invitation.link()).unwrap_err(),
            BadLink::ForAMember
        );
        assert_eq!(
            DeviceLink::parse(&device[..device.len() - 1]).unwrap_err(),
            BadLink::Mangled
        );
    }
}
