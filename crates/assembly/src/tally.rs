//! The tally: a pure function of the journal and the box, which every client and every auditor computes.

use ballot::{Ballot, BallotIn, LinkTag, judge_batch};
use primitives::OpeningId;
use rand_core::CryptoRng;
use sealing::{SealContext, check_sealed, combine};
use std::collections::BTreeSet;
use tlog::{CloseEntry, Entry, Frontier, leaf_hash};

use crate::fold::{Assembly, Opening, Phase, SecretVote, Vote};
use crate::question::Count;
use crate::result::{BallotFinding, TallyResult, Way};

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
}

/// Counts a vote.
///
/// - `entries`: all entries of the box in order, at least as many as the cosigned checkpoint covers; empty for a roll-call.
/// - `weights`: source of the batch verification's weights; never derived from the ballots.
///
/// Cost: as [`ballot::judge_batch`], and two scalar multiplications per ballot. A job for large assemblies.
///
/// # Errors
/// [`TallyError`].
pub fn tally(
    assembly: &Assembly,
    opening: OpeningId,
    entries: &[Entry],
    weights: &mut (impl CryptoRng + ?Sized),
) -> Result<TallyResult, TallyError> {
    let (motion, opening) = assembly.opening(opening).ok_or(TallyError::Unknown)?;
    let ties = assembly.charter().ties;
    // A motion whose question counts nothing was never taken.
    let mut count = motion.text.question.count().map_err(|_| TallyError::Unknown)?;
    match &opening.vote {
        Vote::RollCall(votes) => {
            if motion.phase != Phase::Decided {
                return Err(TallyError::NotDecided);
            }
            for vote in votes.values() {
                count.add(vote);
            }
            let votes = count.finish(opening.id, ties);
            Ok(TallyResult::new(motion, opening, votes, Vec::new()))
        }
        Vote::Secret(secret) => {
            let valid = valid_ballots(assembly, opening.id, entries, weights)?;
            if motion.phase != Phase::Decided {
                return Err(TallyError::NotDecided);
            }
            count_ballots(opening, secret, &valid.ballots, &mut count)?;
            let votes = count.finish(opening.id, ties);
            Ok(TallyResult::new(motion, opening, votes, valid.findings))
        }
    }
}

/// The ballots of a closed secret vote that count, and what was found about the others and about their order.
#[derive(Debug, Clone)]
pub struct ValidBallots {
    /// One per tag, the box's first.
    pub ballots: Vec<Ballot>,
    /// What was not counted or not in its place.
    pub findings: Vec<BallotFinding>,
}

/// Checks the box against the cosigned checkpoint, verifies every ballot, and applies the floor. A trustee does this before it
/// releases its share.
///
/// # Errors
/// [`TallyError`]; [`TallyError::BelowFloor`] means that no share may be released.
pub fn valid_ballots(
    assembly: &Assembly,
    opening: OpeningId,
    entries: &[Entry],
    weights: &mut (impl CryptoRng + ?Sized),
) -> Result<ValidBallots, TallyError> {
    let (motion, opening, secret) = assembly.secret_vote_of(opening).ok_or(TallyError::Unknown)?;
    let vote_len = motion.text.question.vote_len().map_err(|_| TallyError::Unknown)?;
    let in_box = closed_box(opening, secret, entries)?;
    let mut findings = out_of_place(opening, secret, in_box);
    let mut candidates = Vec::new();
    let boxed = in_box
        .iter()
        .map(|entry| (Way::Box, entry.time <= opening.closes, &entry.bytes));
    let forwarded = secret
        .forwarded
        .iter()
        .map(|forwarded| (Way::Journal, true, &forwarded.ballot));
    let mut places = [0u32; 2];
    for (way, timely, bytes) in boxed.chain(forwarded) {
        let [in_box, in_journal] = &mut places;
        let place = if way == Way::Box { in_box } else { in_journal };
        let index = *place;
        *place = place.saturating_add(1);
        let found = |rule: &str| BallotFinding {
            way,
            index,
            rule: rule.to_owned(),
        };
        match decode(timely, bytes, vote_len) {
            Ok(ballot) => candidates.push((way, index, ballot)),
            Err(rule) => findings.push(found(rule)),
        }
    }
    let event = secret
        .event(assembly.id(), opening.id)
        .map_err(|_| TallyError::OtherBox)?;
    let ballots: Vec<_> = candidates.iter().map(|(_, _, ballot)| ballot.clone()).collect();
    let mut seen: BTreeSet<LinkTag> = BTreeSet::new();
    let mut valid = Vec::new();
    for ((way, index, _), verdict) in candidates.iter().zip(judge_batch(&event, &ballots, weights)) {
        let rule = match verdict {
            Ok(ballot) if seen.insert(ballot.tag()) => {
                valid.push(ballot);
                continue;
            }
            Ok(_) => "TAL-01",
            Err(error) => error.rule(),
        };
        findings.push(BallotFinding {
            way: *way,
            index: *index,
            rule: rule.to_owned(),
        });
    }
    findings.sort_by_key(|finding| (finding.way == Way::Journal, finding.index));
    let (ballots, floor) = (valid.len(), assembly.charter().ballots_floor);
    let ballots = u32::try_from(ballots).unwrap_or(u32::MAX);
    if ballots < floor {
        return Err(TallyError::BelowFloor { ballots, floor });
    }
    Ok(ValidBallots {
        ballots: valid,
        findings,
    })
}

/// Ballots that the relay stamped or ordered otherwise than by slots (LOG-11). They count all the same: what a relay does wrong
/// must not cost a vote. Those after the close are left to TAL-02.
fn out_of_place(opening: &Opening, secret: &SecretVote, in_box: &[Entry]) -> Vec<BallotFinding> {
    let Some(slots) = secret.record.slots else {
        return Vec::new();
    };
    let before = std::iter::once(None).chain(in_box.iter().map(Some));
    (0u32..)
        .zip(before.zip(in_box))
        .filter(|(_, (before, entry))| entry.time <= opening.closes && !slots.is_in_place(*before, entry))
        .map(|(index, _)| BallotFinding {
            way: Way::Box,
            index,
            rule: "LOG-11".to_owned(),
        })
        .collect()
}

fn decode(timely: bool, bytes: &[u8], vote_len: usize) -> Result<BallotIn, &'static str> {
    if !timely {
        return Err("TAL-02");
    }
    let ballot = BallotIn::decode(bytes).map_err(|error| error.rule())?;
    check_sealed(ballot.sealed(), vote_len).map_err(|error| error.rule())?;
    Ok(ballot)
}

/// The box's entries before its close entry, if they are what the witnesses cosigned.
fn closed_box<'a>(
    opening: &Opening,
    secret: &SecretVote,
    entries: &'a [Entry],
) -> Result<&'a [Entry], TallyError> {
    let checkpoint = &secret.closed.as_ref().ok_or(TallyError::NotDecided)?.checkpoint;
    let size = usize::try_from(checkpoint.size).map_err(|_| TallyError::OtherBox)?;
    let entries = entries.get(..size).ok_or(TallyError::OtherBox)?;
    let mut frontier = Frontier::new();
    entries
        .iter()
        .for_each(|entry| frontier.push(leaf_hash(entry.time, &entry.bytes)));
    if frontier.root() != checkpoint.root {
        return Err(TallyError::OtherBox);
    }
    let (last, ballots) = entries.split_last().ok_or(TallyError::NotClosed)?;
    let closing = CloseEntry::from_bytes(&last.bytes) == Some(CloseEntry { opening: opening.id });
    if closing && last.time >= opening.closes {
        Ok(ballots)
    } else {
        Err(TallyError::NotClosed)
    }
}

/// Opens and counts every ballot. What does not open to a vote is spoilt.
pub(crate) fn count_ballots(
    opening: &Opening,
    secret: &SecretVote,
    ballots: &[Ballot],
    count: &mut Count,
) -> Result<(), TallyError> {
    let key = combine(&secret.sealing.key, secret.shares.values()).map_err(|_| TallyError::Shares)?;
    for ballot in ballots {
        let context = SealContext {
            opening: opening.id,
            roll_root: secret.roll_root,
            tag: *ballot.tag().as_bytes(),
        };
        match sealing::open(&key, &context, ballot.sealed()) {
            Ok(plaintext) => {
                count.add(&plaintext);
            }
            Err(_) => count.add_unopened(),
        }
    }
    Ok(())
}
