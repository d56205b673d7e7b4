//! Clocks that differ.

use super::world::World;
use crate::views::NoticeCode;

const DAY_MS: i64 = 24 * 3_600_000;

#[test]
fn a_clock_that_is_wrong_in_either_direction_is_said_so_until_it_is_right() {
    for off_ms in [2 * DAY_MS, -2 * DAY_MS] {
        let mut world = World::new(171, 2);
        world.relay.clock_off_ms = off_ms;
        world.found(2);
        world.run_ms(10_000);
        let overview = world.overview(1);
        assert_eq!(overview.notice, Some(NoticeCode::ClockWrong));
        let skew_ms = overview.connection.clock_skew_ms.expect("it is told");
        assert!((skew_ms - off_ms).abs() < 60_000, "{skew_ms}");

        world.relay.clock_off_ms = 0;
        world.run_ms(150_000);
        let overview = world.overview(1);
        assert_eq!(overview.notice, None);
        assert_eq!(overview.connection.clock_skew_ms, None);
    }
}

#[test]
fn a_few_seconds_are_no_matter() {
    let mut world = World::new(172, 2);
    world.relay.clock_off_ms = -20_000;
    world.found(2);
    world.run_ms(10_000);
    assert_eq!(world.overview(0).connection.clock_skew_ms, None);
}

#[test]
fn statements_count_although_the_logs_clock_is_days_from_ones_own() {
    for off_ms in [3 * DAY_MS, -3 * DAY_MS] {
        let mut world = World::new(173, 2);
        world.relay.stamps_off_ms = off_ms;
        world.found(2);
        for who in 0..2 {
            assert!(
                world
                    .overview(who)
                    .assembly
                    .is_some_and(|assembly| assembly.seats == 2)
            );
        }
    }
}

#[test]
fn what_is_said_first_counts_although_the_clock_is_days_ahead() {
    let mut world = World::new(179, 3);
    world.relay.stamps_off_ms = -3 * DAY_MS;
    world.found(3);
    world.run_ms(30_000);
    // What the logs had taught the device is forgotten with the process.
    world.restart(2);
    world.propose(2, "Anything");
    world.until("all see it", 120_000, |world| {
        (0..3).all(|who| world.motions(who).iter().any(|motion| motion.title == "Anything"))
    });
}
