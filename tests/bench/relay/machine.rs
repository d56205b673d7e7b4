//! What the system says of a process, and what it allows this one.

use crate::Outcome;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fs;

/// Bytes that a process has in memory.
pub(crate) fn rss(process: u32) -> Outcome<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|rest| rest.split_whitespace().next());
    Ok(kib.ok_or("a process that is no more")?.parse::<f64>()? * 1024.0)
}

/// Seconds of processor time that a process has used.
pub(crate) fn cpu_s(process: u32) -> Outcome<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, fields) = stat.rsplit_once(')').ok_or("a process without a name")?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
    // Linux counts hundredths of seconds for programs, whatever it counts inside.
    Ok(ticks.sum::<Result<f64, _>>()? / 100.0)
}

/// As many open files as the system lets us have; the relay takes what it may by itself.
pub(crate) fn raise_files(needed: u64) -> Outcome<()> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    let maximum = limit.maximum.map_or(needed, |maximum| maximum.max(needed));
    let raised = Rlimit {
        current: Some(maximum),
        maximum: Some(maximum),
    };
    setrlimit(Resource::Nofile, raised)
        .map_err(|_| format!("the system allows too few open files; {needed} are needed (ulimit -n)").into())
}
