//! Pages of logs, also of such as have lost their beginning, and trimming it.

use super::Service;
use crate::batch::problem;
use crate::store::{Range, StoreFault};
use crate::task::{Done, Task};
use primitives::LogId;
use relay_api::limits::{PAGE_BYTES_MAX, PAGE_ENTRIES_MAX};
use relay_api::{Problem, ProblemKind, ReadToken, Reply, verify_trim};
use std::sync::Arc;
use tlog::{Gone, LogKind, Page, consistency_proof, rest};

impl Service {
    pub(super) fn read(
        &self,
        log: LogId,
        token: &ReadToken,
        (from, known): (u64, Option<u64>),
        bytes_max: u32,
    ) -> Result<Page, Problem> {
        self.readable(log, token)?;
        loop {
            let (row, checkpoint) = self.checkpoint(log)?;
            let (size, kept) = (row.frontier.size(), row.kept());
            if from > size {
                return Err(ProblemKind::OutOfRange.into());
            }
            let to = known
                .filter(|known| *known > from)
                .map_or(kept.gone, |known| kept.gone.min(known));
            let nodes = self.nodes(log);
            let gone = (from < to).then(|| rest(&nodes, from, to).map(|rest| Gone { to, rest }));
            let gone = gone.transpose().map_err(problem)?;
            let first = gone.as_ref().map_or(from, |gone| gone.to);
            let entries_max = u64::try_from(PAGE_ENTRIES_MAX).unwrap_or(u64::MAX);
            let range = Range {
                from: first,
                to: if first < kept.gone {
                    first
                } else {
                    size.min(first.saturating_add(entries_max))
                },
                bytes_max: usize::try_from(bytes_max)
                    .unwrap_or(usize::MAX)
                    .min(PAGE_BYTES_MAX),
            };
            let entries = match self.store.entries(log, range) {
                // What was there when this began may be gone and erased by now.
                Err(StoreFault::Damaged(_)) if self.gone(log)? > kept.gone => continue,
                read => read.map_err(problem)?,
            };
            let mut page = Page {
                from,
                entries,
                checkpoint,
                consistency: Vec::new(),
                gone,
            };
            page.consistency = consistency_proof(&nodes, page.end(), size).map_err(problem)?;
            return Ok(page);
        }
    }

    fn gone(&self, log: LogId) -> Result<u64, Problem> {
        let row = self.committed.row(log).map_err(problem)?;
        Ok(row.map_or(0, |row| row.kept().gone))
    }

    /// Lets the beginning of a private log go, for who reads it and may append to it.
    pub(super) async fn trim(
        self: &Arc<Self>,
        log: LogId,
        token: ReadToken,
        before: u64,
        signature: [u8; 64],
    ) -> Result<Reply, Problem> {
        self.blocking(move |service| {
            let row = service.readable(log, &token)?;
            verify_trim(&row.record.append_key, log, before, &signature)
                .map_err(|_| Problem::from(ProblemKind::NotFound))?;
            if row.record.kind == LogKind::Private {
                Ok(())
            } else {
                let why = "Only a private log is trimmed.";
                Err(Problem::detailed(ProblemKind::Malformed, why))
            }
        })
        .await?;
        match self.queue.submit(Task::Trim { log, before }).await? {
            Done::Trimmed(gone) => {
                self.tails.forget(log);
                Ok(Reply::Trimmed { gone })
            }
            _ => Err(ProblemKind::Internal.into()),
        }
    }
}
