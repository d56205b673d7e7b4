//! The journal's word on who may be in a group, as the caller's fold gives it.

use crate::credential::Member;
use minicbor::{Decode, Encode};
use primitives::{Hash, Time, VerifyingKey};

/// A position of the journal: the first `size` entries, whose tree has `root`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct JournalPoint {
    /// How many entries the journal had.
    #[n(0)]
    pub size: u64,
    /// Root of the tree over them.
    #[n(1)]
    pub root: Hash,
}

/// What the caller's journal says of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Knowledge {
    /// The caller has folded that far and has the same root there.
    Known,
    /// The caller has not folded that far yet: the entry waits, unprocessed.
    NotYet,
    /// The caller's journal had another root there, or was shorter at the time of the entry that claims it.
    Contradicted,
}

/// Judges leaves by the journal. Every answer depends on the journal's first `point.size` entries alone, so that
/// all members judge alike, whenever they get there.
pub trait Roster {
    /// Whether the journal is known at `point`. `at` is the log time of the entry that names it (`None` for a
    /// Welcome and for what is only being made): a journal whose entry `size - 1` is stamped later than
    /// `at` contradicts the claim, so that a claimed future cannot make everybody wait for ever.
    fn knows(&self, point: &JournalPoint, at: Option<Time>) -> Knowledge;

    /// Whether `member`'s seat and device are in force at `point`. Asked only where the point is known.
    fn admits(&self, point: &JournalPoint, member: &Member) -> bool;

    /// Whether the seat of this identity is a deputy's: a seat's role never changes.
    fn is_deputy(&self, identity: &VerifyingKey) -> bool;
}
