//! Ours: a device with its store, one step at a time, as the client does it.

use crate::Outcome;
use crate::clock::{Clock, Lap};
use crate::disk::{Disk, Flushed};
use messaging::{
    AppMessage, Body, Conversation, Incoming, Intent, JournalPoint, KeyPackage, Knowledge, Member, OwnDevice,
    Place, Processed, Replace, Roster, Unwrapped, new_key_package,
};
use primitives::canonical::sha256;
use primitives::{
    ConversationId, DeviceCertificate, MessageId, Overlay, Secret, Signed, SigningSecret, Store, Time,
    VerifyingKey,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use std::collections::BTreeSet;

const HERE: ConversationId = ConversationId::new([0xc0; 32]);

/// A member's device.
pub(crate) struct Device {
    certificate: Signed<DeviceCertificate>,
    key: SigningSecret,
}

impl Device {
    pub(crate) fn new(number: usize) -> Self {
        let secret = |part: u8| {
            let seed = [number.to_be_bytes().as_slice(), &[part]].concat();
            SigningSecret::from_seed(&Secret::take(&mut sha256(&seed).as_bytes().to_owned()))
        };
        let (identity, key) = (secret(1), secret(2));
        let certificate = DeviceCertificate::issue(&identity, key.verifying_key(), [0; 32], Time(0));
        Self { certificate, key }
    }

    pub(crate) fn own(&self) -> Outcome<OwnDevice<'_>> {
        Ok(OwnDevice::new(&self.certificate, &self.key).ok_or("a device of two parts")?)
    }

    pub(crate) fn member(&self) -> Outcome<Member> {
        Ok(self.own()?.member())
    }
}

/// A journal of one entry that admits these.
pub(crate) struct Admitted(pub(crate) BTreeSet<Member>);

impl Admitted {
    fn point() -> JournalPoint {
        JournalPoint {
            size: 1,
            root: sha256(b"journal"),
        }
    }
}

impl Roster for Admitted {
    fn knows(&self, _: &JournalPoint, _: Option<Time>) -> Knowledge {
        Knowledge::Known
    }

    fn admits(&self, _: &JournalPoint, member: &Member) -> bool {
        self.0.contains(member)
    }

    fn is_deputy(&self, _: &VerifyingKey) -> bool {
        true
    }
}

/// What a step took.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cost {
    /// All but the flush.
    pub(crate) work: Lap,
    pub(crate) flushed: Flushed,
    /// Bytes for the log, padded as they travel.
    pub(crate) wire: usize,
    /// Bytes of a Welcome.
    pub(crate) welcome: usize,
}

impl Cost {
    pub(crate) fn and(self, other: Self) -> Self {
        let (mut flushed, more) = (self.flushed, other.flushed);
        flushed.wall_s += more.wall_s;
        flushed.cpu_s += more.cpu_s;
        flushed.records = flushed.records.saturating_add(more.records);
        flushed.written = flushed.written.saturating_add(more.written);
        Self {
            work: self.work.and(other.work),
            flushed,
            wire: self.wire.saturating_add(other.wire),
            welcome: self.welcome.saturating_add(other.welcome),
        }
    }
}

/// One device with its store.
pub(crate) struct Desk<'a> {
    pub(crate) device: &'a Device,
    pub(crate) disk: Disk,
    rng: ChaCha20Rng,
}

type Step<'o> = Overlay<'o, Disk>;
type Entries = Vec<Vec<u8>>;

impl<'a> Desk<'a> {
    pub(crate) fn new(device: &'a Device, disk: Disk) -> Self {
        let rng = ChaCha20Rng::seed_from_u64(7);
        Self { device, disk, rng }
    }

    fn step<T>(
        &mut self,
        inside: impl FnOnce(&mut Step<'_>, &OwnDevice<'_>, &mut ChaCha20Rng) -> Outcome<T>,
    ) -> Outcome<(T, Cost)> {
        let own = self.device.own()?;
        let mut clock = Clock::start();
        let mut overlay = Overlay::new(&self.disk);
        let value = inside(&mut overlay, &own, &mut self.rng)?;
        let batch = overlay.into_batch();
        let work = clock.lap();
        self.disk.flushed = Flushed::default();
        self.disk.apply(batch)?;
        let cost = Cost {
            work,
            flushed: self.disk.flushed,
            ..Cost::default()
        };
        Ok((value, cost))
    }

    /// Founds the conversation.
    pub(crate) fn create(&mut self) -> Outcome<Cost> {
        let ((), cost) = self.step(|overlay, own, _| {
            let mut group = Conversation::create(HERE, own, Admitted::point())?;
            Ok(group.save(overlay)?)
        })?;
        Ok(cost)
    }

    pub(crate) fn key_package(&mut self) -> Outcome<Vec<u8>> {
        let (bytes, _) = self.step(|overlay, own, _| Ok(new_key_package(overlay, own, false)?))?;
        Ok(bytes)
    }

    /// A commit: made, and merged when the log shows it. Gives its entries and its Welcome.
    pub(crate) fn commit(
        &mut self,
        roster: &Admitted,
        intent: &Intent,
    ) -> Outcome<(Entries, Option<Vec<u8>>, Cost)> {
        let (entries, made) = self.step(|overlay, own, rng| {
            let mut group = load(overlay)?;
            let committing = group.commit(own, roster, Admitted::point(), Time(1), intent)?;
            let entries = group.wrap(overlay, own, Time(1), &committing.message, rng)?;
            group.save(overlay)?;
            Ok(entries)
        })?;
        let (processed, merged) = self.step(|overlay, _, _| take(overlay, roster, &entries, true))?;
        let welcome = processed.into_iter().find_map(|processed| match processed {
            Processed::Committed(committed) => Some(committed.welcome),
            _ => None,
        });
        let welcome = welcome.ok_or("an own commit was not merged")?;
        let mut cost = made.and(merged);
        cost.wire = entries.iter().map(Vec::len).sum();
        cost.welcome = welcome.as_ref().map_or(0, Vec::len);
        Ok((entries, welcome, cost))
    }

    /// Takes somebody else's commit.
    pub(crate) fn follow(&mut self, roster: &Admitted, entries: &[Vec<u8>]) -> Outcome<Cost> {
        let (processed, cost) = self.step(|overlay, _, _| take(overlay, roster, entries, false))?;
        match processed.as_slice() {
            [Processed::Committed(_)] => Ok(cost),
            other => Err(format!("not a commit: {other:?}").into()),
        }
    }

    /// Takes a page of messages, in one step.
    pub(crate) fn page(&mut self, roster: &Admitted, entries: &[Vec<u8>]) -> Outcome<Cost> {
        let (processed, cost) = self.step(|overlay, _, _| take(overlay, roster, entries, false))?;
        let messages = processed
            .iter()
            .filter(|processed| matches!(processed, Processed::Message { .. }));
        if messages.count() == entries.len() {
            Ok(cost)
        } else {
            Err("a message of the page was not one".into())
        }
    }

    pub(crate) fn join(&mut self, roster: &Admitted, welcome: &[u8]) -> Outcome<Cost> {
        let ((), cost) = self.step(|overlay, own, _| {
            let place = Place {
                founders: None,
                conversation: HERE,
                terms: None,
                replace: Replace::Never,
            };
            Conversation::join(overlay, own, roster, welcome, &place)?;
            Ok(())
        })?;
        Ok(cost)
    }

    /// Says something: one entry.
    pub(crate) fn say(&mut self, number: usize) -> Outcome<(Vec<u8>, Cost)> {
        let id = sha256(&[number.to_be_bytes(), [7; 8]].concat());
        let message = AppMessage {
            id: MessageId::new(*id.as_bytes()),
            sent: Time(1),
            journal: None,
            conversation: None,
            body: Body::Text(crate::group::words(number).into()),
        };
        let (mut entries, mut cost) = self.step(|overlay, own, rng| {
            let mut group = load(overlay)?;
            let bytes = group.encrypt(own, &message)?;
            let entries = group.wrap(overlay, own, Time(1), &bytes, rng)?;
            group.save(overlay)?;
            Ok(entries)
        })?;
        let entry = entries.pop().ok_or("a message without an entry")?;
        cost.wire = entry.len();
        Ok((entry, cost))
    }
}

fn load(overlay: &Step<'_>) -> Outcome<Conversation> {
    Ok(Conversation::load(overlay, HERE)?.ok_or("no conversation")?)
}

/// Takes entries as one page: loaded once, saved once.
fn take(
    overlay: &mut Step<'_>,
    roster: &Admitted,
    entries: &[Vec<u8>],
    own: bool,
) -> Outcome<Vec<Processed>> {
    let mut group = load(overlay)?;
    let mut seen = Vec::new();
    for entry in entries {
        let (bytes, parts) = match group.unwrap(overlay, entry)? {
            Unwrapped::Message { bytes, parts } => (bytes, parts),
            Unwrapped::Part => continue,
            other => return Err(format!("not for this log: {other:?}").into()),
        };
        let incoming = Incoming {
            bytes: &bytes,
            at: Time(1),
            own,
        };
        seen.push(group.process(roster, &incoming)?);
        if let Some(parts) = parts {
            parts.settle(overlay);
        }
    }
    group.save(overlay)?;
    Ok(seen)
}

/// Key packages of these devices, whose private halves nobody keeps.
pub(crate) fn packages(devices: &[Device]) -> Outcome<Vec<KeyPackage>> {
    let made = devices.iter().map(|device| {
        let mut desk = Desk::new(device, Disk::memory());
        Ok(KeyPackage::parse(&desk.key_package()?)?)
    });
    made.collect()
}
