//! Points: a device says how far the journal is at least, and no commit that stands on less of it counts from there on (MSG-35).
//!
//! ```text
//! point = CBOR [1, conversation, device, [size, root]], signed by the device under CONVERSATION_POINT
//! ```
//!
//! A commit is judged by the journal at the point that it names, and its author chooses the point. So whom the journal has
//! removed could stay: with commits made beforehand, or since, that name an old point, one for every epoch and each in
//! the log before anybody else's. A point of the journal is for no epoch, so it comes too late in none.

use crate::conversation::{Conversation, UseError};
use crate::credential::{Member, OwnDevice};
use crate::meta::Standing;
use crate::outcome::{Halt, Processed, Reason};
use crate::roster::{JournalPoint, Knowledge, Roster};
use crate::wrap::{POINT, seal_entry};
use minicbor::{Decode, Encode};
use primitives::signed::Unverified;
use primitives::{ConversationId, Signed, Time, VerifyingKey, encode, labels};
use rand_core::CryptoRng;

const VERSION: u8 = 1;

/// That the journal is at least here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct Point {
    #[n(0)]
    version: u8,
    #[n(1)]
    conversation: ConversationId,
    /// Who says so.
    #[n(2)]
    device: VerifyingKey,
    #[n(3)]
    journal: JournalPoint,
}

impl Conversation {
    /// Makes the entry by which this device says how far the journal is.
    ///
    /// - `journal`: the point that this device has folded.
    #[must_use]
    pub fn point(
        &self,
        device: &OwnDevice<'_>,
        journal: JournalPoint,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Option<Vec<u8>> {
        let point = Point {
            version: VERSION,
            conversation: self.id,
            device: device.member().device,
            journal,
        };
        let signed = Signed::sign(labels::CONVERSATION_POINT, point, device.key());
        let content = encode(signed.unverified());
        seal_entry(self.wrap_key(), labels::CONVERSATION_WRAP, POINT, &content, rng)
    }

    /// Whether a commit could still keep, or be by, somebody whom the journal at `journal` does not admit: somebody is in
    /// the group who was admitted where the next commit may stand at the earliest.
    #[must_use]
    pub fn needs_point(&self, roster: &(impl Roster + ?Sized), journal: &JournalPoint) -> bool {
        let floor = self.meta.floor();
        let leaves = self.leaves();
        let mut members = leaves.iter().map(|(_, member)| member);
        members.any(|member| !roster.admits(journal, member) && roster.admits(&floor, member))
    }

    /// Takes a point that stood in the log, as [`Conversation::unwrap`](crate::Conversation::unwrap) gives it.
    ///
    /// - `at`: when the log took its entry.
    ///
    /// Cost: a signature's verification, if it is above what stands.
    ///
    /// # Errors
    /// [`UseError`]: the state does not bear it; the step is to be dropped.
    pub fn take_point(
        &mut self,
        roster: &(impl Roster + ?Sized),
        at: Time,
        unverified: &Unverified,
    ) -> Result<Processed, UseError> {
        match self.meta.standing {
            Standing::Active => {}
            Standing::Left => return Ok(Processed::Ignored(Reason::Left)),
            Standing::Halted => return Ok(Processed::Halted(Halt::Earlier)),
        }
        // Nobody waits for the journal because of a point that nobody here has signed.
        let Some((by, journal)) = self.point_of_a_member(unverified) else {
            return Ok(Processed::Ignored(Reason::NoPoint));
        };
        match roster.knows(&journal, Some(at)) {
            Knowledge::Known => {}
            Knowledge::NotYet => return Ok(Processed::Waits(journal)),
            Knowledge::Contradicted => return Ok(Processed::Ignored(Reason::JournalContradicted)),
        }
        if !roster.admits(&journal, &by) {
            return Ok(Processed::Ignored(Reason::NoPoint));
        }
        self.meta.point = Some(journal);
        let overtaken = self
            .meta
            .pending
            .as_ref()
            .is_some_and(|pending| pending.journal.size < journal.size);
        if overtaken {
            self.drop_pending()?;
        }
        Ok(Processed::Pointed {
            journal,
            lost: overtaken,
        })
    }

    /// Whose it is and what it says, if a device of this epoch signed it for this conversation and it is above what stands.
    fn point_of_a_member(&self, unverified: &Unverified) -> Option<(Member, JournalPoint)> {
        let claimed = unverified.peek::<Point>().ok()?;
        let above = claimed.journal.size > self.meta.floor().size;
        if claimed.version != VERSION || claimed.conversation != self.id || !above {
            return None;
        }
        let leaves = self.leaves();
        let (_, by) = leaves
            .into_iter()
            .find(|(_, leaf)| leaf.device == claimed.device)?;
        let point = unverified
            .clone()
            .verify::<Point>(labels::CONVERSATION_POINT, &by.device)
            .ok()?;
        Some((by, point.into_value().journal))
    }
}
