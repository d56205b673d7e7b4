//! `cargo xtask bench peers [--rolls 100,1000] [--repeats N]`: others' programs doing the same, in the same run.
//!
//! `belenios-tool` holds the same election: the same voters, one question, three answers, three trustees. The
//! `triptych` crate verifies as many signatures over a ring of the same size; it seals, opens and counts nothing.

use super::belenios::{self, Belenios};
use super::program::{Program, folder, installed, machine, number, write};
use crate::args::Args;
use crate::{Result, Workspace};
use serde_json::{Value, json};

/// What a peer needs for one election, beside ours.
struct Row {
    who: String,
    ballot_bytes: f64,
    cast_ms: f64,
    verify_s: f64,
}

/// Measures peers and ours in turns, and writes `target/bench/peers.json`.
///
/// # Errors
/// [`crate::Failure`] if something that is there fails.
pub fn run(workspace: &Workspace, mut args: Args) -> Result<()> {
    let rolls: String = args.value("--rolls")?.unwrap_or_else(|| "100,1000".to_owned());
    let repeats: usize = args.value("--repeats")?.unwrap_or(5);
    args.finish()?;
    let rolls = super::ballot::rolls(&rolls)?;
    let mut skipped = 0;
    let belenios = if installed(belenios::PROGRAM, belenios::PACKAGE) {
        Some(Belenios::find()?)
    } else {
        skipped += 1;
        println!(
            "skipped: {} is not there and cannot be installed",
            belenios::PROGRAM
        );
        None
    };
    let triptych = match Program::beside(workspace, "tests/peers", "peer-triptych") {
        Ok(program) => Some(program),
        Err(failure) => {
            skipped += 1;
            println!("skipped: {failure}");
            None
        }
    };
    let ours = Program::of_tests(workspace, "ballot")?;
    println!("{}", machine());
    println!(
        "Least of {repeats} repeats on the wall, one thread (Belenios: {}).\n",
        belenios::REPEATS
    );
    let mut report = Vec::new();
    for roll in rolls {
        let mut rows = vec![own(workspace, &ours, roll, repeats)?];
        if let Some(triptych) = &triptych {
            rows.push(signatures(triptych, roll, repeats)?);
        }
        if let Some(belenios) = &belenios {
            let election = belenios.hold(&folder(workspace)?.join("belenios"), roll)?;
            let ways = [
                ("verify alone", election.verify_s),
                ("tally and verify", election.tally_s + election.verify_s),
            ];
            rows.extend(ways.map(|(what, verify_s)| Row {
                who: format!("{}, {what}", belenios.name()),
                ballot_bytes: election.ballot_bytes,
                cast_ms: election.cast_ms,
                verify_s,
            }));
        }
        report.extend(table(roll, &rows));
    }
    println!("{}", machine());
    write(workspace, "peers", &json!({ "rows": report, "skipped": skipped }))?;
    println!("skipped={skipped}");
    Ok(())
}

fn own(workspace: &Workspace, ours: &Program, roll: usize, repeats: usize) -> Result<Row> {
    let folder = folder(workspace)?;
    let (roll, repeats) = (roll.to_string(), repeats.to_string());
    let folder = folder.to_string_lossy();
    ours.case(&["make", &roll, &folder])?;
    let cast = ours.result(&["cast", &roll, &repeats])?;
    let audit = ours.result(&["audit", &roll, &folder, "1", &repeats])?;
    Ok(Row {
        who: "veche, verify, open and count".to_owned(),
        ballot_bytes: number(&audit, "ballot_bytes"),
        cast_ms: number(&cast, "cast_least_ms"),
        verify_s: number(&audit, "audit_least_s"),
    })
}

fn signatures(triptych: &Program, roll: usize, repeats: usize) -> Result<Row> {
    let roll = roll.to_string();
    let result = triptych.result(&[&roll, &roll, &repeats.to_string()])?;
    Ok(Row {
        who: format!(
            "triptych 0.1.1 (ristretto255, {}^{}), verify alone",
            number(&result, "n"),
            number(&result, "m")
        ),
        ballot_bytes: number(&result, "proof_bytes"),
        cast_ms: number(&result, "prove_ms"),
        verify_s: number(&result, "verify_s"),
    })
}

/// Prints a table, each figure with its ratio to ours, and returns it for the report.
fn table(roll: usize, rows: &[Row]) -> Vec<Value> {
    let Some(ours) = rows.first() else {
        return Vec::new();
    };
    println!(
        "{roll} voters, {roll} ballots {:>31} {:>20} {:>20}",
        "bytes", "cast", "all ballots"
    );
    let rows = rows.iter().map(|row| {
        let ratios = [
            row.ballot_bytes / ours.ballot_bytes,
            row.cast_ms / ours.cast_ms,
            row.verify_s / ours.verify_s,
        ];
        let [bytes, cast, verify] = ratios;
        println!(
            "  {:<46} {:>6.0} {:>5.1}x {:>9.2} ms {:>5.1}x {:>9.1} ms {:>5.1}x",
            row.who,
            row.ballot_bytes,
            bytes,
            row.cast_ms,
            cast,
            row.verify_s * 1e3,
            verify
        );
        json!({
            "roll": roll,
            "who": row.who,
            "ballot_bytes": row.ballot_bytes,
            "cast_ms": row.cast_ms,
            "verify_s": row.verify_s,
            "times_ours": { "bytes": bytes, "cast": cast, "verify": verify },
        })
    });
    let rows = rows.collect();
    println!();
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_to_the_first_row() {
        let row = |who: &str, factor: f64| Row {
            who: who.to_owned(),
            ballot_bytes: 100.0 * factor,
            cast_ms: 2.0 * factor,
            verify_s: 0.5 * factor,
        };
        let report = table(30, &[row("ours", 1.0), row("theirs", 4.0)]);
        let ratio = |at: usize| report.get(at).map(|row| row["times_ours"]["verify"].as_f64());
        assert_eq!((ratio(0), ratio(1)), (Some(Some(1.0)), Some(Some(4.0))));
    }
}
