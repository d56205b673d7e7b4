//! Letters about a plenary that this device's journal does not name yet: kept until it does, for a letter is not written again.

use crate::state::Seed;
use crate::step::{Step, StepError};
use crate::tables;
use messaging::{JournalKey, Letter, Member};
use minicbor::{Decode, Encode};
use primitives::ConversationId;
use primitives::canonical::{decode_canonical, encode};

/// Letters of one author that are kept; of those whom the journal does not know, of all together.
const KEPT: (usize, usize) = (4, 16);

#[derive(Debug, Encode, Decode)]
#[cbor(array)]
struct KeptLetter {
    #[n(0)]
    conversation: ConversationId,
    #[n(1)]
    log_secret: Seed,
    #[n(2)]
    log_start: u64,
    #[n(3)]
    journal_keys: Vec<(u64, Seed)>,
    #[n(4)]
    lines: u64,
    #[n(5)]
    author: Member,
}

impl Step<'_> {
    /// Keeps a letter. The oldest of an author gives way, so that nobody crowds
    /// out what somebody else has written.
    pub(crate) fn keep_letter(&mut self, author: Member, letter: &Letter) -> Result<(), StepError> {
        let fold = self.state.assembly.as_deref();
        let known = fold.is_some_and(|fold| fold.seat_by_device(&author.device).is_some());
        let (prefix, most) = if known {
            (author.device.as_bytes().to_vec(), KEPT.0)
        } else {
            (vec![0; 32], KEPT.1)
        };
        let kept = self.store.scan(tables::LETTERS, &prefix, b"", usize::MAX)?;
        let last = kept.last().and_then(|(key, _)| key.get(32..)?.try_into().ok());
        let number = last.map_or(0, u64::from_be_bytes).saturating_add(1);
        let too_many = kept.len().saturating_add(1).saturating_sub(most);
        for (key, _) in kept.into_iter().take(too_many) {
            self.store.delete(tables::LETTERS, key);
        }
        let seed = |key: &JournalKey| (key.number, Seed::new(key.key.duplicate()));
        let record = KeptLetter {
            conversation: letter.conversation,
            log_secret: Seed::new(letter.log_secret.duplicate()),
            log_start: letter.log_start,
            journal_keys: letter.journal_keys.iter().map(seed).collect(),
            lines: letter.lines,
            author,
        };
        let key = [prefix.as_slice(), &number.to_be_bytes()].concat();
        self.store.put(tables::LETTERS, key, encode(&record));
        Ok(())
    }

    /// The journal names a plenary: what was written about it is read now, the founder's letters last, so that they count.
    pub(crate) fn open_kept_letters(&mut self, id: ConversationId) -> Result<(), StepError> {
        let mut letters = Vec::new();
        for (key, value) in self.store.scan(tables::LETTERS, b"", b"", usize::MAX)? {
            let kept: KeptLetter =
                decode_canonical(&value).map_err(|_| StepError::Record(tables::LETTERS.0))?;
            if kept.conversation == id {
                self.store.delete(tables::LETTERS, key);
                letters.push(kept);
            }
        }
        let founder = self.plenary_anew(id).and_then(assembly::Plenary::founder);
        let fold = self.state.assembly.clone();
        let by_founder = |kept: &KeptLetter| {
            let seat = fold
                .as_deref()
                .and_then(|fold| fold.seat_by_device(&kept.author.device));
            seat.is_some() && seat.map(|seat| seat.number) == founder
        };
        letters.sort_by_key(by_founder);
        for kept in letters {
            let key = |(number, seed): &(u64, Seed)| JournalKey {
                number: *number,
                key: seed.secret().duplicate(),
            };
            let letter = Letter {
                lines: kept.lines,
                conversation: kept.conversation,
                terms: None,
                log_secret: kept.log_secret.secret().duplicate(),
                log_start: kept.log_start,
                journal_keys: kept.journal_keys.iter().map(key).collect(),
            };
            self.letter_came(kept.author, letter)?;
        }
        Ok(())
    }
}
