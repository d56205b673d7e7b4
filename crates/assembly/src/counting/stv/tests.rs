//! Transferable votes by example and by property.

use super::*;
use primitives::{Hash, OpeningId};
use proptest::prelude::*;

fn options(numbers: &[u16]) -> Vec<OptionIndex> {
    numbers.iter().map(|number| OptionIndex::new(*number)).collect()
}

/// A count of groups of equal papers, each an order of options.
fn count(number: u16, seats: u16, groups: &[(u32, &[u16])]) -> StvCount {
    let form = StrictOrder::new(number).unwrap();
    let mut count = StvCount::new(form, seats).unwrap();
    for (times, order) in groups {
        let ranking = form.write(&options(order)).unwrap();
        count.add_times(ranking.ranks(), *times).unwrap();
    }
    count
}

fn order(number: u16) -> PublicOrder {
    PublicOrder::new(OpeningId::from(Hash::new([1; 32])), number)
}

fn result(number: u16, seats: u16, groups: &[(u32, &[u16])]) -> StvResult {
    count(number, seats, groups).result(&order(number), Ties::Fail)
}

/// CNT-12, CNT-13, CNT-14, CNT-15, CNT-16: the example of the specification.
#[test]
fn cnt_12_to_cnt_16_a_count_stage_by_stage() {
    // 100 papers, 2 seats: quota 34. Option 0 has 61, a surplus of 27: its papers go on at 27 / 61 = 0.44262.
    let groups: [(u32, &[u16]); 5] = [
        (40, &[0, 1]),
        (11, &[0, 2]),
        (10, &[0]),
        (18, &[2]),
        (21, &[3, 1]),
    ];
    let result = result(4, 2, &groups);
    assert_eq!(result.quota, 34);
    assert_eq!(result.stages[3].elected, options(&[2]));
    let stages: Vec<_> = result
        .stages
        .iter()
        .map(|stage| (stage.act, stage.votes.clone(), stage.lost))
        .collect();
    let expected = [
        (Act::First, vec![6_100_000, 0, 1_800_000, 2_100_000], 0),
        (
            Act::Surplus(OptionIndex::new(0)),
            vec![3_400_000, 40 * 44_262, 1_800_000 + 11 * 44_262, 2_100_000],
            // Ten papers without a next preference, and what rounding down left of 27 votes.
            2_700_000 - 51 * 44_262,
        ),
        (
            Act::Excluded(OptionIndex::new(1)),
            vec![3_400_000, 0, 1_800_000 + 11 * 44_262, 2_100_000],
            2_700_000 - 11 * 44_262,
        ),
        (
            Act::Excluded(OptionIndex::new(3)),
            vec![3_400_000, 0, 1_800_000 + 11 * 44_262, 0],
            2_700_000 - 11 * 44_262 + 2_100_000,
        ),
    ];
    assert_eq!(stages, expected);
    assert_eq!(result.outcome.elected, options(&[0, 2]));
}

#[test]
fn cnt_14_papers_skip_options_that_are_elected_at_the_same_stage() {
    let groups: [(u32, &[u16]); 4] = [(50, &[0, 1, 2]), (40, &[1, 0, 3]), (6, &[2]), (9, &[3])];
    let result = result(4, 3, &groups);
    assert_eq!(result.quota, 27);
    assert_eq!(result.stages[0].elected, options(&[0, 1]));
    assert_eq!(result.stages[1].act, Act::Surplus(OptionIndex::new(0)));
    // 23 / 50 = 0.46 of each of fifty papers, past option 1.
    assert_eq!(
        result.stages[1].votes,
        [2_700_000, 4_000_000, 600_000 + 50 * 46_000, 900_000]
    );
    assert_eq!(result.outcome.elected, options(&[0, 1, 2]));
}

/// CNT-15.
#[test]
fn an_option_elected_with_just_the_quota_has_no_surplus_to_transfer() {
    let groups: [(u32, &[u16]); 4] = [(3, &[0, 1]), (2, &[1]), (2, &[2]), (1, &[3, 2])];
    let result = result(4, 2, &groups);
    let acts: Vec<_> = result.stages.iter().map(|stage| stage.act).collect();
    assert_eq!(acts, [Act::First, Act::Excluded(OptionIndex::new(3))]);
    assert_eq!(result.outcome.elected, options(&[0, 2]));
}

#[test]
fn cnt_17_the_latest_stage_at_which_equals_differed_decides_who_is_excluded() {
    // 3 is excluded first and makes 2 equal to 1; 2 had fewer votes at the stage before.
    let groups: [(u32, &[u16]); 5] = [(9, &[0]), (3, &[1]), (2, &[2]), (1, &[3, 2]), (5, &[4])];
    let result = result(5, 1, &groups);
    let acts: Vec<_> = result.stages.iter().map(|stage| stage.act).collect();
    let excluded = |number| Act::Excluded(OptionIndex::new(number));
    assert_eq!(acts.get(..3), Some(&[Act::First, excluded(3), excluded(2)][..]));
    assert!(!result.outcome.drawn);
}

#[test]
fn cnt_17_a_later_stage_decides_before_an_earlier_one() {
    // 0 is before 1 at first (4 to 3), behind it after 2 is excluded (4 to 5), equal after 3 is (5 to 5).
    let groups: [(u32, &[u16]); 6] = [
        (4, &[0]),
        (3, &[1]),
        (2, &[2, 1]),
        (1, &[3, 0]),
        (2, &[3]),
        (10, &[4]),
    ];
    let result = result(5, 1, &groups);
    let acts: Vec<_> = result.stages.iter().map(|stage| stage.act).collect();
    let excluded = |number| Act::Excluded(OptionIndex::new(number));
    assert_eq!(acts.get(1..4), Some(&[excluded(2), excluded(3), excluded(0)][..]));
    assert!(!result.outcome.drawn);
}

#[test]
fn cnt_17_equal_surpluses_go_by_earlier_stages_and_then_by_the_public_order() {
    // The public order has `second` first, so that it is seen not to decide where a stage does.
    let second = order(5).first(&options(&[0, 1])).unwrap().number();
    let first = 1 - second;
    let (to_first, to_second) = ([2, first, 3], [2, second, 4]);
    let groups: [(u32, &[u16]); 6] = [
        (7, &[first, 3]),
        (6, &[second, 4]),
        (2, &to_first),
        (3, &to_second),
        (6, &[3]),
        (6, &[4]),
    ];
    let by_stage = result(5, 3, &groups);
    assert_eq!(by_stage.quota, 8);
    assert_eq!(by_stage.stages[1].elected, options(&[first, second]));
    assert_eq!(by_stage.stages[2].act, Act::Surplus(OptionIndex::new(first)));

    let groups: [(u32, &[u16]); 4] = [(10, &[0, 2]), (10, &[1, 3]), (4, &[2]), (3, &[3])];
    let drawn = result(4, 3, &groups);
    let preferred = order(4).first(&options(&[0, 1])).unwrap();
    assert_eq!(drawn.stages[1].act, Act::Surplus(preferred));
    assert_eq!(drawn.stages[0].elected[0], preferred);
    assert!(drawn.outcome.drawn);
}

#[test]
fn cnt_18_a_tie_that_decides_the_last_seat_leaves_it_empty() {
    let groups: [(u32, &[u16]); 3] = [(6, &[0]), (2, &[1]), (2, &[2])];
    let failed = result(3, 2, &groups).outcome;
    assert_eq!((failed.elected, failed.tied), (options(&[0]), options(&[1, 2])));
    let order = order(3);
    let drawn = count(3, 2, &groups).result(&order, Ties::PublicOrder).outcome;
    let first = order.first(&options(&[1, 2])).unwrap();
    assert_eq!(drawn.elected, [OptionIndex::new(0), first]);
    assert!(drawn.drawn && drawn.tied.is_empty());
}

#[test]
fn a_tie_among_those_far_behind_does_not_stop_the_count() {
    let groups: [(u32, &[u16]); 4] = [(5, &[0]), (4, &[1]), (1, &[2, 0]), (1, &[3, 0])];
    let result = result(4, 1, &groups);
    assert_eq!(result.outcome.elected, options(&[0]));
    assert!(result.outcome.drawn && result.outcome.tied.is_empty());
}

#[test]
fn cnt_08_without_a_valid_ballot_nobody_is_elected() {
    let mut count = count(3, 2, &[]);
    assert_eq!(count.add(&[0, 0, 0]), Ok(()));
    assert_eq!(count.add(&[1, 1, 0]), Err(Spoilt::RankRepeated));
    let result = count.result(&order(3), Ties::PublicOrder);
    assert_eq!((result.quota, result.outcome), (1, Outcome::default()));
    assert_eq!((count.turnout().abstain, count.turnout().spoilt), (1, 1));
}

/// CNT-07.
#[test]
fn abstentions_and_spoilt_ballots_do_not_raise_the_quota() {
    let mut count = count(3, 1, &[(5, &[0]), (4, &[1])]);
    let before = count.result(&order(3), Ties::Fail);
    count.add_times(&[0, 0, 0], 50).unwrap();
    count.add_times(&[9, 9, 9], 50).unwrap_err();
    assert_eq!(before.quota, 5);
    assert_eq!(count.result(&order(3), Ties::Fail), before);
}

#[test]
fn seats_are_fewer_than_options() {
    let form = StrictOrder::new(3).unwrap();
    assert_eq!(StvCount::new(form, 0).err(), Some(BadForm::Seats));
    assert_eq!(StvCount::new(form, 3).err(), Some(BadForm::Seats));
    assert!(StvCount::new(form, 2).is_ok());
}

prop_compose! {
    /// Papers over six options: an order of all of them, cut short.
    fn papers(most: usize)(
        papers in prop::collection::vec(
            (1u32..30, Just((0u16..6).collect::<Vec<_>>()).prop_shuffle(), 1usize..7), 1..most,
        ),
    ) -> Vec<(u32, Vec<u16>)> {
        let cut = |(times, mut order, len): (u32, Vec<u16>, usize)| {
            order.truncate(len);
            (times, order)
        };
        papers.into_iter().map(cut).collect()
    }
}

fn counted(seats: u16, papers: &[(u32, Vec<u16>)], ties: Ties) -> StvResult {
    let groups: Vec<(u32, &[u16])> = papers
        .iter()
        .map(|(times, order)| (*times, order.as_slice()))
        .collect();
    count(6, seats, &groups).result(&order(6), ties)
}

proptest! {
    #[test]
    fn all_seats_are_filled_and_no_vote_is_made_or_lost_unseen(papers in papers(12), seats in 1u16..6) {
        let result = counted(seats, &papers, Ties::PublicOrder);
        prop_assert_eq!(result.outcome.elected.len(), usize::from(seats));
        let total: u64 = papers.iter().map(|(times, _)| u64::from(*times) * VOTE).sum();
        let mut lost = 0;
        for stage in &result.stages {
            prop_assert_eq!(stage.votes.iter().sum::<u64>() + stage.lost, total);
            prop_assert!(stage.lost >= lost);
            lost = stage.lost;
        }
        let mut elected: Vec<_> = result.stages.iter().flat_map(|stage| stage.elected.clone()).collect();
        prop_assert_eq!(&elected, &result.outcome.elected);
        elected.sort_unstable();
        elected.dedup();
        prop_assert_eq!(elected.len(), usize::from(seats));
    }

    #[test]
    fn the_quota_is_the_least_whole_number_that_too_many_cannot_reach(
        papers in papers(12), seats in 1u16..6,
    ) {
        let result = counted(seats, &papers, Ties::PublicOrder);
        let voters: u32 = papers.iter().map(|(times, _)| times).sum();
        prop_assert!(result.quota * (u32::from(seats) + 1) > voters);
        prop_assert!((result.quota - 1) * (u32::from(seats) + 1) <= voters);
    }

    #[test]
    fn who_has_the_quota_of_first_preferences_is_elected(papers in papers(8), seats in 1u16..6) {
        let result = counted(seats, &papers, Ties::Fail);
        for (option, votes) in OptionIndex::all(6).zip(&result.stages[0].votes) {
            if *votes >= u64::from(result.quota) * VOTE {
                prop_assert!(result.stages[0].elected.contains(&option));
                prop_assert!(result.outcome.elected.contains(&option));
            }
        }
    }

    #[test]
    fn a_block_of_k_quotas_that_ranks_the_same_k_options_first_elects_them(
        papers in papers(8), block in 1usize..4, more in 0usize..3, turn in 0usize..6,
    ) {
        // Solid coalitions (Droop). A few papers more than k quotas pay for what rounding down loses.
        let seats = block + more;
        prop_assume!(seats < 6);
        let others: u32 = papers.iter().map(|(times, _)| times).sum();
        let seats_wide = u32::try_from(seats).unwrap();
        let k = u32::try_from(block).unwrap();
        // The block b has b >= k (floor((b + others) / (seats + 1)) + 1) + 1.
        let size = (1u32..100_000)
            .find(|size| *size > k * ((size + others) / (seats_wide + 1) + 1))
            .unwrap_or_default();
        prop_assume!(size > 0);
        let mut all = papers;
        for at in 0..block {
            let mut order: Vec<u16> = (0..u16::try_from(block).unwrap()).collect();
            order.rotate_left((at + turn) % block);
            let share = size / k + u32::from(u32::try_from(at).unwrap() < size % k);
            all.push((share, order));
        }
        let result = counted(u16::try_from(seats).unwrap(), &all, Ties::Fail);
        for member in options(&[0, 1, 2]).into_iter().take(block) {
            prop_assert!(result.outcome.elected.contains(&member));
        }
    }

    #[test]
    fn neither_the_order_of_papers_nor_their_grouping_matters(papers in papers(12), seats in 1u16..6) {
        let expected = counted(seats, &papers, Ties::Fail);
        let mut single: Vec<(u32, Vec<u16>)> = papers
            .iter()
            .flat_map(|(times, order)| std::iter::repeat_n((1, order.clone()), usize::try_from(*times).unwrap()))
            .collect();
        single.reverse();
        prop_assert_eq!(counted(seats, &single, Ties::Fail), expected);
    }
}
