//! How long a relay with many entries takes until it is ready: after a clean stop, and after a kill.

use crate::appends::{entry, log};
use crate::common::wire::{Process, command};
use crate::floor::push;
use crate::{Outcome, plain};
use primitives::Time;
use relay::store::{LogChange, LogStore as _, Row, SledStore};
use rustix::process::Signal;
use serde_json::Value;
use std::fs::File;
use std::path::Path;
use std::time::Instant;

const BATCH: usize = 4096;
const LOGS: usize = 64;
const ENTRY_BYTES: usize = 64;

pub(crate) fn run(entries: usize, folder: &Path) -> Outcome<Vec<Value>> {
    let data = folder.join("relay");
    std::fs::create_dir_all(&data)?;
    fill(&data.join("logs"), entries)?;
    let mut times = Vec::new();
    for end in [Signal::KILL, Signal::KILL, Signal::TERM, Signal::TERM] {
        forget(&data.join("logs/db"))?;
        let begun = Instant::now();
        let process = Process::run(command(&data, &[]));
        times.push(begun.elapsed().as_secs_f64());
        process.end(end);
    }
    Ok(vec![
        plain("entries in the store", entries as f64, "entries"),
        plain("start, first time", times[0], "s"),
        plain("start after a kill", times[1].max(times[2]), "s"),
        plain("start after a clean stop", times[3], "s"),
    ])
}

fn fill(dir: &Path, entries: usize) -> Outcome<()> {
    let store = SledStore::open(dir, 0)?;
    let mut changes: Vec<_> = (0..LOGS)
        .map(|number| {
            let record = log(number).record;
            (record.id(), LogChange::new(None, Row::new(record)))
        })
        .collect();
    store.commit(&changes, Time(0))?;
    let mut number = 0;
    while number < entries {
        let time = Time(1 + number as u64);
        for (_, change) in &mut changes {
            *change = LogChange::new(Some(change.row.frontier.size()), change.row.clone());
            for _ in 0..BATCH / LOGS {
                push(change, entry(ENTRY_BYTES, number as u64), time);
                number += 1;
            }
        }
        store.commit(&changes, time)?;
    }
    Ok(())
}

/// Has the system read the file from the disk again, as after a start of the machine.
fn forget(file: &Path) -> Outcome<()> {
    let file = File::open(file)?;
    file.sync_all()?;
    Ok(rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?)
}
