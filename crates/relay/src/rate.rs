//! Rates: how fast one log or one connection may ask.

use primitives::LogId;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many logs' rates are remembered before those at rest are forgotten.
const REMEMBERED_MAX: usize = 65_536;

/// So many at once, and one more after every interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) burst: u32,
    pub(crate) every: Duration,
}

/// A rate in use (the generic cell rate algorithm: one instant is all its memory).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meter {
    empty_at: Instant,
}

impl Meter {
    pub(crate) fn new(now: Instant) -> Self {
        Self { empty_at: now }
    }

    /// Takes one, or says how long to wait.
    pub(crate) fn take(&mut self, rate: Rate, now: Instant) -> Result<(), Duration> {
        let begin = self.empty_at.max(now);
        let allowed = rate.every.saturating_mul(rate.burst.saturating_sub(1));
        let ahead = begin.saturating_duration_since(now);
        if ahead > allowed {
            return Err(ahead.saturating_sub(allowed));
        }
        self.empty_at = begin.checked_add(rate.every).unwrap_or(begin);
        Ok(())
    }

    /// Takes so many more, which were not asked for.
    pub(crate) fn charge(&mut self, rate: Rate, count: u32) {
        let more = rate.every.saturating_mul(count);
        self.empty_at = self.empty_at.checked_add(more).unwrap_or(self.empty_at);
    }
}

/// The rates of all logs.
#[derive(Debug)]
pub(crate) struct LogRates {
    rate: Rate,
    meters: Mutex<HashMap<LogId, Meter>>,
}

impl LogRates {
    pub(crate) fn new(rate: Rate) -> Self {
        Self {
            rate,
            meters: Mutex::default(),
        }
    }

    pub(crate) fn take(&self, log: LogId, now: Instant) -> Result<(), Duration> {
        let mut meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        if meters.len() >= REMEMBERED_MAX {
            meters.retain(|_, meter| meter.empty_at > now);
        }
        meters
            .entry(log)
            .or_insert_with(|| Meter::new(now))
            .take(self.rate, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allows_a_burst_and_then_one_per_interval() {
        let start = Instant::now();
        let rate = Rate {
            burst: 3,
            every: Duration::from_secs(1),
        };
        let mut meter = Meter::new(start);
        let taken = (0..5).filter(|_| meter.take(rate, start).is_ok()).count();
        assert_eq!(taken, 3);
        assert_eq!(meter.take(rate, start), Err(Duration::from_secs(1)));
        assert_eq!(meter.take(rate, start + Duration::from_secs(1)), Ok(()));
        assert!(meter.take(rate, start + Duration::from_secs(1)).is_err());
    }
}
