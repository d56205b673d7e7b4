//! The assembly: everything that it is follows from its journal, folded by one pure function (`docs/spec/journal.md`).
//!
//! Pure: no clock, no socket, no generator of its own. Trusts nobody: neither the relay, nor a member, nor all trustees
//! together. Deliberately absent: names (they lie beside statements), and anything that the relay could decide.

pub mod charter;
pub mod entry;
pub mod keys;
pub mod limits;
pub mod motion;
pub mod name;
pub mod side;
pub mod statement;

pub use charter::{BadCharter, Charter, Fraction};
pub use entry::{
    BadEntry, BesideKey, EntryKey, EntryKeys, EntryTooLong, JournalKeys, SealedEntry, journal_key_hash,
};
pub use motion::{Choice, Counts, Majority, Method, MotionText, Rule, VoteKind};
pub use name::NameOpening;
pub use side::{SideBody, SideRecord};
pub use statement::{BadBody, Body, BoxKeys, Candidate, Founded, Package, PublishedKey, Role, Statement};
