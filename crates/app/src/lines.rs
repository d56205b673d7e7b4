//! Calls to the relay: the calls of a lane one after another, each ballot by itself.
//!
//! Every call is answered: by the relay or by a time limit. Only a vault that is locked meanwhile hears nothing any
//! more.

use crate::reach::{self, Goal};
use crate::work::Reports;
use client::effects::{CallError, Input, Lane, Ticket};
use relay_api::Call;
use std::collections::BTreeMap;
use std::future::Future;
use tokio::runtime;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// The calls of one open vault. Dropping it ends them.
pub(crate) struct Lines {
    runtime: runtime::Handle,
    reports: Reports,
    goal: watch::Sender<Goal>,
    lanes: BTreeMap<Lane, mpsc::UnboundedSender<Asked>>,
    tasks: JoinSet<()>,
}

/// A call on its way.
struct Asked {
    ticket: Ticket,
    call: Call,
}

impl Lines {
    pub(crate) fn new(runtime: runtime::Handle, reports: Reports) -> Self {
        Self {
            runtime,
            reports,
            goal: watch::Sender::new(None),
            lanes: BTreeMap::new(),
            tasks: JoinSet::new(),
        }
    }

    /// Sends calls to `goal` from now on, also those that wait for an answer from elsewhere.
    pub(crate) fn reconnect(&self, goal: Goal) {
        self.goal.send_replace(goal);
    }

    /// Puts a call to the relay; the answer comes as a report.
    pub(crate) fn call(&mut self, ticket: Ticket, lane: Lane, call: Call) {
        let asked = Asked { ticket, call };
        match lane {
            Lane::Casting => {
                let (goal, reports) = (self.goal.borrow().clone(), self.reports.clone());
                self.spawn(cast(goal, asked, reports));
            }
            lane => self.queue(lane, asked),
        }
    }

    /// Runs `task` until it ends or the vault is locked.
    pub(crate) fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        while self.tasks.try_join_next().is_some() {}
        self.tasks.spawn_on(task, &self.runtime);
    }

    fn queue(&mut self, lane: Lane, asked: Asked) {
        let waiting = match self.lanes.get(&lane) {
            Some(waiting) => waiting.clone(),
            None => {
                let (waiting, calls) = mpsc::unbounded_channel();
                self.spawn(serve(lane, calls, self.goal.subscribe(), self.reports.clone()));
                self.lanes.insert(lane, waiting.clone());
                waiting
            }
        };
        if let Err(mpsc::error::SendError(asked)) = waiting.send(asked) {
            // The task met a defect: the next call gets a fresh one.
            self.lanes.remove(&lane);
            self.reports.input(Input::Replied {
                ticket: asked.ticket,
                result: Err(CallError::Unreachable),
            });
        }
    }
}

/// Puts one call by itself; its lane makes the transport open a connection for it and close it afterwards.
async fn cast(goal: Goal, asked: Asked, reports: Reports) {
    let result = reach::call(goal, Lane::Casting, &asked.call).await;
    reports.input(Input::Replied {
        ticket: asked.ticket,
        result,
    });
}

/// Puts the calls of a lane one after another: what is appended stays in the order in which it was said.
async fn serve(
    lane: Lane,
    mut calls: mpsc::UnboundedReceiver<Asked>,
    mut goal: watch::Receiver<Goal>,
    reports: Reports,
) {
    while let Some(Asked { ticket, call }) = calls.recv().await {
        let result = loop {
            let there = goal.borrow_and_update().clone();
            tokio::select! {
                result = reach::call(there, lane, &call) => break result,
                // Every call can be repeated without harm: this one goes the new way.
                changed = goal.changed() => if changed.is_err() { return },
            }
        };
        let lost = match &result {
            Err(error @ (CallError::Unreachable | CallError::WrongRelay)) => Some(error.clone()),
            _ => None,
        };
        reports.input(Input::Replied { ticket, result });
        // What waits would only find out the same, one time limit after another.
        while let Some(error) = &lost
            && let Ok(asked) = calls.try_recv()
        {
            reports.input(Input::Replied {
                ticket: asked.ticket,
                result: Err(error.clone()),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work::{Report, Work};

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn every_call_is_answered_even_without_a_relay() {
        let (reports, received) = Reports::channel();
        let mut lines = Lines::new(runtime::Handle::current(), reports);
        let lanes = [Lane::Journal, Lane::Casting, Lane::Journal, Lane::Inbox];
        for (ticket, lane) in (0..).zip(lanes) {
            lines.call(Ticket(ticket), lane, Call::Limits);
        }
        let mut answered: Vec<_> = received.iter().take(lanes.len()).map(ticket_of).collect();
        answered.sort_unstable();
        assert_eq!(answered, [0, 1, 2, 3].map(Ticket));
    }

    fn ticket_of(work: Work) -> Ticket {
        let Work::Report {
            report: Report::Input { input, .. },
            ..
        } = work
        else {
            panic!("a call is answered by an input");
        };
        match *input {
            Input::Replied {
                ticket,
                result: Err(CallError::Unreachable),
            } => ticket,
            other => panic!("{other:?}"),
        }
    }
}
