//! Long work, done beside the machine: a ballot's proof, a box's tally. A job owns what it needs and answers with its output.

use assembly::{Assembly, TallyError, TallyResult};
use ballot::{BallotSecret, Event};
use primitives::canonical::encode;
use primitives::{Hash, MotionId, OpeningId, Secret};
use rand_core::CryptoRng;
use sealing::{SealContext, SealingKey};
use std::sync::Arc;
use tlog::Entry;
use zeroize::Zeroizing;

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
        choice: Zeroizing<[u8; 1]>,
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
    #[must_use]
    pub fn run(self, rng: &mut dyn CryptoRng) -> JobOutput {
        JobOutput(match self.0 {
            Work::Prove {
                motion,
                opening,
                assembly,
                secret,
                choice,
            } => Output::Proven {
                motion,
                ballot: prove(&assembly, opening, &secret, choice.as_slice(), rng),
            },
            Work::Check {
                motion,
                opening,
                assembly,
                entries,
            } => {
                let releasable = assembly.secret_vote_of(opening).is_some_and(|(_, of, secret)| {
                    assembly::valid_ballots(&assembly, of, secret, &entries, rng).is_ok()
                });
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
        })
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
    choice: &[u8],
    rng: &mut dyn CryptoRng,
) -> Option<Vec<u8>> {
    let (_, _, vote) = assembly.secret_vote_of(opening)?;
    let event: Event = vote.event(assembly.id(), opening).ok()?;
    let secret = BallotSecret::from_bytes(secret.expose())?;
    let key = SealingKey::from_bytes(vote.sealing.key.y()).ok()?;
    let context = SealContext {
        opening,
        roll_root: vote.roll_root,
        tag: *event.tag(&secret).as_bytes(),
    };
    let sealed = sealing::seal(&key, &context, choice, rng);
    let ballot = ballot::prove(&event, &secret, &sealed, rng).ok()?;
    ballot::verify(&event, &ballot).ok()?;
    Some(ballot.encode())
}
