//! What a motion asks, and how votes among its options came out.

use super::line;
use crate::choice::{number, numbers, options, ranking};
use app::dto::views::{AccountView, ActView, OptionsView, QuestionView, ResultView, StageView};

/// One vote in the units of a count of transferable votes.
const VOTE: u64 = 100_000;

/// The method and the numbered options.
pub(super) fn show_question(text: &mut String, question: &QuestionView) {
    let method = match question {
        QuestionView::ForAgainstAbstain => return,
        QuestionView::OneOfMany { .. } => "one of these options".to_owned(),
        QuestionView::UpToK { marks_max, seats, .. } => {
            format!("at most {marks_max} of these options; elected: {seats}")
        }
        QuestionView::Schulze { .. } => "a ranking of these options (Schulze); elected: 1".to_owned(),
        QuestionView::Transferable { seats, .. } => {
            format!("a ranking of these options (transferable votes); elected: {seats}")
        }
    };
    line(text, "Asked:", &method);
    for (number, option) in (1..).zip(options(question)) {
        line(text, &format!("{number:>4} "), option);
    }
}

/// Who is elected, and how it came to that.
pub(super) fn show_options(
    text: &mut String,
    question: &QuestionView,
    view: &ResultView,
    votes: &OptionsView,
) {
    let name = |option: &u16| {
        options(question)
            .get(usize::from(*option))
            .map_or("", String::as_str)
    };
    let outcome = match (view.quorum_met, votes.elected.is_empty()) {
        (false, _) => "NOBODY ELECTED: no quorum",
        (true, true) => "NOBODY ELECTED",
        (true, false) => "ELECTED",
    };
    line(text, outcome, "");
    if view.adopted {
        for option in &votes.elected {
            line(text, &format!("{:>4} ", number(*option)), name(option));
        }
    }
    if !votes.tied.is_empty() {
        line(text, "Tied, their seats stay empty:", &numbers(&votes.tied, ", "));
    }
    if votes.drawn {
        line(text, "A tie was decided by the public order.", "");
    }
    let counts = format!(
        "{}, abstain {}, spoilt {}",
        votes.valid, view.votes_abstain, view.spoilt
    );
    line(text, "Ballots with a choice:", &counts);
    match &votes.account {
        AccountView::Votes { votes } => {
            line(text, "Votes:", "");
            for ((option, votes), name) in (0..).zip(votes).zip(options(question)) {
                line(text, &format!("{:>4}: {votes:>6} ", number(option)), name);
            }
        }
        AccountView::Pairs { preferred, classes } => show_pairs(text, preferred, classes),
        AccountView::Stages { quota, stages } => {
            line(text, "Votes that elect (quota):", &quota.to_string());
            for (place, stage) in (1..).zip(stages) {
                show_stage(text, place, stage);
            }
        }
    }
}

/// Row i, column j: ballots that rank i above j.
fn show_pairs(text: &mut String, preferred: &[Vec<u32>], classes: &[Vec<u16>]) {
    let greatest = preferred.iter().flatten().max().copied().unwrap_or_default();
    let width = greatest.to_string().len().max(preferred.len().to_string().len()) + 1;
    line(
        text,
        "Ballots that rank the option of the line above that of the column:",
        "",
    );
    let head: String = (1..=preferred.len())
        .map(|column| format!("{column:>width$}"))
        .collect();
    line(text, &format!("      {head}"), "");
    for (row, ballots) in preferred.iter().enumerate() {
        let cell = |(column, ballots): (usize, &u32)| {
            if column == row {
                format!("{:>width$}", "-")
            } else {
                format!("{ballots:>width$}")
            }
        };
        let cells: String = ballots.iter().enumerate().map(cell).collect();
        line(text, &format!("{:>4}: {cells}", row + 1), "");
    }
    line(text, "From best to last:", &ranking(classes));
}

fn show_stage(text: &mut String, place: u32, stage: &StageView) {
    let act = match stage.act {
        ActView::First => "first preferences".to_owned(),
        ActView::Surplus(option) => format!("what {} had above the quota goes on", number(option)),
        ActView::Excluded(option) => format!("{} is excluded", number(option)),
    };
    line(text, &format!("Stage {place}:"), &act);
    let votes = (0..).zip(&stage.votes);
    let votes: Vec<_> = votes
        .map(|(option, votes)| format!("{}: {}", number(option), decimal(*votes)))
        .collect();
    line(text, "    ", &votes.join("   "));
    if stage.lost > 0 {
        line(text, "     of no option any more:", &decimal(stage.lost));
    }
    if !stage.elected.is_empty() {
        line(text, "     elected:", &numbers(&stage.elected, ", "));
    }
}

/// Hundred-thousandths as a decimal, without the zeros at its end.
fn decimal(votes: u64) -> String {
    let decimal = format!("{}.{:05}", votes / VOTE, votes % VOTE);
    decimal.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(adopted: bool, options: OptionsView) -> ResultView {
        ResultView {
            adopted,
            votes_for: 0,
            votes_against: 0,
            votes_abstain: 1,
            spoilt: 0,
            options: Some(options),
            quorum_met: true,
            agree: 1,
            disagree: 0,
            roll_call: Vec::new(),
            hash: String::new(),
            proof: Vec::new(),
        }
    }

    fn names() -> Vec<String> {
        ["Anna", "Boris", "Vera\nELECTED"].map(str::to_owned).to_vec()
    }

    fn shown(question: &QuestionView, adopted: bool, options: OptionsView) -> String {
        let mut text = String::new();
        let view = result(adopted, options.clone());
        show_options(&mut text, question, &view, &options);
        text
    }

    #[test]
    fn a_question_shows_its_options_by_number_each_in_its_line() {
        let mut text = String::new();
        let question = QuestionView::UpToK {
            options: names(),
            marks_max: 2,
            seats: 1,
        };
        show_question(&mut text, &question);
        assert_eq!(
            text,
            "Asked: at most 2 of these options; elected: 1\n   1  Anna\n   2  Boris\n   3  Vera\u{fffd}ELECTED\n"
        );
        text.clear();
        show_question(&mut text, &QuestionView::ForAgainstAbstain);
        assert!(text.is_empty());
    }

    #[test]
    fn votes_stand_beside_the_options_and_a_tie_is_said_to_be_one() {
        let votes = OptionsView {
            valid: 5,
            elected: vec![],
            tied: vec![0, 2],
            drawn: false,
            account: AccountView::Votes { votes: vec![2, 1, 2] },
        };
        let text = shown(&QuestionView::OneOfMany { options: names() }, false, votes);
        let expected = "NOBODY ELECTED\nTied, their seats stay empty: 1, 3\nBallots with a choice: 5, abstain 1, spoilt \
                        0\nVotes:\n   1:      2  Anna\n   2:      1  Boris\n   3:      2  Vera\u{fffd}ELECTED\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn pairs_stand_in_a_table() {
        let votes = OptionsView {
            valid: 12,
            elected: vec![1],
            tied: vec![],
            drawn: true,
            account: AccountView::Pairs {
                preferred: vec![vec![0, 3, 10], vec![9, 0, 7], vec![2, 5, 0]],
                classes: vec![vec![1], vec![0, 2]],
            },
        };
        let text = shown(&QuestionView::Schulze { options: names() }, true, votes);
        assert!(
            text.starts_with("ELECTED\n   2  Boris\nA tie was decided by the public order.\n"),
            "{text}"
        );
        let table = "        1  2  3\n   1:   -  3 10\n   2:   9  -  7\n   3:   2  5  -\nFrom best to last: 2 > 1 = 3\n";
        assert!(text.ends_with(table), "{text}");
    }

    #[test]
    fn stages_tell_what_was_done_and_what_came_of_it() {
        let stage = |act, votes: &[u64], lost, elected: &[u16]| StageView {
            act,
            votes: votes.to_vec(),
            lost,
            elected: elected.to_vec(),
        };
        let votes = OptionsView {
            valid: 6,
            elected: vec![1, 0],
            tied: vec![],
            drawn: false,
            account: AccountView::Stages {
                quota: 3,
                stages: vec![
                    stage(ActView::First, &[150_000, 400_000, 50_000], 0, &[1]),
                    stage(ActView::Surplus(1), &[216_666, 300_000, 83_333], 1, &[]),
                    stage(ActView::Excluded(2), &[300_000, 300_000, 0], 1, &[0]),
                ],
            },
        };
        let question = QuestionView::Transferable {
            options: names(),
            seats: 2,
        };
        let text = shown(&question, true, votes);
        assert!(text.starts_with("ELECTED\n   2  Boris\n   1  Anna\n"), "{text}");
        assert!(
            text.contains("Stage 1: first preferences\n     1: 1.5   2: 4   3: 0.5\n     elected: 2\n"),
            "{text}"
        );
        assert!(
            text.contains(
                "Stage 2: what 2 had above the quota goes on\n     1: 2.16666   2: 3   3: 0.83333\n"
            ),
            "{text}"
        );
        assert!(text.contains("     of no option any more: 0.00001\n"), "{text}");
        assert!(text.contains("Stage 3: 3 is excluded\n"), "{text}");
    }

    #[test]
    fn whoever_would_be_elected_without_a_quorum_is_not_shown_as_elected() {
        let votes = OptionsView {
            valid: 1,
            elected: vec![0],
            tied: vec![],
            drawn: false,
            account: AccountView::Votes { votes: vec![1, 0, 0] },
        };
        let question = QuestionView::OneOfMany { options: names() };
        let mut view = result(false, votes.clone());
        view.quorum_met = false;
        let mut text = String::new();
        show_options(&mut text, &question, &view, &votes);
        assert!(text.starts_with("NOBODY ELECTED: no quorum\nBallots"), "{text}");
    }
}
