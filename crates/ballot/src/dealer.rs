//! Ballots of large elections in milliseconds each, for measurements and tests only.

use crate::error::ProveError;
use crate::event::Event;
use crate::generators::generators;
use crate::key::{BallotKey, BallotSecret};
use crate::params::Params;
use crate::prove::prove_digits;
use crate::wire::BallotIn;
use core::fmt;
use core::ops::ControlFlow;
use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::VartimeMultiscalarMul;
use rand_core::CryptoRng;

/// Somebody who knows every secret of a roll, which nobody does outside a test.
///
/// With all `x_i` and `y_i` known, `sum_i p_{i,k} P_i` is two sums of scalars, and two multiplications of points.
/// Its ballots are byte for byte those of [`crate::prove`] with the same randomness. Not constant time.
pub struct Dealer<'a> {
    event: &'a Event,
    /// In roll order.
    secrets: Vec<(BallotKey, &'a BallotSecret)>,
}

impl<'a> Dealer<'a> {
    /// Takes the secrets of the event's roll, all of them.
    ///
    /// # Errors
    /// [`ProveError::NotOnRoll`] if they are not the roll's.
    pub fn new(event: &'a Event, secrets: &'a [BallotSecret]) -> Result<Self, ProveError> {
        let mut secrets: Vec<_> = secrets.iter().map(|secret| (secret.public(), secret)).collect();
        secrets.sort_by_key(|(key, _)| *key);
        if secrets.iter().map(|(key, _)| key).eq(event.roll().keys()) {
            Ok(Self { event, secrets })
        } else {
            Err(ProveError::NotOnRoll)
        }
    }

    /// The ballot of the key at `place` on the roll.
    ///
    /// # Errors
    /// [`ProveError::NotOnRoll`] if there is no such place.
    pub fn prove(
        &self,
        place: usize,
        sealed: &[u8],
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<BallotIn, ProveError> {
        let (_, secret) = self.secrets.get(place).ok_or(ProveError::NotOnRoll)?;
        let Params { n, m } = self.event.roll().params();
        let mut rest = place;
        let mut sigma = vec![0; n * m];
        for row in sigma.chunks_mut(n) {
            if let Some(cell) = row.get_mut(rest % n) {
                *cell = 1;
            }
            rest /= n;
        }
        let tag = self.event.tag(secret);
        let made = prove_digits(self.event, secret, &sigma, tag, sealed, rng, |sigma, a| {
            ControlFlow::Continue(self.sums(sigma, a))
        });
        made.continue_value().ok_or(ProveError::Cancelled)
    }

    fn sums(&self, sigma: &[u8], a: &[Scalar]) -> Vec<RistrettoPoint> {
        let all = generators();
        let x = self.contract(sigma, a, |secret| secret.x);
        let y = self.contract(sigma, a, |secret| secret.y);
        x.iter()
            .zip(&y)
            .map(|(x, y)| RistrettoPoint::vartime_multiscalar_mul([x, y], [&all.g, &all.h]))
            .collect()
    }

    /// `sum_i p_{i,k} v_i` for `k < m`, the last v repeated in the padding: digit by digit, the lowest first, the values
    /// of each row of places are added up to a polynomial of one degree more.
    fn contract(&self, sigma: &[u8], a: &[Scalar], value: impl Fn(&BallotSecret) -> Scalar) -> Vec<Scalar> {
        let Params { n, m } = self.event.roll().params();
        let places = (0..m).fold(1, |places, _| places * n);
        let mut values: Vec<Scalar> = self.secrets.iter().map(|(_, secret)| value(secret)).collect();
        let last = values.last().copied().unwrap_or_default();
        values.resize(places, last);
        for (degree, (sigma, a)) in sigma.chunks(n).zip(a.chunks(n)).enumerate() {
            let len = degree + 1;
            let mut longer = Vec::with_capacity(values.len() / n / len * (len + 1));
            for group in values.chunks(n * len) {
                let start = longer.len();
                longer.resize(start + len + 1, Scalar::ZERO);
                for (polynomial, (bit, a)) in group.chunks(len).zip(sigma.iter().zip(a)) {
                    for (sum, coefficient) in longer.iter_mut().skip(start).zip(polynomial) {
                        *sum += a * coefficient;
                    }
                    if *bit == 1 {
                        for (sum, coefficient) in longer.iter_mut().skip(start + 1).zip(polynomial) {
                            *sum += coefficient;
                        }
                    }
                }
            }
            values = longer;
        }
        values.truncate(m);
        values
    }
}

impl fmt::Debug for Dealer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dealer({} secrets)", self.secrets.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Roll, prove};
    use primitives::{AssemblyId, OpeningId};
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;
    use std::sync::Arc;

    #[test]
    fn a_dealer_makes_the_ballots_that_their_makers_make() {
        let rng = ChaCha20Rng::seed_from_u64;
        for len in [2, 20, 100, 101, 130, 513] {
            let mut source = rng(len as u64);
            let secrets: Vec<_> = (0..len).map(|_| BallotSecret::random(&mut source)).collect();
            let roll = Roll::new(secrets.iter().map(BallotSecret::public).collect()).unwrap();
            let event = Event::ballot(
                AssemblyId::new([1; 32]),
                OpeningId::new([2; 32]),
                Arc::new(roll),
                [3; 32],
            );
            let dealer = Dealer::new(&event, &secrets).unwrap();
            let places = event.roll().keys().iter().enumerate();
            for (place, key) in places.filter(|(place, _)| place % 61 == 0 || place + 1 == len) {
                let secret = secrets.iter().find(|secret| secret.public() == *key).unwrap();
                assert_eq!(
                    dealer.prove(place, b"sealed", &mut rng(7)),
                    prove(&event, secret, b"sealed", &mut rng(7))
                );
            }
            assert_eq!(dealer.prove(len, b"", &mut rng(7)), Err(ProveError::NotOnRoll));
            assert!(Dealer::new(&event, &secrets[1..]).is_err());
        }
    }
}
