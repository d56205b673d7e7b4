//! Rule ids (`BAL-06`, `LOG-03`, …) in a text.

use std::collections::BTreeSet;

/// The families of rules that have ids.
pub const FAMILIES: &[&str] = &["BAL", "LOG", "ASM", "MSG", "AUD", "SEA", "TAL", "CNT"];

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

/// All ids that functions of the text bear in their names: `fn msg_02_a_point_never_goes_back` is about MSG-02.
#[must_use]
pub fn rule_ids_of_functions(text: &str) -> BTreeSet<String> {
    let is_in_name = |c: char| c.is_alphanumeric() || c == '_';
    text.lines()
        .filter_map(|line| line.trim_start().strip_prefix("fn "))
        .filter_map(|head| head.split(|c| !is_in_name(c)).next())
        .flat_map(|name| {
            let words: Vec<&str> = name.split('_').collect();
            let ids = words.windows(2).map(|pair| pair.join("-").to_uppercase());
            ids.flat_map(|id| rule_ids(&id)).collect::<Vec<_>>()
        })
        .collect()
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

    #[test]
    fn finds_ids_in_the_names_of_functions_only() {
        let text = "fn msg_02_goes_on() {}\n  fn asm_32_and_asm_33_hold() { bal_01(); }\n// fn log_01_x\nfn tal_1_y() {}";
        assert_eq!(
            rule_ids_of_functions(text).into_iter().collect::<Vec<_>>(),
            ["ASM-32", "ASM-33", "MSG-02"]
        );
    }
}
