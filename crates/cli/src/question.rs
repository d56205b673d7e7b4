//! What a motion asks, from the command line.

use crate::ending::Ending;
use crate::secret::read_text;
use app::dto::views::QuestionView;
use clap::ValueEnum;
use std::path::PathBuf;

/// What a motion asks: for, against or abstain, unless it has options.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct QuestionArgs {
    /// How votes among options are counted; without options the motion asks for, against or abstain.
    #[arg(long, value_enum)]
    method: Option<Method>,
    /// An option, once for each; they are numbered from 1 in this order.
    #[arg(long = "option", value_name = "TEXT", conflicts_with = "options_file")]
    options: Vec<String>,
    /// File with the options, one on each line.
    #[arg(long, value_name = "FILE")]
    options_file: Option<PathBuf>,
    /// With up-to-k: how many options a ballot may mark.
    #[arg(long, value_name = "K")]
    marks_max: Option<u16>,
    /// With up-to-k and transferable: how many options are elected.
    #[arg(long, value_name = "S")]
    seats: Option<u16>,
}

/// How votes among options are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Method {
    /// A ballot names one option; the most votes win.
    OneOfMany,
    /// A ballot marks several; the options with the most marks win.
    UpToK,
    /// A ballot ranks options, equals allowed; one wins.
    Schulze,
    /// A ballot ranks options; several win.
    Transferable,
}

impl QuestionArgs {
    /// The question.
    pub(crate) fn question(&self) -> Result<QuestionView, Ending> {
        let options = match &self.options_file {
            Some(path) => lines(&read_text(Some(path))?),
            None => self.options.clone(),
        };
        let Some(method) = self.method else {
            let unused = [self.marks_max, self.seats];
            if options.is_empty() && unused == [None, None] {
                return Ok(QuestionView::ForAgainstAbstain);
            }
            return usage(
                "say with --method how options are counted: one-of-many, up-to-k, schulze or transferable",
            );
        };
        if options.is_empty() {
            return usage("give the options: --option TEXT once for each, or --options-file FILE");
        }
        if self.marks_max.is_some() && method != Method::UpToK {
            return usage("--marks-max goes with --method up-to-k only");
        }
        match (method, self.marks_max, self.seats) {
            (Method::OneOfMany, _, None) => Ok(QuestionView::OneOfMany { options }),
            (Method::Schulze, _, None) => Ok(QuestionView::Schulze { options }),
            (Method::OneOfMany | Method::Schulze, _, Some(_)) => {
                usage("this method elects one: leave --seats out, or use up-to-k or transferable")
            }
            (Method::UpToK, Some(marks_max), Some(seats)) => Ok(QuestionView::UpToK {
                options,
                marks_max,
                seats,
            }),
            (Method::UpToK, _, _) => {
                usage("--method up-to-k needs --marks-max (marks on a ballot) and --seats (options elected)")
            }
            (Method::Transferable, _, Some(seats)) => Ok(QuestionView::Transferable { options, seats }),
            (Method::Transferable, _, None) => usage("--method transferable needs --seats (options elected)"),
        }
    }
}

fn usage<T>(sentence: &str) -> Result<T, Ending> {
    Err(Ending::Usage(sentence.to_owned()))
}

/// Options from a file: an editor's empty lines and stray spaces are no part of them.
fn lines(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Only {
        #[command(flatten)]
        question: QuestionArgs,
    }

    fn question(words: &str) -> Result<QuestionView, Ending> {
        let words = std::iter::once("propose").chain(words.split_whitespace());
        Only::try_parse_from(words).unwrap().question.question()
    }

    fn options() -> Vec<String> {
        ["a", "b", "c"].map(str::to_owned).to_vec()
    }

    #[test]
    fn a_motion_without_options_asks_for_or_against() {
        assert_eq!(question("").unwrap(), QuestionView::ForAgainstAbstain);
    }

    #[test]
    fn every_method_takes_its_options_and_numbers() {
        let options = options();
        let table = [
            (
                "--method one-of-many",
                QuestionView::OneOfMany {
                    options: options.clone(),
                },
            ),
            (
                "--method up-to-k --marks-max 3 --seats 2",
                QuestionView::UpToK {
                    options: options.clone(),
                    marks_max: 3,
                    seats: 2,
                },
            ),
            (
                "--method schulze",
                QuestionView::Schulze {
                    options: options.clone(),
                },
            ),
            (
                "--method transferable --seats 2",
                QuestionView::Transferable { options, seats: 2 },
            ),
        ];
        for (words, expected) in table {
            let asked = question(&format!("--option a --option b --option c {words}"));
            assert_eq!(asked.unwrap(), expected);
        }
    }

    #[test]
    fn what_is_missing_or_of_no_use_is_named() {
        let table = [
            ("--option a --option b", "--method"),
            ("--seats 2", "--method"),
            ("--method schulze", "--option TEXT"),
            ("--method schulze --option a --seats 1", "leave --seats out"),
            ("--method one-of-many --option a --seats 1", "leave --seats out"),
            ("--method transferable --option a", "needs --seats"),
            ("--method up-to-k --option a --seats 1", "needs --marks-max"),
            ("--method up-to-k --option a --marks-max 1", "--seats"),
            ("--method schulze --option a --marks-max 1", "up-to-k only"),
        ];
        for (words, sentence) in table {
            let refused = question(words).unwrap_err().to_string();
            assert!(refused.contains(sentence), "{words}: {refused}");
        }
    }

    #[test]
    fn options_stand_one_on_each_line_of_a_file() {
        assert_eq!(lines("a\r\n  b \n\nc\n"), options());
    }
}
