//! Long work beside the client (proofs, tallies), one piece at a time.

use crate::work::Reports;
use client::effects::{Input, Ticket};
use client::{Job, JobOutput};
use getrandom::SysRng;
use rand_core::UnwrapErr;
use std::sync::Arc;
use tokio::runtime;
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, spawn_blocking};

/// The long work of one open vault. Dropping it drops what waits; what is being computed ends by itself, unheard.
pub(crate) struct Jobs {
    runtime: runtime::Handle,
    reports: Reports,
    turn: Arc<Semaphore>,
    tasks: JoinSet<()>,
}

impl Jobs {
    pub(crate) fn new(runtime: runtime::Handle, reports: Reports) -> Self {
        Self {
            runtime,
            reports,
            turn: Arc::new(Semaphore::new(1)),
            tasks: JoinSet::new(),
        }
    }

    /// Computes when its turn comes; the output comes as a report.
    pub(crate) fn run(&mut self, ticket: Ticket, job: Box<Job>) {
        let (turn, reports) = (Arc::clone(&self.turn), self.reports.clone());
        while self.tasks.try_join_next().is_some() {}
        let task = async move {
            // The semaphore is never closed; were it, the work would go on without a turn.
            let _turn = turn.acquire_owned().await.ok();
            let output = compute(job).await;
            reports.input(Input::Computed { ticket, output });
        };
        self.tasks.spawn_on(task, &self.runtime);
    }
}

/// A defect in the work counts as work that was not done: the machine decides whether it is still needed.
async fn compute(job: Box<Job>) -> JobOutput {
    spawn_blocking(|| job.run(&mut UnwrapErr(SysRng)))
        .await
        .unwrap_or_else(|_| Job::cancelled())
}
