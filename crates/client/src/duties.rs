//! A member's duties, done without anybody asking: looked at in every step, one of a kind at a time.

use crate::commands::no_assembly;
use crate::machine::Failed;
use crate::requests::{AuditLevel, Refusal, RefusalCode};
use crate::state::Duty;
use crate::step::{Step, StepError, Turn};
use crate::tables;
use assembly::{AuditBox, AuditFile, Body, JournalKeys, JournalPart};
use assembly::{PoolKey, SealingDue};
use ballot::{BallotSecret, KeyContext};
use primitives::{LogId, Purpose};
use sealing::{FinishError, RunSecret, ShareSecret};
use tlog::{LogKind, Previous};

/// Ballot keys published at once.
const BALLOT_KEYS: u32 = 64;

impl Step<'_> {
    /// Everything that may have become due.
    pub(crate) fn duties(&mut self) -> Result<(), StepError> {
        if self.state.member.is_none() {
            return Ok(());
        }
        self.join_plenary()?;
        self.follow_on()?;
        self.make_again()?;
        self.take_in_waiting()?;
        if self.own_seat().is_err() {
            return self.burn_when_out();
        }
        self.sign_founding()?;
        self.publish_ballot_keys()?;
        self.take_out()?;
        self.let_in()?;
        self.continue_journal()?;
        self.cosign_journal()?;
        self.sealing_duties()?;
        self.voting_duties()
    }

    /// Who is out of the assembly keeps no secret of any vote.
    fn burn_when_out(&mut self) -> Result<(), StepError> {
        let known = self
            .state
            .assembly
            .as_ref()
            .zip(self.state.member.as_ref())
            .is_some_and(|(assembly, member)| {
                assembly
                    .seat_by_device(&member.device_key().verifying_key())
                    .is_some()
            });
        if !known {
            return Ok(());
        }
        for (key, _) in self.store.scan(tables::BALLOT_SECRETS, b"", b"", usize::MAX)? {
            let number = <[u8; 4]>::try_from(key.as_slice())
                .map_err(|_| StepError::Record(tables::BALLOT_SECRETS.0))?;
            self.burn_ballot_secret(u32::from_be_bytes(number));
        }
        for (key, _) in self.store.scan(tables::WISHES, b"", b"", usize::MAX)? {
            let motion =
                <[u8; 32]>::try_from(key.as_slice()).map_err(|_| StepError::Record(tables::WISHES.0))?;
            self.burn_wish(primitives::MotionId::new(motion));
        }
        Ok(())
    }

    /// Entries that waited for the journal, a key or a piece.
    fn take_in_waiting(&mut self) -> Result<(), StepError> {
        let waiting: Vec<LogId> = self
            .state
            .logs
            .iter()
            .filter(|(_, log)| log.taken < log.reader.size())
            .map(|(id, _)| *id)
            .collect();
        for id in waiting {
            self.take_in(id)?;
        }
        Ok(())
    }

    fn sign_founding(&mut self) -> Result<(), StepError> {
        let Some(assembly) = self.state.assembly.clone() else {
            return Ok(());
        };
        let Ok(seat) = self.own_seat() else { return Ok(()) };
        let signed = assembly.founding_signatures().contains(&seat.number);
        if assembly.is_founding()
            && !signed
            && seat.role == assembly::Role::Deputy
            && let Some(turn) = self.may_try(Duty::SignFounding)
        {
            self.make_quietly(turn, &Body::FoundingSigned {})?;
        }
        Ok(())
    }

    /// Fresh ballot keys before the old ones run out; each secret under a purpose of its own.
    fn publish_ballot_keys(&mut self) -> Result<(), StepError> {
        let Some(assembly) = self.state.assembly.clone() else {
            return Ok(());
        };
        let Ok(seat) = self.own_seat() else { return Ok(()) };
        let Some(first) = assembly.ballot_keys_due(seat.number) else {
            return Ok(());
        };
        let Some(turn) = self.may_try(Duty::PublishBallotKeys) else {
            return Ok(());
        };
        let mut keys = Vec::new();
        for number in first..first.saturating_add(BALLOT_KEYS) {
            let secret = BallotSecret::random(self.rng);
            let context = KeyContext {
                assembly: assembly.id(),
                seat: seat.number,
                number: u64::from(number),
            };
            keys.push(ballot::PublishedKey::prove(&context, &secret, self.rng));
            let purpose = ballot_key_purpose(number);
            self.store.put_for(
                purpose,
                tables::BALLOT_SECRETS,
                number.to_be_bytes(),
                secret.to_bytes().to_vec(),
            );
        }
        self.make_quietly(turn, &Body::BallotKeysPublished { first, keys })
    }

    /// After a removal the journal goes on where the removed cannot follow: the next key is announced, then the log named.
    fn continue_journal(&mut self) -> Result<(), StepError> {
        let Some(assembly) = self.state.assembly.clone() else {
            return Ok(());
        };
        if !assembly.hop_due() {
            return Ok(());
        }
        let Ok(seat) = self.own_seat() else { return Ok(()) };
        let plenary = self.state.member.as_ref().and_then(|member| member.plenary);
        let (Some(plenary), true) = (plenary, seat.role == assembly::Role::Deputy) else {
            return Ok(());
        };
        // Only a key of an epoch in which nobody is left whom the journal has removed.
        let newest = self
            .state
            .member
            .as_ref()
            .and_then(|member| member.candidates.last().cloned());
        let (Some(seed), false) = (newest, self.somebody_stays(plenary)?) else {
            return Ok(());
        };
        let present = assembly.journal().journal_key;
        let announced = assembly
            .journal_key_hashes()
            .find(|(number, hash)| {
                *number > present && assembly::journal_key_hash(*number, seed.secret()) == *hash
            })
            .map(|(number, _)| number);
        // A number that was announced with another hash is passed over: this group's key gets the next one.
        let Some(next) = announced else {
            let number = assembly.last_journal_key().saturating_add(1);
            if let Some(turn) = self.may_try(Duty::AnnounceJournalKey(number)) {
                let hash = assembly::journal_key_hash(number, seed.secret());
                self.make_quietly(turn, &Body::JournalKey { number, hash })?;
            }
            return Ok(());
        };
        if let Some(turn) = self.may_try(Duty::ContinueJournal(next)) {
            let relay = assembly.founded().relay;
            let previous = Previous {
                relay,
                log: assembly.journal().record.id(),
                size: assembly.journal().size,
                root: assembly.journal_root(),
            };
            let mut record = assembly::keys::journal_log(seed.secret()).record(LogKind::Record);
            record.previous = Some(previous);
            self.make_quietly(
                turn,
                &Body::Continues {
                    journal_key: next,
                    record,
                },
            )?;
        }
        Ok(())
    }

    /// Trustees keep a pool of unused keys.
    fn sealing_duties(&mut self) -> Result<(), StepError> {
        let Some(assembly) = self.state.assembly.clone() else {
            return Ok(());
        };
        let Ok(seat) = self.own_seat() else { return Ok(()) };
        self.burn_dead_runs(&assembly)?;
        match assembly.sealing_due(seat.number, self.now) {
            None => Ok(()),
            Some(SealingDue::Round1(run)) => {
                let number = u32::try_from(run.number).unwrap_or(u32::MAX);
                let Some(turn) = self.may_try(Duty::Round1(number)) else {
                    return Ok(());
                };
                let secret = self.run_secret(number, true)?;
                let package = secret.and_then(|secret| sealing::round1(&run, seat.number, &secret).ok());
                match package {
                    Some(package) => self.make_quietly(turn, &Body::SealingRound1 { run: number, package }),
                    None => Ok(()),
                }
            }
            Some(SealingDue::Round2(run)) => {
                let number = u32::try_from(run.number).unwrap_or(u32::MAX);
                let Some(turn) = self.may_try(Duty::Round2(number)) else {
                    return Ok(());
                };
                let trustees = assembly
                    .trustees()
                    .current
                    .as_ref()
                    .and_then(assembly::Run::trustees);
                let (Some(trustees), Some(secret)) = (trustees, self.run_secret(number, false)?) else {
                    return Ok(());
                };
                match sealing::round2(&trustees, seat.number, &secret) {
                    Ok(packages) => self.make_quietly(
                        turn,
                        &Body::SealingRound2 {
                            run: number,
                            packages,
                        },
                    ),
                    Err(_) => Ok(()),
                }
            }
            Some(SealingDue::Confirmation(run)) => {
                let number = u32::try_from(run.number).unwrap_or(u32::MAX);
                match self.may_try(Duty::ConfirmRun(number)) {
                    Some(turn) => self.finish_run(turn, number),
                    None => Ok(()),
                }
            }
        }
    }

    /// Checks everything that was sent to this trustee; keeps its shares and confirms, or complains.
    fn finish_run(&mut self, turn: Turn, number: u32) -> Result<(), StepError> {
        let Some(assembly) = self.state.assembly.clone() else {
            return Ok(());
        };
        let Ok(seat) = self.own_seat() else { return Ok(()) };
        let Some(run) = assembly.trustees().current.as_ref() else {
            return Ok(());
        };
        let (Some(trustees), Some(secret)) = (run.trustees(), self.run_secret(number, false)?) else {
            return Ok(());
        };
        let round2 = run.round2(&trustees);
        match sealing::finish(&trustees, &round2, seat.number, &secret) {
            Ok(shares) => {
                let Some(transcript) = trustees.transcript(&round2) else {
                    return Ok(());
                };
                for (index, share) in shares.iter().enumerate() {
                    let index = u16::try_from(index).unwrap_or(u16::MAX);
                    self.store.put_for(
                        share_purpose(number, index),
                        tables::SEALING,
                        share_key(number, index),
                        share.to_bytes().to_vec(),
                    );
                }
                self.make_quietly(
                    turn,
                    &Body::SealingConfirmed {
                        run: number,
                        transcript,
                    },
                )
            }
            Err(FinishError::False(accused)) => {
                let complaint = sealing::complain(&trustees, seat.number, &secret, accused);
                match complaint {
                    Ok(complaint) => self.make_quietly(
                        turn,
                        &Body::SealingComplaint {
                            run: number,
                            complaint,
                        },
                    ),
                    Err(_) => Ok(()),
                }
            }
            Err(_) => Ok(()),
        }
    }

    /// The secret of a run; drawn and kept durably before round 1 is posted.
    fn run_secret(&mut self, number: u32, draw: bool) -> Result<Option<RunSecret>, StepError> {
        let key = run_key(number);
        if let Some(bytes) = self.store.get(tables::SEALING, &key)? {
            let mut bytes: [u8; 32] = bytes
                .as_slice()
                .try_into()
                .map_err(|_| StepError::Record(tables::SEALING.0))?;
            return Ok(Some(RunSecret::from_bytes(&mut bytes)));
        }
        if !draw {
            return Ok(None);
        }
        let secret = RunSecret::random(self.rng);
        self.store.put_for(
            run_purpose(number),
            tables::SEALING,
            key,
            secret.to_bytes().to_vec(),
        );
        Ok(Some(secret))
    }

    /// A run that has ended gives its secret up; its shares stay until their votes are over.
    fn burn_dead_runs(&mut self, assembly: &assembly::Assembly) -> Result<(), StepError> {
        let runs = self.store.scan(tables::SEALING, b"run", b"", 64)?;
        for (key, _) in runs {
            let number = key
                .get(3..)
                .and_then(|bytes| Some(u32::from_be_bytes(bytes.try_into().ok()?)));
            if let Some(number) = number
                && !assembly.is_run_alive(u64::from(number))
            {
                self.store.delete(tables::SEALING, key);
                self.store.burn(run_purpose(number));
            }
        }
        Ok(())
    }

    /// This trustee's share of a key of the pool.
    pub(crate) fn share_secret(&self, key: &PoolKey) -> Result<Option<ShareSecret>, StepError> {
        let Some(bytes) = self.store.get(tables::SEALING, &share_key(key.run, key.index))? else {
            return Ok(None);
        };
        let bytes: [u8; 68] = bytes
            .as_slice()
            .try_into()
            .map_err(|_| StepError::Record(tables::SEALING.0))?;
        ShareSecret::from_bytes(&bytes)
            .map(Some)
            .ok_or(StepError::Record(tables::SEALING.0))
    }

    /// This trustee's share of a key is public, or for nothing any more.
    pub(crate) fn burn_share(&mut self, key: &PoolKey) {
        self.store.delete(tables::SEALING, share_key(key.run, key.index));
        self.store.burn(share_purpose(key.run, key.index));
    }

    /// The audit file of everything up to the last journal checkpoint that a quorum has cosigned.
    pub(crate) fn audit_file(&self, level: AuditLevel) -> Result<Vec<u8>, Failed> {
        let assembly = self.state.assembly.clone().ok_or_else(no_assembly)?;
        let mut journal = Vec::new();
        let mut keys = JournalKeys::new();
        for (number, seed) in &self.state.journal_keys {
            keys.insert(*number, seed.secret().duplicate());
        }
        let logs = assembly.journal_logs();
        for (place, part) in logs.iter().enumerate() {
            let log = part.record.id();
            let last = place + 1 == logs.len();
            let covered = self.state.logs.get(&log).map_or(0, |state| state.covered);
            let fresh_ms = assembly.charter().cosign_ms.saturating_mul(COSIGN_PATIENCE);
            let behind = covered < part.size && self.now.since_ms(assembly.time()) < fresh_ms;
            if last && behind {
                return Err(not_cosigned_yet());
            }
            let cosigned = if covered > 0 {
                self.cosignatures(log, covered)?
            } else {
                None
            };
            let (checkpoint, cosignatures, size) = match (cosigned, last) {
                (Some(cosigned), true) => (cosigned.checkpoint, cosigned.cosignatures, covered),
                (_, true) => {
                    return Err(not_cosigned_yet());
                }
                (_, false) => {
                    // An earlier log goes in up to a checkpoint; what stands behind its last statement has no effect.
                    let checkpoint = self
                        .largest(log)
                        .ok_or(StepError::Internal("a journal without a checkpoint"))?;
                    (checkpoint, Vec::new(), part.size)
                }
            };
            let size = usize::try_from(size).unwrap_or(usize::MAX);
            let entries = self.load_entries(log)?.into_iter().take(size).collect();
            journal.push(JournalPart {
                record: part.record.clone(),
                entries,
                checkpoint,
                cosignatures,
            });
        }
        let mut boxes = Vec::new();
        for motion in assembly.motions() {
            let Some(opening) = &motion.opening else { continue };
            let Some(secret) = opening.secret() else { continue };
            let Some(closed) = &secret.closed else { continue };
            let size = usize::try_from(closed.checkpoint.size).unwrap_or(usize::MAX);
            let entries = self
                .load_entries(secret.record.id())?
                .into_iter()
                .take(size)
                .collect();
            boxes.push(AuditBox {
                opening: opening.id,
                record: secret.record.clone(),
                entries,
            });
        }
        let level = match level {
            AuditLevel::Members => assembly::AuditLevel::Members,
            AuditLevel::Public => assembly::AuditLevel::Public,
        };
        Ok(AuditFile::build(level, assembly.id(), journal, boxes, &keys).to_bytes())
    }
}

/// So many intervals the witnesses are given to cosign the newest entries before an audit file goes without them.
const COSIGN_PATIENCE: u64 = 10;

fn not_cosigned_yet() -> Failed {
    let details = "the witnesses have not cosigned the journal up to its end yet; try again shortly";
    Refusal::new(RefusalCode::NotReady, details).into()
}

/// The purpose under which the secret of a ballot key is kept until it is burnt.
pub(crate) fn ballot_key_purpose(number: u32) -> Purpose {
    Purpose::burnable([b"ballot-key/".as_slice(), &number.to_be_bytes()].concat())
}

fn run_purpose(number: u32) -> Purpose {
    Purpose::burnable([b"sealing-run/".as_slice(), &number.to_be_bytes()].concat())
}

fn share_purpose(number: u32, index: u16) -> Purpose {
    Purpose::burnable(
        [
            b"sealing-share/".as_slice(),
            &number.to_be_bytes(),
            &index.to_be_bytes(),
        ]
        .concat(),
    )
}

fn run_key(number: u32) -> Vec<u8> {
    [b"run".as_slice(), &number.to_be_bytes()].concat()
}

fn share_key(number: u32, index: u16) -> Vec<u8> {
    [b"share".as_slice(), &number.to_be_bytes(), &index.to_be_bytes()].concat()
}
