//! Further devices of a seat: added by its first one, revoked by that or by themselves.
//!
//! A seat votes, counts and is counted once, whichever of its devices speaks. What is held by one device alone (ballot keys,
//! shares) is the first one's, which is never revoked: it goes with the seat.

use minicbor::bytes::ByteArray;
use primitives::signed::Unverified;
use primitives::{DeviceClaim, SeatNumber, Time, VerifyingKey};

use super::{Assembly, Author, Device, Effect};
use crate::limits;
use crate::rejection::Rejection;
use crate::statement::Role;
use tlog::CosigningKey;

impl Assembly {
    pub(super) fn check_device_added(
        &self,
        author: Author<'_>,
        certificate: &Unverified,
        claim: &ByteArray<64>,
    ) -> Result<Effect, Rejection> {
        if !author.is_first_device() {
            return Err(Rejection::DeviceUnfit);
        }
        let (identity, device) = Self::verify_certificate(certificate).ok_or(Rejection::DeviceUnfit)?;
        let claimed = DeviceClaim {
            assembly: self.id(),
            identity,
            device: device.key,
            sealing_key: device.sealing_key,
        };
        let fits = identity == author.seat.identity
            && claimed.is_signed(claim)
            && !self.is_device_known(&device.key)
            && author.seat.devices_left(self.time) > 0;
        if fits {
            Ok(Effect::DeviceAdded(device))
        } else {
            Err(Rejection::DeviceUnfit)
        }
    }

    pub(super) fn check_device_revoked(
        author: Author<'_>,
        device: &VerifyingKey,
    ) -> Result<Effect, Rejection> {
        let further = author
            .seat
            .further_devices()
            .iter()
            .any(|other| other.key == *device);
        if further && (author.is_first_device() || author.device == *device) {
            Ok(Effect::DeviceRevoked(*device))
        } else {
            Err(Rejection::RevocationUnfit)
        }
    }

    /// For good: a key that could be replaced would be worth no more than the one that announces it.
    pub(super) fn check_cosigning_key(author: Author<'_>, key: &CosigningKey) -> Result<Effect, Rejection> {
        if author.seat.role != Role::Deputy {
            return Err(Rejection::RoleForbids);
        }
        match author.seat.device(&author.device) {
            Some(device) if device.cosigning_key.is_none() => {
                Ok(Effect::CosigningKey(author.device, key.clone()))
            }
            _ => Err(Rejection::CosigningKeyUnfit),
        }
    }

    pub(super) fn announce_cosigning_key(
        &mut self,
        seat: SeatNumber,
        device: &VerifyingKey,
        key: CosigningKey,
    ) {
        let seat = self.seats.get_mut(&seat);
        let device = seat.and_then(|seat| seat.devices.iter_mut().find(|other| other.key == *device));
        if let Some(device) = device {
            device.cosigning_key = Some(key);
        }
    }

    /// A further device ends its own part, not the seat's: whoever has stolen one must not be able to put its member out.
    pub(super) fn check_left(author: Author<'_>) -> Result<Effect, Rejection> {
        if author.is_first_device() {
            Ok(Effect::Left)
        } else {
            Err(Rejection::LeavingUnfit)
        }
    }

    pub(super) fn add_device(&mut self, seat: SeatNumber, device: Device, time: Time) {
        let Some(seat) = self.seats.get_mut(&seat) else {
            return;
        };
        let history = seat.history.get_or_insert_default();
        history.added.retain(|at| time.since_ms(*at) < limits::MONTH_MS);
        history.added.push(time);
        seat.devices.push(device);
    }

    /// Takes a device out of its seat for good, and has the journal go on where the device cannot follow.
    pub(super) fn revoke_device(&mut self, seat: SeatNumber, device: &VerifyingKey) {
        let Some(seat) = self.seats.get_mut(&seat) else {
            return;
        };
        seat.devices.retain(|other| other.key != *device);
        seat.history.get_or_insert_default().revoked.push(*device);
        self.leave_behind();
    }
}
