//! One's own conversation: notes to oneself, and how far one's devices have read (MSG-34).

use crate::conversations::{About, ConversationState, Said};
use crate::machine::Failed;
use crate::step::{Step, StepError};
use crate::tables;
use messaging::{Body, MARKS_MAX, Standing, Terms, Verdict};
use primitives::canonical::encode;
use primitives::{ConversationId, MessageName};

/// What was read is told so long after it was, with what is read until then.
const WAIT_MS: u64 = 5_000;
/// Most marks of one conversation that wait for their lines; the oldest goes first.
const WAITING_EACH: usize = 8;
/// Most conversations of which marks wait.
const WAITING_MAX: usize = 256;

impl Step<'_> {
    /// Something has been read: one's other devices learn it in a while.
    pub(crate) fn marks_due(&mut self) {
        let due = self.now.after(WAIT_MS);
        self.state.volatile.marks_due.get_or_insert(due);
    }

    /// One's own conversation, in which this device takes part.
    fn own_conversation(&self) -> Option<ConversationId> {
        let mut states = self.state.conversations.values();
        let own = states.find(|state| state.is_own() && !state.halted && !state.more().joining);
        own.map(|state| state.id)
    }

    /// Begins one's own conversation when there is a second device, and tells it what has been read.
    pub(crate) fn tell_marks(&mut self) -> Result<(), StepError> {
        let several = self.own_seat().is_ok_and(|seat| seat.devices.len() > 1);
        let Some(id) = self.own_conversation() else {
            let none = !self.state.conversations.values().any(ConversationState::is_own);
            if several && none && self.is_first_device() {
                self.begin_own()?;
            }
            return Ok(());
        };
        // What the process before had not told yet.
        let woke = !core::mem::replace(&mut self.state.volatile.marks_awake, true);
        if woke && self.state.conversations.values().any(is_untold) {
            self.marks_due();
        }
        if !several || self.state.volatile.marks_due.is_none_or(|due| due > self.now) {
            return Ok(());
        }
        let active = |session: &messaging::Conversation| {
            session.standing() == Standing::Active && session.members().len() > 1
        };
        if !self.session(id)?.is_some_and(|session| active(session)) {
            return Ok(());
        }
        // One message of them at a time; what is read meanwhile goes with the next.
        if self.waiting_about(id, &About::Marks)?.is_some() {
            return Ok(());
        }
        let marks = self.marks()?;
        if !self.state.conversations.values().any(is_untold) {
            self.state.volatile.marks_due = None;
        }
        if marks.is_empty() {
            return Ok(());
        }
        self.send_act(id, Body::Marks(marks))
    }

    fn begin_own(&mut self) -> Result<(), StepError> {
        let (salt, identity) = (self.random(), self.identity()?);
        let member = self.state.member.as_ref();
        let assembly = member.ok_or(StepError::Internal("no member"))?.assembly;
        match self.begin_with(Terms::own(assembly, identity, salt), Vec::new()) {
            Ok(_) => Ok(()),
            Err(Failed::Step(error)) => Err(error),
            Err(Failed::Refused(_)) => Ok(()),
        }
    }

    /// What has been read since it was told last, as far as one message holds it, and notes that it is told.
    fn marks(&mut self) -> Result<Vec<(ConversationId, MessageName)>, StepError> {
        let states = self.state.conversations.values();
        let untold: Vec<ConversationId> = states
            .filter(|state| is_untold(state))
            .map(|state| state.id)
            .collect();
        let mut marks = Vec::new();
        for id in untold {
            let Some(state) = self.state.conversations.get(&id) else {
                continue;
            };
            if marks.len() >= MARKS_MAX {
                break;
            }
            let read = state.read_below;
            let mut last = None;
            for position in (told_below(state)..read).rev() {
                if let Some(record) = self.load_record(id, position)? {
                    last = Some(record.name);
                    break;
                }
            }
            marks.extend(last.map(|name| (id, name)));
            if let Some(state) = self.state.conversations.get_mut(&id) {
                state.more_mut().marked = Some(read);
            }
            self.save_conversation(id);
        }
        Ok(marks)
    }

    /// MSG-34.
    pub(crate) fn marks_came(
        &mut self,
        said: &Said<'_>,
        marks: &[(ConversationId, MessageName)],
    ) -> Result<Verdict, StepError> {
        let state = self.state.conversations.get(&said.conversation);
        if !state.is_some_and(ConversationState::is_own) {
            return Ok(Verdict::Breaks("MSG-34"));
        }
        let mut verdict = Verdict::Idle;
        for (id, name) in marks {
            match self.find_record(*id, *name)? {
                Some((position, _)) if self.mark_counts(*id, position)? => verdict = Verdict::Counts,
                Some(_) => {}
                // Its line was here and is gone.
                None if self.store.get(tables::MESSAGE_IDS, name.as_bytes())?.is_some() => {}
                // Its line, or the whole conversation, is still on its way.
                None => self.mark_waits(*id, *name),
            }
        }
        Ok(verdict)
    }

    /// The line at a position, and all before it, have been read on another own device; says whether that is news.
    fn mark_counts(&mut self, id: ConversationId, position: u64) -> Result<bool, StepError> {
        let below = position.saturating_add(1);
        let news = self.read_up_to(id, below)?;
        if let Some(state) = self.state.conversations.get_mut(&id) {
            let more = state.more_mut();
            more.marked = more.marked.max(Some(below));
        }
        self.save_conversation(id);
        Ok(news)
    }

    fn mark_waits(&mut self, id: ConversationId, name: MessageName) {
        let known = self.state.marks.contains_key(&id);
        if !known && self.state.marks.len() >= WAITING_MAX {
            return;
        }
        let names = self.state.marks.entry(id).or_default();
        if names.contains(&name) {
            return;
        }
        if names.len() >= WAITING_EACH {
            names.remove(0);
        }
        names.push(name);
        self.save_marks(id);
    }

    /// A line has come: if a mark has waited for it, it counts now.
    pub(crate) fn marked_line_came(
        &mut self,
        id: ConversationId,
        name: MessageName,
        position: u64,
    ) -> Result<(), StepError> {
        let Some(names) = self.state.marks.get_mut(&id) else {
            return Ok(());
        };
        let before = names.len();
        names.retain(|waiting| *waiting != name);
        if names.len() == before {
            return Ok(());
        }
        self.save_marks(id);
        self.mark_counts(id, position)?;
        Ok(())
    }

    fn save_marks(&mut self, id: ConversationId) {
        match self.state.marks.get(&id) {
            Some(names) if !names.is_empty() => {
                self.store.put(tables::MARKS, *id.as_bytes(), encode(names));
            }
            _ => {
                self.state.marks.remove(&id);
                self.store.delete(tables::MARKS, *id.as_bytes());
            }
        }
    }
}

/// Below which position one's other devices know of everything that it has been read.
fn told_below(state: &ConversationState) -> u64 {
    state.marked().max(state.talk().first)
}

/// Whether more has been read than one's other devices have been told.
fn is_untold(state: &ConversationState) -> bool {
    state.read_below > told_below(state)
}
