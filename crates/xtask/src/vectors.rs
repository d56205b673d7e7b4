//! `cargo xtask vectors`: the test vectors and the specification's worked example, written again.

use crate::{Result, Workspace, command};

/// Runs the generator, which writes into `tests/vectors` and `docs/spec/ballot.md`; the difference is for a person to review.
///
/// # Errors
/// [`crate::Failure::Failed`] if the generator cannot be built or does not succeed.
pub fn run(workspace: &Workspace) -> Result<()> {
    command::run_prepared(workspace.cargo().args([
        "run",
        "--quiet",
        "--package",
        "veche-tests",
        "--bin",
        "veche-vectors",
    ]))
}
