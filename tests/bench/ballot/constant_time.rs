//! A statistical test that proving takes the same time for every secret, after "dude, is my code constant time?"
//! (Reparaz, Balasch and Verbauwhede, 2017): one class of proofs has one fixed secret, the other random ones; they are
//! made in random order, and Welch's t-test looks for a difference of their means.
//!
//! Beside it runs a control: a prover that decodes the roll's keys only up to its own, as a careless one would. If
//! the test does not see that, it would see nothing, and fails.

use crate::Outcome;
use crate::clock::Clock;
use crate::election::{OPENING, rng};
use ballot::{BallotKey, BallotSecret, Event, Roll, prove};
use primitives::AssemblyId;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng;
use serde_json::json;
use std::hint::black_box;
use std::sync::Arc;

/// Beyond this |t| a difference is no accident (the paper's threshold).
const T_MAX: f64 = 4.5;
/// A leak is there in every one of so many runs; a busy machine is not.
const RUNS: usize = 3;
/// Parts of the slowest measurements that are left out, one after the other: they are the machine's, not the code's.
const CROPS: [f64; 4] = [0.0, 0.05, 0.2, 0.5];

/// A prover under test.
type Prover = fn(&Event, &BallotSecret, &mut ChaCha20Rng) -> Outcome<()>;

pub(crate) fn run(members: usize, pairs: usize) -> Outcome<()> {
    let setting = Setting::new(members)?;
    let control = setting.t(leaky, pairs, 0)?;
    let mut runs = Vec::new();
    while runs.len() < RUNS && runs.iter().all(|t: &f64| *t > T_MAX) {
        runs.push(setting.t(honest, pairs, 1 + runs.len())?);
    }
    let leaks = runs.iter().all(|t| *t > T_MAX);
    println!(
        "{}",
        json!({
            "roll": members,
            "pairs": pairs,
            "t_max": T_MAX,
            "control_t": control,
            "prove_t": runs,
            "control_seen": control > T_MAX,
            "leak_seen": leaks,
        })
    );
    if control <= T_MAX {
        Err(format!(
            "the control's leak was not seen (|t| = {control:.1}): too few pairs, or too busy a machine"
        )
        .into())
    } else if leaks {
        Err(format!("the time of proving depends on the secret: |t| = {runs:.1?}").into())
    } else {
        Ok(())
    }
}

struct Setting {
    event: Event,
    fixed: BallotSecret,
    others: Vec<BallotSecret>,
}

impl Setting {
    /// A roll whose first key belongs to a secret with the smallest x and y, 1 and 0: if scalars' bits show, these do.
    fn new(members: usize) -> Outcome<Self> {
        let mut rng = rng(members);
        let mut bytes = [0; 64];
        let [x, ..] = &mut bytes;
        *x = 1;
        let fixed = BallotSecret::from_bytes(&bytes).ok_or("no secret")?;
        let mut others = Vec::new();
        // Those before the fixed key would hide how early it stands.
        while others.len() + 1 < members {
            let other = BallotSecret::random(&mut rng);
            if other.public() > fixed.public() {
                others.push(other);
            }
        }
        let keys = others.iter().chain([&fixed]).map(BallotSecret::public).collect();
        let roll = Arc::new(Roll::new(keys)?);
        let event = Event::ballot(AssemblyId::new([1; 32]), OPENING, roll, [3; 32]);
        Ok(Self { event, fixed, others })
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
            let secret = if is_fixed { &self.fixed } else { other };
            let mut clock = Clock::start();
            prover(&self.event, secret, &mut rng)?;
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

fn honest(event: &Event, secret: &BallotSecret, rng: &mut ChaCha20Rng) -> Outcome<()> {
    black_box(prove(event, secret, &[7; 49], rng)?);
    Ok(())
}

fn leaky(event: &Event, secret: &BallotSecret, rng: &mut ChaCha20Rng) -> Outcome<()> {
    let own = secret.public();
    for key in event.roll().keys() {
        if black_box(BallotKey::from_bytes(key.as_bytes())?) == own {
            break;
        }
    }
    honest(event, secret, rng)
}
