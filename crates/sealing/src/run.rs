//! One run of the key generation: its parameters, and the one secret from which a trustee's part follows.

use crate::kdf;
use core::fmt;
use frost_ristretto255::Identifier;
use frost_ristretto255::keys::dkg;
use frost_ristretto255::rand_core as rand_core_06;
use minicbor::{Decode, Encode};
use primitives::{AssemblyId, SeatNumber, Secret, encode, labels};
use rand_core::CryptoRng;
use sha2::{Digest, Sha512};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::{Zeroize, Zeroizing};

/// Least threshold: one trustee alone never opens anything.
pub const THRESHOLD_MIN: u16 = 2;
/// Greatest threshold.
pub const THRESHOLD_MAX: u16 = 64;
/// Most keys that one run makes.
pub const KEYS_MAX: u16 = 64;

/// A third of the trustees, rounded up; at least 3 where there are 5 or more, else 2.
#[must_use]
pub fn default_threshold(trustees: usize) -> u16 {
    let least = if trustees >= 5 { 3 } else { THRESHOLD_MIN };
    u16::try_from(trustees.div_ceil(3))
        .unwrap_or(THRESHOLD_MAX)
        .clamp(least, THRESHOLD_MAX)
}

/// What every participant of a run must agree on beforehand; the journal fixes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Run {
    /// The assembly.
    #[n(0)]
    pub assembly: AssemblyId,
    /// The run's number, never used again, not even for a run that failed.
    #[n(1)]
    pub number: u64,
    /// How many shares open a vote, [`THRESHOLD_MIN`] to [`THRESHOLD_MAX`].
    #[n(2)]
    pub threshold: u16,
    /// How many keys the run makes, 1 to [`KEYS_MAX`].
    #[n(3)]
    pub keys: u16,
}

impl Run {
    /// Whether threshold and number of keys are within their limits.
    #[must_use]
    pub fn is_possible(&self) -> bool {
        (THRESHOLD_MIN..=THRESHOLD_MAX).contains(&self.threshold) && (1..=KEYS_MAX).contains(&self.keys)
    }

    /// The trustee's x coordinate, bound to the run, so that nothing of one run fits another.
    pub(crate) fn identifier(&self, seat: SeatNumber) -> Option<Identifier> {
        Identifier::derive(&encode(&(labels::SEALING_TRUSTEE, self, seat))).ok()
    }
}

/// A trustee's whole secret of one run, 32 bytes drawn for it; wiped when dropped.
///
/// Store it before round 1 is posted, burn it when the run has ended either way. Never use it for two runs:
/// everything derived from it is bound to the run, but burning it must end the run.
pub struct RunSecret(Secret<32>);

impl RunSecret {
    /// Draws the secret of a new run.
    #[must_use]
    pub fn random(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        Self(Secret::random(rng))
    }

    /// Takes a stored secret.
    #[must_use]
    pub fn from_bytes(bytes: &mut [u8; 32]) -> Self {
        Self(Secret::take(bytes))
    }

    /// The bytes, for writing them to the vault.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(*self.0.expose())
    }

    /// The run-scoped X25519 key; revealing it says nothing about the rest.
    pub(crate) fn run_key(&self, run: &Run, seat: SeatNumber) -> StaticSecret {
        StaticSecret::from(*self.derive(run, seat, "x25519", 0))
    }

    /// Part 1 of the key generation for key `index`; the same every time, whatever `participants` are in the end.
    pub(crate) fn part1(
        &self,
        run: &Run,
        seat: SeatNumber,
        index: u16,
        participants: u16,
    ) -> Option<(dkg::round1::SecretPackage, dkg::round1::Package)> {
        let stream = Stream {
            key: self.derive(run, seat, "polynomial", index),
            drawn: 0,
        };
        dkg::part1(run.identifier(seat)?, participants, run.threshold, stream).ok()
    }

    fn derive(&self, run: &Run, seat: SeatNumber, what: &str, index: u16) -> Zeroizing<[u8; 32]> {
        kdf::derive(
            self.0.expose(),
            &[],
            &encode(&(labels::SEALING_RUN, run, seat, what, index)),
        )
    }
}

impl fmt::Debug for RunSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RunSecret(..)")
    }
}

/// The public half of a run key.
pub(crate) fn run_public(secret: &StaticSecret) -> [u8; 32] {
    PublicKey::from(secret).to_bytes()
}

/// `SHA-512(CBOR(label) || key || counter)` as a generator for the library, which asks for 64 bytes at a time.
struct Stream {
    key: Zeroizing<[u8; 32]>,
    drawn: u64,
}

impl rand_core_06::RngCore for Stream {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, dest: &mut [u8]) {
        for chunk in dest.chunks_mut(64) {
            let mut block: [u8; 64] = Sha512::new()
                .chain_update(encode(&labels::SEALING_RUN))
                .chain_update(self.key.as_slice())
                .chain_update(self.drawn.to_be_bytes())
                .finalize()
                .into();
            self.drawn += 1;
            for (to, from) in chunk.iter_mut().zip(&block) {
                *to = *from;
            }
            block.zeroize();
        }
    }

    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), rand_core_06::Error> {
        self.fill_bytes(dest);
        Ok(())
    }
}

impl rand_core_06::CryptoRng for Stream {}
