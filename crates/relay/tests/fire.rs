//! A box under fire: an insider floods it from many connections while honest ballots come in.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the helpers of tests fail like tests"
)]

mod common;

use ballot::{BallotSecret, Event, Roll};
use common::line::Line;
use common::wire::*;
use common::{Bench, Log, ManualClock, START, page, read_all, receipt, refused};
use primitives::{AssemblyId, OpeningId, Time};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use relay::store::{LogStore, MemoryStore};
use relay_api::{Call, ProblemKind, Reply};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use tlog::{CloseEntry, Gate, Slots};

const VOTERS: usize = 40;
const ATTACKERS: usize = 24;
const OPENING: OpeningId = OpeningId::new([8; 32]);

struct Urn {
    log: Log,
    roll: Arc<Roll>,
    voters: Vec<BallotSecret>,
    rng: ChaCha20Rng,
}

impl Urn {
    fn new(slots: Option<Slots>) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let voters: Vec<_> = (0..VOTERS).map(|_| BallotSecret::random(&mut rng)).collect();
        let roll = Arc::new(Roll::new(voters.iter().map(BallotSecret::public).collect()).unwrap());
        let mut log = Log::plain(1);
        log.roll = roll.keys().iter().map(|key| (*key.as_bytes()).into()).collect();
        log.record.slots = slots;
        log.record.gate = Some(Gate {
            assembly: AssemblyId::new([7; 32]),
            opening: OPENING,
            roll_root: roll.root(),
            roll_len: VOTERS as u32,
            sealing_key: [6; 32].into(),
        });
        Self {
            log,
            roll,
            voters,
            rng,
        }
    }

    fn ballot_for(&mut self, opening: OpeningId, voter: usize, choice: &[u8]) -> Vec<u8> {
        let event = Event::ballot(AssemblyId::new([7; 32]), opening, Arc::clone(&self.roll), [6; 32]);
        ballot::prove(&event, &self.voters[voter], choice, &mut self.rng)
            .unwrap()
            .encode()
    }

    fn ballot(&mut self, voter: usize, choice: &[u8]) -> Vec<u8> {
        self.ballot_for(OPENING, voter, choice)
    }

    /// Well-formed, with a tag that nobody has used here, and a proof that does not hold here.
    fn stray(&mut self, number: u8) -> Vec<u8> {
        self.ballot_for(OpeningId::new([100 + number; 32]), 0, b"mine")
    }

    fn close(&self) -> Call {
        self.log.append(&CloseEntry { opening: OPENING }.to_bytes())
    }
}

/// Sends these over and over again, over a connection of its own for each attacker, until it is over.
fn open_fire(
    process: &Process,
    calls: Vec<Call>,
    over: &Arc<AtomicBool>,
    answered: &Arc<AtomicUsize>,
) -> Vec<tokio::task::JoinHandle<BTreeSet<String>>> {
    let calls = Arc::new(calls);
    (0..ATTACKERS)
        .map(|number| {
            let (address, calls) = (process.address.clone(), Arc::clone(&calls));
            let (over, answered) = (Arc::clone(over), Arc::clone(answered));
            tokio::spawn(async move {
                let mut answers = BTreeSet::new();
                for call_ in calls.iter().cycle().skip(number) {
                    if over.load(Ordering::SeqCst) {
                        break;
                    }
                    answers.insert(match call(&address, call_).await {
                        Reply::Problem(problem) => problem.kind.to_string(),
                        Reply::Appended(_) => "appended".to_owned(),
                        Reply::Pending { .. } => "pending".to_owned(),
                        other => panic!("{other:?}"),
                    });
                    answered.fetch_add(1, Ordering::SeqCst);
                }
                answers
            })
        })
        .collect()
}

#[tokio::test]
async fn a_box_under_fire_loses_no_honest_ballot_and_closes_in_time() {
    let data = data();
    let process = Process::start(data.path(), &["--request-every-ms", "0"]);
    let address = &process.address;
    let mut urn = Urn::new(None);
    call(address, &urn.log.create()).await;
    let own = urn.ballot(0, b"mine");
    receipt(call(address, &urn.log.append(&own)).await);
    // Invalid ones, the insider's own again, others with its tag, and no ballots at all.
    let mut bad: Vec<Vec<u8>> = (0..16).map(|number| urn.stray(number)).collect();
    bad.extend([own.clone(), urn.ballot(0, b"again"), b"no ballot".to_vec()]);
    let bad = bad.iter().map(|entry| urn.log.append(entry)).collect();
    let (over, answered) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
    let fire = open_fire(&process, bad, &over, &answered);
    while answered.load(Ordering::SeqCst) < ATTACKERS {
        tokio::task::yield_now().await;
    }

    let honest: Vec<_> = (1..VOTERS).map(|voter| urn.ballot(voter, b"yes")).collect();
    let mut casting = Vec::new();
    for ballots in honest.chunks(10) {
        let calls: Vec<_> = ballots.iter().map(|ballot| urn.log.append(ballot)).collect();
        let address = address.clone();
        casting.push(tokio::spawn(async move {
            for append in calls {
                receipt(call(&address, &append).await);
            }
        }));
    }
    for casting in casting {
        casting.await.unwrap();
    }
    receipt(call(address, &urn.close()).await);
    over.store(true, Ordering::SeqCst);
    let mut answers = BTreeSet::new();
    for attacker in fire {
        answers.extend(attacker.await.unwrap());
    }
    let expected = ["appended", "ballot-refused", "tag-used"];
    for answer in expected {
        assert!(answers.contains(answer), "{answer} is not among {answers:?}");
    }
    let entries = page(call(address, &urn.log.read(0, u32::MAX)).await).entries;
    assert_eq!(entries.len(), VOTERS + 1);
    assert!(
        honest
            .iter()
            .all(|ballot| entries.iter().any(|entry| entry.bytes == *ballot))
    );
}

#[tokio::test]
async fn a_slotted_box_under_fire_sequences_what_it_has_answered_and_closes_at_its_time() {
    let data = data();
    let process = Process::start(data.path(), &["--request-every-ms", "0"]);
    let address = &process.address;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
    let (opens, closes, every_ms) = (Time(now - 1_000), Time(now + 6_000), 1_000);
    let mut urn = Urn::new(Some(Slots {
        opens,
        closes,
        every_ms,
    }));
    let honest: Vec<_> = (1..VOTERS).map(|voter| urn.ballot(voter, b"yes")).collect();
    let bad: Vec<_> = (0..8).map(|number| urn.stray(number)).collect();
    call(address, &urn.log.create()).await;
    let bad = bad.iter().map(|entry| urn.log.append(entry)).collect();
    let (over, answered) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
    let fire = open_fire(&process, bad, &over, &answered);
    let mut taken = BTreeSet::new();
    for ballot in &honest {
        match call(address, &urn.log.append(ballot)).await {
            Reply::Pending { .. } => drop(taken.insert(ballot.clone())),
            // The box was open for a limited time, whatever the machine does.
            other => drop(refused(&other, ProblemKind::Closed)),
        }
    }
    // It closes while the fire goes on.
    let closed = loop {
        match call(address, &urn.close()).await {
            Reply::Appended(receipt) => break receipt,
            other => refused(&other, ProblemKind::TooEarly),
        };
    };
    over.store(true, Ordering::SeqCst);
    for attacker in fire {
        attacker.await.unwrap();
    }
    assert!(closed.time >= closes);
    let entries = page(call(address, &urn.log.read(0, u32::MAX)).await).entries;
    assert_eq!(entries.len(), taken.len() + 1);
    for entry in &entries[..taken.len()] {
        assert!(taken.contains(&entry.bytes) && entry.time <= closes);
    }
}

#[tokio::test]
async fn ballots_that_come_together_are_judged_together_and_blame_falls_on_the_bad_ones() {
    let store: Arc<dyn LogStore> = Arc::new(MemoryStore::default());
    let bench = Arc::new(Bench::new(store, ManualClock::new()));
    let mut urn = Urn::new(None);
    bench.call(urn.log.create()).await;
    let mut calls = Vec::new();
    for voter in 0..VOTERS {
        let ballot = urn.ballot(voter, b"yes");
        calls.push((true, urn.log.append(&ballot)));
        // Twice, and something bad beside it.
        calls.push((true, urn.log.append(&ballot)));
        let bad = urn.stray(voter as u8);
        calls.push((false, urn.log.append(&bad)));
    }
    let asked: Vec<_> = calls
        .into_iter()
        .map(|(good, call)| {
            let bench = Arc::clone(&bench);
            tokio::spawn(async move { (good, bench.call(call).await) })
        })
        .collect();
    for asked in asked {
        let (good, reply) = asked.await.unwrap();
        if good {
            receipt(reply);
        } else {
            refused(&reply, ProblemKind::BallotRefused);
        }
    }
    let (_, entries) = read_all(&bench, &urn.log).await;
    assert_eq!(entries.len(), VOTERS);
    assert!(entries.iter().all(|(time, _)| *time == START));
}

#[tokio::test]
async fn a_ballot_that_is_in_the_box_is_answered_again_after_a_restart_and_another_one_is_not_judged() {
    let store: Arc<dyn LogStore> = Arc::new(MemoryStore::default());
    let mut urn = Urn::new(None);
    let (own, again) = (urn.ballot(0, b"yes"), urn.ballot(0, b"no"));
    let bench = Bench::new(Arc::clone(&store), ManualClock::new());
    bench.call(urn.log.create()).await;
    receipt(bench.call(urn.log.append(&own)).await);
    bench.stop();
    let bench = Bench::new(store, ManualClock::new());
    assert_eq!(receipt(bench.call(urn.log.append(&own)).await).index, 0);
    refused(&bench.call(urn.log.append(&again)).await, ProblemKind::TagUsed);
    // With a taken tag, whatever the proof is worth.
    let mut broken = again;
    let last = broken.len() - 1;
    broken[last] ^= 1;
    refused(&bench.call(urn.log.append(&broken)).await, ProblemKind::TagUsed);
}

#[tokio::test]
async fn who_sends_bad_ballots_has_to_wait() {
    let data = data();
    let process = Process::start(
        data.path(),
        &["--request-burst", "30", "--request-every-ms", "60000"],
    );
    let address = &process.address;
    let mut urn = Urn::new(None);
    call(address, &urn.log.create()).await;
    let mut line = Line::open(address).await.unwrap();
    let mut kinds = Vec::new();
    for number in 0..3 {
        let bad = urn.stray(number);
        let bad = urn.log.append(&bad);
        let reply = line.call(&bad).await.unwrap();
        let Reply::Problem(problem) = reply else {
            panic!("{reply:?}")
        };
        kinds.push(problem.kind);
    }
    // Two of them cost more than thirty calls; other connections are not concerned.
    use ProblemKind::{BallotRefused, TooFast};
    assert_eq!(kinds, [BallotRefused, BallotRefused, TooFast]);
    let honest = urn.ballot(1, b"yes");
    receipt(call(address, &urn.log.append(&honest)).await);
}
