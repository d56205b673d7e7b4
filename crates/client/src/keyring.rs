//! Journal keys: exported at removals, handed to newcomers, and known by what the journal announces.

use crate::founding::FIRST_JOURNAL_KEY;
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

    /// Keys that another member has handed over. Only the first is taken at its word: the founding itself says whether it is
    /// the one. Whatever number the others came under, they get the one under which the journal announces them, so that a
    /// wrong one never stands in the place of a right one.
    pub(crate) fn learn_journal_keys(&mut self, mut keys: Vec<messaging::JournalKey>) {
        // In the order of the journal; those that it has not announced yet are the newest.
        keys.sort_by_key(|key| {
            if key.number == u64::from(CANDIDATE) {
                u64::MAX
            } else {
                key.number
            }
        });
        for key in keys {
            if key.number == u64::from(FIRST_JOURNAL_KEY) {
                self.learn_journal_key(FIRST_JOURNAL_KEY, key.key);
            } else {
                self.learn_candidate(key.key);
            }
        }
    }

    /// A key that the journal may come to announce under some number; the newest one, under which it goes on after a removal.
    pub(crate) fn learn_candidate(&mut self, key: Secret<32>) {
        self.learn_candidate_at(usize::MAX, key);
    }

    /// One of a plenary that has ended: the journal may have gone on under it, and will no more.
    pub(crate) fn learn_former_candidate(&mut self, key: Secret<32>) {
        self.learn_candidate_at(0, key);
    }

    fn learn_candidate_at(&mut self, place: usize, key: Secret<32>) {
        if let Some(member) = &mut self.state.member {
            let known = member.candidates.iter();
            let known = known.chain(self.state.journal_keys.values());
            if known
                .into_iter()
                .any(|seed| seed.secret().expose() == key.expose())
            {
                return;
            }
            let place = place.min(member.candidates.len());
            member.candidates.insert(place, Seed::new(key));
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
