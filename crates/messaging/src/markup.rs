//! What is bold in a text, and who is meant: marks within the words themselves.
//!
//! Words stay plain text. A reader that knows nothing of this shows the marks as they stand; nothing here loads, links or
//! calls anything. The grammar is in `docs/spec/messaging.md`, and every text has exactly one reading.

use primitives::SeatNumber;

/// A stretch of words in one style.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run<'a> {
    /// The words, without the marks; for a mention as it was written, `@{7}`.
    pub text: &'a str,
    /// How it looks.
    pub style: Style,
    /// The seat that it mentions.
    pub seat: Option<SeatNumber>,
}

/// How words look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Style {
    /// `*bold*`
    pub bold: bool,
    /// `_italic_`
    pub italic: bool,
    /// `~struck out~`
    pub strike: bool,
    /// `` `code` ``
    pub code: bool,
    /// A line that begins with `> `.
    pub quote: bool,
}

const QUOTE: &str = "> ";
const MARKS: [char; 4] = ['*', '_', '~', '`'];

/// Reads a text. Linear in its length, whatever it is.
#[must_use]
pub fn runs(text: &str) -> Vec<Run<'_>> {
    let mut reading = Reading {
        text,
        runs: Vec::new(),
        end: 0,
        line: 0,
        closers: Default::default(),
    };
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        reading.line(start, line);
        start = start.saturating_add(line.len());
    }
    reading.runs
}

/// The seats that a text mentions, each once, in the order of their numbers.
#[must_use]
pub fn mentions(text: &str) -> Vec<SeatNumber> {
    let mut seats: Vec<SeatNumber> = if text.contains("@{") {
        runs(text).into_iter().filter_map(|run| run.seat).collect()
    } else {
        Vec::new()
    };
    seats.sort_unstable();
    seats.dedup();
    seats
}

impl Style {
    fn has(self, mark: usize) -> bool {
        match mark {
            0 => self.bold,
            1 => self.italic,
            2 => self.strike,
            _ => self.code,
        }
    }

    fn with(mut self, mark: usize) -> Self {
        match mark {
            0 => self.bold = true,
            1 => self.italic = true,
            2 => self.strike = true,
            _ => self.code = true,
        }
        self
    }
}

struct Reading<'a> {
    text: &'a str,
    runs: Vec<Run<'a>>,
    /// Where the last run ended in the text.
    end: usize,
    /// Where the line begins.
    line: usize,
    /// Places of the line at which each mark can close, ascending.
    closers: [Vec<usize>; 4],
}

impl<'a> Reading<'a> {
    fn line(&mut self, start: usize, line: &str) {
        let words = line.strip_suffix('\n').unwrap_or(line);
        let end = start.saturating_add(words.len());
        let quote = words.starts_with(QUOTE);
        let style = Style {
            quote,
            ..Style::default()
        };
        self.line = if quote {
            start.saturating_add(QUOTE.len())
        } else {
            start
        };
        self.find_closers(end);
        self.inside(self.line, end, style);
        self.push(end, start.saturating_add(line.len()), style, None);
    }

    /// A mark closes behind what is no space, and before what is no letter or digit.
    fn find_closers(&mut self, end: usize) {
        self.closers.iter_mut().for_each(Vec::clear);
        let words = self.slice(self.line, end);
        let mut before: Option<char> = None;
        let mut rest = words.char_indices().peekable();
        while let Some((at, c)) = rest.next() {
            let after = rest.peek().map(|(_, c)| *c);
            let closes =
                before.is_some_and(|c| !c.is_whitespace()) && !after.is_some_and(char::is_alphanumeric);
            if let (true, Some(mark)) = (closes, mark_of(c))
                && let Some(places) = self.closers.get_mut(mark)
            {
                places.push(self.line.saturating_add(at));
            }
            before = Some(c);
        }
    }

    /// Reads from `at` to `end`, all of it in `style`. Goes down once for each mark at most.
    fn inside(&mut self, mut at: usize, end: usize, style: Style) {
        let mut plain = at;
        while let Some(c) = self.slice(at, end).chars().next() {
            if let Some((seat, len)) = mention(self.slice(at, end)) {
                self.push(plain, at, style, None);
                self.push(at, at.saturating_add(len), style, Some(seat));
                at = at.saturating_add(len);
                plain = at;
            } else if let Some(mark) = mark_of(c).filter(|mark| !style.has(*mark))
                && self.opens(c, at, end)
                && let Some(close) = self.closer(mark, at.saturating_add(2), end)
            {
                self.push(plain, at, style, None);
                let (first, styled) = (at.saturating_add(1), style.with(mark));
                if styled.code {
                    self.push(first, close, styled, None);
                } else {
                    self.inside(first, close, styled);
                }
                at = close.saturating_add(1);
                plain = at;
            } else {
                at = at.saturating_add(c.len_utf8());
            }
        }
        self.push(plain, end, style, None);
    }

    /// A mark opens before what is no space and not the same mark, and not behind a letter or digit.
    fn opens(&self, mark: char, at: usize, end: usize) -> bool {
        let before = self.slice(self.line, at).chars().next_back();
        let after = self.slice(at.saturating_add(1), end).chars().next();
        !before.is_some_and(char::is_alphanumeric) && after.is_some_and(|c| !c.is_whitespace() && c != mark)
    }

    fn closer(&self, mark: usize, from: usize, end: usize) -> Option<usize> {
        let places = self.closers.get(mark)?;
        let first = places.partition_point(|place| *place < from);
        places.get(first).copied().filter(|place| *place < end)
    }

    /// Takes a stretch in; goes on with the last run where it is more of the same.
    fn push(&mut self, from: usize, to: usize, style: Style, seat: Option<SeatNumber>) {
        if from >= to {
            return;
        }
        let text = self.text;
        match self.runs.last_mut() {
            Some(last)
                if self.end == from && last.style == style && last.seat.is_none() && seat.is_none() =>
            {
                let begin = from.saturating_sub(last.text.len());
                last.text = text.get(begin..to).unwrap_or_default();
            }
            _ => self.runs.push(Run {
                text: text.get(from..to).unwrap_or_default(),
                style,
                seat,
            }),
        }
        self.end = to;
    }

    fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }
}

fn mark_of(c: char) -> Option<usize> {
    MARKS.iter().position(|mark| *mark == c)
}

/// A mention at the beginning of `text`, and its length in bytes: `@{` number `}`, the number without leading zeros.
fn mention(text: &str) -> Option<(SeatNumber, usize)> {
    let rest = text.strip_prefix("@{")?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let number = rest.get(..digits).filter(|number| !number.starts_with('0'))?;
    rest.get(digits..)?.strip_prefix('}')?;
    Some((SeatNumber(number.parse().ok()?), digits.saturating_add(3)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The reading as text: `b` bold, `i` italic, `s` struck, `c` code, `q` quote, `@` a mention.
    fn read(text: &str) -> String {
        let letter = |set: bool, letter: &'static str| if set { letter } else { "" };
        runs(text)
            .iter()
            .map(|run| {
                let Style {
                    bold,
                    italic,
                    strike,
                    code,
                    quote,
                } = run.style;
                let letters = [
                    letter(quote, "q"),
                    letter(bold, "b"),
                    letter(italic, "i"),
                    letter(strike, "s"),
                    letter(code, "c"),
                    letter(run.seat.is_some(), "@"),
                ];
                format!("[{}|{}]", letters.concat(), run.text)
            })
            .collect()
    }

    #[test]
    fn marks_are_read_as_people_mean_them() {
        for (text, reading) in [
            ("", ""),
            ("plain words", "[|plain words]"),
            ("*bold*", "[b|bold]"),
            ("a *b* _i_ ~s~ `c`.", "[|a ][b|b][| ][i|i][| ][s|s][| ][c|c][|.]"),
            ("*b _bi ~all~_ b*", "[b|b ][bi|bi ][bis|all][b| b]"),
            ("*жирно*, _косо_", "[b|жирно][|, ][i|косо]"),
            ("`*not bold* @{7}`", "[c|*not bold* @{7}]"),
            ("(*b*)", "[|(][b|b][|)]"),
            // What is no mark.
            ("2 * 3 * 4", "[|2 * 3 * 4]"),
            ("a*b*c snake_case_name", "[|a*b*c snake_case_name]"),
            ("*.rs and *.txt", "[|*.rs and *.txt]"),
            ("*open", "[|*open]"),
            ("* not * here*", "[|* not * here*]"),
            ("*b _i* i_", "[b|b _i][| i_]"),
            ("one *line\nonly* here", "[|one *line\nonly* here]"),
            ("**b**", "[|*][b|b][|*]"),
            ("** __ ~~ ``", "[|** __ ~~ ``]"),
            // Quotes.
            ("> said\nanswer", "[q|said\n][|answer]"),
            (
                "> one\n> *two*",
                "[q|one\n][q|two]".replace("[q|two]", "[qb|two]").as_str(),
            ),
            (">no", "[|>no]"),
            // Mentions.
            ("@{7}, see *@{12}*", "[@|@{7}][|, see ][b@|@{12}]"),
            (
                "@{07} @{} @{x} @{0} @{4294967296} @7",
                "[|@{07} @{} @{x} @{0} @{4294967296} @7]",
            ),
        ] {
            assert_eq!(read(text), reading, "{text:?}");
        }
    }

    #[test]
    fn mentions_are_counted_once_and_not_in_code() {
        let seats: Vec<u32> = mentions("@{7} @{3} *@{7}* `@{9}`")
            .iter()
            .map(|seat| seat.0)
            .collect();
        assert_eq!(seats, [3, 7]);
        assert!(mentions("nobody").is_empty());
    }

    #[test]
    fn a_hostile_text_is_read_in_linear_time() {
        for text in ["*a ", "*_~a", "_a*", "*a*", "@{", "> `*"] {
            let long = text.repeat((32 << 10) / text.len());
            let shown: usize = runs(&long).iter().map(|run| run.text.len()).sum();
            assert!(shown <= long.len());
        }
    }

    proptest! {
        #[test]
        fn a_reading_only_leaves_marks_out(text in "[a *_~`>@{}1\n-яЁ]{0,60}") {
            let mut rest = text.as_str();
            for run in runs(&text) {
                let at = rest.find(run.text);
                prop_assert!(at.is_some());
                let dropped = &rest[..at.unwrap()];
                prop_assert!(dropped.chars().all(|c| "*_~`> ".contains(c)), "{dropped:?}");
                rest = &rest[at.unwrap() + run.text.len()..];
            }
            prop_assert!(rest.chars().all(|c| "*_~`> ".contains(c)));
        }

        #[test]
        fn a_text_without_marks_is_one_run(text in "[a-zа-я0-9 .,!\n]{1,60}") {
            let runs = runs(&text);
            prop_assert_eq!(runs.len(), 1);
            prop_assert_eq!(runs[0].text, text.as_str());
        }
    }
}
