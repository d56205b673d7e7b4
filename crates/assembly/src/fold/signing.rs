//! What several deputies have to say within a week for it to be in force: a detention, the founding of the plenary anew.

use minicbor::{Decode, Encode};
use primitives::{SeatNumber, Time};

use super::{Assembly, Seat};
use crate::limits;

/// Something that is being signed. It is in force when as many have said it as the charter asks for in a detention.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Signing {
    /// Who signed, and when; in the order in which they did.
    #[n(0)]
    pub signers: Vec<(SeatNumber, Time)>,
}

impl Signing {
    /// Whether a seat has signed and its signature still counts.
    #[must_use]
    pub fn is_signed_by(&self, seat: SeatNumber, now: Time) -> bool {
        self.present(now).any(|signer| signer == seat)
    }

    /// Whose signatures still count, in the order in which they signed.
    pub fn present(&self, now: Time) -> impl Iterator<Item = SeatNumber> + '_ {
        let present = self.signers.iter().filter(move |(_, at)| is_present(*at, now));
        present.map(|(seat, _)| *seat)
    }

    /// When the first signature that still counts ceases to; nothing if none does.
    #[must_use]
    pub fn until(&self, now: Time) -> Option<Time> {
        let mut present = self.signers.iter().filter(|(_, at)| is_present(*at, now));
        present.next().map(|(_, at)| at.after(limits::SIGNING_WINDOW_MS))
    }
}

fn is_present(at: Time, now: Time) -> bool {
    now.since_ms(at) <= limits::SIGNING_WINDOW_MS
}

impl Assembly {
    /// Adds a signature, after those of seats that act and have signed lately. `true`: these are as many as are needed.
    pub(super) fn sign(&self, signing: &mut Signing, by: SeatNumber, time: Time) -> bool {
        let acts = |seat: &SeatNumber| self.seats.get(seat).is_some_and(Seat::is_active);
        signing
            .signers
            .retain(|(seat, at)| is_present(*at, time) && acts(seat) && *seat != by);
        signing.signers.push((by, time));
        let needed = usize::try_from(self.charter_ref().detain_signers).unwrap_or(usize::MAX);
        signing.signers.len() >= needed
    }
}

/// How many of these times lie within the last month.
pub(super) fn within_month(times: &[Time], now: Time) -> u32 {
    let used = times
        .iter()
        .filter(|at| now.since_ms(**at) < limits::MONTH_MS)
        .count();
    u32::try_from(used).unwrap_or(u32::MAX)
}

/// Notes what a month's budget is used up by.
pub(super) fn spend(times: &mut Vec<Time>, now: Time) {
    times.retain(|at| now.since_ms(*at) < limits::MONTH_MS);
    times.push(now);
}
