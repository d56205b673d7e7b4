//! What a log costs in memory.

use crate::appends::{Measured, log};
use crate::common::line::Line;
use crate::{Outcome, machine, plain};
use relay_api::Reply;
use rustix::process::Signal;
use serde_json::Value;
use std::path::Path;
use std::time::Instant;

/// Calls under way at the same time.
const AT_ONCE: usize = 256;

pub(crate) async fn run(logs: usize, folder: &Path) -> Outcome<Vec<Value>> {
    let data = folder.join("relay");
    let relay = Measured::start(&data)?;
    let begun = Instant::now();
    let before = machine::rss(relay.process.id())?;
    each(&relay, logs, true).await?;
    let created = machine::rss(relay.process.id())?;
    let took = begun.elapsed().as_secs_f64();
    relay.process.end(Signal::TERM);

    // A relay that has been started again knows of no log before somebody asks for it.
    let relay = Measured::start(&data)?;
    each(&relay, AT_ONCE, false).await?;
    let untouched = machine::rss(relay.process.id())?;
    each(&relay, logs, false).await?;
    let touched = machine::rss(relay.process.id())?;
    relay.process.end(Signal::TERM);
    let of_each = |bytes: f64| bytes / logs as f64 / 1024.0;
    Ok(vec![
        plain("logs", logs as f64, "logs"),
        plain("logs created", logs as f64 / took, "per second"),
        plain(
            "memory of a log, created just now",
            of_each(created - before),
            "KiB",
        ),
        plain(
            "memory of a log, asked for after a start",
            of_each(touched - untouched),
            "KiB",
        ),
    ])
}

/// Creates or reads each log, many at once over one connection after the other's answers.
async fn each(relay: &Measured, logs: usize, create: bool) -> Outcome<()> {
    let mut lines = Vec::new();
    for at in 0..AT_ONCE.min(logs) {
        let mut line = Line::open(&relay.process.address).await?;
        lines.push(tokio::spawn(async move {
            for number in (at..logs).step_by(AT_ONCE) {
                let log = log(number);
                let call = if create { log.create() } else { log.read(0, 1) };
                let reply = line.call(&call).await.map_err(|error| error.to_string())?;
                if !matches!(reply, Reply::Created { .. } | Reply::Page(_)) {
                    return Err(format!("{reply:?}"));
                }
            }
            Ok(())
        }));
    }
    for line in lines {
        line.await??;
    }
    Ok(())
}
