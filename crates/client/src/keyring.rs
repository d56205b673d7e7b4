//! Journal keys: exported at removals, handed to newcomers, and known by what the journal announces.

use crate::state::Seed;
use crate::step::messaging_error;
use crate::step::{Step, StepError};
use crate::tables;
use assembly::{AnnouncedKey, BoxTree};
use messaging::Conversation;
use primitives::Secret;
use primitives::canonical::encode;
use std::sync::Arc;

/// Number under which a key travels to a newcomer that the journal has not announced yet.
pub(crate) const CANDIDATE: u32 = 0;

impl Step<'_> {
    pub(crate) fn learn_journal_key(&mut self, number: u32, key: Secret<32>) {
        // A key that is known is never replaced: whoever hands over another one for its number is wrong.
        if self.state.journal_keys.contains_key(&number) {
            return;
        }
        let seed = Seed::new(key);
        self.store
            .put(tables::JOURNAL_KEYS, number.to_be_bytes(), encode(&seed));
        self.state.journal_keys.insert(number, seed);
    }

    /// Keys that another member has handed over. A wrong one does no harm: it opens nothing, and never takes the place of
    /// one that is known.
    pub(crate) fn learn_journal_keys(&mut self, keys: Vec<messaging::JournalKey>) {
        for key in keys {
            match u32::try_from(key.number) {
                Ok(CANDIDATE) => self.learn_candidate(key.key),
                Ok(number) => self.learn_journal_key(number, key.key),
                Err(_) => {}
            }
        }
    }

    /// A key that the journal may come to announce under some number.
    pub(crate) fn learn_candidate(&mut self, key: Secret<32>) {
        if let Some(member) = &mut self.state.member {
            member.candidates.push(Seed::new(key));
        }
        self.save_member();
        self.match_candidates();
    }

    /// The boxes of a journal key, derived once while the process runs.
    pub(crate) fn boxes_of(&mut self, seed: &Seed) -> Arc<BoxTree> {
        let log = assembly::keys::journal_record(seed.secret()).id();
        if let Some((of, boxes)) = &self.state.volatile.boxes
            && *of == log
        {
            return Arc::clone(boxes);
        }
        let boxes = Arc::new(BoxTree::of(seed.secret()));
        self.state.volatile.boxes = Some((log, Arc::clone(&boxes)));
        boxes
    }

    /// What is to be announced of a journal key, derived once while the process runs.
    pub(crate) fn announcement_of(&mut self, number: u32, seed: &Seed) -> AnnouncedKey {
        let log = assembly::keys::journal_record(seed.secret()).id();
        if let Some((of, announced)) = self.state.volatile.announced
            && of == (log, number)
        {
            return announced;
        }
        let announced = AnnouncedKey::of(number, seed.secret());
        self.state.volatile.announced = Some(((log, number), announced));
        announced
    }

    /// Gives the numbers that the journal has announced to the keys that they mean.
    pub(crate) fn match_candidates(&mut self) {
        let (Some(assembly), Some(member)) = (self.state.assembly.clone(), self.state.member.clone()) else {
            return;
        };
        for (number, announced) in assembly.journal_keys() {
            if self.state.journal_keys.contains_key(&number) {
                continue;
            }
            let mut candidates = member.candidates.iter();
            if let Some(seed) = candidates.find(|seed| announced.is_of(number, seed.secret())) {
                self.learn_journal_key(number, seed.secret().duplicate());
            }
        }
    }
}

/// The journal key of the plenary's present epoch.
pub(crate) fn export_journal_key(conversation: &Conversation) -> Result<Secret<32>, StepError> {
    conversation.export_journal_key(b"").map_err(messaging_error)
}
