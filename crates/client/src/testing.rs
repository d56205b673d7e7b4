//! What measurements need and no product has.

use crate::machine::{Client, Failed};
use crate::state::LogRole;
use crate::step::{StepError, messaging_error};
use messaging::Body;
use primitives::{Store, Time};
use rand_core::CryptoRng;
use relay_api::Call;

impl<S: Store> Client<S> {
    /// Says all of this in the plenary in one step, and gives the calls that post it; nothing of it waits in the outbox, so
    /// that the device never learns of its own words.
    ///
    /// # Errors
    /// [`StepError`] if this device is in no plenary.
    pub fn speak(
        &mut self,
        now: Time,
        rng: &mut dyn CryptoRng,
        words: Vec<String>,
    ) -> Result<Vec<Call>, StepError> {
        let spoken = self.step(now, rng, |step| {
            let member = step.state.member.as_ref();
            let id = member.and_then(|member| member.plenary);
            let id = id.ok_or(StepError::Internal("no plenary"))?;
            let device = step.device()?;
            let own = device.own()?;
            let mut conversation = step.take_session(id)?.ok_or(StepError::Internal("no session"))?;
            let secret = conversation.log_secret();
            let keys = LogRole::Conversation { conversation: id }.keys(&secret);
            let log = conversation.log_record().id();
            let mut calls = Vec::new();
            for words in words {
                let message = step.new_message(id, Body::Text(words.into()));
                let bytes = conversation.encrypt(&own, &message).map_err(messaging_error)?;
                let entries = conversation.wrap(&step.store, &own, now, &bytes, step.rng);
                for entry in entries.map_err(|_| StepError::Internal("too many words"))? {
                    let signature = tlog::sign_append(&keys.append, log, &entry).into();
                    calls.push(Call::Append {
                        log,
                        entry,
                        signature,
                    });
                }
            }
            step.sessions.insert(id, conversation);
            Ok(calls)
        });
        match spoken {
            Ok((calls, _)) => Ok(calls),
            Err(Failed::Step(error)) => Err(error),
            Err(Failed::Refused(_)) => Err(StepError::Internal("refused")),
        }
    }
}
