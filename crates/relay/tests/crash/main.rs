//! A relay that is killed at any moment, or whose power is cut, has everything that it answered, and contradicts nothing.
//!
//! `cargo xtask crash` runs the long versions (`VECHE_ROUNDS`, `VECHE_CUTS`); what is here runs in every test.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "the helpers of tests fail like tests, and long runs tell how far they are"
)]

#[path = "../common/mod.rs"]
mod common;
mod cuts;
mod disk;
mod judge;
mod ledger;
mod load;
mod rounds;
mod trace;

use cuts::{Plan, Run};

const SHORT: Plan = Plan {
    seed: 1,
    lives: 2,
    connections: 3,
    appends: 6,
    ballots: 3,
};

/// A number from the environment, where the long versions get theirs.
fn asked(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_killed_twenty_times_has_everything_that_it_answered() {
    let tally = rounds::play(0, 20, 8).await;
    assert!(tally.answered > 100 && tally.retried > 100, "{tally:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_at_any_sync_takes_nothing_that_was_answered() {
    let run = Run::record(SHORT).await;
    let (cuts, faults) = run.cut(asked("VECHE_CUTS", 100), 1);
    assert!(cuts > 120);
    assert!(faults.is_empty(), "{} of {cuts}: {faults:#?}", faults.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_convicts_a_relay_that_does_not_sync() {
    let run = Run::record(SHORT).await.without_syncs();
    let (cuts, faults) = run.cut(60, 2);
    assert!(faults.len() > 10, "{} of {cuts}", faults.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: cargo xtask crash"]
async fn many_rounds() {
    let from = asked("VECHE_FROM", 1000);
    let rounds = asked("VECHE_ROUNDS", 0);
    let tally = rounds::play(from, from + rounds, 12).await;
    println!("{rounds} rounds from {from}: {tally:?}");
    assert!(rounds == 0 || tally.answered > rounds);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: cargo xtask crash"]
async fn many_power_cuts() {
    let (from, wanted) = (asked("VECHE_FROM", 1000), asked("VECHE_CUTS", 0));
    let (mut done, mut seed) = (0, from);
    while done < wanted {
        let run = Run::record(Plan {
            seed,
            lives: 3,
            connections: 6,
            appends: 25,
            ballots: 8,
        })
        .await;
        let (cuts, faults) = run.cut(500, seed);
        assert!(
            faults.is_empty(),
            "seed {seed}: {} of {cuts}: {faults:#?}",
            faults.len()
        );
        (done, seed) = (done + cuts, seed + 1);
        println!("{done} cuts; the last trace had {} events", run.events.len());
    }
}
