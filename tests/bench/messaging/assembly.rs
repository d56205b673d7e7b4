//! An assembly of clients around a relay in memory, on a network that brings everything at once. Time is what the clients wait
//! for; what is measured is what they work.

use crate::Outcome;
use crate::clock::{Clock, Lap};
use crate::disk::{Disk, Flushed};
use crate::relay::Relay;
use client::requests::{Answer, CharterChanges, Event, Request};
use client::views::{AdmissionState, Role, Standing};
use client::{CallError, Client, Effect, Input, Job, Ticket};
use primitives::Time;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use relay_api::Call;
use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;

/// One member's client.
pub(crate) struct Seat {
    pub(crate) client: Client<Disk>,
    wake: Option<Time>,
    /// Time in its steps, without what is below.
    pub(crate) worked: Lap,
    /// Messages that its front end was told of.
    pub(crate) told: usize,
}

impl Seat {
    pub(crate) fn new(disk: Disk) -> Outcome<Self> {
        Ok(Self {
            client: Client::open(disk)?,
            wake: Some(Time(0)),
            worked: Lap::default(),
            told: 0,
        })
    }

    /// What its store has cost since the last time that it was asked.
    pub(crate) fn flushed(&mut self) -> Flushed {
        std::mem::take(&mut self.client.store_mut().flushed)
    }
}

/// Everybody who is online, and the relay.
pub(crate) struct Assembly {
    pub(crate) relay: Relay,
    pub(crate) seats: BTreeMap<usize, Seat>,
    pub(crate) now: Time,
    pub(crate) rng: ChaCha20Rng,
    /// Bytes of entries that were said.
    pub(crate) said: usize,
    /// Bytes that are read at once, if the clients ask for more.
    pub(crate) page_bytes_max: u32,
    queue: VecDeque<(usize, Ticket, Box<Call>)>,
}

impl Assembly {
    pub(crate) fn new(relay: Relay, now: Time) -> Self {
        Self {
            relay,
            seats: BTreeMap::new(),
            now,
            rng: ChaCha20Rng::seed_from_u64(1),
            said: 0,
            page_bytes_max: u32::MAX,
            queue: VecDeque::new(),
        }
    }

    /// An assembly whose members of `stay` are online, with vaults where `disk` gives some; the others joined and went.
    pub(crate) fn found(
        members: usize,
        stay: &[usize],
        mut disk: impl FnMut(usize) -> Outcome<Disk>,
    ) -> Outcome<Self> {
        let mut assembly = Self::new(Relay::new(1), Time(1_800_000_000_000));
        let mut founder = Seat::new(disk(0)?)?;
        let (address, keys) = (assembly.relay.address(), assembly.relay.keys());
        founder
            .client
            .learn_relay(&address, keys)
            .map_err(|refusal| format!("{refusal:?}"))?;
        assembly.seats.insert(0, founder);
        let charter = CharterChanges {
            founding_seats: Some(u32::try_from(members)?),
            cooling_off_ms: Some(0),
            ..CharterChanges::default()
        };
        assembly.ask(
            0,
            Request::Found {
                name: "Вече".into(),
                declaration: "We decide together.".into(),
                relay: address,
                member_name: "Member 0".into(),
                charter,
            },
        )?;
        assembly.until("founded", |assembly| assembly.is_in(0))?;
        for who in 1..members {
            assembly.seats.insert(who, Seat::new(disk(who)?)?);
            assembly.let_in(who)?;
            if !stay.contains(&who) {
                assembly.seats.remove(&who);
            }
        }
        Ok(assembly)
    }

    fn let_in(&mut self, who: usize) -> Outcome<()> {
        let invite = Request::Invite {
            role: Role::Deputy,
            valid_ms: None,
            carrier: None,
        };
        let Answer::Invitation { link, .. } = self.ask(0, invite)? else {
            return Err("no invitation".into());
        };
        let member_name = format!("Member {who}");
        self.ask(who, Request::Join { link, member_name })?;
        let mut asked = None;
        self.until("a join request", |assembly| {
            if let Answer::Admissions { admissions } = assembly.ask(0, Request::Admissions)? {
                let requested = |state| state == AdmissionState::Requested;
                asked = admissions.into_iter().find(|it| requested(it.state));
            }
            Ok(asked.is_some())
        })?;
        let admission = asked.ok_or("no admission")?.id;
        self.ask(0, Request::Endorse { admission })?;
        self.until("let in", |assembly| assembly.is_in(who))
    }

    fn is_in(&mut self, who: usize) -> Outcome<bool> {
        match self.ask(who, Request::Overview)? {
            Answer::Overview { overview } => {
                let standing = overview.assembly.map(|assembly| assembly.standing);
                Ok(standing == Some(Standing::Admitted))
            }
            other => Err(format!("{other:?}").into()),
        }
    }

    pub(crate) fn ask(&mut self, who: usize, request: Request) -> Outcome<Answer> {
        let seat = self.seats.get_mut(&who).ok_or("not online")?;
        let (answer, effects) = seat.client.request(self.now, &mut self.rng, request);
        self.take(who, effects)?;
        answer.map_err(|refusal| format!("{refusal:?}").into())
    }

    pub(crate) fn give(&mut self, who: usize, input: Input) -> Outcome<()> {
        let Some(seat) = self.seats.get_mut(&who) else {
            return Ok(());
        };
        let mut clock = Clock::start();
        let effects = seat.client.handle(self.now, &mut self.rng, input)?;
        seat.worked = seat.worked.and(clock.lap());
        self.take(who, effects)
    }

    fn take(&mut self, who: usize, effects: Vec<Effect>) -> Outcome<()> {
        for effect in effects {
            match effect {
                Effect::Call { ticket, call, .. } => self.queue.push_back((who, ticket, call)),
                Effect::Compute { ticket, job } => {
                    let output = Job::run(*job, &mut self.rng, &mut |_| ControlFlow::Continue(()));
                    self.give(who, Input::Computed { ticket, output })?;
                }
                Effect::Wake { at } => {
                    if let Some(seat) = self.seats.get_mut(&who) {
                        seat.wake = Some(at);
                    }
                }
                Effect::Emit(Event::Message { .. }) => {
                    if let Some(seat) = self.seats.get_mut(&who) {
                        seat.told = seat.told.saturating_add(1);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Lets everything arrive, then time pass, until `holds`.
    pub(crate) fn until(
        &mut self,
        what: &str,
        mut holds: impl FnMut(&mut Self) -> Outcome<bool>,
    ) -> Outcome<()> {
        let deadline = self.now.after(3_600_000);
        loop {
            while let Some((who, ticket, mut call)) = self.queue.pop_front() {
                if let Call::Read { bytes_max, .. } = call.as_mut() {
                    *bytes_max = self.page_bytes_max.min(*bytes_max);
                }
                let result = self.relay.call(self.now, *call).map_err(CallError::Problem);
                self.give(who, Input::Replied { ticket, result })?;
            }
            if holds(self)? {
                return Ok(());
            }
            if !self.queue.is_empty() {
                continue;
            }
            if self.now > deadline {
                return Err(format!("does not come: {what}").into());
            }
            let wakes = self.seats.values().filter_map(|seat| seat.wake);
            let next = wakes.min().ok_or("nobody waits for anything")?;
            self.now = next.max(self.now.after(1));
            let now = self.now;
            let due = self.seats.iter_mut().filter_map(|(who, seat)| {
                let due = seat.wake.is_some_and(|at| at <= now);
                due.then(|| {
                    seat.wake = None;
                    *who
                })
            });
            for who in due.collect::<Vec<_>>() {
                self.give(who, Input::Tick)?;
            }
        }
    }

    /// Lets these say so much, turn by turn, into the relay's log; what they say waits in no outbox.
    pub(crate) fn say(&mut self, speakers: &[usize], messages: std::ops::Range<usize>) -> Outcome<()> {
        /// Messages of a speaker's turn.
        const TURN: usize = 4;
        let mut said: Vec<VecDeque<Call>> = Vec::new();
        let share = messages.len().div_ceil(speakers.len().max(1));
        let mut first = messages.start;
        for who in speakers {
            let end = first.saturating_add(share).min(messages.end);
            let words = (first..end).map(crate::history::sentence).collect();
            first = end;
            let seat = self.seats.get_mut(who).ok_or("not online")?;
            said.push(seat.client.speak(self.now, &mut self.rng, words)?.into());
        }
        while said.iter().any(|calls| !calls.is_empty()) {
            for calls in &mut said {
                for call in calls.drain(..TURN.min(calls.len())) {
                    if let Call::Append { entry, .. } = &call {
                        self.said = self.said.saturating_add(entry.len());
                    }
                    self.relay.take_in(self.now, call);
                }
            }
            self.now = self.now.after(1);
        }
        Ok(())
    }
}
