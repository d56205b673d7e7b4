//! The first device: it makes links, lets further devices in, and revokes them.

use super::bad_link;
use super::records::{AdmittedDevice, LinkState};
use crate::commands::{bad, no_assembly, unknown};
use crate::machine::Failed;
use crate::requests::{Answer, Refusal, RefusalCode, Topic};
use crate::state::{Content, Seed};
use crate::step::{Step, StepError};
use crate::tables;
use crate::views::{Carrier, DeviceLinkReadView};
use assembly::Body;
use messaging::{Certified, DeviceLink, DeviceNonce, DeviceRequest, Linked};
use primitives::canonical::encode;
use primitives::signed::Unverified;
use primitives::{DeviceCertificate, LogId};
use tlog::{Entry, LogKind};

/// A link can be used so long.
const LINK_MS: u64 = 3_600_000;

impl Step<'_> {
    /// Makes a link; one made before is void.
    pub(crate) fn link_device(&mut self) -> Result<Answer, Failed> {
        let seat = self.first_device_seat()?;
        let on_their_way = self.state.links.values().filter(|state| {
            let device = state.device().filter(|_| !state.over);
            device.is_some_and(|device| !seat.has_had_device(&device))
        });
        if seat.devices_left(self.log_now()) <= on_their_way.count() {
            return Err(bad(&format!(
                "a seat has at most {} devices, and adds at most {} in 30 days; revoke one, or wait",
                assembly::limits::DEVICES_MAX,
                assembly::limits::DEVICES_A_MONTH
            ))
            .into());
        }
        self.cancel_links(|state| state.admitted.is_none());
        let member = self.state.member.clone().ok_or_else(no_assembly)?;
        let link = DeviceLink {
            relay: member.relay.clone(),
            carrier: member.proxy.clone(),
            assembly: member.assembly,
            assembly_name: member.assembly_name.clone(),
            identity: seat.identity,
            secret: self.secret(),
            expires: self.log_now().after(LINK_MS),
        };
        let log = self.follow_link(&link)?;
        let (text, expires) = (link.link().to_string(), link.expires);
        let state = LinkState {
            link: text.clone(),
            expires,
            request: None,
            admitted: None,
            over: false,
            challenge: None,
            opening: None,
        };
        self.state.links.insert(log, state);
        self.save_link(log);
        Ok(Answer::DeviceLink {
            link: text,
            expires: expires.0,
        })
    }

    /// What a link says, without using it.
    pub(crate) fn read_device_link(&self, link: &str) -> Result<Answer, Failed> {
        let link = DeviceLink::parse(link).map_err(bad_link)?;
        Ok(Answer::DeviceLinkRead {
            link: DeviceLinkReadView {
                assembly_name: link.assembly_name.clone(),
                assembly: link.assembly.to_string(),
                relay: link.relay.clone(),
                expires: link.expires.0,
                carrier: link.carrier.clone().map(|address| Carrier::Socks5 { address }),
            },
        })
    }

    pub(crate) fn follow_link(&mut self, link: &DeviceLink) -> Result<LogId, StepError> {
        let role = Self::link_role(link.assembly);
        let record = link.log_keys().record(LogKind::Private);
        self.follow(role, Seed::new(link.secret.duplicate()), record, Vec::new())
    }

    /// Somebody has posted to the log of an own link: the first request in time counts, and what its device then puts into
    /// the code.
    pub(super) fn link_used(&mut self, log: LogId, entry: &Entry) -> Result<(), StepError> {
        let state = self.state.links.get(&log).filter(|state| !state.over);
        let Some((state, link)) = state.and_then(|state| Some((state, DeviceLink::parse(&state.link).ok()?)))
        else {
            return Ok(());
        };
        let in_time = entry.time < state.expires;
        match (messaging::open_linked(&link, &entry.bytes), &state.request) {
            (Ok(Linked::Request(request)), None)
                if in_time && request.claimed(&link).is_signed(&request.claim) =>
            {
                self.challenge(log, &link, *request)
            }
            (Ok(Linked::Opening(opening)), Some(request)) if state.opening.is_none() => {
                if let Ok(nonce) = messaging::open_device_opening(request, opening) {
                    if let Some(state) = self.state.links.get_mut(&log) {
                        state.opening = Some(nonce);
                    }
                    self.save_link(log);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Answers the request that counts with this device's part of the code: drawn once for a link, when the request is there.
    fn challenge(&mut self, log: LogId, link: &DeviceLink, request: DeviceRequest) -> Result<(), StepError> {
        let member = self.state.member.as_ref();
        let identity = member
            .ok_or(StepError::Internal("no member"))?
            .identity_secret()?;
        let nonce = DeviceNonce::from(self.random());
        // Whose envelope key is none can be told nothing: such a request is none.
        let Ok(wrapped) = messaging::post_device_challenge(link, &request, nonce, &identity, self.rng) else {
            return Ok(());
        };
        if let Some(state) = self.state.links.get_mut(&log) {
            (state.request, state.challenge) = (Some(request), Some(nonce));
        }
        self.save_link(log);
        self.post_wrapped(log, wrapped, Content::Rendezvous, None);
        Ok(())
    }

    /// A person has compared the code and lets the device in.
    pub(crate) fn admit_device(&mut self, code: &str, history: bool) -> Result<Answer, Failed> {
        let seat = self.first_device_seat()?;
        let waiting = self.state.links.iter().find_map(|(log, state)| {
            let open = state.admitted.is_none() && !state.over;
            let request = state.request.clone().filter(|_| open)?;
            Some((*log, request, state.code(seat.identity)))
        });
        let (log, request, shown) = waiting.ok_or_else(|| unknown("device that waits"))?;
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let shown = shown.ok_or_else(|| {
            Refusal::new(
                RefusalCode::NotReady,
                "the two devices have not agreed on a code yet; wait until both show one",
            )
        })?;
        if digits(code) != digits(&shown) {
            return Err(Refusal::new(
                RefusalCode::WrongCode,
                "this is not the code of the device that waits; compare both screens again, and if they differ give this link up",
            )
            .into());
        }
        let member = self.state.member.clone().ok_or_else(no_assembly)?;
        let identity = member.identity_secret()?;
        let certificate = DeviceCertificate::issue(&identity, request.device, *request.sealing_key, self.now);
        let certificate = certificate.unverified().clone();
        let body = Body::DeviceAdded {
            certificate: certificate.clone(),
            claim: request.claim,
        };
        self.state_checked(&body, &[])?;
        if let Some(state) = self.state.links.get_mut(&log) {
            state.admitted = Some(AdmittedDevice {
                certificate,
                history,
                certified: false,
                owed: Vec::new(),
            });
        }
        self.save_link(log);
        Ok(Answer::Done)
    }

    /// Gives up the link that is open, if there is one, and the device that is on its way in by it. If the journal takes that
    /// one nonetheless it is a device like others, and is revoked.
    pub(crate) fn cancel_device_link(&mut self) -> Answer {
        self.cancel_links(|state| !state.is_certified());
        Answer::Done
    }

    /// The journal will not have a device: whoever waits behind the link learns it, and another link can be made.
    pub(crate) fn addition_failed(&mut self, certificate: &Unverified) {
        let here = |state: &LinkState| {
            let admitted = state.admitted.as_ref();
            admitted.is_some_and(|admitted| admitted.certificate == *certificate)
        };
        let seat = self.own_seat().ok();
        let added = |state: &LinkState| {
            let device = state.device();
            device.is_some_and(|key| seat.as_ref().is_some_and(|seat| seat.device(&key).is_some()))
        };
        self.cancel_links(|state| here(state) && !state.is_certified() && !added(state));
    }

    fn cancel_links(&mut self, which: impl Fn(&LinkState) -> bool) {
        let open: Vec<LogId> = self
            .state
            .links
            .iter()
            .filter(|(_, state)| !state.over && which(state))
            .map(|(log, _)| *log)
            .collect();
        for log in open {
            let Some(state) = self.state.links.get_mut(&log) else {
                continue;
            };
            state.over = true;
            let admitted = state
                .admitted
                .as_ref()
                .map(|admitted| admitted.certificate.clone());
            // Whoever waits behind it learns it.
            if let Ok(link) = DeviceLink::parse(&state.link)
                && let Ok(wrapped) = messaging::post_device_refused(&link, self.rng)
            {
                self.post_wrapped(log, wrapped, Content::Rendezvous, None);
            }
            if let Some(certificate) = admitted {
                self.take_out_addition(&certificate);
            }
            self.save_link(log);
        }
    }

    /// A device that is not wanted any more is not sent to the journal, if it is not on its way yet.
    fn take_out_addition(&mut self, certificate: &Unverified) {
        let about = |number: &&u64| matches!(self.own_body(**number), Some(Body::DeviceAdded { certificate: of, .. }) if of == *certificate);
        let items: Vec<u64> = self.state.outbox.keys().filter(about).copied().collect();
        items.into_iter().for_each(|number| self.drop_outbox(number));
    }

    /// Revokes a further device of one's own seat.
    ///
    /// - `device`: its key in hexadecimal, as [`Step::show_devices`] gives it.
    pub(crate) fn revoke_device(&mut self, device: &str) -> Result<Answer, Failed> {
        let seat = self.own_seat()?;
        let further = seat.further_devices().iter().map(|known| known.key);
        let Some(device) = further.into_iter().find(|key| key.to_string() == device) else {
            return Err(Refusal::new(
                RefusalCode::Unknown,
                "no further device of this seat has this key; the first one goes with the seat only",
            )
            .into());
        };
        let own = self.device()?.key().verifying_key();
        if own != device {
            self.first_device_seat()?;
        }
        self.state_checked(&Body::DeviceRevoked { device }, &[])?;
        Ok(Answer::Done)
    }

    /// What is due for the devices that come in by own links.
    pub(crate) fn serve_links(&mut self) -> Result<(), StepError> {
        let logs: Vec<LogId> = self.state.links.keys().copied().collect();
        let now = self.log_now();
        for log in logs {
            let Some(state) = self.state.links.get(&log) else {
                continue;
            };
            let expired = state.admitted.is_none() && state.expires <= now;
            if state.over {
                self.forget_link(log);
            } else if expired {
                self.cancel_links(|state| state.admitted.is_none() && state.expires <= now);
            } else if state.admitted.is_some() {
                self.serve_device(log)?;
            }
        }
        Ok(())
    }

    fn serve_device(&mut self, log: LogId) -> Result<(), StepError> {
        let Some(state) = self.state.links.get(&log).cloned() else {
            return Ok(());
        };
        let (Some(admitted), Some(request)) = (state.admitted, state.request) else {
            return Ok(());
        };
        let Ok(seat) = self.own_seat() else { return Ok(()) };
        if seat.revoked_devices().contains(&request.device) {
            self.end_link(log);
            return Ok(());
        }
        if seat.device(&request.device).is_none() {
            return Ok(());
        }
        if admitted.certified {
            return self.send_history(log);
        }
        let (Some(member), Ok(link)) = (self.state.member.clone(), DeviceLink::parse(&state.link)) else {
            return Ok(());
        };
        let Some(plenary) = member.plenary else {
            return Ok(());
        };
        let certified = Certified {
            certificate: DeviceCertificate::verify(admitted.certificate)
                .map_err(|_| StepError::Internal("a certificate of one's own"))?,
            name_opening: member.name_opening.clone(),
            plenary,
            journal_keys: self.journal_keys_for_others(),
        };
        let identity = member.identity_secret()?;
        match messaging::post_certified(&link, &request, &certified, &identity, self.rng) {
            Ok(wrapped) => self.post_wrapped(log, wrapped, Content::Rendezvous, None),
            // Its envelope key is none: it can be told nothing, and is revoked by hand.
            Err(_) => {
                self.end_link(log);
                return Ok(());
            }
        }
        self.store.put(
            tables::DEVICE_NAMES,
            *request.device.as_bytes(),
            encode(&request.name),
        );
        if let Some(admitted) = self
            .state
            .links
            .get_mut(&log)
            .and_then(|state| state.admitted.as_mut())
        {
            admitted.certified = true;
        }
        self.save_link(log);
        Ok(())
    }

    /// Nothing more is to be said by a link.
    pub(super) fn end_link(&mut self, log: LogId) {
        if let Some(state) = self.state.links.get_mut(&log) {
            state.over = true;
        }
        self.save_link(log);
    }

    /// A link that is over goes once what was said by it has left.
    fn forget_link(&mut self, log: LogId) {
        if self.state.outbox.values().any(|item| item.log == log) {
            return;
        }
        self.finish_log(log);
        self.state.links.remove(&log);
        self.store.delete(tables::DEVICE_LINKS, *log.as_bytes());
        self.touch(Topic::Devices);
    }

    pub(super) fn save_link(&mut self, log: LogId) {
        if let Some(state) = self.state.links.get(&log) {
            self.store
                .put(tables::DEVICE_LINKS, *log.as_bytes(), encode(state));
        }
        self.touch(Topic::Devices);
    }
}
