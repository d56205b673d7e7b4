//! After the vote: forwarded ballots, the closed box, the trustees' shares.

use primitives::{MotionId, OpeningId, SeatNumber};
use sealing::{Share, verify_share};
use tlog::{Cosignature, SignedCheckpoint};

use super::{Assembly, Author, ClosedBox, Effect, Forwarded, Motion, Opening, Phase, SecretVote, Vote};
use crate::limits;
use crate::rejection::Rejection;

impl Assembly {
    pub(super) fn check_forwarded(
        &self,
        author: Author<'_>,
        opening: OpeningId,
        ballot: &[u8],
    ) -> Result<Effect, Rejection> {
        let (motion, _, secret) = self.secret_vote_of(opening).ok_or(Rejection::WrongPhase)?;
        if motion.phase != Phase::Open {
            return Err(Rejection::VoteNotOpen);
        }
        let by = author.seat.number;
        let posted = secret
            .forwarded
            .iter()
            .filter(|forwarded| forwarded.by == by)
            .count();
        let fits = ballot.len() <= limits::FORWARDED_BYTES_MAX && posted < limits::FORWARDED_PER_SEAT_MAX;
        if fits {
            Ok(Effect::Forwarded(
                motion.id,
                Forwarded {
                    by,
                    ballot: ballot.to_vec(),
                },
            ))
        } else {
            Err(Rejection::ForwardedTooMuch)
        }
    }

    pub(super) fn check_box_closed(
        &self,
        opening: OpeningId,
        signed: &SignedCheckpoint,
        cosignatures: &[Cosignature],
    ) -> Result<Effect, Rejection> {
        let (motion, _, secret) = self.secret_vote_of(opening).ok_or(Rejection::WrongPhase)?;
        match motion.phase {
            Phase::Closed if secret.closed.is_none() => {}
            Phase::Open | Phase::Void(_) => return Err(Rejection::CloseUntimely),
            _ => return Err(Rejection::WrongPhase),
        }
        let checkpoint = signed
            .open(&self.checkpoint_key)
            .map_err(|_| Rejection::BoxCheckpoint)?;
        if checkpoint.origin.log != secret.record.id() {
            return Err(Rejection::BoxCheckpoint);
        }
        if cosignatures.len() > limits::COSIGNATURES_MAX {
            return Err(Rejection::BodyMalformed);
        }
        if !self.box_quorum(&checkpoint, cosignatures).is_met() {
            return Err(Rejection::NoQuorum);
        }
        let closed = ClosedBox {
            checkpoint,
            signed: signed.clone(),
            cosignatures: cosignatures.to_vec(),
        };
        Ok(Effect::BoxClosed(motion.id, closed))
    }

    /// A share that does not fit is recorded as a finding against the trustee; it blocks nothing, and the trustee may release
    /// the right one afterwards.
    pub(super) fn check_share(
        &self,
        author: Author<'_>,
        opening: OpeningId,
        share: &Share,
    ) -> Result<Effect, Rejection> {
        let seat = author.seat.number;
        let (motion, _, secret) = self.secret_vote_of(opening).ok_or(Rejection::WrongPhase)?;
        let phase = matches!(motion.phase, Phase::Closed | Phase::Decided) && secret.closed.is_some();
        let holder = secret.sealing.key.seats().any(|holder| holder == seat) && share.seat == seat;
        let bad_before = secret.bad_shares.contains(&seat);
        let good = verify_share(&secret.sealing.key, share).is_ok();
        if !phase
            || !holder
            || !author.is_first_device()
            || secret.shares.contains_key(&seat)
            || (bad_before && !good)
        {
            return Err(Rejection::ShareUnfit);
        }
        Ok(Effect::ShareReleased {
            motion: motion.id,
            share: share.clone(),
            good,
        })
    }

    /// The secret vote with this opening id.
    #[must_use]
    pub fn secret_vote_of(&self, opening: OpeningId) -> Option<(&Motion, &Opening, &SecretVote)> {
        let motion = self.motions.get(self.openings.get(&opening)?)?;
        let opening = motion.opening.as_ref()?;
        Some((motion, opening, opening.secret()?))
    }

    fn secret_mut(&mut self, motion: MotionId) -> Option<&mut SecretVote> {
        match &mut self.motions.get_mut(&motion)?.opening.as_mut()?.vote {
            Vote::Secret(secret) => Some(secret),
            Vote::RollCall(_) => None,
        }
    }

    pub(super) fn forward(&mut self, motion: MotionId, forwarded: Forwarded) {
        if let Some(secret) = self.secret_mut(motion) {
            secret.forwarded.push(forwarded);
        }
    }

    pub(super) fn close_box(&mut self, motion: MotionId, closed: ClosedBox) {
        if let Some(secret) = self.secret_mut(motion) {
            secret.closed = Some(closed);
        }
    }

    pub(super) fn release_share(&mut self, motion: MotionId, seat: SeatNumber, share: Share, good: bool) {
        let Some(secret) = self.secret_mut(motion) else {
            return;
        };
        if good {
            secret.shares.insert(seat, share);
        } else {
            secret.bad_shares.push(seat);
        }
        if secret.is_unsealed() {
            self.set_phase(motion, Phase::Decided);
        }
    }
}
