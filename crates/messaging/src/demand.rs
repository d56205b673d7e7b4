//! Who is to leave a working group: everybody for themselves, a majority of its deputies for somebody else (MSG-26).
//!
//! ```text
//! demand = CBOR [1, conversation, device, identity key, expires (ms), leaf or null]
//!          signed by the device under CONVERSATION_DEMAND
//! ```
//!
//! Whoever asks to leave names the own leaf, as the hash of its encryption key: one who has been brought in again has another,
//! and is not put out by what it asked for before.
//!
//! A demand is an entry of the log, and the commit that follows it carries it along in its authenticated data: so all
//! judge alike, who joined since as well.

use crate::conversation::Conversation;
use crate::credential::{Member, OwnDevice, member_in_tree};
use crate::parts::Unwrapped;
use crate::roster::Roster;
use crate::wrap::{DEMAND, Unreadable, seal_entry};
use minicbor::{Decode, Encode};
use primitives::canonical::sha256;
use primitives::signed::Unverified;
use primitives::{ConversationId, Hash, Signed, Time, VerifyingKey, encode, labels};
use rand_core::CryptoRng;
use std::collections::BTreeSet;

const VERSION: u8 = 1;
/// How long a demand counts, by the log's time.
pub const DEMAND_MS: u64 = 7 * 24 * 3_600_000;
/// Most demands that are kept, and that a commit carries.
pub(crate) const DEMANDS_MAX: usize = 64;

/// That somebody is to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct Demand {
    #[n(0)]
    version: u8,
    #[n(1)]
    conversation: ConversationId,
    /// Who asks.
    #[n(2)]
    device: VerifyingKey,
    /// Who is to leave.
    #[n(3)]
    leaver: VerifyingKey,
    #[n(4)]
    expires: Time,
    /// The leaf of whoever asks to leave; absent if it is about somebody else.
    #[n(5)]
    leaf: Option<Hash>,
}

impl Conversation {
    /// Makes the entry by which this device asks that `leaver` leave the working group; with its own identity, that it
    /// leaves itself.
    ///
    /// - `now`: the log's time, as far as it is known here; the demand counts for [`DEMAND_MS`] from then.
    #[must_use]
    pub fn demand(
        &self,
        device: &OwnDevice<'_>,
        leaver: VerifyingKey,
        now: Time,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Option<Vec<u8>> {
        let own = leaver == device.member().identity;
        let demand = Demand {
            leaf: own.then(|| self.leaf_name(&leaver)).flatten(),
            version: VERSION,
            conversation: self.id,
            device: device.member().device,
            leaver,
            expires: now.after(DEMAND_MS),
        };
        let signed = Signed::sign(labels::CONVERSATION_DEMAND, demand, device.key());
        let content = encode(signed.unverified());
        seal_entry(
            &self.log_keys().wrap,
            labels::CONVERSATION_WRAP,
            DEMAND,
            &content,
            rng,
        )
    }

    /// Keeps a demand by a device of this epoch; the last one of a device about somebody takes the place of the one before.
    pub(crate) fn take_demand(&mut self, unverified: Unverified) -> Unwrapped {
        let kept = self.judge_demand(&unverified);
        let Some((by, demand)) = kept else {
            return Unwrapped::Skipped(Unreadable::Demand);
        };
        let mut others = self.meta.demands().to_vec();
        others.retain(|other| {
            self.judge_demand(other)
                .is_some_and(|(who, what)| (who, what.leaver) != (by, demand.leaver))
        });
        if others.len() >= DEMANDS_MAX {
            others.remove(0);
        }
        others.push(unverified);
        self.meta.set_demands(others);
        Unwrapped::Demand {
            by,
            leaver: demand.leaver,
        }
    }

    /// Whether a demand of this device about `leaver` is here.
    #[must_use]
    pub fn has_demanded(&self, by: &Member, leaver: &VerifyingKey) -> bool {
        self.meta.demands().iter().any(|demand| {
            let known = self.judge_demand(demand);
            known.is_some_and(|(who, demand)| who == *by && demand.leaver == *leaver)
        })
    }

    /// Demands about those who are out are done with.
    pub(crate) fn drop_demands(&mut self, removed: &[Member]) {
        let about_gone = |demand: &Unverified| {
            let leaver = demand.peek::<Demand>().ok().map(|demand| demand.leaver);
            leaver.is_none_or(|leaver| removed.iter().any(|member| member.identity == leaver))
        };
        let kept = self.meta.demands().iter().filter(|demand| !about_gone(demand));
        let kept = kept.cloned().collect();
        self.meta.set_demands(kept);
    }

    /// Who are to leave by the demands that are here and count at `now`.
    #[must_use]
    pub fn leavers(&self, roster: &(impl Roster + ?Sized), now: Time) -> Vec<VerifyingKey> {
        let named: BTreeSet<_> = self
            .meta
            .demands()
            .iter()
            .filter_map(|demand| Some(self.judge_demand(demand)?.1.leaver))
            .collect();
        let demands = self.meta.demands();
        named
            .into_iter()
            .filter(|leaver| self.is_to_leave(roster, demands, *leaver, now))
            .collect()
    }

    /// The demands that are about one of `leavers`, for the commit that follows them.
    pub(crate) fn demands_about(&self, leavers: &[VerifyingKey]) -> Vec<Unverified> {
        let about = |demand: &&Unverified| {
            self.judge_demand(demand)
                .is_some_and(|(_, demand)| leavers.contains(&demand.leaver))
        };
        self.meta.demands().iter().filter(about).cloned().collect()
    }

    /// MSG-26: `leaver` has asked for it, or more than half of the other deputies in the group have, and the demands count
    /// at `at`.
    pub(crate) fn is_to_leave(
        &self,
        roster: &(impl Roster + ?Sized),
        demands: &[Unverified],
        leaver: VerifyingKey,
        at: Time,
    ) -> bool {
        if self.meta.terms.as_ref().is_none_or(|terms| !terms.is_group()) {
            return false;
        }
        let by: BTreeSet<VerifyingKey> = demands
            .iter()
            .filter_map(|demand| self.judge_demand(demand))
            .filter(|(_, demand)| demand.leaver == leaver && at <= demand.expires)
            .map(|(by, _)| by.identity)
            .collect();
        let deputies: BTreeSet<VerifyingKey> = self
            .leaves()
            .into_iter()
            .map(|(_, member)| member.identity)
            .filter(|identity| *identity != leaver && roster.is_deputy(identity))
            .collect();
        let asking = by.intersection(&deputies).count();
        by.contains(&leaver) || asking.saturating_mul(2) > deputies.len()
    }

    /// What names the first leaf of a member.
    fn leaf_name(&self, identity: &VerifyingKey) -> Option<Hash> {
        let mut leaves = self.group.members();
        let leaf = leaves
            .find(|leaf| member_in_tree(&leaf.credential).is_ok_and(|member| member.identity == *identity))?;
        Some(sha256(&leaf.encryption_key))
    }

    /// Whose it is, if a device of this epoch signed it for this conversation and it is about somebody in it.
    fn judge_demand(&self, unverified: &Unverified) -> Option<(Member, Demand)> {
        let leaves = self.leaves();
        let claimed = unverified.peek::<Demand>().ok()?;
        let there = leaves.iter().any(|(_, member)| member.identity == claimed.leaver);
        if claimed.version != VERSION || claimed.conversation != self.id || !there {
            return None;
        }
        let (_, by) = leaves
            .into_iter()
            .find(|(_, leaf)| leaf.device == claimed.device)?;
        let leaf = (by.identity == claimed.leaver).then(|| self.leaf_name(&claimed.leaver));
        if claimed.leaf != leaf.flatten() {
            return None;
        }
        let demand = unverified
            .clone()
            .verify::<Demand>(labels::CONVERSATION_DEMAND, &by.device)
            .ok()?;
        Some((by, demand.into_value()))
    }
}
