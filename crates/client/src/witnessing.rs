//! Side logs: witnesses cosign what they have read, devices confirm the results that they computed.

use crate::requests::Topic;
use crate::state::{Content, Duty, LogRole, LogState};
use crate::step::{Step, StepError, Turn};
use crate::tables;
use assembly::{Assembly, Body, Opening, SealedEntry, Seat, SideBody, SideRecord};
use minicbor::{Decode, Encode};
use primitives::canonical::{decode_canonical, encode};
use primitives::signed::Unverified;
use primitives::{Hash, LogId, MotionId, OpeningId, SeatNumber, SigningSecret};
use std::collections::BTreeMap;
use tlog::{Checkpoint, Cosignature, CosigningSecret, Entry, LogKind, SignedCheckpoint};

/// A witness's clock and the relay's may differ by so much.
const CLOCK_MS_MAX: u64 = 10 * 60_000;
/// The journal is cosigned with both keys so often: the second signature is forty times as long as the first.
const TWICE_MS: u64 = 60 * 60_000;

/// Cosignatures on one checkpoint, as read from side logs.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Cosigned {
    #[n(0)]
    pub(crate) checkpoint: SignedCheckpoint,
    #[n(1)]
    pub(crate) cosignatures: Vec<Cosignature>,
}

/// Results that devices confirmed for one vote: seat and hash.
#[derive(Debug, Clone, Default, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Confirmations {
    #[n(0)]
    pub(crate) hashes: BTreeMap<SeatNumber, Hash>,
}

impl Step<'_> {
    /// Posts a record to a side log.
    pub(crate) fn say_aside(
        &mut self,
        log: LogId,
        body: SideBody,
        turn: Option<Turn>,
    ) -> Result<(), StepError> {
        let (Ok(seat), Some(member)) = (self.own_seat(), self.state.member.clone()) else {
            return Ok(());
        };
        let Some((number, seed)) = self.journal_seed() else {
            return Ok(());
        };
        let device = member.device_key();
        let record = SideRecord {
            assembly: member.assembly,
            seat: seat.number,
            device: device.verifying_key(),
            body,
        };
        let signed = record.sign(&device);
        let (day, content) = (self.log_day(), encode(signed.unverified()));
        let entry = SealedEntry::seal(number, day, seed.secret(), &content, &[], self.rng)
            .map_err(|_| StepError::Internal("a side record that is too long"))?;
        self.post(log, entry.to_bytes(), Content::Side, self.now, turn);
        Ok(())
    }

    /// Takes a record of a side log; what is not one, or not by a member's device, is skipped.
    pub(crate) fn side_entry(&mut self, _log: LogId, entry: &Entry) -> Result<(), StepError> {
        let Some(main) = self.open_side(entry) else {
            return Ok(());
        };
        let Ok(unverified) = decode_canonical::<Unverified>(&main) else {
            return Ok(());
        };
        let Ok(record) = SideRecord::verify(unverified) else {
            return Ok(());
        };
        let record = record.into_value();
        let known = self.state.assembly.as_ref().is_some_and(|assembly| {
            assembly.id() == record.assembly && assembly.has_device(record.seat, &record.device)
        });
        if !known {
            return Ok(());
        }
        match record.body {
            SideBody::Cosigned {
                log,
                checkpoint,
                cosignature,
            } if cosignature.key == record.device => self.cosigned(log, &checkpoint, cosignature),
            SideBody::Cosigned { .. } => Ok(()),
            SideBody::Accused {
                log,
                kind,
                known,
                shown,
            } => self.accusation_came(record.seat, log, kind, (known, shown)),
            SideBody::ResultConfirmed { opening, hash } => self.confirmed(opening, record.seat, hash),
        }
    }

    /// Keeps a cosignature that verifies on a checkpoint that the relay signed; one that contradicts our own reading is evidence.
    fn cosigned(
        &mut self,
        log: LogId,
        signed: &SignedCheckpoint,
        cosignature: Cosignature,
    ) -> Result<(), StepError> {
        let Some(key) = self.checkpoint_key() else {
            return Ok(());
        };
        let Ok(checkpoint) = signed.open(&key) else {
            return Ok(());
        };
        if checkpoint.origin.log != log || cosignature.verify(&checkpoint).is_err() {
            return Ok(());
        }
        if let Some(state) = self.state.logs.get(&log)
            && let Err(breach @ tlog::Breach::Fork(_)) = state.reader.observe(signed, &key)
        {
            let evidence = breach.evidence().cloned();
            self.accuse(
                crate::views::EvidenceKind::Fork,
                log,
                breach.to_string(),
                evidence,
            );
            return Ok(());
        }
        let key = cosigned_key(&checkpoint);
        let mut kept = self.load_cosigned(&key)?.unwrap_or_else(|| Cosigned {
            checkpoint: signed.clone(),
            cosignatures: Vec::new(),
        });
        let known = kept
            .cosignatures
            .iter()
            .position(|other| other.key == cosignature.key);
        let known = known.and_then(|place| kept.cosignatures.get_mut(place));
        let news = known
            .as_ref()
            .is_none_or(|known| known.second.is_none() && cosignature.second.is_some());
        if news {
            match known {
                Some(known) => *known = cosignature,
                None => kept.cosignatures.push(cosignature),
            }
            self.store.put(tables::SIDE, key, encode(&kept));
            self.note_covered(&checkpoint, &kept)?;
            self.touch(Topic::Overview);
        }
        Ok(())
    }

    fn load_cosigned(&self, key: &[u8]) -> Result<Option<Cosigned>, StepError> {
        let value = self.store.get(tables::SIDE, key)?;
        value
            .map(|value| decode_canonical(&value).map_err(|_| StepError::Record(tables::SIDE.0)))
            .transpose()
    }

    /// Remembers the largest size of a log that a quorum has cosigned, on the very history that this device has read.
    fn note_covered(&mut self, checkpoint: &Checkpoint, kept: &Cosigned) -> Result<(), StepError> {
        let Some(assembly) = &self.state.assembly else {
            return Ok(());
        };
        let log = checkpoint.origin.log;
        // Cosignatures on a history that is not ours prove nothing about ours: the roots must be the same.
        let same = self.own_root(log, checkpoint.size)? == Some(checkpoint.root);
        if !same || !assembly.quorum(checkpoint, &kept.cosignatures).is_met() {
            return Ok(());
        }
        if let Some(state) = self.state.logs.get_mut(&log)
            && state.covered < checkpoint.size
        {
            state.covered = checkpoint.size;
            self.save_log(log);
            self.touch(Topic::Motions);
        }
        Ok(())
    }

    /// The root that this device computed for the first `size` entries of a log, if it knows it.
    fn own_root(&self, log: LogId, size: u64) -> Result<Option<Hash>, StepError> {
        let Some(state) = self.state.logs.get(&log) else {
            return Ok(None);
        };
        if state.reader.size() == size {
            return Ok(Some(state.reader.root()));
        }
        let Some(assembly) = &self.state.assembly else {
            return Ok(None);
        };
        let logs = assembly.journal_logs();
        let Some(place) = logs.iter().position(|part| part.record.id() == log) else {
            return Ok(None);
        };
        let before: u64 = logs.iter().take(place).map(|part| part.size).sum();
        let folded = logs.get(place).map_or(0, |part| part.size);
        if size == 0 || size > folded {
            return Ok(None);
        }
        self.root_at(before.saturating_add(size))
    }

    /// Looks again at what witnesses cosigned, where this device has just come.
    pub(crate) fn settle_covered(&mut self) -> Result<(), StepError> {
        let Some(assembly) = self.state.assembly.clone() else {
            return Ok(());
        };
        let log = assembly.journal().record.id();
        self.settle_covered_at(log, assembly.journal().size)
    }

    pub(crate) fn settle_covered_at(&mut self, log: LogId, size: u64) -> Result<(), StepError> {
        if let (Some(kept), Some(key)) = (self.cosignatures(log, size)?, self.checkpoint_key())
            && let Ok(checkpoint) = kept.checkpoint.open(&key)
        {
            self.note_covered(&checkpoint, &kept)?;
        }
        Ok(())
    }

    /// The cosignatures on the checkpoint of `log` at `size`, whichever root has those of most witnesses.
    pub(crate) fn cosignatures(&self, log: LogId, size: u64) -> Result<Option<Cosigned>, StepError> {
        let prefix = [b"c".as_slice(), log.as_bytes(), &size.to_be_bytes()].concat();
        let mut all: Vec<Cosigned> = Vec::new();
        for (_, value) in self.store.scan(tables::SIDE, &prefix, b"", 16)? {
            all.push(decode_canonical(&value).map_err(|_| StepError::Record(tables::SIDE.0))?);
        }
        if all.len() > 1 {
            all.sort_by_cached_key(|kept| self.witnesses_behind(kept));
        }
        Ok(all.pop())
    }

    /// How many witnesses have cosigned: seats, and not devices.
    fn witnesses_behind(&self, kept: &Cosigned) -> u32 {
        let (Some(assembly), Some(key)) = (&self.state.assembly, self.checkpoint_key()) else {
            return 0;
        };
        kept.checkpoint.open(&key).map_or(0, |checkpoint| {
            assembly.quorum(&checkpoint, &kept.cosignatures).cosigned
        })
    }

    fn confirmed(&mut self, opening: OpeningId, seat: SeatNumber, hash: Hash) -> Result<(), StepError> {
        let mut all = self.confirmations(opening)?;
        all.hashes.insert(seat, hash);
        self.store
            .put(tables::SIDE, confirmations_key(opening), encode(&all));
        self.touch(Topic::Motions);
        Ok(())
    }

    pub(crate) fn confirmations(&self, opening: OpeningId) -> Result<Confirmations, StepError> {
        match self.store.get(tables::SIDE, &confirmations_key(opening))? {
            Some(value) => decode_canonical(&value).map_err(|_| StepError::Record(tables::SIDE.0)),
            None => Ok(Confirmations::default()),
        }
    }

    /// A witness's duty: cosign the journal at fixed intervals, if what was read extends what was cosigned before.
    /// Check and write are one step.
    pub(crate) fn cosign_journal(&mut self) -> Result<(), StepError> {
        let Some(assembly) = self.state.assembly.clone() else {
            return Ok(());
        };
        let Some((_, number)) = self.current_journal() else {
            return Ok(());
        };
        // The logs that the journal has left, too, to their ends: what they took after the removal is bound by nothing else.
        let logs: Vec<LogId> = assembly
            .journal_logs()
            .iter()
            .map(|part| part.record.id())
            .collect();
        for log in logs {
            self.cosign_in_turn(log, number, &assembly)?;
        }
        Ok(())
    }

    fn cosign_in_turn(&mut self, log: LogId, number: u32, assembly: &Assembly) -> Result<(), StepError> {
        let Some(state) = self.state.logs.get(&log) else {
            return Ok(());
        };
        // A time to come is a clock's that has been set back since.
        let waited = state.cosigned_at > self.now
            || self.now.since_ms(state.cosigned_at) >= assembly.charter().cosign_ms;
        let size = state.reader.size();
        let news = size > state.cosigned || (size > 0 && self.is_due_twice(state));
        if !waited || state.taken != size || !news {
            return Ok(());
        }
        let side = self.side_log(|role| matches!(role, LogRole::Witness { number: n } if *n == number));
        match side {
            Some(side) => self.cosign(log, side),
            None => Ok(()),
        }
    }

    /// Whether a log has grown since this device cosigned it with both keys, some time ago.
    fn is_due_twice(&self, state: &LogState) -> bool {
        state.cosigned_twice.is_none_or(|(size, at)| {
            let waited = at > self.now || self.now.since_ms(at) >= TWICE_MS;
            waited && size < state.reader.size()
        })
    }

    /// Before it cosigns for the first time, a witness's device says with which second key.
    fn announce_cosigning_key(&mut self, seat: &Seat, device: &SigningSecret) -> Result<(), StepError> {
        let known = seat.device(&device.verifying_key());
        if known.is_none_or(|known| known.cosigning_key.is_some()) {
            return Ok(());
        }
        let Some(turn) = self.may_try(Duty::AnnounceCosigningKey) else {
            return Ok(());
        };
        let key = CosigningSecret::of(device).key();
        self.make_quietly(turn, &Body::CosigningKeyAnnounced { key })
    }

    /// Cosigns the largest checkpoint of `log`, if this device is a witness and has read exactly so far.
    pub(crate) fn cosign(&mut self, log: LogId, side: LogId) -> Result<(), StepError> {
        let (Some(assembly), Some(member), Some(key)) = (
            self.state.assembly.clone(),
            self.state.member.clone(),
            self.checkpoint_key(),
        ) else {
            return Ok(());
        };
        let Ok(seat) = self.own_seat() else { return Ok(()) };
        if !assembly.witnesses().contains(&seat.number) {
            return Ok(());
        }
        let Some(state) = self.state.logs.get(&log) else {
            return Ok(());
        };
        let Some(signed) = state.reader.largest().cloned() else {
            return Ok(());
        };
        let Ok(checkpoint) = signed.open(&key) else {
            return Ok(());
        };
        let exact = checkpoint.size == state.reader.size() && checkpoint.root == state.reader.root();
        let last = state.reader.last_time();
        let from_the_future = last.since_ms(self.now) > CLOCK_MS_MAX;
        if !exact || from_the_future {
            return Ok(());
        }
        // A box is cosigned once, at its end.
        let twice = matches!(state.role, LogRole::Box { .. }) || self.is_due_twice(state);
        let device = member.device_key();
        self.announce_cosigning_key(&seat, &device)?;
        let cosignature = if twice {
            Cosignature::sign_twice(&checkpoint, self.now, &device)
        } else {
            Cosignature::sign(&checkpoint, self.now, &device)
        };
        if let Some(state) = self.state.logs.get_mut(&log) {
            state.cosigned = checkpoint.size;
            state.cosigned_at = self.now;
            if twice {
                state.cosigned_twice = Some((checkpoint.size, self.now));
            }
        }
        self.save_log(log);
        self.say_aside(
            side,
            SideBody::Cosigned {
                log,
                checkpoint: signed,
                cosignature,
            },
            None,
        )
    }

    pub(crate) fn side_log(&self, is: impl Fn(&LogRole) -> bool) -> Option<LogId> {
        self.state
            .logs
            .iter()
            .find(|(_, state)| is(&state.role))
            .map(|(id, _)| *id)
    }

    /// Follows the side log of a vote.
    pub(crate) fn follow_vote_log(&mut self, motion: MotionId, opening: &Opening) -> Result<(), StepError> {
        let number = self.state.assembly.as_ref().and_then(|assembly| {
            let place = usize::try_from(opening.covered_by.0).ok()?;
            Some(assembly.journal_logs().get(place)?.journal_key)
        });
        let Some(seed) = number
            .and_then(|number| self.state.journal_keys.get(&number))
            .cloned()
        else {
            return Ok(());
        };
        let record = assembly::keys::vote_log(seed.secret(), opening.id).record(LogKind::Record);
        let role = LogRole::Vote {
            motion,
            opening: opening.id,
        };
        self.follow(role, seed, record, Vec::new()).map(|_| ())
    }

    pub(crate) fn vote_log(&self, motion: MotionId) -> Option<LogId> {
        self.side_log(|role| matches!(role, LogRole::Vote { motion: of, .. } if *of == motion))
    }

    pub(crate) fn box_log(&self, motion: MotionId) -> Option<LogId> {
        self.side_log(|role| matches!(role, LogRole::Box { motion: of, .. } if *of == motion))
    }

    /// Members' duty after a result: say which one this device computed.
    pub(crate) fn confirm_result(
        &mut self,
        motion: MotionId,
        opening: OpeningId,
        hash: Hash,
    ) -> Result<(), StepError> {
        let Some(log) = self.vote_log(motion) else {
            return Ok(());
        };
        if let Some(turn) = self.may_try(Duty::Confirm(motion)) {
            self.say_aside(log, SideBody::ResultConfirmed { opening, hash }, Some(turn))?;
        }
        Ok(())
    }
}

fn cosigned_key(checkpoint: &Checkpoint) -> Vec<u8> {
    [
        b"c".as_slice(),
        checkpoint.origin.log.as_bytes(),
        &checkpoint.size.to_be_bytes(),
        checkpoint.root.as_bytes(),
    ]
    .concat()
}

fn confirmations_key(opening: OpeningId) -> Vec<u8> {
    [b"r".as_slice(), opening.as_bytes()].concat()
}
