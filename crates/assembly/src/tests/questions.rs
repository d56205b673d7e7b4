//! Questions with options: what may be asked, how it is voted on by name and in secret, and what comes out.

use minicbor::bytes::ByteVec;
use primitives::canonical::{decode_canonical, encode};
use primitives::{Hash, OpeningId};
use proptest::prelude::*;

use super::rejected;
use crate::Charter;
use crate::audit::{AuditLevel, verify_audit};
use crate::charter::Fraction;
use crate::counting::{Account, BadForm, OptionIndex, OptionsMethod, Outcome, PublicOrder, Ties, Turnout};
use crate::motion::{Choice, Counts, Majority, Rule, VoteKind};
use crate::question::{BadQuestion, Question, Votes};
use crate::rejection::Rejection;
use crate::result::TallyResult;
use crate::statement::Body;
use crate::testing::{World, charter, question};

use OptionsMethod::{OneOfMany, Schulze, Transferable, UpToK};

/// A question of every form, four votes on it (the last one abstains), and who is elected by them.
fn forms() -> Vec<(Question, Vec<Vec<u8>>, Vec<u16>)> {
    let ranked = || vec![vec![2, 1, 0], vec![2, 1, 0], vec![1, 0, 2], vec![0, 0, 0]];
    let up_to_two = UpToK {
        marks_max: 2,
        seats: 1,
    };
    vec![
        (
            Question::ForAgainstAbstain,
            vec![vec![1], vec![1], vec![2], vec![3]],
            vec![],
        ),
        (
            question(OneOfMany, 3),
            vec![vec![0, 2], vec![0, 2], vec![0, 1], vec![0, 0]],
            vec![1],
        ),
        (
            question(up_to_two, 3),
            vec![vec![0b011], vec![0b110], vec![0b010], vec![0]],
            vec![1],
        ),
        (question(Schulze, 3), ranked(), vec![1]),
        (question(Transferable { seats: 2 }, 3), ranked(), vec![1, 0]),
    ]
}

fn turnout(valid: u32, abstain: u32, spoilt: u32) -> Turnout {
    Turnout {
        valid,
        abstain,
        spoilt,
    }
}

fn elected(result: &TallyResult) -> Vec<u16> {
    let options = result.votes.options();
    let elected = options.map(|options| options.outcome.elected.clone());
    elected
        .unwrap_or_default()
        .into_iter()
        .map(OptionIndex::number)
        .collect()
}

#[test]
fn a_question_is_the_number_0_or_an_array_of_method_and_options() {
    let options = |method| Question::Options {
        method,
        options: vec!["A".to_owned(), "B".to_owned()],
    };
    let marks = UpToK {
        marks_max: 2,
        seats: 1,
    };
    let table: [(Question, &[u8]); 5] = [
        (Question::ForAgainstAbstain, b"\x00"),
        (options(OneOfMany), b"\x82\x82\x00\x80\x82\x61A\x61B"),
        (options(marks), b"\x82\x82\x01\x82\x02\x01\x82\x61A\x61B"),
        (options(Schulze), b"\x82\x82\x02\x80\x82\x61A\x61B"),
        (
            options(Transferable { seats: 1 }),
            b"\x82\x82\x03\x81\x01\x82\x61A\x61B",
        ),
    ];
    for (question, bytes) in table {
        assert_eq!(encode(&question), bytes, "{question:?}");
        assert_eq!(decode_canonical::<Question>(bytes), Ok(question));
    }
    let refused: [&[u8]; 10] = [
        b"",
        b"\x01",
        b"\x18\x00",
        b"\xf6",
        b"\x80",
        b"\x82\x00\x80",
        b"\x82\x82\x04\x80\x82\x61A\x61B",
        b"\x82\x00\x82\x61A\x61B",
        b"\x83\x82\x00\x80\x82\x61A\x61B\x00",
        b"\x9f\x82\x00\x80\x82\x61A\x61B\xff",
    ];
    for bytes in refused {
        assert!(decode_canonical::<Question>(bytes).is_err(), "{bytes:02x?}");
    }
}

#[test]
fn asm_21_a_question_that_its_method_cannot_count_is_not_proposed() {
    let mut world = World::ready(61);
    let marks = |marks_max, seats| question(UpToK { marks_max, seats }, 4);
    let named = |options: &[&str]| Question::Options {
        method: OneOfMany,
        options: options.iter().map(|option| (*option).to_owned()).collect(),
    };
    let long = "x".repeat(crate::limits::OPTION_BYTES_MAX);
    let too_long = "x".repeat(crate::limits::OPTION_BYTES_MAX + 1);
    let options = |max| Err(BadQuestion::Form(BadForm::Options { max }));
    let table = [
        (named(&["A", &long]), Ok(())),
        (question(OneOfMany, 256), Ok(())),
        (marks(4, 3), Ok(())),
        (question(Schulze, 64), Ok(())),
        (question(Transferable { seats: 63 }, 64), Ok(())),
        (named(&["A"]), options(256)),
        (named(&[]), options(256)),
        (question(OneOfMany, 257), options(256)),
        (question(Schulze, 65), options(64)),
        (question(Transferable { seats: 1 }, 65), options(64)),
        (named(&["A", ""]), Err(BadQuestion::OptionText)),
        (named(&["A", &too_long]), Err(BadQuestion::OptionText)),
        (named(&["A", "B", "A"]), Err(BadQuestion::Repeated)),
        (marks(0, 1), Err(BadQuestion::Form(BadForm::Marks))),
        (marks(5, 1), Err(BadQuestion::Form(BadForm::Marks))),
        (marks(1, 0), Err(BadQuestion::Form(BadForm::Seats))),
        (marks(1, 4), Err(BadQuestion::Form(BadForm::Seats))),
        (
            question(Transferable { seats: 3 }, 3),
            Err(BadQuestion::Form(BadForm::Seats)),
        ),
    ];
    for (question, judged) in table {
        assert_eq!(question.check(), judged, "{question:?}");
        let motion = world.motion_on(VoteKind::RollCall, question.clone());
        let taken = world.say(1, &Body::MotionProposed { motion });
        let expected = judged.err().map(|_| Rejection::MotionUnfit);
        assert_eq!(taken.rejection, expected, "{question:?}");
    }
}

#[test]
fn asm_21_a_question_with_options_knows_no_majority_but_the_simple_one() {
    let mut world = World::ready(62);
    for majority in [
        Majority::Simple,
        Majority::Absolute,
        Majority::TwoThirds,
        Majority::ThreeQuarters,
        Majority::Consensus,
    ] {
        for asked in [Question::ForAgainstAbstain, question(OneOfMany, 2)] {
            let fits = majority == Majority::Simple || asked == Question::ForAgainstAbstain;
            let mut motion = world.motion_on(VoteKind::Secret, asked);
            motion.rule.majority = majority;
            let taken = world.say(1, &Body::MotionProposed { motion });
            let expected = (!fits).then_some(Rejection::MotionUnfit);
            assert_eq!(taken.rejection, expected, "{majority:?}");
        }
    }
}

#[test]
fn every_method_counts_the_same_votes_by_name_and_in_secret() {
    for (asked, votes, expected) in forms() {
        let mut world = World::ready(63);
        let named = world.roll_call_on(asked.clone(), &votes);
        let named = world.tally(named).unwrap();
        let mut cast = votes;
        cast.push(vec![9; asked.vote_len().unwrap()]);
        let secret = world.secret_vote_on(asked.clone(), &cast);
        let secret = world.tally(secret).unwrap();

        assert_eq!(named.votes.turnout(), turnout(3, 1, 0), "{asked:?}");
        assert_eq!(secret.votes.turnout(), turnout(3, 1, 1), "{asked:?}");
        for result in [&named, &secret] {
            assert_eq!(elected(result), expected, "{asked:?}");
            assert!(result.adopted && result.quorum_met, "{asked:?}");
            assert_eq!(result.findings, []);
            assert_eq!(
                decode_canonical::<TallyResult>(&encode(result)).as_ref(),
                Ok(result)
            );
        }
        match (&named.votes, &secret.votes) {
            (Votes::Options(named), Votes::Options(secret)) => {
                assert_eq!(named.outcome, secret.outcome);
                assert_eq!(named.account, secret.account);
            }
            (Votes::Choices(named), Votes::Choices(secret)) => {
                assert_eq!(Counts { spoilt: 1, ..*named }, *secret);
            }
            other => panic!("{other:?}"),
        }
        let file = world.audit(AuditLevel::Public).to_bytes();
        let report = verify_audit(&file, None, &mut world.rng).unwrap();
        assert_eq!(report.breaches, []);
        let reported = report.motions.iter().map(|motion| motion.result.as_ref());
        assert_eq!(reported.collect::<Vec<_>>(), [Some(&named), Some(&secret)]);
        assert!(report.motions.iter().all(|motion| motion.question == asked));
    }
}

#[test]
fn asm_41_a_named_vote_is_a_vote_of_the_motions_form() {
    for (asked, votes, _) in forms() {
        let mut world = World::ready(64);
        let motion = world.notice(world.motion_on(VoteKind::RollCall, asked.clone()));
        world.open(motion);
        let len = asked.vote_len().unwrap();
        let good = votes[0].clone();
        let mut longer = good.clone();
        longer.push(0);
        for unfit in [vec![9; len], longer, good[1..].to_vec(), Vec::new()] {
            let vote = ByteVec::from(unfit.clone());
            let taken = world.say(1, &Body::RollCallVote { motion, vote });
            assert_eq!(rejected(&taken), Rejection::VoteUnfit, "{asked:?} {unfit:?}");
        }
        // What was refused is no vote: the seat may still vote, once.
        let vote = ByteVec::from(good);
        world.says(
            1,
            &Body::RollCallVote {
                motion,
                vote: vote.clone(),
            },
        );
        let again = world.say(1, &Body::RollCallVote { motion, vote });
        assert_eq!(rejected(&again), Rejection::VotedAlready);
    }
    assert_eq!(Rejection::VoteUnfit.rule(), "ASM-41");
}

#[test]
fn a_ballot_of_another_length_than_its_methods_is_not_counted() {
    for (asked, votes, expected) in forms() {
        let mut world = World::ready(65);
        let motion = world.notice(world.motion_on(VoteKind::Secret, asked.clone()));
        let opening = world.open(motion);
        let len = asked.vote_len().unwrap();
        for (seat, vote) in (1..).zip(&votes[..3]) {
            let ballot = world.ballot(seat, opening, vote);
            assert!(world.boxes[&opening].record.allows_len(ballot.len()), "{asked:?}");
            world.put_in_box(opening, ballot);
        }
        for (seat, len) in [(4, len - 1), (5, len + 1)] {
            let ballot = world.ballot(seat, opening, &vec![1; len]);
            assert!(
                !world.boxes[&opening].record.allows_len(ballot.len()),
                "{asked:?}"
            );
            world.put_in_box(opening, ballot);
        }
        world.close(opening, &[1, 2]);
        let result = world.tally(opening).unwrap();
        let rules: Vec<_> = result
            .findings
            .iter()
            .map(|finding| finding.rule.as_str())
            .collect();
        assert_eq!(rules, ["SEA-01", "SEA-01"], "{asked:?}");
        assert_eq!(result.votes.turnout(), turnout(3, 0, 0));
        assert_eq!(elected(&result), expected);
    }
}

#[test]
fn the_greatest_questions_have_boxes_of_their_ballots_length() {
    let marks = UpToK {
        marks_max: 256,
        seats: 255,
    };
    for (method, options, len) in [
        (OneOfMany, 256, 2),
        (marks, 256, 32),
        (Schulze, 64, 64),
        (Transferable { seats: 63 }, 64, 64),
    ] {
        let mut world = World::ready(66);
        let motion = world.notice(world.motion_on(VoteKind::Secret, question(method, options)));
        let opening = world.open(motion);
        let ballot = world.ballot(1, opening, &vec![0; len]);
        assert!(
            world.boxes[&opening].record.allows_len(ballot.len()),
            "{method:?}"
        );
    }
}

#[test]
fn the_charter_says_what_a_tie_does() {
    let votes = [vec![0, 1], vec![0, 1], vec![0, 3], vec![0, 3]];
    for ties in [Ties::Fail, Ties::PublicOrder] {
        let charter = Charter { ties, ..charter() };
        let mut world = World::ready_under(charter, 67);
        let opening = world.roll_call_on(question(OneOfMany, 3), &votes);
        let result = world.tally(opening).unwrap();
        let tied = [OptionIndex::new(0), OptionIndex::new(2)];
        let expected = match ties {
            Ties::Fail => Outcome {
                tied: tied.to_vec(),
                ..Outcome::default()
            },
            Ties::PublicOrder => Outcome {
                elected: vec![PublicOrder::new(opening, 3).first(&tied).unwrap()],
                tied: Vec::new(),
                drawn: true,
            },
        };
        let options = result.votes.options().unwrap();
        assert_eq!(options.outcome, expected);
        assert_eq!(options.account, Account::Votes(vec![2, 0, 2]));
        assert!(result.quorum_met);
        assert_eq!(result.adopted, ties == Ties::PublicOrder);
    }
}

#[test]
fn somebody_is_elected_only_with_a_quorum_in_which_those_abstaining_stand() {
    let mut world = World::ready(68);
    for (votes, adopted) in [
        (vec![vec![0, 2], vec![0, 2]], false),
        (vec![vec![0, 2], vec![0, 0], vec![0, 0]], true),
        (vec![vec![0, 0], vec![0, 0], vec![0, 0]], false),
    ] {
        let opening = world.roll_call_on(question(OneOfMany, 3), &votes);
        let result = world.tally(opening).unwrap();
        assert_eq!(result.electorate, 5);
        assert_eq!(result.quorum_met, votes.len() >= 3);
        assert_eq!(result.adopted, adopted, "{votes:?}");
        let has_votes = votes.iter().any(|vote| *vote != [0, 0]);
        assert_eq!(
            elected(&result),
            if has_votes { vec![1] } else { vec![] },
            "the count stands beside the quorum"
        );
    }
}

#[test]
fn the_order_in_which_seats_vote_leaves_the_result_what_it_is() {
    let hash_of = |order: [u32; 5]| {
        let mut world = World::ready(69);
        let asked = question(Transferable { seats: 2 }, 3);
        let motion = world.notice(world.motion_on(VoteKind::RollCall, asked));
        let opening = world.open(motion);
        for seat in order {
            let vote = [[1, 2, 3], [2, 1, 0], [0, 1, 2], [1, 2, 0], [3, 1, 2]][seat as usize - 1];
            let vote = ByteVec::from(vote.to_vec());
            world.says(seat, &Body::RollCallVote { motion, vote });
        }
        world.await_close(opening);
        world.says(1, &Body::RollCallClosed { motion });
        world.tally(opening).unwrap().hash()
    };
    assert_eq!(hash_of([1, 2, 3, 4, 5]), hash_of([4, 5, 1, 3, 2]));
}

/// Bytes that are often a vote of the form and often are not.
fn some_votes() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let vote = prop_oneof![
        prop::collection::vec(0u8..4, 0..5),
        prop::collection::vec(0u8..4, 3),
        prop::collection::vec(0u8..4, 2),
        prop::collection::vec(0u8..9, 1),
        Just(vec![1, 2, 0]),
        Just(vec![0, 0, 0]),
    ];
    prop::collection::vec(vote, 0..30)
}

proptest! {
    #[test]
    fn equal_votes_give_equal_bytes_in_any_order_and_every_vote_counts_once(
        votes in some_votes(), turn in 0usize..30, public: bool,
    ) {
        let ties = if public { Ties::PublicOrder } else { Ties::Fail };
        let opening = OpeningId::from(Hash::new([6; 32]));
        for (asked, ..) in forms() {
            let counted = |votes: &[Vec<u8>]| {
                let mut count = asked.count().unwrap();
                for vote in votes {
                    let is_vote = asked.is_vote(vote);
                    assert_eq!(count.add(vote), is_vote);
                }
                count.finish(opening, ties)
            };
            let result = counted(&votes);
            let spoilt = votes.iter().filter(|vote| !asked.is_vote(vote)).count();
            prop_assert_eq!(result.turnout().spoilt as usize, spoilt);
            prop_assert_eq!(result.total() as usize, votes.len());
            prop_assert_eq!(result.turnout().total(), result.total());
            prop_assert_eq!(decode_canonical::<Votes>(&encode(&result)), Ok(result.clone()));
            let mut turned = votes.clone();
            turned.rotate_left(turn.min(votes.len()));
            turned.reverse();
            prop_assert_eq!(encode(&counted(&turned)), encode(&result));
        }
    }
}

#[test]
fn a_ballot_that_does_not_open_is_spoilt_in_every_count() {
    for (asked, votes, _) in forms() {
        let mut count = asked.count().unwrap();
        count.add(&votes[0]);
        count.add_unopened();
        let counted = count.finish(OpeningId::from(Hash::new([6; 32])), Ties::Fail);
        assert_eq!(counted.turnout(), turnout(1, 0, 1), "{asked:?}");
    }
}

#[test]
fn a_majority_says_nothing_of_options_and_the_quorum_says_the_same_of_all() {
    let rule = Rule {
        quorum: Fraction::new(1, 2),
        majority: Majority::Simple,
    };
    let mut count = question(OneOfMany, 2).count().unwrap();
    for vote in [[0, 1], [0, 1], [0, 2]] {
        count.add(&vote);
    }
    let votes = count.finish(OpeningId::from(Hash::new([6; 32])), Ties::Fail);
    assert!(rule.quorum_met(&votes, 6) && !rule.quorum_met(&votes, 7));
    assert!(rule.adopts(&votes, 6) && !rule.adopts(&votes, 7));
    assert!(rule.fits(&question(OneOfMany, 2)));
    assert_eq!(Choice::Against.to_vote().to_vec(), [2]);
}
