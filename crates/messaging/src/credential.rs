//! Who a leaf is: an identity key and the device it certified, as an MLS basic credential.
//!
//! Content of the credential: `CBOR [identity key, [certificate bytes, signature]]`. The leaf's signature key is the
//! certified device key itself, so that a leaf, a statement and a cosignature of one device carry one key.

use minicbor::{Decode, Encode};
use openmls::prelude::{BasicCredential, Credential, CredentialWithKey, SignaturePublicKey};
use openmls_traits::signatures::{Signer, SignerError};
use openmls_traits::types::SignatureScheme;
use primitives::canonical::decode_canonical_max;
use primitives::signed::Unverified;
use primitives::{DeviceCertificate, Signed, SigningSecret, VerifyingKey, encode};

/// Most bytes of a credential's content.
const CREDENTIAL_BYTES_MAX: usize = 1024;

/// A member's device as a leaf names it. Ordered by identity, then device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(array)]
pub struct Member {
    /// The member's long-term identity key.
    #[n(0)]
    pub identity: VerifyingKey,
    /// The device's key; it signs the leaf and the messages.
    #[n(1)]
    pub device: VerifyingKey,
}

/// A credential that is not one of ours, or does not agree with its leaf (MSG-07).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadCredential {
    /// Not a basic credential with our canonical content.
    #[error("the credential is malformed (MSG-07)")]
    Malformed,
    /// The identity key did not sign the device certificate.
    #[error("the identity key has not certified this device (MSG-07)")]
    Uncertified,
    /// The certificate is for another key than the leaf's.
    #[error("the certificate is for another key than the leaf's (MSG-07)")]
    OtherKey,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Content {
    #[n(0)]
    identity: VerifyingKey,
    #[n(1)]
    certificate: Unverified,
}

/// The device that this process speaks for.
#[derive(Debug, Clone, Copy)]
pub struct OwnDevice<'a> {
    certificate: &'a Signed<DeviceCertificate>,
    key: &'a SigningSecret,
}

impl<'a> OwnDevice<'a> {
    /// Puts a device's certificate and key together; `None` if they are not of one device.
    #[must_use]
    pub fn new(certificate: &'a Signed<DeviceCertificate>, key: &'a SigningSecret) -> Option<Self> {
        (certificate.value().device == key.verifying_key()).then_some(Self { certificate, key })
    }

    /// Its name in a group.
    #[must_use]
    pub fn member(&self) -> Member {
        let certificate = self.certificate.value();
        Member {
            identity: certificate.identity,
            device: certificate.device,
        }
    }

    /// Its certificate.
    #[must_use]
    pub fn certificate(&self) -> &'a Signed<DeviceCertificate> {
        self.certificate
    }

    pub(crate) fn key(&self) -> &'a SigningSecret {
        self.key
    }

    pub(crate) fn credential(&self) -> CredentialWithKey {
        let content = Content {
            identity: self.certificate.value().identity,
            certificate: self.certificate.unverified().clone(),
        };
        CredentialWithKey {
            credential: BasicCredential::new(encode(&content)).into(),
            signature_key: SignaturePublicKey::from(self.member().device.as_bytes().as_slice()),
        }
    }
}

impl Signer for OwnDevice<'_> {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
        Ok(self.key.sign_raw(payload).to_vec())
    }

    fn signature_scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

/// Reads a leaf's credential, verifies the certificate and compares it with the leaf's signature key (MSG-07).
pub(crate) fn member_of(credential: &Credential, signature_key: &[u8]) -> Result<Member, BadCredential> {
    let content = content_of(credential)?;
    let certificate =
        DeviceCertificate::verify(content.certificate).map_err(|_| BadCredential::Uncertified)?;
    let DeviceCertificate { identity, device, .. } = *certificate.value();
    if identity != content.identity {
        Err(BadCredential::Uncertified)
    } else if device.as_bytes().as_slice() != signature_key {
        Err(BadCredential::OtherKey)
    } else {
        Ok(Member { identity, device })
    }
}

/// Reads the credential of a leaf that [`member_of`] checked when it came into the tree.
pub(crate) fn member_in_tree(credential: &Credential) -> Result<Member, BadCredential> {
    let certificate: DeviceCertificate = content_of(credential)?
        .certificate
        .peek()
        .map_err(|_| BadCredential::Malformed)?;
    Ok(Member {
        identity: certificate.identity,
        device: certificate.device,
    })
}

fn content_of(credential: &Credential) -> Result<Content, BadCredential> {
    let basic = BasicCredential::try_from(credential.clone()).map_err(|_| BadCredential::Malformed)?;
    decode_canonical_max(basic.identity(), CREDENTIAL_BYTES_MAX).map_err(|_| BadCredential::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::support::device;
    use primitives::Time;

    #[test]
    fn a_credential_says_who_the_leaf_is() {
        let (certificate, key) = device(1);
        let own = OwnDevice::new(&certificate, &key).unwrap();
        let leaf = own.credential();
        assert_eq!(
            member_of(&leaf.credential, leaf.signature_key.as_slice()),
            Ok(own.member())
        );
    }

    #[test]
    fn msg_07_rejects_a_certificate_for_another_key() {
        let (certificate, key) = device(1);
        let own = OwnDevice::new(&certificate, &key).unwrap();
        assert_eq!(
            member_of(&own.credential().credential, &[9; 32]),
            Err(BadCredential::OtherKey)
        );
    }

    #[test]
    fn msg_07_rejects_a_certificate_that_the_identity_did_not_sign() {
        let (certificate, key) = device(1);
        let (_, stranger) = device(2);
        let claimed = DeviceCertificate {
            ..certificate.value().clone()
        };
        let forged = Signed::sign(primitives::labels::DEVICE_CERTIFICATE, claimed, &stranger);
        let own = OwnDevice::new(&forged, &key).unwrap();
        let leaf = own.credential();
        assert_eq!(
            member_of(&leaf.credential, leaf.signature_key.as_slice()),
            Err(BadCredential::Uncertified)
        );
    }

    #[test]
    fn msg_07_rejects_bytes_that_are_no_credential() {
        let credential: Credential = BasicCredential::new(vec![1, 2, 3]).into();
        assert_eq!(member_of(&credential, &[0; 32]), Err(BadCredential::Malformed));
    }

    #[test]
    fn a_device_and_a_foreign_key_make_no_own_device() {
        let (certificate, _) = device(1);
        let key = SigningSecret::from_seed(&primitives::Secret::take(&mut [42; 32]));
        assert!(OwnDevice::new(&certificate, &key).is_none());
        assert_eq!(certificate.value().issued, Time(0));
    }
}
