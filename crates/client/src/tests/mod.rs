//! What a hostile member or relay tries, in the seeded world. An insider here is a member whose machine does, for one
//! step, what no honest machine does; everything it makes goes the ordinary way.

mod ballots;
mod boxes;
mod carrier;
mod clock;
mod counting;
mod devices;
mod evidence;
mod jobs;
mod journal;
mod letters;
mod marks;
mod points;
mod refounding;
mod removed;
mod revoked;
mod talk;
mod words;
#[path = "../../tests/world/mod.rs"]
mod world;

use crate::machine::Failed;

use crate::step::{State, Step};
use assembly::Body;
use messaging::{JournalPoint, Knowledge, Member, Roster};
use primitives::{SigningSecret, Time};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use world::World;

impl World {
    /// One step of `who`, by hand.
    fn act<T>(&mut self, who: usize, inside: impl FnOnce(&mut Step<'_>) -> Result<T, Failed>) -> T {
        let mut rng = ChaCha20Rng::seed_from_u64(self.now.0);
        let now = self.now;
        let client = self.clients[who].as_mut().expect("the member is there");
        let (value, effects) = client.step(now, &mut rng, inside).expect("the step is done");
        self.take(who, effects);
        value
    }

    /// A statement of `who`, whatever the fold will say of it.
    fn state(&mut self, who: usize, body: &Body) {
        self.act(who, |step| step.make_statement(body, &[], None));
    }

    fn inside(&self, who: usize) -> &State {
        &self.clients[who].as_ref().expect("the member is there").state
    }

    fn keys_ready(&mut self) {
        self.until("sealing keys are ready", 300_000, |world| {
            world
                .overview(0)
                .assembly
                .is_some_and(|assembly| assembly.sealing_keys > 0)
        });
    }
}

/// A journal that says whatever its author likes.
struct Lies {
    removed: Vec<SigningSecret>,
}

impl Roster for Lies {
    fn knows(&self, _: &JournalPoint, _: Option<Time>) -> Knowledge {
        Knowledge::Known
    }

    fn admits(&self, _: &JournalPoint, member: &Member) -> bool {
        self.removed
            .iter()
            .all(|key| key.verifying_key() != member.device)
    }

    fn is_deputy(&self, _: &primitives::VerifyingKey) -> bool {
        true
    }
}
