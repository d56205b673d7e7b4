//! The result of a vote, with all that was found on the way to it.

use minicbor::{Decode, Encode};
use primitives::canonical::hash;
use primitives::{Hash, MotionId, OpeningId, labels};

use crate::fold::{Motion, Opening};
use crate::question::Votes;

/// The outcome of a vote. Equal journals and boxes give equal results, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct TallyResult {
    /// Which vote.
    #[n(0)]
    pub opening: OpeningId,
    /// Which motion.
    #[n(1)]
    pub motion: MotionId,
    /// The votes.
    #[n(2)]
    pub votes: Votes,
    /// How many were entitled.
    #[n(3)]
    pub electorate: u32,
    /// Whether so many took part that the quorum is there.
    #[n(4)]
    pub quorum_met: bool,
    /// Whether the motion is adopted; with options: whether one is elected.
    #[n(5)]
    pub adopted: bool,
    /// What was not counted or not in its place, and why; in order.
    #[n(6)]
    pub findings: Vec<BallotFinding>,
}

impl TallyResult {
    /// The hash that devices confirm.
    #[must_use]
    pub fn hash(&self) -> Hash {
        hash(labels::RESULT, self)
    }

    pub(crate) fn new(
        motion: &Motion,
        opening: &Opening,
        votes: Votes,
        findings: Vec<BallotFinding>,
    ) -> Self {
        let electorate = opening.electorate_len();
        Self {
            opening: opening.id,
            motion: motion.id,
            electorate,
            quorum_met: motion.text.rule.quorum_met(&votes, electorate),
            adopted: motion.text.rule.adopts(&votes, electorate),
            votes,
            findings,
        }
    }
}

/// A ballot that was not counted as it stands, or (`LOG-11`) that the relay did not put where it belongs.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct BallotFinding {
    /// Which way it came.
    #[n(0)]
    pub way: Way,
    /// Its place on that way, from 0.
    #[n(1)]
    pub index: u32,
    /// The rule that it breaks (`BAL-..`, `SEA-..`), or `TAL-01` for a second ballot with the same tag, `TAL-02` for one
    /// stamped after the close. `LOG-11` stands beside these and takes no vote away.
    #[n(2)]
    pub rule: String,
}

/// How a ballot came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Way {
    /// In the box.
    #[n(0)]
    Box,
    /// Through the journal.
    #[n(1)]
    Journal,
}
