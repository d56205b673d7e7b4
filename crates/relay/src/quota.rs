//! How much one log, and all of them together, may hold.

use relay_api::{Problem, ProblemKind};

/// Bytes of entries and blobs that may be kept; `None`: as much as the disk takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quota {
    /// Of one log. Boxes have no quota: their roll bounds them.
    pub log_bytes: Option<u64>,
    /// Of all logs together.
    pub store_bytes: Option<u64>,
}

impl Quota {
    /// Whether `len` bytes more fit into a log of `log` bytes, in a store of `store` bytes.
    pub(crate) fn allows(&self, log: u64, store: u64, len: u64) -> Result<(), Problem> {
        let fits = |quota: Option<u64>, bytes: u64| quota.is_none_or(|max| bytes.saturating_add(len) <= max);
        if !fits(self.log_bytes, log) {
            return Err(full(
                "This log has as much as this relay keeps of one; nothing was stored.",
            ));
        }
        if !fits(self.store_bytes, store) {
            return Err(full("This relay has as much as it may keep; nothing was stored."));
        }
        Ok(())
    }

    /// Whether a log can be created in a store of `store` bytes.
    pub(crate) fn allows_log(&self, store: u64) -> Result<(), Problem> {
        self.allows(0, store, 1)
    }
}

fn full(why: &str) -> Problem {
    Problem::detailed(ProblemKind::InsufficientStorage, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_exactly_fits_and_one_byte_more_does_not() {
        let quota = Quota {
            log_bytes: Some(100),
            store_bytes: Some(1000),
        };
        assert!(quota.allows(90, 0, 10).is_ok());
        assert!(quota.allows(90, 0, 11).is_err());
        assert!(quota.allows(0, 990, 10).is_ok());
        assert!(quota.allows(0, 990, 11).is_err());
        assert!(quota.allows_log(999).is_ok() && quota.allows_log(1000).is_err());
        assert!(Quota::default().allows(u64::MAX, u64::MAX, u64::MAX).is_ok());
    }
}
