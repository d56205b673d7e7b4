//! Verification of an audit file while it is read, offline, from nothing but its bytes.
//!
//! The journal is folded entry by entry and every box counted ballot by ballot, so that what is held does not grow with
//! boxes: a portion of the file, the fold, and what [`crate::BoxCount`] says of itself. Lengths that the file claims
//! are not believed, and each of its elements has a limit.

use ballot::{Alone, Crew};
use primitives::{AssemblyId, Malformed, OpeningId};
use rand_core::CryptoRng;
use tlog::{Cosignature, CreateLog, Entry, SignedCheckpoint};

use super::file::{AUDIT_BYTES_MAX, AUDIT_FORMAT, AuditEntry, AuditLevel};
use super::items::Items;
use super::journal::JournalCheck;
use super::report::Report;
use super::votes::VotesCheck;
use crate::limits;

/// Longest encoding of an entry: its bytes, two keys, a time and their heads.
const ENTRY_ITEM_MAX: usize = limits::ENTRY_BYTES_MAX + 1_024;
/// Longest text of a checkpoint.
const CHECKPOINT_BYTES_MAX: usize = 4 * 1_024;
/// Longest encoding of a creation record, a checkpoint, or an id.
const SMALL_ITEM_MAX: usize = CHECKPOINT_BYTES_MAX + 8;
/// The longest encoding of the cosignatures on the checkpoint of one log.
const COSIGNATURES_ITEM_MAX: usize = limits::AUDIT_COSIGNATURES_MAX * 2_560;
/// Hashes that lead from a day to the root over all of them.
const SHOWN_HASHES_MAX: usize = 12;
/// Entries of all logs together, and of all boxes together: more than a file can hold of real ones.
const ENTRIES_MAX: u64 = 1 << 23;
/// Boxes: more than a file can hold the openings of.
const BOXES_MAX: u64 = 1 << 18;
/// Bytes at a time of a file that is in memory already.
const PORTION: usize = 64 * 1_024;

/// Why a file cannot be judged at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unusable {
    /// Not an audit file of this version.
    #[error("not an audit file that this version reads: {0}")]
    Malformed(#[from] Malformed),
    /// The assembly has taken up a newer version of the rules.
    #[error("the assembly has taken up version {0} of its rules: a newer veche-audit is needed")]
    NewerVersion(u32),
}

/// Checks everything that can be checked in an audit file: leaf hashes, roots, the relay's signatures, the witnesses' quorum,
/// every statement, every ballot, the shares, the counts (AUD-01 to AUD-11 of `docs/spec/audit.md`).
///
/// - `expected`: the assembly's id as it has published it, if the auditor knows it.
/// - `weights`: source of the batch verifications' weights; never derived from the file.
///
/// # Errors
/// [`Unusable`] if there is nothing to judge; every breach of a rule is in the report instead.
pub fn verify_audit(
    bytes: &[u8],
    expected: Option<AssemblyId>,
    weights: &mut (impl CryptoRng + ?Sized),
) -> Result<Report, Unusable> {
    let mut verifier = AuditVerifier::new(expected);
    for portion in bytes.chunks(PORTION) {
        verifier.feed(portion, weights, &Alone)?;
    }
    verifier.finish(weights, &Alone)
}

/// What of a file is being verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditStage {
    /// The journal's logs.
    Journal,
    /// The boxes of secret votes.
    Boxes,
}

/// The verification of an audit file whose bytes come in portions.
#[derive(Debug)]
pub struct AuditVerifier {
    items: Items,
    fed: u64,
    next: Next,
    /// Logs or boxes, and entries of the present one, that the file still claims.
    parts: u64,
    entries: u64,
    /// Entries of all logs, or of all boxes, so far.
    seen: u64,
    level: Option<AuditLevel>,
    expected: Option<AssemblyId>,
    stage: Stage,
}

/// What is read next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    File,
    Format,
    Level,
    Assembly,
    Logs,
    Log,
    Record,
    Entries,
    Entry,
    Checkpoint,
    Cosignatures,
    Boxes,
    Box,
    Opening,
    BoxEntries,
    BoxEntry,
    End,
}

/// What is checked with what is read.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one of it")]
enum Stage {
    /// The head.
    Head,
    /// The journal; with the checkpoint of the log, once it is read.
    Journal(JournalCheck, Option<SignedCheckpoint>),
    /// The boxes; with the opening of the box, once it is read.
    Votes(VotesCheck, Option<OpeningId>),
}

impl AuditVerifier {
    /// Starts before the first byte.
    ///
    /// - `expected`: as for [`verify_audit`].
    #[must_use]
    pub fn new(expected: Option<AssemblyId>) -> Self {
        Self {
            items: Items::default(),
            fed: 0,
            next: Next::File,
            parts: 0,
            entries: 0,
            seen: 0,
            level: None,
            expected,
            stage: Stage::Head,
        }
    }

    /// What is being verified.
    #[must_use]
    pub const fn stage(&self) -> AuditStage {
        match self.stage {
            Stage::Head | Stage::Journal(..) => AuditStage::Journal,
            Stage::Votes(..) => AuditStage::Boxes,
        }
    }

    /// Takes the file's next bytes and verifies what can be verified with them.
    ///
    /// - `weights`: as for [`verify_audit`].
    /// - `crew`: who works.
    ///
    /// Holds `portion` until the next one.
    ///
    /// # Errors
    /// [`Unusable::Malformed`]: nothing more is to be fed.
    pub fn feed(
        &mut self,
        portion: &[u8],
        weights: &mut (impl CryptoRng + ?Sized),
        crew: &dyn Crew,
    ) -> Result<(), Unusable> {
        self.fed = self
            .fed
            .saturating_add(u64::try_from(portion.len()).unwrap_or(u64::MAX));
        if usize::try_from(self.fed).is_ok_and(|fed| fed <= AUDIT_BYTES_MAX) {
            self.items.feed(portion);
            while self.step(weights, crew)? {}
            Ok(())
        } else {
            let (len, max) = (usize::try_from(self.fed).unwrap_or(usize::MAX), AUDIT_BYTES_MAX);
            Err(Malformed::TooLong { len, max }.into())
        }
    }

    /// Says what came out, once the whole file was fed.
    ///
    /// # Errors
    /// As [`verify_audit`].
    pub fn finish(
        mut self,
        weights: &mut (impl CryptoRng + ?Sized),
        crew: &dyn Crew,
    ) -> Result<Report, Unusable> {
        self.items.end();
        while self.step(weights, crew)? {}
        match self.stage {
            Stage::Votes(votes, _) if self.next == Next::End && self.items.is_empty() => votes.finish(),
            _ => Err(Malformed::NotCanonical("audit file").into()),
        }
    }

    /// Reads one item and checks it. False if more bytes are needed.
    fn step(&mut self, weights: &mut (impl CryptoRng + ?Sized), crew: &dyn Crew) -> Result<bool, Unusable> {
        let next = match self.next {
            Next::File => self.items.array_of(5)?.then_some(Next::Format),
            Next::Format => match self.items.value::<String>(SMALL_ITEM_MAX)? {
                Some(format) if format == AUDIT_FORMAT => Some(Next::Level),
                Some(_) => return Err(Malformed::OutOfRange("an audit file of another version").into()),
                None => None,
            },
            Next::Level => {
                self.level = self.items.value(SMALL_ITEM_MAX)?;
                self.level.map(|_| Next::Assembly)
            }
            Next::Assembly => self
                .items
                .value::<AssemblyId>(SMALL_ITEM_MAX)?
                .zip(self.level)
                .map(|(assembly, level)| {
                    let check = JournalCheck::new(level, assembly, self.expected);
                    self.stage = Stage::Journal(check, None);
                    Next::Logs
                }),
            Next::Logs => self.items.array()?.map(|logs| {
                self.parts = logs;
                Next::Log
            }),
            Next::Log if self.parts == 0 => {
                self.end_journal();
                Some(Next::Boxes)
            }
            Next::Log => self.items.array_of(4)?.then_some(Next::Record),
            Next::Record => self.record(crew)?,
            Next::Entries | Next::BoxEntries => self.items.array()?.map(|entries| {
                self.entries = entries;
                if self.next == Next::Entries {
                    Next::Entry
                } else {
                    Next::BoxEntry
                }
            }),
            Next::Entry if self.entries == 0 => Some(Next::Checkpoint),
            Next::Entry => self.entry()?,
            Next::Checkpoint => self.checkpoint()?,
            Next::Cosignatures => self.cosignatures()?,
            Next::Boxes => match self.items.array()? {
                Some(boxes) if boxes > BOXES_MAX => {
                    return Err(Malformed::OutOfRange("an audit file with too many boxes").into());
                }
                boxes => boxes.map(|boxes| {
                    (self.parts, self.seen) = (boxes, 0);
                    Next::Box
                }),
            },
            Next::Box if self.parts == 0 => Some(Next::End),
            Next::Box => self.items.array_of(3)?.then_some(Next::Opening),
            Next::Opening => self.items.value::<OpeningId>(SMALL_ITEM_MAX)?.map(|read| {
                if let Stage::Votes(_, opening) = &mut self.stage {
                    *opening = Some(read);
                }
                Next::Record
            }),
            Next::BoxEntry => self.box_entry(weights, crew)?,
            Next::End if self.items.is_empty() => None,
            Next::End => return Err(Malformed::NotCanonical("audit file").into()),
        };
        if let Some(next) = next {
            self.next = next;
        }
        Ok(next.is_some())
    }

    /// The creation record of a log or a box.
    fn record(&mut self, crew: &dyn Crew) -> Result<Option<Next>, Malformed> {
        let Some(record) = self.items.value::<CreateLog>(SMALL_ITEM_MAX)? else {
            return Ok(None);
        };
        Ok(match &mut self.stage {
            Stage::Votes(votes, opening) => {
                if let Some(opening) = opening.take() {
                    votes.begin(opening, &record, crew);
                }
                Some(Next::BoxEntries)
            }
            Stage::Journal(journal, _) => {
                journal.begin(record);
                Some(Next::Entries)
            }
            Stage::Head => None,
        })
    }

    fn entry(&mut self) -> Result<Option<Next>, Malformed> {
        let Some(entry) = self.items.value::<AuditEntry>(ENTRY_ITEM_MAX)? else {
            return Ok(None);
        };
        self.count_entry(entry.bytes.len())?;
        fits(
            entry.shown.as_ref().map_or(0, |shown| shown.path.len()),
            SHOWN_HASHES_MAX,
        )?;
        if let Stage::Journal(journal, _) = &mut self.stage {
            journal.take(entry);
        }
        Ok(Some(Next::Entry))
    }

    fn checkpoint(&mut self) -> Result<Option<Next>, Malformed> {
        let Some(read) = self.items.value::<SignedCheckpoint>(SMALL_ITEM_MAX)? else {
            return Ok(None);
        };
        fits(read.as_str().len(), CHECKPOINT_BYTES_MAX)?;
        if let Stage::Journal(_, checkpoint) = &mut self.stage {
            *checkpoint = Some(read);
        }
        Ok(Some(Next::Cosignatures))
    }

    fn cosignatures(&mut self) -> Result<Option<Next>, Malformed> {
        let Some(cosignatures) = self.items.value::<Vec<Cosignature>>(COSIGNATURES_ITEM_MAX)? else {
            return Ok(None);
        };
        fits(cosignatures.len(), limits::AUDIT_COSIGNATURES_MAX)?;
        if let Stage::Journal(journal, checkpoint) = &mut self.stage
            && let Some(checkpoint) = checkpoint.take()
        {
            journal.end(&checkpoint, cosignatures);
        }
        self.parts = self.parts.saturating_sub(1);
        Ok(Some(Next::Log))
    }

    fn end_journal(&mut self) {
        let stage = core::mem::replace(&mut self.stage, Stage::Head);
        if let Stage::Journal(journal, _) = stage {
            self.stage = Stage::Votes(VotesCheck::new(journal.finish()), None);
        }
    }

    fn box_entry(
        &mut self,
        weights: &mut (impl CryptoRng + ?Sized),
        crew: &dyn Crew,
    ) -> Result<Option<Next>, Malformed> {
        if self.entries == 0 {
            if let Stage::Votes(votes, _) = &mut self.stage {
                votes.end(weights, crew);
            }
            self.parts = self.parts.saturating_sub(1);
            return Ok(Some(Next::Box));
        }
        let Some(entry) = self.items.value::<Entry>(ENTRY_ITEM_MAX)? else {
            return Ok(None);
        };
        self.count_entry(entry.bytes.len())?;
        if let Stage::Votes(votes, _) = &mut self.stage {
            votes.take(entry, weights, crew);
        }
        Ok(Some(Next::BoxEntry))
    }

    fn count_entry(&mut self, len: usize) -> Result<(), Malformed> {
        self.entries = self.entries.saturating_sub(1);
        self.seen = self.seen.saturating_add(1);
        fits(len, limits::ENTRY_BYTES_MAX)?;
        if self.seen > ENTRIES_MAX {
            return Err(Malformed::OutOfRange("an audit file with too many entries"));
        }
        Ok(())
    }
}

fn fits(len: usize, max: usize) -> Result<(), Malformed> {
    if len <= max {
        Ok(())
    } else {
        Err(Malformed::TooLong { len, max })
    }
}
