//! How long to wait before trying again.

use rand_core::Rng;

/// Exponential backoff with jitter: the `n`-th wait is drawn evenly from the upper half of `base * 2^n`, at most
/// `max`. Half of it is kept so that a failing relay gets rest, the other half is drawn so that members who lost it
/// together do not come back together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backoff {
    base_ms: u64,
    max_ms: u64,
    failures: u32,
}

impl Backoff {
    /// Waits that begin around `base_ms` and grow to `max_ms`.
    #[must_use]
    pub const fn new(base_ms: u64, max_ms: u64) -> Self {
        Self {
            base_ms,
            max_ms,
            failures: 0,
        }
    }

    /// The wait after one more failure, in milliseconds; at least `told_ms`, if the relay told one.
    pub fn failed(&mut self, told_ms: Option<u64>, rng: &mut (impl Rng + ?Sized)) -> u64 {
        let whole = 1_u64
            .checked_shl(self.failures)
            .and_then(|factor| self.base_ms.checked_mul(factor))
            .unwrap_or(self.max_ms)
            .min(self.max_ms);
        self.failures = self.failures.saturating_add(1);
        let half = whole / 2;
        let drawn = half.saturating_add(rng.next_u64() % (whole - half).saturating_add(1));
        drawn.max(told_ms.unwrap_or(0))
    }

    /// Starts anew after a success.
    pub const fn succeeded(&mut self) {
        self.failures = 0;
    }
}

impl Default for Backoff {
    /// Half a second, growing to two minutes.
    fn default() -> Self {
        Self::new(500, 120_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng as _;

    proptest! {
        #[test]
        fn waits_grow_to_the_maximum_and_no_further(seed: u64, base in 1_u64..5000, failures in 1_u32..100) {
            let mut rng = ChaCha20Rng::seed_from_u64(seed);
            let mut backoff = Backoff::new(base, 60_000);
            for n in 0..failures {
                let whole = base.saturating_mul(1 << n.min(40)).min(60_000);
                let wait = backoff.failed(None, &mut rng);
                prop_assert!((whole / 2..=whole).contains(&wait));
            }
            backoff.succeeded();
            prop_assert!(backoff.failed(None, &mut rng) <= base);
            prop_assert!(backoff.failed(Some(90_000), &mut rng) >= 90_000);
        }
    }
}
