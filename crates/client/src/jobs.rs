//! Long work, done beside the machine: a ballot's proof, a box's tally. A job owns what it needs and answers with its output.

use crate::requests;
use assembly::{Assembly, TallyError, TallyResult};
use ballot::{BallotSecret, Event};
use primitives::canonical::encode;
use primitives::{Hash, MotionId, OpeningId, Secret};
use rand_core::CryptoRng;
use sealing::{SealContext, SealingKey};
use std::ops::ControlFlow;
use std::sync::Arc;
use tlog::Entry;
use zeroize::Zeroizing;

/// Stages of a proof: sealed, proven, verified.
const PROOF_STAGES: u64 = 3;
/// Stages of counting a box: it is one.
const COUNT_STAGES: u64 = 1;

type Stage<'a> = dyn FnMut(u64) -> ControlFlow<()> + 'a;

/// Work for another thread.
#[derive(Debug)]
pub struct Job(pub(crate) Work);

#[derive(Debug)]
pub(crate) enum Work {
    Prove {
        motion: MotionId,
        opening: OpeningId,
        assembly: Arc<Assembly>,
        secret: Secret<64>,
        vote: Zeroizing<Vec<u8>>,
    },
    /// Verifies the box, for a trustee before it releases its share and for everybody's counter.
    Check {
        motion: MotionId,
        opening: OpeningId,
        assembly: Arc<Assembly>,
        entries: Vec<Entry>,
    },
    Tally {
        motion: MotionId,
        opening: OpeningId,
        assembly: Arc<Assembly>,
        entries: Vec<Entry>,
    },
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What it is.
    pub work: requests::Work,
    /// Steps done.
    pub done: u64,
    /// Steps in all.
    pub total: u64,
}

/// Told how far a job is; a break calls it off.
pub type Watcher<'a> = dyn FnMut(Progress) -> ControlFlow<()> + 'a;

/// What came of a job.
#[derive(Debug)]
pub struct JobOutput(pub(crate) Output);

#[derive(Debug)]
pub(crate) enum Output {
    Proven {
        motion: MotionId,
        ballot: Option<Vec<u8>>,
    },
    Checked {
        motion: MotionId,
        releasable: bool,
    },
    Tallied {
        motion: MotionId,
        result: Result<(Vec<u8>, Hash), TallyError>,
    },
    Cancelled,
}

impl Job {
    /// Does the work. May take seconds for large assemblies; run it where nobody waits.
    ///
    /// - `rng`: the operating system's generator.
    /// - `watch`: is told how far it is, and calls it off with a break; between its stages, so that what has begun of one
    ///   is done to its end.
    #[must_use]
    pub fn run(self, rng: &mut dyn CryptoRng, watch: &mut Watcher<'_>) -> JobOutput {
        let work = self.work();
        let stages = match work {
            requests::Work::Proof => PROOF_STAGES,
            _ => COUNT_STAGES,
        };
        let mut stage = |done| {
            let total = stages;
            watch(Progress { work, done, total })
        };
        match self.go(rng, &mut stage) {
            ControlFlow::Continue(output) => JobOutput(output),
            ControlFlow::Break(()) => Self::cancelled(),
        }
    }

    /// What it is, for whoever shows how far it is.
    #[must_use]
    pub fn work(&self) -> requests::Work {
        match self.0 {
            Work::Prove { .. } => requests::Work::Proof,
            Work::Check { .. } | Work::Tally { .. } => requests::Work::Count,
        }
    }

    fn go(self, rng: &mut dyn CryptoRng, stage: &mut Stage<'_>) -> ControlFlow<(), Output> {
        stage(0)?;
        let output = match self.0 {
            Work::Prove {
                motion,
                opening,
                assembly,
                secret,
                vote,
            } => Output::Proven {
                motion,
                ballot: prove(&assembly, opening, &secret, &vote, rng, stage)?,
            },
            Work::Check {
                motion,
                opening,
                assembly,
                entries,
            } => {
                let releasable = assembly::valid_ballots(&assembly, opening, &entries, rng).is_ok();
                Output::Checked { motion, releasable }
            }
            Work::Tally {
                motion,
                opening,
                assembly,
                entries,
            } => {
                let result = assembly::tally(&assembly, opening, &entries, rng)
                    .map(|result: TallyResult| (encode(&result), result.hash()));
                Output::Tallied { motion, result }
            }
        };
        // Whatever this says, the work is done.
        let _ = stage(match output {
            Output::Proven { .. } => PROOF_STAGES,
            _ => COUNT_STAGES,
        });
        ControlFlow::Continue(output)
    }

    /// The output of a job that was not run: the machine starts it again when it is still needed.
    #[must_use]
    pub fn cancelled() -> JobOutput {
        JobOutput(Output::Cancelled)
    }
}

/// Seals the choice, proves the ballot, and checks both as the relay and every member will.
fn prove(
    assembly: &Assembly,
    opening: OpeningId,
    secret: &Secret<64>,
    plaintext: &[u8],
    rng: &mut dyn CryptoRng,
    stage: &mut Stage<'_>,
) -> ControlFlow<(), Option<Vec<u8>>> {
    let Some((event, secret, sealed)) = seal(assembly, opening, secret, plaintext, rng) else {
        return ControlFlow::Continue(None);
    };
    stage(1)?;
    // The prover's own steps, once it tells them, go between these two stages.
    let Ok(ballot) = ballot::prove(&event, &secret, &sealed, rng) else {
        return ControlFlow::Continue(None);
    };
    stage(2)?;
    let verified = ballot::verify(&event, &ballot).is_ok();
    ControlFlow::Continue(verified.then(|| ballot.encode()))
}

fn seal(
    assembly: &Assembly,
    opening: OpeningId,
    secret: &Secret<64>,
    plaintext: &[u8],
    rng: &mut dyn CryptoRng,
) -> Option<(Event, BallotSecret, Vec<u8>)> {
    let (_, _, vote) = assembly.secret_vote_of(opening)?;
    let event: Event = vote.event(assembly.id(), opening).ok()?;
    let secret = BallotSecret::from_bytes(secret.expose())?;
    let key = SealingKey::from_bytes(vote.sealing.key.y()).ok()?;
    let context = SealContext {
        opening,
        roll_root: vote.roll_root,
        tag: *event.tag(&secret).as_bytes(),
    };
    let sealed = sealing::seal(&key, &context, plaintext, rng);
    Some((event, secret, sealed))
}
