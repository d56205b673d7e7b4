//! The watch: connections over which the relay pushes what is new in the watched logs.

use crate::reach::{self, Goal, Way};
use crate::work::{Report, Reports};
use client::effects::{Input, Lane, Watch};
use getrandom::SysRng;
use primitives::LogId;
use rand_core::UnwrapErr;
use relay_api::{Pushed, ReadToken};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use transport::{Backoff, TransportError};

/// Pages that may wait for the client; a relay that pushes faster waits.
const PAGES_WAITING: usize = 8;

/// What is watched over one connection: a lane, or behind a proxy one log of it.
pub(crate) type Circle = (Lane, Option<LogId>);

/// Logs with the right to read them and the first entry wanted.
type Logs = BTreeMap<LogId, (ReadToken, u64)>;

/// The watches of one open vault. Dropping it ends them.
pub(crate) struct Watching {
    runtime: runtime::Handle,
    reports: Reports,
    goal: Goal,
    wanted: Vec<Watch>,
    circles: BTreeMap<Circle, Kept>,
    told: bool,
    pages: Arc<Semaphore>,
}

/// The task that keeps one connection up.
struct Kept {
    logs: watch::Sender<Logs>,
    works: bool,
    task: JoinHandle<()>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Watching {
    pub(crate) fn new(runtime: runtime::Handle, reports: Reports) -> Self {
        Self {
            runtime,
            reports,
            goal: None,
            wanted: Vec::new(),
            circles: BTreeMap::new(),
            told: false,
            pages: Arc::new(Semaphore::new(PAGES_WAITING)),
        }
    }

    /// Ends every watch and begins it again at `goal`.
    pub(crate) fn reconnect(&mut self, goal: Goal) {
        self.circles.clear();
        self.goal = goal;
        self.regroup();
    }

    /// Watches these logs, and only these.
    pub(crate) fn watch(&mut self, wanted: Vec<Watch>) {
        self.wanted = wanted;
        self.regroup();
    }

    fn regroup(&mut self) {
        let Some(way) = self.goal.clone() else { return };
        let mut wanted: BTreeMap<Circle, Logs> = BTreeMap::new();
        for watch in &self.wanted {
            let circle = (watch.lane, way.proxied.then_some(watch.log));
            let log = (ReadToken::from(&watch.token), watch.from);
            wanted.entry(circle).or_default().insert(watch.log, log);
        }
        self.circles.retain(|circle, _| wanted.contains_key(circle));
        for (circle, logs) in wanted {
            match self.circles.get(&circle) {
                Some(kept) => drop(kept.logs.send_replace(logs)),
                None => self.begin(circle, logs, Arc::clone(&way)),
            }
        }
    }

    fn begin(&mut self, circle: Circle, logs: Logs, way: Arc<Way>) {
        let logs = watch::Sender::new(logs);
        let task = Task {
            circle,
            way,
            logs: logs.subscribe(),
            reports: self.reports.clone(),
            pages: Arc::clone(&self.pages),
            next: BTreeMap::new(),
        };
        let task = self.runtime.spawn(task.run());
        self.circles.insert(
            circle,
            Kept {
                logs,
                works: false,
                task,
            },
        );
    }

    /// Takes whether one of the watches works; the answer is whether all do, when that has changed.
    pub(crate) fn report(&mut self, circle: Circle, works: bool) -> Option<bool> {
        // What has been ended meanwhile is of no interest.
        self.circles.get_mut(&circle)?.works = works;
        let all_work = self.circles.values().all(|kept| kept.works);
        let changed = all_work != self.told;
        self.told = all_work;
        changed.then_some(all_work)
    }
}

/// One connection and what is watched over it.
struct Task {
    circle: Circle,
    way: Arc<Way>,
    logs: watch::Receiver<Logs>,
    reports: Reports,
    pages: Arc<Semaphore>,
    /// The first entry of each log that has not been pushed yet.
    next: BTreeMap<LogId, u64>,
}

impl Task {
    /// Keeps the watch up until it is ended.
    async fn run(mut self) {
        let mut backoff = Backoff::default();
        loop {
            let told_ms = match self.follow(&mut backoff).await {
                Ok(()) => None,
                Err(error) => error.retry_ms(),
            };
            self.tell(false);
            let wait_ms = backoff.failed(told_ms, &mut UnwrapErr(SysRng));
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        }
    }

    /// Watches until the connection breaks or a log is no longer to be watched over it.
    async fn follow(&mut self, backoff: &mut Backoff) -> Result<(), TransportError> {
        let (lane, about) = self.circle;
        let mut line = self.way.link.watch(reach::isolation(lane), about).await?;
        let mut watched = self.logs.borrow_and_update().clone();
        for (log, (token, from)) in &watched {
            line.add(*log, token.clone(), self.next_of(*log, *from)).await?;
        }
        backoff.succeeded();
        self.tell(true);
        loop {
            tokio::select! {
                changed = self.logs.changed() => {
                    if changed.is_err() {
                        return Ok(());
                    }
                    let wanted = self.logs.borrow_and_update().clone();
                    if watched.keys().any(|log| !wanted.contains_key(log)) {
                        // There is no way to ask for less over the same connection.
                        return Ok(());
                    }
                    for (log, (token, from)) in wanted.iter().filter(|(log, _)| !watched.contains_key(log)) {
                        line.add(*log, token.clone(), self.next_of(*log, *from)).await?;
                    }
                    watched = wanted;
                }
                pushed = line.next() => self.pass_on(pushed?).await,
            }
        }
    }

    fn next_of(&self, log: LogId, from: u64) -> u64 {
        self.next.get(&log).map_or(from, |next| from.max(*next))
    }

    async fn pass_on(&mut self, pushed: Pushed) {
        match pushed {
            Pushed::Page { log, page } => {
                self.next.insert(log, page.end());
                // The semaphore is never closed; were it, the page would go without waiting.
                let permit = Arc::clone(&self.pages).acquire_owned().await.ok();
                self.reports.put(Report::Input {
                    input: Box::new(Input::Pushed { log, page }),
                    permit,
                });
            }
            // The machine polls, and learns from the answer to its own call why.
            Pushed::Refused { .. } => {}
        }
    }

    fn tell(&self, works: bool) {
        self.reports.put(Report::Watching {
            circle: self.circle,
            works,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use client::views::Carrier;
    use primitives::Secret;

    fn wanted(log: u8, lane: Lane) -> Watch {
        Watch {
            log: LogId::new([log; 32]),
            token: Secret::take(&mut [log; 32]),
            from: 0,
            lane,
        }
    }

    /// Leads nowhere.
    fn goal(carrier: Carrier) -> Goal {
        let address = format!("veche-relay://{}@127.0.0.1:1", "a".repeat(52))
            .parse()
            .unwrap();
        Some(Arc::new(
            crate::reach::way(client::Destination { address, carrier }).unwrap(),
        ))
    }

    #[tokio::test]
    async fn the_watch_works_when_every_circle_works() {
        let (reports, _received) = Reports::channel();
        let mut watching = Watching::new(runtime::Handle::current(), reports);
        watching.reconnect(goal(Carrier::Direct));
        watching.watch(vec![
            wanted(1, Lane::Journal),
            wanted(2, Lane::Conversations),
            wanted(3, Lane::Journal),
        ]);
        let [journal, conversations] = [(Lane::Journal, None), (Lane::Conversations, None)];
        assert_eq!(watching.report(journal, true), None);
        assert_eq!(watching.report(conversations, true), Some(true));
        assert_eq!(watching.report(journal, false), Some(false));
        watching.watch(vec![wanted(2, Lane::Conversations)]);
        assert_eq!(watching.report(conversations, true), Some(true));
        assert_eq!(watching.report(journal, false), None);
    }

    #[tokio::test]
    async fn behind_a_proxy_every_log_is_watched_by_itself() {
        let (reports, _received) = Reports::channel();
        let mut watching = Watching::new(runtime::Handle::current(), reports);
        watching.watch(vec![wanted(1, Lane::Journal), wanted(3, Lane::Journal)]);
        assert_eq!(watching.circles.len(), 0);
        watching.reconnect(goal(Carrier::Socks5 {
            address: "127.0.0.1:1".into(),
        }));
        assert_eq!(watching.circles.len(), 2);
        watching.reconnect(goal(Carrier::Direct));
        assert_eq!(watching.circles.len(), 1);
    }
}
