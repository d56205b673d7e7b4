//! Votes in a small world.

use ballot::prove;
use minicbor::bytes::ByteVec;
use primitives::canonical::sha256;
use primitives::{MotionId, OpeningId, SeatNumber};
use sealing::{SealContext, SealingKey, release, seal};
use tlog::{CloseEntry, Entry};

use super::{SimLog, World};
use crate::counting::OptionsMethod;
use crate::keys;
use crate::motion::{Choice, MotionText, VoteKind};
use crate::question::Question;
use crate::result::TallyResult;
use crate::statement::Body;
use crate::tally::{TallyError, tally};

/// A question with options named `Option 0` onwards.
#[must_use]
pub fn question(method: OptionsMethod, options: u16) -> Question {
    Question::Options {
        method,
        options: (0..options).map(|number| format!("Option {number}")).collect(),
    }
}

impl World {
    /// A motion that asks this and that the charter allows.
    #[must_use]
    pub fn motion_on(&self, kind: VoteKind, question: Question) -> MotionText {
        MotionText {
            question,
            ..self.motion_text(kind)
        }
    }

    /// Opens a motion whose notice is over.
    pub fn open(&mut self, motion: MotionId) -> OpeningId {
        let body = self.opening_body(motion);
        self.says(1, &body);
        let opening = self.assembly.motion(motion).unwrap().opening.clone().unwrap();
        if let Some(secret) = opening.secret() {
            self.boxes.insert(
                opening.id,
                SimLog {
                    record: secret.record.clone(),
                    entries: Vec::new(),
                },
            );
        }
        opening.id
    }

    /// The statement that opens a motion.
    #[must_use]
    pub fn opening_body(&self, motion: MotionId) -> Body {
        let kind = self.assembly.motion(motion).unwrap().text.kind;
        let number = self.assembly.journal().journal_key;
        let key = self.keys.key(number).unwrap();
        let ballot_box = (kind == VoteKind::Secret)
            .then(|| keys::BoxTree::of(key).keys(self.assembly.next_box()).unwrap());
        Body::MotionOpened { motion, ballot_box }
    }

    /// A ballot of a seat.
    pub fn ballot(&mut self, seat: u32, opening: OpeningId, plaintext: &[u8]) -> Vec<u8> {
        let (_, _, secret) = self.assembly.secret_vote_of(opening).unwrap();
        let event = secret.event(self.assembly.id(), opening).unwrap();
        let roll_root = secret.roll_root;
        let sealing_key = SealingKey::from_bytes(secret.sealing.key.y()).unwrap();
        let member = &self.members[usize::try_from(seat).unwrap() - 1];
        let ballot_secret = &member.ballot_secrets[&secret.key_number];
        let context = SealContext {
            opening,
            roll_root,
            tag: *event.tag(ballot_secret).as_bytes(),
        };
        let sealed = seal(&sealing_key, &context, plaintext, &mut self.rng);
        prove(&event, ballot_secret, &sealed, &mut self.rng)
            .unwrap()
            .encode()
    }

    /// A seat casts into the box; sequenced at the end of the slot.
    pub fn cast(&mut self, seat: u32, opening: OpeningId, choice: Choice) {
        self.cast_vote(seat, opening, &choice.to_plaintext());
    }

    /// As [`World::cast`], any vote, spoilt ones too.
    pub fn cast_vote(&mut self, seat: u32, opening: OpeningId, vote: &[u8]) {
        let bytes = self.ballot(seat, opening, vote);
        self.put_in_box(opening, bytes);
    }

    /// The relay takes bytes into the box: into their slot, in order of hashes.
    pub fn put_in_box(&mut self, opening: OpeningId, bytes: Vec<u8>) {
        let slots = self.boxes[&opening].record.slots.unwrap();
        let time = slots.end_of_slot(self.now).unwrap();
        let entries = &mut self.boxes.get_mut(&opening).unwrap().entries;
        let place = (time, sha256(&bytes));
        let index = entries.partition_point(|entry| (entry.time, sha256(&entry.bytes)) < place);
        entries.insert(index, Entry { time, bytes });
    }

    /// Time passes to the close.
    pub fn await_close(&mut self, opening: OpeningId) {
        let closes = self.assembly.opening(opening).unwrap().1.closes;
        self.now = self.now.max(closes);
    }

    /// The close entry goes into the box.
    pub fn seal_box(&mut self, opening: OpeningId) {
        self.await_close(opening);
        let bytes = CloseEntry { opening }.to_bytes();
        self.boxes.get_mut(&opening).unwrap().entries.push(Entry {
            time: self.now,
            bytes,
        });
    }

    /// The statement that announces the closed box, cosigned by all witnesses.
    #[must_use]
    pub fn box_closed(&self, opening: OpeningId) -> Body {
        let checkpoint = self.checkpoint(&self.boxes[&opening]);
        Body::BoxClosed {
            opening,
            checkpoint: checkpoint.sign(&self.checkpoint_key),
            cosignatures: self.cosign_all(&checkpoint),
        }
    }

    /// The share that a trustee releases.
    #[must_use]
    pub fn share(&self, seat: u32, opening: OpeningId) -> Body {
        let due = self.assembly.shares_due(SeatNumber(seat));
        let due = due.into_iter().find(|due| due.opening.id == opening).unwrap();
        let share = release(&self.member(seat).shares[&(due.key.run, due.key.index)]);
        Body::ShareReleased { opening, share }
    }

    /// Box sealed and announced, shares of these trustees released.
    pub fn close(&mut self, opening: OpeningId, trustees: &[u32]) {
        self.seal_box(opening);
        let body = self.box_closed(opening);
        self.says(1, &body);
        for seat in trustees {
            let body = self.share(*seat, opening);
            self.says(*seat, &body);
        }
    }

    /// Counts a vote.
    ///
    /// # Errors
    /// [`TallyError`].
    pub fn tally(&mut self, opening: OpeningId) -> Result<TallyResult, TallyError> {
        let entries = self
            .boxes
            .get(&opening)
            .map(|log| log.entries.clone())
            .unwrap_or_default();
        tally(&self.assembly, opening, &entries, &mut self.rng)
    }

    /// A whole roll-call: votes by seat from 1 on.
    pub fn roll_call(&mut self, choices: &[Choice]) -> OpeningId {
        self.roll_call_on(Question::ForAgainstAbstain, &plaintexts(choices))
    }

    /// A whole roll-call on a question: votes by seat from 1 on.
    pub fn roll_call_on(&mut self, question: Question, votes: &[Vec<u8>]) -> OpeningId {
        let motion = self.notice(self.motion_on(VoteKind::RollCall, question));
        let opening = self.open(motion);
        for (seat, vote) in (1..).zip(votes) {
            let vote = ByteVec::from(vote.clone());
            self.says(seat, &Body::RollCallVote { motion, vote });
        }
        self.await_close(opening);
        self.says(1, &Body::RollCallClosed { motion });
        opening
    }

    /// A whole secret vote: ballots by seat from 1 on, shares of trustees 1 and 2.
    pub fn secret_vote(&mut self, choices: &[Choice]) -> OpeningId {
        self.secret_vote_on(Question::ForAgainstAbstain, &plaintexts(choices))
    }

    /// A whole secret vote on a question: ballots by seat from 1 on, spoilt ones too, shares of trustees 1 and 2.
    pub fn secret_vote_on(&mut self, question: Question, votes: &[Vec<u8>]) -> OpeningId {
        let motion = self.notice(self.motion_on(VoteKind::Secret, question));
        let opening = self.open(motion);
        for (seat, vote) in (1..).zip(votes) {
            self.tick(10);
            self.cast_vote(seat, opening, vote);
        }
        self.close(opening, &[1, 2]);
        opening
    }
}

fn plaintexts(choices: &[Choice]) -> Vec<Vec<u8>> {
    choices
        .iter()
        .map(|choice| choice.to_plaintext().to_vec())
        .collect()
}
