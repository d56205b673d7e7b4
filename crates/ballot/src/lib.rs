//! The anonymous ballot: "one of the keys on this roll cast this, once".
//!
//! A member publishes a key `P = xG + yH`, which says nothing about `x`, ever. A ballot carries the link tag
//! `T = xE` of one event and an n-ary one-out-of-many proof (after Groth and Kohlweiss 2015; Bootle et al. 2015)
//! that `T` and one key of the roll share `x`. Equal tags are the same member; who it is stays hidden even
//! from somebody who solves discrete logarithms. Bytes, equations, rules `BAL-01` to `BAL-13` and the argument
//! for them: `docs/spec/ballot.md`.
//!
//! Trusts the group arithmetic of `curve25519-dalek`, SHA-2, and the generator that the caller passes in.
//! Proving is constant time in everything secret; verifying is variable time, because all of it is public.
//! Deliberately absent: what a choice means and how it is sealed (`sealing`), which ballots count (`assembly`),
//! and every clock, file and socket.

mod batch;
mod coefficients;
mod crew;
#[cfg(any(test, feature = "testing"))]
mod dealer;
mod error;
mod event;
mod generators;
mod hedge;
mod key;
mod masked;
mod montgomery;
mod params;
mod possession;
mod progress;
mod proof;
mod prove;
mod roll;
mod sums;
mod verify;
mod wide;
mod wire;

pub use batch::{BatchVerifier, judge_batch, verify_batch};
pub use crew::{Alone, Crew, Piece, each};
#[cfg(any(test, feature = "testing"))]
pub use dealer::Dealer;
pub use error::{BallotError, Culprit, Culprits, KeyError, ProveError, RollError};
pub use event::{Event, Kind, LinkTag};
pub use key::{BallotKey, BallotSecret};
pub use params::{Params, ROLL_MAX, ROLL_MIN};
pub use possession::{KeyContext, PublishedKey};
pub use progress::Progress;
pub use prove::{proof_multiplications, prove, prove_watched};
pub use roll::Roll;
pub use verify::{Ballot, sift, verify};
pub use wire::{BALLOT_BYTES_MAX, BallotIn, SEALED_MAX, encoded_len};

/// Version of the proof and of the ballot's bytes; part of both.
pub const VERSION: u8 = 1;
