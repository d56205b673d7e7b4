//! What readers of the state ask for.

use primitives::canonical::hash;
use primitives::{
    AssemblyId, Hash, MotionId, OpeningId, SeatNumber, StatementId, Time, VerifyingKey, labels,
};
use std::collections::{BTreeMap, BTreeSet};
use tlog::{Checkpoint, CheckpointKey, Cosignature};

use super::{Admission, Assembly, JournalLog, Motion, Opening, Seat, Signing, Trustees};
use crate::charter::Charter;
use crate::keys::AnnouncedKey;
use crate::limits;
use crate::statement::Founded;

/// How many witnesses cosigned, of how many that make a quorum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WitnessQuorum {
    /// Different witnesses whose cosignature verifies.
    pub cosigned: u32,
    /// Of these, those whose device has announced a cosigning key, and signed with it, too.
    pub post_quantum: u32,
    /// More than half of the witnesses.
    pub needed: u32,
}

impl WitnessQuorum {
    /// Nothing is known of any witness.
    pub(crate) const NONE: Self = Self {
        cosigned: 0,
        post_quantum: 0,
        needed: 0,
    };

    /// Whether the quorum is there.
    #[must_use]
    pub const fn is_met(self) -> bool {
        self.cosigned >= self.needed
    }
}

impl Assembly {
    /// The assembly's id.
    #[must_use]
    pub const fn id(&self) -> AssemblyId {
        self.id
    }

    /// The founding statement.
    #[must_use]
    pub const fn founded(&self) -> &Founded {
        &self.founded
    }

    /// The charter.
    #[must_use]
    pub const fn charter(&self) -> &Charter {
        &self.founded.charter
    }

    /// The key by which the relay signs checkpoints.
    #[must_use]
    pub const fn checkpoint_key(&self) -> &CheckpointKey {
        &self.checkpoint_key
    }

    /// The log in which the journal goes on.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "founding puts the first log in, and none is ever taken out"
    )]
    pub fn journal(&self) -> &JournalLog {
        self.logs.last().expect("there is a log")
    }

    /// All logs of the journal, in order.
    #[must_use]
    pub fn journal_logs(&self) -> &[JournalLog] {
        &self.logs
    }

    /// Root of the current log as folded.
    #[must_use]
    pub fn journal_root(&self) -> Hash {
        self.frontier.root()
    }

    /// Entries folded, over all logs.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// Time of the last entry.
    #[must_use]
    pub const fn time(&self) -> Time {
        self.time
    }

    /// What the journal has announced of a journal key.
    #[must_use]
    pub fn journal_key(&self, number: u32) -> Option<AnnouncedKey> {
        self.journal_keys.get(&number).copied()
    }

    /// All journal keys, by number, ascending.
    pub fn journal_keys(&self) -> impl Iterator<Item = (u32, AnnouncedKey)> {
        self.journal_keys.iter().map(|(number, key)| (*number, *key))
    }

    /// Number of the box that the next secret vote is given, under the present journal key.
    #[must_use]
    pub const fn next_box(&self) -> u32 {
        self.boxes_used
    }

    /// Number of the present journal key.
    #[must_use]
    pub fn last_journal_key(&self) -> u32 {
        self.journal_keys.keys().next_back().copied().unwrap_or(1)
    }

    /// Whether a member was removed, or a device revoked, since the current log began: the journal is to go on where it cannot
    /// follow.
    #[must_use]
    pub const fn hop_due(&self) -> bool {
        self.hop.is_some()
    }

    /// Whether one endorsement still admits.
    #[must_use]
    pub const fn is_founding(&self) -> bool {
        self.founding_ended.is_none()
    }

    /// Seats that signed the declaration, in order.
    #[must_use]
    pub fn founding_signatures(&self) -> &[SeatNumber] {
        &self.founding_signed
    }

    /// All seats, by number.
    pub fn seats(&self) -> impl Iterator<Item = &Seat> {
        self.seats.values()
    }

    /// One seat.
    #[must_use]
    pub fn seat_of(&self, number: SeatNumber) -> Option<&Seat> {
        self.seats.get(&number)
    }

    /// The seat that has this device.
    #[must_use]
    pub fn seat_by_device(&self, device: &VerifyingKey) -> Option<&Seat> {
        self.seats.values().find(|seat| seat.device(device).is_some())
    }

    /// Whether a seat acts and has this device.
    #[must_use]
    pub fn has_device(&self, seat: SeatNumber, device: &VerifyingKey) -> bool {
        self.seats
            .get(&seat)
            .is_some_and(|seat| seat.is_active() && seat.device(device).is_some())
    }

    /// Whether a seat acts and this is its first device, which alone speaks for its ballot keys, its part in the trustees' keys
    /// and its other devices.
    #[must_use]
    pub fn is_first_device(&self, seat: SeatNumber, device: &VerifyingKey) -> bool {
        self.seats
            .get(&seat)
            .is_some_and(|seat| seat.is_active() && seat.is_first_device(device))
    }

    /// All admissions, by the id to endorse or object by.
    pub fn admissions(&self) -> impl Iterator<Item = (StatementId, &Admission)> {
        self.admissions.iter().map(|(id, admission)| (*id, admission))
    }

    /// Endorsements that an admission needs now.
    #[must_use]
    pub const fn endorsements_needed(&self) -> u32 {
        if self.is_founding() {
            1
        } else {
            self.founded.charter.endorsements
        }
    }

    /// Detentions that are being signed, by the seat to be detained.
    pub fn detentions(&self) -> impl Iterator<Item = (SeatNumber, &Signing)> {
        self.detentions.iter().map(|(seat, detention)| (*seat, detention))
    }

    /// All motions, newest first.
    #[must_use]
    pub fn motions(&self) -> Vec<&Motion> {
        let mut motions: Vec<_> = self.motions.values().collect();
        motions.sort_unstable_by_key(|motion| core::cmp::Reverse(motion.position));
        motions
    }

    /// One motion.
    #[must_use]
    pub fn motion(&self, id: MotionId) -> Option<&Motion> {
        self.motions.get(&id)
    }

    /// The motion and opening with this opening id.
    #[must_use]
    pub fn opening(&self, id: OpeningId) -> Option<(&Motion, &Opening)> {
        let motion = self.motions.get(self.openings.get(&id)?)?;
        Some((motion, motion.opening.as_ref()?))
    }

    /// The number of ballot keys that the next secret vote uses.
    #[must_use]
    pub const fn next_key_number(&self) -> u32 {
        self.next_key_number
    }

    /// The trustees' keys and runs.
    #[must_use]
    pub const fn trustees(&self) -> &Trustees {
        &self.trustees
    }

    /// The witnesses: all acting deputies up to 21; above that, 21 drawn by a hash of the journal anew each quarter.
    #[must_use]
    pub fn witnesses(&self) -> BTreeSet<SeatNumber> {
        let deputies = self
            .seats
            .values()
            .filter(|seat| seat.is_acting_deputy())
            .map(|seat| seat.number);
        let mut drawn: Vec<_> = deputies
            .map(|seat| {
                (
                    hash(
                        labels::WITNESS_DRAW,
                        &(self.id, self.draw.quarter, self.draw.seed, seat),
                    ),
                    seat,
                )
            })
            .collect();
        if drawn.len() > limits::WITNESSES_MAX {
            drawn.sort_unstable();
            drawn.truncate(limits::WITNESSES_MAX);
        }
        drawn.into_iter().map(|(_, seat)| seat).collect()
    }

    /// Counts the different witnesses among `cosignatures` on `checkpoint` of the journal: seats, whichever of their present
    /// devices signed.
    #[must_use]
    pub fn quorum(&self, checkpoint: &Checkpoint, cosignatures: &[Cosignature]) -> WitnessQuorum {
        self.count_witnesses(checkpoint, cosignatures, Second::Counted)
    }

    /// As [`Assembly::quorum`], on the checkpoint of a box: who has announced a cosigning key counts only with both signatures.
    #[must_use]
    pub fn box_quorum(&self, checkpoint: &Checkpoint, cosignatures: &[Cosignature]) -> WitnessQuorum {
        self.count_witnesses(checkpoint, cosignatures, Second::Needed)
    }

    fn count_witnesses(
        &self,
        checkpoint: &Checkpoint,
        cosignatures: &[Cosignature],
        second: Second,
    ) -> WitnessQuorum {
        let witnesses = self.witnesses();
        let count = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
        let cosigned = self.by_witness(&witnesses, checkpoint, cosignatures, second);
        let twice = cosigned.values().filter(|cosigned| cosigned.twice).count();
        WitnessQuorum {
            cosigned: count(cosigned.len()),
            post_quantum: count(twice),
            needed: count(witnesses.len() / 2 + 1),
        }
    }

    /// Of `cosignatures` on the `checkpoint` of a box those that make the quorum, one of each witness, by seat: what a statement
    /// carries, which has no room for those of all devices.
    #[must_use]
    pub fn one_of_each_witness(
        &self,
        checkpoint: &Checkpoint,
        cosignatures: &[Cosignature],
    ) -> Vec<Cosignature> {
        self.by_witness(&self.witnesses(), checkpoint, cosignatures, Second::Needed)
            .into_values()
            .map(|cosigned| cosigned.cosignature.clone())
            .collect()
    }

    fn by_witness<'a>(
        &self,
        witnesses: &BTreeSet<SeatNumber>,
        checkpoint: &Checkpoint,
        cosignatures: &'a [Cosignature],
        second: Second,
    ) -> BTreeMap<SeatNumber, Cosigned<'a>> {
        let mut cosigned: BTreeMap<SeatNumber, Cosigned<'a>> = BTreeMap::new();
        for cosignature in cosignatures {
            let Some(seat) = self.seat_by_device(&cosignature.key) else {
                continue;
            };
            let known = cosigned.get(&seat.number);
            if !witnesses.contains(&seat.number) || known.is_some_and(|known| known.twice) {
                continue;
            }
            let device = seat.device(&cosignature.key);
            let announced = device.and_then(|device| device.cosigning_key.as_ref());
            let twice = announced.is_some_and(|key| cosignature.verify_second(checkpoint, key).is_ok());
            let enough = twice || announced.is_none() || second == Second::Counted;
            let better = known.is_none() || twice;
            if enough && better && cosignature.verify(checkpoint).is_ok() {
                cosigned.insert(seat.number, Cosigned { cosignature, twice });
            }
        }
        cosigned
    }
}

/// What is asked of a device that has announced a cosigning key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Second {
    /// Its second signature is counted if it is there.
    Counted,
    /// Without its second signature the first does not count.
    Needed,
}

/// A witness's cosignature that verifies.
struct Cosigned<'a> {
    cosignature: &'a Cosignature,
    /// Whether the second signature does, too.
    twice: bool,
}
