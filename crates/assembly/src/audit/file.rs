//! The audit file: everything that a stranger needs to check an assembly's decisions, in one file.
//!
//! ```text
//! file  = CBOR[ "veche/v1/audit", level, assembly id, [ log, .. ], [ box, .. ] ]
//! log   = CBOR[ creation record, [ entry, .. ], checkpoint text, [ cosignature, .. ] ]
//! entry = CBOR[ time, bytes, entry key or null, beside key or null ]
//! box   = CBOR[ opening id, creation record, [ [time, bytes], .. ] ]
//! ```

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use primitives::canonical::decode_canonical_max;
use primitives::{AssemblyId, Malformed, OpeningId, Time, encode, labels};
use tlog::{Cosignature, CreateLog, Entry, SignedCheckpoint};

use crate::entry::{JournalKeys, SealedEntry};
use crate::keys::ShownDay;

/// What stands first in every audit file; another text is another format.
pub const AUDIT_FORMAT: &str = labels::AUDIT_FORMAT.as_str();
/// Longest audit file that is read.
pub const AUDIT_BYTES_MAX: usize = 4 * 1_024 * 1_024 * 1_024 - 1;

/// Whose eyes an audit file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum AuditLevel {
    /// Names are opened.
    #[n(0)]
    Members,
    /// Seat numbers only.
    #[n(1)]
    Public,
}

/// An audit file.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct AuditFile {
    /// [`AUDIT_FORMAT`].
    #[n(0)]
    pub format: String,
    /// Whose eyes it is for.
    #[n(1)]
    pub level: AuditLevel,
    /// The assembly.
    #[n(2)]
    pub assembly: AssemblyId,
    /// The journal's logs, from the founding on.
    #[n(3)]
    pub logs: Vec<AuditLog>,
    /// The boxes of secret votes that were closed.
    #[n(4)]
    pub boxes: Vec<AuditBox>,
}

/// One log of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct AuditLog {
    /// Its creation record.
    #[n(0)]
    pub record: CreateLog,
    /// All its entries.
    #[n(1)]
    pub entries: Vec<AuditEntry>,
    /// The relay's checkpoint over exactly these entries.
    #[n(2)]
    pub checkpoint: SignedCheckpoint,
    /// Witnesses' cosignatures on it; a quorum is needed for the last log.
    #[n(3)]
    pub cosignatures: Vec<Cosignature>,
}

/// One entry of the journal, opened.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct AuditEntry {
    /// When the relay took it.
    #[n(0)]
    pub time: Time,
    /// The entry as it stands in the log.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
    /// Its key; absent only if it is no entry at all.
    #[n(2)]
    pub key: Option<ByteArray<32>>,
    /// The key of what lies beside it, at the members' level.
    #[n(3)]
    pub beside: Option<ByteArray<32>>,
    /// Instead of its key: that of its day, which shows that it commits to another key than its own.
    #[n(4)]
    pub shown: Option<ShownDay>,
}

/// An entry commits to another key than its own, and its day can be shown to auditors only when it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an entry of the journal cannot be shown to auditors before its day is over")]
pub struct DayGoesOn {
    /// When it is.
    pub until: Time,
}

/// The box of one secret vote.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct AuditBox {
    /// Which vote.
    #[n(0)]
    pub opening: OpeningId,
    /// Its creation record.
    #[n(1)]
    pub record: CreateLog,
    /// All its entries, the close entry last.
    #[n(2)]
    pub entries: Vec<Entry>,
}

/// One log of the journal as a member read it.
#[derive(Debug, Clone)]
pub struct JournalPart {
    /// Its creation record.
    pub record: CreateLog,
    /// Its entries up to the checkpoint.
    pub entries: Vec<Entry>,
    /// The relay's checkpoint over exactly these entries.
    pub checkpoint: SignedCheckpoint,
    /// Cosignatures on it.
    pub cosignatures: Vec<Cosignature>,
}

impl AuditFile {
    /// Opens a member's journal to an auditor.
    ///
    /// - `journal`: all logs, from the founding on; the last one up to a checkpoint that a quorum of witnesses cosigned.
    /// - `boxes`: the box of every secret vote that was closed by then.
    /// - `now`: days that are over by then may be shown.
    ///
    /// # Errors
    /// [`DayGoesOn`] if somebody has spoilt the file for now (AUD-06).
    pub fn build(
        level: AuditLevel,
        assembly: AssemblyId,
        journal: Vec<JournalPart>,
        boxes: Vec<AuditBox>,
        keys: &JournalKeys,
        now: Time,
    ) -> Result<Self, DayGoesOn> {
        let mut logs = Vec::new();
        for part in journal {
            let entries = part.entries.into_iter();
            logs.push(AuditLog {
                record: part.record,
                entries: entries
                    .map(|entry| opened(level, entry, keys, now))
                    .collect::<Result<_, _>>()?,
                checkpoint: part.checkpoint,
                cosignatures: part.cosignatures,
            });
        }
        Ok(Self {
            format: AUDIT_FORMAT.to_owned(),
            level,
            assembly,
            logs,
            boxes,
        })
    }

    /// The file's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads a file; nothing in it has been checked then.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let file: Self = decode_canonical_max(bytes, AUDIT_BYTES_MAX)?;
        if file.format == AUDIT_FORMAT {
            Ok(file)
        } else {
            Err(Malformed::OutOfRange("an audit file of another version"))
        }
    }
}

fn opened(level: AuditLevel, entry: Entry, keys: &JournalKeys, now: Time) -> Result<AuditEntry, DayGoesOn> {
    let sealed = SealedEntry::parse(&entry.bytes).ok();
    let journal_key = sealed.as_ref().and_then(|sealed| keys.key(sealed.key_number));
    let parts = sealed.as_ref().zip(journal_key);
    let own = parts.map(|(sealed, journal_key)| (sealed, journal_key, sealed.entry_key(journal_key)));
    let (mut key, mut shown) = (None, None);
    match own {
        Some((sealed, _, own)) if own.commitment() == sealed.commitment => {
            key = Some(ByteArray::from(*own.expose()));
        }
        // What was not near its day is no entry, whatever its key.
        Some((sealed, journal_key, _)) if sealed.day.is_near(entry.time) => {
            if !sealed.day.is_over(now) {
                let until = sealed.day.end();
                return Err(DayGoesOn { until });
            }
            shown = Some(ShownDay::of(journal_key, sealed.day));
        }
        _ => {}
    }
    let beside = parts
        .filter(|_| level == AuditLevel::Members)
        .map(|(sealed, key)| ByteArray::from(*sealed.beside_key(key).expose()));
    Ok(AuditEntry {
        time: entry.time,
        bytes: entry.bytes,
        key,
        beside,
        shown,
    })
}
