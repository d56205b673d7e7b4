//! Direct conversations and working groups: begun, joined by others, left, and how one has them before oneself.

use super::talk::ConversationState;
use crate::commands::{bad, not_a_member, unknown};
use crate::machine::Failed;
use crate::requests::{Answer, Refusal, RefusalCode, Topic};
use crate::step::{Step, messaging_error};
use messaging::{Conversation, DEMAND_MS, GROUP_DEVICES_MAX, Terms};
use primitives::{ConversationId, SeatNumber, VerifyingKey};

impl Step<'_> {
    /// The direct conversation with a member: the one that there is, or a new one. If both began one at the same time, both
    /// take the one with the smaller id.
    pub(crate) fn direct(&mut self, seat: SeatNumber) -> Result<Answer, Failed> {
        let own = self.own_seat()?;
        let other = self.identity_of(seat)?;
        if own.number == seat {
            return Err(bad("a direct conversation is with somebody else").into());
        }
        let with = |state: &&ConversationState| {
            let pair = state.more().terms.and_then(|terms| terms.pair());
            pair.is_some_and(|pair| pair.contains(&other))
        };
        if let Some(state) = self.state.conversations.values().find(with) {
            return Ok(Answer::Conversation {
                conversation: state.id.to_string(),
            });
        }
        let (assembly, salt) = (self.assembly_id()?, self.random());
        let terms = Terms::direct(assembly, own.identity, other, salt)
            .ok_or_else(|| bad("a direct conversation is with somebody else"))?;
        self.begin_with(terms, vec![other])
    }

    /// Founds a working group with some members.
    pub(crate) fn found_group(&mut self, name: String, seats: &[u32]) -> Result<Answer, Failed> {
        let own = self.own_seat()?;
        if own.role != assembly::Role::Deputy {
            return Err(Refusal::new(RefusalCode::NotAllowed, "only deputies found working groups").into());
        }
        let bringing = self.identities_of(seats, &own.identity)?;
        if self.devices_of(&bringing) > GROUP_DEVICES_MAX.saturating_sub(own.devices.len()) {
            return Err(full().into());
        }
        let (assembly, salt) = (self.assembly_id()?, self.random());
        let terms = Terms::group(assembly, name, salt).ok_or_else(|| bad("the name is too long"))?;
        self.begin_with(terms, bringing)
    }

    pub(crate) fn begin_with(&mut self, terms: Terms, bringing: Vec<VerifyingKey>) -> Result<Answer, Failed> {
        let device = self.device()?;
        let own = device.own()?;
        let point = self.journal_point();
        let conversation = Conversation::create_with(terms.clone(), &own, point).map_err(messaging_error)?;
        let id = conversation.id();
        self.begin_conversation(conversation, 0)?;
        let (identity, now) = (self.identity()?, self.log_now());
        if let Some(state) = self.state.conversations.get_mut(&id) {
            let more = state.more_mut();
            (more.terms, more.bringing) = (Some(terms), bringing);
            (more.refreshed, more.since) = (Some(now), vec![(identity, now)]);
        }
        self.save_conversation(id);
        Ok(Answer::Conversation {
            conversation: id.to_string(),
        })
    }

    /// Brings members into a working group.
    pub(crate) fn bring(&mut self, id: ConversationId, seats: &[u32]) -> Result<Answer, Failed> {
        let own = self.own_seat()?;
        self.working_group(id)?;
        if own.role != assembly::Role::Deputy {
            return Err(Refusal::new(RefusalCode::NotAllowed, "only deputies bring members in").into());
        }
        let mut bringing = self.identities_of(seats, &own.identity)?;
        let session = self.session(id)?.ok_or_else(not_a_member)?;
        let there = session.members();
        bringing.retain(|identity| !there.iter().any(|member| member.identity == *identity));
        if self.devices_of(&bringing) > self.room_in(id)? {
            return Err(full().into());
        }
        if let Some(state) = self.state.conversations.get_mut(&id) {
            let more = state.more_mut();
            for identity in bringing {
                if !more.bringing.contains(&identity) {
                    more.bringing.push(identity);
                }
            }
        }
        self.attend_anew(id);
        Ok(Answer::Done)
    }

    /// Asks that a member leave a working group; of one's own seat, leaves it. It happens when more than half of the other
    /// deputies in it ask, or at once if it is oneself.
    pub(crate) fn ask_to_leave(&mut self, id: ConversationId, seat: SeatNumber) -> Result<Answer, Failed> {
        let own = self.own_seat()?;
        self.working_group(id)?;
        let leaver = self.identity_of(seat)?;
        if own.number != seat && own.role != assembly::Role::Deputy {
            return Err(Refusal::new(
                RefusalCode::NotAllowed,
                "only deputies ask that somebody leave; everybody can leave",
            )
            .into());
        }
        let session = self.session(id)?.ok_or_else(not_a_member)?;
        let members = session.members();
        if !members.iter().any(|member| member.identity == leaver) {
            return Err(unknown("member of this group").into());
        }
        if members.iter().all(|member| member.identity == leaver) {
            return Err(bad("nobody else is in this group; archive it instead").into());
        }
        let until = self.log_now().after(DEMAND_MS);
        if let Some(state) = self.state.conversations.get_mut(&id) {
            let more = state.more_mut();
            more.demanding.retain(|(identity, _)| *identity != leaver);
            more.demanding.push((leaver, until));
            more.bringing.retain(|identity| *identity != leaver);
        }
        self.attend_anew(id);
        Ok(Answer::Done)
    }

    /// How one has a conversation before oneself; others learn nothing of it.
    pub(crate) fn arrange(
        &mut self,
        id: ConversationId,
        muted: Option<bool>,
        archived: Option<bool>,
        pinned: Option<bool>,
    ) -> Result<Answer, Failed> {
        let state = self.state.conversations.get_mut(&id);
        let more = state.ok_or_else(|| unknown("conversation"))?.more_mut();
        more.muted = muted.unwrap_or(more.muted);
        more.archived = archived.unwrap_or(more.archived);
        more.pinned = pinned.unwrap_or(more.pinned);
        self.save_conversation(id);
        Ok(Answer::Done)
    }

    fn attend_anew(&mut self, id: ConversationId) {
        self.state.volatile.attended.remove(&id);
        self.save_conversation(id);
        self.touch(Topic::Conversations);
    }

    fn working_group(&self, id: ConversationId) -> Result<(), Failed> {
        let state = self.state.conversations.get(&id);
        let state = state.ok_or_else(|| unknown("conversation"))?;
        if state.is_group() && !state.halted {
            Ok(())
        } else {
            Err(bad("the conversation is no working group that this device is in").into())
        }
    }

    fn assembly_id(&self) -> Result<primitives::AssemblyId, Failed> {
        let member = self.state.member.as_ref();
        Ok(member.ok_or_else(not_a_member)?.assembly)
    }

    fn identity_of(&self, seat: SeatNumber) -> Result<VerifyingKey, Failed> {
        let fold = self.state.assembly.as_ref().ok_or_else(not_a_member)?;
        let mut seats = fold.seats();
        let seat = seats.find(|known| known.number == seat && known.is_active());
        Ok(seat.ok_or_else(|| unknown("seat"))?.identity)
    }

    fn identities_of(&self, seats: &[u32], own: &VerifyingKey) -> Result<Vec<VerifyingKey>, Failed> {
        if seats.len() >= GROUP_DEVICES_MAX {
            return Err(full().into());
        }
        let mut identities = Vec::new();
        for seat in seats {
            let identity = self.identity_of(SeatNumber(*seat))?;
            if identity != *own && !identities.contains(&identity) {
                identities.push(identity);
            }
        }
        Ok(identities)
    }
    /// How many devices members have together.
    fn devices_of(&self, identities: &[VerifyingKey]) -> usize {
        let seats = identities
            .iter()
            .filter_map(|identity| self.seat_by_identity(identity));
        seats.map(|seat| seat.devices.len()).sum()
    }
}

fn full() -> Refusal {
    bad(
        "a working group has at most 50 devices, counting each member's; bring fewer, or ask somebody to leave first",
    )
}
