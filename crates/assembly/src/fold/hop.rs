//! Hops: after a removal the journal goes on in a log that the removed cannot read, where the witnesses' quorum says. A
//! device that is revoked is removed like a member: it knew the journal key.
//!
//! Every member left exports the same key from the plenary and derives the same log from it, so honest witnesses say the
//! same, byte for byte. One of them alone cannot lead the journal to a key of his own.

use minicbor::{Decode, Encode};
use primitives::{Hash, SeatNumber};
use std::collections::BTreeMap;
use tlog::{CreateLog, Frontier, LogKind, Previous};

use super::{Assembly, Author, Effect, JournalLog};
use crate::keys::AnnouncedKey;
use crate::rejection::Rejection;

/// What the last removal has left behind: from where the journal is to go on, and where witnesses say that it does.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Hop {
    /// Size of the current log just after the removal.
    #[n(0)]
    pub size: u64,
    /// Its root there.
    #[n(1)]
    pub root: Hash,
    /// What each witness said last.
    #[n(2)]
    pub said: BTreeMap<SeatNumber, Continuation>,
}

/// Where the journal goes on.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Continuation {
    /// The next journal key.
    #[n(0)]
    pub journal_key: AnnouncedKey,
    /// The creation record of the log.
    #[n(1)]
    pub record: CreateLog,
}

impl Assembly {
    /// What the last removal has left behind; none if no member and no device was removed since the current log began.
    #[must_use]
    pub const fn hop(&self) -> Option<&Hop> {
        self.hop.as_ref()
    }

    /// What the record of the journal's next log names as `previous`, if a hop is due.
    #[must_use]
    pub fn hop_from(&self) -> Option<Previous> {
        let hop = self.hop.as_ref()?;
        Some(Previous {
            relay: self.founded.relay,
            log: self.journal().record.id(),
            size: hop.size,
            root: hop.root,
        })
    }

    /// A member or a device is removed: what witnesses said before was said under a key that it may know.
    pub(super) fn leave_behind(&mut self) {
        self.hop = Some(Hop {
            size: self.frontier.size(),
            root: self.frontier.root(),
            said: BTreeMap::new(),
        });
    }

    pub(super) fn check_continues(
        &self,
        author: Author<'_>,
        journal_key: AnnouncedKey,
        record: &CreateLog,
    ) -> Result<Effect, Rejection> {
        Self::require_deputy(author)?;
        let plain = record.kind == LogKind::Record
            && record.entry_len.is_none()
            && record.gate.is_none()
            && record.slots.is_none();
        let hop = self.hop.as_ref().ok_or(Rejection::HopUnfit)?;
        let said = Continuation {
            journal_key,
            record: record.clone(),
        };
        let fits = plain
            && record.previous == self.hop_from()
            && self.witnesses().contains(&author.seat.number)
            && hop.said.get(&author.seat.number) != Some(&said)
            && !self
                .journal_keys
                .values()
                .any(|known| known.key == journal_key.key);
        if fits {
            Ok(Effect::Continues(said))
        } else {
            Err(Rejection::HopUnfit)
        }
    }

    /// Notes what a witness says; gives the continuation if the quorum says it now.
    pub(super) fn say_continuation(&mut self, by: SeatNumber, said: Continuation) -> Option<Continuation> {
        let witnesses = self.witnesses();
        let hop = self.hop.as_mut()?;
        hop.said.insert(by, said.clone());
        let agree = hop
            .said
            .iter()
            .filter(|(seat, other)| witnesses.contains(seat) && **other == said)
            .count();
        (agree > witnesses.len() / 2).then_some(said)
    }

    pub(super) fn go_on(&mut self, continuation: Continuation) {
        let number = self.last_journal_key().saturating_add(1);
        self.journal_keys.insert(number, continuation.journal_key);
        self.logs.push(JournalLog {
            record: continuation.record,
            journal_key: number,
            size: 0,
        });
        self.frontier = Frontier::new();
        self.hop = None;
        self.boxes_used = 0;
        self.remember_root();
    }
}
