//! One connection: TLS, then HTTP/1.1, then calls.

use crate::metrics::Metrics;
use crate::paced::Paced;
use crate::rate::Meter;
use crate::service::{Service, too_fast};
use crate::watch;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use relay_api::{Call, CreateToken, HttpReply, Problem, ProblemKind, Reply, WATCH_PATH};
use std::convert::Infallible;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch as signal};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// How much of a refused body is read, and for how long, so that its sender gets the answer.
const DRAIN_BYTES_MAX: usize = 4 * 1024 * 1024;
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// For how many calls a ballot counts that was judged and is none.
const REFUSED_BALLOT_CALLS: u32 = 20;
const HEADERS_MAX: usize = 32;
const HTTP_BUFFER_BYTES: usize = 16 * 1024;
/// The unit in which memory for bodies is shared out.
pub(crate) const KIB: usize = 1024;

/// What all connections share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) tls: TlsAcceptor,
    pub(crate) service: Arc<Service>,
    pub(crate) metrics: Arc<Metrics>,
    /// KiB of request bodies and replies in memory at the same time.
    pub(crate) bodies: Arc<Semaphore>,
    /// Turns true when the relay stops.
    pub(crate) stopping: signal::Receiver<bool>,
    /// The connection's place among those allowed; a watch goes on holding it.
    pub(crate) place: Option<Arc<OwnedSemaphorePermit>>,
}

impl Shared {
    /// A place in memory for a body of `len` bytes.
    fn room(&self, len: usize) -> Result<OwnedSemaphorePermit, Problem> {
        let room = u32::try_from(len.div_ceil(KIB)).unwrap_or(u32::MAX);
        let taken = Arc::clone(&self.bodies).try_acquire_many_owned(room);
        taken.map_err(|_| Problem::new(ProblemKind::Busy).retry_after(1_000))
    }
}

/// Returns when the relay stops.
pub(crate) async fn stopped(stopping: &mut signal::Receiver<bool>) {
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

/// Serves a connection to its end.
pub(crate) async fn serve(stream: TcpStream, shared: Shared) {
    let _ = stream.set_nodelay(true);
    let _counted = shared.metrics.connection();
    let patience = shared.service.settings().patience;
    let accepted = tokio::time::timeout(patience.handshake, shared.tls.accept(stream)).await;
    let Ok(Ok(tls)) = accepted else {
        tracing::debug!("a connection did not get through its handshake");
        return;
    };
    let meter = Arc::new(Mutex::new(Meter::new(Instant::now())));
    let answer = service_fn(|request| {
        let (shared, meter) = (shared.clone(), Arc::clone(&meter));
        async move { Ok::<_, Infallible>(respond(request, &shared, &meter).await) }
    });
    let mut stopping = shared.stopping.clone();
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.header)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HTTP_BUFFER_BYTES)
        .serve_connection(TokioIo::new(Paced::new(tls, patience.body)), answer)
        .with_upgrades();
    let mut connection = pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        () = stopped(&mut stopping) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

async fn respond(
    request: Request<Incoming>,
    shared: &Shared,
    meter: &Arc<Mutex<Meter>>,
) -> Response<Full<Bytes>> {
    let begun = Instant::now();
    if request.uri().path() == WATCH_PATH {
        return upgrade(request, shared, Arc::clone(meter));
    }
    let (head, mut body) = request.into_parts();
    let taken = meter
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take(shared.service.settings().requests(), begun);
    let received = match taken.map_err(too_fast) {
        Ok(()) => call(&head, &mut body, shared).await,
        Err(problem) => Err(problem),
    };
    let (reply, refused) = match received {
        // The call keeps its place in memory until it is answered.
        Ok((call, token, _room)) => shared.service.answer(call, token).await,
        Err(problem) => {
            // Who is still writing reads no answer: let him finish, within limits.
            let _ = tokio::time::timeout(DRAIN_TIMEOUT, drain(&mut body)).await;
            let kind = problem.kind;
            (Reply::Problem(problem), Some(kind))
        }
    };
    if refused == Some(ProblemKind::BallotRefused) {
        let requests = shared.service.settings().requests();
        let mut meter = meter.lock().unwrap_or_else(PoisonError::into_inner);
        meter.charge(requests, REFUSED_BALLOT_CALLS);
    }
    shared.metrics.answered(refused);
    let elapsed_ms = begun.elapsed().as_millis();
    match refused {
        Some(problem) => tracing::info!(%problem, elapsed_ms, "refused"),
        None => tracing::debug!(path = head.uri.path(), elapsed_ms, "done"),
    }
    write(&reply, shared)
}

/// Reads the call. The memory for its body is reserved before it is read.
async fn call(
    head: &Parts,
    body: &mut Incoming,
    shared: &Shared,
) -> Result<(Call, Option<CreateToken>, OwnedSemaphorePermit), Problem> {
    let (method, path) = (head.method.as_str(), head.uri.path());
    let max = Call::body_bytes_max(method, path)?;
    let announced = head
        .headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    let len: usize = announced.unwrap_or(if max == 0 { 0 } else { usize::MAX });
    if len > max {
        return Err(if announced.is_some() {
            ProblemKind::TooLarge
        } else {
            ProblemKind::Malformed
        }
        .into());
    }
    let room = shared.room(len)?;
    let patience = shared.service.settings().patience.body;
    let collected = tokio::time::timeout(patience, Limited::new(body, len).collect()).await;
    let malformed = || Problem::new(ProblemKind::Malformed);
    let body = collected
        .map_err(|_| malformed())?
        .map_err(|_| malformed())?
        .to_bytes();
    shared.metrics.received(body.len());
    Ok((Call::from_http(method, path, &body)?, bearer(&head.headers), room))
}

/// Reads and throws away what is left of a body.
async fn drain(body: &mut Incoming) {
    let mut read = 0usize;
    while let Some(Ok(frame)) = body.frame().await {
        read = read.saturating_add(frame.data_ref().map_or(0, Bytes::len));
        if read > DRAIN_BYTES_MAX {
            return;
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<CreateToken> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    CreateToken::new(value.strip_prefix("Bearer ")?).ok()
}

/// The response, which holds its place in memory until its last byte has left.
fn write(reply: &Reply, shared: &Shared) -> Response<Full<Bytes>> {
    let whole = reply.to_http();
    let (
        HttpReply {
            status,
            content_type,
            body,
        },
        room,
    ) = match shared.room(whole.body.len()) {
        Ok(room) => (whole, Some(room)),
        Err(busy) => (Reply::Problem(busy).to_http(), None),
    };
    shared.metrics.sent(body.len());
    let mut response = Response::new(Full::new(Bytes::from_owner(Held { body, _room: room })));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A reply's bytes with their place in memory.
struct Held {
    body: Vec<u8>,
    _room: Option<OwnedSemaphorePermit>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

/// Turns the connection into a watch (RFC 6455, section 4.2).
fn upgrade(
    mut request: Request<Incoming>,
    shared: &Shared,
    meter: Arc<Mutex<Meter>>,
) -> Response<Full<Bytes>> {
    let names_websocket = |name| {
        let value = request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        value.to_ascii_lowercase()
    };
    let wanted = request.method() == hyper::Method::GET
        && names_websocket(header::UPGRADE) == "websocket"
        && names_websocket(header::CONNECTION).contains("upgrade")
        && names_websocket(header::SEC_WEBSOCKET_VERSION) == "13";
    let key = request
        .headers()
        .get(header::SEC_WEBSOCKET_KEY)
        .filter(|_| wanted);
    let accept = key.and_then(|key| HeaderValue::from_str(&derive_accept_key(key.as_bytes())).ok());
    let Some(accept) = accept else {
        return write(&Reply::Problem(ProblemKind::Malformed.into()), shared);
    };
    let upgraded = hyper::upgrade::on(&mut request);
    let (service, mut stopping) = (Arc::clone(&shared.service), shared.stopping.clone());
    let (place, metrics) = (shared.place.clone(), Arc::clone(&shared.metrics));
    tokio::spawn(async move {
        let _place = place;
        let Ok(stream) = upgraded.await else { return };
        let _counted = (metrics.connection(), metrics.watch());
        tokio::select! {
            () = watch::serve(TokioIo::new(stream), service, &meter, &metrics) => {}
            () = stopped(&mut stopping) => {}
        }
    });
    let mut response = Response::new(Full::new(Bytes::new()));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    response
}
