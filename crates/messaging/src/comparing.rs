//! The code that two devices of one member show (MSG-33): nobody can choose a device's keys, or a link, so that it is one that
//! he knows.
//!
//! ```text
//! kind 5 challenge = an envelope like the answers', of [ challenge, signature ], signed by the identity key
//! kind 6 opening   = [ opening, signature ], signed by the new device
//! challenge, opening = CBOR [request's hash, nonce (32)]
//! commitment       = hash of the opening's nonce, in the request
//! code             = hash of CBOR [request's hash, identity key, challenge's nonce, opening's nonce], ten digits of it
//! ```
//!
//! The new device is bound to its nonce before the first one draws its own, and says it only afterwards. So either side of a
//! man in the middle has a code that he knows too late: he has one chance in 10^10 for each link.

use crate::device_link::DeviceLink;
use crate::envelope::{EnvelopeSecret, SealError};
use crate::linking::{CHALLENGE, DeviceRequest, OPENING, answer, open_answer, post};
use crate::rendezvous::BadRendezvous;
use crate::wrap::{TooLarge, Wrapped};
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use primitives::canonical::hash;
use primitives::signed::Unverified;
use primitives::{Hash, Secret, Signed, SigningSecret, VerifyingKey, encode, labels};
use rand_core::CryptoRng;

/// What one of two devices puts into the code; secret until it is said.
pub type DeviceNonce = ByteArray<32>;

#[derive(Encode, Decode)]
#[cbor(array)]
struct Said {
    #[n(0)]
    request: Hash,
    #[n(1)]
    nonce: DeviceNonce,
}

/// All that the code depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode)]
#[cbor(array)]
pub struct DeviceCode {
    /// Id of the request.
    #[n(0)]
    pub request: Hash,
    /// The identity key that the link names.
    #[n(1)]
    pub identity: VerifyingKey,
    /// What the first device drew.
    #[n(2)]
    pub challenge: DeviceNonce,
    /// What the new device drew.
    #[n(3)]
    pub opening: DeviceNonce,
}

impl DeviceCode {
    /// The code that both devices show: two groups of five digits.
    #[must_use]
    pub fn digits(&self) -> String {
        let digest = hash(labels::DEVICE_CODE, self);
        let groups = digest.as_bytes().chunks_exact(5).take(2).map(|five| {
            let number = five
                .iter()
                .fold(0u64, |number, byte| (number << 8) | u64::from(*byte));
            format!("{:05}", number % 100_000)
        });
        groups.collect::<Vec<_>>().join(" ")
    }
}

/// What a request says of the nonce that its device opens later.
#[must_use]
pub fn device_commitment(nonce: &Secret<32>) -> Hash {
    commitment(&ByteArray::from(*nonce.expose()))
}

fn commitment(nonce: &DeviceNonce) -> Hash {
    hash(labels::DEVICE_COMMITMENT, nonce)
}

/// Seals the first device's nonce to the device that asked first.
///
/// # Errors
/// [`SealError`] if its envelope key is none.
pub fn post_device_challenge(
    link: &DeviceLink,
    request: &DeviceRequest,
    nonce: DeviceNonce,
    identity: &SigningSecret,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Wrapped, SealError> {
    let said = Said {
        request: request.id(),
        nonce,
    };
    let signed = Signed::sign(labels::DEVICE_CHALLENGE, said, identity);
    answer(link, CHALLENGE, request, signed.unverified(), rng)
}

/// Opens the first device's nonce.
///
/// # Errors
/// [`BadRendezvous`]: the entry is skipped (MSG-33).
pub fn open_device_challenge(
    link: &DeviceLink,
    secret: &EnvelopeSecret,
    request: Hash,
    envelope: &[u8],
) -> Result<DeviceNonce, BadRendezvous> {
    let said: Said = open_answer(labels::DEVICE_CHALLENGE, link, secret, request, envelope)?;
    if said.request == request {
        Ok(said.nonce)
    } else {
        Err(BadRendezvous::Mixed)
    }
}

/// Makes the entry by which the new device says its nonce, once it has the first one's.
///
/// # Errors
/// [`TooLarge`] does not happen.
pub fn post_device_opening(
    link: &DeviceLink,
    request: Hash,
    nonce: &Secret<32>,
    device: &SigningSecret,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Wrapped, TooLarge> {
    let said = Said {
        request,
        nonce: ByteArray::from(*nonce.expose()),
    };
    let signed = Signed::sign(labels::DEVICE_OPENING, said, device);
    post(link, OPENING, encode(signed.unverified()), rng)
}

/// The nonce of an opening, if it is by the device that asked and the one that its request is bound to.
///
/// # Errors
/// [`BadRendezvous`]: the entry is skipped (MSG-33).
pub fn open_device_opening(
    request: &DeviceRequest,
    opening: Unverified,
) -> Result<DeviceNonce, BadRendezvous> {
    let said = opening.verify::<Said>(labels::DEVICE_OPENING, &request.device)?;
    let said = said.into_value();
    if said.request == request.id() && commitment(&said.nonce) == request.commitment {
        Ok(said.nonce)
    } else {
        Err(BadRendezvous::Mixed)
    }
}
