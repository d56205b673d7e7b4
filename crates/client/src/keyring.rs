//! Journal keys: exported at removals, handed to newcomers, and known by what the journal announces.

use crate::state::Seed;
use crate::step::messaging_error;
use crate::step::{Step, StepError};
use crate::tables;
use messaging::Conversation;
use primitives::Secret;
use primitives::canonical::encode;

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

    /// A key that the journal may come to announce under some number.
    pub(crate) fn learn_candidate(&mut self, key: Secret<32>) {
        if let Some(member) = &mut self.state.member {
            member.candidates.push(Seed::new(key));
        }
        self.save_member();
        self.match_candidates();
    }

    /// Gives the numbers that the journal has announced to the keys that they mean.
    pub(crate) fn match_candidates(&mut self) {
        let (Some(assembly), Some(member)) = (self.state.assembly.clone(), self.state.member.clone()) else {
            return;
        };
        for (number, hash) in assembly.journal_key_hashes() {
            let known = self.state.journal_keys.contains_key(&number);
            let meant = member
                .candidates
                .iter()
                .find(|seed| assembly::journal_key_hash(number, seed.secret()) == hash);
            if let (false, Some(seed)) = (known, meant) {
                self.learn_journal_key(number, seed.secret().duplicate());
            }
        }
    }
}

/// The journal key of the plenary's present epoch.
pub(crate) fn export_journal_key(conversation: &Conversation) -> Result<Secret<32>, StepError> {
    conversation.export_journal_key(b"").map_err(messaging_error)
}
