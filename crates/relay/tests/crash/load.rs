//! Many connections at once: appends of all lengths, ballots, the same again, and watches that look on.

use crate::common::Log;
use crate::common::wire::{Hello, connect_with, pushed_or_end};
use crate::ledger::Ledger;
use ballot::{BallotSecret, Event, Roll};
use futures_util::SinkExt as _;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use primitives::{AssemblyId, OpeningId, Time, encode};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use relay_api::{Call, ProblemKind, Pushed, RelayAddress, Reply, WatchRequest};
use std::sync::Arc;
use std::time::Duration;
use tlog::{CheckpointKey, Gate, Reader, Slots};
use tokio_tungstenite::tungstenite::Message;

/// A number below `end`.
pub(crate) fn below(rng: &mut ChaCha20Rng, end: u64) -> u64 {
    rng.next_u64() % end
}

/// As many bytes as any other power of two up to 64 KiB has; nobody compresses them.
pub(crate) fn entry(rng: &mut ChaCha20Rng) -> Vec<u8> {
    let top = below(rng, 17);
    let len = 1 + below(rng, 1 << top);
    let mut bytes = vec![0; usize::try_from(len).unwrap()];
    rng.fill_bytes(&mut bytes);
    bytes
}

/// A connection over which one call follows the other.
pub(crate) struct Session(SendRequest<Full<Bytes>>);

impl Session {
    pub(crate) async fn open(address: &RelayAddress) -> Option<Self> {
        let stream = connect_with(address, Hello::default()).await.ok()?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.ok()?;
        tokio::spawn(connection);
        Some(Self(sender))
    }

    /// The reply; none if the connection ended before it was whole.
    pub(crate) async fn call(&mut self, call: &Call) -> Option<Reply> {
        let request = call.to_http(None);
        let head = hyper::Request::builder()
            .method(request.method.as_str())
            .uri(request.path)
            .header("host", "localhost");
        self.0.ready().await.ok()?;
        let sent = head.body(Full::new(Bytes::from(request.body))).unwrap();
        let response = self.0.send_request(sent).await.ok()?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.ok()?.to_bytes();
        Some(Reply::from_http(status, &body).unwrap())
    }
}

/// The logs of one relay.
pub(crate) struct Logs {
    pub(crate) plain: Vec<Log>,
    pub(crate) boxed: Log,
    /// What the voters cast, a ballot each.
    pub(crate) ballots: Vec<Vec<u8>>,
}

impl Logs {
    /// `plain` logs, and a box of so many `voters` that is open and has slots of 100 ms.
    pub(crate) fn new(seed: u8, plain: u8, voters: usize, opens: Time) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed.into());
        let secrets: Vec<_> = (0..voters).map(|_| BallotSecret::random(&mut rng)).collect();
        let roll = Arc::new(Roll::new(secrets.iter().map(BallotSecret::public).collect()).unwrap());
        let (assembly, opening, sealing_key) = (AssemblyId::new([7; 32]), OpeningId::new([8; 32]), [6; 32]);
        let mut boxed = Log::plain(seed);
        boxed.roll = roll.keys().iter().map(|key| (*key.as_bytes()).into()).collect();
        boxed.record.gate = Some(Gate {
            assembly,
            opening,
            roll_root: roll.root(),
            roll_len: u32::try_from(voters).unwrap(),
            sealing_key: sealing_key.into(),
        });
        boxed.record.slots = Some(Slots {
            opens,
            closes: opens.after(24 * 3_600_000),
            every_ms: 100,
        });
        let event = Event::ballot(assembly, opening, roll, sealing_key);
        let ballots = secrets
            .iter()
            .map(|secret| ballot::prove(&event, secret, b"yes", &mut rng).unwrap().encode());
        Self {
            ballots: ballots.collect(),
            plain: (1..=plain)
                .map(|number| Log::plain(seed.wrapping_add(number)))
                .collect(),
            boxed,
        }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Log> {
        self.plain.iter().chain([&self.boxed])
    }

    /// Creates them all; false if the relay went away.
    pub(crate) async fn create(&self, address: &RelayAddress, ledger: &Ledger) -> bool {
        let Some(mut session) = Session::open(address).await else {
            return false;
        };
        for log in self.all() {
            match session.call(&log.create()).await {
                Some(Reply::Created { .. }) => ledger.created(log.id()),
                Some(other) => panic!("{other:?}"),
                None => return false,
            }
        }
        true
    }
}

/// Appends until the connection ends or `appends` have been answered: new entries, and every fifth time one that was
/// sent before. Gives back how many were answered.
pub(crate) async fn append(
    address: RelayAddress,
    logs: Arc<Logs>,
    ledger: Arc<Ledger>,
    key: CheckpointKey,
    (seed, appends): (u64, u64),
) -> u64 {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let mut answered = 0;
    let Some(mut session) = Session::open(&address).await else {
        return answered;
    };
    let mut sent: Vec<(usize, Vec<u8>)> = Vec::new();
    while answered < appends {
        let again = !sent.is_empty() && below(&mut rng, 5) == 0;
        let (log, bytes) = if again {
            sent[usize::try_from(below(&mut rng, sent.len() as u64)).unwrap()].clone()
        } else {
            let log = usize::try_from(below(&mut rng, logs.plain.len() as u64)).unwrap();
            (log, entry(&mut rng))
        };
        if !say(&mut session, &logs.plain[log], &bytes, &ledger, &key).await {
            break;
        }
        answered += 1;
        sent.push((log, bytes));
    }
    answered
}

/// Casts ballots until the connection ends: some that are new, some that are not.
pub(crate) async fn cast(
    address: RelayAddress,
    logs: Arc<Logs>,
    ledger: Arc<Ledger>,
    key: CheckpointKey,
    (seed, casts): (u64, u64),
) -> u64 {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let mut answered = 0;
    let Some(mut session) = Session::open(&address).await else {
        return answered;
    };
    while answered < casts {
        let voter = usize::try_from(below(&mut rng, logs.ballots.len() as u64)).unwrap();
        if !say(&mut session, &logs.boxed, &logs.ballots[voter], &ledger, &key).await {
            break;
        }
        answered += 1;
        tokio::time::sleep(Duration::from_millis(below(&mut rng, 60))).await;
    }
    answered
}

/// One append, written down. False: the connection ended.
pub(crate) async fn say(
    session: &mut Session,
    log: &Log,
    bytes: &[u8],
    ledger: &Ledger,
    key: &CheckpointKey,
) -> bool {
    ledger.asks(log.id(), bytes);
    loop {
        let Some(reply) = session.call(&log.append(bytes)).await else {
            return false;
        };
        if ledger.answered(log, bytes, &reply, key) {
            return true;
        }
        match &reply {
            Reply::Problem(problem) if matches!(problem.kind, ProblemKind::TooFast | ProblemKind::Busy) => {
                let wait = problem.retry_ms.unwrap_or(10).min(100);
                tokio::time::sleep(Duration::from_millis(wait)).await;
            }
            other => panic!("an append was answered with {other:?}"),
        }
    }
}

/// Watches every log from where its reader stands, until the connection ends.
pub(crate) async fn watch(
    address: RelayAddress,
    logs: Arc<Logs>,
    ledger: Arc<Ledger>,
    key: CheckpointKey,
    mut readers: Vec<Reader>,
) {
    let Ok(stream) = connect_with(&address, Hello::default()).await else {
        return;
    };
    let url = format!("wss://localhost{}", relay_api::WATCH_PATH);
    let Ok((mut socket, _)) = tokio_tungstenite::client_async(url, stream).await else {
        return;
    };
    for (log, reader) in logs.all().zip(&readers) {
        let request = WatchRequest {
            log: log.id(),
            token: log.token(),
            from: reader.size(),
        };
        if socket.send(Message::binary(encode(&request))).await.is_err() {
            return;
        }
    }
    while let Some(pushed) = pushed_or_end(&mut socket).await {
        let Pushed::Page { log, page } = pushed else {
            panic!("{pushed:?}")
        };
        let reader = readers
            .iter_mut()
            .find(|reader| reader.origin().log == log)
            .unwrap();
        reader
            .extend(&page, &key)
            .expect("a page that goes on from before");
        ledger.shown(log, &page.checkpoint, &key);
    }
}
