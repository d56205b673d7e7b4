//! Calls and replies to HTTP and back, and everything that must not get through.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the helpers of tests fail like tests"
)]

use minicbor::bytes::ByteArray;
use primitives::{Hash, LogId, Secret, Time, encode, labels};
use proptest::prelude::*;
use relay_api::limits::{ENTRY_BYTES_MAX, REPLY_BYTES_MAX};
use relay_api::{Call, CreateToken, Method, Piece, Problem, ProblemKind, ReadToken, Reply, Standing};
use std::collections::BTreeSet;
use tlog::{Entry, LogKeys, LogKind, SignedCheckpoint};

fn calls() -> Vec<Call> {
    let (log, token) = (LogId::new([1; 32]), ReadToken::new([2; 32]));
    let record = LogKeys::derive(&Secret::take(&mut [1; 32]), labels::JOURNAL_LOG, b"journal")
        .record(LogKind::Private);
    vec![
        Call::Create {
            record: record.clone(),
            roll: vec![],
        },
        Call::Create {
            record,
            roll: vec![ByteArray::from([3; 32]); 32_768],
        },
        Call::Append {
            log,
            entry: vec![7; ENTRY_BYTES_MAX],
            signature: [4; 64].into(),
        },
        Call::Read {
            log,
            token: token.clone(),
            from: u64::MAX,
            bytes_max: u32::MAX,
            known: Some(u64::MAX),
        },
        Call::Trim {
            log,
            token: token.clone(),
            before: u64::MAX,
            signature: [4; 64].into(),
        },
        Call::Consistency {
            log,
            token: token.clone(),
            from: u64::MAX,
            to: u64::MAX,
        },
        Call::PutBlob {
            log,
            token: token.clone(),
            bytes: vec![1; 1024 * 1024],
        },
        Call::GetBlob {
            log,
            token: token.clone(),
            hash: Hash::new([5; 32]),
            offset: u32::MAX,
            len: u32::MAX,
        },
        Call::Show {
            log,
            token: token.clone(),
            checkpoint: SignedCheckpoint::new("x".repeat(1024)),
        },
        Call::GiveBack {
            log,
            token,
            from: u64::MAX,
            entries: vec![
                Entry {
                    time: Time(u64::MAX),
                    bytes: vec![1; 1024],
                };
                1024
            ],
            checkpoint: SignedCheckpoint::new("x".repeat(1024)),
            rest: vec![Hash::new([6; 32]); 126],
        },
        Call::Keys,
        Call::Limits,
        Call::Piece(Piece {
            exchange: [1; 16].into(),
            call_len: u32::MAX,
            offset: 0,
            bytes: vec![1; 6 * 1024],
            reply_offset: 0,
        }),
    ]
}

#[test]
fn the_largest_call_of_every_kind_gets_through() {
    for call in calls() {
        let http = call.to_http(None);
        assert_eq!(
            Call::from_http(http.method.as_str(), http.path, &http.body),
            Ok(call.clone())
        );
        assert_eq!(http.method == Method::Get, http.body.is_empty());
        if !matches!(call, Call::Piece(_)) {
            assert_eq!(Call::from_pieces(&encode(&call)), Ok(call));
        }
    }
}

#[test]
fn every_standing_is_read_as_it_was_written() {
    for standing in [
        Standing::Sound { size: 0 },
        Standing::Behind {
            size: 5,
            known: u64::MAX,
        },
        Standing::Waits {
            size: 5,
            until: Time(9),
        },
        Standing::Broken { size: 7 },
    ] {
        let http = Reply::Standing(standing).to_http();
        assert_eq!(Reply::from_http(200, &http.body), Ok(Reply::Standing(standing)));
    }
}

#[test]
fn a_call_at_another_endpoint_is_malformed_and_another_endpoint_is_not_there() {
    for call in calls().into_iter().filter(|call| encode(call).len() < 1000) {
        for other in calls() {
            let (http, other) = (call.to_http(None), other.to_http(None));
            if http.path != other.path && !http.body.is_empty() {
                let refused = Call::from_http(other.method.as_str(), other.path, &http.body).unwrap_err();
                assert!(
                    matches!(refused.kind, ProblemKind::Malformed | ProblemKind::TooLarge),
                    "{refused}"
                );
            }
        }
    }
    assert_eq!(
        Call::from_http("PUT", "/v1/append", &[]).unwrap_err().kind,
        ProblemKind::NoSuchEndpoint
    );
    assert_eq!(
        Call::from_http("POST", "/v2/append", &[]).unwrap_err().kind,
        ProblemKind::NoSuchEndpoint
    );
}

#[test]
fn too_large_cut_or_trailing_bytes_are_refused() {
    let append = |len| Call::Append {
        log: LogId::new([1; 32]),
        entry: vec![0; len],
        signature: [0; 64].into(),
    };
    let large = append(ENTRY_BYTES_MAX + 1000).to_http(None);
    assert_eq!(
        Call::from_http("POST", large.path, &large.body).unwrap_err().kind,
        ProblemKind::TooLarge
    );
    let body = append(3).to_http(None).body;
    let trailing = [body.clone(), vec![0]].concat();
    for bytes in [&body[..body.len() - 1], &trailing, &[]] {
        assert_eq!(
            Call::from_http("POST", "/v1/append", bytes).unwrap_err().kind,
            ProblemKind::Malformed
        );
    }
    assert!(Reply::from_http(200, &vec![0; REPLY_BYTES_MAX + 1]).is_err());
}

#[test]
fn only_what_may_create_carries_the_token() {
    let token = CreateToken::new("t").unwrap();
    for call in calls() {
        let carries = call
            .to_http(Some(&token))
            .headers
            .iter()
            .any(|(name, _)| *name == "authorization");
        assert_eq!(carries, matches!(call, Call::Create { .. } | Call::Piece(_)));
    }
}

#[test]
fn a_reply_has_the_status_of_its_kind() {
    let replies = ProblemKind::ALL
        .iter()
        .map(|kind| Reply::Problem(Problem::new(*kind).retry_after(5)));
    for reply in replies.chain([
        Reply::Pending { slot_end: Time(1) },
        Reply::Created {
            log: LogId::new([1; 32]),
        },
    ]) {
        let http = reply.to_http();
        assert_eq!(Reply::from_http(http.status, &http.body), Ok(reply));
        assert!(Reply::from_http(418, &http.body).is_err());
    }
}

#[test]
fn problems_are_a_closed_list_of_distinct_slugs() {
    let slugs: BTreeSet<_> = ProblemKind::ALL.iter().map(|kind| kind.slug()).collect();
    assert_eq!(slugs.len(), ProblemKind::ALL.len());
    assert!(
        ProblemKind::ALL
            .iter()
            .all(|kind| (400..600).contains(&kind.status()))
    );
}

#[test]
fn a_token_is_not_printed() {
    let call = Call::Read {
        log: LogId::new([1; 32]),
        token: ReadToken::new([0xab; 32]),
        from: 0,
        bytes_max: 0,
        known: None,
    };
    let printed = format!("{call:?} {:?}", CreateToken::new("secret").unwrap());
    assert!(
        !printed.contains("171") && !printed.contains("secret"),
        "{printed}"
    );
}

proptest! {
    #[test]
    fn no_bytes_make_a_decoder_panic(bytes: Vec<u8>, status: u16) {
        for path in ["/v1/create", "/v1/append", "/v1/read", "/v1/piece", "/v1/keys"] {
            let _ = Call::from_http("POST", path, &bytes);
        }
        let _ = Call::from_pieces(&bytes);
        let _ = Reply::from_http(status, &bytes);
    }
}
