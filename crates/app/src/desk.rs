//! The client's thread: takes one piece of work after another and never stops for a fault.

use crate::config::Config;
use crate::dto::{Answer, Event, Refusal, RefusalCode, Request, Topic};
use crate::files::Attach;
use crate::open::Open;
use crate::refusals;
use crate::store::ClientStore;
use crate::work::{Reply, Report, Reports, Work};
use client::effects::Input;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;
use tokio::runtime::{self, Runtime};
use tokio::sync::broadcast;
use vault::Vault;

/// The runtime's threads, for connections; long work has threads of its own beside them.
const WORKERS: usize = 2;
/// Stack of those threads and of long work (proofs, tallies).
const STACK_BYTES: usize = 8 * 1024 * 1024;
/// So long the end waits for long work that does not notice that it has been called off.
const END_PATIENCE: Duration = Duration::from_secs(2);

/// Everything the thread owns.
pub(crate) struct Desk {
    config: Config,
    work: Sender<Work>,
    events: broadcast::Sender<Event>,
    is_open: Arc<AtomicBool>,
    runtime: Runtime,
    /// Counts the vault's openings, so that a report of an earlier one is known.
    session: u64,
    open: Option<Open>,
    /// Why the vault was closed without anybody asking for it.
    failure: Option<Refusal>,
}

impl Desk {
    pub(crate) fn new(
        config: Config,
        work: Sender<Work>,
        events: broadcast::Sender<Event>,
        is_open: Arc<AtomicBool>,
    ) -> std::io::Result<Self> {
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .thread_stack_size(STACK_BYTES)
            .thread_name("veche-edge")
            .enable_all()
            .build()?;
        Ok(Self {
            config,
            work,
            events,
            is_open,
            runtime,
            session: 0,
            open: None,
            failure: None,
        })
    }

    /// Works until it is told to shut down.
    pub(crate) fn run(mut self, waiting: &Receiver<Work>) {
        let reply = loop {
            let next = match self.open.as_ref().and_then(Open::wakes_in) {
                Some(span) => waiting.recv_timeout(span),
                None => waiting.recv().map_err(RecvTimeoutError::from),
            };
            let work = match next {
                Ok(Work::Shutdown { reply }) => break reply,
                Ok(work) => Some(work),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break None,
            };
            self.survive(|desk| match work {
                Some(work) => desk.take(work),
                None => desk.tick(),
            });
        };
        self.close();
        self.runtime.shutdown_timeout(END_PATIENCE);
        if let Some(reply) = reply {
            // Whoever asked may have gone.
            let _ = reply.send(());
        }
    }

    /// A defect in what is called must not leave a half-done client at work: the vault is closed instead.
    fn survive(&mut self, inside: impl FnOnce(&mut Self)) {
        let failure = match catch_unwind(AssertUnwindSafe(|| inside(self))) {
            Ok(()) => self.open.as_ref().and_then(Open::store_failure),
            Err(_) => Some(Refusal::new(
                RefusalCode::Internal,
                "a defect was met and the vault was closed; nothing durable was lost: unlock it again",
            )),
        };
        if let Some(failure) = failure {
            self.close();
            self.failure = Some(failure);
            // Whoever shows something reads again and is told why it cannot.
            self.emit(Event::Changed {
                topics: vec![
                    Topic::Overview,
                    Topic::Members,
                    Topic::Conversations,
                    Topic::Motions,
                    Topic::Devices,
                ],
            });
        }
    }

    fn take(&mut self, work: Work) {
        // A reply that nobody waits for any more is no fault.
        match work {
            Work::Create { passphrase, reply } => drop(reply.send(self.create(&passphrase))),
            Work::Unlock { passphrase, reply } => drop(reply.send(self.unlock(&passphrase))),
            Work::Lock { reply } => {
                self.close();
                self.failure = None;
                let _ = reply.send(());
            }
            Work::Ask { request, reply } => self.ask(*request, reply),
            Work::OutboxEntries { reply } => {
                let entries = self.opened().map(|open| open.outbox_entries());
                drop(reply.send(entries));
            }
            Work::Report { session, report } if session == self.session => self.report(report),
            // Of a vault that has been locked meanwhile; a shutdown is taken by the loop.
            Work::Report { .. } | Work::Shutdown { .. } => {}
        }
    }

    fn tick(&mut self) {
        if let Some(open) = &mut self.open {
            open.take(Input::Tick);
        }
    }

    fn create(&mut self, passphrase: &str) -> Result<(), Refusal> {
        let (dir, params) = (&self.config.vault_dir, self.config.key_cost.into());
        if self.open.is_some() {
            return Err(refusals::not_created(&vault::CreateError::Exists));
        }
        let vault = Vault::create(dir, passphrase.as_bytes(), params)
            .map_err(|error| refusals::not_created(&error))?;
        self.start(vault, false)
    }

    fn unlock(&mut self, passphrase: &str) -> Result<(), Refusal> {
        if self.open.is_some() {
            return Ok(());
        }
        let mut opened = Vault::open(&self.config.vault_dir, passphrase.as_bytes())
            .map_err(|error| refusals::not_opened(&error))?;
        // Nothing has begun yet that would have to wait. If it fails the vault is as it was, or says so at its first step.
        // One that was put back is left as it was found.
        if !opened.rolled_back {
            let _ = opened
                .vault
                .compact_if_wasteful(&mut |_| ControlFlow::Continue(()));
        }
        self.start(opened.vault, opened.rolled_back)
    }

    fn start(&mut self, vault: Vault, rolled_back: bool) -> Result<(), Refusal> {
        self.session = self.session.wrapping_add(1);
        let reports = Reports::new(self.work.clone(), self.session);
        let (store, failure) = ClientStore::new(vault);
        let (runtime, events) = (self.runtime.handle().clone(), self.events.clone());
        let mut open = Open::load(store, failure, rolled_back, runtime, events, reports)?;
        open.begin();
        self.open = Some(open);
        self.failure = None;
        self.is_open.store(true, Ordering::Release);
        Ok(())
    }

    fn close(&mut self) {
        self.is_open.store(false, Ordering::Release);
        self.session = self.session.wrapping_add(1);
        let open = self.open.take();
        // Dropped here, on its own thread, and with every defect of its own.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(open)));
    }

    fn opened(&mut self) -> Result<&mut Open, Refusal> {
        match &mut self.open {
            Some(open) => Ok(open),
            None => Err(self.failure.clone().unwrap_or_else(refusals::locked)),
        }
    }

    fn ask(&mut self, request: Request, reply: Reply<Result<Answer, Refusal>>) {
        let open = match self.opened() {
            Ok(open) => open,
            Err(refusal) => return drop(reply.send(Err(refusal))),
        };
        if matches!(request, Request::Found { .. }) && !open.has_destination() {
            return open.ask_for_keys(request, reply);
        }
        match request {
            Request::Attach {
                conversation,
                path,
                text,
                reply_to,
            } => {
                let attach = Attach {
                    conversation,
                    path,
                    text,
                    reply_to,
                };
                open.attach(attach, reply);
            }
            Request::SaveAttachment {
                conversation,
                message,
                path,
            } => open.save_file(conversation.as_deref(), &message, path.into(), reply),
            Request::Picture {
                conversation,
                message,
            } => open.picture(conversation.as_deref(), &message, reply),
            request => drop(reply.send(open.request(request))),
        }
    }

    fn report(&mut self, report: Report) {
        let Some(open) = &mut self.open else { return };
        match report {
            Report::Input { input, permit } => {
                open.take(*input);
                drop(permit);
            }
            Report::Prepared {
                attach,
                prepared,
                reply,
            } => open.copy(*attach, prepared, reply),
            Report::Copying(copying) => open.copy_on(copying),
            Report::Saving(saving) => open.save_on(saving),
            Report::Watching { circle, works } => open.watching(circle, works),
            Report::Founding { request, keys, reply } => {
                let learnt = open.learn_relay(&request, keys);
                let result = learnt.and_then(|()| open.request(*request));
                drop(reply.send(result));
            }
        }
    }

    fn emit(&self, event: Event) {
        // Nobody may be listening.
        let _ = self.events.send(event);
    }
}
