//! Finding messages by their words, without a word of them lying open anywhere.
//!
//! For every full stretch of lines ([`BUCKET`]) the store has one record that says which of the stretch's messages have a
//! word that begins so: numbers of 32 bits, ascending, 26 of a hash of the beginning and 6 of the place in the stretch.
//! It lies under the stretch's own purpose, so it is as sealed as the words and burnt with them. A search reads
//! these records from the newest to the oldest, and the messages that they name; the last stretch, which is not full, is
//! read itself.
//!
//! A term of five letters or more finds words that begin with it, by their first five; one of three or four by the first
//! three; a shorter one finds only itself. Case does not matter, nor ё or е.

use super::record::{BUCKET, MessageRecord, bucket_of, bucket_purpose};
use super::showing::Changes;
use crate::commands::bad;
use crate::machine::Failed;
use crate::requests::Answer;
use crate::step::{Step, StepError};
use crate::tables;
use crate::views::FoundView;
use primitives::canonical::sha256;
use primitives::{ConversationId, Time};

/// Records that are read at once.
const STRETCHES: u64 = 128;
/// Terms of a search at most.
const TERMS_MAX: usize = 16;
/// Beginnings by which words are found, in letters.
const SHORT: usize = 3;
const LONG: usize = 5;
/// Bits of an entry that say which message of the stretch.
const PLACE_BITS: u32 = 6;

impl Step<'_> {
    /// The newest messages that have all words of `text`, newest first.
    pub(crate) fn search(
        &mut self,
        text: &str,
        conversation: Option<ConversationId>,
        limit: usize,
    ) -> Result<Answer, Failed> {
        let mut terms: Vec<String> = words(text).collect();
        terms.sort_unstable();
        terms.dedup();
        if terms.is_empty() || terms.len() > TERMS_MAX {
            return Err(bad("say 1 to 16 words to look for").into());
        }
        let ids: Vec<ConversationId> = match conversation {
            Some(id) => vec![id],
            None => self.state.conversations.keys().copied().collect(),
        };
        let hidden = self.log_now().max(self.now);
        let mut found = Vec::new();
        for id in ids {
            let mut search = Search {
                id,
                terms: &terms,
                hidden,
                limit,
                found: Vec::new(),
            };
            self.search_one(&mut search)?;
            let changes = self.changes_waiting(id)?;
            for (position, record) in search.found {
                found.push((record.time, self.show_found(id, position, &record, &changes)?));
            }
        }
        found.sort_by_key(|(time, view)| core::cmp::Reverse((*time, view.message.position)));
        found.truncate(limit);
        Ok(Answer::Found {
            messages: found.into_iter().map(|(_, view)| view).collect(),
        })
    }

    fn show_found(
        &self,
        id: ConversationId,
        position: u64,
        record: &MessageRecord,
        changes: &Changes,
    ) -> Result<FoundView, StepError> {
        Ok(FoundView {
            conversation: id.to_string(),
            message: self.show_message(id, position, record, changes)?,
        })
    }

    fn search_one(&mut self, search: &mut Search<'_>) -> Result<(), StepError> {
        let Some(state) = self.state.conversations.get(&search.id) else {
            return Ok(());
        };
        let (first, open) = (bucket_of(state.talk().first), bucket_of(state.next_position));
        self.search_bucket(search, open, u64::MAX)?;
        let mut end = open;
        while end > first && !search.is_full() {
            let start = end.saturating_sub(STRETCHES).max(first);
            self.search_indexed(search, start, end)?;
            end = start;
        }
        Ok(())
    }

    /// Searches full stretches from `end` (not included) down to `start`.
    fn search_indexed(&mut self, search: &mut Search<'_>, start: u64, end: u64) -> Result<(), StepError> {
        let prefix = search.id.as_bytes().as_slice();
        let limit = usize::try_from(end.saturating_sub(start)).unwrap_or(usize::MAX);
        let mut records = self
            .store
            .scan(tables::WORDS, prefix, &words_key(search.id, start), limit)?;
        for bucket in (start..end).rev() {
            if search.is_full() {
                return Ok(());
            }
            let key = words_key(search.id, bucket);
            while records.last().is_some_and(|(last, _)| *last > key) {
                records.pop();
            }
            let places = match records.last().filter(|(last, _)| *last == key) {
                Some((_, index)) => search.places(index),
                None => {
                    // Written before there was an index.
                    self.index_bucket(search.id, bucket)?;
                    u64::MAX
                }
            };
            self.search_bucket(search, bucket, places)?;
        }
        Ok(())
    }

    /// Reads the messages of a stretch at these places, newest first.
    fn search_bucket(&self, search: &mut Search<'_>, bucket: u64, places: u64) -> Result<(), StepError> {
        for place in (0..BUCKET).rev() {
            if search.is_full() {
                break;
            }
            if places >> place & 1 == 0 {
                continue;
            }
            let position = bucket.saturating_mul(BUCKET).saturating_add(place);
            if let Some(record) = self.load_record(search.id, position)? {
                search.take(position, record);
            }
        }
        Ok(())
    }

    /// Writes which words begin how in a stretch, once it is full.
    pub(crate) fn index_bucket(&mut self, id: ConversationId, bucket: u64) -> Result<(), StepError> {
        let next = self.state.conversations.get(&id).map(|state| state.next_position);
        if next.is_none_or(|next| bucket_of(next) <= bucket) {
            return Ok(());
        }
        let (mut entries, mut empty) = (Vec::new(), true);
        for place in 0..BUCKET {
            let position = bucket.saturating_mul(BUCKET).saturating_add(place);
            let record = self.load_record(id, position)?;
            empty &= record.is_none();
            let text = record.and_then(|record| record.sought());
            let place = u32::try_from(place).unwrap_or_default();
            for word in text.iter().flat_map(|text| words(text)) {
                entries.extend(beginnings(&word).map(|hash| hash << PLACE_BITS | place));
            }
        }
        entries.sort_unstable();
        entries.dedup();
        let key = words_key(id, bucket);
        if empty {
            self.store.delete(tables::WORDS, key);
        } else {
            let bytes: Vec<u8> = entries.iter().flat_map(|entry| entry.to_be_bytes()).collect();
            self.store
                .put_for(bucket_purpose(id, bucket), tables::WORDS, key, bytes);
        }
        Ok(())
    }
}

/// One conversation being searched.
struct Search<'a> {
    id: ConversationId,
    terms: &'a [String],
    /// What is over at this time is not found.
    hidden: Time,
    limit: usize,
    found: Vec<(u64, MessageRecord)>,
}

impl Search<'_> {
    fn is_full(&self) -> bool {
        self.found.len() >= self.limit
    }

    /// The places of a stretch at which all terms may be: a bit for each.
    fn places(&self, index: &[u8]) -> u64 {
        self.terms.iter().fold(u64::MAX, |places, term| {
            places
                & if places == 0 {
                    0
                } else {
                    places_of(index, longest(term))
                }
        })
    }

    /// Takes a message that has all the terms.
    fn take(&mut self, position: u64, record: MessageRecord) {
        let Some(text) = record.sought() else { return };
        let there: Vec<String> = words(&text).collect();
        let all = self.terms.iter().all(|term| {
            there.iter().any(|word| {
                if term.chars().nth(SHORT.saturating_sub(1)).is_some() {
                    word.starts_with(term.as_str())
                } else {
                    word == term
                }
            })
        });
        if all && !record.is_over(self.hidden) {
            self.found.push((position, record));
        }
    }
}

/// The places that an index has for a hash.
fn places_of(index: &[u8], hash: u32) -> u64 {
    let (entries, _) = index.as_chunks::<4>();
    let first = entries.partition_point(|entry| u32::from_be_bytes(*entry) >> PLACE_BITS < hash);
    let of_hash = entries.get(first..).unwrap_or_default().iter();
    of_hash
        .map(|entry| u32::from_be_bytes(*entry))
        .take_while(|entry| entry >> PLACE_BITS == hash)
        .fold(0, |places, entry| places | 1 << (u64::from(entry) % BUCKET))
}

/// The words of a text, folded: letters and digits, small, ё as е, without marks that stand by themselves.
fn words(text: &str) -> impl Iterator<Item = String> {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        match c {
            'ё' => folded.push('е'),
            // й as two characters, as some systems write it; other marks fall away.
            '\u{306}' if folded.ends_with('и') => {
                folded.pop();
                folded.push('й');
            }
            '\u{300}'..='\u{36f}' => {}
            c => folded.push(c),
        }
    }
    let is_part = |c: char| c.is_alphanumeric();
    let words: Vec<String> = folded
        .split(|c| !is_part(c))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    words.into_iter()
}

/// Hashes of a word's beginnings: its first three and five letters, or the whole of a shorter one.
fn beginnings(word: &str) -> impl Iterator<Item = u32> {
    let short = beginning(word, SHORT);
    let long = beginning(word, LONG);
    let long = (word.chars().nth(LONG.saturating_sub(1)).is_some()).then(|| hash(long));
    [Some(hash(short)), long].into_iter().flatten()
}

/// The hash of the longest beginning of a term that an index has.
fn longest(term: &str) -> u32 {
    let letters = if term.chars().nth(LONG.saturating_sub(1)).is_some() {
        LONG
    } else {
        SHORT
    };
    hash(beginning(term, letters))
}

fn beginning(word: &str, letters: usize) -> &str {
    let end = word.char_indices().nth(letters).map_or(word.len(), |(at, _)| at);
    word.get(..end).unwrap_or(word)
}

/// 26 bits; that two beginnings share them only makes a message be read in vain.
fn hash(beginning: &str) -> u32 {
    let digest = sha256(beginning.as_bytes());
    let first = digest.as_bytes().first_chunk::<4>().copied().unwrap_or_default();
    u32::from_be_bytes(first) >> PLACE_BITS
}

fn words_key(id: ConversationId, bucket: u64) -> Vec<u8> {
    [id.as_bytes().as_slice(), &bucket.to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn folded(text: &str) -> Vec<String> {
        words(text).collect()
    }

    #[test]
    fn words_are_folded_alike_whoever_wrote_them() {
        assert_eq!(folded("Ёлка, ЕЛКА и_ёж*"), ["елка", "елка", "и", "еж"]);
        assert_eq!(folded("Мои\u{306} йод"), ["мой", "йод"]);
        assert_eq!(
            folded("Re-elect 2026: Cafe\u{301}!"),
            ["re", "elect", "2026", "cafe"]
        );
        assert!(folded("… — *_~").is_empty());
    }

    fn index(texts: &[&str]) -> Vec<u8> {
        let mut entries: Vec<u32> = (0u32..)
            .zip(texts)
            .flat_map(|(place, text)| {
                words(text)
                    .flat_map(|word| beginnings(&word).collect::<Vec<_>>())
                    .map(move |hash| hash << PLACE_BITS | place)
                    .collect::<Vec<_>>()
            })
            .collect();
        entries.sort_unstable();
        entries.iter().flat_map(|entry| entry.to_be_bytes()).collect()
    }

    #[test]
    fn an_index_names_the_places_of_a_beginning() {
        let index = index(&["решение принято", "я решил", "мир", "мира и труда", "реш"]);
        let places = |term: &str| places_of(&index, longest(term));
        assert_eq!(places("решение"), 0b1);
        assert_eq!(places("реш"), 0b10011);
        assert_eq!(places("мир"), 0b1100);
        assert_eq!(places("я"), 0b10);
        assert_eq!(places("война"), 0);
    }

    proptest! {
        #[test]
        fn no_place_of_a_word_is_missed(
            texts in proptest::collection::vec("[а-гёА-Г ]{0,24}", 1..64),
            letters in 1usize..8,
            which: prop::sample::Index,
        ) {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let index = index(&texts);
            let all: Vec<(usize, String)> = texts
                .iter()
                .enumerate()
                .flat_map(|(place, text)| words(text).map(move |word| (place, word)))
                .collect();
            prop_assume!(!all.is_empty());
            let (place, word) = &all[which.index(all.len())];
            let term = beginning(word, letters);
            // A term of one or two letters finds only itself.
            if term.chars().count() >= SHORT || term == word {
                prop_assert!(places_of(&index, longest(term)) >> place & 1 == 1);
            }
        }
    }
}
