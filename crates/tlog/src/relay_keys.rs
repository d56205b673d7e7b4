//! A relay's keys, as its identity key certifies them.
//!
//! ```text
//! relay id  = SHA-256( CBOR("veche/v1/relay/id") || identity key )
//! RelayKeys = [ identity: bytes 32, checkpoint_key: bytes 32, issued: ms ]
//! ```
//!
//! The relay gives them out over its interface, and the statement that founds an assembly holds them: one form.

use crate::checkpoint::CheckpointKey;
use minicbor::{Decode, Encode};
use primitives::canonical::hash_bytes;
use primitives::signed::{SignedError, Unverified};
use primitives::{BadSignature, RelayId, Signed, SigningSecret, Time, VerifyingKey, labels};

/// The relay whose identity key this is.
#[must_use]
pub fn relay_id(identity: &VerifyingKey) -> RelayId {
    hash_bytes(labels::RELAY_ID, identity.as_bytes()).into()
}

/// The keys of a relay; signed by its identity key under `labels::RELAY_KEYS`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RelayKeys {
    /// The identity key; its hash is the relay's id.
    #[n(0)]
    pub identity: VerifyingKey,
    /// Signs checkpoints.
    #[n(1)]
    pub checkpoint_key: VerifyingKey,
    /// When this was issued, by the relay's clock.
    #[n(2)]
    pub issued: Time,
}

impl RelayKeys {
    /// Certifies the keys.
    #[must_use]
    pub fn sign(identity: &SigningSecret, checkpoint_key: VerifyingKey, issued: Time) -> Unverified {
        let keys = Self {
            identity: identity.verifying_key(),
            checkpoint_key,
            issued,
        };
        Signed::sign(labels::RELAY_KEYS, keys, identity)
            .unverified()
            .clone()
    }

    /// Verifies that these are the keys of `relay`.
    ///
    /// # Errors
    /// [`SignedError`]; also when they are the keys of another relay.
    pub fn verify(signed: Unverified, relay: RelayId) -> Result<Self, SignedError> {
        let identity = signed.peek::<Self>()?.identity;
        if relay_id(&identity) != relay {
            return Err(BadSignature.into());
        }
        Ok(signed.verify::<Self>(labels::RELAY_KEYS, &identity)?.into_value())
    }

    /// The key that opens this relay's checkpoints.
    #[must_use]
    pub fn checkpoint_key(&self) -> CheckpointKey {
        CheckpointKey {
            relay: relay_id(&self.identity),
            key: self.checkpoint_key,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER;
    use primitives::{Secret, encode};

    /// Made by another implementation of CBOR, SHA-256 and Ed25519 (Python's `cryptography`).
    const BYTES: &str = "8358208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c\
                         5820020202020202020202020202020202020202020202020202020202020202020205";
    const SIGNATURE: &str = "0b8d1923bf251593247816057dc85cc52055dcd475f459270f01097cbd9354bf\
                             37ff3ec2f87e4ec1d9964135d819f8cd33d870b407bb8d86362538fed4de1005";
    const RELAY: &str = "23a90e84263cac7f36639357972bb9acc92274c7b194f6a798ce3f09f2dab0d3";

    fn identity() -> SigningSecret {
        SigningSecret::from_seed(&Secret::take(&mut [1; 32]))
    }

    fn signed() -> Unverified {
        RelayKeys::sign(&identity(), VerifyingKey::new([2; 32]), Time(5))
    }

    #[test]
    fn the_bytes_and_the_signature_are_those_of_the_specification() {
        let signed = signed();
        assert_eq!(HEXLOWER.encode(signed.bytes()), BYTES);
        let whole = [&[0x82, 0x58, 0x46], signed.bytes(), &[0x58, 0x40]].concat();
        let whole = HEXLOWER.encode(&whole) + SIGNATURE;
        assert_eq!(HEXLOWER.encode(&encode(&signed)), whole);
        assert_eq!(relay_id(&identity().verifying_key()).to_string(), RELAY);
    }

    #[test]
    fn rejects_the_keys_of_another_relay() {
        let relay = relay_id(&identity().verifying_key());
        let keys = RelayKeys::verify(signed(), relay).unwrap();
        assert_eq!(keys.checkpoint_key().relay, relay);
        assert!(RelayKeys::verify(signed(), RelayId::new([0; 32])).is_err());
    }

    #[test]
    fn rejects_keys_that_another_identity_signed() {
        let other = SigningSecret::from_seed(&Secret::take(&mut [3; 32]));
        let keys = signed().peek::<RelayKeys>().unwrap();
        let forged = Signed::sign(labels::RELAY_KEYS, keys, &other)
            .unverified()
            .clone();
        assert!(RelayKeys::verify(forged, relay_id(&identity().verifying_key())).is_err());
    }
}
