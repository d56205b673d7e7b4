//! Small elections with known secrets, whose valid ballots are altered.

use ballot::{BallotIn, BallotSecret, Event, Roll, prove};
use primitives::{AssemblyId, OpeningId};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use std::sync::{Arc, LazyLock};

/// A vote, valid ballots for it, and ballots of the same members for another.
pub(crate) struct Election {
    pub(crate) event: Event,
    /// Encoded; one of each of the first members, and a second one of the first.
    pub(crate) valid: Vec<Vec<u8>>,
    /// Encoded; valid elsewhere.
    pub(crate) elsewhere: Vec<Vec<u8>>,
}

/// Rolls of two shapes with two digits and of one with three.
static ELECTIONS: LazyLock<[Election; 3]> = LazyLock::new(|| [3, 17, 101].map(Election::new));

/// The election that a byte picks.
pub(crate) fn election(pick: u8) -> &'static Election {
    let all = &*ELECTIONS;
    &all[usize::from(pick) % all.len()]
}

/// A generator; the same at every run, so that a finding can be run again.
pub(crate) fn rng(purpose: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(purpose)
}

impl Election {
    fn new(members: usize) -> Self {
        let mut rng = rng(members as u64);
        let secrets: Vec<_> = (0..members).map(|_| BallotSecret::random(&mut rng)).collect();
        let keys = secrets.iter().map(BallotSecret::public).collect();
        let roll = Arc::new(Roll::new(keys).unwrap());
        let event = |opening| {
            let (assembly, opening) = (AssemblyId::new([1; 32]), OpeningId::new([opening; 32]));
            Event::ballot(assembly, opening, roll.clone(), [3; 32])
        };
        let (here, there) = (event(2), event(9));
        let voters = || [0, 1, 2, 0].map(|member: usize| &secrets[member]);
        let mut cast = |event: &Event| {
            voters()
                .map(|secret| prove(event, secret, &[7; 49], &mut rng).unwrap().encode())
                .to_vec()
        };
        Self {
            valid: cast(&here),
            elsewhere: cast(&there),
            event: here,
        }
    }

    /// Every ballot that there is, the valid ones first.
    pub(crate) fn all(&self) -> Vec<&Vec<u8>> {
        self.valid.iter().chain(&self.elsewhere).collect()
    }

    /// Some valid ballot.
    pub(crate) fn good(&self, number: usize) -> BallotIn {
        BallotIn::decode(&self.valid[number]).unwrap()
    }
}
