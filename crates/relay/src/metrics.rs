//! What the relay counts of itself, for Prometheus: sums over everybody, never about one log, address or token.
//!
//! The text is served over plain HTTP at an address of its own, which is on loopback unless the operator insists.

use crate::store::LogChange;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use relay_api::ProblemKind;
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// Who reads metrics at the same time.
const READERS_MAX: usize = 8;
/// How long one may take for the head of a request, and for all it does.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
const READER_TIMEOUT: Duration = Duration::from_secs(30);
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The label of a refusal.
type Kind = [(&'static str, &'static str); 1];

/// Everything that is counted.
pub struct Metrics {
    registry: Registry,
    appends: Counter,
    append_bytes: Counter,
    commits: Counter,
    commit_failures: Counter,
    batch: Histogram,
    commit_seconds: Histogram,
    calls: Counter,
    refusals: Family<Kind, Counter>,
    received: Counter,
    sent: Counter,
    connections: Gauge,
    watches: Gauge,
    disk_free: Gauge,
    behind: Gauge,
    broken: Gauge,
    recovering: Gauge,
    clock_stopped: Gauge,
}

/// What is looked at only when somebody asks.
#[derive(Debug, Clone, Copy, Default)]
pub struct State {
    /// Bytes that may still be written, of those the disk has.
    pub disk_free: u64,
    /// Logs that lack entries that were signed.
    pub behind: usize,
    /// Logs of which two histories were signed.
    pub broken: usize,
    /// Whether the relay is recovering.
    pub recovering: bool,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("veche_relay");
        let metrics = Self {
            appends: Counter::default(),
            append_bytes: Counter::default(),
            commits: Counter::default(),
            commit_failures: Counter::default(),
            batch: Histogram::new(exponential_buckets(1.0, 2.0, 10)),
            commit_seconds: Histogram::new(exponential_buckets(0.000_25, 2.0, 16)),
            calls: Counter::default(),
            refusals: Family::default(),
            received: Counter::default(),
            sent: Counter::default(),
            connections: Gauge::default(),
            watches: Gauge::default(),
            disk_free: Gauge::default(),
            behind: Gauge::default(),
            broken: Gauge::default(),
            recovering: Gauge::default(),
            clock_stopped: Gauge::default(),
            registry: Registry::default(),
        };
        let counters = [
            ("appends", "Entries that got their place", &metrics.appends),
            ("commits", "Commits that were made durable", &metrics.commits),
            (
                "commit_failures",
                "Commits of which nothing was kept",
                &metrics.commit_failures,
            ),
            ("calls", "Calls answered, refusals included", &metrics.calls),
        ];
        for (name, help, counter) in counters {
            registry.register(name, help, counter.clone());
        }
        let counters = [
            (
                "append",
                "Bytes of the entries that got their place",
                &metrics.append_bytes,
            ),
            ("received", "Bytes of request bodies", &metrics.received),
            ("sent", "Bytes of replies and of pages pushed", &metrics.sent),
        ];
        for (name, help, counter) in counters {
            registry.register_with_unit(name, help, Unit::Bytes, counter.clone());
        }
        registry.register("refusals", "Calls refused, by problem", metrics.refusals.clone());
        registry.register(
            "batch_entries",
            "Entries that shared a commit",
            metrics.batch.clone(),
        );
        let help = "Time of a commit, from writing to durable";
        registry.register_with_unit("commit", help, Unit::Seconds, metrics.commit_seconds.clone());
        let gauges = [
            (
                "connections",
                "Connections now, watches included",
                &metrics.connections,
            ),
            ("watches", "Watches now", &metrics.watches),
            (
                "logs_behind",
                "Logs that lack entries that were signed, of those asked for since the start",
                &metrics.behind,
            ),
            (
                "logs_broken",
                "Logs of which two histories were signed, of those asked for since the start",
                &metrics.broken,
            ),
            (
                "recovering",
                "1 while members have time to give back what is missing",
                &metrics.recovering,
            ),
            (
                "clock_stopped",
                "1 while the clock has jumped and nothing is stamped",
                &metrics.clock_stopped,
            ),
        ];
        for (name, help, gauge) in gauges {
            registry.register(name, help, gauge.clone());
        }
        let help = "Bytes free on the disk of the logs";
        registry.register_with_unit("disk_free", help, Unit::Bytes, metrics.disk_free.clone());
        Self { registry, ..metrics }
    }
}

impl Metrics {
    /// A commit was made durable.
    pub(crate) fn committed<'a>(&self, changes: impl Iterator<Item = &'a LogChange>, took: Duration) {
        let (mut entries, mut bytes) = (0u64, 0u64);
        for placed in changes.flat_map(|change| &change.placed) {
            entries = entries.saturating_add(1);
            bytes = bytes.saturating_add(u64::try_from(placed.entry.bytes.len()).unwrap_or(u64::MAX));
        }
        self.commits.inc();
        self.appends.inc_by(entries);
        self.append_bytes.inc_by(bytes);
        self.commit_seconds.observe(took.as_secs_f64());
        self.batch
            .observe(f64::from(u32::try_from(entries).unwrap_or(u32::MAX)));
    }

    /// A commit failed.
    pub(crate) fn failed(&self) {
        self.commit_failures.inc();
    }

    /// A call was answered.
    pub(crate) fn answered(&self, refusal: Option<ProblemKind>) {
        self.calls.inc();
        if let Some(kind) = refusal {
            self.refused(kind);
        }
    }

    /// Something was refused that is no call.
    pub(crate) fn refused(&self, kind: ProblemKind) {
        self.refusals.get_or_create(&[("problem", kind.slug())]).inc();
    }

    /// Bytes came.
    pub(crate) fn received(&self, len: usize) {
        self.received.inc_by(u64::try_from(len).unwrap_or(u64::MAX));
    }

    /// Bytes go.
    pub(crate) fn sent(&self, len: usize) {
        self.sent.inc_by(u64::try_from(len).unwrap_or(u64::MAX));
    }

    /// Counts a connection for as long as what is returned is kept.
    pub(crate) fn connection(&self) -> Counted {
        Counted::new(&self.connections)
    }

    /// Counts a watch for as long as what is returned is kept.
    pub(crate) fn watch(&self) -> Counted {
        Counted::new(&self.watches)
    }

    /// Whether the clock is stopped now.
    pub(crate) fn clock(&self, stopped: bool) {
        self.clock_stopped.set(i64::from(stopped));
    }

    /// The text, with `state` as it is now.
    #[must_use]
    pub fn text(&self, state: State) -> String {
        let whole = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        self.disk_free
            .set(i64::try_from(state.disk_free).unwrap_or(i64::MAX));
        self.behind.set(whole(state.behind));
        self.broken.set(whole(state.broken));
        self.recovering.set(i64::from(state.recovering));
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics(..)")
    }
}

/// One more in a gauge, until it is dropped.
#[derive(Debug)]
pub(crate) struct Counted(Gauge);

impl Counted {
    fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Answers `GET /metrics` until it is aborted.
pub(crate) async fn serve(listener: TcpListener, text: Arc<dyn Fn() -> String + Send + Sync>) {
    let places = Arc::new(Semaphore::new(READERS_MAX));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let text = Arc::clone(&text);
        tokio::spawn(async move {
            let _place = place;
            let answer = service_fn(|request| {
                let answer = answer(&request, text.as_ref());
                async move { Ok::<_, Infallible>(answer) }
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                .keep_alive(false)
                .serve_connection(TokioIo::new(stream), answer);
            let _ = tokio::time::timeout(READER_TIMEOUT, connection).await;
        });
    }
}

fn answer(request: &Request<Incoming>, text: &dyn Fn() -> String) -> Response<Full<Bytes>> {
    let asked = (request.method(), request.uri().path());
    if asked != (&Method::GET, "/metrics") {
        let mut response = Response::new(Full::new(Bytes::from_static(b"GET /metrics\n")));
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    }
    let mut response = Response::new(Full::new(Bytes::from(text())));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_was_counted_and_what_is() {
        let metrics = Metrics::default();
        metrics.answered(None);
        metrics.answered(Some(ProblemKind::NotFound));
        let connection = metrics.connection();
        let text = metrics.text(State {
            behind: 2,
            ..State::default()
        });
        for line in [
            "veche_relay_calls_total 2",
            "veche_relay_refusals_total{problem=\"not-found\"} 1",
            "veche_relay_connections 1",
            "veche_relay_logs_behind 2",
        ] {
            assert!(text.lines().any(|said| said == line), "{line} is not in\n{text}");
        }
        drop(connection);
        assert!(
            metrics
                .text(State::default())
                .contains("veche_relay_connections 0\n")
        );
    }
}
