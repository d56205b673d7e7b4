//! Seats and admissions as the fold keeps them.

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use primitives::{Hash, SeatNumber, Time, VerifyingKey};

use crate::limits;
use crate::statement::Role;
use tlog::CosigningKey;

/// What votes: created by an admission, and lasting.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Seat {
    /// Its number.
    #[n(0)]
    pub number: SeatNumber,
    /// What it may do.
    #[n(1)]
    pub role: Role,
    /// Commitment to the member's name.
    #[n(2)]
    pub name: Hash,
    /// The member's identity key.
    #[n(3)]
    pub identity: VerifyingKey,
    /// Certified devices; the first is the voting device and stays, the others were added by it.
    #[n(4)]
    pub devices: Vec<Device>,
    /// When it was admitted.
    #[n(5)]
    pub admitted: Time,
    /// From when it votes.
    #[n(6)]
    pub votes_from: Time,
    /// Whether it acts.
    #[n(7)]
    pub state: SeatState,
    /// Since when it is in this state.
    #[n(8)]
    pub state_since: Time,
    /// Published ballot keys that are not used up.
    #[n(9)]
    pub ballot_keys: Vec<KeyBatch>,
    /// The least number that its next ballot keys may have.
    #[n(10)]
    pub next_ballot_key: u32,
    /// When it endorsed, within the last 30 days.
    #[n(11)]
    pub endorsements: Vec<Time>,
    /// When it signed detentions, within the last 30 days.
    #[n(12)]
    pub detentions: Vec<Time>,
    /// What was done to its devices; absent while it has had its first one alone.
    #[n(13)]
    pub history: Option<DeviceHistory>,
}

/// What a seat's devices have come to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct DeviceHistory {
    /// When further ones were added, within the last 30 days.
    #[n(0)]
    pub added: Vec<Time>,
    /// Keys of those that were revoked, in order. None of them ever comes back, to any seat.
    #[n(1)]
    pub revoked: Vec<VerifyingKey>,
}

/// A certified device of a seat.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Device {
    /// Its signing key.
    #[n(0)]
    pub key: VerifyingKey,
    /// Its X25519 key for trustees' packages.
    #[n(1)]
    pub sealing_key: ByteArray<32>,
    /// The key with which it cosigns besides its own, once it has announced one.
    #[n(2)]
    pub cosigning_key: Option<CosigningKey>,
}

/// Whether a seat acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum SeatState {
    /// Yes.
    #[n(0)]
    Active,
    /// Detained: out of everything until it returns.
    #[n(1)]
    Detained,
    /// Left by itself.
    #[n(2)]
    Left,
}

/// Ballot keys of one statement.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct KeyBatch {
    /// Number of the first.
    #[n(0)]
    pub first: u32,
    /// The keys.
    #[n(1)]
    pub keys: Vec<ByteArray<32>>,
}

impl KeyBatch {
    /// The key with this number.
    #[must_use]
    pub fn key(&self, number: u32) -> Option<&ByteArray<32>> {
        let at = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.keys.get(at)
    }

    /// The number after the last key's.
    #[must_use]
    pub fn end(&self) -> u32 {
        self.first
            .saturating_add(u32::try_from(self.keys.len()).unwrap_or(u32::MAX))
    }
}

impl Seat {
    /// Whether it acts.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.state == SeatState::Active
    }

    /// Whether it is a deputy that acts.
    #[must_use]
    pub fn is_acting_deputy(&self) -> bool {
        self.is_active() && self.role == Role::Deputy
    }

    /// The device with this key.
    #[must_use]
    pub fn device(&self, key: &VerifyingKey) -> Option<&Device> {
        self.devices.iter().find(|device| device.key == *key)
    }

    /// The voting device, which alone holds ballot keys and shares.
    #[must_use]
    pub fn voting_device(&self) -> Option<&Device> {
        self.devices.first()
    }

    /// Whether this is its first device, the voting device.
    #[must_use]
    pub fn is_first_device(&self, key: &VerifyingKey) -> bool {
        self.voting_device().is_some_and(|device| device.key == *key)
    }

    /// Its devices besides the first, in the order in which they were added.
    #[must_use]
    pub fn further_devices(&self) -> &[Device] {
        self.devices.get(1..).unwrap_or_default()
    }

    /// Keys of devices that it has revoked, in order.
    #[must_use]
    pub fn revoked_devices(&self) -> &[VerifyingKey] {
        self.history
            .as_ref()
            .map_or(&[], |history| history.revoked.as_slice())
    }

    /// Whether it has this device, or has had it.
    #[must_use]
    pub fn has_had_device(&self, key: &VerifyingKey) -> bool {
        self.device(key).is_some() || self.revoked_devices().contains(key)
    }

    /// How many devices it may still add now: it has so many at once, and adds so many in a month.
    #[must_use]
    pub fn devices_left(&self, now: Time) -> usize {
        let added = self.history.as_ref().map_or(0, |history| {
            let recent = |at: &&Time| now.since_ms(**at) < limits::MONTH_MS;
            history.added.iter().filter(recent).count()
        });
        let at_once = limits::DEVICES_MAX.saturating_sub(self.devices.len());
        at_once.min(limits::DEVICES_A_MONTH.saturating_sub(added))
    }

    /// Its ballot key with this number.
    #[must_use]
    pub fn ballot_key(&self, number: u32) -> Option<&ByteArray<32>> {
        self.ballot_keys.iter().find_map(|batch| batch.key(number))
    }

    /// How many ballot keys it has with numbers from `next` on.
    #[must_use]
    pub fn unused_ballot_keys(&self, next: u32) -> u32 {
        self.ballot_keys
            .iter()
            .map(|batch| batch.end().saturating_sub(batch.first.max(next)))
            .sum()
    }

    /// Whether it belongs to the electorate of a motion proposed at `proposed` and opened at `now`: a deputy past its cooling-off,
    /// also one that was detained since the motion was proposed.
    #[must_use]
    pub fn is_elector(&self, proposed: Time, now: Time) -> bool {
        let counts = match self.state {
            SeatState::Active => true,
            SeatState::Detained => self.state_since >= proposed,
            SeatState::Left => false,
        };
        counts && self.role == Role::Deputy && self.votes_from <= now
    }
}

/// Somebody proposed for a seat.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Admission {
    /// Who proposed it.
    #[n(0)]
    pub proposer: SeatNumber,
    /// In which role.
    #[n(1)]
    pub role: Role,
    /// Commitment to the name.
    #[n(2)]
    pub name: Hash,
    /// Identity key.
    #[n(3)]
    pub identity: VerifyingKey,
    /// First device.
    #[n(4)]
    pub device: Device,
    /// When it was proposed.
    #[n(5)]
    pub proposed: Time,
    /// Position of the proposing statement in the journal.
    #[n(6)]
    pub position: u64,
    /// Seats that endorsed, the proposer first.
    #[n(7)]
    pub endorsed_by: Vec<SeatNumber>,
    /// Seats that objected.
    #[n(8)]
    pub objected_by: Vec<SeatNumber>,
    /// Where it stands.
    #[n(9)]
    pub state: AdmissionState,
}

/// Where an admission stands: `Proposed`, then `Waiting`, then `Admitted`; `Refused` from the first two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum AdmissionState {
    /// Endorsements are being gathered.
    #[n(0)]
    Proposed,
    /// Endorsed; the objection window runs until this time.
    #[n(1)]
    Waiting(#[n(0)] Time),
    /// The candidate has this seat.
    #[n(2)]
    Admitted(#[n(0)] SeatNumber),
    /// Objected to, or not endorsed in time.
    #[n(3)]
    Refused,
}

impl Admission {
    /// Whether endorsements or objections still matter.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.state, AdmissionState::Proposed | AdmissionState::Waiting(_))
    }
}
