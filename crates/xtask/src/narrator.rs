//! Tells each stage as it is done, and knows when time is up.

use std::fmt;
use std::time::{Duration, Instant};

/// Who tells.
#[derive(Debug)]
pub struct Narrator {
    start: Instant,
    last: Instant,
    aloud: bool,
    /// When everybody gives up.
    pub deadline: Instant,
}

impl Narrator {
    /// Prints what is done, counting from `start`; gives up after `limit` from now.
    #[must_use]
    pub fn aloud(start: Instant, limit: Duration) -> Self {
        let now = Instant::now();
        Self {
            start,
            last: now,
            aloud: true,
            deadline: now + limit,
        }
    }

    /// Prints nothing; gives up after `limit` from now.
    #[must_use]
    pub fn silent(limit: Duration) -> Self {
        Self {
            aloud: false,
            ..Self::aloud(Instant::now(), limit)
        }
    }

    /// Says what has just been done, and how long it took.
    pub fn tell(&mut self, what: impl fmt::Display) {
        let now = Instant::now();
        if self.aloud {
            let since_start = now.duration_since(self.start).as_secs_f64();
            let since_last = now.duration_since(self.last).as_secs_f64();
            println!("demo: {since_start:7.1} s  (+{since_last:5.1} s)  {what}");
        }
        self.last = now;
    }

    /// Seconds since the start.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }
}
