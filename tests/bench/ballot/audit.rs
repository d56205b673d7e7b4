//! The audit of a closed box: roll, ballots, proofs, opening, counting; and the same work's floor beside it.

use crate::Outcome;
use crate::clock::{Clock, Lap, least, median, peak_mib};
use crate::election::{self, Election, rng};
use crate::floor::{Floor, FloorTime};
use crate::threads::Threads;
use assembly::{Choice, Counts};
use ballot::{BallotIn, BatchVerifier, Crew, Event, Roll};
use primitives::AssemblyId;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// What one audit took.
#[derive(Default)]
struct Audit {
    roll: Lap,
    decode: Lap,
    proof: Lap,
    open: Lap,
    count: Lap,
}

impl Audit {
    fn laps(&self) -> [&Lap; 5] {
        [&self.roll, &self.decode, &self.proof, &self.open, &self.count]
    }

    fn wall_s(&self) -> f64 {
        self.laps().iter().map(|lap| lap.wall_s).sum()
    }

    fn cpu_s(&self) -> f64 {
        self.laps().iter().map(|lap| lap.cpu_s).sum()
    }
}

pub(crate) fn run(members: usize, folder: &Path, threads: usize, repeats: usize) -> Outcome<()> {
    let threads = Threads(threads);
    let mut election = Election::new(members)?;
    // An auditor has no secrets; they are not to count as memory.
    election.secrets = Vec::new();
    let keys: Vec<[u8; 32]> = election
        .event
        .roll()
        .keys()
        .iter()
        .map(|key| *key.as_bytes())
        .collect();
    let ballots = election::read(members, folder)?;
    let bytes = ballots.iter().map(Vec::len).sum::<usize>() / ballots.len().max(1);

    let first = audit(&election, &keys, &ballots, threads)?;
    let peak = peak_mib();
    let floor = Floor::of(&election, &keys, &ballots)?;
    let (mut audits, mut floors) = (vec![first], vec![floor.measure(threads)]);
    for repeat in 1..repeats {
        // Floor and audit take turns in going first.
        if repeat % 2 == 0 {
            floors.push(floor.measure(threads));
        }
        audits.push(audit(&election, &keys, &ballots, threads)?);
        if repeat % 2 == 1 {
            floors.push(floor.measure(threads));
        }
    }
    let ratio = |audit: fn(&Audit) -> f64, floor: fn(&FloorTime) -> f64| {
        median(
            audits
                .iter()
                .zip(&floors)
                .map(|(a, f)| audit(a) / floor(f))
                .collect(),
        )
    };
    let phase = |lap: fn(&Audit) -> &Lap| median(audits.iter().map(|audit| lap(audit).cpu_s * 1e3).collect());
    println!(
        "{}",
        json!({
            "roll": members,
            "ballots": ballots.len(),
            "threads": threads.0,
            "ballot_bytes": bytes,
            "audit_s": median(audits.iter().map(Audit::wall_s).collect()),
            "audit_least_s": least(audits.iter().map(Audit::wall_s)),
            "audit_cpu_s": median(audits.iter().map(Audit::cpu_s).collect()),
            "audit_cpu_least_s": least(audits.iter().map(Audit::cpu_s)),
            "floor_s": median(floors.iter().map(|floor| floor.whole.wall_s).collect()),
            "floor_least_s": least(floors.iter().map(|floor| floor.whole.wall_s)),
            "floor_cpu_s": median(floors.iter().map(|floor| floor.whole.cpu_s).collect()),
            "floor_cpu_least_s": least(floors.iter().map(|floor| floor.whole.cpu_s)),
            "ratio": ratio(Audit::wall_s, |floor| floor.whole.wall_s),
            "ratio_cpu": ratio(Audit::cpu_s, |floor| floor.whole.cpu_s),
            "ratio_cpu_pieces": ratio(Audit::cpu_s, |floor| floor.in_pieces.cpu_s),
            "roll_ms": phase(|audit| &audit.roll),
            "decode_ms": phase(|audit| &audit.decode),
            "proof_ms": phase(|audit| &audit.proof),
            "open_ms": phase(|audit| &audit.open),
            "count_ms": phase(|audit| &audit.count),
            "peak_mib": peak,
            "repeats": repeats,
        })
    );
    Ok(())
}

/// Everything from the roll's and the ballots' bytes to the result.
fn audit(election: &Election, keys: &[[u8; 32]], ballots: &[Vec<u8>], threads: Threads) -> Outcome<Audit> {
    let mut clock = Clock::start();
    let mut audit = Audit::default();
    let roll = Arc::new(Roll::from_bytes_by(keys, &threads)?);
    let event = Event::ballot(
        AssemblyId::new([1; 32]),
        election::OPENING,
        roll,
        *election.opening.key_bytes(),
    );
    audit.roll = clock.lap();

    let decoded = threads.map(ballots, |ballot| BallotIn::decode(ballot));
    let decoded = decoded.into_iter().collect::<Result<Vec<_>, _>>()?;
    audit.decode = clock.lap();

    let mut weights = rng(usize::MAX);
    let mut verifier = BatchVerifier::new(event);
    verifier.add(decoded, &mut weights, &threads);
    let verdicts = verifier.finish(&mut weights, &threads);
    let valid = verdicts.into_iter().collect::<Result<Vec<_>, _>>()?;
    audit.proof = clock.lap();

    let sealed: Vec<_> = valid
        .iter()
        .map(|ballot| (election.context(*ballot.tag().as_bytes()), ballot.sealed()))
        .collect();
    let shares: Vec<_> = sealed
        .chunks(sealed.len().div_ceil(threads.hands()).max(1))
        .collect();
    let opened = threads.map(&shares, |sealed| sealing::open_all(&election.opening, sealed));
    let choices = opened.into_iter().flatten().map(|plaintext| {
        let plaintext = plaintext.ok()?;
        Choice::from_plaintext(&plaintext)
    });
    let choices: Vec<_> = choices.collect();
    audit.open = clock.lap();

    let (mut counts, mut seen) = (Counts::default(), BTreeSet::new());
    for (ballot, choice) in valid.iter().zip(choices) {
        if seen.insert(ballot.tag()) {
            counts.add(choice);
        }
    }
    audit.count = clock.lap();
    let thirds = [0, 1, 2].map(|choice| u32::try_from((ballots.len() + 2 - choice) / 3).unwrap_or(0));
    if [counts.votes_for, counts.votes_against, counts.votes_abstain] == thirds {
        Ok(audit)
    } else {
        Err(format!("counted {counts:?}").into())
    }
}
