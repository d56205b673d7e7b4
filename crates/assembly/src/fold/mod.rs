//! The fold: from journal entries, in order, to the state of the assembly. The same for client, auditor and simulator.
//!
//! Every entry moves the log's time on ([`Assembly::take`] lets everything happen that was due by then), then its statement
//! is judged ([`Assembly::check`]) and, if no rule is broken, takes effect ([`Assembly::apply`]). What is rejected
//! stays in the log without effect. Two things halt instead: a key that is not at hand, and a version of the rules that the
//! assembly has taken up and this code does not know; going on without either would compute another truth.

mod accessors;
mod closing;
mod decisions;
mod devices;
mod due;
mod founding;
mod hop;
mod members;
mod refounding;
mod seat;
mod signing;
mod trustees;
mod version;
mod vote;

use minicbor::{Decode, Encode};
use primitives::canonical::hash_bytes;
use primitives::signed::Unverified;
use primitives::{
    AssemblyId, Hash, LogId, Malformed, MotionId, OpeningId, SeatNumber, Signed, StatementId, Time,
    VerifyingKey, decode_canonical, encode, labels,
};
use std::collections::BTreeMap;
use tlog::{CheckpointKey, CosigningKey, CreateLog, Entry, Frontier, SignedCheckpoint, leaf_hash};

use crate::charter::Charter;
use crate::entry::{EntryKeys, SealedEntry};
use crate::keys::AnnouncedKey;
use crate::limits;
use crate::name::NameOpening;
use crate::rejection::Rejection;
use crate::statement::{BadBody, Body, Founded, Role, Statement, VERSION, statement_id};

pub use accessors::WitnessQuorum;
pub use due::{SealingDue, ShareDue};
pub use founding::BadFounding;
pub use hop::{Continuation, Hop};
pub use refounding::{Plenary, Refounding, RefoundingProposal};
pub use seat::{Admission, AdmissionState, Device, DeviceHistory, KeyBatch, Seat, SeatState};
pub use signing::Signing;
use trustees::SealingEffect;
pub use trustees::{PoolKey, Round, Run, Trustees};
pub use vote::{ClosedBox, Forwarded, Motion, Opening, Phase, SecretVote, VoidReason, Vote, ballot_len};

/// The folded state of an assembly. Equal journals give equal states, byte for byte ([`Assembly::snapshot`]).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Assembly {
    #[n(0)]
    id: AssemblyId,
    #[n(1)]
    founded: Founded,
    #[n(2)]
    checkpoint_key: CheckpointKey,
    /// The journal's logs; the last one goes on.
    #[n(3)]
    logs: Vec<JournalLog>,
    /// Tree of the current log.
    #[n(4)]
    frontier: Frontier,
    /// The last roots of the journal, for what authors have seen.
    #[n(5)]
    seen: Vec<SeenRoot>,
    /// Entries over all logs.
    #[n(6)]
    position: u64,
    #[n(7)]
    time: Time,
    /// Statements that took effect and have not expired, with their expiry.
    #[n(8)]
    taken: BTreeMap<StatementId, Time>,
    /// Hashes of journal keys, the present one last.
    #[n(9)]
    journal_keys: BTreeMap<u32, AnnouncedKey>,
    /// What the last removal since the current log began, of a seat or of a device, has left behind.
    #[n(10)]
    hop: Option<Hop>,
    #[n(11)]
    founding_ended: Option<Time>,
    #[n(12)]
    founding_signed: Vec<SeatNumber>,
    #[n(13)]
    seats: BTreeMap<SeatNumber, Seat>,
    #[n(14)]
    admissions: BTreeMap<StatementId, Admission>,
    #[n(15)]
    detentions: BTreeMap<SeatNumber, Signing>,
    #[n(16)]
    motions: BTreeMap<MotionId, Motion>,
    #[n(17)]
    openings: BTreeMap<OpeningId, MotionId>,
    /// The next unused number of ballot keys.
    #[n(18)]
    next_key_number: u32,
    #[n(19)]
    trustees: Trustees,
    /// What the witnesses are drawn by in this quarter.
    #[n(20)]
    draw: WitnessDraw,
    /// The version of the rules that the assembly has taken up.
    #[n(21)]
    version: u32,
    /// The newer versions that deputies' devices know.
    #[n(22)]
    versions_known: BTreeMap<SeatNumber, u32>,
    /// Boxes of the present journal key that votes have been given.
    #[n(23)]
    boxes_used: u32,
    /// Absent until somebody has said that the plenary is to be founded anew.
    #[n(24)]
    refounding: Option<Refounding>,
}

/// One log of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct JournalLog {
    /// Its creation record.
    #[n(0)]
    pub record: CreateLog,
    /// Number of the journal key that its entries are sealed under.
    #[n(1)]
    pub journal_key: u32,
    /// Entries folded.
    #[n(2)]
    pub size: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct SeenRoot {
    #[n(0)]
    log: LogId,
    #[n(1)]
    size: u64,
    #[n(2)]
    root: Hash,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct WitnessDraw {
    #[n(0)]
    quarter: u64,
    #[n(1)]
    seed: Hash,
}

/// Why the fold cannot go on. The entry has not been taken; it is taken again when the reason is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Halt {
    /// The journal key of the current log is not at hand; it never means rejection.
    #[error("journal key {number} has not arrived yet")]
    MissingKey {
        /// Its number.
        number: u32,
    },
    /// The assembly has taken up rules that this code does not know.
    #[error("the assembly has taken up version {version} of the rules: update needed")]
    UpdateNeeded {
        /// The version.
        version: u32,
    },
}

/// What became of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The statement in it, if its envelope could be read and its author is a member.
    pub statement: Option<Opened>,
    /// The rule that it broke, if it had no effect.
    pub rejection: Option<Rejection>,
}

/// A statement of a member, opened and verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Its id.
    pub id: StatementId,
    /// The seat that spoke.
    pub seat: SeatNumber,
    /// Its device.
    pub device: VerifyingKey,
    /// When the relay took it.
    pub time: Time,
    /// What it says; absent if the envelope alone was reason to reject it.
    pub body: Option<Body>,
    /// The name that lies beside it, if the reader may open it and it opens the commitment.
    pub name: Option<NameOpening>,
}

/// A statement that passed every rule, with what it changes. Only [`Assembly::check`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    id: StatementId,
    seat: SeatNumber,
    time: Time,
    position: u64,
    effect: Effect,
}

#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "one at a time, made and applied")]
enum Effect {
    FoundingSigned,
    FoundingEnded,
    AdmissionProposed(Admission),
    Endorsed(StatementId),
    Objected(StatementId),
    Detained(SeatNumber),
    Left,
    KeysPublished {
        first: u32,
        keys: Vec<minicbor::bytes::ByteArray<32>>,
    },
    KeysVoided,
    Continues(Continuation),
    VersionKnown(u32),
    MotionProposed(crate::motion::MotionText),
    Seconded(MotionId),
    MotionOpened(MotionId, Opening),
    Withdrawn(MotionId),
    RollCallVote(MotionId, minicbor::bytes::ByteVec),
    RollCallClosed(MotionId),
    Forwarded(MotionId, Forwarded),
    BoxClosed(MotionId, ClosedBox),
    ShareReleased {
        motion: MotionId,
        share: sealing::Share,
        good: bool,
    },
    Sealing(SealingEffect),
    DeviceAdded(Device),
    DeviceRevoked(VerifyingKey),
    Refounded(minicbor::bytes::ByteArray<32>),
    CosigningKey(VerifyingKey, CosigningKey),
}

/// Who says something: what the rules judge a body by.
#[derive(Debug, Clone, Copy)]
struct Author<'a> {
    seat: &'a Seat,
    device: VerifyingKey,
}

impl Author<'_> {
    fn is_first_device(&self) -> bool {
        self.seat.is_first_device(&self.device)
    }
}

impl Assembly {
    /// Takes the next entry of the current log ([`Assembly::journal`]), whose place and time the reader has verified.
    ///
    /// # Errors
    /// [`Halt`]: then the entry has not been taken.
    pub fn take(&mut self, entry: &Entry, keys: &(impl EntryKeys + ?Sized)) -> Result<Taken, Halt> {
        if self.version > VERSION {
            return Err(Halt::UpdateNeeded {
                version: self.version,
            });
        }
        let taken = self.judge(entry, keys)?;
        self.advance(entry.time);
        self.position = self.position.saturating_add(1);
        self.frontier.push(leaf_hash(entry.time, &entry.bytes));
        if let Some(log) = self.logs.last_mut() {
            log.size = self.frontier.size();
        }
        self.remember_root();
        let continues = match taken.1 {
            Some(change) => self.apply(change),
            None => None,
        };
        if let Some(continuation) = continues {
            self.go_on(continuation);
        }
        Ok(taken.0)
    }

    /// Opens and checks an entry as of its time. Advancing is idempotent, so a halt leaves nothing behind that the
    /// next attempt would not do.
    fn judge(
        &mut self,
        entry: &Entry,
        keys: &(impl EntryKeys + ?Sized),
    ) -> Result<(Taken, Option<Change>), Halt> {
        let rejected = |rejection| {
            Ok((
                Taken {
                    statement: None,
                    rejection: Some(rejection),
                },
                None,
            ))
        };
        let (log, journal_key) = (self.logs.len().saturating_sub(1), self.journal().journal_key);
        let sealed = match SealedEntry::parse(&entry.bytes) {
            Ok(sealed) if sealed.key_number == journal_key && sealed.day.is_near(entry.time) => sealed,
            _ => return rejected(Rejection::NotAnEntry),
        };
        let index = self.journal().size;
        let key = keys.entry_key(log, index, &sealed).ok_or(Halt::MissingKey {
            number: sealed.key_number,
        })?;
        let Ok(main) = sealed.open(&key) else {
            return rejected(Rejection::DoesNotOpen);
        };
        let Some((unverified, statement)) = envelope(&main, &self.id) else {
            return rejected(Rejection::NotOfThisAssembly);
        };
        self.advance(entry.time);
        let Some(signed) = self.authenticate(unverified, &statement) else {
            return rejected(Rejection::NotByAMember);
        };
        let beside = keys
            .beside_key(log, index, &sealed)
            .and_then(|key| sealed.open_beside(&key).ok());
        let id = statement_id(signed.bytes());
        let body = match self.check_envelope(id, &statement) {
            Ok(()) => match statement.body() {
                Ok(body) => Ok(body),
                Err(BadBody::UnknownKind(_)) => Err(Rejection::KindNotTakenUp),
                Err(BadBody::Malformed) => Err(Rejection::BodyMalformed),
            },
            Err(rejection) => Err(rejection),
        };
        let name = match &body {
            Ok(Body::AdmissionProposed { candidate }) => {
                beside.and_then(|beside| NameOpening::opened(&beside, &candidate.name))
            }
            _ => None,
        };
        let checked = match &body {
            Ok(body) => self.check(id, statement.seat, statement.device, body),
            Err(rejection) => Err(*rejection),
        };
        let opened = Opened {
            id,
            seat: statement.seat,
            device: statement.device,
            time: entry.time,
            body: body.ok(),
            name,
        };
        let (rejection, change) = match checked {
            Ok(change) => (None, Some((change, statement.expires))),
            Err(rejection) => (Some(rejection), None),
        };
        let change = change.map(|(change, expires)| {
            self.taken.insert(id, expires);
            change
        });
        Ok((
            Taken {
                statement: Some(opened),
                rejection,
            },
            change,
        ))
    }

    fn authenticate(&self, unverified: Unverified, statement: &Statement) -> Option<Signed<Statement>> {
        self.has_device(statement.seat, &statement.device).then_some(())?;
        unverified.verify(labels::STATEMENT, &statement.device).ok()
    }

    /// The rules that hold for every statement, whatever it says.
    fn check_envelope(&self, id: StatementId, statement: &Statement) -> Result<(), Rejection> {
        if statement.expires < self.time || statement.expires > self.time.after(limits::EXPIRY_MS_MAX) {
            return Err(Rejection::Expired);
        }
        if self.taken.contains_key(&id) {
            return Err(Rejection::TakenAlready);
        }
        self.check_seen(statement.seen.as_ref().ok_or(Rejection::SeenUnusable)?)
    }

    /// Whether a checkpoint that somebody has seen is one of this journal's last ones.
    ///
    /// # Errors
    /// [`Rejection::SeenUnusable`]; [`Rejection::SeenContradicts`] is the alarm: the relay signed another journal.
    pub fn check_seen(&self, seen: &SignedCheckpoint) -> Result<(), Rejection> {
        let seen = seen
            .open(&self.checkpoint_key)
            .map_err(|_| Rejection::SeenUnusable)?;
        let known = self
            .seen
            .iter()
            .rev()
            .take(limits::SEEN_WINDOW)
            .find(|known| known.log == seen.origin.log && known.size == seen.size)
            .ok_or(Rejection::SeenUnusable)?;
        if known.root == seen.root {
            Ok(())
        } else {
            Err(Rejection::SeenContradicts)
        }
    }

    /// Judges what a member's device says, as of now. Signature, expiry and what the author has seen are judged before.
    ///
    /// # Errors
    /// [`Rejection`] with the first rule that is broken.
    pub fn check(
        &self,
        id: StatementId,
        seat: SeatNumber,
        device: VerifyingKey,
        body: &Body,
    ) -> Result<Change, Rejection> {
        let seat = self
            .seats
            .get(&seat)
            .filter(|seat| seat.is_active())
            .ok_or(Rejection::NotByAMember)?;
        let author = Author { seat, device };
        let effect = match body {
            Body::Founded { .. } => Err(Rejection::FoundedAgain),
            Body::FoundingSigned {} => self.check_founding_signed(author),
            Body::FoundingEnded {} => self.check_founding_ended(author),
            Body::AdmissionProposed { candidate } => self.check_admission_proposed(author, candidate),
            Body::Endorsed { admission } => self.check_endorsed(author, *admission),
            Body::Objected { admission } => self.check_objected(author, *admission),
            Body::Detained { seat } => self.check_detained(author, *seat),
            Body::Left {} => Self::check_left(author),
            Body::BallotKeysPublished { first, keys } => self.check_ballot_keys(author, *first, keys),
            Body::BallotKeysVoided {} => Ok(Effect::KeysVoided),
            Body::Continues { journal_key, record } => self.check_continues(author, *journal_key, record),
            Body::VersionKnown { version } => self.check_version_known(author, *version),
            Body::MotionProposed { motion } => self.check_motion_proposed(author, motion),
            Body::Seconded { motion } => self.check_seconded(author, *motion),
            Body::MotionOpened { motion, ballot_box } => {
                self.check_opened(author, *motion, ballot_box.as_ref())
            }
            Body::MotionWithdrawn { motion } => self.check_withdrawn(author, *motion),
            Body::RollCallVote { motion, vote } => self.check_roll_call_vote(author, *motion, vote),
            Body::RollCallClosed { motion } => self.check_roll_call_closed(*motion),
            Body::BallotForwarded { opening, ballot } => self.check_forwarded(author, *opening, ballot),
            Body::BoxClosed {
                opening,
                checkpoint,
                cosignatures,
            } => self.check_box_closed(*opening, checkpoint, cosignatures),
            Body::ShareReleased { opening, share } => self.check_share(author, *opening, share),
            Body::SealingRound1 { run, package } => self.check_round1(author, *run, package),
            Body::SealingRound2 { run, packages } => self.check_round2(author, *run, packages),
            Body::SealingConfirmed { run, transcript } => self.check_confirmed(author, *run, *transcript),
            Body::SealingComplaint { run, complaint } => self.check_complaint(author, *run, complaint),
            Body::DeviceAdded { certificate, claim } => self.check_device_added(author, certificate, claim),
            Body::DeviceRevoked { device } => Self::check_device_revoked(author, device),
            Body::Refounded { nth, salt } => self.check_refounded(author, *nth, salt),
            Body::CosigningKeyAnnounced { key } => Self::check_cosigning_key(author, key),
        }?;
        Ok(Change {
            id,
            seat: seat.number,
            time: self.time,
            position: self.position,
            effect,
        })
    }

    /// Lets a change take effect. Gives the next log if the journal goes on there.
    pub fn apply(&mut self, change: Change) -> Option<Continuation> {
        let Change {
            id,
            seat,
            time,
            position,
            effect,
        } = change;
        match effect {
            Effect::FoundingSigned => self.founding_signed.push(seat),
            Effect::FoundingEnded => self.founding_ended = Some(time),
            Effect::AdmissionProposed(mut admission) => {
                admission.position = position;
                self.admissions.insert(id, admission);
                self.endorse(id, seat, time);
            }
            Effect::Endorsed(admission) => self.endorse(admission, seat, time),
            Effect::Objected(admission) => self.object(admission, seat),
            Effect::Detained(target) => self.detain(target, seat, time),
            Effect::Left => self.remove(seat, SeatState::Left, time),
            Effect::KeysPublished { first, keys } => self.publish_keys(seat, KeyBatch { first, keys }),
            Effect::KeysVoided => self.void_keys(seat),
            Effect::Continues(continuation) => return self.say_continuation(seat, continuation),
            Effect::VersionKnown(version) => self.know_version(seat, version),
            Effect::MotionProposed(text) => self.propose_motion(id, seat, time, position, text),
            Effect::Seconded(motion) => self.second(motion, seat, time),
            Effect::MotionOpened(motion, opening) => self.open_motion(motion, opening),
            Effect::Withdrawn(motion) => self.set_phase(motion, Phase::Withdrawn),
            Effect::RollCallVote(motion, vote) => self.vote_by_name(motion, seat, vote),
            Effect::RollCallClosed(motion) => self.set_phase(motion, Phase::Decided),
            Effect::Forwarded(motion, forwarded) => self.forward(motion, forwarded),
            Effect::BoxClosed(motion, closed) => self.close_box(motion, closed),
            Effect::ShareReleased { motion, share, good } => self.release_share(motion, seat, share, good),
            Effect::Sealing(effect) => self.apply_sealing(seat, time, effect),
            Effect::DeviceAdded(device) => self.add_device(seat, device, time),
            Effect::DeviceRevoked(device) => self.revoke_device(seat, &device),
            Effect::Refounded(salt) => self.refound(&salt, seat, time),
            Effect::CosigningKey(device, key) => self.announce_cosigning_key(seat, &device, key),
        }
        None
    }

    /// Lets everything happen that is due by `time`, in an order that the journal alone fixes.
    fn advance(&mut self, time: Time) {
        if time < self.time {
            return;
        }
        let quarter = time.0 / limits::QUARTER_MS;
        if quarter != self.draw.quarter {
            self.draw = WitnessDraw {
                quarter,
                seed: self.frontier.root(),
            };
        }
        self.time = time;
        self.taken.retain(|_, expires| *expires >= time);
        self.advance_admissions();
        self.advance_motions();
        self.advance_sealing();
    }

    fn remember_root(&mut self) {
        let (log, size, root) = (
            self.journal().record.id(),
            self.frontier.size(),
            self.frontier.root(),
        );
        self.seen.push(SeenRoot { log, size, root });
        if self.seen.len() >= 2 * limits::SEEN_WINDOW {
            self.seen.drain(..limits::SEEN_WINDOW);
        }
    }

    /// The state as bytes, with [`Assembly::state_hash`] over them: what a client loads at start-up.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        encode(self)
    }

    /// Loads a snapshot that this client wrote; it is believed, not checked again.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn load(snapshot: &[u8]) -> Result<Self, Malformed> {
        decode_canonical(snapshot)
    }

    /// Hash of the snapshot: equal states, equal hashes.
    #[must_use]
    pub fn state_hash(&self) -> Hash {
        hash_bytes(labels::FOLD_STATE, &self.snapshot())
    }

    fn require_deputy(author: Author<'_>) -> Result<(), Rejection> {
        if author.seat.role == Role::Deputy {
            Ok(())
        } else {
            Err(Rejection::RoleForbids)
        }
    }

    fn charter_ref(&self) -> &Charter {
        &self.founded.charter
    }
}

fn envelope(main: &[u8], assembly: &AssemblyId) -> Option<(Unverified, Statement)> {
    let unverified: Unverified = decode_canonical(main).ok()?;
    let statement: Statement = unverified.peek().ok()?;
    (statement.assembly == *assembly).then_some((unverified, statement))
}
