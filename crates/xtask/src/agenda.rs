//! What the members decide, and which way each of them goes.

use serde_json::{Value, json};

/// A motion of the demonstration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// For or against, by name.
    RollCall,
    /// For or against, in secret.
    Secret,
    /// Two of four by ranking, in secret.
    Election,
}

/// Which way each deputy goes: different in each vote, decided by nobody's seat number alone.
const ROLL_CALL: &[&str] = &["for", "for", "against", "for", "abstain", "for", "against"];
const SECRET: &[&str] = &["against", "for", "for", "for", "for", "abstain", "against"];
/// Options by their index, best first. The second is elected at once, and the first later, whichever trustee is away.
const ELECTION: &[&[u16]] = &[&[1, 0], &[1, 0, 3], &[1, 0], &[1, 3, 0], &[0, 2], &[0], &[2, 3]];
/// Who can be elected.
pub const CANDIDATES: [&str; 4] = ["Анна Вольская", "Борис Гаврилов", "Вера Дымова", "Глеб Ершов"];
/// How many are.
const SEATS: u16 = 2;

impl Item {
    /// Its title.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::RollCall => "О регламенте",
            Self::Secret => "О председателе комиссии",
            Self::Election => "Выборы двух секретарей",
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::RollCall => "Принять регламент собрания в первом чтении.",
            Self::Secret => "Избрать председателем редакционной комиссии Веру Дымову.",
            Self::Election => {
                "Избрать двух секретарей собрания из четырёх кандидатов, назвав их в порядке предпочтения."
            }
        }
    }

    /// Whether ballots are anonymous.
    #[must_use]
    pub const fn is_secret(self) -> bool {
        !matches!(self, Self::RollCall)
    }

    /// How the votes are counted, in words.
    #[must_use]
    pub const fn method(self) -> &'static str {
        match self {
            Self::RollCall => "roll_call",
            Self::Secret => "secret",
            Self::Election => "secret, ranked: two of four by transferable votes",
        }
    }

    /// The request that proposes it.
    #[must_use]
    pub fn proposal(self, voting_ms: u64) -> Value {
        let kind = if self.is_secret() { "secret" } else { "roll_call" };
        let question = match self {
            Self::Election => json!({ "method": "transferable", "options": CANDIDATES, "seats": SEATS }),
            Self::RollCall | Self::Secret => json!({ "method": "for_against_abstain" }),
        };
        json!({
            "request": "propose", "title": self.title(), "text": self.text(), "kind": kind, "question": question,
            "voting_ms": voting_ms,
        })
    }

    /// How the deputy at this place of the list votes.
    #[must_use]
    pub fn choice(self, place: usize) -> Value {
        let turn = |len: usize| place.checked_rem(len).unwrap_or_default();
        match self {
            Self::RollCall => json!(ROLL_CALL.get(turn(ROLL_CALL.len()))),
            Self::Secret => json!(SECRET.get(turn(SECRET.len()))),
            Self::Election => {
                let order = ELECTION.get(turn(ELECTION.len())).copied().unwrap_or_default();
                let ranks: Vec<[u16; 1]> = order.iter().map(|option| [*option]).collect();
                json!({ "ranking": ranks })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deputies_rank_candidates_one_at_a_rank() {
        assert_eq!(Item::Election.choice(1), json!({ "ranking": [[1], [0], [3]] }));
        assert_eq!(Item::Election.choice(8), Item::Election.choice(1));
        assert_eq!(Item::RollCall.choice(2), json!("against"));
    }
}
