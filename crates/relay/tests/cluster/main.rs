//! Three NATS servers and relay processes over them, under load, each killed in turn: nothing answered is lost, order
//! holds, all checkpoints given out agree, clients carry on.
//!
//! `cargo xtask cluster` runs the long version (`VECHE_SECONDS`); what is here runs in every test.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "the helpers of tests fail like tests, and long runs tell how far they are"
)]
#![allow(dead_code, reason = "the load and the judge are those of the crash tests")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../crash/judge.rs"]
mod judge;
#[path = "../crash/ledger.rs"]
mod ledger;
#[path = "../crash/load.rs"]
mod load;
mod world;

use std::time::{Duration, Instant};
use world::{Victim, World};

const ALL: [Victim; 5] = [
    Victim::Node(0),
    Victim::Relay(0),
    Victim::Node(1),
    Victim::Relay(1),
    Victim::Node(2),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_and_a_relay_process_are_killed_and_nothing_is_lost() {
    let mut world = World::start(1, 3).await;
    for victim in &ALL[..2] {
        world.kill_and_start(*victim).await;
    }
    let tally = world.close().await;
    assert!(tally.answered > 50 && tally.checkpoints > 20, "{tally:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: cargo xtask cluster"]
async fn everything_is_killed_in_turn() {
    let seconds = std::env::var("VECHE_SECONDS").map_or(0, |text| text.parse().unwrap());
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut world = World::start(2, 8).await;
    let mut kills = 0;
    // Everything once at least.
    while kills < ALL.len() || Instant::now() < until {
        let pause = world.kill_and_start(ALL[kills % ALL.len()]).await;
        kills += 1;
        println!(
            "kill {kills}, {:?}: the next answer after {:.1} s; {} answers so far",
            ALL[(kills - 1) % ALL.len()],
            pause.as_secs_f64(),
            world.answers()
        );
    }
    let tally = world.close().await;
    println!("{kills} kills: {tally:?}");
}
