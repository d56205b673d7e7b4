//! Commits: who comes and who goes, the hop to another log, and members' duty to take the removed out.

use super::record::{Line, MessageRecord};
use crate::keyring::export_journal_key;
use crate::requests::Topic;
use crate::state::{Content, Duty, LogRole, Seed};
use crate::step::{Step, StepError, Turn};
use messaging::{Committed, Intent};
use primitives::{ConversationId, LogId, Secret};
use tlog::{Entry, LogKind};

impl Step<'_> {
    pub(super) fn committed(
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
            let name = primitives::canonical::sha256(&entry.bytes).into();
            let record = MessageRecord::new(name, committed.by.identity, false, entry.time, line);
            self.append_line(id, record)?;
        }
        let stays = self
            .session(id)?
            .is_some_and(|session| session.standing() == messaging::Standing::Active);
        if !stays {
            if let Some(state) = self.state.conversations.get_mut(&id) {
                state.halted = true;
                let more = state.more_mut();
                more.left = true;
                more.demanding.clear();
                more.bringing.clear();
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
                    self.write_letters(id, &committed.added, welcome, start)?;
                    self.name_again(id)?;
                }
            }
        }
        self.note_roster(id, entry.time, &committed)?;
        self.drop_commits(id);
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
            // A demand or request for the log that is over is made again for the new one.
            let stale: Vec<u64> = self
                .state
                .outbox
                .iter()
                .filter(|(_, item)| item.log == old && item.content == Content::Listing)
                .map(|(number, _)| *number)
                .collect();
            stale.into_iter().for_each(|number| self.drop_outbox(number));
            self.leave_old_logs(id);
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

    /// Logs from which the conversation has moved on are done with, once nobody waits for an own Welcome in them any more.
    pub(super) fn leave_old_logs(&mut self, id: ConversationId) {
        let Some(present) = self.state.conversations.get(&id).map(|state| state.log) else {
            return;
        };
        let waits = |log: &LogId| {
            let mut items = self.state.outbox.values();
            items.any(|item| item.log == *log && item.content == Content::Welcome)
        };
        let over: Vec<LogId> = self
            .state
            .logs
            .iter()
            .filter(|(log, state)| {
                let of = state.role == LogRole::Conversation { conversation: id };
                of && !state.finished && **log != present && !waits(log)
            })
            .map(|(log, _)| *log)
            .collect();
        for log in over {
            self.finish_log(log);
        }
    }

    /// Commits made before this one leave the outbox: those that lost the race (what they were for is made again on the new
    /// epoch), and what is left of one's own that came in by a copy.
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

    /// Makes a commit that does what is intended and removes whoever the journal no longer admits.
    pub(crate) fn commit(&mut self, turn: Turn, id: ConversationId, intent: Intent) -> Result<(), StepError> {
        let Some(state) = self.state.conversations.get(&id).cloned() else {
            return Ok(());
        };
        if state.halted {
            return Ok(());
        }
        let device = self.device()?;
        let own = device.own()?;
        let Some(mut conversation) = self.take_session(id)? else {
            return Ok(());
        };
        let there = conversation.members();
        // Who comes back is there still.
        let stays =
            |member: &messaging::Member| there.contains(member) && !intent.remove.contains(&member.identity);
        let packages = intent.add.iter().filter(|package| !stays(&package.member()));
        let add: Vec<_> = packages.take(messaging::ADDED_MAX).cloned().collect();
        let point = self.journal_point();
        let intent = Intent { add, ..intent };
        let epoch = conversation.epoch();
        let now = self.log_now();
        let roster = self.roster();
        match conversation.commit(&own, &roster, point, now, &intent) {
            Ok(committing) => {
                let content = Content::Commit { epoch };
                self.wrap_and_post(conversation, state.log, &committing.message, &content, Some(turn))
            }
            // Another commit is under way, or the journal has to be read further: tried again by itself.
            Err(_) => {
                self.sessions.insert(id, conversation);
                Ok(())
            }
        }
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
}
