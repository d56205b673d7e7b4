//! A box under fire: a member floods it from many connections while honest ballots come in.

use crate::appends::Measured;
use crate::common::line::Line;
use crate::common::{Log, page};
use crate::{Outcome, machine, percentile, plain};
use ballot::{BallotSecret, Event, Roll};
use primitives::{AssemblyId, OpeningId};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use relay_api::{RelayAddress, Reply};
use rustix::process::Signal;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tlog::Gate;

/// Connections over which honest ballots come, one after the other each.
const HONEST: usize = 4;
/// Different bad ballots of one kind.
const AMMUNITION: usize = 64;

pub(crate) async fn run(roll: usize, attackers: usize, time: Duration, folder: &Path) -> Outcome<Vec<Value>> {
    let mut urn = Urn::new(roll);
    let relay = Measured::start(&folder.join("relay"))?;
    let address = &relay.process.address;
    Line::open(address).await?.call(&urn.log.create()).await?;

    let half = roll / 2;
    let quiet = cast(address, urn.ballots(1..half)).await?;
    // The insider has voted, and so have others.
    let own = urn.ballot(0, b"mine");
    if !matches!(
        Line::open(address).await?.call(&urn.log.append(&own)).await?,
        Reply::Appended(_)
    ) {
        return Err("the insider's own ballot is refused".into());
    }
    let kinds: [(&str, Vec<Vec<u8>>); 3] = [
        (
            "invalid",
            (0..AMMUNITION).map(|number| urn.stray(number)).collect(),
        ),
        ("replayed", vec![own.clone()]),
        (
            "second with the same tag",
            (0..AMMUNITION)
                .map(|number| urn.ballot(0, format!("again {number}").as_bytes()))
                .collect(),
        ),
    ];
    let mut figures = vec![
        plain("roll", roll as f64, "ballots"),
        plain("attackers", attackers as f64, "connections"),
    ];
    let mut everything = Vec::new();
    for (kind, ballots) in kinds {
        let requests: Arc<Vec<_>> = Arc::new(
            ballots
                .iter()
                .map(|ballot| Line::request(&urn.log.append(ballot)))
                .collect(),
        );
        let fire = Fire::open(address, attackers, &requests).await?;
        let (before, begun) = (machine::cpu_s(relay.process.id())?, Instant::now());
        tokio::time::sleep(time / 4).await;
        let (sent, took) = (fire.cease().await?, begun.elapsed().as_secs_f64());
        let cpu = machine::cpu_s(relay.process.id())? - before;
        figures.push(plain(
            &format!("{kind}: processor time of each"),
            cpu / sent as f64 * 1e6,
            "us",
        ));
        figures.push(plain(
            &format!("{kind}: answered"),
            sent as f64 / took,
            "per second",
        ));
        everything.extend(requests.iter().cloned());
    }
    let fire = Fire::open(address, attackers, &Arc::new(everything)).await?;
    let under_fire = cast(address, urn.ballots(half..roll)).await?;
    let sent = fire.cease().await?;
    for (name, times) in [("quiet", &quiet), ("under fire", &under_fire)] {
        figures.push(plain(
            &format!("honest ballot, {name}, median"),
            percentile(times, 50),
            "ms",
        ));
        figures.push(plain(
            &format!("honest ballot, {name}, 99 of 100"),
            percentile(times, 99),
            "ms",
        ));
    }
    figures.push(plain("refused or replayed meanwhile", sent as f64, "ballots"));
    let mut taken = 0;
    let mut line = Line::open(address).await?;
    loop {
        let page = page(line.call(&urn.log.read(taken, u32::MAX)).await?);
        if page.entries.is_empty() {
            break;
        }
        taken += page.entries.len() as u64;
    }
    figures.push(plain(
        "honest ballots lost",
        roll as f64 - taken as f64,
        "ballots",
    ));
    relay.process.end(Signal::TERM);
    Ok(figures)
}

/// A box and everybody who may vote in it.
struct Urn {
    log: Log,
    event: Event,
    voters: Vec<BallotSecret>,
    rng: ChaCha20Rng,
}

impl Urn {
    fn new(len: usize) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let voters: Vec<_> = (0..len).map(|_| BallotSecret::random(&mut rng)).collect();
        let roll = Arc::new(Roll::new(voters.iter().map(BallotSecret::public).collect()).unwrap());
        let (assembly, opening) = (AssemblyId::new([7; 32]), OpeningId::new([8; 32]));
        let sealing_key = [6; 32];
        let mut log = Log::plain(1);
        log.roll = roll.keys().iter().map(|key| (*key.as_bytes()).into()).collect();
        log.record.gate = Some(Gate {
            assembly,
            opening,
            roll_root: roll.root(),
            roll_len: u32::try_from(len).unwrap(),
            sealing_key: sealing_key.into(),
        });
        Self {
            log,
            event: Event::ballot(assembly, opening, roll, sealing_key),
            voters,
            rng,
        }
    }

    fn ballot(&mut self, voter: usize, choice: &[u8]) -> Vec<u8> {
        let ballot = ballot::prove(&self.event, &self.voters[voter], choice, &mut self.rng);
        ballot.unwrap().encode()
    }

    /// A ballot for another box: well-formed, with a tag that nobody has used here, and a proof that does not hold here.
    fn stray(&mut self, number: usize) -> Vec<u8> {
        let mut opening = [9; 32];
        opening[..8].copy_from_slice(&number.to_be_bytes());
        let roll = Arc::new(Roll::new(self.voters.iter().map(BallotSecret::public).collect()).unwrap());
        let event = Event::ballot(AssemblyId::new([7; 32]), OpeningId::new(opening), roll, [6; 32]);
        let ballot = ballot::prove(&event, &self.voters[0], b"mine", &mut self.rng);
        ballot.unwrap().encode()
    }

    /// The requests that cast the ballots of these voters.
    fn ballots(&mut self, voters: std::ops::Range<usize>) -> Vec<Vec<u8>> {
        voters
            .map(|voter| {
                let ballot = self.ballot(voter, b"yes");
                Line::request(&self.log.append(&ballot))
            })
            .collect()
    }
}

/// Casts ballots over some connections and says how long each took.
async fn cast(address: &RelayAddress, requests: Vec<Vec<u8>>) -> Outcome<Vec<Duration>> {
    let share = requests.len().div_ceil(HONEST).max(1);
    let mut casting = Vec::new();
    for requests in requests.chunks(share) {
        let (mut line, requests) = (Line::open(address).await?, requests.to_vec());
        casting.push(tokio::spawn(async move {
            let mut times = Vec::new();
            for request in requests {
                let begun = Instant::now();
                let (status, _) = line.exchange(&request).await.map_err(|error| error.to_string())?;
                times.push(begun.elapsed());
                if status != 200 {
                    return Err(format!("an honest ballot is answered {status}"));
                }
            }
            Ok(times)
        }));
    }
    let mut times = Vec::new();
    for casting in casting {
        times.extend(casting.await??);
    }
    times.sort_unstable();
    Ok(times)
}

/// Connections that send bad ballots as fast as they are answered.
struct Fire {
    over: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    sending: Vec<tokio::task::JoinHandle<Result<(), String>>>,
}

impl Fire {
    async fn open(address: &RelayAddress, attackers: usize, requests: &Arc<Vec<Vec<u8>>>) -> Outcome<Self> {
        let (over, sent) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let mut lines = Vec::new();
        for _ in 0..attackers {
            lines.push(Line::open(address).await?);
        }
        let sending = lines.into_iter().enumerate().map(|(number, mut line)| {
            let (over, sent, requests) = (Arc::clone(&over), Arc::clone(&sent), Arc::clone(requests));
            tokio::spawn(async move {
                for request in requests.iter().cycle().skip(number * 7) {
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                    line.exchange(request).await.map_err(|error| error.to_string())?;
                    sent.fetch_add(1, Ordering::Relaxed);
                }
                Ok(())
            })
        });
        Ok(Self {
            sending: sending.collect(),
            over,
            sent,
        })
    }

    async fn cease(self) -> Outcome<u64> {
        self.over.store(true, Ordering::Relaxed);
        for sending in self.sending {
            sending.await??;
        }
        Ok(self.sent.load(Ordering::Relaxed))
    }
}
