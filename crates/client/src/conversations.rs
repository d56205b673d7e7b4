//! Conversations: words go out through the outbox, the log's order is the order, and the roster is the journal's.

use crate::commands::{no_assembly, not_a_member};
use crate::effects::{CallError, Effect};
use crate::founding::{export_journal_key, messaging_error};
use crate::machine::Failed;
use crate::outbox::lane_of;
use crate::requests::{Answer, Event, Refusal, RefusalCode, Topic};
use crate::roster::JournalRoster;
use crate::state::{
    Content, ConversationState, Duty, Expected, Line, LogRole, MessageRecord, OutboxItem, Seed,
};
use crate::step::{Step, StepError};
use crate::tables;
use crate::views::{EvidenceKind, NoticeCode};
use messaging::{
    AppMessage, Body, Committed, Conversation, Incoming, Intent, OwnDevice, PieceList, Processed, Wrapped,
};
use primitives::canonical::{decode_canonical, encode};
use primitives::{ConversationId, LogId, MessageId, Secret, labels};
use relay_api::{Call, ReadToken, Reply};
use tlog::{Entry, LogKind};

impl Step<'_> {
    /// Puts a conversation that has just been made or joined into the machine's hands.
    pub(crate) fn begin_conversation(
        &mut self,
        conversation: Conversation,
        log_start: u64,
    ) -> Result<(), StepError> {
        let id = conversation.id();
        let role = LogRole::Conversation { conversation: id };
        let secret = conversation.log_secret();
        let record = role.keys(&secret).record(LogKind::Ephemeral);
        let log = self.follow(role, Seed::new(secret), record, Vec::new())?;
        if let Some(state) = self.state.logs.get_mut(&log) {
            state.taken = state.taken.max(log_start);
        }
        self.save_log(log);
        let state = ConversationState {
            id,
            log,
            next_position: 0,
            read_below: 0,
            halted: false,
        };
        self.state.conversations.insert(id, state);
        self.save_conversation(id);
        self.sessions.insert(id, conversation);
        Ok(())
    }

    /// The conversation's group, loaded once a step.
    pub(crate) fn session(&mut self, id: ConversationId) -> Result<Option<&mut Conversation>, StepError> {
        if !self.sessions.contains_key(&id) {
            let loaded =
                Conversation::load(&self.store, id).map_err(|e| StepError::Messaging(e.to_string()))?;
            if let Some(conversation) = loaded {
                self.sessions.insert(id, conversation);
            }
        }
        Ok(self.sessions.get_mut(&id))
    }

    /// Sends words: durable when this returns.
    pub(crate) fn send_text(&mut self, id: ConversationId, text: String) -> Result<Answer, Failed> {
        let seat = self.own_seat()?;
        if seat.role == assembly::Role::Observer {
            return Err(Refusal::new(RefusalCode::NotAllowed, "observers read; they do not speak").into());
        }
        let state = self
            .state
            .conversations
            .get(&id)
            .cloned()
            .ok_or_else(not_a_member)?;
        if state.halted {
            return Err(Refusal::new(
                RefusalCode::NotReady,
                "this device cannot follow the conversation; ask to be added again",
            )
            .into());
        }
        let journal = self.current_journal().and_then(|(log, _)| self.largest(log));
        let message = AppMessage {
            id: MessageId::new(self.random()),
            sent: self.now,
            journal,
            conversation: self.largest(state.log),
            body: Body::Text(text),
        };
        self.encrypt_and_post(id, &message)?;
        self.touch(Topic::Conversations);
        Ok(Answer::Sent {
            message: message.id.to_string(),
        })
    }

    fn encrypt_and_post(&mut self, id: ConversationId, message: &AppMessage) -> Result<(), StepError> {
        let Some(state) = self.state.conversations.get(&id).cloned() else {
            return Ok(());
        };
        let member = self
            .state
            .member
            .clone()
            .ok_or(StepError::Internal("no member"))?;
        let certificate = member
            .certificate()
            .map_err(|_| StepError::Internal("own certificate"))?;
        let device = member.device_key();
        let own = OwnDevice::new(&certificate, &device).ok_or(StepError::Internal("own device"))?;
        let conversation = self.session(id)?.ok_or(StepError::Internal("no session"))?;
        let epoch = conversation.epoch();
        let bytes = conversation.encrypt(&own, message).map_err(messaging_error)?;
        let content = Content::Message {
            id: message.id,
            epoch,
            message: message.encode(),
        };
        self.wrap_and_post(state.log, &bytes, content)
    }

    fn wrap_and_post(&mut self, log: LogId, bytes: &[u8], content: Content) -> Result<(), StepError> {
        let state = self
            .state
            .logs
            .get(&log)
            .ok_or(StepError::Internal("a conversation without a log"))?;
        let key = state.role.keys(state.secret.secret()).wrap;
        let wrapped = messaging::wrap(&key, labels::CONVERSATION_WRAP, bytes, self.rng)
            .map_err(|_| StepError::Internal("a message too large to travel"))?;
        self.post_wrapped(log, wrapped, content);
        Ok(())
    }

    /// Posts an entry and the pieces that it names; the pieces go first.
    pub(crate) fn post_wrapped(&mut self, log: LogId, wrapped: Wrapped, content: Content) {
        let item = self.post(log, wrapped.entry, content, self.now);
        for piece in wrapped.pieces {
            self.store
                .put(tables::PIECES, *piece.hash.as_bytes(), piece.bytes);
            if let Some(record) = self.state.outbox.get_mut(&item) {
                record.pieces.push(piece.hash);
            }
        }
        self.save_outbox(item);
    }

    /// Uploads the next piece of an item; `true` if there is none left.
    pub(crate) fn pieces_uploaded(&mut self, item: &OutboxItem) -> Result<bool, StepError> {
        let Some(hash) = item.pieces.first().copied() else {
            return Ok(true);
        };
        let expected = Expected::PutBlob { hash };
        if self.expects(&expected) || self.piece_waits(&hash) {
            return Ok(false);
        }
        let Some(log) = self.state.logs.get(&item.log) else {
            return Ok(false);
        };
        let (lane, token) = (
            lane_of(&log.role),
            ReadToken::from(&log.role.keys(log.secret.secret()).read_token),
        );
        let Some(bytes) = self.store.get(tables::PIECES, hash.as_bytes())? else {
            // Uploaded already, or lost: the entry goes, and whoever misses the piece says so.
            self.piece_done(&hash);
            return Ok(false);
        };
        let ticket = self.ticket(expected);
        let call = Call::PutBlob {
            log: item.log,
            token,
            bytes: bytes.to_vec(),
        };
        self.effects.push(Effect::Call {
            ticket,
            lane,
            call: Box::new(call),
        });
        Ok(false)
    }

    /// The message behind a list of pieces, if all are here; asks for those that are not.
    pub(crate) fn pieces(&mut self, log: LogId, list: &PieceList) -> Result<Option<Vec<u8>>, StepError> {
        let mut pieces = Vec::new();
        for hash in list.hashes().to_vec() {
            match self.store.get(tables::PIECES, hash.as_bytes())? {
                Some(bytes) => pieces.push(bytes.to_vec()),
                None => {
                    self.fetch_piece(log, hash);
                    return Ok(None);
                }
            }
        }
        for hash in list.hashes() {
            // One's own, still to be uploaded, stay: somebody else's list may name them too.
            let waiting = self.state.outbox.values().any(|item| item.pieces.contains(hash));
            if !waiting {
                self.store.delete(tables::PIECES, *hash.as_bytes());
            }
        }
        // Pieces that do not fit were made badly by their author: the entry is then skipped by all alike.
        Ok(Some(list.assemble(&pieces).unwrap_or_default()))
    }

    fn fetch_piece(&mut self, log: LogId, hash: primitives::Hash) {
        let expected = Expected::GetBlob { log, hash };
        let Some(state) = self.state.logs.get(&log) else {
            return;
        };
        if self.expects(&expected) || self.piece_waits(&hash) {
            return;
        }
        let lane = lane_of(&state.role);
        let token = ReadToken::from(&state.role.keys(state.secret.secret()).read_token);
        let len = u32::try_from(messaging::PIECE_LEN).unwrap_or(u32::MAX);
        let ticket = self.ticket(expected);
        let call = Call::GetBlob {
            log,
            token,
            hash,
            offset: 0,
            len,
        };
        self.effects.push(Effect::Call {
            ticket,
            lane,
            call: Box::new(call),
        });
    }

    fn piece_waits(&self, hash: &primitives::Hash) -> bool {
        self.state
            .volatile
            .piece_retry
            .get(hash)
            .is_some_and(|(at, _)| *at > self.now)
    }

    fn piece_failed(&mut self, hash: primitives::Hash) {
        let failures = self
            .state
            .volatile
            .piece_retry
            .get(&hash)
            .map_or(0, |(_, failures)| *failures);
        let wait_ms = PIECE_RETRY_MS.saturating_mul(1 << failures.min(9));
        let retry = (self.now.after(wait_ms), failures.saturating_add(1));
        self.state.volatile.piece_retry.insert(hash, retry);
    }

    /// A piece needs no upload any more.
    fn piece_done(&mut self, hash: &primitives::Hash) {
        let items: Vec<u64> = self
            .state
            .outbox
            .iter_mut()
            .filter_map(|(number, item)| {
                let had = item.pieces.len();
                item.pieces.retain(|piece| piece != hash);
                (item.pieces.len() != had).then_some(*number)
            })
            .collect();
        for item in items {
            self.save_outbox(item);
        }
    }

    /// Takes the answer to an upload or a download of a piece.
    pub(crate) fn piece_came(
        &mut self,
        expected: &Expected,
        result: Result<Reply, CallError>,
    ) -> Result<(), StepError> {
        match (expected, result) {
            (Expected::PutBlob { hash }, Ok(Reply::BlobStored { hash: stored })) if *hash == stored => {
                self.call_worked();
                self.piece_done(hash);
                self.store.delete(tables::PIECES, *hash.as_bytes());
            }
            (Expected::GetBlob { hash, .. } | Expected::PutBlob { hash }, Err(CallError::Problem(_))) => {
                // Only this piece waits, longer each time: nobody can silence a device by naming what is not there.
                self.piece_failed(*hash);
            }
            (Expected::GetBlob { log, hash }, Ok(Reply::Blob { bytes, .. })) => {
                self.call_worked();
                if primitives::canonical::sha256(&bytes) == *hash {
                    self.store.put(tables::PIECES, *hash.as_bytes(), bytes);
                    self.take_in(*log)?;
                } else {
                    self.piece_failed(*hash);
                }
            }
            (_, Ok(_)) => self.call_failed(&CallError::Nonsense),
            (_, Err(error)) => self.call_failed(&error),
        }
        Ok(())
    }

    /// Takes the next entry of a conversation's log. `false`: it has to wait (journal, pieces, or not joined yet).
    pub(crate) fn conversation_entry(
        &mut self,
        id: ConversationId,
        log: LogId,
        index: u64,
        entry: &Entry,
        own: Option<u64>,
    ) -> Result<bool, StepError> {
        let Some(state) = self.state.conversations.get(&id).cloned() else {
            return Ok(false);
        };
        if state.log != log || state.halted {
            // The conversation has moved on: what came after the removal is ignored.
            return Ok(true);
        }
        let Some(bytes) = self.unwrap_entry(log, entry)? else {
            return Ok(false);
        };
        let Some(bytes) = bytes else { return Ok(true) };
        let Some(mut conversation) = self.take_session(id)? else {
            return Ok(false);
        };
        let roster = JournalRoster {
            spans: &self.state.roster,
            position: self.journal_point().size,
            time: self.folded_time(),
            store: &self.store,
        };
        let incoming = Incoming {
            bytes: &bytes,
            at: entry.time,
            own: own.is_some(),
        };
        let processed = conversation
            .process(&roster, &incoming)
            .map_err(messaging_error)?;
        let now_epoch = conversation.epoch();
        self.sessions.insert(id, conversation);
        match processed {
            Processed::Waits(_) => return Ok(false),
            // A message of an epoch that was over when the log took it is skipped by all alike, for not all can read it;
            // its author sends it again under the same id.
            Processed::Message { epoch, .. } if epoch < now_epoch => {}
            Processed::Message { from, message, .. } => {
                self.message_came(id, from.identity, entry, &message)?
            }
            Processed::OwnMessage => self.own_message_came(id, entry, own)?,
            Processed::Committed(committed) => self.committed(id, index, entry, *committed)?,
            Processed::Halted(_) => {
                if let Some(state) = self.state.conversations.get_mut(&id) {
                    state.halted = true;
                }
                self.save_conversation(id);
                self.notice(NoticeCode::ResyncNeeded);
            }
            _ => {}
        }
        Ok(true)
    }

    fn take_session(&mut self, id: ConversationId) -> Result<Option<Conversation>, StepError> {
        self.session(id)?;
        Ok(self.sessions.remove(&id))
    }

    /// The MLS message inside an entry: `None` if pieces are awaited, `Some(None)` if it is not one.
    fn unwrap_entry(&mut self, log: LogId, entry: &Entry) -> Result<Option<Option<Vec<u8>>>, StepError> {
        let state = self
            .state
            .logs
            .get(&log)
            .ok_or(StepError::Internal("an entry without a log"))?;
        let key = state.role.keys(state.secret.secret()).wrap;
        match messaging::open(&key, labels::CONVERSATION_WRAP, &entry.bytes) {
            Err(_) => Ok(Some(None)),
            Ok(messaging::Opened::Inline(bytes)) => Ok(Some(Some(bytes))),
            Ok(messaging::Opened::Pieces(list)) => Ok(self.pieces(log, &list)?.map(Some)),
        }
    }

    fn message_came(
        &mut self,
        id: ConversationId,
        from: primitives::VerifyingKey,
        entry: &Entry,
        message: &AppMessage,
    ) -> Result<(), StepError> {
        self.compare_checkpoints(id, message);
        let speaks = self.state.assembly.as_ref().is_some_and(|assembly| {
            assembly
                .seats()
                .any(|seat| seat.identity == from && seat.role != assembly::Role::Observer)
        });
        if !speaks {
            return Ok(());
        }
        let line = Line::Message(message.encode());
        self.append_line(id, message.id, from, false, entry, line)
    }

    fn own_message_came(
        &mut self,
        id: ConversationId,
        entry: &Entry,
        own: Option<u64>,
    ) -> Result<(), StepError> {
        let item = own.and_then(|number| self.state.outbox.get(&number)).cloned();
        let Some(Content::Message {
            id: message_id,
            message,
            ..
        }) = item.map(|item| item.content)
        else {
            return Ok(());
        };
        let member = self
            .state
            .member
            .as_ref()
            .ok_or(StepError::Internal("no member"))?;
        let identity = primitives::SigningSecret::from_seed(member.identity.secret()).verifying_key();
        self.append_line(id, message_id, identity, true, entry, Line::Message(message))
    }

    /// Puts a line at the next position; a second line with the same id is dropped.
    fn append_line(
        &mut self,
        id: ConversationId,
        message: MessageId,
        from: primitives::VerifyingKey,
        own: bool,
        entry: &Entry,
        line: Line,
    ) -> Result<(), StepError> {
        if self.store.get(tables::MESSAGE_IDS, message.as_bytes())?.is_some() {
            return Ok(());
        }
        let Some(state) = self.state.conversations.get_mut(&id) else {
            return Ok(());
        };
        let position = state.next_position;
        state.next_position = position.saturating_add(1);
        if own {
            state.read_below = state.read_below.max(state.next_position);
        }
        let record = MessageRecord {
            id: message,
            from,
            own,
            time: entry.time,
            line,
        };
        self.store
            .put(tables::MESSAGE_IDS, *message.as_bytes(), position.to_be_bytes());
        self.store
            .put(tables::MESSAGES, message_key(id, position), encode(&record));
        self.save_conversation(id);
        let view = self.show_message(position, &record);
        self.emit(Event::Message {
            conversation: id.to_string(),
            message: view,
        });
        Ok(())
    }

    /// Every message carries what its sender has seen; two views of one log that cannot both be true are proof.
    fn compare_checkpoints(&mut self, id: ConversationId, message: &AppMessage) {
        let Some(key) = self.checkpoint_key() else { return };
        if let Some(seen) = &message.journal {
            self.compare_journal(seen);
        }
        let log = self.state.conversations.get(&id).map(|state| state.log);
        if let (Some(log), Some(seen)) = (log, &message.conversation)
            && let Some(state) = self.state.logs.get(&log)
            && let Err(breach @ tlog::Breach::Fork(_)) = state.reader.observe(seen, &key)
        {
            self.accuse(
                EvidenceKind::Fork,
                log,
                breach.to_string(),
                breach.evidence().cloned(),
            );
        }
    }

    fn committed(
        &mut self,
        id: ConversationId,
        index: u64,
        entry: &Entry,
        committed: Committed,
    ) -> Result<(), StepError> {
        let keys =
            |members: &[messaging::Member]| members.iter().map(|member| member.identity).collect::<Vec<_>>();
        if !committed.added.is_empty() || !committed.removed.is_empty() {
            let line = Line::Roster(keys(&committed.added), keys(&committed.removed));
            let line_id = MessageId::new(*primitives::canonical::sha256(&entry.bytes).as_bytes());
            self.append_line(id, line_id, committed.by.identity, false, entry, line)?;
        }
        let stays = self
            .session(id)?
            .is_some_and(|session| session.standing() == messaging::Standing::Active);
        if !stays {
            if let Some(state) = self.state.conversations.get_mut(&id) {
                state.halted = true;
            }
            self.save_conversation(id);
            return Ok(());
        }
        if let Some(secret) = &committed.new_log {
            self.hop_conversation(id, secret)?;
        }
        if committed.own {
            self.state.volatile.duty_after.remove(&Duty::Commit(id));
            if let Some(welcome) = &committed.welcome {
                let secret = self.session(id)?.map(|session| session.log_secret());
                let start = if committed.new_log.is_some() {
                    0
                } else {
                    index.saturating_add(1)
                };
                if let Some(secret) = secret {
                    self.welcome(&committed.added, welcome, id, &secret, start)?;
                }
            }
        }
        if committed.lost {
            self.drop_commits(id);
        }
        self.encrypt_again(id, committed.epoch)?;
        self.touch(Topic::Members);
        Ok(())
    }

    /// Moves to the log whose keys the removed cannot have.
    fn hop_conversation(&mut self, id: ConversationId, secret: &Secret<32>) -> Result<(), StepError> {
        let role = LogRole::Conversation { conversation: id };
        let record = role.keys(secret).record(LogKind::Ephemeral);
        let log = self.follow(role, Seed::new(secret.duplicate()), record, Vec::new())?;
        let old = self
            .state
            .conversations
            .get_mut(&id)
            .map(|state| core::mem::replace(&mut state.log, log));
        if let Some(old) = old.filter(|old| *old != log) {
            self.finish_log(old);
        }
        self.save_conversation(id);
        let is_plenary = self
            .state
            .member
            .as_ref()
            .is_some_and(|member| member.plenary == Some(id));
        if is_plenary && let Some(session) = self.session(id)? {
            let key = export_journal_key(session)?;
            self.learn_candidate(key);
        }
        Ok(())
    }

    /// Commits that lost the race leave the outbox; what they were for is made again on the new epoch.
    fn drop_commits(&mut self, id: ConversationId) {
        let conversation_logs = |log: &LogId| {
            self.state
                .logs
                .get(log)
                .is_some_and(|state| state.role == LogRole::Conversation { conversation: id })
        };
        let lost: Vec<u64> = self
            .state
            .outbox
            .iter()
            .filter(|(_, item)| {
                matches!(item.content, Content::Commit { .. }) && conversation_logs(&item.log)
            })
            .map(|(number, _)| *number)
            .collect();
        for number in lost {
            self.drop_outbox(number);
        }
        self.state.volatile.duty_after.remove(&Duty::Commit(id));
    }

    /// Messages that the log did not show before the commit are encrypted again, under the same id: promised a place or
    /// not, they stand after it, where those whom it added cannot read the old epoch.
    fn encrypt_again(&mut self, id: ConversationId, epoch: u64) -> Result<(), StepError> {
        let stale: Vec<(u64, Vec<u8>)> = self
            .state
            .outbox
            .iter()
            .filter(|(_, item)| {
                let role = self.state.logs.get(&item.log).map(|state| state.role);
                role == Some(LogRole::Conversation { conversation: id })
            })
            .filter_map(|(number, item)| match &item.content {
                Content::Message {
                    epoch: made, message, ..
                } if *made < epoch => Some((*number, message.clone())),
                _ => None,
            })
            .collect();
        for (number, message) in stale {
            self.drop_outbox(number);
            if let Ok(message) = AppMessage::decode(&message) {
                self.encrypt_and_post(id, &message)?;
            }
        }
        Ok(())
    }

    /// Makes a commit that adds `packages` and removes whoever the journal no longer admits.
    pub(crate) fn commit_plenary(
        &mut self,
        id: ConversationId,
        packages: Vec<messaging::KeyPackage>,
    ) -> Result<(), StepError> {
        let Some(state) = self.state.conversations.get(&id).cloned() else {
            return Ok(());
        };
        if state.halted {
            return Ok(());
        }
        let member = self
            .state
            .member
            .clone()
            .ok_or(StepError::Internal("no member"))?;
        let certificate = member
            .certificate()
            .map_err(|_| StepError::Internal("own certificate"))?;
        let device = member.device_key();
        let own = OwnDevice::new(&certificate, &device).ok_or(StepError::Internal("own device"))?;
        let Some(mut conversation) = self.take_session(id)? else {
            return Ok(());
        };
        let there = conversation.members();
        let add: Vec<_> = packages
            .into_iter()
            .filter(|package| !there.contains(&package.member()))
            .take(messaging::ADDED_MAX)
            .collect();
        let point = self.journal_point();
        let roster = JournalRoster {
            spans: &self.state.roster,
            position: point.size,
            time: self.folded_time(),
            store: &self.store,
        };
        let intent = Intent {
            add,
            remove: Vec::new(),
            refresh: false,
        };
        let epoch = conversation.epoch();
        let committing = conversation.commit(&own, &roster, point, &intent);
        self.sessions.insert(id, conversation);
        match committing {
            Ok(committing) => self.wrap_and_post(state.log, &committing.message, Content::Commit { epoch }),
            // Another commit is under way, or the journal has to be read further: tried again by itself.
            Err(_) => Ok(()),
        }
    }

    /// Members' duty after a removal: a commit that takes the removed out. The first one ordered wins.
    pub(crate) fn take_out(&mut self) -> Result<(), StepError> {
        let Some(plenary) = self.state.member.as_ref().and_then(|member| member.plenary) else {
            return Ok(());
        };
        let pending = self
            .session(plenary)?
            .is_some_and(|session| session.commit_pending());
        if !pending && self.somebody_stays(plenary)? && self.may_try(Duty::Commit(plenary)) {
            self.commit_plenary(plenary, Vec::new())?;
        }
        Ok(())
    }

    /// Whether somebody whom the journal has removed is still in the group.
    pub(crate) fn somebody_stays(&mut self, id: ConversationId) -> Result<bool, StepError> {
        let gone: Vec<_> = self
            .state
            .roster
            .iter()
            .filter(|span| span.until.is_some())
            .map(|span| span.device)
            .collect();
        if gone.is_empty() {
            return Ok(false);
        }
        let session = self.session(id)?;
        Ok(session.is_some_and(|session| {
            session
                .members()
                .iter()
                .any(|member| gone.contains(&member.device))
        }))
    }

    /// A page of messages, ascending; what waits in the outbox stands at the end.
    pub(crate) fn read(
        &mut self,
        id: ConversationId,
        before: Option<u64>,
        limit: u32,
        mark_read: bool,
    ) -> Result<Answer, Failed> {
        let state = self
            .state
            .conversations
            .get(&id)
            .cloned()
            .ok_or_else(no_assembly)?;
        let end = before.unwrap_or(state.next_position).min(state.next_position);
        let start = end.saturating_sub(u64::from(limit));
        let mut messages = Vec::new();
        for position in start..end {
            let record = self.store.get(tables::MESSAGES, &message_key(id, position))?;
            let record = record.ok_or(StepError::Record(tables::MESSAGES.0))?;
            let record: MessageRecord =
                decode_canonical(&record).map_err(|_| StepError::Record(tables::MESSAGES.0))?;
            messages.push(self.show_message(position, &record));
        }
        if before.is_none() {
            messages.extend(self.show_waiting(id, state.next_position));
            if mark_read && state.read_below < state.next_position {
                if let Some(state) = self.state.conversations.get_mut(&id) {
                    state.read_below = state.next_position;
                }
                self.save_conversation(id);
            }
        }
        Ok(Answer::Messages { messages })
    }

    /// The largest checkpoint of a log that this device has verified.
    pub(crate) fn largest(&self, log: LogId) -> Option<tlog::SignedCheckpoint> {
        self.state.logs.get(&log)?.reader.largest().cloned()
    }
}

/// Wait after a piece could not be had; doubles.
const PIECE_RETRY_MS: u64 = 2_000;

/// Key of a message's record: conversation, then position.
pub(crate) fn message_key(id: ConversationId, position: u64) -> Vec<u8> {
    [id.as_bytes().as_slice(), &position.to_be_bytes()].concat()
}
