//! What the client's thread is asked to do, and what the work of an open vault reports to it.

use crate::dto::{Answer, Refusal, Request};
use crate::files::{Attach, Copying, Prepared, Saving};
use crate::watching::Circle;
use client::effects::Input;
use primitives::signed::Unverified;
use std::sync::mpsc::Sender;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use transport::TransportError;
use zeroize::Zeroizing;

/// Where an answer goes.
pub(crate) type Reply<T> = oneshot::Sender<T>;

/// What the thread is asked to do. Not `Debug`, for it carries passphrases.
pub(crate) enum Work {
    Create {
        passphrase: Zeroizing<String>,
        reply: Reply<Result<(), Refusal>>,
    },
    Unlock {
        passphrase: Zeroizing<String>,
        reply: Reply<Result<(), Refusal>>,
    },
    Lock {
        reply: Reply<()>,
    },
    Ask {
        request: Box<Request>,
        reply: Reply<Result<Answer, Refusal>>,
    },
    OutboxEntries {
        reply: Reply<Result<usize, Refusal>>,
    },
    Shutdown {
        reply: Option<Reply<()>>,
    },
    /// From what runs for an open vault.
    Report {
        session: u64,
        report: Report,
    },
}

/// What the work of one open vault brings back.
pub(crate) enum Report {
    /// An input for the client; the permit, if any, makes its sender wait until it has been taken.
    Input {
        input: Box<Input>,
        permit: Option<OwnedSemaphorePermit>,
    },
    /// Whether one of the watches works.
    Watching { circle: Circle, works: bool },
    /// A file has been opened, and cleaned if it is a picture.
    Prepared {
        attach: Box<Attach>,
        prepared: Result<Prepared, Refusal>,
        reply: Reply<Result<Answer, Refusal>>,
    },
    /// A file is copied in; its next chunk.
    Copying(Box<Copying>),
    /// A file is saved; its next chunk.
    Saving(Box<Saving>),
    /// The keys of the relay on which an assembly is being founded.
    Founding {
        request: Box<Request>,
        keys: Result<Unverified, TransportError>,
        reply: Reply<Result<Answer, Refusal>>,
    },
}

/// Sends reports of one open vault. What arrives after it was locked is dropped.
#[derive(Debug, Clone)]
pub(crate) struct Reports {
    work: Sender<Work>,
    session: u64,
}

impl Reports {
    pub(crate) const fn new(work: Sender<Work>, session: u64) -> Self {
        Self { work, session }
    }

    pub(crate) fn put(&self, report: Report) {
        // A thread that has ended wants no reports.
        let _ = self.work.send(Work::Report {
            session: self.session,
            report,
        });
    }

    pub(crate) fn input(&self, input: Input) {
        self.put(Report::Input {
            input: Box::new(input),
            permit: None,
        });
    }

    #[cfg(test)]
    pub(crate) fn channel() -> (Self, std::sync::mpsc::Receiver<Work>) {
        let (work, received) = std::sync::mpsc::channel();
        (Self { work, session: 0 }, received)
    }
}
