//! An open vault with its client and everything that runs for it. Dropping it closes the connections, calls long work
//! off and locks the vault.

use crate::dto::{self, Answer, AuditLevel, Event, Refusal, RefusalCode, Request, Topic};
use crate::export::write_new;
use crate::files::Thumbnails;
use crate::jobs::Jobs;
use crate::lines::Lines;
use crate::store::{ClientStore, Failure};
use crate::watching::{Circle, Watching};
use crate::work::{Reply, Report, Reports};
use crate::{reach, refusals};
use client::effects::{CallError, Effect, Input, Ticket};
use client::views::NoticeCode;
use client::{Client, Destination, Job, StepError};
use getrandom::SysRng;
use primitives::signed::Unverified;
use primitives::{StoreError, Time};
use rand_core::UnwrapErr;
use relay_api::RelayAddress;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::runtime;
use tokio::sync::broadcast;
use transport::TransportError;

/// After a step that came to nothing the machine is woken again so soon.
const AFTER_FAILURE_MS: u64 = 1_000;
/// The longest sleep, for the local clock may be set meanwhile.
const SLEEP_MAX: Duration = Duration::from_secs(60);

mod files;

/// See the module's text.
pub(crate) struct Open {
    // Dropped in this order: first what brings reports, then the vault.
    lines: Lines,
    watching: Watching,
    jobs: Jobs,
    client: Client<ClientStore>,
    failure: Failure,
    rolled_back: bool,
    wake_at: Option<Time>,
    thumbnails: Thumbnails,
    events: broadcast::Sender<Event>,
    reports: Reports,
}

impl Open {
    pub(crate) fn load(
        store: ClientStore,
        failure: Failure,
        rolled_back: bool,
        runtime: runtime::Handle,
        events: broadcast::Sender<Event>,
        reports: Reports,
    ) -> Result<Self, Refusal> {
        let client = Client::open(store).map_err(|error| refusals::not_loaded(&error))?;
        Ok(Self {
            lines: Lines::new(runtime.clone(), reports.clone()),
            watching: Watching::new(runtime.clone(), reports.clone()),
            jobs: Jobs::new(runtime, reports.clone()),
            client,
            failure,
            rolled_back,
            wake_at: None,
            thumbnails: Thumbnails::default(),
            events,
            reports,
        })
    }

    /// Takes up what was going on when the vault was last open.
    pub(crate) fn begin(&mut self) {
        self.reconnect();
        self.take(Input::Tick);
    }

    pub(crate) fn has_destination(&self) -> bool {
        self.client.destination().is_some()
    }

    pub(crate) fn outbox_entries(&self) -> usize {
        self.client.outbox_entries()
    }

    /// How long until the client wants to be woken.
    pub(crate) fn wakes_in(&self) -> Option<Duration> {
        let span_ms = self.wake_at?.since_ms(now());
        Some(Duration::from_millis(span_ms).min(SLEEP_MAX))
    }

    /// Why the vault has to be opened again, if a write to it failed.
    pub(crate) fn store_failure(&self) -> Option<Refusal> {
        let error = self.failure.take()?;
        Some(Refusal::new(
            RefusalCode::StoreFailed,
            &format!(
                "{error}; the vault was closed and keeps what was durable: make room on the disk and unlock it again"
            ),
        ))
    }

    /// Gives the client an input and does what comes of it.
    pub(crate) fn take(&mut self, input: Input) {
        let undone = Undone::of(&input);
        self.wake_at = None;
        match self.client.handle(now(), &mut UnwrapErr(SysRng), input) {
            Ok(effects) => self.carry_out(effects),
            Err(error) => self.after_failure(undone, &error),
        }
    }

    /// A failed step leaves nothing, so what the machine waits for still waits: it is told that the call failed or the
    /// job was not done, and asks again in its own time. Pages come again by themselves. A vault that cannot be
    /// written is closed next.
    fn after_failure(&mut self, undone: Option<Undone>, error: &StepError) {
        self.wake_at = Some(now().after(AFTER_FAILURE_MS));
        // The overview says that something failed.
        self.emit(Event::Changed {
            topics: vec![Topic::Overview],
        });
        if matches!(error, StepError::Store(StoreError::Environment(_))) {
            return;
        }
        let Some(undone) = undone else { return };
        // Should this fail as well, the ticket is lost until the vault is opened again; the machine polls the rest.
        if let Ok(effects) = self
            .client
            .handle(now(), &mut UnwrapErr(SysRng), undone.into_input())
        {
            self.carry_out(effects);
        }
    }

    /// Lets the client carry out a request.
    pub(crate) fn request(&mut self, request: Request) -> Result<Answer, Refusal> {
        match &request {
            Request::ExportAudit { path, level } => return self.export_audit(Path::new(path), *level),
            Request::SetCarrier { carrier } => refusals::check_carrier(carrier)?,
            _ => {}
        }
        let (answer, effects) = self.client.request(now(), &mut UnwrapErr(SysRng), request);
        self.carry_out(effects);
        answer.map(|answer| self.amended(answer))
    }

    /// What only the edge knows, put into the answer.
    fn amended(&mut self, mut answer: Answer) -> Answer {
        self.thumbnails.answer(&mut answer);
        match answer {
            Answer::Overview { mut overview } => {
                if self.rolled_back && overview.notice.is_none() {
                    overview.notice = Some(NoticeCode::VaultRolledBack);
                }
                Answer::Overview { overview }
            }
            answer => answer,
        }
    }

    fn export_audit(&mut self, path: &Path, level: AuditLevel) -> Result<Answer, Refusal> {
        self.tell_audit(0);
        let written = self
            .client
            .audit_file(now(), &mut UnwrapErr(SysRng), level)
            .and_then(|file| write_new(path, &file).map(|()| file));
        self.tell_audit(1);
        let file = written?;
        let bytes = u64::try_from(file.len()).unwrap_or(u64::MAX);
        Ok(Answer::Exported {
            path: path.display().to_string(),
            bytes,
        })
    }

    /// An audit file is written in one piece: begun, or over.
    fn tell_audit(&self, done: u64) {
        self.emit(Event::Progress {
            work: dto::Work::Audit,
            done,
            total: 1,
        });
    }

    fn emit_shown(&mut self, mut event: Event) {
        self.thumbnails.event(&mut event);
        self.emit(event);
    }

    /// What the client itself tells goes through [`Open::emit_shown`].
    fn emit(&self, event: Event) {
        // Nobody may be listening.
        let _ = self.events.send(event);
    }

    /// Fetches the keys of the relay that `request` founds an assembly on; they come back as a report.
    pub(crate) fn ask_for_keys(&mut self, request: Request, reply: Reply<Result<Answer, Refusal>>) {
        let Some(address) = relay_of(&request).and_then(|line| line.parse::<RelayAddress>().ok()) else {
            // Whoever asked may have gone.
            let _ = reply.send(Err(refusals::bad_address()));
            return;
        };
        let (reports, carrier) = (self.reports.clone(), self.client.carrier());
        self.lines.spawn(async move {
            let destination = Destination { address, carrier };
            let keys = reach::keys(destination).await;
            reports.put(Report::Founding {
                request: Box::new(request),
                keys,
                reply,
            });
        });
    }

    /// Takes the keys that [`Self::ask_for_keys`] fetched.
    pub(crate) fn learn_relay(
        &mut self,
        request: &Request,
        keys: Result<Unverified, TransportError>,
    ) -> Result<(), Refusal> {
        let keys = keys.map_err(|error| refusals::no_keys(&error))?;
        self.client
            .learn_relay(relay_of(request).unwrap_or_default(), keys)
    }

    /// Takes whether one of the watches works; the client hears when that changes the whole.
    pub(crate) fn watching(&mut self, circle: Circle, works: bool) {
        if let Some(all_work) = self.watching.report(circle, works) {
            self.take(Input::Watching(all_work));
        }
    }

    /// Does what the client wants done. A new way to the relay comes first: nothing takes the old one any more.
    pub(crate) fn carry_out(&mut self, effects: Vec<Effect>) {
        if effects.iter().any(|effect| matches!(effect, Effect::Reconnect)) {
            self.reconnect();
        }
        for effect in effects {
            match effect {
                Effect::Call { ticket, lane, call } => self.lines.call(ticket, lane, *call),
                Effect::Watch(watches) => self.watching.watch(watches),
                Effect::Compute { ticket, job } => self.jobs.run(ticket, job),
                Effect::Cancel { ticket } => self.jobs.cancel(ticket),
                Effect::Emit(event) => self.emit_shown(event),
                Effect::Wake { at } => self.wake_at = Some(at),
                Effect::Reconnect => {}
                // An effect of a newer client cannot be here: both are built together.
                _ => {}
            }
        }
    }

    fn reconnect(&mut self) {
        let goal = self.client.destination().and_then(|destination| {
            // Where there is no usable way every call is answered as unreachable.
            reach::way(destination).ok().map(Arc::new)
        });
        self.lines.reconnect(goal.clone());
        self.watching.reconnect(goal);
    }
}

/// What an input answered.
#[derive(Debug, Clone, Copy)]
enum Undone {
    Call(Ticket),
    Job(Ticket),
}

impl Undone {
    const fn of(input: &Input) -> Option<Self> {
        match input {
            Input::Replied { ticket, .. } => Some(Self::Call(*ticket)),
            Input::Computed { ticket, .. } => Some(Self::Job(*ticket)),
            _ => None,
        }
    }

    fn into_input(self) -> Input {
        match self {
            Self::Call(ticket) => Input::Replied {
                ticket,
                result: Err(CallError::Unreachable),
            },
            Self::Job(ticket) => Input::Computed {
                ticket,
                output: Job::cancelled(),
            },
        }
    }
}

fn relay_of(request: &Request) -> Option<&str> {
    match request {
        Request::Found { relay, .. } => Some(relay),
        _ => None,
    }
}

/// The local time; a clock before 1970 counts as 1970.
fn now() -> Time {
    let span = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    Time(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
}
