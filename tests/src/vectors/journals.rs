//! Journals in which anybody says anything: for comparing two implementations of the fold.
//!
//! Seeded, so each run has the same ones. What is said is mostly possible, often untimely, and sometimes forged.

mod devices;
mod refounding;
mod votes;

use assembly::counting::Ties;
use assembly::testing::{Member, World, charter};
use assembly::{AuditLevel, Body, Candidate, Charter, Phase, Role, VoteKind};
use minicbor::bytes::ByteVec;
use primitives::{
    AssemblyId, Hash, MotionId, OpeningId, SeatNumber, Signed, SigningSecret, StatementId, Time, encode,
    labels,
};
use sealing::Complaint;

use super::audits::AuditCase;
use super::dice::Dice;

/// Steps of each journal.
const STEPS: usize = 150;

/// So many journals, as audit files.
#[must_use]
pub fn journals(count: u64) -> Vec<AuditCase> {
    (0..count).map(journal).collect()
}

fn journal(seed: u64) -> AuditCase {
    let charter = Charter {
        founding_seats: 4,
        endorsements: 2,
        endorsements_per_month: 4,
        detentions_per_month: 2,
        seconders: u32::from(!seed.is_multiple_of(3)),
        sealing_pool: 2,
        secret_open_max: 1,
        coverage: assembly::Fraction::new(1, 2),
        ties: if seed.is_multiple_of(2) {
            Ties::Fail
        } else {
            Ties::PublicOrder
        },
        ..charter()
    };
    let mut talk = Talk {
        world: World::found(charter, 100 + seed),
        dice: Dice::new(seed),
        pending: Vec::new(),
        devices: Vec::new(),
        last: None,
    };
    for _ in 0..3 {
        talk.propose(1);
    }
    for seat in 1..=4 {
        talk.publish(seat);
    }
    for _ in 0..3 {
        for seat in 1..=3 {
            talk.trustee(seat, false);
        }
    }
    for _ in 0..STEPS {
        talk.step();
    }
    let level = if seed.is_multiple_of(2) {
        AuditLevel::Members
    } else {
        AuditLevel::Public
    };
    AuditCase {
        name: format!("journal_{seed}"),
        bytes: talk.world.audit(level).to_bytes(),
        asked: None,
        breaches: None,
    }
}

struct Talk {
    world: World,
    dice: Dice,
    /// Candidates without a seat yet.
    pending: Vec<(Member, Candidate)>,
    /// Devices besides the first, of whoever said that they are a seat's, with that seat.
    devices: Vec<(u32, SigningSecret)>,
    /// What was said last, to be said again.
    last: Option<primitives::signed::Unverified>,
}

impl Talk {
    fn step(&mut self) {
        let spans = [0, 0, 1, 200, 1_100, 1_100, 3_000, 6_000, 12_000];
        let span = match self.dice.roll(60) {
            0 => 8 * 86_400_000,
            1 => 40 * 86_400_000,
            2 => 92 * 86_400_000,
            _ => self.dice.pick(&spans).unwrap(),
        };
        self.world.tick(span);
        let seat = u32::try_from(1 + self.dice.roll(self.world.members.len())).unwrap();
        match self.dice.roll(57) {
            50..=53 => self.device(seat),
            54..=56 => self.refound(seat),
            40..=44 => self.bring_to_a_vote(),
            45..=46 => self.say_again(),
            0..=2 => self.propose(seat),
            3 | 4 => self.publish(seat),
            5..=8 => {
                for seat in 1..=u32::try_from(self.world.members.len()).unwrap() {
                    let lies = self.dice.roll(12) == 0;
                    self.trustee(seat, lies);
                }
            }
            9..=11 => self.vote(seat),
            12 => self.hop(),
            17..=19 => self.untimely(seat),
            20..=22 => self.roll_call(),
            23 => self.endorse_twice(seat),
            13..=15 => self.forge(seat),
            16 => self.noise(),
            _ => {
                if let Some(body) = self.body(seat) {
                    self.say(seat, &body);
                }
            }
        }
    }

    fn say(&mut self, seat: u32, body: &Body) {
        let device = match self.dice.roll(8) {
            0 => self.further_device(seat),
            _ => None,
        };
        let device = device.unwrap_or_else(|| self.world.device(seat));
        let statement = self.world.statement_from(seat, device, body).sign(device);
        self.last = Some(statement.unverified().clone());
        self.world.post(statement.unverified(), b"");
        self.seat_the_admitted();
    }

    /// Gives everybody whom the fold has seated their place among the world's members, and opens boxes of new votes.
    fn seat_the_admitted(&mut self) {
        loop {
            let next = self.world.members.len() + 1;
            let number = SeatNumber(u32::try_from(next).unwrap());
            let Some(identity) = self.world.assembly.seat_of(number).map(|seat| seat.identity) else {
                break;
            };
            let at = self
                .pending
                .iter()
                .position(|(member, _)| member.identity.verifying_key() == identity);
            let (mut member, _) = self.pending.remove(at.unwrap());
            member.seat = number;
            self.world.members.push(member);
        }
        let opened: Vec<_> = self
            .world
            .assembly
            .motions()
            .iter()
            .filter_map(|motion| motion.opening.clone())
            .collect();
        for opening in opened {
            if let Some(secret) = opening.secret() {
                let record = secret.record.clone();
                self.world
                    .boxes
                    .entry(opening.id)
                    .or_insert_with(|| assembly::testing::SimLog {
                        record,
                        entries: Vec::new(),
                    });
            }
        }
    }

    fn propose(&mut self, by: u32) {
        let role = [
            Role::Deputy,
            Role::Deputy,
            Role::Deputy,
            Role::Expert,
            Role::Observer,
        ][self.dice.roll(5)];
        let role = if self.world.members.len() < 4 {
            Role::Deputy
        } else {
            role
        };
        let (member, candidate, name) = Member::new("Somebody", role, self.world.now, &mut self.world.rng);
        let candidate = match self.dice.roll(6) {
            0 if !self.pending.is_empty() => self.pending[0].1.clone(),
            _ => candidate,
        };
        let body = Body::AdmissionProposed {
            candidate: candidate.clone(),
        };
        let statement = self.world.statement(by, &body).sign(self.world.device(by));
        self.pending.push((member, candidate));
        self.world.post(statement.unverified(), &name.to_bytes());
        self.seat_the_admitted();
    }

    fn publish(&mut self, seat: u32) {
        if self.world.assembly.ballot_keys_due(SeatNumber(seat)).is_none() {
            return;
        }
        let Body::BallotKeysPublished { first, mut keys } = self.world.ballot_keys(seat, 2) else {
            return;
        };
        let first = match self.dice.roll(10) {
            0 => first + 1,
            1 => first + 300,
            2 => {
                keys[1] = keys[0].clone();
                first
            }
            3 => {
                keys.clear();
                first
            }
            _ => first,
        };
        self.say(seat, &Body::BallotKeysPublished { first, keys });
    }

    fn trustee(&mut self, seat: u32, lies: bool) {
        let Some(mut body) = self.world.sealing_body(seat) else {
            return;
        };
        let wrong = self.dice.roll(4);
        if lies {
            match &mut body {
                Body::SealingRound1 { package, run } => {
                    let at = self.dice.roll(package.len());
                    package[at] ^= 1;
                    *run += u32::from(wrong == 0);
                }
                Body::SealingRound2 { packages, .. } if wrong == 0 => packages.truncate(40),
                Body::SealingConfirmed { transcript, .. } => *transcript = Hash::new([1; 32]),
                _ => {}
            }
            if let (Body::SealingRound2 { run, .. } | Body::SealingConfirmed { run, .. }, 1..) =
                (&body, wrong)
            {
                let complaint = Complaint {
                    accused: SeatNumber(seat % 3 + 1),
                    run_key: [7; 32].into(),
                };
                body = Body::SealingComplaint { run: *run, complaint };
            }
        }
        self.say(seat, &body);
    }

    fn motion(&mut self, phases: &[Phase]) -> Option<MotionId> {
        let motions: Vec<_> = self
            .world
            .assembly
            .motions()
            .iter()
            .filter(|motion| phases.is_empty() || phases.contains(&motion.phase))
            .map(|motion| motion.id)
            .collect();
        self.dice.pick(&motions)
    }

    fn opening(&mut self) -> Option<OpeningId> {
        let all: Vec<_> = self.world.boxes.keys().copied().collect();
        self.dice.pick(&all)
    }

    /// A proposer endorses as well, and objects twice.
    fn endorse_twice(&mut self, seat: u32) {
        self.propose(seat);
        let newest = self
            .world
            .assembly
            .admissions()
            .filter(|(_, admission)| admission.is_open());
        let Some(admission) = newest
            .max_by_key(|(_, admission)| admission.position)
            .map(|(id, _)| id)
        else {
            return;
        };
        self.say(seat, &Body::Endorsed { admission });
        self.say(seat, &Body::Objected { admission });
        self.say(seat, &Body::Objected { admission });
        for seat in 1..=u32::try_from(self.world.members.len()).unwrap() {
            self.say(seat, &Body::Endorsed { admission });
        }
    }

    /// A whole hop, or somebody who says alone where the journal goes on, or that a newer version is known.
    fn hop(&mut self) {
        match self.dice.roll(4) {
            0 if self.world.assembly.hop_due() => self.world.hop(),
            1 => {
                let seat = self.somebody();
                let version = u32::try_from(self.dice.roll(2)).unwrap();
                self.say(seat, &Body::VersionKnown { version });
            }
            _ => {
                let seat = self.somebody();
                let (_, _, astray) = self.world.continues();
                self.say(seat, &astray);
                self.say(seat, &astray);
            }
        }
    }

    fn somebody(&mut self) -> u32 {
        u32::try_from(self.dice.roll(self.world.members.len()) + 1).unwrap()
    }

    fn noise(&mut self) {
        let bytes = match (
            self.dice.roll(4),
            self.world.logs.last().and_then(|log| log.entries.last()),
        ) {
            (0, Some(entry)) => entry.bytes.clone(),
            (1, Some(entry)) => entry.bytes[1..].to_vec(),
            (2, Some(entry)) if entry.bytes.len() > 1_000 => {
                // Within the main part: the commitment holds, and nothing opens.
                let mut bytes = entry.bytes.clone();
                bytes[300] ^= 1;
                bytes
            }
            _ => vec![0; 30],
        };
        self.world.post_bytes(bytes);
    }

    /// A statement whose envelope, signature or body is not in order.
    fn forge(&mut self, seat: u32) {
        let good = Body::FoundingSigned {};
        let mut statement = self.world.statement(seat, &good);
        let mut key = seat;
        match self.dice.roll(13) {
            0 => statement.expires = Time(self.world.now.0 - 1),
            1 => statement.expires = self.world.now.after(32 * 86_400_000),
            2 => statement.seen = None,
            3 => statement.assembly = AssemblyId::new([9; 32]),
            4 => statement.device = self.world.device(1 + seat % 3).verifying_key(),
            5 => key = 1 + seat % 3,
            6 => statement.seat = SeatNumber(99),
            7 | 8 => {
                let mut seen = self.world.checkpoint(self.world.logs.last().unwrap());
                if self.dice.roll(2) == 0 {
                    seen.root = Hash::new([5; 32]);
                } else {
                    seen.size += 5;
                }
                statement.seen = Some(seen.sign(&self.world.checkpoint_key));
            }
            9 => {
                let seen = self.world.checkpoint(self.world.logs.last().unwrap());
                statement.seen = Some(seen.sign(self.world.device(seat)));
            }
            10 => return self.say_again(),
            _ => return self.malformed(seat),
        }
        let signed = statement.sign(self.world.device(key));
        self.world.post(signed.unverified(), b"");
        self.seat_the_admitted();
    }

    /// What was said last, once more.
    fn say_again(&mut self) {
        let seat = u32::try_from(self.world.members.len()).unwrap();
        self.say(seat, &Body::BallotKeysVoided {});
        if let Some(last) = self.last.clone() {
            self.world.post(&last, b"");
            self.seat_the_admitted();
        }
    }

    /// A body of a known kind that is not its canonical encoding.
    fn malformed(&mut self, seat: u32) {
        let bodies: [&[u8]; 13] = [
            b"",
            b"\x82",
            b"\x80",
            b"\x82\x01\x81\xf6",
            b"\x82\x18\x01\x80",
            b"\x9f\x01\x80\xff",
            b"\x83\x01\x80\x80",
            b"\x82\x06\x81\x1b\x00\x00\x00\x01\x00\x00\x00\x00",
            b"\x82\x10\x82\x40\x09",
            b"\x82\x18\x1b\x82\x01\x41\x09",
            // Motions whose question is of another number, of an unknown method, or has a field too many.
            b"\x82\x0c\x81\x87\x61m\x60\x00\x01\x82\x82\x01\x02\x00\x19\x03\xe8\x19\x27\x10",
            b"\x82\x0c\x81\x87\x61m\x60\x00\x82\x82\x04\x80\x82\x61A\x61B\x82\x82\x01\x02\x00\x19\x03\xe8\x19\x27\x10",
            b"\x82\x0c\x81\x87\x61m\x60\x00\x82\x82\x00\x81\x01\x82\x61A\x61B\x82\x82\x01\x02\x00\x19\x03\xe8\x19\x27\x10",
        ];
        let body = self.dice.pick(&bodies).unwrap();
        let statement = self.world.statement(seat, &Body::Left {});
        let fields = (
            statement.assembly,
            statement.seat,
            statement.device,
            statement.seen,
            statement.expires,
            ByteVec::from(body.to_vec()),
        );
        let signed = Signed::sign(labels::STATEMENT, fields, self.world.device(seat));
        self.world.post(signed.unverified(), &encode(&0u8));
        self.seat_the_admitted();
    }

    fn body(&mut self, seat: u32) -> Option<Body> {
        let target = SeatNumber(u32::try_from(1 + self.dice.roll(self.world.members.len() + 1)).unwrap());
        let admissions: Vec<_> = self.world.assembly.admissions().map(|(id, _)| id).collect();
        let admission = self.dice.pick(&admissions).unwrap_or(StatementId::new([4; 32]));
        let any = self.motion(&[]).unwrap_or(MotionId::new([4; 32]));
        let opening = self.opening().unwrap_or(OpeningId::new([4; 32]));
        Some(match self.dice.roll(26) {
            0 => Body::FoundingSigned {},
            1 => Body::FoundingEnded {},
            2..=4 => Body::Endorsed { admission },
            5 => Body::Objected { admission },
            6 | 7 => Body::Detained { seat: target },
            8 if seat > 4 => Body::Left {},
            9 => Body::BallotKeysVoided {},
            10..=12 => {
                let kind = [VoteKind::RollCall, VoteKind::Secret, VoteKind::Secret][self.dice.roll(3)];
                let asked = self.some_question();
                let mut motion = self.world.motion_on(kind, asked);
                match self.dice.roll(9) {
                    0 => motion.title.clear(),
                    1 => motion.voting_ms = 1,
                    3 => motion.rule.majority = assembly::Majority::Absolute,
                    2 => motion.rule.quorum = assembly::Fraction::new(2, 1),
                    _ => {}
                }
                Body::MotionProposed { motion }
            }
            13 | 14 => Body::Seconded {
                motion: self.motion(&[Phase::Proposed]).unwrap_or(any),
            },
            15..=17 => {
                let motion = self.motion(&[Phase::Noticed])?;
                match (self.dice.roll(6), self.world.opening_body(motion)) {
                    (0, Body::MotionOpened { motion, ballot_box }) => {
                        let ballot_box = ballot_box.map(|mut keys| {
                            keys.nonce[0] ^= 1;
                            keys
                        });
                        Body::MotionOpened { motion, ballot_box }
                    }
                    (1, _) => Body::MotionOpened {
                        motion,
                        ballot_box: None,
                    },
                    (_, body) => body,
                }
            }
            18 => Body::MotionWithdrawn { motion: any },
            19 | 20 => Body::RollCallVote {
                motion: self.motion(&[Phase::Open]).unwrap_or(any),
                vote: ByteVec::from(vec![2]),
            },
            21 => Body::RollCallClosed { motion: any },
            22 => Body::BallotForwarded {
                opening,
                ballot: vec![1; if self.dice.roll(3) == 0 { 9_000 } else { 40 }],
            },
            23 => {
                self.world.boxes.get(&opening)?;
                self.world.box_closed(opening)
            }
            24 => {
                let Body::BoxClosed { checkpoint, .. } = self
                    .world
                    .boxes
                    .get(&opening)
                    .map(|_| self.world.box_closed(opening))?
                else {
                    return None;
                };
                Body::BoxClosed {
                    opening,
                    checkpoint,
                    cosignatures: Vec::new(),
                }
            }
            _ => {
                let founded = self.world.assembly.founded().clone();
                Body::Founded { founded }
            }
        })
    }
}
