//! The tally: a pure function of the journal and the box, which every client and every auditor computes.

use ballot::{Alone, Crew, LinkTag, each};
use primitives::OpeningId;
use rand_core::CryptoRng;
use sealing::{SealContext, SealedChoice, combine, open_decoded};
use tlog::Entry;

use crate::box_count::BoxCount;
use crate::fold::{Assembly, Opening, Phase, SecretVote, Vote};
use crate::question::Count;
use crate::result::{BallotFinding, TallyResult};

/// Why there is no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TallyError {
    /// No such vote.
    #[error("no such vote")]
    Unknown,
    /// The vote is not decided yet: it is open, or its box or shares are missing.
    #[error("the vote is not decided yet")]
    NotDecided,
    /// The box's entries are not those that the witnesses cosigned.
    #[error("TAL-03: the entries are not the box that the witnesses cosigned")]
    OtherBox,
    /// The box does not end with its close entry, taken at the close or later.
    #[error("TAL-04: the box is not closed by its close entry")]
    NotClosed,
    /// Fewer ballots than the charter's floor: no honest trustee releases a share.
    #[error("TAL-05: {ballots} ballots where at least {floor} are needed")]
    BelowFloor {
        /// Valid ballots.
        ballots: u32,
        /// The floor.
        floor: u32,
    },
    /// The shares do not open the vote's key.
    #[error("TAL-06: the shares do not open this vote's key")]
    Shares,
    /// The count was begun before it was known how long the box is, and has gone beyond its end. One that is begun now says.
    #[error("the box has more entries than it was closed with: count it again from its first")]
    Recount,
}

/// Counts a vote.
///
/// - `entries`: all entries of the box in order, at least as many as the cosigned checkpoint covers; empty for a roll-call.
/// - `weights`: source of the batch verification's weights; never derived from the ballots.
///
/// Cost: as [`BoxCount`] and [`ValidBallots::count`]. A job for large assemblies.
///
/// # Errors
/// [`TallyError`].
pub fn tally(
    assembly: &Assembly,
    opening: OpeningId,
    entries: &[Entry],
    weights: &mut (impl CryptoRng + ?Sized),
) -> Result<TallyResult, TallyError> {
    let (_, found) = assembly.opening(opening).ok_or(TallyError::Unknown)?;
    match &found.vote {
        Vote::RollCall(_) => roll_call(assembly, opening),
        Vote::Secret(_) => valid_ballots(assembly, opening, entries, weights)?.count(assembly, &Alone),
    }
}

/// Counts the named votes of a decided roll-call.
///
/// # Errors
/// [`TallyError::Unknown`], [`TallyError::NotDecided`].
pub fn roll_call(assembly: &Assembly, opening: OpeningId) -> Result<TallyResult, TallyError> {
    let (motion, opening) = assembly.opening(opening).ok_or(TallyError::Unknown)?;
    let Vote::RollCall(votes) = &opening.vote else {
        return Err(TallyError::Unknown);
    };
    // A motion whose question counts nothing was never taken.
    let mut count = motion.text.question.count().map_err(|_| TallyError::Unknown)?;
    if motion.phase != Phase::Decided {
        return Err(TallyError::NotDecided);
    }
    for vote in votes.values() {
        count.add(vote);
    }
    let votes = count.finish(opening.id, assembly.charter().ties);
    Ok(TallyResult::new(motion, opening, votes, Vec::new()))
}

/// Verifies a closed box that has been read whole: [`BoxCount`] with all its entries at once.
///
/// # Errors
/// As [`BoxCount::new`] and [`BoxCount::finish`].
pub fn valid_ballots(
    assembly: &Assembly,
    opening: OpeningId,
    entries: &[Entry],
    weights: &mut (impl CryptoRng + ?Sized),
) -> Result<ValidBallots, TallyError> {
    let (_, _, secret) = assembly.secret_vote_of(opening).ok_or(TallyError::Unknown)?;
    if secret.closed.is_none() {
        return Err(TallyError::NotDecided);
    }
    let mut count = BoxCount::new(assembly, opening, &Alone)?;
    count.push(entries.iter().cloned(), weights, &Alone);
    count.finish(assembly, weights, &Alone)
}

/// The ballots of a closed secret vote that count, and what was found about the others and about their order.
#[derive(Debug, Clone)]
pub struct ValidBallots {
    /// Which vote.
    pub opening: OpeningId,
    /// One per tag, the box's first.
    pub ballots: Vec<CountedBallot>,
    /// What was not counted or not in its place.
    pub findings: Vec<BallotFinding>,
}

/// What is left of a valid ballot once its proof is verified.
#[derive(Debug, Clone)]
pub struct CountedBallot {
    pub(crate) tag: LinkTag,
    pub(crate) sealed: SealedChoice,
}

impl ValidBallots {
    /// Opens and counts the ballots once the shares are there.
    ///
    /// Cost: one scalar multiplication for each ballot.
    ///
    /// # Errors
    /// [`TallyError::NotDecided`], [`TallyError::Shares`].
    pub fn count(self, assembly: &Assembly, crew: &dyn Crew) -> Result<TallyResult, TallyError> {
        let (motion, opening, secret) = assembly.secret_vote_of(self.opening).ok_or(TallyError::Unknown)?;
        let mut count = motion.text.question.count().map_err(|_| TallyError::Unknown)?;
        if motion.phase != Phase::Decided {
            return Err(TallyError::NotDecided);
        }
        count_by(opening, secret, &self.ballots, &mut count, crew)?;
        let votes = count.finish(opening.id, assembly.charter().ties);
        Ok(TallyResult::new(motion, opening, votes, self.findings))
    }
}

/// [`count_by`] alone.
#[cfg(test)]
pub(crate) fn count_ballots(
    opening: &Opening,
    secret: &SecretVote,
    ballots: &[CountedBallot],
    count: &mut Count,
) -> Result<(), TallyError> {
    count_by(opening, secret, ballots, count, &Alone)
}

/// Opens and counts every ballot. What does not open to a vote is spoilt.
fn count_by(
    opening: &Opening,
    secret: &SecretVote,
    ballots: &[CountedBallot],
    count: &mut Count,
    crew: &dyn Crew,
) -> Result<(), TallyError> {
    let key = combine(&secret.sealing.key, secret.shares.values()).map_err(|_| TallyError::Shares)?;
    let shares: Vec<&[CountedBallot]> = ballots
        .chunks(ballots.len().div_ceil(crew.hands().max(1)).max(1))
        .collect();
    let opened = each(crew, &shares, |ballots| {
        let choices = ballots.iter().map(|ballot| {
            let context = SealContext {
                opening: opening.id,
                roll_root: secret.roll_root,
                tag: *ballot.tag.as_bytes(),
            };
            (context, &ballot.sealed)
        });
        open_decoded(&key, &choices.collect::<Vec<_>>())
    });
    for plaintext in opened.iter().flatten() {
        match plaintext {
            Ok(plaintext) => {
                count.add(plaintext);
            }
            Err(_) => count.add_unopened(),
        }
    }
    Ok(())
}
