//! The audit file: everything that a stranger needs to check an assembly's decisions, in one file.
//!
//! ```text
//! file  = CBOR[ "veche/v1/audit", level, assembly id, [ log, .. ], [ box, .. ] ]
//! log   = CBOR[ creation record, [ entry, .. ], checkpoint text, [ cosignature, .. ] ]
//! entry = CBOR[ time, bytes, entry key or null, beside key or null, shown day or null ]
//! box   = CBOR[ opening id, creation record, [ [time, bytes], .. ] ]
//! ```

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use primitives::canonical::decode_canonical_max;
use primitives::{AssemblyId, Malformed, OpeningId, Secret, Time, encode, labels};
use std::collections::BTreeSet;
use tlog::{Cosignature, CreateLog, Entry, SignedCheckpoint};

use crate::entry::{JournalKeys, SealedEntry};
use crate::keys::{Day, DayTree, ShownDay};

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
    /// The key of its day, with the first entry of it: it shows whether this one and those that follow commit to their own keys.
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
    /// - `now`: a day that is over by then may be shown to end what holds the file off. All others are shown that are
    ///   over by the journal's own time.
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
        let entries = journal.iter().flat_map(|part| &part.entries);
        let mut opener = Opener {
            level,
            keys,
            taken: entries.map(|entry| entry.time).max().unwrap_or(Time(0)),
            now,
            number: 0,
            tree: None,
            shown: BTreeSet::new(),
        };
        for part in journal {
            opener.next_log();
            let entries = part.entries.into_iter();
            logs.push(AuditLog {
                record: part.record,
                entries: entries
                    .map(|entry| opener.open(entry))
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

/// Opens the entries of one member's journal.
struct Opener<'a> {
    level: AuditLevel,
    keys: &'a JournalKeys,
    /// The journal's own time at its end.
    taken: Time,
    now: Time,
    /// Number of the journal key of the present log.
    number: u32,
    /// Its days, once one is to be shown.
    tree: Option<DayTree>,
    /// Those that were.
    shown: BTreeSet<Day>,
}

impl Opener<'_> {
    fn next_log(&mut self) {
        self.number = self.number.saturating_add(1);
        self.tree = None;
        self.shown.clear();
    }

    fn open(&mut self, entry: Entry) -> Result<AuditEntry, DayGoesOn> {
        let sealed = SealedEntry::parse(&entry.bytes).ok();
        let journal_key = sealed
            .as_ref()
            .and_then(|sealed| self.keys.key(sealed.key_number));
        let parts = sealed.as_ref().zip(journal_key);
        let own = parts.map(|(sealed, journal_key)| (sealed, journal_key, sealed.entry_key(journal_key)));
        let (mut key, mut shown) = (None, None);
        if let Some((sealed, journal_key, own)) = own {
            let opens = own.commitment() == sealed.commitment;
            // What is under another log's key or was not near its day is no entry, whatever its key.
            let counts = sealed.key_number == self.number && sealed.day.is_near(entry.time);
            let hides = counts && !opens;
            if hides && !sealed.day.is_over(self.now) && !sealed.day.is_over(self.taken) {
                let until = sealed.day.end();
                return Err(DayGoesOn { until });
            }
            key = opens.then(|| ByteArray::from(*own.expose()));
            if hides || (counts && sealed.day.is_over(self.taken)) {
                shown = self.show(journal_key, sealed.day);
            }
        }
        let beside = parts
            .filter(|_| self.level == AuditLevel::Members)
            .map(|(sealed, key)| ByteArray::from(*sealed.beside_key(key).expose()));
        Ok(AuditEntry {
            time: entry.time,
            bytes: entry.bytes,
            key,
            beside,
            shown,
        })
    }

    /// A day of the present log, the first time.
    fn show(&mut self, journal_key: &Secret<32>, day: Day) -> Option<ShownDay> {
        let tree = self.tree.get_or_insert_with(|| DayTree::of(journal_key));
        self.shown.insert(day).then(|| tree.show(day))
    }
}
