//! The plenary founded anew, when nobody can follow it any more: deputies say so in the journal, the first device of the one who
//! proposed it founds the group, and those who signed bring everybody in by their cards. What becomes of the former one is in
//! `ending`.

use super::attending::REFRESH_MS;
use crate::commands::{bad, no_assembly, not_a_member, unknown};
use crate::directory::KnownCard;
use crate::keyring::export_journal_key;
use crate::machine::Failed;
use crate::requests::{Answer, NoticeKind, Refusal, RefusalCode, Topic};
use crate::show::count;
use crate::state::Duty;
use crate::step::{Step, StepError, messaging_error};
use crate::views::{PlenaryView, RefoundingView};
use assembly::{Assembly, Body, Plenary};
use messaging::{Conversation, Member};
use primitives::{ConversationId, SeatNumber, Time, VerifyingKey};

/// So long those who signed leave it to the founder to bring the others in, before the first of them does it.
const FOUNDER_FIRST_MS: u64 = 20_000;

impl Step<'_> {
    /// Proposes that the plenary be founded anew, or signs somebody's proposal: that is always named, for whoever proposed it
    /// is the one who founds the group.
    pub(crate) fn refound(&mut self, sign: Option<ConversationId>) -> Result<Answer, Failed> {
        let seat = self.own_seat()?;
        let fold = self.state.assembly.clone().ok_or_else(not_a_member)?;
        let nth = fold.next_plenary();
        let now = self.log_now().max(fold.time());
        let salt = match sign {
            Some(id) => {
                let mut pending = fold.refoundings(now);
                let known = pending.find(|proposal| proposal.conversation == id);
                known
                    .ok_or_else(|| unknown("proposal to found the plenary anew"))?
                    .salt
            }
            None if !self.is_first_device() => {
                return Err(Refusal::new(
                    RefusalCode::NotFirstDevice,
                    "propose it on your first device, which founds the group; proposals of others are signed on any",
                )
                .into());
            }
            None => self.random().into(),
        };
        let own = |proposal: &assembly::RefoundingProposal| {
            proposal.signing.present(now).next() == Some(seat.number)
        };
        let on_its_way = |body: &Body| match body {
            Body::Refounded { nth: of, salt: other } => *of == nth && (sign.is_none() || *other == salt),
            _ => false,
        };
        if (sign.is_none() && fold.refoundings(now).any(own)) || self.is_stated(on_its_way) {
            return Err(Refusal::new(
                RefusalCode::AlreadyDone,
                "you have said so already; it is in force when enough others have signed it",
            )
            .into());
        }
        self.state_checked(&Body::Refounded { nth, salt }, &[])?;
        let id = assembly::statement::plenary_id(fold.id(), nth, &salt);
        Ok(Answer::Conversation {
            conversation: id.to_string(),
        })
    }

    /// What people are told when one proposes it, and when it is in force.
    pub(crate) fn notice_refounding(&mut self, by: SeatNumber, before: u32) {
        let Some(fold) = self.state.assembly.clone() else {
            return;
        };
        let in_force = fold.next_plenary() != before;
        let mut pending = fold.refoundings(fold.time());
        let proposed = pending.any(|proposal| {
            let mut signers = proposal.signing.present(fold.time());
            signers.next() == Some(by) && signers.next().is_none()
        });
        let own = self.own_number() == Some(by);
        if in_force || (proposed && !own) {
            let plenary = self.state.member.as_ref().and_then(|member| member.plenary);
            self.tell(NoticeKind::Plenary, plenary, None);
        }
        self.touch(Topic::Conversations);
    }

    pub(crate) fn show_plenary(&self, fold: &Assembly) -> PlenaryView {
        let own = self.own_number();
        let now = self.log_now().max(fold.time());
        let numbers = |seats: &[SeatNumber]| seats.iter().map(|seat| seat.0).collect::<Vec<_>>();
        let plenary = fold.plenary();
        PlenaryView {
            founded_anew: plenary.map_or(0, |plenary| plenary.nth),
            since: plenary.map(|plenary| plenary.since.0),
            signed_by: plenary.map_or_else(Vec::new, |plenary| numbers(&plenary.signers)),
            here: self.is_in_plenary(),
            proposals: fold
                .refoundings(now)
                .map(|proposal| {
                    let signed_by: Vec<SeatNumber> = proposal.signing.present(now).collect();
                    RefoundingView {
                        conversation: proposal.conversation.to_string(),
                        signed_by: numbers(&signed_by),
                        needed: fold.charter().detain_signers,
                        until: proposal.signing.until(now).map_or(0, |until| until.0),
                        signed_by_me: own.is_some_and(|own| signed_by.contains(&own)),
                    }
                })
                .collect(),
        }
    }

    /// What follows from the journal's word about the plenary: looked at in every step, each part durable by itself.
    pub(crate) fn keep_plenary(&mut self) -> Result<(), StepError> {
        self.adopt_plenary()?;
        self.end_former()?;
        self.found_plenary()?;
        self.move_words()
    }

    /// The plenary as the journal has founded it anew, if this is it.
    pub(crate) fn plenary_anew(&self, id: ConversationId) -> Option<&Plenary> {
        let plenary = self.state.assembly.as_deref()?.plenary();
        plenary.filter(|plenary| plenary.conversation == id)
    }

    /// Takes the plenary that the journal names for the present one. The journal is read as far as it can be first: of several
    /// the last one counts.
    fn adopt_plenary(&mut self) -> Result<(), StepError> {
        let Some(fold) = self.state.assembly.clone() else {
            return Ok(());
        };
        let Some(plenary) = fold.plenary() else {
            return Ok(());
        };
        let id = plenary.conversation;
        let Some(member) = self.state.member.clone() else {
            return Ok(());
        };
        // A Welcome that a sponsor has given out is used first: it may be into this plenary, or into a later one.
        let welcomed = |joining: &crate::state::Joining| joining.welcome.is_some();
        if member.plenary == Some(id)
            || member.joining.as_ref().is_some_and(welcomed)
            || !self.is_journal_read()
        {
            return Ok(());
        }
        if let Some(member) = &mut self.state.member {
            (member.plenary, member.joining) = (Some(id), None);
        }
        self.save_member();
        if let Some(former) = member.plenary {
            self.begin_ending(former, plenary.since)?;
        }
        self.touch(Topic::Conversations);
        self.open_kept_letters(id)
    }

    /// Whether the journal was read to its end by this process, or as far as its keys are here.
    fn is_journal_read(&self) -> bool {
        let Some((log, _)) = self.current_journal() else {
            return false;
        };
        self.state.logs.get(&log).is_none_or(|state| {
            state.taken == state.reader.size() && self.state.volatile.read_at.contains_key(&log)
        })
    }

    /// Whether it is this device that founds a plenary.
    pub(crate) fn is_founder_of(&self, id: ConversationId) -> bool {
        let founder = self.plenary_anew(id).and_then(Plenary::founder);
        founder.is_some() && founder == self.own_number() && self.is_first_device()
    }

    /// MSG-36: the proposer's first device makes the group, with itself alone in it.
    fn found_plenary(&mut self) -> Result<(), StepError> {
        let Some(id) = self.state.member.as_ref().and_then(|member| member.plenary) else {
            return Ok(());
        };
        if self.state.conversations.contains_key(&id) || !self.is_founder_of(id) {
            return Ok(());
        }
        let device = self.device()?;
        let own = device.own()?;
        let conversation = Conversation::create(id, &own, self.journal_point()).map_err(messaging_error)?;
        // Nobody is in it whom the journal has removed: after a removal it can go on under this group's key.
        let key = export_journal_key(&conversation)?;
        self.begin_conversation(conversation, 0)?;
        self.learn_candidate(key);
        let (identity, now) = (self.identity()?, self.log_now());
        let others = self.others_seated();
        if let Some(state) = self.state.conversations.get_mut(&id) {
            let more = state.more_mut();
            (more.refreshed, more.since) = (Some(now), vec![(identity, now)]);
            more.alone = Some(others);
        }
        self.arrange_as_before(id);
        self.save_conversation(id);
        self.timer_as_before(id)
    }

    fn others_seated(&self) -> bool {
        let own = self.own_number();
        let mut seats = self.state.assembly.iter().flat_map(|fold| fold.seats());
        seats.any(|seat| seat.is_active() && Some(seat.number) != own)
    }

    /// Identities whose devices may bring this one into a plenary that was founded anew: those of the seats that signed, and
    /// its own.
    pub(crate) fn founders_of(&self, plenary: &Plenary) -> Result<Vec<VerifyingKey>, StepError> {
        let seats = self.state.assembly.iter().flat_map(|fold| fold.seats());
        let signed = seats.filter(|seat| plenary.signers.contains(&seat.number));
        let mut founders: Vec<VerifyingKey> = signed.map(|seat| seat.identity).collect();
        founders.push(self.identity()?);
        Ok(founders)
    }

    /// Whether a device may lead this one into a plenary that was founded anew.
    pub(crate) fn may_lead(&self, plenary: &Plenary, device: &VerifyingKey) -> Result<bool, StepError> {
        let founders = self.founders_of(plenary)?;
        let fold = self.state.assembly.as_deref();
        let seat = fold.and_then(|fold| fold.seat_by_device(device));
        Ok(seat.is_some_and(|seat| seat.is_active() && founders.contains(&seat.identity)))
    }

    /// Cards of members who have no device in the plenary that was founded anew, if it is this device's turn to bring them in: the
    /// founder's at once, later those of the others who signed.
    pub(super) fn missing_in_plenary(
        &mut self,
        id: ConversationId,
        there: &[Member],
    ) -> Result<Vec<KnownCard>, StepError> {
        let duty = Duty::Bring(id);
        let signed = self.plenary_anew(id).is_some_and(|plenary| {
            let own = self.own_number();
            own.is_some_and(|own| plenary.signers.contains(&own))
        });
        let mut missing = Vec::new();
        if let (true, Some(fold)) = (signed, self.state.assembly.clone()) {
            let absent =
                |seat: &&assembly::Seat| !there.iter().any(|member| member.identity == seat.identity);
            for seat in fold.seats().filter(|seat| seat.is_active()).filter(absent) {
                for device in &seat.devices {
                    missing.extend(self.card_of(&device.key)?);
                }
            }
        }
        if missing.is_empty() {
            self.state.volatile.due_since.remove(&duty);
            return Ok(missing);
        }
        if !self.is_founder_of(id) {
            let wait_ms = FOUNDER_FIRST_MS.saturating_add(self.turn_ms());
            let since = *self.state.volatile.due_since.entry(duty).or_insert(self.now);
            if since.after(wait_ms) > self.now {
                return Ok(Vec::new());
            }
        }
        Ok(missing)
    }

    /// Members who are on their way into a plenary that was founded anew.
    pub(super) fn coming_to_plenary(&self, id: ConversationId, there: &[Member]) -> Vec<u32> {
        if self.plenary_anew(id).is_none() {
            return Vec::new();
        }
        let seats = self.state.assembly.iter().flat_map(|fold| fold.seats());
        let absent = |seat: &&assembly::Seat| !there.iter().any(|member| member.identity == seat.identity);
        let coming = seats.filter(|seat| seat.is_active()).filter(absent);
        coming.map(|seat| seat.number.0).collect()
    }

    /// When a leaf that came into the plenary by a card is renewed: soon, but not all at once, for all read each renewal.
    pub(super) fn refreshed_as_of(&mut self, members: usize) -> Time {
        let spread_ms = u64::from(count(members)).saturating_mul(2_000);
        let ago_ms = REFRESH_MS.saturating_sub(self.below(spread_ms));
        Time(self.log_now().0.saturating_sub(ago_ms))
    }

    /// Refuses to let in, or speak, while the plenary is on its way.
    pub(crate) fn plenary_awaited(&self, id: ConversationId) -> Result<(), Refusal> {
        let present = self.state.member.as_ref().ok_or_else(no_assembly)?.plenary == Some(id);
        let there = self.state.conversations.contains_key(&id);
        if present && !there && self.plenary_anew(id).is_some() {
            return Err(Refusal::new(
                RefusalCode::NotReady,
                "the plenary is being founded anew; this device comes in as soon as it is brought in",
            ));
        }
        let ended = self.state.conversations.get(&id);
        if ended.is_some_and(|state| state.more().ends.is_some()) {
            return Err(bad(
                "this conversation has ended: the plenary goes on in another one",
            ));
        }
        Ok(())
    }
}
