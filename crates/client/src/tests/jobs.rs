//! Long work that comes to nothing is not begun again without end.

use super::world::World;
use crate::state::Stage;
use crate::views::{Choice, VoteKind};

#[test]
fn work_that_is_called_off_waits_before_it_is_begun_again() {
    let mut world = World::new(131, 3);
    world.found(3);
    world.keys_ready();
    let motion = world.open_vote(0, 1, "Secret", VoteKind::Secret);
    world.jobs_cancelled = true;
    world.jobs = vec![0; 3];
    world.vote(0, &motion, Choice::For);
    world.run_ms(12_000);
    assert!((1..=4).contains(&world.jobs[0]), "{:?}", world.jobs);
    world.jobs_cancelled = false;
    let id = motion.parse().expect("an id");
    world.until("proven at last", 15_000, |world| {
        world
            .inside(0)
            .votes
            .get(&id)
            .is_some_and(|part| part.stage >= Stage::Prepared)
    });
}
