//! A relay's keys, as its identity key certifies them.

use minicbor::{Decode, Encode};
use primitives::canonical::hash_bytes;
use primitives::signed::{SignedError, Unverified};
use primitives::{BadSignature, RelayId, Signed, SigningSecret, Time, VerifyingKey, labels};
use tlog::CheckpointKey;

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
    use primitives::Secret;

    #[test]
    fn rejects_the_keys_of_another_relay() {
        let identity = SigningSecret::from_seed(&Secret::take(&mut [1; 32]));
        let signed = RelayKeys::sign(&identity, VerifyingKey::new([2; 32]), Time(5));
        let relay = relay_id(&identity.verifying_key());
        assert_eq!(
            RelayKeys::verify(signed.clone(), relay)
                .unwrap()
                .checkpoint_key()
                .relay,
            relay
        );
        assert!(RelayKeys::verify(signed, RelayId::new([0; 32])).is_err());
    }
}
