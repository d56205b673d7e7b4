//! Choices as they are sealed: one length per motion, one encoding per choice; everything else is spoilt.
//!
//! ```text
//! one of many   u16 big-endian: 0 abstain, i + 1 for option i
//! up to k       bitmap, option i is bit (i mod 8, lowest first) of byte floor(i / 8); no bit: abstain
//! ranked        one byte per option: its rank, 1 the best, 0 none; all zero: abstain
//! ```

use minicbor::{Decode, Encode};
use std::collections::BTreeSet;

use super::{OPTIONS_MAX, OPTIONS_MIN, RANKED_OPTIONS_MAX};

/// An option of a motion: its place in the motion's list, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct OptionIndex(#[n(0)] u16);

impl OptionIndex {
    /// The option at this place.
    #[must_use]
    pub const fn new(number: u16) -> Self {
        Self(number)
    }

    /// The place.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The place, for slices.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// The first `options` options.
    pub fn all(options: usize) -> impl Iterator<Item = Self> + Clone {
        (0..=u16::MAX).map(Self).take(options)
    }
}

/// Why a plaintext is spoilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Spoilt {
    /// CNT-01.
    #[error("CNT-01: not of the length of this motion's choices")]
    Length,
    /// CNT-02.
    #[error("CNT-02: no such option")]
    NoSuchOption,
    /// CNT-03.
    #[error("CNT-03: more options marked than allowed")]
    TooManyMarks,
    /// CNT-04.
    #[error("CNT-04: a rank is left out")]
    RankLeftOut,
    /// CNT-05.
    #[error("CNT-05: no option is last (without a rank)")]
    NobodyLast,
    /// CNT-06.
    #[error("CNT-06: two options have one rank")]
    RankRepeated,
}

/// Why a form is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadForm {
    /// Too few options, or too many.
    #[error("a motion of this method has {OPTIONS_MIN} to {max} options")]
    Options {
        /// Most options of the method.
        max: u16,
    },
    /// k is not between 1 and the number of options.
    #[error("a ballot may mark one option to all of them")]
    Marks,
    /// There are no seats, or not more options than seats.
    #[error("there must be a seat, and more options than seats")]
    Seats,
}

/// Why a choice cannot be written in a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}: choose again")]
pub struct BadChoice(pub Spoilt);

fn check_options(options: u16, max: u16) -> Result<(), BadForm> {
    if (OPTIONS_MIN..=max).contains(&options) {
        Ok(())
    } else {
        Err(BadForm::Options { max })
    }
}

/// The form of one of many: 2 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OneOfMany {
    options: u16,
}

impl OneOfMany {
    /// Bytes of a choice.
    pub const PLAINTEXT_LEN: usize = 2;

    /// One of `options`, 2 to [`OPTIONS_MAX`].
    ///
    /// # Errors
    /// [`BadForm`].
    pub fn new(options: u16) -> Result<Self, BadForm> {
        check_options(options, OPTIONS_MAX)?;
        Ok(Self { options })
    }

    /// How many options there are.
    #[must_use]
    pub const fn options(self) -> u16 {
        self.options
    }

    /// Reads a choice; `None` abstains.
    ///
    /// # Errors
    /// [`Spoilt`]: CNT-01, CNT-02.
    pub fn read(self, plaintext: &[u8]) -> Result<Option<OptionIndex>, Spoilt> {
        let bytes = <[u8; Self::PLAINTEXT_LEN]>::try_from(plaintext).map_err(|_| Spoilt::Length)?;
        match u16::from_be_bytes(bytes) {
            0 => Ok(None),
            number if number <= self.options => Ok(Some(OptionIndex(number - 1))),
            _ => Err(Spoilt::NoSuchOption),
        }
    }

    /// Writes a choice; `None` abstains.
    ///
    /// # Errors
    /// [`BadChoice`] if there is no such option.
    pub fn write(self, choice: Option<OptionIndex>) -> Result<[u8; 2], BadChoice> {
        match choice {
            None => Ok([0; 2]),
            Some(option) if option.0 < self.options => Ok((option.0 + 1).to_be_bytes()),
            Some(_) => Err(BadChoice(Spoilt::NoSuchOption)),
        }
    }
}

/// The form of up to k: a bitmap of one bit per option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpToK {
    options: u16,
    marks_max: u16,
}

impl UpToK {
    /// Up to `marks_max` of `options`, 2 to [`OPTIONS_MAX`].
    ///
    /// # Errors
    /// [`BadForm`].
    pub fn new(options: u16, marks_max: u16) -> Result<Self, BadForm> {
        check_options(options, OPTIONS_MAX)?;
        if !(1..=options).contains(&marks_max) {
            return Err(BadForm::Marks);
        }
        Ok(Self { options, marks_max })
    }

    /// How many options there are.
    #[must_use]
    pub const fn options(self) -> u16 {
        self.options
    }

    /// Bytes of a choice.
    #[must_use]
    pub fn plaintext_len(self) -> usize {
        usize::from(self.options.div_ceil(8))
    }

    /// Reads the options that a ballot marks; none abstains.
    ///
    /// # Errors
    /// [`Spoilt`]: CNT-01, CNT-02, CNT-03.
    pub fn read(self, plaintext: &[u8]) -> Result<BTreeSet<OptionIndex>, Spoilt> {
        if plaintext.len() != self.plaintext_len() {
            return Err(Spoilt::Length);
        }
        let bits = plaintext
            .iter()
            .flat_map(|byte| (0..8).map(move |bit| (byte >> bit) & 1 == 1));
        let marked = OptionIndex::all(usize::from(u16::MAX)).zip(bits);
        let marks: BTreeSet<_> = marked
            .filter(|(_, marked)| *marked)
            .map(|(option, _)| option)
            .collect();
        self.check(marks)
    }

    /// Writes the options that a voter marks.
    ///
    /// # Errors
    /// [`BadChoice`] if one is no option, or there are too many.
    pub fn write(self, marks: &BTreeSet<OptionIndex>) -> Result<Vec<u8>, BadChoice> {
        let marks = self.check(marks.clone()).map_err(BadChoice)?;
        let mut bytes = vec![0u8; self.plaintext_len()];
        for option in marks {
            if let Some(byte) = bytes.get_mut(option.index() / 8) {
                *byte |= 1 << (option.index() % 8);
            }
        }
        Ok(bytes)
    }

    fn check(self, marks: BTreeSet<OptionIndex>) -> Result<BTreeSet<OptionIndex>, Spoilt> {
        if marks.last().is_some_and(|last| last.0 >= self.options) {
            Err(Spoilt::NoSuchOption)
        } else if marks.len() > usize::from(self.marks_max) {
            Err(Spoilt::TooManyMarks)
        } else {
            Ok(marks)
        }
    }
}

/// A ranking as it is sealed: each option's rank, 1 the best, 0 none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ranking {
    ranks: Vec<u8>,
}

impl Ranking {
    /// The plaintext.
    #[must_use]
    pub fn ranks(&self) -> &[u8] {
        &self.ranks
    }

    /// Whether it ranks nothing: an abstention.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.ranks.iter().all(|rank| *rank == 0)
    }

    /// The ranking, unless it ranks nothing.
    #[must_use]
    pub fn unless_blank(self) -> Option<Self> {
        (!self.is_blank()).then_some(self)
    }

    /// The ranked options, best first; equals by number.
    #[must_use]
    pub fn order(&self) -> Vec<OptionIndex> {
        let ranks = OptionIndex::all(self.ranks.len()).zip(self.ranks.iter().copied());
        let mut ranked: Vec<_> = ranks.filter(|(_, rank)| *rank > 0).collect();
        ranked.sort_by_key(|(_, rank)| *rank);
        ranked.into_iter().map(|(option, _)| option).collect()
    }

    /// Reads `plaintext` as ranks without a gap: somebody stands at each rank from 1 to the greatest.
    fn read(plaintext: &[u8], options: u16) -> Result<Self, Spoilt> {
        if plaintext.len() != usize::from(options) {
            return Err(Spoilt::Length);
        }
        let used: BTreeSet<u8> = plaintext.iter().copied().filter(|rank| *rank > 0).collect();
        if !is_gapless(&used) {
            return Err(Spoilt::RankLeftOut);
        }
        Ok(Self {
            ranks: plaintext.to_vec(),
        })
    }
}

/// Whether a set of positive ranks is 1, 2, .. without a gap.
fn is_gapless(used: &BTreeSet<u8>) -> bool {
    used.last().map_or(0, |last| usize::from(*last)) == used.len()
}

/// The form of a ranking in which options may be equal (for Schulze's method): an option without a rank stands below all
/// that have one, and those without are equal. One encoding per order: ranks have no gap, and the last have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeakOrder {
    options: u16,
}

impl WeakOrder {
    /// A ranking of `options`, 2 to [`RANKED_OPTIONS_MAX`].
    ///
    /// # Errors
    /// [`BadForm`].
    pub fn new(options: u16) -> Result<Self, BadForm> {
        check_options(options, RANKED_OPTIONS_MAX)?;
        Ok(Self { options })
    }

    /// How many options there are, and bytes of a choice.
    #[must_use]
    pub const fn options(self) -> u16 {
        self.options
    }

    /// Reads a ranking.
    ///
    /// # Errors
    /// [`Spoilt`]: CNT-01, CNT-04, CNT-05.
    pub fn read(self, plaintext: &[u8]) -> Result<Ranking, Spoilt> {
        let ranking = Ranking::read(plaintext, self.options)?;
        if ranking.ranks.contains(&0) {
            Ok(ranking)
        } else {
            Err(Spoilt::NobodyLast)
        }
    }

    /// The canonical ranking of what a voter wrote: ranks with gaps, and last ones with a rank, are welcome here.
    ///
    /// # Errors
    /// [`BadChoice`] if there is not one rank per option.
    pub fn canonical(self, ranks: &[u8]) -> Result<Ranking, BadChoice> {
        if ranks.len() != usize::from(self.options) {
            return Err(BadChoice(Spoilt::Length));
        }
        // Below all ranks stands "none".
        let below = |rank: u8| {
            if rank == 0 {
                u16::from(u8::MAX) + 1
            } else {
                u16::from(rank)
            }
        };
        let classes: BTreeSet<u16> = ranks.iter().map(|rank| below(*rank)).collect();
        let last = classes.last().copied();
        let place = |rank: u8| {
            let class = below(rank);
            let better = classes.range(..class).count();
            let place = if Some(class) == last { 0 } else { better + 1 };
            u8::try_from(place).unwrap_or_default()
        };
        Ok(Ranking {
            ranks: ranks.iter().map(|rank| place(*rank)).collect(),
        })
    }
}

/// The form of a ranking in which no two options are equal (for transferable votes); options may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StrictOrder {
    options: u16,
}

impl StrictOrder {
    /// A ranking of `options`, 2 to [`RANKED_OPTIONS_MAX`].
    ///
    /// # Errors
    /// [`BadForm`].
    pub fn new(options: u16) -> Result<Self, BadForm> {
        check_options(options, RANKED_OPTIONS_MAX)?;
        Ok(Self { options })
    }

    /// How many options there are, and bytes of a choice.
    #[must_use]
    pub const fn options(self) -> u16 {
        self.options
    }

    /// Reads a ranking.
    ///
    /// # Errors
    /// [`Spoilt`]: CNT-01, CNT-04, CNT-06.
    pub fn read(self, plaintext: &[u8]) -> Result<Ranking, Spoilt> {
        let ranking = Ranking::read(plaintext, self.options)?;
        let ranked = ranking.ranks.iter().filter(|rank| **rank > 0).count();
        let greatest = ranking.ranks.iter().max().copied().unwrap_or_default();
        if ranked == usize::from(greatest) {
            Ok(ranking)
        } else {
            Err(Spoilt::RankRepeated)
        }
    }

    /// The ranking of `order`, best first; options may be left out.
    ///
    /// # Errors
    /// [`BadChoice`] if one is no option, or stands there twice.
    pub fn write(self, order: &[OptionIndex]) -> Result<Ranking, BadChoice> {
        let mut ranks = vec![0u8; usize::from(self.options)];
        for (option, rank) in order.iter().zip(1u8..=u8::MAX) {
            match ranks.get_mut(option.index()) {
                None => return Err(BadChoice(Spoilt::NoSuchOption)),
                Some(taken) if *taken > 0 => return Err(BadChoice(Spoilt::RankRepeated)),
                Some(free) => *free = rank,
            }
        }
        Ok(Ranking { ranks })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// All byte strings of length `len` over `0..=greatest`.
    fn strings(len: usize, greatest: u8) -> Vec<Vec<u8>> {
        (0..len).fold(vec![vec![]], |strings, _| {
            let longer = |string: Vec<u8>| {
                (0..=greatest).map(move |byte| {
                    let mut longer = string.clone();
                    longer.push(byte);
                    longer
                })
            };
            strings.into_iter().flat_map(longer).collect()
        })
    }

    #[test]
    fn cnt_01_and_cnt_02_one_of_many_is_two_bytes_that_name_an_option() {
        let form = OneOfMany::new(3).unwrap();
        let table: [(&[u8], _); 8] = [
            (&[0, 0], Ok(None)),
            (&[0, 1], Ok(Some(OptionIndex(0)))),
            (&[0, 3], Ok(Some(OptionIndex(2)))),
            (&[0, 4], Err(Spoilt::NoSuchOption)),
            (&[1, 1], Err(Spoilt::NoSuchOption)),
            (&[1], Err(Spoilt::Length)),
            (&[], Err(Spoilt::Length)),
            (&[0, 0, 1], Err(Spoilt::Length)),
        ];
        for (plaintext, expected) in table {
            assert_eq!(form.read(plaintext), expected, "{plaintext:?}");
        }
        assert_eq!(
            form.write(Some(OptionIndex(3))),
            Err(BadChoice(Spoilt::NoSuchOption))
        );
    }

    #[test]
    fn cnt_02_and_cnt_03_a_bitmap_marks_at_most_k_options_that_there_are() {
        let form = UpToK::new(10, 2).unwrap();
        let marks = |numbers: &[u16]| Ok(numbers.iter().copied().map(OptionIndex).collect());
        let table: [(&[u8], _); 7] = [
            (&[0, 0], marks(&[])),
            (&[1, 2], marks(&[0, 9])),
            (&[0x80, 1], marks(&[7, 8])),
            (&[0, 4], Err(Spoilt::NoSuchOption)),
            (&[7, 0], Err(Spoilt::TooManyMarks)),
            (&[7], Err(Spoilt::Length)),
            (&[1, 0, 0], Err(Spoilt::Length)),
        ];
        for (plaintext, expected) in table {
            assert_eq!(form.read(plaintext), expected, "{plaintext:?}");
        }
    }

    #[test]
    fn cnt_04_cnt_05_and_cnt_06_rankings_have_one_encoding_each() {
        let (weak, strict) = (WeakOrder::new(3).unwrap(), StrictOrder::new(3).unwrap());
        let table: [(&[u8], Option<Spoilt>, Option<Spoilt>); 9] = [
            (&[0, 0, 0], None, None),
            (&[1, 0, 2], None, None),
            (&[1, 1, 0], None, Some(Spoilt::RankRepeated)),
            (&[1, 2, 3], Some(Spoilt::NobodyLast), None),
            (&[1, 1, 1], Some(Spoilt::NobodyLast), Some(Spoilt::RankRepeated)),
            (&[1, 3, 0], Some(Spoilt::RankLeftOut), Some(Spoilt::RankLeftOut)),
            (&[2, 0, 0], Some(Spoilt::RankLeftOut), Some(Spoilt::RankLeftOut)),
            (&[0, 255, 1], Some(Spoilt::RankLeftOut), Some(Spoilt::RankLeftOut)),
            (&[1, 0], Some(Spoilt::Length), Some(Spoilt::Length)),
        ];
        for (plaintext, weakly, strictly) in table {
            assert_eq!(weak.read(plaintext).err(), weakly, "{plaintext:?}");
            assert_eq!(strict.read(plaintext).err(), strictly, "{plaintext:?}");
        }
    }

    #[test]
    fn there_are_as_many_rankings_as_orders() {
        // Weak orders: the ordered Bell numbers. Strict orders of some of the options: sum of n! / (n - m)!.
        for (options, weak_orders, strict_orders) in [(2, 3, 5), (3, 13, 16), (4, 75, 65), (5, 541, 326)] {
            let (weak, strict) = (
                WeakOrder::new(options).unwrap(),
                StrictOrder::new(options).unwrap(),
            );
            let all = strings(usize::from(options), 6);
            let weakly = all.iter().filter(|ranks| weak.read(ranks).is_ok()).count();
            let strictly = all.iter().filter(|ranks| strict.read(ranks).is_ok()).count();
            assert_eq!(
                (weakly, strictly),
                (weak_orders, strict_orders),
                "{options} options"
            );
        }
    }

    #[test]
    fn forms_beyond_the_limits_are_refused() {
        assert_eq!(OneOfMany::new(1), Err(BadForm::Options { max: 256 }));
        assert!(OneOfMany::new(256).is_ok());
        assert_eq!(OneOfMany::new(257), Err(BadForm::Options { max: 256 }));
        assert_eq!(UpToK::new(257, 1), Err(BadForm::Options { max: 256 }));
        assert_eq!(UpToK::new(5, 0), Err(BadForm::Marks));
        assert_eq!(UpToK::new(5, 6), Err(BadForm::Marks));
        assert!(UpToK::new(5, 5).is_ok());
        for options in [0, 1, 65] {
            assert_eq!(WeakOrder::new(options), Err(BadForm::Options { max: 64 }));
            assert_eq!(StrictOrder::new(options), Err(BadForm::Options { max: 64 }));
        }
    }

    #[test]
    fn an_order_that_names_an_option_twice_or_one_that_is_none_is_refused() {
        let form = StrictOrder::new(3).unwrap();
        let write = |numbers: &[u16]| {
            let order: Vec<_> = numbers.iter().copied().map(OptionIndex).collect();
            form.write(&order).map(|ranking| ranking.ranks)
        };
        assert_eq!(write(&[2, 0]), Ok(vec![2, 0, 1]));
        assert_eq!(write(&[2, 2]), Err(BadChoice(Spoilt::RankRepeated)));
        assert_eq!(write(&[3]), Err(BadChoice(Spoilt::NoSuchOption)));
    }

    #[test]
    fn the_worst_rank_that_can_be_written_is_better_than_none() {
        let form = WeakOrder::new(3).unwrap();
        assert_eq!(form.canonical(&[255, 0, 254]).unwrap().ranks(), [2, 0, 1]);
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_to_the_same_bytes(
            bytes in prop::collection::vec(0u8..6, 0..6), options in 2u16..40, k in 1u16..40,
        ) {
            let one = OneOfMany::new(options).unwrap();
            if let Ok(choice) = one.read(&bytes) {
                prop_assert_eq!(one.write(choice).unwrap().to_vec(), bytes.clone());
            }
            let up_to = UpToK::new(options, k.min(options)).unwrap();
            if let Ok(marks) = up_to.read(&bytes) {
                prop_assert_eq!(up_to.write(&marks).unwrap(), bytes.clone());
            }
            let len = u16::try_from(bytes.len()).unwrap();
            if let Ok(form) = StrictOrder::new(len)
                && let Ok(ranking) = form.read(&bytes)
            {
                prop_assert_eq!(form.write(&ranking.order()).unwrap(), ranking);
            }
        }

        #[test]
        fn the_canonical_ranking_orders_as_the_voter_did(ranks in prop::collection::vec(any::<u8>(), 2..9)) {
            let form = WeakOrder::new(u16::try_from(ranks.len()).unwrap()).unwrap();
            let canonical = form.canonical(&ranks).unwrap();
            prop_assert_eq!(form.read(canonical.ranks()), Ok(canonical.clone()));
            let value = |rank: u8| if rank == 0 { 256 } else { u16::from(rank) };
            for (one, other) in ranks.iter().zip(canonical.ranks()).flat_map(|one| {
                ranks.iter().zip(canonical.ranks()).map(move |other| (one, other))
            }) {
                prop_assert_eq!(value(*one.0).cmp(&value(*other.0)), value(*one.1).cmp(&value(*other.1)));
            }
        }
    }
}
