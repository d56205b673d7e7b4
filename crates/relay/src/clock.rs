//! The clock that stamps entries, and its guard: rather no stamp than a stamp across a jump.

use primitives::Time;
use rustix::time::{ClockId, clock_gettime};
use std::time::{SystemTime, UNIX_EPOCH};

/// Steps that a disciplined clock may make.
const STEP_MS_MAX: u64 = 2_000;

/// Two readings of one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The wall clock.
    pub wall: Time,
    /// Milliseconds since some fixed moment, counted also while the machine sleeps, never set by anybody.
    pub uptime_ms: u64,
}

/// Where readings come from.
pub trait Clock: Send + Sync + 'static {
    /// Reads both clocks.
    fn read(&self) -> Reading;
}

/// The machine's clocks.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn read(&self) -> Reading {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let uptime = clock_gettime(ClockId::Boottime);
        let seconds = u64::try_from(uptime.tv_sec).unwrap_or(0);
        let millis = u64::try_from(uptime.tv_nsec)
            .unwrap_or(0)
            .checked_div(1_000_000)
            .unwrap_or(0);
        Reading {
            wall: Time(u64::try_from(wall.as_millis()).unwrap_or(u64::MAX)),
            uptime_ms: seconds.saturating_mul(1000).saturating_add(millis),
        }
    }
}

/// The clock has jumped; nothing is stamped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the clock has jumped")]
pub struct Jumped;

/// Stamps that never decrease, over any number of logs and restarts.
///
/// It stops when the wall clock is behind the latest stamp, or when it has moved otherwise than time has passed, by
/// more than two seconds. It goes on when the clock has been set right; a jump forward is accepted by a restart only.
#[derive(Debug)]
pub struct Stamps {
    latest: Time,
    anchor: Reading,
}

impl Stamps {
    /// Stamps after `latest`, the latest that was ever given.
    #[must_use]
    pub const fn after(latest: Time, now: Reading) -> Self {
        Self { latest, anchor: now }
    }

    /// Another process has stamped this: nothing earlier is stamped from now on.
    pub fn raise(&mut self, latest: Time) {
        self.latest = self.latest.max(latest);
    }

    /// The stamp for this moment.
    ///
    /// # Errors
    /// [`Jumped`].
    pub fn stamp(&mut self, now: Reading) -> Result<Time, Jumped> {
        let expected = self
            .anchor
            .wall
            .after(now.uptime_ms.saturating_sub(self.anchor.uptime_ms));
        let behind_latest = self.latest.since_ms(now.wall) > STEP_MS_MAX;
        let jumped = expected.since_ms(now.wall).max(now.wall.since_ms(expected)) > STEP_MS_MAX;
        if behind_latest || jumped {
            return Err(Jumped);
        }
        // Slow drift and slewing move the anchor along; only steps count as jumps.
        self.anchor = now;
        self.latest = self.latest.max(now.wall);
        Ok(self.latest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(wall: u64, uptime_ms: u64) -> Reading {
        Reading {
            wall: Time(wall),
            uptime_ms,
        }
    }

    #[test]
    fn never_decreases_over_a_small_step_back() {
        let mut stamps = Stamps::after(Time(0), at(10_000, 0));
        assert_eq!(stamps.stamp(at(11_000, 1_000)), Ok(Time(11_000)));
        assert_eq!(stamps.stamp(at(10_500, 1_001)), Ok(Time(11_000)));
        assert_eq!(stamps.stamp(at(11_600, 2_100)), Ok(Time(11_600)));
    }

    #[test]
    fn stops_at_a_jump_back_and_goes_on_when_the_clock_is_right_again() {
        let mut stamps = Stamps::after(Time(0), at(100_000, 0));
        assert_eq!(stamps.stamp(at(90_000, 10)), Err(Jumped));
        assert_eq!(stamps.stamp(at(100_020, 20)), Ok(Time(100_020)));
    }

    #[test]
    fn stops_at_a_jump_forward() {
        let mut stamps = Stamps::after(Time(0), at(100_000, 0));
        assert_eq!(stamps.stamp(at(900_000, 10)), Err(Jumped));
        assert_eq!(stamps.stamp(at(3_700_000, 3_600_000)), Ok(Time(3_700_000)));
    }

    #[test]
    fn a_restart_with_a_clock_behind_the_last_stamp_stamps_nothing() {
        let mut stamps = Stamps::after(Time(500_000), at(100_000, 0));
        assert_eq!(stamps.stamp(at(100_000, 0)), Err(Jumped));
        assert_eq!(stamps.stamp(at(500_100, 400_100)), Ok(Time(500_100)));
    }
}
