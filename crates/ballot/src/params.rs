//! The shape of a proof: `m` digits to base `n`, fixed by the number of keys on the roll.

/// Fewest keys that a roll may have: one key alone hides nobody.
pub const ROLL_MIN: usize = 2;
/// Most keys that a roll may have.
pub const ROLL_MAX: usize = 32_768;

/// `(roll up to, n, m)`; `m` is at least 2 everywhere. Why these: `docs/decisions/0014-fewer-points-larger-base.md`.
const TABLE: [(usize, usize, usize); 10] = [
    (16, 4, 2),
    (36, 6, 2),
    (64, 8, 2),
    (100, 10, 2),
    (216, 6, 3),
    (512, 8, 3),
    (1_296, 6, 4),
    (4_096, 8, 4),
    (10_000, 10, 4),
    (ROLL_MAX, 8, 5),
];

/// Base `n` and number of digits `m` of a proof; the roll is padded to `n^m` places with its last key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Params {
    /// Base of the digits.
    pub n: usize,
    /// Number of digits.
    pub m: usize,
}

impl Params {
    /// The parameters of a roll of `len` keys; `None` outside [`ROLL_MIN`] to [`ROLL_MAX`].
    #[must_use]
    pub fn of_roll(len: usize) -> Option<Self> {
        if len < ROLL_MIN {
            return None;
        }
        TABLE
            .iter()
            .find(|(up_to, ..)| len <= *up_to)
            .map(|&(_, n, m)| Self { n, m })
    }

    /// Entries of the digit matrix.
    #[must_use]
    pub const fn cells(self) -> usize {
        self.n * self.m
    }

    /// Points of a proof: A, B, `Q_0..`, `S_0..`.
    #[must_use]
    pub const fn points(self) -> usize {
        2 * self.m + 2
    }

    /// Scalars of a proof: f without its first column, `z_A`, `z_x`, `z_y`.
    #[must_use]
    pub const fn scalars(self) -> usize {
        self.m * (self.n - 1) + 3
    }

    /// Length of a proof in bytes.
    #[must_use]
    pub const fn proof_len(self) -> usize {
        32 * (self.points() + self.scalars())
    }
}

/// Entries of the largest digit matrix in the table; twice as many generators C are derived.
pub(crate) const CELLS_MAX: usize = 40;
/// Length of the longest proof in the table.
pub(crate) const PROOF_LEN_MAX: usize = 1_600;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_holds_its_rolls_and_fits_the_limits() {
        for (up_to, n, m) in TABLE {
            let params = Params { n, m };
            assert!(n.pow(u32::try_from(m).unwrap()) >= up_to);
            assert!(m >= 2);
            assert!(params.cells() <= CELLS_MAX);
            assert!(params.proof_len() <= PROOF_LEN_MAX);
            assert_eq!(Params::of_roll(up_to), Some(params));
        }
        assert!(
            TABLE
                .iter()
                .any(|&(_, n, m)| Params { n, m }.cells() == CELLS_MAX)
        );
        assert!(
            TABLE
                .iter()
                .any(|&(_, n, m)| Params { n, m }.proof_len() == PROOF_LEN_MAX)
        );
    }

    #[test]
    fn a_proof_for_1000_keys_has_1056_bytes() {
        assert_eq!(Params::of_roll(1_000).unwrap().proof_len(), 1_056);
    }

    #[test]
    fn no_parameters_outside_the_table() {
        assert_eq!(Params::of_roll(0), None);
        assert_eq!(Params::of_roll(1), None);
        assert_eq!(Params::of_roll(ROLL_MAX + 1), None);
    }
}
