//! The charter: the numbers by which an assembly lives. Spans are in milliseconds of log time.

use minicbor::{Decode, Encode};

use crate::counting::Ties;

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;

/// A share of a whole, compared in exact integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Fraction {
    /// Numerator, at most the denominator.
    #[n(0)]
    pub numerator: u32,
    /// Denominator, at least 1.
    #[n(1)]
    pub denominator: u32,
}

impl Fraction {
    /// `numerator / denominator`.
    #[must_use]
    pub const fn new(numerator: u32, denominator: u32) -> Self {
        Self {
            numerator,
            denominator,
        }
    }

    /// Whether it is a share of a whole: 0 to 1.
    #[must_use]
    pub const fn is_proper(self) -> bool {
        self.denominator > 0 && self.numerator <= self.denominator
    }

    /// Whether `part / whole >= self`.
    #[must_use]
    pub const fn is_reached(self, part: u32, whole: u32) -> bool {
        // Products of two u32 fit u64.
        (part as u64) * (self.denominator as u64) >= (whole as u64) * (self.numerator as u64)
    }

    /// The least `part` of `whole` that reaches the share.
    #[must_use]
    pub fn least_of(self, whole: u32) -> u32 {
        let product = u64::from(whole) * u64::from(self.numerator);
        u32::try_from(product.div_ceil(u64::from(self.denominator.max(1)))).unwrap_or(u32::MAX)
    }
}

/// The charter. [`Charter::default`] has the defaults of `docs/spec/journal.md`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Charter {
    /// Endorsements for an admission after the founding, the proposer's own among them.
    #[n(0)]
    pub endorsements: u32,
    /// The founding ends when so many seats are taken; until then the proposer's endorsement admits.
    #[n(1)]
    pub founding_seats: u32,
    /// How long a seat must have existed before it endorses, after the founding.
    #[n(2)]
    pub endorser_age_ms: u64,
    /// Endorsements that one seat may give in 30 days, after the founding.
    #[n(3)]
    pub endorsements_per_month: u32,
    /// Objection window of an admission.
    #[n(4)]
    pub objection_ms: u64,
    /// Objectors that stop an admission.
    #[n(5)]
    pub objectors: u32,
    /// Cooling-off before a new seat votes (not for those admitted during the founding).
    #[n(6)]
    pub cooling_off_ms: u64,
    /// Signers of a detention.
    #[n(7)]
    pub detain_signers: u32,
    /// Detentions that one seat may sign in 30 days.
    #[n(8)]
    pub detentions_per_month: u32,
    /// Seconders of a motion, its proposer not among them.
    #[n(9)]
    pub seconders: u32,
    /// Least notice between seconding and opening.
    #[n(10)]
    pub notice_ms: u64,
    /// Least voting time.
    #[n(11)]
    pub voting_least_ms: u64,
    /// Greatest voting time.
    #[n(12)]
    pub voting_greatest_ms: u64,
    /// How long after the close the journal waits for a cosigned box, before the motion is void.
    #[n(13)]
    pub closing_ms: u64,
    /// How long after that the journal waits for the trustees' shares, before the motion is void.
    #[n(14)]
    pub shares_ms: u64,
    /// Slot of ballot boxes; 0 means 1/64 of the voting time, between 10 s and 15 min.
    #[n(15)]
    pub slot_ms: u64,
    /// How long a round of the trustees' key generation waits for a silent trustee.
    #[n(16)]
    pub sealing_round_ms: u64,
    /// Unused sealing keys that the trustees keep ready.
    #[n(17)]
    pub sealing_pool: u32,
    /// How often witnesses cosign.
    #[n(18)]
    pub cosign_ms: u64,
    /// Least roll of a secret vote.
    #[n(19)]
    pub roll_floor: u32,
    /// Least number of ballots of a secret vote.
    #[n(20)]
    pub ballots_floor: u32,
    /// Least share of the electorate that must be on the roll of a secret vote.
    #[n(21)]
    pub coverage: Fraction,
    /// Secret votes open at once.
    #[n(22)]
    pub secret_open_max: u32,
    /// How many of the first active deputies are trustees.
    #[n(23)]
    pub trustees: u32,
    /// Shares that open a vote.
    #[n(24)]
    pub threshold: u32,
    /// What a tie for a seat does in a vote among options.
    #[n(25)]
    pub ties: Ties,
}

impl Default for Charter {
    fn default() -> Self {
        Self {
            endorsements: 3,
            founding_seats: 7,
            endorser_age_ms: 7 * DAY_MS,
            endorsements_per_month: 10,
            objection_ms: 3 * DAY_MS,
            objectors: 3,
            cooling_off_ms: 7 * DAY_MS,
            detain_signers: 3,
            detentions_per_month: 3,
            seconders: 1,
            notice_ms: DAY_MS,
            voting_least_ms: HOUR_MS,
            voting_greatest_ms: 30 * DAY_MS,
            closing_ms: 2 * DAY_MS,
            shares_ms: 7 * DAY_MS,
            slot_ms: 0,
            sealing_round_ms: DAY_MS,
            sealing_pool: 2,
            cosign_ms: 5 * MINUTE_MS,
            roll_floor: 5,
            ballots_floor: 3,
            coverage: Fraction::new(4, 5),
            secret_open_max: 3,
            trustees: 5,
            threshold: 3,
            ties: Ties::Fail,
        }
    }
}

/// Why a charter is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the charter's `{field}` must be {range}")]
pub struct BadCharter {
    /// Which field.
    pub field: &'static str,
    /// What it must be.
    pub range: &'static str,
}

impl Charter {
    /// Default threshold for `trustees`: a third of them, at least 3 where there are 5 or more, else 2.
    #[must_use]
    pub fn default_threshold(trustees: u32) -> u32 {
        let least = if trustees >= 5 { 3 } else { 2 };
        trustees.div_ceil(3).max(least).min(trustees.max(1))
    }

    /// The slot of a box whose vote lasts `voting_ms`.
    #[must_use]
    pub fn slot_for(&self, voting_ms: u64) -> u64 {
        match self.slot_ms {
            0 => (voting_ms / 64).clamp(10_000, 15 * MINUTE_MS),
            slot => slot,
        }
    }

    /// Checks every number against its range.
    ///
    /// # Errors
    /// [`BadCharter`] names the first field that is out of range.
    pub fn validate(&self) -> Result<(), BadCharter> {
        let spans = [
            ("endorser_age_ms", self.endorser_age_ms),
            ("objection_ms", self.objection_ms),
            ("cooling_off_ms", self.cooling_off_ms),
            ("notice_ms", self.notice_ms),
            ("voting_greatest_ms", self.voting_greatest_ms),
            ("closing_ms", self.closing_ms),
            ("shares_ms", self.shares_ms),
            ("slot_ms", self.slot_ms),
            ("sealing_round_ms", self.sealing_round_ms),
            ("cosign_ms", self.cosign_ms),
        ];
        for (field, span) in spans {
            require(span <= 366 * DAY_MS, field, "at most 366 days")?;
        }
        for (field, count) in [
            ("endorsements", self.endorsements),
            ("founding_seats", self.founding_seats),
            ("objectors", self.objectors),
            ("detain_signers", self.detain_signers),
            ("roll_floor", self.roll_floor),
            ("ballots_floor", self.ballots_floor),
            ("secret_open_max", self.secret_open_max),
            ("endorsements_per_month", self.endorsements_per_month),
            ("detentions_per_month", self.detentions_per_month),
        ] {
            require((1..=10_000).contains(&count), field, "1 to 10,000")?;
        }
        require(self.seconders <= 10_000, "seconders", "at most 10,000")?;
        require(
            self.voting_least_ms >= 1_000,
            "voting_least_ms",
            "at least a second",
        )?;
        require(
            self.voting_least_ms <= self.voting_greatest_ms,
            "voting_greatest_ms",
            "at least `voting_least_ms`",
        )?;
        for (field, span) in [
            ("closing_ms", self.closing_ms),
            ("shares_ms", self.shares_ms),
            ("sealing_round_ms", self.sealing_round_ms),
            ("cosign_ms", self.cosign_ms),
        ] {
            require(span >= 100, field, "at least 100 ms")?;
        }
        require((1..=16).contains(&self.sealing_pool), "sealing_pool", "1 to 16")?;
        require(self.roll_floor >= 2, "roll_floor", "at least 2")?;
        require(self.coverage.is_proper(), "coverage", "between 0 and 1")?;
        require((2..=64).contains(&self.trustees), "trustees", "2 to 64")?;
        require(
            (2..=self.trustees).contains(&self.threshold),
            "threshold",
            "2 to the number of trustees",
        )
    }
}

fn require(holds: bool, field: &'static str, range: &'static str) -> Result<(), BadCharter> {
    if holds {
        Ok(())
    } else {
        Err(BadCharter { field, range })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_default_charter_is_valid() {
        assert_eq!(Charter::default().validate(), Ok(()));
        assert_eq!(Charter::default_threshold(5), Charter::default().threshold);
    }

    #[test]
    fn thresholds_follow_the_third_and_the_floors() {
        let expected = [(2, 2), (3, 2), (4, 2), (5, 3), (9, 3), (10, 4), (21, 7)];
        for (trustees, threshold) in expected {
            assert_eq!(
                Charter::default_threshold(trustees),
                threshold,
                "{trustees} trustees"
            );
        }
    }

    #[test]
    fn a_charter_out_of_range_is_named_by_field() {
        let charter = Charter {
            threshold: 6,
            ..Charter::default()
        };
        assert_eq!(charter.validate().unwrap_err().field, "threshold");
    }

    proptest! {
        #[test]
        fn the_least_part_reaches_a_share_and_one_less_does_not(
            numerator in 0u32..=100, denominator in 1u32..=100, whole: u32,
        ) {
            prop_assume!(numerator <= denominator);
            let share = Fraction::new(numerator, denominator);
            let least = share.least_of(whole);
            prop_assert!(share.is_reached(least, whole));
            prop_assert!(least == 0 || !share.is_reached(least - 1, whole));
        }
    }
}
