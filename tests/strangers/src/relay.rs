//! Decoders of what clients and relay say to each other.

use crate::log;
use crate::target::canonical;
use crate::{Decoder, Target, Vectors};
use minicbor::bytes::ByteArray;
use primitives::{Hash, LogId, Time, encode};
use relay_api::{
    Call, HostPort, Method, Piece, PieceReply, Problem, ProblemKind, Pushed, ReadToken, RelayAddress, Reply,
    ReplyPart, Standing, WatchRequest,
};

/// The interface's decoders.
pub const TARGET: Target = Target {
    name: "relay",
    decoders: &[
        Decoder {
            name: "call",
            accepts: call,
            seeds: |vectors| calls(vectors).iter().map(encode).collect(),
        },
        Decoder {
            name: "reply",
            accepts: reply,
            seeds: |_| replies().iter().map(encode).collect(),
        },
        Decoder {
            name: "watch request",
            accepts: canonical::<WatchRequest>,
            seeds: |_| vec![encode(&watch_request())],
        },
        Decoder {
            name: "pushed",
            accepts: canonical::<Pushed>,
            seeds: |_| pushed().iter().map(encode).collect(),
        },
        Decoder {
            name: "address",
            accepts: address,
            seeds: |_| {
                let id = "a".repeat(52);
                let address = |rest| format!("veche-relay://{id}{rest}").into_bytes();
                ["@127.0.0.1:7000", ":tok-1@relay.example:1,[::1]:2,xyz.onion:80"]
                    .map(address)
                    .to_vec()
            },
        },
    ],
};

const PATHS: [&str; 9] = [
    "/v1/create",
    "/v1/append",
    "/v1/read",
    "/v1/consistency",
    "/v1/blob/put",
    "/v1/blob/get",
    "/v1/keys",
    "/v1/limits",
    "/v1/piece",
];
const LOG: LogId = LogId::new([2; 32]);

/// At every endpoint: taken at one at most, and by the same bytes; in pieces likewise.
fn call(bytes: &[u8]) -> bool {
    let mut taken = 0;
    for path in PATHS {
        let Ok(call) = Call::from_http("POST", path, bytes) else {
            continue;
        };
        taken += 1;
        assert_eq!(call.path(), path);
        let request = call.to_http(None);
        assert_eq!((request.method, request.path), (Method::Post, path));
        assert_eq!(request.body, bytes);
        let in_pieces = Call::from_pieces(bytes);
        assert_eq!(in_pieces.is_ok(), !matches!(call, Call::Piece(_)));
        assert!(in_pieces.is_err() || in_pieces == Ok(call));
    }
    assert!(taken <= 1);
    if let Ok(call) = Call::from_pieces(bytes) {
        assert_eq!(encode(&call), bytes);
        let _ = call.log();
    }
    taken == 1
}

fn token() -> ReadToken {
    ReadToken::new([3; 32])
}

fn calls(vectors: &Vectors) -> Vec<Call> {
    let (log, token) = (LOG, token());
    let files = vectors.audit_files();
    let boxes = files.iter().flat_map(|file| &file.boxes).take(1);
    let create = boxes.map(|ballots| Call::Create {
        record: ballots.record.clone(),
        roll: vec![ByteArray::from([4; 32]); 3],
    });
    let others = [
        Call::Append {
            log,
            entry: vec![1, 2, 3],
            signature: ByteArray::from([5; 64]),
        },
        Call::Read {
            log,
            token: token.clone(),
            from: 7,
            bytes_max: 1_000,
            known: Some(9),
        },
        Call::Consistency {
            log,
            token: token.clone(),
            from: 1,
            to: 9,
        },
        Call::PutBlob {
            log,
            token: token.clone(),
            bytes: vec![6; 40],
        },
        Call::GetBlob {
            log,
            token: token.clone(),
            hash: Hash::new([7; 32]),
            offset: 0,
            len: 40,
        },
        Call::Trim {
            log,
            token: token.clone(),
            before: 7,
            signature: ByteArray::from([5; 64]),
        },
        Call::Show {
            log,
            token: token.clone(),
            checkpoint: log::examples().0.checkpoint,
        },
        Call::GiveBack {
            log,
            token,
            from: 0,
            entries: log::examples().0.entries,
            checkpoint: log::examples().0.checkpoint,
            rest: vec![Hash::new([8; 32]); 2],
        },
        Call::Keys,
        Call::Limits,
        Call::Piece(Piece {
            exchange: ByteArray::from([8; 16]),
            call_len: 100,
            offset: 0,
            bytes: vec![9; 50],
            reply_offset: 0,
        }),
    ];
    create.chain(others).collect()
}

/// Taken with its own status and no other.
fn reply(bytes: &[u8]) -> bool {
    let mut taken = 0;
    let statuses = ProblemKind::ALL.iter().map(|kind| kind.status());
    let statuses: std::collections::BTreeSet<u16> = statuses.chain([200, 202]).collect();
    for status in statuses {
        if let Ok(reply) = Reply::from_http(status, bytes) {
            taken += 1;
            let http = reply.to_http();
            assert_eq!((http.status, http.body.as_slice()), (status, bytes));
        }
    }
    assert!(taken <= 1);
    taken == 1
}

fn replies() -> Vec<Reply> {
    let (page, receipt) = log::examples();
    let problem = Problem::new(ProblemKind::TooFast).retry_after(500);
    vec![
        Reply::Created { log: LOG },
        Reply::Appended(receipt),
        Reply::Pending { slot_end: Time(9) },
        Reply::Page(page),
        Reply::Consistency {
            path: vec![Hash::new([1; 32]); 3],
        },
        Reply::BlobStored {
            hash: Hash::new([2; 32]),
        },
        Reply::Blob {
            blob_len: 4,
            bytes: vec![1; 4],
        },
        Reply::Piece(PieceReply {
            received: 50,
            reply: Some(ReplyPart {
                reply_len: 9,
                bytes: vec![3; 9],
            }),
        }),
        Reply::Problem(problem),
        Reply::Standing(Standing::Behind { size: 5, known: 12 }),
        Reply::Trimmed { gone: 7 },
    ]
}

fn watch_request() -> WatchRequest {
    WatchRequest {
        log: LOG,
        token: token(),
        from: 3,
    }
}

fn pushed() -> Vec<Pushed> {
    let (page, _) = log::examples();
    vec![
        Pushed::Page { log: LOG, page },
        Pushed::Refused {
            log: LOG,
            problem: Problem::new(ProblemKind::NotFound),
        },
    ]
}

/// What is printed is read again as the same address.
fn address(bytes: &[u8]) -> bool {
    let Ok(text) = core::str::from_utf8(bytes) else {
        return false;
    };
    if let Ok(host) = text.parse::<HostPort>() {
        assert_eq!(host.to_string().parse(), Ok(host));
    }
    let Ok(address) = text.parse::<RelayAddress>() else {
        return false;
    };
    assert_eq!(address.to_string().parse(), Ok(address));
    true
}
