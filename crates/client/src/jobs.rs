//! Long work, done beside the machine: a ballot's proof, a box's count. A job owns what it needs and answers with its output.

use crate::requests;
use assembly::{Alone, Assembly, BoxCount, TallyError, TallyResult, ValidBallots};
use ballot::{BallotSecret, Event};
use primitives::canonical::encode;
use primitives::{Hash, MotionId, OpeningId, Secret};
use rand_core::CryptoRng;
use sealing::{SealContext, SealingKey};
use std::ops::ControlFlow;
use std::sync::Arc;
use tlog::Entry;
use zeroize::Zeroizing;

/// A count looks up so often.
const BALLOTS_AT_A_TIME: usize = 64;

/// Told how much is done, and of how much.
type Watch<'a> = dyn FnMut(u64, u64) -> ControlFlow<()> + 'a;

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
    /// Verifies ballots of a box as far as they have come, and counts them if all have.
    Count(Box<CountWork>),
    RollCall {
        motion: MotionId,
        opening: OpeningId,
        assembly: Arc<Assembly>,
    },
}

#[derive(Debug)]
pub(crate) struct CountWork {
    pub(crate) motion: MotionId,
    pub(crate) opening: OpeningId,
    pub(crate) assembly: Arc<Assembly>,
    /// What earlier jobs have found out.
    pub(crate) stand: Option<Stand>,
    /// The box's next entries.
    pub(crate) entries: Vec<Entry>,
    pub(crate) goal: Goal,
}

/// How far the count of a box has come.
#[derive(Debug)]
pub(crate) enum Stand {
    /// More ballots may come, or are to be verified.
    Counting(Box<BoxCount>),
    /// All ballots of the closed box are.
    Verified(Box<ValidBallots>),
}

/// What a count is to come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goal {
    /// These ballots are verified; others follow.
    On,
    /// These are the last ones: the box is closed.
    Verified,
    /// And the shares are there.
    Result,
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
    /// Others follow.
    Counting {
        motion: MotionId,
        count: Box<BoxCount>,
    },
    /// The closed box is verified; absent if no share may be released for it.
    Checked {
        motion: MotionId,
        valid: Option<Box<ValidBallots>>,
    },
    /// The count cannot go on from where it stood.
    Recount,
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
    /// - `watch`: is told how far it is, and calls it off with a break; what is done then is done.
    #[must_use]
    pub fn run(self, rng: &mut dyn CryptoRng, watch: &mut Watcher<'_>) -> JobOutput {
        let work = self.work();
        let mut told = |done, total| watch(Progress { work, done, total });
        match self.go(rng, &mut told) {
            ControlFlow::Continue(output) => JobOutput(output),
            ControlFlow::Break(()) => Self::cancelled(),
        }
    }

    /// What it is, for whoever shows how far it is.
    #[must_use]
    pub fn work(&self) -> requests::Work {
        match self.0 {
            Work::Prove { .. } => requests::Work::Proof,
            Work::Count { .. } | Work::RollCall { .. } => requests::Work::Count,
        }
    }

    fn go(self, rng: &mut dyn CryptoRng, watch: &mut Watch<'_>) -> ControlFlow<(), Output> {
        match self.0 {
            Work::Prove {
                motion,
                opening,
                assembly,
                secret,
                vote,
            } => ControlFlow::Continue(Output::Proven {
                motion,
                ballot: prove(&assembly, opening, &secret, &vote, rng, watch)?,
            }),
            Work::Count(work) => work.go(rng, watch),
            Work::RollCall {
                motion,
                opening,
                assembly,
            } => {
                watch(0, 1)?;
                let result = assembly::roll_call(&assembly, opening).map(outcome);
                let _ = watch(1, 1);
                ControlFlow::Continue(Output::Tallied { motion, result })
            }
        }
    }

    /// The output of a job that was not run: the machine starts it again when it is still needed.
    #[must_use]
    pub fn cancelled() -> JobOutput {
        JobOutput(Output::Cancelled)
    }
}

impl CountWork {
    fn go(self, rng: &mut dyn CryptoRng, watch: &mut Watch<'_>) -> ControlFlow<(), Output> {
        let Self {
            motion,
            opening,
            assembly,
            stand,
            entries,
            goal,
        } = self;
        let total = u64::try_from(entries.len()).unwrap_or(u64::MAX).max(1);
        watch(0, total)?;
        let verified = match stand {
            Some(Stand::Verified(valid)) => Ok(*valid),
            stand => match counted(stand, &assembly, opening, entries, rng, watch)? {
                Ok(count) if goal == Goal::On => {
                    let count = Box::new(count);
                    return ControlFlow::Continue(Output::Counting { motion, count });
                }
                counted => counted.and_then(|count| count.finish(&assembly, rng, &Alone)),
            },
        };
        // Whatever this says, the work is done.
        let _ = watch(total, total);
        ControlFlow::Continue(match (verified, goal) {
            (Err(TallyError::Recount), _) => Output::Recount,
            (verified, Goal::On | Goal::Verified) => Output::Checked {
                motion,
                valid: verified.ok().map(Box::new),
            },
            (verified, Goal::Result) => Output::Tallied {
                motion,
                result: verified
                    .and_then(|valid| valid.count(&assembly, &Alone))
                    .map(outcome),
            },
        })
    }
}

/// The count with these entries in it.
fn counted(
    stand: Option<Stand>,
    assembly: &Assembly,
    opening: OpeningId,
    entries: Vec<Entry>,
    rng: &mut dyn CryptoRng,
    watch: &mut Watch<'_>,
) -> ControlFlow<(), Result<BoxCount, TallyError>> {
    let total = u64::try_from(entries.len()).unwrap_or(u64::MAX).max(1);
    let mut count = match stand {
        Some(Stand::Counting(count)) => *count,
        _ => match BoxCount::new(assembly, opening, &Alone) {
            Ok(count) => count,
            Err(error) => return ControlFlow::Continue(Err(error)),
        },
    };
    let mut done = 0;
    let mut entries = entries.into_iter();
    while entries.len() > 0 {
        let before = entries.len();
        count.push(entries.by_ref().take(BALLOTS_AT_A_TIME), rng, &Alone);
        done += u64::try_from(before.saturating_sub(entries.len())).unwrap_or(u64::MAX);
        // The end is told when the verdicts are there.
        watch(done.min(total.saturating_sub(1)), total)?;
    }
    ControlFlow::Continue(Ok(count))
}

fn outcome(result: TallyResult) -> (Vec<u8>, Hash) {
    (encode(&result), result.hash())
}

/// Seals the choice, proves the ballot, and checks both as the relay and every member will. The last step is the check.
fn prove(
    assembly: &Assembly,
    opening: OpeningId,
    secret: &Secret<64>,
    plaintext: &[u8],
    rng: &mut dyn CryptoRng,
    watch: &mut Watch<'_>,
) -> ControlFlow<(), Option<Vec<u8>>> {
    let keys = assembly
        .secret_vote_of(opening)
        .map_or(0, |(_, _, vote)| vote.roll.len());
    let steps = u64::try_from(ballot::proof_multiplications(keys)).unwrap_or(u64::MAX);
    let total = steps.saturating_add(1);
    watch(0, total)?;
    let Some((event, secret, sealed)) = seal(assembly, opening, secret, plaintext, rng) else {
        return ControlFlow::Continue(None);
    };
    let mut told = |progress: ballot::Progress| {
        watch(u64::try_from(progress.done).unwrap_or(u64::MAX).min(steps), total)
    };
    let ballot = match ballot::prove_watched(&event, &secret, &sealed, rng, &mut told) {
        Ok(ballot) => ballot,
        Err(ballot::ProveError::Cancelled) => return ControlFlow::Break(()),
        Err(_) => return ControlFlow::Continue(None),
    };
    let verified = ballot::verify(&event, &ballot).is_ok();
    // Whatever this says, the work is done.
    let _ = watch(total, total);
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
