//! Following logs: every page is checked against what the relay had signed before, lies become evidence, and entries
//! are taken in one by one, in order, each exactly once.

use crate::effects::{CallError, Effect, Watch};
use crate::jobs::Progress;
use crate::outbox::lane_of;
use crate::requests::{Topic, Work};
use crate::state::{Content, LogRole, LogState, Seed};
use crate::step::{Step, StepError};
use crate::tables;
use crate::views::{ConnectionState, NoticeCode};
use crate::volatile::Expected;
use minicbor::bytes::ByteArray;
use primitives::canonical::{decode_canonical, encode};
use primitives::{LogId, RelayId, Time};
use relay_api::{Call, ProblemKind, ReadToken, Reply};
use tlog::{CheckpointKey, CreateLog, Entry, LogKind, Origin, Page, Reader};

/// Bytes of entries asked for at once.
const PAGE_BYTES_MAX: u32 = 1024 * 1024;
/// Between two reads of a log that is not watched.
pub(crate) const POLL_MS: u64 = 1_000;
/// Between two reads of a log that is watched: only in case a push was lost.
const POLL_WATCHED_MS: u64 = 15_000;

impl Step<'_> {
    /// The relay of the assembly, as its address line pins it.
    pub(crate) fn relay_id(&self) -> Option<RelayId> {
        let member = self.state.member.as_ref()?;
        Some(member.relay.parse::<relay_api::RelayAddress>().ok()?.relay)
    }

    /// The relay's checkpoint key, once its certificate by the pinned identity key has been fetched.
    pub(crate) fn checkpoint_key(&self) -> Option<CheckpointKey> {
        if let Some(key) = self.relay_key.get() {
            return Some(*key);
        }
        let relay = self.relay_id()?;
        let keys = self.state.member.as_ref()?.relay_keys.clone()?;
        let key = relay_api::RelayKeys::verify(keys, relay).ok()?.checkpoint_key();
        Some(*self.relay_key.get_or_init(|| key))
    }

    /// Begins to follow a log; does nothing if it is followed already.
    pub(crate) fn follow(
        &mut self,
        role: LogRole,
        secret: Seed,
        record: CreateLog,
        roll: Vec<ByteArray<32>>,
    ) -> Result<LogId, StepError> {
        let id = record.id();
        if self.state.logs.contains_key(&id) {
            return Ok(id);
        }
        let relay = self
            .relay_id()
            .ok_or(StepError::Internal("a log without a relay"))?;
        let reader = Reader::new(Origin { relay, log: id });
        let log = LogState {
            role,
            secret,
            record,
            reader,
            taken: 0,
            created: false,
            finished: false,
            roll,
            cosigned: 0,
            cosigned_at: Time(0),
            covered: 0,
            wanted: 0,
            cosigned_twice: None,
        };
        self.state.logs.insert(id, log);
        self.save_log(id);
        Ok(id)
    }

    /// What an audit file will show of a log, finished or not.
    pub(crate) fn want_log(&mut self, id: LogId, size: u64) {
        if let Some(log) = self.state.logs.get_mut(&id) {
            log.wanted = log.wanted.max(size);
        }
        self.save_log(id);
    }

    /// Nothing more is expected from a log.
    pub(crate) fn finish_log(&mut self, id: LogId) {
        if self.state.logs.get(&id).is_some_and(|log| !log.finished) {
            self.drop_kept(id);
        }
        if let Some(log) = self.state.logs.get_mut(&id) {
            log.finished = true;
        }
        self.save_log(id);
    }

    /// Asks for what is due: the relay's keys, creation of logs, pages.
    pub(crate) fn ask(&mut self) {
        if self.state.member.is_none()
            || self
                .state
                .volatile
                .quiet_until
                .is_some_and(|until| until > self.now)
        {
            return;
        }
        if self.checkpoint_key().is_none() {
            self.ask_once(Expected::Keys, crate::effects::Lane::Journal, || Call::Keys);
            return;
        }
        self.ask_for_time();
        let ids: Vec<LogId> = self
            .state
            .logs
            .iter()
            .filter(|(_, log)| log.is_read_on())
            .map(|(id, _)| *id)
            .collect();
        for id in ids {
            self.ask_for_log(id);
        }
        self.watch();
    }

    fn ask_for_log(&mut self, id: LogId) {
        let Some(log) = self.state.logs.get(&id) else {
            return;
        };
        let lane = lane_of(&log.role);
        if !log.created {
            let (record, roll) = (log.record.clone(), log.roll.clone());
            self.ask_once(Expected::Create { log: id }, lane, || Call::Create {
                record,
                roll,
            });
            return;
        }
        let due = self
            .state
            .volatile
            .poll_at
            .get(&id)
            .is_none_or(|at| *at <= self.now);
        if due {
            let token = ReadToken::from(&log.role.keys(log.secret.secret()).read_token);
            let (from, known) = (log.reader.size(), log.reader.known_ahead());
            self.ask_once(Expected::Read { log: id }, lane, || Call::Read {
                log: id,
                token,
                from,
                bytes_max: PAGE_BYTES_MAX,
                known,
            });
        }
        self.ask_for_proof(id);
        self.ask_for_standing(id);
    }

    pub(crate) fn ask_once(
        &mut self,
        expected: Expected,
        lane: crate::effects::Lane,
        call: impl FnOnce() -> Call,
    ) {
        if !self.expects(&expected) {
            let ticket = self.ticket(expected);
            self.effects.push(Effect::Call {
                ticket,
                lane,
                call: Box::new(call()),
            });
        }
    }

    /// Watches the logs that exist, when their set has changed.
    fn watch(&mut self) {
        let wanted: std::collections::BTreeSet<LogId> = self
            .state
            .logs
            .iter()
            .filter(|(_, log)| log.created && !log.finished && !matches!(log.role, LogRole::Box { .. }))
            .map(|(id, _)| *id)
            .collect();
        if wanted == self.state.volatile.watched {
            return;
        }
        let watches = wanted
            .iter()
            .filter_map(|id| {
                let log = self.state.logs.get(id)?;
                let token = log.role.keys(log.secret.secret()).read_token;
                Some(Watch {
                    log: *id,
                    token,
                    from: log.reader.size(),
                    lane: lane_of(&log.role),
                })
            })
            .collect();
        self.state.volatile.watched = wanted;
        self.effects.push(Effect::Watch(watches));
    }

    /// Takes the relay's keys.
    pub(crate) fn keys_came(&mut self, result: Result<Reply, CallError>) {
        match (result, self.relay_id()) {
            (Ok(Reply::Keys(keys)), Some(relay)) => {
                if relay_api::RelayKeys::verify(keys.clone(), relay).is_ok() {
                    if let Some(member) = &mut self.state.member {
                        member.relay_keys = Some(keys);
                    }
                    self.call_worked();
                    self.save_member();
                } else {
                    self.call_failed(&CallError::Nonsense);
                }
            }
            (Ok(_), _) => self.call_failed(&CallError::Nonsense),
            (Err(error), _) => self.call_failed(&error),
        }
    }

    /// Takes the answer to a creation.
    pub(crate) fn created(&mut self, id: LogId, result: Result<Reply, CallError>) {
        match result {
            Ok(Reply::Created { .. }) => {
                self.call_worked();
                if let Some(log) = self.state.logs.get_mut(&id) {
                    log.created = true;
                }
                self.save_log(id);
            }
            Ok(_) => self.call_failed(&CallError::Nonsense),
            Err(error) => self.call_failed(&error),
        }
    }

    /// A read that brought nothing: a log that is not there is created again, a busy relay is left alone for a while.
    pub(crate) fn read_failed(&mut self, id: LogId, error: &CallError) {
        self.state.volatile.poll_at.insert(id, self.now.after(POLL_MS));
        match error {
            CallError::Problem(problem) if problem.kind == ProblemKind::NotFound => {
                self.hold_until_shown(id);
                if let Some(log) = self.state.logs.get_mut(&id) {
                    log.created = false;
                }
                self.save_log(id);
            }
            CallError::Problem(problem)
                if matches!(problem.kind, ProblemKind::Behind | ProblemKind::OutOfRange) =>
            {
                self.state
                    .volatile
                    .poll_at
                    .insert(id, self.now.after(POLL_MS.saturating_mul(5)));
                self.show_again(id);
            }
            _ => self.call_failed(error),
        }
    }

    /// Takes a page, asked for or pushed.
    pub(crate) fn page_came(&mut self, id: LogId, page: &Page, pushed: bool) -> Result<(), StepError> {
        let Some(key) = self.checkpoint_key() else {
            return Ok(());
        };
        let Some(log) = self.state.logs.get_mut(&id) else {
            return Ok(());
        };
        // A push does not know which checkpoint is known here: nothing may be passed over it (LOG-12).
        let known = log.reader.known_ahead();
        let passes_known = known.is_some_and(|known| page.gone.as_ref().is_some_and(|gone| gone.to > known));
        if page.from != log.reader.size() || passes_known {
            // A push and an answer crossed: what is still missing is asked for, soon but not at once, for a relay that
            // always answers so would be asked for ever.
            let wait_ms = if pushed { 0 } else { POLL_MS / 4 };
            self.state.volatile.poll_at.insert(id, self.now.after(wait_ms));
            return Ok(());
        }
        let (first, role, kind) = (page.first(), log.role, log.record.kind);
        let was_known = log.reader.largest().cloned();
        let mut roots = Vec::new();
        let keeps = matches!(role, LogRole::Conversation { .. });
        let extended = log.reader.extend_of(kind, page, &key, |size, frontier| {
            if keeps {
                roots.push((size, frontier.root()));
            }
        });
        match extended {
            Ok(verified) => {
                self.keep_roots(id, roots);
                if verified.unread == 0 {
                    self.state.volatile.read_at.insert(id, self.now);
                }
                let wait_ms = match (verified.unread, &role) {
                    (1.., _) => 0,
                    (_, LogRole::Box { .. }) => self.box_poll_ms(&role),
                    _ if self.state.volatile.watching && self.state.volatile.watched.contains(&id) => {
                        POLL_WATCHED_MS
                    }
                    _ => POLL_MS,
                };
                self.state.volatile.poll_at.insert(id, self.now.after(wait_ms));
                if let Some(newest) = page.entries.last() {
                    self.note_entry_time(newest.time);
                }
                if !page.is_empty() {
                    self.caught_up(id, first, verified.unread);
                }
                let moved =
                    self.state.logs.get(&id).map(|log| log.reader.largest().cloned()) != Some(was_known);
                let taken = self.state.logs.get(&id).map_or(0, |log| log.taken);
                for (index, entry) in (first..).zip(&page.entries) {
                    // A joiner begins behind what came before it.
                    if index < taken && !keeps_entries(&role) {
                        continue;
                    }
                    self.store
                        .put(tables::ENTRIES, entry_key(id, index), encode(entry));
                }
                if moved || !page.is_empty() {
                    self.save_log(id);
                    self.check_promises(id);
                    if matches!(role, LogRole::Box { .. }) {
                        let size = self.state.logs.get(&id).map_or(0, |log| log.reader.size());
                        self.settle_covered_at(id, size)?;
                    }
                }
            }
            Err(breach) => self.breached(id, &breach),
        }
        self.take_in(id)
    }

    /// Tells how far a log is read when it is read from far behind, and when it has come to its end.
    fn caught_up(&mut self, id: LogId, from: u64, unread: u64) {
        let far = self.state.volatile.catching_up.contains(&id);
        if unread == 0 && !far {
            return;
        }
        if unread == 0 {
            self.state.volatile.catching_up.remove(&id);
        } else {
            self.state.volatile.catching_up.insert(id);
        }
        let done = self.state.logs.get(&id).map_or(from, |log| log.reader.size());
        self.progress(Progress {
            work: Work::CatchUp,
            done,
            total: done.saturating_add(unread),
        });
    }

    /// Takes in entries that have been read and not been taken yet; stops where something is missing.
    pub(crate) fn take_in(&mut self, id: LogId) -> Result<(), StepError> {
        let before = self.state.logs.get(&id).map(|log| log.taken);
        self.take_all(id)?;
        if self.state.logs.get(&id).map(|log| log.taken) != before {
            self.save_log(id);
        }
        Ok(())
    }

    fn take_all(&mut self, id: LogId) -> Result<(), StepError> {
        loop {
            let Some(log) = self.state.logs.get(&id) else {
                return Ok(());
            };
            let (index, role) = (log.taken, log.role);
            if index >= log.reader.size() {
                return Ok(());
            }
            let Some(entry) = self.load_entry(id, index)? else {
                // Of a log that is no record the relay may have kept it no longer.
                let (kind, size) = (log.record.kind, log.reader.size());
                if kind == LogKind::Record {
                    return Err(StepError::Record(tables::ENTRIES.0));
                }
                let next = self.next_kept(id, index)?.unwrap_or(size);
                if let Some(log) = self.state.logs.get_mut(&id) {
                    log.taken = next.max(index.saturating_add(1));
                }
                if let LogRole::Conversation { conversation } = role {
                    self.has_missed(conversation, id)?;
                }
                continue;
            };
            let own = self.own_item(id, &entry.bytes);
            // A statement that stands behind the journal's last one in this log has no effect: it is stated again.
            let went_on = self.current_journal().is_some_and(|(log, _)| log != id);
            let stated_again = matches!(role, LogRole::Journal { .. }) && went_on;
            if !self.take_entry(id, role, index, &entry, own)? {
                return Ok(());
            }
            let said_again = own.is_some_and(|item| self.is_unheard(role, item));
            if let (Some(item), false) = (own, stated_again || said_again) {
                self.drop_outbox(item);
            }
            if let Some(log) = self.state.logs.get_mut(&id) {
                log.taken = index.saturating_add(1);
            }
            if let Some(behind) = self.kept_behind(&role)
                && let Some(old) = index.checked_sub(behind)
            {
                self.store.delete(tables::ENTRIES, entry_key(id, old));
            }
        }
    }

    /// Whether an own message came to stand behind the point from which this device follows its conversation no more: it was said
    /// in an epoch that was over, or in a plenary that had ended, and is said again where it is heard.
    fn is_unheard(&self, role: LogRole, item: u64) -> bool {
        let LogRole::Conversation { conversation } = role else {
            return false;
        };
        let message = self.state.outbox.get(&item);
        let message = message.is_some_and(|item| matches!(item.content, Content::Message { .. }));
        let state = self.state.conversations.get(&conversation);
        message
            && state.is_some_and(|state| {
                let more = state.more();
                state.halted && (!more.left || more.ends.is_some())
            })
    }

    /// Hands one entry to whom it concerns. `false`: it cannot be taken yet.
    fn take_entry(
        &mut self,
        id: LogId,
        role: LogRole,
        index: u64,
        entry: &Entry,
        own: Option<u64>,
    ) -> Result<bool, StepError> {
        match role {
            LogRole::Journal { .. } => self.journal_entry(id, index, entry, own),
            LogRole::Witness { .. } | LogRole::Vote { .. } => self.side_entry(id, entry).map(|()| true),
            LogRole::Box { motion, .. } => {
                // The close entry may be one's own as well.
                let ballot = own.and_then(|number| self.state.outbox.get(&number));
                let ballot = ballot.is_some_and(|item| matches!(item.content, Content::Ballot { .. }));
                self.box_entry(motion, ballot);
                Ok(true)
            }
            LogRole::Conversation { conversation } => {
                self.conversation_entry(conversation, id, index, entry, own)
            }
            LogRole::Directory { number } => self.listed(number, entry).map(|()| true),
            LogRole::Rendezvous { .. } => self.rendezvous_entry(id, index, entry, own.is_some()),
            LogRole::Link { .. } => self.link_entry(id, entry, own.is_some()),
        }
    }

    pub(crate) fn load_entry(&self, id: LogId, index: u64) -> Result<Option<Entry>, StepError> {
        let value = self.store.get(tables::ENTRIES, &entry_key(id, index))?;
        value
            .map(|value| decode_canonical(&value).map_err(|_| StepError::Record(tables::ENTRIES.0)))
            .transpose()
    }

    /// The index of the first kept entry of a log from `from` on.
    fn next_kept(&self, id: LogId, from: u64) -> Result<Option<u64>, StepError> {
        let found = self
            .store
            .scan(tables::ENTRIES, id.as_bytes(), &entry_key(id, from), 1)?;
        let index = found.first().and_then(|(key, _)| key.last_chunk::<8>());
        Ok(index.map(|index| u64::from_be_bytes(*index)))
    }

    /// All kept entries of a log, in order.
    pub(crate) fn load_entries(&self, id: LogId) -> Result<Vec<Entry>, StepError> {
        self.store
            .scan(tables::ENTRIES, id.as_bytes(), b"", usize::MAX)?
            .into_iter()
            .map(|(_, value)| decode_canonical(&value).map_err(|_| StepError::Record(tables::ENTRIES.0)))
            .collect()
    }

    /// Kept entries of a log from an index on, in order, at most `count`.
    pub(crate) fn load_entries_from(
        &self,
        id: LogId,
        from: u64,
        count: u64,
    ) -> Result<Vec<Entry>, StepError> {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        self.store
            .scan(tables::ENTRIES, id.as_bytes(), &entry_key(id, from), count)?
            .into_iter()
            .map(|(_, value)| decode_canonical(&value).map_err(|_| StepError::Record(tables::ENTRIES.0)))
            .collect()
    }

    /// A quiet line about the surroundings.
    pub(crate) fn notice(&mut self, code: NoticeCode) {
        if self.state.volatile.notice != Some(code) {
            self.state.volatile.notice = Some(code);
            self.touch(Topic::Overview);
        }
    }

    pub(crate) fn clear_notice(&mut self, code: NoticeCode) {
        if self.state.volatile.notice == Some(code) {
            self.state.volatile.notice = None;
            self.touch(Topic::Overview);
        }
    }

    pub(crate) fn call_worked(&mut self) {
        self.state.volatile.failures = 0;
        self.state.volatile.quiet_until = None;
        self.connection(ConnectionState::Online);
        self.clear_notice(NoticeCode::RelayAnswersNonsense);
    }

    /// A call that brought nothing: wait before the next ones.
    pub(crate) fn call_failed(&mut self, error: &CallError) {
        self.state.volatile.failures = self.state.volatile.failures.saturating_add(1);
        let wait_ms = self.backoff_ms();
        self.state.volatile.quiet_until = Some(self.now.after(wait_ms));
        match error {
            CallError::Unreachable => self.connection(ConnectionState::Offline),
            CallError::WrongRelay => self.connection(ConnectionState::WrongRelay),
            CallError::Nonsense => self.notice(NoticeCode::RelayAnswersNonsense),
            CallError::Problem(_) => {}
        }
    }

    pub(crate) fn connection(&mut self, state: ConnectionState) {
        if self.state.volatile.connection != state {
            if state == ConnectionState::Online {
                self.show_anew();
            }
            self.state.volatile.connection = state;
            self.touch(Topic::Overview);
        }
    }
}

/// Key of an entry's record: log id, then index.
pub(crate) fn entry_key(id: LogId, index: u64) -> Vec<u8> {
    [id.as_bytes().as_slice(), &index.to_be_bytes()].concat()
}

/// Whether a log's entries stay in the store after they have been taken in: the audit file is made of them.
pub(crate) fn keeps_entries(role: &LogRole) -> bool {
    match role {
        LogRole::Journal { .. } | LogRole::Box { .. } | LogRole::Witness { .. } | LogRole::Vote { .. } => {
            true
        }
        LogRole::Conversation { .. }
        | LogRole::Rendezvous { .. }
        | LogRole::Directory { .. }
        | LogRole::Link { .. } => false,
    }
}
