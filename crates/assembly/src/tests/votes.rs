//! Votes from the opening to the result.

use primitives::{Hash, SeatNumber};
use tlog::Entry;

use super::rejected;
use crate::counting::Ties;
use crate::fold::{Phase, VoidReason};
use crate::motion::{Choice, Counts, VoteKind};
use crate::question::Question;
use crate::rejection::Rejection;
use crate::result::Way;
use crate::statement::Body;
use crate::tally::{TallyError, count_ballots, valid_ballots};
use crate::testing::World;

use Choice::{Abstain, Against, For};

fn counts(votes_for: u32, votes_against: u32, votes_abstain: u32) -> Counts {
    Counts {
        votes_for,
        votes_against,
        votes_abstain,
        spoilt: 0,
    }
}

#[test]
fn a_roll_call_is_counted_by_name() {
    let mut world = World::ready(41);
    let opening = world.roll_call(&[For, Against, Abstain, For]);
    let result = world.tally(opening).unwrap();
    assert_eq!(result.votes.choices().copied().unwrap(), counts(2, 1, 1));
    assert!(result.adopted && result.quorum_met);
}

#[test]
fn asm_28_only_electors_vote() {
    let mut world = World::ready(42);
    let late = world.notice(world.motion_text(VoteKind::RollCall));
    let opening = world.open(late);
    let seat = world.admit("Late", crate::Role::Deputy);
    let vote = Body::RollCallVote {
        motion: late,
        vote: For.to_vote(),
    };
    assert_eq!(rejected(&world.say(seat, &vote)), Rejection::NotInElectorate);
    assert!(
        !world
            .assembly
            .opening(opening)
            .unwrap()
            .1
            .has_elector(SeatNumber(seat))
    );
}

#[test]
fn asm_29_the_first_named_vote_counts() {
    let mut world = World::ready(43);
    let motion = world.notice(world.motion_text(VoteKind::RollCall));
    world.open(motion);
    world.says(
        1,
        &Body::RollCallVote {
            motion,
            vote: For.to_vote(),
        },
    );
    let second = Body::RollCallVote {
        motion,
        vote: Against.to_vote(),
    };
    assert_eq!(rejected(&world.say(1, &second)), Rejection::VotedAlready);
}

#[test]
fn asm_30_a_vote_at_the_close_is_too_late() {
    let mut world = World::ready(44);
    let motion = world.notice(world.motion_text(VoteKind::RollCall));
    let secret = world.notice(world.motion_text(VoteKind::Secret));
    let opening = world.open(motion);
    let box_opening = world.open(secret);
    let closes = world.assembly.opening(opening).unwrap().1.closes;
    world.now = primitives::Time(closes.0 - 2);
    world.says(
        1,
        &Body::RollCallVote {
            motion,
            vote: For.to_vote(),
        },
    );
    let late = Body::RollCallVote {
        motion,
        vote: For.to_vote(),
    };
    assert_eq!(rejected(&world.say(2, &late)), Rejection::VoteNotOpen);
    let ballot = world.ballot(1, box_opening, &[1]);
    world.await_close(box_opening);
    let late = Body::BallotForwarded {
        opening: box_opening,
        ballot,
    };
    assert_eq!(rejected(&world.say(2, &late)), Rejection::VoteNotOpen);
}

#[test]
fn asm_31_nothing_closes_early_or_after_the_charters_time() {
    let mut world = World::ready(45);
    let motion = world.notice(world.motion_text(VoteKind::RollCall));
    world.open(motion);
    assert_eq!(
        rejected(&world.say(1, &Body::RollCallClosed { motion })),
        Rejection::CloseUntimely
    );
    let secret = world.notice(world.motion_text(VoteKind::Secret));
    let opening = world.open(secret);
    let early = world.box_closed(opening);
    assert_eq!(rejected(&world.say(1, &early)), Rejection::CloseUntimely);
    world.seal_box(opening);
    world.tick(world.assembly.charter().closing_ms);
    let late = world.box_closed(opening);
    assert_eq!(rejected(&world.say(1, &late)), Rejection::CloseUntimely);
    assert_eq!(
        world.assembly.motion(secret).unwrap().phase,
        Phase::Void(VoidReason::NotClosedInTime)
    );
}

#[test]
fn a_secret_vote_is_counted_from_the_box_by_any_threshold_of_trustees() {
    for trustees in [[1, 2], [3, 1], [2, 3]] {
        let mut world = World::ready(46);
        let motion = world.notice(world.motion_text(VoteKind::Secret));
        let opening = world.open(motion);
        for (seat, choice) in [(1, For), (2, Against), (3, For), (4, Abstain)] {
            world.cast(seat, opening, choice);
        }
        assert_eq!(world.tally(opening), Err(TallyError::NotDecided));
        world.close(opening, &trustees);
        let result = world.tally(opening).unwrap();
        assert_eq!(result.votes.choices().copied().unwrap(), counts(2, 1, 1));
        assert_eq!(result.findings, []);
        assert_eq!(result.hash(), world.tally(opening).unwrap().hash());
        assert_eq!(world.assembly.motion(motion).unwrap().phase, Phase::Decided);
    }
}

#[test]
fn a_ballot_has_the_length_that_the_box_record_states() {
    let mut world = World::ready(47);
    let motion = world.notice(world.motion_text(VoteKind::Secret));
    let opening = world.open(motion);
    let ballot = world.ballot(1, opening, &For.to_plaintext());
    assert!(world.boxes[&opening].record.allows_len(ballot.len()));
}

#[test]
fn a_forwarded_ballot_counts_once_and_after_the_box() {
    let mut world = World::ready(48);
    let motion = world.notice(world.motion_text(VoteKind::Secret));
    let opening = world.open(motion);
    world.cast(1, opening, For);
    world.cast(2, opening, For);
    let forwarded = world.ballot(3, opening, &Against.to_plaintext());
    world.says(
        5,
        &Body::BallotForwarded {
            opening,
            ballot: forwarded,
        },
    );
    let second = world.ballot(1, opening, &Against.to_plaintext());
    world.says(
        5,
        &Body::BallotForwarded {
            opening,
            ballot: second,
        },
    );
    world.close(opening, &[1, 2]);
    let result = world.tally(opening).unwrap();
    assert_eq!(result.votes.choices().copied().unwrap(), counts(2, 1, 0));
    assert_eq!(result.findings.len(), 1);
    assert_eq!(
        (result.findings[0].way, result.findings[0].rule.as_str()),
        (Way::Journal, "TAL-01")
    );
}

#[test]
fn what_is_no_ballot_or_no_choice_is_named_and_not_counted() {
    let mut world = World::ready(49);
    let motion = world.notice(world.motion_text(VoteKind::Secret));
    let opening = world.open(motion);
    for seat in 1..=3 {
        world.cast(seat, opening, For);
    }
    let spoilt = world.ballot(4, opening, &[9]);
    world.put_in_box(opening, spoilt.clone());
    let mut broken = world.ballot(5, opening, &[1]);
    *broken.last_mut().unwrap() ^= 1;
    world.put_in_box(opening, broken.clone());
    world.put_in_box(opening, b"noise".to_vec());
    let index_of = |bytes: &[u8]| {
        let entries = &world.boxes[&opening].entries;
        u32::try_from(entries.iter().position(|entry| entry.bytes == bytes).unwrap()).unwrap()
    };
    let (broken, noise) = (index_of(&broken), index_of(b"noise"));
    world.await_close(opening);
    let late = world.ballot(5, opening, &[1]);
    let after = world.now.after(1);
    world.boxes.get_mut(&opening).unwrap().entries.push(Entry {
        time: after,
        bytes: late,
    });
    world.tick(1);
    world.close(opening, &[1, 2]);
    let result = world.tally(opening).unwrap();
    assert_eq!(
        result.votes.choices().copied().unwrap(),
        Counts {
            votes_for: 3,
            spoilt: 1,
            ..Counts::default()
        }
    );
    let rules: Vec<_> = result
        .findings
        .iter()
        .map(|finding| (finding.index, finding.rule.as_str()))
        .collect();
    assert_eq!(rules.len(), 3);
    assert!(rules.contains(&(noise, "BAL-01")));
    assert!(
        rules
            .iter()
            .any(|(index, rule)| *index == broken && rule.starts_with("BAL-"))
    );
    assert_eq!(rules[2], (6, "TAL-02"));
}

#[test]
fn asm_32_and_asm_33_a_box_is_closed_by_its_own_checkpoint_with_a_quorum_and_no_vote_less() {
    let mut world = World::ready(50);
    let motion = world.notice(world.motion_text(VoteKind::Secret));
    let opening = world.open(motion);
    world.seal_box(opening);
    let checkpoint = world.checkpoint(&world.boxes[&opening]);
    let signed = checkpoint.sign(&world.checkpoint_key);
    let journal = world.journal_checkpoint();
    let cosignatures = world.cosign_all(&checkpoint);
    let of_journal = Body::BoxClosed {
        opening,
        checkpoint: journal,
        cosignatures: cosignatures.clone(),
    };
    assert_eq!(rejected(&world.say(1, &of_journal)), Rejection::BoxCheckpoint);
    let unsigned = checkpoint.sign(world.device(1));
    let by_another = Body::BoxClosed {
        opening,
        checkpoint: unsigned,
        cosignatures,
    };
    assert_eq!(rejected(&world.say(1, &by_another)), Rejection::BoxCheckpoint);
    let twice = world.cosign(&checkpoint, &[1, 2, 2]);
    let below = Body::BoxClosed {
        opening,
        checkpoint: signed.clone(),
        cosignatures: twice,
    };
    assert_eq!(rejected(&world.say(1, &below)), Rejection::NoQuorum);
    let quorum = world.cosign(&checkpoint, &[1, 2, 3]);
    world.says(
        1,
        &Body::BoxClosed {
            opening,
            checkpoint: signed,
            cosignatures: quorum,
        },
    );
}

#[test]
fn asm_34_a_share_comes_once_from_its_holder_after_the_close_and_a_bad_one_is_a_finding() {
    let mut world = World::ready(51);
    let motion = world.notice(world.motion_text(VoteKind::Secret));
    let opening = world.open(motion);
    for seat in 1..=3 {
        world.cast(seat, opening, For);
    }
    world.seal_box(opening);
    let body = world.box_closed(opening);
    world.says(1, &body);
    let share = world.share(1, opening);
    assert_eq!(rejected(&world.say(4, &share)), Rejection::ShareUnfit);
    let Body::ShareReleased { share: mut bad, .. } = world.share(2, opening) else {
        unreachable!()
    };
    bad.share[0] ^= 1;
    world.says(2, &Body::ShareReleased { opening, share: bad });
    world.says(1, &share);
    assert_eq!(rejected(&world.say(1, &share)), Rejection::ShareUnfit);
    assert_eq!(world.assembly.motion(motion).unwrap().phase, Phase::Closed);
    let third = world.share(3, opening);
    world.says(3, &third);
    let (_, _, secret) = world.assembly.secret_vote_of(opening).unwrap();
    assert_eq!(secret.bad_shares, [SeatNumber(2)]);
    assert_eq!(
        world.tally(opening).unwrap().votes.choices().copied().unwrap(),
        counts(3, 0, 0)
    );
}

#[test]
fn tal_05_too_few_ballots_have_no_result_even_if_shares_are_released() {
    let mut world = World::ready(52);
    let opening = world.secret_vote(&[For, For]);
    assert_eq!(
        world.tally(opening),
        Err(TallyError::BelowFloor { ballots: 2, floor: 3 })
    );
}

#[test]
fn without_shares_in_the_charters_time_the_motion_is_void() {
    let mut world = World::ready(53);
    let motion = world.notice(world.motion_text(VoteKind::Secret));
    let opening = world.open(motion);
    world.seal_box(opening);
    let body = world.box_closed(opening);
    world.says(1, &body);
    world.tick(20_000);
    world.post_bytes(b"anything".to_vec());
    assert_eq!(
        world.assembly.motion(motion).unwrap().phase,
        Phase::Void(VoidReason::NotUnsealed)
    );
}

#[test]
fn tal_03_and_tal_04_a_box_that_is_another_or_not_closed_is_not_counted() {
    let mut world = World::ready(54);
    let opening = world.secret_vote(&[For, For, For]);
    world.boxes.get_mut(&opening).unwrap().entries.swap(0, 1);
    assert_eq!(world.tally(opening), Err(TallyError::OtherBox));

    let mut world = World::ready(54);
    let motion = world.notice(world.motion_text(VoteKind::Secret));
    let opening = world.open(motion);
    world.cast(1, opening, For);
    world.await_close(opening);
    let body = world.box_closed(opening);
    world.says(1, &body);
    assert_eq!(world.tally(opening), Err(TallyError::NotClosed));
}

#[test]
fn tal_06_shares_that_do_not_open_the_votes_key_give_no_result() {
    let mut world = World::ready(57);
    let opening = world.secret_vote(&[For, For, For]);
    let (_, of, secret) = world.assembly.secret_vote_of(opening).unwrap();
    let entries = world.boxes[&opening].entries.clone();
    let mut secret = secret.clone();
    let valid = valid_ballots(&world.assembly, opening, &entries, &mut world.rng).unwrap();
    let mut count = Question::ForAgainstAbstain.count().unwrap();
    count_ballots(of, &secret, &valid.ballots, &mut count).unwrap();
    assert_eq!(count.finish(opening, Ties::Fail).total(), 3);
    secret.shares.pop_first();
    let error = count_ballots(of, &secret, &valid.ballots, &mut count).unwrap_err();
    assert_eq!(error, TallyError::Shares);
    assert!(error.to_string().starts_with("TAL-06"));
}

#[test]
fn log_11_a_ballot_out_of_its_place_is_a_finding_and_counts() {
    let mut world = World::ready(58);
    let motion = world.notice(world.motion_text(VoteKind::Secret));
    let opening = world.open(motion);
    for seat in 1..=4 {
        world.cast(seat, opening, For);
    }
    let entries = &mut world.boxes.get_mut(&opening).unwrap().entries;
    let slot = entries[0].time;
    assert!(entries.iter().all(|entry| entry.time == slot));
    entries.swap(0, 1);
    entries[3].time = slot.after(1);
    world.close(opening, &[1, 2]);
    let result = world.tally(opening).unwrap();
    assert_eq!(result.votes.choices().copied().unwrap(), counts(4, 0, 0));
    let findings = result
        .findings
        .iter()
        .map(|finding| (finding.way, finding.index, finding.rule.as_str()));
    assert_eq!(
        findings.collect::<Vec<_>>(),
        [(Way::Box, 1, "LOG-11"), (Way::Box, 3, "LOG-11")]
    );
}

#[test]
fn asm_38_forwarding_has_limits() {
    let mut world = World::ready(55);
    let motion = world.notice(world.motion_text(VoteKind::Secret));
    let opening = world.open(motion);
    let ballot = vec![0; crate::limits::FORWARDED_BYTES_MAX + 1];
    let long = Body::BallotForwarded { opening, ballot };
    assert_eq!(rejected(&world.say(1, &long)), Rejection::ForwardedTooMuch);
}

#[test]
fn a_result_hash_depends_on_every_part_of_it() {
    let mut world = World::ready(56);
    let opening = world.roll_call(&[For, For, For]);
    let result = world.tally(opening).unwrap();
    let other = crate::TallyResult {
        adopted: false,
        ..result.clone()
    };
    assert_ne!(result.hash(), other.hash());
    assert_ne!(result.hash(), Hash::new([0; 32]));
}
