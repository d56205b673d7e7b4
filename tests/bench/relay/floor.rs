//! The floor: the store alone, without anybody who asks, given batches of the size that the relay has formed.

use crate::appends::{entry, log};
use crate::{Case, Outcome, percentile};
use primitives::canonical::sha256;
use primitives::{LogId, Time};
use relay::store::{LogChange, LogStore as _, Placed, Row, SledStore};
use std::path::Path;
use std::time::{Duration, Instant};
use tlog::{Entry, leaf_hash};

/// What the store does.
pub(crate) struct Floor {
    pub(crate) appends_per_s: f64,
    /// The median time of a commit.
    pub(crate) commit_ms: f64,
}

/// Commits batches of one entry to each of `batch` logs, for as long as the case says; only commits count.
pub(crate) fn run(case: Case, batch: usize, dir: &Path) -> Outcome<Floor> {
    let store = SledStore::open(dir, 0)?;
    let mut rows: Vec<(LogId, Row)> = (0..case.connections.max(batch))
        .map(|number| {
            let record = log(number).record;
            (record.id(), Row::new(record))
        })
        .collect();
    let made: Vec<_> = rows
        .iter()
        .map(|(log, row)| (*log, LogChange::new(None, row.clone())))
        .collect();
    store.commit(&made, Time(0))?;
    let (mut times, mut spent, mut number) = (Vec::new(), Duration::ZERO, 0);
    while spent < case.time {
        let time = Time(1 + number);
        let mut changes = Vec::with_capacity(batch);
        for _ in 0..batch {
            let at = usize::try_from(number)? % rows.len();
            let (log, row) = &mut rows[at];
            changes.push((*log, append(row, entry(case.entry_bytes, number), time)));
            number += 1;
        }
        let begun = Instant::now();
        store.commit(&changes, time)?;
        let took = begun.elapsed();
        spent += took;
        times.push(took);
    }
    times.sort_unstable();
    Ok(Floor {
        appends_per_s: number as f64 / spent.as_secs_f64(),
        commit_ms: percentile(&times, 50),
    })
}

/// One entry more in a log.
pub(crate) fn append(row: &mut Row, bytes: Vec<u8>, time: Time) -> LogChange {
    let mut change = LogChange::new(Some(row.frontier.size()), row.clone());
    push(&mut change, bytes, time);
    *row = change.row.clone();
    change
}

/// One entry more in a change.
pub(crate) fn push(change: &mut LogChange, bytes: Vec<u8>, time: Time) {
    let index = change.row.frontier.size();
    let (row, nodes) = (&mut change.row, &mut change.nodes);
    row.frontier
        .push_with(leaf_hash(time, &bytes), |level, at, node| {
            nodes.push((level, at, node))
        });
    row.last_time = time;
    change.placed.push(Placed {
        index,
        hash: sha256(&bytes),
        entry: Entry { time, bytes },
    });
}
