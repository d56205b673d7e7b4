//! A relay lies in one way about one log to some of the members, who go on talking: somebody finds out and can prove it, and all
//! are told.
//!
//! `VECHE_SEEDS=FROM..TO` chooses the seeds (`cargo xtask lies`); two are tried otherwise. What was caught, by whom and after how many
//! messages is printed.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests"
)]
#![allow(clippy::print_stdout, reason = "the table is what is asked for")]

mod world;

use primitives::LogId;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};
use std::collections::BTreeMap;
use std::ops::Range;
use world::{Lie, World};

const MEMBERS: usize = 4;
/// Most messages that are said until a lie is caught.
const MESSAGES_MAX: u32 = 30;
/// So long after somebody has caught it all know.
const TOLD_MS: u64 = 180_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum About {
    Journal,
    Plenary,
}

/// Who caught a lie, and after how many messages.
struct Caught {
    victims: bool,
    others: bool,
    after: u32,
}

fn seeds() -> Range<u64> {
    let Ok(text) = std::env::var("VECHE_SEEDS") else {
        return 0..2;
    };
    let (from, to) = text.split_once("..").unwrap();
    from.parse().unwrap()..to.parse().unwrap()
}

fn founded() -> World {
    let mut world = World::new(5, MEMBERS);
    world.found(MEMBERS);
    world.until("keys", 300_000, |world| {
        world.overview(MEMBERS - 1).assembly.unwrap().sealing_keys > 0
    });
    world.say(0, "the first");
    world.until("all have it", 60_000, |world| {
        (0..MEMBERS).all(|who| world.texts(who) == ["the first"])
    });
    world
}

/// The log of the plenary: the one that grows when somebody speaks there.
fn plenary_log(world: &mut World) -> LogId {
    let before = world.relay.sizes();
    world.say(0, "the second");
    world.until("all have it", 60_000, |world| {
        (0..MEMBERS).all(|who| world.texts(who).len() == 2)
    });
    let after = world.relay.sizes();
    let mut grown = after
        .iter()
        .filter(|(id, (size, kept))| !kept && before.get(*id).is_some_and(|(before, _)| before < size));
    *grown.next().unwrap().0
}

fn has_proof(world: &mut World, who: usize) -> bool {
    world
        .overview(who)
        .evidence
        .iter()
        .any(|evidence| evidence.by.is_none())
}

fn lied_to(founded: &mut World, plenary: LogId, about: About, lie: Lie, seed: u64) -> Caught {
    let mut world = founded.again(seed);
    let mut chance = ChaCha20Rng::seed_from_u64(seed);
    let mut below = |bound: u64| chance.next_u64() % bound;
    let count = 1 + below(MEMBERS as u64 - 1) as usize;
    let victims: Vec<usize> = (MEMBERS - count..MEMBERS).collect();
    let log = match about {
        About::Journal => world.relay.first_log.unwrap(),
        About::Plenary => plenary,
    };
    world.run_ms(3_000 + below(3_000));
    let read = world.relay.sizes()[&log].0;
    world.cut.extend(&victims);
    // What the victims have not read yet: at least two entries, by one who is not lied to.
    for word in 0..2 + below(3) {
        match about {
            About::Journal => world.propose(0, &format!("proposal {word}")),
            About::Plenary => world.say(0, &format!("while they are away {word}")),
        }
        world.run_ms(1_500);
    }
    assert!(world.relay.sizes()[&log].0 >= read + 2, "nothing was written");
    let mut other = world.relay.clone();
    other.lies(log, lie, read);
    // Of a dropped entry its author is told, too, that it is not there.
    let mut told: Vec<usize> = victims.clone();
    if lie == Lie::Dropped && below(2) == 0 {
        told.push(0);
    }
    world.lie = Some((other, told.iter().copied().collect(), log));
    world.cut.clear();
    let mut after = 0;
    loop {
        world.run_ms(2_500);
        let proofs: Vec<usize> = (0..MEMBERS).filter(|who| has_proof(&mut world, *who)).collect();
        if !proofs.is_empty() {
            let knows = |world: &mut World, who| !world.overview(who).evidence.is_empty();
            world.until("all are told", TOLD_MS, |world| {
                (0..MEMBERS).all(|who| knows(world, who))
            });
            return Caught {
                victims: proofs.iter().any(|who| told.contains(who)),
                others: proofs.iter().any(|who| !told.contains(who)),
                after,
            };
        }
        assert!(
            after < MESSAGES_MAX,
            "{lie:?} about the {about:?} to {told:?} is not caught: {}",
            world.report()
        );
        after += 1;
        let who = below(MEMBERS as u64) as usize;
        world.say(who, &format!("message {after}"));
    }
}

#[test]
fn every_lie_is_caught_by_somebody_and_told_to_all() {
    let mut founded = founded();
    let plenary = plenary_log(&mut founded);
    let mut table: BTreeMap<(About, String), Vec<Caught>> = BTreeMap::new();
    for seed in seeds() {
        for about in [About::Journal, About::Plenary] {
            for lie in Lie::ALL {
                println!("seed {seed}: {lie:?} about the {about:?}");
                let caught = lied_to(&mut founded, plenary, about, lie, seed);
                table.entry((about, format!("{lie:?}"))).or_default().push(caught);
            }
        }
    }
    println!("log       lie         runs  by those lied to  by the others  messages (median, most)");
    for ((about, lie), all) in &table {
        let mut after: Vec<u32> = all.iter().map(|caught| caught.after).collect();
        after.sort_unstable();
        println!(
            "{:<9} {lie:<10} {:>5}  {:>16}  {:>13}  {:>8}, {}",
            format!("{about:?}"),
            all.len(),
            all.iter().filter(|caught| caught.victims).count(),
            all.iter().filter(|caught| caught.others).count(),
            after[after.len() / 2],
            after[after.len() - 1],
        );
    }
}

#[test]
fn an_honest_relay_is_accused_of_nothing() {
    let mut founded = founded();
    for seed in seeds() {
        let mut world = founded.again(seed);
        world.weather.lost_percent = 10;
        world.weather.doubled_percent = 10;
        world.weather.delay_max_ms = 3_000;
        for word in 0..8 {
            let who = (seed as usize + word) % MEMBERS;
            world.say(who, &format!("word {word}"));
            if word % 3 == 0 {
                world.propose(who, &format!("proposal {word}"));
                world.restart((who + 1) % MEMBERS);
            }
            world.run_ms(2_000);
        }
        world.run_ms(60_000);
        for who in 0..MEMBERS {
            assert_eq!(world.overview(who).evidence, [], "seed {seed}, member {who}");
        }
    }
}
