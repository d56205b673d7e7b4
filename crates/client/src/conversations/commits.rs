//! Commits: who comes and who goes, the hop to another log, and members' duty to take the removed out.

use super::record::{Line, MessageRecord};
use crate::keyring::export_journal_key;
use crate::requests::Topic;
use crate::state::{Content, Duty, LogRole, Seed};
use crate::step::{Step, StepError, Turn};
use messaging::{CommitError, Committed, GROUP_DEVICES_MAX, Intent};
use primitives::{ConversationId, LogId, Secret, VerifyingKey};
use tlog::{Entry, LogKind};

impl Step<'_> {
    pub(super) fn committed(
        &mut self,
        id: ConversationId,
        index: u64,
        entry: &Entry,
        committed: Committed,
    ) -> Result<(), StepError> {
        let (came, went) = self.came_and_went(id, &committed)?;
        if !came.is_empty() || !went.is_empty() {
            let line = Line::Roster(came, went);
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

    /// Members of whom a commit has brought the first device, and of whom it has taken the last; who is taken out and added
    /// again in one commit has done neither.
    fn came_and_went(
        &mut self,
        id: ConversationId,
        committed: &Committed,
    ) -> Result<(Vec<VerifyingKey>, Vec<VerifyingKey>), StepError> {
        let there = self
            .session(id)?
            .map_or_else(Vec::new, |session| session.members());
        let (mut came, mut went) = (Vec::new(), Vec::new());
        for member in &committed.added {
            let of_it = |other: &&messaging::Member| other.identity == member.identity;
            let stayed = there
                .iter()
                .filter(of_it)
                .any(|other| !committed.added.contains(other));
            let back = committed.removed.iter().any(|other| of_it(&other));
            if !stayed && !back && !came.contains(&member.identity) {
                came.push(member.identity);
            }
        }
        for member in &committed.removed {
            let stays = there.iter().any(|other| other.identity == member.identity);
            if !stays && !went.contains(&member.identity) {
                went.push(member.identity);
            }
        }
        Ok((came, went))
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
            // A demand, request or point for the log that is over is made again for the new one.
            let stale: Vec<u64> = self
                .state
                .outbox
                .iter()
                .filter(|(_, item)| item.log == old && item.content == Content::Listing)
                .map(|(number, _)| *number)
                .collect();
            stale.into_iter().for_each(|number| self.drop_outbox(number));
            self.state.volatile.duty_after.remove(&Duty::Point(id));
            self.leave_old_logs(id);
        }
        self.save_conversation(id);
        let is_plenary = self
            .state
            .member
            .as_ref()
            .is_some_and(|member| member.plenary == Some(id));
        let had_ended = self
            .state
            .conversations
            .get(&id)
            .is_some_and(|state| state.more().ends.is_some());
        if (is_plenary || had_ended)
            && let Some(session) = self.session(id)?
        {
            let key = export_journal_key(session)?;
            if is_plenary {
                self.learn_candidate(key);
            } else {
                self.learn_former_candidate(key);
            }
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

    /// Commits made before this one, or on less of the journal than a point says, leave the outbox: those that lost the race (what they were for is made again on the new
    /// epoch), and what is left of one's own that came in by a copy.
    pub(super) fn drop_commits(&mut self, id: ConversationId) {
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
        // Who asks to come back is there still.
        let asking = conversation.requests(self.journal_point().size);
        let stays = |member: &messaging::Member| {
            there.contains(member) && !asking.iter().any(|package| package.member() == *member)
        };
        let packages = intent.add.iter().filter(|package| !stays(&package.member()));
        let add: Vec<_> = packages.take(messaging::ADDED_MAX).cloned().collect();
        let point = self.journal_point();
        let mut intent = Intent { add, ..intent };
        let epoch = conversation.epoch();
        let now = self.log_now();
        loop {
            let made = conversation.commit(&own, &self.roster(), point, now, &intent);
            match made {
                Ok(committing) => {
                    let content = Content::Commit { epoch };
                    return self.wrap_and_post(
                        conversation,
                        state.log,
                        &committing.message,
                        &content,
                        Some(turn),
                    );
                }
                // Whom this member cannot bring is brought no longer; the others are.
                Err(CommitError::NoPlace(member)) => {
                    intent.add.retain(|package| package.member() != member);
                    if let Some(state) = self.state.conversations.get_mut(&id) {
                        state
                            .more_mut()
                            .bringing
                            .retain(|identity| *identity != member.identity);
                    }
                    self.save_conversation(id);
                }
                // As many as there is room for.
                Err(CommitError::Full) if intent.add.pop().is_some() => {}
                // Another commit is under way, or the journal has to be read further: tried again by itself.
                Err(_) => {
                    self.sessions.insert(id, conversation);
                    return Ok(());
                }
            }
        }
    }

    /// How many more devices a conversation can hold.
    pub(crate) fn room_in(&mut self, id: ConversationId) -> Result<usize, StepError> {
        let state = self.state.conversations.get(&id);
        if state.is_none_or(|state| state.more().terms.is_none()) {
            return Ok(usize::MAX);
        }
        let there = self.session(id)?.map_or(0, |session| session.members().len());
        Ok(GROUP_DEVICES_MAX.saturating_sub(there))
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
