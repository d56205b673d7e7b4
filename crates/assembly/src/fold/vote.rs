//! Motions and their openings as the fold keeps them.

use ballot::{Alone, Crew, Event, Params, Roll, RollError};
use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::{Decode, Encode};
use primitives::canonical::hash;
use primitives::{AssemblyId, Hash, MotionId, OpeningId, SeatNumber, Time, labels};
use sealing::Share;
use std::collections::BTreeMap;
use std::sync::Arc;
use tlog::{Checkpoint, Cosignature, CreateLog, SignedCheckpoint};

use super::PoolKey;
use crate::motion::MotionText;

/// A motion with everything that has happened to it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Motion {
    /// Its id.
    #[n(0)]
    pub id: MotionId,
    /// What is moved.
    #[n(1)]
    pub text: MotionText,
    /// Who proposed it.
    #[n(2)]
    pub proposer: SeatNumber,
    /// When.
    #[n(3)]
    pub proposed: Time,
    /// Position of the proposal in the journal.
    #[n(4)]
    pub position: u64,
    /// Who seconded it.
    #[n(5)]
    pub seconded_by: Vec<SeatNumber>,
    /// From when it may be opened, once seconded.
    #[n(6)]
    pub may_open: Option<Time>,
    /// Where it stands.
    #[n(7)]
    pub phase: Phase,
    /// The opening, once opened.
    #[n(8)]
    pub opening: Option<Opening>,
}

/// Where a motion stands. It only goes down this list; `Void` and `Withdrawn` are ends like `Decided`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Phase {
    /// Seconders are awaited.
    #[n(0)]
    Proposed,
    /// The notice runs, or is over.
    #[n(1)]
    Noticed,
    /// Voting goes on.
    #[n(2)]
    Open,
    /// Closed; the cosigned box and shares are awaited (secret) or a last entry (roll-call).
    #[n(3)]
    Closed,
    /// Decided: the tally can be computed by everybody.
    #[n(4)]
    Decided,
    /// Without a result.
    #[n(5)]
    Void(#[n(0)] VoidReason),
    /// Withdrawn by its proposer before it opened.
    #[n(6)]
    Withdrawn,
}

/// Why a motion has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum VoidReason {
    /// Never opened in a year.
    #[n(0)]
    NotOpened,
    /// No cosigned box in the charter's time.
    #[n(1)]
    NotClosedInTime,
    /// Not enough shares in the charter's time: too few ballots, or too few trustees.
    #[n(2)]
    NotUnsealed,
}

/// One opening of a motion.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Opening {
    /// Identifies the vote everywhere.
    #[n(0)]
    pub id: OpeningId,
    /// When it opened.
    #[n(1)]
    pub opened: Time,
    /// When it closes; votes count before it.
    #[n(2)]
    pub closes: Time,
    /// Position of `MotionOpened` in the journal.
    #[n(3)]
    pub position: u64,
    /// Journal size that a checkpoint must have to cover the opening, and in which log (by number from 0).
    #[n(4)]
    pub covered_by: (u32, u64),
    /// The frozen electorate, ascending.
    #[n(5)]
    pub electorate: Vec<SeatNumber>,
    /// The vote itself.
    #[n(6)]
    pub vote: Vote,
}

/// The two kinds of vote.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[expect(
    clippy::large_enum_variant,
    reason = "most openings are secret; there are few of them"
)]
pub enum Vote {
    /// Named votes, first one per seat.
    #[n(0)]
    RollCall(#[n(0)] BTreeMap<SeatNumber, ByteVec>),
    /// An anonymous vote.
    #[n(1)]
    Secret(#[n(0)] SecretVote),
}

/// An anonymous vote.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SecretVote {
    /// Number of the ballot keys.
    #[n(0)]
    pub key_number: u32,
    /// The roll, in roll order.
    #[n(1)]
    pub roll: Vec<ByteArray<32>>,
    /// Its root.
    #[n(2)]
    pub roll_root: Hash,
    /// The trustees' key, by the run that made it.
    #[n(3)]
    pub sealing: PoolKey,
    /// The box's creation record.
    #[n(4)]
    pub record: CreateLog,
    /// The journal key that the box's keys derive from.
    #[n(5)]
    pub journal_key: u32,
    /// Ballots that came through the journal, in its order.
    #[n(6)]
    pub forwarded: Vec<Forwarded>,
    /// The closed box, once there.
    #[n(7)]
    pub closed: Option<ClosedBox>,
    /// Good shares by trustee.
    #[n(8)]
    pub shares: BTreeMap<SeatNumber, Share>,
    /// Trustees that released a bad share: a finding, never a block.
    #[n(9)]
    pub bad_shares: Vec<SeatNumber>,
    /// Number of the box under that journal key.
    #[n(10)]
    pub box_number: u32,
}

/// A ballot that came through the journal.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Forwarded {
    /// Who posted it; not whose it is.
    #[n(0)]
    pub by: SeatNumber,
    /// Its bytes, unverified.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub ballot: Vec<u8>,
}

/// The closed box as the witnesses' quorum cosigned it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ClosedBox {
    /// Size and root.
    #[n(0)]
    pub checkpoint: Checkpoint,
    /// As the relay signed it.
    #[n(1)]
    pub signed: SignedCheckpoint,
    /// The cosignatures.
    #[n(2)]
    pub cosignatures: Vec<Cosignature>,
}

impl Opening {
    /// The id: `H(label, motion, [key number, roll root, Y, box append key])`, the last element null for a roll-call.
    #[must_use]
    pub fn id_of(
        motion: MotionId,
        secret: Option<(u32, Hash, ByteArray<32>, primitives::VerifyingKey)>,
    ) -> OpeningId {
        hash(labels::OPENING_ID, &(motion, secret)).into()
    }

    /// The anonymous vote, if it is one.
    #[must_use]
    pub fn secret(&self) -> Option<&SecretVote> {
        match &self.vote {
            Vote::Secret(secret) => Some(secret),
            Vote::RollCall(_) => None,
        }
    }

    /// How many are in the electorate.
    #[must_use]
    pub fn electorate_len(&self) -> u32 {
        u32::try_from(self.electorate.len()).unwrap_or(u32::MAX)
    }

    /// Whether a seat is in the electorate.
    #[must_use]
    pub fn has_elector(&self, seat: SeatNumber) -> bool {
        self.electorate.binary_search(&seat).is_ok()
    }
}

impl SecretVote {
    /// How many keys are on the roll.
    #[must_use]
    pub fn roll_len(&self) -> u32 {
        u32::try_from(self.roll.len()).unwrap_or(u32::MAX)
    }

    /// What ballots are proven for. Decodes every key of the roll: a job for large assemblies.
    ///
    /// # Errors
    /// [`RollError`]; never for an opening that took effect.
    pub fn event(&self, assembly: AssemblyId, opening: OpeningId) -> Result<Event, RollError> {
        self.event_by(assembly, opening, &Alone)
    }

    /// As [`Self::event`], with the crew's hands.
    ///
    /// # Errors
    /// As [`Self::event`].
    pub fn event_by(
        &self,
        assembly: AssemblyId,
        opening: OpeningId,
        crew: &dyn Crew,
    ) -> Result<Event, RollError> {
        let roll = Roll::from_bytes_by(self.roll.iter().map(|key| &**key), crew)?;
        Ok(Event::ballot(
            assembly,
            opening,
            Arc::new(roll),
            *self.sealing.key.y(),
        ))
    }

    /// Whether enough good shares are there to open it.
    #[must_use]
    pub fn is_unsealed(&self) -> bool {
        self.closed.is_some() && self.shares.len() >= usize::from(self.sealing.key.threshold())
    }
}

/// Length of every ballot of a vote on a roll of these parameters, with votes of `vote_len` bytes.
#[must_use]
pub fn ballot_len(params: Params, vote_len: usize) -> u32 {
    let len = ballot::encoded_len(params, sealing::sealed_len(vote_len));
    u32::try_from(len).unwrap_or(u32::MAX)
}

impl Motion {
    /// The phase as a reader with this clock should show it, although no entry has said so yet.
    #[must_use]
    pub fn phase_at(&self, now: Time) -> Phase {
        match (self.phase, &self.opening) {
            (Phase::Open, Some(opening)) if now >= opening.closes => Phase::Closed,
            (phase, _) => phase,
        }
    }

    /// The last moment for `BoxClosed`, and the last for shares, under these spans of the charter.
    pub(crate) fn deadlines(opening: &Opening, closing_ms: u64, shares_ms: u64) -> (Time, Time) {
        let closing = opening.closes.after(closing_ms);
        (closing, closing.after(shares_ms))
    }
}
