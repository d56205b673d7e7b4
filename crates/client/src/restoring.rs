//! A relay that was set back to an older state: it is shown what it has signed, and given back what it has lost (docs/spec/relay.md,
//! Recovery).
//!
//! Appends to a log that the relay does not know any more wait until it has been shown what stood there: it would give their places
//! to others.

use crate::effects::CallError;
use crate::follow::keeps_entries;
use crate::outbox::lane_of;
use crate::state::{LogRole, LogState};
use crate::step::{Step, StepError};
use crate::tables;
use crate::views::{EvidenceKind, NoticeCode};
use crate::volatile::Expected;
use primitives::canonical::decode_canonical;
use primitives::{Hash, LogId, Time};
use relay_api::{Call, ProblemKind, ReadToken, Reply, Standing};
use tlog::{Breach, Entry, HashReader, MemoryTree, SignedCheckpoint, leaf_hash, rest};

/// Entries of a conversation that are kept after they have been taken in: what a relay that was set back can be given.
const KEPT_PLENARY: u64 = 4_096;
const KEPT: u64 = 512;
/// After so long a log that is in order is shown again when the way to the relay comes back.
const SHOWN_MS: u64 = 60_000;
/// Members do not all give back at once.
const SPREAD_MS: u64 = 20_000;
/// A relay that waits, or that cannot be given more, is asked again.
const AGAIN_MS: u64 = 600_000;
const AGAIN_MS_MIN: u64 = 5_000;
/// Most entries, and bytes of them, that are given back at once.
const PAGE_ENTRIES: usize = 256;
const PAGE_BYTES: usize = 768 * 1024;
/// So many entries of what the relay should have are given besides, if it refuses a page: it may have another one there.
const OVERLAP: u64 = 16;

/// What this process knows of how the relay stands to a log.
#[derive(Debug, Clone, Default)]
pub(crate) struct Restoring {
    /// When the largest checkpoint was shown the last time.
    pub(crate) shown: Option<Time>,
    /// When it is shown again.
    pub(crate) again: Option<Time>,
    /// The relay lacks something: after the answer to come it is given back.
    gives: bool,
    /// A page was refused: the next one begins earlier.
    refused: bool,
    /// Nothing is appended before the relay has answered.
    pub(crate) holds: bool,
    /// It has shown less than it had signed; it may yet say that it knows.
    shrunk: Option<Breach>,
}

/// The checkpoint that a relay would have to know: none where nothing lies under it, for that nobody can miss.
fn to_show(log: &LogState) -> Option<&SignedCheckpoint> {
    log.reader.largest().filter(|_| log.reader.size() > 0)
}

impl Step<'_> {
    /// How many entries of a log stay in the store behind what has been taken in; `None`: all.
    pub(crate) fn kept_behind(&self, role: &LogRole) -> Option<u64> {
        match role {
            _ if keeps_entries(role) => None,
            LogRole::Conversation { conversation } => {
                let member = self.state.member.as_ref();
                let plenary = member.and_then(|member| member.plenary) == Some(*conversation);
                Some(if plenary { KEPT_PLENARY } else { KEPT })
            }
            LogRole::Directory { .. } | LogRole::Rendezvous { .. } => Some(KEPT),
            _ => Some(0),
        }
    }

    /// Drops what was kept of a log that nobody reads any more.
    pub(crate) fn drop_kept(&mut self, id: LogId) {
        let Some(log) = self.state.logs.get(&id) else {
            return;
        };
        let Some(kept) = self.kept_behind(&log.role) else {
            return;
        };
        let taken = log.taken;
        for index in taken.saturating_sub(kept)..taken {
            self.store
                .delete(tables::ENTRIES, crate::follow::entry_key(id, index));
        }
    }

    /// The way to the relay has come back: what it has is looked at anew.
    pub(crate) fn show_anew(&mut self) {
        let now = self.now;
        let old = |restoring: &Restoring| restoring.shown.is_none_or(|at| now.since_ms(at) >= SHOWN_MS);
        for restoring in self.state.volatile.restoring.values_mut() {
            if old(restoring) {
                restoring.shown = None;
            }
        }
    }

    /// Something says that the relay may have less of a log than it has signed.
    pub(crate) fn show_again(&mut self, id: LogId) {
        let now = self.now;
        let restoring = self.state.volatile.restoring.entry(id).or_default();
        // A log that has been shown just now is not shown at every answer.
        if restoring.again.is_none() {
            restoring.again = Some(now);
        }
    }

    /// The relay does not know a log of which it has signed entries: nothing is appended until it was shown them.
    pub(crate) fn hold_until_shown(&mut self, id: LogId) {
        if self.state.logs.get(&id).and_then(to_show).is_some() {
            self.state.volatile.restoring.entry(id).or_default().holds = true;
            self.show_again(id);
        }
    }

    /// The relay shows less than it has signed. Before it is accused it is shown that: one that was set back says so.
    pub(crate) fn shrunk(&mut self, id: LogId, breach: Breach) {
        self.state.volatile.restoring.entry(id).or_default().shrunk = Some(breach);
        self.show_again(id);
    }

    pub(crate) fn is_held_for_relay(&self, id: LogId) -> bool {
        let restoring = self.state.volatile.restoring.get(&id);
        restoring.is_some_and(|restoring| restoring.holds)
    }

    /// Shows the relay the largest checkpoint of a log, when that is due.
    pub(crate) fn ask_for_standing(&mut self, id: LogId) {
        let Some(log) = self.state.logs.get(&id) else {
            return;
        };
        let Some(checkpoint) = to_show(log).cloned() else {
            return;
        };
        let (now, role, secret) = (self.now, log.role, log.secret.clone());
        let restoring = self.state.volatile.restoring.entry(id).or_default();
        let due = restoring.shown.is_none() || restoring.again.is_some_and(|at| at <= now);
        if !due {
            return;
        }
        (restoring.shown, restoring.again) = (Some(now), None);
        let token = ReadToken::from(&role.keys(secret.secret()).read_token);
        self.ask_once(Expected::Show { log: id }, lane_of(&role), || Call::Show {
            log: id,
            token,
            checkpoint,
        });
    }

    /// What the relay says about itself, after it was shown a checkpoint or given entries.
    pub(crate) fn standing_came(
        &mut self,
        id: LogId,
        gave: bool,
        result: Result<Reply, CallError>,
    ) -> Result<(), StepError> {
        let now = self.now;
        let standing = match result {
            Ok(Reply::Standing(standing)) => standing,
            Ok(_) => {
                self.call_failed(&CallError::Nonsense);
                return Ok(());
            }
            Err(CallError::Problem(problem)) => {
                self.standing_refused(id, gave, problem.kind);
                return Ok(());
            }
            Err(error) => {
                self.call_failed(&error);
                let restoring = self.state.volatile.restoring.entry(id).or_default();
                restoring.shown = None;
                return Ok(());
            }
        };
        self.call_worked();
        let restoring = self.state.volatile.restoring.entry(id).or_default();
        restoring.holds = false;
        let shrunk = restoring.shrunk.take();
        match standing {
            Standing::Sound { .. } => {
                (restoring.gives, restoring.refused) = (false, false);
                // It has everything, and shows less.
                if let Some(breach) = shrunk {
                    self.accuse_of(id, &breach);
                }
                let volatile = &self.state.volatile;
                if !volatile
                    .restoring
                    .values()
                    .any(|other| other.gives || other.again.is_some())
                {
                    self.clear_notice(NoticeCode::RelayRestored);
                }
            }
            Standing::Behind { size, .. } => {
                let gives = std::mem::replace(&mut restoring.gives, true);
                self.notice(NoticeCode::RelayRestored);
                self.promised_again(id, size);
                if gives || gave {
                    return self.give_back(id, size);
                }
                let wait_ms = self.below(SPREAD_MS);
                let restoring = self.state.volatile.restoring.entry(id).or_default();
                restoring.again = Some(now.after(wait_ms));
            }
            Standing::Waits { size, until } => {
                (restoring.gives, restoring.refused) = (false, false);
                let wait_ms = until.since_ms(now).clamp(AGAIN_MS_MIN, AGAIN_MS);
                restoring.again = Some(now.after(wait_ms));
                self.notice(NoticeCode::RelayRestored);
                self.promised_again(id, size);
            }
            Standing::Broken { .. } => {
                restoring.gives = false;
                let details = "the relay says that it has signed two histories of this log".to_owned();
                self.accuse(EvidenceKind::Fork, id, details, None);
            }
        }
        Ok(())
    }

    fn standing_refused(&mut self, id: LogId, gave: bool, kind: ProblemKind) {
        let now = self.now;
        let restoring = self.state.volatile.restoring.entry(id).or_default();
        match kind {
            ProblemKind::NotFound => {
                restoring.shown = None;
                if let Some(log) = self.state.logs.get_mut(&id) {
                    log.created = false;
                }
                self.save_log(id);
            }
            // What was given does not lead to what the relay has: it may have gone on in another way.
            ProblemKind::Malformed if gave && !restoring.refused => {
                restoring.refused = true;
                restoring.again = Some(now);
            }
            ProblemKind::Malformed | ProblemKind::OutOfRange if gave => {
                restoring.again = Some(now.after(AGAIN_MS));
            }
            ProblemKind::Malformed | ProblemKind::NoSuchEndpoint => {
                // A relay that does not know the question has no answer to it.
                restoring.holds = false;
                if let Some(breach) = restoring.shrunk.take() {
                    self.accuse_of(id, &breach);
                }
            }
            _ => restoring.again = Some(now.after(AGAIN_MS / 10)),
        }
    }

    /// Own entries whose receipts name places that the relay does not have any more are posted again.
    fn promised_again(&mut self, id: LogId, size: u64) {
        let lost: Vec<u64> = self
            .state
            .outbox
            .iter()
            .filter(|(_, item)| item.log == id && item.promised.is_some_and(|index| index >= size))
            .map(|(number, _)| *number)
            .collect();
        for number in lost {
            if let Some(item) = self.state.outbox.get_mut(&number) {
                item.promised = None;
            }
            self.save_outbox(number);
        }
    }

    /// Gives the relay a page of what it lacks from `size` on, if this device has all from there to its largest checkpoint.
    fn give_back(&mut self, id: LogId, size: u64) -> Result<(), StepError> {
        let now = self.now;
        let again = now.after(AGAIN_MS);
        let restoring = self.state.volatile.restoring.entry(id).or_default();
        restoring.again = Some(again);
        let from = if restoring.refused {
            size.saturating_sub(OVERLAP)
        } else {
            size
        };
        let Some((checkpoint, entries)) = self.held_from(id, from)? else {
            return Ok(());
        };
        let Some(log) = self.state.logs.get(&id) else {
            return Ok(());
        };
        let mut bytes = 0_usize;
        let page: Vec<Entry> = entries
            .iter()
            .take(PAGE_ENTRIES)
            .take_while(|entry| {
                bytes = bytes.saturating_add(entry.bytes.len());
                bytes <= PAGE_BYTES || bytes == entry.bytes.len()
            })
            .cloned()
            .collect();
        let count = u64::try_from(page.len()).unwrap_or(0);
        let to = from.saturating_add(u64::try_from(entries.len()).unwrap_or(0));
        let leaves = Leaves {
            from,
            entries: &entries,
        };
        let Ok(rest) = rest(&leaves, from.saturating_add(count), to) else {
            return Ok(());
        };
        let token = ReadToken::from(&log.role.keys(log.secret.secret()).read_token);
        let lane = lane_of(&log.role);
        self.ask_once(Expected::GiveBack { log: id }, lane, || Call::GiveBack {
            log: id,
            token,
            from,
            entries: page,
            checkpoint,
            rest,
        });
        Ok(())
    }

    /// The largest checkpoint of a log that has been read to it, and all entries from `from` on to there, if they are here.
    fn held_from(&self, id: LogId, from: u64) -> Result<Option<(SignedCheckpoint, Vec<Entry>)>, StepError> {
        let (Some(key), Some(log)) = (self.checkpoint_key(), self.state.logs.get(&id)) else {
            return Ok(None);
        };
        let size = log.reader.size();
        let known = log.reader.largest().cloned();
        let exact = known.filter(|known| known.open(&key).is_ok_and(|known| known.size == size));
        let (Some(checkpoint), true) = (exact, from < size) else {
            return Ok(None);
        };
        let first = crate::follow::entry_key(id, from);
        let found = self
            .store
            .scan(tables::ENTRIES, id.as_bytes(), &first, usize::MAX)?;
        if found.first().is_none_or(|(key, _)| *key != first)
            || u64::try_from(found.len()).ok() != size.checked_sub(from)
        {
            return Ok(None);
        }
        let entries: Result<Vec<Entry>, StepError> = found
            .iter()
            .map(|(_, value)| decode_canonical(value).map_err(|_| StepError::Record(tables::ENTRIES.0)))
            .collect();
        Ok(Some((checkpoint, entries?)))
    }
}

/// The tree over entries that begin somewhere within a log: only what lies wholly within them can be asked.
struct Leaves<'a> {
    from: u64,
    entries: &'a [Entry],
}

impl HashReader for Leaves<'_> {
    type Error = ();

    fn node(&self, level: u8, index: u64) -> Result<Hash, ()> {
        let width = 1_u64.checked_shl(u32::from(level)).ok_or(())?;
        let first = index
            .checked_mul(width)
            .and_then(|first| first.checked_sub(self.from))
            .ok_or(())?;
        let place = |offset: u64| usize::try_from(offset).map_err(|_| ());
        let end = place(first.checked_add(width).ok_or(())?)?;
        let covered = self.entries.get(place(first)?..end).ok_or(())?;
        let mut tree = MemoryTree::new();
        for entry in covered {
            tree.push(leaf_hash(entry.time, &entry.bytes));
        }
        Ok(tree.root())
    }
}
