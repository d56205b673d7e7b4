//! `veche-relay recover`: what to run after an older copy of the data directory was put back.

use relay::lock::DirLock;
use relay::mark::Mark;
use relay::recovery::Recovery;
use relay::store::cache;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Options of the command.
#[derive(Debug, clap::Args)]
pub(crate) struct Recover {
    /// The data directory; no relay may be running on it.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// How long members have to give back what is missing, counted while the relay runs: a number with d, h, m or s.
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = time, conflicts_with = "end")]
    wait: Duration,
    /// Ends the waiting. What nobody has shown by then is given up; if somebody shows it later, the relay has signed two
    /// histories.
    #[arg(long)]
    end: bool,
    /// This copy is the last state that the relay had, and the original will never run again: nothing is missing.
    #[arg(long, conflicts_with_all = ["end", "wait"])]
    latest: bool,
}

/// Why it was not done: a sentence and the exit status.
pub(crate) type Refused = (String, u8);

impl Recover {
    /// Does it, and says in a sentence what comes next.
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) fn run(&self) -> Result<String, Refused> {
        let shown = self.data.display();
        if !self.data.join("identity.key").is_file() {
            let message =
                format!("{shown} has no identity.key: give the data directory of a relay, with its keys");
            return Err((message, 2));
        }
        let failed = |error: std::io::Error| (format!("{shown} cannot be used: {error}"), 1);
        let lock = DirLock::take(&self.data).map_err(failed)?;
        let mut lock = lock.ok_or_else(|| {
            let message =
                format!("{shown} is in use by a running relay: stop it, run this, and start it again");
            (message, 2)
        })?;
        let recovery = load(&self.data).map_err(failed)?;
        if self.end {
            if !recovery.is_on() {
                return Err((
                    format!("no recovery is under way in {shown}: there is nothing to end"),
                    1,
                ));
            }
            recovery.end().map_err(failed)?;
            return Ok(
                "The recovery is over. Logs that are known to be behind stay closed; start the relay."
                    .to_owned(),
            );
        }
        lock.claim().map_err(failed)?;
        // What was read of a stream that may be another one now.
        cache::forget(&self.data).map_err(failed)?;
        if self.latest {
            return Ok("This is the relay's place from now on; start it.".to_owned());
        }
        Mark::forget(&self.data).map_err(failed)?;
        recovery.begin(self.wait).map_err(failed)?;
        Ok(format!(
            "The relay recovers: start it as usual. While it has run for {}, it takes nothing new, and members' programs \
             give back what is missing here.",
            in_words(self.wait)
        ))
    }
}

fn in_words(time: Duration) -> String {
    let seconds = time.as_secs();
    let whole = [(86_400, "days"), (3_600, "hours"), (60, "minutes")];
    let fits = |(unit, _): &(u64, &str)| seconds >= *unit && seconds.is_multiple_of(*unit);
    let (unit, name) = whole.into_iter().find(fits).unwrap_or((1, "seconds"));
    format!("{} {name}", seconds.checked_div(unit).unwrap_or(seconds))
}

/// The state of the recovery; one that makes no sense is replaced.
fn load(data: &Path) -> std::io::Result<Recovery> {
    match Recovery::load(data) {
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            std::fs::remove_file(data.join("recovery"))?;
            Recovery::load(data)
        }
        loaded => loaded,
    }
}

/// `7d`, `12h`, `30m`, `90s`.
fn time(text: &str) -> Result<Duration, String> {
    let unit = |seconds: u64, number: &str| {
        let number: u64 = number.parse().ok()?;
        Some(Duration::from_secs(number.checked_mul(seconds)?))
    };
    let read = match text.split_at_checked(text.len().saturating_sub(1)) {
        Some((number, "d")) => unit(86_400, number),
        Some((number, "h")) => unit(3_600, number),
        Some((number, "m")) => unit(60, number),
        Some((number, "s")) => unit(1, number),
        _ => None,
    };
    read.ok_or_else(|| "give a number and a unit: 7d, 12h, 30m or 90s".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_said_in_the_largest_unit_that_it_is_a_multiple_of() {
        let said = |seconds| in_words(Duration::from_secs(seconds));
        assert_eq!(
            [said(604_800), said(5_400), said(90), said(0)],
            ["7 days", "90 minutes", "90 seconds", "0 seconds"]
        );
    }

    #[test]
    fn a_time_is_a_number_and_a_unit() {
        assert_eq!(time("7d"), Ok(relay::recovery::WAIT));
        assert_eq!(time("90s"), Ok(Duration::from_secs(90)));
        for wrong in ["", "7", "d", "-1h", "1.5h", "99999999999999999999d", "7д"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }
}
