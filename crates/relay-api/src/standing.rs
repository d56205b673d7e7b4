//! How a log stands beside what the relay has signed of it.

use minicbor::{Decode, Encode};
use primitives::Time;

/// A log after a checkpoint of it was shown, or entries were given back.
///
/// `Sound -> Behind` when a checkpoint shows more than there is; `Behind -> Waits` when everything shown was given back;
/// `Waits -> Sound` when the relay's waiting time has passed; any `-> Broken` when two signed histories are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum Standing {
    /// The relay has everything that it was shown.
    #[n(0)]
    Sound {
        /// How many entries it has.
        #[n(0)]
        size: u64,
    },
    /// It lacks entries that it has signed. It takes and signs nothing for this log until they are given back.
    #[n(1)]
    Behind {
        /// How many entries it has: give back from here.
        #[n(0)]
        size: u64,
        /// How many it has signed, as far as it was shown.
        #[n(1)]
        known: u64,
    },
    /// It has what it was shown and can be read, but it takes nothing yet: others may hold more.
    #[n(2)]
    Waits {
        /// How many entries it has.
        #[n(0)]
        size: u64,
        /// When it will go on, if it runs until then.
        #[n(1)]
        until: Time,
    },
    /// It has signed two histories. The log takes and signs nothing any more; it goes on elsewhere.
    #[n(3)]
    Broken {
        /// How many entries it has, of one of the two.
        #[n(0)]
        size: u64,
    },
}
