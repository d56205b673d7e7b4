//! Receipts: how far the others have come, and telling them how far this device has (MSG-31).

use super::acts::Said;
use super::record::Line;
use super::talk::ConversationState;
use crate::commands::unknown;
use crate::machine::Failed;
use crate::requests::{Refusal, RefusalCode};
use crate::step::{Step, StepError};
use crate::views::ReceiptLevel;
use messaging::{Body, Standing, Verdict};
use minicbor::{Decode, Encode};
use primitives::{ConversationId, MessageName, Time, VerifyingKey};

/// A receipt leaves so long after the first line that it is for, at least,
const LEAST_MS: u64 = 15_000;
/// and by chance up to so much later,
const SPREAD_MS: u64 = 45_000;
/// and so much for each device, for all of them write one.
const PER_DEVICE_MS: u64 = 2_000;

/// No receipt is due later than this after all that.
const FAR_MS: u64 = 3_600_000;

/// What a conversation keeps of receipts. Places are counted as `below`: the first position that has not come or been read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Receipts {
    /// What this device says; what is usual if its user has said nothing.
    #[n(0)]
    level: Option<Level>,
    /// When it says the next one.
    #[n(1)]
    pub(crate) due: Option<Time>,
    /// What it has said.
    #[n(2)]
    told: Place,
    /// What the others have said.
    #[n(3)]
    heard: Vec<(VerifyingKey, Place)>,
    /// Lines below this one its user has had before the eyes: to have said something after them is not to have read them.
    #[n(4)]
    seen: Option<u64>,
}

/// What a device says of how far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
enum Level {
    #[n(0)]
    None,
    #[n(1)]
    Arrived,
    #[n(2)]
    Read,
}

impl From<ReceiptLevel> for Level {
    fn from(level: ReceiptLevel) -> Self {
        match level {
            ReceiptLevel::None => Self::None,
            ReceiptLevel::Arrived => Self::Arrived,
            ReceiptLevel::Read => Self::Read,
        }
    }
}

impl From<Level> for ReceiptLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::None => Self::None,
            Level::Arrived => Self::Arrived,
            Level::Read => Self::Read,
        }
    }
}

/// How far somebody has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Place {
    #[n(0)]
    arrived: u64,
    #[n(1)]
    read: u64,
}

impl Place {
    /// The further of two, in each respect.
    fn further(self, other: Self) -> Self {
        Self {
            arrived: self.arrived.max(other.arrived),
            read: self.read.max(other.read),
        }
    }
}

impl Receipts {
    /// At how many others the line at `position` has arrived, and how many have read it, of those who `had` it to read.
    pub(super) fn of(&self, position: u64, had: impl Fn(&VerifyingKey) -> bool) -> (usize, usize) {
        let heard = || {
            self.heard
                .iter()
                .filter(|(identity, _)| had(identity))
                .map(|(_, place)| place)
        };
        (
            heard().filter(|place| place.arrived > position).count(),
            heard().filter(|place| place.read > position).count(),
        )
    }

    fn hear(&mut self, from: VerifyingKey, place: Place) -> Verdict {
        let known = self.heard.iter_mut().find(|(identity, _)| *identity == from);
        let before = known.as_ref().map_or_else(Place::default, |(_, place)| *place);
        let after = before.further(place);
        if after == before {
            return Verdict::Idle;
        }
        match known {
            Some((_, place)) => *place = after,
            None => self.heard.push((from, after)),
        }
        Verdict::Counts
    }
}

impl ConversationState {
    /// What this device says of itself here: nothing in the plenary.
    pub(crate) fn receipt_level(&self) -> ReceiptLevel {
        if !self.has_receipts() {
            return ReceiptLevel::None;
        }
        self.receipts().level.map_or(ReceiptLevel::Arrived, Into::into)
    }
}

impl Step<'_> {
    /// MSG-31.
    pub(super) fn receipt_came(
        &mut self,
        said: &Said<'_>,
        arrived: MessageName,
        read: Option<MessageName>,
    ) -> Result<Verdict, StepError> {
        let below = |found: Option<(u64, _)>| found.map_or(0, |(position, _)| position.saturating_add(1));
        let read = read
            .map(|name| self.find_record(said.conversation, name))
            .transpose()?;
        let read = below(read.flatten());
        let place = Place {
            arrived: below(self.find_record(said.conversation, arrived)?).max(read),
            read,
        };
        let Some(state) = self.state.conversations.get_mut(&said.conversation) else {
            return Ok(Verdict::Idle);
        };
        if !state.has_receipts() {
            return Ok(Verdict::Breaks("MSG-31"));
        }
        let receipts = state.receipts_mut();
        let verdict = if said.own {
            // Another device of this member has said it.
            receipts.told = receipts.told.further(place);
            Verdict::Idle
        } else {
            receipts.hear(said.from, place)
        };
        self.save_conversation(said.conversation);
        Ok(verdict)
    }

    /// Its user has everything before the eyes that stands there.
    pub(super) fn lines_seen(&mut self, id: ConversationId) {
        if let Some(state) = self.state.conversations.get_mut(&id)
            && state.has_receipts()
        {
            state.receipts_mut().seen = Some(state.next_position);
        }
        self.receipt_due(id);
    }

    /// Something has come or been read: a receipt is due in a while, if there is none yet.
    pub(super) fn receipt_due(&mut self, id: ConversationId) {
        let [least, most] = self.random::<2>();
        let chance = u64::from(u16::from_be_bytes([least, most]));
        let Some(state) = self.state.conversations.get_mut(&id) else {
            return;
        };
        if state.receipt_level() == ReceiptLevel::None || state.receipts().due.is_some() {
            return;
        }
        let devices = u64::try_from(state.more().since.len()).unwrap_or(u64::MAX);
        let spread = SPREAD_MS
            .saturating_mul(chance)
            .checked_shr(16)
            .unwrap_or_default();
        let wait = LEAST_MS
            .saturating_add(spread)
            .saturating_add(PER_DEVICE_MS.saturating_mul(devices));
        state.receipts_mut().due = Some(self.now.after(wait));
    }

    /// What this device says of how far it has come.
    pub(crate) fn set_receipts(&mut self, id: ConversationId, level: ReceiptLevel) -> Result<(), Failed> {
        let state = self.state.conversations.get_mut(&id);
        let state = state.ok_or_else(|| unknown("conversation"))?;
        if !state.has_receipts() && level != ReceiptLevel::None {
            return Err(Refusal::new(
                RefusalCode::NotAllowed,
                "in the plenary nobody tells what has arrived: it would show to everybody when a device is on the network",
            )
            .into());
        }
        let receipts = state.receipts_mut();
        (receipts.level, receipts.due) = (Some(level.into()), None);
        if level == ReceiptLevel::None {
            self.withdraw_receipts(id);
        }
        self.receipt_due(id);
        self.save_conversation(id);
        Ok(())
    }

    /// A receipt that nobody has been given yet is not said any more.
    fn withdraw_receipts(&mut self, id: ConversationId) {
        let unsaid: Vec<u64> = self
            .waiting(id)
            .filter(|(number, message, _)| {
                let unsent = self.state.volatile.unsent.contains(number);
                unsent && matches!(message.body, Body::Receipt { .. })
            })
            .map(|(number, ..)| number)
            .collect();
        for number in unsaid {
            self.drop_outbox(number);
        }
    }

    /// Says what is due.
    pub(crate) fn tell_receipts(&mut self) -> Result<(), StepError> {
        let due: Vec<ConversationId> = self
            .state
            .conversations
            .values()
            .filter(|state| {
                // One that lies too far ahead was drawn by a clock that has been set back since.
                let far = self
                    .now
                    .after(LEAST_MS.saturating_add(SPREAD_MS).saturating_add(FAR_MS));
                let due = state.receipts().due;
                due.is_some_and(|due| due <= self.now || due > far)
            })
            .map(|state| state.id)
            .collect();
        // What became due while the process did not run leaves a while after it runs again: its user may want to say nothing.
        let woke = !core::mem::replace(&mut self.state.volatile.receipts_awake, true);
        for id in due {
            if woke {
                if let Some(state) = self.state.conversations.get_mut(&id) {
                    state.receipts_mut().due = None;
                }
                self.receipt_due(id);
                self.save_conversation(id);
            } else if !self.is_catching_up(id) {
                // What is being caught up with is told as one.
                self.tell_receipt(id)?;
            }
        }
        Ok(())
    }

    fn is_catching_up(&self, id: ConversationId) -> bool {
        let log = self.state.conversations.get(&id).map(|state| state.log);
        log.and_then(|log| self.state.logs.get(&log))
            .is_some_and(|log| log.taken < log.reader.size())
    }

    fn tell_receipt(&mut self, id: ConversationId) -> Result<(), StepError> {
        let active = self
            .session(id)?
            .is_some_and(|session| session.standing() == Standing::Active);
        let may = active && self.may_speak(id).is_ok();
        let Some(state) = self.state.conversations.get_mut(&id) else {
            return Ok(());
        };
        state.receipts_mut().due = None;
        let (level, told) = (state.receipt_level(), state.receipts().told);
        let (first, next, seen) = (state.talk().first, state.next_position, state.receipts().seen);
        let read_below = seen.filter(|_| level == ReceiptLevel::Read).unwrap_or_default();
        self.save_conversation(id);
        if !may || level == ReceiptLevel::None {
            return Ok(());
        }
        let arrived = self.last_of_others(id, first.max(told.arrived), next)?;
        let read = self.last_of_others(id, first.max(told.read), read_below)?;
        let Some((arrived_at, arrived)) = arrived.or(read) else {
            return Ok(());
        };
        let read_at = read.map(|(position, _)| position.saturating_add(1));
        if let Some(state) = self.state.conversations.get_mut(&id) {
            let receipts = state.receipts_mut();
            receipts.told = receipts.told.further(Place {
                arrived: arrived_at.saturating_add(1),
                read: read_at.unwrap_or_default(),
            });
        }
        self.save_conversation(id);
        let read = read.map(|(_, name)| name);
        self.send_act(id, Body::Receipt { arrived, read })
    }

    /// The last message of somebody else at `from` or later, and before `below`.
    fn last_of_others(
        &self,
        id: ConversationId,
        from: u64,
        below: u64,
    ) -> Result<Option<(u64, MessageName)>, StepError> {
        for position in (from..below).rev() {
            if let Some(record) = self.load_record(id, position)?
                && !record.own
                && matches!(record.line, Line::Message(_) | Line::Gone)
            {
                return Ok(Some((position, record.name)));
            }
        }
        Ok(None)
    }
}
