//! What people are shown of their devices: those of the seat, those on their way out, and who comes by the link.

use super::records::LinkState;
use crate::machine::Failed;
use crate::safety::qr_of;
use crate::state::Content;
use crate::step::{Step, StepError};
use crate::tables;
use crate::views::{DeviceLinkView, DeviceView, DevicesView, LeavingView, WaitingDeviceView};
use assembly::{Body, Seat};
use messaging::Standing;
use primitives::{ConversationId, VerifyingKey};

impl Step<'_> {
    pub(crate) fn show_devices(&mut self) -> Result<DevicesView, Failed> {
        let seat = self.own_seat()?;
        let own = self.device()?.key().verifying_key();
        let waiting = self.revocations_on_their_way();
        let mut devices = Vec::new();
        for device in &seat.devices {
            let leaving = waiting.contains(&device.key);
            let leaving = leaving.then(|| self.leaving(&device.key, false)).transpose()?;
            devices.push(self.device_view(&seat, device.key, own, leaving)?);
        }
        for key in seat.revoked_devices() {
            let leaving = self.leaving(key, true)?;
            if leaving.conversations > 0 || leaving.journal {
                devices.push(self.device_view(&seat, *key, own, Some(leaving))?);
            }
        }
        Ok(DevicesView {
            devices,
            link: self.link_view(&seat)?,
            most: u32::try_from(assembly::limits::DEVICES_MAX).unwrap_or(u32::MAX),
        })
    }

    fn device_view(
        &self,
        seat: &Seat,
        key: VerifyingKey,
        own: VerifyingKey,
        leaving: Option<LeavingView>,
    ) -> Result<DeviceView, StepError> {
        Ok(DeviceView {
            device: key.to_string(),
            name: self.device_name(&key)?,
            this: key == own,
            first: seat.is_first_device(&key),
            since: self.device_since(&key).map_or(seat.admitted.0, |at| at.0),
            leaving,
        })
    }

    fn link_view(&self, seat: &Seat) -> Result<Option<DeviceLinkView>, StepError> {
        let Some(state) = self.shown_link() else {
            return Ok(None);
        };
        // Once somebody has come by it, it is of no more use to anybody but a thief.
        let open = state.request.is_none();
        Ok(Some(DeviceLinkView {
            qr: open.then(|| qr_of(&state.link)).transpose()?,
            link: open.then(|| state.link.clone()),
            expires: state.expires.0,
            waiting: state.request.as_ref().map(|request| WaitingDeviceView {
                name: request.name.clone(),
                code: state.code(seat.identity),
            }),
            admitted: state.admitted.is_some(),
        }))
    }

    /// The link that is open; else the newest by which a device is still coming.
    fn shown_link(&self) -> Option<&LinkState> {
        let links = self.state.links.values().filter(|state| !state.over);
        links.max_by_key(|state| (state.admitted.is_none(), state.expires))
    }

    /// What a device is still in that is being revoked.
    fn leaving(&mut self, device: &VerifyingKey, recorded: bool) -> Result<LeavingView, StepError> {
        let mut conversations = 0u32;
        let ids: Vec<ConversationId> = self.state.conversations.keys().copied().collect();
        for id in ids {
            let there = self.session(id)?.is_some_and(|session| {
                session.standing() == Standing::Active
                    && session.members().iter().any(|member| member.device == *device)
            });
            conversations = conversations.saturating_add(u32::from(there));
        }
        Ok(LeavingView {
            recorded,
            conversations,
            journal: !recorded || self.is_before_hop(device),
        })
    }

    /// Whether the journal has not gone on elsewhere since a device was revoked.
    fn is_before_hop(&self, device: &VerifyingKey) -> bool {
        let Some(assembly) = self.state.assembly.as_deref() else {
            return false;
        };
        let began = assembly.position().saturating_sub(assembly.journal().size);
        let mut spans = self.state.roster.iter().filter(|span| span.device == *device);
        spans.any(|span| span.until.is_none_or(|until| until > began))
    }

    /// Devices whose revocation this device has stated, and that the journal does not have yet.
    fn revocations_on_their_way(&self) -> Vec<VerifyingKey> {
        let items = self.state.outbox.iter();
        let statements = items.filter(|(_, item)| matches!(item.content, Content::Statement { .. }));
        statements
            .filter_map(|(number, _)| match self.own_body(*number)? {
                Body::DeviceRevoked { device } => Some(device),
                _ => None,
            })
            .collect()
    }

    pub(super) fn device_name(&self, device: &VerifyingKey) -> Result<Option<String>, StepError> {
        crate::step::load_from(&self.store, tables::DEVICE_NAMES, device.as_bytes())
    }
}
