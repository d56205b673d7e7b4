//! Real processes: relay, agents, auditor.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

mod elections;
mod files;
mod groups;
mod invitations;
mod kills;
mod mortal;
mod outages;
mod programs;
mod restored;
mod scene;
mod transport;
mod wicked;

use std::sync::OnceLock;
use xtask::Workspace;
use xtask::workspace::Binaries;

/// The programs, built if they are not.
fn binaries() -> &'static Binaries {
    static BUILT: OnceLock<Binaries> = OnceLock::new();
    BUILT.get_or_init(|| Workspace::find().unwrap().binaries().unwrap())
}
