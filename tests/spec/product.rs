//! Every vector through the product's verifier: the result is the one stated, singly and in a batch.

use assembly::counting::{OptionIndex, OptionsMethod, Ties};
use assembly::testing::question;
use assembly::{Counts, Question, Votes};
use ballot::{BallotIn, BallotKey, Event, KeyContext, LinkTag, PublishedKey, Roll, judge_batch, verify};
use primitives::{AssemblyId, Hash, OpeningId, SeatNumber, decode_canonical, encode};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use sealing::{OpeningSecret, SealContext, check_sealed};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;
use veche_tests::checkout::{root, sources};
use veche_tests::vectors::audits::{battery, outline, product};
use veche_tests::vectors::group::Generators;
use veche_tests::vectors::rolls::TestRoll;

/// A case that broke this rule.
type Rule = &'static str;

fn hex(value: &Value) -> Vec<u8> {
    data_encoding::HEXLOWER
        .decode(value.as_str().unwrap().as_bytes())
        .unwrap()
}

fn hex32(value: &Value) -> [u8; 32] {
    hex(value).try_into().unwrap()
}

/// Rolls read so far, by their root: the large ones are derived once.
#[derive(Default)]
struct Reader {
    rolls: BTreeMap<String, Arc<Roll>>,
    generators: Option<Generators>,
}

impl Reader {
    fn roll(&mut self, stated: &Value) -> Result<Arc<Roll>, Rule> {
        let known = stated["root"].as_str().unwrap().to_owned();
        if let Some(roll) = self.rolls.get(&known) {
            return Ok(roll.clone());
        }
        let keys: Vec<[u8; 32]> = match &stated["keys"] {
            Value::Array(keys) => keys.iter().map(hex32).collect(),
            _ => {
                let all = self.generators.get_or_insert_with(Generators::derive);
                let count = usize::try_from(stated["count"].as_u64().unwrap()).unwrap();
                TestRoll::derive(all, stated["derived"].as_str().unwrap(), count).keys
            }
        };
        let roll = Arc::new(Roll::from_bytes(&keys).map_err(|error| error.rule())?);
        assert_eq!(roll.root().to_string(), known);
        self.rolls.insert(known, roll.clone());
        Ok(roll)
    }

    fn event(&mut self, stated: &Value) -> Result<Event, Rule> {
        let roll = self.roll(&stated["roll"])?;
        let assembly = AssemblyId::new(hex32(&stated["assembly"]));
        let subject = hex32(&stated["subject"]);
        Ok(match stated["kind"].as_str().unwrap() {
            "ballot" => Event::ballot(
                assembly,
                OpeningId::new(subject),
                roll,
                hex32(&stated["sealing_key"]),
            ),
            "speech" => Event::speech(assembly, subject, roll),
            _ => Event::signature(assembly, subject, roll),
        })
    }

    fn check(&mut self, case: &Value) -> Result<(), Rule> {
        match case["kind"].as_str().unwrap() {
            "key" => {
                let key = hex(&case["key"]).try_into().map_err(|_| "BAL-10")?;
                BallotKey::from_bytes(&key)
                    .map(|_| ())
                    .map_err(|error| error.rule())
            }
            "possession" => possession(case),
            "roll" => {
                let roll = self.roll(&case["roll"])?;
                let params = roll.params();
                assert_eq!(
                    (case["n"].as_u64(), case["m"].as_u64()),
                    (Some(params.n as u64), Some(params.m as u64))
                );
                Ok(())
            }
            "ballot" => {
                let event = self.event(&case["event"])?;
                let ballot = BallotIn::decode(&hex(&case["ballot"])).map_err(|error| error.rule())?;
                if let Value::String(_) = &case["tag"] {
                    assert_eq!(ballot.tag().as_bytes(), &hex32(&case["tag"]));
                }
                one(&event, &ballot)
            }
            "election" => self.election(case),
            "count" => {
                count(case);
                Ok(())
            }
            // Secrets, generators and events have no interface of their own; the ballots over them stand for them.
            "generators" | "event" | "secret" => Ok(()),
            other => panic!("a case of kind {other}"),
        }
    }

    fn election(&mut self, case: &Value) -> Result<(), Rule> {
        let event = self.event(&case["event"])?;
        let key = OpeningSecret::from_bytes(&hex32(&case["opening_secret"])).unwrap();
        assert_eq!(key.key_bytes(), &hex32(&case["event"]["sealing_key"]));
        let asked = asked(&case["question"]);
        let mut findings: Vec<(usize, Rule)> = Vec::new();
        let mut candidates: Vec<(usize, BallotIn)> = Vec::new();
        for (index, bytes) in case["ballots"].as_array().unwrap().iter().enumerate() {
            match decode(&hex(bytes), asked.vote_len().unwrap()) {
                Ok(ballot) => candidates.push((index, ballot)),
                Err(rule) => findings.push((index, rule)),
            }
        }
        let ballots: Vec<_> = candidates.iter().map(|(_, ballot)| ballot.clone()).collect();
        let (mut tags, mut count) = (BTreeSet::<LinkTag>::new(), asked.count().unwrap());
        let mut weights = ChaCha20Rng::seed_from_u64(1);
        for ((index, _), verdict) in candidates.iter().zip(judge_batch(&event, &ballots, &mut weights)) {
            match verdict {
                Err(error) => findings.push((*index, error.rule())),
                Ok(ballot) if !tags.insert(ballot.tag()) => findings.push((*index, "TAL-01")),
                Ok(ballot) => {
                    let context = SealContext {
                        opening: OpeningId::new(hex32(&case["event"]["subject"])),
                        roll_root: Hash::new(*event.roll().root().as_bytes()),
                        tag: *ballot.tag().as_bytes(),
                    };
                    match sealing::open(&key, &context, ballot.sealed()) {
                        Ok(plaintext) => {
                            count.add(&plaintext);
                        }
                        Err(_) => count.add_unopened(),
                    }
                }
            }
        }
        findings.sort_unstable();
        let stated: Vec<_> = case["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect();
        let found: Vec<_> = findings
            .iter()
            .map(|(index, rule)| format!("[{index},\"{rule}\"]"))
            .collect();
        assert_eq!(found, stated, "{}", case["name"]);
        let opening = OpeningId::new(hex32(&case["event"]["subject"]));
        match count.finish(opening, Ties::Fail) {
            Votes::Choices(counts) => {
                let number = |name: &str| u32::try_from(case["counts"][name].as_u64().unwrap()).unwrap();
                let stated = Counts {
                    votes_for: number("for"),
                    votes_against: number("against"),
                    votes_abstain: number("abstain"),
                    spoilt: number("spoilt"),
                };
                assert_eq!(counts, stated, "{}", case["name"]);
            }
            Votes::Options(result) => {
                let numbers = |options: &[OptionIndex]| -> Vec<u16> {
                    options.iter().map(|option| option.number()).collect()
                };
                let found = serde_json::json!({
                    "valid": result.turnout.valid, "abstain": result.turnout.abstain,
                    "spoilt": result.turnout.spoilt, "elected": numbers(&result.outcome.elected),
                    "tied": numbers(&result.outcome.tied), "drawn": result.outcome.drawn,
                });
                assert_eq!(found, case["options"], "{}", case["name"]);
            }
        }
        Ok(())
    }
}

/// The votes of a case are counted to the bytes that it states, in whatever order they come.
fn count(case: &Value) {
    let asked = asked(&case["question"]);
    let ties = if case["ties"] == "fail" {
        Ties::Fail
    } else {
        Ties::PublicOrder
    };
    let mut votes: Vec<_> = case["votes"].as_array().unwrap().iter().map(hex).collect();
    for _ in 0..2 {
        let mut count = asked.count().unwrap();
        for vote in &votes {
            assert_eq!(count.add(vote), asked.is_vote(vote));
        }
        let result = count.finish(OpeningId::new(hex32(&case["opening"])), ties);
        assert_eq!(encode(&result), hex(&case["encoded"]), "{}", case["name"]);
        assert_eq!(decode_canonical::<Votes>(&hex(&case["encoded"])), Ok(result));
        votes.reverse();
    }
}

/// What an election asks; its options have no names that matter.
fn asked(stated: &Value) -> Question {
    let number = |name: &str| u16::try_from(stated[name].as_u64().unwrap()).unwrap();
    let method = match stated["method"].as_str() {
        None | Some("for_against_abstain") => return Question::ForAgainstAbstain,
        Some("one_of_many") => OptionsMethod::OneOfMany,
        Some("up_to_k") => OptionsMethod::UpToK {
            marks_max: number("marks_max"),
            seats: number("seats"),
        },
        Some("schulze") => OptionsMethod::Schulze,
        Some("transferable") => OptionsMethod::Transferable {
            seats: number("seats"),
        },
        Some(other) => panic!("a method {other}"),
    };
    question(method, number("options"))
}

fn decode(bytes: &[u8], vote_len: usize) -> Result<BallotIn, Rule> {
    let ballot = BallotIn::decode(bytes).map_err(|error| error.rule())?;
    check_sealed(ballot.sealed(), vote_len).map_err(|error| error.rule())?;
    Ok(ballot)
}

/// One ballot, singly and in a batch of its own.
fn one(event: &Event, ballot: &BallotIn) -> Result<(), Rule> {
    let single = verify(event, ballot);
    let mut weights = ChaCha20Rng::seed_from_u64(1);
    assert_eq!(
        judge_batch(event, core::slice::from_ref(ballot), &mut weights),
        core::slice::from_ref(&single)
    );
    single.map(|_| ()).map_err(|error| error.rule())
}

fn possession(case: &Value) -> Result<(), Rule> {
    let published: PublishedKey = decode_canonical(&hex(&case["published"])).unwrap();
    let context = KeyContext {
        assembly: AssemblyId::new(hex32(&case["assembly"])),
        seat: SeatNumber(u32::try_from(case["seat"].as_u64().unwrap()).unwrap()),
        number: case["number"].as_u64().unwrap(),
    };
    published
        .verify(&context)
        .map(|_| ())
        .map_err(|error| error.rule())
}

#[test]
fn every_ballot_vector_has_the_result_that_it_states() {
    let mut reader = Reader::default();
    let (mut cases, mut results) = (0, BTreeSet::new());
    for source in sources("tests/vectors/ballot", "json").unwrap() {
        let document: Value = serde_json::from_str(&source.text).unwrap();
        for case in document["cases"].as_array().unwrap() {
            let result = reader.check(case).err().unwrap_or("valid");
            assert_eq!(case["result"], result, "{}: {}", source.path, case["name"]);
            results.insert(result);
            cases += 1;
        }
    }
    // BAL-06 is a challenge of zero, which nobody can make.
    let expected: BTreeSet<_> = [
        "BAL-01", "BAL-02", "BAL-03", "BAL-04", "BAL-05", "BAL-07", "BAL-08", "BAL-09", "BAL-10", "BAL-11",
        "BAL-12", "BAL-13", "valid",
    ]
    .into();
    assert_eq!(results, expected);
    assert!(cases >= 300, "{cases} cases");
}

#[test]
fn every_count_vector_has_the_bytes_that_it_states() {
    let mut reader = Reader::default();
    let mut cases = 0;
    for source in sources("tests/vectors/count", "json").unwrap() {
        let document: Value = serde_json::from_str(&source.text).unwrap();
        for case in document["cases"].as_array().unwrap() {
            assert_eq!(reader.check(case), Ok(()), "{}", case["name"]);
            cases += 1;
        }
    }
    assert!(cases >= 160, "{cases} cases");
}

#[test]
fn every_audit_file_of_the_battery_breaks_the_rules_that_it_states_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let (mut broken, mut wrong) = (BTreeSet::new(), Vec::new());
    for case in battery() {
        let path = folder.path().join(&case.name);
        fs::write(&path, &case.bytes).unwrap();
        let report = product(&path, case.asked);
        let found = report["breaches"].as_array().map(|breaches| {
            let rules = breaches
                .iter()
                .map(|breach| breach["rule"].as_str().unwrap().to_owned());
            rules.collect::<Vec<_>>()
        });
        let stated = case
            .breaches
            .map(|rules| rules.into_iter().map(str::to_owned).collect::<Vec<_>>());
        if found != stated {
            wrong.push(format!("{}: {found:?} where {stated:?} is stated", case.name));
        }
        broken.extend(found.unwrap_or_default());
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let every: BTreeSet<_> = (1..=11).map(|number| format!("AUD-{number:02}")).collect();
    assert_eq!(broken, every);
}

#[test]
fn the_committed_audit_files_have_the_report_beside_them() {
    let reports = sources("tests/vectors/audit", "json").unwrap();
    assert!(reports.len() >= 7);
    for source in reports {
        let document: Value = serde_json::from_str(&source.text).unwrap();
        let path = root().join(&source.path).with_extension("veche-audit");
        assert_eq!(
            outline(product(&path, None)),
            document["report"],
            "{}",
            source.path
        );
    }
}
