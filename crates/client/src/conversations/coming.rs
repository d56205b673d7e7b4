//! Coming into a conversation by a letter: the log that it names is read for the Welcome, and followed from where one was
//! added.

use crate::requests::Topic;
use crate::state::{LogRole, Seed};
use crate::step::{Step, StepError};
use crate::views::NoticeCode;
use messaging::{Conversation, JoinError, Letter, Member, Replace, Roster as _};
use primitives::{ConversationId, LogId, Time};
use tlog::LogKind;

use super::talk::{Candidate, ConversationState};

/// Most conversations for whose Welcome is waited at one time.
const JOINING_MAX: usize = 256;
/// Most logs in which the Welcome of one of them is looked for.
const CANDIDATES_MAX: usize = 4;

impl Step<'_> {
    /// A letter that this device's card opened. Of a conversation that is followed it says nothing new.
    ///
    /// Anybody may write one, with whatever in it: it makes one log more that is looked through for a Welcome, and counts for
    /// nothing until there is one. How many lines there have been is believed of one's own member only.
    pub(crate) fn letter_came(&mut self, by: Member, letter: Letter) -> Result<(), StepError> {
        let id = letter.conversation;
        let Some(member) = self.state.member.clone() else {
            return Ok(());
        };
        let own = self.identity()?;
        let known = self.state.conversations.get(&id);
        let joining = |state: &ConversationState| state.more().joining;
        let conversations = self.state.conversations.values();
        let room = by.identity == own || conversations.filter(|state| joining(state)).count() < JOINING_MAX;
        let fits = match &letter.terms {
            Some(terms) => terms.assembly() == member.assembly && terms.admits(&own),
            None if member.plenary != Some(id) => return self.keep_letter(by, &letter),
            // MSG-37: the way into a plenary that was founded anew is shown by those who signed that.
            None => match self.plenary_anew(id) {
                Some(plenary) if known.is_none_or(joining) => {
                    self.may_lead(plenary, &by.device)? && !(known.is_none() && self.is_founder_of(id))
                }
                _ => member.joining.is_none(),
            },
        };
        let free = known.map_or(room, |state| state.halted || joining(state));
        if !fits || !free || self.is_out(&by) {
            return Ok(());
        }
        self.learn_journal_keys(letter.journal_keys);
        let role = LogRole::Conversation { conversation: id };
        let record = role.keys(&letter.log_secret).record(LogKind::Ephemeral);
        let log = record.id();
        let candidate = Candidate {
            by,
            log,
            lines: letter.lines,
        };
        let begun = !self.state.conversations.contains_key(&id);
        if !self.is_taken_up(id, candidate) {
            return Ok(());
        }
        let taken = self.state.logs.get(&log).map(|state| state.taken);
        if taken.is_some_and(|taken| taken > letter.log_start && by.identity == own) {
            // Somebody named it before and had it begin too late: it is read anew.
            self.state.logs.remove(&log);
        }
        let fresh = !self.state.logs.contains_key(&log);
        self.follow(role, Seed::new(letter.log_secret), record, Vec::new())?;
        if let Some(state) = self.state.logs.get_mut(&log) {
            if fresh || state.finished {
                state.taken = state.taken.max(letter.log_start);
            }
            state.finished = false;
        }
        self.save_log(log);
        let state = self.state.conversations.get_mut(&id);
        match (state, letter.terms) {
            (Some(state), Some(terms)) => state.more_mut().terms = Some(terms),
            (Some(_), None) if begun => self.arrange_as_before(id),
            _ => {}
        }
        self.save_conversation(id);
        self.state.volatile.looked_for.remove(&log);
        self.take_in(log)
    }

    /// Whether the journal has had somebody's device, and has it no longer.
    fn is_out(&self, member: &Member) -> bool {
        let mut spans = self.state.roster.iter();
        let point = self.journal_point();
        spans.any(|span| span.device == member.device) && !self.roster().admits(&point, member)
    }

    /// Puts a log among those in which the Welcome of a conversation is looked for: one for each author. If there are too many,
    /// what one's own member wrote goes before what others wrote, and what the journal's members wrote before the rest.
    fn is_taken_up(&mut self, id: ConversationId, candidate: Candidate) -> bool {
        let Ok(own) = self.identity() else { return false };
        let (log, by) = (candidate.log, candidate.by);
        let known = self.state.conversations.get(&id);
        let joining = known.is_some_and(|state| state.more().joining);
        let candidates = known
            .filter(|_| joining)
            .map_or(&[][..], ConversationState::candidates);
        let mut candidates = candidates.to_vec();
        let mine = |other: &Candidate| other.by.identity == own;
        // The same log by somebody else says nothing more, unless it is one's own member.
        if let Some(same) = candidates.iter_mut().find(|other| other.log == log) {
            if !mine(&candidate) {
                return false;
            }
            *same = candidate;
        } else {
            candidates.retain(|other| other.by != by);
            candidates.push(candidate);
        }
        let (point, roster) = (self.journal_point(), self.roster());
        candidates.sort_by_key(|other| (!mine(other), !roster.admits(&point, &other.by)));
        let over = candidates.split_off(candidates.len().min(CANDIDATES_MAX));
        let taken_up = over.iter().all(|other| other.log != log);
        let dropped: Vec<LogId> = known
            .map_or(&[][..], ConversationState::candidates)
            .iter()
            .map(|other| other.log)
            .filter(|other| candidates.iter().all(|kept| kept.log != *other))
            .collect();
        dropped.into_iter().for_each(|log| self.finish_log(log));
        let state = self.state.conversations.entry(id);
        let state = state.or_insert_with(|| ConversationState::new(id, log));
        state.halted = false;
        let more = state.more_mut();
        (more.joining, more.left) = (true, false);
        more.candidates = Some(candidates);
        taken_up
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
        if self.state.volatile.looked_for.insert(log, looked) == Some(looked) {
            return Ok(false);
        }
        let terms = self
            .state
            .conversations
            .get(&id)
            .and_then(|state| state.more().terms);
        // Who has been in it comes back by whoever is in it (MSG-18).
        let anew = self.plenary_anew(id).cloned();
        let anew = anew.filter(|_| terms.is_none());
        let founders = match anew {
            Some(plenary) if self.session(id)?.is_none() => Some(self.founders_of(&plenary)?),
            _ => None,
        };
        let mut welcomes = messaging::WelcomeReader::new(secret.secret(), id);
        for entry in self.load_entries_from(log, index, size.saturating_sub(index))? {
            let Some(welcome) = welcomes.take(&entry.bytes) else {
                continue;
            };
            let device = self.device()?;
            let own = device.own()?;
            let roster = self.roster_marks()?;
            let place = messaging::Place {
                conversation: id,
                terms: terms.clone(),
                replace: Replace::Broken,
                founders: founders.clone(),
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
        let (epoch, members) = (conversation.epoch(), conversation.members().len());
        let by_card = self.plenary_anew(id).is_some();
        let refreshed = by_card.then(|| self.refreshed_as_of(members));
        let role = LogRole::Conversation { conversation: id };
        let record = role.keys(&secret).record(LogKind::Ephemeral);
        let true_log = self.follow(role, Seed::new(secret), record, Vec::new())?;
        let state = self.state.conversations.get(&id);
        let candidates = state.map_or(&[][..], ConversationState::candidates).to_vec();
        let by = candidates.iter().find(|candidate| candidate.log == log);
        let by = by.filter(|candidate| candidate.by.identity == own && !self.is_out(&candidate.by));
        let lines = by.map_or(0, |candidate| candidate.lines);
        for other in candidates.iter().map(|candidate| candidate.log) {
            if other != true_log {
                self.finish_log(other);
            }
        }
        if let Some(state) = self.state.conversations.get_mut(&id) {
            state.log = true_log;
            state.begin_after(lines);
            let more = state.more_mut();
            (more.joining, more.refreshed, more.asked) = (false, refreshed, None);
            more.candidates = None;
            more.since.retain(|(identity, _)| *identity != own);
            more.since.push((own, at));
        }
        self.save_conversation(id);
        self.sessions.insert(id, conversation);
        // What was said while this device could not follow nobody has counted.
        self.encrypt_again(id, epoch)?;
        self.card_used()?;
        self.clear_notice(NoticeCode::ResyncNeeded);
        self.touch(Topic::Conversations);
        // A further device is admitted once it is in the plenary.
        self.touch(Topic::Overview);
        Ok(true_log == log)
    }
}
