//! Ballots whose bytes are in order and whose maker cheats: in the challenge, the digits, the key, the tag, the padding, the roll.

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity as _;
use serde_json::json;

use super::group::{Generators, Item, Stream, bytes, decoded, encoded, hash_to_group, text, uint};
use super::prover::{Attempt, Parts, Secret, Statement, prove};
use super::rolls::{TestRoll, root};
use super::{ASSEMBLY, Behaviour, OPENING, SEALED, event, hex};

/// Where things stand in the challenge's input.
const KIND: usize = 1;
const ROLL_LEN: usize = 6;
const TAG: usize = 12;
const SEALED_HASH: usize = 13;
const A: usize = 14;

/// All of them.
#[must_use]
pub fn behaviours(all: &Generators) -> Vec<Behaviour> {
    let setting = Setting {
        all,
        roll: TestRoll::derive(all, "forgeries", 3),
    };
    vec![
        setting.challenges(),
        setting.forged_with_a_weak_challenge(),
        setting.digits(),
        setting.membership(),
        setting.padding(),
        setting.links(),
        setting.wrong_motions(),
        setting.wrong_roll_order(),
        setting.copied_seals(),
        setting.reused_keys(),
    ]
}

struct Setting<'a> {
    all: &'a Generators,
    roll: TestRoll,
}

impl Setting<'_> {
    fn honest(&self, place: usize) -> Attempt<'static> {
        Attempt::honest(self.roll.secrets[place], place, &SEALED, "forgeries")
    }

    fn attempt(&self, attempt: &Attempt<'_>) -> Parts {
        prove(self.all, &self.roll.statement(), attempt)
    }

    fn stranger(&self) -> Secret {
        let mut stream = Stream::new("stranger");
        Secret {
            x: stream.scalar(),
            y: stream.scalar(),
        }
    }

    fn challenges(&self) -> Behaviour {
        let mut file = Behaviour::new(
            "weak_challenges",
            "Who leaves something out of the challenge, exchanges it or moves it proves nothing (BAL-07).",
        );
        file.ballot(
            "as it should be",
            "valid",
            &self.roll,
            &self.attempt(&self.honest(1)).ballot(),
        );
        let mut case = |name: &str, weaken: &dyn Fn(&mut Vec<Item>)| {
            let attempt = Attempt {
                weaken,
                ..self.honest(1)
            };
            file.ballot(name, "BAL-07", &self.roll, &self.attempt(&attempt).ballot());
        };
        let names = [
            "the label",
            "the kind",
            "the version",
            "the assembly",
            "the opening",
            "the roll's root",
            "N",
            "n",
            "m",
            "the generators' digest",
            "Y",
            "E",
            "T",
            "the sealed choice's hash",
            "A",
            "B",
            "Q_0",
            "Q_1",
            "S_0",
            "S_1",
        ];
        for (at, name) in names.iter().enumerate() {
            case(&format!("without {name}"), &|input| {
                input.remove(at);
            });
            case(&format!("{name} exchanged"), &|input| {
                input[at] = match &input[at] {
                    Item::Text(old) => text(&format!("{old}x")),
                    Item::Uint(old) => Item::Uint(old + 1),
                    Item::Bytes(_) => bytes(&[0x42; 32]),
                };
            });
        }
        for (one, other) in [
            (3, 4),
            (7, 8),
            (10, 11),
            (11, 12),
            (14, 15),
            (16, 17),
            (16, 18),
            (18, 19),
        ] {
            case(
                &format!("{} and {} swapped", names[one], names[other]),
                &|input| {
                    input.swap(one, other);
                },
            );
        }
        case("without any commitment", &|input| input.truncate(A));
        case("the statement alone left out", &|input| {
            input.drain(KIND..A);
        });
        case("commitments before the statement", &|input| input.rotate_left(A));
        case("A once more at the end", &|input| input.push(input[A].clone()));
        case("the sealed choice instead of its hash", &|input| {
            input[SEALED_HASH] = bytes(&SEALED);
        });
        file
    }

    /// Ballots that a verifier with a weaker challenge would take: each attack works there.
    fn forged_with_a_weak_challenge(&self) -> Behaviour {
        let mut file = Behaviour::new(
            "forged_with_a_weak_challenge",
            "What a challenge without T, without the sealed choice or without the kind would let pass is refused (BAL-07).",
        );
        let attempt = Attempt {
            weaken: &|input| {
                input.remove(TAG);
            },
            shift: Scalar::ONE,
            ..self.honest(1)
        };
        let mut parts = self.attempt(&attempt);
        let secret = self.roll.secrets[1];
        let point = self.roll.statement().event();
        let m = parts.points.len() / 2 - 1;
        let powers: Vec<_> = core::iter::successors(Some(Scalar::ONE), |power| Some(power * parts.challenge))
            .take(m + 1)
            .collect();
        let second = (secret.x + powers[m].invert()) * point;
        let masks = (0..m).map(|k| powers[k] * decoded(&parts.points[2 + m + k]));
        let z_x = parts.scalars[parts.scalars.len() - 2];
        assert_eq!(powers[m] * second - masks.sum::<RistrettoPoint>(), z_x * point);
        parts.tag = encoded(&second);
        file.ballot("a second tag of one key", "BAL-07", &self.roll, &parts.ballot());

        let attempt = Attempt {
            weaken: &|input| {
                input.remove(SEALED_HASH);
            },
            ..self.honest(1)
        };
        let mut parts = self.attempt(&attempt);
        parts.sealed = vec![0x78; 49];
        file.ballot(
            "another choice in a cast ballot",
            "BAL-07",
            &self.roll,
            &parts.ballot(),
        );
        let attempt = Attempt {
            weaken: &|input| input[KIND] = text("speech"),
            ..self.honest(1)
        };
        file.ballot(
            "something said taken for a ballot",
            "BAL-07",
            &self.roll,
            &self.attempt(&attempt).ballot(),
        );
        file
    }

    fn digits(&self) -> Behaviour {
        let mut file = Behaviour::new(
            "digits",
            "The digits committed to are those of exactly one place (BAL-07).",
        );
        let (zero, one) = (Scalar::ZERO, Scalar::ONE);
        let two = one + one;
        let rows = [
            ("no place", [[zero; 4], [zero; 4]]),
            ("no second digit", [[zero, one, zero, zero], [zero; 4]]),
            (
                "two first digits",
                [[zero, one, one, zero], [one, zero, zero, zero]],
            ),
            ("all places", [[one; 4], [one; 4]]),
            (
                "twice one place minus another",
                [[two, -one, zero, zero], [one, zero, zero, zero]],
            ),
            (
                "half of two places",
                [[two.invert(), two.invert(), zero, zero], [one, zero, zero, zero]],
            ),
        ];
        for (name, rows) in rows {
            let attempt = Attempt {
                sigma: Some(rows.concat()),
                ..self.honest(1)
            };
            file.ballot(name, "BAL-07", &self.roll, &self.attempt(&attempt).ballot());
        }
        file
    }

    fn membership(&self) -> Behaviour {
        let mut file = Behaviour::new(
            "membership",
            "Only who can open a key of the roll makes a ballot (BAL-08).",
        );
        let own = self.roll.secrets[1];
        let other = self.roll.secrets[0];
        let cases = [
            ("a stranger", self.stranger(), 1),
            ("a member at another's place", own, 0),
            (
                "another opening of one's key",
                Secret {
                    x: own.x + Scalar::ONE,
                    y: own.y - Scalar::ONE,
                },
                1,
            ),
            ("x and y swapped", Secret { x: own.y, y: own.x }, 1),
            (
                "the sum of two members",
                Secret {
                    x: own.x + other.x,
                    y: own.y + other.y,
                },
                1,
            ),
        ];
        for (name, secret, place) in cases {
            let attempt = Attempt {
                secret,
                ..self.honest(place)
            };
            file.ballot(name, "BAL-08", &self.roll, &self.attempt(&attempt).ballot());
        }
        file
    }

    fn padding(&self) -> Behaviour {
        let mut file = Behaviour::new(
            "padding",
            "The places beyond the last key are the last key's: its owner gets no second tag there and nobody else a place.",
        );
        let tag = hex(&self.attempt(&self.honest(2)).tag);
        for place in [2, 3, 7, 15] {
            let attempt = Attempt {
                place,
                ..self.honest(2)
            };
            let about = json!({
                "event": event(&self.roll), "ballot": hex(&self.attempt(&attempt).ballot()), "tag": tag,
            });
            file.case(
                "ballot",
                &format!("the last key at place {place}"),
                "valid",
                about,
            );
        }
        for (name, secret) in [
            ("the first key at place 15", self.roll.secrets[0]),
            ("a stranger at place 15", self.stranger()),
        ] {
            let attempt = Attempt {
                secret,
                place: 15,
                ..self.honest(2)
            };
            file.ballot(name, "BAL-08", &self.roll, &self.attempt(&attempt).ballot());
        }
        let known = |x: u8, y: u8| Secret {
            x: Scalar::from(x),
            y: Scalar::from(y),
        };
        for (name, secret, rule) in [
            ("padded with the prover's own key", self.stranger(), "BAL-08"),
            ("padded with G", known(1, 0), "BAL-08"),
            ("padded with H", known(0, 1), "BAL-05"),
            ("padded with the identity", known(0, 0), "BAL-05"),
        ] {
            // The challenge is computed as for the true roll, so that only the equations can tell.
            let mut statement = self.roll.statement();
            statement.keys.push(secret.key(self.all));
            let attempt = Attempt {
                secret,
                weaken: &|input| input[ROLL_LEN] = uint(3),
                ..Attempt::honest(secret, 3, &SEALED, "padded")
            };
            let ballot = prove(self.all, &statement, &attempt).ballot();
            file.ballot(name, rule, &self.roll, &ballot);
        }
        file
    }

    fn links(&self) -> Behaviour {
        let mut file = Behaviour::new("links", "The tag is that of the key that was proven (BAL-09).");
        let secret = self.roll.secrets[1];
        let point = self.roll.statement().event();
        let elsewhere = hash_to_group("veche/v1/ballot/event", "ballot", bytes(&[0; 32]));
        for (name, tag) in [
            ("another member's tag", self.roll.secrets[0].x * point),
            ("one's tag at another event", secret.x * elsewhere),
            ("twice one's tag", (secret.x + secret.x) * point),
            ("minus one's tag", -secret.x * point),
            ("y in the place of x", secret.y * point),
        ] {
            let attempt = Attempt {
                tag: Some(tag),
                ..self.honest(1)
            };
            file.ballot(name, "BAL-09", &self.roll, &self.attempt(&attempt).ballot());
        }
        let attempt = Attempt {
            tag: Some(RistrettoPoint::identity()),
            ..self.honest(1)
        };
        file.ballot(
            "the identity, in the challenge as well",
            "BAL-05",
            &self.roll,
            &self.attempt(&attempt).ballot(),
        );
        file
    }

    fn wrong_motions(&self) -> Behaviour {
        let mut file = Behaviour::new(
            "wrong_motion",
            "A ballot counts for one vote of one assembly over one roll (BAL-07).",
        );
        let here = self.roll.statement();
        let other_roll = TestRoll::derive(self.all, "forgeries", 4);
        let missing = other_roll
            .keys
            .iter()
            .position(|key| !self.roll.keys.contains(key))
            .unwrap();
        let place = usize::from(missing == 0);
        for (name, statement) in [
            (
                "another opening",
                Statement {
                    subject: [0x0f; 32],
                    ..here.clone()
                },
            ),
            (
                "another assembly",
                Statement {
                    assembly: OPENING,
                    ..here.clone()
                },
            ),
            (
                "assembly and opening swapped",
                Statement {
                    assembly: OPENING,
                    subject: ASSEMBLY,
                    ..here.clone()
                },
            ),
            (
                "another sealing key",
                Statement {
                    sealing_key: [0; 32],
                    ..here.clone()
                },
            ),
            (
                "speech in a thread with the same id",
                Statement {
                    kind: "speech".to_owned(),
                    ..here.clone()
                },
            ),
            (
                "a signature under a document with the same id",
                Statement {
                    kind: "signature".to_owned(),
                    ..here
                },
            ),
        ] {
            file.ballot(
                name,
                "BAL-07",
                &self.roll,
                &prove(self.all, &statement, &self.honest(1)).ballot(),
            );
        }
        let attempt = Attempt::honest(other_roll.secrets[place], place, &SEALED, "larger roll");
        let ballot = prove(self.all, &other_roll.statement(), &attempt).ballot();
        file.ballot("a roll with one key more", "BAL-07", &self.roll, &ballot);
        file.ballot("and there", "valid", &other_roll, &ballot);
        file
    }

    fn wrong_roll_order(&self) -> Behaviour {
        let mut file = Behaviour::new(
            "wrong_roll_order",
            "A ballot over the same keys in another order is refused, whatever root was hashed (BAL-07, BAL-08).",
        );
        let mut statement = self.roll.statement();
        statement.keys.reverse();
        let attempt = Attempt::honest(self.roll.secrets[0], 2, &SEALED, "reversed");
        let ballot = |statement: &Statement| prove(self.all, statement, &attempt).ballot();
        file.ballot("with the true root", "BAL-08", &self.roll, &ballot(&statement));
        let reversed: Vec<_> = self.roll.keys.iter().rev().copied().collect();
        statement.root = root(&reversed);
        file.ballot(
            "with the root of that order",
            "BAL-07",
            &self.roll,
            &ballot(&statement),
        );
        file
    }

    fn copied_seals(&self) -> Behaviour {
        let mut file = Behaviour::new(
            "copied_seal",
            "A sealed choice put into a made ballot breaks its proof (BAL-07); one proven anew is valid and does not open \
             (elections.json).",
        );
        let copied = [0x99; 49];
        let mut parts = self.attempt(&self.honest(1));
        parts.sealed = copied.to_vec();
        file.ballot("put into a made ballot", "BAL-07", &self.roll, &parts.ballot());
        let attempt = Attempt {
            sealed: &copied,
            ..self.honest(1)
        };
        file.ballot(
            "proven anew",
            "valid",
            &self.roll,
            &self.attempt(&attempt).ballot(),
        );
        let [one, other] = [0, 1].map(|place| self.attempt(&self.honest(place)));
        let mixed = Parts {
            tag: one.tag,
            ..other
        };
        file.ballot(
            "another's tag in front of one's proof",
            "BAL-07",
            &self.roll,
            &mixed.ballot(),
        );
        file
    }

    fn reused_keys(&self) -> Behaviour {
        let mut file = Behaviour::new(
            "reused_key",
            "Two ballots of one key in one vote are valid and have one tag; at another vote the same key has another tag.",
        );
        let mut case = |name: &str, subject: [u8; 32], randomness: &str| {
            let statement = Statement {
                subject,
                ..self.roll.statement()
            };
            let attempt = Attempt::honest(self.roll.secrets[0], 0, &SEALED, randomness);
            let mut vote = event(&self.roll);
            vote["subject"] = json!(hex(&subject));
            let ballot = prove(self.all, &statement, &attempt).ballot();
            let tag = hex(&encoded(&(self.roll.secrets[0].x * statement.event())));
            file.case(
                "ballot",
                name,
                "valid",
                json!({ "event": vote, "ballot": hex(&ballot), "tag": tag }),
            );
        };
        case("a ballot", OPENING, "first");
        case("a second one in the same vote", OPENING, "second");
        case("one in another vote", [0x0f; 32], "third");
        file
    }
}
