//! Random votes with the bytes of their result: for whoever writes a count of their own.

use assembly::counting::{OptionsMethod, Ties};
use assembly::testing::question;
use assembly::{Count, Question};
use primitives::{OpeningId, encode};
use serde_json::{Value, json};

use super::dice::Dice;
use super::{Behaviour, hex};

/// All of them.
#[must_use]
pub fn behaviour() -> Behaviour {
    let mut file = Behaviour::new(
        "results",
        "Votes are counted to these bytes: the element `votes` of a result.",
    );
    for seed in 0..160 {
        let mut dice = Dice::new(seed);
        let (asked, stated) = some_question(&mut dice, seed);
        let votes = some_votes(&mut dice, &asked);
        let mut opening = [0; 32];
        opening[0] = u8::try_from(dice.roll(256)).unwrap();
        let (ties, name) = [(Ties::Fail, "fail"), (Ties::PublicOrder, "public_order")][dice.roll(2)];
        let mut count: Count = asked.count().unwrap();
        for vote in &votes {
            count.add(vote);
        }
        let result = count.finish(OpeningId::new(opening), ties);
        let about = json!({
            "question": stated,
            "opening": hex(&opening),
            "ties": name,
            "votes": votes.iter().map(|vote| hex(vote)).collect::<Vec<_>>(),
            "encoded": hex(&encode(&result)),
        });
        let name = format!("{} {seed}", stated["method"].as_str().unwrap());
        file.case("count", &name, "valid", about);
    }
    file
}

fn some_question(dice: &mut Dice, seed: u64) -> (Question, Value) {
    let mut number = |from: usize, sides: usize| u16::try_from(from + dice.roll(sides)).unwrap();
    let options = number(2, 6);
    match seed % 8 {
        0 => (
            Question::ForAgainstAbstain,
            json!({ "method": "for_against_abstain" }),
        ),
        1 => (
            question(OptionsMethod::OneOfMany, options),
            json!({ "method": "one_of_many", "options": options }),
        ),
        2 => {
            let options = options + 5;
            let marks_max = number(1, usize::from(options));
            let seats = number(1, usize::from(options) - 1);
            (
                question(OptionsMethod::UpToK { marks_max, seats }, options),
                json!({ "method": "up_to_k", "options": options, "marks_max": marks_max, "seats": seats }),
            )
        }
        3 | 4 => (
            question(OptionsMethod::Schulze, options),
            json!({ "method": "schulze", "options": options }),
        ),
        _ => {
            let seats = number(1, usize::from(options) - 1);
            (
                question(OptionsMethod::Transferable { seats }, options),
                json!({ "method": "transferable", "options": options, "seats": seats }),
            )
        }
    }
}

/// Few or many votes, so that ties are common in one case and surpluses in the other; one in ten is spoilt.
fn some_votes(dice: &mut Dice, asked: &Question) -> Vec<Vec<u8>> {
    let voters = [3, 7, 20, 60][dice.roll(4)];
    (0..dice.roll(voters + 1)).map(|_| dice.vote(asked, 10)).collect()
}
