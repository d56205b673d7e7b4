//! A desk is one member's device with its store; a table holds the logs between the desks.

use crate::*;
use minicbor::bytes::ByteVec;
use primitives::canonical::{decode_canonical, sha256};
use primitives::store::{MemoryStore, Store};
use primitives::{
    ConversationId, DeviceCertificate, LogId, MessageId, Overlay, Secret, Signed, SigningSecret, StoreError,
    Table, Time, VerifyingKey, encode, labels,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) const CONVERSATION: ConversationId = ConversationId::new([0xc0; 32]);
const CURSOR: Table = Table("t-cursor");
const OUTBOX: Table = Table("t-outbox");
const RECEIVED: Table = Table("t-received");
const WELCOME: Table = Table("t-welcome");
const LOST: Table = Table("t-lost");

/// The certificate and key of a device, from a number.
pub(crate) fn device(seed: u8) -> (Signed<DeviceCertificate>, SigningSecret) {
    let identity = SigningSecret::from_seed(&Secret::take(&mut [seed; 32]));
    let key = SigningSecret::from_seed(&Secret::take(&mut [seed ^ 0x80; 32]));
    let certificate = DeviceCertificate::issue(&identity, key.verifying_key(), [0; 32], Time(0));
    (certificate, key)
}

/// Another device of the same identity.
pub(crate) fn second_device(seed: u8) -> (Signed<DeviceCertificate>, SigningSecret) {
    let identity = SigningSecret::from_seed(&Secret::take(&mut [seed; 32]));
    let key = SigningSecret::from_seed(&Secret::take(&mut [seed ^ 0x40; 32]));
    let certificate = DeviceCertificate::issue(&identity, key.verifying_key(), [0; 32], Time(0));
    (certificate, key)
}

pub(crate) fn member(seed: u8) -> Member {
    let (certificate, key) = device(seed);
    OwnDevice::new(&certificate, &key).unwrap().member()
}

/// A journal: who is admitted after each entry.
#[derive(Clone, Default)]
pub(crate) struct Journal {
    states: Vec<BTreeSet<Member>>,
    /// How far the reader has folded.
    pub(crate) known: u64,
    /// Members who are no deputies.
    pub(crate) others: BTreeSet<VerifyingKey>,
    /// A size whose root this reader has otherwise.
    pub(crate) forked_at: Option<u64>,
}

impl Journal {
    pub(crate) fn of(members: &[u8]) -> Self {
        let mut journal = Self::default();
        journal.write(members);
        journal
    }

    /// Another entry, after which `members` are admitted.
    pub(crate) fn write(&mut self, members: &[u8]) {
        self.write_devices(members.iter().map(|seed| member(*seed)));
    }

    /// As [`Journal::write`], by device.
    pub(crate) fn write_devices(&mut self, members: impl IntoIterator<Item = Member>) {
        self.states.push(members.into_iter().collect());
        self.known = self.states.len() as u64;
    }

    pub(crate) fn point(&self) -> JournalPoint {
        point(self.known)
    }
}

pub(crate) fn point(size: u64) -> JournalPoint {
    JournalPoint {
        size,
        root: sha256(&size.to_be_bytes()),
    }
}

impl Roster for Journal {
    fn knows(&self, point: &JournalPoint, _: Option<Time>) -> Knowledge {
        if point.size > self.known {
            Knowledge::NotYet
        } else if self.forked_at == Some(point.size) || *point != self::point(point.size) {
            Knowledge::Contradicted
        } else {
            Knowledge::Known
        }
    }

    fn admits(&self, point: &JournalPoint, member: &Member) -> bool {
        let at = usize::try_from(point.size).unwrap();
        self.states[..at]
            .last()
            .is_some_and(|state| state.contains(member))
    }

    fn is_deputy(&self, identity: &VerifyingKey) -> bool {
        !self.others.contains(identity)
    }
}

/// The logs that everybody sees.
#[derive(Default)]
pub(crate) struct Relay {
    pub(crate) logs: BTreeMap<LogId, Vec<Vec<u8>>>,
}

impl Relay {
    /// Idempotent, as the relay is.
    pub(crate) fn append(&mut self, log: LogId, entry: Vec<u8>) {
        let entries = self.logs.entry(log).or_default();
        if !entries.contains(&entry) {
            entries.push(entry);
        }
    }

    pub(crate) fn len(&self, log: LogId) -> usize {
        self.logs.get(&log).map_or(0, Vec::len)
    }
}

/// One member's device.
pub(crate) struct Desk {
    pub(crate) seed: u8,
    pub(crate) store: MemoryStore,
    pub(crate) journal: Journal,
    /// What the conversation is, if it is not the plenary.
    pub(crate) terms: Option<Terms>,
    certificate: Signed<DeviceCertificate>,
    key: SigningSecret,
    rng: ChaCha20Rng,
    sent: u8,
}

type Row = (LogId, ByteVec, Option<ByteVec>);

impl Desk {
    pub(crate) fn new(seed: u8, journal: &Journal) -> Self {
        let (certificate, key) = device(seed);
        let rng = ChaCha20Rng::seed_from_u64(u64::from(seed));
        Self {
            seed,
            store: MemoryStore::new(),
            journal: journal.clone(),
            terms: None,
            certificate,
            key,
            rng,
            sent: 0,
        }
    }

    /// One step: all of it in one batch, or nothing.
    pub(crate) fn step<T>(
        &mut self,
        f: impl FnOnce(&mut Overlay<'_, MemoryStore>, &OwnDevice<'_>, &Journal, &mut ChaCha20Rng) -> T,
    ) -> Result<T, StoreError> {
        let device = OwnDevice::new(&self.certificate, &self.key).unwrap();
        let mut overlay = Overlay::new(&self.store);
        let result = f(&mut overlay, &device, &self.journal, &mut self.rng);
        let batch = overlay.into_batch();
        self.store.apply(batch)?;
        Ok(result)
    }

    pub(crate) fn id(&self) -> ConversationId {
        self.terms.as_ref().map_or(CONVERSATION, Terms::id)
    }

    pub(crate) fn load(&self) -> Option<Conversation> {
        Conversation::load(&Overlay::new(&self.store), self.id()).unwrap()
    }

    pub(crate) fn conversation(&self) -> Conversation {
        self.load().expect("a conversation")
    }

    pub(crate) fn log(&self) -> LogId {
        self.conversation().log_record().id()
    }

    pub(crate) fn found(&mut self) {
        let terms = self.terms.clone();
        self.step(|overlay, device, journal, _| {
            let mut group = match terms {
                Some(terms) => Conversation::create_with(terms, device, journal.point()).unwrap(),
                None => Conversation::create(CONVERSATION, device, journal.point()).unwrap(),
            };
            let log = group.log_record().id();
            group.save(overlay).unwrap();
            overlay.put(CURSOR, *b"c", encode(&(log, 0u64)));
        })
        .unwrap();
    }

    pub(crate) fn key_package(&mut self, last_resort: bool) -> KeyPackage {
        let bytes = self
            .step(|overlay, device, _, _| new_key_package(overlay, device, last_resort).unwrap())
            .unwrap();
        KeyPackage::parse(&bytes).unwrap()
    }

    pub(crate) fn join(&mut self, welcome: &[u8]) -> Result<(), JoinError> {
        self.join_as(welcome, Replace::Never)
    }

    /// Starts reading at the log's first entry: what is not for this device is skipped.
    pub(crate) fn join_as(&mut self, welcome: &[u8], replace: Replace) -> Result<(), JoinError> {
        self.join_at(welcome, replace, None)
    }

    /// Joins if one of these has signed the Welcome.
    pub(crate) fn join_led_by(
        &mut self,
        welcome: &[u8],
        founders: Option<Vec<VerifyingKey>>,
    ) -> Result<(), JoinError> {
        self.join_at(welcome, Replace::Never, founders)
    }

    fn join_at(
        &mut self,
        welcome: &[u8],
        replace: Replace,
        founders: Option<Vec<VerifyingKey>>,
    ) -> Result<(), JoinError> {
        let place = Place {
            conversation: self.id(),
            terms: self.terms.clone(),
            replace,
            founders,
        };
        self.step(|overlay, device, journal, _| {
            let group = Conversation::join(overlay, device, journal, welcome, &place)?;
            let log = group.log_record().id();
            overlay.put(CURSOR, *b"c", encode(&(log, 0u64)));
            Ok(())
        })
        .map_err(JoinError::from)?
    }

    /// Encrypts a text and puts it into the outbox. The id counts up.
    pub(crate) fn say(&mut self, text: &str) -> Result<(), StoreError> {
        let (seed, number, id) = (self.seed, self.sent, self.id());
        self.step(|overlay, device, _, rng| {
            let message = AppMessage {
                id: MessageId::new([&[seed, number], [0; 30].as_slice()].concat().try_into().unwrap()),
                sent: Time(0),
                journal: None,
                conversation: None,
                body: Body::Text(text.into()),
            };
            let mut group = Conversation::load(overlay, id).unwrap().unwrap();
            send(overlay, &mut group, device, &message, rng);
            group.save(overlay).unwrap();
        })?;
        self.sent += 1;
        Ok(())
    }

    /// Makes a commit and puts it into the outbox.
    pub(crate) fn commit(&mut self, intent: &Intent) -> Result<Committing, CommitError> {
        self.try_commit(intent).unwrap()
    }

    /// As [`Desk::commit`], for a store that may crash.
    pub(crate) fn try_commit(
        &mut self,
        intent: &Intent,
    ) -> Result<Result<Committing, CommitError>, StoreError> {
        let id = self.id();
        self.step(|overlay, device, journal, rng| {
            let mut group = Conversation::load(overlay, id).unwrap().unwrap();
            let committing = group.commit(device, journal, journal.point(), Time(0), intent)?;
            post(overlay, &group, device, &committing.message, None, rng);
            group.save(overlay).unwrap();
            Ok(committing)
        })
    }

    /// Asks to be added again, and puts that into the outbox; the package's name is in the request.
    pub(crate) fn ask_again(&mut self) {
        let id = self.id();
        self.step(|overlay, device, journal, rng| {
            let mut group = Conversation::load(overlay, id).unwrap().unwrap();
            let entry = group.ask_again(overlay, device, journal.known, rng).unwrap();
            let row: Row = (group.log_record().id(), entry.clone().into(), None);
            overlay.put(OUTBOX, sha256(&entry).as_bytes().to_vec(), encode(&row));
            group.save(overlay).unwrap();
        })
        .unwrap();
    }

    /// Asks that a member leave, and puts that into the outbox.
    pub(crate) fn demand(&mut self, leaver: u8) {
        let id = self.id();
        self.step(|overlay, device, _, rng| {
            let group = Conversation::load(overlay, id).unwrap().unwrap();
            let entry = group
                .demand(device, member(leaver).identity, Time(0), rng)
                .unwrap();
            let row: Row = (group.log_record().id(), entry.clone().into(), None);
            overlay.put(OUTBOX, sha256(&entry).as_bytes().to_vec(), encode(&row));
        })
        .unwrap();
    }

    /// Says how far the journal is, and puts that into the outbox.
    pub(crate) fn point(&mut self) {
        self.try_point().unwrap();
    }

    /// As [`Desk::point`], for a store that may crash.
    pub(crate) fn try_point(&mut self) -> Result<(), StoreError> {
        let id = self.id();
        self.step(|overlay, device, journal, rng| {
            let group = Conversation::load(overlay, id).unwrap().unwrap();
            let entry = group.point(device, journal.point(), rng).unwrap();
            let row: Row = (group.log_record().id(), entry.clone().into(), None);
            overlay.put(OUTBOX, sha256(&entry).as_bytes().to_vec(), encode(&row));
        })
    }

    /// The one entry in the outbox.
    pub(crate) fn waiting(&self) -> Vec<u8> {
        let (_, value) = self.store.scan(OUTBOX, b"", b"", 2).unwrap().remove(0);
        let (_, entry, _): Row = decode_canonical(&value).unwrap();
        entry.into()
    }

    /// A request of an earlier log, whose wrap key is `old`, wrapped for the present one: an insider can.
    pub(crate) fn rewrap(&mut self, old: &Secret<32>, entry: &[u8]) -> Vec<u8> {
        let Ok(Opened::Request(request)) = open(old, labels::CONVERSATION_WRAP, entry) else {
            panic!("not a request")
        };
        let key = self.conversation().log_keys().wrap;
        let content = encode(&request);
        crate::wrap::seal_entry(
            &key,
            labels::CONVERSATION_WRAP,
            crate::wrap::REQUEST,
            &content,
            &mut self.rng,
        )
        .unwrap()
    }

    /// Posts what is in the outbox; it stays there until it is seen in the log.
    pub(crate) fn flush(&self, relay: &mut Relay) {
        for (_, value) in Overlay::new(&self.store).scan(OUTBOX, b"", b"", 100).unwrap() {
            let (log, entry, _): Row = decode_canonical(&value).unwrap();
            relay.append(log, entry.into());
        }
    }

    /// Reads the log to its end. Stops at a store that crashes, as a process would.
    pub(crate) fn follow(&mut self, relay: &Relay) -> Result<Vec<Processed>, StoreError> {
        let mut seen = Vec::new();
        while let Some(processed) = self.follow_one(relay)? {
            let stop = matches!(processed, Processed::Waits(_) | Processed::Halted(_));
            seen.push(processed);
            if stop {
                break;
            }
        }
        Ok(seen)
    }

    fn follow_one(&mut self, relay: &Relay) -> Result<Option<Processed>, StoreError> {
        let cursor = Overlay::new(&self.store).get(CURSOR, b"c")?.unwrap();
        let (log, index): (LogId, u64) = decode_canonical(&cursor).unwrap();
        let entries = relay.logs.get(&log);
        let Some(entry) = entries.and_then(|log| log.get(usize::try_from(index).unwrap())) else {
            return Ok(None);
        };
        let left = self.conversation().standing() == Standing::Left;
        if left {
            return Ok(None);
        }
        let id = self.id();
        let processed = self.step(|overlay, device, journal, rng| {
            let mut group = Conversation::load(overlay, id).unwrap().unwrap();
            let own = sha256(entry);
            let (bytes, parts, point) = match group.unwrap(overlay, entry).unwrap() {
                Unwrapped::Message { bytes, parts } => (bytes, parts, None),
                Unwrapped::Point(point) => (Vec::new(), None, Some(point)),
                // What is no message is skipped by the same rule.
                _ => (Vec::new(), None, None),
            };
            let incoming = Incoming {
                bytes: &bytes,
                at: Time(index),
                own: overlay.get(OUTBOX, own.as_bytes()).unwrap().is_some(),
            };
            let processed = match &point {
                Some(point) => group.take_point(journal, incoming.at, point).unwrap(),
                None => group.process(journal, &incoming).unwrap(),
            };
            if matches!(processed, Processed::Waits(_)) {
                return processed;
            }
            if let Some(parts) = parts {
                parts.settle(overlay);
            }
            overlay.put(CURSOR, *b"c", encode(&(log, index + 1)));
            let row = overlay.get(OUTBOX, own.as_bytes()).unwrap();
            overlay.delete(OUTBOX, own.as_bytes().to_vec());
            match &processed {
                Processed::Message { message, .. } => receive(overlay, message),
                Processed::OwnMessage => {
                    let (_, _, message): Row = decode_canonical(&row.unwrap()).unwrap();
                    receive(overlay, &AppMessage::decode(&message.unwrap()).unwrap());
                }
                Processed::Pointed { lost, .. } if *lost => overlay.put(LOST, *b"l", [1]),
                Processed::Committed(committed) => {
                    if let Some(welcome) = &committed.welcome {
                        overlay.put(WELCOME, *b"w", welcome.clone());
                    }
                    if committed.lost {
                        overlay.put(LOST, *b"l", [1]);
                    }
                    if committed.new_log.is_some() {
                        move_on(overlay, &mut group, device, rng);
                    }
                }
                _ => {}
            }
            group.save(overlay).unwrap();
            processed
        })?;
        Ok(Some(processed))
    }

    /// The Welcome of the last own commit that added somebody, once the log has shown it.
    pub(crate) fn welcome(&self) -> Option<Vec<u8>> {
        self.store.get(WELCOME, b"w").unwrap().map(|value| value.to_vec())
    }

    /// Whether an own commit lost and is to be made again; asked once.
    pub(crate) fn lost(&mut self) -> bool {
        let lost = self.store.get(LOST, b"l").unwrap().is_some();
        self.step(|overlay, _, _, _| overlay.delete(LOST, *b"l")).unwrap();
        lost
    }

    pub(crate) fn outbox_is_empty(&self) -> bool {
        self.store.scan(OUTBOX, b"", b"", 1).unwrap().is_empty()
    }

    /// The texts received and sent, by message id.
    pub(crate) fn texts(&self) -> Vec<String> {
        let rows = self.store.scan(RECEIVED, b"", b"", 1000).unwrap();
        rows.into_iter()
            .map(|(_, text)| String::from_utf8(text.to_vec()).unwrap())
            .collect()
    }
}

fn send(
    overlay: &mut Overlay<'_, MemoryStore>,
    group: &mut Conversation,
    device: &OwnDevice<'_>,
    message: &AppMessage,
    rng: &mut ChaCha20Rng,
) {
    let bytes = group.encrypt(device, message).unwrap();
    post(overlay, group, device, &bytes, Some(message.encode()), rng);
}

fn post(
    overlay: &mut Overlay<'_, MemoryStore>,
    group: &Conversation,
    device: &OwnDevice<'_>,
    bytes: &[u8],
    message: Option<Vec<u8>>,
    rng: &mut ChaCha20Rng,
) {
    let log = group.log_record().id();
    for entry in group.wrap(overlay, device, Time(0), bytes, rng).unwrap() {
        let row: Row = (log, entry.clone().into(), message.clone().map(ByteVec::from));
        overlay.put(OUTBOX, sha256(&entry).as_bytes().to_vec(), encode(&row));
    }
}

fn receive(overlay: &mut Overlay<'_, MemoryStore>, message: &AppMessage) {
    let Body::Text(text) = &message.body else {
        panic!("not a text")
    };
    assert!(
        overlay.get(RECEIVED, message.id.as_bytes()).unwrap().is_none(),
        "doubled: {}",
        text.words
    );
    overlay.put(RECEIVED, message.id.as_bytes().to_vec(), text.words.as_bytes());
}

/// After a hop: read the new log, and send again what the old one did not show before the removal.
fn move_on(
    overlay: &mut Overlay<'_, MemoryStore>,
    group: &mut Conversation,
    device: &OwnDevice<'_>,
    rng: &mut ChaCha20Rng,
) {
    let log = group.log_record().id();
    overlay.put(CURSOR, *b"c", encode(&(log, 0u64)));
    for (key, value) in overlay.scan(OUTBOX, b"", b"", 100).unwrap() {
        overlay.delete(OUTBOX, key);
        let (_, _, message): Row = decode_canonical(&value).unwrap();
        if let Some(message) = message {
            send(
                overlay,
                group,
                device,
                &AppMessage::decode(&message).unwrap(),
                rng,
            );
        }
    }
}

/// Randomness that is always the same.
pub(crate) fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(99)
}

/// Another entry of everybody's journal, after which `members` are admitted.
pub(crate) fn journal_says(desks: &mut [Desk], members: &[u8]) {
    for desk in desks {
        desk.journal.write(members);
    }
}

/// Everybody posts and reads until nothing moves.
pub(crate) fn settle(relay: &mut Relay, desks: &mut [Desk]) {
    for _ in 0..3 {
        for desk in desks.iter_mut() {
            desk.flush(relay);
        }
        for desk in desks.iter_mut() {
            desk.follow(relay).unwrap();
        }
    }
}

/// Desks 1 to `n` in one conversation, all added by the first in one commit.
pub(crate) fn gathered(n: u8) -> (Relay, Vec<Desk>) {
    let all: Vec<u8> = (1..=n).collect();
    let journal = Journal::of(&all);
    let mut desks: Vec<_> = all.iter().map(|seed| Desk::new(*seed, &journal)).collect();
    let mut relay = Relay::default();
    desks[0].found();
    let add = desks[1..]
        .iter_mut()
        .map(|desk| desk.key_package(false))
        .collect();
    desks[0]
        .commit(&Intent {
            add,
            ..Intent::default()
        })
        .unwrap();
    desks[0].flush(&mut relay);
    desks[0].follow(&relay).unwrap();
    let welcome = desks[0].welcome().unwrap();
    for desk in &mut desks[1..] {
        desk.join(&welcome).unwrap();
    }
    settle(&mut relay, &mut desks);
    (relay, desks)
}
