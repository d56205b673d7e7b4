//! Coming into a conversation by a letter: the log that it names is read for the Welcome, and followed from where one was
//! added.

use crate::requests::Topic;
use crate::state::{LogRole, Seed};
use crate::step::{Step, StepError};
use crate::views::NoticeCode;
use messaging::{Conversation, JoinError, Letter, Replace};
use primitives::{ConversationId, LogId, Time};
use tlog::LogKind;

use super::talk::ConversationState;

/// Most conversations for whose Welcome is waited at one time.
const JOINING_MAX: usize = 256;

impl Step<'_> {
    /// A letter that this device's card opened. Of a conversation that is followed it says nothing new.
    pub(crate) fn letter_came(&mut self, letter: Letter) -> Result<(), StepError> {
        let id = letter.conversation;
        let Some(member) = self.state.member.clone() else {
            return Ok(());
        };
        let own = self.identity()?;
        let known = self.state.conversations.get(&id);
        let joining = |state: &ConversationState| state.more().joining;
        let room = self
            .state
            .conversations
            .values()
            .filter(|state| joining(state))
            .count()
            < JOINING_MAX;
        let fits = match &letter.terms {
            Some(terms) => {
                let ours = terms.pair().is_none_or(|pair| pair.contains(&own));
                terms.assembly() == member.assembly && ours
            }
            None => known.is_some() && member.plenary == Some(id),
        };
        let free = known.map_or(room, |state| state.halted || joining(state));
        if !fits || !free {
            return Ok(());
        }
        self.learn_journal_keys(letter.journal_keys);
        let role = LogRole::Conversation { conversation: id };
        let record = role.keys(&letter.log_secret).record(LogKind::Ephemeral);
        let log = self.follow(role, Seed::new(letter.log_secret), record, Vec::new())?;
        if let Some(state) = self.state.logs.get_mut(&log) {
            state.taken = state.taken.max(letter.log_start);
            state.finished = false;
        }
        self.save_log(log);
        let state = self.state.conversations.entry(id);
        let state = state.or_insert_with(|| ConversationState::new(id, log));
        (state.log, state.halted) = (log, false);
        let more = state.more_mut();
        (more.joining, more.left) = (true, false);
        if letter.terms.is_some() {
            more.terms = letter.terms;
        }
        self.save_conversation(id);
        self.state.volatile.looked_for.remove(&id);
        self.take_in(log)
    }

    /// Looks for the Welcome from `index` on, and joins by it. `false`: it is not here, or the journal is behind it, or the
    /// conversation goes on in another log.
    pub(super) fn join_by_welcome(
        &mut self,
        id: ConversationId,
        log: LogId,
        index: u64,
    ) -> Result<bool, StepError> {
        let Some(state) = self.state.logs.get(&log) else {
            return Ok(false);
        };
        let (size, secret) = (state.reader.size(), state.secret.clone());
        let looked = (size, self.journal_point().size);
        if self.state.volatile.looked_for.insert(id, looked) == Some(looked) {
            return Ok(false);
        }
        let terms = self
            .state
            .conversations
            .get(&id)
            .and_then(|state| state.more().terms);
        for entry in self.load_entries_from(log, index, size.saturating_sub(index))? {
            let Some(welcome) = messaging::welcome_in(secret.secret(), id, &entry.bytes) else {
                continue;
            };
            let device = self.device()?;
            let own = device.own()?;
            let roster = self.roster_marks()?;
            let place = messaging::Place {
                conversation: id,
                terms: terms.clone(),
                replace: Replace::Broken,
            };
            match Conversation::join(&mut self.store, &own, &roster, &welcome, &place) {
                Ok(conversation) => return self.came_in(conversation, log, entry.time),
                Err(JoinError::Store(error)) => return Err(error.into()),
                Err(JoinError::JournalBehind) => return Ok(false),
                // For somebody else, or no use: another one may follow.
                Err(_) => {}
            }
        }
        Ok(false)
    }

    /// This device is in: it follows the log that the group itself names, and renews its leaf and its card.
    fn came_in(&mut self, conversation: Conversation, log: LogId, at: Time) -> Result<bool, StepError> {
        let (id, secret, own) = (conversation.id(), conversation.log_secret(), self.identity()?);
        let role = LogRole::Conversation { conversation: id };
        let record = role.keys(&secret).record(LogKind::Ephemeral);
        let true_log = self.follow(role, Seed::new(secret), record, Vec::new())?;
        if true_log != log {
            self.finish_log(log);
        }
        if let Some(state) = self.state.conversations.get_mut(&id) {
            state.log = true_log;
            let more = state.more_mut();
            (more.joining, more.refreshed, more.asked) = (false, None, None);
            more.since.retain(|(identity, _)| *identity != own);
            more.since.push((own, at));
        }
        self.save_conversation(id);
        self.sessions.insert(id, conversation);
        self.card_used()?;
        self.clear_notice(NoticeCode::ResyncNeeded);
        self.touch(Topic::Conversations);
        Ok(true_log == log)
    }
}
