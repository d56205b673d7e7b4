//! Words that are to be forgotten: burnt with their key, on time, and durable in the step that forgets them.
//!
//! Lines that stand next to each other share a purpose key, and with them what is known about their words (the index, see
//! `search`). To forget one, the key is burnt and its neighbours are written again under a fresh one, in one batch. What
//! was written about the same words while they waited lies under a second purpose, which is burnt along.

use super::message_key;
use super::record::{BUCKET, bucket_of, bucket_purpose};
use crate::state::{Content, LogRole};
use crate::step::{Step, StepError};
use crate::tables;
use primitives::canonical::encode;
use primitives::{ConversationId, Purpose, Time};

/// So many lines at most disappear in one step.
const SWEEP: usize = 256;

/// Words that wait: the outbox's messages and the draft.
pub(crate) fn waiting_purpose(id: ConversationId) -> Purpose {
    Purpose::burnable([b"talk-waiting/".as_slice(), id.as_bytes()].concat())
}

impl Step<'_> {
    /// Remembers when a line disappears.
    pub(crate) fn note_expiry(&mut self, id: ConversationId, position: u64, over: Time) {
        self.store
            .put(tables::EXPIRY, expiry_key(id, position, over), [1]);
        if let Some(next) = &mut self.state.volatile.next_expiry {
            *next = (*next).min(over);
        }
    }

    /// Forgets the lines whose time is over by the logs.
    pub(crate) fn expire(&mut self) -> Result<(), StepError> {
        let now = self.log_now();
        if self.state.volatile.next_expiry.is_some_and(|next| next > now) {
            return Ok(());
        }
        let mut next = Time(u64::MAX);
        for (key, _) in self.store.scan(tables::EXPIRY, b"", b"", SWEEP)? {
            let (over, id, position) = read_expiry_key(&key)?;
            if over > now {
                next = over;
                break;
            }
            self.store.delete(tables::EXPIRY, key);
            self.disappear(id, position)?;
            next = over;
        }
        self.state.volatile.next_expiry = Some(next);
        Ok(())
    }

    pub(crate) fn disappear(&mut self, id: ConversationId, position: u64) -> Result<(), StepError> {
        let Some(record) = self.load_record(id, position)? else {
            return Ok(());
        };
        self.uncount(id, position, &record);
        if record.attachment().is_some() {
            self.drop_attachment(record.name)?;
        }
        self.store.delete(tables::MESSAGES, message_key(id, position));
        self.forget_words(id, position, record.epoch)?;
        self.skip_absent(id)?;
        self.save_conversation(id);
        Ok(())
    }

    /// The first lines of a conversation that have disappeared are not looked for again.
    fn skip_absent(&mut self, id: ConversationId) -> Result<(), StepError> {
        let Some(state) = self.state.conversations.get(&id) else {
            return Ok(());
        };
        let (mut first, end) = (state.talk().first, state.next_position);
        while first < end
            && self
                .store
                .get(tables::MESSAGES, &message_key(id, first))?
                .is_none()
        {
            first = first.saturating_add(1);
        }
        if let Some(state) = self.state.conversations.get_mut(&id) {
            state.talk_mut().first = first;
        }
        Ok(())
    }

    /// Has the words that stood at a position burnt when the step ends; `epoch` is the one in which they were sent.
    pub(crate) fn forget_words(
        &mut self,
        id: ConversationId,
        position: u64,
        epoch: u64,
    ) -> Result<(), StepError> {
        self.to_burn.insert((id, Some(bucket_of(position))));
        self.to_burn.insert((id, None));
        // While MLS still has keys of that epoch, old blocks of the disk may have the message's own.
        if let Some(session) = self.session(id)?
            && session.epoch() <= epoch.saturating_add(1)
        {
            session.renew();
        }
        Ok(())
    }

    /// Has the words that waited burnt when the step ends.
    pub(crate) fn forget_waiting(&mut self, id: ConversationId) {
        self.to_burn.insert((id, None));
    }

    /// Burns what the step has marked, and writes again what shares a key with it.
    pub(crate) fn burn_marked(&mut self) -> Result<(), StepError> {
        for (id, bucket) in core::mem::take(&mut self.to_burn) {
            match bucket {
                Some(bucket) => self.burn_bucket(id, bucket)?,
                None => self.burn_waiting(id)?,
            }
        }
        Ok(())
    }

    fn burn_bucket(&mut self, id: ConversationId, bucket: u64) -> Result<(), StepError> {
        self.store.burn(bucket_purpose(id, bucket));
        let first = bucket.saturating_mul(BUCKET);
        for position in first..first.saturating_add(BUCKET) {
            if let Some(record) = self.load_record(id, position)? {
                self.save_record(id, position, &record);
            }
        }
        self.index_bucket(id, bucket)
    }

    fn burn_waiting(&mut self, id: ConversationId) -> Result<(), StepError> {
        self.store.burn(waiting_purpose(id));
        let waiting: Vec<u64> = self
            .state
            .outbox
            .iter()
            .filter(|(_, item)| matches!(item.content, Content::Message { .. }))
            .filter(|(_, item)| self.conversation_of(item.log) == Some(id))
            .map(|(number, _)| *number)
            .collect();
        for number in waiting {
            self.save_outbox(number);
        }
        self.save_outgoing_again(id)?;
        if let Some(draft) = self.load_draft(id)? {
            self.store.put_for(
                waiting_purpose(id),
                tables::DRAFTS,
                *id.as_bytes(),
                encode(&draft),
            );
        }
        Ok(())
    }

    /// The conversation that a log belongs to.
    pub(crate) fn conversation_of(&self, log: primitives::LogId) -> Option<ConversationId> {
        match self.state.logs.get(&log)?.role {
            LogRole::Conversation { conversation } => Some(conversation),
            _ => None,
        }
    }
}

fn expiry_key(id: ConversationId, position: u64, over: Time) -> Vec<u8> {
    [
        over.0.to_be_bytes().as_slice(),
        id.as_bytes(),
        &position.to_be_bytes(),
    ]
    .concat()
}

fn read_expiry_key(key: &[u8]) -> Result<(Time, ConversationId, u64), StepError> {
    let read = || {
        let (over, rest) = key.split_first_chunk::<8>()?;
        let (id, position) = rest.split_first_chunk::<32>()?;
        let position = <[u8; 8]>::try_from(position).ok()?;
        Some((
            Time(u64::from_be_bytes(*over)),
            ConversationId::new(*id),
            u64::from_be_bytes(position),
        ))
    };
    read().ok_or(StepError::Record(tables::EXPIRY.0))
}
