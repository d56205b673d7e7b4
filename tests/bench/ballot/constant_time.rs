//! A statistical test that proving takes the same time for every secret, after "dude, is my code constant time?"
//! (Reparaz, Balasch and Verbauwhede, 2017): one class of proofs is made by one fixed member, the other by random ones, in
//! random order, and Welch's t-test looks for a difference of their means.
//!
//! Fixed are, one after the other, the place on the roll (all digits zero) and the key (the smallest scalars). Beside them
//! run controls: provers with a leak that is known, a coarse one and a fine one. If the test does not see these, it would
//! see nothing, and fails. Two of three runs decide each, so that neither chance nor a busy moment does.

use crate::Outcome;
use crate::clock::Clock;
use crate::election::{OPENING, rng};
use ballot::{BallotKey, BallotSecret, Event, Roll, prove};
use curve25519_dalek::constants::RISTRETTO_BASEPOINT_POINT;
use primitives::AssemblyId;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng;
use serde_json::{Value, json};
use std::hint::black_box;
use std::sync::Arc;

/// Beyond this |t| a difference is no accident (the paper's threshold).
const T_MAX: f64 = 4.5;
/// So many runs of the same kind decide.
const RUNS_TO_DECIDE: usize = 2;
/// Parts of the slowest measurements that are left out, one after the other: they are the machine's, not the code's.
const CROPS: [f64; 4] = [0.0, 0.05, 0.2, 0.5];

/// A prover under test.
type Prover = fn(&Event, &Member, &mut ChaCha20Rng) -> Outcome<()>;

/// Whose fixed secret a setting has, whom it tests, and whether the times should differ.
type Case = (&'static str, fn(usize) -> Outcome<Setting>, Prover, bool);

const CASES: [Case; 4] = [
    (
        "control: decodes keys up to its own",
        Setting::fixed_place,
        decodes_up_to_its_own,
        true,
    ),
    (
        "control: skips additions where its digit is zero",
        Setting::fixed_place,
        skips_additions,
        true,
    ),
    (
        "fixed place against random places",
        Setting::fixed_place,
        honest,
        false,
    ),
    ("fixed key against random keys", Setting::fixed_key, honest, false),
];

pub(crate) fn run(members: usize, pairs: usize) -> Outcome<()> {
    let mut rows = Vec::new();
    let mut wrong = Vec::new();
    for (name, setting, prover, leaks) in CASES {
        let setting = setting(members)?;
        let (seen, runs) = decide(|run| setting.t(prover, pairs, run))?;
        if seen != leaks {
            wrong.push(format!("{name}: |t| {runs:.1?}"));
        }
        rows.push(json!({ "case": name, "leaks": leaks, "seen": seen, "t": runs }));
    }
    println!(
        "{}",
        json!({
            "roll": members,
            "pairs": pairs,
            "t_max": T_MAX,
            "cases": Value::from(rows),
            "wrong": wrong,
        })
    );
    Ok(())
}

/// Runs until two runs agree whether there is a difference; gives the |t| of each.
fn decide(mut t: impl FnMut(usize) -> Outcome<f64>) -> Outcome<(bool, Vec<f64>)> {
    let mut runs = Vec::new();
    loop {
        runs.push(t(runs.len())?);
        for seen in [true, false] {
            if runs.iter().filter(|t| (**t > T_MAX) == seen).count() == RUNS_TO_DECIDE {
                return Ok((seen, runs));
            }
        }
    }
}

/// A secret, and its place on the roll.
struct Member {
    secret: BallotSecret,
    place: usize,
}

struct Setting {
    event: Event,
    fixed: Member,
    others: Vec<Member>,
}

impl Setting {
    /// The fixed member has the first place, all of whose digits are zero.
    fn fixed_place(members: usize) -> Outcome<Self> {
        let mut rng = rng(members);
        let secrets = (0..members).map(|_| BallotSecret::random(&mut rng)).collect();
        Self::new(secrets)
    }

    /// The fixed member has the smallest x and y, 1 and 0: if scalars' bits show, these do. Its place is the first here,
    /// too, for those before it would hide how early it stands.
    fn fixed_key(members: usize) -> Outcome<Self> {
        let mut rng = rng(members);
        let mut bytes = [0; 64];
        let [x, ..] = &mut bytes;
        *x = 1;
        let fixed = BallotSecret::from_bytes(&bytes).ok_or("no secret")?;
        let key = fixed.public();
        let mut secrets = vec![fixed];
        while secrets.len() < members {
            let other = BallotSecret::random(&mut rng);
            if other.public() > key {
                secrets.push(other);
            }
        }
        Self::new(secrets)
    }

    fn new(mut secrets: Vec<BallotSecret>) -> Outcome<Self> {
        secrets.sort_by_cached_key(BallotSecret::public);
        let keys = secrets.iter().map(BallotSecret::public).collect();
        let event = Event::ballot(
            AssemblyId::new([1; 32]),
            OPENING,
            Arc::new(Roll::new(keys)?),
            [3; 32],
        );
        let places = secrets.into_iter().enumerate();
        let mut members = places.map(|(place, secret)| Member { secret, place });
        Ok(Self {
            event,
            fixed: members.next().ok_or("no members")?,
            others: members.collect(),
        })
    }

    /// The largest |t| of any crop.
    fn t(&self, prover: Prover, pairs: usize, run: usize) -> Outcome<f64> {
        let mut rng = rng(run);
        let mut classes = [Vec::with_capacity(pairs), Vec::with_capacity(pairs)];
        // What is slow only once is over before it counts.
        for _ in 0..10 {
            prover(&self.event, &self.fixed, &mut rng)?;
        }
        while classes.iter().any(|class| class.len() < pairs) {
            let is_fixed = rng.next_u32().is_multiple_of(2);
            let pick = usize::try_from(rng.next_u32())? % self.others.len();
            let other = self.others.get(pick).ok_or("no such member")?;
            let member = if is_fixed { &self.fixed } else { other };
            let mut clock = Clock::start();
            prover(&self.event, member, &mut rng)?;
            let time = clock.lap().cpu_s;
            let [fixed, random] = &mut classes;
            if is_fixed {
                fixed.push(time)
            } else {
                random.push(time)
            }
        }
        let mut all: Vec<f64> = classes.iter().flatten().copied().collect();
        all.sort_by(f64::total_cmp);
        let largest = CROPS.iter().filter_map(|crop| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "a share of a count"
            )]
            let kept = ((1.0 - crop) * all.len() as f64) as usize;
            let slowest = *all.get(kept.saturating_sub(1))?;
            let [fixed, random] = &classes;
            Some(welch(fixed, random, slowest).abs())
        });
        Ok(largest.fold(0.0, f64::max))
    }
}

/// Welch's t of the measurements up to `slowest`.
fn welch(a: &[f64], b: &[f64], slowest: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a count of measurements")]
    let moments = |class: &[f64]| {
        let kept: Vec<f64> = class.iter().copied().filter(|time| *time <= slowest).collect();
        let count = kept.len() as f64;
        let mean = kept.iter().sum::<f64>() / count;
        let variance = kept.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, variance / count)
    };
    let ((mean_a, error_a), (mean_b, error_b)) = (moments(a), moments(b));
    (mean_a - mean_b) / (error_a + error_b).sqrt()
}

fn honest(event: &Event, member: &Member, rng: &mut ChaCha20Rng) -> Outcome<()> {
    black_box(prove(event, &member.secret, &[7; 49], rng)?);
    Ok(())
}

fn decodes_up_to_its_own(event: &Event, member: &Member, rng: &mut ChaCha20Rng) -> Outcome<()> {
    let own = member.secret.public();
    for key in event.roll().keys() {
        if black_box(BallotKey::from_bytes(key.as_bytes())?) == own {
            break;
        }
    }
    honest(event, member, rng)
}

/// A prover that leaves out what it adds to nothing: one addition of points for each key, if the lowest digit of its place
/// is zero. It is a hundredth of its time on a roll of 100.
fn skips_additions(event: &Event, member: &Member, rng: &mut ChaCha20Rng) -> Outcome<()> {
    if !member.place.is_multiple_of(event.roll().params().n) {
        let mut sum = RISTRETTO_BASEPOINT_POINT;
        for _ in event.roll().keys() {
            sum = black_box(sum + black_box(RISTRETTO_BASEPOINT_POINT));
        }
    }
    honest(event, member, rng)
}
