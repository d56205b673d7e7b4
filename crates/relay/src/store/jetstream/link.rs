//! The way to the cluster: connecting, founding the stream, publishing, reading.
//!
//! Messages are read one by one, by their sequences, from whichever replica answers first (`DIRECT.GET`), many at a
//! time: no consumer is needed, so nothing of this process lives in the cluster.

use super::view::StreamId;
use crate::settings::JetStream;
use crate::store::StoreFault;
use async_nats::jetstream::context::{CreateStreamErrorKind, PublishError, PublishErrorKind};
use async_nats::jetstream::message::{PublishMessage, StreamMessage};
use async_nats::jetstream::stream::{
    Config, DirectGetErrorKind, DiscardPolicy, RawMessageErrorKind, RetentionPolicy, StorageType, Stream,
};
use async_nats::jetstream::{Context, Error, ErrorCode};
use async_nats::{Client, ConnectErrorKind, ConnectOptions};
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use primitives::{LogId, RelayId};
use std::error::Error as _;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::runtime::Runtime;

/// How long one question to the cluster may take.
const ANSWER: Duration = Duration::from_secs(3);
/// How long a change may take to be acknowledged before it is looked for and tried again: an election swallows what comes
/// while it lasts, and who waits long for that waits beyond its end.
const ACKNOWLEDGED: Duration = Duration::from_secs(1);
/// How long a start waits for the cluster.
const START: Duration = Duration::from_secs(45);
const PAUSE: Duration = Duration::from_millis(200);
/// How long a missing acknowledged message is waited for: a replica may be behind.
const ARRIVAL: Duration = Duration::from_secs(3);
/// Messages asked for at the same time; each has at most a mebibyte, if the cluster has its default.
pub(super) const WINDOW_MAX: usize = 32;
/// Copies of every message.
const REPLICAS: usize = 3;
/// What headers and framing take of a message at most.
const OVERHEAD_BYTES: usize = 8 * 1024;
const PART_BYTES_MAX: usize = 512 * 1024;

/// A change to be published.
#[derive(Debug, Clone)]
pub(super) struct Post {
    pub(super) log: LogId,
    /// The sequence of the last message of the log.
    pub(super) last: u64,
    /// How many entries the log has after it.
    pub(super) size: u64,
    pub(super) payload: Vec<u8>,
}

/// Who is asked for messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    /// Whoever has them, and may be behind; the server next to this process, if it is one.
    Anybody,
    /// Who orders them; one at a time.
    Leader,
}

/// A message of the stream.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) sequence: u64,
    pub(super) about: About,
    pub(super) payload: Vec<u8>,
    /// When the server took it.
    pub(super) at: SystemTime,
}

impl Message {
    /// One that this process has just written.
    pub(super) fn ours(sequence: u64, about: About, payload: Vec<u8>) -> Self {
        Self {
            sequence,
            about,
            payload,
            at: SystemTime::now(),
        }
    }
}

/// A connection to the cluster, with a thread of its own.
#[derive(Debug)]
pub(super) struct Link {
    thread: Thread,
    context: Context,
    stream: Stream<()>,
    name: Arc<str>,
}

/// The thread that waits for the cluster.
#[derive(Debug)]
struct Thread(Option<Runtime>);

/// What was found when the stream was opened.
#[derive(Debug)]
pub(super) struct Founded {
    /// Which stream it is.
    pub(super) id: StreamId,
    /// Whose logs are in it.
    pub(super) relay: RelayId,
}

/// What a message is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum About {
    Log(LogId),
    Part,
    Nothing,
}

impl Link {
    /// Connects, makes the stream if it is not there, and founds it for `relay` if nobody has.
    pub(super) fn open(at: &JetStream, relay: Option<RelayId>) -> Result<(Self, Founded), StoreFault> {
        let thread = Thread::start()?;
        let (context, stream, founded) = thread.run(open(at.clone(), relay))??;
        let link = Self {
            thread,
            context,
            stream,
            name: at.stream.as_str().into(),
        };
        Ok((link, founded))
    }

    /// Has `wake` called when another process says that it has written.
    pub(super) fn tell(&self, wake: impl Fn() + Send + 'static) {
        let (client, subject) = (self.context.client(), told(&self.name));
        let listening = async move {
            // The subscription is made again by the client whenever it connects again.
            let Ok(mut told) = client.subscribe(subject).await else {
                return;
            };
            while told.next().await.is_some() {
                wake();
            }
        };
        self.thread.begin(listening);
    }

    /// Tells the other processes that there is something new. Nothing depends on it.
    pub(super) fn say(&self) {
        let (client, subject) = (self.context.client(), told(&self.name));
        self.thread
            .begin(async move { drop(client.publish(subject, Vec::new().into()).await) });
    }

    /// The most bytes of one message.
    pub(super) fn part_bytes(&self) -> usize {
        let max = self.context.client().server_info().max_payload;
        max.saturating_sub(OVERHEAD_BYTES).clamp(1024, PART_BYTES_MAX)
    }

    /// Publishes changes, each to its log, all at once. Gives back the sequence or the fault of each.
    pub(super) fn publish(&self, posts: Vec<Post>) -> Result<Vec<Result<u64, StoreFault>>, StoreFault> {
        let (context, name) = (self.context.clone(), Arc::clone(&self.name));
        self.thread.run(async move {
            let posts = posts.into_iter().map(|post| {
                let mut message = PublishMessage::build()
                    .payload(post.payload.into())
                    .header("Veche-Size", post.size.to_string().as_str());
                // Not for the first: up to 2.10.18 servers may disagree on a message that expects none (nats-server
                // pull request 5794), and then hold different ones. Readers decide in any case.
                if post.last > 0 {
                    message = message.expected_last_subject_sequence(post.last);
                }
                let sent = send(&context, format!("{name}.log.{}", post.log), message);
                async {
                    let sent = tokio::time::timeout(ACKNOWLEDGED, sent).await;
                    sent.unwrap_or_else(|_| Err(unavailable("a change was not acknowledged in time")))
                }
            });
            join_all(posts).await
        })
    }

    /// Publishes parts of a change to this log, in order.
    pub(super) fn publish_parts(&self, log: LogId, parts: Vec<Vec<u8>>) -> Result<Vec<u64>, StoreFault> {
        let (context, name) = (self.context.clone(), Arc::clone(&self.name));
        self.thread.run(async move {
            let parts = parts.into_iter().map(|part| {
                let message = PublishMessage::build().payload(part.into());
                send(&context, format!("{name}.part.{log}"), message)
            });
            join_all(parts).await.into_iter().collect()
        })?
    }

    /// A sequence before which lies everything that was acknowledged to anybody before this was called.
    ///
    /// It is written, not asked: a leader that was deposed and does not know it yet still answers questions.
    pub(super) fn barrier(&self) -> Result<u64, StoreFault> {
        let (context, name) = (self.context.clone(), Arc::clone(&self.name));
        self.thread
            .run(async move { send(&context, format!("{name}.now"), PublishMessage::build()).await })?
    }

    /// Up to `window` messages that follow on `after`, up to the first that is missing; one alone is found beyond those
    /// that are missing.
    pub(super) fn next(&self, after: u64, window: usize, from: From) -> Result<Vec<Message>, StoreFault> {
        let (stream, all) = (self.stream.clone(), format!("{}.>", self.name));
        let messages: Result<Vec<_>, StoreFault> = self.thread.run(async move {
            let first = after.saturating_add(1);
            if from == From::Leader {
                return match stream.get_first_raw_message_by_subject(all, first).await {
                    Ok(message) => Ok(vec![message]),
                    Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(Vec::new()),
                    Err(error) => Err(unavailable(&error.to_string())),
                };
            }
            if window <= 1 {
                let found = stream.direct_get_next_for_subject(all, Some(first)).await;
                return got(found).map(|found| found.into_iter().collect());
            }
            let sequences = (first..).take(window.min(WINDOW_MAX));
            let mut messages = Vec::new();
            for found in join_all(sequences.map(|sequence| stream.direct_get(sequence))).await {
                match got(found)? {
                    Some(message) => messages.push(message),
                    None => break,
                }
            }
            Ok(messages)
        })?;
        let known = |message: StreamMessage| Message {
            sequence: message.sequence,
            about: self.about(message.subject.as_str()),
            at: message.time.into(),
            payload: message.payload.into(),
        };
        Ok(messages?.into_iter().map(known).collect())
    }

    /// The payload of a message that is known to be there.
    pub(super) fn payload(&self, sequence: u64) -> Result<Vec<u8>, StoreFault> {
        let until = Instant::now().checked_add(ARRIVAL);
        loop {
            let stream = self.stream.clone();
            match self
                .thread
                .run(async move { got(stream.direct_get(sequence).await) })??
            {
                Some(message) => return Ok(message.payload.into()),
                None if until.is_some_and(|until| Instant::now() < until) => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                None => return Err(StoreFault::Damaged("a message of the stream is missing")),
            }
        }
    }

    fn about(&self, subject: &str) -> About {
        let rest = subject.strip_prefix(&*self.name).unwrap_or_default();
        let mut words = rest.split('.').skip(1);
        match (words.next(), words.next()) {
            (Some("log"), Some(log)) => log.parse().map_or(About::Nothing, About::Log),
            (Some("part"), _) => About::Part,
            _ => About::Nothing,
        }
    }
}

impl Thread {
    fn start() -> Result<Self, StoreFault> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("jetstream")
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    fn begin(&self, doing: impl Future<Output = ()> + Send + 'static) {
        if let Some(runtime) = &self.0 {
            runtime.spawn(doing);
        }
    }

    /// Waits for something that is done there, whatever the caller's own thread is for.
    fn run<T: Send + 'static>(
        &self,
        doing: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, StoreFault> {
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        self.begin(async move {
            let _ = sender.send(doing.await);
        });
        receiver
            .recv()
            .map_err(|_| unavailable("the connection is closed"))
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        // Where a thread may not block, a runtime may not be dropped.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

async fn open(at: JetStream, relay: Option<RelayId>) -> Result<(Context, Stream<()>, Founded), StoreFault> {
    let started = Instant::now();
    let client = loop {
        match connect(&at).await {
            Ok(client) => break client,
            Err(fault @ StoreFault::Unavailable(_)) if started.elapsed() < START => {
                tracing::warn!(%fault, "trying again");
            }
            Err(fault) => return Err(fault),
        }
        tokio::time::sleep(PAUSE).await;
    };
    let mut context = async_nats::jetstream::new(client.clone());
    context.set_timeout(ANSWER);
    loop {
        let founded = match stream(&context, &client, &at.stream, started).await {
            Ok(stream) => found(&context, &stream, &at.stream, relay)
                .await
                .map(|founded| (stream, founded)),
            Err(fault) => Err(fault),
        };
        match founded {
            Ok((stream, founded)) => return Ok((context, stream, founded)),
            Err(StoreFault::Unavailable(why)) if started.elapsed() < START => {
                tracing::warn!(why, "the cluster is not ready yet; trying again");
            }
            Err(fault) => return Err(fault),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn connect(at: &JetStream) -> Result<Client, StoreFault> {
    let mut options = ConnectOptions::new()
        .name("veche-relay")
        // What this process says to the others it knows already.
        .no_echo()
        .connection_timeout(ANSWER)
        .request_timeout(Some(ANSWER))
        .ping_interval(Duration::from_secs(5))
        .reconnect_delay_callback(|attempts| {
            let attempts = u64::try_from(attempts).unwrap_or(u64::MAX);
            Duration::from_millis(attempts.saturating_mul(50).min(1_000))
        });
    if let Some(file) = &at.authority {
        options = options.add_root_certificates(file.clone());
    }
    if let Some((user, password)) = &at.user {
        options = options.user_and_password(user.clone(), password.to_string());
    }
    let connected = options.connect(at.servers.clone()).await;
    connected.map_err(|error| match error.kind() {
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => StoreFault::Broken(
            "the NATS servers want a user and a password, or others: see --store-user-file".to_owned(),
        ),
        _ => unavailable(&format!("no connection to the NATS servers ({error})")),
    })
}

/// The stream, made if it is not there.
async fn stream(
    context: &Context,
    client: &Client,
    name: &str,
    started: Instant,
) -> Result<Stream<()>, StoreFault> {
    let mut config = Config {
        name: name.to_owned(),
        subjects: ["log.*", "part.*", "relay", "now"]
            .map(|kind| format!("{name}.{kind}"))
            .to_vec(),
        storage: StorageType::File,
        num_replicas: REPLICAS,
        discard: DiscardPolicy::New,
        allow_direct: true,
        description: Some("Logs of a Veche relay; docs/relay-nats.md".to_owned()),
        ..Config::default()
    };
    let stream = loop {
        let error = match context.get_or_create_stream(&config).await {
            Ok(stream) => break stream,
            Err(error) => error,
        };
        let code = match error.kind() {
            CreateStreamErrorKind::JetStream(error) => Some(error.error_code()),
            _ => None,
        };
        let alone = code == Some(ErrorCode::STREAM_REPLICAS_NOT_SUPPORTED);
        // A cluster that is just starting has its third node a moment later.
        let few = code.is_some_and(|code| {
            code == ErrorCode::CLUSTER_NO_PEERS || code == ErrorCode::INSUFFICIENT_RESOURCES
        }) && started.elapsed() >= START / 2;
        if config.num_replicas == 1 || !(alone || few) {
            return Err(unavailable(&format!("the stream cannot be opened ({error})")));
        }
        config.num_replicas = 1;
    };
    let found = &stream.cached_info().config;
    if let Some(what) = loses(found, &config) {
        let message =
            format!("the stream {name} {what}: it would lose entries; set it right or name another");
        return Err(StoreFault::Broken(message));
    }
    if found.num_replicas < REPLICAS {
        tracing::warn!(
            replicas = found.num_replicas,
            nodes = client.server_info().connect_urls.len().max(1),
            "the stream has less than three replicas: what was answered is lost with the disk of one machine. In a \
             cluster of three nodes: nats stream edit {name} --replicas 3"
        );
    }
    context
        .get_stream_no_info(name)
        .await
        .map_err(|error| unavailable(&error.to_string()))
}

/// Why a stream that was made by somebody else does not do.
fn loses(found: &Config, wanted: &Config) -> Option<&'static str> {
    let rules = [
        (found.storage != StorageType::File, "is kept in memory"),
        (found.retention != RetentionPolicy::Limits, "drops what was read"),
        (!found.max_age.is_zero(), "has a greatest age"),
        (
            found.max_messages > 0 || found.max_messages_per_subject > 0,
            "has a greatest number of messages",
        ),
        (
            found.discard != DiscardPolicy::New,
            "drops old messages when it is full",
        ),
        (!found.allow_direct, "does not allow direct reading"),
        (
            wanted
                .subjects
                .iter()
                .any(|subject| !found.subjects.contains(subject)),
            "has other subjects",
        ),
    ];
    rules.iter().find(|(breaks, _)| *breaks).map(|(_, what)| *what)
}

/// Reads the message that founded the stream; writes it if there is none.
async fn found(
    context: &Context,
    stream: &Stream<()>,
    name: &str,
    relay: Option<RelayId>,
) -> Result<Founded, StoreFault> {
    let subject = format!("{name}.relay");
    for _ in 0..10u8 {
        // The first: two processes may found it at once.
        let found = stream.get_first_raw_message_by_subject(&subject, 1).await;
        if let Ok(message) = &found {
            let strange = StoreFault::Damaged("the stream was not founded by a relay");
            let (id, relay) = message.payload.split_first_chunk::<16>().ok_or(strange.clone())?;
            let relay = relay.try_into().map_err(|_| strange)?;
            return Ok(Founded {
                id: *id,
                relay: RelayId::new(relay),
            });
        }
        let Some(relay) = relay else {
            if found.is_err_and(|error| error.kind() == RawMessageErrorKind::NoMessageFound) {
                return Err(StoreFault::Behind);
            }
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let mut id = StreamId::default();
        getrandom::fill(&mut id).map_err(|error| StoreFault::Broken(error.to_string()))?;
        let message = PublishMessage::build().payload([id.as_slice(), relay.as_bytes()].concat().into());
        send(context, subject.clone(), message).await?;
    }
    Err(unavailable("the stream does not show who founded it"))
}

async fn send(context: &Context, subject: String, message: PublishMessage) -> Result<u64, StoreFault> {
    let sent = context.send_publish(subject, message).await;
    let acknowledged = sent.map_err(refused)?.await.map_err(refused)?;
    Ok(acknowledged.sequence)
}

fn refused(error: PublishError) -> StoreFault {
    let code = error
        .source()
        .and_then(|source| source.downcast_ref::<Error>())
        .map(Error::error_code);
    match (error.kind(), code) {
        (PublishErrorKind::WrongLastSequence, _) => StoreFault::Conflict,
        (
            _,
            Some(
                ErrorCode::STREAM_STORE_FAILED
                | ErrorCode::STORAGE_RESOURCES_EXCEEDED
                | ErrorCode::ACCOUNT_RESOURCES_EXCEEDED,
            ),
        ) => StoreFault::Full,
        _ => unavailable(&error.to_string()),
    }
}

fn got(
    found: Result<StreamMessage, async_nats::jetstream::stream::DirectGetError>,
) -> Result<Option<StreamMessage>, StoreFault> {
    match found {
        Ok(message) => Ok(Some(message)),
        Err(error) if error.kind() == DirectGetErrorKind::NotFound => Ok(None),
        Err(error) => Err(unavailable(&error.to_string())),
    }
}

fn told(name: &str) -> String {
    format!("{name}.told")
}

pub(super) fn unavailable(why: &str) -> StoreFault {
    StoreFault::Unavailable(why.to_owned())
}
