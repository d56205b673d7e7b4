//! Time, on the wall and on the processor, and memory.

use std::fs;
use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};

/// A moment.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    wall: Instant,
    cpu_s: f64,
}

/// Seconds between two moments.
#[derive(Clone, Copy, Default)]
pub(crate) struct Lap {
    /// On the wall.
    pub(crate) wall_s: f64,
    /// Of the processor, all threads of this process together: what others do on the machine adds little to it.
    pub(crate) cpu_s: f64,
}

impl Lap {
    /// Both together.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            wall_s: self.wall_s + other.wall_s,
            cpu_s: self.cpu_s + other.cpu_s,
        }
    }
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self {
            wall: Instant::now(),
            cpu_s: cpu_s(),
        }
    }

    /// The time since the last lap, or the start; the next lap begins now.
    pub(crate) fn lap(&mut self) -> Lap {
        let now = Self::start();
        let lap = Lap {
            wall_s: now.wall.duration_since(self.wall).as_secs_f64(),
            cpu_s: now.cpu_s - self.cpu_s,
        };
        *self = now;
        lap
    }
}

#[expect(clippy::cast_precision_loss, reason = "seconds for people")]
fn cpu_s() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// The middle one, or the mean of the two in the middle.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    let upper = figures.get(middle).copied().unwrap_or_default();
    let lower = figures.get(middle.saturating_sub(1)).copied().unwrap_or(upper);
    if figures.len().is_multiple_of(2) {
        f64::midpoint(lower, upper)
    } else {
        upper
    }
}

/// The least.
pub(crate) fn least(figures: impl IntoIterator<Item = f64>) -> f64 {
    figures.into_iter().min_by(f64::total_cmp).unwrap_or_default()
}

/// The most memory that this process has held, in MiB, where the system tells (Linux).
pub(crate) fn peak_mib() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib / 1024.0)
}
