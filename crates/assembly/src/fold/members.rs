//! Admission, detention, leaving and ballot keys.

use ballot::{KeyContext, PublishedKey};
use minicbor::bytes::ByteArray;
use primitives::{SeatNumber, StatementId, Time, VerifyingKey};
use std::collections::BTreeSet;

use super::signing::{spend, within_month};
use super::{Admission, AdmissionState, Assembly, Author, Effect, KeyBatch, SeatState};
use crate::limits;
use crate::rejection::Rejection;
use crate::statement::Candidate;

impl Assembly {
    pub(super) fn check_admission_proposed(
        &self,
        author: Author<'_>,
        candidate: &Candidate,
    ) -> Result<Effect, Rejection> {
        self.check_endorser(author)?;
        let (identity, device) =
            Self::verify_certificate(&candidate.certificate).ok_or(Rejection::CandidateUnfit)?;
        if self.is_identity_known(&identity) || self.is_device_known(&device.key) {
            return Err(Rejection::CandidateUnfit);
        }
        Ok(Effect::AdmissionProposed(Admission {
            proposer: author.seat.number,
            role: candidate.role,
            name: candidate.name,
            identity,
            device,
            proposed: self.time,
            position: self.position,
            endorsed_by: Vec::new(),
            objected_by: Vec::new(),
            state: AdmissionState::Proposed,
        }))
    }

    pub(super) fn check_endorsed(
        &self,
        author: Author<'_>,
        admission: StatementId,
    ) -> Result<Effect, Rejection> {
        let open = self.open_admission(admission)?;
        if open.state != AdmissionState::Proposed {
            return Err(Rejection::NoSuchAdmission);
        }
        if open.endorsed_by.contains(&author.seat.number) {
            return Err(Rejection::SignedAlready);
        }
        self.check_endorser(author)?;
        Ok(Effect::Endorsed(admission))
    }

    pub(super) fn check_objected(
        &self,
        author: Author<'_>,
        admission: StatementId,
    ) -> Result<Effect, Rejection> {
        Self::require_deputy(author)?;
        if self
            .open_admission(admission)?
            .objected_by
            .contains(&author.seat.number)
        {
            return Err(Rejection::SignedAlready);
        }
        Ok(Effect::Objected(admission))
    }

    pub(super) fn check_detained(&self, author: Author<'_>, target: SeatNumber) -> Result<Effect, Rejection> {
        Self::require_deputy(author)?;
        let acts = self.seats.get(&target).is_some_and(super::Seat::is_active);
        let budget = within_month(&author.seat.detentions, self.time);
        if !acts || target == author.seat.number || budget >= self.charter_ref().detentions_per_month {
            return Err(Rejection::DetentionUnfit);
        }
        let detention = self.detentions.get(&target);
        if detention.is_some_and(|detention| detention.is_signed_by(author.seat.number, self.time)) {
            Err(Rejection::SignedAlready)
        } else {
            Ok(Effect::Detained(target))
        }
    }

    pub(super) fn check_ballot_keys(
        &self,
        author: Author<'_>,
        first: u32,
        keys: &[PublishedKey],
    ) -> Result<Effect, Rejection> {
        Self::require_deputy(author)?;
        let seat = author.seat;
        if !(1..=limits::BALLOT_KEYS_PER_STATEMENT_MAX).contains(&keys.len()) {
            return Err(Rejection::BodyMalformed);
        }
        let count = u32::try_from(keys.len()).unwrap_or(u32::MAX);
        let end = first.saturating_add(count);
        let ahead = self.next_key_number.saturating_add(limits::BALLOT_KEYS_AHEAD_MAX);
        if !author.is_first_device() || first < seat.next_ballot_key || end > ahead {
            return Err(Rejection::KeyNumbers);
        }
        let mut known: BTreeSet<[u8; 32]> = seat
            .ballot_keys
            .iter()
            .flat_map(|batch| &batch.keys)
            .map(|key| **key)
            .collect();
        let mut verified = Vec::with_capacity(keys.len());
        for (number, key) in (first..).zip(keys) {
            let context = KeyContext {
                assembly: self.id,
                seat: seat.number,
                number: u64::from(number),
            };
            let key = key.verify(&context).map_err(|_| Rejection::KeyUnproven)?;
            if !known.insert(*key.as_bytes()) {
                return Err(Rejection::KeyUnproven);
            }
            verified.push(ByteArray::from(*key.as_bytes()));
        }
        Ok(Effect::KeysPublished {
            first,
            keys: verified,
        })
    }

    fn check_endorser(&self, author: Author<'_>) -> Result<(), Rejection> {
        Self::require_deputy(author)?;
        if self.is_founding() {
            return Ok(());
        }
        let (seat, charter) = (author.seat, self.charter_ref());
        let founder = self.founding_ended.is_some_and(|ended| seat.admitted <= ended);
        let old_enough = founder || self.time.since_ms(seat.admitted) >= charter.endorser_age_ms;
        let used = within_month(&seat.endorsements, self.time);
        if old_enough && used < charter.endorsements_per_month {
            Ok(())
        } else {
            Err(Rejection::EndorserBarred)
        }
    }

    fn open_admission(&self, admission: StatementId) -> Result<&Admission, Rejection> {
        self.admissions
            .get(&admission)
            .filter(|admission| admission.is_open())
            .ok_or(Rejection::NoSuchAdmission)
    }

    fn is_identity_known(&self, identity: &VerifyingKey) -> bool {
        let seated = self.seats.values().any(|seat| seat.identity == *identity);
        seated
            || self
                .open_admissions()
                .any(|admission| admission.identity == *identity)
    }

    /// Whether a device is or was some seat's, or is to be one's by an open admission.
    pub(super) fn is_device_known(&self, device: &VerifyingKey) -> bool {
        let seated = self.seats.values().any(|seat| seat.has_had_device(device));
        seated
            || self
                .open_admissions()
                .any(|admission| admission.device.key == *device)
    }

    fn open_admissions(&self) -> impl Iterator<Item = &Admission> {
        self.admissions.values().filter(|admission| admission.is_open())
    }

    pub(super) fn endorse(&mut self, admission: StatementId, by: SeatNumber, time: Time) {
        let founding = self.is_founding();
        let charter = self.charter_ref().clone();
        if let Some(seat) = self.seats.get_mut(&by).filter(|_| !founding) {
            spend(&mut seat.endorsements, time);
        }
        let Some(open) = self.admissions.get_mut(&admission) else {
            return;
        };
        open.endorsed_by.push(by);
        let needed = if founding {
            1
        } else {
            usize::try_from(charter.endorsements).unwrap_or(usize::MAX)
        };
        if open.endorsed_by.len() >= needed {
            let window_ms = if founding { 0 } else { charter.objection_ms };
            open.state = AdmissionState::Waiting(time.after(window_ms));
            self.advance_admissions();
        }
    }

    pub(super) fn object(&mut self, admission: StatementId, by: SeatNumber) {
        let objectors = usize::try_from(self.charter_ref().objectors).unwrap_or(usize::MAX);
        let Some(open) = self.admissions.get_mut(&admission) else {
            return;
        };
        open.objected_by.push(by);
        if open.objected_by.len() >= objectors {
            open.state = AdmissionState::Refused;
        }
    }

    /// Seats those whose objection window is over, in order of its end, then of their proposal.
    pub(super) fn advance_admissions(&mut self) {
        let now = self.time;
        let mut due: Vec<_> = self
            .admissions
            .iter()
            .filter_map(|(id, admission)| match admission.state {
                AdmissionState::Waiting(until) if until <= now => Some((until, admission.position, *id)),
                _ => None,
            })
            .collect();
        due.sort_unstable();
        for (_, _, id) in due {
            let Some(admission) = self.admissions.get(&id).cloned() else {
                continue;
            };
            let number = self.seat(
                admission.role,
                admission.name,
                admission.identity,
                admission.device,
            );
            if let Some(admission) = self.admissions.get_mut(&id) {
                admission.state = AdmissionState::Admitted(number);
            }
        }
        for admission in self.admissions.values_mut() {
            let stale = now.since_ms(admission.proposed) > limits::ADMISSION_MS_MAX;
            if stale && admission.state == AdmissionState::Proposed {
                admission.state = AdmissionState::Refused;
            }
        }
    }

    pub(super) fn detain(&mut self, target: SeatNumber, by: SeatNumber, time: Time) {
        if let Some(seat) = self.seats.get_mut(&by) {
            spend(&mut seat.detentions, time);
        }
        let mut detention = self.detentions.remove(&target).unwrap_or_default();
        if self.sign(&mut detention, by, time) {
            self.remove(target, SeatState::Detained, time);
        } else {
            self.detentions.insert(target, detention);
        }
    }

    /// Takes a seat out of everything: its unused ballot keys are void, sealing keys that it had a part in are discarded,
    /// and the journal must go on where it cannot follow.
    pub(super) fn remove(&mut self, seat: SeatNumber, state: SeatState, time: Time) {
        self.void_keys(seat);
        if let Some(seat) = self.seats.get_mut(&seat) {
            seat.state = state;
            seat.state_since = time;
        }
        self.leave_behind();
        self.discard_keys_of(seat);
    }

    pub(super) fn publish_keys(&mut self, seat: SeatNumber, batch: KeyBatch) {
        if let Some(seat) = self.seats.get_mut(&seat) {
            seat.next_ballot_key = batch.end();
            seat.ballot_keys.push(batch);
        }
    }

    pub(super) fn void_keys(&mut self, seat: SeatNumber) {
        if let Some(seat) = self.seats.get_mut(&seat) {
            seat.ballot_keys.clear();
        }
    }
}
