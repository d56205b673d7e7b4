//! A further device: it asks behind the first one's link, and becomes a member's device by what is answered.

use super::records::Linking;
use super::{ReadLinked, bad_link};
use crate::commands::bad;
use crate::founding::FIRST_JOURNAL_KEY;
use crate::machine::Failed;
use crate::requests::{Answer, Refusal, RefusalCode, Topic};
use crate::state::{Content, Member, Seed};
use crate::step::{Step, StepError};
use crate::tables;
use messaging::{BadLink, Certified, DeviceLink, DeviceNonce, DeviceRequest, EnvelopeSecret, Linked};
use minicbor::bytes::ByteArray;
use primitives::{DeviceClaim, LogId, Purpose, SigningSecret, encode};
use relay_api::RelayAddress;
use tlog::Entry;

/// What was answered just before the link expired may take so long.
const GRACE_MS: u64 = 600_000;

impl Step<'_> {
    /// Asks to be let in as a further device.
    pub(crate) fn join_as_device(&mut self, link: &str, name: String) -> Result<Answer, Failed> {
        self.refuse_second_assembly()?;
        let text = link;
        let link = DeviceLink::parse(text).map_err(bad_link)?;
        if link.expired(self.now) {
            return Err(Refusal::new(
                RefusalCode::InvitationExpired,
                "the link has expired; make a new one on the first device",
            )
            .into());
        }
        if link.relay.parse::<RelayAddress>().is_err() {
            return Err(bad_link(BadLink::Malformed));
        }
        let chosen = self.state.first_carrier.is_some();
        let (device_seed, sealing) = (self.secret(), self.secret());
        let (envelope, nonce) = (self.secret(), self.secret());
        let sealing_key = x25519_dalek::PublicKey::from(&x25519_dalek::StaticSecret::from(*sealing.expose()));
        let sealing_key = ByteArray::from(sealing_key.to_bytes());
        let device = SigningSecret::from_seed(&device_seed);
        let claim = DeviceClaim {
            assembly: link.assembly,
            identity: link.identity,
            device: device.verifying_key(),
            sealing_key,
        };
        let claim = claim.sign(&device);
        let secret = EnvelopeSecret::from_seed(envelope.duplicate());
        let request = DeviceRequest {
            name,
            device: device.verifying_key(),
            sealing_key,
            claim,
            envelope_key: secret
                .key()
                .map_err(|error| StepError::Messaging(error.to_string()))?,
            commitment: messaging::device_commitment(&nonce),
        };
        let id = request.id();
        let called = encode(&request.name);
        let wrapped = messaging::post_device_request(&link, request, &device, self.rng)
            .map_err(|_| bad("the device's name is too long"))?;
        let way = self.first_way();
        self.state.member = Some(Member {
            identity: None,
            device: Seed::new(device_seed),
            sealing: Seed::new(sealing),
            certificate: None,
            name: String::new(),
            name_opening: Vec::new(),
            relay: link.relay.clone(),
            assembly: link.assembly,
            assembly_name: link.assembly_name.clone(),
            joining: None,
            plenary: None,
            relay_keys: None,
            // The person's own choice goes before the link's advice.
            proxy: if chosen { way } else { way.or(link.carrier.clone()) },
            candidates: Vec::new(),
            linking: None,
        });
        let log = self.follow_link(&link)?;
        let envelope = encode(&Seed::new(envelope));
        self.store
            .put_for(envelope_purpose(log), tables::LINKING, *log.as_bytes(), envelope);
        if let Some(member) = &mut self.state.member {
            member.linking = Some(Linking {
                log,
                link: text.to_owned(),
                request: id,
                identity: link.identity,
                asked: false,
                certified: false,
                refused: None,
                nonce: Seed::new(nonce),
                challenge: None,
                opened: false,
            });
        }
        self.save_member();
        self.store
            .put(tables::DEVICE_NAMES, *device.verifying_key().as_bytes(), called);
        self.post_wrapped(log, wrapped, Content::Rendezvous, None);
        self.effects.push(crate::effects::Effect::Reconnect);
        Ok(Answer::Done)
    }

    /// Gives up waiting: nothing that comes by the link counts any more.
    pub(crate) fn give_up_device_link(&mut self) -> Result<Answer, Failed> {
        let member = self.state.member.as_ref();
        let linking = member.and_then(|member| member.linking.as_ref());
        let Some(log) = linking
            .filter(|linking| linking.waits())
            .map(|linking| linking.log)
        else {
            return Err(crate::commands::unknown("link behind which this device waits").into());
        };
        self.link_refused("given up on this device; make a new link on the first device to try again");
        self.forget_envelope(log);
        self.finish_log(log);
        let items = self.state.outbox.iter().filter(|(_, item)| item.log == log);
        let items: Vec<u64> = items.map(|(number, _)| *number).collect();
        items.into_iter().for_each(|number| self.drop_outbox(number));
        Ok(Answer::Done)
    }

    /// Nobody answers by a link whose time is over, but for what is on its way: a certificate that comes still counts.
    pub(crate) fn watch_link(&mut self) {
        let member = self.state.member.as_ref();
        let waiting = member.and_then(|member| member.linking.as_ref());
        let waiting = waiting.filter(|linking| linking.waits());
        let link = waiting.and_then(|linking| DeviceLink::parse(&linking.link).ok());
        if link.is_some_and(|link| link.expires.after(GRACE_MS) < self.log_now()) {
            self.link_refused(
                "nobody let this device in before the link expired; make a new link on the first device",
            );
        }
    }

    /// This device's own side of a link, if the log is its.
    pub(super) fn linking(&self, log: LogId) -> Option<Linking> {
        let linking = self.state.member.as_ref()?.linking.as_ref()?;
        (linking.log == log).then(|| linking.clone())
    }

    /// An entry of the link's log, on the new device. `false`: it has to wait.
    pub(super) fn answer_came(&mut self, log: LogId, entry: &Entry, own: bool) -> Result<bool, StepError> {
        let Some(linking) = self.linking(log) else {
            return Ok(true);
        };
        if self.state.logs.get(&log).is_some_and(|state| state.finished) {
            return Ok(true);
        }
        let Ok(link) = DeviceLink::parse(&linking.link) else {
            return Ok(true);
        };
        let linked = match self.read_linked(log, &link, entry)? {
            ReadLinked::Waits => return Ok(false),
            ReadLinked::Skipped => return Ok(true),
            ReadLinked::Says(linked) => linked,
        };
        if own {
            self.with_linking(|linking| match linked {
                Linked::Opening(_) => linking.opened = true,
                _ => linking.asked = true,
            });
            return Ok(true);
        }
        let Some(secret) = self.envelope_of(log)? else {
            return Ok(true);
        };
        let device = self.state.member.as_ref().map(Member::device_key);
        match (linked, device) {
            // The first request counts there, and it is another device's.
            (Linked::Request(request), _) if !linking.asked && request.id() != linking.request => {
                self.link_refused("another device has used the link; if it is none of yours, refuse it there, and make a new link");
                self.forget_envelope(log);
            }
            (Linked::Refused(_), _) => {
                self.link_refused("the first device has given the link up; make a new one there");
                if !linking.certified {
                    self.forget_envelope(log);
                }
            }
            (Linked::Challenge(envelope), Some(key)) if linking.asked && linking.waits() => {
                if let (None, Ok(challenge)) = (
                    linking.challenge,
                    messaging::open_device_challenge(&link, &secret, linking.request, &envelope),
                ) {
                    self.challenged(&link, &linking, challenge, &key);
                }
            }
            (Linked::Certified(envelope), Some(key)) if !linking.certified => {
                let key = key.verifying_key();
                if let Ok(certified) =
                    messaging::open_certified(&link, &secret, linking.request, key, &envelope)
                {
                    self.certified(certified)?;
                }
            }
            (Linked::History(envelope), _) if linking.certified => {
                if let Ok(history) = messaging::open_history(&link, &secret, linking.request, &envelope) {
                    return self.history_came(log, history);
                }
            }
            _ => {}
        }
        Ok(true)
    }

    /// Secret half of the envelope key that the request named.
    fn envelope_of(&self, log: LogId) -> Result<Option<EnvelopeSecret>, StepError> {
        let seed: Option<Seed> = crate::step::load_from(&self.store, tables::LINKING, log.as_bytes())?;
        Ok(seed.map(|seed| EnvelopeSecret::from_seed(seed.secret().duplicate())))
    }

    /// What came by the link stays at the relay; from here on nobody opens it any more, not even this device, so that what
    /// disappears here does not come back from there.
    pub(crate) fn forget_envelope(&mut self, log: LogId) {
        self.store.delete(tables::LINKING, *log.as_bytes());
        self.store.burn(envelope_purpose(log));
    }

    /// The first device has put its part into the code; only now is one's own said.
    fn challenged(
        &mut self,
        link: &DeviceLink,
        linking: &Linking,
        challenge: DeviceNonce,
        device: &SigningSecret,
    ) {
        let nonce = linking.nonce.secret();
        if let Ok(wrapped) = messaging::post_device_opening(link, linking.request, nonce, device, self.rng) {
            self.with_linking(|linking| linking.challenge = Some(challenge));
            self.post_wrapped(linking.log, wrapped, Content::Rendezvous, None);
        }
    }

    fn link_refused(&mut self, why: &str) {
        self.with_linking(|linking| {
            if !linking.certified {
                linking.refused = Some(why.to_owned());
            }
        });
    }

    fn with_linking(&mut self, change: impl FnOnce(&mut Linking)) {
        let member = self.state.member.as_mut();
        if let Some(linking) = member.and_then(|member| member.linking.as_mut()) {
            change(linking);
        }
        self.save_member();
    }

    /// The first device has answered: from here on the journal says who this is.
    fn certified(&mut self, certified: Certified) -> Result<(), StepError> {
        let first = certified
            .journal_keys
            .iter()
            .find(|key| key.number == u64::from(FIRST_JOURNAL_KEY));
        let first = first.map(|key| assembly::keys::journal_record(&key.key));
        if let Some(member) = &mut self.state.member {
            member.certificate = Some(certified.certificate.unverified().clone());
            let opening = primitives::decode_canonical::<assembly::NameOpening>(&certified.name_opening);
            member.name = opening.map(|opening| opening.name).unwrap_or_default();
            member.name_opening = certified.name_opening;
            member.plenary = Some(certified.plenary);
        }
        self.with_linking(|linking| (linking.certified, linking.refused) = (true, None));
        self.learn_journal_keys(certified.journal_keys);
        if let Some(record) = first {
            self.follow_journal(FIRST_JOURNAL_KEY, record)?;
        }
        Ok(())
    }

    /// Everything has come that comes by the link.
    pub(super) fn linked_whole(&mut self, log: LogId) {
        self.forget_envelope(log);
        if let Some(member) = &mut self.state.member {
            member.linking = None;
        }
        self.save_member();
        self.finish_log(log);
        self.touch(Topic::Devices);
    }
}

fn envelope_purpose(log: LogId) -> Purpose {
    Purpose::burnable([b"device-link/".as_slice(), log.as_bytes()].concat())
}
