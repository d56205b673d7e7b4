//! The counting methods against independent implementations and declared results.
//!
//! `tests/vectors/counting/*.json` holds what Belenios and pref_voting made of random and of real elections (`make.py`
//! beside them says how). Where `belenios-tool` is installed, it is asked about further elections here and now.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test"
)]

use assembly::counting::{
    OneOfMany, OneOfManyCount, OptionIndex, PublicOrder, Ranking, SchulzeCount, SchulzeResult, StrictOrder,
    StvCount, StvResult, Ties, UpToK, UpToKCount, WeakOrder,
};
use data_encoding::HEXLOWER;
use primitives::{Hash, OpeningId};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Equal papers: how many, and each option's rank, 0 for none.
type Papers = Vec<(u32, Vec<u8>)>;

fn vectors(prefix: &str) -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/counting");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.starts_with(prefix) && name.ends_with(".json") {
            found.push((
                name,
                serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap(),
            ));
        }
    }
    found
}

fn number(value: &Value) -> u16 {
    u16::try_from(value.as_u64().unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<u16> {
    value.as_array().unwrap().iter().map(number).collect()
}

/// `12:BCA` is twelve papers with B first; `3:(AB)D` has A and B equal.
fn papers(value: &Value, options: u16) -> Papers {
    let lines = value
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line.as_str().unwrap());
    lines
        .flat_map(str::split_whitespace)
        .map(|paper| {
            let (times, order) = paper.split_once(':').unwrap();
            let mut ranks = vec![0u8; usize::from(options)];
            let (mut rank, mut equal) = (1, false);
            for letter in order.chars() {
                match letter {
                    '(' => equal = true,
                    ')' => (rank, equal) = (rank + 1, false),
                    'A'..='Z' => ranks[letter as usize - 'A' as usize] = rank,
                    'a'..='z' => ranks[letter as usize - 'a' as usize + 26] = rank,
                    other => panic!("{other} in {paper}"),
                }
                rank += u8::from(letter.is_alphabetic() && !equal);
            }
            (times.parse().unwrap(), ranks)
        })
        .collect()
}

fn schulze(papers: &Papers, options: u16) -> (SchulzeCount, SchulzeResult) {
    let form = WeakOrder::new(options).unwrap();
    let mut count = SchulzeCount::new(form);
    for (times, ranks) in papers {
        let ranking: Ranking = form.canonical(ranks).unwrap();
        count.add_times(ranking.ranks(), *times).unwrap();
    }
    let order = PublicOrder::new(OpeningId::from(Hash::new([0; 32])), options);
    let result = count.result(&order, Ties::Fail);
    (count, result)
}

fn classes(result: &SchulzeResult) -> Vec<Vec<u16>> {
    let class = |class: &Vec<OptionIndex>| class.iter().map(|option| option.number()).collect();
    result.classes.iter().map(class).collect()
}

fn stv(papers: &Papers, options: u16, seats: u16, opening: [u8; 32], ties: Ties) -> StvResult {
    let mut count = StvCount::new(StrictOrder::new(options).unwrap(), seats).unwrap();
    for (times, ranks) in papers {
        count.add_times(ranks, *times).unwrap();
    }
    let order = PublicOrder::new(OpeningId::from(Hash::new(opening)), options);
    count.result(&order, ties)
}

fn elected(result: &StvResult) -> Vec<u16> {
    let mut elected: Vec<u16> = result
        .outcome
        .elected
        .iter()
        .map(|option| option.number())
        .collect();
    elected.sort_unstable();
    elected
}

fn check_schulze(papers: &Papers, options: u16, expected: &Value, what: &str) {
    let (_, result) = schulze(papers, options);
    let belenios: Vec<Vec<u16>> = expected["belenios"]
        .as_array()
        .unwrap()
        .iter()
        .map(numbers)
        .collect();
    assert_eq!(classes(&result), belenios, "Belenios, {what}");
    let pref_voting = numbers(&expected["pref_voting"]);
    assert_eq!(classes(&result)[0], pref_voting, "pref_voting, {what}");
}

/// Checks against pref_voting, and against Belenios where its rules say the same; whether they do.
fn check_stv(papers: &Papers, expected: &Value, what: &str) -> bool {
    let (options, seats) = (number(&expected["options"]), number(&expected["seats"]));
    let opening = HEXLOWER
        .decode(expected["opening"].as_str().unwrap().as_bytes())
        .unwrap();
    let result = stv(
        papers,
        options,
        seats,
        opening.try_into().unwrap(),
        Ties::PublicOrder,
    );
    let pref_voting = numbers(&expected["pref_voting"]["winners"]);
    assert_eq!(elected(&result), pref_voting, "pref_voting, {what}");
    let belenios = &expected["belenios"];
    let comparable = !belenios.is_null()
        && belenios["ties"] == Value::Bool(false)
        && rules_of_belenios_agree(papers, &result);
    if comparable {
        assert_eq!(
            elected(&result),
            numbers(&belenios["winners"]),
            "Belenios, {what}"
        );
    }
    comparable
}

/// Belenios elects one option at a time and lets those that have the quota, too, receive its surplus; it breaks ties by
/// number, and does not know of options that nobody ranks. Where none of this happens the rules are the same but for
/// rounding.
fn rules_of_belenios_agree(papers: &Papers, result: &StvResult) -> bool {
    let options = result.stages[0].votes.len();
    let named = |option: usize| papers.iter().any(|(_, ranks)| ranks[option] > 0);
    let quota = u64::from(result.quota) * 100_000;
    let reached = |stage: &assembly::counting::Stage| {
        stage
            .elected
            .iter()
            .filter(|option| stage.votes[option.index()] >= quota)
            .count()
    };
    (0..options).all(named) && !result.outcome.drawn && result.stages.iter().all(|stage| reached(stage) <= 1)
}

#[test]
fn random_rankings_are_counted_as_belenios_and_pref_voting_count_them() {
    let [(name, vector)] = &vectors("random-schulze")[..] else {
        panic!("one file")
    };
    let elections = vector["elections"].as_array().unwrap();
    assert_eq!(elections.len(), 200);
    let mut tied = 0;
    for (at, election) in elections.iter().enumerate() {
        let options = number(&election["options"]);
        let papers = papers(&election["papers"], options);
        check_schulze(&papers, options, election, &format!("{name} {at}"));
        tied += u32::from(schulze(&papers, options).1.classes[0].len() > 1);
    }
    assert!(tied > 10, "{tied} ties among {}", elections.len());
}

#[test]
fn random_transferable_votes_are_counted_as_pref_voting_and_belenios_count_them() {
    let [(name, vector)] = &vectors("random-stv")[..] else {
        panic!("one file")
    };
    let elections = vector["elections"].as_array().unwrap();
    assert_eq!(elections.len(), 300);
    let (mut comparable, mut drawn) = (0, 0);
    for (at, election) in elections.iter().enumerate() {
        let papers = papers(&election["papers"], number(&election["options"]));
        comparable += u32::from(check_stv(&papers, election, &format!("{name} {at}")));
        drawn += u32::from(election["pref_voting"]["drawn"] == Value::Bool(true));
    }
    println!(
        "{comparable} of {} comparable with Belenios, {drawn} drawn",
        elections.len()
    );
    assert!(comparable > 50 && drawn > 50);
}

#[test]
fn real_elections_return_whom_the_returning_officers_declared() {
    let vectors = vectors("real-");
    assert_eq!(vectors.len(), 4);
    for (name, vector) in vectors {
        let options = number(&vector["stv"]["options"]);
        assert_eq!(vector["names"].as_array().unwrap().len(), usize::from(options));
        let strict = papers(&vector["stv"]["papers"], options);
        check_stv(&strict, &vector["stv"], &name);
        let result = stv(
            &strict,
            options,
            number(&vector["stv"]["seats"]),
            [0; 32],
            Ties::Fail,
        );
        assert_eq!(elected(&result), numbers(&vector["declared"]), "declared, {name}");
        let weak = papers(&vector["schulze"]["papers"], options);
        let weak = if weak.is_empty() { strict } else { weak };
        check_schulze(&weak, options, &vector["schulze"], &name);
        let ballots: u32 = weak.iter().map(|(times, _)| times).sum();
        println!("{name}: {ballots} ballots, {} stages", result.stages.len());
    }
}

/// What a form makes of a plaintext: option numbers (in classes for rankings), or the rule that it breaks.
fn reading(case: &Value, plaintext: &[u8]) -> Value {
    let options = number(&case["options"]);
    let numbers =
        |options: Vec<OptionIndex>| options.into_iter().map(OptionIndex::number).collect::<Vec<_>>();
    let classes = |ranking: Ranking| {
        let greatest = ranking.ranks().iter().max().copied().unwrap_or_default();
        let class = |rank| {
            (0..options)
                .filter(|o| ranking.ranks()[usize::from(*o)] == rank)
                .collect::<Vec<_>>()
        };
        serde_json::json!((1..=greatest).map(class).collect::<Vec<_>>())
    };
    let read = match case["form"].as_str().unwrap() {
        "one of many" => OneOfMany::new(options)
            .unwrap()
            .read(plaintext)
            .map(|choice| serde_json::json!(numbers(choice.into_iter().collect()))),
        "up to k" => UpToK::new(options, number(&case["k"]))
            .unwrap()
            .read(plaintext)
            .map(|marks| serde_json::json!(numbers(marks.into_iter().collect()))),
        "weak order" => WeakOrder::new(options).unwrap().read(plaintext).map(classes),
        "strict order" => StrictOrder::new(options).unwrap().read(plaintext).map(classes),
        other => panic!("{other}"),
    };
    read.unwrap_or_else(|spoilt| Value::from(spoilt.to_string().split_once(':').unwrap().0))
}

#[test]
fn plaintexts_are_read_or_spoilt_as_the_specification_says() {
    let [(_, vector)] = &vectors("plaintexts")[..] else {
        panic!("one file")
    };
    let mut rules = BTreeSet::new();
    for case in vector["cases"].as_array().unwrap() {
        let plaintext = HEXLOWER.decode(case["hex"].as_str().unwrap().as_bytes()).unwrap();
        assert_eq!(reading(case, &plaintext), case["says"], "{case}");
        rules.extend(case["says"].as_str().map(str::to_owned));
    }
    let expected = ["CNT-01", "CNT-02", "CNT-03", "CNT-04", "CNT-05", "CNT-06"];
    assert_eq!(rules.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn random_marks_are_counted_as_votelib_counts_them() {
    let [(name, vector)] = &vectors("random-marks")[..] else {
        panic!("one file")
    };
    let (mut tied, mut single) = (0, 0);
    for (at, election) in vector["elections"].as_array().unwrap().iter().enumerate() {
        let (options, k, seats) = (
            number(&election["options"]),
            number(&election["k"]),
            number(&election["seats"]),
        );
        let form = UpToK::new(options, k).unwrap();
        let one = OneOfMany::new(options).unwrap();
        let (mut count, mut count_one) = (UpToKCount::new(form), OneOfManyCount::new(one));
        for ballot in election["ballots"].as_array().unwrap() {
            let marks: BTreeSet<OptionIndex> = numbers(ballot).into_iter().map(OptionIndex::new).collect();
            count.add(&form.write(&marks).unwrap()).unwrap();
            if k == 1 {
                count_one
                    .add(&one.write(marks.first().copied()).unwrap())
                    .unwrap();
            }
        }
        let order = PublicOrder::new(OpeningId::from(Hash::new([0; 32])), options);
        let mut outcomes = vec![count.outcome(seats, &order, Ties::Fail)];
        if k == 1 && seats == 1 {
            outcomes.push(count_one.outcome(&order, Ties::Fail));
            single += 1;
        }
        for outcome in outcomes {
            let mut elected: Vec<u16> = outcome.elected.iter().map(|option| option.number()).collect();
            elected.sort_unstable();
            let tied: Vec<u16> = outcome.tied.iter().map(|option| option.number()).collect();
            let expected = (numbers(&election["elected"]), numbers(&election["tied"]));
            assert_eq!((elected, tied), expected, "{name} {at}");
        }
        tied += u32::from(!numbers(&election["tied"]).is_empty());
    }
    assert!(tied > 20 && single > 5, "{tied} tied, {single} for one of many");
}

/// Asks the installed `belenios-tool`.
fn belenios(method: &[&str], ballots: &[Vec<u8>]) -> Value {
    let mut child = Command::new("belenios-tool")
        .arg("method")
        .args(method)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input = serde_json::to_vec(ballots).unwrap();
    child.stdin.take().unwrap().write_all(&input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{method:?} of {ballots:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn below(source: &mut ChaCha8Rng, bound: usize) -> usize {
    usize::try_from(source.next_u64() % u64::try_from(bound).unwrap()).unwrap()
}

/// Rankings with equal options; abstentions left out.
fn further_rankings(source: &mut ChaCha8Rng, options: usize) -> Vec<Vec<u8>> {
    let ranks = |source: &mut ChaCha8Rng| -> Vec<u8> {
        (0..options)
            .map(|_| u8::try_from(below(source, 5)).unwrap())
            .collect()
    };
    let ballots: Vec<Vec<u8>> = (0..5 + below(source, 40)).map(|_| ranks(source)).collect();
    ballots
        .into_iter()
        .filter(|ranks| ranks.iter().any(|rank| *rank != ranks[0]))
        .collect()
}

/// Orders of some of the options, as ranks; lower numbers are more popular, so that quotas are reached.
fn further_orders(source: &mut ChaCha8Rng, options: usize) -> Vec<Vec<u8>> {
    let order = |source: &mut ChaCha8Rng| {
        let mut left: Vec<usize> = (0..options).collect();
        let mut ranks = vec![0u8; options];
        for rank in 1..=1 + below(source, options) {
            let reach = 1 + below(source, left.len());
            ranks[left.remove(below(source, reach))] = u8::try_from(rank).unwrap();
        }
        ranks
    };
    (0..200 + below(source, 400)).map(|_| order(source)).collect()
}

fn single(ballots: &[Vec<u8>]) -> Papers {
    ballots.iter().map(|ranks| (1, ranks.clone())).collect()
}

/// Closing line: `skipped=N`, how many comparisons could not be made here.
#[test]
fn the_installed_belenios_agrees_on_further_elections() {
    let version = Command::new("belenios-tool").arg("--version").output();
    if !version.is_ok_and(|output| output.status.success()) {
        println!("belenios-tool is not installed (Debian package belenios-tool)\nskipped=2");
        return;
    }
    let mut source = ChaCha8Rng::seed_from_u64(20_260_102);
    for round in 0..60 {
        let options = 3 + below(&mut source, 5);
        let ballots = further_rankings(&mut source, options);
        let nchoices = format!("--nchoices={options}");
        let answer = belenios(&["schulze", &nchoices, "--blank-allowed=true"], &ballots);
        let (count, result) = schulze(&single(&ballots), u16::try_from(options).unwrap());
        let raw: Vec<Vec<u32>> = serde_json::from_value(answer["raw"].clone()).unwrap();
        assert_eq!(count.preferred(), raw, "round {round}");
        let winners: Vec<Vec<u16>> = serde_json::from_value(answer["winners"].clone()).unwrap();
        assert_eq!(classes(&result), winners, "round {round}");
    }
    let mut comparable = 0;
    for round in 0..60 {
        let options = 4 + below(&mut source, 6);
        let seats = 1 + below(&mut source, options - 2);
        let ballots = further_orders(&mut source, options);
        let papers = single(&ballots);
        let (wide, few) = (u16::try_from(options).unwrap(), u16::try_from(seats).unwrap());
        let result = stv(&papers, wide, few, [0; 32], Ties::Fail);
        if rules_of_belenios_agree(&papers, &result) && result.outcome.tied.is_empty() {
            let answer = belenios(&["stv", &format!("--nseats={seats}")], &ballots);
            let mut winners = numbers(&answer["winners"]);
            winners.sort_unstable();
            assert_eq!(elected(&result), winners, "round {round}");
            comparable += 1;
        }
    }
    println!("60 rankings and {comparable} transferable votes compared");
    assert!(comparable > 20, "{comparable}");
    println!("skipped=0");
}
