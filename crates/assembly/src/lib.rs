//! The assembly: everything that it is follows from its journal, folded by one pure function (`docs/spec/journal.md`).
//!
//! Pure: no clock, no socket, no generator of its own. Trusts nobody: neither the relay, nor a member, nor all trustees
//! together. Deliberately absent: names (they lie beside statements), and anything that the relay could decide.

mod audit;
mod box_count;
pub mod charter;
pub mod counting;
pub mod entry;
mod fold;
pub mod keys;
pub mod limits;
pub mod motion;
pub mod name;
pub mod question;
mod rejection;
mod result;
pub mod side;
pub mod statement;
mod tally;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;

pub use audit::{
    AUDIT_BYTES_MAX, AUDIT_FORMAT, AuditBox, AuditEntry, AuditFile, AuditLevel, AuditLog, AuditRule,
    AuditStage, AuditVerifier, Breach, DayGoesOn, Finding, JournalPart, MotionReport, Report, SeatReport,
    Unusable, verify_audit,
};
/// Who works for a count; see [`ballot::Crew`].
pub use ballot::{Alone, Crew, Piece};
pub use box_count::BoxCount;
pub use charter::{BadCharter, Charter, Fraction};
pub use entry::{BadEntry, BesideKey, EntryKey, EntryKeys, EntryTooLong, JournalKeys, SealedEntry};
pub use fold::{
    Admission, AdmissionState, Assembly, BadFounding, Change, ClosedBox, Continuation, Device, DeviceHistory,
    Forwarded, Halt, Hop, JournalLog, KeyBatch, Motion, Opened, Opening, Phase, Plenary, PoolKey, Refounding,
    RefoundingProposal, Round, Run, SealingDue, Seat, SeatState, SecretVote, ShareDue, Signing, Taken,
    Trustees, VoidReason, Vote, WitnessQuorum, ballot_len,
};
pub use keys::{AnnouncedKey, BoxKeys, BoxTree, Day, ShownDay};
pub use motion::{Choice, Counts, Majority, MotionText, Rule, VoteKind};
pub use name::NameOpening;
pub use question::{BadQuestion, Count, Question, Votes};
pub use rejection::Rejection;
pub use result::{BallotFinding, TallyResult, Way};
pub use side::{SideBody, SideRecord};
pub use statement::{BadBody, Body, Candidate, Founded, PublishedKey, Role, Statement, VERSION};
pub use tally::{CountedBallot, TallyError, ValidBallots, roll_call, tally, valid_ballots};
