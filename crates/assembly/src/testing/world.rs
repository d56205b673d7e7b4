//! A relay, a journal and its members.

use ballot::{BallotSecret, KeyContext, PublishedKey};
use primitives::signed::Unverified;
use primitives::{
    AssemblyId, DeviceCertificate, MotionId, OpeningId, RelayId, SeatNumber, Secret, SigningSecret, Time,
    encode,
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use sealing::{RunSecret, ShareSecret};
use std::collections::BTreeMap;
use tlog::{
    Checkpoint, Cosignature, CosigningSecret, CreateLog, Entry, Frontier, LogKind, Origin, RelayKeys,
    SignedCheckpoint, leaf_hash, relay_id,
};

use crate::audit::{AuditBox, AuditFile, AuditLevel, DayGoesOn, JournalPart};
use crate::charter::{Charter, Fraction};
use crate::entry::{JournalKeys, SealedEntry};
use crate::fold::{Assembly, Taken};
use crate::keys::{self, AnnouncedKey, Day};
use crate::motion::{Majority, MotionText, Rule, VoteKind};
use crate::name::NameOpening;
use crate::question::Question;
use crate::statement::{Body, Candidate, Founded, Role, Statement};

/// A log of the simulated relay.
#[derive(Debug, Clone)]
pub struct SimLog {
    /// Its creation record.
    pub record: CreateLog,
    /// Its entries.
    pub entries: Vec<Entry>,
}

/// A simulated member: one device.
#[derive(Debug)]
pub struct Member {
    /// Seat, once admitted.
    pub seat: SeatNumber,
    /// Name.
    pub name: String,
    /// Identity key.
    pub identity: SigningSecret,
    /// Device key.
    pub device: SigningSecret,
    /// Ballot secrets by number.
    pub ballot_secrets: BTreeMap<u32, BallotSecret>,
    /// Secrets of runs of the key generation.
    pub runs: BTreeMap<u64, RunSecret>,
    /// Shares by run and index.
    pub shares: BTreeMap<(u32, u16), ShareSecret>,
}

/// An assembly with everybody's secrets.
#[derive(Debug)]
pub struct World {
    /// Seeded.
    pub rng: ChaCha20Rng,
    /// The clock of relay and members.
    pub now: Time,
    /// The relay's id.
    pub relay: RelayId,
    /// The relay's checkpoint key.
    pub checkpoint_key: SigningSecret,
    /// The journal's keys.
    pub keys: JournalKeys,
    /// The journal's logs.
    pub logs: Vec<SimLog>,
    /// Boxes by opening.
    pub boxes: BTreeMap<OpeningId, SimLog>,
    /// Members by seat, from seat 1.
    pub members: Vec<Member>,
    /// The fold over the journal.
    pub assembly: Assembly,
}

/// A charter with short times: five deputies found, three of them trustees.
#[must_use]
pub fn charter() -> Charter {
    Charter {
        endorsements: 2,
        founding_seats: 5,
        endorser_age_ms: 1_000,
        objection_ms: 1_000,
        objectors: 2,
        cooling_off_ms: 5_000,
        detain_signers: 2,
        seconders: 1,
        notice_ms: 1_000,
        voting_least_ms: 10_000,
        voting_greatest_ms: 100_000,
        closing_ms: 10_000,
        shares_ms: 10_000,
        slot_ms: 1_000,
        sealing_round_ms: 1_000,
        roll_floor: 3,
        ballots_floor: 3,
        coverage: Fraction::new(4, 5),
        trustees: 3,
        threshold: 2,
        ..Charter::default()
    }
}

impl World {
    /// Founds an assembly; the founder has seat 1.
    #[must_use]
    pub fn found(charter: Charter, seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let now = Time(1_800_000_000_000);
        let relay_identity = SigningSecret::random(&mut rng);
        let checkpoint_key = SigningSecret::random(&mut rng);
        let relay = relay_id(&relay_identity.verifying_key());
        let relay_keys = RelayKeys::sign(&relay_identity, checkpoint_key.verifying_key(), now);
        let journal_key = Secret::random(&mut rng);
        let record = keys::journal_record(&journal_key);
        let (founder, candidate, opening) = Member::new("Founder", Role::Deputy, now, &mut rng);
        let founded = Founded {
            name: "Assembly".to_owned(),
            declaration: "We assemble.".to_owned(),
            charter,
            relay,
            relay_address: "veche-relay://relay.example:1".to_owned(),
            relay_keys,
            journal: record.id(),
            journal_key: AnnouncedKey::of(1, &journal_key),
            founder: candidate,
            version: crate::statement::VERSION,
        };
        let statement = Statement::new(
            AssemblyId::new([0; 32]),
            SeatNumber(1),
            founder.device.verifying_key(),
            None,
            now.after(60_000),
            &Body::Founded { founded },
        );
        let signed = statement.sign(&founder.device);
        let main = encode(signed.unverified());
        let sealed = SealedEntry::seal(
            1,
            Day::of(now),
            &journal_key,
            &main,
            &opening.to_bytes(),
            &mut rng,
        )
        .unwrap();
        let entry = Entry {
            time: now,
            bytes: sealed.to_bytes(),
        };
        let mut keys = JournalKeys::new();
        keys.insert(1, journal_key);
        let (assembly, _) = Assembly::found(&record, &entry, &keys).unwrap();
        let logs = vec![SimLog {
            record,
            entries: vec![entry],
        }];
        let members = vec![founder];
        Self {
            rng,
            now,
            relay,
            checkpoint_key,
            keys,
            logs,
            boxes: BTreeMap::new(),
            members,
            assembly,
        }
    }

    /// An assembly of five deputies whose founding is over, with ballot keys and sealing keys.
    #[must_use]
    pub fn ready(seed: u64) -> Self {
        Self::ready_under(charter(), seed)
    }

    /// As [`World::ready`], under a charter of the test's own.
    #[must_use]
    pub fn ready_under(charter: Charter, seed: u64) -> Self {
        let mut world = Self::found(charter, seed);
        for name in ["Second", "Third", "Fourth", "Fifth"] {
            world.admit(name, Role::Deputy);
        }
        world.publish_ballot_keys(3);
        world.generate_sealing_keys();
        world
    }

    /// An assembly of so many deputies that is ready to vote once in secret; three of them are trustees.
    #[must_use]
    pub fn of(deputies: u32, seed: u64) -> Self {
        let charter = Charter {
            founding_seats: deputies,
            ..charter()
        };
        let mut world = Self::found(charter, seed);
        for number in 2..=deputies {
            world.admit(&format!("Deputy {number}"), Role::Deputy);
        }
        world.publish_ballot_keys(1);
        world.generate_sealing_keys();
        world
    }

    /// Lets time pass.
    pub fn tick(&mut self, ms: u64) {
        self.now = self.now.after(ms);
    }

    /// The device key of a seat.
    #[must_use]
    pub fn device(&self, seat: u32) -> &SigningSecret {
        &self.member(seat).device
    }

    /// A member by seat.
    #[must_use]
    pub fn member(&self, seat: u32) -> &Member {
        &self.members[usize::try_from(seat).unwrap() - 1]
    }

    /// A member by seat.
    pub fn member_mut(&mut self, seat: u32) -> &mut Member {
        &mut self.members[usize::try_from(seat).unwrap() - 1]
    }

    /// A statement as a seat's honest client would make it now.
    #[must_use]
    pub fn statement(&self, seat: u32, body: &Body) -> Statement {
        self.statement_from(seat, self.device(seat), body)
    }

    /// A seat says something: sealed, taken by the relay a millisecond later, folded.
    pub fn say(&mut self, seat: u32, body: &Body) -> Taken {
        let signed = self.statement(seat, body).sign(self.device(seat));
        self.post(signed.unverified(), b"")
    }

    /// As [`World::say`], and it must have effect.
    pub fn says(&mut self, seat: u32, body: &Body) -> Taken {
        let taken = self.say(seat, body);
        assert_eq!(taken.rejection, None, "{}", body.name());
        taken
    }

    /// Posts a signed statement with something beside it.
    pub fn post(&mut self, statement: &Unverified, beside: &[u8]) -> Taken {
        let number = self.assembly.journal().journal_key;
        let key = self.keys.key(number).unwrap().duplicate();
        let sealed = SealedEntry::seal(
            number,
            Day::of(self.now),
            &key,
            &encode(statement),
            beside,
            &mut self.rng,
        )
        .unwrap();
        self.post_bytes(sealed.to_bytes())
    }

    /// Posts any bytes into the journal's current log.
    pub fn post_bytes(&mut self, bytes: Vec<u8>) -> Taken {
        self.tick(1);
        let entry = Entry {
            time: self.now,
            bytes,
        };
        let taken = self.assembly.take(&entry, &self.keys).unwrap();
        self.logs.last_mut().unwrap().entries.push(entry);
        if self.assembly.journal_logs().len() > self.logs.len() {
            let record = self.assembly.journal().record.clone();
            self.logs.push(SimLog {
                record,
                entries: Vec::new(),
            });
        }
        taken
    }

    /// Proposes and, as the charter asks, endorses somebody, waits for the objection window, and gives the seat.
    pub fn admit(&mut self, name: &str, role: Role) -> u32 {
        let (admission, member) = self.propose_admission(1, name, role);
        let mut endorser = 2;
        while self
            .assembly
            .admissions()
            .any(|(id, open)| id == admission && open.state == crate::fold::AdmissionState::Proposed)
        {
            self.says(endorser, &Body::Endorsed { admission });
            endorser += 1;
        }
        if !self
            .assembly
            .admissions()
            .any(|(id, open)| id == admission && !open.is_open())
        {
            self.tick(self.assembly.charter().objection_ms);
        }
        self.members.push(member);
        let seat = u32::try_from(self.members.len()).unwrap();
        self.member_mut(seat).seat = SeatNumber(seat);
        seat
    }

    /// Proposes an admission; the member has no seat yet.
    pub fn propose_admission(
        &mut self,
        by: u32,
        name: &str,
        role: Role,
    ) -> (primitives::StatementId, Member) {
        let (member, candidate, opening) = Member::new(name, role, self.now, &mut self.rng);
        let signed = self
            .statement(by, &Body::AdmissionProposed { candidate })
            .sign(self.device(by));
        let taken = self.post(signed.unverified(), &opening.to_bytes());
        assert_eq!(taken.rejection, None, "admission of {name}");
        (taken.statement.unwrap().id, member)
    }

    /// Every acting deputy publishes so many ballot keys.
    pub fn publish_ballot_keys(&mut self, count: u32) {
        let seats: Vec<_> = self
            .assembly
            .seats()
            .filter(|seat| seat.is_acting_deputy())
            .map(|seat| seat.number.0)
            .collect();
        for seat in seats {
            let body = self.ballot_keys(seat, count);
            self.says(seat, &body);
        }
    }

    /// New ballot keys of a seat.
    pub fn ballot_keys(&mut self, seat: u32, count: u32) -> Body {
        let first = self.assembly.ballot_keys_due(SeatNumber(seat)).unwrap();
        let assembly = self.assembly.id();
        let mut keys = Vec::new();
        for number in first..first + count {
            let secret = BallotSecret::random(&mut self.rng);
            let context = KeyContext {
                assembly,
                seat: SeatNumber(seat),
                number: u64::from(number),
            };
            keys.push(PublishedKey::prove(&context, &secret, &mut self.rng));
            self.member_mut(seat).ballot_secrets.insert(number, secret);
        }
        Body::BallotKeysPublished { first, keys }
    }

    /// A motion that the charter allows.
    #[must_use]
    pub fn motion_text(&self, kind: VoteKind) -> MotionText {
        MotionText {
            title: "A motion".to_owned(),
            text: "Be it resolved.".to_owned(),
            kind,
            question: Question::ForAgainstAbstain,
            rule: Rule {
                quorum: Fraction::new(1, 2),
                majority: Majority::Simple,
            },
            notice_ms: self.assembly.charter().notice_ms,
            voting_ms: 10_000,
        }
    }

    /// Seat 1 proposes, seat 2 seconds, the notice passes.
    pub fn notice(&mut self, text: MotionText) -> MotionId {
        let taken = self.says(1, &Body::MotionProposed { motion: text.clone() });
        let motion = crate::statement::motion_id(taken.statement.unwrap().id);
        self.says(2, &Body::Seconded { motion });
        self.tick(text.notice_ms);
        motion
    }

    /// The relay's checkpoint over the journal's current log as it stands.
    #[must_use]
    pub fn journal_checkpoint(&self) -> SignedCheckpoint {
        self.checkpoint(self.logs.last().unwrap())
            .sign(&self.checkpoint_key)
    }

    /// The relay's checkpoint over what was folded of the journal's current log.
    pub(super) fn seen(&self) -> SignedCheckpoint {
        let journal = self.assembly.journal();
        let checkpoint = Checkpoint {
            origin: Origin {
                relay: self.relay,
                log: journal.record.id(),
            },
            size: journal.size,
            root: self.assembly.journal_root(),
        };
        checkpoint.sign(&self.checkpoint_key)
    }

    /// Size and root of a log.
    #[must_use]
    pub fn checkpoint(&self, log: &SimLog) -> Checkpoint {
        let mut frontier = Frontier::new();
        log.entries
            .iter()
            .for_each(|entry| frontier.push(leaf_hash(entry.time, &entry.bytes)));
        let origin = Origin {
            relay: self.relay,
            log: log.record.id(),
        };
        Checkpoint {
            origin,
            size: frontier.size(),
            root: frontier.root(),
        }
    }

    /// Cosignatures of these seats on a checkpoint, with both keys where a second one is announced.
    #[must_use]
    pub fn cosign(&self, checkpoint: &Checkpoint, seats: &[u32]) -> Vec<Cosignature> {
        let cosign = |seat: &u32| {
            let device = self.device(*seat);
            let known = self.assembly.seat_of(SeatNumber(*seat));
            let known = known.and_then(|seat| seat.device(&device.verifying_key()));
            if known.is_some_and(|known| known.cosigning_key.is_some()) {
                Cosignature::sign_twice(checkpoint, self.now, device)
            } else {
                Cosignature::sign(checkpoint, self.now, device)
            }
        };
        seats.iter().map(cosign).collect()
    }

    /// What a device says to announce its cosigning key.
    #[must_use]
    pub fn cosigning_key(device: &SigningSecret) -> Body {
        let key = CosigningSecret::of(device).key();
        Body::CosigningKeyAnnounced { key }
    }

    /// Cosignatures of all witnesses.
    #[must_use]
    pub fn cosign_all(&self, checkpoint: &Checkpoint) -> Vec<Cosignature> {
        let seats: Vec<_> = self.assembly.witnesses().into_iter().map(|seat| seat.0).collect();
        self.cosign(checkpoint, &seats)
    }

    /// The journal goes on in another log under another key, as the witnesses' quorum says.
    pub fn hop(&mut self) {
        let (number, key, continues) = self.continues();
        self.keys.insert(number, key);
        let logs = self.assembly.journal_logs().len();
        for seat in self.assembly.witnesses() {
            if self.assembly.journal_logs().len() == logs {
                self.says(seat.0, &continues);
            }
        }
    }

    /// A fresh journal key with its number, and the statement that the journal goes on under it.
    pub fn continues(&mut self) -> (u32, Secret<32>, Body) {
        let number = self.assembly.last_journal_key() + 1;
        let key = Secret::random(&mut self.rng);
        let body = Body::Continues {
            journal_key: AnnouncedKey::of(number, &key),
            record: self.next_record(&key),
        };
        (number, key, body)
    }

    /// The record of a log that continues the journal from here.
    #[must_use]
    pub fn next_record(&self, key: &Secret<32>) -> CreateLog {
        let mut record = keys::journal_log(key).record(LogKind::Record);
        record.previous = self.assembly.hop_from();
        record
    }

    /// The journal as a member exports it, cosigned by all witnesses.
    #[must_use]
    pub fn journal_parts(&self) -> Vec<JournalPart> {
        let part = |log: &SimLog| {
            let checkpoint = self.checkpoint(log);
            JournalPart {
                record: log.record.clone(),
                entries: log.entries.clone(),
                checkpoint: checkpoint.sign(&self.checkpoint_key),
                cosignatures: self.cosign_all(&checkpoint),
            }
        };
        self.logs.iter().map(part).collect()
    }

    /// Somebody posts an entry that commits to another key than its own.
    pub fn spoil(&mut self) -> Taken {
        let number = self.assembly.journal().journal_key;
        let key = self.keys.key(number).unwrap().duplicate();
        let mut sealed =
            SealedEntry::seal(number, Day::of(self.now), &key, b"x", b"", &mut self.rng).unwrap();
        sealed.commitment = primitives::Hash::new([1; 32]);
        self.post_bytes(sealed.to_bytes())
    }

    /// An audit file of everything so far.
    #[must_use]
    pub fn audit(&self, level: AuditLevel) -> AuditFile {
        self.try_audit(level).unwrap()
    }

    /// As [`Self::audit`].
    ///
    /// # Errors
    /// [`DayGoesOn`].
    pub fn try_audit(&self, level: AuditLevel) -> Result<AuditFile, DayGoesOn> {
        let boxes = self
            .boxes
            .iter()
            .map(|(opening, log)| AuditBox {
                opening: *opening,
                record: log.record.clone(),
                entries: log.entries.clone(),
            })
            .collect();
        AuditFile::build(
            level,
            self.assembly.id(),
            self.journal_parts(),
            boxes,
            &self.keys,
            self.now,
        )
    }
}

impl Member {
    /// Somebody with fresh keys, and what is said of him in the journal.
    #[must_use]
    pub fn new(name: &str, role: Role, now: Time, rng: &mut ChaCha20Rng) -> (Self, Candidate, NameOpening) {
        let identity = SigningSecret::random(rng);
        let device = SigningSecret::random(rng);
        let certificate = DeviceCertificate::issue(&identity, device.verifying_key(), [7; 32], now);
        let opening = NameOpening::new(name.to_owned(), rng).unwrap();
        let candidate = Candidate {
            role,
            name: opening.commitment(),
            certificate: certificate.unverified().clone(),
        };
        let member = Self {
            seat: SeatNumber(1),
            name: name.to_owned(),
            identity,
            device,
            ballot_secrets: BTreeMap::new(),
            runs: BTreeMap::new(),
            shares: BTreeMap::new(),
        };
        (member, candidate, opening)
    }
}
