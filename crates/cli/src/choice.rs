//! Choices as people write them: `for`, `2`, `1 4`, `2 > 1 = 3`. Options are numbered from 1.

use crate::printable::printable_line;
pub(crate) use app::dto::views::Choice;
use app::dto::views::QuestionView;

/// The options of a question; none of for, against or abstain.
pub(crate) fn options(question: &QuestionView) -> &[String] {
    match question {
        QuestionView::ForAgainstAbstain => &[],
        QuestionView::OneOfMany { options }
        | QuestionView::UpToK { options, .. }
        | QuestionView::Schulze { options }
        | QuestionView::Transferable { options, .. } => options,
    }
}

/// Reads a choice; whether its options are those of the motion is the client's to judge.
///
/// # Errors
/// What to write instead, with an example.
pub(crate) fn read(question: &QuestionView, said: &str) -> Result<Choice, String> {
    let said = said.trim();
    let choice = if said.eq_ignore_ascii_case("abstain") {
        Some(Choice::Abstain)
    } else {
        match question {
            QuestionView::ForAgainstAbstain if said.eq_ignore_ascii_case("for") => Some(Choice::For),
            QuestionView::ForAgainstAbstain if said.eq_ignore_ascii_case("against") => Some(Choice::Against),
            QuestionView::ForAgainstAbstain => None,
            QuestionView::OneOfMany { .. } | QuestionView::UpToK { .. } => {
                let marks = said.split(|c: char| c.is_whitespace() || c == ',');
                let marks = marks.filter(|mark| !mark.is_empty()).map(option).collect();
                // Who says nothing has not abstained.
                Option::map(marks, Choice::Options).filter(|_| !said.is_empty())
            }
            QuestionView::Schulze { .. } | QuestionView::Transferable { .. } => {
                let rank = |rank: &str| rank.split('=').map(option).collect();
                Option::map(said.split('>').map(rank).collect(), Choice::Ranking)
            }
        }
    };
    choice.ok_or_else(|| format!("that is no vote in this motion: {}", what_to_say(question)))
}

/// The index of a numbered option.
fn option(number: &str) -> Option<u16> {
    number.trim().parse::<u16>().ok()?.checked_sub(1)
}

/// What a voter may write, with an example.
pub(crate) fn what_to_say(question: &QuestionView) -> String {
    let options = options(question).len();
    let (what, example) = match question {
        QuestionView::ForAgainstAbstain => return "write for, against or abstain".to_owned(),
        QuestionView::OneOfMany { .. } => ("the number of one option".to_owned(), "2"),
        QuestionView::UpToK { marks_max: 1, .. } => ("the number of one option".to_owned(), "2"),
        QuestionView::UpToK { marks_max, .. } => (
            format!("the numbers of at most {marks_max} options"),
            if options < 4 { "1 2" } else { "1 4" },
        ),
        QuestionView::Schulze { .. } => (
            "the numbers of options, best first, with = between equals".to_owned(),
            if options < 4 { "2 > 1" } else { "2 > 1 = 3 > 4" },
        ),
        QuestionView::Transferable { .. } => (
            "the numbers of options, best first".to_owned(),
            if options < 3 { "2 > 1" } else { "2 > 1 > 3" },
        ),
    };
    format!("write {what} (there are 1 to {options}), or abstain; for example: {example}")
}

/// The numbered options and what to write, for who is about to vote.
pub(crate) fn question_lines(question: &QuestionView) -> Vec<String> {
    let options = (1..).zip(options(question));
    let lines = options.map(|(number, option)| format!("{number:>4}  {}", printable_line(option)));
    lines.chain([what_to_say(question)]).collect()
}

/// A choice as it would be written.
pub(crate) fn words(choice: &Choice) -> String {
    match choice {
        Choice::For => "for".to_owned(),
        Choice::Against => "against".to_owned(),
        Choice::Abstain => "abstain".to_owned(),
        Choice::Options(marks) => numbers(marks, " "),
        Choice::Ranking(classes) => ranking(classes),
    }
}

/// A ranking as it would be written.
pub(crate) fn ranking(classes: &[Vec<u16>]) -> String {
    let classes: Vec<_> = classes.iter().map(|class| numbers(class, " = ")).collect();
    classes.join(" > ")
}

/// Options by their numbers.
pub(crate) fn numbers(options: &[u16], between: &str) -> String {
    let numbers: Vec<_> = options.iter().map(|option| number(*option).to_string()).collect();
    numbers.join(between)
}

/// The number by which people know an option.
pub(crate) fn number(option: u16) -> u32 {
    u32::from(option).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn questions() -> [QuestionView; 5] {
        let options = || ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        [
            QuestionView::ForAgainstAbstain,
            QuestionView::OneOfMany { options: options() },
            QuestionView::UpToK {
                options: options(),
                marks_max: 2,
                seats: 1,
            },
            QuestionView::Schulze { options: options() },
            QuestionView::Transferable {
                options: options(),
                seats: 2,
            },
        ]
    }

    #[test]
    fn choices_are_read_as_they_are_written() {
        let [plain, one, some, schulze, transferable] = questions();
        let table = [
            (&plain, "for", Choice::For),
            (&plain, " Against ", Choice::Against),
            (&plain, "abstain", Choice::Abstain),
            (&one, "2", Choice::Options(vec![1])),
            (&some, "1 4", Choice::Options(vec![0, 3])),
            (&some, "4, 1", Choice::Options(vec![3, 0])),
            (
                &schulze,
                "2 > 1 = 3 > 4",
                Choice::Ranking(vec![vec![1], vec![0, 2], vec![3]]),
            ),
            (&schulze, "2>1=3", Choice::Ranking(vec![vec![1], vec![0, 2]])),
            (&transferable, "3", Choice::Ranking(vec![vec![2]])),
        ];
        for (question, said, choice) in table {
            assert_eq!(read(question, said), Ok(choice), "{said}");
        }
        for question in questions() {
            assert_eq!(read(&question, "abstain"), Ok(Choice::Abstain));
        }
    }

    #[test]
    fn what_is_no_choice_is_answered_with_an_example_that_is_one() {
        let nonsense = [
            "",
            "yes",
            "0",
            "1 >",
            "> 1",
            "1 == 2",
            "70000",
            "-1",
            "1;2",
            "abstain 1",
        ];
        for question in questions() {
            for said in nonsense {
                let sentence = read(&question, said).unwrap_err();
                assert!(sentence.contains(&what_to_say(&question)), "{said}: {sentence}");
            }
            if let Some((_, example)) = what_to_say(&question).split_once("for example: ") {
                let choice = read(&question, example).unwrap();
                assert_eq!(words(&choice), example);
            }
        }
    }

    #[test]
    fn examples_name_no_option_that_there_is_not() {
        let two = || ["a", "b"].map(str::to_owned).to_vec();
        let questions = [
            QuestionView::OneOfMany { options: two() },
            QuestionView::UpToK {
                options: two(),
                marks_max: 1,
                seats: 1,
            },
            QuestionView::UpToK {
                options: two(),
                marks_max: 2,
                seats: 1,
            },
            QuestionView::Schulze { options: two() },
            QuestionView::Transferable {
                options: two(),
                seats: 1,
            },
        ];
        for question in questions {
            let sentence = what_to_say(&question);
            let (_, example) = sentence.split_once("for example: ").unwrap();
            assert!(!example.contains(['3', '4']), "{sentence}");
        }
    }

    #[test]
    fn options_are_shown_with_their_numbers_and_cannot_deceive_the_eye() {
        let question = QuestionView::OneOfMany {
            options: vec!["Anna".into(), "Boris\u{202e}\n   3  Vera".into()],
        };
        let lines = question_lines(&question);
        assert_eq!(lines[0], "   1  Anna");
        assert_eq!(lines[1], "   2  Boris\u{fffd}\u{fffd}   3  Vera");
        assert_eq!(lines.len(), 3);
    }
}
