//! The audit file: everything that a stranger needs to check the assembly's decisions, as this device has read it.

use crate::commands::no_assembly;
use crate::machine::Failed;
use crate::requests::{AuditLevel, Refusal, RefusalCode};
use crate::step::{Step, StepError};
use assembly::limits;
use assembly::{Assembly, AuditBox, AuditFile, DayGoesOn, JournalLog, JournalPart, SecretVote};
use primitives::{LogId, OpeningId};
use tlog::Entry;

/// So many intervals the witnesses are given to cosign the newest entries before an audit file goes without them.
const COSIGN_PATIENCE: u64 = 10;

impl Step<'_> {
    /// The audit file of everything up to the last journal checkpoint that a quorum has cosigned.
    pub(crate) fn audit_file(&self, level: AuditLevel) -> Result<Vec<u8>, Failed> {
        let assembly = self.state.assembly.clone().ok_or_else(no_assembly)?;
        let (last, earlier) = assembly
            .journal_logs()
            .split_last()
            .ok_or(StepError::Internal("an assembly without a journal"))?;
        let mut journal = Vec::new();
        for part in earlier {
            journal.push(self.earlier_part(part)?);
        }
        journal.push(self.last_part(&assembly, last)?);
        let boxes = assembly
            .motions()
            .into_iter()
            .filter_map(|motion| motion.opening.as_ref())
            .filter_map(|opening| Some((opening.id, opening.secret()?)))
            .filter_map(|(opening, secret)| self.closed_box(opening, secret).transpose())
            .collect::<Result<Vec<_>, Failed>>()?;
        let level = match level {
            AuditLevel::Members => assembly::AuditLevel::Members,
            AuditLevel::Public => assembly::AuditLevel::Public,
        };
        let now = self.log_time();
        AuditFile::build(level, assembly.id(), journal, boxes, &self.journal_keys(), now)
            .map(|file| file.to_bytes())
            .map_err(|DayGoesOn { until }| {
                let details = format!(
                    "somebody has made an entry of the journal that nobody can open, to spoil audit files; it can be shown to \
                     auditors when its day is over: export again in {} hours",
                    until.since_ms(now).div_ceil(3_600_000)
                );
                Refusal::new(RefusalCode::NotReady, &details).into()
            })
    }

    /// A log that the journal has left: whole, up to a checkpoint. What came after the journal had gone on has no effect,
    /// but stands under the checkpoint's root.
    fn earlier_part(&self, part: &JournalLog) -> Result<JournalPart, Failed> {
        let what = "an earlier log of the journal";
        let log = part.record.id();
        let Some(state) = self.state.logs.get(&log) else {
            return Err(not_read_yet(what));
        };
        let cosigned = if state.covered >= part.size {
            self.cosignatures(log, state.covered)?
        } else {
            None
        };
        let (checkpoint, cosignatures, size) = match (cosigned, state.reader.largest()) {
            (Some(cosigned), _) => (cosigned.checkpoint, cosigned.cosignatures, state.covered),
            (None, Some(largest)) => {
                let size = state.reader.size().saturating_add(state.reader.unread());
                (largest.clone(), Vec::new(), size)
            }
            (None, None) => return Err(not_read_yet(what)),
        };
        Ok(JournalPart {
            record: part.record.clone(),
            entries: self.entries_up_to(log, size, what)?,
            checkpoint,
            cosignatures,
        })
    }

    /// The log in which the journal goes on, up to the checkpoint that the witnesses' quorum has cosigned.
    fn last_part(&self, assembly: &Assembly, part: &JournalLog) -> Result<JournalPart, Failed> {
        let log = part.record.id();
        let covered = self.state.logs.get(&log).map_or(0, |state| state.covered);
        let fresh_ms = assembly.charter().cosign_ms.saturating_mul(COSIGN_PATIENCE);
        if covered == 0 || (covered < part.size && self.now.since_ms(assembly.time()) < fresh_ms) {
            return Err(not_cosigned_yet());
        }
        let mut cosigned = self.cosignatures(log, covered)?.ok_or_else(not_cosigned_yet)?;
        // Those who are no witnesses can add more of their own than a file takes.
        if cosigned.cosignatures.len() > limits::AUDIT_COSIGNATURES_MAX {
            let witnesses = assembly.witnesses();
            cosigned.cosignatures.retain(|cosignature| {
                let seat = assembly.seat_by_device(&cosignature.key);
                seat.is_some_and(|seat| witnesses.contains(&seat.number))
            });
        }
        Ok(JournalPart {
            record: part.record.clone(),
            entries: self.entries_up_to(log, covered, "the journal")?,
            checkpoint: cosigned.checkpoint,
            cosignatures: cosigned.cosignatures,
        })
    }

    /// The box of a secret vote, if it was closed.
    fn closed_box(&self, opening: OpeningId, secret: &SecretVote) -> Result<Option<AuditBox>, Failed> {
        let Some(closed) = &secret.closed else {
            return Ok(None);
        };
        let entries = self.entries_up_to(secret.record.id(), closed.checkpoint.size, "a ballot box")?;
        Ok(Some(AuditBox {
            opening,
            record: secret.record.clone(),
            entries,
        }))
    }

    fn entries_up_to(&self, log: LogId, size: u64, what: &str) -> Result<Vec<Entry>, Failed> {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let mut entries = self.load_entries(log)?;
        if entries.len() < size {
            return Err(not_read_yet(what));
        }
        entries.truncate(size);
        Ok(entries)
    }
}

fn not_cosigned_yet() -> Failed {
    let details = "the witnesses have not cosigned the journal up to its end yet; try again shortly";
    Refusal::new(RefusalCode::NotReady, details).into()
}

fn not_read_yet(what: &str) -> Failed {
    let details = format!("{what} has not been read to its end yet; try again shortly");
    Refusal::new(RefusalCode::NotReady, &details).into()
}
