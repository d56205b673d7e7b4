//! Answers, and what is made of those that are none.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

mod common;

use common::*;
use futures_util::{SinkExt as _, StreamExt as _};
use primitives::{LogId, Time};
use relay_api::{Call, Problem, ProblemKind, Pushed, ReadToken, Reply, WatchRequest};
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;
use transport::{Carrier, Isolation, Link, TransportError};

fn link(toy: &Toy, identity: &Identity, carrier: Carrier) -> Link {
    Link::new(toy.address(identity), carrier, patient()).unwrap()
}

fn impatient_link(toy: &Toy, identity: &Identity) -> Link {
    Link::new(toy.address(identity), Carrier::Direct, impatient()).unwrap()
}

async fn answered_with(bytes: Vec<u8>) -> Result<Reply, TransportError> {
    let identity = Identity::new(1);
    let toy = Toy::answering(&identity, bytes).await;
    link(&toy, &identity, Carrier::Direct)
        .call(Isolation::Journal, &Call::Limits)
        .await
}

fn read(log: u8) -> Call {
    Call::Read {
        log: LogId::new([log; 32]),
        token: ReadToken::new([0; 32]),
        from: 0,
        bytes_max: 1,
        known: None,
    }
}

#[tokio::test]
async fn what_is_no_answer_is_nonsense() {
    assert_eq!(answered_with(answer(&limits())).await, Ok(limits()));
    let body = limits().to_http().body;
    let nonsense = [
        b"this is not HTTP\r\n\r\n".to_vec(),
        http(200, b"<html>"),
        http(200, &[body.as_slice(), &[0]].concat()),
        http(404, &body),
        answer(&Reply::Pending { slot_end: Time(1) }),
        http(200, &vec![0; relay_api::limits::REPLY_BYTES_MAX + 1]),
    ];
    for bytes in nonsense {
        let start = String::from_utf8_lossy(&bytes)
            .chars()
            .take(40)
            .collect::<String>();
        let result = answered_with(bytes).await;
        assert!(
            matches!(result, Err(TransportError::Nonsense(_))),
            "{start}: {result:?}"
        );
    }
}

#[tokio::test]
async fn a_problem_is_handed_on_as_the_relay_tells_it() {
    let problem = Problem::new(ProblemKind::TooFast).retry_after(700);
    let error = answered_with(answer(&Reply::Problem(problem.clone())))
        .await
        .unwrap_err();
    assert_eq!(error, TransportError::Problem(problem));
    assert!(error.may_pass());
    assert_eq!(error.retry_ms(), Some(700));
}

/// A toy that sends `bytes` after the first request and then ends or falls silent.
async fn half(bytes: Vec<u8>, silent: bool) -> Result<Reply, TransportError> {
    let identity = Identity::new(1);
    let bytes = Arc::new(bytes);
    let toy = Toy::start(Presented::honest(&identity), move |mut wire| {
        let bytes = bytes.clone();
        async move {
            request(&mut wire).await;
            wire.write_all(&bytes).await.unwrap();
            wire.flush().await.unwrap();
            if silent {
                let _ = wire.read(&mut [0; 1]).await;
            }
        }
    })
    .await;
    let link = if silent {
        impatient_link(&toy, &identity)
    } else {
        link(&toy, &identity, Carrier::Direct)
    };
    link.call(Isolation::Inbox, &Call::Limits).await
}

#[tokio::test]
async fn a_connection_that_ends_in_the_middle_of_an_answer_is_said_to_have_ended() {
    let whole = answer(&limits());
    for len in [0, 10, whole.len() - 1] {
        let result = half(whole.iter().copied().take(len).collect(), false).await;
        assert_eq!(result, Err(TransportError::Closed), "after {len} bytes");
    }
}

#[tokio::test]
async fn a_connection_that_freezes_in_the_middle_of_an_answer_is_noticed_after_the_stall() {
    let whole = answer(&limits());
    let result = half(whole.iter().copied().take(whole.len() - 1).collect(), true).await;
    assert_eq!(result, Err(TransportError::Timeout("reading the relay's answer")));
    let result = half(Vec::new(), true).await;
    assert_eq!(
        result,
        Err(TransportError::Timeout("waiting for the relay's answer"))
    );
}

#[tokio::test]
async fn calls_of_one_isolation_share_a_connection_and_a_ballot_shares_none() {
    let identity = Identity::new(1);
    let toy = Toy::answering(&identity, answer(&limits())).await;
    let link = link(&toy, &identity, Carrier::Direct);
    for _ in 0..3 {
        link.call(Isolation::Journal, &Call::Limits).await.unwrap();
    }
    assert_eq!(toy.connections(), 1);
    link.call(Isolation::Conversation, &Call::Limits).await.unwrap();
    assert_eq!(toy.connections(), 2);
    for already in 2..4 {
        link.call(Isolation::Casting, &Call::Limits).await.unwrap();
        assert_eq!(toy.connections(), already + 1);
    }
    link.call(Isolation::Conversation, &Call::Limits).await.unwrap();
    assert_eq!(toy.connections(), 4);
    link.close_idle();
    link.call(Isolation::Conversation, &Call::Limits).await.unwrap();
    assert_eq!(toy.connections(), 5);
}

#[tokio::test]
async fn an_idle_connection_that_has_died_is_replaced() {
    let identity = Identity::new(1);
    let toy = Toy::start(Presented::honest(&identity), |mut wire| async move {
        request(&mut wire).await;
        wire.write_all(&answer(&limits())).await.unwrap();
        // Waits for the next request and hangs up on it.
        let _ = wire.read(&mut [0; 1]).await;
    })
    .await;
    let link = link(&toy, &identity, Carrier::Direct);
    for _ in 0..3 {
        assert_eq!(link.call(Isolation::Journal, &Call::Limits).await, Ok(limits()));
    }
    assert_eq!(toy.connections(), 3);
}

#[tokio::test]
async fn behind_a_proxy_every_log_and_every_ballot_has_a_circuit_of_its_own() {
    let identity = Identity::new(1);
    let toy = Toy::answering(&identity, answer(&Reply::Problem(ProblemKind::NotFound.into()))).await;
    let proxy = Proxy::start(Manners::Tor).await;
    let mut named = toy.address(&identity);
    named.hosts = address(&identity, &[("relay.onion", toy.port)]).hosts;
    let link = Link::new(named.clone(), proxy.carrier(), patient()).unwrap();
    let other = Link::new(named, proxy.carrier(), patient()).unwrap();
    for log in [1, 2, 1] {
        link.call(Isolation::Conversation, &read(log)).await.unwrap_err();
    }
    link.call(Isolation::Inbox, &read(1)).await.unwrap_err();
    link.call(Isolation::Casting, &read(1)).await.unwrap_err();
    link.call(Isolation::Casting, &read(1)).await.unwrap_err();
    other.call(Isolation::Conversation, &read(1)).await.unwrap_err();
    let asked = proxy.asked.lock().unwrap().clone();
    assert!(
        asked.iter().all(|(_, host)| host == "relay.onion"),
        "names are the proxy's to resolve"
    );
    let mut circuits: Vec<_> = asked.iter().map(|(username, _)| username).collect();
    circuits.sort();
    circuits.dedup();
    assert_eq!((asked.len(), circuits.len()), (6, 6));
}

#[tokio::test]
async fn a_proxy_that_wants_no_password_serves_too() {
    let identity = Identity::new(1);
    let toy = Toy::answering(&identity, answer(&limits())).await;
    let proxy = Proxy::start(Manners::Open).await;
    let link = link(&toy, &identity, proxy.carrier());
    assert_eq!(link.call(Isolation::Journal, &Call::Limits).await, Ok(limits()));
}

#[tokio::test]
async fn says_whether_the_proxy_is_missing_or_confused_or_refuses() {
    let identity = Identity::new(1);
    let toy = Toy::answering(&identity, answer(&limits())).await;
    let through = async |carrier: Carrier| {
        link(&toy, &identity, carrier)
            .call(Isolation::Journal, &Call::Limits)
            .await
            .unwrap_err()
    };
    let refusing = Proxy::start(Manners::Refusing(5)).await;
    assert_eq!(
        through(refusing.carrier()).await,
        TransportError::ProxyRefused("the connection was refused")
    );
    let confused = Proxy::start(Manners::Confused).await;
    assert!(matches!(
        through(confused.carrier()).await,
        TransportError::Proxy(_)
    ));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let missing = format!("socks5://{}", listener.local_addr().unwrap());
    drop(listener);
    assert!(matches!(
        through(missing.parse().unwrap()).await,
        TransportError::Proxy(_)
    ));
}

#[tokio::test]
async fn a_watch_asks_for_logs_and_receives_what_is_pushed() {
    let identity = Identity::new(1);
    let toy = Toy::start(Presented::honest(&identity), |wire| async move {
        let mut socket = accept_async(wire).await.unwrap();
        while let Some(Ok(message)) = socket.next().await {
            if let Message::Binary(bytes) = message {
                let asked: WatchRequest = primitives::decode_canonical(&bytes).unwrap();
                let pushed = Pushed::Refused {
                    log: asked.log,
                    problem: ProblemKind::NotFound.into(),
                };
                let pushed = if asked.from == 7 {
                    b"nonsense".to_vec()
                } else {
                    primitives::encode(&pushed)
                };
                socket.send(Message::Binary(pushed.into())).await.unwrap();
            }
        }
    })
    .await;
    let link = link(&toy, &identity, Carrier::Direct);
    let mut watch = link.watch(Isolation::Conversation, None).await.unwrap();
    for log in [1, 2] {
        let log = LogId::new([log; 32]);
        watch.add(log, ReadToken::new([3; 32]), 0).await.unwrap();
        let expected = Pushed::Refused {
            log,
            problem: ProblemKind::NotFound.into(),
        };
        assert_eq!(watch.next().await, Ok(expected));
    }
    watch
        .add(LogId::new([3; 32]), ReadToken::new([3; 32]), 7)
        .await
        .unwrap();
    assert!(matches!(watch.next().await, Err(TransportError::Nonsense(_))));
}

#[tokio::test]
async fn a_silent_watch_is_asked_for_a_sign_of_life_and_given_up_without_one() {
    let identity = Identity::new(1);
    for alive in [true, false] {
        let toy = Toy::start(Presented::honest(&identity), move |wire| async move {
            let mut socket = accept_async(wire).await.unwrap();
            if alive {
                // Reading answers pings.
                while socket.next().await.is_some() {}
            } else {
                let _ = std::future::pending::<()>().await;
            }
        })
        .await;
        let link = impatient_link(&toy, &identity);
        let mut watch = link.watch(Isolation::Conversation, None).await.unwrap();
        let waited = tokio::time::timeout(impatient().silence * 6, watch.next()).await;
        if alive {
            assert!(waited.is_err(), "still waiting");
        } else {
            assert_eq!(waited.unwrap(), Err(TransportError::Timeout("watching")));
        }
    }
}

#[tokio::test]
async fn a_watch_that_the_relay_ends_is_said_to_have_ended() {
    let identity = Identity::new(1);
    let toy = Toy::start(Presented::honest(&identity), |wire| async move {
        drop(accept_async(wire).await.unwrap());
    })
    .await;
    let mut watch = link(&toy, &identity, Carrier::Direct)
        .watch(Isolation::Journal, None)
        .await
        .unwrap();
    assert_eq!(watch.next().await, Err(TransportError::Closed));
    let refusing = Toy::answering(&identity, http(404, b"")).await;
    let refused = link(&refusing, &identity, Carrier::Direct)
        .watch(Isolation::Journal, None)
        .await;
    assert!(matches!(refused, Err(TransportError::Nonsense(_))));
}
