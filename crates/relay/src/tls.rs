//! Pinned TLS: a chain of two, made of the relay's own keys.
//!
//! The identity key certifies itself; it certifies the TLS key in turn. A client knows the hash of the identity key
//! from the relay's address and asks no authority. TLS 1.3, X25519MLKEM768 and nothing else: what is recorded today
//! must not open tomorrow.

use crate::identity::Identity;
use primitives::SigningSecret;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose, PKCS_ED25519,
};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::NoServerSessionStorage;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The name in the leaf certificate. Clients pin a key and check no name.
pub const LEAF_NAME: &str = "localhost";
/// PKCS #8 (RFC 8410) around an Ed25519 seed.
const PKCS8_ED25519: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// A configuration that could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A certificate could not be made.
    #[error("no certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The library refuses the configuration.
    #[error("no TLS configuration: {0}")]
    Configuration(#[from] rustls::Error),
}

/// The server's side of TLS.
///
/// # Errors
/// [`TlsError`].
pub fn server_config(identity: &Identity) -> Result<Arc<ServerConfig>, TlsError> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let authority = CertifiedIssuer::self_signed(authority, key_pair(identity.key())?)?;

    let tls_key = key_pair(identity.tls_key())?;
    let mut leaf = CertificateParams::new(vec![LEAF_NAME.to_owned()])?;
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let leaf = leaf.signed_by(&tls_key, &authority)?;

    let mut provider = aws_lc_rs::default_provider();
    provider.kx_groups = vec![aws_lc_rs::kx_group::X25519MLKEM768];
    let chain = vec![leaf.der().clone(), authority.der().clone()];
    let secret = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pkcs8(identity.tls_key()).to_vec()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_single_cert(chain, secret)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // No resumption: a ticket would link a ballot's connection to the member's others.
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(Arc::new(config))
}

fn key_pair(key: &SigningSecret) -> Result<KeyPair, rcgen::Error> {
    let der = pkcs8(key);
    KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(der.as_slice()), &PKCS_ED25519)
}

fn pkcs8(key: &SigningSecret) -> Zeroizing<Vec<u8>> {
    let mut der = Zeroizing::new(Vec::with_capacity(48));
    der.extend_from_slice(&PKCS8_ED25519);
    der.extend_from_slice(key.seed().as_slice());
    der
}
