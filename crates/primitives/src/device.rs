//! Devices: what a member's identity key vouches for.

use crate::canonical::encode;
use crate::ids::AssemblyId;
use crate::labels;
use crate::secret::SigningSecret;
use crate::signed::{Signed, SignedError, Unverified, VerifyingKey};
use crate::time::Time;
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};

/// A device as its member's identity key certifies it; signed under `labels::DEVICE_CERTIFICATE`.
///
/// The identity key is made for one assembly, so the certificate need not name the assembly.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct DeviceCertificate {
    /// The member's long-term identity key; it signs this certificate.
    #[n(0)]
    pub identity: VerifyingKey,
    /// The device's own signing key: statements, MLS leaf, cosignatures.
    #[n(1)]
    pub device: VerifyingKey,
    /// X25519 public key to which trustees' packages for this device are sealed.
    #[n(2)]
    pub sealing_key: ByteArray<32>,
    /// When it was issued, by the device's own clock; informative.
    #[n(3)]
    pub issued: Time,
}

impl DeviceCertificate {
    /// Certifies a device with the identity key.
    #[must_use]
    pub fn issue(
        identity: &SigningSecret,
        device: VerifyingKey,
        sealing_key: [u8; 32],
        issued: Time,
    ) -> Signed<Self> {
        let certificate = Self {
            identity: identity.verifying_key(),
            device,
            sealing_key: ByteArray::from(sealing_key),
            issued,
        };
        Signed::sign(labels::DEVICE_CERTIFICATE, certificate, identity)
    }

    /// Checks that the identity key named inside signed the certificate.
    ///
    /// # Errors
    /// [`SignedError`] if the bytes are not canonical or the signature does not verify.
    pub fn verify(certificate: Unverified) -> Result<Signed<Self>, SignedError> {
        let identity = certificate.peek::<Self>()?.identity;
        certificate.verify(labels::DEVICE_CERTIFICATE, &identity)
    }
}

/// What a further device signs so that it can be added to a seat: nobody adds a key that he has only seen. Signed under
/// `labels::DEVICE_CLAIM`; the signature travels without these bytes, for whoever checks it knows them.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct DeviceClaim {
    /// The assembly.
    #[n(0)]
    pub assembly: AssemblyId,
    /// The identity key of its member.
    #[n(1)]
    pub identity: VerifyingKey,
    /// Its own key.
    #[n(2)]
    pub device: VerifyingKey,
    /// Its X25519 public key, as it is to stand in the certificate.
    #[n(3)]
    pub sealing_key: ByteArray<32>,
}

impl DeviceClaim {
    /// The claim of the device that a certificate names.
    #[must_use]
    pub fn of(assembly: AssemblyId, certificate: &DeviceCertificate) -> Self {
        Self {
            assembly,
            identity: certificate.identity,
            device: certificate.device,
            sealing_key: certificate.sealing_key,
        }
    }

    /// Signs it.
    #[must_use]
    pub fn sign(self, device: &SigningSecret) -> ByteArray<64> {
        let signed = Signed::sign(labels::DEVICE_CLAIM, self, device);
        ByteArray::from(signed.unverified().signature())
    }

    /// Whether the device has signed it.
    #[must_use]
    pub fn is_signed(&self, signature: &ByteArray<64>) -> bool {
        let signed = Unverified::new(encode(self), **signature);
        signed.verify::<Self>(labels::DEVICE_CLAIM, &self.device).is_ok()
    }
}
