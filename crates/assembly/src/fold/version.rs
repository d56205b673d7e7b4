//! Versions of the rules: a newer one is taken up by the deputies, never forced on them by one statement.

use primitives::SeatNumber;

use super::{Assembly, Author, Effect, Seat};
use crate::rejection::Rejection;

impl Assembly {
    /// The version of the rules that the assembly has taken up.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    pub(super) fn check_version_known(&self, author: Author<'_>, version: u32) -> Result<Effect, Rejection> {
        Self::require_deputy(author)?;
        let said = self.versions_known.get(&author.seat.number).copied();
        if version > self.version.max(said.unwrap_or(0)) {
            Ok(Effect::VersionKnown(version))
        } else {
            Err(Rejection::VersionUnfit)
        }
    }

    /// Takes up the greatest version that more than half of the acting deputies know.
    pub(super) fn know_version(&mut self, by: SeatNumber, version: u32) {
        self.versions_known.insert(by, version);
        let deputies = || self.seats.values().filter(|seat| seat.is_acting_deputy());
        let knows = |seat: &Seat| self.versions_known.get(&seat.number).copied().unwrap_or(0);
        let mut known: Vec<u32> = deputies().map(knows).collect();
        known.sort_unstable_by(|a, b| b.cmp(a));
        let common = known.get(known.len() / 2).copied().unwrap_or(0);
        if common > self.version {
            self.version = common;
        }
    }
}
