//! Founding the plenary anew: when nobody can follow it any more, deputies say in which conversation it goes on.
//!
//! The journal does not know the first plenary's id, so foundings are counted: a proposal is of the next number, and when one of that
//! number is in force the others are void.

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use primitives::{ConversationId, SeatNumber, Time};
use std::collections::BTreeMap;

use super::signing::{spend, within_month};
use super::{Assembly, Author, Effect, Signing};
use crate::rejection::Rejection;
use crate::statement::plenary_id;

/// What was said about founding the plenary anew.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Refounding {
    /// The plenary as it was founded anew the last time.
    #[n(0)]
    pub plenary: Option<Plenary>,
    /// Proposals of the next founding, in the order in which they came; a signature counts for a week.
    #[n(1)]
    pub proposals: Vec<RefoundingProposal>,
    /// When seats signed any, within the last 30 days.
    #[n(2)]
    signed: BTreeMap<SeatNumber, Vec<Time>>,
}

/// A plenary that was founded anew.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Plenary {
    /// How many times it has been.
    #[n(0)]
    pub nth: u32,
    /// The conversation in which it goes on.
    #[n(1)]
    pub conversation: ConversationId,
    /// From when.
    #[n(2)]
    pub since: Time,
    /// Who signed that, in order. The first one proposed it and founds the group.
    #[n(3)]
    pub signers: Vec<SeatNumber>,
}

impl Plenary {
    /// Whose first device founds the group.
    #[must_use]
    pub fn founder(&self) -> Option<SeatNumber> {
        self.signers.first().copied()
    }
}

/// A founding anew that is being signed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct RefoundingProposal {
    /// What its proposer has drawn.
    #[n(0)]
    pub salt: ByteArray<32>,
    /// The conversation that this means.
    #[n(1)]
    pub conversation: ConversationId,
    /// Who signed it.
    #[n(2)]
    pub signing: Signing,
}

impl Assembly {
    /// The plenary, if it was founded anew; the journal does not name the first one.
    #[must_use]
    pub fn plenary(&self) -> Option<&Plenary> {
        self.refounding.as_ref()?.plenary.as_ref()
    }

    /// The number of the next founding anew.
    #[must_use]
    pub fn next_plenary(&self) -> u32 {
        self.plenary().map_or(0, |plenary| plenary.nth).saturating_add(1)
    }

    /// Proposals of the next founding anew of which a signature still counts at `now`, in the order in which they came.
    pub fn refoundings(&self, now: Time) -> impl Iterator<Item = &RefoundingProposal> {
        let proposals = self
            .refounding
            .iter()
            .flat_map(|refounding| &refounding.proposals);
        proposals.filter(move |proposal| proposal.signing.present(now).next().is_some())
    }

    pub(super) fn check_refounded(
        &self,
        author: Author<'_>,
        nth: u32,
        salt: &ByteArray<32>,
    ) -> Result<Effect, Rejection> {
        Self::require_deputy(author)?;
        let seat = author.seat.number;
        let refounding = self.refounding.as_ref();
        let signed = refounding.and_then(|refounding| refounding.signed.get(&seat));
        let used = signed.map_or(0, |times| within_month(times, self.time));
        if nth != self.next_plenary() || used >= self.charter_ref().detentions_per_month {
            return Err(Rejection::RefoundingUnfit);
        }
        let mut proposals = refounding
            .into_iter()
            .flat_map(|refounding| &refounding.proposals);
        if proposals.any(|proposal| proposal.salt == *salt && proposal.signing.is_signed_by(seat, self.time))
        {
            Err(Rejection::SignedAlready)
        } else {
            Ok(Effect::Refounded(*salt))
        }
    }

    pub(super) fn refound(&mut self, salt: &ByteArray<32>, by: SeatNumber, time: Time) {
        let nth = self.next_plenary();
        let mut refounding = self.refounding.take().unwrap_or_default();
        spend(refounding.signed.entry(by).or_default(), time);
        refounding
            .proposals
            .retain(|proposal| proposal.salt == *salt || proposal.signing.present(time).next().is_some());
        let known = refounding
            .proposals
            .iter()
            .position(|proposal| proposal.salt == *salt);
        let mut proposal = match known {
            Some(at) => refounding.proposals.remove(at),
            None => RefoundingProposal {
                salt: *salt,
                conversation: plenary_id(self.id, nth, salt),
                signing: Signing::default(),
            },
        };
        if self.sign(&mut proposal.signing, by, time) {
            refounding.proposals.clear();
            refounding.plenary = Some(Plenary {
                nth,
                conversation: proposal.conversation,
                since: time,
                signers: proposal.signing.present(time).collect(),
            });
        } else {
            let at = known.unwrap_or(refounding.proposals.len());
            refounding.proposals.insert(at, proposal);
        }
        self.refounding = Some(refounding);
    }
}
