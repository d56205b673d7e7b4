//! What a member's device does in its conversations without anybody asking: the removed are taken out, those who ask come
//! back, those who are to leave are let go, those who are to come are brought in, and its own leaf is renewed.

use super::talk::More;
use crate::directory::KnownCard;
use crate::requests::Topic;
use crate::state::{Content, Duty};
use crate::step::{Step, StepError};
use messaging::{Committed, Intent, KeyPackage, Member, Roster as _, Standing};
use primitives::{ConversationId, Time, VerifyingKey};

/// A leaf is renewed after so long, and once more of that for every [`LEAVES`] devices: a renewal is read by all of them.
pub(super) const REFRESH_MS: u64 = 7 * 24 * 3_600_000;
const LEAVES: u64 = 32;
/// So long a device that was added is left to the first device of its seat.
const FIRST_BRINGS_MS: u64 = 24 * 3_600_000;
/// A device that has halted asks again after so long at the earliest.
const ASK_AGAIN_MS: u64 = 60_000;

impl Step<'_> {
    /// Looks after every conversation in which something may be due since it was looked after last.
    pub(crate) fn attend(&mut self) -> Result<(), StepError> {
        let ids: Vec<ConversationId> = self.state.conversations.keys().copied().collect();
        for id in ids {
            let Some(state) = self.state.conversations.get(&id) else {
                continue;
            };
            let taken = self.state.logs.get(&state.log).map_or(0, |log| log.taken);
            let seen = (taken, self.journal_point().size);
            let looked_after = self.state.volatile.attended.get(&id) == Some(&seen);
            if state.more().joining || (looked_after && !self.is_stale(id)) {
                continue;
            }
            self.state.volatile.attended.remove(&id);
            if self.attend_to(id)? {
                self.state.volatile.attended.insert(id, seen);
            }
        }
        Ok(())
    }

    /// `true`: nothing is to be done until something happens.
    fn attend_to(&mut self, id: ConversationId) -> Result<bool, StepError> {
        let Some(state) = self.state.conversations.get(&id).cloned() else {
            return Ok(true);
        };
        if state.more().ends.is_some() {
            return Ok(true);
        }
        if state.halted {
            return if state.more().left {
                Ok(true)
            } else {
                self.ask_again(id)
            };
        }
        let Some(session) = self.session(id)? else {
            return Ok(true);
        };
        if session.standing() != Standing::Active {
            return Ok(true);
        }
        let pending = session.commit_pending();
        self.say_point(id)?;
        if pending {
            return Ok(false);
        }
        self.repeat_demands(id)?;
        let duty = Duty::Commit(id);
        let intent = match self.asked_of_all(id)? {
            Some(intent) => {
                if !self.is_own_turn(&duty) {
                    return Ok(false);
                }
                intent
            }
            None => {
                self.state.volatile.due_since.remove(&duty);
                let add = self.packages_to_bring(id)?;
                let refresh = add.is_empty() && self.is_stale(id);
                if add.is_empty() && !refresh {
                    let more = self.state.conversations.get(&id).map(|state| state.more());
                    let waits = self.state.volatile.due_since.contains_key(&Duty::Bring(id));
                    let idle = |more: More| more.bringing.is_empty() && more.demanding.is_empty();
                    return Ok(!waits && more.is_none_or(idle));
                }
                Intent {
                    add,
                    remove: Vec::new(),
                    refresh,
                }
            }
        };
        if let Some(turn) = self.may_try(duty) {
            self.commit(turn, id, intent)?;
        }
        Ok(false)
    }

    /// What any member's commit would do: take out whom the journal has removed, let go who is to leave, bring back who asks.
    fn asked_of_all(&mut self, id: ConversationId) -> Result<Option<Intent>, StepError> {
        let own = self.identity()?;
        let device = self.device()?;
        let this = device.own()?.member();
        let stays = self.somebody_stays(id)?;
        let (size, now) = (self.journal_point().size, self.log_now());
        let Some(session) = self.take_session(id)? else {
            return Ok(None);
        };
        let mut add = session.requests(size);
        let mut remove = session.leavers(&self.roster(), now);
        self.sessions.insert(id, session);
        remove.retain(|identity| *identity != own);
        // Who is to leave does not come back by the same commit (MSG-26).
        add.retain(|package| package.member() != this && !remove.contains(&package.member().identity));
        let due = stays || !add.is_empty() || !remove.is_empty();
        Ok(due.then_some(Intent {
            add,
            remove,
            refresh: false,
        }))
    }

    /// Key packages of all devices of those whom this device brings in, its own member's further ones among them, as far as
    /// their cards are here and there is room: first devices before further ones.
    fn packages_to_bring(&mut self, id: ConversationId) -> Result<Vec<KeyPackage>, StepError> {
        let Some(more) = self.state.conversations.get(&id).map(|state| state.more()) else {
            return Ok(Vec::new());
        };
        let there = self
            .session(id)?
            .map_or_else(Vec::new, |session| session.members());
        let own = self.identity()?;
        let leaving = more.demanding.iter().any(|(leaver, _)| *leaver == own);
        let absent = |device: &assembly::Device| !there.iter().any(|member| member.device == device.key);
        let own_seat = self.own_seat().ok().filter(|_| !leaving);
        let first = own_seat
            .as_ref()
            .and_then(|seat| seat.voting_device().map(|device| device.key));
        let now = self.log_now();
        // A new one is brought by the first device, which gives it what was said; by others when that has not come to it for
        // long.
        let is_due = |key: &VerifyingKey| {
            let long = |since: Time| since.after(FIRST_BRINGS_MS) <= now;
            self.is_first_device() || first == Some(*key) || self.device_since(key).is_some_and(long)
        };
        let further = own_seat.is_some_and(|seat| {
            let mut devices = seat.devices.iter();
            devices.any(|device| absent(device) && is_due(&device.key))
        });
        let due: Vec<KnownCard> = if more.bringing.is_empty() && !further {
            Vec::new()
        } else {
            let brought = |card: &KnownCard| {
                let Member { identity, device } = &card.member;
                if *identity == own {
                    further && is_due(device)
                } else {
                    more.bringing.contains(identity)
                }
            };
            self.all_cards()?.into_iter().filter(brought).collect()
        };
        let room = self.room_in(id)?;
        let cards = due.into_iter().chain(self.missing_in_plenary(id, &there)?);
        if room == 0 {
            return Ok(Vec::new());
        }
        let (point, roster) = (self.journal_point(), self.roster());
        let mut wanted: Vec<_> = cards
            .filter(|card| !there.contains(&card.member) && roster.admits(&point, &card.member))
            .collect();
        let is_further = |card: &KnownCard| {
            let seat = self.seat_by_identity(&card.member.identity);
            seat.is_none_or(|seat| !seat.is_first_device(&card.member.device))
        };
        wanted.sort_by_key(is_further);
        Ok(wanted
            .into_iter()
            .take(room)
            .filter_map(|card| KeyPackage::parse(&card.card.key_package).ok())
            .collect())
    }

    /// Whether this device's leaf is to be renewed: at once after it came in by a card, then from time to time.
    fn is_stale(&self, id: ConversationId) -> bool {
        let Some(more) = self.state.conversations.get(&id).map(|state| state.more()) else {
            return false;
        };
        let leaves = u64::try_from(more.since.len()).unwrap_or(u64::MAX);
        let pace_ms = REFRESH_MS.saturating_mul(leaves.checked_div(LEAVES).unwrap_or(0).saturating_add(1));
        match more.refreshed {
            // In the plenary, whose members came by fresh key packages, the clock begins with the first commit that is seen.
            None => more.terms.is_some(),
            Some(at) => self.log_now().since_ms(at) > pace_ms,
        }
    }

    /// What a commit changes in what is kept of a conversation.
    pub(super) fn note_roster(
        &mut self,
        id: ConversationId,
        at: Time,
        committed: &Committed,
    ) -> Result<(), StepError> {
        let there: Vec<VerifyingKey> = self.session(id)?.map_or_else(Vec::new, |session| {
            session.members().iter().map(|member| member.identity).collect()
        });
        if let Some(state) = self.state.conversations.get_mut(&id) {
            let more = state.more_mut();
            more.since.retain(|(identity, _)| there.contains(identity));
            for member in &committed.added {
                if !more
                    .since
                    .iter()
                    .any(|(identity, _)| *identity == member.identity)
                {
                    more.since.push((member.identity, at));
                }
            }
            if !committed.added.is_empty() {
                more.alone = None;
            }
            more.bringing.retain(|identity| !there.contains(identity));
            more.demanding.retain(|(identity, _)| there.contains(identity));
            let renewed = committed.own && committed.added.is_empty();
            if renewed || (more.refreshed.is_none() && more.terms.is_none()) {
                more.refreshed = Some(at);
            }
        }
        self.save_conversation(id);
        // A device of one's own that is being revoked may be out of it now.
        self.touch(Topic::Devices);
        Ok(())
    }

    /// A demand stands until it has had its effect or its time is over, also if it got lost on the way to another log.
    fn repeat_demands(&mut self, id: ConversationId) -> Result<(), StepError> {
        let now = self.log_now();
        let Some(state) = self.state.conversations.get_mut(&id) else {
            return Ok(());
        };
        let log = state.log;
        let more = state.more();
        if more.demanding.is_empty() {
            return Ok(());
        }
        state.more_mut().demanding.retain(|(_, until)| *until >= now);
        for (leaver, _) in more.demanding {
            let device = self.device()?;
            let own = device.own()?;
            let Some(session) = self.take_session(id)? else {
                return Ok(());
            };
            let said = session.has_demanded(&own.member(), &leaver);
            let turn = if said {
                None
            } else {
                self.may_try(Duty::Demand(id, leaver))
            };
            let entry = turn.and_then(|turn| Some((session.demand(&own, leaver, now, self.rng)?, turn)));
            self.sessions.insert(id, session);
            if let Some((entry, turn)) = entry {
                self.post(log, entry, Content::Listing, self.now, Some(turn));
            }
        }
        self.save_conversation(id);
        Ok(())
    }

    /// A device that has halted asks to be added again, once for every time that the journal has grown.
    fn ask_again(&mut self, id: ConversationId) -> Result<bool, StepError> {
        let size = self.journal_point().size;
        let Some(state) = self.state.conversations.get(&id) else {
            return Ok(true);
        };
        let (log, asked) = (state.log, state.more().asked);
        let early = |(at_size, at): (u64, Time)| {
            at_size >= size || (at <= self.now && self.now.since_ms(at) < ASK_AGAIN_MS)
        };
        if asked.is_some_and(early) {
            return Ok(false);
        }
        let Some(session) = self.take_session(id)? else {
            return Ok(true);
        };
        let wanted = session.standing() == Standing::Halted;
        let turn = if wanted {
            self.may_try(Duty::AskAgain(id))
        } else {
            None
        };
        if let Some(turn) = turn {
            let device = self.device()?;
            let entry = session
                .ask_again(&mut self.store, &device.own()?, size, self.rng)
                .map_err(|error| StepError::Messaging(error.to_string()))?;
            self.post(log, entry, Content::Listing, self.now, Some(turn));
            if let Some(state) = self.state.conversations.get_mut(&id) {
                state.more_mut().asked = Some((size, self.now));
            }
            self.save_conversation(id);
        }
        self.sessions.insert(id, session);
        Ok(!wanted)
    }
}
