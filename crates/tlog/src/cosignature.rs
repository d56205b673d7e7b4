//! Cosignatures: a witness has seen this checkpoint and none that contradicts it (C2SP tlog-cosignature, v1).

use crate::checkpoint::Checkpoint;
use crate::note::{key_id, signature_line};
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use primitives::{BadSignature, SigningSecret, Time, VerifyingKey};

/// Signature type of a timestamped Ed25519 cosignature.
const COSIGNATURE: u8 = 0x04;
const MS_PER_S: u64 = 1000;

/// A witness's cosignature of a checkpoint, with the witness's own clock in whole seconds.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Cosignature {
    /// When, by the witness's clock; a whole second.
    #[n(0)]
    pub time: Time,
    /// The witness's key.
    #[n(1)]
    pub key: VerifyingKey,
    /// Ed25519 over `cosignature/v1\ntime <seconds>\n<checkpoint body>`.
    #[n(2)]
    pub signature: ByteArray<64>,
}

impl Cosignature {
    /// Cosigns; `now` is cut to the whole second.
    #[must_use]
    pub fn sign(checkpoint: &Checkpoint, now: Time, key: &SigningSecret) -> Self {
        let time_s = now.0.checked_div(MS_PER_S).unwrap_or(0);
        let signature = key.sign_raw(message(checkpoint, time_s).as_bytes());
        Self {
            time: Time(time_s.saturating_mul(MS_PER_S)),
            key: key.verifying_key(),
            signature: ByteArray::from(signature),
        }
    }

    /// Verifies (LOG-10) that [`Cosignature::key`] cosigned `checkpoint` at [`Cosignature::time`]. Whether that key is
    /// a witness is the caller's to know.
    ///
    /// # Errors
    /// [`BadSignature`].
    pub fn verify(&self, checkpoint: &Checkpoint) -> Result<(), BadSignature> {
        if !self.time.0.is_multiple_of(MS_PER_S) {
            return Err(BadSignature);
        }
        let time_s = self.time.0.checked_div(MS_PER_S).unwrap_or(0);
        self.key
            .verify_raw(message(checkpoint, time_s).as_bytes(), &self.signature)
    }

    /// The signature line for a note, under the witness's key name (no space, no plus sign).
    #[must_use]
    pub fn line(&self, name: &str) -> String {
        let mut bytes = self
            .time
            .0
            .checked_div(MS_PER_S)
            .unwrap_or(0)
            .to_be_bytes()
            .to_vec();
        bytes.extend_from_slice(self.signature.as_slice());
        signature_line(name, key_id(name, COSIGNATURE, self.key.as_bytes()), &bytes)
    }
}

fn message(checkpoint: &Checkpoint, time_s: u64) -> String {
    format!("cosignature/v1\ntime {time_s}\n{}", checkpoint.body())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Origin;
    use primitives::{Hash, LogId, RelayId, Secret};

    #[test]
    fn log_10_rejects_another_time_or_checkpoint() {
        let origin = Origin {
            relay: RelayId::new([1; 32]),
            log: LogId::new([2; 32]),
        };
        let checkpoint = Checkpoint {
            origin,
            size: 5,
            root: Hash::new([6; 32]),
        };
        let key = SigningSecret::from_seed(&Secret::take(&mut [4; 32]));
        let cosignature = Cosignature::sign(&checkpoint, Time(1_700_000_000_999), &key);
        assert_eq!(cosignature.time, Time(1_700_000_000_000));
        assert_eq!(cosignature.verify(&checkpoint), Ok(()));
        let later = Cosignature {
            time: Time(1_700_000_001_000),
            ..cosignature.clone()
        };
        assert_eq!(later.verify(&checkpoint), Err(BadSignature));
        let finer = Cosignature {
            time: Time(1_700_000_000_001),
            ..cosignature.clone()
        };
        assert_eq!(finer.verify(&checkpoint), Err(BadSignature));
        assert_eq!(
            cosignature.verify(&Checkpoint {
                size: 6,
                ..checkpoint
            }),
            Err(BadSignature)
        );
    }
}
