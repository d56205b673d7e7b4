//! Checkpoints: the relay's signed word on how long a log is and what it holds (C2SP tlog-checkpoint).
//!
//! ```text
//! veche-relay/<relay id, hex>/<log id, hex>      origin, which is also the key name
//! 20                                             size, decimal
//! <base64 of the 32-byte root>
//!                                                empty line
//! — <key name> <base64 of (4-byte key id || 64-byte Ed25519 signature)>
//! ```

use crate::note::{self, key_id};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use core::fmt;
use minicbor::{Decode, Encode};
use primitives::{Hash, LogId, RelayId, SigningSecret, VerifyingKey};

/// The longest text of a signed checkpoint, in bytes.
const TEXT_BYTES_MAX: usize = 1024;
const ORIGIN_PREFIX: &str = "veche-relay";
/// Signature type of a plain Ed25519 note signature.
const ED25519: u8 = 0x01;

/// Which log of which relay a checkpoint is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(array)]
pub struct Origin {
    /// The relay that keeps the log.
    #[n(0)]
    pub relay: RelayId,
    /// The log.
    #[n(1)]
    pub log: LogId,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ORIGIN_PREFIX}/{}/{}", self.relay, self.log)
    }
}

impl core::str::FromStr for Origin {
    type Err = BadCheckpoint;

    fn from_str(text: &str) -> Result<Self, BadCheckpoint> {
        let mut parts = text.split('/');
        let (prefix, relay, log) = (parts.next(), parts.next(), parts.next());
        match (prefix, relay, log, parts.next()) {
            (Some(ORIGIN_PREFIX), Some(relay), Some(log), None) => Ok(Self {
                relay: relay.parse().map_err(|_| BadCheckpoint::Malformed)?,
                log: log.parse().map_err(|_| BadCheckpoint::Malformed)?,
            }),
            _ => Err(BadCheckpoint::Malformed),
        }
    }
}

/// Size and root of a log at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(array)]
pub struct Checkpoint {
    /// Which log.
    #[n(0)]
    pub origin: Origin,
    /// How many entries.
    #[n(1)]
    pub size: u64,
    /// Root of the tree over them.
    #[n(2)]
    pub root: Hash,
}

impl Checkpoint {
    /// The text that relay and witnesses sign, with its final line feed.
    #[must_use]
    pub fn body(&self) -> String {
        format!(
            "{}\n{}\n{}\n",
            self.origin,
            self.size,
            STANDARD.encode(self.root.as_bytes())
        )
    }

    /// Signs with the relay's checkpoint key.
    #[must_use]
    pub fn sign(&self, key: &SigningSecret) -> SignedCheckpoint {
        let body = self.body();
        let name = self.origin.to_string();
        let id = key_id(&name, ED25519, key.verifying_key().as_bytes());
        let line = note::signature_line(&name, id, &key.sign_raw(body.as_bytes()));
        SignedCheckpoint(format!("{body}\n{line}"))
    }

    fn parse_body(body: &str) -> Result<Self, BadCheckpoint> {
        let mut lines = body.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(BadCheckpoint::Malformed);
        };
        let root = STANDARD.decode(root).map_err(|_| BadCheckpoint::Malformed)?;
        let checkpoint = Self {
            origin: origin.parse()?,
            size: size.parse().map_err(|_| BadCheckpoint::Malformed)?,
            root: Hash::new(root.try_into().map_err(|_| BadCheckpoint::Malformed)?),
        };
        // One text for one checkpoint: no leading zeros, no extension lines.
        if checkpoint.body() == body {
            Ok(checkpoint)
        } else {
            Err(BadCheckpoint::Malformed)
        }
    }
}

/// The key by which a relay signs checkpoints, with the relay that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(array)]
pub struct CheckpointKey {
    /// The relay.
    #[n(0)]
    pub relay: RelayId,
    /// Its key; certified by the relay's identity key.
    #[n(1)]
    pub key: VerifyingKey,
}

/// A checkpoint as a C2SP signed note. Nothing in it is believed before [`SignedCheckpoint::open`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct SignedCheckpoint(#[n(0)] String);

impl SignedCheckpoint {
    /// Takes a received text; it is checked when it is opened.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The note's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Verifies the relay's signature (LOG-01) and gives the checkpoint out. Signatures by other keys are ignored.
    ///
    /// # Errors
    /// [`BadCheckpoint`].
    pub fn open(&self, key: &CheckpointKey) -> Result<Checkpoint, BadCheckpoint> {
        let (body, signatures) = self.split()?;
        let checkpoint = Checkpoint::parse_body(body)?;
        if checkpoint.origin.relay != key.relay {
            return Err(BadCheckpoint::WrongRelay);
        }
        let name = checkpoint.origin.to_string();
        let id = key_id(&name, ED25519, key.key.as_bytes());
        for line in signatures.split_terminator('\n') {
            let Some(signature) = note::signature_by::<64>(line, &name, id) else {
                continue;
            };
            return match key.key.verify_raw(body.as_bytes(), &signature) {
                Ok(()) => Ok(checkpoint),
                Err(_) => Err(BadCheckpoint::Signature),
            };
        }
        Err(BadCheckpoint::Signature)
    }

    /// The same, signed by another key of the relay too: who knows only that one goes on.
    #[must_use]
    pub fn also_signed(mut self, checkpoint: &Checkpoint, key: &SigningSecret) -> Self {
        let more = checkpoint.sign(key);
        if let Some((_, line)) = more.0.split_once("\n\n") {
            self.0.push_str(line);
        }
        self
    }

    /// What the checkpoint says, *without* checking who says it: to find out whose key to check it with, no more.
    ///
    /// # Errors
    /// [`BadCheckpoint::Malformed`].
    pub fn peek(&self) -> Result<Checkpoint, BadCheckpoint> {
        Checkpoint::parse_body(self.split()?.0)
    }

    fn split(&self) -> Result<(&str, &str), BadCheckpoint> {
        if self.0.len() > TEXT_BYTES_MAX {
            return Err(BadCheckpoint::Malformed);
        }
        note::split(&self.0).ok_or(BadCheckpoint::Malformed)
    }
}

/// Why a signed checkpoint was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadCheckpoint {
    /// Not a signed note whose text is a checkpoint in its one form.
    #[error("not a signed checkpoint")]
    Malformed,
    /// About a log of another relay.
    #[error("LOG-01: a checkpoint of another relay")]
    WrongRelay,
    /// Not signed by the relay's checkpoint key.
    #[error("LOG-01: the checkpoint is not signed by the relay's checkpoint key")]
    Signature,
}

#[cfg(test)]
mod tests {
    use super::*;
    use primitives::{Secret, decode_canonical, encode};

    fn key() -> SigningSecret {
        SigningSecret::from_seed(&Secret::take(&mut [3; 32]))
    }

    fn checkpoint() -> Checkpoint {
        let origin = Origin {
            relay: RelayId::new([1; 32]),
            log: LogId::new([2; 32]),
        };
        Checkpoint {
            origin,
            size: 20,
            root: Hash::new([9; 32]),
        }
    }

    fn checkpoint_key() -> CheckpointKey {
        CheckpointKey {
            relay: RelayId::new([1; 32]),
            key: key().verifying_key(),
        }
    }

    #[test]
    fn opens_what_was_signed() {
        let signed = checkpoint().sign(&key());
        let again: SignedCheckpoint = decode_canonical(&encode(&signed)).unwrap();
        assert_eq!(again.open(&checkpoint_key()), Ok(checkpoint()));
        assert_eq!(again.peek(), Ok(checkpoint()));
    }

    #[test]
    fn log_01_rejects_a_changed_size_root_or_key() {
        let text = checkpoint().sign(&key()).as_str().to_owned();
        let other_size = SignedCheckpoint::new(text.replace("\n20\n", "\n21\n"));
        assert_eq!(other_size.open(&checkpoint_key()), Err(BadCheckpoint::Signature));
        let other_key = CheckpointKey {
            key: VerifyingKey::new([7; 32]),
            ..checkpoint_key()
        };
        assert_eq!(
            SignedCheckpoint::new(text.clone()).open(&other_key),
            Err(BadCheckpoint::Signature)
        );
        let other_relay = CheckpointKey {
            relay: RelayId::new([8; 32]),
            ..checkpoint_key()
        };
        assert_eq!(
            SignedCheckpoint::new(text).open(&other_relay),
            Err(BadCheckpoint::WrongRelay)
        );
    }

    #[test]
    fn rejects_every_other_text_of_the_same_checkpoint() {
        let text = checkpoint().sign(&key()).as_str().to_owned();
        for (from, to) in [
            ("\n20\n", "\n020\n"),
            ("\n20\n", "\n+20\n"),
            ("\n\n", "\nmore\n\n"),
            ("veche-relay", "x"),
        ] {
            let changed = SignedCheckpoint::new(text.replacen(from, to, 1));
            assert_eq!(
                changed.open(&checkpoint_key()),
                Err(BadCheckpoint::Malformed),
                "{from} -> {to}"
            );
        }
        for at in (0..text.len()).filter(|at| text.is_char_boundary(*at)) {
            assert!(
                SignedCheckpoint::new(text[..at].to_owned())
                    .open(&checkpoint_key())
                    .is_err()
            );
        }
    }

    #[test]
    fn opens_with_either_of_two_keys_that_have_signed() {
        let old = SigningSecret::from_seed(&Secret::take(&mut [4; 32]));
        let both = checkpoint().sign(&key()).also_signed(&checkpoint(), &old);
        let by = |key: &SigningSecret| CheckpointKey {
            key: key.verifying_key(),
            ..checkpoint_key()
        };
        assert_eq!(both.open(&by(&key())), Ok(checkpoint()));
        assert_eq!(both.open(&by(&old)), Ok(checkpoint()));
        let neither = SigningSecret::from_seed(&Secret::take(&mut [5; 32]));
        assert_eq!(both.open(&by(&neither)), Err(BadCheckpoint::Signature));
    }

    #[test]
    fn ignores_signatures_by_others() {
        let text = checkpoint().sign(&key()).as_str().to_owned();
        let line = note::signature_line("somebody.example", [1, 2, 3, 4], &[5; 72]);
        let (body, signature) = text.split_once("\n\n").unwrap();
        let both = SignedCheckpoint::new(format!("{body}\n\n{line}{signature}"));
        assert_eq!(both.open(&checkpoint_key()), Ok(checkpoint()));
    }
}
