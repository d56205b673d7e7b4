//! Cosignatures: a witness has seen this checkpoint and none that contradicts it (C2SP tlog-cosignature, v1).

use crate::checkpoint::Checkpoint;
use crate::cosigning::{CosigningKey, CosigningSecret, CosigningSignature};
use crate::note::{key_id, signature_line};
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use primitives::{BadSignature, SigningSecret, Time, VerifyingKey};

/// Signature type of a timestamped Ed25519 cosignature.
const COSIGNATURE: u8 = 0x04;
/// Signature type of a timestamped ML-DSA-44 cosignature.
const COSIGNATURE_ML_DSA: u8 = 0x06;
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
    /// ML-DSA-44 over C2SP's `cosigned_message`, by the device's cosigning key; absent where the witness saves the room.
    #[n(3)]
    pub second: Option<Box<CosigningSignature>>,
}

impl Cosignature {
    /// Cosigns; `now` is cut to the whole second.
    #[must_use]
    pub fn sign(checkpoint: &Checkpoint, now: Time, device: &SigningSecret) -> Self {
        let time_s = now.0.checked_div(MS_PER_S).unwrap_or(0);
        let signature = device.sign_raw(message(checkpoint, time_s).as_bytes());
        Self {
            time: Time(time_s.saturating_mul(MS_PER_S)),
            key: device.verifying_key(),
            signature: ByteArray::from(signature),
            second: None,
        }
    }

    /// Cosigns with both keys of a device.
    #[must_use]
    pub fn sign_twice(checkpoint: &Checkpoint, now: Time, device: &SigningSecret) -> Self {
        let first = Self::sign(checkpoint, now, device);
        let second = CosigningSecret::of(device).sign(&first.second_message(checkpoint));
        Self {
            second: Some(second),
            ..first
        }
    }

    /// Verifies (LOG-10) that [`Cosignature::key`] cosigned `checkpoint` at [`Cosignature::time`]. Whether that key is
    /// a witness's is the caller's to know. The second signature is not looked at.
    ///
    /// # Errors
    /// [`BadSignature`].
    pub fn verify(&self, checkpoint: &Checkpoint) -> Result<(), BadSignature> {
        if !self.time.0.is_multiple_of(MS_PER_S) {
            return Err(BadSignature);
        }
        self.key
            .verify_raw(message(checkpoint, self.time_s()).as_bytes(), &self.signature)
    }

    /// Verifies the second signature (LOG-13).
    ///
    /// - `announced`: the cosigning key of the device.
    ///
    /// # Errors
    /// [`BadSignature`], also if there is none.
    pub fn verify_second(
        &self,
        checkpoint: &Checkpoint,
        announced: &CosigningKey,
    ) -> Result<(), BadSignature> {
        let second = self.second.as_deref().ok_or(BadSignature)?;
        announced.verify(&self.second_message(checkpoint), second)
    }

    /// The signature lines for a note, under the witness's key name.
    ///
    /// - `announced`: the cosigning key of the device, for the second line.
    #[must_use]
    pub fn lines(&self, announced: Option<&CosigningKey>) -> String {
        let name = name_of(&self.key);
        let line = |kind: u8, key: &[u8], signature: &[u8]| {
            let stamped = [self.time_s().to_be_bytes().as_slice(), signature].concat();
            signature_line(&name, key_id(&name, kind, key), &stamped)
        };
        let mut lines = line(COSIGNATURE, self.key.as_bytes(), self.signature.as_slice());
        if let (Some(key), Some(second)) = (announced, &self.second) {
            lines.push_str(&line(COSIGNATURE_ML_DSA, key.as_bytes(), second.as_slice()));
        }
        lines
    }

    /// C2SP's `cosigned_message`; name and origin have less than 256 bytes.
    fn second_message(&self, checkpoint: &Checkpoint) -> Vec<u8> {
        let text = |text: String| [&[u8::try_from(text.len()).unwrap_or(u8::MAX)], text.as_bytes()].concat();
        [
            b"subtree/v1\n\0".as_slice(),
            &text(name_of(&self.key)),
            &self.time_s().to_be_bytes(),
            &text(checkpoint.origin.to_string()),
            &0u64.to_be_bytes(),
            &checkpoint.size.to_be_bytes(),
            checkpoint.root.as_bytes(),
        ]
        .concat()
    }

    fn time_s(&self) -> u64 {
        self.time.0.checked_div(MS_PER_S).unwrap_or(0)
    }
}

/// A witness's name in notes.
fn name_of(key: &VerifyingKey) -> String {
    format!("veche-witness/{key}")
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

    #[test]
    fn log_13_a_second_signature_is_of_this_device_time_and_checkpoint() {
        let checkpoint = Checkpoint {
            origin: Origin {
                relay: RelayId::new([1; 32]),
                log: LogId::new([2; 32]),
            },
            size: 5,
            root: Hash::new([6; 32]),
        };
        let device = |seed| SigningSecret::from_seed(&Secret::take(&mut [seed; 32]));
        let announced = CosigningSecret::of(&device(4)).key();
        let cosignature = Cosignature::sign_twice(&checkpoint, Time(1_700_000_000_999), &device(4));
        assert_eq!(cosignature.verify(&checkpoint), Ok(()));
        assert_eq!(cosignature.verify_second(&checkpoint, &announced), Ok(()));
        assert_eq!(cosignature.lines(Some(&announced)).lines().count(), 2);
        let others = [
            Cosignature::sign(&checkpoint, Time(1_700_000_000_999), &device(4)),
            Cosignature {
                time: Time(1_700_000_001_000),
                ..cosignature.clone()
            },
            Cosignature {
                key: device(5).verifying_key(),
                ..cosignature.clone()
            },
        ];
        for other in others {
            assert_eq!(other.verify_second(&checkpoint, &announced), Err(BadSignature));
        }
        let larger = Checkpoint {
            size: 6,
            ..checkpoint
        };
        assert_eq!(cosignature.verify_second(&larger, &announced), Err(BadSignature));
        let foreign = CosigningSecret::of(&device(5)).key();
        assert_eq!(
            cosignature.verify_second(&checkpoint, &foreign),
            Err(BadSignature)
        );
    }
}
