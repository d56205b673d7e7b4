//! The last pages that were read up to the end of their logs: when a log grows, all its watchers want the same one.

use primitives::LogId;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use tlog::Page;

/// How many pages are kept, and how long the entries of one may be together.
const TAILS_MAX: usize = 64;
const TAIL_BYTES_MAX: usize = 32 * 1024;

/// A few pages with the checkpoints that end them. A row that has not grown has the same checkpoint.
#[derive(Debug, Default)]
pub(crate) struct Tails(Mutex<VecDeque<(LogId, Page)>>);

impl Tails {
    /// The page of these entries, if it is kept and not longer than asked for.
    pub(crate) fn get(&self, log: LogId, wanted: Range<u64>, bytes_max: u32) -> Option<Page> {
        let tails = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = tails
            .iter()
            .find(|(of, page)| *of == log && page.from == wanted.start && page.end() == wanted.end);
        let (_, page) = found?;
        let most = usize::try_from(bytes_max).unwrap_or(usize::MAX);
        (page.entries.len() <= 1 || bytes(page) <= most).then(|| page.clone())
    }

    /// Forgets what is kept of a log.
    pub(crate) fn forget(&self, log: LogId) {
        let mut tails = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tails.retain(|(of, _)| *of != log);
    }

    /// Keeps a page if it ends its log and is short.
    pub(crate) fn keep(&self, log: LogId, page: &Page) {
        let is_tail = page.gone.is_none() && page.consistency.is_empty() && !page.entries.is_empty();
        let ends_it = page.checkpoint.peek().is_ok_and(|last| last.size == page.end());
        if !is_tail || bytes(page) > TAIL_BYTES_MAX || !ends_it {
            return;
        }
        let mut tails = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tails.retain(|(of, kept)| *of != log || kept.from != page.from);
        tails.push_front((log, page.clone()));
        tails.truncate(TAILS_MAX);
    }
}

fn bytes(page: &Page) -> usize {
    page.entries.iter().map(|entry| entry.bytes.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use primitives::{Hash, RelayId, Secret, SigningSecret, Time};
    use tlog::{Checkpoint, Entry, Origin};

    const LOG: LogId = LogId::new([1; 32]);

    fn page(from: u64, entries: usize, size: u64) -> Page {
        let origin = Origin {
            relay: RelayId::new([0; 32]),
            log: LOG,
        };
        let root = Hash::new([0; 32]);
        let checkpoint = Checkpoint { origin, size, root };
        let entry = Entry {
            time: Time(0),
            bytes: vec![0; 1000],
        };
        Page {
            from,
            entries: vec![entry; entries],
            checkpoint: checkpoint.sign(&SigningSecret::from_seed(&Secret::take(&mut [1; 32]))),
            consistency: Vec::new(),
            gone: None,
        }
    }

    #[test]
    fn gives_out_exactly_what_was_asked_for() {
        let tails = Tails::default();
        tails.keep(LOG, &page(3, 2, 5));
        assert_eq!(tails.get(LOG, 3..5, 2000), Some(page(3, 2, 5)));
        assert_eq!(tails.get(LOG, 3..5, 1999), None, "shorter pages were asked for");
        assert_eq!(tails.get(LOG, 3..6, 2000), None, "the log has grown");
        assert_eq!(tails.get(LOG, 4..5, 2000), None);
        assert_eq!(tails.get(LogId::new([2; 32]), 3..5, 2000), None);
        tails.forget(LOG);
        assert_eq!(tails.get(LOG, 3..5, 2000), None, "it was trimmed");
    }

    #[test]
    fn keeps_only_short_pages_that_end_their_log() {
        let tails = Tails::default();
        tails.keep(LOG, &page(0, 2, 5));
        tails.keep(LOG, &page(0, 40, 40));
        assert_eq!(tails.get(LOG, 0..2, u32::MAX), None);
        assert_eq!(tails.get(LOG, 0..40, u32::MAX), None);
    }
}
