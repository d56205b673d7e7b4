//! Rule ids (`BAL-06`, `LOG-03`, …) in a text.

use std::collections::BTreeSet;

/// The families of rules that have ids.
pub const FAMILIES: &[&str] = &["BAL", "LOG", "ASM", "MSG", "AUD", "SEA", "TAL"];

/// All ids that the text names.
#[must_use]
pub fn rule_ids(text: &str) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for family in FAMILIES {
        for (at, _) in text.match_indices(family) {
            let before = text.get(..at).and_then(|head| head.chars().next_back());
            let id = text.get(at..at + family.len() + 3).unwrap_or_default();
            let number = id
                .get(family.len()..)
                .and_then(|rest| rest.strip_prefix('-'))
                .unwrap_or_default();
            let is_word_start = !before.is_some_and(char::is_alphanumeric);
            if is_word_start && number.len() == 2 && number.bytes().all(|digit| digit.is_ascii_digit()) {
                ids.insert(id.to_owned());
            }
        }
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_ids_and_nothing_else() {
        let ids = rule_ids("BAL-06 (see ASM-12). `MSG-01`; BAL-6, LOG-1x, XLOG-03, BAL-06");
        assert_eq!(
            ids.into_iter().collect::<Vec<_>>(),
            ["ASM-12", "BAL-06", "MSG-01"]
        );
    }
}
