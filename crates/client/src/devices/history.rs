//! What was said before a further device came: it goes after it line by line, the latest first, in parts that each fit a
//! few entries' pieces.

use super::records::LinkState;
use crate::conversations::record::{MessageRecord, bucket_of};
use crate::requests::Topic;
use crate::state::Content;
use crate::step::{Step, StepError};
use crate::tables;
use messaging::{DeviceLink, History, Member};
use primitives::canonical::encode;
use primitives::{ConversationId, LogId};

/// A part ends above so many bytes of lines.
const PART_BYTES: usize = 2 << 20;

impl Step<'_> {
    /// How many lines of a conversation a device that has just been brought in is given afterwards, and notes that it is owed
    /// them; none unless it is a further one of one's own that its user wanted to have them.
    pub(crate) fn lines_for(&mut self, id: ConversationId, member: &Member) -> Result<u64, StepError> {
        if member.identity != self.identity()? {
            return Ok(0);
        }
        let lines = self
            .state
            .conversations
            .get(&id)
            .map_or(0, |state| state.next_position);
        let of_device = |state: &&mut LinkState| state.device() == Some(member.device);
        let mut links = self.state.links.iter_mut();
        let found = links.find(|(_, state)| of_device(state));
        let Some((log, admitted)) = found.and_then(|(log, state)| Some((*log, state.admitted.as_mut()?)))
        else {
            return Ok(0);
        };
        let known = admitted.owed.iter().any(|(owed, _)| *owed == id);
        if !admitted.history || lines == 0 || known {
            return Ok(0);
        }
        admitted.owed.push((id, lines));
        self.save_link(log);
        Ok(lines)
    }

    /// The next part, once the one before has left; the last one when nothing is owed and the device is everywhere.
    pub(super) fn send_history(&mut self, log: LogId) -> Result<(), StepError> {
        if self.state.outbox.values().any(|item| item.log == log) {
            return Ok(());
        }
        let Some(state) = self.state.links.get(&log).cloned() else {
            return Ok(());
        };
        let (Some(device), Some(request), Some(admitted)) =
            (state.device(), state.request.clone(), state.admitted)
        else {
            return Ok(());
        };
        let owed = admitted.owed.first().copied();
        let history = match owed {
            Some((conversation, below)) => self.part_of(conversation, below)?,
            None if self.is_everywhere(&device)? => History {
                conversation: self.plenary()?,
                from: 0,
                last: true,
                lines: Vec::new(),
            },
            None => return Ok(()),
        };
        let (from, last) = (history.from, history.last);
        let identity = self.state.member.as_ref();
        let identity = identity
            .ok_or(StepError::Internal("no member"))?
            .identity_secret()?;
        let Ok(link) = DeviceLink::parse(&state.link) else {
            return Ok(());
        };
        if let Ok(wrapped) = messaging::post_history(&link, &request, history, &identity, self.rng) {
            self.post_wrapped(log, wrapped, Content::Rendezvous, None);
        }
        let none_below = owed.is_some_and(|(id, _)| {
            let state = self.state.conversations.get(&id);
            state.is_none_or(|state| from <= state.talk().first)
        });
        let admitted = self
            .state
            .links
            .get_mut(&log)
            .and_then(|state| state.admitted.as_mut());
        if let Some(admitted) = admitted {
            match admitted.owed.first_mut() {
                Some(_) if none_below => drop(admitted.owed.remove(0)),
                Some((_, below)) => *below = from,
                None => {}
            }
        }
        self.save_link(log);
        if last {
            self.end_link(log);
        }
        Ok(())
    }

    fn plenary(&self) -> Result<ConversationId, StepError> {
        let member = self.state.member.as_ref();
        let plenary = member.and_then(|member| member.plenary);
        plenary.ok_or(StepError::Internal("no plenary"))
    }

    /// The lines right below a position, as many as fit a part.
    fn part_of(&self, id: ConversationId, below: u64) -> Result<History, StepError> {
        let first = self
            .state
            .conversations
            .get(&id)
            .map_or(below, |state| state.talk().first);
        let hidden = self.log_now();
        let (mut lines, mut bytes, mut from) = (Vec::new(), 0usize, below);
        while from > first && bytes < PART_BYTES {
            from = from.saturating_sub(1);
            if let Some(record) = self.load_record(id, from)?
                && !record.is_over(hidden)
            {
                let line = encode(&record);
                bytes = bytes.saturating_add(line.len());
                lines.push((from, line));
            }
        }
        Ok(History {
            conversation: id,
            from,
            last: false,
            lines,
        })
    }

    /// Whether a device of one's own is in every conversation that this one is in and that has room.
    fn is_everywhere(&mut self, device: &primitives::VerifyingKey) -> Result<bool, StepError> {
        let ids: Vec<ConversationId> = self.state.conversations.keys().copied().collect();
        for id in ids {
            let Some(session) = self.session(id)? else {
                continue;
            };
            let active = session.standing() == messaging::Standing::Active;
            let absent = !session.members().iter().any(|member| member.device == *device);
            if active && absent && self.room_in(id)? > 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A part of what was said before. `false`: this device is not in the conversation yet.
    pub(super) fn history_came(&mut self, log: LogId, history: History) -> Result<bool, StepError> {
        let id = history.conversation;
        if history.last {
            self.linked_whole(log);
            return Ok(true);
        }
        let state = self.state.conversations.get(&id);
        let Some(state) = state.filter(|state| !state.is_only_announced()) else {
            return Ok(false);
        };
        let (below, current) = (state.talk().first, state.log);
        let mut buckets = Vec::new();
        for (position, line) in history.lines {
            let Some(record) = MessageRecord::decode_any(&line) else {
                continue;
            };
            let room = (history.from..below).contains(&position);
            let known = self
                .store
                .get(tables::MESSAGE_IDS, record.name.as_bytes())?
                .is_some();
            if !room || known || record.is_over(self.log_now()) {
                continue;
            }
            self.store.put(
                tables::MESSAGE_IDS,
                *record.name.as_bytes(),
                position.to_be_bytes(),
            );
            if let Some(attachment) = record.attachment() {
                self.offer(id, current, record.name, &attachment)?;
            }
            if let Some(over) = record.over {
                self.note_expiry(id, position, over);
            }
            self.save_record(id, position, &record);
            buckets.push(bucket_of(position));
        }
        if let Some(state) = self.state.conversations.get_mut(&id) {
            let talk = state.talk_mut();
            talk.first = talk.first.min(history.from);
        }
        self.save_conversation(id);
        // The stretch that was full before its older lines came is indexed anew.
        buckets.push(bucket_of(below.saturating_sub(1)));
        buckets.sort_unstable();
        buckets.dedup();
        for bucket in buckets {
            self.index_bucket(id, bucket)?;
        }
        self.touch(Topic::Conversations);
        Ok(true)
    }
}
