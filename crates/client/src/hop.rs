//! After a removal: this witness says where the journal goes on, so that the removed cannot follow.

use crate::state::Duty;
use crate::step::{Step, StepError};
use assembly::{Body, Continuation};
use primitives::ConversationId;
use tlog::LogKind;

impl Step<'_> {
    /// States the continuation that follows from the last removal and the newest key of the plenary, once.
    pub(crate) fn continue_journal(&mut self) -> Result<(), StepError> {
        let Some(assembly) = self.state.assembly.clone() else {
            return Ok(());
        };
        let (Some(hop), Ok(seat)) = (assembly.hop(), self.own_seat()) else {
            return Ok(());
        };
        let plenary = self.state.member.as_ref().and_then(|member| member.plenary);
        let (Some(plenary), true) = (plenary, assembly.witnesses().contains(&seat.number)) else {
            return Ok(());
        };
        // Only a key of an epoch in which nobody is left whom the journal has removed.
        let newest = self
            .state
            .member
            .as_ref()
            .and_then(|member| member.candidates.last().cloned());
        let (Some(seed), true, false) = (newest, self.follows(plenary)?, self.somebody_stays(plenary)?)
        else {
            return Ok(());
        };
        let number = assembly.last_journal_key().saturating_add(1);
        let mut record = assembly::keys::journal_log(seed.secret()).record(LogKind::Record);
        record.previous = assembly.hop_from();
        let journal_key = self.announcement_of(number, &seed);
        let said = Continuation { journal_key, record };
        if hop.said.get(&seat.number) == Some(&said) {
            return Ok(());
        }
        let Some(turn) = self.may_try(Duty::ContinueJournal(said.record.id())) else {
            return Ok(());
        };
        let Continuation { journal_key, record } = said;
        self.make_quietly(turn, &Body::Continues { journal_key, record })
    }

    /// Whether this device has the group of the plenary: while it is on its way into one that was founded anew, the newest key that it
    /// knows is the former one's, which the removed may have.
    fn follows(&mut self, plenary: ConversationId) -> Result<bool, StepError> {
        Ok(self.session(plenary)?.is_some())
    }
}
