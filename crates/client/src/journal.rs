//! The journal: entries are folded in order, and what others have seen of it is compared.

use crate::requests::{Event, Topic};
use crate::state::{LogRole, Seed};
use crate::step::{Step, StepError};
use crate::tables;
use crate::views::{EvidenceKind, NoticeCode};
use assembly::{Assembly, Body, EntryKeys, JournalKeys, Rejection, SealedEntry};
use assembly::{BadFounding, Halt, Opened};
use primitives::LogId;
use primitives::canonical::encode;
use std::collections::BTreeMap;
use std::sync::Arc;
use tlog::{CreateLog, Entry, LogKind};

impl Step<'_> {
    /// Follows a journal log and the witnesses' side log under the same key.
    pub(crate) fn follow_journal(&mut self, number: u32, record: CreateLog) -> Result<LogId, StepError> {
        let seed = self
            .state
            .journal_keys
            .get(&number)
            .cloned()
            .ok_or(StepError::Internal("no journal key"))?;
        let witness = assembly::keys::witness_log(seed.secret()).record(LogKind::Record);
        self.follow(LogRole::Witness { number }, seed.clone(), witness, Vec::new())?;
        self.follow(LogRole::Journal { number }, seed, record, Vec::new())
    }

    /// The log in which the journal goes on, and its key's number.
    pub(crate) fn current_journal(&self) -> Option<(LogId, u32)> {
        if let Some(assembly) = &self.state.assembly {
            return Some((assembly.journal().record.id(), assembly.journal().journal_key));
        }
        self.state.logs.iter().find_map(|(id, log)| match log.role {
            LogRole::Journal { number } => Some((*id, number)),
            _ => None,
        })
    }

    /// Follows the journal to where it has gone on, as soon as its key is here: the key comes with the plenary's commit,
    /// which may be read later than the statement that names the log.
    pub(crate) fn follow_on(&mut self) -> Result<(), StepError> {
        let Some(assembly) = self.state.assembly.clone() else {
            return Ok(());
        };
        let (record, number) = (assembly.journal().record.clone(), assembly.journal().journal_key);
        if self.state.logs.contains_key(&record.id()) {
            return Ok(());
        }
        let Some(seed) = self.state.journal_keys.get(&number) else {
            if self.own_seat().is_ok() {
                self.notice(NoticeCode::JournalKeyMissing);
            }
            return Ok(());
        };
        let announced = assembly.journal_key(number);
        if !announced.is_some_and(|announced| announced.is_of(number, seed.secret())) {
            // What was announced is not the group's export: whoever announced it would lead the journal away.
            self.notice(NoticeCode::JournalKeyMissing);
            return Ok(());
        }
        self.follow_journal(number, record)?;
        self.clear_notice(NoticeCode::JournalKeyMissing);
        Ok(())
    }

    /// Compares a checkpoint of the journal that somebody else has seen with what was folded here: at once where we have
    /// been, and when we get there where we have not.
    pub(crate) fn compare_journal(&mut self, seen: &tlog::SignedCheckpoint) {
        let (Some(assembly), Some(key)) = (self.state.assembly.clone(), self.checkpoint_key()) else {
            return;
        };
        let Ok(checkpoint) = seen.open(&key) else { return };
        let log = checkpoint.origin.log;
        let logs = assembly.journal_logs();
        let Some(place) = logs.iter().position(|part| part.record.id() == log) else {
            return;
        };
        let is_left = place + 1 < logs.len();
        if is_left || checkpoint.size <= assembly.journal().size {
            if assembly.check_seen(seen) == Err(Rejection::SeenContradicts) {
                self.accuse_fork(log, seen.clone());
            }
            return;
        }
        self.store
            .put(tables::CLAIMS, claim_key(log, checkpoint.size), encode(seen));
        self.leave_unsettled(log, seen);
    }

    /// What others claimed to have seen at the size that has just been reached.
    pub(crate) fn settle_claim(&mut self) -> Result<(), StepError> {
        let Some(assembly) = self.state.assembly.clone() else {
            return Ok(());
        };
        let (log, size) = (assembly.journal().record.id(), assembly.journal().size);
        let key = claim_key(log, size);
        let Some(claim) = self.store.get(tables::CLAIMS, &key)? else {
            return Ok(());
        };
        self.store.delete(tables::CLAIMS, key);
        let seen: tlog::SignedCheckpoint =
            primitives::decode_canonical(&claim).map_err(|_| StepError::Record(tables::CLAIMS.0))?;
        if assembly.check_seen(&seen) == Err(Rejection::SeenContradicts) {
            self.accuse_fork(log, seen);
        }
        Ok(())
    }

    /// The relay has signed two journals: ours, by the last checkpoint that we verified, and another member's.
    fn accuse_fork(&mut self, log: LogId, shown: tlog::SignedCheckpoint) {
        let evidence = tlog::Evidence {
            known: self.largest(log),
            shown,
        };
        let details = "the relay shows another journal to another member".to_owned();
        self.accuse(EvidenceKind::Fork, log, details, Some(evidence));
    }

    pub(crate) fn journal_keys(&self) -> JournalKeys {
        keys_of(&self.state.journal_keys)
    }

    /// Folds the next entry of the journal. `false`: a key is missing or an update is needed.
    /// `own`: its item in the outbox, if it is one's own statement.
    pub(crate) fn journal_entry(
        &mut self,
        log: LogId,
        index: u64,
        entry: &Entry,
        own: Option<u64>,
    ) -> Result<bool, StepError> {
        let keys = self.journal_keys();
        let Some(mut assembly) = self.state.assembly.clone() else {
            return self.found_entry(log, index, entry, &keys);
        };
        if assembly.journal().record.id() != log {
            // After the journal has gone on elsewhere nothing here has effect.
            return Ok(true);
        }
        let (phases, plenary) = (phases(&assembly), assembly.next_plenary());
        let taken = match Arc::make_mut(&mut assembly).take(entry, &keys) {
            Ok(taken) => taken,
            Err(Halt::MissingKey { .. }) => {
                self.notice(NoticeCode::JournalKeyMissing);
                return Ok(false);
            }
            Err(_) => {
                self.notice(NoticeCode::UpdateNeeded);
                return Ok(false);
            }
        };
        self.clear_notice(NoticeCode::JournalKeyMissing);
        if taken.rejection == Some(Rejection::SeenContradicts) {
            let details = "a member's signed view of the journal contradicts ours".to_owned();
            self.accuse(EvidenceKind::Fork, log, details, None);
        }
        let hopped = assembly.journal().record.id() != log;
        let size = index.saturating_add(1);
        self.state.assembly = Some(assembly);
        self.moved(&phases, taken.statement.as_ref())?;
        if let (None, Some(opened)) = (taken.rejection, &taken.statement)
            && matches!(opened.body, Some(Body::Refounded { .. }))
        {
            self.notice_refounding(opened.seat, plenary);
        }
        match (taken.rejection, &taken.statement, own) {
            (Some(rejection), Some(opened), _) => self.rejected_own(rejection, opened, own)?,
            (Some(Rejection::NotAnEntry), None, Some(item)) => self.unopened_own(item, entry.time)?,
            _ => {}
        }
        if hopped {
            // Who is out reads no cosignatures any more.
            if self.own_seat().is_ok() {
                self.want_log(log, size);
            }
            self.finish_log(log);
            self.follow_on()?;
        }
        Ok(true)
    }

    fn found_entry(
        &mut self,
        log: LogId,
        index: u64,
        entry: &Entry,
        keys: &JournalKeys,
    ) -> Result<bool, StepError> {
        if index != 0 {
            return Ok(false);
        }
        let record = self.state.logs.get(&log).map(|state| state.record.clone());
        let record = record.ok_or(StepError::Internal("a journal that is not followed"))?;
        match Assembly::found(&record, entry, keys) {
            Ok((assembly, opened)) if self.is_ours(&assembly) => {
                self.state.assembly = Some(Arc::new(assembly));
                self.moved(&BTreeMap::new(), Some(&opened))?;
                Ok(true)
            }
            Err(BadFounding::MissingKey) => {
                self.notice(NoticeCode::JournalKeyMissing);
                Ok(false)
            }
            Err(BadFounding::NewerVersion(_)) => {
                self.notice(NoticeCode::UpdateNeeded);
                Ok(false)
            }
            // Not the assembly that the invitation names, or none at all.
            _ => {
                self.notice(NoticeCode::RelayAnswersNonsense);
                Ok(false)
            }
        }
    }

    fn is_ours(&self, assembly: &Assembly) -> bool {
        self.state
            .member
            .as_ref()
            .is_some_and(|member| member.assembly == assembly.id())
    }

    /// What follows from an entry that has been folded.
    fn moved(
        &mut self,
        before: &BTreeMap<primitives::MotionId, assembly::Phase>,
        opened: Option<&Opened>,
    ) -> Result<(), StepError> {
        self.folded = true;
        // The founding is written at once, so that there is always something to begin from.
        let first = self
            .state
            .assembly
            .as_ref()
            .is_some_and(|assembly| assembly.position() == 1);
        let since = self.state.volatile.folded_since.saturating_add(1);
        self.state.volatile.folded_since = if first { u32::MAX } else { since };
        self.note_position()?;
        self.settle_claim()?;
        self.match_candidates();
        self.settle_covered()?;
        if let Some(opened) = opened {
            self.learn_name(opened);
        }
        let Some(assembly) = self.state.assembly.clone() else {
            return Ok(());
        };
        let after = phases(&assembly);
        for (motion, phase) in &after {
            if before.get(motion) != Some(phase) {
                self.motion_moved(*motion)?;
                let view = crate::show::phase_view(*phase);
                self.notice_phase(*motion, view);
                self.emit(Event::MotionPhase {
                    motion: motion.to_string(),
                    phase: view,
                });
            }
        }
        self.touch(Topic::Overview);
        self.touch(Topic::Members);
        self.touch(Topic::Devices);
        self.touch(Topic::Motions);
        Ok(())
    }

    fn learn_name(&mut self, opened: &Opened) {
        let commitment = match &opened.body {
            Some(Body::AdmissionProposed { candidate }) => candidate.name,
            Some(Body::Founded { founded }) => founded.founder.name,
            _ => return,
        };
        if let Some(name) = &opened.name {
            self.store.put(
                tables::NAMES,
                *commitment.as_bytes(),
                name.name.clone().into_bytes(),
            );
        }
    }

    /// The key that the present journal is sealed under.
    pub(crate) fn journal_seed(&self) -> Option<(u32, Seed)> {
        let (_, number) = self.current_journal()?;
        Some((number, self.state.journal_keys.get(&number)?.clone()))
    }

    /// Opens a record of a side log.
    pub(crate) fn open_side(&self, entry: &Entry) -> Option<Vec<u8>> {
        let sealed = SealedEntry::parse(&entry.bytes).ok()?;
        let keys = self.journal_keys();
        let key = keys.entry_key(0, 0, &sealed)?;
        sealed.open(&key).ok()
    }
}

/// The known journal keys, for opening entries.
pub(crate) fn keys_of(seeds: &BTreeMap<u32, Seed>) -> JournalKeys {
    let mut keys = JournalKeys::new();
    for (number, seed) in seeds {
        keys.insert(*number, seed.secret().duplicate());
    }
    keys
}

fn claim_key(log: LogId, size: u64) -> Vec<u8> {
    [log.as_bytes().as_slice(), &size.to_be_bytes()].concat()
}

fn phases(assembly: &Assembly) -> BTreeMap<primitives::MotionId, assembly::Phase> {
    assembly
        .motions()
        .into_iter()
        .map(|motion| (motion.id, motion.phase))
        .collect()
}
