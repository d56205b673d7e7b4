//! One member's process dies at every one of its writes in turn, before and after the write took effect: a vote and a talk
//! end as if nothing had happened.

mod world;

use client::views::{Choice, VoteKind};
use primitives::store::Crash;
use world::World;

/// Who dies: a trustee, a witness and a voter.
const WHO: usize = 1;

#[test]
fn a_process_killed_at_every_write_loses_and_doubles_nothing() {
    let mut founded = World::new(3, 3);
    founded.found(3);
    founded.until("keys", 300_000, |world| {
        world.overview(0).assembly.unwrap().sealing_keys > 0
    });
    founded.run_ms(5_000);
    let mut tried = 0;
    for k in 0.. {
        let how = if k % 2 == 0 {
            Crash::BeforeWrite
        } else {
            Crash::AfterWrite
        };
        let mut world = founded.again(k);
        world.crash_at(WHO, k, how);
        world.say(WHO, "I speak");
        world.say(0, "So do I");
        let motion = world.open_vote(0, 2, "Secret", VoteKind::Secret);
        for (who, choice) in [(0, Choice::For), (WHO, Choice::Against), (2, Choice::Abstain)] {
            world.vote(who, &motion, choice);
        }
        world.decided(&motion);
        let result = world.motion(WHO, &motion).unwrap().result.unwrap();
        assert_eq!(
            (result.votes_for, result.votes_against, result.votes_abstain),
            (1, 1, 1),
            "write {k}"
        );
        world.until("the talk is whole", 60_000, |world| {
            (0..3).all(|who| world.texts(who).len() == 2)
        });
        if world.crashes == 0 {
            break;
        }
        tried += 1;
    }
    assert!(tried > 20, "only {tried} writes");
}
