//! A complaint: the complainer reveals its run key, and everybody judges who lied.
//!
//! The run is dead with the first complaint, so nothing that the key opens is worth anything any more. A
//! complaint about a run that everybody has confirmed must not have effect, and no client makes one.

use crate::round2::{Channel, Round2, open_package};
use crate::run::{RunSecret, run_public};
use crate::trustees::Trustees;
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use primitives::SeatNumber;
use std::collections::BTreeMap;
use x25519_dalek::StaticSecret;

/// "What `accused` sent me does not open to shares that fit its commitments: see for yourselves."
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Complaint {
    /// Who is accused.
    #[n(0)]
    pub accused: SeatNumber,
    /// The complainer's X25519 secret of this run; public from now on.
    #[n(1)]
    pub run_key: ByteArray<32>,
}

/// Why a complaint cannot be judged. It has no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ComplaintError {
    /// The complainer or the accused takes no part in this run, or they are the same.
    #[error("seat {0} cannot complain or be complained about in this run")]
    NoParty(SeatNumber),
    /// The accused has posted no round 2.
    #[error("seat {0} has posted no round 2")]
    Silent(SeatNumber),
}

/// Whose fault a failed run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guilty {
    /// The package is false (SEA-08).
    Accused,
    /// The package is true, or the revealed key is not the complainer's (SEA-09).
    Complainer,
}

impl Guilty {
    /// The rule that the guilty one broke.
    #[must_use]
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Accused => "SEA-08",
            Self::Complainer => "SEA-09",
        }
    }
}

/// Makes the complaint of `seat` about `accused`. Irrevocable: it gives the run key away.
///
/// # Errors
/// [`ComplaintError::NoParty`] if the secret is not that of `seat` in this run.
pub fn complain(
    trustees: &Trustees,
    seat: SeatNumber,
    secret: &RunSecret,
    accused: SeatNumber,
) -> Result<Complaint, ComplaintError> {
    let key = secret.run_key(trustees.run(), seat);
    let mine = trustees.round1_of(seat).filter(|r| r.run_key == run_public(&key));
    if mine.is_none() {
        return Err(ComplaintError::NoParty(seat));
    }
    Ok(Complaint {
        accused,
        run_key: ByteArray::from(key.to_bytes()),
    })
}

/// Judges a complaint by `complainer`. Everybody comes to the same verdict.
///
/// # Errors
/// [`ComplaintError`].
pub fn judge_complaint(
    trustees: &Trustees,
    round2: &BTreeMap<SeatNumber, Round2>,
    complainer: SeatNumber,
    complaint: &Complaint,
) -> Result<Guilty, ComplaintError> {
    let party = |seat| trustees.round1_of(seat).ok_or(ComplaintError::NoParty(seat));
    let (to, from) = (party(complainer)?, party(complaint.accused)?);
    if complainer == complaint.accused {
        return Err(ComplaintError::NoParty(complainer));
    }
    let posted = round2.get(&from.seat).ok_or(ComplaintError::Silent(from.seat))?;
    let key = StaticSecret::from(*complaint.run_key);
    if run_public(&key) != to.run_key {
        return Ok(Guilty::Complainer);
    }
    let channel = Channel::of(trustees, from, to, &key, from.run_key);
    Ok(match open_package(posted, from, to, &channel) {
        Some(_) => Guilty::Complainer,
        None => Guilty::Accused,
    })
}
