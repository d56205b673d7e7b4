//! Whom a connection trusts, and what it says of those whom it does not.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says so by failing"
)]

mod common;

use common::*;
use rcgen::{KeyPair, PKCS_ED25519};
use relay_api::{Call, RelayAddress};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket};
use transport::{Carrier, Circuit, Session, TransportError, connect};

async fn direct(address: &RelayAddress) -> Result<Session, TransportError> {
    connect(address, &Carrier::Direct, &Circuit::named(b"test"), &patient()).await
}

#[tokio::test]
async fn reaches_the_relay_that_the_address_names_and_verifies_its_keys() {
    let identity = Identity::new(1);
    let bytes = answer(&identity.keys());
    let toy = Toy::answering(&identity, bytes).await;
    let mut session = direct(&toy.address(&identity)).await.unwrap();
    let keys = session.keys().await.unwrap();
    assert_eq!(keys.identity, identity.signing.verifying_key());
    assert_eq!(session.keys().await.unwrap(), keys);
    assert_eq!(toy.connections(), 1);
    assert_eq!(*toy.shown.lock().unwrap(), ["www.example.com"]);
}

#[tokio::test]
async fn keys_that_another_identity_certified_are_nonsense() {
    let identity = Identity::new(1);
    let toy = Toy::answering(&identity, answer(&Identity::new(2).keys())).await;
    let mut session = direct(&toy.address(&identity)).await.unwrap();
    assert!(matches!(session.keys().await, Err(TransportError::Nonsense(_))));
}

async fn refused(presented: Presented) -> TransportError {
    let toy = Toy::start(presented, |mut wire| async move {
        assert_eq!(wire.read(&mut [0; 1]).await.unwrap_or(0), 0, "something was sent");
    })
    .await;
    direct(&toy.address(&Identity::new(1))).await.unwrap_err()
}

#[tokio::test]
async fn refuses_a_relay_with_another_identity() {
    assert_eq!(
        refused(Presented::honest(&Identity::new(2))).await,
        TransportError::WrongRelay
    );
}

#[tokio::test]
async fn refuses_a_leaf_that_the_shown_identity_did_not_certify() {
    let (ours, theirs) = (Identity::new(1), Identity::new(2));
    let mut presented = Presented::honest(&theirs);
    presented.chain[1] = ours.certificate().der().clone();
    assert_eq!(refused(presented).await, TransportError::WrongRelay);
}

#[tokio::test]
async fn refuses_a_chain_without_the_identity() {
    let mut presented = Presented::honest(&Identity::new(1));
    presented.chain.truncate(1);
    assert_eq!(refused(presented).await, TransportError::WrongRelay);
}

#[tokio::test]
async fn refuses_a_copied_chain_whose_key_the_impostor_does_not_have() {
    let identity = Identity::new(1);
    let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let copied = Presented::honest(&identity).chain;
    // The impostor's TLS library would notice that key and certificate differ, so the leaf is its own.
    let mut presented = Presented::honest(&Identity::new(2));
    presented.chain = vec![
        Identity::new(2).leaf(&key, 2999).der().clone(),
        copied[0].clone(),
        copied[1].clone(),
    ];
    presented.key = key;
    assert_eq!(refused(presented).await, TransportError::WrongRelay);
}

#[tokio::test]
async fn an_expired_certificate_points_at_the_clock() {
    assert_eq!(
        refused(Presented::until(&Identity::new(1), 2001)).await,
        TransportError::WrongTime
    );
}

#[tokio::test]
async fn refuses_tls_without_the_post_quantum_group() {
    let mut presented = Presented::honest(&Identity::new(1));
    presented.post_quantum = false;
    assert!(matches!(refused(presented).await, TransportError::NoHandshake(_)));
}

#[tokio::test]
async fn says_when_nobody_listens() {
    let identity = Identity::new(1);
    // Bound and not listening: nobody else can be given the port meanwhile.
    let silent = TcpSocket::new_v4().unwrap();
    silent.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = silent.local_addr().unwrap().port();
    let error = direct(&address(&identity, &[("127.0.0.1", port)]))
        .await
        .unwrap_err();
    assert!(matches!(error, TransportError::Unreachable { .. }));
    let onion = direct(&address(&identity, &[("abc.onion", 443)]))
        .await
        .unwrap_err();
    assert!(onion.to_string().contains("Tor"));
}

#[tokio::test]
async fn says_when_what_listens_is_no_relay_or_says_nothing() {
    let identity = Identity::new(1);
    for words in [b"SSH-2.0-OpenSSH_9.6\r\n".as_slice(), b""] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(words).await.unwrap();
            while stream.read(&mut [0; 512]).await.is_ok_and(|read| read > 0) {}
        });
        let timeouts = if words.is_empty() { impatient() } else { patient() };
        let address = address(&identity, &[("127.0.0.1", port)]);
        let connected = connect(&address, &Carrier::Direct, &Circuit::named(b"test"), &timeouts).await;
        let error = connected.unwrap_err();
        if words.is_empty() {
            assert_eq!(error, TransportError::Timeout("connecting"));
        } else {
            assert!(matches!(error, TransportError::NoHandshake(_)));
        }
    }
}

#[tokio::test]
async fn tries_the_hosts_in_their_order_and_reports_an_impostor_above_all() {
    let (ours, theirs) = (Identity::new(1), Identity::new(2));
    let honest = Toy::answering(&ours, answer(&limits())).await;
    let impostor = Toy::answering(&theirs, answer(&limits())).await;
    let hosts = [("127.0.0.1", impostor.port), ("localhost", honest.port)];
    let mut session = direct(&address(&ours, &hosts)).await.unwrap();
    assert_eq!(session.call(&Call::Limits).await.unwrap(), limits());
    assert_eq!(*honest.shown.lock().unwrap(), ["localhost"]);

    let hosts = [("127.0.0.1", impostor.port), ("abc.onion", 443)];
    assert_eq!(
        direct(&address(&ours, &hosts)).await.unwrap_err(),
        TransportError::WrongRelay
    );
}
