//! A seeded world: members' machines over memory stores, one relay, and a network that delays, drops, duplicates and reorders.

#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    missing_docs,
    reason = "shared by several test files"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test's world stops where a step of it fails"
)]

mod devices;
mod files;
mod packed;
mod relay;
mod talk;

use client::requests::{Answer, AuditLevel, CharterChanges, Event, Refusal, Request};
use client::views::{Choice, MotionView, Overview, Phase, QuestionView, Role, Standing, VoteKind};
use client::{CallError, Client, Effect, Input, Job, JobOutput, Lane, Progress, StepError, Ticket};
pub use files::{File, transfer};
pub use packed::SEED as PACKED_SEED;
use primitives::store::{Crash, MemoryStore};
use primitives::{LogId, Time};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng};
pub use relay::{Ballots, Giving, Lie, Relay};
use relay_api::{Call, Reply};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
pub use talk::{begun, words};

/// What goes wrong on the way, in percent.
#[derive(Clone, Copy, Default)]
pub struct Weather {
    pub lost_percent: u64,
    pub doubled_percent: u64,
    pub delay_max_ms: u64,
}

enum Happening {
    Arrive {
        who: usize,
        ticket: Ticket,
        call: Box<Call>,
    },
    Answer {
        who: usize,
        ticket: Ticket,
        result: Result<Reply, CallError>,
    },
    Done {
        who: usize,
        ticket: Ticket,
        output: JobOutput,
    },
    Going {
        who: usize,
        ticket: Ticket,
        progress: Progress,
    },
    Wake {
        who: usize,
    },
}

pub struct World {
    pub relay: Relay,
    /// A second history of the journal, shown to these members only.
    pub fork: Option<(Relay, Vec<usize>)>,
    /// Another history of one log, shown to these members; what anybody appends goes into both.
    pub lie: Option<(Relay, BTreeSet<usize>, LogId)>,
    /// One log as it was, which is all that one member is shown of it.
    pub stale: Option<(Relay, usize, LogId)>,
    pub clients: Vec<Option<Client<MemoryStore>>>,
    stored: Vec<Option<MemoryStore>>,
    pub now: Time,
    queue: BTreeMap<(Time, u64), Happening>,
    next: u64,
    rng: ChaCha20Rng,
    pub weather: Weather,
    /// A member's process stops at each write with this probability in percent, before or after it took effect.
    pub crash_percent: u64,
    pub crashes: u64,
    planned: Option<(usize, u64, Crash)>,
    wakes: Vec<Time>,
    /// Connections that carry ballots break.
    pub casting_lost: bool,
    /// Long work is called off before it has begun.
    pub jobs_cancelled: bool,
    /// Pieces of long work that were asked for, by member.
    pub jobs: Vec<u64>,
    /// What each member's front end was told.
    pub told: Vec<Vec<Event>>,
    /// Who has no way to the relay: nothing of theirs arrives, and nothing for them.
    pub cut: BTreeSet<usize>,
    /// How far a member's clock is off; one that is not here has the right time.
    pub clocks_off_ms: BTreeMap<usize, i64>,
}

pub fn quick_charter(founding_seats: u32) -> CharterChanges {
    CharterChanges {
        founding_seats: Some(founding_seats),
        notice_ms: Some(1_000),
        voting_least_ms: Some(20_000),
        closing_ms: Some(60_000),
        slot_ms: Some(500),
        sealing_round_ms: Some(20_000),
        cosign_ms: Some(1_000),
        cooling_off_ms: Some(0),
        roll_floor: Some(3),
        ballots_floor: Some(2),
        trustees: Some(3),
        threshold: Some(2),
        ..CharterChanges::default()
    }
}

impl World {
    /// A member's audit file, which must be valid.
    pub fn audited(&mut self, who: usize) -> assembly::Report {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let client = self.clients[who].as_mut().unwrap();
        let file = client
            .audit_file(self.now, &mut rng, AuditLevel::Members)
            .unwrap();
        let report = assembly::verify_audit(&file, None, &mut rng).unwrap();
        assert!(report.is_valid(), "{:?}", report.breaches);
        report
    }

    pub fn new(seed: u64, members: usize) -> Self {
        Self {
            relay: Relay::new(seed as u8),
            fork: None,
            lie: None,
            stale: None,
            clients: (0..members)
                .map(|_| Some(Client::open(MemoryStore::new()).unwrap()))
                .collect(),
            stored: (0..members).map(|_| None).collect(),
            now: Time(1_800_000_000_000),
            queue: BTreeMap::new(),
            next: 0,
            rng: ChaCha20Rng::seed_from_u64(seed),
            weather: Weather {
                delay_max_ms: 50,
                ..Weather::default()
            },
            crash_percent: 0,
            crashes: 0,
            planned: None,
            wakes: vec![Time(u64::MAX); members],
            casting_lost: false,
            jobs_cancelled: false,
            jobs: vec![0; members],
            told: vec![Vec::new(); members],
            cut: BTreeSet::new(),
            clocks_off_ms: BTreeMap::new(),
        }
    }

    /// The time that a member's clock shows.
    pub fn time_of(&self, who: usize) -> Time {
        let off = self.clocks_off_ms.get(&who).copied().unwrap_or(0);
        Time(self.now.0.saturating_add_signed(off))
    }

    /// Room for members that were added to `clients`.
    pub fn grow(&mut self) {
        let members = self.clients.len();
        self.stored.resize(members, None);
        self.wakes.resize(members, Time(u64::MAX));
        self.jobs.resize(members, 0);
        self.told.resize(members, Vec::new());
    }

    /// The same world once more, from what lies on every disk: for trying one evening many times.
    pub fn again(&mut self, seed: u64) -> Self {
        let members = self.clients.len();
        let mut copy = Self::new(seed, 0);
        for who in 0..members {
            self.stop(who);
            let store = self.stored[who].clone().expect("it was stopped");
            self.start(who);
            copy.clients.push(None);
            copy.stored.push(Some(store));
            copy.wakes.push(Time(u64::MAX));
            copy.jobs.push(0);
            copy.told.push(Vec::new());
        }
        copy.relay = self.relay.clone();
        copy.now = self.now;
        for who in 0..members {
            copy.start(who);
        }
        copy
    }

    /// Makes one member's process die at its `k`-th write from now; whether it did is told by [`World::crashes`].
    pub fn crash_at(&mut self, who: usize, k: u64, how: Crash) {
        self.planned = Some((who, k, how));
    }

    fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 {
            0
        } else {
            self.rng.next_u64() % bound
        }
    }

    fn later(&mut self, span_ms: u64, happening: Happening) {
        self.next += 1;
        self.queue.insert((self.now.after(span_ms), self.next), happening);
    }

    pub fn ask(&mut self, who: usize, request: Request) -> Result<Answer, Refusal> {
        let mut rng = ChaCha20Rng::seed_from_u64(self.rng.next_u64());
        let now = self.time_of(who);
        let client = self.clients[who].as_mut().expect("the member is there");
        let (answer, effects) = client.request(now, &mut rng, request);
        self.take(who, effects);
        answer
    }

    /// As [`World::ask`]; a planned crash can meet it. Nothing then: the process died before it could answer.
    pub fn ask_mortally(&mut self, who: usize, request: Request) -> Option<Result<Answer, Refusal>> {
        let client = self.clients[who].as_mut().expect("the member is there");
        let before = client.store_mut().writes();
        let planned = self.planned.filter(|(whose, ..)| *whose == who);
        if let Some((_, 0, how)) = planned {
            client.store_mut().crash_at(0, how);
        }
        let answer = self.ask(who, request);
        let client = self.clients[who].as_mut().expect("the member is there");
        client.store_mut().no_crash();
        let wrote = client.store_mut().writes() > before;
        match planned {
            Some((_, 0, _)) if wrote => {
                self.planned = None;
                self.restart(who);
                return None;
            }
            Some((_, k, how)) if wrote => self.planned = Some((who, k - 1, how)),
            _ => {}
        }
        Some(answer)
    }

    /// What a member's machine does when it is called in another way than by a request.
    pub fn call<T>(
        &mut self,
        who: usize,
        inside: impl FnOnce(&mut Client<MemoryStore>, Time, &mut ChaCha20Rng) -> (T, Vec<Effect>),
    ) -> T {
        let mut rng = ChaCha20Rng::seed_from_u64(self.rng.next_u64());
        let now = self.time_of(who);
        let client = self.clients[who].as_mut().expect("the member is there");
        let (value, effects) = inside(client, now, &mut rng);
        self.take(who, effects);
        value
    }

    fn give(&mut self, who: usize, input: Input) {
        let mut rng = ChaCha20Rng::seed_from_u64(self.rng.next_u64());
        let crash = self.below(100) < self.crash_percent;
        let after = self.below(2) == 0;
        let now = self.time_of(who);
        let Some(client) = self.clients[who].as_mut() else {
            return;
        };
        let before = client.store_mut().writes();
        let planned = match &mut self.planned {
            Some((whose, 0, how)) if *whose == who => Some(*how),
            _ => None,
        };
        if let Some(how) = planned {
            client.store_mut().crash_at(0, how);
        } else if crash {
            client.store_mut().crash_at(
                0,
                if after {
                    Crash::AfterWrite
                } else {
                    Crash::BeforeWrite
                },
            );
        }
        match client.handle(now, &mut rng, input) {
            Ok(effects) => self.take(who, effects),
            Err(StepError::Store(_)) if crash || planned.is_some() => {
                if planned.is_some() {
                    self.planned = None;
                }
                self.restart(who);
            }
            Err(error) => panic!("member {who}: {error}"),
        }
        if let Some(client) = self.clients[who].as_mut() {
            client.store_mut().no_crash();
            let wrote = client.store_mut().writes() > before;
            if let (true, Some((whose, k, _))) = (wrote && planned.is_none(), &mut self.planned)
                && *whose == who
            {
                *k = k.saturating_sub(1);
            }
        }
    }

    /// The process dies; what its last durable batch left is opened again.
    pub fn restart(&mut self, who: usize) {
        self.crashes += 1;
        self.stop(who);
        self.start(who);
    }

    pub fn stop(&mut self, who: usize) {
        if let Some(client) = self.clients[who].take() {
            let mut store = client.into_store();
            store.no_crash();
            self.stored[who] = Some(store);
        }
        self.wakes[who] = Time(u64::MAX);
    }

    pub fn start(&mut self, who: usize) {
        if let Some(store) = self.stored[who].take() {
            self.clients[who] = Some(Client::open(store).expect("what was stored loads"));
            self.later(1, Happening::Wake { who });
        }
    }

    pub fn take(&mut self, who: usize, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Call { ticket, call, lane } => {
                    let delay = self.below(self.weather.delay_max_ms) + 1;
                    let lost = self.casting_lost && lane == Lane::Casting || self.cut.contains(&who);
                    if lost || self.below(100) < self.weather.lost_percent {
                        let result = Err(CallError::Unreachable);
                        self.later(delay + 500, Happening::Answer { who, ticket, result });
                        continue;
                    }
                    if self.below(100) < self.weather.doubled_percent {
                        let again = self.below(2_000);
                        self.later(
                            again,
                            Happening::Arrive {
                                who: usize::MAX,
                                ticket,
                                call: call.clone(),
                            },
                        );
                    }
                    self.later(delay, Happening::Arrive { who, ticket, call });
                }
                Effect::Compute { ticket, job } => {
                    let mut rng = ChaCha20Rng::seed_from_u64(self.rng.next_u64());
                    self.jobs[who] += 1;
                    let mut reports = Vec::new();
                    let output = if self.jobs_cancelled {
                        Job::cancelled()
                    } else {
                        Job::run(*job, &mut rng, &mut |progress| {
                            reports.push(progress);
                            ControlFlow::Continue(())
                        })
                    };
                    let delay = self.below(200) + 1;
                    for progress in reports {
                        self.later(
                            delay / 2,
                            Happening::Going {
                                who,
                                ticket,
                                progress,
                            },
                        );
                    }
                    self.later(delay, Happening::Done { who, ticket, output });
                }
                Effect::Wake { at } => {
                    // A span from now on, as a timer has it: it does not move when a clock is set.
                    let wait = at.since_ms(self.time_of(who)).max(1);
                    let at = self.now.after(wait);
                    if at < self.wakes[who] || self.wakes[who] <= self.now {
                        self.wakes[who] = at;
                        self.later(wait, Happening::Wake { who });
                    }
                }
                Effect::Emit(event) => self.told[who].push(event),
                _ => {}
            }
        }
    }

    /// Lets the next thing happen.
    fn happen(&mut self) -> bool {
        let Some(((at, _), happening)) = self.queue.pop_first() else {
            return false;
        };
        self.now = self.now.max(at);
        match happening {
            Happening::Arrive { who, ticket, call } => {
                let now = self.now;
                let journal = self.relay.first_log;
                let stale = self.stale.as_mut();
                let stale = stale.filter(|(_, whose, log)| *whose == who && call.log() == Some(*log));
                let lie = self.lie.as_mut().filter(|(.., log)| call.log() == Some(*log));
                let lie = lie.map(|(relay, victims, _)| (relay, victims.contains(&who)));
                let told = match lie {
                    Some((relay, is_told)) if is_told || matches!(*call, Call::Append { .. }) => {
                        let told = relay.call(now, (*call).clone());
                        is_told.then_some(told)
                    }
                    _ => None,
                };
                let relay = match &mut self.fork {
                    _ if stale.is_some() => stale.map(|(relay, ..)| relay).unwrap(),
                    Some((fork, shown)) if shown.contains(&who) && call.log() == journal => fork,
                    _ => &mut self.relay,
                };
                let result = match (told, matches!(*call, Call::Append { .. })) {
                    (Some(told), false) => told,
                    (told, _) => {
                        let honest = relay.call(now, *call);
                        told.unwrap_or(honest)
                    }
                };
                let result = result.map_err(CallError::Problem);
                if who != usize::MAX {
                    let delay = self.below(self.weather.delay_max_ms) + 1;
                    let lost = self.below(100) < self.weather.lost_percent || self.cut.contains(&who);
                    let result = if lost { Err(CallError::Unreachable) } else { result };
                    self.later(delay, Happening::Answer { who, ticket, result });
                }
            }
            Happening::Answer { who, ticket, result } => self.give(who, Input::Replied { ticket, result }),
            Happening::Done { who, ticket, output } => self.give(who, Input::Computed { ticket, output }),
            Happening::Going {
                who,
                ticket,
                progress,
            } => {
                self.give(who, Input::Progressed { ticket, progress });
            }
            Happening::Wake { who } => {
                if self.wakes[who] <= self.now || self.wakes[who] == Time(u64::MAX) {
                    self.wakes[who] = Time(u64::MAX);
                    self.give(who, Input::Tick);
                }
            }
        }
        true
    }

    /// Runs until `holds`, at most `limit_ms` of the world's time.
    pub fn until(&mut self, what: &str, limit_ms: u64, mut holds: impl FnMut(&mut Self) -> bool) {
        let deadline = self.now.after(limit_ms);
        let mut checked = Time(0);
        loop {
            if checked < self.now {
                checked = self.now.after(100);
                if holds(self) {
                    return;
                }
            }
            assert!(
                self.now < deadline,
                "not in {limit_ms} ms: {what}\n{}",
                self.report()
            );
            assert!(
                self.happen(),
                "nothing happens any more, waiting for: {what}\n{}",
                self.report()
            );
        }
    }

    pub fn run_ms(&mut self, span_ms: u64) {
        let end = self.now.after(span_ms);
        while self.now < end && self.happen() {}
    }

    pub fn overview(&mut self, who: usize) -> Overview {
        match self.ask(who, Request::Overview) {
            Ok(Answer::Overview { overview }) => overview,
            other => panic!("{other:?}"),
        }
    }

    pub fn motions(&mut self, who: usize) -> Vec<MotionView> {
        match self.ask(who, Request::Motions) {
            Ok(Answer::Motions { motions }) => motions,
            _ => Vec::new(),
        }
    }

    pub fn motion(&mut self, who: usize, id: &str) -> Option<MotionView> {
        self.motions(who).into_iter().find(|motion| motion.id == id)
    }

    pub fn members_online(&self) -> Vec<usize> {
        (0..self.clients.len())
            .filter(|who| self.clients[*who].is_some())
            .collect()
    }

    pub fn report(&mut self) -> String {
        let mut lines = vec![format!("crashes {}", self.crashes)];
        for who in self.members_online() {
            let overview = self.overview(who);
            lines.push(format!("{who}: {overview:?}"));
            let texts = self.texts(who);
            lines.push(format!("    texts {texts:?}"));
            for motion in self.motions(who) {
                lines.push(format!(
                    "    {} {:?} {:?} ballots {} shares {}",
                    motion.title, motion.phase, motion.mine, motion.ballots, motion.shares
                ));
            }
        }
        lines.join("\n")
    }

    /// Member 0 founds; the others are invited and let in one by one.
    pub fn found(&mut self, deputies: usize) {
        self.found_by(deputies, quick_charter(self.clients.len() as u32));
    }

    pub fn found_by(&mut self, deputies: usize, charter: CharterChanges) {
        let (address, keys) = (self.relay.address(), self.relay.keys());
        self.clients[0]
            .as_mut()
            .unwrap()
            .learn_relay(&address, keys)
            .unwrap();
        let request = Request::Found {
            name: "Вече".into(),
            declaration: "We decide together.".into(),
            relay: address,
            member_name: "Member 0".into(),
            charter,
        };
        self.ask(0, request).unwrap();
        self.until("founded", 60_000, |world| {
            world.standing(0) == Some(Standing::Admitted)
        });
        for who in 1..self.clients.len() {
            let role = if who < deputies {
                Role::Deputy
            } else {
                Role::Expert
            };
            self.let_in(0, who, role);
        }
    }

    pub fn let_in(&mut self, sponsor: usize, who: usize, role: Role) {
        let Ok(Answer::Invitation { link, .. }) = self.ask(
            sponsor,
            Request::Invite {
                role,
                valid_ms: None,
                carrier: None,
            },
        ) else {
            panic!("no invitation")
        };
        self.ask(
            who,
            Request::Join {
                link,
                member_name: format!("Member {who}"),
            },
        )
        .unwrap();
        let mut id = None;
        self.until("a join request", 300_000, |world| {
            if let Ok(Answer::Admissions { admissions }) = world.ask(sponsor, Request::Admissions) {
                id = admissions
                    .into_iter()
                    .find(|a| a.state == client::views::AdmissionState::Requested)
                    .map(|a| a.id);
            }
            id.is_some()
        });
        self.ask(
            sponsor,
            Request::Endorse {
                admission: id.unwrap(),
            },
        )
        .unwrap();
        self.until("let in", 300_000, |world| {
            world.standing(who) == Some(Standing::Admitted)
        });
    }

    pub fn standing(&mut self, who: usize) -> Option<Standing> {
        self.overview(who).assembly.map(|assembly| assembly.standing)
    }

    /// Proposes a roll-call of for and against by the charter's numbers, and waits for nothing.
    pub fn propose(&mut self, who: usize, title: &str) {
        let request = Request::Propose {
            title: title.into(),
            text: String::new(),
            kind: VoteKind::RollCall,
            question: QuestionView::default(),
            rule: None,
            notice_ms: None,
            voting_ms: None,
        };
        self.ask(who, request).unwrap();
    }

    /// Proposes, seconds and waits until everybody sees the vote open.
    pub fn open_vote(&mut self, proposer: usize, seconder: usize, title: &str, kind: VoteKind) -> String {
        self.open_question(proposer, seconder, title, kind, QuestionView::default())
    }

    /// The same with options.
    pub fn open_question(
        &mut self,
        proposer: usize,
        seconder: usize,
        title: &str,
        kind: VoteKind,
        question: QuestionView,
    ) -> String {
        let request = Request::Propose {
            title: title.into(),
            text: "Text of the motion.".into(),
            kind,
            question,
            rule: None,
            notice_ms: None,
            voting_ms: None,
        };
        let Ok(Answer::Proposed { motion }) = self.ask(proposer, request) else {
            panic!("not proposed")
        };
        let id = motion.clone();
        self.until("the motion is seen", 300_000, |world| {
            world.motion(seconder, &id).is_some()
        });
        self.ask(
            seconder,
            Request::Second {
                motion: motion.clone(),
            },
        )
        .unwrap();
        let id = motion.clone();
        self.until("the vote is open everywhere", 300_000, |world| {
            world.members_online().into_iter().all(|who| {
                world
                    .motion(who, &id)
                    .is_some_and(|motion| motion.phase == Phase::Open)
            })
        });
        motion
    }

    pub fn vote(&mut self, who: usize, motion: &str, choice: Choice) {
        self.ask(
            who,
            Request::Vote {
                motion: motion.into(),
                choice,
            },
        )
        .unwrap();
    }

    pub fn decided(&mut self, motion: &str) {
        let id = motion.to_owned();
        self.until("everybody has the result and all agree", 600_000, |world| {
            let online = world.members_online();
            online.iter().all(|who| {
                world
                    .motion(*who, &id)
                    .and_then(|motion| motion.result)
                    .is_some_and(|result| result.agree as usize >= online.len() && result.disagree == 0)
            })
        });
    }
}
