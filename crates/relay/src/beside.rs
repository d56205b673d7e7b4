//! What is different when other processes answer for the same logs.
//!
//! One of them may know more than this one and may have told the caller: before something is said to be absent, it is
//! looked for.

use crate::service::Service;
use primitives::LogId;
use relay_api::{Call, CreateToken, Problem, ProblemKind, ReadToken, Reply};
use std::sync::Arc;

impl Service {
    pub(crate) async fn run_call(
        self: &Arc<Self>,
        call: Call,
        token: Option<CreateToken>,
    ) -> Result<Reply, Problem> {
        if !self.store.is_shared() {
            return self.whole_call(call, token).await;
        }
        match self.whole_call(call.clone(), token.clone()).await {
            Err(problem) if is_absence(&problem) && self.queue.look().await => {
                self.whole_call(call, token).await
            }
            result => result,
        }
    }

    /// Whether the token reads this log, and it reaches up to `from`.
    ///
    /// # Errors
    /// [`ProblemKind::NotFound`], [`ProblemKind::OutOfRange`].
    pub async fn watchable(&self, log: LogId, token: &ReadToken, from: u64) -> Result<(), Problem> {
        let known = || {
            let row = self.readable(log, token)?;
            if from > row.frontier.size() {
                return Err(ProblemKind::OutOfRange.into());
            }
            Ok(())
        };
        match known() {
            Err(problem) if self.store.is_shared() && is_absence(&problem) && self.queue.look().await => {
                known()
            }
            result => result,
        }
    }
}

const fn is_absence(problem: &Problem) -> bool {
    matches!(problem.kind, ProblemKind::NotFound | ProblemKind::OutOfRange)
}
