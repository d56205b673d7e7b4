//! Devices that have come to one's own seat: every other device of the seat tells of them until its user has seen it.

use crate::commands::unknown;
use crate::machine::Failed;
use crate::requests::{Answer, Topic};
use crate::step::{Step, StepError};
use crate::tables;
use crate::views::NewDeviceView;
use minicbor::{Decode, Encode};
use primitives::canonical::encode;
use primitives::{Time, VerifyingKey};

/// Most of them that are kept; the oldest goes first.
const KEPT_MAX: usize = 32;

/// A device that has come to one's own seat.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct NewDevice {
    #[n(0)]
    device: VerifyingKey,
    /// When, by the journal's time.
    #[n(1)]
    at: Time,
}

impl Step<'_> {
    /// The journal has another device of one's own seat, and this device was one of it already.
    pub(crate) fn device_came(&mut self, device: VerifyingKey, at: Time) {
        let new = &mut self.state.new_devices;
        if new.iter().any(|known| known.device == device) {
            return;
        }
        if new.len() >= KEPT_MAX {
            new.remove(0);
        }
        new.push(NewDevice { device, at });
        self.save_new_devices();
        self.notice_device();
    }

    /// Its user has seen that a device has come.
    pub(crate) fn acknowledge_device(&mut self, device: &str) -> Result<Answer, Failed> {
        let new = &mut self.state.new_devices;
        let before = new.len();
        new.retain(|known| known.device.to_string() != device);
        if new.len() == before {
            return Err(unknown("device that has come").into());
        }
        self.save_new_devices();
        Ok(Answer::Done)
    }

    pub(crate) fn show_new_devices(&self) -> Result<Vec<NewDeviceView>, StepError> {
        let seat = self.own_seat().ok();
        let view = |new: &NewDevice| {
            let there = seat
                .as_ref()
                .is_some_and(|seat| seat.device(&new.device).is_some());
            Ok(NewDeviceView {
                device: new.device.to_string(),
                name: self.device_name(&new.device)?,
                since: new.at.0,
                there,
            })
        };
        self.state.new_devices.iter().map(view).collect()
    }

    fn save_new_devices(&mut self) {
        let new = encode(&self.state.new_devices);
        self.store.put(tables::NEW_DEVICES, *b"all", new);
        self.touch(Topic::Overview);
        self.touch(Topic::Devices);
    }
}
