//! Evidence of lies: what the relay signed and then did not keep to.

use crate::follow::POLL_MS;
use crate::requests::{Event, Topic};
use crate::state::LogRole;
use crate::step::{Step, StepError};
use crate::tables;
use crate::views::{EvidenceKind, EvidenceView, NoticeCode};
use assembly::SideBody;
use minicbor::{Decode, Encode};
use primitives::canonical::{decode_canonical, encode};
use primitives::{LogId, SeatNumber, Time};
use tlog::{Breach, Checkpoint, LogKind, SignedCheckpoint};

/// Evidence as it lies in the store.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(array)]
pub(crate) struct EvidenceRecord {
    #[n(0)]
    pub(crate) kind: u8,
    #[n(1)]
    pub(crate) log: LogId,
    #[n(2)]
    pub(crate) noticed: u64,
    #[n(3)]
    pub(crate) details: String,
    #[n(4)]
    pub(crate) known: Option<SignedCheckpoint>,
    #[n(5)]
    pub(crate) shown: Option<SignedCheckpoint>,
    /// Who says so, if this device has not found it out by itself.
    #[n(6)]
    pub(crate) by: Option<SeatNumber>,
    /// When the others were told.
    #[n(7)]
    pub(crate) told: Option<Time>,
}

impl EvidenceRecord {
    pub(crate) fn view(&self) -> EvidenceView {
        EvidenceView {
            kind: kind_of(self.kind).unwrap_or(EvidenceKind::WrongRoot),
            log: self.log.to_string(),
            noticed: self.noticed,
            details: self.details.clone(),
            by: self.by.map(|seat| seat.0),
        }
    }
}

/// The kinds by their codes, in records of the vault and of side logs.
const KINDS: [EvidenceKind; 5] = [
    EvidenceKind::Fork,
    EvidenceKind::DroppedReceipt,
    EvidenceKind::TimesDecrease,
    EvidenceKind::Shrunk,
    EvidenceKind::WrongRoot,
];

fn kind_of(code: u8) -> Option<EvidenceKind> {
    KINDS.get(usize::from(code)).copied()
}

fn code_of(kind: EvidenceKind) -> u8 {
    let place = KINDS.iter().position(|other| *other == kind);
    place
        .and_then(|place| u8::try_from(place).ok())
        .unwrap_or(u8::MAX)
}

/// Most accusations by one member that are kept.
const TESTIMONIES_MAX: usize = 32;
/// Most records of evidence, and as many are shown. What is about logs that this device reads is kept beyond: a relay and a member
/// together could prove lies about any number of others.
pub(crate) const EVIDENCE_MAX: usize = 1_000;

impl Step<'_> {
    /// A receipt that was given must be honoured: where it promised a place, one's own bytes stand.
    pub(crate) fn check_promises(&mut self, id: LogId) {
        let Some(read) = self.state.logs.get(&id).map(|log| log.reader.size()) else {
            return;
        };
        let promised: Vec<(u64, u64)> = self
            .state
            .outbox
            .iter()
            .filter(|(_, item)| item.log == id)
            .filter_map(|(number, item)| Some((*number, item.promised.filter(|index| *index < read)?)))
            .collect();
        for (number, index) in promised {
            let honoured = match self.load_entry(id, index).ok().flatten() {
                Some(entry) => self.own_item(id, &entry.bytes) == Some(number),
                // Of what is no record the relay may keep it no longer, and what stood there nobody can say.
                None => self.keeps_for_a_time(id),
            };
            let taken_already = self.state.logs.get(&id).is_some_and(|log| index < log.taken);
            if !honoured && !taken_already {
                self.accuse(
                    EvidenceKind::DroppedReceipt,
                    id,
                    format!("entry {index} is not what the receipt promised"),
                    None,
                );
                if let Some(item) = self.state.outbox.get_mut(&number) {
                    item.promised = None;
                }
                self.save_outbox(number);
            }
        }
    }

    fn keeps_for_a_time(&self, id: LogId) -> bool {
        let log = self.state.logs.get(&id);
        log.is_some_and(|log| log.record.kind != LogKind::Record)
    }

    pub(crate) fn breached(&mut self, id: LogId, breach: &Breach) {
        self.state
            .volatile
            .poll_at
            .insert(id, self.now.after(POLL_MS.saturating_mul(5)));
        match breach {
            Breach::Shrunk(_) => self.shrunk(id, breach.clone()),
            _ => self.accuse_of(id, breach),
        }
    }

    /// Keeps the breach as evidence, if it is one that somebody can be shown.
    pub(crate) fn accuse_of(&mut self, id: LogId, breach: &Breach) {
        let kind = match breach {
            Breach::Fork(_) => EvidenceKind::Fork,
            Breach::Shrunk(_) => EvidenceKind::Shrunk,
            Breach::WrongRoot(_) => EvidenceKind::WrongRoot,
            Breach::TimesDecrease { .. } => EvidenceKind::TimesDecrease,
            _ => {
                self.notice(NoticeCode::RelayAnswersNonsense);
                return;
            }
        };
        self.accuse(kind, id, breach.to_string(), breach.evidence().cloned());
    }

    /// Keeps evidence of a lie and tells the front ends; the same lie about the same log is kept once.
    pub(crate) fn accuse(
        &mut self,
        kind: EvidenceKind,
        log: LogId,
        details: String,
        evidence: Option<tlog::Evidence>,
    ) {
        let code = code_of(kind);
        let key = [log.as_bytes().as_slice(), &[code]].concat();
        if !matches!(self.store.get(tables::EVIDENCE, &key), Ok(None)) {
            return;
        }
        let full = || {
            let kept = self.store.scan(tables::EVIDENCE, b"", b"", EVIDENCE_MAX);
            kept.is_ok_and(|kept| kept.len() >= EVIDENCE_MAX)
        };
        if !self.state.logs.contains_key(&log) && full() {
            return;
        }
        let (known, shown) = evidence.map_or((None, None), |e| (e.known, Some(e.shown)));
        let record = EvidenceRecord {
            kind: code,
            log,
            noticed: self.now.0,
            details,
            known,
            shown,
            by: None,
            told: None,
        };
        self.state.volatile.evidence_told = false;
        self.keep_evidence(key, &record);
    }

    fn keep_evidence(&mut self, key: Vec<u8>, record: &EvidenceRecord) {
        self.store.put(tables::EVIDENCE, key, encode(record));
        self.emit(Event::Evidence {
            evidence: record.view(),
        });
        self.touch(Topic::Overview);
    }

    /// Tells the others what the relay was caught in, in the journal's side log. What is about a box waits until it is closed: until
    /// then nobody says what he has seen of it.
    pub(crate) fn tell_evidence(&mut self) -> Result<(), StepError> {
        let side = self.current_journal().and_then(|(_, number)| {
            self.side_log(|role| matches!(role, LogRole::Witness { number: n } if *n == number))
        });
        let Some(side) = side.filter(|_| !self.state.volatile.evidence_told) else {
            return Ok(());
        };
        let mut all = true;
        for (key, value) in self.store.scan(tables::EVIDENCE, b"", b"", usize::MAX)? {
            let mut record: EvidenceRecord =
                decode_canonical(&value).map_err(|_| StepError::Record(tables::EVIDENCE.0))?;
            if record.by.is_some() || record.told.is_some() {
                continue;
            }
            let slots = self.state.logs.get(&record.log).and_then(|log| log.record.slots);
            if slots.is_some_and(|slots| self.now < slots.closes) {
                all = false;
                continue;
            }
            let body = SideBody::Accused {
                log: record.log,
                kind: record.kind,
                known: record.known.clone(),
                shown: record.shown.clone(),
            };
            self.say_aside(side, body, None)?;
            record.told = Some(self.now);
            self.store.put(tables::EVIDENCE, key, encode(&record));
        }
        self.state.volatile.evidence_told = all;
        Ok(())
    }

    /// A member accuses the relay. Two signatures under two histories of one size are proof by themselves; whatever else the relay has
    /// signed is compared with what this device has read; and what nobody can check is kept as that member's word.
    pub(crate) fn accusation_came(
        &mut self,
        by: SeatNumber,
        log: LogId,
        kind: u8,
        (known, shown): (Option<SignedCheckpoint>, Option<SignedCheckpoint>),
    ) -> Result<(), StepError> {
        let (Some(key), Some(kind)) = (self.checkpoint_key(), kind_of(kind)) else {
            return Ok(());
        };
        if self.own_seat().is_ok_and(|own| own.number == by) {
            return Ok(());
        }
        let signed: Vec<&SignedCheckpoint> = [&known, &shown].into_iter().flatten().collect();
        let opened: Vec<Checkpoint> = signed
            .iter()
            .filter_map(|signed| signed.open(&key).ok())
            .collect();
        if opened.len() < signed.len() || opened.iter().any(|checkpoint| checkpoint.origin.log != log) {
            return Ok(());
        }
        if let ([one, other], Some(shown)) = (opened.as_slice(), &shown)
            && one.size == other.size
            && one.root != other.root
        {
            let shown = shown.clone();
            let details = Breach::Fork(tlog::Evidence { known, shown });
            self.accuse_of(log, &details);
            return Ok(());
        }
        let is_journal = self
            .state
            .logs
            .get(&log)
            .map(|log| matches!(log.role, LogRole::Journal { .. }));
        for seen in signed {
            match is_journal {
                Some(true) => self.compare_journal(seen),
                Some(false) => self.compare_seen(log, seen),
                None => {}
            }
        }
        self.testimony(by, log, kind, (known.clone(), shown.clone()))
    }

    /// Keeps what a member says and this device cannot check, unless it knows the same by itself.
    fn testimony(
        &mut self,
        by: SeatNumber,
        log: LogId,
        kind: EvidenceKind,
        (known, shown): (Option<SignedCheckpoint>, Option<SignedCheckpoint>),
    ) -> Result<(), StepError> {
        let own = [log.as_bytes().as_slice(), &[code_of(kind)]].concat();
        let key = [own.as_slice(), &by.0.to_be_bytes()].concat();
        let all = self.store.scan(tables::EVIDENCE, b"", b"", usize::MAX)?;
        let theirs = |key: &&Vec<u8>| key.len() > own.len() && key.ends_with(&by.0.to_be_bytes());
        let said = all.iter().map(|(key, _)| key).filter(theirs).count();
        if said >= TESTIMONIES_MAX || all.iter().any(|(other, _)| *other == own || *other == key) {
            return Ok(());
        }
        let record = EvidenceRecord {
            kind: code_of(kind),
            log,
            noticed: self.now.0,
            details: format!("seat {} has told of it", by.0),
            known,
            shown,
            by: Some(by),
            told: None,
        };
        self.keep_evidence(key, &record);
        Ok(())
    }

    /// Whether the relay is known to have signed two histories of a log.
    pub(crate) fn is_forked(&self, log: LogId) -> bool {
        let key = [log.as_bytes().as_slice(), &[0]].concat();
        !matches!(self.store.get(tables::EVIDENCE, &key), Ok(None))
    }
}
