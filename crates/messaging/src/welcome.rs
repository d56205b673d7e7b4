//! Welcomes in a conversation's log: as one entry, or cut if they fit none, as those of large conversations do.
//!
//! ```text
//! part = CBOR [ SHA-256 of the Welcome, count, index, bytes ]
//! ```
//!
//! A part is signed by nobody, for whoever needs it cannot know who is in the group: the hash says that all are of one Welcome, and
//! the Welcome itself is judged as any.

use crate::conversation::log_keys;
use crate::parts::PART_BYTES;
use crate::wrap::{Opened, WELCOME, WELCOME_PART, open, seal_entry};
use minicbor::{Decode, Encode};
use primitives::canonical::sha256;
use primitives::{ConversationId, Hash, Secret, encode, labels};
use rand_core::CryptoRng;
use std::collections::BTreeMap;

/// Most parts of a Welcome: some four thousand devices.
const PARTS_MAX: usize = 64;
/// Most bytes of parts that are kept while others are looked for.
const KEPT_BYTES_MAX: usize = 64 << 20;

/// A part of a Welcome.
#[derive(Debug, Encode, Decode)]
#[cbor(array)]
pub struct WelcomePart {
    #[n(0)]
    whole: Hash,
    #[n(1)]
    count: u32,
    #[n(2)]
    index: u32,
    #[cbor(n(3), with = "minicbor::bytes")]
    bytes: Vec<u8>,
}

/// Makes the entries of a conversation's log that let in whom the commit before them has added; none for a Welcome that is larger
/// than any conversation's.
#[must_use]
pub fn post_welcome(
    log_secret: &Secret<32>,
    id: ConversationId,
    welcome: &[u8],
    rng: &mut (impl CryptoRng + ?Sized),
) -> Vec<Vec<u8>> {
    let wrap = log_keys(log_secret, id).wrap;
    if let Some(entry) = seal_entry(&wrap, labels::CONVERSATION_WRAP, WELCOME, welcome, rng) {
        return vec![entry];
    }
    let chunks = welcome.chunks(PART_BYTES);
    let Some(count) = u32::try_from(chunks.len())
        .ok()
        .filter(|_| chunks.len() <= PARTS_MAX)
    else {
        return Vec::new();
    };
    let whole = sha256(welcome);
    (0..count)
        .zip(chunks)
        .filter_map(|(index, bytes)| {
            let bytes = bytes.to_vec();
            let part = encode(&WelcomePart {
                whole,
                count,
                index,
                bytes,
            });
            seal_entry(&wrap, labels::CONVERSATION_WRAP, WELCOME_PART, &part, rng)
        })
        .collect()
}

/// Looks through a conversation's log for Welcomes.
#[derive(Debug)]
pub struct WelcomeReader {
    wrap: Secret<32>,
    parts: BTreeMap<Hash, BTreeMap<u32, Vec<u8>>>,
    kept: usize,
}

impl WelcomeReader {
    /// A reader that has seen nothing.
    #[must_use]
    pub fn new(log_secret: &Secret<32>, id: ConversationId) -> Self {
        Self {
            wrap: log_keys(log_secret, id).wrap,
            parts: BTreeMap::new(),
            kept: 0,
        }
    }

    /// The Welcome that this entry is, or of which it is the last part that was missing.
    #[must_use]
    pub fn take(&mut self, entry: &[u8]) -> Option<Vec<u8>> {
        match open(&self.wrap, labels::CONVERSATION_WRAP, entry) {
            Ok(Opened::Welcome(bytes)) => Some(bytes),
            Ok(Opened::WelcomePart(part)) => self.take_part(part),
            _ => None,
        }
    }

    fn take_part(&mut self, part: WelcomePart) -> Option<Vec<u8>> {
        let count = usize::try_from(part.count).ok()?;
        let fits = (2..=PARTS_MAX).contains(&count) && part.index < part.count;
        let kept = self.kept.saturating_add(part.bytes.len());
        if !fits || kept > KEPT_BYTES_MAX {
            return None;
        }
        self.kept = kept;
        let parts = self.parts.entry(part.whole).or_default();
        parts.insert(part.index, part.bytes);
        if parts.len() < count {
            return None;
        }
        let whole: Vec<u8> = parts.values().flatten().copied().collect();
        (sha256(&whole) == part.whole).then_some(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::support::{CONVERSATION, rng};
    use primitives::Secret;

    fn secret() -> Secret<32> {
        Secret::take(&mut [3; 32])
    }

    fn welcome(len: usize) -> Vec<u8> {
        (0_u8..=250).cycle().take(len).collect()
    }

    #[test]
    fn a_welcome_of_any_size_is_read_again_whatever_order_its_parts_have() {
        for (len, entries) in [
            (1_000, 1),
            (PART_BYTES + 1_100, 2),
            (3 * PART_BYTES, 3),
            (1_000_000, 4),
        ] {
            let welcome = welcome(len);
            let mut posted = post_welcome(&secret(), CONVERSATION, &welcome, &mut rng());
            assert_eq!(posted.len(), entries, "{len}");
            posted.reverse();
            let mut reader = WelcomeReader::new(&secret(), CONVERSATION);
            let read: Vec<_> = posted.iter().map(|entry| reader.take(entry)).collect();
            let (last, before) = read.split_last().unwrap();
            assert!(before.iter().all(Option::is_none));
            assert_eq!(last.as_ref(), Some(&welcome));
        }
        assert!(post_welcome(&secret(), CONVERSATION, &welcome(65 * PART_BYTES), &mut rng()).is_empty());
    }

    #[test]
    fn parts_that_are_not_of_the_welcome_that_they_name_make_none_and_hide_none() {
        let (one, other) = (welcome(2 * PART_BYTES), vec![7; 2 * PART_BYTES]);
        let wrap = log_keys(&secret(), CONVERSATION).wrap;
        let forged = |count, index| {
            let part = encode(&WelcomePart {
                whole: sha256(&one),
                count,
                index,
                bytes: vec![9; 400],
            });
            let label = labels::CONVERSATION_WRAP;
            seal_entry(&wrap, label, WELCOME_PART, &part, &mut rng()).unwrap()
        };
        let mut reader = WelcomeReader::new(&secret(), CONVERSATION);
        for (count, index) in [(0, 0), (1, 0), (2, 2), (65, 1), (2, 0), (2, 1)] {
            assert_eq!(reader.take(&forged(count, index)), None, "{count} {index}");
        }
        for welcome in [other, one] {
            let posted = post_welcome(&secret(), CONVERSATION, &welcome, &mut rng());
            let mut read = posted.iter().filter_map(|entry| reader.take(entry));
            assert_eq!(read.next(), Some(welcome));
        }
    }
}
