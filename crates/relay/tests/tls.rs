//! With whom a relay process speaks, and how.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the helpers of tests fail like tests"
)]

mod common;

use common::wire::*;
use relay_api::RelayAddress;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

#[tokio::test]
async fn speaks_tls_1_3_with_the_post_quantum_group() {
    let data = data();
    let process = Process::start(data.path(), &[]);
    let tls = connect(&process.address).await;
    let (_, session) = tls.get_ref();
    assert_eq!(session.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_3));
    assert_eq!(
        session.negotiated_key_exchange_group().unwrap().name(),
        rustls::NamedGroup::X25519MLKEM768
    );
}

#[tokio::test]
async fn refuses_a_client_without_the_post_quantum_group() {
    let data = data();
    let process = Process::start(data.path(), &[]);
    let provider = CryptoProvider {
        kx_groups: vec![aws_lc_rs::kx_group::X25519, aws_lc_rs::kx_group::SECP256R1],
        ..aws_lc_rs::default_provider()
    };
    let hello = Hello {
        provider,
        ..Hello::default()
    };
    let refused = connect_with(&process.address, hello).await.unwrap_err();
    assert!(refused.to_string().contains("HandshakeFailure"), "{refused}");
}

#[tokio::test]
async fn refuses_tls_1_2() {
    let data = data();
    let process = Process::start(data.path(), &[]);
    let place = process.place();
    let mut stream = TcpStream::connect((place.host.as_str(), place.port))
        .await
        .unwrap();
    stream.write_all(&hello_of_tls_1_2()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    // One record: an alert of two bytes, fatal, protocol_version (RFC 8446, section 6).
    assert_eq!(answer, [21, 3, 3, 0, 2, 2, 70]);
}

/// A client's first message as TLS 1.2 has it (RFC 5246, section 7.4.1.2), with everything else that a relay likes.
fn hello_of_tls_1_2() -> Vec<u8> {
    let suites: &[u8] = &[0xc0, 0x2b, 0xc0, 0x2f, 0xcc, 0xa9, 0x13, 0x01, 0x13, 0x03];
    let extensions: &[&[u8]] = &[
        // supported_groups: X25519MLKEM768, X25519
        &[0, 10, 0, 6, 0, 4, 0x11, 0xec, 0, 29],
        // ec_point_formats: uncompressed
        &[0, 11, 0, 2, 1, 0],
        // signature_algorithms: Ed25519, ECDSA with P-256
        &[0, 13, 0, 6, 0, 4, 8, 7, 4, 3],
    ];
    let extensions = extensions.concat();
    let body = [
        &[3, 3],
        [7; 32].as_slice(),
        &[0],
        &len16(suites),
        suites,
        &[1, 0],
        &len16(&extensions),
        &extensions,
    ]
    .concat();
    let handshake = [&[1, 0], len16(&body).as_slice(), &body].concat();
    [&[22, 3, 1], len16(&handshake).as_slice(), &handshake].concat()
}

fn len16(bytes: &[u8]) -> [u8; 2] {
    u16::try_from(bytes.len()).unwrap().to_be_bytes()
}

#[tokio::test]
async fn shows_no_other_identity_than_its_own() {
    let data = data();
    let process = Process::start(data.path(), &[]);
    let other = RelayAddress {
        relay: primitives::RelayId::new([1; 32]),
        ..process.address.clone()
    };
    assert!(connect_with(&other, Hello::default()).await.is_err());
}

/// The certificates are made anew at every start and mean nothing beyond the keys: they hold for two thousand years.
#[tokio::test]
async fn a_member_whose_clock_is_years_off_reaches_the_relay_all_the_same() {
    let data = data();
    let process = Process::start(data.path(), &[]);
    const YEAR: u64 = 31_557_600;
    for years in [6, 30, 200, 1000] {
        let hello = Hello {
            clock: Some(years * YEAR),
            ..Hello::default()
        };
        let connected = connect_with(&process.address, hello).await;
        assert!(connected.is_ok(), "in {}: {connected:?}", 1970 + years);
    }
}
