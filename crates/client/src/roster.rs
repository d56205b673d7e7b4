//! Who may be in a conversation: the journal's word, judged at a journal position, so that everybody judges alike.

use crate::commands::{no_assembly, not_a_member};
use crate::requests::Refusal;
use crate::state::Span;
use crate::step::{Step, StepError};
use crate::tables;
use messaging::{JournalPoint, Knowledge, Member, Roster};
use minicbor::{Decode, Encode};
use primitives::canonical::{decode_canonical, encode};
use primitives::{Hash, Overlay, Store, Time, VerifyingKey};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The journal at one position: its root and the time of its last entry.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(array)]
struct Mark {
    #[n(0)]
    root: Hash,
    #[n(1)]
    time: Time,
}

/// The roster as this device's fold has it, for the length of one call.
pub(crate) struct JournalRoster<'s, 'a> {
    pub(crate) assembly: Option<&'s assembly::Assembly>,
    pub(crate) spans: &'s [Span],
    pub(crate) position: u64,
    pub(crate) time: Time,
    pub(crate) store: &'s Overlay<'a, dyn Store + 'a>,
}

/// The same, with all marks in memory: for a call that writes to the store meanwhile.
pub(crate) struct LoadedRoster {
    assembly: Option<Arc<assembly::Assembly>>,
    spans: Vec<Span>,
    position: u64,
    time: Time,
    marks: BTreeMap<u64, Mark>,
}

impl Roster for LoadedRoster {
    fn knows(&self, point: &JournalPoint, at: Option<Time>) -> Knowledge {
        knows((self.position, self.time), point, at, |size| {
            self.marks.get(&size).cloned()
        })
    }

    fn admits(&self, point: &JournalPoint, member: &Member) -> bool {
        admits(&self.spans, point, member)
    }

    fn is_deputy(&self, identity: &VerifyingKey) -> bool {
        is_deputy(self.assembly.as_deref(), identity)
    }
}

impl Roster for JournalRoster<'_, '_> {
    fn knows(&self, point: &JournalPoint, at: Option<Time>) -> Knowledge {
        knows((self.position, self.time), point, at, |size| {
            let mark = self
                .store
                .get(tables::ROOTS, &size.to_be_bytes())
                .ok()
                .flatten()?;
            decode_canonical(&mark).ok()
        })
    }

    fn admits(&self, point: &JournalPoint, member: &Member) -> bool {
        admits(self.spans, point, member)
    }

    fn is_deputy(&self, identity: &VerifyingKey) -> bool {
        is_deputy(self.assembly, identity)
    }
}

fn is_deputy(assembly: Option<&assembly::Assembly>, identity: &VerifyingKey) -> bool {
    let mut seats = assembly.into_iter().flat_map(assembly::Assembly::seats);
    seats.any(|seat| seat.identity == *identity && seat.role == assembly::Role::Deputy)
}

fn knows(
    (position, time): (u64, Time),
    point: &JournalPoint,
    at: Option<Time>,
    mark: impl FnOnce(u64) -> Option<Mark>,
) -> Knowledge {
    if point.size == 0 {
        return if point.root == tlog::empty_root() {
            Knowledge::Known
        } else {
            Knowledge::Contradicted
        };
    }
    if point.size > position {
        // The journal has entries later than the claim already: what it names cannot have been there then.
        let past = at.is_some_and(|at| time > at);
        return if past {
            Knowledge::Contradicted
        } else {
            Knowledge::NotYet
        };
    }
    match mark(point.size) {
        Some(mark) if mark.root != point.root => Knowledge::Contradicted,
        Some(mark) if at.is_some_and(|at| mark.time > at) => Knowledge::Contradicted,
        Some(_) => Knowledge::Known,
        // Below the position and unknown: damage. Nothing is judged on it.
        None => Knowledge::NotYet,
    }
}

fn admits(spans: &[Span], point: &JournalPoint, member: &Member) -> bool {
    // The founder makes the group before the journal has its first entry.
    let size = point.size.max(1);
    spans.iter().any(|span| {
        span.identity == member.identity
            && span.device == member.device
            && span.from <= size
            && span.until.is_none_or(|until| size < until)
    })
}

impl Step<'_> {
    /// Notes, after an entry has been folded, who is in force and what the journal's root is.
    pub(crate) fn note_position(&mut self) -> Result<(), StepError> {
        let Some(assembly) = self.state.assembly.clone() else {
            return Ok(());
        };
        let position = assembly.position();
        let mark = Mark {
            root: assembly.journal_root(),
            time: assembly.time(),
        };
        self.store
            .put(tables::ROOTS, position.to_be_bytes(), encode(&mark));
        let own = self.state.member.as_ref();
        let own = own.and_then(|member| Some((member.identity_key()?, member.device_key().verifying_key())));
        let known = |span: &Span| span.until.is_none() && Some((span.identity, span.device)) == own;
        // Who reads the journal from its beginning is told of nothing that was before.
        let was_there = self.state.roster.iter().any(known);
        let mut came = Vec::new();
        let mut changed = false;
        for span in self.state.roster.iter_mut().filter(|span| span.until.is_none()) {
            let here = |seat: &assembly::Seat| seat.is_active() && seat.device(&span.device).is_some();
            if !assembly.seats().any(here) {
                span.until = Some(position);
                changed = true;
            }
        }
        for seat in assembly.seats().filter(|seat| seat.is_active()) {
            for device in &seat.devices {
                let known = |span: &Span| {
                    span.device == device.key && span.identity == seat.identity && span.until.is_none()
                };
                if !self.state.roster.iter().any(known) {
                    if was_there && own.is_some_and(|(identity, _)| identity == seat.identity) {
                        came.push(device.key);
                    }
                    self.state.roster.push(Span {
                        identity: seat.identity,
                        device: device.key,
                        from: position,
                        until: None,
                    });
                    changed = true;
                }
            }
        }
        if changed {
            self.store
                .put(tables::ROSTER, *b"spans", encode(&self.state.roster));
        }
        for device in came {
            self.device_came(device, assembly.time());
        }
        Ok(())
    }

    /// When a device came into force, by the journal's time.
    pub(crate) fn device_since(&self, device: &VerifyingKey) -> Option<Time> {
        let span = self.state.roster.iter().find(|span| span.device == *device)?;
        let mark = self.store.get(tables::ROOTS, &span.from.to_be_bytes()).ok()??;
        Some(decode_canonical::<Mark>(&mark).ok()?.time)
    }

    /// Whether this device was one of a seat once, and is none now: its member is out, or it was revoked.
    pub(crate) fn is_device_out(&self) -> bool {
        let own = self
            .state
            .member
            .as_ref()
            .map(|member| member.device_key().verifying_key());
        let mut spans = self.state.roster.iter();
        self.own_seat().is_err() && spans.any(|span| Some(span.device) == own)
    }

    /// The point that this device has folded.
    pub(crate) fn journal_point(&self) -> JournalPoint {
        match &self.state.assembly {
            Some(assembly) => JournalPoint {
                size: assembly.position(),
                root: assembly.journal_root(),
            },
            None => JournalPoint {
                size: 0,
                root: tlog::empty_root(),
            },
        }
    }

    /// Root of the journal's current log when the journal had so many entries.
    pub(crate) fn root_at(&self, position: u64) -> Result<Option<Hash>, StepError> {
        let mark = self.store.get(tables::ROOTS, &position.to_be_bytes())?;
        let mark: Option<Mark> = mark
            .map(|mark| decode_canonical(&mark).map_err(|_| StepError::Record(tables::ROOTS.0)))
            .transpose()?;
        Ok(mark.map(|mark| mark.root))
    }

    /// The roster as it is now, read from the store.
    pub(crate) fn roster(&self) -> JournalRoster<'_, '_> {
        JournalRoster {
            assembly: self.state.assembly.as_deref(),
            spans: &self.state.roster,
            position: self.journal_point().size,
            time: self.folded_time(),
            store: &self.store,
        }
    }

    /// The roster with all its marks.
    pub(crate) fn roster_marks(&self) -> Result<LoadedRoster, StepError> {
        let mut marks = BTreeMap::new();
        for (key, value) in self.store.scan(tables::ROOTS, b"", b"", usize::MAX)? {
            let position = key.try_into().map_err(|_| StepError::Record(tables::ROOTS.0))?;
            let mark = decode_canonical(&value).map_err(|_| StepError::Record(tables::ROOTS.0))?;
            marks.insert(u64::from_be_bytes(position), mark);
        }
        Ok(LoadedRoster {
            assembly: self.state.assembly.clone(),
            spans: self.state.roster.clone(),
            position: self.journal_point().size,
            time: self.folded_time(),
            marks,
        })
    }

    /// Time of the last entry folded.
    pub(crate) fn folded_time(&self) -> Time {
        self.state
            .assembly
            .as_ref()
            .map_or(Time(0), |assembly| assembly.time())
    }

    pub(crate) fn own_seat(&self) -> Result<assembly::Seat, Refusal> {
        let member = self.state.member.as_ref().ok_or_else(no_assembly)?;
        let assembly = self.state.assembly.as_ref().ok_or_else(not_a_member)?;
        let device = member.device_key().verifying_key();
        assembly
            .seat_by_device(&device)
            .filter(|seat| seat.is_active())
            .cloned()
            .ok_or_else(not_a_member)
    }
}
