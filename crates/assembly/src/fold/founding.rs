//! Founding: the first entry, and the signatures under the declaration.

use primitives::signed::Unverified;
use primitives::{AssemblyId, DeviceCertificate, Hash, SeatNumber, VerifyingKey, decode_canonical, labels};
use std::collections::BTreeMap;
use tlog::{CheckpointKey, CreateLog, Entry, Frontier, RelayKeys, leaf_hash};

use super::{Assembly, Author, Device, Effect, JournalLog, Opened, Seat, SeatState, Trustees, WitnessDraw};
use crate::charter::BadCharter;
use crate::entry::{EntryKeys, SealedEntry};
use crate::limits;
use crate::name::NameOpening;
use crate::rejection::Rejection;
use crate::statement::{Body, Founded, Role, Statement, VERSION, assembly_id, statement_id};

/// Why a log's first entry founds no assembly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadFounding {
    /// Journal key 1 is not at hand.
    #[error("journal key 1 is not at hand")]
    MissingKey,
    /// The entry does not open to a founding statement.
    #[error("the journal's first entry is not a founding statement")]
    NotFounding,
    /// The statement names another log, or has limits or fields that do not fit.
    #[error("the founding statement does not fit: {0}")]
    Unfit(&'static str),
    /// It is founded under rules that this version does not know.
    #[error("the assembly is founded under version {0} of the rules: update needed")]
    NewerVersion(u32),
    /// The charter is out of range.
    #[error(transparent)]
    Charter(#[from] BadCharter),
}

impl Assembly {
    /// Folds the first entry of a journal's first log.
    ///
    /// Cost: for a member, as [`crate::AnnouncedKey::is_of`].
    ///
    /// # Errors
    /// [`BadFounding`].
    pub fn found(
        record: &CreateLog,
        entry: &Entry,
        keys: &(impl EntryKeys + ?Sized),
    ) -> Result<(Self, Opened), BadFounding> {
        let sealed = SealedEntry::parse(&entry.bytes).map_err(|_| BadFounding::NotFounding)?;
        if sealed.key_number != 1 {
            return Err(BadFounding::NotFounding);
        }
        let key = keys.entry_key(0, 0, &sealed).ok_or(BadFounding::MissingKey)?;
        let main = sealed.open(&key).map_err(|_| BadFounding::NotFounding)?;
        let unverified: Unverified = decode_canonical(&main).map_err(|_| BadFounding::NotFounding)?;
        let statement: Statement = unverified.peek().map_err(|_| BadFounding::NotFounding)?;
        let Ok(Body::Founded { founded }) = statement.body() else {
            return Err(BadFounding::NotFounding);
        };
        if founded.version > VERSION {
            return Err(BadFounding::NewerVersion(founded.version));
        }
        let (identity, device) = Self::verify_certificate(&founded.founder.certificate)
            .ok_or(BadFounding::Unfit("the founder's certificate does not verify"))?;
        let signed = unverified
            .verify::<Statement>(labels::STATEMENT, &device.key)
            .map_err(|_| BadFounding::Unfit("not signed by the founder's device"))?;
        let checkpoint_key = check_founding(record, &statement, &founded, &device)?;
        // Nobody else compares: the founder alone says it, and members begin to follow this log before they read it.
        if let Some(key) = keys.journal_key(1)
            && !founded.journal_key.is_of(1, key)
        {
            return Err(BadFounding::Unfit(
                "what it announces of journal key 1 is not that key's",
            ));
        }
        let beside = keys
            .beside_key(0, 0, &sealed)
            .and_then(|key| sealed.open_beside(&key).ok());
        let opened = Opened {
            id: statement_id(signed.bytes()),
            seat: SeatNumber(1),
            device: device.key,
            time: entry.time,
            body: Some(Body::Founded {
                founded: founded.clone(),
            }),
            name: beside.and_then(|beside| NameOpening::opened(&beside, &founded.founder.name)),
        };
        let id = assembly_id(signed.bytes());
        let mut frontier = Frontier::new();
        let mut assembly = Self {
            id,
            checkpoint_key,
            logs: vec![JournalLog {
                record: record.clone(),
                journal_key: 1,
                size: 1,
            }],
            frontier: frontier.clone(),
            seen: Vec::new(),
            position: 1,
            time: entry.time,
            taken: BTreeMap::from([(opened.id, statement.expires)]),
            journal_keys: BTreeMap::from([(1, founded.journal_key)]),
            hop: None,
            version: founded.version,
            versions_known: BTreeMap::new(),
            boxes_used: 0,
            refounding: None,
            founding_ended: None,
            founding_signed: vec![SeatNumber(1)],
            seats: BTreeMap::new(),
            admissions: BTreeMap::new(),
            detentions: BTreeMap::new(),
            motions: BTreeMap::new(),
            openings: BTreeMap::new(),
            next_key_number: 1,
            trustees: Trustees::new(),
            draw: WitnessDraw {
                quarter: entry.time.0 / limits::QUARTER_MS,
                seed: Hash::new(*id.as_bytes()),
            },
            founded,
        };
        assembly.remember_root();
        frontier.push(leaf_hash(entry.time, &entry.bytes));
        assembly.frontier = frontier;
        assembly.remember_root();
        let founder = assembly.founded.founder.clone();
        assembly.seat(founder.role, founder.name, identity, device);
        Ok((assembly, opened))
    }

    /// The identity key and the device for which a certificate vouches.
    pub(super) fn verify_certificate(certificate: &Unverified) -> Option<(VerifyingKey, Device)> {
        let certificate = DeviceCertificate::verify(certificate.clone()).ok()?.into_value();
        let device = Device {
            key: certificate.device,
            sealing_key: certificate.sealing_key,
            cosigning_key: None,
        };
        Some((certificate.identity, device))
    }

    pub(super) fn check_founding_signed(&self, author: Author<'_>) -> Result<Effect, Rejection> {
        let signed = self.founding_signed.contains(&author.seat.number);
        if signed || !self.is_founding() {
            Err(Rejection::FoundingOver)
        } else {
            Ok(Effect::FoundingSigned)
        }
    }

    pub(super) fn check_founding_ended(&self, author: Author<'_>) -> Result<Effect, Rejection> {
        if author.seat.number != SeatNumber(1) {
            return Err(Rejection::RoleForbids);
        }
        if self.is_founding() {
            Ok(Effect::FoundingEnded)
        } else {
            Err(Rejection::FoundingOver)
        }
    }

    /// Gives the next seat number to somebody, as of now.
    pub(super) fn seat(
        &mut self,
        role: Role,
        name: Hash,
        identity: VerifyingKey,
        device: Device,
    ) -> SeatNumber {
        let last = self.seats.keys().next_back().map_or(0, |number| number.0);
        let number = SeatNumber(last.saturating_add(1));
        let cooling_off_ms = if self.is_founding() {
            0
        } else {
            self.charter_ref().cooling_off_ms
        };
        let seat = Seat {
            number,
            role,
            name,
            identity,
            devices: vec![device],
            admitted: self.time,
            votes_from: self.time.after(cooling_off_ms),
            state: SeatState::Active,
            state_since: self.time,
            ballot_keys: Vec::new(),
            next_ballot_key: 1,
            endorsements: Vec::new(),
            detentions: Vec::new(),
            history: None,
        };
        self.seats.insert(number, seat);
        let taken = u32::try_from(self.seats.len()).unwrap_or(u32::MAX);
        if self.is_founding() && taken >= self.charter_ref().founding_seats {
            self.founding_ended = Some(self.time);
        }
        number
    }
}

fn check_founding(
    record: &CreateLog,
    statement: &Statement,
    founded: &Founded,
    device: &Device,
) -> Result<CheckpointKey, BadFounding> {
    let fits = [
        (
            statement.assembly == AssemblyId::new([0; 32]),
            "it names an assembly",
        ),
        (statement.seat == SeatNumber(1), "the founder has seat 1"),
        (statement.device == device.key, "another device speaks"),
        (statement.seen.is_none(), "nothing can have been seen"),
        (founded.version >= 1, "versions of the rules count from 1"),
        (founded.founder.role == Role::Deputy, "the founder is a deputy"),
        (founded.journal == record.id(), "it names another log"),
        (
            (1..=limits::NAME_BYTES_MAX).contains(&founded.name.len()),
            "the name is empty or too long",
        ),
        (
            founded.declaration.len() <= limits::TEXT_BYTES_MAX,
            "the declaration is too long",
        ),
        (
            founded.relay_address.len() <= limits::ADDRESS_BYTES_MAX,
            "the relay's address is too long",
        ),
    ];
    if let Some((_, what)) = fits.into_iter().find(|(holds, _)| !holds) {
        return Err(BadFounding::Unfit(what));
    }
    founded.charter.validate()?;
    RelayKeys::verify(founded.relay_keys.clone(), founded.relay)
        .map(|keys| keys.checkpoint_key())
        .map_err(|_| BadFounding::Unfit("the relay's keys are not its own"))
}
