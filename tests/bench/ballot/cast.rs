//! Casting: sealing a choice and proving a ballot, on one thread.

use crate::Outcome;
use crate::clock::{Clock, least, median};
use crate::election::{Election, rng};
use ballot::{prove, verify};
use serde_json::json;

pub(crate) fn run(members: usize, repeats: usize) -> Outcome<()> {
    let election = Election::new(members)?;
    let (mut wall, mut cpu) = (Vec::new(), Vec::new());
    for repeat in 0..repeats {
        let place = repeat * 7_919 % members;
        let secret = election.secrets.get(place).ok_or("no such member")?;
        let mut rng = rng(members + place);
        let mut clock = Clock::start();
        let sealed = election.sealed(place, &mut rng).ok_or("no choice")?;
        let ballot = prove(&election.event, secret, &sealed, &mut rng)?;
        let lap = clock.lap();
        verify(&election.event, &ballot)?;
        wall.push(lap.wall_s * 1e3);
        cpu.push(lap.cpu_s * 1e3);
    }
    println!(
        "{}",
        json!({
            "roll": members,
            "cast_ms": median(wall.clone()),
            "cast_least_ms": least(wall),
            "cast_cpu_ms": median(cpu.clone()),
            "cast_cpu_least_ms": least(cpu),
        })
    );
    Ok(())
}
