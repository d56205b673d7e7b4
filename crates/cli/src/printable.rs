//! Names and texts come from others: nothing of theirs drives the terminal or deceives the eye.

/// Stands where a character was that has no business in words.
const STRANGE: char = '\u{fffd}';
/// Begins a stretch that reorders nothing outside of it; and ends it.
const ISOLATE: [char; 2] = ['\u{2068}', '\u{2069}'];

/// A name, or a line of a text: it stays in its line.
pub(crate) fn printable_line(text: &str) -> String {
    let shown: String = text
        .chars()
        .map(|c| if is_strange(c) { STRANGE } else { c })
        .collect();
    if shown.chars().any(is_right_to_left) {
        let [begin, end] = ISOLATE;
        return format!("{begin}{shown}{end}");
    }
    shown
}

/// A reaction: one character, whose parts may be joined by what has no width.
pub(crate) fn printable_emoji(text: &str) -> String {
    let is_joint = |c: char| matches!(c, '\u{200d}' | '\u{fe0f}' | '\u{e0020}'..='\u{e007f}');
    text.chars()
        .map(|c| if is_strange(c) && !is_joint(c) { STRANGE } else { c })
        .collect()
}

/// Controls, directional controls, what has no width, fillers and tags.
fn is_strange(c: char) -> bool {
    c.is_control() && c != '\t'
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
            | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// Letters that are written from right to left.
const fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strange_name_cannot_drive_the_terminal() {
        assert_eq!(printable_line("\u{1b}[2Jname"), "\u{fffd}[2Jname");
        assert_eq!(printable_line("a\tb"), "a\tb");
    }

    #[test]
    fn a_joined_emoji_stays_one() {
        assert_eq!(printable_emoji("👩\u{200d}🚀"), "👩\u{200d}🚀");
        assert_eq!(printable_emoji("👍\u{202e}"), "👍\u{fffd}");
    }

    #[test]
    fn a_name_stays_in_its_line() {
        assert_eq!(printable_line("Anna\nADOPTED"), "Anna\u{fffd}ADOPTED");
    }

    #[test]
    fn an_override_cannot_turn_words_round() {
        assert_eq!(printable_line("\u{202e}rof\u{202c}"), "\u{fffd}rof\u{fffd}");
        assert_eq!(printable_line("An\u{200b}na"), "An\u{fffd}na");
    }

    #[test]
    fn a_name_from_right_to_left_keeps_to_itself() {
        assert_eq!(printable_line("\u{5d0}\u{5e0}"), "\u{2068}\u{5d0}\u{5e0}\u{2069}");
        assert_eq!(printable_line("Анна"), "Анна");
    }
}
