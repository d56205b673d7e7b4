//! Sums of products of scalars, reduced once.
//!
//! A scalar is the value at X = 2^51 of a polynomial of degree 4 with five signed coefficients of at most 2^50. The
//! product of two such polynomials has degree 8, and so has a sum of products: its values at nine points say
//! everything about it. A product therefore costs nine machine multiplications and no carry from one limb to the next
//! (sixteen and many, if limbs are multiplied with limbs), and its sum is reduced once, with Lagrange's formula
//! for X = 2^51 modulo the group order.
//!
//! Bounds: no value of a scalar exceeds 121 * 2^50 (at X = 3), so a sum of [`TERMS_MAX`] products stays below 2^127;
//! what is larger on the way there wraps and comes back. Variable time: only public scalars come here.

use crate::montgomery::{Words, words};
use core::num::Wrapping;
use curve25519_dalek::scalar::Scalar;
use std::sync::LazyLock;

/// How many values determine a product.
pub(crate) const VALUES: usize = 9;
/// Most products in one sum: `2^13 (121 * 2^50)^2 < 2^127`.
pub(crate) const TERMS_MAX: usize = 1 << 13;

/// The points (x, z): 0, infinity, 1, -1, 2, -2, 1/2, -1/2, 3. [`values`] takes them in this order.
const POINTS: [(i64, i64); VALUES] = [
    (0, 1),
    (1, 0),
    (1, 1),
    (-1, 1),
    (2, 1),
    (-2, 1),
    (1, 2),
    (-1, 2),
    (3, 1),
];
/// Bits of a coefficient.
const LIMB: usize = 51;

/// A scalar's polynomial at the nine points: `sum_i c_i x^i z^(4-i)`.
pub(crate) type Values = [i64; VALUES];

/// The nine values of `scalar`.
pub(crate) fn values(scalar: &Scalar) -> Values {
    values_of_words(&words(scalar))
}

/// The nine values of an integer below 2^253.
pub(crate) fn values_of_words(words: &Words) -> Values {
    // Wrapping, because the bounds above leave nothing for overflow checks to find.
    let [c0, c1, c2, c3, c4] = limbs(words).map(Wrapping);
    let (even, odd) = (c0 + c2 + c4, c1 + c3);
    let (even_2, odd_2) = (c0 + (c2 << 2) + (c4 << 4), (c1 << 1) + (c3 << 3));
    let (even_half, odd_half) = ((c0 << 4) + (c2 << 2) + c4, (c1 << 3) + (c3 << 1));
    let three = Wrapping(3);
    [
        c0,
        c4,
        even + odd,
        even - odd,
        even_2 + odd_2,
        even_2 - odd_2,
        even_half + odd_half,
        even_half - odd_half,
        c0 + three * (c1 + three * (c2 + three * (c3 + three * c4))),
    ]
    .map(|value| value.0)
}

/// Coefficients from -2^50 to 2^50 - 1 (the highest from 0 to 2^49).
fn limbs(words: &Words) -> [i64; 5] {
    const MASK: u64 = (1 << LIMB) - 1;
    let [w0, w1, w2, w3] = *words;
    let mut carry = Wrapping(0);
    [
        w0 & MASK,
        (w0 >> 51 | w1 << 13) & MASK,
        (w1 >> 38 | w2 << 26) & MASK,
        (w2 >> 25 | w3 << 39) & MASK,
        w3 >> 12,
    ]
    .map(|limb| {
        let limb = Wrapping(limb.cast_signed()) + carry;
        carry = (limb + Wrapping(1 << (LIMB - 1))) >> LIMB;
        (limb - (carry << LIMB)).0
    })
}

/// `sum_i a_i b_i` at one of the nine points, for two products with one multiplication (Winograd, 1968):
///
/// ```text
/// a_0 b_0 + a_1 b_1 = (a_0 + b_1)(a_1 + b_0) - a_0 a_1 - b_0 b_1
/// ```
///
/// What is subtracted belongs to one side alone and is counted once for it, by [`own_products`]: the sum of the two
/// sides' is to be subtracted from what this adds to `sum`.
pub(crate) fn dot(sum: i128, a: &[[i64; 2]], b: &[[i64; 2]]) -> i128 {
    a.iter().zip(b).fold(sum, |sum, ([a_0, a_1], [b_0, b_1])| {
        sum.wrapping_add(multiply(a_0.wrapping_add(*b_1), a_1.wrapping_add(*b_0)))
    })
}

/// `sum a_0 a_1`.
pub(crate) fn own_products(a: &[[i64; 2]]) -> i128 {
    a.iter()
        .fold(0, |sum, [a_0, a_1]| sum.wrapping_add(multiply(*a_0, *a_1)))
}

/// A product of 64-bit integers always fits.
fn multiply(a: i64, b: i64) -> i128 {
    i128::from(a).wrapping_mul(i128::from(b))
}

/// A sum of at most [`TERMS_MAX`] products.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct WideSum([i128; VALUES]);

impl WideSum {
    /// Adds the product of two scalars.
    pub(crate) fn add(&mut self, a: &Values, b: &Values) {
        for (sum, (a, b)) in self.0.iter_mut().zip(a.iter().zip(b)) {
            *sum = sum.wrapping_add(multiply(*a, *b));
        }
    }

    /// The sum modulo the group order; the next one starts from zero.
    pub(crate) fn take(&mut self) -> Scalar {
        reduce(&core::mem::take(&mut self.0), &LAGRANGE)
    }
}

/// The scalar whose polynomial of degree 8 has these values.
///
/// - `weights`: [`LAGRANGE`], or a multiple of them all, which multiplies the result.
pub(crate) fn reduce<'a>(values: impl IntoIterator<Item = &'a i128>, weights: &[Scalar; VALUES]) -> Scalar {
    let scalar = |value: &i128| {
        let magnitude = Scalar::from(value.unsigned_abs());
        if *value < 0 { -magnitude } else { magnitude }
    };
    values
        .into_iter()
        .zip(weights)
        .map(|(value, weight)| scalar(value) * weight)
        .sum()
}

/// `prod_{f != e} (X z_f - x_f) / (x_e z_f - x_f z_e)` at X = 2^51 for each point e.
pub(crate) static LAGRANGE: LazyLock<[Scalar; VALUES]> = LazyLock::new(|| {
    POINTS.map(|point| {
        let (x, z) = point;
        let others = POINTS.into_iter().filter(|other| *other != point);
        let (above, below) = others.fold((Scalar::ONE, Scalar::ONE), |(above, below), (x_f, z_f)| {
            (
                above * integer((1 << LIMB) * z_f - x_f),
                below * integer(x * z_f - x_f * z),
            )
        });
        above * below.invert()
    })
});

fn integer(value: i64) -> Scalar {
    let magnitude = Scalar::from(value.unsigned_abs());
    if value < 0 { -magnitude } else { magnitude }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn any_scalar() -> impl Strategy<Value = Scalar> {
        prop_oneof![
            any::<[u8; 32]>().prop_map(Scalar::from_bytes_mod_order),
            Just(-Scalar::ONE),
            Just(Scalar::ZERO),
            // Limbs of 2^50, where the sign changes, and of 2^51 - 1, where all carry.
            (0u32..253).prop_map(|bits| (0..bits).fold(Scalar::ONE, |s, _| s + s)),
            (0u32..253).prop_map(|bits| (0..bits).fold(Scalar::ONE, |s, _| s + s) - Scalar::ONE),
        ]
    }

    proptest! {
        #[test]
        fn a_sum_of_products_is_the_sum_of_the_products(pairs in prop::collection::vec((any_scalar(), any_scalar()), 0..40)) {
            let mut sum = WideSum::default();
            pairs.iter().for_each(|(a, b)| sum.add(&values(a), &values(b)));
            prop_assert_eq!(sum.take(), pairs.iter().map(|(a, b)| a * b).sum::<Scalar>());
            prop_assert_eq!(sum.take(), Scalar::ZERO);
        }

        #[test]
        fn limbs_are_small_and_add_up(scalar in any_scalar()) {
            let limbs = limbs(&words(&scalar));
            prop_assert!(limbs.iter().all(|limb| (-(1 << 50)..1 << 50).contains(limb)));
            let base = integer(1 << LIMB);
            prop_assert_eq!(limbs.iter().rev().fold(Scalar::ZERO, |sum, limb| sum * base + integer(*limb)), scalar);
            prop_assert!(values(&scalar).iter().all(|value| value.unsigned_abs() <= 121 << 50));
        }
    }

    #[test]
    fn as_many_of_the_largest_products_as_allowed_do_not_overflow() {
        let largest = 121i128 << 50;
        assert!(largest * largest < i128::MAX / TERMS_MAX as i128);
        // Every limb -2^50: the largest value at 3.
        let base = integer(1 << LIMB);
        let scalar = (0..5).fold(Scalar::ZERO, |sum, _| sum * base - integer(1 << 50));
        for scalar in [scalar, -Scalar::ONE] {
            let (one, mut sum) = (values(&scalar), WideSum::default());
            (0..TERMS_MAX).for_each(|_| sum.add(&one, &one));
            assert_eq!(sum.take(), scalar * scalar * Scalar::from(TERMS_MAX as u64));
        }
    }

    proptest! {
        #[test]
        fn a_dot_product_is_a_sum_of_products(pairs in prop::collection::vec(any::<([i32; 2], [i32; 2])>(), 0..9), sum: i64) {
            let wide = |pair: [i32; 2]| pair.map(i64::from);
            let (a, b): (Vec<_>, Vec<_>) = pairs.iter().map(|(a, b)| (wide(*a), wide(*b))).unzip();
            let expected: i128 = a.iter().flatten().zip(b.iter().flatten()).map(|(a, b)| i128::from(a * b)).sum();
            let found = dot(i128::from(sum), &a, &b) - own_products(&a) - own_products(&b);
            prop_assert_eq!(found, i128::from(sum) + expected);
        }
    }

    #[test]
    fn what_wraps_on_the_way_comes_back() {
        // 64 times (2^62)^2 is 2^130; the products themselves cancel out.
        let (a, b) = ([[1 << 62, 0]; 64], [[0, 1 << 61]; 64]);
        let sides = own_products(&a).wrapping_add(own_products(&b));
        assert_eq!(dot(7, &a, &b).wrapping_sub(sides), 7);
        let (a, b) = ([[1 << 62, 1 << 62]; 64], [[1, -1]; 64]);
        let sides = own_products(&a).wrapping_add(own_products(&b));
        assert_eq!(dot(7, &a, &b).wrapping_sub(sides), 7);
    }
}
