//! What was asked and how it was answered, in tables that fit a terminal. Options have the numbers of the specification,
//! from 0.

use assembly::counting::stv::VOTE;
use assembly::counting::{Account, Act, OptionIndex, OptionsMethod, OptionsResult, Stage};
use assembly::{Counts, MotionReport, Question, TallyResult};
use std::io::{Result, Write};

use super::printable;

/// Columns of a table side by side; those that are more come below.
const COLUMNS: usize = 6;

/// Writes the question and, if there is one, the result.
pub(super) fn write(motion: &MotionReport, out: &mut impl Write) -> Result<()> {
    if let Question::Options { method, options } = &motion.question {
        writeln!(out, "  {}", method_words(*method))?;
        if motion.result.is_none() {
            for (number, option) in options.iter().enumerate() {
                writeln!(out, "  {number:>5}  {}", printable(option))?;
            }
        }
    }
    let Some(result) = &motion.result else {
        return Ok(());
    };
    if let Some(counts) = result.votes.choices() {
        write_counts(*counts, result, out)?;
    }
    if let Some(options) = result.votes.options() {
        write_options(motion.question.options(), options, result, out)?;
    }
    writeln!(out, "  result {}", result.hash())
}

fn method_words(method: OptionsMethod) -> String {
    let seats = match method.seats() {
        1 => "1 seat".to_owned(),
        seats => format!("{seats} seats"),
    };
    match method {
        OptionsMethod::OneOfMany => format!("one of many, {seats}"),
        OptionsMethod::UpToK { marks_max, .. } => format!("up to {marks_max} marks, {seats}"),
        OptionsMethod::Schulze => format!("ranked (Schulze), {seats}"),
        OptionsMethod::Transferable { .. } => format!("ranked (transferable votes), {seats}"),
    }
}

fn write_counts(counts: Counts, result: &TallyResult, out: &mut impl Write) -> Result<()> {
    writeln!(
        out,
        "  for {}, against {}, abstain {}, spoilt {}: {}",
        counts.votes_for,
        counts.votes_against,
        counts.votes_abstain,
        counts.spoilt,
        adopted(result),
    )
}

const fn adopted(result: &TallyResult) -> &'static str {
    match (result.adopted, result.quorum_met) {
        (true, _) => "adopted",
        (false, true) => "not adopted",
        (false, false) => "not adopted (no quorum)",
    }
}

fn write_options(
    names: &[String],
    options: &OptionsResult,
    result: &TallyResult,
    out: &mut impl Write,
) -> Result<()> {
    let (turnout, outcome) = (options.turnout, &options.outcome);
    writeln!(
        out,
        "  valid {}, abstain {}, spoilt {}: {}",
        turnout.valid,
        turnout.abstain,
        turnout.spoilt,
        adopted(result)
    )?;
    writeln!(
        out,
        "  option  {:>14}  standing  name",
        column_of(&options.account)
    )?;
    for (option, name) in OptionIndex::all(names.len()).zip(names) {
        let standing = match (outcome.elected.contains(&option), result.adopted) {
            (true, true) => "elected",
            // Without the quorum nobody is.
            (true, false) => "leading",
            (false, _) if outcome.tied.contains(&option) => "tied",
            (false, _) => "",
        };
        let figure = figure_of(&options.account, option);
        writeln!(
            out,
            "  {:>6}  {figure:>14}  {standing:<8}  {}",
            option.number(),
            printable(name)
        )?;
    }
    if result.adopted {
        writeln!(out, "  elected, in this order: {}", numbers(&outcome.elected))?;
    } else {
        writeln!(out, "  nobody is elected")?;
    }
    if !outcome.tied.is_empty() {
        writeln!(
            out,
            "  tied for seats that stay empty: {}",
            numbers(&outcome.tied)
        )?;
    }
    if outcome.drawn {
        writeln!(out, "  the public order decided a tie")?;
    }
    match &options.account {
        Account::Votes(_) => Ok(()),
        Account::Pairs { preferred, .. } => write_pairs(preferred, out),
        Account::Stages { quota, stages } => write_stages(*quota, stages, names.len(), out),
    }
}

const fn column_of(account: &Account) -> &'static str {
    match account {
        Account::Votes(_) => "votes",
        Account::Pairs { .. } => "class",
        Account::Stages { .. } => "votes at last",
    }
}

/// What the method says of one option, in one figure.
fn figure_of(account: &Account, option: OptionIndex) -> String {
    match account {
        Account::Votes(votes) => votes.get(option.index()).map(ToString::to_string),
        Account::Pairs { classes, .. } => {
            let class = classes.iter().position(|class| class.contains(&option));
            class.map(|class| class.saturating_add(1).to_string())
        }
        Account::Stages { stages, .. } => {
            let last = stages.last().and_then(|stage| stage.votes.get(option.index()));
            last.map(|votes| decimal(*votes))
        }
    }
    .unwrap_or_default()
}

fn write_pairs(preferred: &[Vec<u32>], out: &mut impl Write) -> Result<()> {
    writeln!(out, "  ballots that rank the row's option above the column's")?;
    let head: Vec<String> = (0..preferred.len()).map(|number| number.to_string()).collect();
    let rows: Vec<_> = preferred
        .iter()
        .zip(&head)
        .map(|(row, number)| (number.clone(), row.iter().map(ToString::to_string).collect()))
        .collect();
    write_table(&head, &rows, out)
}

fn write_stages(quota: u32, stages: &[Stage], options: usize, out: &mut impl Write) -> Result<()> {
    writeln!(out, "  quota {quota}")?;
    for (number, stage) in (1..).zip(stages) {
        let act = match stage.act {
            Act::First => "first preferences".to_owned(),
            Act::Surplus(option) => format!("surplus of {} goes on", option.number()),
            Act::Excluded(option) => format!("{} is excluded", option.number()),
        };
        let elected = match stage.elected.as_slice() {
            [] => String::new(),
            elected => format!("; elected: {}", numbers(elected)),
        };
        writeln!(out, "  stage {number}: {act}{elected}")?;
    }
    let head: Vec<String> = (1..)
        .take(stages.len())
        .map(|number: u32| format!("stage {number}"))
        .collect();
    let votes_of = |option: OptionIndex| {
        let votes = stages
            .iter()
            .map(|stage| stage.votes.get(option.index()).copied());
        votes.map(|votes| decimal(votes.unwrap_or_default())).collect()
    };
    let mut rows: Vec<(String, Vec<String>)> = OptionIndex::all(options)
        .map(|option| (option.number().to_string(), votes_of(option)))
        .collect();
    rows.push((
        "lost".to_owned(),
        stages.iter().map(|stage| decimal(stage.lost)).collect(),
    ));
    write_table(&head, &rows, out)
}

/// Writes a table whose columns stand in blocks of [`COLUMNS`].
fn write_table(head: &[String], rows: &[(String, Vec<String>)], out: &mut impl Write) -> Result<()> {
    for (block, head) in (0..).step_by(COLUMNS).zip(head.chunks(COLUMNS)) {
        write_row("", head, out)?;
        for (label, row) in rows {
            let cells = row.iter().skip(block).take(COLUMNS).cloned().collect::<Vec<_>>();
            write_row(label, &cells, out)?;
        }
    }
    Ok(())
}

fn write_row(label: &str, cells: &[String], out: &mut impl Write) -> Result<()> {
    write!(out, "  {label:>6}")?;
    for cell in cells {
        write!(out, "  {cell:>11}")?;
    }
    writeln!(out)
}

fn numbers(options: &[OptionIndex]) -> String {
    let numbers: Vec<_> = options.iter().map(|option| option.number().to_string()).collect();
    numbers.join(", ")
}

/// Votes with their five decimals.
fn decimal(votes: u64) -> String {
    format!("{}.{:05}", votes / VOTE, votes % VOTE)
}
