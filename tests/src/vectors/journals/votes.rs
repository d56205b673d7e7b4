//! Motions in these journals: what is asked, and votes that are mostly votes.

use assembly::counting::OptionsMethod;
use assembly::testing::question;
use assembly::{Body, Phase, Question, VoteKind};
use minicbor::bytes::ByteVec;
use primitives::{OpeningId, SeatNumber};

use super::Talk;

impl Talk {
    /// A motion is proposed, seconded and opened by whoever may, if nothing stands against it.
    pub(super) fn bring_to_a_vote(&mut self) {
        let kind = [VoteKind::RollCall, VoteKind::Secret][self.dice.roll(2)];
        let deputies: Vec<_> = self
            .world
            .assembly
            .seats()
            .filter(|seat| seat.is_acting_deputy())
            .collect();
        let seats: Vec<_> = deputies.iter().map(|seat| seat.number.0).collect();
        let [first, second, ..] = seats[..] else { return };
        if kind == VoteKind::Secret {
            for seat in &seats {
                self.publish(*seat);
            }
            for _ in 0..3 {
                for seat in &seats {
                    self.trustee(*seat, false);
                }
            }
        }
        let asked = self.some_question();
        let motion = self.world.motion_on(kind, asked);
        self.say(first, &Body::MotionProposed { motion });
        let newest = self.world.assembly.motions().first().map(|motion| motion.id);
        let Some(motion) = newest else { return };
        self.say(first, &Body::Seconded { motion });
        self.say(second, &Body::Seconded { motion });
        let body = self.world.opening_body(motion);
        self.say(second, &body);
        self.world.tick(1_000);
        self.say(second, &body);
        match kind {
            VoteKind::RollCall => self.roll_call(),
            VoteKind::Secret => self.vote(first),
        }
    }

    /// Somebody casts into an open box, or closes it, or announces it, or releases a share.
    pub(super) fn vote(&mut self, seat: u32) {
        let Some(opening) = self.opening() else { return };
        let (motion, vote, secret) = self.world.assembly.secret_vote_of(opening).unwrap();
        let (phase, closes, closed) = (motion.phase, vote.closes, secret.closed.is_some());
        let asked = motion.text.question.clone();
        if phase == Phase::Open && self.world.now < closes {
            for seat in 1..=u32::try_from(self.world.members.len()).unwrap() {
                if self.can_cast(seat, opening) {
                    let vote = self.dice.vote(&asked, 10);
                    self.world.cast_vote(seat, opening, &vote);
                }
            }
            self.world.tick(12_000);
            return;
        }
        let has_close = self.world.boxes[&opening]
            .entries
            .last()
            .is_some_and(|entry| entry.bytes.len() < 100);
        if !has_close {
            self.world.seal_box(opening);
        }
        if !closed {
            let body = self.world.box_closed(opening);
            self.say(seat, &body);
        }
        for seat in 1..=3 {
            let due = self.world.assembly.shares_due(SeatNumber(seat));
            let held = due.iter().any(|due| {
                due.opening.id == opening
                    && self
                        .world
                        .member(seat)
                        .shares
                        .contains_key(&(due.key.run, due.key.index))
            });
            if held {
                let mut body = self.world.share(seat, opening);
                if let (Body::ShareReleased { share, .. }, 0) = (&mut body, self.dice.roll(4)) {
                    share.share[1] ^= 1;
                }
                self.say(seat, &body);
            }
        }
    }

    /// Somebody announces, releases or forwards at a time or in a form that may not fit.
    pub(super) fn untimely(&mut self, seat: u32) {
        let Some(opening) = self.opening() else { return };
        let good = self.world.box_closed(opening);
        let journal = self.world.journal_checkpoint();
        let body = match (self.dice.roll(6), good) {
            (0, body) => body,
            (1, Body::BoxClosed { cosignatures, .. }) => Body::BoxClosed {
                opening,
                checkpoint: journal,
                cosignatures,
            },
            (
                2,
                Body::BoxClosed {
                    checkpoint,
                    mut cosignatures,
                    ..
                },
            ) => {
                cosignatures.truncate(1);
                Body::BoxClosed {
                    opening,
                    checkpoint,
                    cosignatures,
                }
            }
            (3, _) => Body::BallotForwarded {
                opening,
                ballot: vec![1; 8_193],
            },
            (4, _) => Body::BallotForwarded {
                opening,
                ballot: vec![1; 8_192],
            },
            _ => Body::ShareReleased {
                opening,
                share: assembly::statement::Share {
                    y: [1; 32].into(),
                    seat: SeatNumber(seat),
                    share: [1; 32].into(),
                },
            },
        };
        self.say(seat, &body);
    }

    /// Something that is asked, now and then in a way that no method counts.
    pub(super) fn some_question(&mut self) -> Question {
        let options = u16::try_from(2 + self.dice.roll(4)).unwrap();
        let some = u16::try_from(1 + self.dice.roll(3)).unwrap();
        let method = match self.dice.roll(7) {
            0 => OptionsMethod::OneOfMany,
            1 => OptionsMethod::UpToK {
                marks_max: some.min(options),
                seats: 1,
            },
            2 => OptionsMethod::Schulze,
            3 | 4 => OptionsMethod::Transferable { seats: some },
            _ => return Question::ForAgainstAbstain,
        };
        match (self.dice.roll(12), question(method, options)) {
            (0, _) => question(method, 1),
            (1, Question::Options { method, mut options }) => {
                options[1] = options[0].clone();
                Question::Options { method, options }
            }
            (2, Question::Options { method, mut options }) => {
                options[0].clear();
                Question::Options { method, options }
            }
            (_, question) => question,
        }
    }

    /// Everybody votes by name, some of them twice.
    pub(super) fn roll_call(&mut self) {
        let Some(motion) = self.motion(&[Phase::Open]) else {
            return;
        };
        let asked = self.world.assembly.motion(motion).unwrap().text.question.clone();
        for seat in 1..=u32::try_from(self.world.members.len()).unwrap() {
            for _ in 0..=self.dice.roll(5) / 4 {
                let vote = ByteVec::from(self.dice.vote(&asked, 10));
                self.say(seat, &Body::RollCallVote { motion, vote });
            }
        }
        if self.dice.roll(2) == 0 {
            self.world.tick(10_000);
        }
        self.say(1, &Body::RollCallClosed { motion });
    }

    fn can_cast(&self, seat: u32, opening: OpeningId) -> bool {
        let (_, _, secret) = self.world.assembly.secret_vote_of(opening).unwrap();
        let key = self.world.member(seat).ballot_secrets.get(&secret.key_number);
        key.is_some_and(|key| {
            secret
                .roll
                .iter()
                .any(|on_roll| **on_roll == *key.public().as_bytes())
        })
    }
}
