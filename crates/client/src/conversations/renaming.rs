//! The name that a working group goes by (MSG-32).

use super::acts::{About, Said};
use super::record::Line;
use super::talk::ConversationState;
use crate::commands::bad;
use crate::machine::Failed;
use crate::requests::{Answer, Refusal, RefusalCode};
use crate::step::{Step, StepError};
use crate::tables;
use assembly::Role;
use messaging::{Body, Title, Verdict};
use primitives::ConversationId;

impl ConversationState {
    /// What a working group goes by; nothing in other conversations.
    pub(super) fn title(&self) -> Option<String> {
        let terms = self.more().terms.filter(messaging::Terms::is_group)?;
        let title = self.renamed.as_ref().map_or(terms.name(), Title::as_str);
        Some(title.to_owned())
    }
}

impl Step<'_> {
    /// MSG-32.
    pub(super) fn title_set(
        &mut self,
        said: &Said<'_>,
        role: Role,
        title: &Title,
    ) -> Result<Verdict, StepError> {
        let state = self.state.conversations.get_mut(&said.conversation);
        let Some((state, present)) = state.and_then(|state| state.title().map(|title| (state, title))) else {
            return Ok(Verdict::Breaks("MSG-32"));
        };
        if role != Role::Deputy {
            return Ok(Verdict::Breaks("MSG-32"));
        }
        let name = said.message.name(said.conversation, &said.from);
        if present == title.as_str() || self.store.get(tables::MESSAGE_IDS, name.as_bytes())?.is_some() {
            return Ok(Verdict::Idle);
        }
        state.renamed = Some(title.clone());
        if !said.own {
            self.withdraw_repeat(said.conversation, &present)?;
        }
        self.append_said(said, Line::Named(title.clone()))?;
        Ok(Verdict::Counts)
    }

    /// Gives a working group another name.
    pub(crate) fn rename(&mut self, id: ConversationId, name: String) -> Result<Answer, Failed> {
        if self.may_speak(id)?.role != Role::Deputy {
            return Err(Refusal::new(RefusalCode::NotAllowed, "only deputies rename working groups").into());
        }
        let state = self.state.conversations.get(&id);
        let Some(present) = state.and_then(ConversationState::title) else {
            return Err(bad("only working groups have a name to change").into());
        };
        let title = Title::new(name).ok_or_else(|| {
            bad("a name is one line of at most 800 bytes; leave out line breaks and other control characters")
        })?;
        if present == title.as_str() {
            return Ok(Answer::Done);
        }
        self.act(id, Body::Renamed(title))
    }

    /// The old name, which waits to be said again to those whom this device has brought in, would take the new one back.
    fn withdraw_repeat(&mut self, id: ConversationId, old: &str) -> Result<(), StepError> {
        let waiting = self.waiting_about(id, &About::Title)?;
        let repeat = waiting.filter(|(number, message, next)| {
            let old = matches!(&message.body, Body::Renamed(title) if title.as_str() == old);
            old && next.is_none() && self.state.volatile.unsent.contains(number)
        });
        if let Some((number, ..)) = repeat {
            self.drop_outbox(number);
        }
        Ok(())
    }

    /// Those whom this device has brought in learn the name from it.
    pub(super) fn name_again(&mut self, id: ConversationId) -> Result<(), StepError> {
        let renamed = self
            .state
            .conversations
            .get(&id)
            .and_then(|state| state.renamed.clone());
        let deputy = self.may_speak(id).is_ok_and(|seat| seat.role == Role::Deputy);
        match renamed.filter(|_| deputy) {
            Some(title) => self.send_act(id, Body::Renamed(title)),
            None => Ok(()),
        }
    }
}
