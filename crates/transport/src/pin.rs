//! The pin: TLS that trusts the relay's identity key and nothing else.
//!
//! The relay presents two certificates: a leaf, and a self-signed one of its Ed25519 identity key that certified the
//! leaf. The second becomes the only trust anchor if its key hashes to the pinned relay id; then the leaf is verified
//! as usual. Names in certificates say nothing and are not looked at.

use primitives::{RelayId, VerifyingKey};
use relay_api::relay_id;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, verify_server_cert_signed_by_trust_anchor};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::version::TLS13;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::sync::Arc;

/// The inside of an Ed25519 SubjectPublicKeyInfo (RFC 8410) before the 32 bytes of the key.
const ED25519_SPKI: &[u8] = &[0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// TLS 1.3 with X25519MLKEM768 to `relay` and nobody else. Sessions are not resumed: a ticket would tie connections
/// together that were kept apart.
pub(crate) fn config(relay: RelayId) -> Result<ClientConfig, Error> {
    let provider = CryptoProvider {
        kx_groups: vec![aws_lc_rs::kx_group::X25519MLKEM768],
        ..aws_lc_rs::default_provider()
    };
    let verifier = Pin {
        relay,
        algorithms: provider.signature_verification_algorithms,
    };
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// Verifies that a presented chain is the pinned relay's.
#[derive(Debug)]
struct Pin {
    relay: RelayId,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Pin {
    /// The trust anchor made of `certificate`, if its key is the pinned one.
    fn anchor(&self, certificate: &CertificateDer<'_>) -> Option<RootCertStore> {
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone().into_owned()).ok()?;
        let spki = &roots.roots.first()?.subject_public_key_info;
        let key: [u8; 32] = spki.strip_prefix(ED25519_SPKI)?.try_into().ok()?;
        (relay_id(&VerifyingKey::new(key)) == self.relay).then_some(roots)
    }
}

impl ServerCertVerifier for Pin {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let anchor = intermediates
            .iter()
            .find_map(|certificate| self.anchor(certificate));
        let anchor = anchor.ok_or(Error::InvalidCertificate(CertificateError::UnknownIssuer))?;
        let leaf = ParsedCertificate::try_from(end_entity)?;
        verify_server_cert_signed_by_trust_anchor(&leaf, &anchor, &[], now, self.algorithms.all)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.2 is not spoken here".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
