//! Counting methods for motions with several options (`docs/spec/counting.md`).
//!
//! Each method is a form of plaintext with one encoding per choice ([`plaintext`]), a count that takes ballots in any
//! order, and a pure function from the count to an [`Outcome`]. All arithmetic is in integers. Deliberately absent: who
//! may vote, quorum and majority (they are the motion's), and names of options.

pub mod one_of_many;
mod options;
mod order;
mod outcome;
pub mod plaintext;
pub mod schulze;
pub mod stv;
pub mod up_to_k;

pub use one_of_many::OneOfManyCount;
pub use options::{Account, OptionsCount, OptionsMethod, OptionsResult};
pub use order::PublicOrder;
pub use outcome::{Outcome, Ties, Turnout};
pub use plaintext::{
    BadChoice, BadForm, OneOfMany, OptionIndex, Ranking, Spoilt, StrictOrder, UpToK, WeakOrder,
};
pub use schulze::{SchulzeCount, SchulzeResult};
pub use stv::{Act, Stage, StvCount, StvResult};
pub use up_to_k::UpToKCount;

/// Most options of one of many, and of up to k.
pub const OPTIONS_MAX: u16 = 256;
/// Most options of a ranked vote.
pub const RANKED_OPTIONS_MAX: u16 = 64;
/// Fewest options of any method: with one there is nothing to choose.
pub const OPTIONS_MIN: u16 = 2;
