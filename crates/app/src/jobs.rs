//! Long work beside the client (proofs, tallies), one piece at a time.

use crate::work::Reports;
use client::effects::{Input, Ticket};
use client::{Job, JobOutput, Progress};
use getrandom::SysRng;
use rand_core::UnwrapErr;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime;
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, spawn_blocking};

/// The client hears so often how far long work is; always of its beginning and its end.
const TOLD_EVERY: Duration = Duration::from_millis(200);

/// The long work of one open vault. Dropping it calls off what is being computed and drops what waits.
pub(crate) struct Jobs {
    runtime: runtime::Handle,
    reports: Reports,
    turn: Arc<Semaphore>,
    tasks: JoinSet<()>,
    called_off: BTreeMap<Ticket, Arc<AtomicBool>>,
}

impl Drop for Jobs {
    fn drop(&mut self) {
        for off in self.called_off.values() {
            off.store(true, Ordering::Relaxed);
        }
    }
}

impl Jobs {
    pub(crate) fn new(runtime: runtime::Handle, reports: Reports) -> Self {
        Self {
            runtime,
            reports,
            turn: Arc::new(Semaphore::new(1)),
            tasks: JoinSet::new(),
            called_off: BTreeMap::new(),
        }
    }

    /// Computes when its turn comes; the output comes as a report.
    pub(crate) fn run(&mut self, ticket: Ticket, job: Box<Job>) {
        let (turn, reports) = (Arc::clone(&self.turn), self.reports.clone());
        while self.tasks.try_join_next().is_some() {}
        // Whoever is done holds its flag no more.
        self.called_off.retain(|_, off| Arc::strong_count(off) > 1);
        let off = Arc::new(AtomicBool::new(false));
        self.called_off.insert(ticket, Arc::clone(&off));
        let task = async move {
            // The semaphore is never closed; were it, the work would go on without a turn.
            let _turn = turn.acquire_owned().await.ok();
            let output = compute(ticket, job, off, reports.clone()).await;
            reports.input(Input::Computed { ticket, output });
        };
        self.tasks.spawn_on(task, &self.runtime);
    }

    /// Calls work off; it ends where it next looks up, and its output says so.
    pub(crate) fn cancel(&mut self, ticket: Ticket) {
        if let Some(off) = self.called_off.get(&ticket) {
            off.store(true, Ordering::Relaxed);
        }
    }
}

/// A defect in the work counts as work that was not done: the machine decides whether it is still needed.
async fn compute(ticket: Ticket, job: Box<Job>, off: Arc<AtomicBool>, reports: Reports) -> JobOutput {
    spawn_blocking(move || {
        let mut told = Told::default();
        job.run(&mut UnwrapErr(SysRng), &mut |progress| {
            if told.is_due(progress, Instant::now()) {
                reports.input(Input::Progressed { ticket, progress });
            }
            if off.load(Ordering::Relaxed) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
    })
    .await
    .unwrap_or_else(|_| Job::cancelled())
}

/// When the client was told the last time.
#[derive(Default)]
struct Told(Option<Instant>);

impl Told {
    fn is_due(&mut self, progress: Progress, now: Instant) -> bool {
        let over = progress.done >= progress.total;
        let due = self.0.is_none_or(|at| now.duration_since(at) >= TOLD_EVERY);
        if over || due {
            self.0 = Some(now);
        }
        over || due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use client::requests::Work;

    #[test]
    fn beginning_and_end_are_told_and_what_is_between_now_and_then() {
        let at = |done| Progress {
            work: Work::Proof,
            done,
            total: 100,
        };
        let (mut told, start) = (Told::default(), Instant::now());
        let later = |ms| start + Duration::from_millis(ms);
        assert!(told.is_due(at(0), start));
        assert!(!told.is_due(at(10), later(100)));
        assert!(told.is_due(at(20), later(200)));
        assert!(!told.is_due(at(99), later(399)));
        assert!(told.is_due(at(100), later(399)));
    }
}
