//! The trustees' key generation in a small world.

use primitives::SeatNumber;
use sealing::{Round2, RunSecret, finish, round1, round2};
use std::collections::BTreeMap;

use super::World;
use crate::fold::{SealingDue, Taken};
use crate::statement::Body;

impl World {
    /// All trustees do what is due until nothing is.
    pub fn generate_sealing_keys(&mut self) {
        let seats: Vec<_> = self
            .assembly
            .trustee_seats()
            .into_iter()
            .map(|seat| seat.0)
            .collect();
        self.generate_with(&seats);
    }

    /// These trustees do what is due until nothing is.
    pub fn generate_with(&mut self, seats: &[u32]) {
        for _ in 0..100 {
            let taken = seats.iter().filter_map(|seat| self.sealing_step(*seat)).count();
            if taken == 0 {
                return;
            }
        }
        panic!("the key generation does not end");
    }

    /// A trustee does what is due.
    pub fn sealing_step(&mut self, seat: u32) -> Option<Taken> {
        let body = self.sealing_body(seat)?;
        Some(self.says(seat, &body))
    }

    /// What a trustee is to post.
    pub fn sealing_body(&mut self, seat: u32) -> Option<Body> {
        let number = SeatNumber(seat);
        let due = self.assembly.sealing_due(number, self.now)?;
        let body = match due {
            SealingDue::Round1(run) => {
                let secret = RunSecret::random(&mut self.rng);
                let package = round1(&run, number, &secret).unwrap();
                self.member_mut(seat).runs.insert(run.number, secret);
                Body::SealingRound1 {
                    run: u32::try_from(run.number).unwrap(),
                    package,
                }
            }
            SealingDue::Round2(run) => {
                let trustees = self
                    .assembly
                    .trustees()
                    .current
                    .as_ref()
                    .unwrap()
                    .trustees()
                    .unwrap();
                let packages = round2(&trustees, number, &self.member(seat).runs[&run.number]).unwrap();
                Body::SealingRound2 {
                    run: u32::try_from(run.number).unwrap(),
                    packages,
                }
            }
            SealingDue::Confirmation(run) => {
                let current = self.assembly.trustees().current.clone().unwrap();
                let trustees = current.trustees().unwrap();
                let posted: BTreeMap<SeatNumber, Round2> = current.round2(&trustees);
                let transcript = trustees.transcript(&posted).unwrap();
                let secret = &self.member(seat).runs[&run.number];
                let shares = finish(&trustees, &posted, number, secret).unwrap();
                let run = u32::try_from(run.number).unwrap();
                for (index, share) in (0u16..).zip(shares) {
                    self.member_mut(seat).shares.insert((run, index), share);
                }
                Body::SealingConfirmed { run, transcript }
            }
        };
        Some(body)
    }
}
