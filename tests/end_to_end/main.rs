//! Real processes: relay, agents, auditor.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod programs;
