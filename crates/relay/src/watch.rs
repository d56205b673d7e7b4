//! The watch: pushes new entries of many logs over one WebSocket.
//!
//! Memory is bounded: a connection remembers at most one position per log, holds one page while it is being sent, and
//! is dropped when a page does not get through in time. Nothing is queued for slow readers.

use crate::metrics::Metrics;
use crate::rate::Meter;
use crate::service::{Service, too_fast};
use futures_util::{SinkExt as _, StreamExt as _};
use primitives::canonical::decode_canonical_max;
use primitives::{LogId, encode};
use relay_api::limits::{SMALL_BODY_BYTES_MAX, WATCH_LOGS_MAX};
use relay_api::{Problem, ProblemKind, Pushed, ReadToken, WatchRequest};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

const PAGE_BYTES: u32 = 256 * 1024;

/// Who wants to know about which log.
#[derive(Debug, Default)]
pub struct Watchers(Mutex<HashMap<LogId, Vec<Weak<Dirty>>>>);

/// Logs of one connection that have grown, each once, in the order in which they are served.
#[derive(Debug, Default)]
struct Dirty {
    logs: Mutex<VecDeque<LogId>>,
    notify: Notify,
}

impl Dirty {
    fn mark(&self, log: LogId) {
        let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        if !logs.contains(&log) {
            logs.push_back(log);
        }
        self.notify.notify_one();
    }

    fn take(&self) -> Option<LogId> {
        self.logs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front()
    }
}

impl Watchers {
    /// These logs have grown.
    pub fn grown(&self, logs: &[LogId]) {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for log in logs {
            let Some(connections) = watched.get_mut(log) else {
                continue;
            };
            connections.retain(|weak| weak.upgrade().inspect(|dirty| dirty.mark(*log)).is_some());
            if connections.is_empty() {
                watched.remove(log);
            }
        }
    }

    fn add(&self, log: LogId, dirty: &Arc<Dirty>) {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let connections = watched.entry(log).or_default();
        connections.retain(|weak| weak.strong_count() > 0);
        connections.push(Arc::downgrade(dirty));
    }
}

struct Watched {
    token: ReadToken,
    next: u64,
}

/// Serves one watch until the client leaves, breaks the protocol, or is too slow.
pub(crate) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    service: Arc<Service>,
    meter: &Mutex<Meter>,
    metrics: &Metrics,
) {
    let config = WebSocketConfig::default()
        .max_message_size(Some(SMALL_BODY_BYTES_MAX))
        .max_frame_size(Some(SMALL_BODY_BYTES_MAX))
        .read_buffer_size(4 * 1024)
        .write_buffer_size(0);
    let patience = service.settings().patience;
    let mut socket = Socket {
        wire: WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await,
        patience: patience.push,
        metrics,
    };
    let dirty = Arc::new(Dirty::default());
    let mut watched: HashMap<LogId, Watched> = HashMap::new();
    let mut ping = tokio::time::interval(patience.ping);
    loop {
        tokio::select! {
            received = socket.wire.next() => {
                let Some(Ok(message)) = received else { return };
                let bytes = match message {
                    Message::Binary(bytes) => bytes,
                    Message::Ping(_) | Message::Pong(_) => continue,
                    _ => return,
                };
                let Ok(request) = decode_canonical_max::<WatchRequest>(&bytes, SMALL_BODY_BYTES_MAX) else { return };
                let log = request.log;
                let taken = meter.lock().unwrap_or_else(PoisonError::into_inner).take(service.settings().requests(), Instant::now());
                let registered = match taken {
                    Ok(()) => register(&service, &mut watched, &dirty, request).await,
                    Err(wait) => Err(too_fast(wait)),
                };
                if let Err(problem) = registered
                    && !socket.push(&Pushed::Refused { log, problem }).await
                {
                    return;
                }
            }
            () = dirty.notify.notified() => {
                if !push_all(&mut socket, &service, &mut watched, &dirty).await { return }
            }
            _ = ping.tick() => {
                if !socket.send(Message::Ping(Vec::new().into())).await { return }
            }
        }
    }
}

async fn register(
    service: &Service,
    watched: &mut HashMap<LogId, Watched>,
    dirty: &Arc<Dirty>,
    request: WatchRequest,
) -> Result<(), Problem> {
    let known = watched.contains_key(&request.log);
    if !known && watched.len() >= WATCH_LOGS_MAX {
        return Err(ProblemKind::TooLarge.into());
    }
    service
        .watchable(request.log, &request.token, request.from)
        .await?;
    if !known {
        service.watchers().add(request.log, dirty);
    }
    watched.insert(
        request.log,
        Watched {
            token: request.token,
            next: request.from,
        },
    );
    dirty.mark(request.log);
    Ok(())
}

/// Sends what is new of every log that has grown, a page of each in turn.
async fn push_all<S: AsyncRead + AsyncWrite + Unpin>(
    socket: &mut Socket<'_, S>,
    service: &Arc<Service>,
    watched: &mut HashMap<LogId, Watched>,
    dirty: &Dirty,
) -> bool {
    while let Some(log) = dirty.take() {
        let Some(position) = watched.get_mut(&log) else {
            continue;
        };
        let page = match service
            .page(log, position.token.clone(), (position.next, None), PAGE_BYTES)
            .await
        {
            Ok(page) => page,
            Err(problem) => {
                watched.remove(&log);
                if !socket.push(&Pushed::Refused { log, problem }).await {
                    return false;
                }
                continue;
            }
        };
        if page.is_empty() {
            continue;
        }
        position.next = page.end();
        if !socket.push(&Pushed::Page { log, page }).await {
            return false;
        }
        // There may be more than one page; an empty one ends it.
        dirty.mark(log);
    }
    true
}

/// A WebSocket that gives every message a limited time to leave.
struct Socket<'a, S> {
    wire: WebSocketStream<S>,
    metrics: &'a Metrics,
    patience: Duration,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<'_, S> {
    async fn push(&mut self, pushed: &Pushed) -> bool {
        if let Pushed::Refused { problem, .. } = pushed {
            self.metrics.refused(problem.kind);
        }
        let bytes = encode(pushed);
        self.metrics.sent(bytes.len());
        self.send(Message::Binary(bytes.into())).await
    }

    /// Whether the message left in time.
    async fn send(&mut self, message: Message) -> bool {
        let sent = tokio::time::timeout(self.patience, self.wire.send(message)).await;
        if sent.is_err() {
            tracing::info!("a watch was dropped: it did not take a message in time");
        }
        matches!(sent, Ok(Ok(())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_keeps_growing_waits_for_the_others() {
        let (busy, quiet) = (LogId::new([0; 32]), LogId::new([9; 32]));
        let dirty = Dirty::default();
        for log in [busy, quiet, busy] {
            dirty.mark(log);
        }
        assert_eq!(dirty.take(), Some(busy));
        dirty.mark(busy);
        assert_eq!(dirty.take(), Some(quiet));
        assert_eq!(dirty.take(), Some(busy));
        assert_eq!(dirty.take(), None);
    }
}
