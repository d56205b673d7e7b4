//! A member's duties, done without anybody asking: looked at in every step, one of a kind at a time.

use crate::state::Duty;
use crate::step::{Step, StepError, Turn};
use crate::tables;
use assembly::{Body, PoolKey, SealingDue};
use ballot::{BallotSecret, KeyContext};
use primitives::{LogId, Purpose};
use sealing::{FinishError, RunSecret, ShareSecret};

/// Ballot keys published at once.
const BALLOT_KEYS: u32 = 64;

impl Step<'_> {
    /// Everything that may have become due.
    pub(crate) fn duties(&mut self) -> Result<(), StepError> {
        if self.state.member.is_none() {
            return Ok(());
        }
        self.watch_link();
        self.join_plenary()?;
        self.follow_on()?;
        self.make_again()?;
        self.take_in_waiting()?;
        self.expire()?;
        if self.own_seat().is_err() {
            return self.burn_when_out();
        }
        self.keep_plenary()?;
        // What one device alone holds, and what one device of a seat does for all of them, is the first one's.
        let first = self.is_first_device();
        if first {
            self.sign_founding()?;
            self.publish_ballot_keys()?;
            self.serve_links()?;
        }
        // The device that invited: only it has the invitation's secret.
        self.let_in()?;
        self.keep_directory()?;
        self.attend()?;
        self.tell_receipts()?;
        self.tell_marks()?;
        self.continue_journal()?;
        self.cosign_journal()?;
        self.tell_evidence()?;
        if first {
            self.sealing_duties()?;
        }
        self.voting_duties()
    }

    /// Who is out of the assembly keeps no secret of any vote.
    fn burn_when_out(&mut self) -> Result<(), StepError> {
        if !self.is_device_out() {
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
        self.forget_own_cards()
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
