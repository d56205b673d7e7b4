//! What goes into the machine and what comes out of it.

use crate::jobs::{Job, JobOutput, Progress};
use crate::requests::Event;
use primitives::{LogId, Secret, Time};
use relay_api::{Call, Problem, Reply};
use tlog::Page;

/// Ties an answer to its question. Valid until the process ends: after a restart the machine asks again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// Which connections may carry a call: calls of different lanes never share a connection (or a proxy circuit).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Journal, side logs, boxes as everybody reads them.
    Journal,
    /// Conversations.
    Conversations,
    /// Files that go with messages: large, so that no words wait behind them. They may share connections with
    /// conversations, whose logs they are about.
    Attachments,
    /// Invitations and inboxes.
    Inbox,
    /// One ballot: a fresh connection that does nothing else and is closed afterwards.
    Casting,
}

/// What the machine wants done. Effects leave only after the step's batch is durable.
#[derive(Debug)]
#[non_exhaustive]
pub enum Effect {
    /// Put `call` to the relay and bring the answer as [`Input::Replied`].
    Call {
        /// To answer with.
        ticket: Ticket,
        /// On which connections.
        lane: Lane,
        /// What.
        call: Box<Call>,
    },
    /// Watch these logs, and only these; what comes is [`Input::Pushed`]. Where watching does not work nothing is
    /// lost: the machine polls as well.
    Watch(Vec<Watch>),
    /// Run this beside the machine and bring the output as [`Input::Computed`].
    Compute {
        /// To answer with.
        ticket: Ticket,
        /// What.
        job: Box<Job>,
    },
    /// Call this job off; what it may still bring is not wanted.
    Cancel {
        /// Which.
        ticket: Ticket,
    },
    /// Tell the front ends.
    Emit(Event),
    /// Come back with [`Input::Tick`] at this time at the latest. A later effect replaces an earlier one.
    Wake {
        /// When.
        at: Time,
    },
    /// The relay's address or the way to it has changed: see [`crate::Client::destination`].
    Reconnect,
}

/// A log to watch.
#[derive(Debug)]
pub struct Watch {
    /// Which.
    pub log: LogId,
    /// Its read token.
    pub token: Secret<32>,
    /// From which index.
    pub from: u64,
    /// On which connections.
    pub lane: Lane,
}

/// What the machine is told.
#[derive(Debug)]
#[non_exhaustive]
pub enum Input {
    /// Time has passed.
    Tick,
    /// A call has been answered, or not.
    Replied {
        /// Of which call.
        ticket: Ticket,
        /// The answer.
        result: Result<Reply, CallError>,
    },
    /// The relay pushed a page of a watched log.
    Pushed {
        /// Which log.
        log: LogId,
        /// The page.
        page: Page,
    },
    /// A job is done, failed or cancelled.
    Computed {
        /// Which.
        ticket: Ticket,
        /// Its output.
        output: JobOutput,
    },
    /// How far a job is; now and then.
    Progressed {
        /// Which.
        ticket: Ticket,
        /// How far.
        progress: Progress,
    },
    /// Whether the watched logs are pushed; where they are not, the machine polls more often.
    Watching(bool),
}

/// Why a call brought no reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// No connection, or it broke, or it took too long. The machine tries again.
    #[error("the relay cannot be reached")]
    Unreachable,
    /// Something answers that is not the relay of the address.
    #[error("what answers is not the relay that the address names")]
    WrongRelay,
    /// The relay answered something that is not its protocol.
    #[error("the relay answered nonsense")]
    Nonsense,
    /// The relay refused.
    #[error("the relay refused: {0:?}")]
    Problem(Problem),
}
