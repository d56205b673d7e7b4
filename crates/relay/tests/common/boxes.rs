//! A ballot box with its voters.

use super::{Log, START};
use ballot::{BallotSecret, Event, Roll};
use primitives::{AssemblyId, OpeningId, Time};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use relay_api::Call;
use std::sync::Arc;
use tlog::{CloseEntry, Gate, Slots};

/// A box of four voters, open for 100 s in slots of 10 s.
pub(crate) struct Box4 {
    pub(crate) log: Log,
    pub(crate) event: Event,
    pub(crate) voters: Vec<BallotSecret>,
    pub(crate) rng: ChaCha20Rng,
}

pub(crate) const OPENING: OpeningId = OpeningId::new([8; 32]);

impl Box4 {
    pub(crate) fn new(slots: bool) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let voters: Vec<_> = (0..4).map(|_| BallotSecret::random(&mut rng)).collect();
        let roll = Arc::new(Roll::new(voters.iter().map(BallotSecret::public).collect()).unwrap());
        let (assembly, sealing_key) = (AssemblyId::new([7; 32]), [6; 32]);
        let mut log = Log::plain(1);
        log.roll = roll.keys().iter().map(|key| (*key.as_bytes()).into()).collect();
        log.record.gate = Some(Gate {
            assembly,
            opening: OPENING,
            roll_root: roll.root(),
            roll_len: 4,
            sealing_key: sealing_key.into(),
        });
        log.record.slots = slots.then_some(Slots {
            opens: Time(START + 10),
            closes: Time(START + 100_010),
            every_ms: 10_000,
        });
        Self {
            log,
            event: Event::ballot(assembly, OPENING, roll, sealing_key),
            voters,
            rng,
        }
    }

    pub(crate) fn ballot(&mut self, voter: usize, choice: &[u8]) -> Vec<u8> {
        ballot::prove(&self.event, &self.voters[voter], choice, &mut self.rng)
            .unwrap()
            .encode()
    }

    pub(crate) fn close(&self) -> Call {
        self.log.append(&CloseEntry { opening: OPENING }.to_bytes())
    }
}
