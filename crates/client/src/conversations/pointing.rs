//! Points of the journal: whom it has removed is not kept in by commits that were made before (MSG-35).

use crate::state::{Content, Duty};
use crate::step::{Step, StepError, messaging_error};
use messaging::Processed;
use primitives::signed::Unverified;
use primitives::{ConversationId, Time};

impl Step<'_> {
    /// Says in the log how far the journal is, if somebody whom it has removed could be kept in otherwise; by turns, as
    /// the commit that takes him out. What has been said by others, or done, is not said again.
    pub(super) fn say_point(&mut self, id: ConversationId) -> Result<(), StepError> {
        let duty = Duty::Point(id);
        if !self.needs_point(id)? {
            self.state.volatile.due_since.remove(&duty);
            let mut waiting = self.state.outbox.iter();
            let waiting = waiting.find(|(_, item)| item.duty.as_ref() == Some(&duty));
            if let Some(number) = waiting.map(|(number, _)| *number) {
                self.drop_outbox(number);
            }
            return Ok(());
        }
        let log = self.state.conversations.get(&id).map(|state| state.log);
        let turn = if self.is_own_turn(&duty) {
            self.may_try(duty)
        } else {
            None
        };
        let (Some(log), Some(turn)) = (log, turn) else {
            return Ok(());
        };
        let (device, point) = (self.device()?, self.journal_point());
        let own = device.own()?;
        let Some(session) = self.take_session(id)? else {
            return Ok(());
        };
        let entry = session.point(&own, point, self.rng);
        self.sessions.insert(id, session);
        if let Some(entry) = entry {
            self.post(log, entry, Content::Listing, self.now, Some(turn));
        }
        Ok(())
    }

    fn needs_point(&mut self, id: ConversationId) -> Result<bool, StepError> {
        if !self.somebody_stays(id)? {
            return Ok(false);
        }
        let Some(session) = self.take_session(id)? else {
            return Ok(false);
        };
        let needs = session.needs_point(&self.roster(), &self.journal_point());
        self.sessions.insert(id, session);
        Ok(needs)
    }

    /// Takes a point that the log brings. `false`: the journal has to be read first.
    pub(super) fn point_came(
        &mut self,
        id: ConversationId,
        at: Time,
        point: &Unverified,
    ) -> Result<bool, StepError> {
        let Some(mut session) = self.take_session(id)? else {
            return Ok(false);
        };
        let taken = session.take_point(&self.roster(), at, point);
        self.sessions.insert(id, session);
        match taken.map_err(messaging_error)? {
            Processed::Waits(_) => Ok(false),
            // What this device had made on less of the journal comes too late, and is made again.
            Processed::Pointed { lost: true, .. } => {
                self.drop_commits(id);
                Ok(true)
            }
            _ => Ok(true),
        }
    }
}
