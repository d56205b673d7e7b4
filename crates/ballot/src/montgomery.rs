//! Products of public scalars up to a known factor, several times faster than exact ones.
//!
//! Montgomery's multiplication leaves out what costs most, a division by the group order: it gives a b / R modulo q
//! with R = 2^256. Sums of products with equally many factors are off by the same power of R, which is put right
//! once, at the end. Variable time: only public scalars come here.

use curve25519_dalek::scalar::Scalar;

/// Four words of 64 bits, the lowest first; below 1.25 q.
pub(crate) type Words = [u64; 4];

/// The words of q that are not trivial; the third is zero and the fourth is 2^60.
const Q: [u64; 2] = [0x5812_631a_5cf5_d3ed, 0x14de_f9de_a2f7_9cd6];
/// -1/q modulo 2^64.
const MINUS_INVERSE: u64 = 0xd2b5_1da3_1254_7e1b;

/// A scalar's words.
pub(crate) fn words(scalar: &Scalar) -> Words {
    let (words, _) = scalar.as_bytes().as_chunks::<8>();
    <[[u8; 8]; 4]>::try_from(words)
        .unwrap_or_default()
        .map(u64::from_le_bytes)
}

/// `a b / R` modulo q. At most `a b / R + q`, so below 1.25 q again.
pub(crate) fn product(a: &Words, b: &Words) -> Words {
    let [a0, a1, a2, a3] = *a;
    b.iter().fold([0; 4], |[s0, s1, s2, s3], b| {
        let (s0, carry) = add_product(s0, a0, *b, 0);
        let (s1, carry) = add_product(s1, a1, *b, carry);
        let (s2, carry) = add_product(s2, a2, *b, carry);
        let (s3, s4) = add_product(s3, a3, *b, carry);
        // The multiple of q that makes the lowest word zero.
        let multiple = s0.wrapping_mul(MINUS_INVERSE);
        let [q0, q1] = Q;
        let (_, carry) = add_product(s0, multiple, q0, 0);
        let (s1, carry) = add_product(s1, multiple, q1, carry);
        let (s2, carry) = add_product(s2, 0, 0, carry);
        let (s3, carry) = add_product(s3, multiple, 1 << 60, carry);
        // What is carried beyond the sum's five words is zero.
        [s1, s2, s3, s4.wrapping_add(carry)]
    })
}

/// `sum + a b + carry` as a low and a high word: `(2^64 - 1)^2 + 2 (2^64 - 1)` still fits two.
#[expect(clippy::cast_possible_truncation, reason = "the two halves")]
fn add_product(sum: u64, a: u64, b: u64, carry: u64) -> (u64, u64) {
    let wide = u128::from(a)
        .wrapping_mul(b.into())
        .wrapping_add(sum.into())
        .wrapping_add(carry.into());
    (wide as u64, (wide >> 64) as u64)
}

/// `R^count`, by which a product of `count + 1` factors is too small.
pub(crate) fn correction(count: usize) -> Scalar {
    let half = Scalar::from(u128::MAX) + Scalar::ONE;
    let factor = half * half;
    (0..count).fold(Scalar::ONE, |power, _| power * factor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wide::tests::any_scalar;
    use proptest::prelude::*;

    fn scalar(words: &Words) -> Scalar {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        Scalar::from_bytes_mod_order(bytes.try_into().unwrap())
    }

    proptest! {
        #[test]
        fn products_are_right_up_to_the_correction(a in any_scalar(), b in any_scalar(), c in any_scalar()) {
            let two = product(&words(&a), &words(&b));
            prop_assert_eq!(scalar(&two) * correction(1), a * b);
            let three = product(&two, &words(&c));
            prop_assert_eq!(scalar(&three) * correction(2), a * b * c);
            // Below 1.25 q < 1.25 * 2^252 + 2^126.
            for result in [two, three] {
                prop_assert!(result[3] <= 0x1400_0000_0000_0000);
            }
        }
    }

    #[test]
    fn the_constants_are_the_group_order() {
        let order: Vec<u8> = [Q[0], Q[1], 0, 1 << 60]
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .collect();
        assert_eq!(
            Scalar::from_bytes_mod_order(order.try_into().unwrap()),
            Scalar::ZERO
        );
        assert_eq!(Q[0].wrapping_mul(MINUS_INVERSE), u64::MAX);
    }
}
