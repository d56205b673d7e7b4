//! What a process with an open vault should not do.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Keeps this process's memory out of core dumps and away from other processes' tracing, as far as the system
/// allows. Called by programs at their start; a desktop whose portal must look into the process may leave it out,
/// for opening a vault already sets the core size limit to zero.
pub fn forbid_core_dumps() {
    limit_core_size();
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Best effort: where it is not allowed, the vault still opens.
pub(crate) fn limit_core_size() {
    let _ = setrlimit(
        Resource::Core,
        Rlimit {
            current: Some(0),
            maximum: Some(0),
        },
    );
}
